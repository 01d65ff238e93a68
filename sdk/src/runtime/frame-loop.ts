/**
 * Decides when a session advances and how much it may do at once.
 *
 * Ticks come finer than frames and packets come whenever they like, so most calls find nothing due. What is
 * bounded here is the other case: after a pause of the tab, or on a slow machine, an advance must not hold the
 * main thread for longer than a drawing can wait.
 */
import type { AdvanceResult } from '../session/session-types.js';

/** Longest an advance may hold the main thread, in milliseconds. */
export const advanceBudgetMs = 8;

/** Most frames per advance, re-simulated ones included, while steps are cheap. */
export const stepsPerAdvanceLimit = 12;

/** The part of a session that the loop drives. */
export interface Advanceable {
  stepsPerAdvanceMax: number;
  advance(nowMs: number): AdvanceResult;
}

/** Options of {@link FrameLoop}. */
export interface FrameLoopOptions {
  readonly session: Advanceable;
  /** Time between ticks, in milliseconds. */
  readonly tickMs: number;
  /** Length of a frame, in milliseconds. */
  readonly frameMs: number;
  /** The clock, in milliseconds, monotonic. */
  readonly now: () => number;
  /** Called after an advance that stepped new frames. */
  readonly onStepped: (framesStepped: number, framesResimulated: number) => void;
}

/** Measured facts about a loop. */
export interface LoopStats {
  readonly advances: number;
  /** Mean cost of one step, saving and hashing included, in milliseconds. */
  readonly stepMs: number;
  /** Longest advance so far, in milliseconds. */
  readonly advanceMsMax: number;
  readonly stepsPerAdvanceMax: number;
}

/** How slowly the mean cost forgets: an advance from 20 advances ago still counts a third. */
const memory = 0.95;

/** Drives one session; its owner calls {@link FrameLoop.tick} and {@link FrameLoop.packetArrived}. */
export class FrameLoop {
  readonly #options: FrameLoopOptions;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #advancing = false;
  #advances = 0;
  #advanceMsMax = 0;
  /** Decaying sums: their quotient stays true even where the clock only shows whole milliseconds. */
  #recentMs = 0;
  #recentSteps = 0;

  constructor(options: FrameLoopOptions) {
    this.#options = options;
  }

  /** When the latest advance began, in milliseconds. */
  get advancedAtMs(): number {
    return this.#startedAtMs;
  }

  /** The clock ticked. Ticks that queued up behind a busy main thread are told by their haste and skipped. */
  tick(): void {
    this.#advanceAt(this.#options.now());
  }

  /** A packet was received. Normally the next tick is near enough; if the clock is late, this stands in for it. */
  packetArrived(): void {
    const nowMs = this.#options.now();
    if (nowMs - this.#startedAtMs >= this.#options.tickMs) this.#advanceAt(nowMs);
  }

  stats(): LoopStats {
    return {
      advances: this.#advances,
      stepMs: this.#stepMs(),
      advanceMsMax: this.#advanceMsMax,
      stepsPerAdvanceMax: this.#options.session.stepsPerAdvanceMax,
    };
  }

  #advanceAt(nowMs: number): void {
    if (nowMs < this.#notBeforeMs || this.#advancing) return;
    const { session, now, tickMs, onStepped } = this.#options;
    this.#startedAtMs = nowMs;
    this.#advancing = true;
    let framesStepped = 0;
    let framesResimulated = 0;
    try {
      ({ framesStepped, framesResimulated } = session.advance(nowMs));
    } finally {
      this.#advancing = false;
    }
    const endMs = now();
    const steps = framesStepped + framesResimulated;
    this.#advances += 1;
    // Half a tick early is nearer to the wanted moment than half a tick late.
    const restMs = this.#restMs(steps, endMs - nowMs) - tickMs / 2;
    this.#notBeforeMs = endMs + Math.max(tickMs / 4, restMs);
    if (steps > 0) this.#measure(steps, endMs - nowMs);
    if (framesStepped > 0) onStepped(framesStepped, framesResimulated);
  }

  /**
   * An advance that hit its limit will be followed by another: in between, drawing gets as long as the advance took,
   * but no more than is left of the frame, or a game with long steps would fall behind for ever.
   */
  #restMs(steps: number, costMs: number): number {
    if (steps < this.#options.session.stepsPerAdvanceMax) return 0;
    return Math.min(costMs, Math.max(0, this.#options.frameMs - costMs));
  }

  #measure(steps: number, costMs: number): void {
    this.#advanceMsMax = Math.max(this.#advanceMsMax, costMs);
    this.#recentMs = this.#recentMs * memory + costMs;
    this.#recentSteps = this.#recentSteps * memory + steps;
    const stepMs = this.#stepMs();
    const fitting = stepMs > 0 ? Math.floor(advanceBudgetMs / stepMs) : stepsPerAdvanceLimit;
    this.#options.session.stepsPerAdvanceMax = Math.min(stepsPerAdvanceLimit, Math.max(1, fitting));
  }

  #stepMs(): number {
    return this.#recentSteps > 0 ? this.#recentMs / this.#recentSteps : 0;
  }
}
