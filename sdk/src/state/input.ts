/**
 * `defineInput`: one player's input of one frame, packed into as few bytes as its fields need.
 *
 * Fields are laid out in the order they are written, least significant bit first, without gaps; the bits left over
 * in the last byte are zero. An integer is stored as its distance above the neutral value, wrapping round from `max`
 * to `min`: code 0 is the neutral value, every value has exactly one code, and codes past the range are illegal.
 * So zero bytes are the neutral input and equal inputs have equal bytes, on which prediction and run-length coding rest.
 */
import { SdkError } from '../base/errors.js';
import { hashBytes } from '../base/state-hash.js';
import { encodeUtf8 } from '../base/utf8.js';
import type { InputDefinition } from './definitions.js';

/** A yes-or-no field: one bit. */
export interface ButtonField {
  readonly field: 'button';
}

/** A whole number from `min` to `max`, in as many bits as the range needs. Neutral: 0 if in range, else `min`. */
export interface IntField {
  readonly field: 'int';
  readonly min: number;
  readonly max: number;
}

/** What {@link defineInput} takes: field name -> {@link button} or {@link int}. */
export type InputFields = { readonly [name: string]: ButtonField | IntField };

/** The value a set of fields describes: booleans for buttons, numbers for ints. */
export type InputValue<F extends InputFields> = {
  -readonly [K in keyof F]: F[K] extends ButtonField ? boolean : number;
};

/** The input type of a definition: `InputOf<typeof input>`. */
export type InputOf<D> = D extends InputDefinition<infer I> ? I : never;

/** Most bytes one encoded input may take. */
export const INPUT_BYTES_MAX = 64;

/** A button: `true` while pressed, neutral `false`. */
export const button: ButtonField = Object.freeze({ field: 'button' });

/**
 * A whole number from `min` to `max`, both included. Fractions are rounded when encoded, values outside are clamped.
 * @param min -2^31 or more.
 * @param max more than `min`, at most 2^32 - 1, and the range at most 2^32 values wide.
 * @throws {SdkError} `invalid-argument` for any other range.
 */
export function int(min: number, max: number): IntField {
  const legal =
    Number.isInteger(min) &&
    Number.isInteger(max) &&
    min < max &&
    min >= -2147483648 &&
    max <= 4294967295 &&
    max - min <= 4294967295;
  if (!legal)
    throw new SdkError(
      'invalid-argument',
      `int(${min}, ${max}): give two whole numbers, min below max, from -2147483648 to 4294967295, at most 2^32 values apart.`,
    );
  return Object.freeze({ field: 'int', min: min + 0, max: max + 0 });
}

/** Where a field's bits are, and how its codes map to values. */
interface PackedField {
  readonly name: string;
  readonly isButton: boolean;
  readonly byte: number;
  readonly shift: number;
  readonly bits: number;
  /** The low `bits` bits, as a signed 32-bit integer. */
  readonly mask: number;
  readonly neutral: number;
  readonly min: number;
  readonly max: number;
  /** How many values there are: codes from here on are illegal. */
  readonly count: number;
}

/**
 * Makes the packer of one player's input.
 * @param fields at least one; names are identifiers; together at most {@link INPUT_BYTES_MAX} bytes.
 * @throws {SdkError} `invalid-input` naming the field that cannot be packed.
 */
export function defineInput<const F extends InputFields>(fields: F): InputDefinition<InputValue<F>> {
  const packed = packFields(fields);
  const last = packed[packed.length - 1] as PackedField;
  const bitCount = last.byte * 8 + last.shift + last.bits;
  const isOneByteOfButtons = bitCount <= 8 && packed.every((field) => field.isButton);
  const definition = isOneByteOfButtons ? buttonByteInput(packed) : packedInput(packed, bitCount);
  return Object.freeze(definition) as InputDefinition<unknown> as InputDefinition<InputValue<F>>;
}

type AnyInput = Record<string, unknown>;

