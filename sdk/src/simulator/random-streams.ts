/**
 * One random stream per concern, all derived from the run's seed by name: what one part draws never shifts
 * the numbers of another, so a run can be simplified (one fault less, one link cleaner) without becoming a different run.
 */
import { createRandom, type Random } from '../base/prng.js';
import { hashBytes } from '../base/state-hash.js';
import { encodeUtf8 } from '../base/utf8.js';
import { log } from '../state/math.js';

/** The seed of the stream called `name` in a run with `seed`: a signed 32-bit integer. */
export function streamSeed(seed: number, name: string): number {
  return hashBytes(encodeUtf8(name), seed | 0);
}

/** The stream called `name` in a run with `seed`. */
export function randomStream(seed: number, name: string): Random {
  return createRandom(streamSeed(seed, name));
}

/** A number from the exponential distribution with this mean; the least likely draw is 22 times the mean. */
export function exponential(random: Random, mean: number): number {
  return -log(1 - random.next()) * mean;
}

/** A number from `low` (included) to `high` (excluded), all equally likely. */
export function uniform(random: Random, low: number, high: number): number {
  return low + random.next() * (high - low);
}

/** One of `items`. */
export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.below(items.length)] as T;
}
