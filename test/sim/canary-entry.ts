/** Bundled once per canary: plays seeds until one fails. */
import { describeReport, simulate } from 'rollmesh/simulator';
import { type SwarmOptions, scenarioOf } from './swarm.js';

/** What was found, if anything. */
export interface Hunt {
  readonly seed: number | undefined;
  readonly line: string;
}

/** Plays seeds 1 to `lastSeed` until one fails. */
export function hunt(lastSeed: number, more: Partial<SwarmOptions>): Hunt {
  const options: SwarmOptions = { firstSeed: 1, lastSeed, seconds: 8, game: 'mixed', ...more };
  for (let seed = 1; seed <= lastSeed; seed += 1) {
    const report = simulate(scenarioOf(seed, options));
    if (!report.ok) return { seed, line: describeReport(report) };
  }
  return { seed: undefined, line: '' };
}
