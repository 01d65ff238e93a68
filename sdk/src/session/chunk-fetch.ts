/**
 * Fetches the chunks of one state from several members at once. Each member has a window of chunks under way that grows
 * while it delivers promptly and shrinks when it is slow; what does not come, or comes wrong, is asked of another.
 *
 * Decides whom to ask for what; knows no messages.
 */
import { CHUNKS_OUTSTANDING_MAX } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import { hashBytes } from '../base/state-hash.js';
import type { StateOutline } from '../wire/join-manifest.js';

/** Chunks first asked of a member. */
const WINDOW_START = 4;
/** A window grows while answers take no longer than twice the fastest and this: more would only wait in a queue. */
const QUEUE_MS = 100;
/** Limits of the time after which a chunk is asked of another member; the first applies before there is a measure. */
const TIMEOUT_MS_FIRST = 1000;
const TIMEOUT_MS_MIN = 400;
const TIMEOUT_MS_MAX = 3000;
/** A member that let so many timeouts pass in a row is left alone for a while, twice as long each time, at most four times. */
const STRIKES_MAX = 3;
const REST_MS = 1000;
const REST_DOUBLINGS_MAX = 2;
/** A member whose line takes no question is left alone for this long: others need not wait for it. */
const JAMMED_MS = 250;
/** How long a chunk that was given up waits for a place in the window of another member. */
const PATIENCE_MS = 250;
/** Chunks with a wrong hash after which a member is asked for nothing more. */
const WRONG_MAX = 2;
/** So many chunks before the last one, the end begins. */
const END_CHUNKS = 6;
/** Most members asked for one chunk at a time, when nothing else is left to ask for. */
const HOLDERS_MAX = 4;

/** What became of a chunk that arrived. */
export type ChunkVerdict = 'taken' | 'duplicate' | 'unasked' | 'wrong';

/** One member as a source. */
interface Source {
  readonly peer: PeerId;
  /** Chunks under way and when they were asked for. */
  readonly asked: Map<number, number>;
  /** 1 for each chunk that was ever asked of it. */
  readonly everAsked: Uint8Array;
  window: number;
  /** Smoothed time from question to answer, and the least of all; negative: unknown. */
  responseMs: number;
  responseMsMin: number;
  /** When the newest of its answered questions was put. */
  answeredAskMs: number;
  strikes: number;
  rests: number;
  restsUntilMs: number;
  wrong: number;
}

/** The chunks of one state on their way. */
export class ChunkFetch {
  readonly #outline: StateOutline;
  readonly #count: number;
  readonly #bytes: Uint8Array;
  readonly #has: Uint8Array;
  /** Members that each chunk is asked of now. */
  readonly #holders: Uint8Array;
  /** Who was asked last, for asking another next time, and when. */
  readonly #lastAsked: (PeerId | undefined)[];
  readonly #lastAskedMs: Float64Array;
  /** When it was given up, or came wrong. */
  readonly #givenUpMs: Float64Array;
  readonly #sources: Source[] = [];
  readonly #banned = new Set<PeerId>();
  #received = 0;
  #bytesReceived = 0;
  /** No chunk before this one is missing. */
  #firstMissing = 0;
  timeouts = 0;

  /** Allocates the bytes that the outline announces, at most 16 MiB: the caller believes it by now. */
  constructor(outline: StateOutline) {
    this.#outline = outline;
    this.#count = outline.chunkHashes.length;
    this.#bytes = new Uint8Array(outline.byteLength);
    this.#has = new Uint8Array(this.#count);
    this.#holders = new Uint8Array(this.#count);
    this.#lastAsked = new Array<PeerId | undefined>(this.#count).fill(undefined);
    this.#lastAskedMs = new Float64Array(this.#count);
    this.#givenUpMs = new Float64Array(this.#count).fill(Number.NEGATIVE_INFINITY);
  }

  get chunksReceived(): number {
    return this.#received;
  }

  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  get isComplete(): boolean {
    return this.#received === this.#count;
  }

  /** Members that chunks are asked of. */
  get sources(): readonly PeerId[] {
    return this.#sources.map(({ peer }) => peer);
  }

