/** One peer's own clock: it starts anywhere, may run fast or slow, and never goes back. */
import { US_PER_MS } from './virtual-clock.js';

/** Turns virtual time into the milliseconds that one peer reads. */
export class NodeClock {
  #baseMs: number;
  #baseUs = 0;
  #rate = 1;

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
    return this.#baseMs + ((nowUs - this.#baseUs) / US_PER_MS) * this.#rate;
  }

  /** From `nowUs` on the clock gains `ppm` parts per million. */
  drift(nowUs: number, ppm: number): void {
    this.#baseMs = this.readMs(nowUs);
    this.#baseUs = nowUs;
    this.#rate = 1 + ppm / 1_000_000;
  }
}
