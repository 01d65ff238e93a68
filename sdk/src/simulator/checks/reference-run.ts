/**
 * The naive model: the game stepped once per frame, straight ahead, with confirmed inputs only. Whatever path of guesses
 * and rollbacks a session took, its confirmed states must be the ones found here.
 */
import { WordRandom } from '../../base/prng.js';
import type { Game, GameOptions, SlotState } from '../../session/game.js';
import type { StateStore } from '../../state/definitions.js';

/** How a match begins. */
export interface MatchStart<S, I> {
  readonly game: Game<S, I>;
  /** u32. */
  readonly seed: number;
  readonly playerCount: number;
  readonly options: GameOptions;
}

/** One straight run. */
export class ReferenceRun<S, I> {
  /** Newest frame computed. */
  frame = 0;
  readonly #start: MatchStart<S, I>;
  readonly #store: StateStore<S>;
  readonly #inputs: I[];
  readonly #random: WordRandom;

  constructor(start: MatchStart<S, I>) {
    const { game } = start;
    this.#start = start;
    this.#store = game.state.createStore(1);
    this.#inputs = Array.from({ length: game.playersMax }, () => game.input.create());
    this.#random = new WordRandom(this.#store.randomWords, this.#store.randomIndex);
    this.#store.randomWords[this.#store.randomIndex] = start.seed | 0;
    const { playerCount, options } = start;
    game.setup(this.#store.state, { playerCount, options, random: this.#random });
  }

  /** u32 hash of {@link frame}. */
  get hash(): number {
    return this.#store.hash() >>> 0;
  }

  /** Computes the next frame. `cells` holds one encoded input per slot, playersMax of them. */
  step(cells: Uint8Array, slots: readonly SlotState[]): void {
    const { game, options } = this.#start;
    const size = game.input.byteLength;
    for (let slot = 0; slot < game.playersMax; slot += 1) {
      game.input.decodeInto(cells, slot * size, this.#inputs[slot] as I);
    }
    const frame = this.frame + 1;
    game.step(this.#store.state, this.#inputs, {
      frame,
      random: this.#random,
      slots,
      options,
      emit: () => {},
    });
    this.frame = frame;
  }

  /** A second run that goes on from here; `undefined` if the game's state cannot be carried over. */
  fork(): ReferenceRun<S, I> | undefined {
    const copy = new ReferenceRun(this.#start);
    if (!copy.#store.deserialize(this.#store.serialize())) return undefined;
    copy.frame = this.frame;
    return copy.hash === this.hash ? copy : undefined;
  }
}
