/**
 * Random conditions for a swarm of runs: each knob is drawn on its own from the seed, and every kind of trouble is fully
 * absent from a good share of seeds, because one fault can hide another. Constant latency is a kind of its own.
 */
import type { Random } from '../base/prng.js';
import type { Game } from '../session/game.js';
import type { Byzantine, ByzantineStrategy } from './byzantine.js';
import type { Fault } from './faults.js';
import type { NetworkConditions } from './network-conditions.js';
import { pick, randomStream, uniform } from './random-streams.js';
import { drawFaults } from './scenario-faults.js';
import { drawDelays, drawGuests, drawPauses, drawPolicies } from './scenario-players.js';
import type { SimulateOptions } from './simulate-types.js';

/** Options of {@link randomScenario}. */
export interface ScenarioOptions {
  readonly seed: number;
  /** Default: 2 to 8, as far as the game allows; small numbers more often. */
  readonly peers?: number;
  /** Length before the heal, in frames. Default 420: with the 3 s afterwards 10 s of play. */
  readonly frames?: number;
  /** One peer (of five or more, sometimes two) lies in this way; then there are 3 to 6 peers, and nobody crashes or leaves. */
  readonly byzantine?: ByzantineStrategy;
}

const PEERS_WEIGHTED: readonly number[] = [2, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8];
const PEERS_WITH_LIARS: readonly number[] = [3, 3, 4, 4, 5, 6];
const CONSTANT_MS: readonly number[] = [0, 16.667, 33.333, 50, 100, 150];
/** Share of seeds with constant latency and nothing else wrong on the network. */
const CONSTANT_SHARE = 0.18;

/** Draws the conditions of one run: pass the result to `simulate`. The same seed and options give the same conditions. */
export function randomScenario<S, I>(game: Game<S, I>, options: ScenarioOptions): SimulateOptions<S, I> {
  const { seed, frames = 420 } = options;
  const shape = randomStream(seed, 'scenario/shape');
  const weights = options.byzantine === undefined ? PEERS_WEIGHTED : PEERS_WITH_LIARS;
  const peers = options.peers ?? Math.min(pick(shape, weights), game.playersMax);
  const endMs = (frames * 1000) / game.framesPerSecond;
  const faultRandom = randomStream(seed, 'scenario/faults');
  const mayLose = options.byzantine === undefined;
  const { faults, lostAfterMs, isLosing } = drawFaults(faultRandom, { peers, endMs, mayLose });
  const isLockstep = shape.chance(0.025);
  const perPeer = (draw: () => number): number[] => Array.from({ length: peers }, draw);
  const scenario = {
    game,
    seed,
    peers,
    frames,
    network: drawNetwork(seed, isLosing),
    faults,
    inputChangeShare: pick(shape, [0.02, 0.1, 0.3, 1]),
    localPlayers: drawLocalPlayers(shape, peers, game.playersMax),
    inputDelayFrames: shape.chance(0.5) ? shape.below(5) : perPeer(() => shape.below(7)),
    predictionFramesMax: isLockstep ? 0 : shape.chance(0.5) ? 8 : perPeer(() => 3 + shape.below(8)),
    sessionOptions: { lostAfterMs, stepsPerAdvanceMax: pick(shape, [12, 12, 16, 30]) },
    startSpreadMs: pick(shape, [0, 20, 100, 500]),
    tickJitterMs: pick(shape, [0, 1, 4]),
  };
  // Who lies is judged by what the others do; players that come and go would only blur it.
  return options.byzantine === undefined
    ? withPlayers(scenario, endMs)
    : { ...scenario, ...drawLiars(seed, peers, options.byzantine) };
}

type Scenario<S, I> = SimulateOptions<S, I> & {
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly inputDelayFrames: number | readonly number[];
  readonly predictionFramesMax: number | readonly number[];
};

/** The same scenario, in which players also join, come back, pause and choose delays. */
function withPlayers<S, I>(scenario: Scenario<S, I>, endMs: number): SimulateOptions<S, I> {
  const { game, seed, peers, predictionFramesMax } = scenario;
  const run = { seed, peers, endMs, faults: scenario.faults };
  const { newcomers, faults: guests } = drawGuests(run);
  const delays = drawDelays(run, newcomers, scenario.inputDelayFrames);
  const all = predictionFramesMax;
  const filled = typeof all === 'number' ? all : [...all, ...new Array<number>(newcomers).fill(8)];
  return {
    ...scenario,
    newcomers,
    faults: [...scenario.faults, ...guests, ...drawPauses(run), ...delays.faults],
    inputDelayFrames: delays.inputDelayFrames,
    predictionFramesMax: filled,
    sessionOptions: { ...scenario.sessionOptions, ...drawPolicies(game, seed) },
  };
}

/** Fewer than half of the peers. */
function drawLiars(
  seed: number,
  peers: number,
  strategy: ByzantineStrategy,
): { readonly byzantine: readonly Byzantine[] } {
  const random = randomStream(seed, 'scenario/liars');
  const count = peers >= 5 && random.chance(0.3) ? 2 : 1;
  const first = random.below(peers);
  const byzantine = Array.from({ length: count }, (_, index) => ({
    peer: (first + index) % peers,
    strategy,
    rate: pick(random, [0.02, 0.1, 0.5]),
  }));
  return { byzantine };
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
