/**
 * What every owner really read, noted outside the sessions: the truth that confirmed inputs are held against.
 *
 * Where the input delay changes, not every reading has a frame of its own: a frame that a longer delay skips repeats the one before, and a
 * shorter delay has a frame asked for twice. What must become of the readings follows from their order alone, so it is known here.
 */
import type { InputDefinition } from '../../state/definitions.js';

/** Frames of inputs kept per slot and owner, a power of two: more than any session keeps itself. */
const FRAMES_KEPT = 4096;

/** What is known of the inputs: as {@link InputDefinition} has it. */
export type CellRules = Pick<InputDefinition<never>, 'byteLength' | 'mergeInto'>;

/** How an {@link InputRecords} judges. */
export interface RecordRules {
  /** Owners whose inputs are held against nothing: they say different things to different peers. */
  readonly unheld?: ReadonlySet<number>;
  /** No delay changes in this run: each frame must be asked for, and once. */
  readonly isDelayFixed?: boolean;
}

/** The readings of one owner for one slot. */
class SlotRecord {
  readonly cells: Uint8Array;
  /** Frame that each cell is of, -1 if none. */
  readonly frames: Int32Array = new Int32Array(FRAMES_KEPT).fill(-1);
  /** First frame that was ever read, -1 before. */
  firstFrame = -1;
  /** Newest frame that was asked for. */
  lastFrame = -1;
  /** Its inputs count again from here on, once that is asked for; -1: they go on. */
  beginsAt = -1;
  /** Part of a reading that waits for the next frame, if `waits`. */
  readonly waiting: Uint8Array;
  waits = false;
  readonly #size: number;
  readonly #rules: CellRules;

