/**
 * The session: orders the work of one match on one peer. Time, packets and randomness come in as arguments;
 * bytes go out through `send`. One advance: account for time, watch members, confirm, roll back, step, send, tell.
 */

import { Emitter } from '../base/emitter.js';
import { SdkError } from '../base/errors.js';
import { frameMsOf } from '../base/frame.js';
import {
  ELAPSED_MS_MAX,
  EVENTS_QUEUED_MAX,
  HANDSHAKE_TIMEOUT_MS,
  HASH_FRAMES_KEPT,
  LOG_FRAMES_KEPT,
  REPORT_INTERVAL_PACKETS,
} from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import {
  CLOCK_STEPS_PER_FRAME,
  CLOCK_UNKNOWN,
  STAMP_NONE,
  STAMP_SHIFT_FRAMES,
  STAMP_STEPS_PER_FRAME,
} from '../wire/frame-packet.js';
import {
  decodeGo,
  decodeGoodbye,
  decodeHello,
  encodeGoodbye,
  KIND_GO,
  KIND_GOODBYE,
  KIND_HELLO,
} from '../wire/handshake-message.js';
import { medianLead, paceFor } from './clock-sync.js';
import { DesyncCheck } from './desync-check.js';
import { FrameExchange, type OutgoingFacts } from './frame-exchange.js';
import type { SlotState } from './game.js';
import { Handshake, type Incompatibility } from './handshake.js';
import { Inbox } from './inbox.js';
import { Membership } from './membership.js';
import { RemotePeer } from './remote-peer.js';
import { prepareSession, type SessionSetup } from './session-setup.js';
import { peerStats } from './session-stats.js';
import type {
  AdvanceResult,
  ChannelName,
  EndReason,
  Session,
  SessionEvents,
  SessionOptions,
  SessionPhase,
  SessionStats,
} from './session-types.js';
import { Simulation } from './simulation.js';
import { NO_FRAME, type SlotLog } from './slot-log.js';
import { checkSessionMove } from './state-machine.js';

