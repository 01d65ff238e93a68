/**
 * Plain values (JSON-like objects, arrays, strings, numbers, booleans, null) as a game state: copying, hashing,
 * writing, comparing.
 *
 * What plain state refuses, and why: NaN (its bits differ between engines and it equals nothing), `undefined` (JSON
 * drops it), functions and class instances (a copy would lose them), one object in two places and cycles (a copy
 * would split what was one). Infinity and -0 are kept exactly. The order of properties survives copying and writing,
 * so that loops over an object run alike after a rollback, but does not count for the hash.
 */
import { SdkError } from '../base/errors.js';
import { hashWords } from '../base/state-hash.js';
import type { FieldDifference } from './definitions.js';

type PlainObject = Record<string, unknown>;

/**
 * A deep copy.
 * @throws {SdkError} `invalid-state` naming the path of what is not plain.
 */
export function copyPlain<T>(root: T): T {
  const copied = copyValue(root, new Met(), 0);
  if (copied === REFUSED) throw refusal(root);
  return copied as T;
}

/** Objects within objects, at most: a cycle ends here when hashing, and hostile bytes cannot exhaust the stack. */
const DEPTH_MAX = 256;

/** Stands for a copy that could not be made. The path is looked for only then: copies are made every frame. */
const REFUSED = Symbol('refused');

/** The objects that were copied: a few in a list, which is searched faster than a set is filled, more in a set. */
class Met {
  readonly #few: object[] = [];
  #many: Set<object> | undefined;

  /** @returns false if it was met before */
  add(value: object): boolean {
    const few = this.#few;
    if (few.includes(value) || this.#many?.has(value) === true) return false;
    if (few.length < FEW) few.push(value);
    else {
      this.#many ??= new Set();
      this.#many.add(value);
    }
    return true;
  }
}
const FEW = 32;

function copyValue(value: unknown, seen: Met, depth: number): unknown {
  switch (typeof value) {
    case 'number':
      return Number.isNaN(value) ? REFUSED : value;
    case 'string':
    case 'boolean':
      return value;
    case 'object':
      break;
    default:
      return REFUSED;
  }
  if (value === null) return value;
  if (depth > DEPTH_MAX || !seen.add(value)) return REFUSED;
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    for (let index = 0; index < value.length; index += 1) {
      const item = copyValue(value[index], seen, depth + 1);
      if (item === REFUSED) return REFUSED;
      copy.push(item);
    }
    return copy;
  }
  if (!isPlainObject(value)) return REFUSED;
  // All properties at once, and objects again one by one: engines copy a whole object several times faster.
  const copy: PlainObject = { ...value };
  for (const key of Object.keys(copy)) {
    const own = copy[key];
    if (key === '__proto__') return REFUSED;
    if (typeof own === 'string' || typeof own === 'boolean' || own === null) continue;
    const item = copyValue(own, seen, depth + 1);
    if (item === REFUSED) return REFUSED;
    if (item !== own) copy[key] = item;
  }
  return copy;
}

/** A deep copy of what {@link copyPlain} made: nothing to check. */
export function copyChecked<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyChecked) as T;
  const copy = { ...value } as PlainObject;
  for (const key of Object.keys(copy)) {
    const own = copy[key];
    if (typeof own === 'object' && own !== null) copy[key] = copyChecked(own);
  }
  return copy as T;
}

/** An object literal, of any realm: its prototype is the root of all prototypes. */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== null && Object.getPrototypeOf(prototype) === null;
}

function refusal(root: unknown): SdkError {
  const nested = { path: 'state', problem: `is nested more than ${DEPTH_MAX} levels deep` };
  const found = findRefused(root, { path: 'state', places: new Map(), depth: 0 }) ?? nested;
  return new SdkError(
    'invalid-state',
    `${found.path} ${found.problem}. Plain state holds objects, arrays, strings, numbers, booleans and null, each object in one place; use indices or ids to refer to others.`,
  );
}

