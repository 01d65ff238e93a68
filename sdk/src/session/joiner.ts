/**
 * Coming into a running match: asks all peers to be let in until one that may answers, then fetches manifest and state from
 * the members; or, if it still has a state of its own that they know, what was stepped since. What it says also tells
 * the members that it is alive.
 */
import type { PeerId } from '../base/peer-id.js';
import { hashBytes, hashWords } from '../base/state-hash.js';
import { encodeUtf8 } from '../base/utf8.js';
import { type Agreement, WIRE_VERSION } from '../wire/handshake-message.js';
import type { Manifest } from '../wire/join-manifest.js';
import {
  decodeJoinReply,
  encodeJoin,
  type Join,
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
/** After the first answer, how long others may take to say that they know what was stepped since our state. */
const ANSWERS_WAIT_MS = 400;
/** Members that must know it, if as many answer: one alone could make up the match. */
const KNOWING_MIN = 2;

/** What a joiner needs. */
export interface JoinerOptions {
  readonly matchId: string;
  readonly self: PeerId;
  readonly peers: readonly PeerId[];
  readonly agreement: Agreement;
  readonly slotsWanted: number;
  /** The state of its own that it could come back with. */
  readonly held: Join['held'];
  readonly nowMs: number;
  readonly send: TransferSend;
  readonly check: (manifest: Manifest) => string | undefined;
}

/** All is here. */
export interface ReadyToJoin {
  readonly kind: 'ready';
  /** Number of the JOIN. */
  readonly nonce: number;
  readonly manifest: Manifest;
  /** The serialised state, or the step log if the manifest says so. */
  readonly bytes: Uint8Array;
}

/** How it ended. */
export type JoinOutcome =
  | ReadyToJoin
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
  /** Who let us in, and whether it knows what was stepped since our state. */
  readonly #answers = new Map<PeerId, boolean>();
  #firstAnswerAtMs = 0;
  #held: Join['held'];
  #outcome: JoinOutcome | undefined;
  #progress: FetchProgress | undefined;

  constructor(options: JoinerOptions) {
    this.#options = options;
    this.#held = options.held;
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
    this.#outcome = undefined;
    this.#fetch = undefined;
    this.#fetchedFrom = undefined;
    this.#answers.clear();
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
    else if (reply.status === 'admitted') this.#noteAnswer(from, false, nowMs);
    else if (reply.status === 'delta') this.#noteAnswer(from, reply.fromFrame === this.#held?.frame, nowMs);
    // Let go again, because nothing came from us for a while: what was offered then is offered no more. Whoever was to give us
    // the state may even have forgotten that.
    else if (reply.status === 'again' || (reply.status === 'wait' && from === this.#fetchedFrom))
      this.#begin(nowMs);
    return true;
  }

  #noteAnswer(from: PeerId, knowsSince: boolean, nowMs: number): void {
    if (!this.#options.peers.includes(from)) return;
    if (this.#answers.size === 0) {
      this.#fetchedFrom = from;
      this.#firstAnswerAtMs = nowMs;
    }
    this.#answers.set(from, knowsSince);
    if (knowsSince && this.#fetch?.isLog === true) this.#fetch.addMember(from);
  }

  /** The log if enough members know what was stepped since our state, else the state, once it is clear. */
  #startFetch(nowMs: number): void {
    const { peers, self } = this.#options;
    if (this.#answers.size === 0) return;
    const knowing = [...this.#answers].flatMap(([peer, knows]) => (knows ? [peer] : []));
    if (this.#held === undefined) this.#fetchPart(false, peers, nowMs);
    else if (knowing.length >= KNOWING_MIN) this.#fetchPart(true, knowing, nowMs);
    else if (
      this.#answers.size >= peers.length - (peers.includes(self) ? 1 : 0) ||
      nowMs - this.#firstAnswerAtMs >= ANSWERS_WAIT_MS
    ) {
      const isLog = knowing.length === this.#answers.size;
      this.#fetchPart(isLog, isLog ? knowing : peers, nowMs);
    }
  }

  #fetchPart(isLog: boolean, members: readonly PeerId[], nowMs: number): void {
    const { matchId, self, send, check } = this.#options;
    const first = this.#fetchedFrom;
    const others = members.filter((peer) => peer !== self && peer !== first);
    this.#fetch = new StateFetch({
      joinKey: joinKeyOf(matchId),
      nonce: this.#nonce,
      members: first !== undefined && members.includes(first) ? [first, ...others] : others,
      nowMs,
      isLog,
      send,
      check,
    });
  }

  /** What was stepped since our state does not lead to that of the members, or does not come: the state itself is fetched. */
  withoutLog(): void {
    this.#held = undefined;
    this.#outcome = undefined;
    this.#fetch = undefined;
  }

  /** Says what is due. Returns how it ended, once it has. */
  advance(nowMs: number): JoinOutcome | undefined {
    // Also while what came is worked on: who is not heard is let go.
    if (nowMs - this.#saidAtMs >= JOIN_INTERVAL_MS) this.#ask(nowMs);
    if (this.#outcome !== undefined) return this.#outcome;
    if (this.#fetch === undefined) this.#startFetch(nowMs);
    const transfer = this.#fetch;
    if (transfer === undefined) {
      if (nowMs - this.#answeredAtMs > UNANSWERED_MS)
        this.#outcome = { kind: 'failed', message: `No member answered within ${UNANSWERED_MS / 1000} s.` };
      return this.#outcome;
    }
    transfer.advance(nowMs);
    this.#progress = transfer.progress();
    if (transfer.phase === 'done') this.#takeState(transfer, nowMs);
    else if (transfer.phase === 'failed' && transfer.isLog) this.withoutLog();
    else if (transfer.phase === 'failed') this.again(transfer.failure?.message ?? '', nowMs);
    return this.#outcome;
  }

  #takeState({ manifest, bytes }: StateFetch, nowMs: number): void {
    if (manifest === undefined || bytes === undefined) this.again('The state is not there.', nowMs);
    else this.#outcome = { kind: 'ready', nonce: this.#nonce, manifest, bytes };
  }

  /** What was fetched is of no use: once more from the start. */
  again(message: string, nowMs: number): void {
    if (this.#attempts >= ATTEMPTS_MAX) this.#outcome = { kind: 'failed', message };
    else {
      this.#attempts += 1;
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
      held: this.#held,
    });
    for (const peer of peers) if (peer !== self) send(peer, 'unreliable', bytes);
  }
}
