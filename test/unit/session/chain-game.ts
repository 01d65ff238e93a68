/**
 * The game of the session tests: its state is a chain in which one wrong input, one wrong order or one wrong random
 * number of any frame shows in the hash of every later one. Besides, it keeps what a test wants to look at.
 */
import { defineGame, type Game, type Random } from 'rollmesh/session';
import { array, defineInput, defineState, i32, int, type StateOf } from 'rollmesh/state';

/** One byte for each player. */
export const chainInput: ReturnType<typeof makeInput> = makeInput();
function makeInput() {
  return defineInput({ v: int(0, 255) });
}
export const chainState = defineState({
  frame: i32,
  digest: i32,
  active: i32,
  points: i32,
  last: array(i32, 16),
});

/** What `readInput` returns. */
export interface ChainInput {
  v: number;
}
export type ChainState = StateOf<typeof chainState>;

/** What a test may vary. */
export interface ChainOptions {
  readonly id?: string;
  readonly version?: string;
  readonly playersMax?: number;
  readonly framesPerSecond?: number;
  /** Runs at the end of each step. */
  readonly after?: (state: ChainState, frame: number, emit: (name: string, key?: number) => void) => void;
}

/** The game. */
export function chainGame(options: ChainOptions = {}): Game<ChainState, ChainInput> {
  const { id = 'chain', version = '1', playersMax = 16, framesPerSecond = 60, after } = options;
  return defineGame<ChainState, ChainInput>({
    id,
    version,
    playersMax,
    framesPerSecond,
    input: chainInput,
    state: chainState,
    setup(state, { random, playerCount }) {
      state.digest = random.below(1 << 30) + playerCount;
    },
    step(state, inputs, { frame, random, slots, emit }) {
      state.frame = frame;
      let digest = state.digest;
      state.active = 0;
      for (let slot = 0; slot < inputs.length; slot += 1) {
        const value = (inputs[slot] as ChainInput).v;
        digest = (Math.imul(digest ^ (value + slot * 257), 0x01000193) + random.below(65536)) | 0;
        state.last[slot] = value;
        if (slots[slot] === 'active') state.active += 1;
      }
      state.digest = digest;
      after?.(state, frame, (name, key) => emit(name, null, key === undefined ? {} : { key }));
    },
    bots: { seven: () => ({ v: 7 }) },
  });
}

/** A reader that changes each slot's value in `share` of the frames. */
export function changing(share: number): (slot: number, frame: number, random: Random) => ChainInput {
  const held: ChainInput[] = [];
  return (slot, _frame, random) => {
    const value = held[slot] ?? { v: 0 };
    if (random.chance(share)) value.v = random.below(256);
    held[slot] = value;
    return value;
  };
}