function packFields(fields: InputFields): readonly PackedField[] {
  const packed: PackedField[] = [];
  let bitCount = 0;
  for (const [name, field] of Object.entries(fields ?? {})) {
    if (!/^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) || name === '__proto__')
      throw new SdkError(
        'invalid-input',
        `defineInput: "${name}" is not a usable field name. Use a plain identifier.`,
      );
    if (field?.field !== 'button' && field?.field !== 'int')
      throw new SdkError('invalid-input', `defineInput: field "${name}" must be button or int(min, max).`);
    const { min, max } = field.field === 'button' ? { min: 0, max: 1 } : field;
    const count = max - min + 1;
    const bits = 32 - Math.clz32(count - 1);
    packed.push({
      name,
      isButton: field.field === 'button',
      byte: bitCount >> 3,
      shift: bitCount & 7,
      bits,
      mask: bits === 32 ? -1 : (1 << bits) - 1,
      neutral: min <= 0 && max >= 0 ? 0 : min,
      min,
      max,
      count,
    });
    bitCount += bits;
  }
  if (bitCount === 0)
    throw new SdkError('invalid-input', 'defineInput needs at least one field, such as { fire: button }.');
  if (bitCount > INPUT_BYTES_MAX * 8)
    throw new SdkError(
      'invalid-input',
      `defineInput: the fields need ${Math.ceil(bitCount / 8)} bytes, at most ${INPUT_BYTES_MAX} are possible. Narrow the ranges or drop fields.`,
    );
  return packed;
}

function schemaHashOf(packed: readonly PackedField[]): number {
  const text = packed.map(
    ({ name, isButton, min, max }) => `${name}:${isButton ? 'button' : `${min}..${max}`}`,
  );
  return hashBytes(encodeUtf8(`input;${text.join(';')}`)) >>> 0;
}

/** The same property order every time, so that all inputs share one hidden class. */
function neutralInput(packed: readonly PackedField[]): AnyInput {
  const value: AnyInput = {};
  for (const field of packed) value[field.name] = field.isButton ? false : field.neutral;
  return value;
}

function packedInput(packed: readonly PackedField[], bitCount: number): InputDefinition<AnyInput> {
  const byteLength = (bitCount + 7) >> 3;
  const paddingMask = bitCount & 7 ? (0xff << (bitCount & 7)) & 0xff : 0;
  const partial = packed.filter((field) => field.count - 1 !== field.mask >>> 0);
  return {
    byteLength,
    schemaHash: schemaHashOf(packed),
    create: () => neutralInput(packed),
    encodeInto(value, bytes, offset) {
      for (let index = 0; index < byteLength; index += 1) bytes[offset + index] = 0;
      if (typeof value !== 'object' || value === null) return (packed[0] as PackedField).name;
      let wrong: string | undefined;
      for (let index = 0; index < packed.length; index += 1) {
        const field = packed[index] as PackedField;
        const given = value[field.name];
        if (field.isButton) {
          if (given === true)
            bytes[offset + field.byte] = (bytes[offset + field.byte] as number) | (1 << field.shift);
          else if (given !== false) wrong ??= field.name;
        } else if (!writeInt(field, given, bytes, offset)) wrong ??= field.name;
      }
      return wrong;
    },
    decodeInto(bytes, offset, target) {
      for (let index = 0; index < packed.length; index += 1) {
        const field = packed[index] as PackedField;
        if (field.isButton) {
          target[field.name] = (((bytes[offset + field.byte] as number) >> field.shift) & 1) === 1;
        } else {
          const value = readCode(field, bytes, offset) + field.neutral;
          target[field.name] = value > field.max ? value - field.count : value;
        }
      }
    },
    isValid(bytes, offset) {
      if (offset < 0 || offset + byteLength > bytes.length) return false;
      if (((bytes[offset + byteLength - 1] as number) & paddingMask) !== 0) return false;
      for (let index = 0; index < partial.length; index += 1) {
        const field = partial[index] as PackedField;
        if (readCode(field, bytes, offset) >= field.count) return false;
      }
      return true;
    },
  };
}

