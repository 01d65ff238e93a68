import { type DeterminismReport, installDeterminismGuard } from 'rollmesh/state';

const originalSort = Array.prototype.sort;
const originalDate = Date;
// Node's own fetch reads the clock, which would be a second report.
globalThis.fetch = () => Promise.reject(new Error('offline'));
const guard = installDeterminismGuard();

/** What a fresh guard reports about `step`. */
function reportsOf(step: () => void, frame = 7): DeterminismReport[] {
  const fresh = installDeterminismGuard();
  const reports: DeterminismReport[] = [];
  fresh.enter(frame, (report) => reports.push(report));
  try {
    step();
  } finally {
    fresh.leave();
  }
  return reports;
}

const pure = (): void => {};

test.each<[string, string, () => void]>([
  ['Math.random', 'random of the step', () => Math.random()],
  ['Math.sin', 'sin of rollmesh/math', () => Math.sin(1)],
  ['Math.pow', 'pow of rollmesh/math', () => Reflect.apply(Math.pow, Math, [2, 0.5])],
  ['Math.tanh', 'functions of rollmesh/math', () => Math.tanh(1)],
  ['Date.now', 'Count frames', () => Date.now()],
  ['new Date', 'Count frames', () => new Date()],
  ['Date', 'Count frames', () => Date()],
  ['performance.now', 'Count frames', () => performance.now()],
  ['crypto.getRandomValues', 'random of the step', () => crypto.getRandomValues(new Uint8Array(1))],
  ['crypto.randomUUID', 'random of the step', () => crypto.randomUUID()],
  ['setTimeout', 'frame number in the state', () => clearTimeout(setTimeout(pure, 1))],
  ['setInterval', 'frame number in the state', () => clearInterval(setInterval(pure, 1))],
  ['queueMicrotask', 'frame number in the state', () => queueMicrotask(pure)],
  ['fetch', 'options', () => void fetch('http://127.0.0.1:1/').catch(pure)],
  ['localeCompare', 'language of the machine', () => 'a'.localeCompare('b')],
  ['toLocaleString', 'language of the machine', () => (1).toLocaleString()],
])('%s in a step is reported with its frame and what to use instead', (call, advice, use) => {
  const [report, ...more] = reportsOf(use, 12);
  expect(report).toMatchObject({ call, frame: 12 });
  expect(report?.message).toContain(`${call} in frame 12: `);
  expect(report?.message).toContain(advice);
  expect(more).toEqual([]);
});

test('an alias is caught as well', () => {
  const { cos } = Math;
  expect(reportsOf(() => cos(1)).map(({ call }) => call)).toEqual(['Math.cos']);
});

test('what every engine computes alike is not reported', () => {
  const reports = reportsOf(() => {
    Math.floor(Math.sqrt(2) * Math.abs(-3) + Math.max(1, 2) + Math.imul(3, 4) + Math.fround(0.1));
    new Date(0).getTime();
    [3, 1, 2].sort((a, b) => a - b);
    ['b', 'a'].sort();
    JSON.stringify({ a: [1.5] });
  });
  expect(reports).toEqual([]);
});

test('every call name is reported once per guard', () => {
  const reports: string[] = [];
  const enter = (frame: number): void =>
    guard.enter(frame, ({ call, frame: at }) => reports.push(`${call} ${at}`));
  for (let frame = 1; frame <= 3; frame += 1) {
    enter(frame);
    Math.random();
    if (frame > 1) Math.sin(frame);
    guard.leave();
  }
  expect(reports).toEqual(['Math.random 1', 'Math.sin 2']);
  expect(reportsOf(() => Math.random())).toHaveLength(1);
});

test('outside a step nothing is reported and every call does what it did', async () => {
  const reports: DeterminismReport[] = [];
  guard.enter(1, (report) => reports.push(report));
  guard.leave();
  expect(Math.random()).toBeLessThan(1);
  expect(Math.hypot(3, 4)).toBe(5);
  const now = new Date();
  expect(Date.now() - now.getTime()).toBeLessThan(60_000);
  expect(new Date() instanceof Date && new Date(5).getTime()).toBe(5);
  expect(new originalDate() instanceof Date).toBe(true);
  expect(typeof Date()).toBe('string');
  expect(Date.UTC(1970, 0, 1)).toBe(0);
  expect([3, 10, 1].sort()).toEqual([1, 10, 3]);
  expect([3, 10, 1].sort((a, b) => b - a)).toEqual([10, 3, 1]);
  expect(originalSort.name).toBe([].sort.name);
  await new Promise<void>((resolve) => setTimeout(resolve, 1));
  expect(reports).toEqual([]);
});

test('calls give their usual results inside a step', () => {
  const results: unknown[] = [];
  reportsOf(() => {
    results.push(
      Math.hypot(3, 4),
      [2, 3, 1].sort((a, b) => a - b),
      new Date() instanceof Date,
    );
  });
  expect(results).toEqual([5, [1, 2, 3], true]);
});

class LaterDate extends Date {}

test('a class derived from Date keeps its own type', () => {
  expect(new LaterDate(3)).toBeInstanceOf(LaterDate);
  expect(new LaterDate(3).getTime()).toBe(3);
});

test.each<[string, (a: number, b: number) => unknown, string]>([
  ['returns booleans', (a, b) => a > b, 'returns no number'],
  ['returns NaN', () => Number.NaN, 'returns no number'],
  ['returns nothing', () => undefined, 'returns no number'],
  ['never says equal', (a, b) => (a < b ? -1 : 1), 'contradicts itself'],
  ['always says less', () => -1, 'contradicts itself'],
])('a comparator that %s is reported', (_, compare, message) => {
  const [report] = reportsOf(() => [3, 1, 2, 2].sort(compare as never));
  expect(report?.call).toBe('Array.prototype.sort');
  expect(report?.message).toContain(message);
});

test('a step inside a step reports to its own guard, then the outer one goes on', () => {
  let inner: DeterminismReport[] = [];
  const outer = reportsOf(() => {
    inner = reportsOf(() => Math.exp(1), 3);
    Math.log(2);
  }, 9);
  expect(inner.map(({ call, frame }) => [call, frame])).toEqual([['Math.exp', 3]]);
  expect(outer.map(({ call, frame }) => [call, frame])).toEqual([['Math.log', 9]]);
});

test('leaving twice does no harm', () => {
  guard.leave();
  guard.leave();
  expect(reportsOf(() => Math.atan2(1, 2))).toHaveLength(1);
});
