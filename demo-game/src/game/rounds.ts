/** The match around the pucks: countdown, play, the end of a round, the end of the match, a rematch. */
import type { StepContext } from 'rollmesh';
import { cos, sin } from 'rollmesh/math';
import { nearestHeading } from './headings.js';
import { PLATFORM_STAGES, type PlatformStage, platformFraction, startRadius } from './platform.js';
import {
  COUNT_FRAMES,
  COUNTDOWN_FIRST_FRAMES,
  COUNTDOWN_FRAMES,
  FALL_FRAMES,
  PLAYERS_MAX,
  REMATCH_AFTER_FRAMES,
  ROUND_END_FRAMES,
  ROUNDS_TO_WIN,
  SPAWN_RADIUS_FRACTION,
  WARNING_FRAMES,
} from './rules.js';
import type { RumbleInput } from './rumble-input.js';
import { NOBODY, PHASE, PUCK, type RumbleState } from './rumble-state.js';

const TURN = 6.283185307179586;

/** Slots that are still played. */
export function presentCount(state: RumbleState): number {
  return PLAYERS_MAX - countStatus(state, PUCK.absent);
}

/** Pucks on the platform. */
export function standingCount(state: RumbleState): number {
  return countStatus(state, PUCK.standing);
}

function countStatus(state: RumbleState, status: number): number {
  let count = 0;
  for (let slot = 0; slot < PLAYERS_MAX; slot++) if (state.pucks.status[slot] === status) count++;
  return count;
}

/** Scores to zero and the first round's countdown. */
export function beginMatch(state: RumbleState): void {
  state.entrants = presentCount(state);
  state.round = 0;
  state.matchWinner = NOBODY;
  for (let slot = 0; slot < PLAYERS_MAX; slot++) {
    state.pucks.wins[slot] = 0;
    state.pucks.knockouts[slot] = 0;
    state.pucks.ready[slot] = 0;
  }
  beginRound(state);
}

/** Everybody back onto a full platform, on a circle that turns from round to round so that no seat is better. */
export function beginRound(state: RumbleState): void {
  state.round += 1;
  state.roundWinner = NOBODY;
  enter(state, PHASE.countdown);
  placeAll(state);
}

function placeAll(state: RumbleState): void {
  const players = presentCount(state);
  state.radiusStart = startRadius(players);
  state.radius = state.radiusStart;
  let seat = 0;
  for (let slot = 0; slot < PLAYERS_MAX; slot++) {
    if (state.pucks.status[slot] === PUCK.absent) continue;
    place(state, slot, TURN * (seat / players + 0.5 + (state.round - 1) * 0.0625));
    seat += 1;
  }
}

function place(state: RumbleState, slot: number, angle: number): void {
  const { pucks } = state;
  const x = cos(angle);
  const y = sin(angle);
  pucks.x[slot] = x * state.radiusStart * SPAWN_RADIUS_FRACTION;
  pucks.y[slot] = y * state.radiusStart * SPAWN_RADIUS_FRACTION;
  pucks.vx[slot] = 0;
  pucks.vy[slot] = 0;
  pucks.status[slot] = PUCK.standing;
  pucks.heading[slot] = nearestHeading(-x, -y);
  pucks.fallFrames[slot] = 0;
  pucks.dashFrames[slot] = 0;
  pucks.cooldown[slot] = 0;
  pucks.braking[slot] = 0;
  pucks.thrust[slot] = 0;
  pucks.stunFrames[slot] = 0;
  pucks.hitBy[slot] = NOBODY;
  pucks.creditFrames[slot] = 0;
}

function enter(state: RumbleState, phase: number): void {
  state.phase = phase;
  state.phaseFrames = 0;
}

/** Length of the countdown of this round. */
export function countdownFrames(state: RumbleState): number {
  return state.round === 1 ? COUNTDOWN_FIRST_FRAMES : COUNTDOWN_FRAMES;
}

