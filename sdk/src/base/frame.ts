/** Frame numbers on the wire are their low bits; these functions find the whole number again. */

/** The number nearest to `near` whose low 16 bits are `low`. Never negative. */
export function unwrap16(low: number, near: number): number {
  const value = near + (((low - near) << 16) >> 16);
  return value < 0 ? value + 65536 : value;
}

/** The number nearest to `near` whose low 8 bits are `low`. Never negative. */
export function unwrap8(low: number, near: number): number {
  const value = near + (((low - near) << 24) >> 24);
  return value < 0 ? value + 256 : value;
}

/** Milliseconds of one frame at `framesPerSecond`. */
export function frameMsOf(framesPerSecond: number): number {
  return 1000 / framesPerSecond;
}
