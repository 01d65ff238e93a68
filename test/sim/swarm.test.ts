/**
 * The swarm of every `npm test`: 210 seeds of 10 s of play in a process of its own. A failing seed names itself and the command
 * that repeats it. More seeds and longer runs: `npm run swarm -- --seeds 1..2000 --seconds 30`.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runSeed, type SwarmCoverage, type SwarmOptions, type SwarmResult } from './swarm.js';

const CLI = fileURLToPath(new URL('./swarm-cli.mjs', import.meta.url));
const SWARM_TIMEOUT_MS = 240_000;
const OPTIONS: SwarmOptions = { firstSeed: 1, lastSeed: 210, seconds: 7, game: 'mixed' };

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
  const { out, err } = runCli(['--json', '--seeds', `${OPTIONS.firstSeed}..${OPTIONS.lastSeed}`]);
  if (out === '') throw new Error(`The swarm did not run:\n${err}`);
  swarm = JSON.parse(out) as SwarmResult;
}, SWARM_TIMEOUT_MS);

test('no seed of the swarm breaks a promise', () => {
  expect(swarm.failures).toEqual([]);
  expect(swarm.coverage.seeds).toBeGreaterThanOrEqual(200);
});

/** Least and largest share of seeds, in percent, in which something happened. */
const SHARES: readonly (readonly [keyof SwarmCoverage, number, number])[] = [
  ['rollbacks', 80, 100],
  ['rollbacksOf7Frames', 30, 100],
  ['stalls', 50, 100],
  ['losses', 50, 90],
  ['duplicates', 30, 80],
  ['reorders', 50, 90],
  ['damages', 20, 80],
  ['refusals', 15, 80],
  ['constantLatency', 10, 30],
  ['freezes', 25, 80],
  ['slowPeers', 20, 80],
  ['drifts', 20, 80],
  ['partitions', 40, 80],
  ['crashes', 20, 80],
  ['leaves', 10, 80],
  ['departures', 20, 80],
  ['noFaults', 1, 50],
  ['effects', 70, 100],
];

test.each(SHARES)('%s happen in %i to %i percent of the seeds', (name, least, most) => {
  const percent = (100 * swarm.coverage[name]) / swarm.coverage.seeds;
  expect(percent).toBeGreaterThanOrEqual(least);
  expect(percent).toBeLessThanOrEqual(most);
});

test('peers confirmed the same frames over and over', () => {
  const { framesCompared, sessionFrames } = swarm.coverage;
  expect(sessionFrames).toBeGreaterThan(200_000);
  expect(framesCompared).toBeGreaterThan(sessionFrames / 3);
});

test.each([3, 7, 11, 12])('seed %i leaves the same trace here as in the other process', (seed) => {
  expect(runSeed(seed, OPTIONS).trace.hash).toBe(swarm.traces[seed]);
});

test('the command line tells one seed in detail and refuses options it does not know', () => {
  const one = runCli(['--seed', '2', '--seconds', '1', '--peers', '2']);
  expect(one).toMatchObject({ status: 0, err: '' });
  expect(one.out).toMatch(/^SIM OK seed=2 peers=2 trace=[0-9a-f]{16}/);
  expect(runCli(['--help']).out).toContain('--seeds A..B');
  const wrong = runCli(['--game', 'chess']);
  expect(wrong.status).toBe(2);
  expect(wrong.err).toContain('no game "chess"');
}, 60_000);