interface Refused {
  readonly path: string;
  readonly problem: string;
}

interface Search {
  readonly path: string;
  /** Where each object was first met. */
  readonly places: Map<object, string>;
  readonly depth: number;
}

function findRefused(value: unknown, search: Search): Refused | undefined {
  const { path, places, depth } = search;
  if (typeof value === 'number')
    return Number.isNaN(value) ? { path, problem: 'is NaN, whose bits differ between engines' } : undefined;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (value === undefined) return { path, problem: 'is undefined' };
  if (typeof value !== 'object') return { path, problem: `is a ${typeof value}` };
  const first = places.get(value);
  if (first !== undefined) return { path, problem: repeatedObject(path, first) };
  places.set(value, path);
  if (!Array.isArray(value) && !isPlainObject(value)) {
    const name = (value as { readonly constructor?: { readonly name?: string } }).constructor?.name;
    return { path, problem: `is an instance of ${name ?? 'a class without a name'}` };
  }
  if (depth > DEPTH_MAX) return undefined;
  if (Object.hasOwn(value, '__proto__'))
    return { path: `${path}.__proto__`, problem: 'is a property name that objects reserve' };
  const entries: [string, unknown][] = Array.isArray(value)
    ? Array.from(value, (item, index) => [`${path}[${index}]`, item])
    : Object.keys(value).map((key) => [`${path}.${key}`, (value as PlainObject)[key]]);
  for (const [itemPath, item] of entries) {
    const found = findRefused(item, { path: itemPath, places, depth: depth + 1 });
    if (found !== undefined) return found;
  }
  return undefined;
}

function repeatedObject(path: string, first: string): string {
  const isInside = path.startsWith(`${first}.`) || path.startsWith(`${first}[`);
  return isInside
    ? `refers back to ${first} (a cycle)`
    : `is the same object as ${first}, and a rollback would make two of it`;
}

/** Words of the value being hashed; grows and is kept, so that hashing allocates little. */
let hashed = new Int32Array(256);
let hashedCount = 0;
const numberBits = new Float64Array(1);
const numberWords = new Int32Array(numberBits.buffer);

/**
 * Signed 32-bit hash of a plain value and a random word. Equal values, equal hash, whatever the order of properties.
 * @throws {SdkError} `invalid-state` naming the path of what is not plain.
 */
export function hashPlain(root: unknown, randomWord: number): number {
  hashedCount = 0;
  pushWord(randomWord);
  if (!pushValue(root, 0)) throw refusal(root);
  return hashWords(hashed, 0, hashedCount);
}

/** Each value begins with a word that says what it is and how long, so no two values give the same words. */
const TAG = { null: 1, false: 2, true: 3, number: 4, string: 5, array: 6, object: 7 } as const;

function pushWord(word: number): void {
  if (hashedCount === hashed.length) {
    const larger = new Int32Array(hashed.length * 2);
    larger.set(hashed);
    hashed = larger;
  }
  hashed[hashedCount] = word;
  hashedCount += 1;
}

function pushValue(value: unknown, depth: number): boolean {
  if (typeof value === 'number') {
    pushWord(TAG.number);
    numberBits[0] = value;
    pushWord(numberWords[0] as number);
    pushWord(numberWords[1] as number);
    return !Number.isNaN(value);
  }
  if (typeof value === 'string') {
    pushString(value);
    return true;
  }
  if (value === null || typeof value === 'boolean') {
    pushWord(value === null ? TAG.null : value ? TAG.true : TAG.false);
    return true;
  }
  if (typeof value !== 'object' || depth > DEPTH_MAX) return false;
  if (Array.isArray(value)) {
    pushWord(TAG.array);
    pushWord(value.length);
    for (let index = 0; index < value.length; index += 1)
      if (!pushValue(value[index], depth + 1)) return false;
    return true;
  }
  if (!isPlainObject(value)) return false;
  const keys = sortedKeys(value);
  pushWord(TAG.object);
  pushWord(keys.length);
  for (const key of keys) {
    pushString(key);
    if (!pushValue((value as PlainObject)[key], depth + 1)) return false;
  }
  return true;
}

