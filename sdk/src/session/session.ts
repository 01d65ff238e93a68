/**
 * The session: orders the work of one match on one peer. Time, packets and randomness come in as arguments;
 * bytes go out through `send`. One advance: account for time, watch members, confirm, roll back, step, send, tell.
 */
import { SdkError } from '../base/errors.js';
import { HANDSHAKE_TIMEOUT_MS, HASH_FRAMES_KEPT, LOG_FRAMES_KEPT } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import { Council } from './council.js';
import { DelaySteering } from './delay-steering.js';
import { DesyncCheck } from './desync-check.js';
import { EventQueue } from './event-queue.js';
import { finalFrame } from './final-frame.js';
import { FrameExchange } from './frame-exchange.js';
import { FrameSender } from './frame-sender.js';
import type { SlotState } from './game.js';
import { Handshake } from './handshake.js';
import { Inbox } from './inbox.js';
import { MatchClock } from './match-clock.js';
import type { MembershipPhase } from './membership.js';
import { PacketIntake } from './packet-intake.js';
import { createRemotes, type RemotePeer } from './remote-peer.js';
import { prepareSession, requireStepsPerAdvance, type SessionSetup } from './session-setup.js';
import { sessionStats } from './session-stats.js';
import type {
  AdvanceResult,
  ChannelName,
  EndReason,
  InputDelay,
  Session,
  SessionEvents,
  SessionOptions,
  SessionPhase,
  SessionStats,
} from './session-types.js';
import { NO_FRAME } from './slot-log.js';
import { StallMeter } from './stall-meter.js';
import { checkSessionMove } from './state-machine.js';
import { Timeline } from './timeline.js';

/**
 * Creates the deterministic core of one match.
 * @throws {SdkError} `invalid-argument` naming the option that is wrong.
 */
export function createSession<S, I>(options: SessionOptions<S, I>): Session<S, I> {
  return new RollbackSession(options, prepareSession(options));
}

class RollbackSession<S, I> implements Session<S, I> {
  readonly #setup: SessionSetup<S, I>;
  readonly #options: SessionOptions<S, I>;
  readonly #remotes: readonly RemotePeer[];
  readonly #byPeer: ReadonlyMap<PeerId, RemotePeer>;
  readonly #clock: MatchClock;
  readonly #timeline: Timeline<S, I>;
  readonly #delay: DelaySteering<S, I>;
  readonly #exchange: FrameExchange;
  readonly #handshake: Handshake;
  readonly #council: Council;
  readonly #check: DesyncCheck;
  readonly #intake: PacketIntake;
  readonly #stalls = new StallMeter();
  readonly #events = new EventQueue();
  readonly #inbox = new Inbox();
  readonly #sender: FrameSender;
  readonly #clampedFields = new Set<string>();
  readonly #createdAtMs: number;
  #phase: SessionPhase = 'handshake';
  #membershipPhase: MembershipPhase = 'running';
  /** The match stands at an agreed frame. */
  #isHalted = false;
  #busy = false;
  #greeted = false;
  #frameFinal = 0;
  #stepsPerAdvanceMax: number;

