/**
 * The game's state and its steps: gathers inputs (true ones, else the newest repeated), steps, saves, loads, hashes.
 * Knows nothing of peers, packets or time.
 */
import { HASH_RING_FRAMES } from '../base/limits.js';
import { WordRandom } from '../base/prng.js';
import { hashWords } from '../base/state-hash.js';
import type { StateStore } from '../state/definitions.js';
import {
  type DeterminismGuard,
  type DeterminismReport,
  installDeterminismGuard,
} from '../state/determinism-guard.js';
import { EffectLedger } from './effects.js';
import type { Bot, EffectData, Game, GameOptions, SlotState, StepContext } from './game.js';
import { NO_FRAME, type SlotLog } from './slot-log.js';

/** What a simulation is made of. */
export interface SimulationOptions<S, I> {
  readonly game: Game<S, I>;
  readonly seed: number;
  readonly options: GameOptions;
  readonly logs: readonly SlotLog[];
  readonly predictionFramesMax: number;
  /** States kept beyond the prediction window. */
  readonly statesKept: number;
  /** Who plays a slot after its cut; `undefined`: nobody (vacant). */
  readonly lostBot: Bot<S, I> | undefined;
  /** Reports engine-dependent calls of a step; `undefined` in production. */
  readonly onWarning: ((report: DeterminismReport) => void) | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One timeline of one game. */
export class Simulation<S, I> {
  readonly store: StateStore<S>;
  readonly effects: EffectLedger;
  readonly slots: SlotState[];
  /** Newest simulated frame. */
  frame = 0;
  readonly #game: Game<S, I>;
  readonly #logs: readonly SlotLog[];
  readonly #inputs: I[];
  /** Bytes that `#inputs` was decoded from, slot by slot. */
  readonly #decoded: Uint8Array;
  readonly #cellBytes: number;
  readonly #ringMask: number;
  readonly #hashes = new Int32Array(HASH_RING_FRAMES);
  readonly #context: Mutable<StepContext>;
  readonly #lostBot: Bot<S, I> | undefined;
  readonly #botWords = new Int32Array(1);
  readonly #botContext: { frame: number; random: WordRandom };
  readonly #seed: number;
  readonly #guard: DeterminismGuard | undefined;
  readonly #onWarning: ((report: DeterminismReport) => void) | undefined;

  constructor(options: SimulationOptions<S, I>) {
    const { game, logs } = options;
    this.#game = game;
    this.#logs = logs;
    this.#seed = options.seed | 0;
    this.#lostBot = options.lostBot;
    this.#cellBytes = game.input.byteLength;
    let ring = 16;
    while (ring < options.predictionFramesMax + options.statesKept + 4) ring *= 2;
    this.#ringMask = ring - 1;
    this.store = game.state.createStore(ring);
    this.effects = new EffectLedger(options.predictionFramesMax);
    this.slots = Array.from({ length: game.playersMax }, (_, slot) =>
      slot < logs.length ? 'active' : 'vacant',
    );
    this.#inputs = Array.from({ length: game.playersMax }, () => game.input.create());
    this.#decoded = new Uint8Array(game.playersMax * this.#cellBytes);
    const random = new WordRandom(this.store.randomWords, this.store.randomIndex);
    this.#botContext = { frame: 0, random: new WordRandom(this.#botWords) };
    this.#context = {
      frame: 0,
      random,
      slots: this.slots,
      options: options.options,
      emit: (name: string, data: EffectData = null, emitOptions?: { readonly key?: string | number }) =>
        this.effects.announce(this.#context.frame, name, data, emitOptions?.key),
    };
    this.#onWarning = options.onWarning;
    this.#guard = options.onWarning === undefined ? undefined : installDeterminismGuard();
    this.store.randomWords[this.store.randomIndex] = this.#seed;
    this.#guarded(0, () =>
      game.setup(this.store.state, { playerCount: logs.length, options: options.options, random }),
    );
    this.store.save(0);
    this.confirm(0);
  }

