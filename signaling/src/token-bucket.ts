/** A token bucket: lets `burst` through at once and `perSecond` in the long run. */
import type { Rate } from './limits.js';

/** Time is given by the caller, in milliseconds, monotonic. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #filledMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledMs = nowMs;
  }

  /** Takes `count` tokens; false, and nothing taken, if there are not that many. */
  take(nowMs: number, count = 1): boolean {
    this.#fill(nowMs);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /** How long until `count` tokens are there, in whole milliseconds. */
  waitMs(nowMs: number, count = 1): number {
    this.#fill(nowMs);
    return Math.max(0, Math.ceil(((count - this.#tokens) / this.#rate.perSecond) * 1000));
  }

  /** True if nothing is missing: such a bucket may be forgotten. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens >= this.#rate.burst;
  }

  #fill(nowMs: number): void {
    const gained = ((nowMs - this.#filledMs) / 1000) * this.#rate.perSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + Math.max(0, gained));
    this.#filledMs = nowMs;
  }
}
