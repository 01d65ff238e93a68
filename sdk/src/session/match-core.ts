/**
 * One match on one peer from its first frame on: clock, frames, logs, members. The session owns one, and gets another when
 * it joins a running match or comes back to it.
 */
import { HANDSHAKE_TIMEOUT_MS, PEERS_MAX } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import type { Manifest } from '../wire/join-manifest.js';
import type { Newcomer } from '../wire/view-body.js';
import { Council } from './council.js';
import { councilEvents } from './council-events.js';
import { DelaySteering } from './delay-steering.js';
import { DesyncCheck } from './desync-check.js';
import type { EventQueue } from './event-queue.js';
import { Finality } from './final-frame.js';
import { FrameExchange } from './frame-exchange.js';
import { FrameSender } from './frame-sender.js';
import { Handshake } from './handshake.js';
import { HeldStates } from './held-states.js';
import { JoinDesk } from './join-desk.js';
import type { ManifestConfig } from './join-setup.js';
import { MatchClock } from './match-clock.js';
import type { MembershipPhase } from './membership.js';
import { PacketIntake } from './packet-intake.js';
import { URGENT_AFTER_MS } from './relay.js';
import { createRemotes, type RemotePeer, remoteAt } from './remote-peer.js';
import type { SessionSetup } from './session-setup.js';
import type { ChannelName, EndReason, SessionOptions, SessionPhase } from './session-types.js';
import { NO_FRAME } from './slot-log.js';
import { StallMeter } from './stall-meter.js';
import { checkSessionMove } from './state-machine.js';
import { Timeline } from './timeline.js';
import { twoValuesEvent } from './two-values.js';

/** Phases of a match that is being played; 'joining' is the session's. */
export type CorePhase = Exclude<SessionPhase, 'joining'>;

/** What a core needs. */
export interface CoreOptions<S, I> {
  readonly setup: SessionSetup<S, I>;
  readonly session: SessionOptions<S, I>;
  readonly nowMs: number;
  readonly events: EventQueue;
  /** Hands bytes to the transport; false: not taken. */
  readonly send: (peer: PeerId, channel: ChannelName, bytes: Uint8Array) => boolean;
}

/** One match on one peer. */
export class MatchCore<S, I> {
  readonly setup: SessionSetup<S, I>;
  readonly remotes: RemotePeer[];
  readonly clock: MatchClock;
  readonly timeline: Timeline<S, I>;
  readonly delay: DelaySteering<S, I>;
  readonly exchange: FrameExchange;
  readonly council: Council;
  readonly desk: JoinDesk;
  /** States that this peer could come back with. */
  readonly held: HeldStates<S>;
  readonly stalls: StallMeter = new StallMeter();
  readonly #options: CoreOptions<S, I>;
  readonly #byPeer: Map<PeerId, RemotePeer>;
  readonly #handshake: Handshake;
  readonly #check: DesyncCheck;
  readonly #intake: PacketIntake;
  readonly #sender: FrameSender;
  readonly #finality: Finality;
  readonly #clampedFields = new Set<string>();
  stepsPerAdvanceMax: number;
  #phase: CorePhase = 'handshake';
  #membershipPhase: MembershipPhase = 'running';
  /** The match stands at an agreed frame. */
  #isHalted = false;
  #greeted = false;
  /** The others went on without this peer: it may ask to come back. */
  isRemoved = false;

