/** How one puck moves by itself: thrust, drag, brake and dash. */
import type { StepContext } from 'rollmesh';
import { headingX, headingY } from './headings.js';
import {
  DASH_COOLDOWN_FRAMES,
  DASH_FRAMES,
  DASH_KEEPS,
  DASH_SPEED,
  DRAG,
  DRAG_BRAKING,
  DRAG_DASHING,
  REST_SPEED,
  SPEED_MAX,
  THRUST,
  THRUST_AGAINST_MOTION,
  THRUST_BRAKING,
} from './rules.js';
import { type RumbleInput, THRUST_MAX } from './rumble-input.js';
import type { RumbleState } from './rumble-state.js';

/** Turns one standing puck's input of this frame into velocity. Position changes in collisions.ts. */
export function drive(state: RumbleState, slot: number, input: RumbleInput): void {
  const { pucks } = state;
  const stunned = (pucks.stunFrames[slot] as number) > 0;
  pucks.braking[slot] = input.brake ? 1 : 0;
  pucks.thrust[slot] = stunned ? 0 : input.thrust;
  if (input.thrust > 0) pucks.heading[slot] = input.heading;
  if (stunned) pucks.stunFrames[slot] = (pucks.stunFrames[slot] as number) - 1;
  else if (input.thrust > 0) push(state, slot, input);
  slowDown(state, slot, input.brake);
}

/** Starts a dash if the button was pressed afresh and the dash is ready. Counts the cool-down otherwise. */
export function dash(state: RumbleState, slot: number, input: RumbleInput, context: StepContext): void {
  const { pucks } = state;
  const fresh = input.dash && pucks.dashHeld[slot] === 0;
  pucks.dashHeld[slot] = input.dash ? 1 : 0;
  const cooldown = pucks.cooldown[slot] as number;
  if (cooldown > 0) pucks.cooldown[slot] = cooldown - 1;
  const dashFrames = pucks.dashFrames[slot] as number;
  if (dashFrames > 0) pucks.dashFrames[slot] = dashFrames - 1;
  if (!fresh || cooldown > 0 || (pucks.stunFrames[slot] as number) > 0) return;
  const heading = input.thrust > 0 ? input.heading : (pucks.heading[slot] as number);
  pucks.heading[slot] = heading;
  pucks.vx[slot] = (pucks.vx[slot] as number) * DASH_KEEPS + headingX(heading) * DASH_SPEED;
  pucks.vy[slot] = (pucks.vy[slot] as number) * DASH_KEEPS + headingY(heading) * DASH_SPEED;
  pucks.dashFrames[slot] = DASH_FRAMES;
  pucks.cooldown[slot] = DASH_COOLDOWN_FRAMES;
  context.emit(
    'dash',
    { slot, heading, x: pucks.x[slot] as number, y: pucks.y[slot] as number },
    { key: slot },
  );
}

/** Thrust along the heading, more of it against the own motion. */
function push(state: RumbleState, slot: number, input: RumbleInput): void {
  const { pucks } = state;
  const dx = headingX(input.heading);
  const dy = headingY(input.heading);
  const along = (pucks.vx[slot] as number) * dx + (pucks.vy[slot] as number) * dy;
  let thrust = (THRUST * input.thrust) / THRUST_MAX;
  if (along < 0) thrust *= THRUST_AGAINST_MOTION;
  if (input.brake) thrust *= THRUST_BRAKING;
  pucks.vx[slot] = (pucks.vx[slot] as number) + dx * thrust;
  pucks.vy[slot] = (pucks.vy[slot] as number) + dy * thrust;
}

/** Drag, the speed limit, and rest: written out on two components because it runs for every puck and frame. */
function slowDown(state: RumbleState, slot: number, braking: boolean): void {
  const { pucks } = state;
  const drag = braking ? DRAG_BRAKING : (pucks.dashFrames[slot] as number) > 0 ? DRAG_DASHING : DRAG;
  let vx = (pucks.vx[slot] as number) * drag;
  let vy = (pucks.vy[slot] as number) * drag;
  const speed = Math.sqrt(vx * vx + vy * vy);
  if (speed > SPEED_MAX) {
    vx = (vx * SPEED_MAX) / speed;
    vy = (vy * SPEED_MAX) / speed;
  }
  pucks.vx[slot] = vx < REST_SPEED && vx > -REST_SPEED ? 0 : vx;
  pucks.vy[slot] = vy < REST_SPEED && vy > -REST_SPEED ? 0 : vy;
}
