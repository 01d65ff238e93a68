/** Every kind of fault does what it says, no more and no less: seen in the trace of a run, or by the session it strikes. */
import { createSession, type Session } from 'rollmesh/session';
import { type Fault, networkPresets, type SimulationReport, simulate } from 'rollmesh/simulator';
import { checkFaults } from '../../sdk/src/simulator/faults.js';
import { silenceMsMax } from '../../sdk/src/simulator/silence.js';
import { simulateWith } from '../../sdk/src/simulator/simulate.js';
import { bufferGame } from '../support/test-games.js';

const OPTIONS = {
  game: bufferGame,
  seed: 3,
  frames: 480,
  peers: 3,
  network: networkPresets.lan,
  startSpreadMs: 0,
  tickJitterMs: 0,
  trace: true,
};

function run(faults: readonly Fault[], more: Partial<Parameters<typeof simulate>[0]> = {}): SimulationReport {
  const report = simulate({ ...OPTIONS, ...more, faults } as Parameters<typeof simulate>[0]);
  expect(report.violations).toEqual([]);
  return report;
}

interface Line {
  readonly ms: number;
  readonly kind: string;
  readonly words: readonly number[];
}

/** Trace lines of one kind, between two times. */
function linesOf(report: SimulationReport, kind: string, [fromMs, toMs]: readonly [number, number]): Line[] {
  return report.trace.lines
    .map((line) => {
      const [ms = '', name = '', ...words] = line.split(' ');
      return { ms: Number(ms), kind: name, words: words.map(Number) };
    })
    .filter((line) => line.kind === kind && line.ms > fromMs && line.ms < toMs);
}

const advancesOf = (report: SimulationReport, peer: number, span: readonly [number, number]): Line[] =>
  linesOf(report, 'advance', span).filter(({ words }) => words[0] === peer);
const arrivalsOf = (report: SimulationReport, peer: number, span: readonly [number, number]): Line[] =>
  linesOf(report, 'arrive', span).filter(({ words }) => words[0] === peer);

/** Longest time between two lines. */
function gapMsOf(lines: readonly Line[]): number {
  return Math.max(...lines.slice(1).map(({ ms }, index) => ms - (lines[index] as Line).ms));
}

test('a healthy peer advances sixty times a second', () => {
  expect(advancesOf(run([]), 1, [3000, 4000])).toHaveLength(60);
});

test.each(['freeze', 'sleep'] as const)('a %s stops the tab and then brings a burst', (kind) => {
  const report = run([{ kind, atMs: 3000, peer: 1, forMs: 700 }]);
  expect(advancesOf(report, 1, [3000, 3699])).toEqual([]);
  expect(arrivalsOf(report, 1, [3000, 3699])).toEqual([]);
  expect(arrivalsOf(report, 1, [3699, 3701]).length).toBeGreaterThan(50);
  expect(advancesOf(report, 1, [3701, 4700]).length).toBeGreaterThan(55);
  expect(report.coverage.faults[kind]).toBe(1);
});

/** What the clock of peer 1 showed at each of its advances. */
function clockOf(fault: Fault): number[] {
  const shown: number[] = [];
  simulateWith({ ...OPTIONS, trace: false, faults: [fault] }, (options) => {
    const session = createSession(options);
    if (options.self !== 'p1') return session;
    const advance: Session['advance'] = (nowMs) => {
      shown.push(nowMs);
      return session.advance(nowMs);
    };
    return new Proxy(session, {
      get: (target, name) => {
        const value: unknown = name === 'advance' ? advance : Reflect.get(target, name, target);
        return typeof value === 'function' && name !== 'advance' ? value.bind(target) : value;
      },
    });
  });
  return shown;
}

const leapsOf = (shown: readonly number[]): number[] =>
  shown.slice(1).map((ms, index) => ms - (shown[index] as number));

test('a clock goes on during a freeze and stands still during sleep', () => {
  expect(Math.max(...leapsOf(clockOf({ kind: 'freeze', atMs: 3000, peer: 1, forMs: 700 })))).toBeGreaterThan(
    680,
  );
  expect(Math.max(...leapsOf(clockOf({ kind: 'sleep', atMs: 3000, peer: 1, forMs: 700 })))).toBeLessThan(40);
});

test.each([500, -400])('a clock that jumps by %i ms does so once', (byMs) => {
  const leaps = leapsOf(clockOf({ kind: 'jump', atMs: 3000, peer: 1, byMs }));
  const odd = leaps.filter((ms) => Math.abs(ms - 1000 / 60) > 3);
  expect(odd).toHaveLength(1);
  expect(odd[0]).toBeCloseTo(byMs + 1000 / 60, 0);
});

test('a clock that drifts gains as it says', () => {
  const shown = clockOf({ kind: 'drift', atMs: 0, peer: 1, ppm: 100_000 });
  // The timer of a fast clock fires early, so each frame is as long as ever by that clock.
  const leaps = leapsOf(shown.slice(30, 200));
  expect(leaps.reduce((sum, ms) => sum + ms, 0) / leaps.length).toBeCloseTo(1000 / 60, 1);
  expect(shown.length).toBeGreaterThan(11 * 60 * 1.05);
});

