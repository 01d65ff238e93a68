/**
 * The swarm: many seeds, each its own network, faults, players and settings. Used by swarm-main.ts in a process of its own:
 * outside of the test runner's sandbox, which makes every `Math.imul` a slow global look-up, a run is several times faster.
 */
import {
  describeReport,
  randomScenario,
  type SimulateOptions,
  type SimulationReport,
  simulate,
} from 'rollmesh/simulator';
import { type SwarmGameName, swarmGame } from './swarm-games.js';

/** What a swarm is run with. */
export interface SwarmOptions {
  readonly firstSeed: number;
  readonly lastSeed: number;
  /** Play before the heal, in s of virtual time; 3 s are added. */
  readonly seconds: number;
  /** Default: 2 to 8, drawn per seed. */
  readonly peers?: number;
  readonly game: SwarmGameName;
}

/** In how many seeds something happened: a swarm in which nothing goes wrong proves nothing. */
export interface SwarmCoverage {
  seeds: number;
  sessionFrames: number;
  framesCompared: number;
  rollbacks: number;
  rollbacksOf7Frames: number;
  stalls: number;
  losses: number;
  duplicates: number;
  reorders: number;
  damages: number;
  refusals: number;
  constantLatency: number;
  freezes: number;
  slowPeers: number;
  drifts: number;
  partitions: number;
  crashes: number;
  leaves: number;
  departures: number;
  noFaults: number;
  effects: number;
}

/** What a swarm found. */
export interface SwarmResult {
  /** One line per failed seed. */
  readonly failures: readonly string[];
  /** Digest of each run, by seed. */
  readonly traces: { readonly [seed: string]: string };
  readonly coverage: SwarmCoverage;
}

/** Plays one seed. */
export function runSeed(seed: number, options: SwarmOptions, trace = false): SimulationReport {
  return simulate({ ...scenarioOf(seed, options), trace });
}

function scenarioOf(seed: number, options: SwarmOptions): SimulateOptions<unknown, unknown> {
  const game = swarmGame(seed, options.game);
  const frames = Math.max(1, Math.round(options.seconds * game.framesPerSecond));
  const peers = options.peers === undefined ? {} : { peers: options.peers };
  return randomScenario(game, { seed, frames, ...peers });
}

/** Nothing but a delay, the same for every packet. */
function isConstantLatency({ network }: SimulateOptions<unknown, unknown>): boolean {
  return typeof network === 'function' && Object.keys(network(0, 1)).join() === 'delayMs';
}

/** The command that repeats one seed. */
export function repeatCommand(seed: number, { seconds, peers, game }: SwarmOptions): string {
  const more = `${peers === undefined ? '' : ` --peers ${peers}`}${game === 'mixed' ? '' : ` --game ${game}`}`;
  return `npm run swarm -- --seed ${seed} --seconds ${seconds}${more} --trace trace.txt`;
}

/** Plays all seeds; `onFailure` hears of each failed one at once. */
export function runSwarm(options: SwarmOptions, onFailure: (line: string) => void): SwarmResult {
  const failures: string[] = [];
  const traces: Record<string, string> = {};
  const coverage = emptyCoverage();
  for (let seed = options.firstSeed; seed <= options.lastSeed; seed += 1) {
    const report = runSeed(seed, options);
    traces[seed] = report.trace.hash;
    count(coverage, report);
    if (isConstantLatency(scenarioOf(seed, options))) coverage.constantLatency += 1;
    if (report.ok) continue;
    const line = `${describeReport(report)} | repeat: ${repeatCommand(seed, options)}`;
    failures.push(line);
    onFailure(line);
  }
  return { failures, traces, coverage };
}

function emptyCoverage(): SwarmCoverage {
  return {
    seeds: 0,
    sessionFrames: 0,
    framesCompared: 0,
    rollbacks: 0,
    rollbacksOf7Frames: 0,
    stalls: 0,
    losses: 0,
    duplicates: 0,
    reorders: 0,
    damages: 0,
    refusals: 0,
    constantLatency: 0,
    freezes: 0,
    slowPeers: 0,
    drifts: 0,
    partitions: 0,
    crashes: 0,
    leaves: 0,
    departures: 0,
    noFaults: 0,
    effects: 0,
  };
}

function count(coverage: SwarmCoverage, report: SimulationReport): void {
  const { network, faults, departures, framesCompared, effects } = report.coverage;
  const faultCount = Object.values(faults).reduce((sum, times) => sum + times, 0);
  coverage.seeds += 1;
  coverage.sessionFrames += report.stats.reduce((sum, { frameCurrent }) => sum + frameCurrent, 0);
  coverage.framesCompared += framesCompared;
  const happened: Partial<Record<keyof SwarmCoverage, boolean>> = {
    rollbacks: report.rollbacks > 0,
    rollbacksOf7Frames: report.rollbackFramesMax >= 7,
    stalls: report.stalls > 0,
    losses: network.lost > 0,
    duplicates: network.duplicated > 0,
    reorders: network.reordered > 0,
    damages: network.corrupted > 0,
    refusals: network.refused > 0,
    freezes: faults.freeze > 0,
    slowPeers: faults.slow > 0,
    drifts: faults.drift > 0,
    partitions: faults.partition > 0,
    crashes: faults.crash > 0,
    leaves: faults.leave > 0,
    departures: departures > 0,
    noFaults: faultCount === 0,
    effects: effects > 0,
  };
  for (const key of Object.keys(happened) as (keyof SwarmCoverage)[])
    if (happened[key] === true) coverage[key] += 1;
}
