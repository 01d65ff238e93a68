/** Random inputs for any game: valid bytes of its own input definition, held for a while like a player holds a key. */
import { type Random, WordRandom } from '../base/prng.js';
import { hashWords } from '../base/state-hash.js';
import type { InputDefinition } from '../state/definitions.js';
import { streamSeed } from './random-streams.js';

/** What slot `slot` does in `frame`. `random` depends on seed, slot and frame alone. */
export type InputScript<I> = (slot: number, frame: number, random: Random) => I;

/** How {@link randomInputs} draws. */
export interface RandomInputOptions {
  readonly seed: number;
  /** Share of frames in which a slot's input changes, 0 to 1. Default 0.1. */
  readonly changeShare?: number;
}

/** Random bytes are tried this often before a clamped encoding is taken instead. */
const DRAWS_MAX = 16;

/** Fills `cell` with a legal encoding drawn at random. */
export function drawInputCell<I>(definition: InputDefinition<I>, random: Random, cell: Uint8Array): void {
  for (let draw = 0; draw < DRAWS_MAX; draw += 1) {
    for (let index = 0; index < cell.length; index += 1) cell[index] = random.below(256);
    if (definition.isValid(cell, 0)) return;
  }
  // Spare bits and ranges make a lucky draw rare: let the definition itself clamp what it reads.
  const value = definition.create();
  definition.decodeInto(cell, 0, value);
  definition.encodeInto(value, cell, 0);
  if (!definition.isValid(cell, 0)) cell.fill(0);
}

/**
 * An input script that presses every button and moves every axis of `definition` at random. Inputs depend on seed,
 * slot and frame, so two runs of one seed play alike whatever the network does. Asked for a frame once more, it presses something else.
 */
export function randomInputs<I>(definition: InputDefinition<I>, options: RandomInputOptions): InputScript<I> {
  const { seed, changeShare = 0.1 } = options;
  const inputsSeed = streamSeed(seed, 'inputs');
  const cells = new Map<number, Uint8Array>();
  const lastFrames: number[] = [];
  const value = definition.create();
  const words = new Int32Array(3);
  const state = new Int32Array(1);
  const random = new WordRandom(state);
  return (slot, frame) => {
    let cell = cells.get(slot);
    if (cell === undefined) {
      cell = new Uint8Array(definition.byteLength);
      cells.set(slot, cell);
    }
    words[0] = inputsSeed;
    words[1] = slot;
    words[2] = lastFrames[slot] === frame ? ~frame : frame;
    lastFrames[slot] = frame;
    state[0] = hashWords(words);
    if (random.chance(changeShare)) drawInputCell(definition, random, cell);
    definition.decodeInto(cell, 0, value);
    return value;
  };
}

/** The streams that an {@link InputScript} is given: the one for a slot and frame, valid until the next is asked for. */
export function inputRandoms(seed: number): (slot: number, frame: number) => Random {
  const words = new Int32Array([streamSeed(seed, 'input-script'), 0, 0]);
  const state = new Int32Array(1);
  const random = new WordRandom(state);
  return (slot, frame) => {
    words[1] = slot;
    words[2] = frame;
    state[0] = hashWords(words);
    return random;
  };
}

/** The stream for one slot and frame, on its own. */
export function inputRandom(seed: number, slot: number, frame: number): Random {
  return inputRandoms(seed)(slot, frame);
}
