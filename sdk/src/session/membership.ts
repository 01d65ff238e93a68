/**
 * Who is still in the match. A silent peer becomes late, then lost; one that says goodbye leaves. A broken link is not a
 * dead peer: while another member reports that it hears somebody, nobody is lost.
 *
 * With two voters there is nobody to agree with: the survivor applies `onLost` at once. With more, the view change
 * (view-change.ts) decides; too few survivors wait in 'no-quorum'.
 */
import { DOUBLE_ZERO } from '../base/doubles.js';
import { NO_QUORUM_TIMEOUT_MS } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import { bitCount } from '../base/peer-set.js';
import type { MatchClock } from './match-clock.js';
import type { RemotePeer } from './remote-peer.js';
import type { ViewChange } from './view-change.js';
import type { WantedPlan } from './view-host.js';

/** After a goodbye, how long inputs that are still under way may arrive. */
const GOODBYE_GRACE_MS = 250;
/** Packets this recent mean that a peer is heard: six of them in a row are rarely lost by chance. */
const HEARS_MS = 100;
/** A closed link alone: how long nobody else may have heard the peer before it counts as lost. */
const CLOSED_GRACE_MS = 600;
/** Who is vouched for this long after its link closed is alive for others, and lost only as others are. */
const OUTLIVES_LINK_MS = 1000;
/** The first half of an agreement may begin this long before a peer counts as lost. */
const PREPARE_MS = 1000;
/** An advance this long after the last one: this machine slept, and what the others sent meanwhile may still wait. */
const SLEPT_MS = 200;
/** After a sleep, how long nobody's silence counts. */
const AWAKE_GRACE_MS = 150;
/** Time held up is forgiven at this part of the time that passes without: a group may be slowed down to 80 % of its rate. */
const FORGIVEN_PART = 0.2;
/** Time held up counts up to so many times the limit: who was slow for minutes is not taken for slow for minutes after. */
const HELD_UP_MAX = 2;
/** A peer that is heard may bring no input for so long, in ms, before the time that all wait for it counts as held up by it. */
const BARREN_MS = 500;
/** After somebody said that it hears whom we take for late, so long losses and plans come first, in ms. */
const DENIED_MS = 1000;
/** Fewer voters than this, those that said goodbye not counted, cannot agree on a substitute: one of two would decide alone. */
const SUBSTITUTING_VOTERS_MIN = 3;

/** Where the match stands with its members. */
export type MembershipPhase = 'running' | 'paused' | 'no-quorum';

/** What membership reports to the session. */
export interface MembershipEvents {
  late(remote: RemotePeer, silentMs: number): void;
  back(remote: RemotePeer, silentMs: number): void;
  /** A peer without slots is gone. */
  watcherLeft(remote: RemotePeer, reason: 'left' | 'lost'): void;
  /** It is there again. */
  watcherBack(remote: RemotePeer): void;
  moved(phase: MembershipPhase): void;
  /** Waited too long. */
  gaveUp(phase: MembershipPhase): void;
}

/** What membership needs to know. */
export interface MembershipOptions {
  /** Our own bit if we own an active slot, else 0. */
  readonly selfVote: () => number;
  readonly remotes: readonly RemotePeer[];
  readonly clock: MatchClock;
  readonly lostAfterMs: number;
  readonly lateAfterMs: number;
  readonly onLost: 'vacate' | 'pause' | 'end' | 'bot';
  readonly substitutes: boolean;
  /** True if a peer holds all of our inputs up to its own newest frame: it does not wait for us. */
  readonly holdsOurs: (remote: RemotePeer) => boolean;
  readonly events: MembershipEvents;
}

type Fate = 'member' | 'late-suspect' | 'late' | 'suspect' | 'left' | 'lost';

/** Bit masks of members; reused. */
interface Fates {
  suspects: number;
  lost: number;
  left: number;
  lateSuspects: number;
  late: number;
  denied: number;
}

