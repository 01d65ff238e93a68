/** The command line of the swarm, bundled and started by swarm-cli.mjs. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeReport } from 'rollmesh/simulator';
import { runSeed, runSwarm, type SwarmOptions } from './swarm.js';
import { SWARM_GAMES, type SwarmGameName } from './swarm-games.js';

const USAGE = `Plays many random matches in virtual time and checks every step of every peer.

  npm run swarm -- [options]

  --seeds A..B      the seeds to play (default 1..200)
  --seed N          one seed, told in detail
  --seconds S       play under trouble, in virtual seconds; 3 s to recover follow (default 7)
  --peers N         2 to 8 peers (default: drawn per seed)
  --game NAME       mixed, swift, buffer, plain or custom (default mixed)
  --trace FILE      with --seed: writes everything that happened
  --json            prints the result as JSON
  --help            prints this

The exit code is 0 if no promise was broken, 1 if one was, 2 for bad options.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1..200' },
    seed: { type: 'string' },
    seconds: { type: 'string', default: '7' },
    peers: { type: 'string' },
    game: { type: 'string', default: 'mixed' },
    trace: { type: 'string' },
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
  const { seed, seeds, seconds, peers, game } = values;
  const [first = '', last = ''] = seed === undefined ? seeds.split('..') : [seed, seed];
  if (!SWARM_GAMES.some((name) => name === game)) refuse(`--game: there is no game "${game}".`);
  if (!(Number(seconds) > 0)) refuse(`--seconds: ${seconds} is not a number above 0.`);
  return {
    firstSeed: wholeNumber('seeds', first, 4_294_967_295),
    lastSeed: wholeNumber('seeds', last, 4_294_967_295),
    seconds: Number(seconds),
    game: game as SwarmGameName,
    ...(peers === undefined ? {} : { peers: wholeNumber('peers', peers, 8) }),
  };
}

function playOne(options: SwarmOptions): boolean {
  const report = runSeed(options.firstSeed, options, values.trace !== undefined);
  if (values.trace !== undefined) writeFileSync(values.trace, `${report.trace.lines.join('\n')}\n`);
  const { trace, ...rest } = report;
  console.log(values.json ? JSON.stringify(report) : describeReport(report));
  if (!values.json) console.log(JSON.stringify({ ...rest, trace: trace.hash }, null, 1));
  return report.ok;
}

function playAll(options: SwarmOptions): boolean {
  const begin = process.cpuUsage().user;
  const result = runSwarm(options, (line) => console.error(line));
  const cpuSeconds = (process.cpuUsage().user - begin) / 1e6;
  if (values.json) console.log(JSON.stringify(result));
  else {
    const { seeds, sessionFrames } = result.coverage;
    console.log(JSON.stringify(result.coverage));
    console.log(
      `${seeds} seeds, ${result.failures.length} failed, ${sessionFrames} session-frames, ` +
        `${Math.round(sessionFrames / cpuSeconds)} per second of CPU`,
    );
  }
  return result.failures.length === 0;
}

if (values.help) console.log(USAGE);
else {
  const options = readOptions();
  process.exitCode = (values.seed === undefined ? playAll(options) : playOne(options)) ? 0 : 1;
}
