/** What every owner really read, noted outside the sessions: the truth that confirmed inputs are held against. */

/** Frames of inputs kept per slot, a power of two: more than any session keeps itself. */
const FRAMES_KEPT = 4096;

interface SlotRecord {
  owner: number;
  readonly cells: Uint8Array;
  /** Frame that each cell is of, -1 if none. */
  readonly frames: Int32Array;
  /** First frame that was ever read, -1 before. */
  firstFrame: number;
}

/** The inputs of all slots. */
export class InputRecords {
  readonly #cellBytes: number;
  readonly #slots: readonly SlotRecord[];
  readonly #unheld: ReadonlySet<number>;

  /**
   * @param owners slot -> index of the peer that owns it
   * @param unheld owners whose inputs are held against nothing: they say different things to different peers
   */
  constructor(owners: readonly number[], cellBytes: number, unheld: ReadonlySet<number> = new Set()) {
    this.#unheld = unheld;
    this.#cellBytes = cellBytes;
    this.#slots = owners.map((owner) => ({
      owner,
      cells: new Uint8Array(FRAMES_KEPT * cellBytes),
      frames: new Int32Array(FRAMES_KEPT).fill(-1),
      firstFrame: -1,
    }));
  }

  /** A peer has these slots from now on. */
  seated(peer: number, slots: readonly number[]): void {
    for (const slot of slots) {
      const record = this.#slots[slot];
      if (record !== undefined) record.owner = peer;
    }
  }

  /** Notes what `peer` read for `slot` and `frame`; says what is wrong with asking for it, if anything. */
  note(
    reading: { readonly peer: number; readonly slot: number; readonly frame: number },
    cell: Uint8Array,
  ): string | undefined {
    const { peer, slot, frame } = reading;
    const record = this.#slots[slot];
    if (record === undefined || record.owner !== peer)
      return `readInput(${slot}, ${frame}) for a slot it does not own`;
    const index = frame & (FRAMES_KEPT - 1);
    if (record.frames[index] === frame) return `readInput(${slot}, ${frame}) a second time`;
    record.frames[index] = frame;
    record.cells.set(cell, index * this.#cellBytes);
    if (record.firstFrame < 0) record.firstFrame = frame;
    return undefined;
  }

  /**
   * Compares a confirmed cell with what its owner read: neutral for frames before the first one read.
   * `undefined` if it is right or too old to tell.
   */
  problemWith(
    slot: number,
    frame: number,
    confirmed: { readonly cells: Uint8Array; readonly at: number },
  ): string | undefined {
    const record = this.#slots[slot];
    const size = this.#cellBytes;
    const words = (): string => `[${confirmed.cells.subarray(confirmed.at, confirmed.at + size)}]`;
    if (record === undefined)
      return this.#isNeutral(confirmed) ? undefined : `slot ${slot} has no player, yet an input`;
    if (this.#unheld.has(record.owner)) return undefined;
    const index = frame & (FRAMES_KEPT - 1);
    const known = record.frames[index] as number;
    if (known > frame) return undefined;
    if (known === frame) {
      const { cells, at } = confirmed;
      for (let place = 0; place < size; place += 1) {
        if (record.cells[index * size + place] === cells[at + place]) continue;
        const read = record.cells.subarray(index * size, (index + 1) * size);
        return `slot ${slot}: its owner read [${read}], confirmed is ${words()}`;
      }
      return undefined;
    }
    if (record.firstFrame >= 0 && frame >= record.firstFrame)
      return `slot ${slot}: confirmed, but its owner never read it`;
    return this.#isNeutral(confirmed)
      ? undefined
      : `slot ${slot}: not neutral before the first input was read: ${words()}`;
  }

  #isNeutral({ cells, at }: { readonly cells: Uint8Array; readonly at: number }): boolean {
    for (let place = 0; place < this.#cellBytes; place += 1) if (cells[at + place] !== 0) return false;
    return true;
  }
}
