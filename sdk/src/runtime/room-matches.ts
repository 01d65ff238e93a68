/** The matches of a room, one at a time: who waits for a start, and which start is still worth taking. */
import { SdkError } from '../base/errors.js';
import type { PeerId } from '../base/peer-id.js';
import type { LobbyRequest } from '../lobby/lobby-connection.js';
import type { MatchStart } from '../lobby/lobby-protocol.js';
import type { Game } from '../session/game.js';
import type { Transport } from '../transport/transport.js';
import { ignorable, unlessAborted } from './abort.js';
import type { Match, RunningMatch } from './match.js';
import {
  launchMatch,
  type NextMatchOptions,
  packStart,
  type StartMatchOptions,
  startTimeoutMs,
} from './match-start.js';
import type { PageClock } from './page-clock.js';

/** Options of {@link RoomMatches}. */
export interface RoomMatchesOptions {
  readonly self: PeerId;
  readonly transport: Transport;
  readonly clock: PageClock;
  readonly now: () => number;
  readonly nameOf: (peer: PeerId) => string;
  /** {@link RoomMatches.peers} changed. */
  readonly onPeersChanged: () => void;
}

interface Waiting {
  readonly take: (start: MatchStart) => void;
  readonly refuse: (error: SdkError) => void;
}

/** See the head of this file. */
export class RoomMatches {
  readonly #options: RoomMatchesOptions;
  /** Calls of `nextMatch`, oldest first. */
  #waiting: Waiting[] = [];
  /** The call of `startMatch` whose start has not come back from the lobby server yet. */
  #own: Waiting | undefined;
  #pending: { readonly start: MatchStart; readonly atMs: number } | undefined;
  /** A match is being launched or runs. */
  #busy = false;
  /** The match that is about to start or runs. */
  #launched: Match | undefined;
  #started = false;
  #peers: readonly PeerId[] = [];

  constructor(options: RoomMatchesOptions) {
    this.#options = options;
  }

  /** The match that runs, if any. */
  get current(): Match | undefined {
    return this.#started ? this.#launched : undefined;
  }

  /**
   * The others who still play in the match that runs or is about to start. Their links are needed even if the lobby
   * server gave up their seats in the room.
   */
  get peers(): readonly PeerId[] {
    return this.#peers;
  }

  /** The lobby server sent a start in which this page has a part. */
  offer(start: MatchStart): void {
    if (this.#own !== undefined) {
      const { take } = this.#own;
      this.#own = undefined;
      take(start);
      return;
    }
    this.#pending = { start, atMs: this.#options.now() };
    this.#handOver();
  }

  /** Asks the lobby server for a start, through `ask`, and launches it. */
  async start<S, I>(
    game: Game<S, I>,
    options: StartMatchOptions<I>,
    ask: (request: LobbyRequest) => Promise<void>,
  ): Promise<Match<S, I>> {
    if (this.#busy || this.#own !== undefined) {
      throw new SdkError(
        'wrong-phase',
        'A match is already starting or running in this room. Leave it first: await match.leave().',
      );
    }
    const started = new Promise<MatchStart>((take, refuse) => {
      this.#own = { take, refuse };
    });
    const asked = this.#ask(options, ask);
    try {
      const start = await unlessAborted(Promise.race([started, asked.failure]), options.signal, 'startMatch');
      return await this.#launch(start, game, options);
    } finally {
      asked.stop();
      this.#own = undefined;
    }
  }

  /** Waits for the next start and launches it. */
  async next<S, I>(game: Game<S, I>, options: NextMatchOptions<I>): Promise<Match<S, I>> {
    let taken = false;
    let waiting: Waiting | undefined;
    const started = new Promise<MatchStart>((take, refuse) => {
      waiting = {
        refuse,
        take: (start) => {
          taken = true;
          take(start);
        },
      };
      this.#waiting.push(waiting);
    });
    this.#handOver();
    let start: MatchStart;
    try {
      start = await unlessAborted(started, options.signal, 'nextMatch');
    } catch (error) {
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      if (taken) this.#ended();
      throw error;
    }
    return this.#launch(start, game, options);
  }

  /** Ends all waiting, because no start can come any more. */
  refuseWaiting(error: SdkError): void {
    for (const { refuse } of this.#waiting) refuse(error);
    this.#own?.refuse(error);
    this.#waiting = [];
  }

  /** Leaves the match that runs or is about to start; its goodbye is sent at once. */
  async leave(): Promise<void> {
    await this.#launched?.leave();
  }

  /** Gives a fresh start to whoever waits; a start that waits itself goes stale when the others have given up. */
  #handOver(): void {
    const first = this.#waiting[0];
    if (this.#pending === undefined || first === undefined || this.#busy) return;
    const { start, atMs } = this.#pending;
    this.#pending = undefined;
    if (this.#options.now() - atMs > startTimeoutMs) return;
    this.#waiting.shift();
    // Taken here and not after the await, so that a second start cannot slip in between.
    this.#busy = true;
    first.take(start);
  }

  async #launch<S, I>(
    start: MatchStart,
    game: Game<S, I>,
    options: NextMatchOptions<I>,
  ): Promise<RunningMatch<S, I>> {
    this.#busy = true;
    try {
      const onLaunching = (match: Match): void => this.#follow(match);
      const match = await launchMatch({ ...this.#options, start, game, options, onLaunching });
      this.#started = true;
      if (match.session.phase === 'ended') this.#ended();
      else match.session.on('ended', () => this.#ended());
      return match;
    } catch (error) {
      this.#ended();
      throw error;
    }
  }

  #follow(match: Match): void {
    const { self } = this.#options;
    this.#launched = match;
    this.#setPeers(match.session.peers.filter((peer) => peer !== self));
    match.session.on('peer-left', (event) =>
      this.#setPeers(this.#peers.filter((peer) => peer !== event.peer)),
    );
  }

  #setPeers(peers: readonly PeerId[]): void {
    this.#peers = peers;
    this.#options.onPeersChanged();
  }

  #ended(): void {
    this.#busy = false;
    this.#launched = undefined;
    this.#started = false;
    this.#setPeers([]);
    this.#handOver();
  }

  /** Sends the request for a start; `failure` only ever rejects, for the start itself is the success. */
  #ask<I>(
    options: StartMatchOptions<I>,
    ask: (request: LobbyRequest) => Promise<void>,
  ): { readonly failure: Promise<never>; readonly stop: () => void } {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const failure = new Promise<never>((_, reject) => {
      const silent = (): void => {
        timer = setTimeout(
          () =>
            reject(new SdkError('start-timeout', 'The lobby server did not announce the match. Try again.')),
          startTimeoutMs,
        );
      };
      const { localPlayers } = options;
      const announced = localPlayers === undefined ? Promise.resolve() : ask({ t: 'me', localPlayers });
      announced.then(() => ask({ t: 'start', options: packStart(options) })).then(silent, reject);
    });
    return { failure: ignorable(failure), stop: () => clearTimeout(timer) };
  }
}
