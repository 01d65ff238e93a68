/**
 * A running match as a game sees it: the session, a clock that drives it, and what drawing needs.
 *
 * Everything that decides the match lives in the session; this file only brings it time and packets.
 */
import { Emitter, type EventSource } from '../base/emitter.js';
import type { PeerId } from '../base/peer-id.js';
import type { Game } from '../session/game.js';
import { createSession } from '../session/index.js';
import type {
  InputDelay,
  PlayerAssignment,
  Session,
  SessionEvents,
  SessionOptions,
  SessionStats,
} from '../session/session-types.js';
import type { SignatureProblemFound, SigningStatus } from '../signing/signing-types.js';
import type { LinkPhase, Transport, TransportEvents } from '../transport/transport.js';
import { FrameLoop, type LoopStats } from './frame-loop.js';
import { isSigningMessage, MatchSigning, type SigningIdentity } from './match-signing.js';
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
  /** Signing began or turned out to be impossible on this page (only with `signInputs`). */
  'signing-changed': Pick<SigningStatus, 'phase' | 'reason'> & { readonly type: 'signing-changed' };
  /** Something is wrong with a player's signatures. It blames nobody; `equivocation` with a `culprit` does. */
  'signature-problem': SignatureProblemFound & { readonly type: 'signature-problem' };
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
  /** Slots that this page plays, ascending. Empty while it waits for one, after a late join. A new list after each change. */
  readonly localSlots: readonly number[];
  /**
   * slot -> the peer that plays it, or played it last; `undefined` for slots that nobody had. A page that joined late does
   * not know of newcomers before it. A new list after each change.
   */
  readonly slotOwners: readonly (PeerId | undefined)[];
  /** How long own inputs are held back; may be set at any time. `stats().inputDelayFrames` tells where it is. */
  inputDelayFrames: InputDelay;
  /** The state of `frameCurrent`. Never change it. */
  readonly state: S;
  /** The state one frame earlier (at frame 0: the same), for interpolation. Read-only, valid until the next frame. */
  readonly statePrevious: S;
  readonly frameCurrent: number;
  readonly frameConfirmed: number;
  /** Where drawing is between `statePrevious` (0) and `state` (1), by the clock now. */
  readonly alpha: number;
  /** Where signed inputs stand, and the keys of all players. */
  readonly signing: SigningStatus;
  stats(): MatchStats;
  /**
   * Asks all to pause: everybody stops at the same frame, and 'match-paused' tells which. Any player may.
   * @throws {SdkError} `wrong-phase` outside a running match, or on a page that only watches.
   */
  pause(): void;
  /** Asks all to go on; 'match-resumed' tells from which frame. Any player may. @throws {SdkError} as {@link Match.pause} does. */
  resume(): void;
  /** Says goodbye to the others and ends. Idempotent. */
  leave(): Promise<void>;
}

/**
 * Decides about a peer that asks to come in: how many slots it gets (0: it watches), or, as a text, why it is refused.
 * `slotsFree` counts the slots that nobody plays.
 */
export type Admission = (peer: PeerId, slotsWanted: number, slotsFree: number) => number | string;

/** Options of {@link RunningMatch}. */
export interface RunningMatchOptions<S, I> {
  /** What the session needs, except what this file brings. */
  readonly session: Omit<SessionOptions<S, I>, 'nowMs' | 'send'>;
  /** Carries packets; absent in local play. */
  readonly transport?: Transport;
  readonly clock: PageClock;
  /** The clock, in milliseconds, monotonic. */
  readonly now: () => number;
  /** Who played which slot when the match began, as far as a newcomer knows. Default: `session.players`. */
  readonly players?: readonly PlayerAssignment[];
  /** Answers requests to come in. Default: everybody is refused. */
  readonly admit?: Admission;
  /** Keys for `signInputs`. Default: made for this match. */
  readonly identity?: SigningIdentity;
}

