/**
 * A newcomer's side of a join: finds out which manifest the members agree on, then fetches the state, or the step log that
 * leads to it, in chunks from all of them at once, and checks every byte. Any member may lie, be silent or die on the way, also the one that it
 * started with; it gives up when nobody is left to ask or nothing comes.
 *
 * `receive` only notes, `advance` sends. The newcomer is admitted by other messages (JOIN, JOIN_REPLY).
 */
import type { PeerId } from '../base/peer-id.js';
import { decodeManifest, type Manifest } from '../wire/join-manifest.js';
import {
  decodeAttest,
  decodeChunk,
  encodeChunkRequest,
  encodeManifestRequest,
  KIND_ATTEST,
  KIND_CHUNK,
  KIND_LOG,
  KIND_MANIFEST,
} from '../wire/join-messages.js';
import { ChunkFetch } from './chunk-fetch.js';
import { ManifestVote } from './manifest-vote.js';
import { offeredTo, type TransferSend } from './transfer-send.js';

/** How often a member that has not answered is asked for its manifest or digest. */
const ASK_INTERVAL_MS = 250;
/** Members asked for the manifest itself at a time, and how often others are; the rest are asked for its digest alone. */
const WHOLE_ASKED = 2;
const WHOLE_INTERVAL_MS = 500;
/** Without an answer, without agreement, or without a new chunk for so long, it gives up. */
const IDLE_MS = 10_000;
/** The same for a step log, which is small: the state can still be fetched instead. */
const LOG_IDLE_MS = 2500;
/** It gives up after this in any case: a state of 16 MiB takes 67 s at 2 Mbit/s. */
const TOTAL_MS = 180_000;

/** What a {@link StateFetch} needs. */
export interface StateFetchOptions {
  /** `joinKeyOf(matchId)`. */
  readonly joinKey: number;
  /** Of the JOIN. */
  readonly nonce: number;
  /** The members of the match, those to be asked for the manifest first in front. */
  readonly members: readonly PeerId[];
  readonly nowMs: number;
  /** True: the step log is fetched, for one that has an earlier state. Default false. */
  readonly isLog?: boolean;
  readonly send: TransferSend;
  /** Says why a manifest does not fit what the newcomer knows (match key, input size, itself in `peers`), if so. */
  readonly check?: (manifest: Manifest) => string | undefined;
}

/**
 * Why a fetch gave up. 'unanswered': no member answered. 'disputed': the members name different manifests and neither has
 * the majority it needs. 'unusable': the manifest does not fit. 'no-source': all members are gone or sent wrong chunks.
 * 'stalled': no chunk came for 10 s. 'too-slow': more than 180 s in all. 'corrupt': the chunks are right, but the whole is not.
 */
export type FetchFailure =
  | 'unanswered'
  | 'disputed'
  | 'unusable'
  | 'no-source'
  | 'stalled'
  | 'too-slow'
  | 'corrupt';

/** How far a fetch is, for a progress bar and for statistics. */
export interface FetchProgress {
  readonly phase: 'manifest' | 'chunks' | 'done' | 'failed';
  readonly bytesReceived: number;
  /** 0 until the manifest is believed. */
  readonly bytesTotal: number;
  readonly chunksReceived: number;
  readonly chunksTotal: number;
  /** Members that chunks are asked of. */
  readonly sources: number;
}

/** What arrived and was of no use, and what did not arrive in time. */
export interface FetchCounts {
  readonly duplicates: number;
  /** Messages that were never asked for, or come from no member or for another frame. */
  readonly unasked: number;
  /** Chunks with a wrong length or hash. */
  readonly wrong: number;
  /** Chunks that took too long and were asked of another member. */
  readonly timeouts: number;
}

/** One attempt to fetch the state of a running match. */
export class StateFetch {
  readonly #options: StateFetchOptions;
  readonly #vote: ManifestVote;
  readonly #isLog: boolean;
  readonly #idleMs: number;
  readonly #askedMs = new Map<PeerId, number>();
  /** Who is asked for the whole manifest next, if those asked do not answer. */
  #nextWhole = 0;
  #wholeAskedMs = Number.NEGATIVE_INFINITY;
  #manifest: Manifest | undefined;
  #digest = 0;
  #chunks: ChunkFetch | undefined;
  #bytes: Uint8Array | undefined;
  #phase: FetchProgress['phase'] = 'manifest';
  #failure: { readonly reason: FetchFailure; readonly message: string } | undefined;
  /** When something last went forward. */
  #movedMs: number;
  #counts = { duplicates: 0, unasked: 0, wrong: 0 };

