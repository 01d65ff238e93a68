/** What a session knows about one remote peer: how far it is, when it was heard, what was exchanged. */
import { DOUBLE_ZERO } from '../base/doubles.js';
import { HASHES_PENDING_MAX } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import type { FramePacketShape } from '../wire/frame-packet.js';
import type { Hello } from '../wire/handshake-message.js';
import { ClockSync } from './clock-sync.js';
import { FloodGuard } from './flood-guard.js';
import type { SessionSetup } from './session-setup.js';
import { NO_FRAME, type SlotLog } from './slot-log.js';

/** Bytes and packets, per second or in all. */
export interface TrafficCounts {
  bytesSent: number;
  bytesReceived: number;
  packetsSent: number;
  packetsReceived: number;
}

/** Mutable record of one remote peer; session.ts is its only writer. */
export class RemotePeer {
  readonly peer: PeerId;
  readonly index: number;
  /** The slots it owns; a newcomer gets them when it is seated. */
  logs: readonly SlotLog[];
  /** Shape of the packets this peer sends. */
  shape: FramePacketShape;
  readonly clock: ClockSync = new ClockSync();

  /** Still a member: false after its loss or goodbye was applied. */
  member = true;
  linkOpen = true;
  /** Of the JOIN that it came in by, 0 if it was there from the start: of 32 bits, which does not fit every engine's small numbers. */
  nonce: number = DOUBLE_ZERO;
  /** Frame of the state that it came in with, as far as we were there. */
  startFrame = 0;
  /** It asked to join anew while it counted as a member: what it was is lost. */
  isReborn = false;
  /** It came in and fetches the state: no inputs are sent until its own packets come. */
  isFetching = false;
  /** It only watches, and we alone took it for lost: no view says so. If it is heard again, it is a member as before. */
  isOutOfSight = false;
  /** It follows another branch of a forked match: its states are not ours. */
  isElsewhere = false;
  /** It acknowledged nothing for so long that our log has no longer what it needs next. */
  isDeaf = false;
  lastHeardMs: number;
  /** When another member last reported that it hears this peer, and the latest time it was surely alive by that. */
  vouchedAtMs: number = Number.NEGATIVE_INFINITY;
  aliveAtMs: number = Number.NEGATIVE_INFINITY;
  linkClosedAtMs: number = Number.POSITIVE_INFINITY;
  /** Peers that this peer hears, a bit each, by its last report; and whether there was one. */
  hears = 0;
  reported = false;
  /** Delay that it wants for its own inputs, by its last report. */
  delayFrames = 0;
  /** Slot to relay to it in the next packet, -1 for none. */
  relaySlot = -1;
  /** It lacks commits that we hold; when we last sent them. */
  isBehind = false;
  catchUpAtMs: number = Number.NEGATIVE_INFINITY;
  late = false;
  /** Somebody hears it whom we took for late: until then others go first. */
  deniedUntilMs: number = DOUBLE_ZERO;
  /** Low bits of the view it reported last. */
  view8 = 0;
  /** How often and when a substitute took its slots, and since when it has kept pace again. */
  substitutions = 0;
  substitutedAtMs: number = Number.NEGATIVE_INFINITY;
  keepsPaceSinceMs: number = DOUBLE_ZERO;

  /** Highest of our frames this peer acknowledged. */
  acked = 0;
  /** Newest frame field seen. */
  newestFrame = 0;
  /** Last frame of its goodbye, -1 if none; and when it came. */
  goodbyeFrame = -1;
  goodbyeAtMs: number = DOUBLE_ZERO;

  hello: Hello | undefined;
  helloAtMs: number = DOUBLE_ZERO;
  matchMismatchSinceMs = -1;
  /** Round trip measured by the handshake, ms; -1 unknown. */
  helloRttMs = -1;

  /** The newest hash to send (signed), its frame, and how often it still goes out. */
  hash = 0;
  hashFrame = 0;
  hashRepeats = 0;
  /** Hashes of frames not confirmed here yet: frame, hash pairs. */
  readonly pendingHashes: Map<number, number> = new Map();
  desynced = false;