  /** Members that sent wrong chunks and are asked for nothing more. */
  get banned(): readonly PeerId[] {
    return [...this.#banned];
  }

  /** The whole state, once complete and if its hash is the announced one. */
  assembled(): Uint8Array | undefined {
    const isRight = this.isComplete && hashBytes(this.#bytes) === this.#outline.bytesHash;
    return isRight ? this.#bytes : undefined;
  }

  /** Another member to ask. One that sent wrong chunks stays out. */
  addSource(peer: PeerId): void {
    if (this.#banned.has(peer) || this.#sources.some((source) => source.peer === peer)) return;
    this.#sources.push({
      ...{ peer, asked: new Map<number, number>(), everAsked: new Uint8Array(this.#count) },
      ...{ window: WINDOW_START, responseMs: -1, responseMsMin: -1, answeredAskMs: Number.NEGATIVE_INFINITY },
      ...{ strikes: 0, rests: 0, restsUntilMs: Number.NEGATIVE_INFINITY, wrong: 0 },
    });
  }

  /** A member is gone: what it was asked for is asked of others. */
  removeSource(peer: PeerId): void {
    const at = this.#sources.findIndex((source) => source.peer === peer);
    if (at < 0) return;
    const [gone] = this.#sources.splice(at, 1);
    for (const index of gone?.asked.keys() ?? []) this.#letGo(index);
  }

  #letGo(index: number): void {
    this.#holders[index] = (this.#holders[index] as number) - 1;
  }

  /** Judges and keeps a chunk. */
  take(
    from: PeerId,
    chunk: { readonly index: number; readonly bytes: Uint8Array },
    nowMs: number,
  ): ChunkVerdict {
    const { index, bytes } = chunk;
    const source = this.#sources.find(({ peer }) => peer === from);
    // One that comes after its time is welcome still.
    if (source?.everAsked[index] !== 1) return 'unasked';
    const askedMs = source.asked.get(index);
    if (source.asked.delete(index)) this.#letGo(index);
    if (!this.#isRight(index, bytes)) {
      this.#givenUpMs[index] = nowMs;
      this.#blame(source);
      return 'wrong';
    }
    if (askedMs !== undefined) this.#measure(source, askedMs, nowMs);
    if (this.#has[index] === 1) return 'duplicate';
    this.#has[index] = 1;
    this.#bytes.set(bytes, index * this.#outline.chunkBytes);
    this.#received += 1;
    this.#bytesReceived += bytes.length;
    while (this.#has[this.#firstMissing] === 1) this.#firstMissing += 1;
    return 'taken';
  }

  #isRight(index: number, bytes: Uint8Array): boolean {
    const { byteLength, chunkBytes, chunkHashes } = this.#outline;
    const length = Math.min(chunkBytes, byteLength - index * chunkBytes);
    return bytes.length === length && hashBytes(bytes) === chunkHashes[index];
  }

  #blame(source: Source): void {
    source.wrong += 1;
    source.window = 1;
    if (source.wrong < WRONG_MAX) return;
    this.#banned.add(source.peer);
    this.removeSource(source.peer);
  }

  #measure(source: Source, askedMs: number, nowMs: number): void {
    const tookMs = nowMs - askedMs;
    source.answeredAskMs = Math.max(source.answeredAskMs, askedMs);
    const isFirst = source.responseMs < 0;
    source.responseMs = isFirst ? tookMs : source.responseMs + (tookMs - source.responseMs) / 4;
    source.responseMsMin = isFirst ? tookMs : Math.min(source.responseMsMin, tookMs);
    source.strikes = 0;
    source.rests = 0;
    const isPrompt = tookMs <= 2 * source.responseMsMin + QUEUE_MS;
    const chunks = source.window + (isPrompt ? 1 : -0.5);
    source.window = Math.min(CHUNKS_OUTSTANDING_MAX, Math.max(1, chunks));
  }

  /** Gives up what took too long, then asks for as much as the windows allow. */
  advance(nowMs: number, ask: (peer: PeerId, indices: readonly number[]) => boolean): void {
    for (const source of this.#sources) this.#expire(source, nowMs);
    for (const source of this.#ordered()) {
      if (nowMs < source.restsUntilMs) continue;
      const indices = this.#choose(source, nowMs);
      if (indices.length === 0) continue;
      if (!ask(source.peer, indices)) {
        source.restsUntilMs = nowMs + JAMMED_MS;
        continue;
      }
      for (const index of indices) {
        source.asked.set(index, nowMs);
        source.everAsked[index] = 1;
        this.#holders[index] = (this.#holders[index] as number) + 1;
        this.#lastAsked[index] = source.peer;
        this.#lastAskedMs[index] = nowMs;
      }
    }
  }

  /** The quickest first: they get what is missing longest. */
  #ordered(): Source[] {
    const rank = ({ responseMs }: Source): number => (responseMs < 0 ? TIMEOUT_MS_FIRST : responseMs);
    return [...this.#sources].sort((left, right) => rank(left) - rank(right));
  }

  #expire(source: Source, nowMs: number): void {
    let isSilent = false;
    for (const [index, askedMs] of source.asked) {
      // A member answers in the order of the questions: one that was passed over was lost on the way.
      const isOvertaken = askedMs < source.answeredAskMs;
      if (nowMs - askedMs < (isOvertaken ? lateAfterMs(source.responseMs) : timeoutMs(source))) continue;
      source.asked.delete(index);
      this.#letGo(index);
      this.#givenUpMs[index] = nowMs;
      this.timeouts += 1;
      if (!isOvertaken) isSilent = true;
    }
    if (!isSilent) return;
    source.window = Math.max(1, source.window / 2);
    source.strikes += 1;
    if (source.strikes < STRIKES_MAX) return;
    source.strikes = 0;
    source.window = 1;
    source.restsUntilMs = nowMs + (REST_MS << source.rests);
    source.rests = Math.min(REST_DOUBLINGS_MAX, source.rests + 1);
  }

  #choose(source: Source, nowMs: number): number[] {
    const free = freeIn(source);
    const chosen: number[] = [];
    for (let index = this.#firstMissing; index < this.#count && chosen.length < free; index += 1) {
      const isOpen = this.#has[index] === 0 && this.#holders[index] === 0;
      if (isOpen && !this.#isForOthers(index, source, nowMs)) chosen.push(index);
    }
    // Nothing is left to ask for, but something is late: whoever is free asks for that too, the oldest first.
    if (chosen.length === 0 && free > 0 && source.responseMs >= 0) {
      const late = this.#oldestUnderWay(source, nowMs);
      if (late >= 0) chosen.push(late);
    }
    return chosen;
  }

  /**
   * True if another member should be asked for this chunk: one that never was, or else any but the last one. For a
   * moment even if its window is full.
   */
  #isForOthers(index: number, source: Source, nowMs: number): boolean {
    if (source.everAsked[index] !== 1) return false;
    const wasLast = this.#lastAsked[index] === source.peer;
    const isFresh = nowMs - (this.#givenUpMs[index] as number) < PATIENCE_MS;
    return this.#sources.some(
      (other) =>
        (wasLast ? other !== source : other.everAsked[index] !== 1) &&
        nowMs >= other.restsUntilMs &&
        (isFresh || freeIn(other) > 0),
    );
  }

