/**
 * A pure opponent. It looks a third of a second ahead, keeps away from the edge (and from where the edge will be),
 * gets on the inner side of somebody and charges outwards. It has no memory: all it knows is in the state.
 */
import type { BotContext } from 'rollmesh';
import { nearestHeading } from './headings.js';
import { platformFraction } from './platform.js';
import { PLAYERS_MAX, PUCK_RADIUS } from './rules.js';
import { type RumbleInput, THRUST_MAX } from './rumble-input.js';
import { PHASE, PUCK, type RumbleState } from './rumble-state.js';

/** How far ahead it looks, in frames. */
const FORESIGHT_FRAMES = 20;
/** How much earlier than the platform shrinks it heads inwards, in frames. */
const PATIENCE_FRAMES = 50;
/** From how near it dashes, measured between centres. */
const STRIKE_DISTANCE = PUCK_RADIUS * 6.2;

/** Bot of {@link RumbleState}: what `slot` should press now. */
export function bully(state: RumbleState, slot: number, { frame, random }: BotContext): RumbleInput {
  if (state.phase === PHASE.matchEnd)
    return { heading: 0, thrust: 0, dash: random.chance(0.02), brake: false };
  if (state.phase !== PHASE.play || state.pucks.status[slot] !== PUCK.standing) return idle();
  return rescue(state, slot) ?? attack(state, slot, { frame, random });
}

function idle(): RumbleInput {
  return { heading: 0, thrust: 0, dash: false, brake: false };
}

function go(x: number, y: number, thrust: number = THRUST_MAX): RumbleInput {
  return { heading: nearestHeading(x, y), thrust, dash: false, brake: false };
}

/** Back to the middle if it would soon be too near to the edge; `undefined` if there is no danger. */
function rescue(state: RumbleState, slot: number): RumbleInput | undefined {
  const { pucks } = state;
  const x = pucks.x[slot] as number;
  const y = pucks.y[slot] as number;
  const vx = pucks.vx[slot] as number;
  const vy = pucks.vy[slot] as number;
  const soonX = x + vx * FORESIGHT_FRAMES * 0.8;
  const soonY = y + vy * FORESIGHT_FRAMES * 0.8;
  const soon = Math.sqrt(soonX * soonX + soonY * soonY);
  const radius = state.radiusStart * platformFraction(state.phaseFrames + PATIENCE_FRAMES);
  const margin = radius * 0.2 < PUCK_RADIUS * 1.3 ? radius * 0.2 : PUCK_RADIUS * 1.3;
  if (soon < radius - margin) return undefined;
  const outwards = x * vx + y * vy;
  const home = go(-x - vx * 10, -y - vy * 10);
  const far = Math.sqrt(x * x + y * y);
  // Nearly over the edge and still going: only a dash inwards helps.
  const desperate = outwards > 0 && far > radius - PUCK_RADIUS && pucks.cooldown[slot] === 0;
  return { ...home, dash: desperate && pucks.dashHeld[slot] === 0, brake: outwards > far * 2.5 };
}

/** Drives to the inner side of the best victim and charges. */
function attack(state: RumbleState, slot: number, { frame, random }: BotContext): RumbleInput {
  const { pucks } = state;
  const victim = chooseVictim(state, slot);
  if (victim < 0) return go(-(pucks.x[slot] as number), -(pucks.y[slot] as number), 1);
  const x = pucks.x[slot] as number;
  const y = pucks.y[slot] as number;
  const lead = 9;
  const toX = (pucks.x[victim] as number) + (pucks.vx[victim] as number) * lead - x;
  const toY = (pucks.y[victim] as number) + (pucks.vy[victim] as number) * lead - y;
  const distance = Math.sqrt(toX * toX + toY * toY) + 0.001;
  const victimFar = length(pucks.x[victim] as number, pucks.y[victim] as number);
  // Outwardness of the charge: 1 pushes the victim straight over the edge, -1 straight through the middle.
  const outward =
    (toX * (pucks.x[victim] as number) + toY * (pucks.y[victim] as number)) / (distance * (victimFar + 1));
  const eager = outward > 0.25 || victimFar < state.radius * 0.35;
  if (distance < STRIKE_DISTANCE && eager) {
    const strike = pucks.cooldown[slot] === 0 && pucks.dashHeld[slot] === 0 && random.chance(0.11);
    return { ...go(toX, toY), dash: strike };
  }
  // Circle towards the middle side; every bot turns its own way for a second, so that they do not march in step.
  const side = ((frame >> 6) + slot) % 2 === 0 ? 1 : -1;
  const inX = toX - (pucks.x[victim] as number) * 0.45 - toY * 0.3 * side;
  const inY = toY - (pucks.y[victim] as number) * 0.45 + toX * 0.3 * side;
  return go(inX, inY, random.chance(0.9) ? THRUST_MAX : 2);
}

/** The standing opponent that is near and near the edge; -1 if there is none. */
function chooseVictim(state: RumbleState, slot: number): number {
  const { pucks } = state;
  let best = -1;
  let bestScore = 0;
  for (let other = 0; other < PLAYERS_MAX; other++) {
    if (other === slot || pucks.status[other] !== PUCK.standing) continue;
    const x = pucks.x[other] as number;
    const y = pucks.y[other] as number;
    const near = length(x - (pucks.x[slot] as number), y - (pucks.y[slot] as number));
    const score = 1000 - near + length(x, y) * 0.6;
    if (score > bestScore) {
      bestScore = score;
      best = other;
    }
  }
  return best;
}

function length(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}
