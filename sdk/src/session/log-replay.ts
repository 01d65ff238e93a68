/**
 * Coming back with an old state of one's own: what the frames since then were stepped with is taken from the members and stepped
 * again. The result must have the hash that the members name for that frame, else the old state was not of this match.
 */
import { LOG_FRAMES_KEPT } from '../base/limits.js';
import type { InputDefinition } from '../state/definitions.js';
import { decodeStepLog, type StepLog } from '../wire/step-log.js';
import type { HeldState } from './held-states.js';
import type { Simulation } from './simulation.js';
import { SLOT_STATES, type SlotLog } from './slot-log.js';

/** Frames of a log that may be overwritten while a rollback has the simulation go back. */
const SPARE_FRAMES = 128;

/** What the frames after `from` up to `to` were stepped with here; `undefined` if that is no longer known. */
export function collectStepLog(
  logs: readonly SlotLog[],
  about: { readonly from: number; readonly to: number; readonly simulated: number },
): StepLog | undefined {
  const { from, to, simulated } = about;
  const count = to - from;
  const { mask, cellBytes } = (logs[0] as SlotLog).used;
  // The frames that were simulated since overwrite the oldest ones.
  if (count < 0 || count > LOG_FRAMES_KEPT || simulated - from > mask - SPARE_FRAMES) return undefined;
  const slots = logs.map(({ used, played }) => {
    const states = new Uint8Array(count);
    const cells = new Uint8Array(count * cellBytes);
    for (let at = 0; at < count; at += 1) {
      const frame = from + 1 + at;
      states[at] = played[frame & mask] as number;
      const cell = used.offsetOf(frame);
      cells.set(used.bytes.subarray(cell, cell + cellBytes), at * cellBytes);
    }
    return { states, cells };
  });
  return { from, count, inputBytes: cellBytes, slots };
}

/** What a replay works on. */
export interface LogReplayOptions<S, I> {
  /** A fresh one; nobody else uses it before the replay is done. */
  readonly simulation: Simulation<S, I>;
  readonly input: InputDefinition<I>;
  readonly slotCount: number;
  readonly held: HeldState<S>;
  /** Frame of the manifest. */
  readonly frame: number;
}

/** One replay, some frames with each call. */
export class LogReplay<S, I> {
  readonly #simulation: Simulation<S, I>;
  readonly #log: StepLog | undefined;

  /** @param bytes the step log, as the members sent it */
  constructor(options: LogReplayOptions<S, I>, bytes: Uint8Array) {
    this.#simulation = options.simulation;
    const log = decodeStepLog(bytes);
    this.#log = log !== undefined && fits(log, options) ? log : undefined;
    if (this.#log === undefined) return;
    this.#simulation.resumeFrom(this.#log.from, options.held.copyTo);
    if (this.#log.count === 0) this.#simulation.settle();
  }

  /**
   * Steps at most so many frames.
   * @returns 'failed' if the log is not one of this game, or a step threw: the members have been through these frames, so the
   * state that it began with was another one
   */
  run(stepsMax: number): 'going' | 'done' | 'failed' {
    const log = this.#log;
    if (log === undefined) return 'failed';
    const last = log.from + log.count;
    try {
      for (let steps = 0; steps < stepsMax && this.#simulation.frame < last; steps += 1)
        this.#simulation.replay(log);
    } catch {
      return 'failed';
    }
    return this.#simulation.frame === last ? 'done' : 'going';
  }
}

function fits<S, I>(log: StepLog, { input, slotCount, held, frame }: LogReplayOptions<S, I>): boolean {
  const { from, count, inputBytes, slots } = log;
  if (from !== held.frame || from + count !== frame) return false;
  if (inputBytes !== input.byteLength || slots.length !== slotCount) return false;
  return slots.every(({ states, cells }) => {
    for (let at = 0; at < count; at += 1)
      if ((states[at] as number) >= SLOT_STATES.length || !input.isValid(cells, at * inputBytes))
        return false;
    return true;
  });
}
