/**
 * A running match as a game sees it: the session, a clock that drives it, and what drawing needs.
 *
 * Everything that decides the match lives in the session; this file only brings it time and packets.
 */
import { Emitter, type EventSource } from '../base/emitter.js';
import type { PeerId } from '../base/peer-id.js';
import type { Game } from '../session/game.js';
import { createSession } from '../session/index.js';
import type { Session, SessionEvents, SessionOptions, SessionStats } from '../session/session-types.js';
import type { LinkPhase, Transport, TransportEvents } from '../transport/transport.js';
import { FrameLoop, type LoopStats } from './frame-loop.js';
import type { Alarm, PageClock, TickSource } from './page-clock.js';
import { type TappedGame, tapPreviousState } from './previous-state.js';
import { runAll } from './run-all.js';

/** Events of a match: the session's, and one for drawing. */
export interface MatchEvents extends SessionEvents {
  /** New frames were stepped: `frame` is the newest. At most once per advance. */
  frame: {
    readonly type: 'frame';
    readonly frame: number;
    readonly framesStepped: number;
    readonly framesResimulated: number;
  };
}

/** Measured facts about a match. */
export interface MatchStats extends SessionStats, LoopStats {
  /** Where the ticks come from: 'worker' keeps its pace in a hidden tab. */
  readonly tickSource: TickSource;
}

/** One running match on this page. */
export interface Match<S = unknown, I = unknown> extends EventSource<MatchEvents> {
  readonly game: Game<S, I>;
  /** The deterministic core. */
  readonly session: Session<S, I>;
  /** Slots that this page plays, ascending. */
  readonly localSlots: readonly number[];
  /** The state of `frameCurrent`. Never change it. */
  readonly state: S;
  /** The state one frame earlier (at frame 0: the same), for interpolation. Read-only, valid until the next frame. */
  readonly statePrevious: S;
  readonly frameCurrent: number;
  readonly frameConfirmed: number;
  /** Where drawing is between `statePrevious` (0) and `state` (1), by the clock now. */
  readonly alpha: number;
  stats(): MatchStats;
  /** Says goodbye to the others and ends. Idempotent. */
  leave(): Promise<void>;
}

/** Options of {@link RunningMatch}. */
export interface RunningMatchOptions<S, I> {
  /** What the session needs, except what this file brings. */
  readonly session: Omit<SessionOptions<S, I>, 'nowMs' | 'send'>;
  /** Carries packets; absent in local play. */
  readonly transport?: Transport;
  readonly clock: PageClock;
  /** The clock, in milliseconds, monotonic. */
  readonly now: () => number;
}

/** What is passed on as it is. */
const eventTypes = [
  'started',
  'peer-late',
  'peer-back',
  'desync',
  'equivocation',
  'stalled',
  'resumed',
  'incompatible',
  'no-quorum',
  'effect',
  'effect-retracted',
  'input-clamped',
  'determinism-warning',
  'ended',
] as const satisfies readonly (keyof SessionEvents)[];

/** Brings a session its time and its packets. */
export class RunningMatch<S, I> implements Match<S, I> {
  readonly game: Game<S, I>;
  readonly session: Session<S, I>;
  readonly localSlots: readonly number[];
  readonly #tapped: TappedGame<S, I>;
  readonly #loop: FrameLoop;
  readonly #alarm: Alarm;
  readonly #clock: PageClock;
  readonly #now: () => number;
  readonly #emitter = new Emitter<MatchEvents>();
  readonly #stops: (() => void)[] = [];
  readonly #leaving: { readonly done: Promise<void>; readonly resolve: () => void };
  /** Peers whose link ended with a goodbye. */
  readonly #goodbyes = new Set<PeerId>();
  /** Events that came before the caller of `startMatch` could listen; `undefined` once he can. */
  #held: (() => void)[] | undefined = [];
  readonly #frameMs: number;