test('garbage collection pauses again and again for as long as it says', () => {
  const report = run([{ kind: 'gc', atMs: 3000, peer: 1, pauseMs: 120, everyMs: 300, forMs: 1600 }]);
  const times = advancesOf(report, 1, [2900, 6000]);
  const pauses = times.slice(1).filter(({ ms }, index) => ms - (times[index] as Line).ms > 100);
  expect(pauses).toHaveLength(4);
  expect(gapMsOf(times)).toBeLessThan(140);
});

test('a slow loop advances so many times less often', () => {
  const report = run([{ kind: 'slow', atMs: 3000, peer: 1, factor: 3, forMs: 2000 }]);
  expect(advancesOf(report, 1, [3050, 4950]).length).toBeCloseTo(38, -0.5);
  expect(advancesOf(report, 1, [6000, 7000]).length).toBeGreaterThan(58);
});

test('a slow CPU takes its time for each step, and what arrives meanwhile waits', () => {
  const report = run([{ kind: 'cpu', atMs: 3000, peer: 1, stepMs: 30, forMs: 1500 }]);
  const advances = advancesOf(report, 1, [3050, 4450]);
  // At most one step in 30 ms; the last advance may have taken up to twelve.
  const frames = (advances.at(-1)?.words[1] as number) - (advances[0]?.words[1] as number);
  expect(frames).toBeGreaterThan(20);
  expect(frames).toBeLessThan(1400 / 30 + 12);
  const arrivals = arrivalsOf(report, 1, [3050, 4450]).map(({ ms }) => ms);
  // Two peers send sixty times a second; without waiting hardly two packets arrive in the same instant.
  expect(new Set(arrivals).size).toBeLessThan(arrivals.length * 0.75);
});

test('a hidden tab advances once a second, and when packets come', () => {
  const alone = run([{ kind: 'hidden', atMs: 3000, peer: 0, forMs: 3000 }], { peers: 1 });
  expect(advancesOf(alone, 0, [3020, 6000]).length).toBeLessThanOrEqual(4);
  const others = run([{ kind: 'hidden', atMs: 3000, peer: 1, forMs: 3000 }]);
  expect(advancesOf(others, 1, [3020, 6000]).length).toBeGreaterThan(120);
  expect(advancesOf(others, 1, [3020, 6000]).length).toBeLessThan(181);
});

test('a swizzle stops links one by one and brings all of them back in time', () => {
  const fault: Fault = { kind: 'swizzle', atMs: 3000, peers: [0, 1, 2], forMs: 2000 };
  const report = run([fault]);
  const silent = [];
  for (const to of [0, 1, 2]) {
    for (const from of [0, 1, 2]) {
      if (from === to) continue;
      const times = arrivalsOf(report, to, [2900, 5200]).filter(({ words }) => words[1] === from);
      const index = times.findIndex(({ ms }, place) => place > 0 && ms - (times[place - 1] as Line).ms > 150);
      if (index > 0) silent.push({ fromMs: times[index - 1]?.ms ?? 0, toMs: times[index]?.ms ?? 0 });
      expect(times.at(-1)?.ms).toBeGreaterThan(5150);
    }
  }
  expect(silent.length).toBeGreaterThanOrEqual(4);
  expect(silent.every(({ fromMs, toMs }) => fromMs < 4050 && toMs > 3950 && toMs < 5050)).toBe(true);
  expect(new Set(silent.map(({ fromMs }) => Math.round(fromMs))).size).toBeGreaterThan(2);
});

test('a narrow link delays and loses packets of the directions it names', () => {
  const fault: Fault = {
    kind: 'bandwidth',
    atMs: 3000,
    bitsPerSecond: 32_000,
    queueBytes: 1500,
    from: 1,
    to: 0,
    forMs: 2000,
  };
  const report = run([fault], { peers: 2 });
  expect(report.coverage.network.overflowed).toBeGreaterThan(20);
  const during: readonly [number, number] = [3500, 4900];
  // 4,000 bytes a second, and none of the packets is below 96 + 8.
  expect(arrivalsOf(report, 0, during).length).toBeLessThanOrEqual((4000 / 104) * 1.4 + 1);
});

test('a path with a small MTU loses long packets only', () => {
  const report = run([{ kind: 'mtu', atMs: 3000, mtuBytes: 14, forMs: 1000 }], { peers: 2 });
  const lengths = linesOf(report, 'arrive', [3010, 3990]).map(({ words }) => words[2] as number);
  expect(report.coverage.network.oversized).toBeGreaterThan(5);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(14);
});

