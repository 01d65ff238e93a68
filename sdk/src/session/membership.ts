/**
 * Who is still in the match. A silent peer becomes late, then lost; one that says goodbye leaves. A broken link is not a
 * dead peer: while another member reports that it hears somebody, nobody is lost.
 *
 * With two voters there is nobody to agree with: the survivor applies `onLost` at once. With more, the view change
 * (view-change.ts) decides; too few survivors wait in 'no-quorum'.
 */
import { NO_QUORUM_TIMEOUT_MS } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import { bitCount } from '../base/peer-set.js';
import type { MatchClock } from './match-clock.js';
import type { RemotePeer } from './remote-peer.js';
import type { ViewChange } from './view-change.js';

/** After a goodbye, how long inputs that are still under way may arrive. */
const GOODBYE_GRACE_MS = 250;
/** Packets this recent mean that a peer is heard. */
const HEARS_MS = 250;
/** A closed link alone: how long nobody else may have heard the peer before it counts as lost. */
const CLOSED_GRACE_MS = 600;
/** Who is vouched for this long after its link closed is alive for others, and lost only as others are. */
const OUTLIVES_LINK_MS = 1000;
/** While others' word that a peer is alive is this recent, it is not late: reports come with every eighth packet. */
const VOUCHED_MS = 800;
/** The first half of an agreement may begin this long before a peer counts as lost. */
const PREPARE_MS = 1000;

/** Where the match stands with its members. */
export type MembershipPhase = 'running' | 'paused' | 'no-quorum';

/** What membership reports to the session. */
export interface MembershipEvents {
  late(remote: RemotePeer, silentMs: number): void;
  back(remote: RemotePeer, silentMs: number): void;
  /** A peer without slots is gone. */
  watcherLeft(remote: RemotePeer, reason: 'left' | 'lost'): void;
  moved(phase: MembershipPhase): void;
  /** Waited too long. */
  gaveUp(phase: MembershipPhase): void;
}

/** What membership needs to know. */
export interface MembershipOptions {
  /** Our own bit if we own an active slot, else 0. */
  readonly selfVote: number;
  readonly remotes: readonly RemotePeer[];
  readonly clock: MatchClock;
  readonly lostAfterMs: number;
  readonly lateAfterMs: number;
  readonly onLost: 'vacate' | 'pause' | 'end' | 'bot';
  readonly events: MembershipEvents;
}

/** Watches liveness and drives the view change, once per advance. */
export class Membership {
  readonly #options: MembershipOptions;
  #phase: MembershipPhase = 'running';
  #waitingSinceMs = 0;
  /** Members out of reach for good: they said goodbye, or the only other voter is lost. */
  gone = 0;
  /** Peers whose packets arrive here, a bit each. */
  hears = 0;

  constructor(options: MembershipOptions) {
    this.#options = options;
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

  /** `from` vouches that these peers are alive: it heard them at most {@link HEARS_MS} before it said so. */
  vouched(mask: number, from: RemotePeer | undefined, nowMs: number): void {
    const wayMs = from === undefined ? 0 : this.#oneWayMsOf(from);
    for (const remote of this.#options.remotes) {
      if ((mask & (1 << remote.index)) === 0) continue;
      remote.vouchedAtMs = nowMs;
      remote.aliveAtMs = Math.max(remote.aliveAtMs, nowMs - HEARS_MS - wayMs);
    }
  }

  #oneWayMsOf({ clock, helloRttMs }: RemotePeer): number {
    const rttMs = Number.isFinite(clock.roundTrip)
      ? clock.roundTrip * this.#options.clock.frameMs
      : helloRttMs;
    return Math.max(0, rttMs) / 2;
  }