/** Watches liveness and drives the view change, once per advance. */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #fates: Fates = { suspects: 0, lost: 0, left: 0, lateSuspects: 0, late: 0, denied: 0 };
  #phase: MembershipPhase = 'running';
  #waitingSinceMs: number = DOUBLE_ZERO;
  #notedAtMs: number = DOUBLE_ZERO;
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #awakeSinceMs = Number.NEGATIVE_INFINITY;
  #slept = false;
  #deniedUntilMs = Number.NEGATIVE_INFINITY;
  /** How long the match has stood still, ms; 0 if it goes on. */
  waitedMs: number = DOUBLE_ZERO;
  /** Members out of reach for good: they said goodbye, or the only other voter is lost. */
  gone = 0;
  /** Peers whose packets arrive here, a bit each. */
  hears = 0;
  /** Voters that are heard, but so slow that everybody waits for them, a bit each. */
  slow = 0;
  /** Substituted members that are lost or said goodbye. */
  dropped = 0;

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

  /** A watcher that we had lost from sight is there again: nobody had agreed on its loss. */
  sawAgain(remote: RemotePeer): void {
    remote.member = true;
    remote.isOutOfSight = false;
    this.#options.events.watcherBack(remote);
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

  /**
   * The substitution of these peers was rejected by one that hears them. Where everybody seems slow to somebody, one proposal after
   * the other would end like this, and nothing else would ever be agreed on. What we held against them counts no more: while a
   * proposal is under way we take no input of theirs, so that each makes the match wait for them.
   */
  denied(mask: number, nowMs: number): void {
    this.#deniedUntilMs = nowMs + DENIED_MS;
    for (const remote of this.#options.remotes) {
      if ((mask & (1 << remote.index)) === 0) continue;
      remote.heldUpMs = 0;
      remote.deniedUntilMs = nowMs + DENIED_MS;
    }
  }

  #oneWayMsOf({ clock, helloRttMs }: RemotePeer): number {
    const rttMs = Number.isFinite(clock.roundTrip)
      ? clock.roundTrip * this.#options.clock.frameMs
      : helloRttMs;
    return Math.max(0, rttMs) / 2;
  }

  /** Applies what silence, closed links and goodbyes mean now. */
  check(viewChange: ViewChange, plan: WantedPlan | undefined): void {
    const { remotes, onLost, clock } = this.#options;
    const fates = this.#fates;
    fates.suspects = fates.lost = fates.left = fates.lateSuspects = fates.late = fates.denied = 0;
    this.dropped = 0;
    this.hears = 0;
    this.slow = 0;
    this.#noteSleep();
    for (let index = 0; index < remotes.length; index += 1) {
      const remote = remotes[index] as RemotePeer;
      if (remote.member) this.#judge(remote, fates);
    }
    const { suspects, lateSuspects } = fates;
    const isQuiet = (suspects | lateSuspects) === 0 && plan === undefined && !viewChange.busy;
    if (isQuiet && this.#phase === 'running') return;
    this.#settle(viewChange, plan);
    if (this.#phase === 'running') return;
    const patient = this.#phase === 'paused' && onLost === 'pause';
    if (!patient && clock.nowMs - this.#waitingSinceMs > NO_QUORUM_TIMEOUT_MS)
      this.#options.events.gaveUp(this.#phase);
  }

  /** One long gap between two advances is a sleep; a caller that is always that slow does not sleep. */
  #noteSleep(): void {
    const { nowMs } = this.#options.clock;
    const slept = nowMs - this.#checkedAtMs > SLEPT_MS;
    if (slept && !this.#slept) this.#awakeSinceMs = nowMs;
    this.#slept = slept;
    this.#checkedAtMs = nowMs;
  }

  #judge(remote: RemotePeer, fates: Fates): void {
    const fate = this.#fateOf(remote);
    if (fate === 'member') return;
    const bit = 1 << remote.index;
    if (fate === 'late-suspect' || fate === 'late') {
      fates.lateSuspects |= bit;
      if (this.#options.clock.nowMs < remote.deniedUntilMs) fates.denied |= bit;
      if (fate === 'late') fates.late |= bit;
      return;
    }
    if (remote.isActive) {
      fates.suspects |= bit;
      if (fate === 'lost') fates.lost |= bit;
      else if (fate === 'left') fates.left |= bit;
    } else if (fate === 'suspect') return;
    else if (remote.isSubstituted) {
      // With 'pause' its slots are kept for it as long as it takes.
      if (fate === 'left' || this.#options.onLost !== 'pause') this.dropped |= bit;
    } else {
      remote.member = false;
      remote.isOutOfSight = fate === 'lost' && !remote.isDeaf && !remote.isReborn && !remote.isFetching;
      this.#options.events.watcherLeft(remote, fate);
    }
  }

  /** Lets the view change decide, or waits, as `onLost` and the number of voters ask. */
  #settle(viewChange: ViewChange, plan: WantedPlan | undefined): void {
    const { suspects, lost, left } = this.#fates;
    const { clock, onLost, substitutes } = this.#options;
    const voters = this.#voters();
    // The last other voter: a majority of two is both of them, so the survivor decides alone (a declared fork).
    this.gone = bitCount(voters & ~left) <= 2 ? left | lost : left;
    const waits = onLost === 'pause' && lost !== 0;
    const mustAgree = plan !== undefined || (waits ? left : suspects) !== 0;
    const isDenied = mustAgree && clock.nowMs < this.#deniedUntilMs;
    const mayBeLate = substitutes && !isDenied && bitCount(voters & ~left) >= SUBSTITUTING_VOTERS_MIN;
    // Not all at once if somebody hears some of them: those who nobody hears must not wait for that.
    const undenied = this.#fates.lateSuspects & ~this.#fates.denied;
    const asked = mayBeLate ? undenied || this.#fates.lateSuspects : 0;
    const wanted = {
      suspects: waits ? left : suspects,
      lost: waits ? left : lost | left,
      lateSuspects: asked,
      late: asked & this.#fates.late,
      plan,
    };
    // Suspicion alone must not look like a lack of quorum.
    const able = viewChange.advance(wanted, clock.nowMs) || (lost | left) === 0;
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
    return mask | this.#options.selfVote();
  }

  #fateOf(remote: RemotePeer): Fate {
    const { nowMs } = this.#options.clock;
    const { lateAfterMs, lostAfterMs } = this.#options;
    if (remote.goodbyeFrame >= 0) {
      const complete =
        remote.received >= remote.goodbyeFrame || nowMs - remote.goodbyeAtMs >= GOODBYE_GRACE_MS;
      return complete ? 'left' : 'member';
    }
    if (remote.isDeaf || remote.isReborn) return 'lost';
    const silentMs = nowMs - remote.lastHeardMs;
    const isHeard = silentMs < HEARS_MS && remote.linkOpen;
    if (isHeard) this.hears |= 1 << remote.index;
    if (remote.isActive && remote.barrenMs > lostAfterMs) {
      this.slow |= 1 << remote.index;
      return 'lost';
    }
    if (isHeard) return this.#slownessOf(remote);
    // The path's own delay is looked at only when the fixed limit has passed: this runs each frame.
    const isLate = silentMs > lateAfterMs && silentMs > this.#lateAfterMs(remote);
    if (!remote.late && isLate && !this.#isHeardByOthers(remote)) {
      remote.late = true;
      this.#options.events.late(remote, silentMs);
    }
    const fate = this.#lossOf(remote, nowMs - remote.vouchedAtMs);
    return fate === 'member' && remote.isActive ? this.#latenessOf(remote, silentMs) : fate;
  }

  #lossOf(remote: RemotePeer, vouchedMs: number): 'member' | 'suspect' | 'lost' {
    const { nowMs } = this.#options.clock;
    const { lostAfterMs } = this.#options;
    const outlivesLink = remote.vouchedAtMs > remote.linkClosedAtMs + OUTLIVES_LINK_MS;
    if (!remote.linkOpen && !outlivesLink) return vouchedMs >= CLOSED_GRACE_MS ? 'lost' : 'member';
    const goneMs = nowMs - Math.max(remote.lastHeardMs, remote.aliveAtMs);
    if (goneMs <= Math.max(lostAfterMs / 2, lostAfterMs - PREPARE_MS)) return 'member';
    return goneMs > lostAfterMs ? 'lost' : 'suspect';
  }

  /** Its packets come, but it cannot keep up, or says what cannot be true: with enough voters a substitute plays, as if it were silent. */
  #slownessOf(remote: RemotePeer): 'member' | 'late' {
    const { substitutes, lateAfterMs } = this.#options;
    if (!substitutes || remote.heldUpMs <= lateAfterMs || !remote.isActive) return 'member';
    this.slow |= 1 << remote.index;
    return 'late';
  }

  /**
   * Notes whether the match waited since the last advance, and for whom; once per advance of a match that runs.
   * @param received newest frame for which everybody's input is here
   * @param limit no frame beyond this helps: an agreement under way may change it
   */
  noteWaiting(waits: boolean, received: number, limit: number): void {
    const { remotes, holdsOurs, clock } = this.#options;
    const elapsedMs = clock.nowMs - this.#notedAtMs;
    this.#notedAtMs = clock.nowMs;
    this.waitedMs = waits && elapsedMs <= SLEPT_MS ? this.waitedMs + elapsedMs : DOUBLE_ZERO;
    if (elapsedMs > SLEPT_MS) return;
    const silent = waits ? this.#silentVoters() : 0;
    for (let index = 0; index < remotes.length; index += 1) {
      const remote = remotes[index] as RemotePeer;
      const isWaitedFor = waits && received < limit && remote.isVoter && remote.received <= received;
      // Who only greets has not begun. While another is silent, this one may wait for it as we do.
      const isExcused = remote.packetsReceived === 0 || (silent & ~(1 << remote.index)) !== 0;
      remote.noteBrought(clock.nowMs, isExcused);
      const isBarren = isWaitedFor && clock.nowMs - remote.broughtAtMs > BARREN_MS;
      if (isBarren) remote.barrenMs += elapsedMs;
      // An agreement under way takes no more of its inputs: for a while that says nothing for it nor against it.
      if (remote.isFrozen && !isBarren) continue;
      // Else it is the path that is slow, which relays mend. If it waits for a third peer, that one knows, and rejects the substitution.
      const isHoldingUp = isWaitedFor && (remote.isSlow || (remote.bringsNothing && holdsOurs(remote)));
      this.#countHeldUp(remote, isBarren || isHoldingUp, elapsedMs);
    }
  }

  #silentVoters(): number {
    const { remotes, clock, lateAfterMs } = this.#options;
    let mask = 0;
    for (let index = 0; index < remotes.length; index += 1) {
      const remote = remotes[index] as RemotePeer;
      if (remote.isVoter && clock.nowMs - remote.lastHeardMs > lateAfterMs) mask |= 1 << remote.index;
    }
    return mask;
  }

  #countHeldUp(remote: RemotePeer, isHoldingUp: boolean, elapsedMs: number): void {
    const most = HELD_UP_MAX * this.#options.lateAfterMs;
    if (isHoldingUp) remote.heldUpMs = Math.min(most, remote.heldUpMs + elapsedMs);
    else if (remote.heldUpMs > 0) remote.heldUpMs = Math.max(0, remote.heldUpMs - elapsedMs * FORGIVEN_PART);
  }

  /** Silent here and for all that we hear. The first half of the agreement begins before that is certain. */
  #latenessOf(remote: RemotePeer, silentMs: number): 'member' | 'late-suspect' | 'late' {
    const { substitutes, clock } = this.#options;
    if (!substitutes || clock.nowMs - this.#awakeSinceMs < AWAKE_GRACE_MS) return 'member';
    const lateAfterMs = this.#lateAfterMs(remote);
    if (silentMs <= lateAfterMs / 2 || this.#isHeardByOthers(remote)) return 'member';
    return silentMs > lateAfterMs ? 'late' : 'late-suspect';
  }

  /** True if a member that we hear said last that it hears this peer. */
  #isHeardByOthers(remote: RemotePeer): boolean {
    const { remotes, clock, lateAfterMs } = this.#options;
    const bit = 1 << remote.index;
    for (const other of remotes) {
      if (other === remote || !other.member || (other.hears & bit) === 0) continue;
      if (clock.nowMs - other.lastHeardMs < lateAfterMs) return true;
    }
    return false;
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
      .filter((remote) => remote.isVoter && remote.received <= confirmed)
      .map((remote) => remote.peer);
  }
}
