/** Inputs on the wire: every history comes back, and every accepted string of bytes is the only one of its content. */
import fc from 'fast-check';
import { CellRing } from '../../../sdk/src/base/cell-ring.js';
import { readCell, skipCells, writeCells } from '../../../sdk/src/wire/input-cells.js';

const RING_FRAMES = 128;

/** A history of `slots` players: frame by frame, which bytes change to what. */
interface History {
  readonly slots: number;
  readonly cellBytes: number;
  readonly frames: number;
  readonly changes: readonly {
    readonly frame: number;
    readonly slot: number;
    readonly at: number;
    readonly value: number;
  }[];
}

const histories: fc.Arbitrary<History> = fc
  .record({
    slots: fc.integer({ min: 1, max: 16 }),
    cellBytes: fc.integer({ min: 1, max: 64 }),
    frames: fc.integer({ min: 1, max: 40 }),
  })
  .chain((shape) =>
    fc.record({
      slots: fc.constant(shape.slots),
      cellBytes: fc.constant(shape.cellBytes),
      frames: fc.constant(shape.frames),
      changes: fc.array(
        fc.record({
          frame: fc.integer({ min: 1, max: shape.frames }),
          slot: fc.nat(shape.slots - 1),
          at: fc.nat(shape.cellBytes - 1),
          value: fc.nat(255),
        }),
        { maxLength: 60 },
      ),
    }),
  );

function ringsOf(history: History): CellRing[] {
  const rings = Array.from({ length: history.slots }, () => new CellRing(RING_FRAMES, history.cellBytes));
  for (let frame = 1; frame <= history.frames; frame += 1) {
    for (const ring of rings) ring.copyCell(frame - 1, frame);
    for (const change of history.changes) {
      const ring = rings[change.slot] as CellRing;
      if (change.frame === frame) ring.bytes[ring.offsetOf(frame) + change.at] = change.value;
    }
  }
  return rings;
}

/** Reads `frames` frames into fresh rings; frame `first - 1` is taken from `before`. */
function read(
  bytes: Uint8Array,
  range: { first: number; frames: number },
  before: readonly CellRing[],
): CellRing[] {
  const rings = before.map((ring) => new CellRing(RING_FRAMES, ring.cellBytes));
  const cells = before.map((ring) => {
    const at = ring.offsetOf(range.first - 1);
    return ring.bytes.slice(at, at + ring.cellBytes);
  });
  for (const [slot, ring] of rings.entries())
    ring.bytes.set(cells[slot] as Uint8Array, ring.offsetOf(range.first - 1));
  let at = 0;
  let bits = 0;
  let left = 0;
  for (let frame = range.first; frame < range.first + range.frames; frame += 1) {
    for (const [slot, ring] of rings.entries()) {
      if (left === 0) {
        bits = bytes[at++] as number;
        left = 8;
      }
      if ((bits & 1) !== 0) at = readCell(bytes, at, cells[slot] as Uint8Array);
      bits >>= 1;
      left -= 1;
      ring.bytes.set(cells[slot] as Uint8Array, ring.offsetOf(frame));
    }
  }
  expect(at).toBe(bytes.length);
  return rings;
}

function write(
  rings: readonly CellRing[],
  range: { first: number; frames: number },
  end = 100_000,
): { bytes: Uint8Array; frames: number } {
  const out = new Uint8Array(end).fill(0xee);
  const cells = { rings, first: range.first, count: range.frames };
  const length = writeCells(cells, out, 0, end);
  return { bytes: out.slice(0, length), frames: cells.count };
}

test('any history of 1 to 16 slots with inputs of 1 to 64 bytes comes back', () => {
  fc.assert(
    fc.property(histories, fc.nat(39), (history, skipped) => {
      const rings = ringsOf(history);
      const first = 1 + Math.min(skipped, history.frames - 1);
      const range = { first, frames: history.frames - first + 1 };
      const { bytes, frames } = write(rings, range);
      expect(frames).toBe(range.frames);
      expect(skipCells(bytes, 0, frames * history.slots, history.cellBytes)).toBe(bytes.length);
      const back = read(bytes, range, rings);
      for (let frame = first; frame <= history.frames; frame += 1)
        for (const [slot, ring] of rings.entries()) {
          const at = ring.offsetOf(frame);
          const copy = (back[slot] as CellRing).bytes.subarray(at, at + history.cellBytes);
          if (Buffer.compare(copy, ring.bytes.subarray(at, at + history.cellBytes)) !== 0)
            throw new Error(`slot ${slot} of frame ${frame} differs`);
        }
    }),
    { numRuns: 150, seed: 1 },
  );
});

