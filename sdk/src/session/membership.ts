/**
 * Who is still in the match. A peer that is silent becomes late, then lost; one that says goodbye leaves.
 *
 * With two voters there is nobody to agree with: the survivor applies `onLost` at once, its view gets the next number,
 * and later packets of the lost peer are ignored. With more voters the survivors must agree on the last input that counts
 * (the view change of docs/decisions/0002); until that is built, a silent peer pauses the match and a goodbye ends it.
 */
import { PAUSE_TIMEOUT_MS } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import type { MatchClock } from './match-clock.js';
import type { RemotePeer } from './remote-peer.js';

/** After a goodbye, how long inputs that are still under way may arrive. */
const GOODBYE_GRACE_MS = 250;

/** What membership reports to the session. */
export interface MembershipEvents {
  late(remote: RemotePeer, silentMs: number): void;
  back(remote: RemotePeer, silentMs: number): void;
  /** The peer is out; its slots are cut at `cutFrame`. */
  left(remote: RemotePeer, cutFrame: number, reason: 'left' | 'lost'): void;
  pause(): void;
  resume(): void;
  end(): void;
}

/** What membership needs to know. */
export interface MembershipOptions {
  readonly remotes: readonly RemotePeer[];
  readonly clock: MatchClock;
  readonly lostAfterMs: number;
  readonly lateAfterMs: number;
  readonly onLost: 'vacate' | 'pause' | 'end' | 'bot';
  readonly events: MembershipEvents;
}

/** Watches liveness once per advance. */
export class Membership {
  readonly #options: MembershipOptions;
  /** When the match began to wait for a lost peer, -1 if it does not. */
  #pausedAtMs = -1;
  #isOver = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Members other than us whose inputs count. */
  #voters(): number {
    return this.#options.remotes.filter((remote) => remote.member && remote.logs.length > 0).length;
  }

  /** Everybody counts as heard now: called when the clock starts. */
  start(nowMs: number): void {
    for (const remote of this.#options.remotes) remote.lastHeardMs = Math.max(remote.lastHeardMs, nowMs);
  }

  /** A valid packet arrived from a member. */
  heard(remote: RemotePeer, nowMs: number): void {
    if (remote.late) {
      remote.late = false;
      this.#options.events.back(remote, nowMs - remote.lastHeardMs);
    }
    remote.lastHeardMs = nowMs;
  }

  /** Applies what silence, closed links and goodbyes mean now. */
  check(): void {
    const { nowMs } = this.#options.clock;
    let waiting = false;
    for (const remote of this.#options.remotes) {
      if (!remote.member) continue;
      const silentMs = nowMs - remote.lastHeardMs;
      if (remote.goodbyeFrame >= 0) {
        if (remote.received >= remote.goodbyeFrame || nowMs - remote.goodbyeAtMs >= GOODBYE_GRACE_MS)
          this.#gone(remote, 'left');
        if (this.#isOver) return;
        continue;
      }
      // The path's own delay is looked at only when the fixed limit has passed: this runs each frame.
      if (!remote.late && silentMs > this.#options.lateAfterMs && silentMs > this.#lateAfterMs(remote)) {
        remote.late = true;
        this.#options.events.late(remote, silentMs);
      }
      const lost = silentMs > this.#options.lostAfterMs || !remote.linkOpen || remote.isDeaf;
      if (lost && this.#gone(remote, 'lost')) waiting = true;
      if (this.#isOver) return;
    }
    if (waiting && this.#pausedAtMs < 0) {
      this.#pausedAtMs = nowMs;
      this.#options.events.pause();
    } else if (!waiting && this.#pausedAtMs >= 0) {
      this.#pausedAtMs = -1;
      this.#options.events.resume();
    }
    if (!waiting || nowMs - this.#pausedAtMs <= PAUSE_TIMEOUT_MS) return;
    if (this.#options.onLost !== 'pause' || this.#voters() > 1) this.#end();
  }

  /** The match is over: nothing that one check finds after this counts. */
  #end(): void {
    this.#isOver = true;
    this.#options.events.end();
  }

  #lateAfterMs(remote: RemotePeer): number {
    const { lateAfterMs, clock } = this.#options;
    const { roundTrip, jitter } = remote.clock;
    if (!Number.isFinite(roundTrip)) return Math.max(lateAfterMs, 2 * Math.max(0, remote.helloRttMs));
    return Math.max(lateAfterMs, (2 * roundTrip + 6 * jitter) * clock.frameMs);
  }

  /** Applies a loss or goodbye; true if the match has to wait instead. */
  #gone(remote: RemotePeer, reason: 'left' | 'lost'): boolean {
    const { onLost, events } = this.#options;
    const watcher = remote.logs.length === 0;
    const alone = this.#voters() <= 1;
    if (!watcher && !alone) {
      if (reason === 'lost') return true;
      this.#end();
      return false;
    }
    if (!watcher && reason === 'lost' && onLost === 'pause') return true;
    remote.member = false;
    events.left(remote, remote.received, reason);
    if (!watcher && onLost === 'end') this.#end();
    return false;
  }

  /** Members we would wait for, silent ones first by name: for the `stalled` event. */
  waitingFor(confirmed: number): readonly PeerId[] {
    return this.#options.remotes
      .filter((remote) => remote.member && remote.logs.length > 0 && remote.received <= confirmed)
      .map((remote) => remote.peer);
  }
}