  packetsSent = 0;
  packetsReceived = 0;
  bytesSent = 0;
  bytesReceived = 0;
  malformed = 0;
  /** Packets beyond what one peer may send, dropped unseen. */
  flooded = 0;
  readonly guard: FloodGuard;
  /** By its own clock it is far behind with its frames: the machine cannot keep up. */
  isSlow = false;
  /** Its newest packet brought no input that was not here. */
  bringsNothing = false;
  /** Highest frame of it that was here when we last looked, and since when. */
  #broughtFrame = 0;
  broughtAtMs: number = DOUBLE_ZERO;
  /** How long the match has waited since then for it, although it is heard, ms. */
  barrenMs: number = DOUBLE_ZERO;
  /** How long the match has waited for it because it is slow, ms; runs down while nobody does. */
  heldUpMs: number = DOUBLE_ZERO;
  /** Sends that threw in the caller's transport. */
  sendFailures = 0;
  /** Loss estimate from the peer's own count of our packets, per mille; smoothed. */
  lossPerMille: number = DOUBLE_ZERO;
  #reportedReceived = -1;
  #sentAtReport = 0;
  /** Rates of the last full second. */
  readonly rates: TrafficCounts = { bytesSent: 0, bytesReceived: 0, packetsSent: 0, packetsReceived: 0 };
  readonly #atSecond = { ms: 0, bytesSent: 0, bytesReceived: 0, packetsSent: 0, packetsReceived: 0 };

  constructor(peer: PeerId, index: number, logs: readonly SlotLog[], shape: FramePacketShape, nowMs: number) {
    this.peer = peer;
    this.index = index;
    this.logs = logs;
    this.shape = shape;
    this.lastHeardMs = nowMs;
    this.guard = new FloodGuard(nowMs);
    this.#atSecond.ms = nowMs;
  }

  /** All agree that it owns these slots now: it votes, even if we alone had taken it for lost while it only watched. */
  seat(logs: readonly SlotLog[]): void {
    this.member = true;
    this.isOutOfSight = false;
    this.logs = logs;
    this.shape = { ...this.shape, senderSlots: logs.length };
  }

  /** Highest frame held of every slot of this peer; 0 if it owns none. */
  get received(): number {
    let least = this.logs.length === 0 ? 0 : (this.logs[0] as SlotLog).received;
    for (let index = 1; index < this.logs.length; index += 1) {
      const received = (this.logs[index] as SlotLog).received;
      if (received < least) least = received;
    }
    return least;
  }

  /** Highest of its frames that may be acknowledged. */
  get acknowledged(): number {
    let least = this.logs.length === 0 ? 0 : (this.logs[0] as SlotLog).acknowledged;
    for (let index = 1; index < this.logs.length; index += 1) {
      const { acknowledged } = this.logs[index] as SlotLog;
      if (acknowledged < least) least = acknowledged;
    }
    return least;
  }

  /** Highest of its frames that came from itself. */
  get firstHand(): number {
    let least = this.logs.length === 0 ? 0 : (this.logs[0] as SlotLog).firstHand;
    for (let index = 1; index < this.logs.length; index += 1) {
      const { firstHand } = this.logs[index] as SlotLog;
      if (firstHand < least) least = firstHand;
    }
    return least;
  }

