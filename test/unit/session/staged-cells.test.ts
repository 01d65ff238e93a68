/** Inputs that come inside the messages of an agreement: decoded beyond what a log holds, held only once the cut is applied. */
import { defineInput, int } from 'rollmesh/state';
import { CellRing } from '../../../sdk/src/base/cell-ring.js';
import { createRandom } from '../../../sdk/src/base/prng.js';
import { FrameExchange } from '../../../sdk/src/session/frame-exchange.js';
import { NO_FRAME, SlotLog } from '../../../sdk/src/session/slot-log.js';
import { encodeSlotCells } from '../../../sdk/src/wire/view-messages.js';

const input = defineInput({ v: int(0, 200) });
/** Half a log: the most that is staged at once. */
const STAGED_FRAMES_MAX = 1024;

function exchangeOf(log: SlotLog): FrameExchange {
  return new FrameExchange({
    input,
    matchKey: 1,
    logs: [log],
    ownLogs: [],
    peerCount: 3,
    confirmLimit: () => NO_FRAME,
    onWrong: () => {},
    onEquivocation: () => {},
  });
}

/** A log that holds the first `received` of `values`, and the cells of the frames behind `base`. */
function given(
  values: readonly number[],
  received: number,
  base: number,
): { log: SlotLog; cells: Uint8Array } {
  const log = new SlotLog(0, 1, 1);
  for (const value of values.slice(0, received)) log.append(Uint8Array.of(value), 0);
  const ring = new CellRing(2048, 1);
  for (const [index, value] of values.entries()) ring.bytes[ring.offsetOf(index + 1)] = value;
  return { log, cells: encodeSlotCells(ring, base + 1, values.length) };
}

function held(log: SlotLog, count: number): number[] {
  return Array.from(
    { length: count },
    (_, index) => log.cells.bytes[log.cells.offsetOf(index + 1)] as number,
  );
}

const random = createRandom(3);
const values = (count: number): number[] => {
  let value = 0;
  return Array.from({ length: count }, () => {
    if (random.chance(0.4)) value = random.below(201);
    return value;
  });
};

test.each([
  [0, 0, 1],
  [0, 0, 8],
  [3, 3, 9],
  [10, 3, 20],
  [20, 3, 20],
  [25, 3, 20],
  [7, 7, 40],
])('a log of %i frames takes what follows frame %i, up to frame %i', (received, base, last) => {
  const all = values(Math.max(received, last));
  const { log, cells } = given(all.slice(0, last), 0, base);
  for (const value of all.slice(0, received)) log.append(Uint8Array.of(value), 0);
  expect(exchangeOf(log).stage(log, base, last, cells)).toBe(true);
  // In the ring, but not held yet.
  expect(log.received).toBe(received);
  expect(held(log, Math.max(received, last))).toEqual(all);
});

test('frames that the log holds are never overwritten', () => {
  const { log } = given([1, 2, 3, 4], 4, 0);
  const { cells } = given([1, 9, 9, 9, 9], 0, 1);
  expect(exchangeOf(log).stage(log, 1, 5, cells)).toBe(true);
  expect(held(log, 5)).toEqual([1, 2, 3, 4, 9]);
});

test('who was told other inputs by a liar still reads what others hold beyond', () => {
  const { cells } = given([1, 2, 3, 4, 5], 0, 3);
  const { log } = given([1, 9, 9], 3, 0);
  expect(exchangeOf(log).stage(log, 3, 5, cells)).toBe(true);
  expect(held(log, 5)).toEqual([1, 9, 9, 4, 5]);
});

test('cells that do not follow the log, are too many, too few or no inputs are refused', () => {
  const { log, cells } = given([5, 6, 7, 8], 2, 2);
  const exchange = exchangeOf(log);
  expect(exchange.stage(log, 3, 5, cells)).toBe(false);
  expect(exchange.stage(log, 2, 3, cells)).toBe(false);
  expect(exchange.stage(log, 2, 13, cells)).toBe(false);
  expect(exchange.stage(log, 2, 4, cells.subarray(0, 2))).toBe(false);
  expect(exchange.stage(log, 2, 4, Uint8Array.from([0b11, 6 ^ 201, 1]))).toBe(false);
  expect(exchange.stage(log, 2, 4, Uint8Array.from([...cells, 0]))).toBe(false);
  expect(exchange.stage(log, 2, 4, cells)).toBe(true);
});

test('nothing to stage is nothing to refuse', () => {
  const { log } = given([5, 6], 2, 2);
  expect(exchangeOf(log).stage(log, 2, 2, new Uint8Array(0))).toBe(true);
  expect(held(log, 2)).toEqual([5, 6]);
});

test('half a log is the most that is staged at once', () => {
  const { log } = given([], 0, 0);
  const exchange = exchangeOf(log);
  const cells = (frames: number): Uint8Array => new Uint8Array((frames + 7) >> 3);
  expect(exchange.stage(log, 0, STAGED_FRAMES_MAX, cells(STAGED_FRAMES_MAX))).toBe(true);
  expect(exchange.stage(log, 0, STAGED_FRAMES_MAX + 1, cells(STAGED_FRAMES_MAX + 1))).toBe(false);
  log.received = 600;
  expect(exchange.stage(log, 600, 600 + STAGED_FRAMES_MAX, cells(STAGED_FRAMES_MAX))).toBe(true);
});

test('inputs of many bytes are staged whole', () => {
  const wide = defineInput({ a: int(0, 4294967295), b: int(0, 4294967295) });
  const ring = new CellRing(64, 8);
  for (let frame = 1; frame <= 20; frame += 1)
    for (let index = 0; index < 8; index += 1)
      ring.bytes[ring.offsetOf(frame) + index] = random.chance(0.3) ? random.below(256) : frame;
  const log = new SlotLog(0, 1, 8);
  const exchange = new FrameExchange({
    input: wide,
    matchKey: 1,
    logs: [log],
    ownLogs: [],
    peerCount: 3,
    confirmLimit: () => NO_FRAME,
    onWrong: () => {},
    onEquivocation: () => {},
  });
  expect(exchange.stage(log, 0, 20, encodeSlotCells(ring, 1, 20))).toBe(true);
  expect([...log.cells.bytes.subarray(8, 21 * 8)]).toEqual([...ring.bytes.subarray(8, 21 * 8)]);
});

test('a frame was simulated with its true input only if every byte says so', () => {
  const log = new SlotLog(0, 1, 3);
  log.append(Uint8Array.from([9, 1, 2, 3]), 1);
  log.used.bytes.set([1, 2, 3], log.used.offsetOf(1));
  expect(log.wasUsed(1)).toBe(true);
  for (let index = 0; index < 3; index += 1) {
    const at = log.used.offsetOf(1) + index;
    log.used.bytes[at] = (log.used.bytes[at] as number) ^ 64;
    expect(log.wasUsed(1)).toBe(false);
    expect(log.equals(log.used, 1, Uint8Array.from([1, 2, 3]))).toBe(false);
    log.used.bytes[at] = (log.used.bytes[at] as number) ^ 64;
  }
  expect(log.equals(log.cells, 1, Uint8Array.from([1, 2, 3]))).toBe(true);
});
