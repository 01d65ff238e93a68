/**
 * Own inputs: one reading per slot for each new frame of the match, written once into the log that everybody gets.
 *
 * The delay moves by one frame at a time. Raised, the last input is repeated and the reading goes one frame farther. Lowered, a reading
 * finds the log full: it waits and shares its frame with the next one. A button that changes in both would lose a
 * press: then the second change waits on, until a reading that changes nothing leaves room (see `mergeInto`).
 */
import type { InputDefinition } from '../state/definitions.js';
import type { SlotLog } from './slot-log.js';

/** What reading own inputs needs. */
export interface OwnInputsOptions<I> {
  readonly input: InputDefinition<I>;
  /** Logs of the slots that this peer owns. */
  readonly ownLogs: readonly SlotLog[];
  /** The delay to begin with. */
  readonly inputDelayFrames: number;
  readonly readInput: (slot: number, frame: number) => I;
  /** A value that `readInput` returned was out of range and was clamped. */
  readonly onClamped: (slot: number, frame: number, field: string) => void;
}

/** What is remembered of one own slot. */
interface OwnSlot {
  readonly log: SlotLog;
  /** Newest frame of the match that it was read for. */
  readFor: number;
  /** How often its log was taken up again when it was read last; -1: never read. */
  epoch: number;
  /** A reading that has no frame yet, if `waits`. */
  readonly waiting: Uint8Array;
  waits: boolean;
}

/** The inputs of the slots that this peer owns. */
export class OwnInputs<I> {
  /** The delay to move to, in frames. */
  wantedFrames: number;
  /** Something was read, or a frame begun without anything to read, that no packet has told yet. */
  hasUnsent = false;
  readonly #options: OwnInputsOptions<I>;
  /** One for each own log: a newcomer gets its logs later. */
  readonly #slots: OwnSlot[] = [];
  readonly #previous: Uint8Array;
  readonly #newest: Uint8Array;
  #delayFrames: number;
  /** Newest frame of the match that inputs were read for. */
  #frame = 0;

  constructor(options: OwnInputsOptions<I>) {
    const { input, ownLogs, inputDelayFrames } = options;
    this.#options = options;
    this.wantedFrames = inputDelayFrames;
    this.#delayFrames = inputDelayFrames;
    this.#previous = new Uint8Array(input.byteLength);
    this.#newest = new Uint8Array(input.byteLength);
    // Frames 1 to the delay are neutral.
    for (const log of ownLogs) log.received = inputDelayFrames;
  }

  /** Frames between reading an input and its effect, now. */
  get delayFrames(): number {
    return this.#delayFrames;
  }

  /** Reads what is due when `frame` is stepped: called again for the same frame, it reads nothing. */
  readFor(frame: number): void {
    if (this.wantedFrames !== this.#delayFrames && frame >= this.#frame) this.#moveDelay(frame > this.#frame);
    const { ownLogs } = this.#options;
    let plays = false;
    for (let index = 0; index < ownLogs.length; index += 1) {
      const slot = this.#slots[index] ?? this.#addSlot(index);
      if (slot.log.isActive) plays = true;
      this.#readSlot(slot, frame);
    }
    if (frame <= this.#frame) return;
    this.#frame = frame;
    if (!plays) this.hasUnsent = true;
  }

  #addSlot(index: number): OwnSlot {
    const log = this.#options.ownLogs[index] as SlotLog;
    const waiting = new Uint8Array(log.cells.cellBytes);
    const slot = { log, readFor: 0, epoch: log.epoch === 0 ? 0 : -1, waiting, waits: false };
    this.#slots.push(slot);
    return slot;
  }

  #readSlot(slot: OwnSlot, frame: number): void {
    const { log } = slot;
    const last = frame + this.#delayFrames;
    const goesOn = slot.epoch === log.epoch;
    if (!log.isActive || !goesOn) slot.waits = false;
    if (!log.isActive) return;
    if (log.received < last) {
      // A log that was taken up again begins with what is pressed now; one that goes on, with the last input.
      while (log.received < last - 1) {
        if (goesOn) this.#fill(slot);
        else this.#readNext(slot);
      }
      this.#readNext(slot);
      slot.epoch = log.epoch;
    } else if (goesOn && log.received === last && slot.readFor < frame) {
      this.#encode(log, slot.waiting, 0);
      slot.waits = true;
    }
    if (frame > slot.readFor) slot.readFor = frame;
  }

  /** Lowered only where a reading is due, and only if none waits: two never share the room of one. */
  #moveDelay(isNewFrame: boolean): void {
    if (this.wantedFrames > this.#delayFrames) this.#delayFrames += 1;
    else if (isNewFrame && this.#slots.every((slot) => !slot.waits)) this.#delayFrames -= 1;
  }

  /** A frame that the delay skips: what waits goes there, else the last input again. */
  #fill(slot: OwnSlot): void {
    const { log } = slot;
    if (slot.waits) log.append(slot.waiting, 0);
    else log.append(log.cells.bytes, log.cells.offsetOf(log.received));
    slot.waits = false;
    this.hasUnsent = true;
  }

  #readNext(slot: OwnSlot): void {
    const { log } = slot;
    if (slot.waits) this.#readMerged(slot);
    else this.#encode(log, log.cells.bytes, log.cells.offsetOf(log.received + 1));
    log.received += 1;
    this.hasUnsent = true;
  }

  /** Two readings for one frame. What of the newer one had to stand back waits on. */
  #readMerged(slot: OwnSlot): void {
    const { log, waiting } = slot;
    const { bytes, cellBytes } = log.cells;
    const newest = this.#newest;
    this.#encode(log, newest, 0);
    const at = log.cells.offsetOf(log.received);
    for (let index = 0; index < cellBytes; index += 1) this.#previous[index] = bytes[at + index] as number;
    const { input } = this.#options;
    if (input.mergeInto === undefined) waiting.set(newest);
    else input.mergeInto(this.#previous, waiting, newest);
    bytes.set(waiting, log.cells.offsetOf(log.received + 1));
    slot.waits = waiting.some((byte, index) => byte !== newest[index]);
    waiting.set(newest);
  }

  /** Asks for the input of the slot's next frame. */
  #encode(log: SlotLog, bytes: Uint8Array, offset: number): void {
    const { input, readInput, onClamped } = this.#options;
    const frame = log.received + 1;
    // The bits that no field covers must be zero, whatever was there before.
    for (let index = 0; index < log.cells.cellBytes; index += 1) bytes[offset + index] = 0;
    const field = input.encodeInto(readInput(log.slot, frame), bytes, offset);
    if (field !== undefined) onClamped(log.slot, frame, field);
  }
}
