/** A failing run is made smaller as long as it fails; what is left can be written, read and played again. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomScenario, type SimulateOptions, shrink, simulate } from 'rollmesh/simulator';
import { type ScenarioFile, scenarioFromFile, scenarioToFile } from './scenario-file.js';
import { runSeed, type SwarmOptions, scenarioOf } from './swarm.js';
import { swiftGame } from './swarm-games.js';

type Options = SimulateOptions<unknown, unknown>;

const CLI = fileURLToPath(new URL('./swarm-cli.mjs', import.meta.url));
const SWARM: SwarmOptions = { firstSeed: 1, lastSeed: 1, seconds: 6, game: 'swift' };

const large: Options = {
  ...(randomScenario(swiftGame, { seed: 5, peers: 6, frames: 240 }) as unknown as Options),
  faults: [
    { kind: 'freeze', atMs: 1500, peer: 1, forMs: 100 },
    { kind: 'drift', atMs: 1600, peer: 2, ppm: 300 },
    { kind: 'partition', atMs: 1700, groups: [[0, 1], [2, 3], [5]], forMs: 100 },
    { kind: 'swizzle', atMs: 1700, peers: [0, 3, 4], forMs: 100 },
    { kind: 'loss', atMs: 1800, loss: 0.5, from: 4, forMs: 100 },
    { kind: 'mtu', atMs: 1800, mtuBytes: 500, forMs: 100 },
    { kind: 'sleep', atMs: 1900, peer: 4, forMs: 150 },
    { kind: 'slow', atMs: 1900, peer: 5, factor: 2, forMs: 100 },
  ],
};

test('what has nothing to do with the failure is taken away', () => {
  let runs = 0;
  const small = shrink(large, (candidate) => {
    runs += 1;
    const { faults } = simulate(candidate).coverage;
    return faults.sleep > 0 && faults.drift > 0;
  });
  expect(small.faults?.map(({ kind }) => kind)).toEqual(['drift', 'sleep']);
  expect(small.peers).toBe(2);
  expect(small.frames).toBeGreaterThanOrEqual(114);
  expect(small.frames).toBeLessThan(130);
  expect(small).toMatchObject({ localPlayers: 1, tickJitterMs: 0, startSpreadMs: 0, inputChangeShare: 0 });
  expect(Object.keys(small.network as object)).toEqual(['delayMs']);
  expect(runs).toBeLessThan(100);
  expect(simulate(small).coverage.faults).toMatchObject({ sleep: 1, drift: 1, freeze: 0 });
});

test('trouble of a link that the failure needs stays, and so do liars', () => {
  const network = { delayMs: 30, jitterMs: 5, loss: 0.1, duplicate: 0.1, reorder: 0.1 };
  const byzantine = [{ peer: 3, strategy: 'flood' as const }];
  const small = shrink({ ...large, network, byzantine }, (candidate) => {
    const { network: counts, lies } = simulate(candidate).coverage;
    return counts.duplicated > counts.sent * 0.02 && lies > 0;
  });
  expect(small.network).toEqual({ delayMs: 30, duplicate: 0.1 });
  expect(small.faults).toEqual([]);
  expect(small.byzantine).toEqual([{ peer: 1, strategy: 'flood' }]);
});

test('a run that does not fail is left as it is, and no more runs are played than allowed', () => {
  expect(shrink(large, () => false)).toBe(large);
  let runs = 0;
  const count = (): boolean => {
    runs += 1;
    return true;
  };
  const half = shrink(large, count, { runsMax: 3 });
  expect(runs).toBe(3);
  expect(half.faults).toHaveLength(2);
});

test.each([3, 6, 7])('seed %i, written and read, is the same run', (seed) => {
  const file = JSON.stringify(scenarioToFile(scenarioOf(seed, SWARM), 'swift'));
  const report = simulate(scenarioFromFile(JSON.parse(file) as ScenarioFile));
  expect(report.trace.hash).toBe(runSeed(seed, SWARM).trace.hash);
});

test('the command line writes a run and replays it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollmesh-shrink-'));
  try {
    const path = join(folder, 'run.json');
    const play = (...args: string[]): string => {
      const { stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8' });
      return `${stdout}${stderr}`;
    };
    const first = play('--seed', '6', '--seconds', '5', '--game', 'swift', '--save', path);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ seed: 6, game: 'swift' });
    expect(play('--replay', path)).toBe(first);
    expect(play('--replay', path, '--shrink', path)).toContain('this run breaks no promise');
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
