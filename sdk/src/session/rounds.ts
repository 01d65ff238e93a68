/**
 * Rounds of the ballots of one view. A higher round wins, so whoever named a very high one would leave none to the others. None
 * above a bound is taken: it rises with time, faster than honest voters ever propose, and alike for all, so that what one of
 * them may propose the others take, those that came into the view later a little later.
 */

/** What may be named at once. */
const ROUNDS_FIRST = 1024;
/** What may be named more with each second. Proposals that are rejected follow each other by 100 ms. */
const ROUNDS_PER_SECOND = 256;

/** The highest round seen, and the highest that is believed. */
export class Rounds {
  #seen = 0;
  /** When this view was first looked at; -1: not yet. */
  #sinceMs = -1;

  /** Another view begins. */
  reset(): void {
    this.#seen = 0;
    this.#sinceMs = -1;
  }

  #most(nowMs: number): number {
    if (this.#sinceMs < 0) this.#sinceMs = nowMs;
    return ROUNDS_FIRST + Math.floor(((nowMs - this.#sinceMs) / 1000) * ROUNDS_PER_SECOND);
  }

  /** A message names a round. @returns false if it is not believed */
  note(round: number, nowMs: number): boolean {
    if (round > this.#most(nowMs)) return false;
    if (round > this.#seen) this.#seen = round;
    return true;
  }

  /** True if there is a round above all that were seen. */
  hasNext(nowMs: number): boolean {
    return this.#seen < this.#most(nowMs);
  }

  /** A round above all that were seen. */
  next(): number {
    this.#seen += 1;
    return this.#seen;
  }
}
