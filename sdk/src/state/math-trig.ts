/**
 * Sine, cosine, tangent and their inverses from + - * / and sqrt alone: the same bits in every engine.
 *
 * Arguments up to 2^20 * pi/2 are reduced with pi/2 in three pieces (Cody and Waite), larger ones exactly with 1,200
 * bits of 2/pi. The polynomials are those of fdlibm, whose notice asks to be kept: Copyright (C) 1993 by Sun
 * Microsystems, Inc. All rights reserved. Permission to use, copy, modify, and distribute this software is freely
 * granted, provided that this notice is preserved.
 */
import { upperHalf } from './math-words.js';

const PI_OVER_4 = 0.7853981633974483;
const TWO_OVER_PI = 0.6366197723675814;
/** Below this tan and atan change nothing, and -0 stays -0. */
const TINY = 7.450580596923828e-9;
/** Adding and subtracting this rounds a double below 2^51 to a whole number. */
const ROUND = 6755399441055744;
/** Up to here a multiple of the first piece of pi/2 is exact. */
const CODY_WAITE_MAX = 1647099;
/** pi/2 = P1 + P2 + P3; P1 and P2 have 33 bits. */
const P1 = 1.5707963267341256;
const P2 = 6.077100506303966e-11;
const P3 = 2.0222662487959506e-21;

/** Sine of `x` radians. Error below 0.8 units in the last place. Not finite: NaN. */
export function sin(x: number): number {
  let high = x;
  let low = 0;
  let quadrant = 0;
  if (x > PI_OVER_4 || x < -PI_OVER_4) {
    if (x > CODY_WAITE_MAX || x < -CODY_WAITE_MAX) {
      quadrant = reduceLarge(x);
      high = reduced[0] as number;
      low = reduced[1] as number;
    } else {
      const turns = x * TWO_OVER_PI + ROUND - ROUND;
      const rest = x - turns * P1;
      const part = turns * P2;
      const remainder = rest - part;
      const tail = turns * P3 - (rest - remainder - part);
      high = remainder - tail;
      low = remainder - high - tail;
      quadrant = turns & 3;
    }
  }
  const value = (quadrant & 1) === 0 ? sinKernel(high, low) : cosKernel(high, low);
  return quadrant > 1 ? -value : value;
}

/** Cosine of `x` radians. Error below 0.8 units in the last place. Not finite: NaN. */
export function cos(x: number): number {
  let high = x;
  let low = 0;
  let quadrant = 0;
  if (x > PI_OVER_4 || x < -PI_OVER_4) {
    if (x > CODY_WAITE_MAX || x < -CODY_WAITE_MAX) {
      quadrant = reduceLarge(x);
      high = reduced[0] as number;
      low = reduced[1] as number;
    } else {
      const turns = x * TWO_OVER_PI + ROUND - ROUND;
      const rest = x - turns * P1;
      const part = turns * P2;
      const remainder = rest - part;
      const tail = turns * P3 - (rest - remainder - part);
      high = remainder - tail;
      low = remainder - high - tail;
      quadrant = turns & 3;
    }
  }
  const value = (quadrant & 1) === 0 ? cosKernel(high, low) : sinKernel(high, low);
  return quadrant === 1 || quadrant === 2 ? -value : value;
}

/**
 * Sine and cosine of `angles[index]` (radians) into `out[at]` and `out[at + 1]`: the same bits as {@link sin} and
 * {@link cos} for one reduction, and nothing allocated, where a returned double often is. `out` may be `angles`.
 */
export function sincosAt(angles: Float64Array, index: number, out: Float64Array, at: number): void {
  const x = angles[index] as number;
  let high = x;
  let low = 0;
  let quadrant = 0;
  if (x > PI_OVER_4 || x < -PI_OVER_4) {
    if (x > CODY_WAITE_MAX || x < -CODY_WAITE_MAX) {
      quadrant = reduceLarge(x);
      high = reduced[0] as number;
      low = reduced[1] as number;
    } else {
      const turns = x * TWO_OVER_PI + ROUND - ROUND;
      const rest = x - turns * P1;
      const part = turns * P2;
      const remainder = rest - part;
      const tail = turns * P3 - (rest - remainder - part);
      high = remainder - tail;
      low = remainder - high - tail;
      quadrant = turns & 3;
    }
  }
  const sine = sinKernel(high, low);
  const cosine = cosKernel(high, low);
  const isOdd = (quadrant & 1) !== 0;
  const first = isOdd ? cosine : sine;
  const second = isOdd ? sine : cosine;
  out[at] = quadrant > 1 ? -first : first;
  out[at + 1] = quadrant === 1 || quadrant === 2 ? -second : second;
}

/** sin(high + low) for |high| up to pi/4. */
function sinKernel(high: number, low: number): number {
  const z = high * high;
  const w = z * z;
  const r =
    0.00833333333332249 +
    z * (-1.984126982985795e-4 + z * 2.7557313707070068e-6) +
    z * w * (-2.5050760253406863e-8 + z * 1.58969099521155e-10);
  const v = z * high;
  return high - (z * (0.5 * low - v * r) - low - v * -0.16666666666666632);
}

