/** Agreement among three or more: seeds of crashes and of partitions. More of them: VIEW_SEEDS=1000 npm run test:unit -- view-change */
import { isQuorum, lowestIndex } from '../../../sdk/src/base/peer-set.js';
import { crashTrial, partitionTrial, type TrialResult } from '../../support/view-trial.js';

function failures(
  trial: (seed: number) => TrialResult,
  seeds: number,
): { failed: string[]; results: TrialResult[] } {
  const failed: string[] = [];
  const results: TrialResult[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    const result = trial(seed);
    results.push(result);
    if (result.problems.length > 0)
      failed.push(`${trial.name} seed ${seed}: ${result.problems.slice(0, 3).join('; ')}`);
  }
  return { failed, results };
}

const crashSeeds = Number(process.env['VIEW_SEEDS'] ?? 24);
const partitionSeeds = Number(process.env['VIEW_SEEDS'] ?? 10);

test('in seeds of crashes, also during the vote, all survivors cut at the same frame and take nothing back', () => {
  const { failed, results } = failures(crashTrial, crashSeeds);
  expect(failed).toEqual([]);
  // The seeds are worth something only if second crashes and second views happened.
  expect(results.filter(({ views }) => views >= 2).length).toBeGreaterThan(1);
  const decided = results
    .map(({ decidedAfterMs }) => decidedAfterMs ?? 0)
    .sort((left, right) => left - right);
  expect(decided[Math.floor(decided.length * 0.9)]).toBeLessThan(4000);
}, 120_000);

test('in seeds of broken links, partitions and stopped machines the newest view agrees and nobody is stuck', () => {
  const { failed, results } = failures(partitionTrial, partitionSeeds);
  expect(failed).toEqual([]);
  expect(results.filter(({ views }) => views >= 1).length).toBeGreaterThan(2);
}, 120_000);

test('a quorum is a majority, or the half with the lowest index: two of them always share a voter', () => {
  for (let base = 1; base < 128; base += 1) {
    const quorums = Array.from({ length: 128 }, (_, mask) => mask).filter(
      (mask) => (mask & ~base) === 0 && isQuorum(mask, base),
    );
    expect(quorums.length).toBeGreaterThan(0);
    expect(quorums.every((one) => quorums.every((other) => (one & other) !== 0))).toBe(true);
  }
});

test('the lowest index of a set is found, and none in an empty one', () => {
  expect([0, 1, 2, 12, 0x40000000].map(lowestIndex)).toEqual([-1, 0, 1, 2, 30]);
});
