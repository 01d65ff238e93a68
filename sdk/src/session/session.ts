/**
 * The session: the face of one match on one peer. Time, packets and randomness come in as arguments; bytes go out through
 * `send`. The work is the core's (match-core.ts); the session guards against calls from inside, tells events, and gets a
 * new core when it joins a running match or comes back to it.
 */
import { SdkError } from '../base/errors.js';
import { HASH_FRAMES_KEPT, LOG_FRAMES_KEPT } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import { EventQueue } from './event-queue.js';
import type { HeldState } from './held-states.js';
import { Inbox } from './inbox.js';
import { inputSpan } from './input-span.js';
import { manifestProblem, setupFromManifest } from './join-setup.js';
import { Joiner, type JoinOutcome, type ReadyToJoin } from './joiner.js';
import { LogReplay } from './log-replay.js';
import { MatchCore } from './match-core.js';
import { prepareSession, requireStepsPerAdvance, type SessionSetup } from './session-setup.js';
import { sessionStats } from './session-stats.js';
import type {
  AdvanceResult,
  ChannelName,
  EndReason,
  InputDelay,
  InputSpan,
  Session,
  SessionEvents,
  SessionOptions,
  SessionPhase,
  SessionStats,
  SignInputs,
} from './session-types.js';
import { checkSessionMove } from './state-machine.js';
import type { StepReport } from './timeline.js';

/**
 * Creates the deterministic core of one match.
 * @throws {SdkError} `invalid-argument` naming the option that is wrong.
 */
export function createSession<S, I>(options: SessionOptions<S, I>): Session<S, I> {
  return new RollbackSession(options, prepareSession(options));
}

/** A match that a joiner is about to be in. */
interface Arrival<S, I> {
  readonly outcome: ReadyToJoin;
  readonly core: MatchCore<S, I>;
  readonly replay: LogReplay<S, I> | undefined;
}

class RollbackSession<S, I> implements Session<S, I> {
  readonly #options: SessionOptions<S, I>;
  /** The caller's options have any shape: what is called for each packet is looked up once. */
  readonly #transport: SessionOptions<S, I>['send'];
  readonly #events = new EventQueue();
  readonly #inbox = new Inbox();
  #core: MatchCore<S, I>;
  #joiner: Joiner | undefined;
  /** Slots that it would like to own, whether or not it had them when it was removed. */
  readonly #slotsWanted: number;
  /** What is made of the state or the log that came, over several calls. */
  #arrival: Arrival<S, I> | undefined;
  /** The state of its own that it comes back with. */
  #held: HeldState<S> | undefined;
  #hasEnded = false;
  #busy = false;
  #stepsPerAdvanceMax: number;
  #inputDelay: InputDelay | undefined;

  constructor(options: SessionOptions<S, I>, setup: SessionSetup<S, I>) {
    this.#options = options;
    this.#transport = options.send;
    this.#stepsPerAdvanceMax = setup.stepsPerAdvanceMax;
    this.#core = this.#createCore(setup, options.nowMs);
    this.#slotsWanted = options.slotCount ?? (setup.joins ? 1 : setup.ownLogs.length);
    if (setup.joins) this.#beginJoin(options.nowMs);
  }

  #createCore(setup: SessionSetup<S, I>, nowMs: number): MatchCore<S, I> {
    const core = new MatchCore<S, I>({
      setup,
      session: this.#options,
      nowMs,
      events: this.#events,
      send: (peer, channel, bytes) => this.#send(peer, channel, bytes),
    });
    core.stepsPerAdvanceMax = this.#stepsPerAdvanceMax;
    // What was asked for since the start holds in a match that it comes back to.
    if (this.#inputDelay !== undefined) core.delay.setting = this.#inputDelay;
    return core;
  }