/** cos(high + low) for |high| up to pi/4. */
function cosKernel(high: number, low: number): number {
  const z = high * high;
  const w = z * z;
  const r =
    z * (0.0416666666666666 + z * (-0.001388888888887411 + z * 2.480158728947673e-5)) +
    w * w * (-2.7557314351390663e-7 + z * (2.087572321298175e-9 + z * -1.1359647557788195e-11));
  const half = 0.5 * z;
  const near = 1 - half;
  return near + (1 - near - half + (z * r - high * low));
}

/** Fractional quarter turns of the last {@link reduceLarge}, in radians, as a double and its correction. */
const reduced = new Float64Array(2);

/**
 * Reduces any finite `x` to within pi/4, exactly: Payne and Hanek's method with big integers. It allocates; angles
 * beyond 262,144 turns are a sign that a game forgot to wrap them.
 */
function reduceLarge(x: number): number {
  if (x - x !== 0) {
    reduced[0] = x - x;
    reduced[1] = 0;
    return 0;
  }
  // |x| = mantissa * 2^exponent; halving and doubling are exact.
  let mantissa = x;
  let exponent = 0;
  while (mantissa >= 9007199254740992 || mantissa <= -9007199254740992) {
    mantissa /= 2;
    exponent += 1;
  }
  while (mantissa !== Math.floor(mantissa)) {
    mantissa *= 2;
    exponent -= 1;
  }
  const product = BigInt(mantissa) * TWO_OVER_PI_BITS;
  const shift = BigInt(1200 - exponent);
  const quarters = (product + (1n << (shift - 1n))) >> shift;
  const fraction = (product - (quarters << shift)) >> (shift - 180n);
  const radians = (fraction * HALF_PI_BITS) >> 128n;
  const high = Number(radians);
  reduced[0] = high * TWO_M180;
  reduced[1] = Number(radians - BigInt(high)) * TWO_M180;
  return Number(quarters & 3n);
}

/** 2/pi * 2^1200. */
const TWO_OVER_PI_BITS =
  0xa2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921cfe1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7bn;
/** pi/2 * 2^128. */
const HALF_PI_BITS = 0x1921fb54442d18469898cc51701b839a2n;
const TWO_M180 = 6.525304467998525e-55;

/** Tangent of `x` radians. Error below 1.1 units in the last place. Not finite: NaN. */
export function tan(x: number): number {
  if (x > -TINY && x < TINY) return x;
  if (x >= -PI_OVER_4 && x <= PI_OVER_4) return tanKernel(x, 0, false);
  if (!(x >= -CODY_WAITE_MAX && x <= CODY_WAITE_MAX)) {
    const quadrant = reduceLarge(x);
    return tanKernel(reduced[0] as number, reduced[1] as number, (quadrant & 1) !== 0);
  }
  const turns = x * TWO_OVER_PI + ROUND - ROUND;
  const rest = x - turns * P1;
  const part = turns * P2;
  const remainder = rest - part;
  const tail = turns * P3 - (rest - remainder - part);
  const high = remainder - tail;
  return tanKernel(high, remainder - high - tail, (turns & 1) !== 0);
}

/** tan(high + low) for |high| up to pi/4, or -1/tan of it. */
function tanKernel(high: number, low: number, isCotangent: boolean): number {
  const isLarge = high >= 0.6743316650390625 || high <= -0.6743316650390625;
  const sign = high < 0 ? -1 : 1;
  // Near pi/4 the complement is small and keeps the precision.
  const x = isLarge ? PI_OVER_4 - sign * high + (3.061616997868383e-17 - sign * low) : high;
  const y = isLarge ? 0 : low;
  const z = x * x;
  const w = z * z;
  const odd =
    0.13333333333320124 +
    w *
      (0.021869488294859542 +
        w *
          (0.0035920791075913124 +
            w * (5.880412408202641e-4 + w * (7.817944429395571e-5 + w * -1.8558637485527546e-5))));
  const even =
    z *
    (0.05396825397622605 +
      w *
        (0.0088632398235993 +
          w *
            (0.0014562094543252903 +
              w * (2.464631348184699e-4 + w * (7.140724913826082e-5 + w * 2.590730518636337e-5)))));
  const s = z * x;
  const r = y + z * (s * (odd + even) + y) + s * 0.3333333333333341;
  const sum = x + r;
  if (isLarge) {
    const v = isCotangent ? -1 : 1;
    return sign * (v - 2 * (x + (r - (sum * sum) / (sum + v))));
  }
  if (!isCotangent) return sum;
  const upper = upperHalf(sum);
  const rest = r - (upper - x);
  const inverse = -1 / sum;
  const upperInverse = upperHalf(inverse);
  return upperInverse + inverse * (1 + upperInverse * upper + upperInverse * rest);
}

const HALF_PI_HIGH = 1.5707963267948966;
const HALF_PI_LOW = 6.123233995736766e-17;

