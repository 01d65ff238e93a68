/**
 * What happened in a run, as one running 64-bit digest over every event, and as lines on demand.
 * Two runs with equal digests did the same things at the same times.
 */

/** What a trace line can be about. The position in the list is part of the digest: add at the end only. */
export const TRACE_KINDS = [
  'send',
  'arrive',
  'advance',
  'input',
  'event',
  'fault',
  'heal',
  'violation',
] as const;
/** One kind of trace line. */
export type TraceKind = (typeof TRACE_KINDS)[number];

/** Lines a trace keeps at most; the digest goes on. */
export const TRACE_LINES_MAX = 1_000_000;

/** The running digest, and the lines if asked for. */
export class Trace {
  readonly #keepsLines: boolean;
  readonly #lines: string[] = [];
  #line = '';
  #low = 0x243f6a88 | 0;
  #high = 0x85a308d3 | 0;

  constructor(keepsLines: boolean) {
    this.#keepsLines = keepsLines;
  }

  /** The lines, if they are kept. */
  get lines(): readonly string[] {
    this.#endLine();
    return this.#lines;
  }

  /** Begins the line of one event. */
  event(timeUs: number, kind: TraceKind): this {
    this.#mix(timeUs | 0);
    // A run longer than an hour and eleven minutes.
    if (timeUs > 0xffffffff) this.#mix((timeUs / 4294967296) | 0);
    // By hand, not with indexOf: the usual kinds come first, and this runs for each packet, twice.
    let code = 1;
    while (TRACE_KINDS[code - 1] !== kind) code += 1;
    this.#mix(code);
    if (this.#keepsLines) {
      this.#endLine();
      this.#line = `${(timeUs / 1000).toFixed(3)} ${kind}`;
    }
    return this;
  }

  /** Adds an integer of 32 bits to the line. */
  word(value: number): this {
    this.#mix(value | 0);
    if (this.#keepsLines) this.#line += ` ${value}`;
    return this;
  }

  /** Adds words to the line. */
  text(text: string): this {
    for (let index = 0; index < text.length; index += 1) this.#mix(text.charCodeAt(index));
    if (this.#keepsLines) this.#line += ` ${text}`;
    return this;
  }

  /** The digest so far: 16 hexadecimal digits. */
  get hash(): string {
    return [this.#high, this.#low].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #endLine(): void {
    if (this.#line !== '' && this.#lines.length < TRACE_LINES_MAX) this.#lines.push(this.#line);
    this.#line = '';
  }

  #mix(value: number): void {
    let low = Math.imul(this.#low ^ value, 0x85ebca77);
    low ^= low >>> 15;
    this.#low = low;
    const high = Math.imul(this.#high ^ low, 0xc2b2ae3d);
    this.#high = high ^ (high >>> 13);
  }
}

/** A quick digest of a message's bytes, for its trace line. */
export function digestOf(bytes: Uint8Array): number {
  let digest = bytes.length | 0;
  for (let index = 0; index < bytes.length; index += 1)
    digest = Math.imul(digest ^ (bytes[index] as number), 0x01000193);
  return digest | 0;
}
