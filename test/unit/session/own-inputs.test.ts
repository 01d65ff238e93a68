/** Own inputs while the delay changes: every frame is written once, what was pressed is pressed once and not lost. */
import fc from 'fast-check';
import { createRandom, type Random } from '../../../sdk/src/base/prng.js';
import { OwnInputs } from '../../../sdk/src/session/own-inputs.js';
import { SlotLog } from '../../../sdk/src/session/slot-log.js';
import type { InputDefinition } from '../../../sdk/src/state/definitions.js';
import { button, defineInput, int } from '../../../sdk/src/state/input.js';

interface Pressed {
  fire: boolean;
  jump: boolean;
  aim: number;
}
const input = defineInput({ fire: button, aim: int(-100, 100), jump: button });

/** A peer of one slot, stepped by hand. */
class Trial {
  readonly log: SlotLog = new SlotLog(0, 0, input.byteLength);
  readonly own: OwnInputs<Pressed>;
  /** Frames that readInput was asked for, in order. */
  readonly asked: number[] = [];
  /** What it answered. */
  readonly answers: Pressed[] = [];
  frame = 0;
  next: (reading: number) => Partial<Pressed> = () => ({});

  constructor(inputDelayFrames: number, definition: InputDefinition<Pressed> = input) {
    this.own = new OwnInputs({
      input: definition,
      ownLogs: [this.log],
      inputDelayFrames,
      readInput: (_slot, frame) => {
        const answer = { fire: false, jump: false, aim: 0, ...this.next(this.asked.length) };
        this.asked.push(frame);
        this.answers.push(answer);
        return answer;
      },
      onClamped: () => {},
    });
  }

  /** Steps so many frames and says what was written then. */
  step(frames: number): Pressed[] {
    const before = this.log.received;
    for (let count = 0; count < frames; count += 1) {
      this.frame += 1;
      this.own.readFor(this.frame);
    }
    return this.written(before + 1);
  }

  /** The log from `first` on. */
  written(first = 1): Pressed[] {
    return Array.from({ length: this.log.received - first + 1 }, (_, index) => {
      const value = { fire: false, jump: false, aim: 0 };
      input.decodeInto(this.log.cells.bytes, this.log.cells.offsetOf(first + index), value);
      return value;
    });
  }
}

const fires = (inputs: readonly Pressed[]): string => inputs.map(({ fire }) => (fire ? 'F' : '.')).join('');
const aims = (inputs: readonly Pressed[]): number[] => inputs.map(({ aim }) => aim);

test('a delay that does not change reads each frame once, that many frames ahead', () => {
  const trial = new Trial(3);
  trial.step(50);
  trial.own.readFor(50);
  trial.own.readFor(20);
  expect(trial.asked).toEqual(Array.from({ length: 50 }, (_, index) => index + 4));
});

test('a raised delay repeats the last input, which is not asked for, one frame at a time', () => {
  const trial = new Trial(1);
  trial.next = (reading) => ({ aim: reading + 1 });
  expect(aims(trial.step(2))).toEqual([1, 2]);
  trial.own.wantedFrames = 4;
  expect(aims(trial.step(5))).toEqual([2, 3, 3, 4, 4, 5, 6, 7]);
  expect(trial.asked).toEqual([2, 3, 5, 7, 9, 10, 11]);
  expect(trial.own.delayFrames).toBe(4);
});

test('a delay raised while the match waits gets a reading of now, at once', () => {
  const trial = new Trial(1);
  trial.step(5);
  trial.own.hasUnsent = false;
  trial.own.wantedFrames = 2;
  trial.own.readFor(5);
  expect([trial.log.received, trial.own.delayFrames, trial.own.hasUnsent]).toEqual([7, 2, true]);
  trial.own.readFor(5);
  expect(trial.asked.at(-1)).toBe(7);
});

test('a lowered delay asks twice for the frame that two readings share, and takes the newer number', () => {
  const trial = new Trial(4);
  trial.next = (reading) => ({ aim: reading + 1 });
  trial.step(3);
  trial.own.wantedFrames = 3;
  expect(aims(trial.step(4))).toEqual([5, 6, 7]);
  expect(trial.asked).toEqual([5, 6, 7, 8, 8, 9, 10]);
  expect(trial.own.delayFrames).toBe(3);
});

