/** Into a match that runs already: asks its players, fetches its state, and waits for a slot. */
import { SdkError } from '../base/errors.js';
import { PEERS_MAX } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import type { SessionEvents } from '../session/session-types.js';
import { unlessAborted } from './abort.js';
import type { RunningMatch } from './match.js';
import { buildMatch, type Launch, localChoices } from './match-start.js';

/** How far a page is on its way into a match that runs. */
export interface JoiningProgress {
  readonly matchId: string;
  /**
   * 'asking': nobody has answered yet; perhaps the match is over. 'fetching': let in, the state is on its way. 'seating': it
   * watches, and gets its slots as soon as it keeps pace. 'refused': see `reason`; it asks again. 'failed': nobody answered,
   * or the state did not come; it asks again.
   */
  readonly phase: 'asking' | 'fetching' | 'seating' | 'refused' | 'failed';
  readonly bytesReceived: number;
  /** 0 while unknown. */
  readonly bytesTotal: number;
  /** Why the players of the match refused, in their words. */
  readonly reason?: string;
}

/** What {@link joinMatch} needs besides what every match needs. */
export interface JoinLaunch<S, I> extends Omit<Launch<S, I>, 'onLaunching'> {
  /** All who may be in the match, the likeliest first. */
  readonly peers: readonly PeerId[];
  /** Slots wanted; 0 only watches. */
  readonly slotCount: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JoiningProgress) => void;
}

/** A newcomer that keeps pace and still has no slot after this time begins by watching, in milliseconds. */
const seatWaitMs = 5_000;

/** What members say of a page whose game differs from theirs begins with one of these. */
const incompatible = /^(protocol|game|version|schema):/;

/**
 * Resolves once this page plays in the match, or watches it.
 * @throws {SdkError} `incompatible`, `aborted`, `start-timeout` if it did not get in.
 */
export async function joinMatch<S, I>(launch: JoinLaunch<S, I>): Promise<RunningMatch<S, I>> {
  const { start, game, options, self, peers, slotCount } = launch;
  const match = buildMatch<S, I>(launch, {
    game,
    matchId: start.matchId,
    self,
    peers: [...new Set([self, ...peers])].slice(0, PEERS_MAX),
    join: true,
    slotCount,
    ...localChoices(options),
  });
  try {
    await unlessAborted(whenIn(match, launch), launch.signal, 'Joining the match');
    match.handOver();
    return match;
  } catch (error) {
    void match.leave();
    throw error;
  }
}

function whenIn<S, I>(match: RunningMatch<S, I>, launch: JoinLaunch<S, I>): Promise<void> {
  const { matchId } = launch.start;
  const tell = (phase: JoiningProgress['phase'], known: Partial<JoiningProgress> = {}): void =>
    launch.onProgress({ matchId, phase, bytesReceived: 0, bytesTotal: 0, ...known });
  const { session } = match;
  return new Promise((resolve, reject) => {
    let seatTimer: ReturnType<typeof setTimeout> | undefined;
    let refusal: SessionEvents['join-refused'] | undefined;
    let bytes = { bytesReceived: 0, bytesTotal: 0 };
    const settle = (error?: SdkError): void => {
      clearTimeout(seatTimer);
      for (const stop of stops) stop();
      if (error === undefined) resolve();
      else reject(error);
    };
    const started = (): void => {
      tell('seating', bytes);
      if (launch.slotCount === 0) settle();
      else seatTimer ??= setTimeout(() => settle(), seatWaitMs);
    };
    const ended = (): void => {
      const reason = refusal?.reason ?? '';
      tell(refusal === undefined ? 'failed' : 'refused', { ...bytes, ...(reason === '' ? {} : { reason }) });
      settle(notInError(reason));
    };
    const stops = [
      session.on('join-progress', ({ bytesReceived, bytesTotal }) => {
        bytes = { bytesReceived, bytesTotal };
        tell('fetching', bytes);
      }),
      session.on('started', started),
      session.on('peer-joined', ({ peer }) => {
        if (peer === launch.self) settle();
      }),
      session.on('join-refused', (event) => {
        refusal = event;
      }),
      session.on('ended', ended),
    ];
    tell('asking');
  });
}

function notInError(reason: string): SdkError {
  return incompatible.test(reason)
    ? new SdkError(
        'incompatible',
        `The players of the match run another game, version or set-up: ${reason} Reload the page to get the same version.`,
      )
    : new SdkError('start-timeout', `This page did not get into the match: ${reason || 'nobody answered.'}`);
}
