/**
 * Decides when a session advances and how much it may do at once.
 *
 * It advances when the next frame is due and soon after a packet came, for a packet may correct what is on the
 * screen or end a stall. What it bounds is the other case: after a pause of the tab, or on a slow machine, an
 * advance must not hold the main thread for longer than a drawing can wait.
 */
import type { AdvanceResult } from '../session/session-types.js';

/** Longest an advance may hold the main thread, in milliseconds. */
export const advanceBudgetMs = 8;

/** Most frames per advance, re-simulated ones included, while steps are cheap. */
export const stepsPerAdvanceLimit = 12;

/** Packets that come closer together than this are handled by one advance, in milliseconds. */
export const packetSpacingMs = 4;

/** How late an alarm may ring, in milliseconds: timers know whole milliseconds only. */
const alarmLatenessMs = 1;

/** The part of a session that the loop drives. */
export interface Advanceable {
  stepsPerAdvanceMax: number;
  /** Fraction (0 to 1) of a frame that has passed since the newest frame. */
  readonly frameFraction: number;
  advance(nowMs: number): AdvanceResult;
}

/** Options of {@link FrameLoop}. */
export interface FrameLoopOptions {
  readonly session: Advanceable;
  /** Length of a frame, in milliseconds. */
  readonly frameMs: number;
  /** The clock, in milliseconds, monotonic. */
  readonly now: () => number;
  /** Sets the alarm that calls {@link FrameLoop.ring}. */
  readonly wakeAt: (timeMs: number) => void;
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

/** Drives one session; its owner calls {@link FrameLoop.ring} and {@link FrameLoop.packetArrived}. */
export class FrameLoop {
  readonly #options: FrameLoopOptions;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #wakeAtMs = Number.POSITIVE_INFINITY;
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

  /** The alarm rang, or the match begins. */
  ring(): void {
    const nowMs = this.#options.now();
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    if (nowMs < this.#notBeforeMs) this.#wake(this.#notBeforeMs);
    else this.#advance(nowMs);
  }

  /** A packet was received: advances now, or a little later if the last advance was just now. */
  packetArrived(): void {
    if (this.#advancing) return;
    const nowMs = this.#options.now();
    const earliestMs = Math.max(this.#notBeforeMs, this.#startedAtMs + packetSpacingMs);
    if (nowMs >= earliestMs) this.#advance(nowMs);
    else if (earliestMs < this.#wakeAtMs) this.#wake(earliestMs);
  }

  stats(): LoopStats {
    return {
      advances: this.#advances,
      stepMs: this.#stepMs(),
      advanceMsMax: this.#advanceMsMax,
      stepsPerAdvanceMax: this.#options.session.stepsPerAdvanceMax,
    };
  }

  #wake(timeMs: number): void {
    this.#wakeAtMs = timeMs;
    this.#options.wakeAt(timeMs);
  }

  #advance(nowMs: number): void {
    const { session, now, onStepped } = this.#options;
    this.#startedAtMs = nowMs;
    this.#advancing = true;
    let result: AdvanceResult | undefined;
    let endMs = nowMs;
    try {
      result = session.advance(nowMs);
    } finally {
      // Also after a step that threw: the page must see the error, the others must not see a silence.
      this.#advancing = false;
      endMs = now();
      this.#plan(result, endMs);
    }
    const { framesStepped, framesResimulated } = result;
    this.#advances += 1;
    if (framesStepped + framesResimulated > 0)
      this.#measure(framesStepped + framesResimulated, endMs - nowMs);
    if (framesStepped > 0) onStepped(framesStepped, framesResimulated);
  }

  /**
   * Sets the alarm for the next frame. An advance that hit its limit will be followed by another: in between, drawing
   * gets as long as the advance took, but no more than is left of the frame, or a game with long steps would fall
   * behind for ever.
   */
  #plan(result: AdvanceResult | undefined, endMs: number): void {
    const { session, frameMs } = this.#options;
    const costMs = endMs - this.#startedAtMs;
    const steps = result === undefined ? 0 : result.framesStepped + result.framesResimulated;
    const isCapped = steps >= session.stepsPerAdvanceMax;
    const spareMs = Math.max(0, frameMs - costMs - alarmLatenessMs);
    this.#notBeforeMs = isCapped ? endMs + Math.min(costMs, spareMs) : endMs;
    // A frame that is due and was not stepped waits for a packet, or for a peer that is lost: look again in a frame.
    const isWaiting = steps === 0 && session.frameFraction >= 1;
    const restMs = isWaiting ? frameMs : (1 - session.frameFraction) * frameMs;
    this.#wake(Math.max(this.#notBeforeMs, this.#startedAtMs + restMs));
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