  constructor(options: CoreOptions<S, I>) {
    const { setup, nowMs } = options;
    this.#options = options;
    this.setup = setup;
    this.stepsPerAdvanceMax = setup.stepsPerAdvanceMax;
    this.remotes = createRemotes(setup, nowMs);
    this.#byPeer = new Map(this.remotes.map((remote) => [remote.peer, remote]));
    this.clock = new MatchClock({
      nowMs,
      framesPerSecond: setup.game.framesPerSecond,
      peerCount: PEERS_MAX,
      windowFrames: setup.predictionFramesMax,
    });
    this.#check = this.#createCheck();
    this.timeline = this.#createTimeline();
    this.delay = new DelaySteering({
      setup,
      remotes: this.remotes,
      clock: this.clock,
      ownInputs: this.timeline.ownInputs,
    });
    this.exchange = this.#createExchange();
    this.#finality = new Finality(
      { logs: setup.logs, selfIndex: setup.selfIndex, exchange: this.exchange },
      () => this.timeline.frameConfirmed,
    );
    this.held = new HeldStates({
      simulation: this.timeline.simulation,
      frameFinal: () => this.frameFinal,
    });
    this.#sender = new FrameSender({
      setup,
      remotes: this.remotes,
      clock: this.clock,
      exchange: this.exchange,
      send: (to, channel, bytes) => this.#send(to, channel, bytes),
    });
    this.#handshake = new Handshake({
      agreement: setup.agreement,
      matchKey: setup.matchKey,
      remotes: this.remotes,
      coordinator: setup.selfIndex === 0,
      send: (to, bytes) => this.#send(to, 'unreliable', bytes),
    });
    this.desk = this.#createDesk();
    this.council = this.#createCouncil();
    this.#intake = new PacketIntake({
      matchKey: setup.matchKey,
      clock: this.clock,
      timeline: this.timeline,
      exchange: this.exchange,
      handshake: this.#handshake,
      council: this.council,
      check: this.#check,
      cellBytes: setup.game.input.byteLength,
      desk: this.desk,
      selfIndex: setup.selfIndex,
    });
  }

  #createExchange(): FrameExchange {
    const { setup } = this;
    return new FrameExchange({
      input: setup.game.input,
      matchKey: setup.matchKey,
      logs: setup.logs,
      ownLogs: setup.ownLogs,
      peerCount: setup.peers.length,
      confirmLimit: () => this.timeline.confirmLimit,
      onWrong: (frame) => this.timeline.noteWrong(frame),
      onEquivocation: (log, frame, found) =>
        this.#options.events.push(twoValuesEvent(setup.peers, log, { ...found, frame })),
    });
  }

  #createCheck(): DesyncCheck {
    return new DesyncCheck({
      remotes: this.remotes,
      hashOf: (frame) => this.timeline.simulation.hashOf(frame),
      onMismatch: ({ remote, frame, localHash, remoteHash }) =>
        this.#options.events.push({ type: 'desync', peer: remote.peer, frame, localHash, remoteHash }),
    });
  }

  #createTimeline(): Timeline<S, I> {
    const options = this.#options.session;
    const { readInput } = options;
    return new Timeline({
      setup: this.setup,
      readInput: (slot, frame) => readInput(slot, frame),
      onRewound: (fromFrame, toFrame) => {
        this.#finality.takeBack(toFrame);
        this.desk.rewound(toFrame);
        this.#options.events.push({ type: 'rewound', fromFrame, toFrame });
      },
      onCapture: (frame) => this.desk.capture(frame),
      onRollback: (depthFrames) => this.stalls.noteRollback(depthFrames),
      onClamped: (slot, frame, field) => this.#reportClamped(slot, frame, field),
      onWarning:
        options.development === true
          ? (report) => this.#options.events.push({ type: 'determinism-warning', ...report })
          : undefined,
    });
  }

  #createCouncil(): Council {
    const { events } = this.#options;
    return new Council({
      setup: this.setup,
      remotes: this.remotes,
      clock: this.clock,
      exchange: this.exchange,
      frameFinal: () => this.#finality.frameProven,
      timeline: this.timeline,
      desk: this.desk,
      welcome: (newcomer, frame) => this.#welcome(newcomer, frame),
      send: (to, channel, bytes) => this.#send(to, channel, bytes),
      forks: () => this.held.forks(),
      events: councilEvents(events, {
        renewClocks: () => {
          this.#intake.clocksRenewed = true;
        },
        moved: (phase) => {
          this.#membershipPhase = phase;
          this.#settlePhase();
          if (phase === 'no-quorum') events.push({ type: 'no-quorum', frame: this.timeline.frameConfirmed });
        },
        ended: (reason) => this.end(reason),
      }),
    });
  }

  #createDesk(): JoinDesk {
    const { session, events } = this.#options;
    return new JoinDesk({
      setup: this.setup,
      session,
      remotes: this.remotes,
      clock: this.clock,
      timeline: this.timeline,
      frameFinal: () => this.frameFinal,
      send: (peer, channel, bytes) => this.#options.send(peer, channel, bytes),
      requested: (peer, slotsWanted) => {
        // Who was in it from the start is let back in.
        if (session.rejoin !== false && this.#byPeer.has(peer)) this.desk.admit(peer, undefined);
        else events.push({ type: 'join-requested', peer, slotsWanted });
      },
      keepsPace: (remote) => this.council.planner.keepsPace(remote),
    });
  }

  /** A peer came in by a view, without slots as yet: whatever it was before, its record begins anew. */
  #welcome({ index, peer, nonce }: Newcomer, frame: number): void {
    if (index === this.setup.selfIndex) return;
    this.setup.peers[index] = peer;
    this.exchange.addPeers(index + 1);
    this.exchange.forget(index, frame);
    const remote = remoteAt(this.setup, index, this.clock.nowMs);
    // While we follow views of before we were let in, those who come in by them may have come long ago.
    Object.assign(remote, { nonce, isFetching: this.council.isIn, startFrame: frame, newestFrame: frame });
    const own = this.setup.ownLogs[0];
    // Of a match that stands still it has the state of before our slots were taken up.
    remote.acked = Math.max(frame, own?.isActive === true ? own.since - 1 : 0);
    const at = this.remotes.findIndex((known) => known.index === index);
    if (at < 0) this.remotes.push(remote);
    else this.remotes[at] = remote;
    this.#byPeer.set(peer, remote);
    // Who came in is given its slots when its reports name the newest view.
    this.exchange.isWide = true;
  }

  /**
   * Starts as a member without slots from the state that the simulation was given.
   * @param nonce number of the JOIN that it came in by
   * @param inputsStart frame after which all inputs are known here
   * @returns false if it is not the state that was announced
   */
  startFrom(manifest: Manifest, nonce: number, inputsStart: number): boolean {
    const { frame, viewId, stateHash, peers } = manifest;
    if (!this.timeline.startAt(frame, stateHash)) return false;
    this.timeline.inputsStart = inputsStart;
    if (manifest.isPaused) this.timeline.pausedAt = frame;
    this.#finality.startAt(frame);
    this.#greeted = true;
    this.#check.startAt(frame);
    this.clock.startFrom(frame);
    this.council.startFrom(viewId, frame, manifest.isPaused ? nonce : 0);
    this.exchange.viewId = viewId;
    this.exchange.startFrom(frame);
    this.exchange.isWide = true;
    const { nonces } = manifest.config as unknown as ManifestConfig;
    this.desk.startFrom({ peers, nonces }, viewId, nonce);
    for (const remote of this.remotes) {
      remote.member = peers[remote.index]?.isMember === true;
      remote.nonce = nonces[remote.index] ?? 0;
      remote.acked = frame;
      remote.newestFrame = frame;
    }
    this.#phase = 'running';
    this.#options.events.push({ type: 'started', atMs: this.clock.nowMs });
    this.#noteHalt();
    return true;
  }

  /** Takes a packet. */
  receive(peer: PeerId, bytes: Uint8Array, atMs: number): void {
    if (this.isRemoved) return;
    const remote = this.#byPeer.get(peer);
    if (remote !== undefined) this.#intake.take(remote, bytes, atMs, this.#phase);
    else if (this.#phase !== 'handshake' && this.#phase !== 'ended') this.desk.receive(peer, bytes, atMs);
  }

  /** What the transport knows of a link. */
  linkChanged(peer: PeerId, state: 'open' | 'suspect' | 'closed', nowMs: number): void {
    this.#byPeer.get(peer)?.linkChanged(state, this.clock.heldAt(nowMs), this.#phase === 'handshake');
  }

  /** Moves the match to `nowMs`. */
  advance(nowMs: number): void {
    if (this.#phase === 'handshake') this.#advanceHandshake(nowMs);
    else this.clock.passTo(nowMs, this.timeline.simulation.frame, this.#phase === 'running');
    if (this.#phase !== 'handshake') this.#advanceMatch();
  }

  /** Says goodbye to all. */
  leave(nowMs: number): void {
    this.clock.waitTo(nowMs);
    this.#sender.sayGoodbye(this.#phase !== 'handshake');
  }

  get phase(): CorePhase {
    return this.#phase;
  }

  /** Newest frame that no later agreement can retract. */
  get frameFinal(): number {
    return this.#finality.frame;
  }
  #advanceHandshake(nowMs: number): void {
    this.clock.waitTo(nowMs);
    this.#handshake.advance(nowMs);
    const incompatible = this.#intake.incompatibility;
    if (incompatible !== undefined) {
      // The other side must learn it too.
      for (const channel of ['unreliable', 'reliable'] as const) {
        this.#handshake.sendHello(this.#byPeer.get(incompatible.peer) as RemotePeer, nowMs, (to, bytes) =>
          this.#send(to, channel, bytes),
        );
      }
      this.#options.events.push({ type: 'incompatible', ...incompatible });
      this.end('incompatible');
      return;
    }
    const startAtMs = this.#handshake.startAtMs;
    if (this.remotes.some((remote) => remote.goodbyeFrame >= 0)) {
      this.end('peer-lost');
    } else if (startAtMs !== undefined && nowMs >= startAtMs) {
      this.#moveTo('running');
      this.clock.start(startAtMs);
      this.council.membership.start(nowMs);
      this.#options.events.push({ type: 'started', atMs: startAtMs });
    } else if (startAtMs === undefined && nowMs - this.#options.nowMs > HANDSHAKE_TIMEOUT_MS) {
      this.end('handshake-timeout');
    }
  }

  #advanceMatch(): void {
    const timeline = this.timeline;
    // What the handshake still owes to peers that do not run yet.
    this.#greeted ||= this.#handshake.done;
    if (!this.#greeted) this.#handshake.advance(this.clock.nowMs);
    this.council.advance();
    if ((this.#phase as SessionPhase) === 'ended' || this.isRemoved) return;
    timeline.begin();
    this.#noteHalt();
    if (this.#phase === 'running' || this.#isHalted) {
      if (this.#intake.clocksRenewed) {
        this.#intake.clocksRenewed = false;
        this.clock.steer(this.remotes, !this.exchange.carries);
      }
      this.delay.follow();
      timeline.rollBack();
      timeline.stepDue(this.clock, this.stepsPerAdvanceMax);
      this.#noteStall();
    }
    this.held.look();
    timeline.simulation.effects.prune(timeline.frameConfirmed);
    if (this.#check.isDue(timeline.frameConfirmed))
      this.#check.settle(this.#finality.frameProven, timeline.frameConfirmed);
    // What was read goes out although its frame has to wait: in lockstep the others wait for it too.
    if (this.#phase !== 'ended' && (timeline.ownInputs.hasUnsent || this.clock.sendOverdue))
      this.#sendFrames();
  }

  /** The match has come to the frame of an agreed pause, or goes on. */
  #noteHalt(): void {
    const { pausedAt, simulation } = this.timeline;
    // A rollback may take us back before that frame: we stand still until all agree to go on.
    const halts = pausedAt !== NO_FRAME && (this.#isHalted || simulation.frame >= pausedAt);
    if (halts === this.#isHalted) return;
    this.#isHalted = halts;
    this.#settlePhase();
    if (!halts) {
      // What was measured while nobody's clock ran says nothing about the running ones.
      for (const remote of this.remotes) remote.clock.restart();
      this.clock.holdAt(simulation.frame);
    }
    const type = halts ? 'match-paused' : 'match-resumed';
    this.#options.events.push({ type, frame: halts ? pausedAt : simulation.frame });
  }

  #moveTo(phase: CorePhase): void {
    checkSessionMove(this.#phase, phase);
    this.#phase = phase;
  }

  #settlePhase(): void {
    const phase = this.#membershipPhase === 'running' && this.#isHalted ? 'paused' : this.#membershipPhase;
    // Somebody's loss may have ended the match in the same breath.
    if (phase !== this.#phase && this.#phase !== 'ended') this.#moveTo(phase);
  }

  #noteStall(): void {
    const { report, simulation } = this.timeline;
    this.stalls.counters.rollbackFrames += report.framesResimulated;
    const received = this.timeline.receivedByAll;
    this.council.membership.noteWaiting(report.stalled, received, this.timeline.confirmLimit);
    const change = this.stalls.note(report.stalled, report.framesStepped > 0, this.clock);
    if (change === 'began') {
      const waitingFor = this.council.membership.waitingFor(received);
      this.#options.events.push({ type: 'stalled', frame: simulation.frame + 1, waitingFor });
    } else if (change === 'ended') {
      this.#options.events.push({
        type: 'resumed',
        frame: simulation.frame,
        stalledMs: this.stalls.lastStallMs,
      });
    }
  }

  #reportClamped(slot: number, frame: number, field: string): void {
    if (!this.#clampedFields.has(field))
      this.#options.events.push({ type: 'input-clamped', slot, frame, field });
    this.#clampedFields.add(field);
  }

  #sendFrames(): void {
    const { facts } = this.#sender;
    facts.frame = this.timeline.simulation.frame;
    facts.delayFrames = this.delay.wantedFrames;
    facts.viewId = this.council.viewId;
    facts.hears = this.council.membership.hears;
    this.#sender.send(this.stalls.stalledFor(this.clock) > URGENT_AFTER_MS);
    this.timeline.ownInputs.hasUnsent = false;
  }

  /** Whether it is taken does not matter here: everything is said again until it is acknowledged. */
  #send(to: RemotePeer, channel: ChannelName, bytes: Uint8Array): void {
    to.bytesSent += bytes.length;
    this.#options.send(to.peer, channel, bytes);
  }

  /** The match is over for this peer. */
  end(reason: EndReason): void {
    if (this.#phase === 'ended') return;
    if (reason === 'removed' && this.#options.session.rejoin !== false) {
      this.isRemoved = true;
      return;
    }
    this.#moveTo('ended');
    this.#options.events.push({ type: 'ended', reason, frame: this.timeline.frameConfirmed });
  }
}
