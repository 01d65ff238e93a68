/** Everything that arrives from a peer passes here: told apart, checked, applied or counted as malformed. Never throws. */
import { unwrap8 } from '../base/frame.js';
import { MESSAGE_BYTES_MAX } from '../base/limits.js';
import {
  CLOCK_UNKNOWN,
  type FrameHeader,
  STAMP_NONE,
  STAMP_SHIFT_FRAMES,
  STAMP_STEPS_PER_FRAME,
} from '../wire/frame-packet.js';
import {
  decodeGo,
  decodeGoodbye,
  decodeHello,
  decodeStranger,
  KIND_GO,
  KIND_GOODBYE,
  KIND_HELLO,
  KIND_STRANGER,
} from '../wire/handshake-message.js';
import { KIND_JOIN, KIND_LOG } from '../wire/join-messages.js';
import { decodePace, KIND_PACE } from '../wire/pace-message.js';
import {
  decodeForward,
  decodeViewMessage,
  headOfCommit,
  KIND_COMMIT,
  KIND_FORWARD,
  viewIdOfCommit,
} from '../wire/view-messages.js';
import type { Council } from './council.js';
import type { DesyncCheck } from './desync-check.js';
import type { FrameExchange } from './frame-exchange.js';
import type { Handshake, Incompatibility } from './handshake.js';
import type { JoinDesk } from './join-desk.js';
import type { MatchClock } from './match-clock.js';
import type { RemotePeer } from './remote-peer.js';
import type { SessionPhase } from './session-types.js';

const ZOMBIE_ANSWER_MS = 1000;
const CATCH_UP_MS = 300;
/** Stamps below this say that the sender's clock is more than four frames ahead of the frames that it sends inputs for. */
const SLOW_STAMP: number = (STAMP_SHIFT_FRAMES - 4) * STAMP_STEPS_PER_FRAME;

/** Where arrivals go. */
export interface IntakeOptions {
  readonly matchKey: number;
  readonly clock: MatchClock;
  readonly timeline: { readonly frameConfirmed: number; readonly simulation: { readonly frame: number } };
  readonly exchange: FrameExchange;
  readonly handshake: Handshake;
  readonly council: Council;
  readonly check: DesyncCheck;
  readonly cellBytes: number;
  readonly desk: JoinDesk;
  readonly selfIndex: number;
}

/** The way in. */
export class PacketIntake {
  readonly #options: IntakeOptions;
  /** Why the match can never start, once known. */
  incompatibility: Incompatibility | undefined;
  /** Some peer reported its clock since the session last steered. */
  clocksRenewed = false;
  #isSignOfLife = true;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Takes one packet of a peer of the match. */
  take(remote: RemotePeer, bytes: Uint8Array, nowMs: number, phase: SessionPhase): void {
    if (phase === 'ended') return;
    if (bytes.length > MESSAGE_BYTES_MAX) {
      remote.malformed += 1;
      return;
    }
    if (!remote.guard.allows(bytes.length, nowMs)) {
      remote.flooded += 1;
      return;
    }
    if ((bytes[0] as number) >= KIND_JOIN && (bytes[0] as number) <= KIND_LOG) {
      this.#takeJoin(remote, bytes, nowMs);
      return;
    }
    const kind = bytes.length === 0 ? 0xff : (bytes[0] as number);
    const isBack = remote.isOutOfSight && remote.linkOpen && kind < 0x80;
    if (!remote.member && !isBack) {
      // A peer that was cut off and came back: tell it, now and then.
      if (nowMs - remote.catchUpAtMs >= ZOMBIE_ANSWER_MS) remote.isBehind = true;
      // Or we were, and it tells us.
      if (bytes[0] === KIND_COMMIT) this.#takeViewMessage(remote, bytes, nowMs);
      return;
    }
    this.#isSignOfLife = true;
    const understood =
      kind < 0x80
        ? this.#takeFrames(remote, bytes, nowMs, phase)
        : this.#takeMessage(remote, bytes, nowMs, phase);
    if (!understood) {
      remote.malformed += 1;
      return;
    }
    remote.bytesReceived += bytes.length;
    if (isBack) this.#options.council.membership.sawAgain(remote);
    if (this.#isSignOfLife) this.#options.council.membership.heard(remote, nowMs);
  }

  /** A newcomer asks, or fetches the state: it lives, as a member or not. */
  #takeJoin(remote: RemotePeer, bytes: Uint8Array, nowMs: number): void {
    const { desk, council } = this.#options;
    if (!desk.receive(remote.peer, bytes, nowMs)) remote.malformed += 1;
    else if (remote.member && remote.isFetching) council.membership.heard(remote, nowMs);
  }

