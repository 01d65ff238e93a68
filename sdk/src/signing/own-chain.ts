/**
 * Our own signed batches. The one promise of this file: no number of the chain, and no frame of a slot in an epoch, is ever
 * signed twice, whatever happens to the match around it.
 */
import { BATCH_BYTES_MAX, BATCH_FRAMES_MAX, BATCHES_KEPT } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import {
  type BatchNonce,
  type BatchSpan,
  encodeBatch,
  HASH_BYTES,
  spanFrames,
} from '../wire/signed-batch.js';
import type { SignedBytes } from '../wire/signing-messages.js';
import { hashOfBatch, type InputSigner, signedText } from './input-signer.js';
import type { SigningSession } from './signing-types.js';

/** Bytes of a batch besides spans and nonces: more than it has. */
const HEAD_BYTES = 360;
/** Bytes of a nonce and its peer's id, at most; of a span besides its cells. */
const NONCE_ENTRY_BYTES = 81;
const SPAN_HEAD_BYTES = 10;

/** One batch of ours. */
export interface OwnBatch extends SignedBytes {
  readonly sequence: number;
  readonly hash: Uint8Array;
}

/** What the chain is made of. */
export interface OwnChainOptions {
  readonly matchId: string;
  readonly self: PeerId;
  readonly signer: InputSigner;
  readonly session: SigningSession;
}

/** Signs what this peer played. */
export class OwnChain {
  readonly #options: OwnChainOptions;
  readonly #kept: OwnBatch[] = [];
  /** Slot and epoch -> newest frame signed. */
  readonly #signedTo = new Map<number, number>();
  /** Slot -> first frame to look at. */
  #next: number[] = [];
  #sequence = 0;
  #previous: Uint8Array = new Uint8Array(HASH_BYTES);

  constructor(options: OwnChainOptions) {
    this.#options = options;
  }

  /** The newest batch. */
  get head(): OwnBatch | undefined {
    return this.#kept.at(-1);
  }

  /** A batch that is still kept. */
  at(sequence: number): OwnBatch | undefined {
    return this.#kept.find((batch) => batch.sequence === sequence);
  }

  /** The session goes on from another state: all its frames are looked at again. */
  restart(): void {
    this.#next = [];
  }

  /**
   * Signs what is final and not signed yet, as much as fits, and that these nonces were seen. One call at a time.
   * @returns the batch, or `undefined` if there is nothing to sign
   */
  async sign(nonces: readonly BatchNonce[]): Promise<OwnBatch | undefined> {
    const { matchId, self: peer, signer, session } = this.#options;
    const spans = this.#collect(BATCH_BYTES_MAX - HEAD_BYTES - nonces.length * NONCE_ENTRY_BYTES);
    if (spans.length === 0 && nonces.length === 0) return undefined;
    const { cellBytes } = session;
    const sequence = this.#sequence;
    const previous = this.#previous;
    const key = signer.publicKey;
    const bytes = encodeBatch({ matchId, peer, key, sequence, previous, nonces, cellBytes, spans });
    const hash = await hashOfBatch(bytes);
    // Noted once a signature is asked for, whether or not it comes: what may be signed is not signed again.
    this.#sequence += 1;
    this.#previous = hash;
    for (const span of spans) this.#note(span);
    const batch = { sequence, hash, bytes, signature: await signer.sign(signedText(bytes)) };
    this.#kept.push(batch);
    if (this.#kept.length > BATCHES_KEPT) this.#kept.shift();
    return batch;
  }

  #collect(budgetBytes: number): BatchSpan[] {
    const { self, session } = this.#options;
    const { cellBytes, slotCount } = session;
    const worstBytes = cellBytes + ((cellBytes + 7) >> 3) + 1;
    const spans: BatchSpan[] = [];
    let left = budgetBytes;
    for (let slot = 0; slot < slotCount; slot += 1) {
      const frames = Math.min(BATCH_FRAMES_MAX, Math.floor((left - SPAN_HEAD_BYTES) / worstBytes));
      if (frames < 1) break;
      const span = this.#spanOf(slot, frames, self);
      if (span === undefined) continue;
      spans.push(span);
      left -= SPAN_HEAD_BYTES + spanFrames(span, cellBytes) * worstBytes;
    }
    return spans;
  }

  /** The next run of own frames of a slot that was not signed yet. */
  #spanOf(slot: number, framesMax: number, self: PeerId): BatchSpan | undefined {
    const { session } = this.#options;
    let first = this.#next[slot] ?? 1;
    for (;;) {
      const span = session.inputSpan(slot, first, framesMax);
      if (span === undefined) return undefined;
      const signedTo = this.#signedTo.get(keyOf(span)) ?? 0;
      if (span.owner === self && span.first > signedTo) return span;
      // Somebody else's, or signed before the session began anew.
      const end = span.first + spanFrames(span, session.cellBytes);
      // Not beyond this run: what is signed of its epoch may have been played on another branch of a fork.
      first = span.owner === self ? Math.min(signedTo + 1, end) : end;
      this.#next[slot] = first;
    }
  }

  #note(span: BatchSpan): void {
    const last = span.first + spanFrames(span, this.#options.session.cellBytes) - 1;
    this.#signedTo.set(keyOf(span), last);
    this.#next[span.slot] = last + 1;
  }
}

function keyOf({ slot, epoch }: { readonly slot: number; readonly epoch: number }): number {
  return slot * 0x10000 + epoch;
}
