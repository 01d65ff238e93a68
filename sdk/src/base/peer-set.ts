/** Sets of peers as bit masks: bit i stands for the peer at index i of `peers`, at most 31 of them. */

/** True if `mask` holds a majority of `base`, or exactly half with the lowest index. */
export function isQuorum(mask: number, base: number): boolean {
  const here = bitCount(mask & base) * 2;
  const all = bitCount(base);
  return here > all || (here === all && (mask & base & -base) !== 0);
}

/** Number of set bits. */
export function bitCount(mask: number): number {
  let count = 0;
  for (let left = mask >>> 0; left !== 0; left &= left - 1) count += 1;
  return count;
}

/** Index of the lowest set bit, -1 if none. */
export function lowestIndex(mask: number): number {
  return mask === 0 ? -1 : 31 - Math.clz32(mask & -mask);
}
