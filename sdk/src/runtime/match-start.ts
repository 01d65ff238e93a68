/** From the lobby's `start` to a running match: what the peers agree on, and the wait until all of them are there. */
import { SdkError } from '../base/errors.js';
import type { JsonObject, JsonValue } from '../base/json.js';
import type { PeerId } from '../base/peer-id.js';
import type { MatchStart } from '../lobby/lobby-protocol.js';
import type { Game, GameOptions } from '../session/game.js';
import type { EndReason, SessionOptions } from '../session/session-types.js';
import type { Transport } from '../transport/transport.js';
import { unlessAborted } from './abort.js';
import { type Admission, type Match, RunningMatch, type RunningMatchOptions } from './match.js';
import type { PageClock } from './page-clock.js';

/** How long all peers of a match have to connect and answer, in milliseconds. */
export const startTimeoutMs = 15_000;

/** What each page chooses for itself. */
export interface NextMatchOptions<I>
  extends Pick<
    SessionOptions<unknown, I>,
    'inputDelayFrames' | 'predictionFramesMax' | 'development' | 'rejoin' | 'readInput'
  > {
  /** Player slots of this page, 1 to 8. Unset: as announced by `setLocalPlayers` (1 by default). */
  readonly localPlayers?: number;
  /**
   * Who may come into the match while it runs. 'room' (default): members of the room, as long as slots are vacant (who does
   * not play may always watch); 'nobody'. Choose the same on all pages: whichever coordinates decides. A player whose
   * connection was gone always comes back.
   */
  readonly admit?: 'room' | 'nobody';
  /**
   * Whether `nextMatch` comes into a match that runs already. Unset: if this page has not been in it; true: also if it has
   * been, and left; false: never.
   */
  readonly joinRunning?: boolean;
  /** Gives up waiting. */
  readonly signal?: AbortSignal;
}

/** What the owner chooses for all; the others get it with the start. */
export interface MatchRules
  extends Pick<
    SessionOptions<unknown, unknown>,
    'onLost' | 'lostAfterMs' | 'onLate' | 'lateAfterMs' | 'lateInput' | 'fairDelay' | 'signInputs'
  > {}

/** Options of `startMatch`. */
export interface StartMatchOptions<I> extends NextMatchOptions<I>, MatchRules {
  /** The game's options, the same for all. Default {}. At most about 4,000 bytes of plain JSON, 5 levels deep. */
  readonly options?: GameOptions;
}

/** What {@link launchMatch} and `joinMatch` bring together. */
export interface Launch<S, I> {
  readonly start: MatchStart;
  readonly game: Game<S, I>;
  readonly options: NextMatchOptions<I>;
  readonly self: PeerId;
  readonly transport: Transport;
  readonly clock: PageClock;
  readonly now: () => number;
  /** A peer's name, for messages. */
  readonly nameOf: (peer: PeerId) => string;
  /** Whom the match lets in. */
  readonly admission: Admission;
  /** Called at once with the match that is about to start, so that its owner can end it. */
  readonly onLaunching: (match: Match) => void;
}

/** The `options` of a lobby start: the game's options and the rules that differ from the defaults. */
export function packStart(options: StartMatchOptions<unknown>): JsonObject {
  const { onLost, lostAfterMs, onLate, lateAfterMs, lateInput, fairDelay, signInputs } = options;
  const rules: Record<string, JsonValue> = {};
  if (onLost !== undefined) rules['onLost'] = typeof onLost === 'string' ? onLost : { bot: onLost.bot };
  if (lostAfterMs !== undefined) rules['lostAfterMs'] = lostAfterMs;
  if (onLate !== undefined) rules['onLate'] = onLate;
  if (lateAfterMs !== undefined) rules['lateAfterMs'] = lateAfterMs;
  if (lateInput !== undefined)
    rules['lateInput'] = typeof lateInput === 'string' ? lateInput : { bot: lateInput.bot };
  if (fairDelay !== undefined) rules['fairDelay'] = fairDelay;
  if (signInputs !== undefined) rules['signInputs'] = signInputs;
  return { game: options.options ?? {}, rules };
}

function objectAt(value: JsonObject, key: string): JsonObject {
  const found = value[key];
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as JsonObject) : {};
}

/**
 * Reads what another page packed. A rule that makes no sense is left out: the session's handshake then says
 * that the two pages differ.
 */