/** Arc tangent of `x`, from -pi/2 to pi/2 radians. Error below 1 unit in the last place. */
export function atan(x: number): number {
  const size = Math.abs(x);
  if (size < TINY) return x;
  if (size < 0.4375) return x - x * atanSeries(x * x);
  if (size >= 1e19) return x < 0 ? -HALF_PI_HIGH : HALF_PI_HIGH;
  let centre = HALF_PI_HIGH;
  let correction = HALF_PI_LOW;
  let rest = -1 / size;
  if (size < 0.6875) {
    centre = 0.4636476090008061;
    correction = 2.2698777452961687e-17;
    rest = (2 * size - 1) / (2 + size);
  } else if (size < 1.1875) {
    centre = PI_OVER_4;
    correction = 3.061616997868383e-17;
    rest = (size - 1) / (size + 1);
  } else if (size < 2.4375) {
    centre = 0.982793723247329;
    correction = 1.3903311031230998e-17;
    rest = (size - 1.5) / (1 + 1.5 * size);
  }
  const value = centre - (rest * atanSeries(rest * rest) - correction - rest);
  return x < 0 ? -value : value;
}

/** 1 - atan(x) / x for x^2 = z. */
function atanSeries(z: number): number {
  const w = z * z;
  const odd =
    z *
    (0.3333333333333293 +
      w *
        (0.14285714272503466 +
          w *
            (0.09090887133436507 +
              w * (0.06661073137387531 + w * (0.049768779946159324 + w * 0.016285820115365782)))));
  const even =
    w *
    (-0.19999999999876483 +
      w *
        (-0.11111110405462356 +
          w * (-0.0769187620504483 + w * (-0.058335701337905735 + w * -0.036531572744216916))));
  return odd + even;
}

/**
 * Angle of the point (x, y) from the positive x axis, from -pi to pi radians; `y` comes first, as everywhere.
 * Error below 1.5 units in the last place. Zeros keep their signs as `Math.atan2` does.
 */
export function atan2(y: number, x: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return x + y;
  const isLeft = x < 0 || Object.is(x, -0);
  const isBelow = y < 0 || Object.is(y, -0);
  const width = Math.abs(x);
  const height = Math.abs(y);
  let angle: number;
  if (width === Infinity && height === Infinity) angle = PI_OVER_4;
  else if (height === 0) angle = 0;
  else angle = width === 0 ? HALF_PI_HIGH : atan(height / width);
  if (isLeft) angle = 2 * HALF_PI_HIGH - (angle - 2 * HALF_PI_LOW);
  return isBelow ? -angle : angle;
}

/** Arc sine of `x`, from -pi/2 to pi/2 radians. NaN outside -1 to 1. Error below 1 unit in the last place. */
export function asin(x: number): number {
  const size = Math.abs(x);
  if (!(size < 1)) return size === 1 ? x * HALF_PI_HIGH : (x - x) / (x - x);
  if (size < 0.5) return x + x * asinSeries(x * x);
  const z = (1 - size) * 0.5;
  const root = Math.sqrt(z);
  const series = asinSeries(z);
  let value: number;
  if (size >= 0.975) value = HALF_PI_HIGH - (2 * (root + root * series) - HALF_PI_LOW);
  else {
    const upper = upperHalf(root);
    const lower = (z - upper * upper) / (root + upper);
    value = PI_OVER_4 - (2 * root * series - (HALF_PI_LOW - 2 * lower) - (PI_OVER_4 - 2 * upper));
  }
  return x < 0 ? -value : value;
}

/** Arc cosine of `x`, from 0 to pi radians. NaN outside -1 to 1. Error below 1 unit in the last place. */
export function acos(x: number): number {
  const size = Math.abs(x);
  if (!(size < 1)) {
    if (size !== 1) return (x - x) / (x - x);
    return x === 1 ? 0 : 2 * HALF_PI_HIGH;
  }
  if (size < 0.5) return HALF_PI_HIGH - (x - (HALF_PI_LOW - x * asinSeries(x * x)));
  const z = (1 - size) * 0.5;
  const root = Math.sqrt(z);
  const series = asinSeries(z);
  if (x < 0) return 2 * (HALF_PI_HIGH - (root + (series * root - HALF_PI_LOW)));
  const upper = upperHalf(root);
  const lower = (z - upper * upper) / (root + upper);
  return 2 * (upper + (series * root + lower));
}

/** asin(x) / x - 1 for x^2 = z up to 1/4. */
function asinSeries(z: number): number {
  const p =
    z *
    (0.16666666666666666 +
      z *
        (-0.3255658186224009 +
          z *
            (0.20121253213486293 +
              z * (-0.04005553450067941 + z * (7.915349942898145e-4 + z * 3.479331075960212e-5)))));
  const q =
    1 +
    z * (-2.403394911734414 + z * (2.0209457602335057 + z * (-0.6882839716054533 + z * 0.07703815055590194)));
  return p / q;
}
