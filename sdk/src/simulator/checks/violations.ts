/** Where the checkers write down what they found. */

/**
 * Which promise was broken (docs/netcode.md has the numbers in brackets):
 * 'agreement': two peers hold different hashes or inputs of one confirmed frame [N5, I1];
 * 'finality': something confirmed changed, went back or was stepped again [N2, I2, I3];
 * 'inputs': a confirmed input is not what its owner read for that frame [N1, I4];
 * 'reference': a confirmed state is not what the game computes from the confirmed inputs [I25];
 * 'membership': peers know different losses or cuts, a final frame was cut off, a peer that was heard is removed [N3, N4, I6, I7, I19];
 * 'join': who came in has another state than the members, not its own slots, or no slot although one is free [I15];
 * 'bounds': prediction window, steps per call, packet size, calls of `send` at the wrong time, frames stepped in a pause [N6, I8, I13];
 * 'progress': a live peer stood still or too slow after everything was healed [N7, I9];
 * 'honesty': a session reported a desync or an equivocation although nobody lied [I21];
 * 'exception': a session threw [I14].
 */
export type CheckName =
  | 'agreement'
  | 'finality'
  | 'inputs'
  | 'reference'
  | 'membership'
  | 'join'
  | 'bounds'
  | 'progress'
  | 'honesty'
  | 'exception';

/** One broken promise. */
export interface Violation {
  readonly check: CheckName;
  /** Virtual time, in ms. */
  readonly atMs: number;
  /** Index of the peer on which it was seen. */
  readonly peer: number;
  /** The frame it is about, -1 if about none. */
  readonly frame: number;
  readonly detail: string;
}

/** Violations kept per check; a broken run breaks its promise at every frame from there on. */
const KEPT_PER_CHECK = 20;

/** Collects violations in the order they were found. */
export class ViolationLog {
  readonly found: Violation[] = [];
  readonly #counts = new Map<CheckName, number>();
  readonly #onFound: (violation: Violation) => void;
  readonly #isExcused: (violation: Violation) => boolean;

  /** @param isExcused true for what is no broken promise in this run, because a peer lies in it. */
  constructor(
    onFound: (violation: Violation) => void,
    isExcused: (violation: Violation) => boolean = () => false,
  ) {
    this.#onFound = onFound;
    this.#isExcused = isExcused;
  }

  add(violation: Violation): void {
    if (this.#isExcused(violation)) return;
    const count = (this.#counts.get(violation.check) ?? 0) + 1;
    this.#counts.set(violation.check, count);
    if (count > KEPT_PER_CHECK) return;
    this.found.push(violation);
    this.#onFound(violation);
  }
}