  constructor(options: StateFetchOptions) {
    this.#options = options;
    this.#isLog = options.isLog ?? false;
    this.#idleMs = this.#isLog ? LOG_IDLE_MS : IDLE_MS;
    this.#vote = new ManifestVote(options.members, options.nowMs);
    this.#movedMs = options.nowMs;
  }

  /** True if it is the step log that is fetched. */
  get isLog(): boolean {
    return this.#isLog;
  }

  get phase(): FetchProgress['phase'] {
    return this.#phase;
  }

  /** The manifest that the members agree on, once they do. */
  get manifest(): Manifest | undefined {
    return this.#manifest;
  }

  /** The serialised state or log, when `phase` is 'done'. */
  get bytes(): Uint8Array | undefined {
    return this.#bytes;
  }

  /** Why it gave up, when `phase` is 'failed'. */
  get failure(): { readonly reason: FetchFailure; readonly message: string } | undefined {
    return this.#failure;
  }

  /** Members that sent wrong chunks, or named another manifest than the one believed. */
  get suspects(): readonly PeerId[] {
    if (this.#manifest === undefined) return [];
    return this.#vote.members.filter((member) => this.#isUseless(member));
  }

  get counts(): FetchCounts {
    return { ...this.#counts, timeouts: this.#chunks?.timeouts ?? 0 };
  }

  progress(): FetchProgress {
    return {
      phase: this.#phase,
      bytesReceived: this.#chunks?.bytesReceived ?? 0,
      bytesTotal: this.#manifest?.byteLength ?? 0,
      chunksReceived: this.#chunks?.chunksReceived ?? 0,
      chunksTotal: this.#manifest?.chunkHashes.length ?? 0,
      sources: this.#chunks?.sources.length ?? 0,
    };
  }

  /** Another member may be asked. */
  addMember(peer: PeerId): void {
    this.#vote.add(peer);
  }

  /** A member is gone: closed link, or out of the view. */
  removeMember(peer: PeerId): void {
    this.#vote.remove(peer);
    this.#chunks?.removeSource(peer);
  }

  /** Takes a MANIFEST, ATTEST, CHUNK or LOG; keeps nothing of `bytes`. False if they are none of these. */
  receive(from: PeerId, bytes: Uint8Array, nowMs: number): boolean {
    const { joinKey } = this.#options;
    if (bytes[0] === KIND_ATTEST) {
      const attest = decodeAttest(bytes, joinKey);
      if (attest === undefined) return false;
      const isOurs = attest.nonce === this.#options.nonce && attest.isLog === this.#isLog;
      if (!isOurs || !this.#vote.attest(from, attest.digest)) this.#counts.unasked += 1;
      return true;
    }
    if (bytes[0] === KIND_MANIFEST) return this.#takeManifest(from, bytes);
    if (bytes[0] !== KIND_CHUNK && bytes[0] !== KIND_LOG) return false;
    const chunk = decodeChunk(bytes, joinKey);
    if (chunk === undefined) return false;
    const isWanted = this.#phase === 'chunks' && chunk.isLog === this.#isLog;
    const isOurs = isWanted && chunk.frame === this.#manifest?.frame;
    const verdict = isOurs ? this.#chunks?.take(from, chunk, nowMs) : 'unasked';
    if (verdict === 'taken') this.#movedMs = nowMs;
    else if (verdict === 'duplicate') this.#counts.duplicates += 1;
    else if (verdict === 'wrong') this.#counts.wrong += 1;
    else this.#counts.unasked += 1;
    return true;
  }

  #takeManifest(from: PeerId, bytes: Uint8Array): boolean {
    if (!this.#vote.awaitsManifest(from)) {
      this.#counts.unasked += 1;
      return true;
    }
    const manifest = decodeManifest(bytes, this.#options.joinKey);
    if (manifest === undefined) return false;
    if (manifest.isLog !== this.#isLog) {
      this.#counts.unasked += 1;
      return true;
    }
    this.#vote.deliver(from, bytes, { manifest, problem: this.#options.check?.(manifest) });
    return true;
  }

  /** Asks for what is due, and sees whether it is done or has to give up. */
  advance(nowMs: number): void {
    if (this.#phase === 'manifest') this.#seekManifest(nowMs);
    if (this.#phase === 'chunks') this.#seekChunks(nowMs);
    if (this.#phase === 'done' || this.#phase === 'failed') return;
    this.#askManifests(nowMs);
    this.#giveUpIfHopeless(nowMs);
  }

  #seekManifest(nowMs: number): void {
    const believed = this.#vote.decide(nowMs);
    if (believed?.manifest === undefined) return;
    this.#manifest = believed.manifest;
    this.#digest = believed.digest;
    this.#movedMs = nowMs;
    this.#phase = 'chunks';
    this.#chunks = new ChunkFetch(believed.manifest);
  }

  #seekChunks(nowMs: number): void {
    const chunks = this.#chunks as ChunkFetch;
    if (chunks.isComplete) {
      this.#bytes = chunks.assembled();
      if (this.#bytes === undefined)
        this.#fail('corrupt', 'The state does not have the hash that was announced.');
      else this.#phase = 'done';
      return;
    }
    for (const peer of this.#vote.members) {
      if (this.#vote.names(peer, this.#digest)) chunks.addSource(peer);
      // It speaks of another state now.
      else chunks.removeSource(peer);
    }
    const { joinKey } = this.#options;
    const frame = (this.#manifest as Manifest).frame;
    chunks.advance(nowMs, (peer, indices) =>
      this.#ask(peer, encodeChunkRequest({ frame, isLog: this.#isLog, indices }, joinKey)),
    );
  }

  #ask(peer: PeerId, bytes: Uint8Array): boolean {
    return offeredTo(this.#options.send, peer, { channel: 'reliable', bytes });
  }

  /** Members whose word is missing are asked for it; some, in turn, for the manifest itself. */
  #askManifests(nowMs: number): void {
    const wanted = this.#wholeSought(nowMs);
    for (const member of this.#vote.members) {
      const isWhole = wanted.includes(member);
      const isDue = nowMs - (this.#askedMs.get(member) ?? Number.NEGATIVE_INFINITY) >= ASK_INTERVAL_MS;
      if (!isWhole && !(isDue && this.#vote.isOpen(member))) continue;
      const request = { nonce: this.#options.nonce, isWhole, isLog: this.#isLog };
      if (!this.#ask(member, encodeManifestRequest(request, this.#options.joinKey))) continue;
      this.#askedMs.set(member, nowMs);
      if (!isWhole) continue;
      this.#vote.askWhole(member);
      this.#nextWhole += 1;
      this.#wholeAskedMs = nowMs;
    }
  }

  /** Whom to ask for the manifest itself: of those that name the leading digest, or else of all, the next in turn. */
  #wholeSought(nowMs: number): PeerId[] {
    if (this.#manifest !== undefined || nowMs - this.#wholeAskedMs < WHOLE_INTERVAL_MS) return [];
    const { leading, members } = this.#vote;
    if (leading !== undefined && this.#vote.manifestOf(leading) !== undefined) return [];
    const naming = members.filter((member) => leading !== undefined && this.#vote.names(member, leading));
    const pool = naming.length > 0 ? naming : members;
    const count = Math.min(WHOLE_ASKED, pool.length);
    return Array.from({ length: count }, (_, at) => pool[(this.#nextWhole + at) % pool.length] as PeerId);
  }

  #giveUpIfHopeless(nowMs: number): void {
    const { nowMs: startMs } = this.#options;
    const chunks = this.#chunks;
    if (this.#vote.members.length === 0) this.#fail('no-source', 'No member of the match is left to ask.');
    else if (chunks !== undefined && this.#vote.members.every((member) => this.#isUseless(member)))
      this.#fail('no-source', `No source is left: ${chunks.banned.length} members sent wrong chunks.`);
    else if (nowMs - startMs >= TOTAL_MS)
      this.#fail('too-slow', `The state took longer than ${TOTAL_MS / 1000} s.`);
    else if (nowMs - this.#movedMs >= this.#idleMs) this.#failIdle();
  }

  /** It sent wrong chunks, or has another state. */
  #isUseless(member: PeerId): boolean {
    const hasOther = !this.#vote.isOpen(member) && !this.#vote.names(member, this.#digest);
    return hasOther || this.#chunks?.banned.includes(member) === true;
  }

  #failIdle(): void {
    const { chunksReceived, chunksTotal } = this.progress();
    const seconds = this.#idleMs / 1000;
    if (this.#manifest !== undefined)
      this.#fail('stalled', `No chunk came for ${seconds} s; ${chunksReceived} of ${chunksTotal} are here.`);
    else if (this.#vote.isUnanswered) this.#fail('unanswered', `No member answered within ${seconds} s.`);
    else if (this.#vote.problem !== undefined) this.#fail('unusable', this.#vote.problem);
    else if (this.#vote.isDisputed)
      this.#fail('disputed', 'The members name different states, and no state is named by enough of them.');
    else this.#fail('unanswered', `Too few members answered within ${seconds} s, or none sent its manifest.`);
  }

  #fail(reason: FetchFailure, message: string): void {
    this.#phase = 'failed';
    this.#failure = { reason, message };
  }
}
