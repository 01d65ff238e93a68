/** Numbers that engines store in the way in which what comes after them is stored. */

/**
 * Minus zero, which engines store as a double. A field that begins as a whole number and gets its first fraction later changes
 * the shape of all records, and every function compiled for them, twenty to forty, is thrown away in the middle of a match.
 */
export const DOUBLE_ZERO: number = -0;