export function unpackStart(packed: JsonObject): {
  readonly options: GameOptions;
  readonly rules: MatchRules;
} {
  const told = objectAt(packed, 'rules') as Record<string, unknown>;
  const { lostAfterMs, lateAfterMs, fairDelay, signInputs } = told;
  const onLost = oneOf(['vacate', 'pause', 'end'], told['onLost']) ?? botAt(told['onLost']);
  const onLate = oneOf(['substitute', 'wait'], told['onLate']);
  const lateInput = oneOf(['neutral', 'repeat'], told['lateInput']) ?? botAt(told['lateInput']);
  return {
    options: objectAt(packed, 'game'),
    rules: {
      ...(onLost === undefined ? {} : { onLost }),
      ...(isIntegerIn(lostAfterMs, 500, 60_000) ? { lostAfterMs } : {}),
      ...(onLate === undefined ? {} : { onLate }),
      ...(isIntegerIn(lateAfterMs, 50, 10_000) ? { lateAfterMs } : {}),
      ...(lateInput === undefined ? {} : { lateInput }),
      ...(typeof fairDelay === 'boolean' ? { fairDelay } : {}),
      ...(typeof signInputs === 'boolean' || signInputs === 'remove' ? { signInputs } : {}),
    },
  };
}

function oneOf<T extends string>(known: readonly T[], value: unknown): T | undefined {
  return known.find((word) => word === value);
}

function botAt(value: unknown): { readonly bot: string } | undefined {
  const bot = typeof value === 'object' && value !== null ? (value as { bot?: unknown }).bot : undefined;
  return typeof bot === 'string' ? { bot } : undefined;
}

function isIntegerIn(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

/** What a page chooses for its own session. */
export function localChoices<I>(
  options: NextMatchOptions<I>,
): Pick<
  SessionOptions<unknown, I>,
  'inputDelayFrames' | 'predictionFramesMax' | 'development' | 'rejoin' | 'readInput'
> {
  const { inputDelayFrames, predictionFramesMax, development, rejoin } = options;
  return {
    ...(inputDelayFrames === undefined ? {} : { inputDelayFrames }),
    ...(predictionFramesMax === undefined ? {} : { predictionFramesMax }),
    ...(development === undefined ? {} : { development }),
    ...(rejoin === undefined ? {} : { rejoin }),
    readInput: (slot, frame) => options.readInput(slot, frame),
  };
}

/** A match around a session with these options. */
export function buildMatch<S, I>(
  { start, transport, clock, now, admission }: Omit<Launch<S, I>, 'onLaunching'>,
  session: RunningMatchOptions<S, I>['session'],
): RunningMatch<S, I> {
  return new RunningMatch<S, I>({ players: start.players, transport, clock, now, admit: admission, session });
}

/**
 * Builds the session of a start and resolves once all peers are in frame 0.
 * @throws {SdkError} `start-timeout`, `incompatible`, `aborted`, `invalid-argument`.
 */
export async function launchMatch<S, I>(launch: Launch<S, I>): Promise<RunningMatch<S, I>> {
  const { start, game, options, self } = launch;
  const { options: gameOptions, rules } = unpackStart(start.options);
  const match = buildMatch(launch, {
    game,
    matchId: start.matchId,
    seed: start.seed,
    self,
    peers: start.peers,
    players: start.players,
    options: gameOptions,
    ...rules,
    ...localChoices(options),
  });
  launch.onLaunching(match as unknown as Match);
  try {
    await unlessAborted(whenStarted(match, launch), options.signal, 'The start of the match');
    return match;
  } catch (error) {
    void match.leave();
    throw error;
  }
}

function whenStarted<S, I>(match: RunningMatch<S, I>, launch: Launch<S, I>): Promise<void> {
  return new Promise((resolve, reject) => {
    const stops = [
      match.session.on('started', () => settle()),
      match.session.on('incompatible', ({ peer, message }) =>
        settle(
          new SdkError(
            'incompatible',
            `${launch.nameOf(peer)} runs another game, version or set-up: ${message} Everybody should reload the page to get the same version.`,
          ),
        ),
      ),
      match.session.on('ended', ({ reason }) => settle(endedError(reason, launch))),
    ];
    const timer = setTimeout(() => settle(timeoutError(launch)), startTimeoutMs);
    function settle(error?: SdkError): void {
      clearTimeout(timer);
      for (const stop of stops) stop();
      if (error === undefined) resolve();
      else reject(error);
    }
    if (match.session.phase === 'running') settle();
  });
}

function endedError<S, I>(reason: EndReason, launch: Launch<S, I>): SdkError {
  return reason === 'left'
    ? new SdkError('aborted', 'The match was left before it began.')
    : new SdkError('start-timeout', `The match ended before it began (${reason}). ${missing(launch)}`);
}

function timeoutError<S, I>(launch: Launch<S, I>): SdkError {
  return new SdkError(
    'start-timeout',
    `The match did not start within ${startTimeoutMs / 1000} seconds. ${missing(launch)}`,
  );
}

/** Who is missing, in words for a player. */
function missing<S, I>({ start, self, transport, nameOf }: Launch<S, I>): string {
  const others = start.peers.filter((peer) => peer !== self);
  const cut = others.filter((peer) => transport.links.get(peer) !== 'open').map(nameOf);
  if (cut.length > 0)
    return `No direct connection to ${cut.join(', ')}: a firewall may be in the way. Try again, or from another network.`;
  return `${others.map(nameOf).join(', ')} did not answer: the game may not be open there. Try again.`;
}
