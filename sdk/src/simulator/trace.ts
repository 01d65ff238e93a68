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
  readonly lines: string[] = [];
  readonly #keepsLines: boolean;
  #low = 0x243f6a88 | 0;
  #high = 0x85a308d3 | 0;

  constructor(keepsLines: boolean) {
    this.#keepsLines = keepsLines;
  }

  /** Adds one event. `numbers` are integers below 2^53; `text` is shown in the line and is part of the digest. */
  add(timeUs: number, kind: TraceKind, numbers: readonly number[], text = ''): void {
    this.#mix(timeUs);
    this.#mix(TRACE_KINDS.indexOf(kind) + 1);
    for (const number of numbers) this.#mix(number);
    for (let index = 0; index < text.length; index += 1) this.#mix(text.charCodeAt(index));
    if (!this.#keepsLines || this.lines.length >= TRACE_LINES_MAX) return;
    const ms = (timeUs / 1000).toFixed(3);
    this.lines.push(`${ms} ${kind} ${numbers.join(' ')}${text === '' ? '' : ` ${text}`}`);
  }

  /** The digest so far: 16 hexadecimal digits. */
  get hash(): string {
    return [this.#high, this.#low].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #mix(value: number): void {
    const upper = Math.floor(value / 4294967296);
    this.#low = Math.imul(this.#low ^ (value | 0), 0x85ebca77);
    this.#low ^= this.#low >>> 15;
    this.#high = Math.imul(this.#high ^ (this.#low + upper), 0xc2b2ae3d);
    this.#high ^= this.#high >>> 13;
  }
}

/** A quick digest of a message's bytes, for its trace line. */
export function digestOf(bytes: Uint8Array): number {
  let digest = bytes.length | 0;
  for (let index = 0; index < bytes.length; index += 1)
    digest = Math.imul(digest ^ (bytes[index] as number), 0x01000193);
  return digest >>> 0;
}
