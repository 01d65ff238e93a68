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
import { PackedField } from './packed-field.js';

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

/**
 * Makes the packer of one player's input.
 * @param fields at least one; names are identifiers; together at most {@link INPUT_BYTES_MAX} bytes.
 * @throws {SdkError} `invalid-input` naming the field that cannot be packed.
 */
export function defineInput<const F extends InputFields>(fields: F): InputDefinition<InputValue<F>> {
  const packed = packFields(fields);
  const bitCount = packed.reduce((sum, field) => sum + field.bits, 0);
  const isOneByteOfButtons = bitCount <= 8 && packed.every((field) => field.isButton);
  const definition = isOneByteOfButtons ? buttonByteInput(packed) : packedInput(packed, bitCount);
  return Object.freeze(definition) as InputDefinition<unknown> as InputDefinition<InputValue<F>>;
}

type AnyInput = Record<string, unknown>;
type AnyInputDefinition = InputDefinition<AnyInput>;

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
    const isButton = field.field === 'button';
    const { min, max } = isButton ? { min: 0, max: 1 } : field;
    const next = new PackedField({ name, isButton, firstBit: bitCount, min, max });
    packed.push(next);
    bitCount += next.bits;
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

/** Makes neutral inputs. Copies of one object: all share its hidden class, and cost a tenth of putting one together. */
function neutralInputs(packed: readonly PackedField[]): () => AnyInput {
  const neutral: AnyInput = {};
  for (const field of packed) neutral[field.name] = field.isButton ? false : field.neutral;
  return () => ({ ...neutral });
}

function packedInput(packed: readonly PackedField[], bitCount: number): InputDefinition<AnyInput> {
  const byteLength = (bitCount + 7) >> 3;
  const paddingMask = bitCount & 7 ? (0xff << (bitCount & 7)) & 0xff : 0;
  const partial = packed.filter((field) => !field.isDense);
  return {
    byteLength,
    schemaHash: schemaHashOf(packed),
    create: neutralInputs(packed),
    encodeInto: encodeFields(packed, byteLength),
    decodeInto: decodeFields(packed),
    isValid(bytes, offset) {
      if (offset < 0 || offset + byteLength > bytes.length) return false;
      if (((bytes[offset + byteLength - 1] as number) & paddingMask) !== 0) return false;
      for (let index = 0; index < partial.length; index += 1)
        if (!(partial[index] as PackedField).isLegal(bytes, offset)) return false;
      return true;
    },
    mergeInto: mergeButtons(packed, byteLength),
  };
}

/** Buttons that `earlier` changed stay as it says, bit by bit; all other bits are those of `newest`. */
function mergeButtons(
  packed: readonly PackedField[],
  byteLength: number,
): NonNullable<AnyInputDefinition['mergeInto']> {
  const buttons = new Uint8Array(byteLength);
  for (const field of packed) if (field.isButton) field.write(true, buttons, 0);
  return (previous, earlier, newest) => {
    for (let index = 0; index < byteLength; index += 1) {
      const first = earlier[index] as number;
      const last = newest[index] as number;
      const kept = (first ^ (previous[index] as number)) & (buttons[index] as number);
      earlier[index] = (first & kept) | (last & ~kept);
    }
  };
}

/** Fields that {@link encodeFields} and {@link decodeFields} name one by one. */
const UNROLLED = 12;

/**
 * `value[name]` in a loop is one place in the code that meets many names, and engines then look each up anew. Here the
 * first twelve names have a place each, which engines cache like an ordinary `value.left`: more than twice as fast
 * (docs/determinism.md).
 */
