/**
 * Whose turn it is to drive an agreement, and who takes no part in it. The lowest voter that is not suspected begins. If nothing is
 * settled for a while the next one takes over, and so on: a coordinator may lie, or be deaf. Whoever does not answer while the match
 * stands still is held to be late itself.
 */
import { bitCount } from '../base/peer-set.js';
import type { Attempt } from './view-attempt.js';

/** How long the first voter has, and each after it, in ms: two round trips on a bad path. */
const FIRST_TURN_MS = 1000;
const TURN_MS = 700;
/** After so long without anything to agree on, what comes next is something else. */
const NOTHING_MS = 300;
/** A voter that does not report for so long takes no part, in ms, if the match stands still. */
const MUTE_AFTER_MS = 600;
/** So many ballots of one proposer are promised in a view without a pause; after that others get time between two, in ms. */
const PROMISES_MAX = 10;
const PAUSE_MS = 800;
/** After the match has stood still for so long, nobody's word that it hears somebody keeps the others from playing on, in ms. */
export const PATIENCE_MS = 1500;

/** Who is asked, and what time it is. */
interface Answers {
  /** Voters that should report, a bit each. */
  readonly next: number;
  readonly waitedMs: number;
  readonly nowMs: number;
}

/** The turns in one view. */
export class Turns {
  #wantedSinceMs: number = Number.NEGATIVE_INFINITY;
  #notedAtMs: number = Number.NEGATIVE_INFINITY;
  /** Voters that do not answer, a bit each. */
  mute = 0;
  readonly #promises = new Map<number, { count: number; atMs: number }>();

  /** In each advance in which something is to be agreed on. */
  wanted(nowMs: number): void {
    if (nowMs - this.#notedAtMs > NOTHING_MS) this.#wantedSinceMs = nowMs;
    this.#notedAtMs = nowMs;
  }

  /** True if it is the turn of voter `self` of `voters`. */
  isOf(self: number, voters: number, nowMs: number): boolean {
    if ((voters & (1 << self)) === 0) return false;
    const rank = bitCount(voters & ((1 << self) - 1));
    const goneMs = nowMs - this.#wantedSinceMs;
    if (goneMs < FIRST_TURN_MS) return rank === 0;
    const turns = 1 + Math.floor((goneMs - FIRST_TURN_MS) / TURN_MS);
    return turns % bitCount(voters) === rank;
  }

  /** Looks who of `next` has not answered a proposal of ours, while the match has stood still for `waitedMs`. */
  noteMute({ reports, body, atMs }: Attempt, about: Answers): void {
    const { next, waitedMs, nowMs } = about;
    if (body !== undefined || nowMs - atMs <= MUTE_AFTER_MS || waitedMs <= PATIENCE_MS) return;
    let silent = next;
    for (const index of reports.keys()) silent &= ~(1 << index);
    this.mute |= silent;
  }

  /** False for one that makes ballot after ballot and brings none to an end. */
  promises(proposer: number, nowMs: number): boolean {
    const past = this.#promises.get(proposer);
    if (past === undefined) {
      this.#promises.set(proposer, { count: 1, atMs: nowMs });
      return true;
    }
    if (past.count >= PROMISES_MAX && nowMs - past.atMs < PAUSE_MS) return false;
    past.count += 1;
    past.atMs = nowMs;
    return true;
  }

  /** The next view begins. */
  reset(): void {
    this.#notedAtMs = Number.NEGATIVE_INFINITY;
    this.mute = 0;
    this.#promises.clear();
  }
}