  constructor(rules: CellRules) {
    this.#rules = rules;
    this.#size = rules.byteLength;
    this.cells = new Uint8Array(FRAMES_KEPT * this.#size);
    this.waiting = new Uint8Array(this.#size);
  }

  offsetOf(frame: number): number {
    return (frame & (FRAMES_KEPT - 1)) * this.#size;
  }

  cellOf(frame: number): Uint8Array {
    const at = this.offsetOf(frame);
    return this.cells.subarray(at, at + this.#size);
  }

  has(frame: number): boolean {
    return this.frames[frame & (FRAMES_KEPT - 1)] === frame;
  }

  put(frame: number, cell: Uint8Array): void {
    this.cells.set(cell, this.offsetOf(frame));
    this.frames[frame & (FRAMES_KEPT - 1)] = frame;
  }

  /** A new period: what was read for frames from here on before counts for nothing. */
  beginAt(frame: number): void {
    for (let at = frame; at <= this.lastFrame; at += 1) this.frames[at & (FRAMES_KEPT - 1)] = -1;
    this.lastFrame = frame - 1;
    this.waits = false;
    this.beginsAt = -1;
  }

  /** Frames up to `frame` that were skipped: what waits goes there, then the newest again. */
  fillTo(frame: number): void {
    while (this.lastFrame < frame) {
      this.put(this.lastFrame + 1, this.waits ? this.waiting : this.cellOf(this.lastFrame));
      this.lastFrame += 1;
      this.waits = false;
    }
  }

  /** A reading shares its frame with an earlier one. */
  merge(frame: number, earlier: Uint8Array, newest: Uint8Array): void {
    const merged = earlier.slice();
    const { mergeInto } = this.#rules;
    if (mergeInto === undefined) merged.set(newest);
    else mergeInto.call(this.#rules, this.cellOf(frame - 1), merged, newest);
    this.waits = merged.some((byte, index) => byte !== newest[index]);
    this.waiting.set(newest);
    this.put(frame, merged);
  }
}

/** The inputs of all slots. */
export class InputRecords {
  readonly #rules: CellRules;
  readonly #unheld: ReadonlySet<number>;
  readonly #isDelayFixed: boolean;
  /** By slot, by owner. */
  readonly #records: Map<number, SlotRecord>[] = [];
  /** Slots that each peer was told it has. */
  readonly #slots: Set<number>[] = [];

  /** @param owners slot -> index of the peer that owns it from the start */
  constructor(owners: readonly number[], rules: CellRules, { unheld, isDelayFixed }: RecordRules = {}) {
    this.#rules = rules;
    this.#unheld = unheld ?? new Set();
    this.#isDelayFixed = isDelayFixed ?? true;
    for (const [slot, owner] of owners.entries()) this.#slotsOf(owner).add(slot);
  }

  /** `peer` was told that it has these slots, and no others, from `frame` on. */
  seated(peer: number, slots: readonly number[], frame: number): void {
    this.#slots[peer] = new Set(slots);
    for (const slot of slots) if (this.#recordOf(slot, peer) === undefined) this.#addRecord(slot, peer);
    this.goesOn(peer, frame);
  }

  /** `peer` was told that its inputs count again from `frame` on. */
  goesOn(peer: number, frame: number): void {
    for (const slot of this.#slotsOf(peer)) {
      const record = this.#recordOf(slot, peer);
      if (record !== undefined) record.beginsAt = frame;
    }
  }

  /** Notes what `peer` read for `slot` and `frame`; says what is wrong with asking for it, if anything. */
  note(
    reading: { readonly peer: number; readonly slot: number; readonly frame: number },
    cell: Uint8Array,
  ): string | undefined {
    const { peer, slot, frame } = reading;
    if (!this.#slotsOf(peer).has(slot)) return `readInput(${slot}, ${frame}) for a slot it does not own`;
    const record = this.#recordOf(slot, peer) ?? this.#addRecord(slot, peer);
    const { beginsAt } = record;
    if (beginsAt >= 0 && frame >= beginsAt) {
      record.beginAt(beginsAt);
      if (frame > beginsAt)
        return `readInput(${slot}, ${frame}): its inputs count from frame ${beginsAt} on, which it did not read`;
    }
    const isFirst = record.firstFrame < 0;
    if (isFirst) record.firstFrame = frame;
    const { lastFrame } = record;
    if (lastFrame >= 0 && frame <= lastFrame) return this.#noteAgain(record, reading, cell);
    if (!isFirst && frame > lastFrame + 1) {
      if (this.#isDelayFixed) return `readInput(${slot}, ${frame}) after frame ${lastFrame}`;
      record.fillTo(frame - 1);
    }
    record.lastFrame = frame;
    if (record.waits) record.merge(frame, record.waiting, cell);
    else record.put(frame, cell);
    return undefined;
  }

  /** Asked for once more, because a shorter delay left two readings with one frame. */
  #noteAgain(
    record: SlotRecord,
    { slot, frame }: { readonly slot: number; readonly frame: number },
    cell: Uint8Array,
  ): string | undefined {
    if (this.#isDelayFixed) return `readInput(${slot}, ${frame}) a second time`;
    if (frame < record.lastFrame) return `readInput(${slot}, ${frame}) after frame ${record.lastFrame}`;
    record.merge(frame, record.cellOf(frame).slice(), cell);
    return undefined;
  }

  /**
   * Compares a confirmed cell with what the owner read: neutral for frames before the first one read.
   * `undefined` if it is right or too old to tell.
   */
  problemWith(
    input: { readonly slot: number; readonly owner: number; readonly frame: number },
    confirmed: { readonly cells: Uint8Array; readonly at: number },
  ): string | undefined {
    const { slot, owner, frame } = input;
    const size = this.#rules.byteLength;
    if (this.#unheld.has(owner)) return undefined;
    const record = this.#recordOf(slot, owner);
    if (record?.has(frame) === true) {
      const { cells, at } = confirmed;
      const readAt = record.offsetOf(frame);
      for (let place = 0; place < size; place += 1)
        if (record.cells[readAt + place] !== cells[at + place])
          return `slot ${slot}: its owner read [${record.cellOf(frame)}], confirmed is ${words(confirmed, size)}`;
      return undefined;
    }
    if (record !== undefined && (record.frames[frame & (FRAMES_KEPT - 1)] as number) > frame)
      return undefined;
    if (owner < 0) return `slot ${slot} has no player, yet an input`;
    if (record !== undefined && record.firstFrame >= 0 && frame >= record.firstFrame)
      return `slot ${slot}: confirmed, but its owner never read it`;
    return this.#isNeutral(confirmed)
      ? undefined
      : `slot ${slot}: not neutral before the first input was read: ${words(confirmed, size)}`;
  }

  #slotsOf(peer: number): Set<number> {
    const known = this.#slots[peer];
    if (known !== undefined) return known;
    const slots = new Set<number>();
    this.#slots[peer] = slots;
    return slots;
  }

  #recordOf(slot: number, peer: number): SlotRecord | undefined {
    return this.#records[slot]?.get(peer);
  }

  #addRecord(slot: number, peer: number): SlotRecord {
    const record = new SlotRecord(this.#rules);
    this.#records[slot] ??= new Map();
    this.#records[slot]?.set(peer, record);
    return record;
  }

  #isNeutral({ cells, at }: { readonly cells: Uint8Array; readonly at: number }): boolean {
    for (let place = 0; place < this.#rules.byteLength; place += 1) if (cells[at + place] !== 0) return false;
    return true;
  }
}

function words({ cells, at }: { readonly cells: Uint8Array; readonly at: number }, size: number): string {
  return `[${cells.subarray(at, at + size)}]`;
}
