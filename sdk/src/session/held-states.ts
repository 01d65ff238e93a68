/**
 * Which state of its own a peer could come back with: the newest final one that it still has. Final frames outlast every
 * later view, so the others have them in their history too. Two things would lose it, and a copy is made in time: the match goes
 * on here while nothing becomes final any more, or this peer goes on alone in a fork, where all that follows is final for
 * itself alone.
 */
import type { StateStore } from '../state/definitions.js';

/** A copy is made no more often than this. */
const COPY_INTERVAL_FRAMES = 60;
/** Frames that may pass from one look to the next without losing the final frame. */
const SPARE_FRAMES = 16;

/** A state of this peer's own past. */
export interface HeldState<S> {
  readonly frame: number;
  /** Signed, as the members compare it. */
  readonly stateHash: number;
  /** Copies it into the live state of another store of the same game. */
  readonly copyTo: (store: StateStore<S>) => void;
}

/** What is asked of the match. */
export interface HeldStatesOptions<S> {
  readonly simulation: {
    readonly frame: number;
    readonly framesKept: number;
    keeps(frame: number): boolean;
    hashOf(frame: number): number;
    copyOf(frame: number): StateStore<S>;
    copyTo(frame: number, store: StateStore<S>): void;
  };
  readonly frameFinal: () => number;
}

/** The states that this peer could come back with. */
export class HeldStates<S> {
  readonly #options: HeldStatesOptions<S>;
  #copy: HeldState<S> | undefined;
  #hasForked = false;
  /** Newest frame that was known to be final when it was last looked at. */
  #final = 0;

  constructor(options: HeldStatesOptions<S>) {
    this.#options = options;
  }

  /** This peer is about to go on alone: what was final until now is what the other has too. */
  forks(): void {
    this.#keep(this.#options.frameFinal());
    this.#hasForked = true;
  }

  /** Once per advance: sees to it that the final frame is not lost. */
  look(): void {
    const { simulation, frameFinal } = this.#options;
    const lagMax = simulation.framesKept - SPARE_FRAMES;
    // Asking costs more than this comparison: it is done only when the last answer has become old.
    if (this.#hasForked || simulation.frame - this.#final < lagMax) return;
    this.#final = frameFinal();
    const since = this.#final - (this.#copy?.frame ?? -COPY_INTERVAL_FRAMES);
    if (simulation.frame - this.#final >= lagMax && since >= COPY_INTERVAL_FRAMES) this.#keep(this.#final);
  }

  #keep(frame: number): void {
    const { simulation } = this.#options;
    if (!simulation.keeps(frame)) return;
    const store = simulation.copyOf(frame);
    store.save(0);
    this.#copy = {
      frame,
      stateHash: simulation.hashOf(frame),
      copyTo: (other) => store.copySlotTo(0, other),
    };
  }

  /** The state to come back with, if there is one. Valid as long as the match is not moved. */
  newest(): HeldState<S> | undefined {
    const { simulation, frameFinal } = this.#options;
    const frame = frameFinal();
    if (this.#hasForked || !simulation.keeps(frame)) return this.#copy;
    return {
      frame,
      stateHash: simulation.hashOf(frame),
      copyTo: (other) => simulation.copyTo(frame, other),
    };
  }
}
