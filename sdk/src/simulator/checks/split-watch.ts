/**
 * When a peer equivocates, honest peers confirm different inputs: nothing on the wire can prevent that. What can be asked is
 * that somebody tells. This watch takes the disagreements in and asks for a report soon after the first one.
 */
import type { ViolationLog } from './violations.js';

/** A report must name a frame at most this many frames after the first one that differs [I18]. */
const REPORTED_WITHIN_FRAMES = 60;

/** The first disagreement, and the first report. */
export class SplitWatch {
  /** First frame on which honest peers were found to differ, -1 if none. */
  splitFrame = -1;
  #splitPeer = 0;
  #newestFrame = 0;
  #reportedFrame = Number.POSITIVE_INFINITY;
  /** Somebody equivocates in this run. */
  readonly isAllowed: boolean;

  /** @param isAllowed somebody equivocates in this run. */
  constructor(isAllowed: boolean) {
    this.isAllowed = isAllowed;
  }

  /** True if this disagreement is owed to the liar. */
  excuses(peer: number, frame: number): boolean {
    if (!this.isAllowed) return false;
    if (this.splitFrame < 0 || frame < this.splitFrame) {
      this.splitFrame = frame;
      this.#splitPeer = peer;
    }
    return true;
  }

  /** True if a report of an honest peer against another is owed to the liar. */
  reported(frame: number): boolean {
    this.#reportedFrame = Math.min(this.#reportedFrame, frame);
    return this.isAllowed;
  }

  /** An honest peer confirmed up to here. */
  confirmed(frame: number): void {
    this.#newestFrame = Math.max(this.#newestFrame, frame);
  }

  /** At the end of the run. */
  finish(violations: ViolationLog, atMs: number): void {
    const due = this.splitFrame + REPORTED_WITHIN_FRAMES;
    if (this.splitFrame < 0 || this.#newestFrame < due + REPORTED_WITHIN_FRAMES) return;
    if (this.#reportedFrame <= due) return;
    const detail = `honest peers differ from frame ${this.splitFrame} on; the first report names frame ${this.#reportedFrame}`;
    violations.add({ check: 'honesty', atMs, peer: this.#splitPeer, frame: this.splitFrame, detail });
  }
}
