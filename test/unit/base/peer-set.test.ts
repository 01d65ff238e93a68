/** Sets of peers as bit masks, against the slow and obvious way. */
import { bitCount, isQuorum, lowestIndex } from '../../../sdk/src/base/peer-set.js';

const members = (mask: number): number[] =>
  Array.from({ length: 32 }, (_, index) => index).filter((index) => ((mask >>> index) & 1) === 1);

/** Small sets, all of them, and some up to the last bit. */
const MASKS = [
  ...Array.from({ length: 64 }, (_, mask) => mask),
  0x7fffffff,
  -1,
  -0x80000000,
  0x40000001,
  0x2aaaaaaa,
];

test('members are counted, the sign bit included', () => {
  for (const mask of MASKS) expect(bitCount(mask)).toBe(members(mask).length);
  expect([bitCount(0), bitCount(-1), bitCount(-0x80000000)]).toEqual([0, 32, 1]);
});

test('the lowest member is found, -1 where there is none', () => {
  for (const mask of MASKS) expect(lowestIndex(mask)).toBe(members(mask)[0] ?? -1);
  for (let index = 0; index < 32; index += 1) expect(lowestIndex(1 << index)).toBe(index);
});

test('a quorum is more than half of the base, or half of it with its lowest member; others do not count', () => {
  for (let base = 0; base < 64; base += 1)
    for (let mask = 0; mask < 64; mask += 1) {
      const all = members(base);
      const here = all.filter((index) => members(mask).includes(index));
      const isHalf = here.length * 2 === all.length && all.length > 0;
      const expected = here.length * 2 > all.length || (isHalf && here.includes(all[0] as number));
      expect({ base, mask, isQuorum: isQuorum(mask, base) }).toEqual({ base, mask, isQuorum: expected });
    }
});

test('two disjoint sets are never both a quorum', () => {
  for (let base = 1; base < 64; base += 1)
    for (let mask = 0; mask < 64; mask += 1)
      expect(isQuorum(mask, base) && isQuorum(~mask, base)).toBe(false);
});
