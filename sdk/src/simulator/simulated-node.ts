/**
 * One peer of a run: its session, its clock, its frame loop, its input. It can crash, freeze, leave and be slow.
 * What a browser tab would do to the session happens here; what is right or wrong is judged by its watcher.
 */
import type { PeerId } from '../base/peer-id.js';
import type { Random } from '../base/prng.js';
import type { ChannelName, Session, SessionEvents, SessionOptions } from '../session/session-types.js';
import type { NodeWatch, SessionCall } from './checks/node-watch.js';
import { NodeClock } from './node-clock.js';
import { digestOf, type Trace } from './trace.js';
import { usOf, type VirtualClock } from './virtual-clock.js';

/** Messages that a frozen tab's queue keeps. */
const FROZEN_QUEUE_MAX = 20_000;

/** Creates the session under test: `createSession`, or a wrapped one that does something wrong on purpose. */
export type SessionFactory = <S, I>(options: SessionOptions<S, I>) => Session<S, I>;

/** Where a peer is. 'gone': crashed, or left and closed. */
export type NodeStatus = 'waiting' | 'running' | 'frozen' | 'left' | 'ended' | 'gone';

/** All events, so that a node can hear every one. */
const EVENT_TYPES: { readonly [K in keyof SessionEvents]: true } = {
  started: true,
  'peer-late': true,
  'peer-back': true,
  'peer-left': true,
  'peer-substituted': true,
  'peer-returned': true,
  rewound: true,
  'match-paused': true,
  'match-resumed': true,
  desync: true,
  equivocation: true,
  stalled: true,
  resumed: true,
  'no-quorum': true,
  incompatible: true,
  effect: true,
  'effect-retracted': true,
  'input-clamped': true,
  'determinism-warning': true,
  ended: true,
};

/** Any event of a session. */
export type AnySessionEvent = SessionEvents[keyof SessionEvents];

/** What a node needs. */
export interface SimulatedNodeOptions<S, I> {
  readonly index: number;
  readonly peers: readonly PeerId[];
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly watch: NodeWatch<S, I>;
  /** Options of the session, without what the node itself supplies. */
  readonly session: Omit<SessionOptions<S, I>, 'nowMs' | 'self' | 'peers' | 'readInput' | 'send'>;
  readonly createSession: SessionFactory;
  readonly readInput: (slot: number, frame: number) => I;
  readonly send: (from: number, to: number, channel: ChannelName, bytes: Uint8Array) => boolean;
  readonly onEvent: (index: number, event: AnySessionEvent) => void;
  /** Largest delay of a timer, in ms. */
  readonly tickJitterMs: number;
}

interface Arrival {
  readonly from: number;
  readonly channel: ChannelName;
  readonly bytes: Uint8Array;
}

/** One peer. */
export class SimulatedNode<S, I> {
  readonly index: number;
  readonly peer: PeerId;
  readonly watch: NodeWatch<S, I>;
  session: Session<S, I> | undefined;
  stalls = 0;
  /** The `started` event came. */
  hasStarted = false;
  readonly #options: SimulatedNodeOptions<S, I>;
  readonly #clock: NodeClock;
  readonly #cell: Uint8Array;
  readonly #frozenQueue: Arrival[] = [];
  #status: NodeStatus = 'waiting';
  #slowFactor = 1;
  /** Freezes in progress. */
  #freezes = 0;
  /** When the next tick would be without jitter, in virtual microseconds. */
  #tickUs = 0;

  constructor(options: SimulatedNodeOptions<S, I>) {
    this.#options = options;
    this.index = options.index;
    this.peer = options.peers[options.index] as PeerId;
    this.watch = options.watch;
    this.#clock = new NodeClock(options.random.below(100_000_000) / 1000);
    this.#cell = new Uint8Array(options.session.game.input.byteLength);
  }

  get status(): NodeStatus {
    return this.#status === 'running' && this.session?.phase === 'ended' ? 'ended' : this.#status;
  }

  /** Plays, or could at any moment. */
  get isLive(): boolean {
    return this.status === 'running' || this.status === 'frozen';
  }

  /** What this peer's clock shows. */
  get nowMs(): number {
    return this.#clock.readMs(this.#options.clock.nowUs);
  }

