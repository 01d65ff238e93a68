/**
 * Exponentials, logarithms, powers and roots from + - * / and sqrt alone: the same bits in every engine.
 *
 * The polynomials and the splitting of log2 and exp are those of fdlibm, whose notice asks to be kept: Copyright (C)
 * 1993 by Sun Microsystems, Inc. All rights reserved. Permission to use, copy, modify, and distribute this software
 * is freely granted, provided that this notice is preserved.
 */
import { fromWords, highWord, lowWord, scaleByPowerOf2, upperHalf } from './math-words.js';

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** Adding and subtracting this rounds a double below 2^51 to a whole number. */
const ROUND = 6755399441055744;
const TWO_54 = 18014398509481984;
const MIN_NORMAL = 2.2250738585072014e-308;

/** The square root, correctly rounded. */
export function sqrt(x: number): number {
  return Math.sqrt(x);
}

/** e to the power of `x`. Error below 1 unit in the last place. */
export function exp(x: number): number {
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019412) return 0;
  if (Number.isNaN(x)) return x;
  const exponent = x * Math.LOG2E + ROUND - ROUND;
  const high = x - exponent * LN2_HIGH;
  const low = exponent * LN2_LOW;
  const rest = high - low;
  const c = rest - expSeries(rest * rest);
  return scaleByPowerOf2(1 + ((rest * c) / (2 - c) - low + high), exponent);
}

/** The even part of the rational form of exp, for t = x^2. */
function expSeries(t: number): number {
  return (
    t *
    (0.16666666666666602 +
      t *
        (-0.0027777777777015593 +
          t * (6.613756321437934e-5 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8))))
  );
}

/** Natural logarithm. Error below 0.8 units in the last place. Negative: NaN; zero: -Infinity. */
export function log(x: number): number {
  if (!(x > 0 && x < Infinity)) return logOfSpecial(x);
  const exponent = exponentNearSqrtHalf(x);
  const f = scaleByPowerOf2(x, -exponent) - 1;
  const half = 0.5 * f * f;
  const s = f / (2 + f);
  return s * (half + logSeries(s * s)) + exponent * LN2_LOW - half + f + exponent * LN2_HIGH;
}

/** Logarithm to base 2; exact for powers of two. Error below 1 unit in the last place. */
export function log2(x: number): number {
  if (!(x > 0 && x < Infinity)) return logOfSpecial(x);
  const exponent = exponentNearSqrtHalf(x);
  const f = scaleByPowerOf2(x, -exponent) - 1;
  const half = 0.5 * f * f;
  const s = f / (2 + f);
  const high = upperHalf(f - half);
  const low = f - high - half + s * (half + logSeries(s * s));
  const main = high * LOG2_E_HIGH;
  const sum = exponent + main;
  return (low + high) * LOG2_E_LOW + low * LOG2_E_HIGH + (exponent - sum + main) + sum;
}

/** Logarithm to base 10. Error below 1 unit in the last place. */
export function log10(x: number): number {
  if (!(x > 0 && x < Infinity)) return logOfSpecial(x);
  const exponent = exponentNearSqrtHalf(x);
  const f = scaleByPowerOf2(x, -exponent) - 1;
  const half = 0.5 * f * f;
  const s = f / (2 + f);
  const high = upperHalf(f - half);
  const low = f - high - half + s * (half + logSeries(s * s));
  const main = high * LOG10_E_HIGH;
  const whole = exponent * LOG10_2_HIGH;
  const sum = whole + main;
  const rest = exponent * LOG10_2_LOW + (low + high) * LOG10_E_LOW + low * LOG10_E_HIGH;
  return rest + (whole - sum + main) + sum;
}

const LOG2_E_HIGH = 1.4426950407214463;
const LOG2_E_LOW = 1.6751713164886512e-10;
const LOG10_E_HIGH = 0.4342944818781689;
const LOG10_E_LOW = 2.5082946711645275e-11;
const LOG10_2_HIGH = 0.30102999566361177;
const LOG10_2_LOW = 3.694239077158931e-13;

function logOfSpecial(x: number): number {
  if (x === 0) return -Infinity;
  return x < 0 ? (x - x) / 0 : x;
}

/** The power of two that brings positive finite `x` to between sqrt(1/2) and sqrt(2). */
function exponentNearSqrtHalf(x: number): number {
  if (x < MIN_NORMAL) return ((highWord(x * TWO_54) + 0x95f62) >> 20) - 1023 - 54;
  return ((highWord(x) + 0x95f62) >> 20) - 1023;
}

/** The series of log(1 + f) in z = (f / (2 + f))^2. */
function logSeries(z: number): number {
  const w = z * z;
  const even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const odd =
    z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  return odd + even;
}

/**
 * `x` to the power of `y`, with the special cases of `Math.pow`. Error below 1 unit in the last place.
 * For whole small powers write the product: it is exact in the same way and much faster.
 */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (Number.isNaN(x) || Number.isNaN(y)) return x + y;
  const size = Math.abs(x);
  const isWhole = Math.floor(y) === y;
  const isOdd = isWhole && Math.abs(y) < 9007199254740992 && Math.abs(y % 2) === 1;
  const sign = isOdd && (x < 0 || Object.is(x, -0)) ? -1 : 1;
  if (Math.abs(y) === Infinity) {
    if (size === 1) return y - y;
    return size > 1 === y > 0 ? Infinity : 0;
  }
  if (size === 0 || size === Infinity) return sign * (size > 1 === y > 0 ? Infinity : 0);
  if (x < 0 && !isWhole) return (x - x) / (x - x);
  if (size === 1) return sign;
  return sign * powPositive(size, y);
}

