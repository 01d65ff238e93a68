/** The smallest game with something to agree on: each player's taps are counted. */
import { button, defineGame, defineInput, defineState, type Game, i32, table } from 'rollmesh';

/** One player's input. */
export interface TapInput {
  tap: boolean;
}

/** The state of {@link tapGame}. */
export type TapState = ReturnType<typeof tapState.createStore>['state'];

const tapState = defineState({ frame: i32, options: i32, players: table(4, { taps: i32 }) });

/** The game in a given version. */
export function makeTapGame(version = '1'): Game<TapState, TapInput> {
  return defineGame({
    id: 'tap',
    version,
    playersMax: 4,
    input: defineInput({ tap: button }),
    state: tapState,
    setup(state, { options }) {
      state.options = Number(options['bonus'] ?? 0);
    },
    step(state, inputs, { frame, emit }) {
      state.frame = frame;
      if (frame === 1) emit('begun');
      for (const [slot, { tap }] of inputs.entries()) {
        if (!tap) continue;
        const taps = state.players.taps[slot] ?? 0;
        state.players.taps[slot] = taps + 1 + state.options;
        emit('tap', { slot, frame });
      }
    },
  });
}

/** The game. */
export const tapGame: Game<TapState, TapInput> = makeTapGame();

/** An input that changes often and differs between slots. */
export function tapInput(slot: number, frame: number): TapInput {
  return { tap: (frame * 7 + slot * 3) % 11 < 4 };
}
