/**
 * Coming into a running match: asks all peers to be let in until one that may answers, then fetches manifest and state from
 * the members. What it says also tells the members that it is alive.
 */
import type { PeerId } from '../base/peer-id.js';
import { hashBytes, hashWords } from '../base/state-hash.js';
import { encodeUtf8 } from '../base/utf8.js';
import { type Agreement, WIRE_VERSION } from '../wire/handshake-message.js';
import type { Manifest } from '../wire/join-manifest.js';
import {
  decodeJoinReply,
  encodeJoin,
  joinKeyOf,
  KIND_JOIN_REPLY,
  matchIdDigest,
} from '../wire/join-messages.js';
import { type FetchProgress, StateFetch } from './state-fetch.js';
import type { TransferSend } from './transfer-send.js';

const JOIN_INTERVAL_MS = 250;
/** Without any answer for so long it gives up. */
const UNANSWERED_MS = 30_000;
/** How often the state is fetched anew before it gives up. */
const ATTEMPTS_MAX = 4;

/** What a joiner needs. */
export interface JoinerOptions {
  readonly matchId: string;
  readonly self: PeerId;
  readonly peers: readonly PeerId[];
  readonly agreement: Agreement;
  readonly slotsWanted: number;
  readonly nowMs: number;
  readonly send: TransferSend;
  readonly check: (manifest: Manifest) => string | undefined;
}

/** How it ended. */
export type JoinOutcome =
  | {
      readonly kind: 'ready';
      readonly manifest: Manifest;
      readonly state: Uint8Array;
    }
  | { readonly kind: 'refused'; readonly peer: PeerId; readonly reason: string }
  | { readonly kind: 'failed'; readonly message: string };

/** One peer's way in. */
export class Joiner {
  readonly #options: JoinerOptions;
  #nonce = 0;
  /** Attempts that failed, and beginnings in all. */
  #attempts = 1;
  #beginnings = 0;
  #saidAtMs = Number.NEGATIVE_INFINITY;
  #answeredAtMs: number;
  #fetch: StateFetch | undefined;
  /** Who said first that we are let in. */
  #fetchedFrom: PeerId | undefined;
  #outcome: JoinOutcome | undefined;
  #progress: FetchProgress | undefined;

  constructor(options: JoinerOptions) {
    this.#options = options;
    this.#answeredAtMs = options.nowMs;
    this.#begin(options.nowMs);
  }

  /** A new attempt has a new number: what was sent for the one before is not taken for it. */
  #begin(nowMs: number): void {
    const { self } = this.#options;
    this.#beginnings += 1;
    const words = [
      this.#beginnings,
      Math.floor(nowMs),
      Math.floor((nowMs % 1) * 0x7fffffff),
      hashBytes(encodeUtf8(self)),
    ];
    this.#nonce = hashWords(new Int32Array(words)) >>> 0 || 1;
    this.#fetch = undefined;
    this.#fetchedFrom = undefined;
    this.#saidAtMs = Number.NEGATIVE_INFINITY;
  }

  /** How far the fetch was at the end of the latest `advance`: what arrives between two of them counts with the second. */
  get progress(): FetchProgress | undefined {
    return this.#progress;
  }

  /** A link is closed: nothing comes from there. */
  linkClosed(peer: PeerId): void {
    this.#fetch?.removeMember(peer);
  }

  /** Takes a message of a member. False if it is none of a join. */
  receive(from: PeerId, bytes: Uint8Array, nowMs: number): boolean {
    if (bytes[0] !== KIND_JOIN_REPLY) return this.#fetch?.receive(from, bytes, nowMs) ?? false;
    const reply = decodeJoinReply(bytes);
    if (reply === undefined) return false;
    if (reply.nonce !== this.#nonce) return true;
    this.#answeredAtMs = nowMs;
    if (reply.status === 'refused') this.#outcome = { kind: 'refused', peer: from, reason: reply.reason };
    else if (reply.status === 'admitted') this.#startFetch(from, nowMs);
    // Let go again, because nothing came from us for a while: what was offered then is offered no more. Whoever was to give us
    // the state may even have forgotten that.
    else if (reply.status === 'again' || (reply.status === 'wait' && from === this.#fetchedFrom))
      this.#begin(nowMs);
    return true;
  }

  #startFetch(from: PeerId, nowMs: number): void {
    const { matchId, peers, self, send, check } = this.#options;
    if (this.#fetch !== undefined) return;
    this.#fetchedFrom = from;
    const others = peers.filter((peer) => peer !== self && peer !== from);
    this.#fetch = new StateFetch({
      joinKey: joinKeyOf(matchId),
      nonce: this.#nonce,
      members: [from, ...others],
      nowMs,
      send,
      check,
    });
  }

  /** Says what is due. Returns how it ended, once it has. */
  advance(nowMs: number): JoinOutcome | undefined {
    if (this.#outcome !== undefined) return this.#outcome;
    if (nowMs - this.#saidAtMs >= JOIN_INTERVAL_MS) this.#ask(nowMs);
    const transfer = this.#fetch;
    if (transfer === undefined) {
      if (nowMs - this.#answeredAtMs > UNANSWERED_MS)
        this.#outcome = { kind: 'failed', message: `No member answered within ${UNANSWERED_MS / 1000} s.` };
      return this.#outcome;
    }
    transfer.advance(nowMs);
    this.#progress = transfer.progress();
    if (transfer.phase === 'done') this.#takeState(transfer, nowMs);
    else if (transfer.phase === 'failed') this.again(transfer.failure?.message ?? '', nowMs);
    return this.#outcome;
  }

  #takeState({ manifest, state }: StateFetch, nowMs: number): void {
    if (manifest === undefined || state === undefined) this.again('The state is not there.', nowMs);
    else this.#outcome = { kind: 'ready', manifest, state };
  }

  /** What was fetched is of no use: once more from the start. */
  again(message: string, nowMs: number): void {
    if (this.#attempts >= ATTEMPTS_MAX) this.#outcome = { kind: 'failed', message };
    else {
      this.#attempts += 1;
      this.#outcome = undefined;
      this.#begin(nowMs);
    }
  }

  #ask(nowMs: number): void {
    const { agreement, matchId, peers, self, slotsWanted, send } = this.#options;
    this.#saidAtMs = nowMs;
    const bytes = encodeJoin({
      wireVersion: WIRE_VERSION,
      match: matchIdDigest(matchId),
      game: agreement.game,
      version: agreement.version,
      schema: agreement.schema,
      nonce: this.#nonce,
      slotsWanted,
      held: undefined,
    });
    for (const peer of peers) if (peer !== self) send(peer, 'unreliable', bytes);
  }
}
