/** Options of a run, checked and with every default filled in. */
import { requireArgument } from '../base/errors.js';
import { PEERS_MAX } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
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
  readonly peers: readonly PeerId[];
  /** slot -> index of its owner. */
  readonly owners: readonly number[];
  readonly inputDelayFrames: readonly number[];
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
  const { game, peers: peerCount, frames, seed = 1, settleMs = 3000 } = options;
  requireWhole('peers', peerCount, 1, PEERS_MAX);
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
  checkFaults(faults, peerCount);
  const owners = perPeer('localPlayers', options.localPlayers ?? 1, peerCount).flatMap((count, peer) =>
    new Array<number>(count).fill(peer),
  );
  requireArgument(
    owners.length >= 1 && owners.length <= game.playersMax,
    `simulate: ${owners.length} players for a game of 1 to ${game.playersMax}. Change peers or localPlayers.`,
  );
  const healUs = usOf((frames * 1000) / game.framesPerSecond);
  return {
    seed,
    peers: Array.from({ length: peerCount }, (_, index) => `p${index}`),
    owners,
    inputDelayFrames: perPeer(
      'inputDelayFrames',
      options.inputDelayFrames ?? INPUT_DELAY_FRAMES_DEFAULT,
      peerCount,
    ),
    predictionFramesMax: perPeer(
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

function perPeer(name: string, value: number | readonly number[], peerCount: number): readonly number[] {
  const values = typeof value === 'number' ? new Array<number>(peerCount).fill(value) : value;
  requireArgument(
    values.length === peerCount,
    `simulate: ${name} has ${values.length} entries for ${peerCount} peers. Pass one number, or one per peer.`,
  );
  for (const one of values) requireWhole(name, one, 0, 60);
  return values;
}
