/**
 * `defineState`: a game's whole state in one buffer, with the schema's names in front of it.
 *
 * Saving is one copy, hashing one pass, comparing two states gives paths. The buffer is read in the machine's byte
 * order, which is little-endian on everything that runs a browser.
 */
import { SdkError } from '../base/errors.js';
import { hashWords } from '../base/state-hash.js';
import { BufferState, type ColumnArray, stateClass } from './buffer-state.js';
import type { FieldDifference, StateDefinition, StateStore } from './definitions.js';
import {
  type Column,
  HEADER_BYTES,
  type Layout,
  layOut,
  pathOf,
  type StateFields,
  type StateValue,
} from './fields.js';

/** The live state of a definition: `StateOf<typeof state>`. */
export type StateOf<D> = D extends StateDefinition<infer S> ? S : never;

/**
 * Describes a state that lives in one buffer.
 *
 * Starts as zeros, and new fields read 0 or false. Number setters store one canonical NaN, since the bits of NaN
 * differ between engines; columns are plain typed arrays, where development mode finds NaN and -0 and names their path.
 * @throws {SdkError} `invalid-state` naming the field that is not usable.
 */
export function defineState<const F extends StateFields>(fields: F): StateDefinition<StateValue<F>> {
  const layout = layOut(fields);
  const State = stateClass(layout);
  const definition: StateDefinition<unknown> = {
    kind: 'buffer',
    schemaHash: layout.schemaHash,
    createStore(slotCount) {
      if (!Number.isInteger(slotCount) || slotCount < 0)
        throw new SdkError(
          'invalid-argument',
          `createStore: slotCount is ${slotCount}. Give a whole number, 0 or more.`,
        );
      return new BufferStore(layout, new State(new ArrayBuffer(layout.byteLength), layout), slotCount);
    },
  };
  return Object.freeze(definition) as StateDefinition<StateValue<F>>;
}

/** Header word of the random stream. The second header word is reserved and zero. */
const RANDOM_INDEX = 0;

/** A live state, and as many copies of its bytes as there are slots, made once. */
class BufferStore implements StateStore<unknown> {
  readonly state: BufferState;
  readonly randomWords: Int32Array;
  readonly randomIndex: number = RANDOM_INDEX;
  readonly #layout: Layout;
  readonly #live: Uint8Array;
  readonly #slots: readonly Uint8Array[];
  readonly #slotWords: readonly Int32Array[];

  constructor(layout: Layout, state: BufferState, slotCount: number) {
    this.#layout = layout;
    this.state = state;
    this.#live = BufferState.bytesOf(state);
    this.randomWords = BufferState.wordsOf(state);
    this.#slots = Array.from({ length: slotCount }, () => new Uint8Array(layout.byteLength));
    this.#slotWords = this.#slots.map(({ buffer }) => new Int32Array(buffer));
  }

  save(slot: number): void {
    this.#slot(slot).set(this.#live);
  }

  load(slot: number): void {
    this.#live.set(this.#slot(slot));
  }

  hash(): number {
    return hashWords(this.randomWords);
  }

