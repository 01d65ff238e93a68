/**
 * The games of the swarm. Most seeds play a small one that costs next to nothing, so that the time goes into what is tested;
 * every input, frame, random number and slot still changes its state for ever. Some seeds play the thorough test games.
 */
import { defineGame, type Game } from 'rollmesh/session';
import { defineState, i32, type StateOf, table, u32 } from 'rollmesh/state';
import { bufferGame, customGame, plainGame, type TestInput, testInput } from '../support/test-games.js';

const swiftState = defineState({
  word: u32,
  counter: i32,
  players: table(8, { score: i32, word: u32 }),
});

function mix(word: number, value: number): number {
  const product = Math.imul(word ^ value, 0x9e3779b1);
  return (product ^ (product >>> 15)) >>> 0;
}

function wordOf(input: TestInput): number {
  const buttons = (input.left ? 1 : 0) | (input.right ? 2 : 0) | (input.fire ? 4 : 0);
  return buttons | ((input.aim + 100) << 3) | (input.power << 11) | (input.item << 15);
}

/** Few fields, few effects. */
export const swiftGame: Game<StateOf<typeof swiftState>, TestInput> = defineGame({
  id: 'test-swift',
  version: '1',
  playersMax: 8,
  input: testInput,
  state: swiftState,
  bots: {
    steady: (state, slot, { frame, random }) => ({
      left: ((state.counter + slot) & 1) === 0,
      right: random.chance(0.5),
      fire: frame % 3 === 0,
      aim: random.below(201) - 100,
      power: 3 + random.below(10),
      item: random.below(3),
    }),
  },
  setup(state, { playerCount, random }) {
    state.counter = playerCount;
    state.word = random.below(4_294_967_296);
  },
  step(state, inputs, { frame, random, slots, emit }) {
    const { score, word } = state.players;
    let sum = mix(state.word, frame);
    for (let slot = 0; slot < inputs.length; slot += 1) {
      const kind = slots[slot];
      const input = inputs[slot] as TestInput;
      if (kind === 'vacant') continue;
      sum = mix(sum, wordOf(input) + slot);
      word[slot] = sum;
      if (input.fire) score[slot] = (score[slot] as number) + input.power;
      if (input.fire && frame % 30 === slot) emit('shot', null, { key: slot });
    }
    state.word = mix(sum, random.below(4_294_967_296));
    state.counter += 1;
  },
});

const TILES = 3000;
const broadState = defineState({
  word: u32,
  counter: i32,
  tiles: table(TILES, { word: u32 }),
});

/** A state of several chunks: a newcomer has to put it together. */
export const broadGame: Game<StateOf<typeof broadState>, TestInput> = defineGame({
  id: 'test-broad',
  version: '1',
  playersMax: 8,
  input: testInput,
  state: broadState,
  setup(state, { playerCount, random }) {
    state.counter = playerCount;
    for (let at = 0; at < TILES; at += 1) state.tiles.word[at] = random.below(4_294_967_296);
  },
  step(state, inputs, { frame, random, slots, emit }) {
    let sum = mix(state.word, frame);
    for (let slot = 0; slot < inputs.length; slot += 1) {
      if (slots[slot] === 'vacant') continue;
      const input = inputs[slot] as TestInput;
      sum = mix(sum, wordOf(input) + slot);
      const at = sum % TILES;
      state.tiles.word[at] = mix(state.tiles.word[at] as number, sum);
      if (input.fire && frame % 30 === slot) emit('shot', null, { key: slot });
    }
    state.word = mix(sum, random.below(4_294_967_296));
    state.counter += 1;
  },
});

/** The games a swarm can be run with. 'mixed': the swift one, and every tenth seed each of the others. */
export type SwarmGameName = 'mixed' | 'swift' | 'buffer' | 'plain' | 'custom' | 'broad';

/** All of them. */
export const SWARM_GAMES: readonly SwarmGameName[] = ['mixed', 'swift', 'buffer', 'plain', 'custom', 'broad'];

/** The game that `seed` is played with. */
export function swarmGame(seed: number, name: SwarmGameName): Game<unknown, unknown> {
  const byDigit: SwarmGameName[] = [
    ...(['swift', 'buffer', 'swift', 'plain', 'swift'] as const),
    ...(['swift', 'swift', 'custom', 'swift', 'broad'] as const),
  ];
  const chosen = name === 'mixed' ? (byDigit[seed % 10] ?? 'swift') : name;
  const games = {
    ...{ swift: swiftGame, buffer: bufferGame, plain: plainGame, custom: customGame, broad: broadGame },
  };
  return games[chosen as keyof typeof games] as unknown as Game<unknown, unknown>;
}
