/** How fast a healed match must run: full speed, or what its delay, window and input delay allow. */
import type { NetworkConditions } from '../network-conditions.js';

/** Share of the nominal frame rate that counts as full speed: 50 of 60 frames per second. */
const FULL_SPEED = 50 / 60;
/** How much of an exponential jitter's tail is reckoned with: 3 means cover 95 of 100 packets. */
const EXPONENTIAL_TAIL = 3;

/** What limits a match's speed. */
export interface SpeedLimits {
  readonly framesPerSecond: number;
  readonly predictionFramesMax: readonly number[];
  readonly inputDelayFrames: readonly number[];
  /** slot -> index of its owner. */
  readonly owners: readonly number[];
  readonly conditions: (from: number, to: number) => NetworkConditions;
}

/**
 * Least frames per second that `peer` must confirm. A peer may run W frames ahead of inputs that arrive L ms late and were
 * read d frames early: (W + d + 1) frames in L ms, plus up to a frame at each end until somebody's loop comes round.
 * @param isLive tells whether a peer is still in the match
 */
export function framesPerSecondLeast(
  limits: SpeedLimits,
  peer: number,
  isLive: (peer: number) => boolean,
): number {
  const { framesPerSecond, owners, predictionFramesMax, inputDelayFrames } = limits;
  let speed = framesPerSecond;
  // A slower peer slows all others, so every pair of live peers counts, not only those with this one.
  for (const from of new Set(owners)) {
    for (const to of predictionFramesMax.keys()) {
      const isPair = from !== to && isLive(from) && (isLive(to) || to === peer);
      if (!isPair || !(to === peer || owners.includes(to))) continue;
      const { delayMs, jitterMs = 0, jitter = 'exponential' } = limits.conditions(from, to);
      const lateMs = delayMs + jitterMs * (jitter === 'exponential' ? EXPONENTIAL_TAIL : 1);
      const frames = (predictionFramesMax[to] as number) + (inputDelayFrames[from] as number) + 1;
      speed = Math.min(speed, (frames * 1000) / (lateMs + 2000 / framesPerSecond));
    }
  }
  return speed * FULL_SPEED;
}