  constructor(options: SessionOptions<S, I>, setup: SessionSetup<S, I>) {
    this.#options = options;
    this.#setup = setup;
    this.#createdAtMs = options.nowMs;
    this.#stepsPerAdvanceMax = setup.stepsPerAdvanceMax;
    this.#remotes = createRemotes(setup, options.nowMs);
    this.#byPeer = new Map(this.#remotes.map((remote) => [remote.peer, remote]));
    this.#clock = new MatchClock({
      nowMs: options.nowMs,
      framesPerSecond: setup.game.framesPerSecond,
      peerCount: setup.peers.length,
      windowFrames: setup.predictionFramesMax,
    });
    this.#check = this.#createCheck();
    this.#timeline = this.#createTimeline();
    this.#delay = new DelaySteering({
      setup,
      remotes: this.#remotes,
      clock: this.#clock,
      ownInputs: this.#timeline.ownInputs,
    });
    this.#exchange = new FrameExchange({
      input: setup.game.input,
      matchKey: setup.matchKey,
      logs: setup.logs,
      ownLogs: setup.ownLogs,
      peerCount: setup.peers.length,
      confirmLimit: () => this.#timeline.confirmLimit,
      onWrong: (frame) => this.#timeline.noteWrong(frame),
      onEquivocation: (log, frame, from) =>
        this.#events.push({ type: 'equivocation', slot: log.slot, frame, sources: [from.peer] }),
    });
    this.#sender = new FrameSender({
      setup,
      remotes: this.#remotes,
      clock: this.#clock,
      exchange: this.#exchange,
      send: (to, channel, bytes) => this.#send(to, channel, bytes),
    });
    this.#handshake = new Handshake({
      agreement: setup.agreement,
      matchKey: setup.matchKey,
      remotes: this.#remotes,
      coordinator: setup.selfIndex === 0,
      send: (to, bytes) => this.#send(to, 'unreliable', bytes),
    });
    this.#council = this.#createCouncil();
    this.#intake = new PacketIntake({
      matchKey: setup.matchKey,
      clock: this.#clock,
      timeline: this.#timeline,
      exchange: this.#exchange,
      handshake: this.#handshake,
      council: this.#council,
      check: this.#check,
      cellBytes: setup.game.input.byteLength,
      selfIndex: setup.selfIndex,
    });
  }

  #createCheck(): DesyncCheck {
    return new DesyncCheck({
      remotes: this.#remotes,
      hashOf: (frame) => this.#timeline.simulation.hashOf(frame),
      onMismatch: ({ remote, frame, localHash, remoteHash }) =>
        this.#events.push({ type: 'desync', peer: remote.peer, frame, localHash, remoteHash }),
    });
  }

  #createTimeline(): Timeline<S, I> {
    const options = this.#options;
    return new Timeline({
      setup: this.#setup,
      readInput: (slot, frame) => options.readInput(slot, frame),
      onRewound: (fromFrame, toFrame) => this.#events.push({ type: 'rewound', fromFrame, toFrame }),
      onRollback: (depthFrames) => this.#stalls.noteRollback(depthFrames),
      onClamped: (slot, frame, field) => this.#reportClamped(slot, frame, field),
      onWarning:
        options.development === true
          ? (report) => this.#events.push({ type: 'determinism-warning', ...report })
          : undefined,
    });
  }

  #createCouncil(): Council {
    const events = this.#events;
    return new Council({
      setup: this.#setup,
      remotes: this.#remotes,
      clock: this.#clock,
      exchange: this.#exchange,
      frameFinal: () => this.frameFinal,
      timeline: this.#timeline,
      send: (to, channel, bytes) => this.#send(to, channel, bytes),
      events: {
        late: (remote, silentMs) => {
          // A silent peer no longer steers us.
          this.#intake.clocksRenewed = true;
          events.push({ type: 'peer-late', peer: remote.peer, silentMs });
        },
        back: (remote, silentMs) => events.push({ type: 'peer-back', peer: remote.peer, silentMs }),
        left: (remote, cutFrame, reason) => {
          this.#intake.clocksRenewed = true;
          events.push({ type: 'peer-left', peer: remote.peer, cutFrame, reason });
        },
        substituted: (peer, cutFrame) => {
          this.#intake.clocksRenewed = true;
          events.push({ type: 'peer-substituted', peer, cutFrame });
        },
        returned: (peer, frame) => events.push({ type: 'peer-returned', peer, frame }),
        moved: (phase) => {
          this.#membershipPhase = phase;
          this.#settlePhase();
          if (phase === 'no-quorum') events.push({ type: 'no-quorum', frame: this.frameConfirmed });
        },
        ended: (reason) => this.#end(reason),
      },
    });
  }

  get phase(): SessionPhase {
    return this.#phase;
  }
  get frameCurrent(): number {
    return this.#timeline.simulation.frame;
  }
  get frameConfirmed(): number {
    return this.#timeline.frameConfirmed;
  }
  get frameFinal(): number {
    // A smaller view knows less of who holds what; what was final stays so.
    const view = { logs: this.#setup.logs, selfIndex: this.#setup.selfIndex, exchange: this.#exchange };
    const known = finalFrame(view, this.#timeline.frameConfirmed);
    this.#frameFinal = Math.max(this.#frameFinal, known);
    return this.#frameFinal;
  }
  get state(): S {
    return this.#timeline.simulation.store.state;
  }
  get frameFraction(): number {
    return Math.min(1, Math.max(0, this.#clock.position - this.#timeline.simulation.frame));
  }
  get slots(): readonly SlotState[] {
    return this.#timeline.simulation.slots;
  }
  get peers(): readonly PeerId[] {
    return this.#setup.peers;
  }
  get viewId(): number {
    return this.#council.viewId;
  }
  get stepsPerAdvanceMax(): number {
    return this.#stepsPerAdvanceMax;
  }
  set stepsPerAdvanceMax(steps: number) {
    this.#stepsPerAdvanceMax = requireStepsPerAdvance(steps);
  }
  get inputDelayFrames(): InputDelay {
    return this.#delay.setting;
  }
  set inputDelayFrames(setting: InputDelay) {
    this.#delay.setting = setting;
  }

  on<K extends keyof SessionEvents>(type: K, listener: (event: SessionEvents[K]) => void): () => void {
    return this.#events.emitter.on(type, listener);
  }

  receive(peer: PeerId, channel: ChannelName, bytes: Uint8Array, nowMs: number): void {
    const remote = this.#byPeer.get(peer);
    if (remote === undefined || channel === 'bulk') return;
    // Held like the match's own time: by a clock that fell back, whoever was just heard would seem silent for long.
    const atMs = nowMs > this.#clock.nowMs && nowMs !== Number.POSITIVE_INFINITY ? nowMs : this.#clock.nowMs;
    if (this.#busy) {
      this.#inbox.push(remote, bytes, atMs);
      return;
    }
    this.#busy = true;
    try {
      this.#intake.take(remote, bytes, atMs, this.#phase);
    } finally {
      this.#busy = false;
    }
    this.#deliver();
  }

  linkChanged(peer: PeerId, state: 'open' | 'suspect' | 'closed', nowMs: number): void {
    const remote = this.#byPeer.get(peer);
    if (remote === undefined) return;
    if (remote.linkOpen && state === 'closed') remote.linkClosedAtMs = this.#clock.heldAt(nowMs);
    remote.linkOpen = state !== 'closed';
    if (state === 'open' && this.#phase === 'handshake') remote.lastHeardMs = this.#clock.heldAt(nowMs);
  }

  advance(nowMs: number): AdvanceResult {
    this.#refuseInside('advance');
    const { report } = this.#timeline;
    if (this.#phase === 'ended') {
      report.framesStepped = 0;
      report.framesResimulated = 0;
      report.stalled = false;
      return report;
    }
    this.#busy = true;
    try {
      if (this.#phase === 'handshake') this.#advanceHandshake(nowMs);
      else this.#clock.passTo(nowMs, this.#timeline.simulation.frame, this.#phase === 'running');
      if (this.#phase !== 'handshake') this.#advanceMatch();
    } finally {
      this.#busy = false;
    }
    if (!this.#inbox.empty) this.#drainInbox();
    this.#deliver();
    return report;
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
      this.#inbox.drain((remote, bytes, atMs) => this.#intake.take(remote, bytes, atMs, this.#phase));
    } finally {
      this.#busy = false;
    }
  }

  #advanceHandshake(nowMs: number): void {
    this.#clock.waitTo(nowMs);
    this.#handshake.advance(nowMs);
    const incompatible = this.#intake.incompatibility;
    if (incompatible !== undefined) {
      // The other side must learn it too.
      for (const channel of ['unreliable', 'reliable'] as const) {
        this.#handshake.sendHello(this.#byPeer.get(incompatible.peer) as RemotePeer, nowMs, (to, bytes) =>
          this.#send(to, channel, bytes),
        );
      }
      this.#events.push({ type: 'incompatible', ...incompatible });
      this.#end('incompatible');
      return;
    }
    const startAtMs = this.#handshake.startAtMs;
    if (this.#remotes.some((remote) => remote.goodbyeFrame >= 0)) {
      this.#end('peer-lost');
    } else if (startAtMs !== undefined && nowMs >= startAtMs) {
      this.#moveTo('running');
      this.#clock.start(startAtMs);
      this.#council.membership.start(nowMs);
      this.#events.push({ type: 'started', atMs: startAtMs });
    } else if (startAtMs === undefined && nowMs - this.#createdAtMs > HANDSHAKE_TIMEOUT_MS) {
      this.#end('handshake-timeout');
    }
  }

  #advanceMatch(): void {
    const timeline = this.#timeline;
    if (!this.#greeted) this.#greet();
    this.#council.advance();
    if ((this.#phase as SessionPhase) === 'ended') return;
    timeline.begin();
    this.#noteHalt();
    if (this.#phase === 'running' || this.#isHalted) {
      if (this.#intake.clocksRenewed) {
        this.#intake.clocksRenewed = false;
        this.#clock.steer(this.#remotes, !this.#exchange.carries);
      }
      this.#delay.follow();
      timeline.rollBack();
      timeline.stepDue(this.#clock, this.#stepsPerAdvanceMax);
      this.#noteStall();
    }
    timeline.simulation.effects.prune(timeline.frameConfirmed);
    if (this.#check.isDue(timeline.frameConfirmed)) this.#check.settle(this.frameFinal);
    // What was read goes out although its frame has to wait: in lockstep the others wait for it too.
    if (this.#phase !== 'ended' && (timeline.ownInputs.hasUnsent || this.#clock.sendOverdue))
      this.#sendFrames();
  }

  /** The match has come to the frame of an agreed pause, or goes on. */
  #noteHalt(): void {
    const { pausedAt, simulation } = this.#timeline;
    // A rollback may take us back before that frame: we stand still until all agree to go on.
    const halts = pausedAt !== NO_FRAME && (this.#isHalted || simulation.frame >= pausedAt);
    if (halts === this.#isHalted) return;
    this.#isHalted = halts;
    this.#settlePhase();
    if (!halts) {
      // What was measured while nobody's clock ran says nothing about the running ones.
      for (const remote of this.#remotes) remote.clock.restart();
      this.#clock.holdAt(simulation.frame);
    }
    this.#events.push({ type: halts ? 'match-paused' : 'match-resumed', frame: simulation.frame });
  }

  #settlePhase(): void {
    const phase = this.#membershipPhase === 'running' && this.#isHalted ? 'paused' : this.#membershipPhase;
    if (phase !== this.#phase) this.#moveTo(phase);
  }

  pause(): void {
    this.#wish('pause');
  }

  resume(): void {
    this.#wish('resume');
  }

  #wish(pace: 'pause' | 'resume'): void {
    const plays = this.#setup.ownLogs.length > 0;
    if (!plays || this.#phase === 'handshake' || this.#phase === 'ended') {
      throw new SdkError(
        'wrong-phase',
        plays
          ? `${pace} was called in phase ${this.#phase}. Call it while the match runs.`
          : `${pace} was called by a peer that only watches. Ask a player to do it.`,
      );
    }
    this.#council.planner.wish(pace);
  }

  /** Repeats what the handshake still owes to peers that do not run yet. */
  #greet(): void {
    this.#greeted = this.#handshake.done;
    if (!this.#greeted) this.#handshake.advance(this.#clock.nowMs);
  }

  #noteStall(): void {
    const { report, simulation } = this.#timeline;
    this.#stalls.counters.rollbackFrames += report.framesResimulated;
    const change = this.#stalls.note(report.stalled, report.framesStepped > 0, this.#clock.nowMs);
    if (change === 'began') {
      const waitingFor = this.#council.membership.waitingFor(this.#timeline.receivedByAll);
      this.#events.push({ type: 'stalled', frame: simulation.frame + 1, waitingFor });
    } else if (change === 'ended') {
      this.#events.push({ type: 'resumed', frame: simulation.frame, stalledMs: this.#stalls.lastStallMs });
    }
  }

  #reportClamped(slot: number, frame: number, field: string): void {
    if (this.#clampedFields.has(field)) return;
    this.#clampedFields.add(field);
    this.#events.push({ type: 'input-clamped', slot, frame, field });
  }

  #sendFrames(): void {
    const { facts } = this.#sender;
    facts.hash = this.#check.hashToSend;
    facts.delayFrames = this.#delay.wantedFrames;
    facts.viewId = this.#council.viewId;
    facts.hears = this.#council.membership.hears;
    this.#sender.send();
    this.#timeline.ownInputs.hasUnsent = false;
  }

  #send(to: RemotePeer, channel: ChannelName, bytes: Uint8Array): void {
    to.bytesSent += bytes.length;
    try {
      // Whether it was taken does not matter here: everything is said again until it is acknowledged.
      this.#options.send(to.peer, channel, bytes);
    } catch {
      to.sendFailures += 1;
    }
  }

  #moveTo(phase: SessionPhase): void {
    checkSessionMove(this.#phase, phase);
    this.#phase = phase;
  }

  #end(reason: EndReason): void {
    if (this.#phase === 'ended') return;
    this.#moveTo('ended');
    this.#events.push({ type: 'ended', reason, frame: this.#timeline.frameConfirmed });
  }

  leave(nowMs: number): void {
    if (this.#phase === 'ended') return;
    this.#refuseInside('leave');
    this.#busy = true;
    try {
      this.#clock.waitTo(nowMs);
      this.#sender.sayGoodbye(this.#phase !== 'handshake');
    } finally {
      this.#busy = false;
    }
    this.#end('left');
    this.#deliver();
  }

  stateHash(frame: number): number | undefined {
    return this.#isKept(frame, HASH_FRAMES_KEPT) ? this.#timeline.simulation.hashOf(frame) >>> 0 : undefined;
  }

  inputsAt(frame: number): readonly I[] | undefined {
    return frame > 0 && this.#isKept(frame, LOG_FRAMES_KEPT)
      ? this.#timeline.simulation.inputsOf(frame)
      : undefined;
  }

  #isKept(frame: number, kept: number): boolean {
    const confirmed = this.#timeline.frameConfirmed;
    return Number.isInteger(frame) && frame >= 0 && frame <= confirmed && frame > confirmed - kept;
  }

  stats(): SessionStats {
    const inputDelayFrames = this.#timeline.ownInputs.delayFrames;
    return sessionStats(this.#remotes, this.#clock, { ...this.#stalls.counters, inputDelayFrames });
  }

  #deliver(): void {
    const { effects } = this.#timeline.simulation;
    if (effects.hasNews) {
      effects.drain(
        (effect) => this.#events.push(effect),
        (retraction) => this.#events.push({ type: 'effect-retracted', ...retraction }),
      );
    }
    this.#events.deliver();
  }
}
