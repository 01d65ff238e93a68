/** How much room cells take: a frame goes out whole as soon as its worst case fits, and not a byte earlier. */
import { CellRing } from '../../../sdk/src/base/cell-ring.js';
import { INPUT_BYTES_MAX, PACKET_BYTES_MAX, PLAYERS_MAX } from '../../../sdk/src/base/limits.js';
import { INPUTS_BYTES_MAX } from '../../../sdk/src/wire/frame-packet.js';
import { frameBytesMax, skipCells, writeCells } from '../../../sdk/src/wire/input-cells.js';

/** A ring whose every byte of every frame differs from the frame before. */
function restless(cellBytes: number, frames = 64): CellRing {
  const ring = new CellRing(frames, cellBytes);
  for (let frame = 0; frame < frames; frame += 1)
    for (let index = 0; index < cellBytes; index += 1) ring.bytes[ring.offsetOf(frame) + index] = frame + 1;
  return ring;
}

/** Frames that are written into so much room. */
function framesIn(room: number, rings: readonly CellRing[], count: number): number {
  const range = { rings, first: 1, count };
  const out = new Uint8Array(room + 8).fill(0xee);
  const end = writeCells(range, out, 4, 4 + room);
  expect(end).toBeLessThanOrEqual(4 + room);
  // Nothing before, and nothing behind what was given.
  expect([...out.subarray(0, 4), ...out.subarray(4 + room)]).toEqual(new Array(8).fill(0xee));
  return range.count;
}

test.each([1, 2, 3, 7, 8, 9, 16, 17, 63, 64])(
  'a cell of %i bytes needs its bytes, its mask and a group byte',
  (cellBytes) => {
    const need = 1 + cellBytes + ((cellBytes + 7) >> 3);
    expect(framesIn(need - 1, [restless(cellBytes)], 5)).toBe(0);
    expect(framesIn(need, [restless(cellBytes)], 5)).toBe(1);
    // A cell that did not change takes less room, but whether it fits is decided before it is looked at.
    expect(framesIn(need, [new CellRing(64, cellBytes)], 1)).toBe(1);
    expect(framesIn(need - 1, [new CellRing(64, cellBytes)], 1)).toBe(0);
  },
);

test('a frame that does not fit takes back the bits that it set in the group of the frame before', () => {
  const rings = [restless(1), restless(1), restless(1)];
  const whole = new Uint8Array(64);
  const one = { rings, first: 1, count: 1 };
  const end = writeCells(one, whole, 0, 64);
  let cutOff = 0;
  for (let room = end; room < end + 9; room += 1) {
    const out = new Uint8Array(64);
    const range = { rings, first: 1, count: 2 };
    const at = writeCells(range, out, 0, room);
    if (range.count !== 1) continue;
    cutOff += 1;
    expect([...out.subarray(0, at)]).toEqual([...whole.subarray(0, end)]);
    expect(skipCells(out.subarray(0, at), 0, 3, 1)).toBe(end);
  }
  expect(cutOff).toBeGreaterThan(2);
});

test.each([
  [1, 1, 4],
  [1, 2, 5],
  [8, 1, 18],
  [9, 1, 21],
  [1, 8, 11],
  [1, 9, 13],
  [3, 8, 29],
  [16, 64, 1155],
])('%i slots of %i bytes take at most %i bytes a frame', (slots, cellBytes, most) => {
  expect(frameBytesMax(slots, cellBytes)).toBe(most);
});

test('no frame ever takes more than its most, wherever its group begins', () => {
  for (let slots = 1; slots <= PLAYERS_MAX; slots += 1)
    for (let cellBytes = 1; cellBytes <= INPUT_BYTES_MAX; cellBytes += 7) {
      const rings = Array.from({ length: slots }, () => restless(cellBytes));
      const out = new Uint8Array(20_000);
      let before = 0;
      for (let count = 1; count <= 9; count += 1) {
        const end = writeCells({ rings, first: 1, count }, out, 0, out.length);
        expect(end - before).toBeLessThanOrEqual(frameBytesMax(slots, cellBytes));
        before = end;
      }
    }
});

test('the inputs of a packet leave room for the longest report and a hash', () => {
  expect(INPUTS_BYTES_MAX).toBe(PACKET_BYTES_MAX - 9 - (7 + 5 + 2 * PLAYERS_MAX) - 6);
  expect(INPUTS_BYTES_MAX).toBe(1041);
});
