/** Reading and writing bytes off the hot path. The reader never throws: once it runs past the end, `ok` is false for good. */

/** Reads little-endian values. */
export class ByteReader {
  readonly bytes: Uint8Array;
  at: number;
  /** False once something was missing; every read then gives 0. */
  ok = true;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  /** True if everything was read and nothing was missing. */
  get complete(): boolean {
    return this.ok && this.at === this.bytes.length;
  }

  u8(): number {
    if (this.at >= this.bytes.length) this.ok = false;
    return this.ok ? (this.bytes[this.at++] as number) : 0;
  }

  u16(): number {
    return this.u8() | (this.u8() << 8);
  }

  u32(): number {
    return (this.u16() | (this.u16() << 16)) >>> 0;
  }

  /** A view of the next `length` bytes; empty if they are not there. */
  take(length: number): Uint8Array {
    if (this.at + length > this.bytes.length) this.ok = false;
    if (!this.ok) return new Uint8Array(0);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

/** Writes little-endian values into a growing buffer. */
export class ByteWriter {
  // Most messages are shorter, and engines keep an array of up to 64 bytes in their own heap.
  #bytes = new Uint8Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  u16(value: number): this {
    return this.u8(value & 0xff).u8((value >>> 8) & 0xff);
  }

  u32(value: number): this {
    return this.u16(value & 0xffff).u16(value >>> 16);
  }

  put(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
