/** The step log: round trips, limits, and one encoding of each content. */
import fc from 'fast-check';
import { decodeStepLog, encodeStepLog, type StepLog } from '../../../sdk/src/wire/step-log.js';

const logs: fc.Arbitrary<StepLog> = fc
  .record({
    from: fc.nat(0xffffffff),
    count: fc.oneof(fc.nat(40), fc.constantFrom(0, 8, 300)),
    inputBytes: fc.constantFrom(1, 2, 3, 9, 64),
    slots: fc.array(fc.infiniteStream(fc.nat(255)), { minLength: 1, maxLength: 16 }),
  })
  .map(({ from, count, inputBytes, slots }) => ({
    ...{ from, count, inputBytes },
    slots: slots.map((stream) => {
      const next = (): number => stream.next().value as number;
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

test('any log comes back as it was', () => {
  fc.assert(
    fc.property(logs, (log) => expect(decodeStepLog(encodeStepLog(log))).toEqual(log)),
    { numRuns: 150, seed: 1 },
  );
});

test('a damaged log is refused, or the only encoding of what is understood', () => {
  let understood = 0;
  fc.assert(
    fc.property(logs, fc.nat(), fc.nat(255), fc.nat(2), (log, place, value, how) => {
      const bytes = encodeStepLog(log);
      const at = place % bytes.length;
      const changed =
        how === 0
          ? bytes.slice(0, at)
          : how === 1
            ? Uint8Array.from([...bytes.slice(0, at), value, ...bytes.slice(at)])
            : bytes.map((byte, index) => (index === at ? value : byte));
      const read = decodeStepLog(changed);
      if (read === undefined) return;
      understood += 1;
      expect(encodeStepLog(read)).toEqual(changed);
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

test('two runs of one state in a row are refused', () => {
  const twice = Uint8Array.from([...bytes.slice(0, 8), 2, 0, 1, 1, 0, 1, 1, 0, ...bytes.slice(13)]);
  expect(decodeStepLog(twice)).toBeUndefined();
  twice[13] = 2;
  expect(decodeStepLog(twice)?.slots[0]?.states).toEqual(Uint8Array.of(1, 2));
});
