/**
 * The vocabulary of `defineState`: number types, `bool`, `table`, `array`, and where each value lies in the buffer.
 *
 * Every table column, array and scalar is one column. Columns are placed by element size, 8 bytes first, so that all
 * are aligned without gaps; ahead of them is a header of two words, the random word and a reserved zero.
 */
import { SdkError } from '../base/errors.js';
import { hashBytes } from '../base/state-hash.js';
import { encodeUtf8 } from '../base/utf8.js';

/** The typed array that holds a column of each number type. */
export interface NumberColumns {
  f64: Float64Array;
  f32: Float32Array;
  i32: Int32Array;
  u32: Uint32Array;
  i16: Int16Array;
  u16: Uint16Array;
  i8: Int8Array;
  u8: Uint8Array;
}

/** A number of the named type; {@link f64}, {@link i32} and so on. */
export interface NumberType<N extends keyof NumberColumns = keyof NumberColumns> {
  readonly kind: 'number';
  readonly type: N;
}

/** A yes-or-no value; {@link bool}. */
export interface BoolType {
  readonly kind: 'bool';
  readonly type: 'bool';
}

/** What one value may be. */
export type ValueType = NumberType | BoolType;

/** Named columns of a table. */
export type TableColumns = { readonly [name: string]: ValueType };

/** Rows of named columns; {@link table}. */
export interface TableType<C extends TableColumns = TableColumns> {
  readonly kind: 'table';
  readonly count: number;
  readonly columns: C;
}

/** A fixed number of equal values; {@link array}. */
export interface ArrayType<T extends ValueType = ValueType> {
  readonly kind: 'array';
  readonly count: number;
  readonly of: T;
}

/** What `defineState` takes: field name -> type. */
export type StateFields = { readonly [name: string]: ValueType | TableType | ArrayType };

/**
 * How a column is seen: a typed array of its number type. A `bool` column is a `Uint8Array` of 0 and 1: read it as a
 * condition (`if (players.alive[i])`), write `players.alive[i] = hp > 0 ? 1 : 0`.
 */
export type ColumnOf<T extends ValueType> = T extends NumberType<infer N> ? NumberColumns[N] : Uint8Array;

/** The live state of a set of fields: scalars are properties, tables are objects of columns, arrays are columns. */
export type StateValue<F extends StateFields> = {
  -readonly [K in keyof F as F[K] extends ValueType ? K : never]: F[K] extends BoolType ? boolean : number;
} & {
  readonly [K in keyof F as F[K] extends ValueType ? never : K]: F[K] extends TableType<infer C>
    ? { readonly [P in keyof C]: ColumnOf<C[P]> }
    : F[K] extends ArrayType<infer T>
      ? ColumnOf<T>
      : never;
};

const numberType = <N extends keyof NumberColumns>(type: N): NumberType<N> =>
  Object.freeze({ kind: 'number', type });

/** A double: every JavaScript number. */
export const f64: NumberType<'f64'> = numberType('f64');
/** A single: rounded to 24 significant bits when stored. */
export const f32: NumberType<'f32'> = numberType('f32');
/** A signed 32-bit integer. Like all integer types it stores modulo its size: 2^31 becomes -2^31, 1.9 becomes 1. */
export const i32: NumberType<'i32'> = numberType('i32');
/** An unsigned 32-bit integer. */
export const u32: NumberType<'u32'> = numberType('u32');
/** A signed 16-bit integer. */
export const i16: NumberType<'i16'> = numberType('i16');
/** An unsigned 16-bit integer. */
export const u16: NumberType<'u16'> = numberType('u16');
/** A signed 8-bit integer. */
export const i8: NumberType<'i8'> = numberType('i8');
/** An unsigned 8-bit integer. */
export const u8: NumberType<'u8'> = numberType('u8');
/** `true` or `false` as a scalar; 1 or 0 in a table column or array. */
export const bool: BoolType = Object.freeze({ kind: 'bool', type: 'bool' });

/**
 * `count` rows of named columns, such as players or bullets: `state.players.x[slot]`.
 * @param count 1 to 1,048,576. Things that come and go: the largest number of them, and an `alive` column.
 * @throws {SdkError} `invalid-argument` for any other count.
 */
export function table<const C extends TableColumns>(count: number, columns: C): TableType<C> {
  return Object.freeze({
    kind: 'table',
    count: checkedCount('table', count),
    columns: Object.freeze({ ...columns }),
  });
}

/**
 * `count` values of one type: `state.scores[slot]`.
 * @param count 1 to 1,048,576.
 * @throws {SdkError} `invalid-argument` for any other count.
 */
export function array<const T extends ValueType>(type: T, count: number): ArrayType<T> {
  return Object.freeze({ kind: 'array', count: checkedCount('array', count), of: type });
}

