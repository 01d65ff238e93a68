/** What a newcomer makes of the manifest: the setup that the members have, and the logs as they are after its frame. */
import { SdkError } from '../base/errors.js';
import type { JsonObject } from '../base/json.js';
import type { Manifest } from '../wire/join-manifest.js';
import type { GameOptions } from './game.js';
import { prepareSession, type SessionSetup } from './session-setup.js';
import type { SessionOptions } from './session-types.js';

/** What members write into a manifest besides what all matches have. */
export interface ManifestConfig {
  readonly policy: JsonObject;
  readonly framesPerSecond: number;
  readonly options: GameOptions;
  readonly playerCount: number;
  /** Per peer, the number of the JOIN that it came in by, 0 if it was there from the start. */
  readonly nonces: readonly number[];
}

/** Why a manifest cannot be played with these options, if it cannot. */
export function manifestProblem<S, I>(options: SessionOptions<S, I>, manifest: Manifest): string | undefined {
  const own = manifest.peers.find(({ id }) => id === options.self);
  // While the match is paused it is told what was so before: that it is let in follows.
  if (own === undefined || !(own.isMember || manifest.isPaused))
    return 'The members have not let this peer in.';
  if (manifest.inputBytes !== options.game.input.byteLength) return 'The inputs have another length.';
  if (manifest.slots.length !== options.game.playersMax) return 'The match has another number of slots.';
  const { nonces, playerCount, policy } = manifest.config as { readonly [name: string]: unknown };
  if (!Array.isArray(nonces) || typeof playerCount !== 'number' || typeof policy !== 'object')
    return 'The configuration of the match is not understood.';
  try {
    setupFromManifest(options, manifest);
    return undefined;
  } catch (error) {
    if (error instanceof SdkError || error instanceof TypeError) return error.message;
    throw error;
  }
}

/**
 * @throws {SdkError} `invalid-argument` if the manifest names what this game does not have.
 */
export function setupFromManifest<S, I>(
  options: SessionOptions<S, I>,
  manifest: Manifest,
): SessionSetup<S, I> {
  const config = manifest.config as unknown as ManifestConfig;
  const setup = prepareSession({
    ...options,
    join: true,
    peers: manifest.peers.map(({ id }) => id),
    seed: manifest.seed,
    options: config.options,
    ...(config.policy as Partial<SessionOptions<S, I>>),
  });
  for (const [slot, about] of manifest.slots.entries()) setup.logs[slot]?.startFrom(about);
  return { ...setup, matchKey: manifest.matchKey, playerCount: config.playerCount };
}
