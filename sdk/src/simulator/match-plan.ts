/** Options of a run, checked and with every default filled in. */
import { requireArgument } from '../base/errors.js';
import { PEERS_MAX } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import { delayRuleOf } from '../session/input-delay.js';
import type { InputDelay } from '../session/session-types.js';
import { BYZANTINE_STRATEGIES, type Byzantine } from './byzantine.js';
import type { Fault } from './faults.js';
import { checkFaults } from './faults.js';
import type { NetworkOption } from './network.js';
import { networkPresets } from './network-conditions.js';
import type { SimulateOptions } from './simulate-types.js';
import { usOf } from './virtual-clock.js';

/** Session defaults that a run has to know to hold sessions to them. */
const PREDICTION_FRAMES_DEFAULT = 8;
const INPUT_DELAY_FRAMES_DEFAULT = 2;

/** A run, decided. */
export interface MatchPlan {
  readonly seed: number;
  /** All peers, newcomers last. */
  readonly peers: readonly PeerId[];
  /** How many of them are there from the start. */
  readonly founders: number;
  /** slot -> index of its owner. */
  readonly owners: readonly number[];
  readonly inputDelays: readonly InputDelay[];
  /** Nobody's delay changes in the course of the run. */
  readonly isDelayFixed: boolean;
  readonly predictionFramesMax: readonly number[];
  readonly network: NetworkOption;
  readonly faults: readonly Fault[];
  readonly byzantine: readonly Byzantine[];
  readonly startSpreadMs: number;
  readonly tickJitterMs: number;
  /** When everything heals. */
  readonly healUs: number;
  readonly endUs: number;
}

/** @throws {SdkError} `invalid-argument` naming the option and what it must be. */
export function planMatch<S, I>(options: SimulateOptions<S, I>): MatchPlan {
  const { game, peers: founders, newcomers = 0, frames, seed = 1, settleMs = 3000 } = options;
  requireWhole('peers', founders, 1, PEERS_MAX);
  requireWhole('newcomers', newcomers, 0, PEERS_MAX - founders);
  const peerCount = founders + newcomers;
  requireWhole('frames', frames, 1, 100_000_000);
  requireWhole('seed', seed, 0, 4_294_967_295);
  const { startSpreadMs = 100, tickJitterMs = 1 } = options;
  for (const [name, value] of Object.entries({ settleMs, startSpreadMs, tickJitterMs })) {
    requireArgument(
      value >= 0 && value <= 3_600_000,
      `simulate: ${name} is ${value}. Pass milliseconds, 0 or more.`,
    );
  }
  const faults = options.faults ?? [];
  checkFaults(faults, peerCount, founders);
  const owners = wholePerPeer('localPlayers', options.localPlayers ?? 1, founders).flatMap((count, peer) =>
    new Array<number>(count).fill(peer),
  );
  requireArgument(
    owners.length >= 1 && owners.length <= game.playersMax,
    `simulate: ${owners.length} players for a game of 1 to ${game.playersMax}. Change peers or localPlayers.`,
  );
  const healUs = usOf((frames * 1000) / game.framesPerSecond);
  const inputDelays = delaysOf(options, peerCount);
  return {
    seed,
    peers: Array.from({ length: peerCount }, (_, index) => `p${index}`),
    founders,
    owners,
    inputDelays,
    isDelayFixed:
      inputDelays.every((delay) => typeof delay === 'number') &&
      options.sessionOptions?.fairDelay !== true &&
      faults.every(({ kind }) => kind !== 'delay'),
    predictionFramesMax: wholePerPeer(
      'predictionFramesMax',
      options.predictionFramesMax ?? PREDICTION_FRAMES_DEFAULT,
      peerCount,
    ),
    network: options.network ?? networkPresets.goodWifi,
    faults,
    byzantine: checkByzantine(options.byzantine ?? [], peerCount),
    startSpreadMs,
    tickJitterMs,
    healUs,
    endUs: healUs + usOf(settleMs),
  };
}

function checkByzantine(byzantine: readonly Byzantine[], peerCount: number): readonly Byzantine[] {
  for (const { peer, strategy, rate = 0.1 } of byzantine) {
    requireArgument(
      Number.isInteger(peer) && peer >= 0 && peer < peerCount,
      `simulate: byzantine peer ${peer}. Peers are numbered 0 to ${peerCount - 1}.`,
    );
    requireArgument(
      BYZANTINE_STRATEGIES.includes(strategy) && rate >= 0 && rate <= 1,
      `simulate: byzantine strategy "${strategy}" at rate ${rate}. Strategies are ${BYZANTINE_STRATEGIES.join(', ')}; rates 0 to 1.`,
    );
  }
  return byzantine;
}

function requireWhole(name: string, value: number, least: number, most: number): void {
  requireArgument(
    Number.isInteger(value) && value >= least && value <= most,
    `simulate: ${name} is ${value}. Pass a whole number from ${least} to ${most}.`,
  );
}

function wholePerPeer(name: string, value: number | readonly number[], peerCount: number): readonly number[] {
  const values = perPeer(name, value, peerCount);
  for (const one of values) requireWhole(name, one, 0, 60);
  return values;
}

function delaysOf<S, I>(
  { inputDelayFrames }: SimulateOptions<S, I>,
  peerCount: number,
): readonly InputDelay[] {
  const values = perPeer<InputDelay>(
    'inputDelayFrames',
    inputDelayFrames ?? INPUT_DELAY_FRAMES_DEFAULT,
    peerCount,
  );
  for (const one of values) delayRuleOf(one, PREDICTION_FRAMES_DEFAULT);
  return values;
}

function perPeer<T>(name: string, value: T | readonly T[], peerCount: number): readonly T[] {
  const values = Array.isArray(value) ? (value as readonly T[]) : new Array<T>(peerCount).fill(value as T);
  requireArgument(
    values.length === peerCount,
    `simulate: ${name} has ${values.length} entries for ${peerCount} peers. Pass one value, or one per peer.`,
  );
  return values;
}
