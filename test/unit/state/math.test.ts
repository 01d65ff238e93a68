import * as rollmeshMath from 'rollmesh/math';
import { anyDouble, GOLDEN_SAMPLES, MATH_HASHES, mathHashes } from '../../support/math-golden.js';

/** A plain object, so that tests can name functions by their strings. */
const math = { ...rollmeshMath };

test('results have the same bits everywhere', () => {
  expect(mathHashes(math)).toEqual(MATH_HASHES);
});

/** Distance of two doubles in units in the last place of `exact`. */
function ulps(given: number, exact: number): number {
  if (Object.is(given, exact) || given === exact) return 0;
  if (Number.isNaN(given) || Number.isNaN(exact)) return Infinity;
  const size = Math.abs(exact);
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, size);
  const lower = bits.getBigUint64(0);
  bits.setBigUint64(0, lower === 0n ? 1n : lower - 1n);
  return Math.abs(given - exact) / Math.abs(size - bits.getFloat64(0));
}

const UNARY = [
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'exp',
  'log',
  'log2',
  'log10',
  'cbrt',
  'sqrt',
] as const;
const BINARY = ['atan2', 'pow', 'hypot'] as const;

// Math of the engine is itself off by up to 1 or 2 (V8's pow by 3); errors against exact values are in docs/determinism.md.
test.each(UNARY)('%s is within 4 units in the last place of the engine', (name) => {
  const random = math.createRandom(99);
  let worst = 0;
  for (let index = 0; index < GOLDEN_SAMPLES; index += 1) {
    const inRange = name === 'asin' || name === 'acos' ? random.next() * 2 - 1 : anyDouble(random, index);
    worst = Math.max(worst, ulps(math[name](inRange), Math[name](inRange)));
  }
  expect(worst).toBeLessThanOrEqual(4);
});

test.each(BINARY)('%s is within 4 units in the last place of the engine', (name) => {
  const random = math.createRandom(98);
  let worst = 0;
  for (let index = 0; index < GOLDEN_SAMPLES; index += 1) {
    const a = anyDouble(random, 13) / (random.chance(0.5) ? 1 : 40);
    const b = anyDouble(random, 13);
    worst = Math.max(worst, ulps(math[name](a, b), Math[name](a, b)));
  }
  expect(worst).toBeLessThanOrEqual(4);
});

const SPECIAL = [
  0,
  -0,
  1,
  -1,
  2,
  -2,
  3,
  0.5,
  -0.5,
  Infinity,
  -Infinity,
  Number.NaN,
  5e-324,
  1.7976931348623157e308,
];

test.each(UNARY)('%s treats zeros, infinities, NaN and ends of ranges as Math does', (name) => {
  for (const x of SPECIAL) {
    const expected = Math[name](x);
    const given = math[name](x);
    if (expected === 0 || !Number.isFinite(expected)) expect([x, given]).toEqual([x, expected]);
    else expect([x, ulps(given, expected) <= 2]).toEqual([x, true]);
  }
});

test.each(BINARY)('%s treats zeros, infinities and NaN as Math does', (name) => {
  for (const a of SPECIAL) {
    for (const b of SPECIAL) {
      const expected = Math[name](a, b);
      const given = math[name](a, b);
      if (expected === 0 || !Number.isFinite(expected)) expect([a, b, given]).toEqual([a, b, expected]);
      else expect([a, b, ulps(given, expected) <= 2]).toEqual([a, b, true]);
    }
  }
});

test('multiples of a quarter turn keep full precision, near and far', () => {
  // Exact values from 1,300-bit arithmetic.
  expect(math.sin(Math.PI)).toBe(1.2246467991473532e-16);
  expect(math.cos(Math.PI / 2)).toBe(6.123233995736766e-17);
  expect(math.sin(1e22)).toBe(-0.8522008497671888);
  expect(math.cos(6381956970095103 * 2 ** 797)).toBe(-4.687165924254628e-19);
  expect(math.sin(-1647099)).toBe(-math.sin(1647099));
  expect(ulps(math.sin(1647100), Math.sin(1647100))).toBeLessThanOrEqual(1);
});

