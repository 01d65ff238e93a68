/**
 * Pucks moving and hitting each other. Pairs are taken in slot order and each frame in two half steps, so that
 * two fast pucks meet where they touch and not half inside each other.
 */
import type { StepContext } from 'rollmesh';
import {
  BUMP_SPEED,
  CREDIT_FRAMES,
  DASH_KNOCKBACK,
  DASH_SPENT,
  HIT_IMPULSE_MIN,
  MASS_BRACED,
  MASS_DASHING,
  PLAYERS_MAX,
  PUCK_RADIUS,
  RESTITUTION,
  STUN_FRAMES_BASE,
  STUN_FRAMES_MAX,
  STUN_FRAMES_PER_IMPULSE,
} from './rules.js';
import { PUCK, type RumbleState } from './rumble-state.js';

const HALF_STEPS = 2;
const TOUCH = PUCK_RADIUS * 2;

/** The contact being worked on; reused, because pairs are looked at thousands of times a second. Never read across calls. */
const contact = { nx: 0, ny: 0, impulse: 0, dash: false };

/** Moves all standing pucks by one frame and lets them collide. */
export function moveAndCollide(state: RumbleState, context: StepContext): void {
  const { status } = state.pucks;
  for (let half = 0; half < HALF_STEPS; half++) {
    moveStanding(state);
    for (let a = 0; a < PLAYERS_MAX; a++) {
      if (status[a] !== PUCK.standing) continue;
      for (let b = a + 1; b < PLAYERS_MAX; b++) {
        if (status[b] !== PUCK.standing || !findContact(state, a, b)) continue;
        bounce(state, a, b);
        if (contact.impulse >= HIT_IMPULSE_MIN) announceHit(state, { a, b }, context);
      }
    }
  }
}

function moveStanding(state: RumbleState): void {
  const { x, y, vx, vy, status } = state.pucks;
  for (let slot = 0; slot < PLAYERS_MAX; slot++) {
    if (status[slot] !== PUCK.standing) continue;
    x[slot] = (x[slot] as number) + (vx[slot] as number) / HALF_STEPS;
    y[slot] = (y[slot] as number) + (vy[slot] as number) / HALF_STEPS;
  }
}

/** Mass of a puck for collisions, a plain one being 1. */
export function massOf(state: RumbleState, slot: number): number {
  if ((state.pucks.dashFrames[slot] as number) > 0) return MASS_DASHING;
  return state.pucks.braking[slot] === 1 ? MASS_BRACED : 1;
}

/** Pushes an overlapping pair apart. True if the two still close in; then {@link contact} says how. */
function findContact(state: RumbleState, a: number, b: number): boolean {
  const { x, y, vx, vy } = state.pucks;
  let nx = (x[b] as number) - (x[a] as number);
  let ny = (y[b] as number) - (y[a] as number);
  const squared = nx * nx + ny * ny;
  if (squared >= TOUCH * TOUCH) return false;
  const distance = Math.sqrt(squared);
  nx = distance > 0 ? nx / distance : 1;
  ny = distance > 0 ? ny / distance : 0;
  const inverseA = 1 / massOf(state, a);
  const inverseB = 1 / massOf(state, b);
  const apart = (TOUCH - distance) / (inverseA + inverseB);
  x[a] = (x[a] as number) - nx * apart * inverseA;
  y[a] = (y[a] as number) - ny * apart * inverseA;
  x[b] = (x[b] as number) + nx * apart * inverseB;
  y[b] = (y[b] as number) + ny * apart * inverseB;
  const closing = ((vx[a] as number) - (vx[b] as number)) * nx + ((vy[a] as number) - (vy[b] as number)) * ny;
  if (closing <= 0) return false;
  // They part at RESTITUTION times the speed at which they met, but never slower than a bump.
  const parting = closing * RESTITUTION > BUMP_SPEED ? closing * RESTITUTION : BUMP_SPEED;
  contact.nx = nx;
  contact.ny = ny;
  contact.impulse = (closing + parting) / (inverseA + inverseB);
  return true;
}

/** Exchanges momentum along the line between the centres. A dash adds force to its victim and is spent. */
function bounce(state: RumbleState, a: number, b: number): void {
  const { dashFrames } = state.pucks;
  const dashA = (dashFrames[a] as number) > 0;
  const dashB = (dashFrames[b] as number) > 0;
  const shareA = (contact.impulse / massOf(state, a)) * (dashB ? DASH_KNOCKBACK : 1);
  const shareB = (contact.impulse / massOf(state, b)) * (dashA ? DASH_KNOCKBACK : 1);
  contact.dash = dashA || dashB;
  kick(state, a, -shareA);
  kick(state, b, shareB);
  credit(state, a, b);
  credit(state, b, a);
  // Who dashed chose the hit and keeps control of the puck; two dashes against each other only throw both back.
  if (!dashA) stun(state, a, shareA);
  if (!dashB) stun(state, b, shareB);
  if (dashA && !dashB) brakeDash(state, a);
  if (dashB && !dashA) brakeDash(state, b);
  if (dashA) dashFrames[a] = 0;
  if (dashB) dashFrames[b] = 0;
}

/** Changes a puck's velocity by `speed` along the contact's normal. */
function kick(state: RumbleState, slot: number, speed: number): void {
  const { vx, vy } = state.pucks;
  vx[slot] = (vx[slot] as number) + contact.nx * speed;
  vy[slot] = (vy[slot] as number) + contact.ny * speed;
}

function credit(state: RumbleState, slot: number, by: number): void {
  state.pucks.hitBy[slot] = by;
  state.pucks.creditFrames[slot] = CREDIT_FRAMES;
}

function stun(state: RumbleState, slot: number, speed: number): void {
  if (speed < HIT_IMPULSE_MIN) return;
  const frames = Math.floor(STUN_FRAMES_BASE + speed * STUN_FRAMES_PER_IMPULSE);
  const capped = frames > STUN_FRAMES_MAX ? STUN_FRAMES_MAX : frames;
  if (capped > (state.pucks.stunFrames[slot] as number)) state.pucks.stunFrames[slot] = capped;
}

/** A dash that has hit has given its force away. */
function brakeDash(state: RumbleState, slot: number): void {
  const { vx, vy } = state.pucks;
  vx[slot] = (vx[slot] as number) * DASH_SPENT;
  vy[slot] = (vy[slot] as number) * DASH_SPENT;
}

function announceHit(
  state: RumbleState,
  pair: { readonly a: number; readonly b: number },
  context: StepContext,
): void {
  const { a, b } = pair;
  const { nx, ny, impulse, dash } = contact;
  const x = (state.pucks.x[a] as number) + nx * PUCK_RADIUS;
  const y = (state.pucks.y[a] as number) + ny * PUCK_RADIUS;
  context.emit('hit', { a, b, x, y, nx, ny, impulse, dash }, { key: a * PLAYERS_MAX + b });
}
