/**
 * Golden hashes of `rollmesh/math`: one hash of result bits per function over many arguments. Takes the functions as
 * an argument and needs nothing but ES2022, so that Node and every browser compute the same thing.
 */
import { createRandom, type Random } from '../../sdk/src/base/prng.js';
import { hashWords } from '../../sdk/src/base/state-hash.js';
import type * as rollmeshMath from '../../sdk/src/state/math.js';

/** The functions under test. */
export type RollmeshMath = typeof rollmeshMath;

/** Arguments per function. */
export const GOLDEN_SAMPLES = 20_000;

/** The hashes every engine and processor must give; taken in Node 20 on x64. */
export const MATH_HASHES: Readonly<Record<string, number>> = Object.freeze({
  sin: 2605202012,
  cos: 2050262595,
  tan: 155483228,
  atan: 3903439027,
  exp: 2939982688,
  log: 1719768279,
  log2: 851672596,
  log10: 2867235047,
  cbrt: 246421711,
  sqrt: 1174786846,
  asin: 3896321049,
  acos: 3379828227,
  atan2: 1520784186,
  pow: 1515767074,
  hypot: 2521853423,
  sincosAt: 3026543738,
  sinTurn: 1535913942,
  atan2Turn: 3953515416,
  wrapAngle: 1986902656,
});

/** Hash of the results' bits, NaN made canonical, by function name. */
export function mathHashes(math: RollmeshMath): Record<string, number> {
  const hashes: Record<string, number> = {};
  for (const [name, compute] of Object.entries(samplersOf(math))) {
    const random = createRandom(0x5eed);
    const results = new Float64Array(GOLDEN_SAMPLES);
    for (let index = 0; index < GOLDEN_SAMPLES; index += 1) results[index] = compute(random, index);
    const words = new Int32Array(results.buffer);
    for (let index = 0; index < GOLDEN_SAMPLES; index += 1)
      if (Number.isNaN(results[index])) words.set([0, 0x7ff80000], index * 2);
    hashes[name] = hashWords(words) >>> 0;
  }
  return hashes;
}

const SPECIAL = [0, -0, 1, -1, 0.5, -0.5, Infinity, -Infinity, Number.NaN, 5e-324, -2.5e-308, 1.7e308, 1e-9];
const exponentBits = new Int32Array(2);
const exponentDouble = new Float64Array(exponentBits.buffer);

/** Numbers of every size: special ones first, then ordinary ones, then any exponent and fraction. */
export function anyDouble(random: Random, index: number): number {
  const special = SPECIAL[index];
  if (special !== undefined) return special;
  if (random.chance(0.5)) return (random.next() - 0.5) * 40;
  exponentBits[0] = random.below(4294967296) | 0;
  exponentBits[1] = random.below(4294967296) | 0;
  const value = exponentDouble[0] as number;
  return value - value === 0 ? value : 1;
}

type Sampler = (random: Random, index: number) => number;

function samplersOf(math: RollmeshMath): Record<string, Sampler> {
  const samplers: Record<string, Sampler> = {};
  for (const name of ['sin', 'cos', 'tan', 'atan', 'exp', 'log', 'log2', 'log10', 'cbrt', 'sqrt'] as const)
    samplers[name] = (random, index) => math[name](anyDouble(random, index));
  for (const name of ['asin', 'acos'] as const)
    samplers[name] = (random, index) =>
      math[name](index < 13 ? anyDouble(random, index) : random.next() * 2 - 1);
  for (const name of ['atan2', 'pow', 'hypot'] as const)
    samplers[name] = (random, index) =>
      math[name](anyDouble(random, index % 169), anyDouble(random, Math.floor(index / 13)));
  const pair = new Float64Array(3);
  samplers['sincosAt'] = (random, index) => {
    pair[0] = anyDouble(random, index);
    math.sincosAt(pair, 0, pair, 1);
    return (pair[1] as number) + 3 * (pair[2] as number);
  };
  samplers['sinTurn'] = (_random, index) => math.sinTurn(index * 7) + 3 * math.cosTurn(index * 7);
  samplers['atan2Turn'] = (random) => math.atan2Turn(random.next() - 0.5, random.next() - 0.5);
  samplers['wrapAngle'] = (random) => math.wrapAngle((random.next() - 0.5) * 100);
  return samplers;
}
