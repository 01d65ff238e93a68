/** The platform over a round: it holds, warns, gives way, and in the end there is none. A function of time alone. */
import {
  COLLAPSE_FRAMES,
  HOLD_FIRST_FRAMES,
  HOLD_FRAMES,
  PLATFORM_RADIUS_BASE,
  PLATFORM_RADIUS_PER_PLAYER,
  SHRINK_FRAMES,
  STAGE_FRACTIONS,
  WARNING_FRAMES,
} from './rules.js';

/** One stage: the platform gives way between two moments, in frames of play. Before it the platform holds. */
export interface PlatformStage {
  /** Fractions of the start radius before and after. */
  readonly from: number;
  readonly to: number;
  readonly beginsAt: number;
  readonly endsAt: number;
}

/** All stages in order. */
export const PLATFORM_STAGES: readonly PlatformStage[] = planStages();

/** Frames from the start of play until there is no platform left: no round lasts longer. */
export const ROUND_FRAMES_MAX: number = (PLATFORM_STAGES[PLATFORM_STAGES.length - 1] as PlatformStage).endsAt;

function planStages(): PlatformStage[] {
  const stages: PlatformStage[] = [];
  let from = 1;
  let clock = 0;
  for (const to of STAGE_FRACTIONS) {
    const beginsAt = clock + (stages.length === 0 ? HOLD_FIRST_FRAMES : HOLD_FRAMES);
    const endsAt = beginsAt + (to === 0 ? COLLAPSE_FRAMES : SHRINK_FRAMES);
    stages.push({ from, to, beginsAt, endsAt });
    from = to;
    clock = endsAt;
  }
  return stages;
}

/** Platform radius at the start of a round with `players` pucks. */
export function startRadius(players: number): number {
  return PLATFORM_RADIUS_BASE + PLATFORM_RADIUS_PER_PLAYER * players;
}

/** Fraction of the start radius that is left `playFrames` frames (0 or more) after the start of play. */
export function platformFraction(playFrames: number): number {
  for (let index = 0; index < PLATFORM_STAGES.length; index++) {
    const { from, to, beginsAt, endsAt } = PLATFORM_STAGES[index] as PlatformStage;
    if (playFrames < beginsAt) return from;
    if (playFrames >= endsAt) continue;
    const t = (playFrames - beginsAt) / (endsAt - beginsAt);
    // A stage gives way smoothly; the final collapse goes at an even pace, so that it can be read.
    return from + (to - from) * (to === 0 ? t : t * t * (3 - 2 * t));
  }
  return 0;
}

/** What comes next for the platform, for drawing. */
export interface PlatformOutlook {
  /** 'holding', the last {@link WARNING_FRAMES} of it 'warning', then 'shrinking'; 'gone' at the very end. */
  readonly mood: 'holding' | 'warning' | 'shrinking' | 'gone';
  /** Fraction of the start radius after the stage that is running or coming. */
  readonly nextFraction: number;
  /** Frames until it gives way; 0 while it does. */
  readonly framesLeft: number;
}

/** See {@link PlatformOutlook}; `playFrames` counts from the start of play. */
export function platformOutlook(playFrames: number): PlatformOutlook {
  const stage = PLATFORM_STAGES.find(({ endsAt }) => playFrames < endsAt);
  if (stage === undefined) return { mood: 'gone', nextFraction: 0, framesLeft: 0 };
  const framesLeft = stage.beginsAt - playFrames;
  if (framesLeft <= 0) return { mood: 'shrinking', nextFraction: stage.to, framesLeft: 0 };
  return { mood: framesLeft <= WARNING_FRAMES ? 'warning' : 'holding', nextFraction: stage.to, framesLeft };
}
