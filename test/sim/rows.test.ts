/**
 * Rows of conditions, one kind of trouble each and nothing else, with what must hold in every one: constant delays, bursts of loss,
 * partitions of every kind and length, links that come and go in any order, clocks of every kind. Thinned in each run of the tests;
 * `ROWS_FACTOR=10 npm run test:unit -- rows` plays ten times as long and as many seeds.
 */
import {
  describeReport,
  type Fault,
  networkPresets,
  type SimulateOptions,
  simulate,
} from 'rollmesh/simulator';
import { swiftGame } from './swarm-games.js';

type Options = SimulateOptions<unknown, unknown>;

const FACTOR = Number(process.env['ROWS_FACTOR'] ?? 1);
const game = swiftGame as unknown as Options['game'];
const SEEDS = Array.from({ length: FACTOR }, (_, index) => index + 1);
const TIMEOUT_MS = 60_000 + 60_000 * FACTOR;

const play = (options: Omit<Options, 'game'>) => {
  const report = simulate({ game, ...options });
  expect(describeReport(report)).toContain('SIM OK');
  return report;
};

describe.each([2, 4, 8])('%i players', (peers) => {
  test.each([0, 16.667, 33.333, 50, 100, 150])(
    'with a constant delay of %d ms stay equal, and up to 100 ms nobody ever stalls',
    (delayMs) => {
      const report = play({ peers, frames: 600 * FACTOR, network: { delayMs }, inputDelayFrames: 2 });
      if (delayMs <= 100) expect(report.stalls).toBe(0);
      expect(report.framesConfirmed).toBeGreaterThan(600 * FACTOR);
    },
    TIMEOUT_MS,
  );

  test.each([100, 300, 1000])(
    'wait no longer than a burst of %i ms and one and a half round trips',
    (forMs) => {
      const delayMs = 40;
      for (const seed of SEEDS) {
        const faults: Fault[] = [3000, 6000].map((atMs) => ({ kind: 'loss', atMs, loss: 1, from: 0, forMs }));
        const report = play({
          ...{ peers, seed, frames: 540, network: { delayMs }, faults },
          sessionOptions: { onLate: 'wait' },
        });
        expect(report.coverage.faults.loss).toBe(2);
        const longestMs = Math.max(...report.stats.map(({ stallMsMax }) => stallMsMax));
        expect(longestMs).toBeLessThanOrEqual(forMs + 3 * delayMs);
        // Window and delay last for 170 ms.
        if (forMs > 170) expect(longestMs).toBeGreaterThan(0);
      }
    },
    TIMEOUT_MS,
  );
});

/** Half of four against the other half; one link; one against all, one way. */
const PARTITIONS: readonly (readonly [string, readonly (readonly number[])[], boolean])[] = [
  [
    'two halves',
    [
      [0, 1],
      [2, 3],
    ],
    false,
  ],
  ['two parts of different size', [[0, 1, 2], [3]], false],
  ['one broken link', [[1], [2]], false],
  ['one that is not heard', [[3], [0, 1, 2]], true],
  ['one that does not hear', [[0, 1, 2], [3]], true],
];

describe.each(PARTITIONS)('a partition: %s', (_name, groups, oneWay) => {
  test.each([300, 1000, 3000, 10_000])(
    'of %i ms, stopped or jammed, ends with all in one match again, agreed on everything',
    (forMs) => {
      for (const form of ['stopped', 'jammed'] as const) {
        for (const seed of SEEDS) {
          const report = play({
            ...{ peers: 4, seed, frames: 240 + (forMs * 60) / 1000, network: networkPresets.goodWifi },
            faults: [{ kind: 'partition', atMs: 2500, forMs, groups, oneWay, form }],
            ...{ settleMs: 8000, sessionOptions: { lostAfterMs: 2000 } },
          });
          expect(report.coverage.forked).toBe(false);
          expect(report.stats.map(({ phase }) => phase)).toEqual(new Array(4).fill('running'));
          // What lasts shorter than it takes to be lost removes nobody, and neither does one broken link.
          if (forMs <= 1000 || groups.flat().length === 2) expect(report.coverage.departures).toBe(0);
        }
      }
    },
    TIMEOUT_MS,
  );
});

test.each(Array.from({ length: 6 * FACTOR }, (_, index) => index + 1))(
  'seed %i: links that stop and come back in any order leave nobody behind',
  (seed) => {
    const peers = 3 + (seed % 6);
    const all = Array.from({ length: peers }, (_, peer) => peer);
    const faults: Fault[] = [2500, 4500].map((atMs, index) => ({
      ...{ kind: 'swizzle', atMs: atMs + 37 * (seed % 11), peers: all, forMs: 1500 },
      form: index === 0 ? 'stopped' : 'jammed',
    }));
    const report = play({ ...{ peers, seed, frames: 420, settleMs: 4000 }, faults });
    expect(report.coverage.faults.swizzle).toBe(2);
    expect(report.stats.map(({ phase }) => phase)).toEqual(new Array(peers).fill('running'));
  },
  TIMEOUT_MS,
);

const CLOCKS: readonly (readonly [string, readonly Fault[]])[] = [
  ['half a percent fast', [{ kind: 'drift', atMs: 0, peer: 1, ppm: 5000 }]],
  ['half a percent slow', [{ kind: 'drift', atMs: 0, peer: 1, ppm: -5000 }]],
  [
    'one fast and one slow',
    [
      { kind: 'drift', atMs: 0, peer: 1, ppm: 2000 },
      { kind: 'drift', atMs: 0, peer: 2, ppm: -2000 },
    ],
  ],
  [
    'now fast, now slow',
    [1000, 3000, 5000].map((atMs, index) => ({
      kind: 'drift',
      ...{ atMs, peer: 1, ppm: index % 2 === 0 ? 4000 : -4000 },
    })),
  ],
  ['an hour ahead at once', [{ kind: 'jump', atMs: 3000, peer: 1, byMs: 3_600_000 }]],
  ['an hour back', [{ kind: 'jump', atMs: 3000, peer: 1, byMs: -3_600_000 }]],
  [
    'back by a little, again and again',
    [2000, 3000, 4000, 5000].map((atMs) => ({ kind: 'jump', ...{ atMs, peer: 1, byMs: -80 } })),
  ],
  ['stopped for a moment', [{ kind: 'sleep', atMs: 3000, peer: 1, forMs: 700 }]],
];

test.each(CLOCKS)(
  'a clock that is %s changes nothing that is confirmed',
  (_name, faults) => {
    for (const seed of SEEDS) {
      const report = play({ peers: 3, seed, frames: 600, faults, settleMs: 6000 });
      const newest = report.stats.map(({ frameCurrent }) => frameCurrent);
      expect(Math.max(...newest) - Math.min(...newest)).toBeLessThanOrEqual(8);
    }
  },
  TIMEOUT_MS,
);
