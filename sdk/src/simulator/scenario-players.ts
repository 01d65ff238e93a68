/**
 * What the players of a random scenario do: some join late, come back, pause, choose other delays; and the policies of the match. Each is
 * drawn from a stream of its own, so that the other faults of a seed stay as they were.
 */
import type { Random } from '../base/prng.js';
import type { Game } from '../session/game.js';
import type { InputDelay } from '../session/session-types.js';
import type { Fault } from './faults.js';
import { pick, randomStream, uniform } from './random-streams.js';
import type { SharedSessionOptions } from './simulate-types.js';

/** Before that nobody joins or pauses: the match has begun by then, in ms. */
const FROM_MS = 1500;
/** Share of seeds in which somebody joins, pauses, or changes its delay, and in which a page is reloaded without a crash. */
const JOIN_SHARE = 0.25;
const PAUSE_SHARE = 0.25;
const DELAY_SHARE = 0.25;
const RELOAD_SHARE = 0.12;
/** Share of lost peers that come back. */
const REJOIN_SHARE = 0.5;
/** Share of seeds in which the match has another policy than usual, for each policy. */
const POLICY_SHARE = 0.25;
/** Share of peers whose delay follows the paths, in seeds in which delays do at all. */
const AUTO_SHARE = 0.5;

/** A run as far as it is drawn. */
export interface PlayersRun {
  readonly seed: number;
  readonly peers: number;
  /** Time before the heal, in ms. */
  readonly endMs: number;
  readonly faults: readonly Fault[];
}

/** Who joins and who comes back. */
export interface DrawnGuests {
  readonly newcomers: number;
  readonly faults: readonly Fault[];
}

function timeIn(random: Random, endMs: number, fromMs: number = FROM_MS): number {
  return Math.round(uniform(random, fromMs, Math.max(fromMs + 1, endMs)));
}

/** Draws newcomers, and which lost peers load their page again. */
export function drawGuests({ seed, peers, endMs, faults }: PlayersRun): DrawnGuests {
  const random = randomStream(seed, 'scenario/joins');
  const newcomers = random.chance(JOIN_SHARE) ? 1 + (random.chance(0.25) ? 1 : 0) : 0;
  const joins = Array.from({ length: newcomers }, (_, index): Fault => {
    const slots = pick(random, [1, 1, 1, 1, 2, 0]);
    const isRefused = random.chance(0.15);
    return { kind: 'join', atMs: timeIn(random, endMs), peer: peers + index, slots, isRefused };
  });
  const again = randomStream(seed, 'scenario/rejoins');
  const comeBack = faults.flatMap((fault): Fault[] => {
    if ((fault.kind !== 'crash' && fault.kind !== 'leave') || !again.chance(REJOIN_SHARE)) return [];
    const atMs = Math.round(fault.atMs + uniform(again, 200, 6000));
    return atMs < endMs ? [{ kind: 'rejoin', atMs, peer: fault.peer }] : [];
  });
  const reloads: Fault[] = again.chance(RELOAD_SHARE)
    ? [{ kind: 'rejoin', atMs: timeIn(again, endMs), peer: again.below(peers + newcomers) }]
    : [];
  return { newcomers, faults: [...joins, ...comeBack, ...reloads] };
}

/** Draws who pauses the match. */
export function drawPauses({ seed, peers, endMs }: PlayersRun): readonly Fault[] {
  const random = randomStream(seed, 'scenario/pauses');
  if (!random.chance(PAUSE_SHARE)) return [];
  return Array.from({ length: 1 + random.below(2) }, () => ({
    kind: 'pause',
    atMs: timeIn(random, endMs),
    peer: random.below(peers),
    forMs: Math.round(uniform(random, 100, 4000)),
  }));
}

/** The delay that the paths make, mostly with the bounds that it has by itself. */
function drawAuto(random: Random): InputDelay {
  if (random.chance(0.6)) return 'auto';
  const min = random.below(4);
  return { min, max: min + 1 + random.below(8), rollbackBudgetFrames: random.below(5) };
}

/**
 * Draws delays that follow the paths or change in the course of the match.
 * @param fixed what was drawn before: a delay for all, or one for each peer
 */
export function drawDelays(
  { seed, peers, endMs }: PlayersRun,
  newcomers: number,
  fixed: number | readonly number[],
): { readonly inputDelayFrames: InputDelay | readonly InputDelay[]; readonly faults: readonly Fault[] } {
  const random = randomStream(seed, 'scenario/delays');
  const isAuto = random.chance(DELAY_SHARE);
  const isChanging = random.chance(DELAY_SHARE);
  const all = Array.from({ length: peers + newcomers }, (_, peer): InputDelay => {
    const own = typeof fixed === 'number' ? fixed : (fixed[peer] ?? random.below(7));
    return isAuto && random.chance(AUTO_SHARE) ? drawAuto(random) : own;
  });
  const faults = Array.from({ length: isChanging ? 1 + random.below(4) : 0 }, (): Fault => {
    const inputDelayFrames = random.chance(0.2) ? drawAuto(random) : random.below(9);
    return { kind: 'delay', atMs: timeIn(random, endMs, 0), peer: random.below(peers), inputDelayFrames };
  });
  const isSame = !isAuto && typeof fixed === 'number';
  return { inputDelayFrames: isSame ? fixed : all, faults };
}

/** Draws what the match does about the late and the lost, and whether all have one delay. */
export function drawPolicies<S, I>(game: Game<S, I>, seed: number): SharedSessionOptions {
  const random = randomStream(seed, 'scenario/policies');
  const isSet = (): boolean => random.chance(POLICY_SHARE);
  const [bot] = Object.keys(game.bots);
  const late = bot === undefined ? (['repeat'] as const) : (['repeat', { bot }, { bot }] as const);
  const lost = bot === undefined ? (['pause', 'end'] as const) : (['pause', 'end', { bot }] as const);
  return {
    ...(isSet() ? { onLate: 'wait' as const } : {}),
    ...(isSet() ? { lateInput: pick<NonNullable<SharedSessionOptions['lateInput']>>(random, late) } : {}),
    ...(isSet() ? { onLost: pick<NonNullable<SharedSessionOptions['onLost']>>(random, lost) } : {}),
    ...(isSet() ? { fairDelay: true } : {}),
  };
}