  /** Computes the next frame from the logs. */
  step(): void {
    const frame = this.frame + 1;
    for (let slot = 0; slot < this.#logs.length; slot += 1) this.#gather(this.#logs[slot] as SlotLog, frame);
    this.#context.frame = frame;
    if (this.#guard === undefined) this.#game.step(this.store.state, this.#inputs, this.#context);
    else this.#guarded(frame, () => this.#game.step(this.store.state, this.#inputs, this.#context));
    this.frame = frame;
    this.store.save(frame & this.#ringMask);
    this.effects.stepped(frame);
  }

  #guarded(frame: number, run: () => void): void {
    const guard = this.#guard;
    if (guard === undefined || this.#onWarning === undefined) {
      run();
      return;
    }
    guard.enter(frame, this.#onWarning);
    try {
      run();
    } finally {
      guard.leave();
    }
  }

  /** Decides one slot's input of `frame`, notes it in `used` and decodes it if it changed. */
  #gather(log: SlotLog, frame: number): void {
    const size = this.#cellBytes;
    const used = log.used.bytes;
    const usedAt = log.used.offsetOf(frame);
    const decodedAt = log.slot * size;
    if (frame > log.cut) {
      this.#gatherLost(log, frame, usedAt);
    } else {
      if (log.cut !== NO_FRAME && this.slots[log.slot] !== 'active') this.slots[log.slot] = 'active';
      const cells = log.cells.bytes;
      const at = log.cells.offsetOf(frame <= log.received ? frame : log.received);
      for (let index = 0; index < size; index += 1) used[usedAt + index] = cells[at + index] as number;
    }
    for (let index = 0; index < size; index += 1) {
      if (this.#decoded[decodedAt + index] === used[usedAt + index]) continue;
      for (let rest = index; rest < size; rest += 1)
        this.#decoded[decodedAt + rest] = used[usedAt + rest] as number;
      this.#game.input.decodeInto(this.#decoded, decodedAt, this.#inputs[log.slot] as I);
      return;
    }
  }

  #gatherLost(log: SlotLog, frame: number, usedAt: number): void {
    const used = log.used.bytes;
    for (let index = 0; index < this.#cellBytes; index += 1) used[usedAt + index] = 0;
    this.slots[log.slot] = this.#lostBot === undefined ? 'vacant' : 'substituted';
    if (this.#lostBot === undefined) return;
    // The bot's stream depends on seed, slot and frame alone: nothing to save, nothing to roll back.
    this.#botWords[0] = hashWords(new Int32Array([this.#seed, log.slot, frame]));
    this.#botContext.frame = frame;
    this.#game.input.encodeInto(this.#lostBot(this.store.state, log.slot, this.#botContext), used, usedAt);
  }

  /** True if the state after `frame` is still kept. */
  keeps(frame: number): boolean {
    return frame >= 0 && this.frame - frame <= this.#ringMask;
  }

  /** Goes back to the state after `frame`, which must be within the prediction window. */
  rollbackTo(frame: number): void {
    this.effects.rollbackTo(frame + 1, this.frame);
    this.store.load(frame & this.#ringMask);
    this.frame = frame;
  }

  /** Undoes a step that threw half-way. */
  restoreAfterThrow(): void {
    this.store.load(this.frame & this.#ringMask);
  }

  /** Hashes the saved state of `frame`, keeps and returns the hash (signed). */
  confirm(frame: number): number {
    const hash = frame === this.frame ? this.store.hash() : this.store.hashSlot(frame & this.#ringMask);
    this.#hashes[frame & (HASH_RING_FRAMES - 1)] = hash;
    return hash;
  }

  /** Kept hash of a confirmed frame (signed). The caller checks that it is still kept. */
  hashOf(frame: number): number {
    return this.#hashes[frame & (HASH_RING_FRAMES - 1)] as number;
  }

  /** Inputs that `frame` was simulated with, decoded into fresh objects. */
  inputsOf(frame: number): I[] {
    return this.#inputs.map((_, slot) => {
      const value = this.#game.input.create();
      const log = this.#logs[slot];
      if (log !== undefined) this.#game.input.decodeInto(log.used.bytes, log.used.offsetOf(frame), value);
      return value;
    });
  }
}
