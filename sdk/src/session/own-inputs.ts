/** Own inputs: each is read once, when the clock reaches its frame, and written into the log that everybody gets. */
import type { InputDefinition } from '../state/definitions.js';
import type { SlotLog } from './slot-log.js';

/** What reading own inputs needs. */
export interface OwnInputsOptions<I> {
  readonly input: InputDefinition<I>;
  /** Logs of the slots that this peer owns. */
  readonly ownLogs: readonly SlotLog[];
  readonly inputDelayFrames: number;
  readonly readInput: (slot: number, frame: number) => I;
  /** A value that `readInput` returned was out of range and was clamped. */
  readonly onClamped: (slot: number, frame: number, field: string) => void;
}

/** The inputs of the slots that this peer owns. */
export class OwnInputs<I> {
  readonly #options: OwnInputsOptions<I>;

  constructor(options: OwnInputsOptions<I>) {
    this.#options = options;
    // Frames 1 to the delay are neutral.
    for (const log of options.ownLogs) log.received = options.inputDelayFrames;
  }

  /** Frames between reading an input and its effect. */
  get delayFrames(): number {
    return this.#options.inputDelayFrames;
  }

  /** Reads what is due when `frame` is stepped: called again for the same frame, it reads nothing. */
  readFor(frame: number): void {
    const { ownLogs, inputDelayFrames } = this.#options;
    for (let index = 0; index < ownLogs.length; index += 1) {
      const log = ownLogs[index] as SlotLog;
      while (log.isActive && log.received < frame + inputDelayFrames) this.#readNext(log);
    }
  }

  #readNext(log: SlotLog): void {
    const { input, readInput, onClamped } = this.#options;
    const frame = log.received + 1;
    const value = readInput(log.slot, frame);
    const field = input.encodeInto(value, log.cells.bytes, log.cells.offsetOf(frame));
    log.received = frame;
    if (field !== undefined) onClamped(log.slot, frame, field);
  }
}