  /** Applies what silence, closed links and goodbyes mean now. */
  check(viewChange: ViewChange): void {
    const { remotes, onLost, clock } = this.#options;
    let lost = 0;
    let left = 0;
    let suspects = 0;
    this.hears = 0;
    for (let index = 0; index < remotes.length; index += 1) {
      const remote = remotes[index] as RemotePeer;
      if (!remote.member) continue;
      const fate = this.#fateOf(remote);
      if (fate === 'member') continue;
      suspects |= 1 << remote.index;
      if (fate === 'suspect') continue;
      if (remote.logs.length === 0) {
        remote.member = false;
        this.#options.events.watcherLeft(remote, fate);
      } else if (fate === 'lost') lost |= 1 << remote.index;
      else left |= 1 << remote.index;
    }
    if (suspects === 0 && this.#phase === 'running' && !viewChange.busy) return;
    this.#settle(viewChange, { suspects, lost, left });
    if (this.#phase === 'running') return;
    const patient = this.#phase === 'paused' && onLost === 'pause';
    if (!patient && clock.nowMs - this.#waitingSinceMs > NO_QUORUM_TIMEOUT_MS)
      this.#options.events.gaveUp(this.#phase);
  }

  /** Lets the view change decide, or waits, as `onLost` and the number of voters ask. */
  #settle(viewChange: ViewChange, fates: { suspects: number; lost: number; left: number }): void {
    const { suspects, lost, left } = fates;
    const { clock, onLost } = this.#options;
    const voters = this.#voters();
    // The last other voter: a majority of two is both of them, so the survivor decides alone (a declared fork).
    this.gone = bitCount(voters & ~left) <= 2 ? left | lost : left;
    const waits = onLost === 'pause' && lost !== 0;
    const peers = waits ? { suspects: left, lost: left } : { suspects, lost: lost | left };
    // Suspicion alone must not look like a lack of quorum.
    const able = viewChange.advance(peers, clock.nowMs) || (lost | left) === 0;
    this.#moveTo(!able ? 'no-quorum' : waits ? 'paused' : 'running');
  }

  #moveTo(phase: MembershipPhase): void {
    if (phase === this.#phase) return;
    if (this.#phase === 'running') this.#waitingSinceMs = this.#options.clock.nowMs;
    this.#phase = phase;
    this.#options.events.moved(phase);
  }

  /** Members that own an active slot, ourselves included. */
  #voters(): number {
    let mask = 0;
    for (const remote of this.#options.remotes) if (remote.isVoter) mask |= 1 << remote.index;
    return mask | this.#options.selfVote;
  }

  #fateOf(remote: RemotePeer): 'member' | 'suspect' | 'left' | 'lost' {
    const { nowMs } = this.#options.clock;
    const { lostAfterMs, lateAfterMs } = this.#options;
    if (remote.goodbyeFrame >= 0) {
      const complete =
        remote.received >= remote.goodbyeFrame || nowMs - remote.goodbyeAtMs >= GOODBYE_GRACE_MS;
      return complete ? 'left' : 'member';
    }
    if (remote.isDeaf) return 'lost';
    const silentMs = nowMs - remote.lastHeardMs;
    if (silentMs < HEARS_MS && remote.linkOpen) {
      this.hears |= 1 << remote.index;
      return 'member';
    }
    const vouchedMs = nowMs - remote.vouchedAtMs;
    // The path's own delay is looked at only when the fixed limit has passed: this runs each frame.
    const heardOf = vouchedMs < VOUCHED_MS;
    if (!remote.late && !heardOf && silentMs > lateAfterMs && silentMs > this.#lateAfterMs(remote)) {
      remote.late = true;
      this.#options.events.late(remote, silentMs);
    }
    const outlivesLink = remote.vouchedAtMs > remote.linkClosedAtMs + OUTLIVES_LINK_MS;
    if (!remote.linkOpen && !outlivesLink) return vouchedMs >= CLOSED_GRACE_MS ? 'lost' : 'member';
    const goneMs = nowMs - Math.max(remote.lastHeardMs, remote.aliveAtMs);
    if (goneMs <= Math.max(lostAfterMs / 2, lostAfterMs - PREPARE_MS)) return 'member';
    return goneMs > lostAfterMs ? 'lost' : 'suspect';
  }

  #lateAfterMs(remote: RemotePeer): number {
    const { lateAfterMs, clock } = this.#options;
    const { roundTrip, jitter } = remote.clock;
    if (!Number.isFinite(roundTrip)) return Math.max(lateAfterMs, 2 * Math.max(0, remote.helloRttMs));
    return Math.max(lateAfterMs, (2 * roundTrip + 6 * jitter) * clock.frameMs);
  }

  /** Members we wait for: those whose inputs stop at `confirmed`. */
  waitingFor(confirmed: number): readonly PeerId[] {
    return this.#options.remotes
      .filter((remote) => remote.member && remote.logs.length > 0 && remote.received <= confirmed)
      .map((remote) => remote.peer);
  }
}
