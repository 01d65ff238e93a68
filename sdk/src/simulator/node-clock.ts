/** One peer's own clock: it starts anywhere and may run fast or slow, jump, and stand still while the machine sleeps. */
import { US_PER_MS } from './virtual-clock.js';

/** Turns virtual time into the milliseconds that one peer reads. */
export class NodeClock {
  #baseMs: number;
  #baseUs = 0;
  #rate = 1;
  #isStopped = false;

  /** @param originMs what the clock shows at virtual time 0. */
  constructor(originMs: number) {
    this.#baseMs = originMs;
  }

  /** How fast this clock runs, 1 being true. */
  get rate(): number {
    return this.#rate;
  }

  /** What this clock shows at a virtual time, in ms. */
  readMs(nowUs: number): number {
    if (this.#isStopped) return this.#baseMs;
    return this.#baseMs + ((nowUs - this.#baseUs) / US_PER_MS) * this.#rate;
  }

  /** From `nowUs` on the clock gains `ppm` parts per million. */
  drift(nowUs: number, ppm: number): void {
    this.#rebase(nowUs, 0);
    this.#rate = 1 + ppm / 1_000_000;
  }

  /** The clock shows `byMs` more (or less, if negative) from now on. */
  jump(nowUs: number, byMs: number): void {
    this.#rebase(nowUs, byMs);
  }

  /** The clock stands still, or goes on from where it stood. */
  stop(nowUs: number, isStopped: boolean): void {
    this.#rebase(nowUs, 0);
    this.#isStopped = isStopped;
  }

  #rebase(nowUs: number, byMs: number): void {
    this.#baseMs = this.readMs(nowUs) + byMs;
    this.#baseUs = nowUs;
  }
}
