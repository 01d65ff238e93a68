/**
 * The swarm: many seeds, each its own network, faults, players and settings. Used by swarm-main.ts in processes of their own:
 * outside of the test runner's sandbox, which makes every `Math.imul` a slow global look-up, a run is several times faster.
 */
import {
  BYZANTINE_STRATEGIES,
  type ByzantineStrategy,
  describeReport,
  randomScenario,
  type SimulateOptions,
  type SimulationReport,
  simulate,
} from 'rollmesh/simulator';
import { countRun, emptyCoverage, mergeCoverage, type SwarmCoverage } from './swarm-coverage.js';
import { type SwarmGameName, swarmGame } from './swarm-games.js';

/** What a swarm is run with. */
export interface SwarmOptions {
  readonly firstSeed: number;
  readonly lastSeed: number;
  /** Length of a run in s of virtual time: the last fifth, at least 3 s, is for recovery; half of it if somebody lies. */
  readonly seconds: number;
  /** Default: 2 to 8, drawn per seed. */
  readonly peers?: number;
  readonly game: SwarmGameName;
  /** One peer lies: how, or 'all' for another way in each seed. */
  readonly byzantine?: ByzantineStrategy | 'all';
  /** Plays every `step`-th seed only: several processes share a swarm. Default 1. */
  readonly step?: number;
}

/** What a swarm found. */
export interface SwarmResult {
  /** One line per failed seed. */
  readonly failures: string[];
  /** Digest of each run, by seed. */
  readonly traces: { [seed: string]: string };
  readonly coverage: SwarmCoverage;
}

/** Time to recover at the end of a run, in ms: longer if somebody lies, who does so to the end. */
function settleMsOf({ seconds, byzantine }: SwarmOptions): number {
  return byzantine === undefined ? Math.max(3000, seconds * 200) : seconds * 500;
}

/** How a peer lies in this seed, if at all. */
export function strategyOf(seed: number, { byzantine }: SwarmOptions): ByzantineStrategy | undefined {
  return byzantine === 'all' ? BYZANTINE_STRATEGIES[seed % BYZANTINE_STRATEGIES.length] : byzantine;
}

/** The conditions of one seed. */
export function scenarioOf(seed: number, options: SwarmOptions): SimulateOptions<unknown, unknown> {
  const game = swarmGame(seed, options.game);
  const settleMs = settleMsOf(options);
  const frames = Math.max(1, Math.round((options.seconds - settleMs / 1000) * game.framesPerSecond));
  const peers = options.peers === undefined ? {} : { peers: Math.min(options.peers, game.playersMax) };
  const byzantine = strategyOf(seed, options);
  const liars = byzantine === undefined ? {} : { byzantine };
  return { ...randomScenario(game, { seed, frames, ...peers, ...liars }), settleMs };
}

/** Plays one seed. */
export function runSeed(seed: number, options: SwarmOptions, trace = false): SimulationReport {
  return simulate({ ...scenarioOf(seed, options), trace });
}

/** The command that repeats one seed. */
export function repeatCommand(seed: number, options: SwarmOptions): string {
  const { seconds, peers, game, byzantine } = options;
  const more = `${peers === undefined ? '' : ` --peers ${peers}`}${game === 'mixed' ? '' : ` --game ${game}`}${byzantine === undefined ? '' : ` --byzantine ${byzantine}`}`;
  return `npm run swarm -- --seed ${seed} --seconds ${seconds}${more} --trace trace.txt`;
}

/** No run yet. */
export function emptyResult(): SwarmResult {
  return { failures: [], traces: {}, coverage: emptyCoverage() };
}

/** Plays all seeds; `onFailure` hears of each failed one at once. */
export function runSwarm(options: SwarmOptions, onFailure: (line: string) => void): SwarmResult {
  const result = emptyResult();
  for (let seed = options.firstSeed; seed <= options.lastSeed; seed += options.step ?? 1) {
    const scenario = scenarioOf(seed, options);
    const report = simulate(scenario);
    result.traces[seed] = report.trace.hash;
    countRun(result.coverage, scenario, report);
    if (report.ok) continue;
    const line = `${describeReport(report)} | repeat: ${repeatCommand(seed, options)}`;
    result.failures.push(line);
    onFailure(line);
  }
  return result;
}

/** Adds what another process found. */
export function mergeResults(total: SwarmResult, part: SwarmResult): void {
  total.failures.push(...part.failures);
  Object.assign(total.traces, part.traces);
  mergeCoverage(total.coverage, part.coverage);
}
