/** The command line of the swarm, bundled and started by swarm-cli.mjs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import {
  BYZANTINE_STRATEGIES,
  type ByzantineStrategy,
  describeReport,
  type SimulateOptions,
  shrink,
  simulate,
} from 'rollmesh/simulator';
import { type ScenarioFile, scenarioFromFile, scenarioToFile } from './scenario-file.js';
import {
  emptyResult,
  mergeResults,
  runSwarm,
  type SwarmOptions,
  type SwarmResult,
  scenarioOf,
} from './swarm.js';
import { vacuityOf } from './swarm-coverage.js';
import { SWARM_GAMES, type SwarmGameName } from './swarm-games.js';

type Run = SimulateOptions<unknown, unknown>;

const USAGE = `Plays many random matches in virtual time and checks every step of every peer.

  npm run swarm -- [options]

  --seeds A..B      the seeds to play (default 1..200)
  --seed N          one seed, told in detail
  --seconds S       length of a run in virtual seconds; the last fifth, at least 3 s, is for recovery (default 10)
  --peers N         2 to 8 peers (default: drawn per seed)
  --game NAME       mixed, swift, buffer, plain, custom or broad (default mixed)
  --byzantine NAME  one peer lies: a strategy, or all for another one in each seed
  --jobs N          threads, 1 to 64 (default 2)
  --trace FILE      with --seed or --replay: writes everything that happened
  --save FILE       with --seed: writes the run as JSON, for --replay
  --shrink FILE     with --seed: makes a failing run smaller and writes it
  --replay FILE     plays a run that was written
  --json            prints the result as JSON
  --help            prints this

From 200 seeds on it is also required that enough goes wrong. The exit code is 0 if no promise was broken, 1 if one was or
too little went wrong, 2 for bad options.`;

const { values } = parseArgs({
  args: isMainThread ? process.argv.slice(2) : [],
  options: {
    seeds: { type: 'string', default: '1..200' },
    seed: { type: 'string' },
    seconds: { type: 'string', default: '10' },
    peers: { type: 'string' },
    game: { type: 'string', default: 'mixed' },
    byzantine: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    trace: { type: 'string' },
    save: { type: 'string' },
    shrink: { type: 'string' },
    replay: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Ends with the exit code for bad options. */
function refuse(problem: string): never {
  console.error(`${problem}\n\n${USAGE}`);
  process.exit(2);
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > most)
    refuse(`--${name}: ${text} is not a whole number up to ${most}.`);
  return value;
}

function readOptions(): SwarmOptions {
  const { seed, seeds, seconds, peers, game, byzantine } = values;
  const [first = '', last = ''] = seed === undefined ? seeds.split('..') : [seed, seed];
  if (!SWARM_GAMES.some((name) => name === game)) refuse(`--game: there is no game "${game}".`);
  if (byzantine !== undefined && !['all', ...BYZANTINE_STRATEGIES].includes(byzantine))
    refuse(`--byzantine: there is no strategy "${byzantine}".`);
  if (!(Number(seconds) > 3)) refuse(`--seconds: ${seconds} is not a number above 3.`);
  return {
    firstSeed: wholeNumber('seeds', first, 4_294_967_295),
    lastSeed: wholeNumber('seeds', last, 4_294_967_295),
    seconds: Number(seconds),
    game: game as SwarmGameName,
    ...(byzantine === undefined ? {} : { byzantine: byzantine as ByzantineStrategy | 'all' }),
    ...(peers === undefined ? {} : { peers: wholeNumber('peers', peers, 8) }),
  };
}

/** The run that was asked for: a seed's, or one from a file. */
function chosenRun(options: SwarmOptions): Run {
  const { replay } = values;
  if (replay === undefined) return scenarioOf(options.firstSeed, options);
  return scenarioFromFile(JSON.parse(readFileSync(replay, 'utf8')) as ScenarioFile);
}

function writeRun(path: string, run: Run, options: SwarmOptions): void {
  writeFileSync(path, `${JSON.stringify(scenarioToFile(run, options.game), null, 1)}\n`);
}

/** The smallest run that breaks the same promise. */
function shrunk(run: Run): Run {
  const check = simulate(run).violations[0]?.check;
  if (check === undefined) refuse('--shrink: this run breaks no promise.');
  return shrink(run, (candidate) => simulate(candidate).violations.some((found) => found.check === check));
}

function playOne(options: SwarmOptions): boolean {
  const whole = chosenRun(options);
  if (values.save !== undefined) writeRun(values.save, whole, options);
  const run = values.shrink === undefined ? whole : shrunk(whole);
  if (values.shrink !== undefined) writeRun(values.shrink, run, options);
  const report = simulate({ ...run, trace: values.trace !== undefined });
  if (values.trace !== undefined) writeFileSync(values.trace, `${report.trace.lines.join('\n')}\n`);
  const { trace, ...rest } = report;
  console.log(values.json ? JSON.stringify(report) : describeReport(report));
  if (!values.json) console.log(JSON.stringify({ ...rest, trace: trace.hash }, null, 1));
  return report.ok;
}

/** Room for what lives briefly, in MB: with the engine's own choice it is searched four times as often. */
const resourceLimits = { maxYoungGenerationSizeMb: 96 };

/** One thread's part of the seeds. */
function playInThread(options: SwarmOptions): Promise<SwarmResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: options, argv: [], resourceLimits });
    worker.on('message', (message: string | SwarmResult) => {
      if (typeof message === 'string') console.error(message);
      else resolve(message);
    });
    worker.on('error', reject);
    worker.on('exit', () => reject(new Error('a thread of the swarm ended without a result')));
  });
}

async function playAll(options: SwarmOptions): Promise<boolean> {
  const begin = process.cpuUsage();
  const seeds = options.lastSeed - options.firstSeed + 1;
  const jobs = Math.max(1, Math.min(wholeNumber('jobs', values.jobs, 64), seeds));
  const parts = Array.from({ length: jobs }, (_, job) =>
    playInThread({ ...options, firstSeed: options.firstSeed + job, step: jobs }),
  );
  const result = emptyResult();
  for (const part of await Promise.all(parts)) mergeResults(result, part);
  const { user, system } = process.cpuUsage(begin);
  const vacuity = vacuityOf(result.coverage);
  if (values.json) console.log(JSON.stringify(result));
  else tell(result, vacuity, (user + system) / 1e6);
  return result.failures.length === 0 && vacuity.length === 0;
}

function tell({ coverage, failures }: SwarmResult, vacuity: readonly string[], cpuSeconds: number): void {
  const { seeds, sessionFrames } = coverage;
  console.log(JSON.stringify(coverage));
  for (const line of vacuity) console.log(`SWARM TOO TAME ${line}`);
  const perSecond = Math.round(sessionFrames / cpuSeconds);
  console.log(
    `${seeds} seeds, ${failures.length} failed, ${sessionFrames} session-frames, ${cpuSeconds.toFixed(1)} s of CPU, ${perSecond} a second`,
  );
}

if (!isMainThread) {
  const tellFailure = (line: string): void => parentPort?.postMessage(line);
  parentPort?.postMessage(runSwarm(workerData as SwarmOptions, tellFailure));
} else if (values.help) console.log(USAGE);
else {
  const options = readOptions();
  const isGood =
    values.seed === undefined && values.replay === undefined ? await playAll(options) : playOne(options);
  process.exitCode = isGood ? 0 : 1;
}
