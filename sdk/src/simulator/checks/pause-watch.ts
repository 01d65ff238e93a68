/** Pauses as all peers were told of them: in one view there is one frame after which all stand still. */
import type { ViolationLog } from './violations.js';

/** Compares what all peers were told of pauses. */
export class PauseWatch {
  /** Pauses that peers were told of. */
  pauses = 0;
  readonly #violations: ViolationLog;
  readonly #nowMs: () => number;
  /** View id -> the frame of the pause that holds in it, and who told of it first. */
  readonly #frames = new Map<number, { readonly frame: number; readonly peer: number }>();

  constructor(violations: ViolationLog, nowMs: () => number) {
    this.#violations = violations;
    this.#nowMs = nowMs;
  }

  /** `peer` stands still after `frame`, in this view. @param isAlone its views are its own. */
  paused(
    peer: number,
    told: { readonly viewId: number; readonly frame: number; readonly isAlone: boolean },
  ): void {
    this.pauses += 1;
    const { viewId, frame, isAlone } = told;
    if (isAlone) return;
    const known = this.#frames.get(viewId);
    if (known === undefined) this.#frames.set(viewId, { frame, peer });
    else if (known.frame !== frame) {
      const detail = `in view ${viewId} it pauses after frame ${frame}, peer ${known.peer} after ${known.frame}`;
      this.#violations.add({ check: 'membership', atMs: this.#nowMs(), peer, frame, detail });
    }
  }
}
