/** A ring of fixed-size byte cells indexed by frame: the storage of input logs. */
import { assert } from './errors.js';

/** Cells of `cellBytes` bytes; frame `f` lives at `(f mod frames) * cellBytes`. */
export class CellRing {
  readonly cellBytes: number;
  readonly bytes: Uint8Array;
  readonly mask: number;

  /** @param frames a power of two. */
  constructor(frames: number, cellBytes: number) {
    assert((frames & (frames - 1)) === 0, `ring of ${frames} frames is not a power of two`);
    this.cellBytes = cellBytes;
    this.bytes = new Uint8Array(frames * cellBytes);
    this.mask = frames - 1;
  }

  offsetOf(frame: number): number {
    return (frame & this.mask) * this.cellBytes;
  }

  /** A copy of the cell of a frame. */
  cellAt(frame: number): Uint8Array {
    const at = this.offsetOf(frame);
    return this.bytes.slice(at, at + this.cellBytes);
  }

  /** Copies the cell of frame `from` to the cell of frame `to`. */
  copyCell(from: number, to: number): void {
    const source = this.offsetOf(from);
    const target = this.offsetOf(to);
    for (let index = 0; index < this.cellBytes; index += 1)
      this.bytes[target + index] = this.bytes[source + index] as number;
  }
}
