/**
 * Wrong room codes and passwords, counted by address, so that nobody finds rooms by trying: 10 misses in a minute, then
 * a wait that doubles from one to ten minutes. While an address waits, even the right code is refused: an answer would
 * tell the guesser what it wants to know.
 */
import type { ServerLimits } from './limits.js';

interface MissRecord {
  misses: number;
  windowEndMs: number;
  blockedUntilMs: number;
  penaltyMs: number;
}

/** Addresses remembered at one time; the oldest is forgotten first. */
const ADDRESSES_MAX = 50_000;

/** The misses of all addresses. */
export class MissCounter {
  readonly #limits: ServerLimits;
  /** In order of the last miss. */
  readonly #records = new Map<string, MissRecord>();

  constructor(limits: ServerLimits) {
    this.#limits = limits;
  }

  /** How many addresses are remembered. */
  get size(): number {
    return this.#records.size;
  }

  /** How long this address must wait before it may try a code, in milliseconds; 0 if it need not. */
  waitMs(address: string, nowMs: number): number {
    return Math.max(0, Math.ceil((this.#records.get(address)?.blockedUntilMs ?? 0) - nowMs));
  }

  /** Counts one miss. */
  miss(address: string, nowMs: number): void {
    const { missesMax, missWindowMs, missPenaltyMs, missPenaltyMsMax } = this.#limits;
    const record = this.#records.get(address) ?? {
      misses: 0,
      windowEndMs: nowMs + missWindowMs,
      blockedUntilMs: 0,
      penaltyMs: missPenaltyMs,
    };
    if (nowMs >= record.windowEndMs) {
      record.misses = 0;
      record.windowEndMs = nowMs + missWindowMs;
    }
    record.misses += 1;
    if (record.misses >= missesMax) {
      record.blockedUntilMs = nowMs + record.penaltyMs;
      record.penaltyMs = Math.min(record.penaltyMs * 2, missPenaltyMsMax);
      record.misses = 0;
      record.windowEndMs = record.blockedUntilMs + missWindowMs;
    }
    this.#records.delete(address);
    this.#records.set(address, record);
    if (this.#records.size > ADDRESSES_MAX) this.#forgetOldest();
  }

  /** Forgets addresses that have been quiet for the longest wait after their last one ended. */
  expire(nowMs: number): void {
    for (const [address, record] of this.#records) {
      if (nowMs < Math.max(record.windowEndMs, record.blockedUntilMs) + this.#limits.missPenaltyMsMax) return;
      this.#records.delete(address);
    }
  }

  #forgetOldest(): void {
    const oldest = this.#records.keys().next();
    if (oldest.done !== true) this.#records.delete(oldest.value);
  }
}
