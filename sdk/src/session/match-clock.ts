/**
 * The clock of a match on one peer. `raw` counts frames of real time since the start and never skips; it runs at the
 * others' speed as far as the drift between their clocks and ours is known. `position` is the fractional frame the match
 * should have reached, steered gently towards the median peer. Stamps are compared on raw clocks.
 * All doubles live in one typed array: writing them never allocates.
 */
import { frameMsOf } from '../base/frame.js';
import { ELAPSED_MS_MAX } from '../base/limits.js';
import { medianLead, paceFor } from './clock-sync.js';
import type { RemotePeer } from './remote-peer.js';

const NOW = 0;
const POSITION = 1;
const RAW = 2;
const SENT = 3;
const LEAD = 4;
const PACE = 5;
/** How much faster than our real clock the others' clocks run, as a share. */
const DRIFT = 6;
const STEERED_AT = 7;
const HELD_AT = 8;
const JUMPED_AT = 9;
const VALUES = 10;

/** A match that waits stands just before the frame after the one it waits for: that one is due soon when the wait ends. */
const HELD_FRAMES = 1.95;
/** What is given away with a wait: the lead beyond so much, at most so much. */
const GIVEN_BEYOND_FRAMES = 2;
const GIVEN_FRAMES_MAX = 0.95;
/** For so long after a wait, in ms, nobody knows exactly where the others stand. */
const UNSETTLED_MS = 300;
/** Then nobody speeds up, and nobody slows down much. */
const HELD_PACE_MIN = 0.9;
/** A lead below this, in frames, and the time it lasts tell how clocks drift: by so much per frame and second. */
const DRIFT_LEAD_MAX = 0.5;
const DRIFT_PER_LEAD = 0.008;
/** Clocks of machines differ by less than a tenth of this. */
const DRIFT_MAX = 0.01;
/** What all peers have in common cannot be seen, so it is forgotten, in s. */
const DRIFT_FORGOTTEN_S = 30;
/** Longest time between two looks that counts, in s. */
const STEER_S_MAX = 0.25;
/** After a jump, how long what the others measured of us may be of before it. */
const JUMP_REST_MS = 500;

/** Time, position and pace. */
export class MatchClock {
  readonly frameMs: number;
  /** Our raw clock when the packet that is being taken came, in frames: passed on in an array, because a double that is passed on may be boxed. */
  readonly arrival: Float64Array = new Float64Array(1);
  readonly #values: Float64Array;
  readonly #leads: Float64Array;
  readonly #windowFrames: number;
  readonly #catchUpFramesMax: number;

  /** @param peerCount all peers of the match, ourselves included. */
  constructor(options: {
    readonly nowMs: number;
    readonly framesPerSecond: number;
    readonly peerCount: number;
    readonly windowFrames: number;
  }) {
    this.frameMs = frameMsOf(options.framesPerSecond);
    this.#values = new Float64Array(VALUES);
    this.#values[NOW] = options.nowMs;
    this.#values[PACE] = 1;
    this.#values[HELD_AT] = Number.NEGATIVE_INFINITY;
    this.#values[JUMPED_AT] = Number.NEGATIVE_INFINITY;
    this.#leads = new Float64Array(options.peerCount);
    this.#windowFrames = options.windowFrames;
    this.#catchUpFramesMax = options.framesPerSecond;
  }

