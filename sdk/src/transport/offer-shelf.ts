/**
 * Keeps the newest offer of peers we do not want yet: a member may connect to us before our own room event came.
 * Bounded in peers, candidates and time.
 */
import type { PeerId } from '../base/peer-id.js';
import { CANDIDATES_MAX, OPEN_WITHIN_MS } from './link-limits.js';
import type { ConnectionSignal } from './peerjs-connections.js';

/** An offer and the candidates that followed it, in order. */
export type ShelvedOffer = readonly [offer: ConnectionSignal, ...candidates: ConnectionSignal[]];

interface Entry {
  readonly sinceMs: number;
  readonly signals: [ConnectionSignal, ...ConnectionSignal[]];
}

/** Offers by peer. Times are milliseconds awake. */
export class OfferShelf {
  readonly #entries = new Map<PeerId, Entry>();
  readonly #peersMax: number;

  constructor(peersMax: number) {
    this.#peersMax = peersMax;
  }

  /** Keeps an offer, or a candidate of a kept offer; false if there is no place for it. */
  put(peer: PeerId, signal: ConnectionSignal, nowMs: number): boolean {
    const entry = this.#entries.get(peer);
    if (signal.kind === 'offer') {
      if (entry === undefined && this.#entries.size >= this.#peersMax) return false;
      this.#entries.set(peer, { sinceMs: nowMs, signals: [signal] });
      return true;
    }
    if (entry?.signals[0].connectionId !== signal.connectionId) return false;
    if (signal.kind !== 'candidate' || entry.signals.length > CANDIDATES_MAX) return false;
    entry.signals.push(signal);
    return true;
  }

  /** Takes the offer of a peer off the shelf. */
  take(peer: PeerId): ShelvedOffer | undefined {
    const entry = this.#entries.get(peer);
    this.#entries.delete(peer);
    return entry?.signals;
  }

  /** Forgets an offer its sender withdrew. */
  withdraw(peer: PeerId, connectionId: string): void {
    if (this.#entries.get(peer)?.signals[0].connectionId === connectionId) this.#entries.delete(peer);
  }

  /** Forgets offers whose sender has given up by now. */
  expire(nowMs: number): void {
    for (const [peer, { sinceMs }] of this.#entries)
      if (nowMs - sinceMs >= OPEN_WITHIN_MS) this.#entries.delete(peer);
  }

  clear(): void {
    this.#entries.clear();
  }
}
