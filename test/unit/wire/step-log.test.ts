/** The step log: round trips, limits, and one encoding of each content. */
import fc from 'fast-check';
import { createRandom } from '../../../sdk/src/base/prng.js';
import { decodeStepLog, encodeStepLog, type StepLog } from '../../../sdk/src/wire/step-log.js';
import { damagedCopy, damages } from './damage.js';

const logs: fc.Arbitrary<StepLog> = fc
  .record({
    from: fc.nat(0xffffffff),
    count: fc.oneof(fc.nat(40), fc.constantFrom(0, 8, 300)),
    inputBytes: fc.constantFrom(1, 2, 3, 9, 64),
    slots: fc.array(fc.nat(0xffffffff), { minLength: 1, maxLength: 16 }),
  })
  .map(({ from, count, inputBytes, slots }) => ({
    ...{ from, count, inputBytes },
    slots: slots.map((seed) => {
      const random = createRandom(seed);
      const next = (): number => random.below(256);
      let state = 0;
      return {
        states: Uint8Array.from({ length: count }, () => {
          if (next() < 30) state = next() % 3;
          return state;
        }),
        cells: Uint8Array.from({ length: count * inputBytes }, () => Math.max(0, next() - 200)),
      };
    }),
  }));

/** Strings are compared a hundred times quicker than arrays. */
const readable = (log: StepLog | undefined): unknown => ({
  ...log,
  slots: log?.slots.map(({ states, cells }) => [
    Buffer.from(states).toString('hex'),
    Buffer.from(cells).toString('hex'),
  ]),
});

test('any log comes back as it was', () => {
  fc.assert(
    fc.property(logs, (log) => expect(readable(decodeStepLog(encodeStepLog(log)))).toEqual(readable(log))),
    { numRuns: 150, seed: 1 },
  );
});

test('a damaged log is refused, or the only encoding of what is understood', () => {
  let understood = 0;
  fc.assert(
    fc.property(logs, damages(), (log, damage) => {
      const changed = damagedCopy(encodeStepLog(log), damage);
      const read = decodeStepLog(changed);
      if (read === undefined) return;
      understood += 1;
      expect(Buffer.compare(encodeStepLog(read), changed)).toBe(0);
    }),
    { numRuns: 1500, seed: 1 },
  );
  expect(understood).toBeGreaterThan(50);
});

const small: StepLog = {
  ...{ from: 5, count: 2, inputBytes: 1 },
  slots: [{ states: Uint8Array.of(1, 1), cells: Uint8Array.of(0, 3) }],
};
const bytes = encodeStepLog(small);

test.each([
  ['frames as long as a log is kept', 5, 8],
  ['inputs of no bytes', 6, 0],
  ['inputs of 65 bytes', 6, 65],
  ['no slots', 7, 0],
  ['17 slots', 7, 17],
  ['no run', 8, 0],
  ['more runs than there are', 8, 2],
  ['an unknown state', 10, 3],
  ['a run of no frames', 11, 0],
  ['a run beyond the end', 11, 3],
  ['cells of frames that are not there', 13, 4],
])('a log with %s is refused', (_name, at, value) => {
  expect(decodeStepLog(bytes)).toEqual(small);
  const changed = bytes.slice();
  changed[at] = value;
  expect(decodeStepLog(changed)).toBeUndefined();
});

const slotOf = (count: number, inputBytes: number): StepLog['slots'][0] => ({
  states: new Uint8Array(count).fill(1),
  cells: new Uint8Array(count * inputBytes).fill(7),
});

test.each([
  ['no slots', { ...small, slots: [] }],
  ['17 slots', { ...small, slots: Array.from({ length: 17 }, () => slotOf(2, 1)) }],
  ['inputs of no bytes', { ...small, inputBytes: 0, slots: [slotOf(2, 0)] }],
  ['inputs of 65 bytes', { ...small, inputBytes: 65, slots: [slotOf(2, 65)] }],
])('a log of %s is refused even if all of it is there', (_name, log: StepLog) => {
  expect(decodeStepLog(encodeStepLog(log))).toBeUndefined();
});

test('a log may be as long and as wide as a match', () => {
  const largest = {
    ...{ from: 0xffffffff, count: 2047, inputBytes: 64 },
    slots: Array.from({ length: 16 }, () => slotOf(2047, 64)),
  };
  const encoded = encodeStepLog(largest);
  expect(Buffer.compare(encodeStepLog(decodeStepLog(encoded) as StepLog), encoded)).toBe(0);
});

test('a log of 2048 frames is refused even if all of it is there', () => {
  const idle = (count: number): Uint8Array =>
    Uint8Array.of(
      0,
      0,
      0,
      0,
      count & 0xff,
      count >> 8,
      1,
      1,
      1,
      0,
      1,
      count & 0xff,
      count >> 8,
      ...new Uint8Array(256),
    );
  expect(decodeStepLog(idle(2047))?.count).toBe(2047);
  expect(decodeStepLog(idle(2048))).toBeUndefined();
});

test('a log without its last byte is refused, whatever it ends with', () => {
  for (const count of [0, 1, 8, 9])
    for (const slots of [1, 2]) {
      const log = encodeStepLog({
        ...{ from: 0, count, inputBytes: 1 },
        slots: Array.from({ length: slots }, () => slotOf(count, 1)),
      });
      for (let length = 0; length < log.length; length += 1)
        expect(decodeStepLog(log.slice(0, length))).toBeUndefined();
    }
});

test('an unknown state is refused in a later run too', () => {
  const twice = Uint8Array.from([...bytes.slice(0, 8), 2, 0, 1, 1, 0, 3, 1, 0, ...bytes.slice(13)]);
  expect(decodeStepLog(twice)).toBeUndefined();
  twice[13] = 0;
  expect(decodeStepLog(twice)?.slots[0]?.states).toEqual(Uint8Array.of(1, 0));
});

test('two runs of one state in a row are refused', () => {
  const twice = Uint8Array.from([...bytes.slice(0, 8), 2, 0, 1, 1, 0, 1, 1, 0, ...bytes.slice(13)]);
  expect(decodeStepLog(twice)).toBeUndefined();
  twice[13] = 2;
  expect(decodeStepLog(twice)?.slots[0]?.states).toEqual(Uint8Array.of(1, 2));
});