  get nowMs(): number {
    return this.#values[NOW] as number;
  }
  /** Fractional frame that should have been reached by now. */
  get position(): number {
    return this.#values[POSITION] as number;
  }
  /** What turns our raw clock into our position, in frames. */
  get adjustment(): number {
    return (this.#values[POSITION] as number) - (this.#values[RAW] as number);
  }
  /** Our lead over the median peer, in frames. */
  get lead(): number {
    return this.#values[LEAD] as number;
  }
  get pace(): number {
    return this.#values[PACE] as number;
  }

  /** A packet came at `nowMs`: sets {@link arrival}. */
  noteArrival(nowMs: number): void {
    this.arrival[0] = (this.#values[RAW] as number) + (nowMs - (this.#values[NOW] as number)) / this.frameMs;
  }

  /** `nowMs`, or the newest time known if the caller's clock went backwards or is no number: time is held then. */
  heldAt(nowMs: number): number {
    return nowMs > this.nowMs && nowMs !== Number.POSITIVE_INFINITY ? nowMs : this.nowMs;
  }

  /** Frame that should have been reached by now. */
  get frameDue(): number {
    return (this.#values[POSITION] as number) | 0;
  }

  /** Moves the time before the match. */
  waitTo(nowMs: number): void {
    this.#values[NOW] = this.heldAt(nowMs);
  }

  /** Frame 0 was at `startAtMs`. */
  start(startAtMs: number): void {
    const raw = (this.nowMs - startAtMs) / this.frameMs;
    this.#values[RAW] = raw;
    this.#values[POSITION] = Math.min(raw, this.#catchUpFramesMax);
  }

  /** The state after `frame` is here now; where the others are shows when their packets come. */
  startFrom(frame: number): void {
    this.#values[RAW] = frame;
    this.#values[POSITION] = frame;
  }

  /**
   * Moves the time.
   * @param frameCurrent newest simulated frame: the position never leads it by more than a second
   * @param running false while paused: real time passes, the match does not
   */
  passTo(nowMs: number, frameCurrent: number, running: boolean): void {
    const values = this.#values;
    // Not heldAt(nowMs): a double that a function returns may be boxed, and this runs each frame.
    if (!(nowMs > (values[NOW] as number)) || nowMs === Number.POSITIVE_INFINITY) return;
    const elapsedMs = nowMs - (values[NOW] as number);
    values[NOW] = nowMs;
    // A long sleep counts whole on the raw clock; the match owes only a part of it.
    values[RAW] = (values[RAW] as number) + (elapsedMs / this.frameMs) * (1 + (values[DRIFT] as number));
    if (!running) return;
    // Math.min: chosen with ?: from a double and a whole number, the result is boxed, and this runs each frame (16 bytes).
    const owedMs = Math.min(elapsedMs, ELAPSED_MS_MAX);
    const before = values[POSITION] as number;
    const wanted = before + (owedMs / this.frameMs) * (values[PACE] as number);
    const latest = frameCurrent + this.#catchUpFramesMax;
    if (wanted < latest) values[POSITION] = wanted;
    else if (before <= latest) values[POSITION] = latest;
  }

  /**
   * The match waits for inputs: time spent waiting is not owed, the next frame is due at once and no burst follows. Who is ahead of the
   * others gives away some of that with each wait: it runs into the end of its window all the time, so it goes at the others'
   * speed whatever its own pace is, and would stay ahead for ever.
   */
  holdAt(frameCurrent: number): void {
    const ahead = (this.#values[LEAD] as number) - GIVEN_BEYOND_FRAMES;
    const given = ahead <= 0 ? 0 : ahead < GIVEN_FRAMES_MAX ? ahead : GIVEN_FRAMES_MAX;
    const latest = frameCurrent + HELD_FRAMES - given;
    if ((this.#values[POSITION] as number) <= latest) return;
    this.#values[POSITION] = latest;
    this.#values[HELD_AT] = this.#values[NOW] as number;
  }

  /** True if packets should go out although no frame was stepped: frame and a half since the last ones. */
  get sendOverdue(): boolean {
    return (this.#values[NOW] as number) - (this.#values[SENT] as number) >= 1.5 * this.frameMs;
  }

  noteSent(): void {
    this.#values[SENT] = this.#values[NOW] as number;
  }

  /**
   * Sets the pace from the median lead over all members that are heard.
   * @param follows true if nobody waits for our inputs: far behind, we go to where the others are at once
   */
  steer(remotes: readonly RemotePeer[], follows: boolean): void {
    const leads = this.#leads;
    const adjustment = this.adjustment;
    let count = 1;
    leads[0] = 0;
    for (const remote of remotes) {
      if (remote.isVoter && !remote.late && remote.clock.known)
        leads[count++] = remote.clock.lead(adjustment);
    }
    const lead = medianLead(leads, count);
    this.#values[LEAD] = lead;
    if (
      follows &&
      lead < -this.#windowFrames &&
      this.nowMs - (this.#values[JUMPED_AT] as number) > JUMP_REST_MS
    ) {
      this.#values[JUMPED_AT] = this.nowMs;
      this.#values[POSITION] = (this.#values[POSITION] as number) - lead;
      // That is no steering, but another clock from now on.
      this.#values[RAW] = (this.#values[RAW] as number) - lead;
      for (const remote of remotes) remote.clock.restart();
    }
    this.#setPace();
  }

  /** In proportion to the lead, and by the drift that would bring it back: else a drifting clock keeps a lead. */
  #setPace(): void {
    const values = this.#values;
    const lead = values[LEAD] as number;
    const now = values[NOW] as number;
    const seconds = Math.min(STEER_S_MAX, (now - (values[STEERED_AT] as number)) / 1000);
    values[STEERED_AT] = now;
    const drift = values[DRIFT] as number;
    if (now - (values[HELD_AT] as number) < UNSETTLED_MS) {
      values[PACE] = Math.max(HELD_PACE_MIN, Math.min(1, paceFor(lead, this.#windowFrames))) + drift;
      return;
    }
    if (Math.abs(lead) < DRIFT_LEAD_MAX) {
      const learnt = drift - (lead * DRIFT_PER_LEAD + drift / DRIFT_FORGOTTEN_S) * seconds;
      values[DRIFT] = Math.max(-DRIFT_MAX, Math.min(DRIFT_MAX, learnt));
    }
    values[PACE] = paceFor(lead, this.#windowFrames) + (values[DRIFT] as number);
  }
}
