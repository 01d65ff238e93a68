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
   * {@link ASLEEP_AFTER_MS} between two calls does not count. Readings that go backwards stand still.
   */
  read(nowMs: number): number {
    const gapMs = nowMs - this.#lastMs;
    if (gapMs > ASLEEP_AFTER_MS) this.#asleepMs += gapMs;
    else if (gapMs < 0) this.#asleepMs += gapMs;
    this.#lastMs = nowMs;
    return nowMs - this.#asleepMs;
  }
}