  /** Opens the session and starts the frame loop. */
  start(): void {
    const { clock, random, peers, createSession, session } = this.#options;
    if (this.#status !== 'waiting') return;
    this.#status = 'running';
    this.session = createSession<S, I>({
      ...session,
      game: this.watch.watchedGame(),
      nowMs: this.nowMs,
      self: this.peer,
      peers,
      readInput: (slot, frame) => this.#readInput(slot, frame),
      send: (peer, channel, bytes) => this.#send(peer, channel, bytes),
    });
    for (const type of Object.keys(EVENT_TYPES) as (keyof SessionEvents)[])
      this.session.on(type, (event) => this.#heard(event));
    this.#tickUs = clock.nowUs + usOf(random.next() * this.#periodMs);
    this.#scheduleTick();
  }

  /** Bytes from another peer. */
  arrive(from: number, channel: ChannelName, bytes: Uint8Array): void {
    if (this.#status === 'frozen') {
      if (this.#frozenQueue.length < FROZEN_QUEUE_MAX) this.#frozenQueue.push({ from, channel, bytes });
      return;
    }
    if (this.status !== 'running') return;
    const { trace, clock, peers } = this.#options;
    trace.add(clock.nowUs, 'arrive', [this.index, from, bytes.length, digestOf(bytes)], channel);
    this.#call('receive', (session) => session.receive(peers[from] as PeerId, channel, bytes, this.nowMs));
  }

  /** The transport tells what it knows of a link. */
  linkChanged(to: number, state: 'open' | 'suspect' | 'closed'): void {
    if (this.status !== 'running') return;
    const peer = this.#options.peers[to] as PeerId;
    this.#call('link-changed', (session) => session.linkChanged(peer, state, this.nowMs));
  }

  /** The tab is gone. */
  crash(): void {
    this.#status = 'gone';
    this.#frozenQueue.length = 0;
  }

  /** The tab stops; its clock does not. */
  freeze(): void {
    if (!this.isLive) return;
    this.#freezes += 1;
    this.#status = 'frozen';
  }

  /**
   * One reason to stand still is over, or all. Then the tab goes on: its timer fires, and all that arrived meanwhile comes in
   * one burst, in either order.
   */
  thaw(isForced = false): void {
    this.#freezes = isForced ? 0 : Math.max(0, this.#freezes - 1);
    if (this.#status !== 'frozen' || this.#freezes > 0) return;
    this.#status = 'running';
    const isTimerFirst = this.#options.random.chance(0.5);
    if (isTimerFirst) this.#advance();
    for (const { from, channel, bytes } of this.#frozenQueue.splice(0)) this.arrive(from, channel, bytes);
    if (!isTimerFirst) this.#advance();
  }

  /** The player leaves. */
  leave(): void {
    if (this.status !== 'running') return;
    this.#call('leave', (session) => session.leave(this.nowMs));
    this.#status = 'left';
  }

  /** The clock gains `ppm` parts per million from now on. */
  drift(ppm: number): void {
    this.#clock.drift(this.#options.clock.nowUs, ppm);
  }

  /** The frame loop runs `factor` times less often from the next tick on. */
  slow(factor: number): void {
    this.#slowFactor = factor;
  }

  get #periodMs(): number {
    return ((1000 / this.#options.session.game.framesPerSecond) * this.#slowFactor) / this.#clock.rate;
  }

  #scheduleTick(): void {
    const { clock, random, tickJitterMs } = this.#options;
    clock.schedule(this.#tickUs + usOf(random.next() * tickJitterMs), () => this.#tick());
  }

  #tick(): void {
    if (!this.isLive) return;
    if (this.#status === 'running') this.#advance();
    this.#tickUs = Math.max(this.#tickUs + Math.max(1, usOf(this.#periodMs)), this.#options.clock.nowUs);
    this.#scheduleTick();
  }

  #advance(): void {
    const { trace, clock } = this.#options;
    this.#call('advance', (session) => {
      const stepsMax = session.stepsPerAdvanceMax;
      const result = session.advance(this.nowMs);
      this.watch.advanced(result, stepsMax);
      const { frameCurrent, frameConfirmed } = session;
      const hash = session.stateHash(frameConfirmed) ?? 0;
      trace.add(clock.nowUs, 'advance', [this.index, frameCurrent, frameConfirmed, hash]);
    });
  }

  /** A session that throws once is not called again: what follows would only repeat it. */
  #call(call: SessionCall, run: (session: Session<S, I>) => void): void {
    const { session } = this;
    if (session === undefined) return;
    let isDone = false;
    this.watch.during(call, session, () => {
      run(session);
      isDone = true;
    });
    if (!isDone) this.#status = 'gone';
  }

  #readInput(slot: number, frame: number): I {
    const { readInput, session, trace, clock } = this.#options;
    const value = readInput(slot, frame);
    session.game.input.encodeInto(value, this.#cell, 0);
    this.watch.readInput(slot, frame, this.#cell);
    trace.add(clock.nowUs, 'input', [this.index, slot, frame, digestOf(this.#cell)]);
    return value;
  }

  #send(peer: PeerId, channel: ChannelName, bytes: Uint8Array): boolean {
    const { peers, send, trace, clock } = this.#options;
    const to = peers.indexOf(peer);
    this.watch.sent(channel, bytes);
    trace.add(clock.nowUs, 'send', [this.index, to, bytes.length, digestOf(bytes)], channel);
    return send(this.index, to, channel, bytes);
  }

  #heard(event: AnySessionEvent): void {
    const { trace, clock, onEvent } = this.#options;
    const frame = 'frame' in event ? event.frame : 'cutFrame' in event ? event.cutFrame : -1;
    const about = 'peer' in event ? ` ${event.peer}` : event.type === 'ended' ? ` ${event.reason}` : '';
    trace.add(clock.nowUs, 'event', [this.index, frame], `${event.type}${about}`);
    if (event.type === 'started') this.hasStarted = true;
    if (event.type === 'stalled') this.stalls += 1;
    onEvent(this.index, event);
  }
}
