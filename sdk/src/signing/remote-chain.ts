/**
 * What one other peer signed, as far as it came here: its chain is checked link by link, and its inputs wait here to be compared
 * with those that were played.
 */
import { BATCH_HASHES_KEPT, BATCHES_KEPT, FUTURE_FRAMES_MAX, SIGNED_EPOCHS_KEPT } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import { type BatchSpan, type InputBatch, spanFrames } from '../wire/signed-batch.js';
import type { SignedBytes } from '../wire/signing-messages.js';
import { contradiction } from './equivocation.js';
import { sameBytes } from './input-signer.js';
import type { SigningSession } from './signing-types.js';

/** Runs that wait to be compared, at most: minutes of them. */
const PENDING_SPANS_MAX = 256;

/**
 * What a batch is to the chain. 'known': it is in it. 'next': it goes on from the newest, or is the first that takes our nonce
 * into account. 'fork': another one has its number. 'gap': some before it are missing here. 'broken': it does not go on.
 */
export type BatchPlace = 'known' | 'next' | 'fork' | 'gap' | 'broken';

/** What is wrong with a run. */
export interface SpanProblem {
  readonly problem: 'missing' | 'differs';
  readonly slot: number;
  readonly frame: number;
}

interface KeptBatch {
  readonly signed: SignedBytes;
  readonly batch: InputBatch;
}

/** Somebody else's signed batches under one key. */
export class RemoteChain {
  readonly peer: PeerId;
  readonly key: Uint8Array;
  /** Newest batch; -1 before the first. */
  head = -1;
  batchesVerified = 0;
  readonly #hashes = new Map<number, Uint8Array>();
  readonly #kept = new Map<number, KeptBatch>();
  /** Slot and epoch -> newest frame signed. */
  readonly #signedTo = new Map<number, number>();
  #pending: BatchSpan[] = [];
  /** Slot -> newest frame compared. */
  readonly #compared = new Map<number, number>();
  /** Slot -> frame that the next run must begin with at the latest, unless a substitute plays there. */
  readonly #expected = new Map<number, number>();
  /** The chain was begun with its first batch: every frame must be in it. */
  #isWhole = false;
  /** Our nonce that the chain was begun with, or begun again. */
  #begunWith: Uint8Array | undefined;

  constructor(peer: PeerId, key: Uint8Array) {
    this.peer = peer;
    this.key = key;
  }

  hashAt(sequence: number): Uint8Array | undefined {
    return this.#hashes.get(sequence);
  }

  /** A batch that is still kept. */
  signedAt(sequence: number): SignedBytes | undefined {
    return this.#kept.get(sequence)?.signed;
  }