test.each([
  ['.F.', 'the one that waits', '.F..', '.F.'],
  ['..F', 'the newer one', '..F.', '.F.'],
  ['FFF', 'both', 'FFFF', 'FFF'],
  ['F.F', 'a press after a release, a frame later', 'F.F..', 'F.F.'],
  ['.F.F', 'a press, a release and a press', '.F.F..', '.F.F.'],
  ['FF.', 'a release in the newer one, at once', 'FF..', 'F..'],
])('%s: %s keeps its edges', (_pattern, _what, read, expected) => {
  const trial = new Trial(5);
  // The first reading goes where it did; the second one waits.
  trial.next = (reading) => ({ fire: read[reading] === 'F' });
  const first = fires(trial.step(1));
  trial.own.wantedFrames = 4;
  expect(first + fires(trial.step(read.length - 1))).toBe(expected);
});

test('by a definition that cannot merge, the newer reading counts alone', () => {
  const { mergeInto: _without, ...plain } = input;
  const trial = new Trial(5, plain);
  trial.next = (reading) => ({ fire: reading === 1, aim: reading });
  trial.step(1);
  trial.own.wantedFrames = 4;
  const written = trial.step(3);
  expect([fires(written), aims(written)]).toEqual(['..', [2, 3]]);
});

/** Presses (changes from up to down) in a sequence that begins with everything up. */
function presses(inputs: readonly Pressed[], field: 'fire' | 'jump'): number {
  return inputs.filter((value, index) => value[field] && inputs[index - 1]?.[field] !== true).length;
}

function randomPlay(random: Random, share: number): (reading: number) => Partial<Pressed> {
  let held = { fire: false, jump: false, aim: 0 };
  return () => {
    held = { ...held, aim: random.below(201) - 100 };
    if (random.chance(share)) held.fire = !held.fire;
    if (random.chance(share)) held.jump = !held.jump;
    return held;
  };
}

test('whatever the delay does, every frame is written once and no press is lost or added', () => {
  let shared = 0;
  fc.assert(
    fc.property(
      fc.nat(1e6),
      fc.constantFrom(0.05, 0.3, 0.7),
      fc.array(fc.record({ frames: fc.integer({ min: 1, max: 9 }), delay: fc.nat(15) }), { maxLength: 30 }),
      (seed, share, changes) => {
        const trial = new Trial(2);
        trial.next = randomPlay(createRandom(seed), share);
        for (const { frames, delay } of changes) {
          trial.step(frames);
          trial.own.wantedFrames = delay;
        }
        // Then nothing is touched for a second, and what waited has come through.
        trial.next = () => ({});
        trial.step(60);
        expect(trial.own.delayFrames).toBe(changes.at(-1)?.delay ?? 2);
        expect(trial.log.received).toBe(trial.frame + trial.own.delayFrames);
        for (const field of ['fire', 'jump'] as const)
          expect(presses(trial.written(), field)).toBe(presses(trial.answers, field));
        // In order, none twice but those that two readings share.
        for (const [index, frame] of trial.asked.entries())
          expect(frame).toBeGreaterThanOrEqual(trial.asked[index - 1] ?? 0);
        const counts = new Map<number, number>();
        for (const frame of trial.asked) counts.set(frame, (counts.get(frame) ?? 0) + 1);
        expect(Math.max(0, ...counts.values())).toBeLessThanOrEqual(2);
        shared += [...counts.values()].filter((count) => count === 2).length;
      },
    ),
    { seed: 1, numRuns: 300 },
  );
  expect(shared).toBeGreaterThan(500);
});

test('a readInput that throws is asked again for the same frame', () => {
  const trial = new Trial(2);
  trial.step(3);
  trial.next = () => {
    throw new RangeError('planted');
  };
  expect(() => trial.own.readFor(4)).toThrow('planted');
  trial.own.wantedFrames = 1;
  trial.next = () => ({ aim: 7 });
  trial.own.readFor(4);
  trial.own.readFor(5);
  expect(trial.asked).toEqual([3, 4, 5, 6, 6]);
});

test('a slot that others play is not read, and begins with what is pressed when it is taken up again', () => {
  const trial = new Trial(3);
  trial.next = (reading) => ({ aim: reading });
  trial.step(10);
  trial.log.change(9, 'substitute');
  trial.own.hasUnsent = false;
  trial.step(5);
  expect([trial.asked.length, trial.own.hasUnsent]).toEqual([10, true]);
  trial.log.reopen(20);
  trial.step(1);
  expect(trial.asked.length).toBe(10);
  trial.step(3);
  expect(trial.asked.slice(10)).toEqual([20, 21, 22]);
  expect(trial.log.received).toBe(22);
});