/** Announces the round and its counts, then lets go. Pucks may already look around. */
export function stepCountdown(
  state: RumbleState,
  inputs: readonly RumbleInput[],
  context: StepContext,
): void {
  for (let slot = 0; slot < PLAYERS_MAX; slot++) {
    const input = inputs[slot] as RumbleInput;
    if (state.pucks.status[slot] !== PUCK.standing) continue;
    if (input.thrust > 0) state.pucks.heading[slot] = input.heading;
    // A button held through the countdown is no fresh press: a dash on "go" is a matter of timing.
    state.pucks.dashHeld[slot] = input.dash ? 1 : 0;
    state.pucks.braking[slot] = input.brake ? 1 : 0;
  }
  if (state.phaseFrames === 1) context.emit('round', { round: state.round }, { key: state.round });
  const left = countdownFrames(state) - state.phaseFrames;
  if (left > 0 && left <= COUNT_FRAMES * 3 && left % COUNT_FRAMES === 0) {
    context.emit('count', { count: left / COUNT_FRAMES }, { key: left });
  }
  if (left > 0) return;
  context.emit('go', { round: state.round }, { key: state.round });
  enter(state, PHASE.play);
}

/** The platform of this frame of play, with its warnings. */
export function stepPlatform(state: RumbleState, context: StepContext): void {
  state.radius = state.radiusStart * platformFraction(state.phaseFrames);
  for (let stage = 0; stage < PLATFORM_STAGES.length; stage++) {
    const { beginsAt } = PLATFORM_STAGES[stage] as PlatformStage;
    if (state.phaseFrames === beginsAt - WARNING_FRAMES) context.emit('warning', { stage }, { key: stage });
    if (state.phaseFrames === beginsAt) context.emit('shrink', { stage }, { key: stage });
  }
}

/** Pucks whose centre has left the platform begin to fall. */
export function dropPucks(state: RumbleState, context: StepContext): void {
  const { pucks } = state;
  for (let slot = 0; slot < PLAYERS_MAX; slot++) {
    if (pucks.status[slot] !== PUCK.standing) continue;
    const x = pucks.x[slot] as number;
    const y = pucks.y[slot] as number;
    const credit = pucks.creditFrames[slot] as number;
    if (credit > 0) pucks.creditFrames[slot] = credit - 1;
    if (x * x + y * y < state.radius * state.radius) continue;
    pucks.status[slot] = PUCK.falling;
    pucks.fallFrames[slot] = 0;
    pucks.dashFrames[slot] = 0;
    const by = credit > 0 ? (pucks.hitBy[slot] as number) : NOBODY;
    if (by !== NOBODY) pucks.knockouts[by] = (pucks.knockouts[by] as number) + 1;
    context.emit('fall', { slot, by, x, y }, { key: slot });
  }
}

/** Falling pucks drift on until they are out of sight. */
export function stepFalling(state: RumbleState): void {
  const { pucks } = state;
  for (let slot = 0; slot < PLAYERS_MAX; slot++) {
    if (pucks.status[slot] !== PUCK.falling) continue;
    pucks.x[slot] = (pucks.x[slot] as number) + (pucks.vx[slot] as number);
    pucks.y[slot] = (pucks.y[slot] as number) + (pucks.vy[slot] as number);
    pucks.vx[slot] = (pucks.vx[slot] as number) * 0.96;
    pucks.vy[slot] = (pucks.vy[slot] as number) * 0.96;
    const frames = (pucks.fallFrames[slot] as number) + 1;
    pucks.fallFrames[slot] = frames;
    if (frames < FALL_FRAMES) continue;
    pucks.status[slot] = PUCK.out;
    pucks.vx[slot] = 0;
    pucks.vy[slot] = 0;
  }
}

/** Ends the round when one puck is left, or none. A match of one, for trying the controls, ends a round on the fall. */
export function decideRound(state: RumbleState, context: StepContext): void {
  const standing = standingCount(state);
  if (standing > 1 || (standing === 1 && state.entrants < 2)) return;
  let winner: number = NOBODY;
  for (let slot = 0; slot < PLAYERS_MAX; slot++)
    if (state.pucks.status[slot] === PUCK.standing) winner = slot;
  state.roundWinner = winner;
  enter(state, PHASE.roundEnd);
  if (winner === NOBODY) {
    context.emit('draw', { round: state.round }, { key: state.round });
    return;
  }
  const wins = (state.pucks.wins[winner] as number) + 1;
  state.pucks.wins[winner] = wins;
  context.emit('round-won', { slot: winner, wins, round: state.round }, { key: state.round });
}

