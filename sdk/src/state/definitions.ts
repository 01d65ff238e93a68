/**
 * The two contracts between a game and the session: how its inputs become bytes, and how its state is saved,
 * loaded and hashed. Everything else in state/ implements one of them.
 */

/** Turns one player's input of one frame into a fixed number of bytes and back. Made by `defineInput`. */
export interface InputDefinition<I> {
  /** Bytes of one encoded input, 1 to 64. The all-zero encoding is the neutral input. */
  readonly byteLength: number;
  /** u32 digest of the layout, compared in the handshake. */
  readonly schemaHash: number;
  /** A fresh neutral input (what `decodeInto` makes of zero bytes). */
  create(): I;
  /**
   * Writes `value` at `offset`. Values out of range are clamped; returns the name of the first field that was
   * clamped or had a wrong type (then its neutral value is written), else `undefined`. Never throws, never allocates.
   */
  encodeInto(value: I, bytes: Uint8Array, offset: number): string | undefined;
  /** Reads bytes at `offset` into `target`, overwriting every field. Total: any valid encoding. Never allocates. */
  decodeInto(bytes: Uint8Array, offset: number, target: I): void;
  /**
   * True if the bytes are a legal encoding: every field in its range and all padding bits zero.
   * A peer's bytes that are not legal are refused. Never throws, never allocates.
   */
  isValid(bytes: Uint8Array, offset: number): boolean;
  /**
   * Makes one input of two, when a frame of input delay is given up and two readings share a frame. All three arguments are encodings of
   * `byteLength` bytes: `previous` took effect last, `earlier` was read after it, `newest` now. The result replaces `earlier`.
   * A button that `earlier` pressed or released keeps that; if `newest` says otherwise again, that follows one frame
   * later, so no press is lost and none is added. Everything else is taken from `newest`. Definitions of one's own may leave it out:
   * then `newest` counts alone. Never throws, never allocates.
   */
  mergeInto?(previous: Uint8Array, earlier: Uint8Array, newest: Uint8Array): void;
}

/** How a state's bytes are kept. Made by `defineState`, `plainState` or `customState`. */
export interface StateDefinition<S> {
  /** Which adapter made it. */
  readonly kind: 'buffer' | 'plain' | 'custom';
  /** u32 digest of the layout (0 for custom states without one), compared in the handshake. */
  readonly schemaHash: number;
  /** Creates one live state with `slotCount` places to save it in. */
  createStore(slotCount: number): StateStore<S>;
}

/** One differing field of two states. */
export interface FieldDifference {
  /** Such as `players[2].x`. */
  readonly path: string;
  readonly left: unknown;
  readonly right: unknown;
}

/**
 * One live state, its random word, and a ring of saved copies.
 * `save`, `load`, `hash` and `hashSlot` allocate nothing for buffer states.
 */
export interface StateStore<S> {
  /** The live state that `step` changes. For buffer states always the same object. */
  readonly state: S;
  /** One word of random state that is saved, loaded and hashed together with the state. */
  readonly randomWords: Int32Array;
  /** Index in `randomWords` of that word. */
  readonly randomIndex: number;
  /** Copies the live state (and the random word) into slot `slot` (0 to slotCount - 1). */
  save(slot: number): void;
  /** Copies slot `slot` back into the live state. */
  load(slot: number): void;
  /** Signed 32-bit hash of the live state and the random word. */
  hash(): number;
  /** The same hash for a saved slot. Must equal what `hash()` gave when it was saved. */
  hashSlot(slot: number): number;
  /** Copies a saved slot into the live state of `other` (same definition): for drawing and comparison. */
  copySlotTo(slot: number, other: StateStore<S>): void;
  /** The live state as bytes that {@link deserialize} takes on another machine. */
  serialize(): Uint8Array;
  /** Replaces the live state; false (and no change) if the bytes are not a serialised state of this definition. */
  deserialize(bytes: Uint8Array): boolean;
  /** Differences between this live state and another's, at most `limit` (default 64). */
  differences(other: StateStore<S>, limit?: number): readonly FieldDifference[];
  /** Path of the first NaN or -0 in the live state, or `undefined`. Development only: it may be slow. */
  findUnsafeNumber(): string | undefined;
}
