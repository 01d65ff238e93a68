/** The inputs of a peer that tells some others something else: what it really pressed, and what it claims. */
import { CellRing } from '../base/cell-ring.js';
import { unwrap16 } from '../base/frame.js';
import { PACKET_BYTES_MAX } from '../base/limits.js';
import type { Random } from '../base/prng.js';
import type { InputDefinition } from '../state/definitions.js';
import type { FrameHeader } from '../wire/frame-packet.js';
import { readCell, skipCells, writeCells } from '../wire/input-cells.js';
import { drawInputCell } from './random-inputs.js';

/** Cells kept, a power of two: as many as a session keeps. */
const FRAMES = 2048;
/** Before this frame it is honest. */
const HONEST_FRAMES = 120;

/** Two logs per slot. */
export class TwoFacedLog {
  readonly #input: InputDefinition<unknown>;
  readonly #random: Random;
  readonly #truth: CellRing[];
  readonly #lies: CellRing[];
  readonly #cells: Uint8Array[];
  /** Newest frame known. */
  #newest = 0;

  constructor(input: InputDefinition<unknown>, slots: number, random: Random) {
    const rings = (): CellRing[] =>
      Array.from({ length: slots }, () => new CellRing(FRAMES, input.byteLength));
    this.#input = input;
    this.#random = random;
    this.#truth = rings();
    this.#lies = rings();
    this.#cells = Array.from({ length: slots }, () => new Uint8Array(input.byteLength));
  }

  /** Learns the inputs of an honest packet; for a victim, the packet with the claims in their place (not sealed). */
  rewrite(
    bytes: Uint8Array,
    header: FrameHeader,
    how: { readonly rate: number; readonly isVictim: boolean },
  ): Uint8Array | undefined {
    const slots = this.#truth.length;
    const { count, cellsAt } = header;
    if (count === 0 || slots === 0) return undefined;
    const last = unwrap16(header.frame16, this.#newest);
    const first = last - count + 1;
    if (first > this.#newest + 1) return undefined;
    this.#learn(bytes, cellsAt, { first, last, rate: how.rate });
    if (!how.isVictim) return undefined;
    const restAt = skipCells(bytes, cellsAt, count * slots, this.#input.byteLength);
    const out = new Uint8Array(PACKET_BYTES_MAX);
    out.set(bytes.subarray(0, cellsAt));
    const range = { rings: this.#lies, first, count };
    const rest = bytes.length - restAt;
    const at = writeCells(range, out, cellsAt, PACKET_BYTES_MAX - rest);
    if (range.count !== count) return undefined;
    out.set(bytes.subarray(restAt), at);
    return out.slice(0, at + rest);
  }

  /** What it claims to the victims that a slot's input was: a copy. Known for the newest 2,048 frames. */
  claim(slot: number, frame: number): Uint8Array {
    const lies = this.#lies[slot] as CellRing;
    const at = lies.offsetOf(frame);
    return lies.bytes.slice(at, at + lies.cellBytes);
  }

  #learn(
    bytes: Uint8Array,
    cellsAt: number,
    { first, last, rate }: { readonly first: number; readonly last: number; readonly rate: number },
  ): void {
    const slots = this.#truth.length;
    this.#truth.forEach((ring, slot) => {
      const at = ring.offsetOf(first - 1);
      const cell = this.#cells[slot] as Uint8Array;
      if (first > 1) cell.set(ring.bytes.subarray(at, at + ring.cellBytes));
      else cell.fill(0);
    });
    let at = cellsAt;
    let bits = 0;
    for (let index = 0; index < (last - first + 1) * slots; index += 1) {
      if (index % 8 === 0) bits = bytes[at++] as number;
      const frame = first + Math.floor(index / slots);
      const slot = index % slots;
      if ((bits & (1 << (index % 8))) !== 0) at = readCell(bytes, at, this.#cells[slot] as Uint8Array);
      if (frame > this.#newest) this.#write(slot, frame, rate);
    }
    this.#newest = Math.max(this.#newest, last);
  }

  #write(slot: number, frame: number, rate: number): void {
    const truth = this.#truth[slot] as CellRing;
    const lies = this.#lies[slot] as CellRing;
    const cell = this.#cells[slot] as Uint8Array;
    truth.bytes.set(cell, truth.offsetOf(frame));
    const claim = cell.slice();
    if (frame > HONEST_FRAMES && this.#random.chance(rate)) drawInputCell(this.#input, this.#random, claim);
    lies.bytes.set(claim, lies.offsetOf(frame));
  }
}
