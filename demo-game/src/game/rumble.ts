/**
 * Rumble, the game: two to eight pucks on a platform that gives way; who is left on it takes the round, five rounds
 * take the match. This folder knows nothing of Phaser, the screen or the network: the same object is played alone,
 * over the network, by bots, in tests and in the simulator.
 */
import { defineGame, type Game, type StepContext } from 'rollmesh';
import { bully } from './bot.js';
import { moveAndCollide } from './collisions.js';
import { dash, drive } from './motion.js';
import {
  beginMatch,
  decideRound,
  dropPucks,
  followSlots,
  stepCountdown,
  stepFalling,
  stepMatchEnd,
  stepPlatform,
  stepRoundEnd,
} from './rounds.js';
import { FRAMES_PER_SECOND, PLAYERS_MAX } from './rules.js';
import { type RumbleInput, rumbleInput } from './rumble-input.js';
import { NOBODY, PHASE, PUCK, type RumbleState, rumbleState } from './rumble-state.js';

/** Input of a puck that nobody steers: it holds the brake. */
const HANDS_OFF: RumbleInput = { heading: 0, thrust: 0, dash: false, brake: true };

/** The whole game. */
export const rumble: Game<RumbleState, RumbleInput> = defineGame({
  id: 'rumble',
  version: '1',
  framesPerSecond: FRAMES_PER_SECOND,
  playersMax: PLAYERS_MAX,
  input: rumbleInput,
  state: rumbleState,
  bots: { bully },

  setup(state, { playerCount }) {
    for (let slot = 0; slot < PLAYERS_MAX; slot++) {
      state.pucks.status[slot] = slot < playerCount ? PUCK.standing : PUCK.absent;
      state.pucks.hitBy[slot] = NOBODY;
    }
    state.rematches = 0;
    beginMatch(state);
  },

  step(state, inputs, context) {
    followSlots(state, context);
    state.phaseFrames += 1;
    if (state.phase === PHASE.countdown) stepCountdown(state, inputs, context);
    else if (state.phase === PHASE.play) stepPlay(state, inputs, context);
    else if (state.phase === PHASE.roundEnd) stepAfterglow(state, context);
    else stepMatchEnd(state, inputs, context);
  },
});

function stepPlay(state: RumbleState, inputs: readonly RumbleInput[], context: StepContext): void {
  stepPlatform(state, context);
  for (let slot = 0; slot < PLAYERS_MAX; slot++) {
    if (state.pucks.status[slot] !== PUCK.standing) continue;
    const input = inputs[slot] as RumbleInput;
    dash(state, slot, input, context);
    drive(state, slot, input);
  }
  moveAndCollide(state, context);
  stepFalling(state);
  dropPucks(state, context);
  decideRound(state, context);
}

/** The round is decided: losers finish their fall, the winner rolls to a stop and cannot fall any more. */
function stepAfterglow(state: RumbleState, context: StepContext): void {
  const { pucks } = state;
  for (let slot = 0; slot < PLAYERS_MAX; slot++) {
    if (pucks.status[slot] !== PUCK.standing) continue;
    drive(state, slot, HANDS_OFF);
    const x = (pucks.x[slot] as number) + (pucks.vx[slot] as number);
    const y = (pucks.y[slot] as number) + (pucks.vy[slot] as number);
    if (x * x + y * y >= state.radius * state.radius) {
      pucks.vx[slot] = 0;
      pucks.vy[slot] = 0;
    } else {
      pucks.x[slot] = x;
      pucks.y[slot] = y;
    }
  }
  stepFalling(state);
  stepRoundEnd(state, context);
}
