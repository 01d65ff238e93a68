/** Steps Rumble without session or clock: what the rule tests hold in their hands. */
import { createRandom, type Random, type SlotState, type StateStore, type StepContext } from 'rollmesh';
import {
  bully,
  PHASE,
  PLAYERS_MAX,
  type RumbleEffects,
  type RumbleInput,
  type RumbleState,
  rumble,
} from '../../../demo-game/src/game/index.js';

/** One announced effect. */
export interface Announced {
  readonly name: string;
  readonly data: unknown;
  readonly frame: number;
}

export const HANDS_OFF: RumbleInput = { heading: 0, thrust: 0, dash: false, brake: false };

/** See the head of this file. */
export class BareMatch {
  readonly store: StateStore<RumbleState>;
  readonly slots: SlotState[];
  readonly inputs: RumbleInput[] = Array.from({ length: PLAYERS_MAX }, () => HANDS_OFF);
  readonly effects: Announced[] = [];
  frame = 0;
  readonly #random: Random;

  constructor(players: number, slotCount = 1) {
    this.store = rumble.state.createStore(slotCount);
    this.#random = createRandom(1);
    this.slots = Array.from({ length: PLAYERS_MAX }, (_, slot) => (slot < players ? 'active' : 'vacant'));
    rumble.setup(this.state, { playerCount: players, options: {}, random: this.#random });
  }

  get state(): RumbleState {
    return this.store.state;
  }

  /** One frame. */
  step(): void {
    this.frame += 1;
    const context: StepContext = {
      frame: this.frame,
      random: this.#random,
      slots: this.slots,
      options: {},
      emit: (name, data = null) => void this.effects.push({ name, data, frame: this.frame }),
    };
    rumble.step(this.state, this.inputs, context);
  }

  steps(count: number): void {
    for (let index = 0; index < count; index++) this.step();
  }

  /** Through the countdown: the next frame is one of play. */
  toPlay(): this {
    for (let guard = 0; this.state.phase !== PHASE.play; guard++) {
      if (guard > 1000) throw new Error(`still in phase ${this.state.phase} after ${guard} frames`);
      this.step();
    }
    return this;
  }

  /** Puts a puck somewhere at rest, or in motion. */
  place(slot: number, place: { x: number; y: number; vx?: number; vy?: number }): this {
    const { pucks } = this.state;
    pucks.x[slot] = place.x;
    pucks.y[slot] = place.y;
    pucks.vx[slot] = place.vx ?? 0;
    pucks.vy[slot] = place.vy ?? 0;
    return this;
  }

  /** What slot `slot` says from now on. */
  say(slot: number, input: Partial<RumbleInput>): this {
    this.inputs[slot] = { ...HANDS_OFF, ...input };
    return this;
  }

  speed(slot: number): number {
    return Math.hypot(this.state.pucks.vx[slot] as number, this.state.pucks.vy[slot] as number);
  }

  /** Data of all effects with this name. */
  announced<N extends keyof RumbleEffects>(name: N): readonly RumbleEffects[N][] {
    return this.effects.filter((effect) => effect.name === name).map(({ data }) => data as RumbleEffects[N]);
  }

  /** Lets everybody but `winner` drop at once. */
  dropAllBut(winner: number | undefined): this {
    for (let slot = 0; slot < PLAYERS_MAX; slot++) {
      if (slot !== winner && this.slots[slot] !== 'vacant') this.place(slot, { x: 1000 + slot * 100, y: 0 });
    }
    if (winner !== undefined) this.place(winner, { x: 0, y: 0 });
    this.step();
    return this;
  }

  /** Bots play all slots for `count` frames or until `done`. */
  playBots(seed: number, count: number, done: () => boolean = () => false): void {
    const random = createRandom(seed);
    for (let index = 0; index < count && !done(); index++) {
      for (let slot = 0; slot < PLAYERS_MAX; slot++) {
        if (this.slots[slot] === 'vacant') continue;
        this.inputs[slot] = bully(this.state, slot, { frame: this.frame + 1, random });
      }
      this.step();
    }
  }
}
