/** One slot's inputs: the write-once log of what its owner sent, what each frame was simulated with, and who plays when. */
import { CellRing } from '../base/cell-ring.js';
import { LOG_FRAMES, SLOT_CHANGES_KEPT } from '../base/limits.js';
import type { ManifestSlot } from '../wire/join-manifest.js';
import type { SlotState } from './game.js';

/** A frame that never comes (207 days at 60 frames/s), small enough to stay an unboxed integer in every engine. */
export const NO_FRAME = 0x3fffffff;

/** Owner of a slot that nobody plays: no bit of any set of peers. */
export const NO_OWNER = 31;

/**
 * Who plays a slot: its owner; a substitute because the owner is late; nobody, or the bot of `onLost`, because it is gone;
 * nobody because none ever came.
 */
export type SlotControl = 'owner' | 'substitute' | 'lost' | 'vacant';

/** What a step is told of a slot; a step log names the place in this list. */
export const SLOT_STATES: readonly SlotState[] = ['active', 'vacant', 'substituted'];

/** From `frame` on, `control` plays. */
export interface SlotChange {
  readonly frame: number;
  readonly control: SlotControl;
  /** How often the owner's inputs had been taken up again by then. */
  readonly epoch: number;
  readonly owner: number;
}

/** The inputs of one slot. Frames are written once, in order; prediction repeats the newest. */
export class SlotLog {
  readonly slot: number;
  /** Index of the owner in `peers`. Changes when a newcomer takes a vacant slot. */
  owner: number;
  /** True inputs. */
  readonly cells: CellRing;
  /** What each frame was last simulated with. */
  readonly used: CellRing;
  /** Who played then, by place in {@link SLOT_STATES}: with `used`, all that a step took from this slot. */
  readonly played: Uint8Array = new Uint8Array(LOG_FRAMES);
  /** Highest contiguous frame held (R of the design). Frames 1 to delay are neutral and held from the start by their owner alone. */
  received = 0;
  /** Highest frame up to which the owner itself sent them, or an agreement fixed them. Beyond it they came through a third peer. */
  firstHand = 0;
  /** Index of the peer that relayed the newest of those. */
  relayedBy: number = NO_OWNER;
  /** No frame beyond this is taken: set while an agreement on the cut is under way, so that what was reported stays true. */
  limit: number = NO_FRAME;
  /** Newest frame that arrived with two values. */
  equivocated = 0;
  /** The newest change, agreed by all; frames before it are looked up in `#earlier`. */
  since = 0;
  control: SlotControl = 'owner';
  /** Last frame held of the owner's inputs before the newest change. */
  #heldBefore = 0;
  /** How often they were taken up again: packets carry its lowest bit, so that inputs of before are told from those after. */
  epoch = 0;
  readonly #earlier: SlotChange[] = [];

  constructor(slot: number, owner: number, cellBytes: number) {
    this.slot = slot;
    this.owner = owner;
    this.cells = new CellRing(LOG_FRAMES, cellBytes);
    this.used = new CellRing(LOG_FRAMES, cellBytes);
  }

  /** True while the owner's inputs are waited for. */
  get isActive(): boolean {
    return this.control === 'owner';
  }

  /** Last frame of the owner's inputs that counts; {@link NO_FRAME} while it plays. */
  get cut(): number {
    return this.isActive ? NO_FRAME : this.received;
  }

  /** What may be acknowledged to the owner: what it sent itself, so that its next packet goes on from a cell that is surely right. */
  get acknowledged(): number {
    return this.received < this.since ? this.#heldBefore : Math.min(this.firstHand, this.received);
  }

  /**
   * What is said to be held. An owner that does not know yet that its inputs go on at `since` must not take the frames
   * before it, which nobody holds, for frames of its own.
   */
  get held(): number {
    return this.received < this.since ? this.#heldBefore : this.received;
  }

  /** Newest frame that goes on from `frame`: those between two periods of the owner are nobody's. */
  lastFrom(frame: number): number {
    return frame < this.since && this.isActive ? this.#heldBefore : this.received;
  }

  /** Who plays at `frame`. */
  controlAt(frame: number): SlotControl {
    return frame >= this.since ? this.control : (this.#changeAt(frame)?.control ?? 'owner');
  }

  /** First frame of the period that `frame` is in. */
  periodStart(frame: number): number {
    return frame >= this.since ? this.since : (this.#changeAt(frame)?.frame ?? 0);
  }

  /** How often the owner's inputs had been taken up again by `frame`. */
  epochAt(frame: number): number {
    return frame >= this.since ? this.epoch : (this.#changeAt(frame)?.epoch ?? 0);
  }

  /** Whose slot it was at `frame`. */
  ownerAt(frame: number): number {
    return frame >= this.since ? this.owner : (this.#changeAt(frame)?.owner ?? this.owner);
  }

  #changeAt(frame: number): SlotChange | undefined {
    for (let index = this.#earlier.length - 1; index >= 0; index -= 1) {
      const change = this.#earlier[index] as SlotChange;
      if (frame >= change.frame) return change;
    }
    return undefined;
  }

  /** All agreed: from `frame` on, `control` plays. Changes come in rising order of frames. */
  change(frame: number, control: SlotControl, owner: number = this.owner): void {
    if (this.isActive) this.#heldBefore = this.held;
    this.#earlier.push({ frame: this.since, control: this.control, epoch: this.epoch, owner: this.owner });
    if (this.#earlier.length > SLOT_CHANGES_KEPT) this.#earlier.shift();
    this.since = frame;
    this.control = control;
    this.owner = owner;
  }

  /** The owner's inputs go on at `frame`: whatever was sent for frames before it and after the last cut is void. */
  reopen(frame: number, owner: number = this.owner): void {
    this.change(frame, 'owner', owner);
    this.epoch += 1;
    this.received = frame - 1;
    this.firstHand = frame - 1;
    this.limit = NO_FRAME;
    this.equivocated = Math.min(this.equivocated, frame - 1);
    // The first cell is coded against the frame before it: all take neutral for that.
    const at = this.cells.offsetOf(frame - 1);
    this.cells.bytes.fill(0, at, at + this.cells.cellBytes);
  }

  /** A newcomer's log: what the members know of the slot at the frame of the manifest. */
  startFrom(about: ManifestSlot): void {
    this.owner = about.owner ?? NO_OWNER;
    this.control = about.control;
    this.since = about.since;
    this.epoch = about.epoch;
    this.received = about.held;
    this.firstHand = about.held;
    // What its owner sent after its inputs ended is still under way, and counts for nobody.
    this.limit = about.control === 'owner' ? NO_FRAME : about.held;
    this.#heldBefore = about.held;
    this.cells.bytes.set(about.input, this.cells.offsetOf(about.held));
  }

  /** What a newcomer must know of the slot at `frame`, which is confirmed here: the same on every member. */
  manifestAt(frame: number): ManifestSlot {
    const control = this.controlAt(frame);
    const since = this.periodStart(frame);
    const { cellBytes, bytes } = this.cells;
    const held = control === 'owner' ? frame : Math.max(0, since - 1);
    const at = this.cells.offsetOf(held);
    // Frames that nobody can step again, and cells of no owner's, are as good as neutral.
    const counts =
      held > 0 && (control === 'owner' || control === 'substitute') && this.received - held < LOG_FRAMES;
    return {
      owner: control === 'vacant' ? undefined : this.ownerAt(frame),
      control,
      since,
      epoch: this.epochAt(frame),
      held,
      input: counts ? bytes.slice(at, at + cellBytes) : new Uint8Array(cellBytes),
    };
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
