/**
 * Seeded random numbers whose whole state is one 32-bit word in somebody else's buffer,
 * so that saving and rolling back the buffer also rolls back the random stream.
 *
 * Algorithm: splitmix32, the 32-bit form of Steele, Lea and Flood's SplitMix (OOPSLA 2014)
 * with the finaliser constants found by Chris Wellon's "lowbias32" search.
 */

// Looked up once: inside a test runner's context each look-up of a global is slow.
const imul = Math.imul;
/** What each draw adds to the state. */
const STEP = 0x9e3779b9;

/** The generator given to game code. Same state, same numbers, in every engine. */
export interface Random {
  /** A number in [0, 1), a multiple of 2^-32. */
  next(): number;
  /** An integer in [0, n). `n` is an integer from 1 to 2^32. */
  below(n: number): number;
  /** True with probability `p` (0 to 1). */
  chance(p: number): boolean;
}

/** Advances the word at `index` and returns 32 random bits as a signed integer. */
export function nextInt32(words: Int32Array, index: number): number {
  const state = ((words[index] as number) + STEP) | 0;
  words[index] = state;
  let z = state ^ (state >>> 16);
  z = imul(z, 0x21f0aaad);
  z ^= z >>> 15;
  z = imul(z, 0x735a2d97);
  return z ^ (z >>> 15);
}

/** A {@link Random} over one word of `words`; the word may be overwritten at any time (a rollback does that). */
export class WordRandom implements Random {
  readonly #words: Int32Array;
  readonly #index: number;

  constructor(words: Int32Array, index = 0) {
    this.#words = words;
    this.#index = index;
  }

  next(): number {
    return (nextInt32(this.#words, this.#index) >>> 0) / 4294967296;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  chance(p: number): boolean {
    if (p <= 0) {
      // A number is drawn all the same; which one does not matter.
      const index = this.#index;
      this.#words[index] = ((this.#words[index] as number) + STEP) | 0;
      return false;
    }
    return this.next() < p;
  }
}

/** A stand-alone generator, for tests, simulators and bots. `seed` is taken modulo 2^32. */
export function createRandom(seed: number): Random {
  return new WordRandom(new Int32Array([seed | 0]));
}
