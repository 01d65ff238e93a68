/**
 * A clock that stands still while this page sleeps.
 *
 * After a suspended laptop or a stopped process wakes, seconds have passed in which nobody could have been heard:
 * they say nothing about the others, whose packets wait in the queue behind the first timer that fires.
 */
import { ASLEEP_AFTER_MS } from './link-limits.js';

/** Turns readings of a monotonic clock into milliseconds awake. */
export class AwakeClock {
  #lastMs: number;
  #asleepMs = 0;

  /** @param nowMs the first reading, in milliseconds. */
  constructor(nowMs: number) {
    this.#lastMs = nowMs;
  }

  /**
   * Milliseconds awake, on the scale of `nowMs`. Call it at every sign that the page runs: a gap of more than
   * {@link ASLEEP_AFTER_MS} between two calls does not count. A reading older than the last one (taken at the start of
   * a frame, used at its end) gives the time of the last one.
   */
  read(nowMs: number): number {
    if (nowMs > this.#lastMs) {
      const gapMs = nowMs - this.#lastMs;
      if (gapMs > ASLEEP_AFTER_MS) this.#asleepMs += gapMs;
      this.#lastMs = nowMs;
    }
    return this.#lastMs - this.#asleepMs;
  }
}