  get phase(): SessionPhase {
    if (this.#hasEnded) return 'ended';
    return this.#joiner === undefined ? this.#core.phase : 'joining';
  }
  get frameCurrent(): number {
    return this.#core.timeline.simulation.frame;
  }
  get frameConfirmed(): number {
    return this.#core.timeline.frameConfirmed;
  }
  get frameFinal(): number {
    return this.#core.frameFinal;
  }
  get state(): S {
    return this.#core.timeline.simulation.store.state;
  }
  get frameFraction(): number {
    const { clock, timeline } = this.#core;
    return Math.min(1, Math.max(0, clock.position - timeline.simulation.frame));
  }
  get slots(): Session<S, I>['slots'] {
    return this.#core.timeline.simulation.slots;
  }
  get peers(): readonly PeerId[] {
    return this.#core.setup.peers;
  }
  get viewId(): number {
    return this.#core.council.viewId;
  }
  get signInputs(): SignInputs {
    return this.#core.setup.signInputs;
  }
  get stepsPerAdvanceMax(): number {
    return this.#stepsPerAdvanceMax;
  }
  set stepsPerAdvanceMax(steps: number) {
    this.#stepsPerAdvanceMax = requireStepsPerAdvance(steps);
    this.#core.stepsPerAdvanceMax = steps;
  }

  get inputDelayFrames(): InputDelay {
    return this.#core.delay.setting;
  }
  set inputDelayFrames(setting: InputDelay) {
    this.#core.delay.setting = setting;
    this.#inputDelay = setting;
  }

  on<K extends keyof SessionEvents>(type: K, listener: (event: SessionEvents[K]) => void): () => void {
    return this.#events.emitter.on(type, listener);
  }

  receive(peer: PeerId, _channel: ChannelName, bytes: Uint8Array, nowMs: number): void {
    if (this.#hasEnded || this.#core.phase === 'ended') return;
    const { clock } = this.#core;
    // Held like the match's own time: by a clock that fell back, whoever was just heard would seem silent for long.
    // Two calls: one of two numbers, chosen here, would be boxed for each packet (16 bytes).
    if (nowMs >= clock.nowMs && nowMs !== Number.POSITIVE_INFINITY) this.#receiveAt(peer, bytes, nowMs);
    else this.#receiveAt(peer, bytes, clock.nowMs);
  }

  #receiveAt(peer: PeerId, bytes: Uint8Array, atMs: number): void {
    if (this.#busy) {
      this.#inbox.push(peer, bytes, atMs);
      return;
    }
    this.#busy = true;
    try {
      this.#take(peer, bytes, atMs);
    } finally {
      this.#busy = false;
    }
    this.#deliver();
  }

  #take(peer: PeerId, bytes: Uint8Array, atMs: number): void {
    if (this.#joiner === undefined) this.#core.receive(peer, bytes, atMs);
    else this.#joiner.receive(peer, bytes, atMs);
  }

  linkChanged(peer: PeerId, state: 'open' | 'suspect' | 'closed', nowMs: number): void {
    this.#core.linkChanged(peer, state, nowMs);
    if (state === 'closed') this.#joiner?.linkClosed(peer);
  }

  advance(nowMs: number): AdvanceResult {
    this.#refuseInside('advance');
    const { report } = this.#core.timeline;
    // An advance that ends the match steps nothing.
    clear(report);
    if (this.phase === 'ended') return report;
    this.#busy = true;
    try {
      if (this.#joiner !== undefined) this.#advanceJoin(this.#joiner, nowMs);
      // Who was removed decides nothing any more, or both of two that meet again might give up.
      else if (!this.#core.isRemoved) this.#core.advance(nowMs);
      if (this.#core.isRemoved && this.#joiner === undefined) this.#comeBack(nowMs);
    } finally {
      this.#busy = false;
    }
    if (!this.#inbox.empty) this.#drainInbox();
    this.#deliver();
    return this.#joiner === undefined ? this.#core.timeline.report : clear(report);
  }

  #refuseInside(call: string): void {
    if (!this.#busy) return;
    throw new SdkError(
      'wrong-phase',
      `${call} was called from inside readInput, send or step. Call it from the frame loop or an event.`,
    );
  }

  #drainInbox(): void {
    this.#busy = true;
    try {
      this.#inbox.drain((peer, bytes, atMs) => this.#take(peer, bytes, atMs));
    } finally {
      this.#busy = false;
    }
  }

  /** The others went on without this peer: it asks to be let in again, and draws what it had until then. */
  #comeBack(nowMs: number): void {
    checkSessionMove(this.#core.phase, 'joining');
    this.#held = this.#core.held.newest();
    this.#beginJoin(nowMs);
  }

  #beginJoin(nowMs: number): void {
    const { matchId, self } = this.#options;
    const { setup } = this.#core;
    this.#joiner = new Joiner({
      matchId,
      self,
      peers: setup.peers,
      agreement: setup.agreement,
      slotsWanted: this.#slotsWanted,
      held: this.#held,
      nowMs,
      send: (peer, channel, bytes) => this.#send(peer, channel, bytes),
      check: (manifest) => manifestProblem(this.#options, manifest),
    });
  }

  #advanceJoin(joiner: Joiner, nowMs: number): void {
    this.#core.clock.waitTo(nowMs);
    const before = joiner.progress?.bytesReceived ?? 0;
    const outcome = joiner.advance(nowMs);
    const progress = joiner.progress;
    if (progress !== undefined && progress.bytesReceived !== before) {
      const { bytesReceived, bytesTotal } = progress;
      this.#events.push({ type: 'join-progress', bytesReceived, bytesTotal });
    }
    if (outcome?.kind === 'ready') this.#arrive(joiner, outcome, nowMs);
    else {
      // Let go again, or refused after all.
      this.#arrival = undefined;
      if (outcome !== undefined) this.#endJoin(outcome);
    }
  }

  #endJoin(outcome: Exclude<JoinOutcome, ReadyToJoin>): void {
    if (outcome.kind === 'refused') {
      this.#events.push({ type: 'join-refused', peer: outcome.peer, reason: outcome.reason });
      this.#end('refused');
    } else this.#end('join-failed');
  }

