/**
 * A member's side of a join: holds serialised states and step logs for newcomers and sends them what they ask for, no faster than
 * a budget allows, so that the inputs of the running match find the line free.
 *
 * Knows nothing of views, logs or the game; `receive` only notes, `advance` sends.
 */
import { assert } from '../base/errors.js';
import { CHUNKS_OUTSTANDING_MAX, PEERS_MAX, STATE_OFFERED_MS, STATES_OFFERED_MAX } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import { manifestDigest } from '../wire/join-manifest.js';
import {
  type ChunkRequest,
  decodeChunkRequest,
  decodeManifestRequest,
  encodeAttest,
  encodeChunk,
  KIND_CHUNK_REQUEST,
  KIND_MANIFEST_REQUEST,
  type ManifestRequest,
} from '../wire/join-messages.js';
import type { ChannelName } from './session-types.js';
import { OfferedBytes, type OfferedFrame, OfferedPart } from './state-snapshot.js';
import { offeredTo, SendBudget, type TransferSend } from './transfer-send.js';

/** What one newcomer is sent per second at most, in bytes, and all of them together. */
const BYTES_PER_SECOND = 256 * 1024;
const BYTES_PER_SECOND_TOTAL: number = 2 * BYTES_PER_SECOND;

/** What a {@link StateOffer} needs. */
export interface StateOfferOptions {
  /** `joinKeyOf(matchId)`. */
  readonly joinKey: number;
  readonly send: TransferSend;
  /** Most bytes per second to one newcomer. Default 262,144. */
  readonly bytesPerSecond?: number;
  /** Most bytes per second to all newcomers together. Default twice that. */
  readonly bytesPerSecondTotal?: number;
}

/** Who gets what. */
export interface Offer extends OfferedFrame {
  readonly joiner: PeerId;
  /** Of its JOIN. */
  readonly nonce: number;
  /** Gives the step log that leads from the newcomer's own state to this one, if that is known. Called as `serialize` is. */
  readonly collectLog?: () => Uint8Array | undefined;
}

/** What was refused, and what was sent, since the start. */
export interface OfferCounts {
  /** Requests of peers that are offered nothing, or for another attempt or frame. */
  readonly unasked: number;
  /** Chunks asked for beyond the number that may be outstanding, or again before they were sent. */
  readonly surplus: number;
  readonly manifestsSent: number;
  readonly chunksSent: number;
  readonly bytesSent: number;
}

/** One newcomer and what it is owed. */
interface Joiner {
  readonly peer: PeerId;
  readonly nonce: number;
  readonly budget: SendBudget;
  readonly openedMs: number;
  readonly state: OfferedPart;
  readonly log: OfferedPart;
}

/** The states that this member offers to newcomers. */
export class StateOffer {
  readonly #options: StateOfferOptions;
  readonly #bytesPerSecond: number;
  /** By frame: newcomers of one frame share its state. */
  readonly #states = new Map<number, OfferedBytes>();
  /** Asked for before the state was there: newcomers are let in before its frame is final. */
  readonly #early = new Map<PeerId, ManifestRequest>();
  /** In the order in which they are served; each call begins with another. */
  #joiners: Joiner[] = [];
  #total: SendBudget | undefined;
  #counts = { unasked: 0, surplus: 0, manifestsSent: 0, chunksSent: 0, bytesSent: 0 };

