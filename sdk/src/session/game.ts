/** `defineGame`: one object that local play, lockstep, rollback, sync test and simulator all take. */
import { SdkError } from '../base/errors.js';
import type { JsonObject } from '../base/json.js';
import type { Random } from '../base/prng.js';
import type { InputDefinition, StateDefinition } from '../state/definitions.js';

/** What all peers agree a slot is. 'substituted': its owner is late and a substitute plays. */
export type SlotState = 'active' | 'substituted' | 'vacant';

/** Options agreed by all peers: frozen plain JSON, at most 4 KiB. */
export type GameOptions = JsonObject;

/** What `setup` may know. */
export interface SetupContext {
  /** Slots in use at the start, 1 to playersMax. */
  readonly playerCount: number;
  readonly options: GameOptions;
  readonly random: Random;
}

/** What `step` may know: only facts all peers agree on. The object is reused between frames; do not keep it. */
export interface StepContext {
  /** The frame being computed, from 1. Frame 0 is the state after `setup`. */
  readonly frame: number;
  readonly random: Random;
  /** One entry per slot, always playersMax long. */
  readonly slots: readonly SlotState[];
  readonly options: GameOptions;
  /**
   * Announces something to show or play. It reaches the screen once, however often the frame is stepped again.
   * If a correction moves it by at most the prediction window, name and key tell that it is the same effect; if it does
   * not happen at all, it is retracted. Emissions of one name and key in different frames are different effects.
   * @param data plain JSON, kept as given.
   */
  emit(name: string, data?: EffectData, options?: { readonly key?: string | number }): void;
}

/** Plain JSON that travels with an effect. */
export type EffectData = JsonObject | string | number | boolean | null;

/** What a pure bot may know. */
export interface BotContext {
  readonly frame: number;
  /** A stream of its own: drawing from it does not disturb the game's. */
  readonly random: Random;
}

/** A pure bot: same state, slot, frame and random stream, same input, on every peer. */
export type Bot<S, I> = (state: S, slot: number, context: BotContext) => I;

/** A game. */
export interface Game<S = unknown, I = unknown> {
  /** Names the game in the handshake: 1 to 64 characters. */
  readonly id: string;
  /** Peers with different versions refuse each other before frame 0: 1 to 32 characters. */
  readonly version: string;
  /** 1 to 240, default 60. */
  readonly framesPerSecond: number;
  /** 1 to 16. */
  readonly playersMax: number;
  readonly input: InputDefinition<I>;
  readonly state: StateDefinition<S>;
  readonly setup: (state: S, context: SetupContext) => void;
  readonly step: (state: S, inputs: readonly I[], context: StepContext) => void;
  readonly bots: { readonly [name: string]: Bot<S, I> };
}

/** What {@link defineGame} takes: a {@link Game} with the usual parts optional. */
export type GameOptionsInput<S, I> = Omit<Game<S, I>, 'framesPerSecond' | 'setup' | 'bots'> &
  Partial<Pick<Game<S, I>, 'framesPerSecond' | 'setup' | 'bots'>>;

/**
 * Checks and freezes a game.
 * @throws {SdkError} `invalid-game` naming the part that is missing or out of range.
 */
export function defineGame<S, I>(options: GameOptionsInput<S, I>): Game<S, I> {
  const {
    id,
    version,
    framesPerSecond = 60,
    playersMax,
    input,
    state,
    step,
    setup = () => {},
    bots = {},
  } = options;
  const problem =
    typeof id !== 'string' || id.length < 1 || id.length > 64
      ? 'id must be a string of 1 to 64 characters'
      : typeof version !== 'string' || version.length < 1 || version.length > 32
        ? 'version must be a string of 1 to 32 characters'
        : !Number.isInteger(framesPerSecond) || framesPerSecond < 1 || framesPerSecond > 240
          ? 'framesPerSecond must be an integer from 1 to 240'
          : !Number.isInteger(playersMax) || playersMax < 1 || playersMax > 16
            ? 'playersMax must be an integer from 1 to 16'
            : typeof input?.decodeInto !== 'function'
              ? 'input must come from defineInput({ ... })'
              : typeof state?.createStore !== 'function'
                ? 'state must come from defineState, plainState or customState'
                : typeof step !== 'function' || typeof setup !== 'function'
                  ? 'step and setup must be functions'
                  : undefined;
  if (problem !== undefined) throw new SdkError('invalid-game', `defineGame: ${problem}.`);
  return Object.freeze({
    id,
    version,
    framesPerSecond,
    playersMax,
    input,
    state,
    setup,
    step,
    bots: Object.freeze({ ...bots }),
  });
}
