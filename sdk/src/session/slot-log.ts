/** One slot's inputs: the write-once log of what its owner sent, and what each frame was simulated with. */
import { CellRing } from '../base/cell-ring.js';
import { LOG_FRAMES } from '../base/limits.js';

/** A frame that never comes (207 days at 60 frames/s), small enough to stay an unboxed integer in every engine. */
export const NO_FRAME = 0x3fffffff;

/** The inputs of one slot. Frames are written once, in order; prediction repeats the newest. */
export class SlotLog {
  readonly slot: number;
  /** Index of the owner in `peers`. */
  readonly owner: number;
  /** True inputs. */
  readonly cells: CellRing;
  /** What each frame was last simulated with. */
  readonly used: CellRing;
  /** Highest contiguous frame held (R of the design). Frames 1 to delay are neutral and held from the start by their owner alone. */
  received = 0;
  /** Last frame of the owner's inputs that counts, once agreed; later ones are ignored. */
  cut: number = NO_FRAME;
  /** No frame beyond this is taken: set while an agreement on the cut is under way, so that what was reported stays true. */
  limit: number = NO_FRAME;
  /** Newest frame that arrived with two values. */
  equivocated = 0;

  constructor(slot: number, owner: number, cellBytes: number) {
    this.slot = slot;
    this.owner = owner;
    this.cells = new CellRing(LOG_FRAMES, cellBytes);
    this.used = new CellRing(LOG_FRAMES, cellBytes);
  }

  /** True until a cut is agreed. */
  get isActive(): boolean {
    return this.cut === NO_FRAME;
  }

  /** Writes frame `received + 1`. */
  append(source: Uint8Array, offset: number): void {
    this.received += 1;
    const target = this.cells.offsetOf(this.received);
    const bytes = this.cells.bytes;
    for (let index = 0; index < this.cells.cellBytes; index += 1)
      bytes[target + index] = source[offset + index] as number;
  }

  /** True if `frame` was simulated with the input its cell holds. */
  wasUsed(frame: number): boolean {
    const at = this.cells.offsetOf(frame);
    for (let index = 0; index < this.cells.cellBytes; index += 1) {
      if (this.cells.bytes[at + index] !== this.used.bytes[at + index]) return false;
    }
    return true;
  }

  /** True if the cell of `frame` in `ring` equals `source`. */
  equals(ring: CellRing, frame: number, source: Uint8Array): boolean {
    const at = ring.offsetOf(frame);
    for (let index = 0; index < ring.cellBytes; index += 1)
      if (ring.bytes[at + index] !== source[index]) return false;
    return true;
  }
}
