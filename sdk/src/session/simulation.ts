/**
 * The game's state and its steps: gathers inputs (true ones, else the newest repeated), steps, saves, loads, hashes.
 * Knows nothing of peers, packets or time.
 */
import { HASH_RING_FRAMES, LOG_FRAMES } from '../base/limits.js';
import { WordRandom } from '../base/prng.js';
import { hashWords } from '../base/state-hash.js';
import type { StateStore } from '../state/definitions.js';
import {
  type DeterminismGuard,
  type DeterminismReport,
  installDeterminismGuard,
} from '../state/determinism-guard.js';
import type { StepLog } from '../wire/step-log.js';
import { EffectLedger } from './effects.js';
import type { Bot, EffectData, Game, GameOptions, SlotState, StepContext } from './game.js';
import { SLOT_STATES, type SlotLog } from './slot-log.js';

/** What a simulation is made of. */
export interface SimulationOptions<S, I> {
  readonly game: Game<S, I>;
  readonly seed: number;
  readonly options: GameOptions;
  /** One log per slot, playersMax of them. */
  readonly logs: readonly SlotLog[];
  /** Slots that are played at frame 0. */
  readonly playerCount: number;
  /** The state comes from elsewhere later: there is no setup. */
  readonly isBlank: boolean;
  readonly predictionFramesMax: number;
  /** States kept beyond the prediction window. */
  readonly statesKept: number;
  /** Who plays the slot of a lost peer; `undefined`: nobody (vacant). */
  readonly lostBot: Bot<S, I> | undefined;
  /** What plays the slot of a late peer: its last input repeated, the neutral one, or a bot. */
  readonly lateInput: 'neutral' | 'repeat' | Bot<S, I>;
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
  /** Newest frame that was ever saved: it overwrote the one that is a whole ring before it. */
  #frameSaved = 0;
  /** Frame of the state that it began with. */
  #frameFirst = 0;
  /** Frames are stepped once more that others have told of long ago: nothing is announced. */
  #isMute = false;
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
  readonly #lateInput: SimulationOptions<S, I>['lateInput'];
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
    this.#lateInput = options.lateInput;
    this.#cellBytes = game.input.byteLength;
    let ring = 16;
    while (ring < options.predictionFramesMax + options.statesKept + 4) ring *= 2;
    this.#ringMask = ring - 1;
    this.store = game.state.createStore(ring);
    this.effects = new EffectLedger(options.predictionFramesMax);
    this.slots = logs.map((log) => (log.isActive ? 'active' : 'vacant'));
    this.#inputs = Array.from({ length: game.playersMax }, () => game.input.create());
    this.#decoded = new Uint8Array(game.playersMax * this.#cellBytes);
    const random = new WordRandom(this.store.randomWords, this.store.randomIndex);
    this.#botContext = { frame: 0, random: new WordRandom(this.#botWords) };
    this.#context = {
      frame: 0,
      random,
      slots: this.slots,
      options: options.options,
      emit: (name: string, data: EffectData = null, emitOptions?: { readonly key?: string | number }) => {
        if (!this.#isMute) this.effects.announce(this.#context.frame, name, data, emitOptions?.key);
      },
    };
    this.#onWarning = options.onWarning;
    this.#guard = options.onWarning === undefined ? undefined : installDeterminismGuard();
    this.store.randomWords[this.store.randomIndex] = this.#seed;
    if (!options.isBlank)
      this.#guarded(0, () =>
        game.setup(this.store.state, { playerCount: options.playerCount, options: options.options, random }),
      );
    this.store.save(0);
    this.confirm(0);
  }

  /** Computes the next frame from the logs. */
  step(): void {
    const frame = this.frame + 1;
    for (let slot = 0; slot < this.#logs.length; slot += 1) this.#gather(this.#logs[slot] as SlotLog, frame);
    this.#run(frame);
    this.#save();
    this.effects.stepped(frame);
  }

  #run(frame: number): void {
    this.#context.frame = frame;
    if (this.#guard === undefined) this.#game.step(this.store.state, this.#inputs, this.#context);
    else this.#guarded(frame, () => this.#game.step(this.store.state, this.#inputs, this.#context));
    this.frame = frame;
  }

  #save(): void {
    this.store.save(this.frame & this.#ringMask);
    if (this.frame > this.#frameSaved) this.#frameSaved = this.frame;
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
    const control = log.controlAt(frame);
    if (control === 'owner') {
      if (this.slots[log.slot] !== 'active') this.slots[log.slot] = 'active';
      log.played[frame & (LOG_FRAMES - 1)] = 0;
      const cells = log.cells.bytes;
      const at = log.cells.offsetOf(frame <= log.received ? frame : log.received);
      for (let index = 0; index < size; index += 1) used[usedAt + index] = cells[at + index] as number;
    } else if (control === 'substitute') this.#gatherLate(log, frame, usedAt);
    else this.#gatherGone(log, frame, control === 'lost' ? this.#lostBot : undefined);
    this.#decode(log, usedAt);
  }

  /** Makes an object of a slot's input where it is not that of the frame before. */
  #decode(log: SlotLog, usedAt: number): void {
    const size = this.#cellBytes;
    const used = log.used.bytes;
    const decodedAt = log.slot * size;
    for (let index = 0; index < size; index += 1) {
      if (this.#decoded[decodedAt + index] === used[usedAt + index]) continue;
      for (let rest = index; rest < size; rest += 1)
        this.#decoded[decodedAt + rest] = used[usedAt + rest] as number;
      this.#game.input.decodeInto(this.#decoded, decodedAt, this.#inputs[log.slot] as I);
      return;
    }
  }

  /** The owner is late: the same substitute on every peer, computed from agreed facts alone. */
  #gatherLate(log: SlotLog, frame: number, usedAt: number): void {
    const { used, cells } = log;
    const substitute = this.#lateInput;
    this.slots[log.slot] = 'substituted';
    log.played[frame & (LOG_FRAMES - 1)] = 2;
    if (typeof substitute === 'function') this.#askBot(substitute, log, frame);
    else {
      const from = substitute === 'repeat' ? cells.offsetOf(log.periodStart(frame) - 1) : -1;
      for (let index = 0; index < this.#cellBytes; index += 1)
        used.bytes[usedAt + index] = from < 0 ? 0 : (cells.bytes[from + index] as number);
    }
  }

  #gatherGone(log: SlotLog, frame: number, bot: Bot<S, I> | undefined): void {
    this.slots[log.slot] = bot === undefined ? 'vacant' : 'substituted';
    log.played[frame & (LOG_FRAMES - 1)] = bot === undefined ? 1 : 2;
    const at = log.used.offsetOf(frame);
    // By hand, not with fill: that is a call into the engine for a few bytes of each empty slot in each step.
    if (bot === undefined)
      for (let index = 0; index < this.#cellBytes; index += 1) log.used.bytes[at + index] = 0;
    else this.#askBot(bot, log, frame);
  }

  #askBot(bot: Bot<S, I>, log: SlotLog, frame: number): void {
    const at = log.used.offsetOf(frame);
    log.used.bytes.fill(0, at, at + this.#cellBytes);
    // The bot's stream depends on seed, slot and frame alone: nothing to save, nothing to roll back.
    this.#botWords[0] = hashWords(new Int32Array([this.#seed, log.slot, frame]));
    this.#botContext.frame = frame;
    this.#game.input.encodeInto(bot(this.store.state, log.slot, this.#botContext), log.used.bytes, at);
  }

  /** Takes a serialised state as that after `frame`; false (and no change) if it is none. */
  startFrom(frame: number, state: Uint8Array): boolean {
    if (!this.store.deserialize(state)) return false;
    this.frame = frame;
    this.settle();
    return true;
  }

  /** Takes the state after `frame`, which `copyTo` puts into the store: {@link replay} goes on from there. */
  resumeFrom(frame: number, copyTo: (store: StateStore<S>) => void): void {
    copyTo(this.store);
    this.frame = frame;
  }

  /**
   * Steps the next frame with what `log` says that it was stepped with; the last one is saved and confirmed, those before are
   * on the way only.
   */
  replay({ from, count, slots }: StepLog): void {
    const frame = this.frame + 1;
    const at = frame - from - 1;
    const size = this.#cellBytes;
    for (const [slot, { states, cells }] of slots.entries()) {
      const log = this.#logs[slot] as SlotLog;
      const played = states[at] as number;
      log.played[frame & (LOG_FRAMES - 1)] = played;
      this.slots[slot] = SLOT_STATES[played] as SlotState;
      const usedAt = log.used.offsetOf(frame);
      log.used.bytes.set(cells.subarray(at * size, (at + 1) * size), usedAt);
      this.#decode(log, usedAt);
    }
    this.#isMute = true;
    try {
      this.#run(frame);
    } finally {
      this.#isMute = false;
    }
    if (frame === from + count) this.settle();
  }

  /** The state that is there now is one to go on from: saves and confirms it. */
  settle(): void {
    this.#frameFirst = this.frame;
    this.#save();
    this.confirm(this.frame);
  }

  /** A store with a copy of the state after `frame`, which must still be kept. */
  copyOf(frame: number): StateStore<S> {
    const copy = this.#game.state.createStore(1);
    this.copyTo(frame, copy);
    return copy;
  }

  /** Copies the state after `frame`, which must still be kept, into the live state of another store. */
  copyTo(frame: number, store: StateStore<S>): void {
    this.store.copySlotTo(frame & this.#ringMask, store);
  }

  /** True if the state after `frame` is still kept. */
  keeps(frame: number): boolean {
    return frame >= this.#frameFirst && this.#frameSaved - frame < this.framesKept;
  }

  /** Frames whose states are kept, the newest one included. */
  get framesKept(): number {
    return this.#ringMask + 1;
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