/** Writes one integer; false if it was clamped or not a number. The bits must be zero before. */
function writeInt(field: PackedField, given: unknown, bytes: Uint8Array, offset: number): boolean {
  let value = field.neutral;
  let exact = false;
  if (typeof given === 'number' && !Number.isNaN(given)) {
    value = Math.round(given);
    exact = value >= field.min && value <= field.max;
    if (!exact) value = value < field.min ? field.min : field.max;
  }
  const distance = value - field.neutral;
  let rest = (distance < 0 ? distance + field.count : distance) >>> 0;
  let byte = offset + field.byte;
  bytes[byte] = (bytes[byte] as number) | (rest << field.shift);
  rest >>>= 8 - field.shift;
  for (let left = field.bits - 8 + field.shift; left > 0; left -= 8) {
    byte += 1;
    bytes[byte] = rest;
    rest >>>= 8;
  }
  return exact;
}

/** The code of one integer, from 0. */
function readCode(field: PackedField, bytes: Uint8Array, offset: number): number {
  let byte = offset + field.byte;
  let code = (bytes[byte] as number) >> field.shift;
  for (let have = 8 - field.shift; have < field.bits; have += 8) {
    byte += 1;
    code |= (bytes[byte] as number) << have;
  }
  return (code & field.mask) >>> 0;
}

/**
 * Up to eight buttons in one byte, unrolled: with one property access per place in the code, the engine caches each
 * as an ordinary field access. The loop above costs several times as much (docs/determinism.md), and this is the
 * input most games have.
 */
function buttonByteInput(packed: readonly PackedField[]): InputDefinition<AnyInput> {
  const count = packed.length;
  const names = packed.map((field) => field.name);
  const [a = '', b = '', c = '', d = '', e = '', f = '', g = '', h = ''] = names;
  const legalMask = (1 << count) - 1;
  return {
    byteLength: 1,
    schemaHash: schemaHashOf(packed),
    create: () => neutralInput(packed),
    encodeInto(value, bytes, offset) {
      bytes[offset] = 0;
      if (typeof value !== 'object' || value === null) return a;
      let bits = buttonBit(value[a], 1);
      if (count > 1) bits |= buttonBit(value[b], 2);
      if (count > 2) bits |= buttonBit(value[c], 4);
      if (count > 3) bits |= buttonBit(value[d], 8);
      if (count > 4) bits |= buttonBit(value[e], 16);
      if (count > 5) bits |= buttonBit(value[f], 32);
      if (count > 6) bits |= buttonBit(value[g], 64);
      if (count > 7) bits |= buttonBit(value[h], 128);
      bytes[offset] = bits;
      return bits < WRONG_TYPE ? undefined : names.find((name) => typeof value[name] !== 'boolean');
    },
    decodeInto(bytes, offset, target) {
      const bits = bytes[offset] as number;
      target[a] = (bits & 1) !== 0;
      if (count > 1) target[b] = (bits & 2) !== 0;
      if (count > 2) target[c] = (bits & 4) !== 0;
      if (count > 3) target[d] = (bits & 8) !== 0;
      if (count > 4) target[e] = (bits & 16) !== 0;
      if (count > 5) target[f] = (bits & 32) !== 0;
      if (count > 6) target[g] = (bits & 64) !== 0;
      if (count > 7) target[h] = (bits & 128) !== 0;
    },
    isValid: (bytes, offset) =>
      offset >= 0 && offset < bytes.length && ((bytes[offset] as number) & ~legalMask) === 0,
  };
}

/** A bit above the byte: some field is neither true nor false. */
const WRONG_TYPE = 256;

function buttonBit(field: unknown, mask: number): number {
  return field === true ? mask : field === false ? 0 : WRONG_TYPE;
}
