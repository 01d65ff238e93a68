/**
 * Closed schemas: small readers that rebuild a foreign value from the fields they know, or say what is wrong with it.
 * A reader never throws and never returns an object that it did not make itself, so nothing unknown, and no
 * `__proto__`, passes through. Readers of one message are composed in protocol-client-reader.ts and
 * protocol-server-reader.ts.
 */
import type { JsonObject, JsonValue } from '../base/json.js';
import type { LobbyErrorCode } from './protocol-limits.js';
import { LOBBY_LIMITS } from './protocol-limits.js';
import { isWellFormed } from './protocol-text.js';

/** What is wrong with a value, and where. */
export class Invalid {
  readonly path: string;
  readonly problem: string;

  constructor(path: string, problem: string) {
    this.path = path;
    this.problem = problem;
  }

  /** The same problem, seen from one level up. */
  under(key: string): Invalid {
    return new Invalid(
      this.path === '' ? key : `${key}${this.path.startsWith('[') ? '' : '.'}${this.path}`,
      this.problem,
    );
  }
}

/** Turns a foreign value into a known one, or says why not. */
export type Reader<T> = (value: unknown) => T | Invalid;

type OptionalKeys<T> = { [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? K : never }[keyof T];
/** One reader for each field of `T`, in two groups. */
export interface RecordFields<T> {
  readonly required: { readonly [K in Exclude<keyof T, OptionalKeys<T>>]-?: Reader<T[K]> };
  readonly optional: { readonly [K in OptionalKeys<T>]-?: Reader<Exclude<T[K], undefined>> };
}

const fail = (problem: string): Invalid => new Invalid('', problem);

/** Text for an error message: short and printable, whatever a hostile client called its key. */
function quote(text: string): string {
  return JSON.stringify(text.length > 32 ? `${text.slice(0, 32)}...` : text);
}

/** UTF-8 bytes of a text; half of a surrogate pair counts as the 3 bytes of U+FFFD. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    const isPair = unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00;
    bytes += unit < 0x800 ? 1 : 2;
    if (isPair) index += 1; // 4 bytes for 2 units: both counted by the length and the 2 above
  }
  return bytes;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object with exactly these fields. */
export function record<T extends object>(fields: RecordFields<T>): Reader<T> {
  const required = Object.entries<Reader<unknown>>(fields.required);
  const optional = Object.entries<Reader<unknown>>(fields.optional);
  const known = new Set([...required, ...optional].map(([key]) => key));
  return (value) => {
    if (!isPlainObject(value)) return fail('is not an object');
    for (const key of Object.keys(value)) {
      if (!known.has(key)) return fail(`has the unknown field ${quote(key)}`);
    }
    const result: Record<string, unknown> = {};
    for (const [key, read] of required) {
      if (!Object.hasOwn(value, key)) return new Invalid(key, 'is missing');
      const field = read(value[key]);
      if (field instanceof Invalid) return field.under(key);
      result[key] = field;
    }
    for (const [key, read] of optional) {
      if (!Object.hasOwn(value, key)) continue;
      const field = read(value[key]);
      if (field instanceof Invalid) return field.under(key);
      result[key] = field;
    }
    return result as T; // every key of T was read by the reader of its type
  };
}

/** An array of at most `lengthMax` items. */
export function list<T>(item: Reader<T>, lengthMax: number): Reader<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) return fail('is not an array');
    if (value.length > lengthMax) return fail(`has ${value.length} items, at most ${lengthMax} are allowed`);
    const result: T[] = [];
    for (const [index, entry] of value.entries()) {
      const read = item(entry);
      if (read instanceof Invalid) return read.under(`[${index}]`);
      result.push(read);
    }
    return result;
  };
}

/** Null, or what `reader` reads. */
export function nullable<T>(reader: Reader<T>): Reader<T | null> {
  return (value) => (value === null ? null : reader(value));
}

/** One of the given strings. */
export function oneOf<const T extends string>(...values: readonly T[]): Reader<T> {
  return (value) => {
    const found = values.find((candidate) => candidate === value);
    return found ?? fail(`is none of ${values.join(', ')}`);
  };
}

/** True or false. */
export const bool: Reader<boolean> = (value) =>
  typeof value === 'boolean' ? value : fail('is not true or false');

/** An integer from `min` to `max`, both included and safe. */
export function integer(min: number, max: number): Reader<number> {
  return (value) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) return fail('is not an integer');
    if (value < min || value > max) return fail(`is ${value}, not from ${min} to ${max}`);
    return value + 0; // -0 becomes 0
  };
}

/** A time in milliseconds: a finite number of at most 2^53. */
export const timeMs: Reader<number> = (value) =>
  typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER
    ? value + 0
    : fail('is not a time in milliseconds');

