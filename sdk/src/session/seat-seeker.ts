/**
 * One that came into a running match and has no slots yet says so now and then: members that came in later have never heard it ask, and
 * one of them may be who coordinates now. All forget whom they do not hear for a while, and a slot may take longer to be free.
 */
import type { PeerId } from '../base/peer-id.js';
import { type Agreement, WIRE_VERSION } from '../wire/handshake-message.js';
import { encodeJoin, matchIdDigest } from '../wire/join-messages.js';
import type { SlotLog } from './slot-log.js';

/** How often it says so, in ms. */
const REMINDER_MS = 1000;

/** What a seeker knows of its match. */
export interface SeatSeekerOptions {
  /** Slots that it asks for: `slotCount`, or as many as it had before; a newcomer one. */
  readonly session: { readonly matchId: string; readonly slotCount?: number; readonly join?: boolean };
  readonly setup: {
    readonly selfIndex: number;
    readonly logs: readonly SlotLog[];
    readonly ownLogs: readonly SlotLog[];
    readonly agreement: Agreement;
  };
  readonly remotes: readonly { readonly peer: PeerId; readonly member: boolean }[];
  /** Sends on the unreliable channel. */
  readonly send: (to: PeerId, bytes: Uint8Array) => void;
}

/** Asks for slots until there are some. */
export class SeatSeeker {
  readonly #options: SeatSeekerOptions;
  /** The number of the JOIN that this peer came in by, 0 if it was there from the start. */
  #nonce = 0;
  #saidAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: SeatSeekerOptions) {
    this.#options = options;
  }

  /** It came in by this JOIN. */
  start(nonce: number): void {
    this.#nonce = nonce;
  }

  /** True while there is something to ask for. */
  get isSeeking(): boolean {
    return this.#nonce !== 0 && this.#options.setup.ownLogs.length === 0;
  }

  /** Says it, if it is due. */
  advance(nowMs: number): void {
    const { setup, session, remotes, send } = this.#options;
    if (nowMs - this.#saidAtMs < REMINDER_MS) return;
    // What it asked for when it came in is on its way: not at once again.
    const isFirst = this.#saidAtMs === Number.NEGATIVE_INFINITY;
    this.#saidAtMs = nowMs;
    const { slotsWanted } = this;
    if (isFirst || slotsWanted === 0) return;
    const { game, version, schema } = setup.agreement;
    const bytes = encodeJoin({
      ...{ wireVersion: WIRE_VERSION, match: matchIdDigest(session.matchId), game, version, schema },
      ...{ nonce: this.#nonce, slotsWanted, held: undefined },
    });
    for (const { peer, member } of remotes) if (member) send(peer, bytes);
  }

  /** How many it would like to have. */
  get slotsWanted(): number {
    const { session, setup } = this.#options;
    const { slotCount, join } = session;
    const own = setup.logs.filter(({ owner }) => owner === setup.selfIndex).length;
    return slotCount ?? (own === 0 && join === true ? 1 : own);
  }
}
