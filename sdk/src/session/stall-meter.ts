/** Counts rollbacks and stalls for the statistics. Takes the clock, not the time: a time that is passed on in each frame may be boxed. */
import { DOUBLE_ZERO } from '../base/doubles.js';

/** Where the time is read. */
interface Clock {
  readonly nowMs: number;
}

/** What the session counts about itself. */
export interface SessionCounters {
  rollbacks: number;
  rollbackFrames: number;
  rollbackFramesMax: number;
  stalls: number;
  stalledMs: number;
  stallMsMax: number;
}

/** What changed in a stall. */
export type StallChange = 'none' | 'began' | 'ended';

/**
 * A stall lasts from the first advance that could not step a due frame to the first that stepped all of them. Frames may trickle meanwhile:
 * the longest wait is the longest time without any.
 */
export class StallMeter {
  readonly counters: SessionCounters = {
    rollbacks: 0,
    rollbackFrames: 0,
    rollbackFramesMax: 0,
    stalls: 0,
    stalledMs: 0,
    stallMsMax: 0,
  };
  #stalledSinceMs: number = Number.NEGATIVE_INFINITY;
  /** When the match stood last: the beginning of the stall, or the newest frame in it. */
  #stoodSinceMs: number = DOUBLE_ZERO;
  /** How long the match has waited by now, ms; 0 if it does not. */
  stalledFor(clock: Clock): number {
    return this.#stalledSinceMs < 0 ? 0 : clock.nowMs - this.#stalledSinceMs;
  }

  /** Length of the last finished stall, ms. */
  lastStallMs: number = DOUBLE_ZERO;

  /** Notes one advance. */
  note(stalled: boolean, stepped: boolean, clock: Clock): StallChange {
    if (stalled) {
      if (this.#stalledSinceMs >= 0) {
        if (stepped) this.#endWait(clock);
        return 'none';
      }
      this.#stalledSinceMs = clock.nowMs;
      this.#stoodSinceMs = clock.nowMs;
      this.counters.stalls += 1;
      return 'began';
    }
    if (this.#stalledSinceMs < 0 || !stepped) return 'none';
    this.lastStallMs = clock.nowMs - this.#stalledSinceMs;
    this.#stalledSinceMs = Number.NEGATIVE_INFINITY;
    this.counters.stalledMs += this.lastStallMs;
    this.#endWait(clock);
    return 'ended';
  }

  #endWait(clock: Clock): void {
    this.counters.stallMsMax = Math.max(this.counters.stallMsMax, clock.nowMs - this.#stoodSinceMs);
    this.#stoodSinceMs = clock.nowMs;
  }

  /** Notes one rollback of `depth` frames. */
  noteRollback(depth: number): void {
    this.counters.rollbacks += 1;
    this.counters.rollbackFramesMax = Math.max(this.counters.rollbackFramesMax, depth);
  }
}