  hashSlot(slot: number): number {
    this.#slot(slot);
    return hashWords(this.#slotWords[slot] as Int32Array);
  }

  copySlotTo(slot: number, other: StateStore<unknown>): void {
    this.#sibling(other).#live.set(this.#slot(slot));
  }

  serialize(): Uint8Array {
    return serialized(this.#layout, this.#live);
  }

  deserialize(bytes: Uint8Array): boolean {
    if (!isSerialized(this.#layout, bytes)) return false;
    this.#live.set(bytes.subarray(SCHEMA_BYTES));
    return true;
  }

  differences(other: StateStore<unknown>, limit = 64): readonly FieldDifference[] {
    return bufferDifferences(this.#layout, { left: this.state, right: this.#sibling(other).state, limit });
  }

  findUnsafeNumber(): string | undefined {
    return findUnsafeColumn(this.#layout, BufferState.columnsOf(this.state));
  }

  #slot(slot: number): Uint8Array {
    const saved = this.#slots[slot];
    if (saved === undefined)
      throw new SdkError(
        'invalid-argument',
        `Slot ${slot} does not exist: this store has ${this.#slots.length} slots, from 0.`,
      );
    return saved;
  }

  #sibling(other: StateStore<unknown>): BufferStore {
    if (other instanceof BufferStore && other.#layout === this.#layout) return other;
    throw new SdkError(
      'invalid-argument',
      'The two states come from different definitions. Create both stores with the same defineState result.',
    );
  }
}

/** Serialised form: the schema hash as a little-endian u32, then the buffer. */
const SCHEMA_BYTES = 4;

function serialized(layout: Layout, live: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(SCHEMA_BYTES + layout.byteLength);
  for (let index = 0; index < SCHEMA_BYTES; index += 1) bytes[index] = layout.schemaHash >>> (index * 8);
  bytes.set(live, SCHEMA_BYTES);
  return bytes;
}

/** Length, schema and all that must be zero or a bool. Numbers are free: any bits are a value. */
function isSerialized(layout: Layout, bytes: Uint8Array): boolean {
  if (bytes.length !== SCHEMA_BYTES + layout.byteLength) return false;
  for (let index = 0; index < SCHEMA_BYTES; index += 1)
    if (bytes[index] !== ((layout.schemaHash >>> (index * 8)) & 0xff)) return false;
  const isZero = (from: number, to: number): boolean =>
    bytes.subarray(SCHEMA_BYTES + from, SCHEMA_BYTES + to).every((byte) => byte === 0);
  if (!isZero(4, HEADER_BYTES) || !isZero(layout.usedBytes, layout.byteLength)) return false;
  return layout.columns.every(
    ({ type, isScalar, byteOffset }) =>
      type !== 'bool' || !isScalar || (bytes[SCHEMA_BYTES + byteOffset] as number) < 2,
  );
}

/** What {@link bufferDifferences} compares. */
interface Comparison {
  readonly left: BufferState;
  readonly right: BufferState;
  readonly limit: number;
}

function bufferDifferences(layout: Layout, { left, right, limit }: Comparison): readonly FieldDifference[] {
  const found: FieldDifference[] = [];
  const leftBytes = BufferState.bytesOf(left);
  const rightBytes = BufferState.bytesOf(right);
  const leftRandom = (BufferState.wordsOf(left)[RANDOM_INDEX] as number) >>> 0;
  const rightRandom = (BufferState.wordsOf(right)[RANDOM_INDEX] as number) >>> 0;
  if (leftRandom !== rightRandom && limit > 0)
    found.push({ path: '(random)', left: leftRandom, right: rightRandom });
  for (const [place, column] of layout.columns.entries()) {
    const { byteOffset, elementBytes, count, isScalar } = column;
    for (let index = 0; index < count && found.length < limit; index += 1) {
      const start = byteOffset + index * elementBytes;
      let byte = start;
      while (byte < start + elementBytes && leftBytes[byte] === rightBytes[byte]) byte += 1;
      if (byte === start + elementBytes) continue;
      found.push({
        path: pathOf(column, isScalar ? '' : index),
        left: shownValue(column, BufferState.columnsOf(left)[place] as ColumnArray, index),
        right: shownValue(column, BufferState.columnsOf(right)[place] as ColumnArray, index),
      });
    }
  }
  return found;
}

/** A value for a report. NaN comes with its bits: two NaNs may differ in nothing else. */
function shownValue({ type }: Column, values: ColumnArray, index: number): unknown {
  const value = values[index] as number;
  if (type === 'bool' && value < 2) return value === 1;
  if (!Number.isNaN(value)) return value;
  const { byteOffset, BYTES_PER_ELEMENT } = values;
  const bytes = new Uint8Array(values.buffer, byteOffset + index * BYTES_PER_ELEMENT, BYTES_PER_ELEMENT);
  return `NaN 0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .reverse()
    .join('')}`;
}

function findUnsafeColumn(layout: Layout, columns: readonly ColumnArray[]): string | undefined {
  for (const [place, column] of layout.columns.entries()) {
    if (column.type !== 'f64' && column.type !== 'f32') continue;
    const values = columns[place] as Float64Array | Float32Array;
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index] as number;
      if (Number.isNaN(value) || Object.is(value, -0)) return pathOf(column, column.isScalar ? '' : index);
    }
  }
  return undefined;
}
