/** The random stream of a game: golden values, so that no engine and no release ever changes it. */
import { createRandom, nextInt32, WordRandom } from '../../../sdk/src/base/prng.js';

/** Computed with unbounded integers by a separate program. */
const GOLDEN: readonly [seed: number, values: readonly number[]][] = [
  [0, [0x64625032, 0xd9c0799c, 0xaf362e10, 0x7fa88912, 0xc4671b39]],
  [1, [0x5e2d1772, 0x14e498f0, 0xd20ea1fd, 0xb382f339, 0x2660b860]],
  [0xdeadbeef, [0x02c137b9, 0x1220ef43, 0x65ff1ee2, 0xa075ce1f, 0xf44a515f]],
  [0xffffffff, [0xeb721c8a, 0xffe8bd34, 0x4da2a8ce, 0xa4a5cc85, 0xc85a6be7]],
];

test.each(GOLDEN)('seed %i gives its golden values', (seed, values) => {
  const words = new Int32Array([seed | 0]);
  expect(values.map(() => nextInt32(words, 0) >>> 0)).toEqual(values);
});

test('next is in [0, 1) and a multiple of 2^-32', () => {
  const random = createRandom(3);
  const wrong: number[] = [];
  for (let draw = 0; draw < 1000; draw += 1) {
    const value = random.next();
    if (!(value >= 0 && value < 1 && Number.isInteger(value * 2 ** 32))) wrong.push(value);
  }
  expect(wrong).toEqual([]);
});

test('below gives every integer under n and no other', () => {
  const random = createRandom(11);
  const seen = new Map<number, number>();
  for (let draw = 0; draw < 6000; draw += 1) {
    const value = random.below(6);
    seen.set(value, (seen.get(value) ?? 0) + 1);
  }
  expect([...seen.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  // 1000 expected of each; 200 away is nearly seven standard deviations.
  for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(200);
  expect(random.below(1)).toBe(0);
  const wide = random.below(2 ** 32);
  expect(Number.isInteger(wide) && wide >= 0 && wide < 2 ** 32).toBe(true);
});

test('chance is never true at 0, always at 1, and often enough between', () => {
  const random = createRandom(5);
  let [hits, never, always] = [0, 0, 0];
  for (let draw = 0; draw < 4000; draw += 1) {
    if (random.chance(0)) never += 1;
    if (random.chance(1)) always += 1;
    if (random.chance(0.25)) hits += 1;
  }
  expect([never, always]).toEqual([0, 4000]);
  expect(Math.abs(hits - 1000)).toBeLessThan(200);
});

test('putting the word back repeats the stream, so a rollback rolls back the dice', () => {
  const words = new Int32Array([9, 42, 9]);
  const random = new WordRandom(words, 1);
  random.next();
  const saved = words[1] as number;
  const drawn = [random.next(), random.below(100), random.next()];
  words[1] = saved;
  expect([random.next(), random.below(100), random.next()]).toEqual(drawn);
  expect([words[0], words[2]]).toEqual([9, 9]);
});

test('a seed is taken modulo 2^32', () => {
  expect(createRandom(2 ** 32 + 5).next()).toBe(createRandom(5).next());
  expect(createRandom(-1).next()).toBe(createRandom(2 ** 32 - 1).next());
});

test('a chance of nothing is not taken even by the lowest number of all', () => {
  // The state that the step of the generator takes to zero, whose number is zero.
  const words = Int32Array.from([-0x9e3779b9 | 0]);
  expect(new WordRandom(words).next()).toBe(0);
  expect(new WordRandom(Int32Array.from([-0x9e3779b9 | 0])).chance(0)).toBe(false);
});

test('neighbouring seeds give different numbers', () => {
  const firsts = Array.from({ length: 64 }, (_, seed) => createRandom(seed).next());
  expect(new Set(firsts).size).toBe(64);
});