  /** Loads the state that came, or steps what came as a log, as much as one call may. */
  #arrive(joiner: Joiner, outcome: ReadyToJoin, nowMs: number): void {
    const { manifest, bytes } = outcome;
    if (this.#arrival?.outcome !== outcome) this.#arrival = this.#createArrival(outcome, nowMs);
    const { core, replay } = this.#arrival;
    const { simulation } = core.timeline;
    const progress = replay?.run(this.#stepsPerAdvanceMax) ?? 'done';
    if (progress === 'going') return;
    this.#arrival = undefined;
    core.clock.waitTo(nowMs);
    const isLoaded = replay === undefined ? simulation.startFrom(manifest.frame, bytes) : progress === 'done';
    const inputsStart = replay === undefined ? manifest.frame : (this.#held?.frame ?? manifest.frame);
    if (isLoaded && core.startFrom(manifest, outcome.nonce, inputsStart)) {
      this.#core = core;
      this.#joiner = undefined;
      this.#held = undefined;
    } else if (manifest.isLog) joiner.withoutLog();
    else joiner.again('The state does not have the hash that the members gave.', nowMs);
  }

  #createArrival(outcome: ReadyToJoin, nowMs: number): Arrival<S, I> {
    const { manifest, bytes } = outcome;
    const core = this.#createCore(setupFromManifest(this.#options, manifest), nowMs);
    const held = this.#held;
    if (!manifest.isLog || held === undefined) return { outcome, core, replay: undefined };
    const { game } = this.#options;
    const { simulation } = core.timeline;
    const about = { simulation, input: game.input, slotCount: game.playersMax, held, frame: manifest.frame };
    return { outcome, core, replay: new LogReplay(about, bytes) };
  }

  pause(): void {
    this.#wish('pause');
  }

  resume(): void {
    this.#wish('resume');
  }

  #wish(pace: 'pause' | 'resume'): void {
    const plays = this.#core.setup.ownLogs.length > 0;
    const { phase } = this;
    if (!plays || phase === 'handshake' || phase === 'joining' || phase === 'ended') {
      throw new SdkError(
        'wrong-phase',
        plays
          ? `${pace} was called in phase ${phase}. Call it while the match runs.`
          : `${pace} was called by a peer that only watches. Ask a player to do it.`,
      );
    }
    this.#core.council.planner.wish(pace);
  }

  admitJoin(peer: PeerId, options: { readonly slotCount?: number } = {}): void {
    this.#core.desk.admit(peer, options.slotCount);
  }

  refuseJoin(peer: PeerId, reason: string): void {
    this.#core.desk.refuse(peer, reason);
  }

  #send(peer: PeerId, channel: ChannelName, bytes: Uint8Array): boolean {
    // This runs for every packet: nothing is made here.
    try {
      return this.#transport(peer, channel, bytes) !== false;
    } catch {
      return false;
    }
  }

  #end(reason: EndReason): void {
    if (this.phase === 'ended') return;
    checkSessionMove(this.phase, 'ended');
    this.#joiner = undefined;
    this.#hasEnded = true;
    this.#events.push({ type: 'ended', reason, frame: this.frameConfirmed });
  }

  leave(nowMs: number): void {
    if (this.phase === 'ended') return;
    this.#refuseInside('leave');
    this.#busy = true;
    try {
      if (this.#joiner === undefined) this.#core.leave(nowMs);
    } finally {
      this.#busy = false;
    }
    this.#end('left');
    this.#deliver();
  }

  stateHash(frame: number): number | undefined {
    const { timeline } = this.#core;
    return this.#isKept(frame, timeline.frameStart, HASH_FRAMES_KEPT)
      ? timeline.simulation.hashOf(frame) >>> 0
      : undefined;
  }

  inputsAt(frame: number): readonly I[] | undefined {
    const { timeline } = this.#core;
    return this.#isKept(frame, timeline.inputsStart + 1, LOG_FRAMES_KEPT)
      ? timeline.simulation.inputsOf(frame)
      : undefined;
  }

  inputSpan(slot: number, first: number, countMax: number): InputSpan | undefined {
    const { setup, timeline } = this.#core;
    const log = setup.logs[slot];
    const { peers } = setup;
    return (
      log && inputSpan(log, { peers, first, countMax, final: this.frameFinal, start: timeline.frameStart })
    );
  }

  /** True if a frame is confirmed, and neither before `first` nor older than `kept` frames. */
  #isKept(frame: number, first: number, kept: number): boolean {
    const confirmed = this.#core.timeline.frameConfirmed;
    return Number.isInteger(frame) && frame >= Math.max(first, confirmed - kept + 1) && frame <= confirmed;
  }

  stats(): SessionStats {
    const { remotes, clock, stalls, timeline } = this.#core;
    const inputDelayFrames = timeline.ownInputs.delayFrames;
    return sessionStats(remotes, clock, { ...stalls.counters, inputDelayFrames });
  }

  #deliver(): void {
    if (this.#core.timeline.simulation.effects.hasNews) this.#drainEffects();
    this.#events.deliver();
  }

  #drainEffects(): void {
    this.#core.timeline.simulation.effects.drain(
      (effect) => this.#events.push(effect),
      (retraction) => this.#events.push({ type: 'effect-retracted', ...retraction }),
    );
  }
}

/** Nothing was done. */
function clear(report: StepReport): StepReport {
  report.framesStepped = 0;
  report.framesResimulated = 0;
  report.stalled = false;
  return report;
}