/** After a pause: the next round, or the end of the match. */
export function stepRoundEnd(state: RumbleState, context: StepContext): void {
  if (state.phaseFrames < ROUND_END_FRAMES) return;
  const winner = state.roundWinner;
  if (winner !== NOBODY && (state.pucks.wins[winner] as number) >= ROUNDS_TO_WIN)
    endMatch(state, winner, context);
  else beginRound(state);
}

function endMatch(state: RumbleState, winner: number, context: StepContext): void {
  state.matchWinner = winner;
  enter(state, PHASE.matchEnd);
  context.emit('match-won', { slot: winner }, { key: state.rematches });
}

/** In the end screen a fresh dash of every player begins another match. */
export function stepMatchEnd(state: RumbleState, inputs: readonly RumbleInput[], context: StepContext): void {
  const { pucks } = state;
  let waiting = 0;
  for (let slot = 0; slot < PLAYERS_MAX; slot++) {
    if (pucks.status[slot] === PUCK.absent) continue;
    const pressed = (inputs[slot] as RumbleInput).dash;
    const fresh = pressed && pucks.dashHeld[slot] === 0;
    pucks.dashHeld[slot] = pressed ? 1 : 0;
    if (fresh && state.phaseFrames > REMATCH_AFTER_FRAMES && pucks.ready[slot] === 0) {
      pucks.ready[slot] = 1;
      context.emit('ready', { slot }, { key: slot });
    }
    if (pucks.ready[slot] === 0) waiting += 1;
  }
  // A rematch needs somebody to play against.
  if (waiting > 0 || presentCount(state) < Math.min(state.entrants, 2)) return;
  state.rematches += 1;
  beginMatch(state);
}

/**
 * Keeps the pucks in step with the slots: a vacant slot's puck is taken away, a newly filled slot's puck waits for
 * the next round, or gets its place at once while all still wait for "go". A substituted slot's puck stays: its player comes
 * back to it. Who is left alone in a match of several has won it; who was alone and gets company begins anew.
 */
export function followSlots(state: RumbleState, context: StepContext): void {
  const { status } = state.pucks;
  let gone = 0;
  let came = 0;
  for (let slot = 0; slot < PLAYERS_MAX; slot++) {
    const vacant = context.slots[slot] === 'vacant';
    if (vacant === (status[slot] === PUCK.absent)) continue;
    if (vacant) gone += 1;
    else came += 1;
    if (vacant) takeAway(state, slot, context);
    else welcome(state, slot, context);
  }
  if (came > 0) makeRoom(state);
  if (gone === 0 || state.phase === PHASE.matchEnd || presentCount(state) !== 1) return;
  for (let slot = 0; slot < PLAYERS_MAX; slot++) {
    if (status[slot] !== PUCK.absent) endMatch(state, slot, context);
  }
}

function takeAway(state: RumbleState, slot: number, context: StepContext): void {
  const { pucks } = state;
  pucks.status[slot] = PUCK.absent;
  pucks.vx[slot] = 0;
  pucks.vy[slot] = 0;
  context.emit('gone', { slot, x: pucks.x[slot] as number, y: pucks.y[slot] as number }, { key: slot });
}

function welcome(state: RumbleState, slot: number, context: StepContext): void {
  state.pucks.status[slot] = PUCK.out;
  state.pucks.wins[slot] = 0;
  state.pucks.knockouts[slot] = 0;
  state.pucks.ready[slot] = 0;
  context.emit('welcome', { slot }, { key: slot });
}

/** Newcomers are there. */
function makeRoom(state: RumbleState): void {
  const wasAlone = state.entrants < 2;
  state.entrants = Math.max(state.entrants, presentCount(state));
  if (wasAlone && state.entrants > 1) beginMatch(state);
  else if (state.phase === PHASE.countdown) placeAll(state);
}
