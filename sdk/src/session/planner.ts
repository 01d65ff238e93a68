/**
 * What should happen at an agreed frame: a substituted member that is back gets its slots again, one that is gone loses them,
 * the match pauses or goes on. Every voter knows what it would want; the view change asks the coordinator's.
 */
import { NO_PLAN } from '../wire/view-body.js';
import type { MatchClock } from './match-clock.js';
import type { Membership } from './membership.js';
import type { RemotePeer } from './remote-peer.js';
import type { WantedPlan } from './view-host.js';

/** How long a substituted peer must keep pace before its slots are given back; doubled with each substitution. */
const RETURN_AFTER_MS = 150;
const RETURN_AFTER_MS_MAX = 5000;
/** After so long without one, a substitution counts as the first. */
const FORGIVEN_AFTER_MS = 30_000;
/** How far behind us a peer may be, beyond a round trip, and still keep pace. */
const BEHIND_FRAMES_MAX = 6;
/** A wish to pause or to go on is repeated this often by the one that has it, and forgotten after so long without. */
const WISH_REPEATED_MS = 100;
const WISH_KEPT_MS = 1000;

/** What a planner looks at. */
export interface PlannerOptions {
  readonly remotes: readonly RemotePeer[];
  readonly clock: MatchClock;
  readonly membership: Membership;
  /** Id of the current view. */
  readonly viewId: () => number;
  /** True while the match is paused, or is to be at an agreed frame. */
  readonly isPaused: () => boolean;
  /** Says to all members what this peer wishes. */
  readonly sayWish: (pace: 'pause' | 'resume') => void;
  /** Who would take part: a newcomer, or one that waits for its slots. */
  readonly guests: () => Pick<WantedPlan, 'newcomers' | 'seats'> | undefined;
}

/** Decides what to ask for. */
export class Planner {
  readonly #options: PlannerOptions;
  #plan: WantedPlan | undefined;
  /** What this peer's own player wishes. */
  #ownWish: 'pause' | 'resume' | undefined;
  #saidAtMs = Number.NEGATIVE_INFINITY;
  /** What some player wishes, and until when that counts. */
  #wish: 'pause' | 'resume' = 'pause';
  #wishUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: PlannerOptions) {
    this.#options = options;
  }

  /** This peer's player wishes to pause, or to go on. */
  wish(pace: 'pause' | 'resume'): void {
    this.#ownWish = pace;
  }

  /** Some player said what it wishes. */
  heardWish(pace: 'pause' | 'resume', nowMs: number): void {
    this.#wish = pace;
    this.#wishUntilMs = nowMs + WISH_KEPT_MS;
  }

  /** What is wanted now; the same object while it stays the same. */
  next(): WantedPlan | undefined {
    this.#repeatWish();
    const removed = this.#options.membership.dropped;
    const pace = this.#paceWanted();
    const returned = this.#returning();
    const guests = this.#options.guests();
    if (removed === 0 && pace === 'none' && returned === 0 && guests === undefined) {
      this.#plan = undefined;
      return undefined;
    }
    const plan = this.#plan;
    const same =
      plan !== undefined &&
      plan.removed === removed &&
      plan.pace === pace &&
      plan.returned === returned &&
      plan.newcomers === (guests?.newcomers ?? NO_PLAN.newcomers) &&
      plan.seats === (guests?.seats ?? NO_PLAN.seats);
    if (!same) {
      const { newcomers, seats } = guests ?? NO_PLAN;
      this.#plan = { returned, pace, newcomers, seats, removed };
    }
    return this.#plan;
  }

  #repeatWish(): void {
    const { nowMs } = this.#options.clock;
    const wish = this.#ownWish;
    if (wish === undefined) return;
    if ((wish === 'pause') === this.#options.isPaused()) this.#ownWish = undefined;
    else if (nowMs - this.#saidAtMs >= WISH_REPEATED_MS) {
      this.#saidAtMs = nowMs;
      this.heardWish(wish, nowMs);
      this.#options.sayWish(wish);
    }
  }

  #paceWanted(): WantedPlan['pace'] {
    if (this.#options.clock.nowMs > this.#wishUntilMs) return 'none';
    return (this.#wish === 'pause') === this.#options.isPaused() ? 'none' : this.#wish;
  }

  /** Substituted members that have kept pace for long enough. */
  #returning(): number {
    const { remotes, clock } = this.#options;
    let ready = 0;
    for (const remote of remotes) {
      if (!remote.isSubstituted) continue;
      if (!this.keepsPace(remote)) remote.keepsPaceSinceMs = clock.nowMs;
      else if (clock.nowMs - remote.keepsPaceSinceMs >= this.#returnAfterMs(remote))
        ready |= 1 << remote.index;
    }
    return ready;
  }

  /** True if a member without active slots is where the match is, and knows the newest view. */
  keepsPace(remote: RemotePeer): boolean {
    const { clock, membership, viewId, isPaused } = this.#options;
    if ((membership.hears & (1 << remote.index)) === 0 || remote.goodbyeFrame >= 0) return false;
    if (remote.view8 !== (viewId() & 0xff)) return false;
    // With a short window it stands where our inputs of one way ago led it, and that is told another way later.
    const { roundTrip } = remote.clock;
    const pathFrames = Number.isFinite(roundTrip) ? roundTrip : 0;
    return isPaused() || remote.newestFrame >= clock.position - pathFrames - BEHIND_FRAMES_MAX;
  }

  #returnAfterMs(remote: RemotePeer): number {
    return Math.min(
      RETURN_AFTER_MS << Math.min(8, Math.max(0, remote.substitutions - 1)),
      RETURN_AFTER_MS_MAX,
    );
  }
}

/** Notes that a substitute plays for a member from now on. */
export function noteSubstitution(remote: RemotePeer, nowMs: number): void {
  if (nowMs - remote.substitutedAtMs > FORGIVEN_AFTER_MS) remote.substitutions = 0;
  remote.substitutedAtMs = nowMs;
  remote.substitutions += 1;
  remote.keepsPaceSinceMs = nowMs;
  remote.heldUpMs = 0;
}