test('a one-way partition leaves the other direction alone', () => {
  const fault: Fault = { kind: 'partition', atMs: 3000, groups: [[0], [1, 2]], oneWay: true, forMs: 500 };
  const report = run([fault]);
  const span: readonly [number, number] = [3020, 3490];
  expect(arrivalsOf(report, 1, span).filter(({ words }) => words[1] === 0)).toEqual([]);
  expect(arrivalsOf(report, 0, span).filter(({ words }) => words[1] === 1).length).toBeGreaterThan(15);
  expect(arrivalsOf(report, 1, span).filter(({ words }) => words[1] === 2).length).toBeGreaterThan(15);
});

test('nothing strikes after the heal, and the heal ends what is going on', () => {
  const faults: Fault[] = [
    { kind: 'hidden', atMs: 7900, peer: 1, forMs: 60_000 },
    { kind: 'cpu', atMs: 7900, peer: 1, stepMs: 200, forMs: 60_000 },
    { kind: 'sleep', atMs: 7950, peer: 2, forMs: 60_000 },
    { kind: 'gc', atMs: 7000, peer: 0, pauseMs: 50, everyMs: 50, forMs: 60_000 },
    { kind: 'swizzle', atMs: 7900, peers: [0, 1], forMs: 60_000 },
    { kind: 'crash', atMs: 8001, peer: 0 },
  ];
  const report = run(faults);
  expect(report.coverage.faults).toMatchObject({ hidden: 1, cpu: 1, sleep: 1, gc: 1, swizzle: 1, crash: 0 });
  for (const peer of [0, 1, 2]) expect(advancesOf(report, peer, [9000, 10_000]).length).toBeGreaterThan(58);
});

test.each<[Fault, string]>([
  [{ kind: 'swizzle', atMs: 1, peers: [1, 1], forMs: 5 }, 'at least two peers'],
  [{ kind: 'jump', atMs: 1, peer: 0, byMs: 4_000_000 }, 'byMs is 4000000'],
  [{ kind: 'cpu', atMs: 1, peer: 0, stepMs: -1, forMs: 5 }, 'stepMs is -1'],
  [{ kind: 'gc', atMs: 1, peer: 0, pauseMs: 0, everyMs: 5, forMs: 5 }, 'pauseMs is 0'],
  [{ kind: 'gc', atMs: 1, peer: 0, pauseMs: 5, everyMs: 0, forMs: 5 }, 'everyMs is 0'],
  [{ kind: 'bandwidth', atMs: 1, bitsPerSecond: 10, queueBytes: 5, forMs: 5 }, 'bitsPerSecond is 10'],
  [{ kind: 'bandwidth', atMs: 1, bitsPerSecond: 10_000, queueBytes: 0, forMs: 5 }, 'queueBytes is 0'],
  [{ kind: 'mtu', atMs: 1, mtuBytes: 0, forMs: 5 }, 'mtuBytes is 0'],
  [{ kind: 'mtu', atMs: 1, mtuBytes: 500, to: 4, forMs: 5 }, 'there is no peer 4'],
  [{ kind: 'swizzle', atMs: 1, peers: [0, 9], forMs: 5 }, 'there is no peer 9'],
])('the fault %p is refused by name', (fault, words) => {
  expect(() => checkFaults([fault], 3)).toThrow(words);
});

test.each<[Fault, number, number]>([
  [{ kind: 'sleep', atMs: 1, peer: 1, forMs: 70 }, 70, 70],
  [{ kind: 'gc', atMs: 1, peer: 1, pauseMs: 40, everyMs: 90, forMs: 900 }, 80, 80],
  [{ kind: 'cpu', atMs: 1, peer: 1, stepMs: 10, forMs: 900 }, 300, 300],
  [{ kind: 'slow', atMs: 1, peer: 1, factor: 3, forMs: 900 }, 60, 60],
  [{ kind: 'hidden', atMs: 1, peer: 1, forMs: 900 }, 1200, 1200],
  [{ kind: 'jump', atMs: 1, peer: 1, byMs: -300 }, 300, 300],
  [{ kind: 'drift', atMs: 1, peer: 1, ppm: 300 }, 0, 0],
  [{ kind: 'swizzle', atMs: 1, peers: [0, 1], forMs: 70 }, 70, 70],
  [{ kind: 'swizzle', atMs: 1, peers: [0, 2], forMs: 70 }, 0, 0],
  [{ kind: 'mtu', atMs: 1, mtuBytes: 500, from: 1, forMs: 70 }, 70, 0],
  [{ kind: 'mtu', atMs: 1, mtuBytes: 1200, forMs: 70 }, 0, 0],
  [{ kind: 'bandwidth', atMs: 1, bitsPerSecond: 16_000, queueBytes: 1000, to: 0, forMs: 70 }, 1500, 0],
])('%p may silence peer 1 for peer 0 for %i ms, and the other way round for %i ms', (fault, there, back) => {
  expect(silenceMsMax([fault], { observer: 0, peer: 1, peerCount: 3 })).toBe(there);
  expect(silenceMsMax([fault], { observer: 1, peer: 0, peerCount: 3 })).toBe(back);
});
