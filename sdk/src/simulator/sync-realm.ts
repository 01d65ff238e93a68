/** One timeline of a game for the sync test: a state with saved copies, stepped with given inputs, watched for forbidden calls. */
import { WordRandom } from '../base/prng.js';
import type { Bot, Game, GameOptions, SlotState } from '../session/game.js';
import type { StateStore } from '../state/definitions.js';
import { type DeterminismGuard, installDeterminismGuard } from '../state/determinism-guard.js';
import { describeError } from './checks/node-watch.js';
import { inputRandom } from './random-inputs.js';

/** What a realm is made of. */
export interface SyncRealmOptions<S, I> {
  readonly game: Game<S, I>;
  readonly seed: number;
  readonly playerCount: number;
  readonly options: GameOptions;
  /** Saved copies, a power of two. */
  readonly ringFrames: number;
}

/** One timeline. */
export class SyncRealm<S, I> {
  readonly store: StateStore<S>;
  /** What went wrong first in `setup`, a step or a bot, in words, and the frame that was being computed. */
  problem: { readonly frame: number; readonly cause: string } | undefined;
  readonly #options: SyncRealmOptions<S, I>;
  readonly #guard: DeterminismGuard = installDeterminismGuard();
  readonly #random: WordRandom;
  readonly #inputs: I[];
  readonly #slots: SlotState[];
  readonly #cell: Uint8Array;

  constructor(options: SyncRealmOptions<S, I>) {
    const { game, seed, playerCount } = options;
    this.#options = options;
    this.store = game.state.createStore(options.ringFrames);
    this.#random = new WordRandom(this.store.randomWords, this.store.randomIndex);
    this.#inputs = Array.from({ length: game.playersMax }, () => game.input.create());
    this.#slots = Array.from({ length: game.playersMax }, (_, slot) =>
      slot < playerCount ? 'active' : 'vacant',
    );
    this.#cell = new Uint8Array(game.input.byteLength);
    this.store.randomWords[this.store.randomIndex] = seed | 0;
    this.#watched(0, 'setup', () =>
      game.setup(this.store.state, { playerCount, options: options.options, random: this.#random }),
    );
    this.save(0);
  }

  /** Steps `frame` with one encoded input per slot and saves the result. */
  step(frame: number, cells: Uint8Array): void {
    const { game, options } = this.#options;
    const size = game.input.byteLength;
    for (const [slot, input] of this.#inputs.entries()) game.input.decodeInto(cells, slot * size, input);
    const context = { frame, random: this.#random, slots: this.#slots, options, emit: () => {} };
    this.#watched(frame, 'step', () => game.step(this.store.state, this.#inputs, context));
    this.#checkInputs(frame, cells);
    this.save(frame);
  }

  /** Saves the live state as that of `frame`. */
  save(frame: number): void {
    this.store.save(this.slotOf(frame));
  }

  /** Goes back to a saved frame. */
  load(frame: number): void {
    this.store.load(this.slotOf(frame));
  }

  /** Where the copy of `frame` is. */
  slotOf(frame: number): number {
    return frame & (this.#options.ringFrames - 1);
  }

  /** Hash of the saved copy of `frame`. */
  hashOf(frame: number): number {
    return this.store.hashSlot(this.slotOf(frame));
  }

  /** A session decodes an input only when it changes: a step that writes into it would see its own mark later. */
  #checkInputs(frame: number, cells: Uint8Array): void {
    const { input } = this.#options.game;
    for (const [slot, value] of this.#inputs.entries()) {
      input.encodeInto(value, this.#cell, 0);
      const at = slot * input.byteLength;
      if (this.#cell.every((byte, index) => byte === cells[at + index])) continue;
      const cause = `step changed inputs[${slot}] in frame ${frame}. Inputs are read-only: copy what you need into the state.`;
      this.problem ??= { frame, cause };
    }
  }

  /** Asks every bot twice: it must not change the state and must say the same again. */
  checkBots(frame: number): void {
    for (const [name, bot] of Object.entries(this.#options.game.bots)) {
      const before = this.store.hash();
      const first = this.#askBot(bot, name, frame);
      const cause =
        this.store.hash() !== before
          ? `bot "${name}" changed the state in frame ${frame}. Bots only look: they run again in every rollback.`
          : first !== this.#askBot(bot, name, frame)
            ? `bot "${name}" gave two answers for frame ${frame}. It may depend on state, slot, frame and random only.`
            : undefined;
      if (cause !== undefined) this.problem ??= { frame, cause };
    }
  }

  #askBot(bot: Bot<S, I>, name: string, frame: number): string {
    const { seed, game } = this.#options;
    this.#watched(frame, `bot "${name}"`, () => {
      const context = { frame, random: inputRandom(seed, 0, frame) };
      game.input.encodeInto(bot(this.store.state, 0, context), this.#cell, 0);
    });
    return this.#cell.join();
  }

  #watched(frame: number, what: string, run: () => void): void {
    this.#guard.enter(frame, (report) => {
      this.problem ??= { frame, cause: report.message };
    });
    try {
      run();
    } catch (error) {
      this.problem ??= { frame, cause: `${what} threw in frame ${frame}: ${describeError(error)}` };
    } finally {
      this.#guard.leave();
    }
  }
}
