/**
 * Games made to be tested with. Every step mixes every slot's input, the frame and random numbers into every field in
 * an order that matters: one wrong input, one frame stepped twice or left out changes the hash for ever.
 */
import { defineGame, type Game } from 'rollmesh/session';
import {
  array,
  bool,
  button,
  customState,
  defineInput,
  defineState,
  f32,
  f64,
  type InputOf,
  i8,
  i16,
  i32,
  int,
  plainState,
  type Random,
  type StateOf,
  table,
  u8,
  u16,
  u32,
} from 'rollmesh/state';

/** Input of the test games: three bytes with spare bits, a range that is no power of two, a neutral value that is not 0. */
export const testInput = defineInput({
  left: button,
  right: button,
  fire: button,
  aim: int(-100, 100),
  power: int(3, 12),
  item: int(0, 2),
});
/** One player's input of the test games. */
export type TestInput = InputOf<typeof testInput>;

/** State of {@link bufferGame}: every type of field there is. */
export const bufferState = defineState({
  ball: f64,
  spin: f32,
  counter: i32,
  word: u32,
  small: i16,
  mask: u16,
  tiny: i8,
  level: u8,
  isOver: bool,
  trail: array(f64, 5),
  players: table(8, { x: f64, vx: f32, score: i32, heat: u8, alive: bool }),
});
/** The live state of {@link bufferGame}. */
export type BufferState = StateOf<typeof bufferState>;

/** Mixes numbers in an order that matters; the result is an unsigned 32-bit integer. */
function mix(word: number, value: number): number {
  const product = Math.imul(word ^ value, 0x9e3779b1);
  return (product ^ (product >>> 15)) >>> 0;
}

function inputWord(input: TestInput): number {
  const buttons = (input.left ? 1 : 0) | (input.right ? 2 : 0) | (input.fire ? 4 : 0);
  return buttons | ((input.aim + 100) << 3) | (input.power << 11) | (input.item << 15);
}

function moveBuffer(state: BufferState, input: TestInput, slot: number, random: Random): void {
  const { players } = state;
  const push = (input.right ? 1 : 0) - (input.left ? 1 : 0);
  // Not associative in floating point: a wrong order of slots or frames shows.
  const vx = (players.vx[slot] as number) * 0.97 + push * 0.3 + input.aim / 977;
  players.vx[slot] = vx;
  players.x[slot] = (players.x[slot] as number) + vx * (1 + random.next() / 16);
  state.word = mix(state.word, inputWord(input) + slot);
  if (!input.fire) return;
  players.score[slot] = (players.score[slot] as number) + input.power;
  players.heat[slot] = (players.heat[slot] as number) + input.item;
  players.alive[slot] = players.alive[slot] === 0 ? 1 : 0;
  state.ball += vx / 3;
}

/** The reference game: typed state, random numbers, effects. */
export const bufferGame: Game<BufferState, TestInput> = defineGame({
  id: 'test-buffer',
  version: '1',
  playersMax: 8,
  input: testInput,
  state: bufferState,
  bots: {
    jumpy: (state, slot, { frame, random }) => ({
      left: random.chance(0.5),
      right: (state.counter + slot) % 3 === 0,
      fire: frame % 7 === 0,
      aim: random.below(201) - 100,
      power: 3 + random.below(10),
      item: random.below(3),
    }),
  },
  setup(state, { playerCount, random }) {
    state.level = playerCount;
    for (let slot = 0; slot < playerCount; slot += 1) state.players.x[slot] = random.next();
  },
  step(state, inputs, { frame, random, slots, emit }) {
    state.counter += 1;
    state.word = mix(state.word, frame);
    for (const [slot, input] of inputs.entries()) {
      if (slots[slot] === 'vacant') state.word = mix(state.word, 77 + slot);
      else moveBuffer(state, input, slot, random);
      if (input.fire && frame % 5 === 0) emit('shot', { slot, power: input.power });
    }
    state.spin = state.spin * 0.5 + state.ball;
    state.small = state.word >>> 7;
    state.mask ^= state.word;
    state.tiny = state.word >>> 3;
    state.isOver = (state.word & 1) === 1;
    state.trail[frame % 5] = state.ball + frame;
  },
});

/** A state of plain objects whose shape changes. */
export interface PlainTestState {
  word: number;
  players: { x: number; name: string; items: number[] }[];
  events: { [frame: string]: number };
}

/** The same idea on `plainState`. */
export const plainGame: Game<PlainTestState, TestInput> = defineGame({
  id: 'test-plain',
  version: '1',
  playersMax: 4,
  input: testInput,
  state: plainState<PlainTestState>(() => ({ word: 1, players: [], events: {} })),
  setup(state, { playerCount, random }) {
    for (let slot = 0; slot < playerCount; slot += 1)
      state.players.push({ x: random.next(), name: `player ${slot}`, items: [] });
  },
  step(state, inputs, { frame, random }) {
    state.word = mix(state.word, frame);
    for (const [slot, player] of state.players.entries()) {
      const input = inputs[slot] as TestInput;
      state.word = mix(state.word, inputWord(input) + slot);
      player.x += input.aim / 7 + random.next();
      if (input.fire) player.items.push(input.power);
      if (player.items.length > 4) player.items.shift();
    }
    if (frame % 10 === 0) state.events[String(frame)] = state.word;
    delete state.events[String(frame - 30)];
  },
});

/** An engine that keeps its own memory, behind `customState`. */
export class CounterEngine {
  readonly memory: Uint32Array = new Uint32Array(4);
}

/** The same idea on `customState`. */
export const customGame: Game<CounterEngine, TestInput> = defineGame({
  id: 'test-custom',
  version: '1',
  playersMax: 4,
  input: testInput,
  state: customState<CounterEngine, Uint32Array>({
    create: () => new CounterEngine(),
    save: (engine) => engine.memory.slice(),
    load: (engine, saved) => engine.memory.set(saved),
    hash: (engine) => engine.memory.reduce((word, value) => mix(word, value), 1),
    serialize: (engine) => new Uint8Array(engine.memory.buffer.slice(0)),
    deserialize: (bytes) => {
      const engine = new CounterEngine();
      new Uint8Array(engine.memory.buffer).set(bytes);
      return engine;
    },
  }),
  step(engine, inputs, { frame, random }) {
    const { memory } = engine;
    memory[0] = mix(memory[0] as number, frame);
    for (const [slot, input] of inputs.entries())
      memory[1] = mix(memory[1] as number, inputWord(input) + slot);
    memory[2] = random.below(1000);
    memory[3] = (memory[3] as number) + 1;
  },
});
