/**
 * What the others say they hold of a third peer, beside what we hold of it. A peer that signs one thing for us and another for
 * them shows here first: one number of its chain has two hashes. What they say proves nothing yet; it tells what to show them.
 */
import type { PeerId } from '../base/peer-id.js';
import type { WitnessEntry } from '../wire/signing-messages.js';
import { KEY_HINT_BYTES } from '../wire/signing-messages.js';
import { sameBytes } from './input-signer.js';
import type { RemoteChain } from './remote-chain.js';

/** How long two peers may differ before something is done about it: keys and batches arrive at different times. In ms. */
const PATIENCE_MS = 3000;
/** How often one peer is shown batches of another, in ms. */
const SHOW_INTERVAL_MS = 500;
/** Batches that are shown at a time to one that lacks them. */
const SHOWN_AT_ONCE = 4;

interface Doubt {
  sinceMs: number;
  /** What it held when it began to lag, and when. */
  lagsAt: number;
  lagsSinceMs: number;
  shownAtMs: number;
}

/** What to do about a witness. */
export interface WitnessAnswer {
  /** Batches to show to it. */
  readonly show: readonly number[];
  /** It has been shown another key for long. */
  readonly otherKey: boolean;
}

const NOTHING: WitnessAnswer = { show: [], otherKey: false };

/** Compares, with patience. */
export class WitnessBook {
  readonly #doubts = new Map<string, Doubt>();

  /** A new beginning of `peer`: old differences mean nothing. */
  forget(peer: PeerId): void {
    for (const key of this.#doubts.keys()) if (key.split(' ').includes(peer)) this.#doubts.delete(key);
  }

  /** What `from` says it holds of the owner of `chain`. */
  compare(
    from: PeerId,
    entry: WitnessEntry,
    about: { readonly chain: RemoteChain; readonly nowMs: number },
  ): WitnessAnswer {
    const { chain, nowMs } = about;
    const doubt = this.#doubtOf(`${chain.peer} ${from}`, entry, nowMs);
    const isSameKey = sameBytes(entry.keyHint, chain.key.subarray(0, KEY_HINT_BYTES));
    const mine = chain.hashAt(entry.sequence);
    if (isSameKey && sameBytes(mine, entry.hash)) {
      doubt.sinceMs = nowMs;
      return this.#help(doubt, entry, about);
    }
    // One number, two hashes: whoever sees it shows its own.
    if (isSameKey && mine !== undefined) return this.#show(doubt, [entry.sequence], nowMs);
    if (nowMs - doubt.sinceMs < PATIENCE_MS) return NOTHING;
    if (!isSameKey) return { show: [], otherKey: true };
    // Its numbers and ours have nothing in common: the frames in the batches may have.
    return this.#show(doubt, [chain.head], nowMs);
  }

  /** It has stood still while we went on: the link to the owner may be broken. A signed batch is worth as much from us. */
  #help(
    doubt: Doubt,
    { sequence }: WitnessEntry,
    { chain, nowMs }: { chain: RemoteChain; nowMs: number },
  ): WitnessAnswer {
    if (sequence >= chain.head || doubt.lagsAt !== sequence) {
      doubt.lagsAt = sequence;
      doubt.lagsSinceMs = nowMs;
    }
    if (nowMs - doubt.lagsSinceMs < PATIENCE_MS) return NOTHING;
    const missing = Math.min(SHOWN_AT_ONCE, chain.head - sequence);
    return this.#show(
      doubt,
      Array.from({ length: missing }, (_, index) => sequence + 1 + index),
      nowMs,
    );
  }

  #show(doubt: Doubt, show: readonly number[], nowMs: number): WitnessAnswer {
    if (nowMs - doubt.shownAtMs < SHOW_INTERVAL_MS) return NOTHING;
    doubt.shownAtMs = nowMs;
    return { show, otherKey: false };
  }

  #doubtOf(key: string, { sequence }: WitnessEntry, nowMs: number): Doubt {
    const known = this.#doubts.get(key);
    if (known !== undefined) return known;
    const doubt = {
      sinceMs: nowMs,
      lagsAt: sequence,
      lagsSinceMs: nowMs,
      shownAtMs: Number.NEGATIVE_INFINITY,
    };
    this.#doubts.set(key, doubt);
    return doubt;
  }
}