/** What is passed on as it is. */
const eventTypes = [
  'started',
  'peer-late',
  'peer-back',
  'peer-substituted',
  'peer-returned',
  'join-requested',
  'join-refused',
  'join-progress',
  'rewound',
  'match-paused',
  'match-resumed',
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
  readonly #self: PeerId;
  readonly #joins: boolean;
  readonly #admit: Admission;
  readonly #tapped: TappedGame<S, I>;
  readonly #loop: FrameLoop;
  readonly #alarm: Alarm;
  readonly #clock: PageClock;
  readonly #now: () => number;
  readonly #emitter = new Emitter<MatchEvents>();
  readonly #stops: (() => void)[] = [];
  readonly #signing: MatchSigning;
  /** Peers that signed two different things, where that is a reason to go on without them: nothing of theirs is heard. */
  readonly #shunned = new Set<PeerId>();
  readonly #leaving: { readonly done: Promise<void>; readonly resolve: () => void };
  /** Peers whose link ended with a goodbye. */
  readonly #goodbyes = new Set<PeerId>();
  /** Events that came before the caller of `startMatch` could listen; `undefined` once he can. */
  #held: (() => void)[] | undefined = [];
  readonly #frameMs: number;
  #slotOwners: readonly (PeerId | undefined)[];
  #localSlots: readonly number[] = [];
  #links: Transport['links'] | undefined;
  #hasStarted = false;
  /** Whoever waits for this match has it. */
  #isHandedOver = false;

  constructor(options: RunningMatchOptions<S, I>) {
    const { session, transport, clock, now } = options;
    this.game = session.game;
    this.#clock = clock;
    this.#now = now;
    this.#frameMs = 1000 / session.game.framesPerSecond;
    this.#tapped = tapPreviousState(session.game);
    this.#self = session.self;
    this.#joins = session.join === true;
    this.#admit = options.admit ?? (() => 'This match takes nobody in.');
    const { players = session.players ?? [] } = options;
    this.#slotOwners = Array.from({ length: session.game.playersMax }, (_, slot) => players[slot]?.peer);
    if (!this.#joins) this.#listLocalSlots();
    this.session = createSession({
      ...session,
      game: this.#tapped.game,
      nowMs: now(),
      send: (peer, channel, bytes) => transport?.send(peer, channel, bytes) ?? false,
    });
    this.#signing = this.#createSigning(options);
    this.#leaving = deferred();
    this.#alarm = clock.alarm(() => this.#ring());
    this.#loop = new FrameLoop({
      session: this.session,
      wakeAt: (timeMs) => this.#alarm.at(timeMs),
      frameMs: this.#frameMs,
      now,
      onStepped: (framesStepped, framesResimulated) => this.#noteStepped(framesStepped, framesResimulated),
    });
    // Before anybody hears of it: who listens finds `localSlots` as they are now.
    this.#followSlots();
    for (const type of eventTypes) this.#forward(type);
    this.#forwardPeerLeft();
    this.session.on('join-requested', ({ peer, slotsWanted }) => this.#answer(peer, slotsWanted));
    if (transport !== undefined) this.#connect(transport);
    this.session.on('ended', () => this.#stop());
    this.#alarm.at(now());
  }

  #createSigning({ session, transport, now, identity = {} }: RunningMatchOptions<S, I>): MatchSigning {
    return new MatchSigning({
      session: this.session as Session<unknown, unknown>,
      matchId: session.matchId,
      self: session.self,
      slotCount: session.game.playersMax,
      cellBytes: session.game.input.byteLength,
      identity,
      now,
      send: (peer, bytes) => transport?.send(peer, 'reliable', bytes) ?? false,
      onPhase: (status) => this.#deliver('signing-changed', { type: 'signing-changed', ...status }),
      onProblem: (found) => this.#deliver('signature-problem', { type: 'signature-problem', ...found }),
      onEquivocation: (found) => {
        if (this.session.signInputs === 'remove') this.#shun(found.culprit);
        this.#deliver('equivocation', { type: 'equivocation', sources: [found.culprit], ...found });
      },
    });
  }

  get state(): S {
    return this.session.state;
  }

  get localSlots(): readonly number[] {
    return this.#localSlots;
  }

  get slotOwners(): readonly (PeerId | undefined)[] {
    return this.#slotOwners;
  }

  get inputDelayFrames(): InputDelay {
    return this.session.inputDelayFrames;
  }

  set inputDelayFrames(setting: InputDelay) {
    this.session.inputDelayFrames = setting;
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

  get signing(): SigningStatus {
    return this.#signing.status;
  }

  stats(): MatchStats {
    return { ...this.session.stats(), ...this.#loop.stats(), tickSource: this.#clock.source };
  }

  pause(): void {
    this.session.pause();
  }

  resume(): void {
    this.session.resume();
  }

  /** Whoever waits for this match gets it in a microtask: from the next task on events are told. */
  handOver(): void {
    this.#isHandedOver = true;
  }

  async leave(): Promise<void> {
    if (this.session.phase !== 'ended') this.session.leave(this.#now());
    await this.#leaving.done;
  }

  #ring(): void {
    // The caller got its match in a microtask after 'started'; this is a later task, so he listens by now.
    const isThere = this.#joins ? this.#isHandedOver : this.session.phase !== 'handshake';
    if (this.#held !== undefined && isThere) this.#release();
    this.#loop.ring();
    this.#signing.poll(this.#now());
  }

  #connect(transport: Transport): void {
    // From anybody: a newcomer is no peer of the session yet, and asks to become one.
    const onMessage = ({ peer, channel, bytes }: TransportEvents['message']): void => {
      if (this.#shunned.has(peer)) return;
      if (isSigningMessage(bytes)) {
        this.#signing.receive(peer, bytes);
        return;
      }
      this.session.receive(peer, channel, bytes, this.#now());
      this.#loop.packetArrived();
    };
    const onLink = ({ peer, phase, reason }: TransportEvents['link-changed']): void => {
      if (reason === 'goodbye') this.#goodbyes.add(peer);
      else if (phase === 'open') this.#goodbyes.delete(peer);
      this.#noteLink(peer, phase);
    };
    this.#links = transport.links;
    this.#stops.push(transport.on('message', onMessage), transport.on('link-changed', onLink));
    for (const [peer, phase] of transport.links) this.#noteLink(peer, phase);
  }

  #noteLink(peer: PeerId, phase: LinkPhase): void {
    if (
      this.#shunned.has(peer) ||
      phase === 'new' ||
      phase === 'checking' ||
      !this.session.peers.includes(peer)
    )
      return;
    this.session.linkChanged(peer, phase === 'lost' ? 'closed' : phase, this.#now());
  }

  /** All honest peers do the same, each with the proof in hand: so the others agree that it is lost. */
  #shun(peer: PeerId): void {
    this.#shunned.add(peer);
    this.session.linkChanged(peer, 'closed', this.#now());
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

  #followSlots(): void {
    this.session.on('started', () => {
      // Back in a match that went on without us: our slots are those that we are told now.
      if (this.#joins || this.#hasStarted) this.#give([], this.#self);
      this.#hasStarted = true;
    });
    this.session.on('peer-joined', (event) => {
      this.#give(event.slots, event.peer);
      // A link that opened before its peer was a member has not been told to the session.
      const phase = this.#links?.get(event.peer);
      if (phase !== undefined) this.#noteLink(event.peer, phase);
      this.#deliver('peer-joined', event);
    });
  }

  /** From now on `peer` plays `slots` and no others. */
  #give(slots: readonly number[], peer: PeerId): void {
    this.#slotOwners = this.#slotOwners.map((owner, slot) => {
      if (slots.includes(slot)) return peer;
      return owner === peer ? undefined : owner;
    });
    this.#listLocalSlots();
  }

  #listLocalSlots(): void {
    this.#localSlots = this.#slotOwners.flatMap((owner, slot) => (owner === this.#self ? [slot] : []));
  }

  #answer(peer: PeerId, slotsWanted: number): void {
    const slotsFree = this.session.slots.filter((slot) => slot === 'vacant').length;
    const answer = this.#admit(peer, slotsWanted, slotsFree);
    if (typeof answer === 'string') this.session.refuseJoin(peer, answer);
    else this.session.admitJoin(peer, { slotCount: Math.min(answer, this.game.playersMax) });
  }

  #deliver<K extends keyof MatchEvents>(type: K, event: MatchEvents[K]): void {
    if (this.#held === undefined) this.#emitter.emit(type, event);
    // What a newcomer catches up on is not worth showing.
    else if (this.#joins && (type === 'effect' || type === 'effect-retracted')) return;
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
