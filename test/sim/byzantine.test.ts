/**
 * One peer of three to six lies (two of five, sometimes), in each of eleven ways: no honest peer throws, is blamed, dropped or made to
 * disagree unnoticed. More seeds: `npm run swarm -- --byzantine all --seeds 1..11000`.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BYZANTINE_STRATEGIES, type ByzantineStrategy, networkPresets, simulate } from 'rollmesh/simulator';
import { TwoFacedLog } from '../../sdk/src/simulator/two-faced-log.js';
import { runSeed, type SwarmResult } from './swarm.js';
import { swiftGame } from './swarm-games.js';

const CLI = fileURLToPath(new URL('./swarm-cli.mjs', import.meta.url));
const TIMEOUT_MS = 600_000;
const SEEDS_EACH = 20;

/** Seeds of longer swarms that once broke a promise: a proposer without a vote, a fork by a liar, two cuts of one owner. */
const ONCE_BROKEN = [1642, 2377, 2838, 3741, 8792];

let swarm: SwarmResult;

beforeAll(() => {
  const seeds = `1..${SEEDS_EACH * BYZANTINE_STRATEGIES.length}`;
  const args = [CLI, '--json', '--seconds', '12', '--byzantine', 'all', '--seeds', seeds];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (stdout === '') throw new Error(`The swarm did not run:\n${stderr}`);
  swarm = JSON.parse(stdout) as SwarmResult;
}, TIMEOUT_MS);

/** Failures of one strategy. */
function failuresOf(strategy: ByzantineStrategy): string[] {
  return swarm.failures.filter((line) => {
    const seed = Number(/seed=(\d+)/.exec(line)?.[1]);
    return BYZANTINE_STRATEGIES[seed % BYZANTINE_STRATEGIES.length] === strategy;
  });
}

test.each(BYZANTINE_STRATEGIES)(
  '%s: no honest peer throws, is blamed, dropped, disagrees unnoticed or is held up',
  (name) => {
    expect(failuresOf(name)).toEqual([]);
  },
);

test.each(ONCE_BROKEN)('seed %i breaks no promise', (seed) => {
  const options = { firstSeed: seed, lastSeed: seed, seconds: 12, game: 'mixed', byzantine: 'all' } as const;
  expect(runSeed(seed, options).violations).toEqual([]);
});

test('they lie in nearly all of the seeds', () => {
  expect(swarm.coverage.seeds).toBe(SEEDS_EACH * BYZANTINE_STRATEGIES.length);
  expect(swarm.coverage.happened['lies']).toBeGreaterThan(swarm.coverage.seeds * 0.75);
});

test('an equivocation splits honest peers, which is excused if and only if somebody reports it', () => {
  const options = {
    game: swiftGame,
    peers: 3,
    frames: 600,
    seed: 4,
    network: networkPresets.goodWifi,
    byzantine: [{ peer: 2, strategy: 'equivocate' as const, rate: 0.2 }],
  };
  const report = simulate(options);
  expect(report.violations).toEqual([]);
  expect(report.coverage.lies).toBeGreaterThan(100);
});

test('the two faces of a log differ in some frames, and each packet stays whole', () => {
  const log = new TwoFacedLog(swiftGame.input as never, 0, {
    next: () => 0,
    below: () => 0,
    chance: () => true,
  });
  const header = { count: 3, cellsAt: 8, frame16: 3 } as never;
  expect(log.rewrite(new Uint8Array(20), header, { rate: 1, isVictim: true })).toBeUndefined();
});

test.each([
  [{ peer: 3, strategy: 'gap' }, 'byzantine peer 3'],
  [{ peer: 0, strategy: 'sulk' }, 'strategy "sulk"'],
  [{ peer: 0, strategy: 'gap', rate: 2 }, 'at rate 2'],
])('the liar %p is refused by name', (liar, words) => {
  const options = { game: swiftGame, peers: 3, frames: 10, byzantine: [liar as never] };
  expect(() => simulate(options)).toThrow(words);
});