function checkedCount(what: string, count: number): number {
  if (!Number.isInteger(count) || count < 1 || count > COUNT_MAX)
    throw new SdkError(
      'invalid-argument',
      `${what}: the count is ${count}. Give a whole number from 1 to ${COUNT_MAX}.`,
    );
  return count;
}

const COUNT_MAX = 1048576;

/** Most bytes one state may take: 64 MiB, far above what can be saved every frame. */
export const STATE_BYTES_MAX = 67108864;

/** Bytes of the header; the random word is the first. */
export const HEADER_BYTES = 8;

const ELEMENT_BYTES = { f64: 8, f32: 4, i32: 4, u32: 4, i16: 2, u16: 2, i8: 1, u8: 1, bool: 1 } as const;

/** One column in the buffer. */
export interface Column {
  readonly type: keyof typeof ELEMENT_BYTES;
  /** The field it belongs to. */
  readonly field: string;
  /** Its name in a table, `undefined` for scalars and arrays. */
  readonly column: string | undefined;
  /** Elements; a scalar has 1 and `isScalar`. */
  readonly count: number;
  readonly isScalar: boolean;
  readonly elementBytes: number;
  /** Bytes from the start of the buffer; a multiple of `elementBytes`. */
  byteOffset: number;
}

/** Where everything lies. */
export interface Layout {
  /** In the order the fields were written. */
  readonly columns: readonly Column[];
  /** Bytes in use, header included. */
  readonly usedBytes: number;
  /** Bytes of the buffer, a multiple of 16. */
  readonly byteLength: number;
  /** u32 digest of names, types, counts and order. */
  readonly schemaHash: number;
}

/**
 * Places all columns.
 * @throws {SdkError} `invalid-state` naming the field that cannot be placed.
 */
export function layOut(fields: StateFields): Layout {
  const columns = Object.entries(fields ?? {}).flatMap(([name, type]) => columnsOf(name, type));
  if (columns.length === 0)
    throw new SdkError('invalid-state', 'defineState needs at least one field, such as { round: i32 }.');
  let end = HEADER_BYTES;
  for (const bytes of [8, 4, 2, 1]) {
    for (const column of columns) {
      if (column.elementBytes !== bytes) continue;
      column.byteOffset = end;
      end += bytes * column.count;
    }
  }
  const byteLength = (end + 15) & ~15;
  if (byteLength > STATE_BYTES_MAX)
    throw new SdkError(
      'invalid-state',
      `defineState: the fields need ${end} bytes, at most ${STATE_BYTES_MAX} are possible.`,
    );
  const text = columns.map(
    ({ type, count, isScalar, ...rest }) => `${pathOf(rest, '')}:${type}${isScalar ? '' : `*${count}`}`,
  );
  return {
    columns,
    usedBytes: end,
    byteLength,
    schemaHash: hashBytes(encodeUtf8(`state;${text.join(';')}`)) >>> 0,
  };
}

/** Path of one element: `round`, `scores[3]`, `players[2].x`. `index` is `''` for scalars. */
export function pathOf(column: Pick<Column, 'field' | 'column'>, index: number | ''): string {
  return `${column.field}${index === '' ? '' : `[${index}]`}${column.column === undefined ? '' : `.${column.column}`}`;
}

function columnsOf(field: string, type: StateFields[string]): Column[] {
  checkName(field, field);
  switch (type?.kind) {
    case 'number':
    case 'bool':
      return [columnOf(field, undefined, { type, count: 1, isScalar: true })];
    case 'array':
      return [columnOf(field, undefined, { type: type.of, count: type.count, isScalar: false })];
    case 'table': {
      const entries = Object.entries(type.columns);
      if (entries.length === 0)
        throw new SdkError(
          'invalid-state',
          `defineState: table "${field}" has no columns. Add one or remove it.`,
        );
      return entries.map(([name, value]) => {
        checkName(`${field}.${name}`, name);
        return columnOf(field, name, { type: value, count: type.count, isScalar: false });
      });
    }
    default:
      throw wrongType(field);
  }
}

function columnOf(
  field: string,
  column: string | undefined,
  { type, count, isScalar }: { readonly type: ValueType; readonly count: number; readonly isScalar: boolean },
): Column {
  const elementBytes = ELEMENT_BYTES[type?.type];
  if (elementBytes === undefined) throw wrongType(column === undefined ? field : `${field}.${column}`);
  return { type: type.type, field, column, count, isScalar, elementBytes, byteOffset: 0 };
}

function wrongType(path: string): SdkError {
  return new SdkError(
    'invalid-state',
    `defineState: "${path}" has no usable type. Use f64, f32, i32, u32, i16, u16, i8, u8, bool, table(count, columns) or array(type, count); tables hold plain values only.`,
  );
}

function checkName(path: string, name: string): void {
  if (!/^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) || name in Object.prototype || name === 'toJSON')
    throw new SdkError(
      'invalid-state',
      `defineState: "${path}" is not a usable field name. Use a plain identifier that objects do not already have.`,
    );
}
