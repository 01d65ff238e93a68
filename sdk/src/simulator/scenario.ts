/**
 * Random conditions for a swarm of runs: each knob is drawn on its own from the seed, and every kind of trouble is fully
 * absent from a good share of seeds, because one fault can hide another. Constant latency is a kind of its own.
 */
import type { Random } from '../base/prng.js';
import type { Game } from '../session/game.js';
import type { Fault } from './faults.js';
import type { NetworkConditions } from './network-conditions.js';
import { randomInputs } from './random-inputs.js';
import { pick, randomStream, uniform } from './random-streams.js';
import type { SimulateOptions } from './simulate-types.js';

/** Options of {@link randomScenario}. */
export interface ScenarioOptions {
  readonly seed: number;
  /** Default: 2 to 8, as far as the game allows; small numbers more often. */
  readonly peers?: number;
  /** Length before the heal, in frames. Default 420: with the 3 s afterwards 10 s of play. */
  readonly frames?: number;
}

const PEERS_WEIGHTED: readonly number[] = [2, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8];
const CONSTANT_MS: readonly number[] = [0, 16.667, 33.333, 50, 100, 150];
/** Share of seeds with constant latency and nothing else wrong on the network. */
const CONSTANT_SHARE = 0.15;
/** Faults leave the first part of a run alone, so that the handshake is over, in ms. */
const FAULTS_FROM_MS = 1500;
/** The last loss comes so long before the heal, in ms, that the agreement on it is over when recovery is checked. */
const LOSSES_SETTLED_MS = 1000;

/** Draws the conditions of one run: pass the result to `simulate`. The same seed and options give the same conditions. */
export function randomScenario<S, I>(game: Game<S, I>, options: ScenarioOptions): SimulateOptions<S, I> {
  const { seed, frames = 420 } = options;
  const shape = randomStream(seed, 'scenario/shape');
  const peers = options.peers ?? Math.min(pick(shape, PEERS_WEIGHTED), game.playersMax);
  const endMs = (frames * 1000) / game.framesPerSecond;
  const faultRandom = randomStream(seed, 'scenario/faults');
  const { faults, lostAfterMs, isLosing } = drawFaults(faultRandom, peers, endMs);
  const isLockstep = shape.chance(0.08);
  const perPeer = (draw: () => number): number[] => Array.from({ length: peers }, draw);
  return {
    game,
    seed,
    peers,
    frames,
    network: drawNetwork(seed, isLosing),
    faults,
    inputs: randomInputs(game.input, { seed, changeShare: pick(shape, [0.02, 0.1, 0.3, 1]) }),
    localPlayers: drawLocalPlayers(shape, peers, game.playersMax),
    inputDelayFrames: shape.chance(0.5) ? shape.below(5) : perPeer(() => shape.below(7)),
    predictionFramesMax: isLockstep ? 0 : shape.chance(0.5) ? 8 : perPeer(() => 3 + shape.below(8)),
    sessionOptions: { lostAfterMs, stepsPerAdvanceMax: pick(shape, [12, 12, 16, 30]) },
    startSpreadMs: pick(shape, [0, 20, 100, 500]),
    tickJitterMs: pick(shape, [0, 1, 4]),
  };
}

/** Mostly one player each; sometimes two on one machine, sometimes a peer that only watches. */
function drawLocalPlayers(random: Random, peers: number, playersMax: number): number[] {
  const counts = new Array<number>(peers).fill(1);
  if (random.chance(0.3) && peers + 1 <= playersMax) counts[random.below(peers)] = 2;
  if (random.chance(0.2) && peers > 2) counts[random.below(peers)] = 0;
  return counts;
}

/** The value in the share `share` of cases, else `undefined`: the trouble is fully off. */
function sometimes<T>(random: Random, share: number, draw: () => T): T | undefined {
  return random.chance(share) ? draw() : undefined;
}

/** @param isLosing somebody will be lost: then no packet is so late that it would pass for a sign of life. */
function drawNetwork(seed: number, isLosing: boolean): (from: number, to: number) => NetworkConditions {
  const random = randomStream(seed, 'scenario/network');
  if (random.chance(CONSTANT_SHARE)) {
    const conditions = { delayMs: pick(random, CONSTANT_MS) };
    return () => conditions;
  }
  const jitter = sometimes(random, 0.75, () =>
    random.chance(0.5)
      ? ({ jitter: 'exponential', jitterMs: uniform(random, 0, 20) } as const)
      : ({ jitter: 'uniform', jitterMs: uniform(random, 0, 50) } as const),
  );
  const loss = sometimes(random, 0.75, () => pick(random, [0.01, 0.05, 0.1, 0.2, 0.3]));
  const burst = sometimes(random, 0.5, () => ({
    everyMs: uniform(random, 1000, 5000),
    lengthMs: uniform(random, 50, 400),
    loss: pick(random, [0.5, 1]),
  }));
  const reorder = sometimes(random, 0.6, () => ({
    reorder: uniform(random, 0.01, 0.3),
    reorderMs: uniform(random, 5, 60),
  }));
  const duplicate = sometimes(random, 0.6, () => ({
    duplicate: uniform(random, 0.01, 0.5),
    duplicateMs: pick(random, isLosing ? [30, 100] : [30, 300, 2000]),
  }));
  const corrupt = sometimes(random, 0.5, () => uniform(random, 0.01, 0.1));
  const refuse = sometimes(random, 0.4, () => uniform(random, 0.01, 0.05));
  const conditions: NetworkConditions = {
    delayMs: uniform(random, 0, 110),
    ...jitter,
    ...reorder,
    ...duplicate,
    ...(loss === undefined ? {} : { loss }),
    ...(burst === undefined ? {} : { burst }),
    ...(corrupt === undefined ? {} : { corrupt }),
    ...(refuse === undefined ? {} : { refuse }),
  };
  if (random.chance(0.5)) return () => conditions;
  // Every direction has its own length: paths are rarely symmetric.
  return (from, to) => {
    const factor = uniform(randomStream(seed, `scenario/path/${from}/${to}`), 0.4, 1.6);
    return { ...conditions, delayMs: conditions.delayMs * factor };
  };
}

