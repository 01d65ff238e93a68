/**
 * How long own inputs are held back: a fixed delay, or one that follows the paths. Then it is what the slowest path takes, less the
 * rollback that players do not mind. Knows times and frames, no peers.
 */
import { requireArgument } from '../base/errors.js';
import { INPUT_DELAY_FRAMES_MAX } from '../base/limits.js';
import { sortFirst } from './clock-sync.js';
import type { InputDelay } from './session-types.js';

/** Bounds of a delay that follows the paths, in frames; equal bounds fix it. */
export interface DelayRule {
  readonly min: number;
  readonly max: number;
  /** Lateness of inputs that is left to rollback. */
  readonly rollbackBudgetFrames: number;
}

/** What 'auto' stands for. In pure lockstep inputs must be there in time: then the delay may be as long as it must. */
const MIN_DEFAULT_FRAMES = 1;
const MAX_DEFAULT_FRAMES = 8;
const BUDGET_DEFAULT_FRAMES = 3;
/** How often the paths are looked at, in ms. */
const WINDOW_MS = 200;
/** So many windows in a row must be late before the delay is raised, from then on by a frame for each. */
const LATE_WINDOWS = 2;
/** The delay is lowered after so much time without need for it, and then every second while that lasts, in ms. */
const CALM_MS = 5000;
const LOWER_EVERY_MS = 1000;
/** Room that must be left after lowering, in frames: paths are never measured exactly. */
const CALM_MARGIN_FRAMES = 0.25;
/** Share of the paths that must be fast enough. */
const PATHS_SHARE = 0.95;

/** Decides how much delay is wanted. */
export class DelayController {
  wantedFrames: number;
  #rule: DelayRule;
  #windowAtMs = Number.NEGATIVE_INFINITY;
  #lateWindows = 0;
  #calmSinceMs = Number.NEGATIVE_INFINITY;

  /** @param startFrames the delay to begin with; the bounds of `rule` come first. */
  constructor(rule: DelayRule, startFrames: number) {
    this.#rule = rule;
    this.wantedFrames = Math.min(rule.max, Math.max(rule.min, startFrames));
  }

  /** Other bounds from now on. */
  set rule(rule: DelayRule) {
    this.#rule = rule;
    this.wantedFrames = Math.min(rule.max, Math.max(rule.min, this.wantedFrames));
  }

  /** False for a fixed delay. */
  get isAutomatic(): boolean {
    return this.#rule.min < this.#rule.max;
  }

  /** True if {@link observe} would look at the paths now. */
  isDue(nowMs: number): boolean {
    return this.isAutomatic && nowMs - this.#windowAtMs >= WINDOW_MS;
  }

  /**
   * Looks at the paths, once a window.
   * @param pathFrames what the paths to the others take, in frames, see {@link slowPath}; NaN if nothing is known
   */
  observe(pathFrames: number, nowMs: number): void {
    if (!this.isDue(nowMs)) return;
    const wasAway = nowMs - this.#windowAtMs > 4 * WINDOW_MS;
    this.#windowAtMs = nowMs;
    const { min, max, rollbackBudgetFrames } = this.#rule;
    // Who was away knows nothing of the paths yet.
    if (wasAway || Number.isNaN(pathFrames)) {
      this.#lateWindows = 0;
      this.#calmSinceMs = nowMs;
      return;
    }
    const neededFrames = pathFrames - rollbackBudgetFrames;
    this.#lateWindows = neededFrames > this.wantedFrames ? this.#lateWindows + 1 : 0;
    if (neededFrames + CALM_MARGIN_FRAMES > this.wantedFrames - 1) this.#calmSinceMs = nowMs;
    if (this.#lateWindows >= LATE_WINDOWS && this.wantedFrames < max) this.wantedFrames += 1;
    else if (nowMs - this.#calmSinceMs >= CALM_MS && this.wantedFrames > min) {
      this.wantedFrames -= 1;
      this.#calmSinceMs = nowMs - CALM_MS + LOWER_EVERY_MS;
    }
  }
}

/**
 * The path that all but the slowest 5 % are as fast as; of up to 19 paths the slowest. NaN if there is none.
 * @param paths its first `count` entries are sorted in place
 */
export function slowPath(paths: Float64Array, count: number): number {
  sortFirst(paths, count);
  return count === 0 ? Number.NaN : (paths[Math.ceil(count * PATHS_SHARE) - 1] as number);
}

/**
 * The bounds that an option stands for.
 * @throws {SdkError} `invalid-argument` naming what is wrong.
 */
export function delayRuleOf(setting: InputDelay, predictionFramesMax: number): DelayRule {
  if (typeof setting === 'number') {
    const frames = requireFrames(setting, 'inputDelayFrames');
    return { min: frames, max: frames, rollbackBudgetFrames: 0 };
  }
  requireArgument(
    setting === 'auto' || (typeof setting === 'object' && setting !== null),
    `createSession: inputDelayFrames is ${JSON.stringify(setting)}; it must be a number, 'auto' or { min, max, rollbackBudgetFrames }.`,
  );
  const bounds = setting === 'auto' ? {} : setting;
  const most = predictionFramesMax === 0 ? INPUT_DELAY_FRAMES_MAX : MAX_DEFAULT_FRAMES;
  const min = requireFrames(
    bounds.min ?? Math.min(MIN_DEFAULT_FRAMES, bounds.max ?? most),
    'inputDelayFrames.min',
  );
  const max = requireFrames(bounds.max ?? Math.max(min, most), 'inputDelayFrames.max');
  requireArgument(min <= max, `createSession: inputDelayFrames.min is ${min}, above max, ${max}.`);
  const budget = requireFrames(
    bounds.rollbackBudgetFrames ?? BUDGET_DEFAULT_FRAMES,
    'inputDelayFrames.rollbackBudgetFrames',
  );
  // Two frame loops are up to a frame apart, which the window must cover too.
  return { min, max, rollbackBudgetFrames: Math.min(budget, predictionFramesMax - 1) };
}

function requireFrames(value: number, name: string): number {
  requireArgument(
    Number.isInteger(value) && value >= 0 && value <= INPUT_DELAY_FRAMES_MAX,
    `createSession: ${name} is ${value}; it must be an integer from 0 to ${INPUT_DELAY_FRAMES_MAX}.`,
  );
  return value;
}
