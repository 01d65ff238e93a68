/** When a peer stood still, waiting for others: what a liar may cost is a share of time, however many stalls it takes. */

/** Stalls of one peer, in virtual ms. */
export class StallTimes {
  readonly #ended: { readonly fromMs: number; readonly toMs: number }[] = [];
  #sinceMs = -1;

  began(nowMs: number): void {
    if (this.#sinceMs < 0) this.#sinceMs = nowMs;
  }

  ended(nowMs: number): void {
    if (this.#sinceMs >= 0) this.#ended.push({ fromMs: this.#sinceMs, toMs: nowMs });
    this.#sinceMs = -1;
  }

  /** Time stood still between two times, in ms; a stall that goes on counts up to `toMs`. */
  within(fromMs: number, toMs: number): number {
    const open = this.#sinceMs < 0 ? [] : [{ fromMs: this.#sinceMs, toMs }];
    return [...this.#ended, ...open].reduce(
      (sum, stall) => sum + Math.max(0, Math.min(stall.toMs, toMs) - Math.max(stall.fromMs, fromMs)),
      0,
    );
  }
}