/** Keys as they came and sorted, of the last few shapes. */
const shapes: { readonly keys: readonly string[]; readonly sorted: readonly string[] }[] = [];
const SHAPES_KEPT = 8;
let shapeNext = 0;

/** Sorting only for other keys than the last few: games hold many objects of a few shapes. */
function sortedKeys(value: object): readonly string[] {
  const keys = Object.keys(value);
  for (let index = 0; index < shapes.length; index += 1) {
    const shape = shapes[index] as (typeof shapes)[number];
    if (areSame(keys, shape.keys)) return shape.sorted;
  }
  const sorted = [...keys].sort();
  shapes[shapeNext] = { keys, sorted };
  shapeNext = (shapeNext + 1) % SHAPES_KEPT;
  return sorted;
}

function areSame(left: readonly string[], right: readonly string[]): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) if (left[index] !== right[index]) return false;
  return true;
}

function pushString(text: string): void {
  pushWord(TAG.string);
  pushWord(text.length);
  for (let index = 0; index < text.length; index += 2)
    pushWord(text.charCodeAt(index) | ((index + 1 < text.length ? text.charCodeAt(index + 1) : 0) << 16));
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** The bracket that closes is two code units further. */
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;

/** JSON text, with -0 as `-0` and Infinity as `1e999`: JSON's own reader takes both back exactly. */
export function writePlain(value: unknown): string {
  // JSON's own writer is several times faster and writes the same, but for those two.
  if (isJson(value)) return JSON.stringify(value);
  if (typeof value === 'number') return value === 0 ? '-0' : value > 0 ? '1e999' : '-1e999';
  if (Array.isArray(value)) return `[${value.map(writePlain).join(',')}]`;
  const entries = Object.entries(value as object);
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${writePlain(item)}`).join(',')}}`;
}

function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isJson);
  for (const key in value) if (!isJson((value as PlainObject)[key])) return false;
  return true;
}

/** What {@link writePlain} wrote; `undefined` for anything else, also for values that plain state refuses. */
export function readPlain(text: string): unknown {
  // JSON's reader would take memory for every level of megabytes of brackets before it gives up, or not give up.
  if (isTooDeep(text)) return undefined;
  try {
    return copyPlain(JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit === QUOTE) isInString = !isInString;
    else if (isInString) index += unit === BACKSLASH ? 1 : 0;
    else if (unit === OPEN_ARRAY || unit === OPEN_OBJECT) depth += 1;
    else if (unit === OPEN_ARRAY + 2 || unit === OPEN_OBJECT + 2) depth -= 1;
    if (depth > DEPTH_MAX + 1) return true;
  }
  return false;
}

/** Differences of two plain values, appended to `found` until it holds `limit`. `path` is where they stand. */
export function comparePlain(
  left: unknown,
  right: unknown,
  place: { readonly path: string; readonly limit: number; readonly found: FieldDifference[] },
): void {
  const { path, limit, found } = place;
  if (found.length >= limit || Object.is(left, right)) return;
  const bothArrays = Array.isArray(left) && Array.isArray(right);
  if (!bothArrays && !(isObject(left) && isObject(right))) {
    found.push({ path: path === '' ? '(state)' : path, left, right });
    return;
  }
  const keys = new Set([...Object.keys(left as object), ...Object.keys(right as object)]);
  for (const key of keys) {
    const next = bothArrays ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    comparePlain((left as PlainObject)[key], (right as PlainObject)[key], { path: next, limit, found });
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Path of the first NaN or -0. */
export function findUnsafePlain(value: unknown, path = ''): string | undefined {
  if (typeof value === 'number') return Number.isNaN(value) || Object.is(value, -0) ? path : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  const isArray = Array.isArray(value);
  for (const [key, item] of Object.entries(value)) {
    const found = findUnsafePlain(item, isArray ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
