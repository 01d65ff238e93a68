/** The bits of a double, as two words: what the kernels of `rollmesh/math` need beyond + - * / and sqrt. */

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

/** The upper 32 bits (sign, exponent, 20 bits of fraction), signed. */
export function highWord(x: number): number {
  double[0] = x;
  return words[1] as number;
}

/** The lower 32 bits of the fraction, signed. */
export function lowWord(x: number): number {
  double[0] = x;
  return words[0] as number;
}

/** The double with these bits. */
export function fromWords(high: number, low: number): number {
  words[0] = low;
  words[1] = high;
  return double[0] as number;
}

/** `x` with the lower half of its fraction cleared, so that products of two such numbers are exact. */
export function upperHalf(x: number): number {
  double[0] = x;
  words[0] = 0;
  return double[0] as number;
}

/** `x * 2^exponent` for a whole exponent from -2098 to 2046, rounded once. */
export function scaleByPowerOf2(x: number, exponent: number): number {
  if (exponent > 1023) return x * TWO_1023 * fromWords(exponent << 20, 0);
  if (exponent < -1022) return x * fromWords((exponent + 2045) << 20, 0) * TWO_M1022;
  return x * fromWords((exponent + 1023) << 20, 0);
}

const TWO_1023 = 8.98846567431158e307;
const TWO_M1022 = 2.2250738585072014e-308;
