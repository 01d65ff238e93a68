/**
 * The live state of `defineState`: typed views into one buffer. Scalars are accessors on a prototype (no Proxy: 100
 * times slower; no generated code: pages with a content security policy forbid it), table columns and arrays are
 * typed arrays into the same buffer.
 */
import type { Column, Layout, NumberColumns } from './fields.js';

/** Any typed array that can hold a column. */
export type ColumnArray = NumberColumns[keyof NumberColumns];

const ARRAY_TYPES = {
  f64: Float64Array,
  f32: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  i16: Int16Array,
  u16: Uint16Array,
  i8: Int8Array,
  u8: Uint8Array,
  bool: Uint8Array,
} as const;

const CANONICAL_NAN_HIGH = 0x7ff80000;
const CANONICAL_NAN_F32 = 0x7fc00000;

/** The object a game's step sees. Its own properties are the tables and arrays; scalars are on the prototype. */
export class BufferState {
  readonly #f64: Float64Array;
  readonly #f32: Float32Array;
  readonly #i32: Int32Array;
  readonly #u32: Uint32Array;
  readonly #i16: Int16Array;
  readonly #u16: Uint16Array;
  readonly #i8: Int8Array;
  readonly #u8: Uint8Array;
  /** One view per column of the layout, scalars included. */
  readonly #columns: readonly ColumnArray[];

  constructor(buffer: ArrayBuffer, layout: Layout) {
    this.#f64 = new Float64Array(buffer);
    this.#f32 = new Float32Array(buffer);
    this.#i32 = new Int32Array(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#i16 = new Int16Array(buffer);
    this.#u16 = new Uint16Array(buffer);
    this.#i8 = new Int8Array(buffer);
    this.#u8 = new Uint8Array(buffer);
    this.#columns = layout.columns.map(
      ({ type, byteOffset, count }) => new ARRAY_TYPES[type](buffer, byteOffset, count),
    );
    const own: Record<string, unknown> = {};
    for (const [index, { field, column, isScalar }] of layout.columns.entries()) {
      if (isScalar) continue;
      if (column === undefined) own[field] = this.#columns[index];
      else own[field] = { ...(own[field] as object), [column]: this.#columns[index] };
    }
    for (const value of Object.values(own)) if (!ArrayBuffer.isView(value)) Object.freeze(value);
    // Frozen: a misspelt `state.balX = 1` throws instead of living outside the rollback.
    Object.freeze(Object.assign(this, own));
  }

  static bytesOf(state: BufferState): Uint8Array {
    return state.#u8;
  }

  static wordsOf(state: BufferState): Int32Array {
    return state.#i32;
  }

  static columnsOf(state: BufferState): readonly ColumnArray[] {
    return state.#columns;
  }

  /**
   * Reads and writes one scalar. One literal per type, so that each keeps one kind of typed array and stays as fast
   * as a field.
   */
  static accessor({ type, byteOffset, elementBytes }: Column): PropertyDescriptor & ThisType<BufferState> {
    const index = byteOffset / elementBytes;
    switch (type) {
      case 'f64':
        return {
          get(): number {
            return this.#f64[index] as number;
          },
          set(value: number) {
            this.#f64[index] = value;
            if (Number.isNaN(this.#f64[index])) {
              this.#i32[index * 2] = 0;
              this.#i32[index * 2 + 1] = CANONICAL_NAN_HIGH;
            }
          },
        };
      case 'f32':
        return {
          get(): number {
            return this.#f32[index] as number;
          },
          set(value: number) {
            this.#f32[index] = value;
            if (Number.isNaN(this.#f32[index])) this.#i32[index] = CANONICAL_NAN_F32;
          },
        };
      case 'i32':
        return {
          get(): number {
            return this.#i32[index] as number;
          },
          set(value: number) {
            this.#i32[index] = value;
          },
        };
      case 'u32':
        return {
          get(): number {
            return this.#u32[index] as number;
          },
          set(value: number) {
            this.#u32[index] = value;
          },
        };
      case 'bool':
        return {
          get(): boolean {
            return this.#u8[index] !== 0;
          },
          set(value: boolean) {
            this.#u8[index] = value ? 1 : 0;
          },
        };
      default:
        return BufferState.#narrowAccessor(type, index);
    }
  }

  static #narrowAccessor(
    type: 'i16' | 'u16' | 'i8' | 'u8',
    index: number,
  ): PropertyDescriptor & ThisType<BufferState> {
    switch (type) {
      case 'i16':
        return {
          get(): number {
            return this.#i16[index] as number;
          },
          set(value: number) {
            this.#i16[index] = value;
          },
        };
      case 'u16':
        return {
          get(): number {
            return this.#u16[index] as number;
          },
          set(value: number) {
            this.#u16[index] = value;
          },
        };
      case 'i8':
        return {
          get(): number {
            return this.#i8[index] as number;
          },
          set(value: number) {
            this.#i8[index] = value;
          },
        };
      case 'u8':
        return {
          get(): number {
            return this.#u8[index] as number;
          },
          set(value: number) {
            this.#u8[index] = value;
          },
        };
    }
  }
}

/** One class per definition: its prototype carries the scalars, so that all its states share one hidden class. */
export function stateClass(layout: Layout): typeof BufferState {
  class State extends BufferState {
    /** Plain values by name, for logs and reports. */
    toJSON(): object {
      return plainValues(layout, BufferState.columnsOf(this));
    }
  }
  for (const column of layout.columns) {
    if (!column.isScalar) continue;
    Object.defineProperty(State.prototype, column.field, {
      ...BufferState.accessor(column),
      enumerable: true,
    });
  }
  return State;
}

function plainValues(layout: Layout, columns: readonly ColumnArray[]): object {
  const plain: Record<string, unknown> = {};
  for (const [index, column] of layout.columns.entries()) {
    const values = Array.from(columns[index] as ColumnArray, (value) =>
      column.type === 'bool' ? value !== 0 : value,
    );
    if (column.isScalar) plain[column.field] = values[0];
    else if (column.column === undefined) plain[column.field] = values;
    else {
      const rows = (plain[column.field] ?? values.map(() => ({}))) as Record<string, unknown>[];
      plain[column.field] = rows;
      for (const [row, value] of values.entries())
        (rows[row] as Record<string, unknown>)[column.column] = value;
    }
  }
  return plain;
}