  constructor(options: RunningMatchOptions<S, I>) {
    const { session, transport, clock, now } = options;
    this.game = session.game;
    this.#clock = clock;
    this.#now = now;
    this.#frameMs = 1000 / session.game.framesPerSecond;
    this.#tapped = tapPreviousState(session.game);
    this.localSlots = (session.players ?? []).flatMap(({ peer }, slot) =>
      peer === session.self ? [slot] : [],
    );
    this.session = createSession({
      ...session,
      game: this.#tapped.game,
      nowMs: now(),
      send: (peer, channel, bytes) => transport?.send(peer, channel, bytes) ?? false,
    });
    this.#leaving = deferred();
    this.#alarm = clock.alarm(() => this.#ring());
    this.#loop = new FrameLoop({
      session: this.session,
      wakeAt: (timeMs) => this.#alarm.at(timeMs),
      frameMs: this.#frameMs,
      now,
      onStepped: (framesStepped, framesResimulated) => this.#noteStepped(framesStepped, framesResimulated),
    });
    for (const type of eventTypes) this.#forward(type);
    this.#forwardPeerLeft();
    if (transport !== undefined) this.#connect(transport);
    this.session.on('ended', () => this.#stop());
    this.#alarm.at(now());
  }

  get state(): S {
    return this.session.state;
  }

  get statePrevious(): S {
    return this.#tapped.previous() ?? this.session.state;
  }

  get frameCurrent(): number {
    return this.session.frameCurrent;
  }

  get frameConfirmed(): number {
    return this.session.frameConfirmed;
  }

  get alpha(): number {
    const passedMs = Math.max(0, this.#now() - this.#loop.advancedAtMs);
    const fraction = this.session.frameFraction + passedMs / this.#frameMs;
    return fraction < 1 ? fraction : 1;
  }

  on<K extends keyof MatchEvents>(type: K, listener: (event: MatchEvents[K]) => void): () => void {
    return this.#emitter.on(type, listener);
  }

  stats(): MatchStats {
    return { ...this.session.stats(), ...this.#loop.stats(), tickSource: this.#clock.source };
  }

  async leave(): Promise<void> {
    if (this.session.phase !== 'ended') this.session.leave(this.#now());
    await this.#leaving.done;
  }

  #ring(): void {
    // The caller got its match in a microtask after 'started'; this is a later task, so he listens by now.
    if (this.#held !== undefined && this.session.phase !== 'handshake') this.#release();
    this.#loop.ring();
  }

  #connect(transport: Transport): void {
    const { peers } = this.session;
    const onMessage = ({ peer, channel, bytes }: TransportEvents['message']): void => {
      if (!peers.includes(peer)) return;
      this.session.receive(peer, channel, bytes, this.#now());
      this.#loop.packetArrived();
    };
    const onLink = ({ peer, phase, reason }: TransportEvents['link-changed']): void => {
      if (reason === 'goodbye') this.#goodbyes.add(peer);
      this.#noteLink(peer, phase);
    };
    this.#stops.push(transport.on('message', onMessage), transport.on('link-changed', onLink));
    for (const [peer, phase] of transport.links) this.#noteLink(peer, phase);
  }

  #noteLink(peer: PeerId, phase: LinkPhase): void {
    if (phase === 'new' || phase === 'checking' || !this.session.peers.includes(peer)) return;
    this.session.linkChanged(peer, phase === 'lost' ? 'closed' : phase, this.#now());
  }

  #forward<K extends keyof SessionEvents>(type: K): void {
    this.session.on(type, (event) => this.#deliver(type, event as MatchEvents[K]));
  }

  /** A page that closes has no time for the session's goodbye; the link's, by the lobby's road, is faster. */
  #forwardPeerLeft(): void {
    this.session.on('peer-left', (event) => {
      const reason = this.#goodbyes.has(event.peer) ? 'left' : event.reason;
      this.#deliver('peer-left', { ...event, reason });
    });
  }

  #deliver<K extends keyof MatchEvents>(type: K, event: MatchEvents[K]): void {
    if (this.#held === undefined) this.#emitter.emit(type, event);
    else this.#held.push(() => this.#emitter.emit(type, event));
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    runAll(held);
  }

  #noteStepped(framesStepped: number, framesResimulated: number): void {
    if (!this.#emitter.has('frame')) return;
    this.#emitter.emit('frame', {
      type: 'frame',
      frame: this.session.frameCurrent,
      framesStepped,
      framesResimulated,
    });
  }

  #stop(): void {
    this.#alarm.stop();
    for (const stop of this.#stops) stop();
    this.#stops.length = 0;
    this.#leaving.resolve();
    // An end that came with the start (an incompatible peer) still reaches whoever listens.
    queueMicrotask(() => this.#release());
  }
}

function deferred(): { done: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const done = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { done, resolve };
}
