/**
 * `plainState`: a game state of ordinary objects and arrays, copied, hashed and written by Rollmesh.
 *
 * The comfortable way for small states: a save is a deep copy, several hundred times slower than `defineState`
 * (docs/determinism.md). Every load puts a fresh copy in place, so the live state is another object afterwards:
 * `step` gets it as its argument, others read `match.state` anew each frame.
 */
import { SdkError } from '../base/errors.js';
import { decodeUtf8, encodeUtf8 } from '../base/utf8.js';
import type { FieldDifference, StateDefinition, StateStore } from './definitions.js';
import {
  comparePlain,
  copyChecked,
  copyPlain,
  findUnsafePlain,
  hashPlain,
  readPlain,
  writePlain,
} from './plain-values.js';
import { joinRandomWord, splitRandomWord } from './random-word.js';

/**
 * A state of JSON-like values.
 *
 * Saving, hashing and creating throw `SdkError('invalid-state')` with the path of anything that cannot be rolled
 * back: NaN, `undefined`, functions, class instances, cycles, one object in two places.
 * @param create makes the state before `setup`; called once per store.
 * @throws {SdkError} `invalid-state` if `create` is no function.
 */
export function plainState<S extends object>(create: () => S): StateDefinition<S> {
  if (typeof create !== 'function')
    throw new SdkError(
      'invalid-state',
      'plainState needs a function that creates the state: plainState(() => ({ round: 0 })).',
    );
  return Object.freeze({
    kind: 'plain' as const,
    // Plain values have no layout to compare; a different shape shows as a desync at frame 0.
    schemaHash: 0,
    createStore: (slotCount: number): StateStore<S> => new PlainStore(copyPlain(create()), slotCount),
  });
}

class PlainStore<S extends object> implements StateStore<S> {
  readonly randomWords: Int32Array = new Int32Array(1);
  readonly randomIndex: number = 0;
  readonly #saved: (S | undefined)[];
  readonly #savedRandom: Int32Array;
  #state: S;

  constructor(state: S, slotCount: number) {
    this.#state = state;
    this.#saved = Array.from({ length: slotCount }, () => undefined);
    this.#savedRandom = new Int32Array(slotCount);
  }

  get state(): S {
    return this.#state;
  }

  save(slot: number): void {
    if (!(slot in this.#saved)) throw this.#noSlot(slot);
    this.#saved[slot] = copyPlain(this.#state);
    this.#savedRandom[slot] = this.randomWords[0] as number;
  }

  load(slot: number): void {
    this.#state = copyChecked(this.#filled(slot));
    this.randomWords[0] = this.#savedRandom[slot] as number;
  }

  hash(): number {
    return hashPlain(this.#state, this.randomWords[0] as number);
  }

  hashSlot(slot: number): number {
    return hashPlain(this.#filled(slot), this.#savedRandom[slot] as number);
  }

  copySlotTo(slot: number, other: StateStore<S>): void {
    if (!(other instanceof PlainStore))
      throw new SdkError(
        'invalid-argument',
        'The two states come from different definitions. Create both stores with the same plainState result.',
      );
    other.#state = copyChecked(this.#filled(slot));
    other.randomWords[0] = this.#savedRandom[slot] as number;
  }

  serialize(): Uint8Array {
    return joinRandomWord(this.randomWords[0] as number, encodeUtf8(writePlain(copyPlain(this.#state))));
  }

  deserialize(bytes: Uint8Array): boolean {
    const parts = splitRandomWord(bytes);
    const text = parts === undefined ? undefined : decodeUtf8(parts.rest);
    const state = text === undefined ? undefined : readPlain(text);
    if (parts === undefined || typeof state !== 'object' || state === null) return false;
    if (Array.isArray(state) !== Array.isArray(this.#state)) return false;
    this.#state = state as S;
    this.randomWords[0] = parts.randomWord;
    return true;
  }

  differences(other: StateStore<S>, limit = 64): readonly FieldDifference[] {
    const found: FieldDifference[] = [];
    const left = (this.randomWords[0] as number) >>> 0;
    const right = (other.randomWords[other.randomIndex] as number) >>> 0;
    if (left !== right && limit > 0) found.push({ path: '(random)', left, right });
    comparePlain(this.#state, other.state, { path: '', limit, found });
    return found;
  }

  findUnsafeNumber(): string | undefined {
    return findUnsafePlain(this.#state);
  }

  #filled(slot: number): S {
    const saved = this.#saved[slot];
    if (saved === undefined) throw this.#noSlot(slot);
    return saved;
  }

  #noSlot(slot: number): SdkError {
    return new SdkError(
      'invalid-argument',
      `Slot ${slot} does not exist or was never saved: this store has ${this.#saved.length} slots, from 0.`,
    );
  }
}