type QueuedEvent = { [K in keyof SessionEvents]: SessionEvents[K] }[keyof SessionEvents];

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
  readonly #frameMs: number;
  readonly #logs: readonly SlotLog[];
  readonly #remotes: readonly RemotePeer[];
  readonly #byPeer: ReadonlyMap<PeerId, RemotePeer>;
  readonly #simulation: Simulation<S, I>;
  readonly #exchange: FrameExchange;
  readonly #handshake: Handshake;
  readonly #membership: Membership;
  readonly #check: DesyncCheck;
  readonly #emitter = new Emitter<SessionEvents>();
  readonly #events: QueuedEvent[] = [];
  readonly #inbox = new Inbox();
  readonly #leads: Float64Array;
  readonly #facts: OutgoingFacts = { position: 0, adjustment: 0, hash: 0, report: false };
  readonly #result = { framesStepped: 0, framesResimulated: 0, stalled: false };
  readonly #clampedFields = new Set<string>();
  /** Doubles that change each frame, in one typed array so that writing them never allocates: see the getters. */
  readonly #clock = new Float64Array(5);
  #phase: SessionPhase = 'handshake';
  #busy = false;
  #frameConfirmed = 0;
  /** Newest frame ever simulated. */
  #frameHighest = 0;
  #firstWrong = NO_FRAME;
  #leadsKnown = false;
  #greeted = false;
  #packetsUntilReport = 0;
  #viewId = 0;
  #incompatibility: Incompatibility | undefined;
  readonly #counters = {
    rollbacks: 0,
    rollbackFrames: 0,
    rollbackFramesMax: 0,
    stalls: 0,
    stalledMs: 0,
    stallMsMax: 0,
    lead: 0,
    pace: 1,
  };
  #stalledSinceMs = -1;
  stepsPerAdvanceMax: number;

  constructor(options: SessionOptions<S, I>, setup: SessionSetup<S, I>) {
    this.#options = options;
    this.#setup = setup;
    this.#frameMs = frameMsOf(setup.game.framesPerSecond);
    this.#logs = setup.logs;
    this.stepsPerAdvanceMax = setup.stepsPerAdvanceMax;
    const cellBytes = setup.game.input.byteLength;
    const vectorLength = setup.peers.length > 2 ? setup.logs.length : 0;
    this.#remotes = setup.peers.flatMap((peer, index) => {
      if (index === setup.selfIndex) return [];
      const logs = setup.logs.filter((log) => log.owner === index);
      const shape = { matchKey: setup.matchKey, senderSlots: logs.length, cellBytes, vectorLength };
      return [new RemotePeer(peer, index, logs, shape, options.nowMs)];
    });
    this.#byPeer = new Map(this.#remotes.map((remote) => [remote.peer, remote]));
    this.#leads = new Float64Array(setup.peers.length);
    for (const log of setup.ownLogs) log.received = setup.inputDelayFrames;
    this.#simulation = new Simulation({
      game: setup.game,
      seed: setup.seed,
      options: setup.options,
      logs: setup.logs,
      predictionFramesMax: setup.predictionFramesMax,
      lostBot: setup.lostBot,
      onWarning:
        options.development === true
          ? (report) => this.#queue({ type: 'determinism-warning', ...report })
          : undefined,
    });
    this.#exchange = new FrameExchange({
      input: setup.game.input as never,
      matchKey: setup.matchKey,
      logs: setup.logs,
      ownLogs: setup.ownLogs,
      peerCount: setup.peers.length,
      onEquivocation: (log, frame, from) =>
        this.#queue({ type: 'equivocation', slot: log.slot, frame, sources: [from.peer] }),
    });
    this.#handshake = new Handshake({
      agreement: setup.agreement,
      matchKey: setup.matchKey,
      remotes: this.#remotes,
      coordinator: setup.selfIndex === 0,
      send: (to, bytes) => void this.#send(to, 'unreliable', bytes),
    });
    this.#membership = this.#createMembership();
    this.#check = new DesyncCheck({
      remotes: this.#remotes,
      hashOf: (frame) => this.#simulation.hashOf(frame),
      onMismatch: ({ remote, frame, localHash, remoteHash }) =>
        this.#queue({ type: 'desync', peer: remote.peer, frame, localHash, remoteHash }),
    });
    this.#nowMs = options.nowMs;
    this.#startedAtMs = options.nowMs;
  }

  #createMembership(): Membership {
    const { ownLogs, lostAfterMs, lateAfterMs, onLost } = this.#setup;
    return new Membership({
      remotes: this.#remotes,
      ownLogs,
      frameMs: this.#frameMs,
      lostAfterMs,
      lateAfterMs,
      onLost,
      events: {
        late: (remote, silentMs) => this.#queue({ type: 'peer-late', peer: remote.peer, silentMs }),
        back: (remote, silentMs) => this.#queue({ type: 'peer-back', peer: remote.peer, silentMs }),
        left: (remote, cutFrame, reason) => this.#cut(remote, cutFrame, reason),
        pause: () => this.#moveTo('paused'),
        resume: () => this.#moveTo('running'),
        end: () => this.#end('peer-lost'),
      },
    });
  }

  // The clock block. position: fractional frame the clock asks for; raw: the same without steering.
  get #nowMs(): number {
    return this.#clock[0] as number;
  }
  set #nowMs(value: number) {
    this.#clock[0] = value;
  }
  get #position(): number {
    return this.#clock[1] as number;
  }
  set #position(value: number) {
    this.#clock[1] = value;
  }
  get #raw(): number {
    return this.#clock[2] as number;
  }
  set #raw(value: number) {
    this.#clock[2] = value;
  }
  get #lastSendMs(): number {
    return this.#clock[3] as number;
  }
  set #lastSendMs(value: number) {
    this.#clock[3] = value;
  }
  get #startedAtMs(): number {
    return this.#clock[4] as number;
  }
  set #startedAtMs(value: number) {
    this.#clock[4] = value;
  }

  get phase(): SessionPhase {
    return this.#phase;
  }
  get frameCurrent(): number {
    return this.#simulation.frame;
  }
  get frameConfirmed(): number {
    return this.#frameConfirmed;
  }
  get state(): S {
    return this.#simulation.store.state;
  }
  get frameFraction(): number {
    return Math.min(1, Math.max(0, this.#position - this.#simulation.frame));
  }
  get slots(): readonly SlotState[] {
    return this.#simulation.slots;
  }
  get peers(): readonly PeerId[] {
    return this.#setup.peers;
  }
  get viewId(): number {
    return this.#viewId;
  }

  get frameFinal(): number {
    const voters = this.#setup.peers
      .map((_, index) => index)
      .filter((index) => this.#logs.some((log) => log.owner === index && log.cut === NO_FRAME));
    if (voters.length === 0) return this.#frameConfirmed;
    let final = this.#frameConfirmed;
    for (const log of this.#logs) {
      if (log.cut !== NO_FRAME) continue;
      const held = voters
        .map((index) =>
          index === this.#setup.selfIndex ? log.received : (this.#exchange.held[index]?.[log.slot] ?? 0),
        )
        .sort((left, right) => right - left);
      final = Math.min(final, held[Math.floor(voters.length / 2)] as number);
    }
    return final;
  }

  on<K extends keyof SessionEvents>(type: K, listener: (event: SessionEvents[K]) => void): () => void {
    return this.#emitter.on(type, listener);
  }

  receive(peer: PeerId, channel: ChannelName, bytes: Uint8Array, nowMs: number): void {
    const remote = this.#byPeer.get(peer);
    if (remote === undefined || channel === 'bulk') return;
    if (this.#busy) {
      this.#inbox.push(remote, bytes, nowMs);
      return;
    }
    this.#busy = true;
    try {
      this.#take(remote, bytes, nowMs);
    } finally {
      this.#busy = false;
    }
    this.#deliver();
  }

  #take(remote: RemotePeer, bytes: Uint8Array, nowMs: number): void {
    if (this.#phase === 'ended' || !remote.member) return;
    const kind = bytes.length === 0 ? 0xff : (bytes[0] as number);
    const understood =
      kind < 0x80 ? this.#takeFrames(remote, bytes, nowMs) : this.#takeMessage(remote, kind, bytes, nowMs);
    if (!understood) {
      remote.malformed += 1;
      return;
    }
    remote.bytesReceived += bytes.length;
    this.#membership.heard(remote, nowMs);
  }

  #takeMessage(remote: RemotePeer, kind: number, bytes: Uint8Array, nowMs: number): boolean {
    if (kind === KIND_HELLO) {
      const hello = decodeHello(bytes);
      if (hello === undefined) return false;
      if (this.#phase === 'handshake')
        this.#incompatibility ??= this.#handshake.receiveHello(remote, hello, nowMs);
      return true;
    }
    if (kind === KIND_GO) {
      const waitMs = decodeGo(bytes, this.#setup.matchKey);
      if (waitMs === undefined || remote.index !== 0) return false;
      this.#handshake.receiveGo(waitMs, nowMs);
      return true;
    }
    if (kind !== KIND_GOODBYE) return false;
    const lastFrame = decodeGoodbye(bytes, this.#setup.matchKey);
    if (lastFrame === undefined || lastFrame < 0) return false;
    if (remote.goodbyeFrame < 0) {
      remote.goodbyeFrame = lastFrame;
      remote.goodbyeAtMs = nowMs;
    }
    return true;
  }

  #takeFrames(remote: RemotePeer, bytes: Uint8Array, nowMs: number): boolean {
    const header = this.#exchange.apply(remote, bytes, this.#frameConfirmed, this.#simulation.frame);
    if (header === undefined) return false;
    remote.packetsReceived += 1;
    if (this.#exchange.firstWrong < this.#firstWrong) this.#firstWrong = this.#exchange.firstWrong;
    this.#exchange.firstWrong = NO_FRAME;
    if (header.hasHash && !this.#check.receive(remote, header.hashFrame16, header.hash, this.#frameConfirmed))
      return false;
    if (header.stamp !== STAMP_NONE) {
      const frame = remote.logs.length === 0 ? remote.newestFrame : this.#frameOf(remote, header.frame16);
      const position = frame + STAMP_SHIFT_FRAMES - header.stamp / STAMP_STEPS_PER_FRAME;
      if (this.#phase === 'handshake') this.#handshake.startFromPeer(position, this.#frameMs, remote, nowMs);
      else remote.clock.sample(this.#raw + (nowMs - this.#nowMs) / this.#frameMs - position, nowMs);
    }
    if (header.hasReport) {
      if (header.clock !== CLOCK_UNKNOWN) {
        remote.clock.setRemote(header.clock / CLOCK_STEPS_PER_FRAME);
        this.#leadsKnown = true;
      }
      remote.noteReport(header.received16);
    }
    return true;
  }

  /** The whole frame number of a header that was just applied. */
  #frameOf(remote: RemotePeer, frame16: number): number {
    return remote.newestFrame + (((frame16 - remote.newestFrame) << 16) >> 16);
  }

  linkChanged(peer: PeerId, state: 'open' | 'suspect' | 'closed', nowMs: number): void {
    const remote = this.#byPeer.get(peer);
    if (remote === undefined) return;
    remote.linkOpen = state !== 'closed';
    if (state === 'open' && this.#phase === 'handshake') remote.lastHeardMs = nowMs;
  }

  advance(nowMs: number): AdvanceResult {
    if (this.#busy)
      throw new SdkError(
        'wrong-phase',
        'advance was called from inside readInput, send or step. Call it from the frame loop.',
      );
    const result = this.#result;
    result.framesStepped = 0;
    result.framesResimulated = 0;
    result.stalled = false;
    if (this.#phase === 'ended') return result;
    this.#busy = true;
    try {
      this.#passTime(nowMs);
      if (this.#phase === 'handshake') this.#advanceHandshake();
      else if (!this.#greeted) this.#greet();
      if (this.#phase === 'running' || this.#phase === 'paused') this.#advanceMatch();
    } finally {
      this.#busy = false;
    }
    this.#drainInbox();
    this.#deliver();
    return result;
  }

  /** Repeats what the handshake still owes to peers that do not run yet. */
  #greet(): void {
    this.#greeted = this.#handshake.done;
    if (!this.#greeted) this.#handshake.advance(this.#nowMs);
  }

  #drainInbox(): void {
    if (this.#inbox.empty) return;
    this.#inbox.drain((remote, bytes, atMs) => {
      this.#busy = true;
      try {
        this.#take(remote, bytes, atMs);
      } finally {
        this.#busy = false;
      }
    });
  }

  #passTime(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#nowMs);
    this.#nowMs = nowMs;
    if (this.#phase === 'handshake') return;
    // Stamps are compared on the raw clock, so a long sleep counts whole there; the game owes only a part of it.
    this.#raw += elapsedMs / this.#frameMs;
    if (this.#phase !== 'running') return;
    const frames = Math.min(elapsedMs, ELAPSED_MS_MAX) / this.#frameMs;
    const latest = this.#simulation.frame + this.#setup.game.framesPerSecond;
    this.#position = Math.max(
      this.#position,
      Math.min(latest, this.#position + frames * this.#counters.pace),
    );
  }

  #advanceHandshake(): void {
    const nowMs = this.#nowMs;
    this.#handshake.advance(nowMs);
    const incompatible = this.#incompatibility;
    if (incompatible !== undefined) {
      // The other side must learn it too, even over a lossy link.
      const remote = this.#byPeer.get(incompatible.peer) as RemotePeer;
      this.#handshake.sendHello(remote, nowMs);
      this.#queue({ type: 'incompatible', ...incompatible });
      this.#end('incompatible');
      return;
    }
    if (this.#remotes.some((remote) => remote.goodbyeFrame >= 0)) {
      this.#end('peer-lost');
      return;
    }
    const startAtMs = this.#handshake.startAtMs;
    if (startAtMs !== undefined && nowMs >= startAtMs) {
      this.#moveTo('running');
      this.#raw = Math.min(nowMs - startAtMs, ELAPSED_MS_MAX) / this.#frameMs;
      this.#position = this.#raw;
      this.#membership.start(nowMs);
      this.#queue({ type: 'started', atMs: startAtMs });
    } else if (startAtMs === undefined && nowMs - this.#startedAtMs > HANDSHAKE_TIMEOUT_MS) {
      this.#end('handshake-timeout');
    }
  }

  #advanceMatch(): void {
    this.#membership.check(this.#nowMs, this.#position - this.#raw);
    if ((this.#phase as SessionPhase) === 'ended') return;
    this.#confirmUpTo(Math.min(this.#receivedByAll(), this.#firstWrong - 1, this.#simulation.frame));
    if (this.#phase === 'running') {
      if (this.#leadsKnown) this.#steer();
      this.#rollBack();
      this.#stepDueFrames();
    }
    this.#simulation.effects.prune(this.#frameConfirmed);
    const sinceSendFrames = (this.#nowMs - this.#lastSendMs) / this.#frameMs;
    if (this.#result.framesStepped > 0 || sinceSendFrames >= 1.5) this.#sendFrames();
  }

  /** Pace from the median of the leads over all members. */
  #steer(): void {
    const leads = this.#leads;
    let count = 1;
    leads[0] = 0;
    for (const remote of this.#remotes) {
      if (remote.member && !remote.late && remote.clock.known)
        leads[count++] = remote.clock.lead(this.#position - this.#raw);
    }
    const lead = medianLead(leads, count);
    this.#counters.lead = lead;
    this.#counters.pace = paceFor(lead, this.#setup.predictionFramesMax);
  }

  /** Highest frame for which every active slot's true input is here. */
  #receivedByAll(): number {
    let least = NO_FRAME;
    for (const log of this.#logs) if (log.cut === NO_FRAME && log.received < least) least = log.received;
    return least;
  }

  #confirmUpTo(frame: number): void {
    while (this.#frameConfirmed < frame) {
      this.#frameConfirmed += 1;
      this.#check.confirmed(this.#frameConfirmed, this.#simulation.confirm(this.#frameConfirmed));
    }
  }

  #rollBack(): void {
    const wrong = this.#firstWrong;
    if (wrong > this.#simulation.frame) {
      this.#firstWrong = NO_FRAME;
      return;
    }
    const depth = this.#simulation.frame - wrong + 1;
    this.#counters.rollbacks += 1;
    this.#counters.rollbackFramesMax = Math.max(this.#counters.rollbackFramesMax, depth);
    this.#simulation.rollbackTo(wrong - 1);
    this.#firstWrong = NO_FRAME;
  }

  #stepDueFrames(): void {
    const simulation = this.#simulation;
    const result = this.#result;
    let steps = 0;
    while (steps < this.stepsPerAdvanceMax && simulation.frame + 1 <= this.#position) {
      const frame = simulation.frame + 1;
      this.#readInputs(frame + this.#setup.inputDelayFrames);
      const receivedByAll = this.#receivedByAll();
      if (frame - receivedByAll > this.#setup.predictionFramesMax) {
        result.stalled = true;
        break;
      }
      try {
        simulation.step();
      } catch (error) {
        simulation.restoreAfterThrow();
        throw error;
      }
      steps += 1;
      if (frame > this.#frameHighest) {
        this.#frameHighest = frame;
        result.framesStepped += 1;
      } else {
        result.framesResimulated += 1;
      }
      if (frame <= receivedByAll) this.#confirmUpTo(frame);
    }
    this.#counters.rollbackFrames += result.framesResimulated;
    this.#noteStall(result.stalled, result.framesStepped > 0);
  }

  /** Own inputs are read once, when the clock reaches their frame. */
  #readInputs(lastFrame: number): void {
    for (const log of this.#setup.ownLogs) {
      while (log.received < lastFrame) {
        const frame = log.received + 1;
        const value = this.#options.readInput(log.slot, frame);
        const at = log.cells.offsetOf(frame);
        const field = this.#setup.game.input.encodeInto(value, log.cells.bytes, at);
        log.received = frame;
        if (field !== undefined) this.#reportClamped(log.slot, frame, field);
      }
    }
  }

  #reportClamped(slot: number, frame: number, field: string): void {
    if (this.#clampedFields.has(field)) return;
    this.#clampedFields.add(field);
    this.#queue({ type: 'input-clamped', slot, frame, field });
  }

  #noteStall(stalled: boolean, stepped: boolean): void {
    const counters = this.#counters;
    if (stalled) {
      // Time spent waiting is not owed: when the inputs come, the next frame is due at once, not a burst.
      this.#position = Math.min(this.#position, this.#simulation.frame + 1);
      if (this.#stalledSinceMs < 0) {
        this.#stalledSinceMs = this.#nowMs;
        counters.stalls += 1;
        const confirmed = this.#receivedByAll();
        this.#queue({
          type: 'stalled',
          frame: this.#simulation.frame + 1,
          waitingFor: this.#membership.waitingFor(confirmed),
        });
      }
    } else if (this.#stalledSinceMs >= 0 && stepped) {
      const stalledMs = this.#nowMs - this.#stalledSinceMs;
      counters.stalledMs += stalledMs;
      counters.stallMsMax = Math.max(counters.stallMsMax, stalledMs);
      this.#stalledSinceMs = -1;
      this.#queue({ type: 'resumed', frame: this.#simulation.frame, stalledMs });
    }
  }

  #sendFrames(): void {
    this.#lastSendMs = this.#nowMs;
    const facts = this.#facts;
    this.#packetsUntilReport -= 1;
    facts.report = this.#packetsUntilReport < 0;
    if (facts.report) this.#packetsUntilReport = REPORT_INTERVAL_PACKETS - 1;
    facts.position = this.#position;
    facts.adjustment = this.#position - this.#raw;
    facts.hash = this.#check.hashToSend;
    for (const remote of this.#remotes) {
      if (!remote.member) continue;
      remote.updateRates(this.#nowMs);
      remote.packetsSent += 1;
      this.#send(remote, 'unreliable', this.#exchange.encode(remote, facts));
    }
  }

  #send(to: RemotePeer, channel: ChannelName, bytes: Uint8Array): boolean {
    to.bytesSent += bytes.length;
    try {
      return this.#options.send(to.peer, channel, bytes) !== false;
    } catch {
      // A transport that throws has not taken the bytes; the next packet carries them again.
      return false;
    }
  }

  #cut(remote: RemotePeer, cutFrame: number, reason: 'left' | 'lost'): void {
    for (const log of remote.logs) log.cut = log.received;
    if (remote.logs.length > 0) {
      this.#viewId += 1;
      if (cutFrame < this.#simulation.frame) this.#firstWrong = Math.min(this.#firstWrong, cutFrame + 1);
    }
    this.#queue({ type: 'peer-left', peer: remote.peer, cutFrame, reason });
  }

  #moveTo(phase: SessionPhase): void {
    checkSessionMove(this.#phase, phase);
    this.#phase = phase;
  }

  #end(reason: EndReason): void {
    if (this.#phase === 'ended') return;
    this.#moveTo('ended');
    this.#queue({ type: 'ended', reason, frame: this.#frameConfirmed });
  }

  leave(nowMs: number): void {
    if (this.#phase === 'ended') return;
    if (this.#busy)
      throw new SdkError(
        'wrong-phase',
        'leave was called from inside readInput, send or step. Call it from an event or the frame loop.',
      );
    this.#busy = true;
    try {
      this.#nowMs = nowMs;
      this.#sendGoodbyes();
    } finally {
      this.#busy = false;
    }
    this.#end('left');
    this.#deliver();
  }

  /** The last inputs and the goodbye go out on the reliable channel in this order, and once more on the fast one. */
  #sendGoodbyes(): void {
    const lastFrame = this.#setup.ownLogs[0]?.received ?? 0;
    this.#facts.report = false;
    this.#facts.position = this.#position;
    const goodbye = encodeGoodbye(lastFrame, this.#setup.matchKey);
    for (const remote of this.#remotes) {
      if (!remote.member) continue;
      if (this.#phase !== 'handshake')
        this.#send(remote, 'reliable', this.#exchange.encode(remote, this.#facts));
      this.#send(remote, 'reliable', goodbye);
      this.#send(remote, 'unreliable', goodbye);
    }
  }

  stateHash(frame: number): number | undefined {
    if (
      !Number.isInteger(frame) ||
      frame > this.#frameConfirmed ||
      frame < 1 ||
      frame <= this.#frameConfirmed - HASH_FRAMES_KEPT
    ) {
      return undefined;
    }
    return this.#simulation.hashOf(frame) >>> 0;
  }

  inputsAt(frame: number): readonly I[] | undefined {
    if (
      !Number.isInteger(frame) ||
      frame < 1 ||
      frame > this.#frameConfirmed ||
      frame <= this.#frameConfirmed - LOG_FRAMES_KEPT
    ) {
      return undefined;
    }
    return this.#simulation.inputsOf(frame);
  }

  stats(): SessionStats {
    const { lead, pace, ...counters } = this.#counters;
    const adjustment = this.#position - this.#raw;
    return {
      ...counters,
      peers: this.#remotes
        .filter((remote) => remote.member)
        .map((remote) => peerStats(remote, adjustment, this.#frameMs)),
      inputDelayFrames: this.#setup.inputDelayFrames,
      framesAhead: lead,
      pace,
    };
  }

  #queue(event: QueuedEvent): void {
    if (this.#events.length < EVENTS_QUEUED_MAX) this.#events.push(event);
  }

  /** Delivers queued events; all of them, even if a listener throws. */
  #deliver(): void {
    if (this.#simulation.effects.hasNews) {
      this.#simulation.effects.drain(
        (effect) => this.#queue(effect),
        (retraction) => this.#queue({ type: 'effect-retracted', ...retraction }),
      );
    }
    if (this.#events.length === 0) return;
    let failed = false;
    let failure: unknown;
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
      try {
        this.#emitter.emit(event.type, event as never);
      } catch (error) {
        if (!failed) failure = error;
        failed = true;
      }
    }
    if (failed) throw failure;
  }
}
