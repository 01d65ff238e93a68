/** Inputs as they go into packets: those of our own slots, and those of another's that an addressee lacks. */
import { CellRing } from '../base/cell-ring.js';
import { PACKET_BYTES_MAX } from '../base/limits.js';
import { INPUTS_BYTES_MAX, RELAY_FRAMES_MAX } from '../wire/frame-packet.js';
import { type CellRange, writeCells } from '../wire/input-cells.js';
import type { SlotLog } from './slot-log.js';

/** Our own: addressees that acknowledged the same get the same bytes, which stay in the buffer for the next packet. */
export class OwnCells {
  readonly #range: CellRange;
  /** What lies in the buffer: frames asked for and frames that fitted, from where to where. */
  #first = -1;
  #asked = 0;
  #fitted = 0;
  #start = 0;
  #end = 0;

  constructor(ownLogs: readonly SlotLog[]) {
    this.#range = { rings: ownLogs.map((log) => log.cells), first: 0, count: 0 };
  }

  /** The buffer or the logs may be others now. */
  forget(): void {
    this.#first = -1;
  }

  /** How many were written last: as many whole frames as fit. */
  get count(): number {
    return this.#range.count;
  }

  /** The frames that the next packet carries. */
  choose(first: number, count: number): void {
    this.#range.first = first;
    this.#range.count = count;
  }

  /** @returns the offset after the last byte */
  write(out: Uint8Array, offset: number): number {
    const range = this.#range;
    if (range.count === 0) {
      // Something else will lie there.
      this.forget();
      return offset;
    }
    if (range.first === this.#first && range.count === this.#asked && offset === this.#start) {
      range.count = this.#fitted;
      return this.#end;
    }
    this.#first = range.first;
    this.#asked = range.count;
    this.#start = offset;
    this.#end = writeCells(range, out, offset, offset + INPUTS_BYTES_MAX);
    this.#fitted = range.count;
    return this.#end;
  }
}

/** Those of a third peer: the first one is coded as if the one before were zero, since an owner may have told two peers different things. */
export class RelayedCells {
  /** What is relayed, from index 1 on; the one before is neutral. */
  readonly #cells: CellRing;
  readonly #range: { readonly rings: readonly CellRing[]; readonly first: number; count: number };

  constructor(cellBytes: number) {
    this.#cells = new CellRing(2 * RELAY_FRAMES_MAX, cellBytes);
    this.#range = { rings: [this.#cells], first: 1, count: 0 };
  }

  /** How many were written last: as many as fit. */
  get count(): number {
    return this.#range.count;
  }

  /** What the next packet carries: frames of `log` from `first` on. */
  choose(log: SlotLog, first: number): void {
    const count = Math.min(log.lastFrom(first) - first + 1, RELAY_FRAMES_MAX);
    this.#range.count = Math.max(0, count);
    const from = log.cells;
    const { cellBytes, bytes } = this.#cells;
    for (let index = 0; index < count; index += 1) {
      const source = from.offsetOf(first + index);
      const target = this.#cells.offsetOf(1 + index);
      for (let byte = 0; byte < cellBytes; byte += 1)
        bytes[target + byte] = from.bytes[source + byte] as number;
    }
  }

  /** @returns the offset after the last byte */
  write(out: Uint8Array, offset: number): number {
    return this.#range.count === 0 ? offset : writeCells(this.#range, out, offset, PACKET_BYTES_MAX);
  }
}
