/**
 * `customState`: for a game that brings its own state: an ECS, WASM memory, a physics world, an emulator.
 *
 * Rollmesh keeps what `save` returns, one per saved frame, and the random word beside it. The hash is taken when a
 * frame is saved, since only then is the state at hand: one `hash` call per save, re-simulated frames included.
 */
import { SdkError } from '../base/errors.js';
import { hashBytes, hashWords } from '../base/state-hash.js';
import { encodeUtf8 } from '../base/utf8.js';
import type { FieldDifference, StateDefinition, StateStore } from './definitions.js';
import { joinRandomWord, splitRandomWord } from './random-word.js';

/** What {@link customState} needs to know about a state. */
export interface CustomStateOptions<S, Saved> {
  /** A new state. Called once per store: a session has one or two. */
  create(): S;
  /** A copy of everything that may change; later changes of the state must not show in it. */
  save(state: S): Saved;
  /** Puts a copy back. The same copy may be loaded several times, also into another state that `create` made. */
  load(state: S, saved: Saved): void;
  /** Any 32-bit hash: equal states, equal hash, on every peer. Only the lower 32 bits count. */
  hash(state: S): number;
  /** The state as bytes, for a joining peer. Equal states must give equal bytes on every peer: members vouch for them by hash. */
  serialize(state: S): Uint8Array;
  /** A state from such bytes, a copy of its own that may be kept. They come from a peer: throw if they are not right. */
  deserialize(bytes: Uint8Array): S;
  /** Names the layout; peers with different texts refuse each other. Default: none. */
  readonly schema?: string;
  /** Names what differs, for reports. Default: only that the hashes differ. */
  differences?(left: S, right: S): readonly FieldDifference[];
}

/**
 * A state kept by the game's own functions.
 * After a state was deserialised, `match.state` is the object that `deserialize` returned.
 * @throws {SdkError} `invalid-state` if a function is missing.
 */
export function customState<S, Saved>(options: CustomStateOptions<S, Saved>): StateDefinition<S> {
  for (const name of ['create', 'save', 'load', 'hash', 'serialize', 'deserialize'] as const) {
    if (typeof options?.[name] !== 'function')
      throw new SdkError('invalid-state', `customState: ${name} is missing. It must be a function.`);
  }
  const schemaHash =
    options.schema === undefined ? 0 : hashBytes(encodeUtf8(`custom;${options.schema}`)) >>> 0;
  return Object.freeze({
    kind: 'custom' as const,
    schemaHash,
    createStore: (slotCount: number): StateStore<S> => new CustomStore(options, slotCount),
  });
}

/** One saved frame. `isFilled` since a game's copy may be anything, `undefined` included. */
interface CustomSlot<Saved> {
  isFilled: boolean;
  saved: Saved | undefined;
  randomWord: number;
  hash: number;
}

class CustomStore<S, Saved> implements StateStore<S> {
  readonly randomWords: Int32Array = new Int32Array(1);
  readonly randomIndex: number = 0;
  readonly #options: CustomStateOptions<S, Saved>;
  readonly #slots: readonly CustomSlot<Saved>[];
  readonly #hashPair = new Int32Array(2);
  #state: S;

  constructor(options: CustomStateOptions<S, Saved>, slotCount: number) {
    this.#options = options;
    this.#state = options.create();
    this.#slots = Array.from({ length: slotCount }, () => ({
      isFilled: false,
      saved: undefined,
      randomWord: 0,
      hash: 0,
    }));
  }

  get state(): S {
    return this.#state;
  }

  save(slot: number): void {
    const target = this.#slots[slot];
    if (target === undefined) throw noSlot(slot, this.#slots.length);
    target.saved = this.#options.save(this.#state);
    target.randomWord = this.randomWords[0] as number;
    target.hash = this.hash();
    target.isFilled = true;
  }

  load(slot: number): void {
    const { saved, randomWord } = this.#filled(slot);
    this.#options.load(this.#state, saved as Saved);
    this.randomWords[0] = randomWord;
  }

  hash(): number {
    this.#hashPair[0] = this.#options.hash(this.#state);
    this.#hashPair[1] = this.randomWords[0] as number;
    return hashWords(this.#hashPair);
  }

  hashSlot(slot: number): number {
    return this.#filled(slot).hash;
  }

  copySlotTo(slot: number, other: StateStore<S>): void {
    const { saved, randomWord } = this.#filled(slot);
    this.#options.load(other.state, saved as Saved);
    other.randomWords[other.randomIndex] = randomWord;
  }

  serialize(): Uint8Array {
    const bytes: unknown = this.#options.serialize(this.#state);
    if (!(bytes instanceof Uint8Array))
      throw new SdkError(
        'invalid-state',
        `customState: serialize returned ${bytes === null ? 'null' : typeof bytes}. It must return a Uint8Array.`,
      );
    return joinRandomWord(this.randomWords[0] as number, bytes);
  }

  deserialize(bytes: Uint8Array): boolean {
    const parts = splitRandomWord(bytes);
    if (parts === undefined) return false;
    try {
      this.#state = this.#options.deserialize(parts.rest.slice());
    } catch {
      return false;
    }
    this.randomWords[0] = parts.randomWord;
    return true;
  }

  differences(other: StateStore<S>, limit = 64): readonly FieldDifference[] {
    const left = this.#options.hash(this.#state) >>> 0;
    const right = this.#options.hash(other.state) >>> 0;
    const named = this.#options.differences?.(this.#state, other.state) ?? [];
    const found = named.length === 0 && left !== right ? [{ path: '(hash)', left, right }] : [...named];
    const leftRandom = (this.randomWords[0] as number) >>> 0;
    const rightRandom = (other.randomWords[other.randomIndex] as number) >>> 0;
    if (leftRandom !== rightRandom) found.unshift({ path: '(random)', left: leftRandom, right: rightRandom });
    return found.slice(0, limit);
  }

  /** Nothing is known about the numbers of a custom state. */
  findUnsafeNumber(): undefined {
    return undefined;
  }

  #filled(slot: number): CustomSlot<Saved> {
    const saved = this.#slots[slot];
    if (saved === undefined || !saved.isFilled) throw noSlot(slot, this.#slots.length);
    return saved;
  }
}

function noSlot(slot: number, slotCount: number): SdkError {
  return new SdkError(
    'invalid-argument',
    `Slot ${slot} does not exist or was never saved: this store has ${slotCount} slots, from 0.`,
  );
}
