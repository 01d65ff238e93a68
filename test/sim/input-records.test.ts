/** The record of what owners read knows what must become of their readings while the delay changes, and says what is wrong. */
import { createRandom } from 'rollmesh/state';
import { OwnInputs } from '../../sdk/src/session/own-inputs.js';
import { SlotLog } from '../../sdk/src/session/slot-log.js';
import { InputRecords } from '../../sdk/src/simulator/checks/input-records.js';
import { type TestInput, testInput } from '../support/test-games.js';

const SIZE = testInput.byteLength;

function randomInput(random: ReturnType<typeof createRandom>): TestInput {
  return {
    left: random.chance(0.5),
    right: random.chance(0.5),
    fire: random.chance(0.5),
    aim: random.below(201) - 100,
    power: 3 + random.below(10),
    item: random.below(3),
  };
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'seed %i: what the session makes of changing delays is what the record expects',
  (seed) => {
    const random = createRandom(seed);
    const log = new SlotLog(0, 0, SIZE);
    const records = new InputRecords([0], testInput, { isDelayFixed: false });
    const cell = new Uint8Array(SIZE);
    const problems: unknown[] = [];
    const own = new OwnInputs<TestInput>({
      input: testInput,
      ownLogs: [log],
      inputDelayFrames: random.below(5),
      readInput: (slot, frame) => {
        const value = randomInput(random);
        testInput.encodeInto(value, cell.fill(0), 0);
        problems.push(records.note({ peer: 0, slot, frame }, cell));
        return value;
      },
      onClamped: () => {},
    });
    for (let frame = 1; frame <= 600; frame += 1) {
      if (random.chance(0.1)) own.wantedFrames = random.below(9);
      own.readFor(frame);
    }
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
    expect(problems.length).toBe(600);
    const problemAt = (frame: number): string | undefined =>
      records.problemWith(
        { slot: 0, owner: 0, frame },
        { cells: log.cells.bytes, at: log.cells.offsetOf(frame) },
      );
    for (let frame = 1; frame <= log.received; frame += 1) expect(problemAt(frame)).toBeUndefined();
    const at = log.cells.offsetOf(300);
    log.cells.bytes[at] = (log.cells.bytes[at] as number) ^ 1;
    expect(problemAt(300)).toContain('its owner read');
  },
);

describe('a record', () => {
  const cellOf = (byte: number): Uint8Array => Uint8Array.of(byte, 0, 0);
  const confirmed = (byte: number): { cells: Uint8Array; at: number } => ({ cells: cellOf(byte), at: 0 });
  const reading = (frame: number): { peer: number; slot: number; frame: number } => ({
    peer: 0,
    slot: 0,
    frame,
  });

  test('with a fixed delay lets no frame be asked for twice, skipped, or by another peer', () => {
    const records = new InputRecords([0, 1], testInput);
    expect(records.note(reading(3), cellOf(1))).toBeUndefined();
    expect(records.note(reading(3), cellOf(1))).toContain('a second time');
    expect(records.note(reading(5), cellOf(1))).toContain('after frame 3');
    expect(records.note({ peer: 0, slot: 1, frame: 4 }, cellOf(1))).toContain('does not own');
  });

  test('begins anew where a slot is given back: what was read beyond counts for nothing', () => {
    const records = new InputRecords([0], testInput);
    for (const frame of [3, 4, 5, 6]) records.note(reading(frame), cellOf(frame));
    records.goesOn(0, 5);
    expect(records.note(reading(5), cellOf(50))).toBeUndefined();
    expect(records.problemWith({ slot: 0, owner: 0, frame: 5 }, confirmed(50))).toBeUndefined();
    expect(records.problemWith({ slot: 0, owner: 0, frame: 6 }, confirmed(6))).toContain('never read it');
    expect(records.problemWith({ slot: 0, owner: 0, frame: 4 }, confirmed(4))).toBeUndefined();
  });

  test('of a newcomer must begin with the frame from which it plays', () => {
    const records = new InputRecords([0], testInput);
    expect(records.note({ peer: 1, slot: 2, frame: 40 }, cellOf(1))).toContain('does not own');
    records.seated(1, [2], 40);
    expect(records.note({ peer: 1, slot: 2, frame: 41 }, cellOf(1))).toContain('from frame 40 on');
    records.seated(1, [2], 60);
    expect(records.note({ peer: 1, slot: 2, frame: 60 }, cellOf(7))).toBeUndefined();
    expect(records.problemWith({ slot: 2, owner: 1, frame: 60 }, confirmed(7))).toBeUndefined();
    // The same slot has another record for each of its owners.
    expect(records.problemWith({ slot: 2, owner: 0, frame: 60 }, confirmed(7))).toContain('not neutral');
  });

  test('of nobody and of one that tells everybody something else', () => {
    const records = new InputRecords([0], testInput, { unheld: new Set([0]) });
    expect(records.problemWith({ slot: 0, owner: 0, frame: 9 }, confirmed(9))).toBeUndefined();
    expect(records.problemWith({ slot: 1, owner: -1, frame: 9 }, confirmed(9))).toContain('has no player');
  });
});