  #takeMessage(remote: RemotePeer, bytes: Uint8Array, nowMs: number, phase: SessionPhase): boolean {
    const { handshake, matchKey } = this.#options;
    switch (bytes[0]) {
      case KIND_HELLO: {
        const hello = decodeHello(bytes);
        if (hello === undefined) return false;
        if (phase === 'handshake') this.incompatibility ??= handshake.receiveHello(remote, hello, nowMs);
        // One that ran before and greets again was reloaded and is lost to this match; another match is not this one.
        this.#isSignOfLife = remote.packetsReceived === 0 && handshake.isOfThisMatch(hello);
        return true;
      }
      case KIND_GO: {
        const waitMs = decodeGo(bytes, matchKey);
        return waitMs !== undefined && remote.index === 0 && handshake.receiveGo(waitMs, nowMs);
      }
      case KIND_GOODBYE: {
        const lastFrame = decodeGoodbye(bytes, matchKey);
        if (lastFrame === undefined || lastFrame < 0) return false;
        remote.noteGoodbye(lastFrame, nowMs);
        return true;
      }
      case KIND_STRANGER: {
        const viewId = decodeStranger(bytes, matchKey);
        if (viewId === undefined) return false;
        this.#isSignOfLife = false;
        this.#options.council.notKnown(remote, viewId);
        return true;
      }
      case KIND_PACE: {
        const pace = decodePace(bytes, matchKey);
        if (pace === undefined) return false;
        // Who only watches has no say.
        if (remote.logs.length > 0) this.#options.council.planner.heardWish(pace, nowMs);
        return true;
      }
      default:
        return this.#takeViewMessage(remote, bytes, nowMs);
    }
  }

  #takeViewMessage(remote: RemotePeer, bytes: Uint8Array, nowMs: number): boolean {
    // Those who went on without us answer us now and then: that is no life in our match.
    this.#isSignOfLife = false;
    if (bytes[0] === KIND_FORWARD) return this.#takeForward(bytes, nowMs);
    const { matchKey, cellBytes, council } = this.#options;
    if (this.#isOldCommit(remote, bytes)) return true;
    const message = decodeViewMessage(bytes, matchKey, cellBytes);
    if (message === undefined) return false;
    council.viewChange.receive(remote.index, message, nowMs);
    return true;
  }

  /**
   * Every voter tells everybody, on two channels, until it hears that they know: nine commits of ten bring nothing, and
   * decoding them took 6 % of a swarm. Not so if the match may have forked: a sender who is no voter of ours, another decision.
   */
  #isOldCommit(remote: RemotePeer, bytes: Uint8Array): boolean {
    const { matchKey, council } = this.#options;
    if (bytes[0] !== KIND_COMMIT || !remote.isVoter) return false;
    const viewId = viewIdOfCommit(bytes, matchKey);
    if (viewId < 0 || viewId > council.viewId) return false;
    return !council.viewChange.branches.contradicts(viewId, headOfCommit(bytes));
  }

  /** A view message that came through a third peer, or is to go on to its addressee. */
  #takeForward(bytes: Uint8Array, nowMs: number): boolean {
    const { matchKey, selfIndex, council } = this.#options;
    const forward = decodeForward(bytes, matchKey);
    if (forward === undefined) return false;
    const remote = council.peerAt(forward.to === selfIndex ? forward.from : forward.to);
    if (remote === undefined) return false;
    if (forward.to === selfIndex) return this.#takeViewMessage(remote, forward.message, nowMs);
    council.passOn(remote, bytes.slice());
    return true;
  }

  #takeFrames(remote: RemotePeer, bytes: Uint8Array, nowMs: number, phase: SessionPhase): boolean {
    const { timeline, exchange, check } = this.#options;
    const { received } = remote;
    const header = exchange.apply(remote, bytes, timeline.frameConfirmed, timeline.simulation.frame);
    if (header === undefined) return false;
    remote.packetsReceived += 1;
    remote.isFetching = false;
    if (header.hasHash && !check.receive(remote, header.hashFrame16, header.hash, timeline.frameConfirmed)) {
      return false;
    }
    // A stamp is left out where the sender's clock is far ahead of its frames.
    if (!exchange.isOvertaken) remote.bringsNothing = remote.received === received;
    if (header.count > 0) remote.isSlow = header.stamp < SLOW_STAMP || header.stamp === STAMP_NONE;
    const { clock } = this.#options;
    clock.noteArrival(nowMs);
    if (header.stamp !== STAMP_NONE) this.#noteStamp(remote, header, nowMs, phase);
    if (header.hasReport) {
      remote.clock.fold(
        header.steering12,
        clock.arrival,
        header.stamp !== STAMP_NONE && phase !== 'handshake',
      );
      this.#noteReport(remote, header, nowMs);
    }
    return true;
  }

  #noteStamp(remote: RemotePeer, header: FrameHeader, nowMs: number, phase: SessionPhase): void {
    const { clock, handshake } = this.#options;
    const frame = remote.newestFrame + (((header.frame16 - remote.newestFrame) << 16) >> 16);
    const steps = (frame + STAMP_SHIFT_FRAMES) * STAMP_STEPS_PER_FRAME - header.stamp;
    if (phase !== 'handshake') remote.clock.sample(clock.arrival, steps, nowMs);
    else handshake.startFromPeer((steps / STAMP_STEPS_PER_FRAME) * clock.frameMs, remote, nowMs);
  }

  #noteReport(remote: RemotePeer, header: FrameHeader, nowMs: number): void {
    remote.noteReport(header.received16);
    remote.delayFrames = header.delayFrames;
    if (header.vectorLength > 0) {
      const { viewChange, membership } = this.#options.council;
      remote.reported = true;
      remote.hears = header.hears;
      remote.view8 = header.view8;
      membership.vouched(header.hears, remote, nowMs);
      if (
        unwrap8(header.view8, viewChange.viewId) < viewChange.viewId &&
        nowMs - remote.catchUpAtMs >= CATCH_UP_MS
      ) {
        remote.isBehind = true;
      }
    }
    if (header.clock === CLOCK_UNKNOWN) return;
    remote.clock.setRemote(header.clock, this.#options.clock, header.stamp !== STAMP_NONE);
    this.clocksRenewed = true;
  }
}
