/**
 * The swarm of every `npm test`: 500 seeds of 30 s of play in a process of its own. A failing seed names itself and the command
 * that repeats it. More seeds and longer runs: `npm run swarm -- --seeds 1..2000 --seconds 30`.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runSeed, type SwarmOptions, type SwarmResult } from './swarm.js';
import { emptyCoverage, percentOf, SHARES, vacuityOf } from './swarm-coverage.js';

const CLI = fileURLToPath(new URL('./swarm-cli.mjs', import.meta.url));
const SWARM_TIMEOUT_MS = 600_000;
const OPTIONS: SwarmOptions = { firstSeed: 1, lastSeed: 500, seconds: 30, game: 'mixed' };

function runCli(args: readonly string[]): {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { status, out: stdout, err: stderr };
}

let swarm: SwarmResult;

beforeAll(() => {
  const { out, err } = runCli([
    '--json',
    '--seconds',
    '30',
    '--seeds',
    `${OPTIONS.firstSeed}..${OPTIONS.lastSeed}`,
  ]);
  if (out === '') throw new Error(`The swarm did not run:\n${err}`);
  swarm = JSON.parse(out) as SwarmResult;
}, SWARM_TIMEOUT_MS);

test('no seed of the swarm breaks a promise', () => {
  expect(swarm.failures).toEqual([]);
  expect(swarm.coverage.seeds).toBe(500);
});

test.each([945, 1223, 1282, 1328, 1516, 3718])(
  'seed %i, which found something once, breaks no promise',
  (seed) => {
    const { status, out } = runCli(['--seed', String(seed), '--seconds', '30']);
    expect(out).toContain(`SIM OK seed=${seed}`);
    expect(status).toBe(0);
  },
);

test.each(SHARES)('%s happen in %i to %i percent of the seeds', (name, least, most) => {
  const percent = percentOf(swarm.coverage, name);
  expect(percent).toBeGreaterThanOrEqual(least);
  expect(percent).toBeLessThanOrEqual(most);
});

test('every kind of message was sent and lost, and nothing else is missing', () => {
  expect(Object.keys(swarm.coverage.messages).length).toBeGreaterThan(12);
  expect(vacuityOf(swarm.coverage)).toEqual([]);
});

test('peers confirmed the same frames over and over', () => {
  const { framesCompared, sessionFrames } = swarm.coverage;
  expect(sessionFrames).toBeGreaterThan(2_000_000);
  expect(framesCompared).toBeGreaterThan(sessionFrames / 3);
});

test('a swarm in which too little goes wrong is called tame', () => {
  const tame = { ...emptyCoverage(), seeds: 200, messages: { go: { sent: 50, dropped: 0 } } };
  expect(vacuityOf(tame)).toEqual(
    expect.arrayContaining([
      expect.stringContaining('rollbacks in 0.0 % of the seeds'),
      'messages: "go" was sent 50 times and lost 0 times',
    ]),
  );
  expect(vacuityOf({ ...tame, seeds: 199 })).toEqual([]);
});

test.each([3, 7, 11, 12])('seed %i leaves the same trace here as in the other process', (seed) => {
  expect(runSeed(seed, OPTIONS).trace.hash).toBe(swarm.traces[seed]);
});

test('the command line tells one seed in detail and refuses options it does not know', () => {
  const one = runCli(['--seed', '2', '--seconds', '5', '--peers', '2']);
  expect(one).toMatchObject({ status: 0, err: '' });
  expect(one.out).toMatch(/^SIM OK seed=2 peers=2 trace=[0-9a-f]{16}/);
  expect(runCli(['--help']).out).toContain('--seeds A..B');
  const wrong = runCli(['--game', 'chess']);
  expect(wrong.status).toBe(2);
  expect(wrong.err).toContain('no game "chess"');
}, 60_000);