const LN2_UPPER = 0.6931471824645996;
const LN2_REST = -1.904654299957768e-9;
/** 2 / (3 ln 2), and its upper half and rest. */
const CP = 0.9617966939259756;
const CP_UPPER = 0.9617967009544373;
const CP_REST = -7.028461650952758e-9;
/** log2(1.5), upper half and rest. */
const LOG2_1_5_UPPER = 0.5849624872207642;
const LOG2_1_5_REST = 1.350039202129749e-8;

/** x^y for positive finite x other than 1 and finite y other than 0: 2^(y * log2 x), log2 x in two doubles. */
function powPositive(x: number, y: number): number {
  let exponent = 0;
  let scaled = x;
  if (x < MIN_NORMAL) {
    scaled = x * TWO_54;
    exponent = -54;
  }
  let high = highWord(scaled);
  exponent += (high >> 20) - 1023;
  const fraction = high & 0xfffff;
  high = fraction | 0x3ff00000;
  // Near 1, 1.5 or (of the next power) 1.
  const isMiddle = fraction > 0x3988e && fraction < 0xbb67a;
  if (fraction >= 0xbb67a) {
    exponent += 1;
    high -= 0x100000;
  }
  const base = isMiddle ? 1.5 : 1;
  const m = fromWords(high, lowWord(scaled));
  const u = m - base;
  const v = 1 / (m + base);
  const s = u * v;
  const sUpper = upperHalf(s);
  const tUpper = fromWords(((high >> 1) | 0x20000000) + 0x80000 + (isMiddle ? 0x40000 : 0), 0);
  const tRest = m - (tUpper - base);
  const sRest = v * (u - sUpper * tUpper - sUpper * tRest);
  const square = s * s;
  const series = square * square * pow2Series(square) + sRest * (sUpper + s);
  const upperSquare = sUpper * sUpper;
  const sum = upperHalf(3 + upperSquare + series);
  const sumRest = series - (sum - 3 - upperSquare);
  const a = sUpper * sum;
  const b = sRest * sum + sumRest * s;
  const p = upperHalf(a + b);
  const pRest = b - (p - a);
  const z = CP_UPPER * p;
  const zRest = CP_REST * p + pRest * CP + (isMiddle ? LOG2_1_5_REST : 0);
  const offset = isMiddle ? LOG2_1_5_UPPER : 0;
  const logUpper = upperHalf(z + zRest + offset + exponent);
  const logRest = zRest - (logUpper - exponent - offset - z);
  const yUpper = upperHalf(y);
  return exp2OfSum(yUpper * logUpper, (y - yUpper) * logUpper + y * logRest);
}

function pow2Series(z: number): number {
  return (
    0.5999999999999946 +
    z *
      (0.4285714285785502 +
        z *
          (0.33333332981837743 +
            z * (0.272728123808534 + z * (0.23066074577556175 + z * 0.20697501780033842))))
  );
}

/** 2^(high + low), where low is far smaller than high. */
function exp2OfSum(high: number, low: number): number {
  const total = high + low;
  if (total > 1025) return Infinity;
  if (total < -1076) return 0;
  const exponent = total + ROUND - ROUND;
  const rest = high - exponent;
  const t = upperHalf(low + rest);
  const u = t * LN2_UPPER;
  const v = (low - (t - rest)) * Math.LN2 + t * LN2_REST;
  const z = u + v;
  const w = v - (z - u);
  const c = z - expSeries(z * z);
  return scaleByPowerOf2(1 - ((z * c) / (c - 2) - (w + z * w) - z), exponent);
}

/** Length of the vector (x, y) or (x, y, z), without overflow. Error below 1.3 units in the last place. */
export function hypot(x: number, y: number, z = 0): number {
  const square = x * x + y * y + z * z;
  if (square > 1e-280 && square < Infinity) return Math.sqrt(square);
  const size = Math.max(Math.abs(x), Math.abs(y), Math.abs(z));
  if (Math.abs(x) === Infinity || Math.abs(y) === Infinity || Math.abs(z) === Infinity) return Infinity;
  if (!(size > 0)) return size;
  // A power of two: multiplying by it rounds nothing.
  const scale = size > 1 ? TWO_M600 : TWO_600;
  const [a, b, c] = [x * scale, y * scale, z * scale];
  return Math.sqrt(a * a + b * b + c * c) * (size > 1 ? TWO_600 : TWO_M600);
}

const TWO_600 = 4.149515568880993e180;
const TWO_M600 = 2.409919865102884e-181;

/** The cube root, also of negative numbers. Error below 0.7 units in the last place. */
export function cbrt(x: number): number {
  const size = Math.abs(x);
  if (!(size > 0 && size < Infinity)) return x;
  // A third of the exponent is a guess good to 5 bits, a polynomial makes it 23, a Newton step 53.
  const guess =
    size < MIN_NORMAL
      ? fromWords(Math.floor(highWord(size * TWO_54) / 3) + 696219795, 0)
      : fromWords(Math.floor(highWord(size) / 3) + 715094163, 0);
  const r = guess * guess * (guess / size);
  const better =
    guess *
    (1.87595182427177 +
      r * (-1.8849797954337717 + r * 1.6214297201053545) +
      r * r * r * (-0.758397934778766 + r * 0.14599619288661245));
  // Rounded to 23 bits, so that its square is exact.
  const carried = (lowWord(better) & 0x80000000) === 0 ? 0 : 1;
  const t = fromWords(highWord(better) + carried, ((lowWord(better) + 0x80000000) | 0) & 0xc0000000);
  const quotient = size / (t * t);
  const root = t + t * ((quotient - t) / (t + t + quotient));
  return x < 0 ? -root : root;
}