function encodeFields(packed: readonly PackedField[], byteLength: number): AnyInputDefinition['encodeInto'] {
  const count = packed.length;
  const names = packed.map((field) => field.name);
  const [n0 = '', n1 = '', n2 = '', n3 = '', n4 = '', n5 = '', n6 = '', n7 = ''] = names;
  const [n8 = '', n9 = '', n10 = '', n11 = ''] = names.slice(8);
  const f0 = packed[0] as PackedField;
  const [f1 = f0, f2 = f0, f3 = f0, f4 = f0, f5 = f0, f6 = f0, f7 = f0] = packed.slice(1);
  const [f8 = f0, f9 = f0, f10 = f0, f11 = f0] = packed.slice(8);
  return (value, bytes, offset) => {
    for (let index = 0; index < byteLength; index += 1) bytes[offset + index] = 0;
    if (typeof value !== 'object' || value === null) return n0;
    let wrong = f0.write(value[n0], bytes, offset) ? 0 : 1;
    if (count > 1 && !f1.write(value[n1], bytes, offset)) wrong |= 2;
    if (count > 2 && !f2.write(value[n2], bytes, offset)) wrong |= 4;
    if (count > 3 && !f3.write(value[n3], bytes, offset)) wrong |= 8;
    if (count > 4 && !f4.write(value[n4], bytes, offset)) wrong |= 16;
    if (count > 5 && !f5.write(value[n5], bytes, offset)) wrong |= 32;
    if (count > 6 && !f6.write(value[n6], bytes, offset)) wrong |= 64;
    if (count > 7 && !f7.write(value[n7], bytes, offset)) wrong |= 128;
    if (count > 8 && !f8.write(value[n8], bytes, offset)) wrong |= 256;
    if (count > 9 && !f9.write(value[n9], bytes, offset)) wrong |= 512;
    if (count > 10 && !f10.write(value[n10], bytes, offset)) wrong |= 1024;
    if (count > 11 && !f11.write(value[n11], bytes, offset)) wrong |= 2048;
    let wrongLater: string | undefined;
    for (let index = UNROLLED; index < count; index += 1) {
      const field = packed[index] as PackedField;
      if (!field.write(value[field.name], bytes, offset)) wrongLater ??= field.name;
    }
    return wrong === 0 ? wrongLater : names[31 - Math.clz32(wrong & -wrong)];
  };
}

function decodeFields(packed: readonly PackedField[]): AnyInputDefinition['decodeInto'] {
  const count = packed.length;
  const names = packed.map((field) => field.name);
  const [n0 = '', n1 = '', n2 = '', n3 = '', n4 = '', n5 = '', n6 = '', n7 = ''] = names;
  const [n8 = '', n9 = '', n10 = '', n11 = ''] = names.slice(8);
  const f0 = packed[0] as PackedField;
  const [f1 = f0, f2 = f0, f3 = f0, f4 = f0, f5 = f0, f6 = f0, f7 = f0] = packed.slice(1);
  const [f8 = f0, f9 = f0, f10 = f0, f11 = f0] = packed.slice(8);
  return (bytes, offset, target) => {
    target[n0] = f0.read(bytes, offset);
    if (count > 1) target[n1] = f1.read(bytes, offset);
    if (count > 2) target[n2] = f2.read(bytes, offset);
    if (count > 3) target[n3] = f3.read(bytes, offset);
    if (count > 4) target[n4] = f4.read(bytes, offset);
    if (count > 5) target[n5] = f5.read(bytes, offset);
    if (count > 6) target[n6] = f6.read(bytes, offset);
    if (count > 7) target[n7] = f7.read(bytes, offset);
    if (count > 8) target[n8] = f8.read(bytes, offset);
    if (count > 9) target[n9] = f9.read(bytes, offset);
    if (count > 10) target[n10] = f10.read(bytes, offset);
    if (count > 11) target[n11] = f11.read(bytes, offset);
    for (let index = UNROLLED; index < count; index += 1) {
      const field = packed[index] as PackedField;
      target[field.name] = field.read(bytes, offset);
    }
  };
}

/** Up to eight buttons in one byte, the input most games have: the same idea, and all bits at once. */
function buttonByteInput(packed: readonly PackedField[]): InputDefinition<AnyInput> {
  const count = packed.length;
  const names = packed.map((field) => field.name);
  const [a = '', b = '', c = '', d = '', e = '', f = '', g = '', h = ''] = names;
  const legalMask = (1 << count) - 1;
  return {
    byteLength: 1,
    schemaHash: schemaHashOf(packed),
    create: neutralInputs(packed),
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
    mergeInto: mergeButtons(packed, 1),
  };
}

/** A bit above the byte: some field is neither true nor false. */
const WRONG_TYPE = 256;

function buttonBit(field: unknown, mask: number): number {
  return field === true ? mask : field === false ? 0 : WRONG_TYPE;
}
