/**
 * One peer of a run: its session, its clock, its frame loop, its input. It can crash, freeze, sleep, leave, be slow and be hidden, and come
 * into a match that runs, for the first time or again.
 * What a browser tab would do to the session happens here; what is right or wrong is judged by its watcher.
 */
import { DOUBLE_ZERO } from '../base/doubles.js';
import { SdkError } from '../base/errors.js';
import type { PeerId } from '../base/peer-id.js';
import type { Random } from '../base/prng.js';
import type { ChannelName, InputDelay, Session, SessionOptions } from '../session/session-types.js';
import type { InputDefinition } from '../state/definitions.js';
import type { NodeWatch } from './checks/node-watch.js';
import { NodeClock } from './node-clock.js';
import { type AnySessionEvent, SESSION_EVENTS } from './node-events.js';
import { StallTimes } from './stall-times.js';
import { digestOf, type Trace } from './trace.js';
import { type Task, usOf, type VirtualClock } from './virtual-clock.js';

/** Messages that the queue of a tab that does not run keeps. */
const QUEUE_MAX = 20_000;
/** A hidden tab's timer fires once in this time, in ms. */
const HIDDEN_PERIOD_MS = 1000;

/** Creates the session under test: `createSession`, or a wrapped one that does something wrong on purpose. */
export type SessionFactory = <S, I>(options: SessionOptions<S, I>) => Session<S, I>;

/** Where a peer is. 'gone': crashed, or left and closed. */
export type NodeStatus = 'waiting' | 'running' | 'frozen' | 'left' | 'ended' | 'gone';

/** What a node needs. */
export interface SimulatedNodeOptions<S, I> {
  readonly index: number;
  /** All peers, newcomers last. */
  readonly peers: readonly PeerId[];
  /** How many of them are there from the start. */
  readonly founders: number;
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
  /** Longest time without a frame in the stalls that ended, in ms. */
  stallMsMax: number = DOUBLE_ZERO;
  readonly stallTimes: StallTimes = new StallTimes();
  /** The `started` event came. */
  hasStarted = false;
  /** How often its page was loaded, 0 before the first time. */
  loads = 0;
  /** Slots that it asked for when it came in. */
  slotsWanted = 0;
  /** It was given slots since its page was loaded last. */
  isSeated = false;
  /** When it came into the match, in virtual ms; 0 for one that was there from the start. */
  cameInAtMs: number = DOUBLE_ZERO;
  /** The match stands still here because somebody paused it. */
  isHalted = false;
  readonly #options: SimulatedNodeOptions<S, I>;
  #clock: NodeClock;
  readonly #cell: Uint8Array;
  readonly #input: InputDefinition<I>;
  readonly #trueFrameMs: number;
  readonly #indexes: ReadonlyMap<PeerId, number>;
  /** What arrived while the tab did not run. */
  readonly #queue: Arrival[] = [];
  #ticking: Task = { run: () => {} };
  readonly #waking: Task = { run: () => this.#wake() };
  #status: NodeStatus = 'waiting';
  #slowFactor = 1;
  #stepCostMs: number = DOUBLE_ZERO;
  #hides = 0;
  /** Freezes in progress. */
  #freezes = 0;
  /** When the next tick would be without jitter, in virtual microseconds. */
  #tickUs = 0;
  /** Until then the CPU is at work on the last advance. */
  #busyUntilUs = 0;
  #advancedAtUs = 0;

  constructor(options: SimulatedNodeOptions<S, I>) {
    this.#options = options;
    this.index = options.index;
    this.peer = options.peers[options.index] as PeerId;
    this.watch = options.watch;
    this.#clock = new NodeClock(options.random.below(100_000_000) / 1000);
    const { input, framesPerSecond } = options.session.game;
    this.#input = input;
    this.#cell = new Uint8Array(input.byteLength);
    this.#trueFrameMs = 1000 / framesPerSecond;
    this.#indexes = new Map(options.peers.map((peer, index) => [peer, index]));
  }

  get status(): NodeStatus {
    return this.#status === 'running' && this.session?.phase === 'ended' ? 'ended' : this.#status;
  }

