/** Frame numbers from their low bits, rings of cells, the two error classes. */
import fc from 'fast-check';
import { CellRing } from '../../../sdk/src/base/cell-ring.js';
import { assert, InvariantError, requireArgument, SdkError } from '../../../sdk/src/base/errors.js';
import { frameMsOf, unwrap8, unwrap16 } from '../../../sdk/src/base/frame.js';

/** A week at 60 frames/s, past every wrap of 8, 16 and 24 bits. */
const frames = fc.oneof(fc.nat(700), fc.nat(0x0fffffff));

test('unwrap16 finds any frame less than 2^15 away from where it is looked for', () => {
  fc.assert(
    fc.property(frames, fc.integer({ min: -32768, max: 32767 }), (near, distance) => {
      const frame = near + distance;
      fc.pre(frame >= 0);
      expect(unwrap16(frame & 0xffff, near)).toBe(frame);
    }),
    { numRuns: 1000, seed: 1 },
  );
});

test('unwrap8 finds any frame less than 2^7 away from where it is looked for', () => {
  fc.assert(
    fc.property(frames, fc.integer({ min: -128, max: 127 }), (near, distance) => {
      const frame = near + distance;
      fc.pre(frame >= 0);
      expect(unwrap8(frame & 0xff, near)).toBe(frame);
    }),
    { numRuns: 1000, seed: 1 },
  );
});

test('no unwrapped frame is negative, and its low bits are what was asked for', () => {
  const wrong: string[] = [];
  const isRight = (frame: number, low: number, mask: number): boolean => frame >= 0 && (frame & mask) === low;
  for (let near = 0; near < 200; near += 1) {
    for (let low = 0; low < 256; low += 1) {
      if (!isRight(unwrap8(low, near), low, 0xff)) wrong.push(`unwrap8(${low}, ${near})`);
      const high = 0xff00 | low;
      if (!isRight(unwrap16(high, near), high, 0xffff)) wrong.push(`unwrap16(${high}, ${near})`);
    }
  }
  expect(wrong).toEqual([]);
});

test('a frame at 60 per second lasts a sixtieth of a second', () => {
  expect(frameMsOf(60)).toBeCloseTo(16.6667, 3);
  expect(frameMsOf(240)).toBeCloseTo(4.1667, 3);
});

test('a ring keeps the newest frames, each in a cell of its own', () => {
  const ring = new CellRing(8, 3);
  expect(ring.bytes.length).toBe(24);
  for (let frame = 0; frame < 20; frame += 1)
    ring.bytes.fill(frame, ring.offsetOf(frame), ring.offsetOf(frame) + 3);
  for (let frame = 12; frame < 20; frame += 1)
    expect([...ring.bytes.subarray(ring.offsetOf(frame), ring.offsetOf(frame) + 3)]).toEqual([
      frame,
      frame,
      frame,
    ]);
  expect(ring.offsetOf(20)).toBe(ring.offsetOf(12));
});

test('copyCell copies one cell and no neighbour', () => {
  const ring = new CellRing(4, 2);
  ring.bytes.set([1, 2, 3, 4, 5, 6, 7, 8]);
  ring.copyCell(0, 6);
  expect([...ring.bytes]).toEqual([1, 2, 3, 4, 1, 2, 7, 8]);
});

test('a ring whose length is no power of two is our own bug', () => {
  expect(() => new CellRing(12, 1)).toThrow(InvariantError);
});

test('assert throws an InvariantError, requireArgument an SdkError with its code', () => {
  expect(() => assert(true, 'fine')).not.toThrow();
  expect(() => assert(false, 'broken promise')).toThrow(new InvariantError('broken promise'));
  expect(() => requireArgument(true, 'fine')).not.toThrow();
  expect(() => requireArgument(false, 'give a number')).toThrow(
    expect.objectContaining({
      name: 'SdkError',
      code: 'invalid-argument',
      message: 'give a number',
    }) as Error,
  );
});

test('an SdkError carries its cause and how long to wait', () => {
  const cause = new Error('why');
  const error = new SdkError('rate-limited', 'wait', { cause, retryAfterMs: 250 });
  expect(error).toMatchObject({ code: 'rate-limited', retryAfterMs: 250, cause });
  expect('cause' in new SdkError('aborted', 'stopped')).toBe(false);
});

test('a ring may have a single cell', () => {
  const ring = new CellRing(1, 2);
  expect([ring.offsetOf(0), ring.offsetOf(77), ring.bytes.length]).toEqual([0, 0, 2]);
});