  /** The chunk that is under way longest, if it is late and this member would have answered by now; else -1. */
  #oldestUnderWay(source: Source, nowMs: number): number {
    // The very last ones find the line free, and they alone keep the newcomer waiting: the fastest answer is the measure.
    const isEnd = this.#count - this.#received <= END_CHUNKS;
    const known = this.#sources.filter(({ responseMs }) => responseMs >= 0);
    const fastestMs = known.reduce((least, { responseMsMin }) => Math.min(least, responseMsMin), Infinity);
    let oldest = -1;
    let oldestMs = nowMs - (isEnd ? fastestMs : source.responseMs);
    for (let index = this.#firstMissing; index < this.#count; index += 1) {
      const askedMs = this.#lastAskedMs[index] as number;
      if (this.#has[index] === 1 || askedMs >= oldestMs || source.asked.has(index)) continue;
      if ((this.#holders[index] as number) >= HOLDERS_MAX || this.#isForOthers(index, source, nowMs))
        continue;
      const holder = this.#sources.find(({ peer }) => peer === this.#lastAsked[index]);
      if (holder !== undefined && nowMs - askedMs < lateAfterMs(isEnd ? fastestMs : holder.responseMs))
        continue;
      oldest = index;
      oldestMs = askedMs;
    }
    return oldest;
  }
}

/** Chunks that may be asked of it now. */
function freeIn(source: Source): number {
  return Math.floor(source.window) - source.asked.size;
}

/** Time after which an answer is late, in ms, if it usually takes `responseMs` (negative: unknown). */
function lateAfterMs(responseMs: number): number {
  return responseMs < 0 ? TIMEOUT_MS_MIN : 1.5 * responseMs + QUEUE_MS;
}

/** Time after which an answer of this member is given up, in ms. */
function timeoutMs({ responseMs }: Source): number {
  if (responseMs < 0) return TIMEOUT_MS_FIRST;
  return Math.min(TIMEOUT_MS_MAX, Math.max(TIMEOUT_MS_MIN, 3 * responseMs + 2 * QUEUE_MS));
}
