/** When a lost link to a member is worth another attempt. */
import type { PeerId } from '../base/peer-id.js';

/** First wait, in milliseconds; it doubles with each failure. */
const firstWaitMs = 1_000;
/** Longest wait, in milliseconds. */
const longestWaitMs = 16_000;

/** Counts the losses of each link since it last worked. */
export class LinkRetries {
  readonly #losses = new Map<PeerId, number>();
  #dueAtMs = Number.POSITIVE_INFINITY;

  /** A link was lost: plans an attempt. */
  lost(peer: PeerId, nowMs: number): void {
    const losses = this.#losses.get(peer) ?? 0;
    this.#losses.set(peer, losses + 1);
    const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(losses, 10));
    this.#dueAtMs = Math.min(this.#dueAtMs, nowMs + waitMs);
  }

  /** A link works: its next loss starts anew with a short wait. */
  succeeded(peer: PeerId): void {
    this.#losses.delete(peer);
  }

  /** Forgets all peers but these. */
  retain(peers: readonly PeerId[]): void {
    for (const peer of this.#losses.keys()) if (!peers.includes(peer)) this.#losses.delete(peer);
  }

  /** True once when an attempt is due. */
  due(nowMs: number): boolean {
    if (nowMs < this.#dueAtMs) return false;
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    return true;
  }
}
