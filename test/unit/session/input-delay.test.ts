/** How much delay is wanted, by the paths alone: raised at once, lowered slowly, never back and forth. */
import fc from 'fast-check';
import {
  DelayController,
  type DelayRule,
  delayRuleOf,
  slowPath,
} from '../../../sdk/src/session/input-delay.js';
import type { InputDelay } from '../../../sdk/src/session/session-types.js';

const RULE: DelayRule = { min: 1, max: 8, rollbackBudgetFrames: 3 };

/** What is wanted at each look, five a second, when the paths take what `path` says at that time. */
function wanted(
  seconds: number,
  path: (second: number) => number,
  controller = new DelayController(RULE, 2),
): number[] {
  return Array.from({ length: seconds * 5 }, (_, look) => {
    controller.observe(path(look / 5), 1000 + look * 200);
    return controller.wantedFrames;
  });
}

test.each([
  [0, 1],
  [3.7, 1],
  [4.01, 2],
  [5, 2],
  [5.01, 3],
  [8.4, 6],
  [11, 8],
  [40, 8],
])('a path of %f frames comes to a delay of %i frames', (path, frames) => {
  expect(wanted(30, () => path).at(-1)).toBe(frames);
});

test('it is raised after two late looks, by a frame for each late look from then on', () => {
  // The first look after a silence tells nothing of before.
  expect(wanted(3, () => 9.5).slice(0, 9)).toEqual([2, 2, 3, 4, 5, 6, 7, 7, 7]);
});

test('a single late look raises nothing', () => {
  expect(wanted(20, (second) => (second % 1 === 0 ? 30 : 4.5))).toEqual(new Array(100).fill(2));
});

test('it is lowered after five seconds of calm, and by a frame a second while that lasts', () => {
  const frames = wanted(14, (second) => (second < 2 ? 9.5 : 4.5));
  expect(frames[10]).toBe(7);
  const lowered = frames.flatMap((value, look) =>
    look > 10 && value < (frames[look - 1] as number) ? [look / 5] : [],
  );
  // The last trouble was seen at 1.8 s.
  expect(lowered).toEqual([6.8, 7.8, 8.8, 9.8, 10.8]);
  expect(frames.at(-1)).toBe(2);
});

test('calm is what would still be calm with a frame less: near the edge nothing is lowered', () => {
  expect(wanted(30, () => 4.8, new DelayController(RULE, 3)).at(-1)).toBe(3);
  expect(wanted(30, () => 4.7, new DelayController(RULE, 3)).at(-1)).toBe(2);
});

test('whatever the paths do, it rises two looks after trouble at the soonest and never falls within five seconds of a rise', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { minLength: 8, maxLength: 400 }),
      (paths) => {
        const frames = wanted(
          Math.floor(paths.length / 5),
          (second) => paths[Math.round(second * 5)] as number,
        );
        let rosenAt = Number.NEGATIVE_INFINITY;
        let loweredAt = Number.NEGATIVE_INFINITY;
        for (let look = 1; look < frames.length; look += 1) {
          const change = (frames[look] as number) - (frames[look - 1] as number);
          expect(Math.abs(change)).toBeLessThanOrEqual(1);
          expect(frames[look]).toBeGreaterThanOrEqual(1);
          expect(frames[look]).toBeLessThanOrEqual(8);
          if (change < 0) {
            expect(look - rosenAt).toBeGreaterThanOrEqual(25);
            expect(look - loweredAt).toBeGreaterThanOrEqual(5);
            loweredAt = look;
          } else if (change > 0) {
            expect((paths[look - 1] as number) - 3).toBeGreaterThan(frames[look - 1] as number);
            rosenAt = look;
          }
        }
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

test('paths that are not known, and a silence of almost a second, change nothing and are no calm', () => {
  const controller = new DelayController(RULE, 5);
  for (let look = 0; look < 400; look += 1) controller.observe(Number.NaN, look * 200);
  for (let look = 0; look < 400; look += 1) controller.observe(2, 200_000 + look * 801);
  expect(controller.wantedFrames).toBe(5);
});

test('looks come five times a second at most, and none for a fixed delay', () => {
  const controller = new DelayController(RULE, 2);
  for (let nowMs = 0; nowMs < 3000; nowMs += 10) controller.observe(30, nowMs);
  expect(controller.wantedFrames).toBe(8);
  const quick = new DelayController(RULE, 2);
  for (let nowMs = 0; nowMs < 400; nowMs += 1) quick.observe(30, nowMs);
  expect(quick.wantedFrames).toBe(2);
  const fixed = new DelayController({ min: 4, max: 4, rollbackBudgetFrames: 0 }, 2);
  expect(fixed.isDue(1e9)).toBe(false);
  for (let nowMs = 0; nowMs < 9000; nowMs += 250) fixed.observe(30, nowMs);
  expect(fixed.wantedFrames).toBe(4);
});

test('other bounds count at once', () => {
  const controller = new DelayController(RULE, 2);
  controller.rule = { ...RULE, min: 5 };
  expect(controller.wantedFrames).toBe(5);
  controller.rule = { ...RULE, max: 3 };
  expect(controller.wantedFrames).toBe(3);
});

test('of up to 19 paths the slowest counts, of more the slowest 5 % do not', () => {
  expect(slowPath(new Float64Array(4), 0)).toBeNaN();
  expect(slowPath(Float64Array.of(3, 9, 4, 77), 3)).toBe(9);
  const paths = (count: number): Float64Array =>
    Float64Array.from({ length: 40 }, (_, index) => (count - index) % 40);
  expect(slowPath(paths(18), 19)).toBe(18);
  expect(slowPath(paths(19), 20)).toBe(18);
  expect(slowPath(paths(29), 30)).toBe(28);
});

test.each<[InputDelay, number, DelayRule]>([
  [4, 8, { min: 4, max: 4, rollbackBudgetFrames: 0 }],
  ['auto', 8, { min: 1, max: 8, rollbackBudgetFrames: 3 }],
  ['auto', 3, { min: 1, max: 8, rollbackBudgetFrames: 2 }],
  ['auto', 0, { min: 1, max: 15, rollbackBudgetFrames: -1 }],
  [{}, 8, { min: 1, max: 8, rollbackBudgetFrames: 3 }],
  [{ max: 0 }, 8, { min: 0, max: 0, rollbackBudgetFrames: 3 }],
  [{ min: 12 }, 8, { min: 12, max: 12, rollbackBudgetFrames: 3 }],
  [{ min: 0, max: 4, rollbackBudgetFrames: 7 }, 60, { min: 0, max: 4, rollbackBudgetFrames: 7 }],
])('%j with a window of %i frames stands for %j', (setting, windowFrames, rule) => {
  expect(delayRuleOf(setting, windowFrames)).toEqual(rule);
});