function drawFaults(
  random: Random,
  peers: number,
  endMs: number,
): { readonly faults: readonly Fault[]; readonly lostAfterMs: number; readonly isLosing: boolean } {
  const faults: Fault[] = [];
  const isLosing = random.chance(0.4);
  const lostAfterMs = isLosing ? 500 + random.below(1000) : 3000;
  // Mostly short enough that nobody who lives is taken for lost.
  const longestMs = lostAfterMs * (isLosing && random.chance(0.3) ? 2.5 : 0.5);
  const latestMs = Math.max(endMs, FAULTS_FROM_MS + 1);
  const atMs = (): number => Math.round(uniform(random, FAULTS_FROM_MS, latestMs));
  const forMs = (): number => Math.round(uniform(random, 50, longestMs));
  const peer = (): number => random.below(peers);
  const add = (share: number, draw: () => Fault): void => {
    if (!random.chance(share)) return;
    const count = 1 + random.below(2);
    for (let index = 0; index < count; index += 1) faults.push(draw());
  };
  add(0.5, () => ({ kind: 'freeze', atMs: atMs(), peer: peer(), forMs: forMs() }));
  add(0.4, () => ({
    kind: 'slow',
    atMs: atMs(),
    peer: peer(),
    factor: uniform(random, 1.2, 4),
    forMs: forMs(),
  }));
  add(0.4, () => ({
    kind: 'drift',
    atMs: atMs(),
    peer: peer(),
    ppm: Math.round(uniform(random, -5000, 5000)),
  }));
  add(0.4, () => ({
    kind: 'loss',
    atMs: atMs(),
    loss: pick(random, [0.5, 1]),
    forMs: Math.min(forMs(), 800),
  }));
  add(0.5, () => drawPartition(random, peers, { atMs: atMs(), forMs: forMs() }));
  if (peers > 2 && random.chance(0.15)) faults.push(drawBrokenLink(random, peers, endMs));
  if (isLosing) faults.push(...drawLosses(random, peers, latestMs));
  return { faults, lostAfterMs, isLosing };
}

function drawPartition(
  random: Random,
  peers: number,
  when: { readonly atMs: number; readonly forMs: number },
): Fault {
  const sides: [number[], number[]] = [[], []];
  for (let peer = 0; peer < peers; peer += 1) sides[random.below(2)]?.push(peer);
  const isSplit = sides[0].length > 0 && sides[1].length > 0;
  const groups = isSplit && random.chance(0.6) ? sides : drawPair(random, peers);
  const form = random.chance(0.3) ? 'jammed' : 'stopped';
  return { kind: 'partition', ...when, groups, oneWay: random.chance(0.4), form };
}

function drawPair(random: Random, peers: number): number[][] {
  const first = random.below(peers);
  return [[first], [(first + 1 + random.below(peers - 1)) % peers]];
}

/** One link of a larger mesh does not work for most of the run: the others have to pass things on. */
function drawBrokenLink(random: Random, peers: number, endMs: number): Fault {
  const groups = drawPair(random, peers);
  const isOneWay = random.chance(0.3);
  return { kind: 'partition', atMs: FAULTS_FROM_MS, forMs: Math.max(endMs, 1), groups, oneWay: isOneWay };
}

/** One to three peers crash or leave, some at nearly the same time: the next loss may fall into the agreement on the one before. */
function drawLosses(random: Random, peers: number, latestMs: number): Fault[] {
  const count = Math.min(peers - 1, 1 + (peers > 3 ? random.below(3) : 0));
  const beginMs = uniform(random, FAULTS_FROM_MS, Math.max(FAULTS_FROM_MS + 1, latestMs - LOSSES_SETTLED_MS));
  const first = random.below(peers);
  return Array.from({ length: count }, (_, index) => ({
    kind: random.chance(0.7) ? ('crash' as const) : ('leave' as const),
    atMs: Math.round(beginMs + (index === 0 ? 0 : uniform(random, 0, LOSSES_SETTLED_MS))),
    peer: (first + index) % peers,
  }));
}