/** Well-formed text of `lengthMin` to `lengthMax` UTF-16 units; `pattern` narrows it and `what` names it in the error. */
export function text(
  lengthMax: number,
  options: { readonly lengthMin?: number; readonly pattern?: RegExp; readonly what?: string } = {},
): Reader<string> {
  const { lengthMin = 0, pattern, what = 'well-formed text' } = options;
  return (value) => {
    if (typeof value !== 'string') return fail('is not a string');
    if (value.length > lengthMax)
      return fail(`is ${value.length} characters long, at most ${lengthMax} are allowed`);
    if (value.length < lengthMin || !isWellFormed(value) || (pattern !== undefined && !pattern.test(value)))
      return fail(`is not ${what}`);
    return value;
  };
}

/** What `reader` reads, put through `change`; for text that is cleaned while it is read. */
export function mapped<T, U>(reader: Reader<T>, change: (value: T) => U | Invalid): Reader<U> {
  return (value) => {
    const read = reader(value);
    return read instanceof Invalid ? read : change(read);
  };
}

/** Keys that mean something to JavaScript itself. They never reach an object of ours. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

function jsonString(value: string): string | Invalid {
  const normal = value.normalize('NFC');
  if (normal.length > LOBBY_LIMITS.jsonStringLengthMax)
    return fail(`is longer than ${LOBBY_LIMITS.jsonStringLengthMax} characters`);
  return isWellFormed(normal) ? normal : fail('has half of a surrogate pair');
}

function jsonEntries(value: Record<string, unknown>, levelsLeft: number): JsonObject | Invalid {
  const keys = Object.keys(value);
  if (keys.length > LOBBY_LIMITS.jsonEntriesMax)
    return fail(`has ${keys.length} keys, at most ${LOBBY_LIMITS.jsonEntriesMax} are allowed`);
  const result: Record<string, JsonValue> = {};
  for (const key of keys) {
    if (FORBIDDEN_KEYS.has(key) || key.length > LOBBY_LIMITS.jsonKeyLengthMax || !isWellFormed(key))
      return fail(`has the forbidden key ${quote(key)}`);
    const entry = readJson(value[key], levelsLeft - 1);
    if (entry instanceof Invalid) return entry.under(key);
    result[key] = entry;
  }
  return result;
}

function readJson(value: unknown, levelsLeft: number): JsonValue | Invalid {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return jsonString(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : fail('is not a finite number');
  if (levelsLeft <= 0) return fail(`is nested more than ${LOBBY_LIMITS.jsonDepthMax} levels deep`);
  if (Array.isArray(value))
    return list((item) => readJson(item, levelsLeft - 1), LOBBY_LIMITS.jsonEntriesMax)(value);
  return isPlainObject(value) ? jsonEntries(value, levelsLeft) : fail('is not plain JSON');
}

/** A free JSON object of at most `bytesMax` bytes, within the limits on depth, entries, keys and strings. */
export function json(bytesMax: number): Reader<JsonObject> {
  return (value) => {
    if (!isPlainObject(value)) return fail('is not an object');
    const result = jsonEntries(value, LOBBY_LIMITS.jsonDepthMax);
    if (result instanceof Invalid) return result;
    const bytes = utf8Length(JSON.stringify(result));
    return bytes <= bytesMax ? result : fail(`is ${bytes} bytes of JSON, at most ${bytesMax} are allowed`);
  };
}

/** The outcome of reading one message. `detail` is English, for a log; `rid` is set if at least that could be read. */
export type Parsed<M> =
  | { readonly ok: true; readonly message: M }
  | { readonly ok: false; readonly code: LobbyErrorCode; readonly detail: string; readonly rid?: number };

/** Largest `rid`. */
export const RID_MAX = 2_147_483_647;
/** Reads a `rid`. */
export const rid: Reader<number> = integer(1, RID_MAX);

/** Reads a whole message: parses the text, picks the reader by `t`. Never throws. */
export function parseWith<M extends { readonly t: string }>(
  readers: ReadonlyMap<string, Reader<M>>,
  bytesMax: number,
  source: string,
): Parsed<M> {
  if (source.length > bytesMax || (source.length * 3 > bytesMax && utf8Length(source) > bytesMax))
    return { ok: false, code: 'too-big', detail: `The message has more than ${bytesMax} bytes.` };
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    return { ok: false, code: 'malformed', detail: 'The message is not JSON.' };
  }
  if (!isPlainObject(value) || !Object.hasOwn(value, 't') || typeof value['t'] !== 'string')
    return { ok: false, code: 'malformed', detail: 'The message is not a JSON object with a string "t".' };
  const requestId = Object.hasOwn(value, 'rid') ? rid(value['rid']) : undefined;
  const named = typeof requestId === 'number' ? { rid: requestId } : {};
  const reader = readers.get(value['t']);
  if (reader === undefined)
    return {
      ok: false,
      code: 'unknown-type',
      detail: `There is no message type ${quote(value['t'])}.`,
      ...named,
    };
  const message = reader(value);
  if (!(message instanceof Invalid)) return { ok: true, message };
  const where = message.path === '' ? 'The message' : `"${message.path.slice(0, 120)}"`;
  return { ok: false, code: 'invalid-field', detail: `${where} ${message.problem}.`, ...named };
}