  /** Plays, or could at any moment. */
  get isLive(): boolean {
    const { status } = this;
    return status === 'running' || status === 'frozen';
  }

  /** What this peer's clock shows. */
  get nowMs(): number {
    return this.#clock.readMs(this.#options.clock.nowUs);
  }

  /** True if it is not there from the start. */
  get isNewcomer(): boolean {
    return this.index >= this.#options.founders;
  }

  /** True if this page was loaded while the match ran. */
  get isComing(): boolean {
    return this.isNewcomer || this.loads > 1;
  }

  /** True if it is in no match, but asks to come into one. */
  get isOutside(): boolean {
    return this.session?.phase === 'joining';
  }

  /** Opens the session and starts the frame loop. */
  start(): void {
    const { peers, founders, session } = this.#options;
    if (this.#status === 'waiting') this.#open({ ...session, peers: peers.slice(0, founders) });
  }

  /** The page is loaded, for the first time or again, and asks to come into the match that runs. */
  join(slotsWanted: number): void {
    const { peers, session, random, clock } = this.#options;
    const { players: _none, ...options } = session;
    if (this.loads > 0) this.#clock = new NodeClock(random.below(2_000_000) / 1000 - clock.nowMs);
    this.#queue.length = 0;
    this.#freezes = 0;
    this.#busyUntilUs = 0;
    this.isHalted = false;
    this.isSeated = false;
    this.slotsWanted = slotsWanted;
    this.watch.loaded();
    this.#open({ ...options, peers, join: true, slotCount: slotsWanted });
  }

  #open(options: Omit<SessionOptions<S, I>, 'nowMs' | 'self' | 'readInput' | 'send'>): void {
    const { clock, random, createSession } = this.#options;
    this.#status = 'running';
    this.loads += 1;
    const session = createSession<S, I>({
      ...options,
      game: this.watch.watchedGame(),
      nowMs: this.nowMs,
      self: this.peer,
      readInput: (slot, frame) => this.#readInput(slot, frame),
      send: (peer, channel, bytes) => this.#send(peer, channel, bytes),
    });
    this.session = session;
    for (const type of SESSION_EVENTS) session.on(type, (event) => this.#heard(event));
    this.#tickUs = clock.nowUs + usOf(random.next() * this.#periodMs());
    const ticking: Task = {
      run: () => {
        if (this.#ticking === ticking) this.#tick();
      },
    };
    this.#ticking = ticking;
    this.#scheduleTick();
  }

  /** Bytes from another peer. */
  arrive(from: number, channel: ChannelName, bytes: Uint8Array): void {
    const { clock } = this.#options;
    if (this.#status === 'frozen' || (this.#status === 'running' && clock.nowUs < this.#busyUntilUs)) {
      if (this.#queue.length < QUEUE_MAX) this.#queue.push({ from, channel, bytes: bytes.slice() });
      return;
    }
    if (this.status !== 'running') return;
    this.#receive(from, channel, bytes);
    // A hidden tab lives on what arrives.
    const isDue = this.#hides > 0 && clock.nowUs - this.#advancedAtUs >= usOf(this.#frameMs());
    if (isDue && this.status === 'running') this.#advance();
  }

  /** The transport tells what it knows of a link. */
  linkChanged(to: number, state: 'open' | 'suspect' | 'closed'): void {
    const { session } = this;
    if (this.status !== 'running' || session === undefined) return;
    this.watch.begin('link-changed', session);
    try {
      session.linkChanged(this.#options.peers[to] as PeerId, state, this.nowMs);
    } catch (error) {
      this.#threw(error);
    }
    this.watch.end();
  }

  /** The tab is gone. */
  crash(): void {
    this.#status = 'gone';
    this.#queue.length = 0;
  }

  /** The tab stops; its clock does not. */
  freeze(): void {
    if (!this.isLive) return;
    this.#freezes += 1;
    this.#status = 'frozen';
  }

  /**
   * One reason to stand still is over. After the last one the tab goes on: its timer fires, and all that arrived meanwhile
   * comes in one burst, in either order.
   */
  thaw(): void {
    this.#freezes = Math.max(0, this.#freezes - 1);
    if (this.#status !== 'frozen' || this.#freezes > 0) return;
    this.#status = 'running';
    const isTimerFirst = this.#options.random.chance(0.5);
    if (isTimerFirst && !this.#isBusy()) this.#advance();
    this.#takeQueued();
    if (!isTimerFirst && !this.#isBusy()) this.#advance();
  }

  /** The player leaves. */
  leave(): void {
    const { session } = this;
    if (this.status !== 'running' || session === undefined) return;
    this.watch.begin('leave', session);
    try {
      session.leave(this.nowMs);
    } catch (error) {
      this.#threw(error);
    }
    this.watch.end();
    this.#status = 'left';
  }

  /** The player pauses the match, or lets it go on; who only watches cannot. */
  setPace(pace: 'pause' | 'resume'): void {
    if (this.status === 'running') this.#ask((session) => session[pace]());
  }

  /** The player chooses another input delay. */
  setInputDelay(delay: InputDelay): void {
    if (this.session !== undefined) this.session.inputDelayFrames = delay;
  }

  /** The application answers a newcomer; false if it cannot now, because the tab stands still. */
  answerJoin(peer: PeerId, refusal: string | undefined): boolean {
    if (this.status !== 'running') return this.#status !== 'frozen';
    this.#ask((session) =>
      refusal === undefined ? session.admitJoin(peer) : session.refuseJoin(peer, refusal),
    );
    return true;
  }

  /** What a player may ask at any time, and a session may refuse: the match or the newcomer may be gone by then. */
  #ask(run: (session: Session<S, I>) => void): void {
    const { session } = this;
    if (session === undefined) return;
    try {
      run(session);
    } catch (error) {
      if (!(error instanceof SdkError)) this.#threw(error);
    }
  }

  /** The clock gains `ppm` parts per million from now on. */
  drift(ppm: number): void {
    this.#clock.drift(this.#options.clock.nowUs, ppm);
  }

  /** The clock shows `byMs` more from now on. */
  jumpClock(byMs: number): void {
    this.#clock.jump(this.#options.clock.nowUs, byMs);
  }

  /** The clock stands still, or goes on. */
  stopClock(isStopped: boolean): void {
    this.#clock.stop(this.#options.clock.nowUs, isStopped);
  }

  /** The frame loop runs `factor` times less often from the next tick on. */
  slow(factor: number): void {
    this.#slowFactor = factor;
  }

  /** Each step of the game takes this long from now on, in ms. */
  stepCost(stepMs: number): void {
    this.#stepCostMs = stepMs;
  }

  /** The tab is hidden, or seen again; several reasons may overlap. */
  hide(isHidden: boolean): void {
    this.#hides = Math.max(0, this.#hides + (isHidden ? 1 : -1));
  }

  /** Everything that is wrong with this tab and its machine is over. */
  heal(): void {
    this.#slowFactor = 1;
    this.#stepCostMs = 0;
    this.#hides = 0;
    this.drift(0);
    this.stopClock(false);
    this.#freezes = 0;
    this.thaw();
  }

  // Methods, not private getters: each use of such a getter is a call into the engine.
  #frameMs(): number {
    return this.#trueFrameMs / this.#clock.rate;
  }

  #periodMs(): number {
    const loopMs = this.#frameMs() * this.#slowFactor;
    return this.#hides > 0 ? Math.max(HIDDEN_PERIOD_MS, loopMs) : loopMs;
  }

  #isBusy(): boolean {
    return this.#options.clock.nowUs < this.#busyUntilUs;
  }

  #scheduleTick(): void {
    const { clock, random, tickJitterMs } = this.#options;
    clock.scheduleTask(this.#tickUs + usOf(random.next() * tickJitterMs), this.#ticking);
  }

  #tick(): void {
    if (!this.isLive) return;
    const { clock } = this.#options;
    if (this.#isBusy()) this.#tickUs = this.#busyUntilUs;
    else {
      if (this.#status === 'running') this.#advance();
      this.#tickUs = Math.max(this.#tickUs + Math.max(1, usOf(this.#periodMs())), clock.nowUs);
    }
    this.#scheduleTick();
  }

  /** The CPU is done with an advance: what arrived meanwhile is taken. */
  #wake(): void {
    if (this.status === 'running' && !this.#isBusy()) this.#takeQueued();
  }

  #takeQueued(): void {
    for (const { from, channel, bytes } of this.#queue.splice(0)) this.arrive(from, channel, bytes);
  }

  #receive(from: number, channel: ChannelName, bytes: Uint8Array): void {
    const { trace, clock, peers } = this.#options;
    const { session, watch } = this;
    if (session === undefined) return;
    trace.event(clock.nowUs, 'arrive').word(this.index).word(from).word(bytes.length);
    watch.begin('receive', session);
    try {
      session.receive(peers[from] as PeerId, channel, bytes, this.nowMs);
    } catch (error) {
      this.#threw(error);
    }
    watch.end();
  }

  #advance(): void {
    const { trace, clock } = this.#options;
    const { session, watch } = this;
    if (session === undefined) return;
    this.#advancedAtUs = clock.nowUs;
    watch.begin('advance', session);
    try {
      const stepsMax = session.stepsPerAdvanceMax;
      watch.advanced(session.advance(this.nowMs), stepsMax);
      const { frameCurrent, frameConfirmed } = session;
      trace.event(clock.nowUs, 'advance').word(this.index).word(frameCurrent).word(frameConfirmed);
      trace.word(session.stateHash(frameConfirmed) ?? 0);
    } catch (error) {
      this.#threw(error);
    }
    if (this.#stepCostMs > 0 && watch.steps > 0) {
      this.#busyUntilUs = clock.nowUs + usOf(watch.steps * this.#stepCostMs);
      clock.scheduleTask(this.#busyUntilUs, this.#waking);
    }
    watch.end();
  }

  /** A session that throws once is not called again: what follows would only repeat it. */
  #threw(error: unknown): void {
    this.watch.threw(error);
    this.#status = 'gone';
  }

  #readInput(slot: number, frame: number): I {
    const { readInput, trace, clock } = this.#options;
    const value = readInput(slot, frame);
    this.#input.encodeInto(value, this.#cell, 0);
    this.watch.readInput(slot, frame, this.#cell);
    trace.event(clock.nowUs, 'input').word(this.index).word(slot).word(frame).word(digestOf(this.#cell));
    return value;
  }

  #send(peer: PeerId, channel: ChannelName, bytes: Uint8Array): boolean {
    const { send, trace, clock } = this.#options;
    const to = this.#indexes.get(peer) ?? -1;
    this.watch.sent(channel, bytes);
    const line = trace.event(clock.nowUs, 'send').word(this.index).word(to).word(bytes.length);
    line.word(digestOf(bytes));
    if (channel !== 'unreliable') line.text(channel);
    return send(this.index, to, channel, bytes);
  }

  #heard(event: AnySessionEvent): void {
    const { trace, clock, onEvent } = this.#options;
    const frame = 'frame' in event ? event.frame : 'cutFrame' in event ? event.cutFrame : -1;
    const line = trace.event(clock.nowUs, 'event').word(this.index).word(frame).text(event.type);
    if ('peer' in event) line.text(event.peer);
    else if (event.type === 'ended') line.text(event.reason);
    if (event.type === 'started') {
      this.hasStarted = true;
      this.cameInAtMs = clock.nowMs;
      this.isHalted = false;
    }
    if (event.type === 'match-paused') this.isHalted = true;
    if (event.type === 'match-resumed') this.isHalted = false;
    if (event.type === 'stalled') {
      this.stalls += 1;
      this.stallTimes.began(clock.nowMs);
    } else if (event.type === 'resumed') {
      this.stallMsMax = Math.max(this.stallMsMax, this.session?.stats().stallMsMax ?? 0);
      this.stallTimes.ended(clock.nowMs);
    }
    onEvent(this.index, event);
  }
}
