/** One field of an input in its bits: writing, reading and checking it. */

/** What a field's bits mean. */
export interface PackedFieldOptions {
  readonly name: string;
  readonly isButton: boolean;
  /** First bit, counted from the least significant bit of the first byte. */
  readonly firstBit: number;
  /** 0 and 1 for a button. */
  readonly min: number;
  readonly max: number;
}

/**
 * Stores an integer as its distance above the neutral value, wrapping round from `max` to `min`: code 0 is neutral,
 * every value has exactly one code.
 */
export class PackedField {
  readonly name: string;
  readonly isButton: boolean;
  readonly min: number;
  readonly max: number;
  readonly neutral: number;
  /** Bits it takes, 1 to 32. */
  readonly bits: number;
  /** True if every combination of its bits is a value. */
  readonly isDense: boolean;
  readonly #byte: number;
  readonly #shift: number;
  /** The low `bits` bits, as a signed 32-bit integer. */
  readonly #mask: number;
  /** How many values there are. */
  readonly #count: number;

  constructor({ name, isButton, firstBit, min, max }: PackedFieldOptions) {
    this.name = name;
    this.isButton = isButton;
    this.min = min;
    this.max = max;
    this.neutral = min <= 0 && max >= 0 ? 0 : min;
    this.#count = max - min + 1;
    this.bits = 32 - Math.clz32(this.#count - 1);
    this.#mask = this.bits === 32 ? -1 : (1 << this.bits) - 1;
    this.isDense = this.#count - 1 === this.#mask >>> 0;
    this.#byte = firstBit >> 3;
    this.#shift = firstBit & 7;
  }

  /** Writes a value over zero bits; false if it was clamped or had a wrong type (then neutral is written). */
  write(given: unknown, bytes: Uint8Array, offset: number): boolean {
    if (this.isButton) {
      const byte = offset + this.#byte;
      if (given === true) bytes[byte] = (bytes[byte] as number) | (1 << this.#shift);
      return typeof given === 'boolean';
    }
    if (typeof given !== 'number' || Number.isNaN(given)) return false;
    const rounded = Math.round(given);
    const value = rounded < this.min ? this.min : rounded > this.max ? this.max : rounded;
    const distance = value - this.neutral;
    this.#writeCode(distance < 0 ? distance + this.#count : distance, bytes, offset);
    return value === rounded;
  }

  /** Reads a value; any bits are safe. */
  read(bytes: Uint8Array, offset: number): boolean | number {
    if (this.isButton) return (((bytes[offset + this.#byte] as number) >> this.#shift) & 1) !== 0;
    const value = this.#readCode(bytes, offset) + this.neutral;
    return value > this.max ? value - this.#count : value;
  }

  /** True if the bits are the code of a value. */
  isLegal(bytes: Uint8Array, offset: number): boolean {
    return this.#readCode(bytes, offset) < this.#count;
  }

  #writeCode(code: number, bytes: Uint8Array, offset: number): void {
    let byte = offset + this.#byte;
    let rest = code >>> 0;
    bytes[byte] = (bytes[byte] as number) | (rest << this.#shift);
    rest >>>= 8 - this.#shift;
    for (let left = this.bits - 8 + this.#shift; left > 0; left -= 8) {
      byte += 1;
      bytes[byte] = rest;
      rest >>>= 8;
    }
  }

  #readCode(bytes: Uint8Array, offset: number): number {
    let byte = offset + this.#byte;
    let code = (bytes[byte] as number) >> this.#shift;
    for (let have = 8 - this.#shift; have < this.bits; have += 8) {
      byte += 1;
      code |= (bytes[byte] as number) << have;
    }
    return (code & this.#mask) >>> 0;
  }
}
