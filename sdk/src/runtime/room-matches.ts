/**
 * The matches of a room, one at a time: who waits for a start, which start is still worth taking, and the way into a match
 * that runs already.
 */
import { SdkError } from '../base/errors.js';
import type { PeerId } from '../base/peer-id.js';
import type { LobbyRequest } from '../lobby/lobby-connection.js';
import type { MatchStart } from '../lobby/lobby-protocol.js';
import type { Member } from '../lobby/room-record.js';
import type { Game } from '../session/game.js';
import type { Transport } from '../transport/transport.js';
import { ignorable, unlessAborted } from './abort.js';
import type { Admission, Match, RunningMatch } from './match.js';
import { type JoiningProgress, joinMatch } from './match-join.js';
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
  /** The latest start in the room, of which nobody says whether its match still runs. */
  readonly latestStart: () => MatchStart | undefined;
  /** Everybody in the room, this page included. */
  readonly members: () => readonly Member[];
  /** How far this page is on its way into a match that runs. */
  readonly onJoining: (progress: JoiningProgress) => void;
  /** {@link RoomMatches.peers} changed. */
  readonly onPeersChanged: () => void;
}

/** Whether a match is still on is found out by asking its players; how often again, in milliseconds. */
const joinAgainMs = 3_000;

interface Waiting {
  readonly take: (start: MatchStart) => void;
  readonly refuse: (error: SdkError) => void;
  /** See `NextMatchOptions.joinRunning`. */
  readonly joinRunning?: boolean | undefined;
  /** Begins to ask the players of a match to be let in. */
  readonly join?: (start: MatchStart) => void;
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
  /** Matches that ended here or were left: nobody is brought back into one unasked. */
  readonly #over = new Set<string>();
  /** Ends the attempt to come into a match that runs. */
  #joining: AbortController | undefined;
  #joinNotBeforeMs = Number.NEGATIVE_INFINITY;

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
    this.#joinNotBeforeMs = Number.NEGATIVE_INFINITY;
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
    this.#joining?.abort();
    const asked = this.#ask(options, ask);
    try {
      const start = await unlessAborted(Promise.race([started, asked.failure]), options.signal, 'startMatch');
      return await this.#launch(start, game, options);
    } finally {
      asked.stop();
      this.#own = undefined;
    }
  }

  /** Waits for the next start and launches it, or comes into a match that runs already. */
  async next<S, I>(game: Game<S, I>, options: NextMatchOptions<I>): Promise<Match<S, I>> {
    let taken = false;
    let waiting: Waiting | undefined;
    const found = new Promise<MatchStart | RunningMatch<S, I>>((resolve, refuse) => {
      const entry: Waiting = {
        refuse,
        joinRunning: options.joinRunning,
        join: (start) => void this.#join(start, { game, options, waiting: entry, resolve }),
        take: (start) => {
          taken = true;
          resolve(start);
        },
      };
      waiting = entry;
      this.#waiting.push(entry);
    });
    this.#handOver();
    let start: MatchStart | RunningMatch<S, I>;
    try {
      start = await unlessAborted(found, options.signal, 'nextMatch');
    } catch (error) {
      if (this.#waiting[0] === waiting) this.#joining?.abort();
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      if (taken) this.#ended();
      throw error;
    }
    return 'session' in start ? start : this.#launch(start, game, options);
  }

  /** Looks whether there is a match to come into; called often. */
  poll(nowMs: number): void {
    const first = this.#waiting[0];
    if (first === undefined || this.#busy || this.#own !== undefined || this.#joining !== undefined) return;
    const start = this.#options.latestStart();
    if (start === undefined || nowMs < this.#joinNotBeforeMs || first.joinRunning === false) return;
    if (this.#over.has(start.matchId) && first.joinRunning !== true) return;
    // Alone in the room there is nobody to ask.
    if (this.#options.members().length > 1) first.join?.(start);
  }

  async #join<S, I>(
    start: MatchStart,
    {
      game,
      options,
      waiting,
      resolve,
    }: {
      readonly game: Game<S, I>;
      readonly options: NextMatchOptions<I>;
      readonly waiting: Waiting;
      readonly resolve: (match: RunningMatch<S, I>) => void;
    },
  ): Promise<void> {
    const attempt = new AbortController();
    this.#joining = attempt;
    const { members, onJoining, self } = this.#options;
    const own = members().find(({ peer }) => peer === self);
    try {
      const match = await joinMatch({
        ...this.#options,
        start,
        game,
        options,
        admission: this.#admission(options),
        peers: [...members().map(({ peer }) => peer), ...start.peers],
        slotCount: Math.min(own?.localPlayers ?? 1, game.playersMax),
        signal: attempt.signal,
        onProgress: onJoining,
      });
      if (this.#busy || attempt.signal.aborted) {
        void match.leave();
        return;
      }
      this.#busy = true;
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      this.#follow(match as unknown as Match);
      this.#hasBegun(match as unknown as Match, start.matchId);
      resolve(match);
    } catch (error) {
      this.#joinNotBeforeMs = this.#options.now() + joinAgainMs;
      if (!(error instanceof SdkError)) throw error;
      // Asking again would not help.
      if (error.code !== 'incompatible' && error.code !== 'invalid-argument') return;
      this.#over.add(start.matchId);
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      waiting.refuse(error);
    } finally {
      this.#joining = undefined;
    }
  }

  /** Members of the room may come in while there is room; who has been in the match may always. */
  #admission({ admit = 'room' }: NextMatchOptions<unknown>): Admission {
    return (peer, slotsWanted, slotsFree) => {
      const member = this.#options.members().find((other) => other.peer === peer);
      if (this.#launched?.session.peers.includes(peer) === true) return slotsWanted;
      if (admit === 'nobody') return 'This match takes nobody in.';
      if (member === undefined) return 'Only members of the room may come in.';
      const slots = Math.min(slotsWanted, member.localPlayers);
      return slots > 0 && slotsFree === 0 ? 'The match is full.' : slots;
    };
  }

  /** Ends all waiting, because no start can come any more. */
  refuseWaiting(error: SdkError): void {
    for (const { refuse } of this.#waiting) refuse(error);
    this.#own?.refuse(error);
    this.#waiting = [];
    this.#joining?.abort();
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
    this.#joining?.abort();
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
      const admission = this.#admission(options);
      const match = await launchMatch({ ...this.#options, start, game, options, admission, onLaunching });
      this.#hasBegun(match as unknown as Match, start.matchId);
      return match;
    } catch (error) {
      this.#over.add(start.matchId);
      this.#ended();
      throw error;
    }
  }

  #hasBegun({ session }: Match, matchId: string): void {
    const ended = (): void => {
      this.#over.add(matchId);
      this.#ended();
    };
    this.#started = true;
    if (session.phase === 'ended') ended();
    else session.on('ended', ended);
  }

  #follow(match: Match): void {
    const { self } = this.#options;
    this.#launched = match;
    // A newcomer is told of everybody who ever played; those who left are not worth a link.
    const isHere = (peer: PeerId): boolean =>
      match.session.phase === 'handshake' ||
      this.#options.transport.links.get(peer) === 'open' ||
      this.#options.members().some((member) => member.peer === peer);
    this.#setPeers(match.session.peers.filter((peer) => peer !== self && isHere(peer)));
    match.session.on('peer-left', (event) =>
      this.#setPeers(this.#peers.filter((peer) => peer !== event.peer)),
    );
    match.session.on('peer-joined', ({ peer }) => {
      if (peer !== self && !this.#peers.includes(peer)) this.#setPeers([...this.#peers, peer]);
    });
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