  /** Where a batch with this hash belongs. Its signature is not looked at. */
  place(
    batch: InputBatch,
    hash: Uint8Array,
    self: { readonly peer: PeerId; readonly nonce: Uint8Array },
  ): BatchPlace {
    const { sequence, previous, nonces } = batch;
    const known = this.#hashes.get(sequence);
    if (known !== undefined) return sameBytes(known, hash) ? 'known' : 'fork';
    if (sequence === this.head + 1 && this.head >= 0)
      return sameBytes(this.#hashes.get(this.head), previous) ? 'next' : 'broken';
    const greets = nonces.some(({ peer, nonce }) => peer === self.peer && sameBytes(nonce, self.nonce));
    // Each nonce of ours begins a chain once: later batches come in order.
    if (greets && sequence > this.head && !sameBytes(this.#begunWith, self.nonce)) return 'next';
    return 'gap';
  }

  /** True if the runs of a batch go on from those before, and are no further in the future than a match can be. */
  goesOn({ spans, cellBytes }: InputBatch, frameFinal: number): boolean {
    return spans.every((span) => {
      const last = span.first + spanFrames(span, cellBytes) - 1;
      return span.first > (this.#signedTo.get(keyOf(span)) ?? 0) && last <= frameFinal + FUTURE_FRAMES_MAX;
    });
  }

  /** Takes a batch whose signature is right and whose place is 'next'. */
  take(
    batch: InputBatch,
    signed: SignedBytes,
    about: { readonly hash: Uint8Array; readonly nonce: Uint8Array },
  ): void {
    const { sequence, spans, cellBytes } = batch;
    if (!sameBytes(this.#begunWith, about.nonce) && sequence !== this.head + 1) this.#beginAgain();
    if (sequence === 0) this.#isWhole = true;
    this.head = sequence;
    this.batchesVerified += 1;
    // The first that is taken greets us; what comes after it in order does not begin anything.
    this.#begunWith = about.nonce;
    this.#hashes.set(sequence, about.hash);
    this.#kept.set(sequence, { signed, batch });
    this.#hashes.delete(sequence - BATCH_HASHES_KEPT);
    this.#kept.delete(sequence - BATCHES_KEPT);
    for (const span of spans) {
      this.#signedTo.set(keyOf(span), span.first + spanFrames(span, cellBytes) - 1);
      this.#pending.push(span);
    }
    // Epochs are whatever it says they are: the oldest are forgotten.
    for (const key of this.#signedTo.keys()) {
      if (this.#signedTo.size <= SIGNED_EPOCHS_KEPT) break;
      this.#signedTo.delete(key);
    }
    if (this.#pending.length > PENDING_SPANS_MAX) this.#pending = this.#pending.slice(-PENDING_SPANS_MAX);
  }

  /** We were away, and some batches came to the others alone: what is in them is not missing. */
  #beginAgain(): void {
    this.#isWhole = false;
    this.#expected.clear();
    this.#pending = [];
  }

  /** A batch that is kept and contradicts this one. */
  contradicting(batch: InputBatch): SignedBytes | undefined {
    for (const kept of this.#kept.values())
      if (contradiction(kept.batch, batch) !== undefined) return kept.signed;
    return undefined;
  }

  /** Compares what was signed with what was played, as far as it is final. */
  compare(session: SigningSession): readonly SpanProblem[] {
    const { frameFinal, cellBytes } = session;
    const problems: SpanProblem[] = [];
    this.#pending = this.#pending.filter((span) => {
      const { slot, first } = span;
      const last = first + spanFrames(span, cellBytes) - 1;
      if (last > frameFinal) return true;
      const expected = this.#expected.get(slot) ?? (this.#isWhole ? 1 : first);
      const left = this.#playedIn(slot, { first: expected, end: first }, session);
      if (left !== undefined) problems.push({ problem: 'missing', slot, frame: left });
      const frame = this.#differenceIn(span, session);
      if (frame !== undefined) problems.push({ problem: 'differs', slot, frame });
      this.#expected.set(slot, last + 1);
      this.#compared.set(slot, Math.max(last, this.#compared.get(slot) ?? 0));
      return false;
    });
    return problems;
  }

  /** A slot's frame of this peer that is this old and not signed, if there is one. */
  overdue(slot: number, session: SigningSession, framesMax: number): number | undefined {
    const first = (this.#compared.get(slot) ?? 0) + 1;
    return this.#playedIn(slot, { first, end: session.frameFinal - framesMax + 1 }, session);
  }

  get frameCompared(): number {
    return Math.max(0, ...this.#compared.values());
  }

  /** The first frame in which this peer played the slot. */
  #playedIn(
    slot: number,
    { first, end }: { readonly first: number; readonly end: number },
    session: SigningSession,
  ): number | undefined {
    let from = first;
    while (from < end) {
      const played = session.inputSpan(slot, from, end - from);
      if (played === undefined) return undefined;
      if (played.owner === this.peer) return played.first;
      from = played.first + played.cells.length / session.cellBytes;
    }
    return undefined;
  }

  #differenceIn(span: BatchSpan, session: SigningSession): number | undefined {
    const { cellBytes } = session;
    const end = span.first + spanFrames(span, cellBytes);
    let first = span.first;
    while (first < end) {
      const played = session.inputSpan(span.slot, first, end - first);
      if (played === undefined) return undefined;
      first = played.first + played.cells.length / cellBytes;
      // What was signed for frames that a substitute played, or of before the slot was taken up again, is void.
      if (played.owner !== this.peer || played.epoch !== span.epoch) continue;
      const from = (played.first - span.first) * cellBytes;
      const index = played.cells.findIndex((byte, at) => byte !== span.cells[from + at]);
      if (index >= 0) return played.first + Math.floor(index / cellBytes);
    }
    return undefined;
  }
}

function keyOf({ slot, epoch }: BatchSpan): number {
  return slot * 0x10000 + epoch;
}
