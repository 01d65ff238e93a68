/**
 * Sixteen directions instead of an angle: an input stays one byte, a keyboard and a thumb stick speak the same
 * language, and no trigonometry is needed in a step. Heading 0 points right, 4 down (screen axes: y grows downwards).
 */

const C1 = 0.9238795325112867; // cos 22.5 degrees
const C2 = Math.SQRT1_2; // cos 45
const C3 = 0.3826834323650898; // cos 67.5

/** Number of headings. */
export const HEADING_COUNT = 16;
/** x parts of the unit vectors of the headings. */
export const HEADING_X: readonly number[] = [
  1,
  C1,
  C2,
  C3,
  0,
  -C3,
  -C2,
  -C1,
  -1,
  -C1,
  -C2,
  -C3,
  0,
  C3,
  C2,
  C1,
];
/** y parts of the same. */
export const HEADING_Y: readonly number[] = [
  0,
  C3,
  C2,
  C1,
  1,
  C1,
  C2,
  C3,
  0,
  -C3,
  -C2,
  -C1,
  -1,
  -C1,
  -C2,
  -C3,
];

/** x part of heading `h` (0 to 15; other integers wrap around). */
export function headingX(h: number): number {
  return HEADING_X[h & 15] as number;
}

/** y part of heading `h` (0 to 15; other integers wrap around). */
export function headingY(h: number): number {
  return HEADING_Y[h & 15] as number;
}

/** The heading nearest to the vector (x, y); of two equally near ones the smaller. The zero vector gives 0. */
export function nearestHeading(x: number, y: number): number {
  let best = 0;
  let bestDot = x;
  for (let h = 1; h < HEADING_COUNT; h++) {
    const dot = x * headingX(h) + y * headingY(h);
    if (dot > bestDot) {
      bestDot = dot;
      best = h;
    }
  }
  return best;
}