test('whole powers that fit are exact', () => {
  for (let base = -12; base <= 12; base += 1) {
    let exact = 1;
    for (let power = 0; power <= 12; power += 1) {
      expect(math.pow(base, power)).toBe(exact);
      exact *= base;
    }
  }
  expect([-1074, -1022, -1, 10, 1023].map((power) => math.log2(math.pow(2, power)))).toEqual([
    -1074, -1022, -1, 10, 1023,
  ]);
});

test('hypot neither overflows nor loses small vectors', () => {
  expect(math.hypot(3, 4)).toBe(5);
  expect(math.hypot(2, 3, 6)).toBe(7);
  expect(math.hypot(3 * 2 ** 700, 4 * 2 ** 700)).toBe(5 * 2 ** 700);
  expect(math.hypot(-3 * 2 ** -700, 4 * 2 ** -700)).toBe(5 * 2 ** -700);
  expect(math.hypot(Infinity, Number.NaN)).toBe(Infinity);
  expect(math.hypot(0, -0)).toBe(0);
});

test('sincosAt gives the bits of sin and cos, also in place', () => {
  const random = math.createRandom(5);
  const values = new Float64Array(3);
  const different: number[] = [];
  for (let index = 0; index < 5000; index += 1) {
    const angle = anyDouble(random, index);
    values[1] = angle;
    math.sincosAt(values, 1, values, 1);
    if (!Object.is(values[1], math.sin(angle)) || !Object.is(values[2], math.cos(angle)))
      different.push(angle);
  }
  expect(different).toEqual([]);
});

test('integer angles are exact at quarter turns, symmetrical, and wrap', () => {
  expect([0, 16384, 32768, 49152].map((steps) => math.sinTurn(steps))).toEqual([0, 1, 0, -1]);
  expect([0, 16384, 32768, 49152].map((steps) => math.cosTurn(steps))).toEqual([1, 0, -1, 0]);
  expect(math.sinTurn(8192)).toBe(math.cosTurn(8192));
  const out = new Float64Array(2);
  const wrong: number[] = [];
  for (let steps = -70000; steps < 140000; steps += 37) {
    math.sincosTurn(steps, out, 0);
    const isSame = out[0] === math.sinTurn(steps + 65536) && out[1] === math.cosTurn(steps + 65536);
    const isNear = Math.abs(math.sinTurn(steps) - math.sin((steps * Math.PI) / 32768)) < 3e-15;
    if (!isSame || !isNear) wrong.push(steps);
  }
  expect(wrong).toEqual([]);
});

test('atan2Turn finds the angle that sinTurn and cosTurn came from', () => {
  const wrong: number[] = [];
  for (let steps = 0; steps < 65536; steps += 1)
    if (math.atan2Turn(math.sinTurn(steps), math.cosTurn(steps)) !== steps) wrong.push(steps);
  expect(wrong).toEqual([]);
  expect(math.atan2Turn(0, 0)).toBe(0);
  expect(math.turnDifference(65000, 100)).toBe(636);
  expect(math.turnDifference(100, 65000)).toBe(-636);
  expect(math.turnDifference(0, 32768)).toBe(-32768);
});

test('wrapAngle, lerp and clamp', () => {
  expect(math.wrapAngle(Math.PI)).toBe(-Math.PI);
  expect(math.wrapAngle(-Math.PI)).toBe(-Math.PI);
  expect(math.wrapAngle(3)).toBe(3);
  expect(math.wrapAngle(7)).toBeCloseTo(7 - 2 * Math.PI, 14);
  const random = math.createRandom(3);
  const outside: number[] = [];
  for (let index = 0; index < 2000; index += 1) {
    const wrapped = math.wrapAngle((random.next() - 0.5) * 1000);
    if (!(wrapped >= -Math.PI && wrapped < Math.PI)) outside.push(wrapped);
  }
  expect(outside).toEqual([]);
  expect([math.lerp(2, 6, 0), math.lerp(2, 6, 0.25), math.lerp(2, 6, 1)]).toEqual([2, 3, 6]);
  expect([math.clamp(-5, 0, 1), math.clamp(0.5, 0, 1), math.clamp(9, 0, 1)]).toEqual([0, 0.5, 1]);
});