test('nothing changed costs one bit per slot and frame', () => {
  const rings = [new CellRing(RING_FRAMES, 64), new CellRing(RING_FRAMES, 64), new CellRing(RING_FRAMES, 64)];
  expect(write(rings, { first: 1, frames: 8 }).bytes).toEqual(new Uint8Array(3));
});

/** Bytes that have a chance to be legal: mostly sparse, with the right length near. */
const nearlyLegal = fc.oneof(
  fc.uint8Array({ maxLength: 24 }),
  fc
    .array(fc.constantFrom(0, 0, 0, 1, 2, 3, 128, 255), { maxLength: 24 })
    .map((values) => Uint8Array.from(values)),
);

test.each([1, 2, 3, 8, 9, 64])('cells of %i bytes: whatever is accepted encodes to itself', (cellBytes) => {
  let accepted = 0;
  fc.assert(
    fc.property(
      nearlyLegal,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 5 }),
      (bytes, slots, frames) => {
        const end = skipCells(bytes, 0, slots * frames, cellBytes);
        expect(end).toBeLessThanOrEqual(bytes.length);
        if (end < 0) return;
        accepted += 1;
        const legal = bytes.slice(0, end);
        const zero = Array.from({ length: slots }, () => new CellRing(RING_FRAMES, cellBytes));
        const back = read(legal, { first: 1, frames }, zero);
        expect([...write(back, { first: 1, frames }).bytes]).toEqual([...legal]);
      },
    ),
    { numRuns: 1500, seed: 1 },
  );
  expect(accepted).toBeGreaterThan(25);
});

test('skipCells never throws and never passes the end, whatever the bytes', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(310),
      fc.nat(2048),
      fc.integer({ min: 1, max: 64 }),
      (bytes, offset, cells, cellBytes) => {
        const end = skipCells(bytes, offset, cells, cellBytes);
        expect(end === -1 || (end >= offset && end <= Math.max(offset, bytes.length))).toBe(true);
      },
    ),
    { numRuns: 1500, seed: 1 },
  );
});

test('every proper prefix of an encoding is refused', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const { bytes } = write(ringsOf(history), { first: 1, frames: history.frames });
      for (let length = 0; length < bytes.length; length += 1)
        expect(
          skipCells(bytes.subarray(0, length), 0, history.frames * history.slots, history.cellBytes),
        ).toBe(-1);
    }),
    { numRuns: 30, seed: 1 },
  );
});

test.each([
  ['a spare bit of the last group', [0b10], 1, 1],
  ['a changed byte that is zero', [1, 0], 1, 1],
  ['two changed bytes that are both zero', [1, 0, 0], 1, 2],
  ['an empty byte mask', [1, 0], 1, 3],
  ['a mask bit past the last byte', [1, 0b1000, 5], 1, 3],
  ['a masked byte that is zero', [1, 0b11, 5, 0], 1, 3],
  ['a second mask byte with a bit past the end', [1, 0, 0b10, 5], 1, 9],
])('refuses %s', (_name, bytes, cells, cellBytes) => {
  expect(skipCells(Uint8Array.from(bytes), 0, cells, cellBytes)).toBe(-1);
});

test('writes only whole frames that fit, and what it wrote is legal', () => {
  fc.assert(
    fc.property(histories, fc.integer({ min: 1, max: 400 }), (history, end) => {
      const rings = ringsOf(history);
      const { bytes, frames } = write(rings, { first: 1, frames: history.frames }, end);
      expect(bytes.length).toBeLessThanOrEqual(end);
      expect(skipCells(bytes, 0, frames * history.slots, history.cellBytes)).toBe(bytes.length);
      const whole = write(rings, { first: 1, frames });
      expect([...bytes]).toEqual([...whole.bytes]);
      // Nothing is left out that certainly had room: a frame takes at most this much more.
      const roomFor = 1 + history.slots * (history.cellBytes + ((history.cellBytes + 7) >> 3) + 1);
      if (frames < history.frames) expect(bytes.length + roomFor).toBeGreaterThan(end);
    }),
    { numRuns: 300, seed: 1 },
  );
});
