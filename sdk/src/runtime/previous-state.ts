/**
 * The state one frame before the current one, for interpolated drawing.
 *
 * The session keeps its saved states to itself, so the game it gets is a copy whose state store notes where the
 * state before the latest step lies: usually in the slot that the session saved or loaded just before, so that
 * looking back costs no copy until somebody draws.
 */
import type { Game, StepContext } from '../session/game.js';
import type { FieldDifference, StateDefinition, StateStore } from '../state/definitions.js';

/** A game to hand to a session, and a view of the frame before. */
export interface TappedGame<S, I> {
  readonly game: Game<S, I>;
  /** The state one frame before the current one; `undefined` before frame 1. Valid until the next step. */
  previous(): S | undefined;
}

/** Wraps a game so that the state before its latest step stays visible. */
export function tapPreviousState<S, I>(game: Game<S, I>): TappedGame<S, I> {
  /** Weak: a session makes new stores when it comes back into its match, and copies of states for newcomers. */
  let stores: WeakRef<TappedStore<S>>[] = [];
  let timeline: TappedStore<S> | undefined;
  const storeOf = (state: S): TappedStore<S> | undefined => {
    for (const store of stores) {
      const found = store.deref();
      if (found?.state === state) return found;
    }
    return undefined;
  };
  const definition: StateDefinition<S> = {
    kind: game.state.kind,
    schemaHash: game.state.schemaHash,
    createStore(slotCount: number): StateStore<S> {
      const store = new TappedStore(game.state, slotCount);
      stores = [...stores.filter((known) => known.deref() !== undefined), new WeakRef(store)];
      return store;
    },
  };
  const step = (state: S, inputs: readonly I[], context: StepContext): void => {
    if (timeline?.state !== state) timeline = storeOf(state) ?? timeline;
    if (timeline?.state === state) timeline.noteStep();
    game.step(state, inputs, context);
  };
  return {
    game: Object.freeze({ ...game, state: definition, step }),
    previous: () => timeline?.previous(),
  };
}

/** A store with one more slot, which remembers the slot that holds the state before the latest step. */
class TappedStore<S> implements StateStore<S> {
  readonly #definition: StateDefinition<S>;
  readonly #inner: StateStore<S>;
  readonly #spareSlot: number;
  /** The slot equal to the live state, or -1: a step changed it since. */
  #equalSlot = -1;
  #previousSlot = -1;
  #drawn: StateStore<S> | undefined;
  #drawnIsFresh = false;

  constructor(definition: StateDefinition<S>, slotCount: number) {
    this.#definition = definition;
    this.#inner = definition.createStore(slotCount + 1);
    this.#spareSlot = slotCount;
  }

  get state(): S {
    return this.#inner.state;
  }

  get randomWords(): Int32Array {
    return this.#inner.randomWords;
  }

  get randomIndex(): number {
    return this.#inner.randomIndex;
  }

  save(slot: number): void {
    // A session with a single slot (lockstep) overwrites the frame before: keep it first.
    if (slot === this.#previousSlot) this.#refreshDrawn();
    this.#inner.save(slot);
    this.#equalSlot = slot;
  }

  load(slot: number): void {
    this.#inner.load(slot);
    this.#equalSlot = slot;
  }

  noteStep(): void {
    if (this.#equalSlot < 0) {
      this.#inner.save(this.#spareSlot);
      this.#equalSlot = this.#spareSlot;
    }
    this.#previousSlot = this.#equalSlot;
    this.#equalSlot = -1;
    this.#drawnIsFresh = false;
  }

  previous(): S | undefined {
    if (this.#previousSlot < 0) return undefined;
    this.#refreshDrawn();
    return this.#drawn?.state;
  }

  #refreshDrawn(): void {
    if (this.#drawnIsFresh) return;
    this.#drawn ??= this.#definition.createStore(1);
    this.#inner.copySlotTo(this.#previousSlot, this.#drawn);
    this.#drawnIsFresh = true;
  }

  hash(): number {
    return this.#inner.hash();
  }

  hashSlot(slot: number): number {
    return this.#inner.hashSlot(slot);
  }

  copySlotTo(slot: number, other: StateStore<S>): void {
    if (other instanceof TappedStore) other.#equalSlot = -1;
    this.#inner.copySlotTo(slot, bare(other));
  }

  serialize(): Uint8Array {
    return this.#inner.serialize();
  }

  deserialize(bytes: Uint8Array): boolean {
    const taken = this.#inner.deserialize(bytes);
    if (taken) this.#equalSlot = -1;
    return taken;
  }

  differences(other: StateStore<S>, limit?: number): readonly FieldDifference[] {
    return limit === undefined
      ? this.#inner.differences(bare(other))
      : this.#inner.differences(bare(other), limit);
  }

  findUnsafeNumber(): string | undefined {
    return this.#inner.findUnsafeNumber();
  }

  /** The store behind this one: stores only understand others of their own definition. */
  get inner(): StateStore<S> {
    return this.#inner;
  }
}

function bare<S>(store: StateStore<S>): StateStore<S> {
  return store instanceof TappedStore ? store.inner : store;
}