  /** Looks whether inputs of it have come, from itself or through others, or it has an excuse for it. */
  noteBrought(nowMs: number, isExcused: boolean): void {
    const { received } = this;
    if (received === this.#broughtFrame && !isExcused) return;
    this.#broughtFrame = received;
    this.broughtAtMs = nowMs;
    this.barrenMs = DOUBLE_ZERO;
  }

  /** How often its slots were taken up again. */
  get epoch(): number {
    return this.logs.length === 0 ? 0 : (this.logs[0] as SlotLog).epoch;
  }

  /** True if its inputs are waited for. All its slots come and go together. */
  get isActive(): boolean {
    return this.logs.length > 0 && (this.logs[0] as SlotLog).isActive;
  }

  /** True while an agreement on its slots is under way: nothing is taken beyond what was reported. */
  get isFrozen(): boolean {
    return this.logs.length > 0 && (this.logs[0] as SlotLog).limit !== NO_FRAME;
  }

  /** True if it is a member and owns an active slot: it votes. */
  get isVoter(): boolean {
    return this.member && this.isActive;
  }

  /** True if a substitute plays for it: it stays connected and comes back. */
  get isSubstituted(): boolean {
    return this.member && this.logs.length > 0 && (this.logs[0] as SlotLog).control === 'substitute';
  }

  /** What the transport knows of the link. */
  linkChanged(state: 'open' | 'suspect' | 'closed', atMs: number, isBeforeStart: boolean): void {
    if (this.linkOpen && state === 'closed') this.linkClosedAtMs = atMs;
    this.linkOpen = state !== 'closed';
    if (state === 'open' && isBeforeStart) this.lastHeardMs = atMs;
  }

  /** The peer says goodbye: it has inputs up to `lastFrame`. Only the first word counts. */
  noteGoodbye(lastFrame: number, nowMs: number): void {
    if (this.goodbyeFrame >= 0) return;
    this.goodbyeFrame = lastFrame;
    this.goodbyeAtMs = nowMs;
  }

  /** Takes the peer's count (u16) of our packets and updates the loss estimate. */
  noteReport(received16: number): void {
    if (this.#reportedReceived >= 0) {
      const arrived = (received16 - this.#reportedReceived) & 0xffff;
      const sent = this.packetsSent - this.#sentAtReport;
      if (sent < 32 && arrived < 0x8000) return;
      if (arrived < 0x8000 && sent > 0) {
        const loss = Math.max(0, 1000 * (1 - arrived / sent));
        this.lossPerMille += (loss - this.lossPerMille) / 8;
      }
    }
    this.#reportedReceived = received16;
    this.#sentAtReport = this.packetsSent;
  }

  /** Keeps a hash of a frame we have not confirmed; the oldest goes first. */
  keepHash(frame: number, hash: number): void {
    if (this.pendingHashes.size >= HASHES_PENDING_MAX && !this.pendingHashes.has(frame)) {
      for (const oldest of this.pendingHashes.keys()) {
        this.pendingHashes.delete(oldest);
        break;
      }
    }
    this.pendingHashes.set(frame, hash);
  }

  /** Renews the per-second rates once a second. Takes the clock: a time that is passed on may be boxed. */
  updateRates(clock: { readonly nowMs: number }): void {
    const at = this.#atSecond;
    const { nowMs } = clock;
    const seconds = (nowMs - at.ms) / 1000;
    if (seconds < 1) return;
    this.rates.bytesSent = (this.bytesSent - at.bytesSent) / seconds;
    this.rates.bytesReceived = (this.bytesReceived - at.bytesReceived) / seconds;
    this.rates.packetsSent = (this.packetsSent - at.packetsSent) / seconds;
    this.rates.packetsReceived = (this.packetsReceived - at.packetsReceived) / seconds;
    at.ms = nowMs;
    at.bytesSent = this.bytesSent;
    at.bytesReceived = this.bytesReceived;
    at.packetsSent = this.packetsSent;
    at.packetsReceived = this.packetsReceived;
  }
}

/** The record of every peer but ourselves. */
export function createRemotes<S, I>(setup: SessionSetup<S, I>, nowMs: number): RemotePeer[] {
  return setup.peers.flatMap((_, index) =>
    index === setup.selfIndex ? [] : [remoteAt(setup, index, nowMs)],
  );
}

/** A fresh record of the peer at `index`. */
export function remoteAt<S, I>(setup: SessionSetup<S, I>, index: number, nowMs: number): RemotePeer {
  // A slot that it lost is nobody's until it is seated again.
  const logs = setup.logs.filter((log) => log.owner === index && log.control !== 'lost');
  const shape = {
    matchKey: setup.matchKey,
    senderSlots: logs.length,
    cellBytes: setup.game.input.byteLength,
    vectorLength: setup.logs.length,
  };
  return new RemotePeer(setup.peers[index] as PeerId, index, logs, shape, nowMs);
}