  constructor(options: StateOfferOptions) {
    this.#options = options;
    this.#bytesPerSecond = options.bytesPerSecond ?? BYTES_PER_SECOND;
    assert(this.#bytesPerSecond > 0, `an offer of ${this.#bytesPerSecond} bytes per second`);
  }

  /** True while somebody is offered something. */
  get isActive(): boolean {
    return this.#joiners.length > 0;
  }

  /** Frames whose states are held. */
  get frames(): readonly number[] {
    return [...this.#states.keys()];
  }

  /** Bytes of states, logs and manifests held. */
  get byteLength(): number {
    let bytes = 0;
    for (const state of this.#states.values()) bytes += state.byteLength;
    for (const { state, log } of this.#joiners)
      bytes += state.messageBytes + log.messageBytes + log.content.byteLength;
    return bytes;
  }

  get counts(): OfferCounts {
    return { ...this.#counts };
  }

  /**
   * From now on the newcomer is served. An offer to it of another attempt or frame ends; the same again changes nothing. Newcomers of one frame share one state: the first
   * offer's `serialize` counts.
   * False, and no change, if it would need a third state at a time: it has to wait.
   */
  open(offer: Offer, nowMs: number): boolean {
    const { joiner: peer, nonce, header } = offer;
    const { frame } = header;
    const isOpen = (joiner: Joiner): boolean =>
      joiner.peer === peer && joiner.nonce === nonce && joiner.state.frame === frame;
    if (this.#joiners.some(isOpen)) return true;
    const others = this.#joiners.filter((joiner) => joiner.peer !== peer);
    const frames = new Set(others.map((joiner) => joiner.state.frame)).add(frame);
    if (frames.size > STATES_OFFERED_MAX || others.length >= PEERS_MAX) return false;
    const { joinKey } = this.#options;
    const state = this.#states.get(frame) ?? new OfferedBytes(offer.serialize);
    this.#states.set(frame, state);
    this.#total ??= new SendBudget(this.#options.bytesPerSecondTotal ?? BYTES_PER_SECOND_TOTAL, nowMs);
    this.#joiners = others;
    const joiner: Joiner = {
      ...{ peer, nonce, budget: new SendBudget(this.#bytesPerSecond, nowMs), openedMs: nowMs },
      state: new OfferedPart(state, { ...header, isLog: false }, joinKey),
      log: new OfferedPart(new OfferedBytes(() => offer.collectLog?.()), { ...header, isLog: true }, joinKey),
    };
    this.#joiners.push(joiner);
    const early = this.#early.get(peer);
    if (early?.nonce === nonce) this.#noteManifest(joiner, early);
    this.#early.delete(peer);
    this.#release();
    return true;
  }

  /** Ends the offer to a newcomer: it has the state, or it is gone. */
  close(joiner: PeerId): void {
    this.#joiners = this.#joiners.filter(({ peer }) => peer !== joiner);
    this.#release();
  }

  /**
   * Digest of the manifest of a frame's state, as it is attested; serialises the state now if nobody has asked yet.
   * `undefined` if the frame is not offered, or its state is empty or larger than 16 MiB and cannot be sent.
   */
  digestOf(frame: number): number | undefined {
    const message = this.#joiners.find(({ state }) => state.frame === frame)?.state.message();
    return message && manifestDigest(message);
  }

  /** Takes a MANIFEST_REQUEST or CHUNK_REQUEST. False if the bytes are neither. */
  receive(from: PeerId, bytes: Uint8Array): boolean {
    const { joinKey } = this.#options;
    const joiner = this.#joiners.find(({ peer }) => peer === from);
    if (bytes[0] === KIND_MANIFEST_REQUEST) {
      const request = decodeManifestRequest(bytes, joinKey);
      if (request === undefined) return false;
      if (joiner?.nonce === request.nonce) this.#noteManifest(joiner, request);
      else this.#noteEarly(from, request);
      return true;
    }
    if (bytes[0] !== KIND_CHUNK_REQUEST) return false;
    const request = decodeChunkRequest(bytes, joinKey);
    if (request !== undefined) this.#noteChunks(joiner, request);
    return request !== undefined;
  }

  #noteManifest({ log, state }: Joiner, request: ManifestRequest): void {
    const part = request.isLog ? log : state;
    if (request.isWhole) part.owesManifest = true;
    else part.owesAttest = true;
  }

  #noteEarly(from: PeerId, request: ManifestRequest): void {
    this.#counts.unasked += 1;
    this.#early.delete(from);
    this.#early.set(from, request);
    const [oldest] = this.#early.keys();
    if (this.#early.size > PEERS_MAX && oldest !== undefined) this.#early.delete(oldest);
  }

  #noteChunks(joiner: Joiner | undefined, { frame, isLog, indices }: ChunkRequest): void {
    const part = isLog ? joiner?.log : joiner?.state;
    if (part?.frame !== frame || (indices.at(-1) as number) >= part.content.chunkCount) {
      this.#counts.unasked += 1;
      return;
    }
    for (const index of indices) {
      if (part.owed.size < CHUNKS_OUTSTANDING_MAX && !part.owed.has(index)) part.owed.add(index);
      else this.#counts.surplus += 1;
    }
  }

  /** Sends what is due and the budget allows, and forgets what is over. */
  advance(nowMs: number): void {
    if (this.#joiners.length === 0) return;
    this.#joiners = this.#joiners.filter((joiner) => nowMs - joiner.openedMs < this.#heldMs(joiner));
    this.#release();
    let waiting = [...this.#joiners];
    for (const joiner of waiting) this.#attest(joiner);
    // One message each in turn, so that nobody's queue keeps another's waiting.
    while (waiting.length > 0) waiting = waiting.filter((joiner) => this.#sendOne(joiner, nowMs));
    const first = this.#joiners.shift();
    if (first !== undefined) this.#joiners.push(first);
  }

  /** How long a newcomer may take: a fixed time, and as long as all of the state takes twice. */
  #heldMs({ state }: Joiner): number {
    return STATE_OFFERED_MS + (2000 * (state.content.byteLength + state.messageBytes)) / this.#bytesPerSecond;
  }

  #attest({ peer, nonce, state, log }: Joiner): void {
    for (const part of [log, state]) {
      if (!part.owesAttest) continue;
      const message = part.message();
      // Nothing to say of what cannot be sent.
      part.owesAttest =
        message !== undefined && !this.#send(peer, 'reliable', this.#attestation(nonce, part.isLog, message));
    }
  }

  #attestation(nonce: number, isLog: boolean, message: Uint8Array): Uint8Array {
    return encodeAttest({ nonce, isLog, digest: manifestDigest(message) }, this.#options.joinKey);
  }

  /** Sends one large message; false if there is none, or it has to wait. */
  #sendOne({ peer, state, log, budget }: Joiner, nowMs: number): boolean {
    const part = log.owesManifest || log.owed.size > 0 ? log : state;
    const { owed } = part;
    const [index] = owed;
    if (!part.owesManifest && index === undefined) return false;
    if (!budget.allows(nowMs) || this.#total?.allows(nowMs) !== true) return false;
    const message = part.message();
    if (message === undefined) {
      part.owesManifest = false;
      return false;
    }
    const bytes = part.owesManifest ? message : this.#chunk(part, index as number);
    if (!this.#send(peer, 'bulk', bytes)) return false;
    budget.spend(bytes.length);
    this.#total.spend(bytes.length);
    if (part.owesManifest) {
      part.owesManifest = false;
      this.#counts.manifestsSent += 1;
    } else {
      owed.delete(index as number);
      this.#counts.chunksSent += 1;
    }
    return true;
  }

  /** A piece of content whose manifest was sent. */
  #chunk({ frame, isLog, content }: OfferedPart, index: number): Uint8Array {
    const made = content.made();
    assert(made !== undefined, `chunk ${index} of frame ${frame} was asked for and is not there`);
    const { chunkBytes } = made.outline;
    const bytes = made.bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes);
    return encodeChunk({ frame, isLog, index, bytes }, this.#options.joinKey);
  }

  #send(peer: PeerId, channel: ChannelName, bytes: Uint8Array): boolean {
    const isTaken = offeredTo(this.#options.send, peer, { channel, bytes });
    if (isTaken) this.#counts.bytesSent += bytes.length;
    return isTaken;
  }

  /** Drops states that nobody is offered any more. */
  #release(): void {
    for (const frame of this.#states.keys())
      if (!this.#joiners.some(({ state }) => state.frame === frame)) this.#states.delete(frame);
  }
}
