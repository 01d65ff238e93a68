/**
 * A member's side of a join: holds serialised states for newcomers and sends them what they ask for, no faster than a
 * budget allows, so that the inputs of the running match find the line free.
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
import { type MadeState, type OfferedFrame, StateSnapshot } from './state-snapshot.js';
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
  readonly snapshot: StateSnapshot;
  readonly budget: SendBudget;
  readonly openedMs: number;
  /** Indices asked for and not sent yet, in the order they were asked for. */
  readonly owed: Set<number>;
  owesManifest: boolean;
  owesAttest: boolean;
}

/** The states that this member offers to newcomers. */
export class StateOffer {
  readonly #options: StateOfferOptions;
  readonly #bytesPerSecond: number;
  readonly #snapshots = new Map<number, StateSnapshot>();
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
    return [...this.#snapshots.keys()];
  }

  /** Bytes of states and manifests held. */
  get byteLength(): number {
    let bytes = 0;
    for (const snapshot of this.#snapshots.values()) bytes += snapshot.byteLength;
    return bytes;
  }

  get counts(): OfferCounts {
    return { ...this.#counts };
  }

  /**
   * From now on the newcomer is served. An offer to it of another attempt or frame ends; the same again changes nothing. Newcomers of one frame share one state: the first
   * offer's header and `serialize` count.
   * False, and no change, if it would need a third state at a time: it has to wait.
   */
  open(offer: Offer, nowMs: number): boolean {
    const { joiner: peer, nonce } = offer;
    const { frame } = offer.header;
    const isOpen = (joiner: Joiner): boolean =>
      joiner.peer === peer && joiner.nonce === nonce && joiner.snapshot.frame === frame;
    if (this.#joiners.some(isOpen)) return true;
    const others = this.#joiners.filter((joiner) => joiner.peer !== peer);
    const frames = new Set(others.map((joiner) => joiner.snapshot.frame)).add(frame);
    if (frames.size > STATES_OFFERED_MAX || others.length >= PEERS_MAX) return false;
    const snapshot = this.#snapshots.get(frame) ?? new StateSnapshot(offer, this.#options.joinKey);
    this.#snapshots.set(frame, snapshot);
    this.#total ??= new SendBudget(this.#options.bytesPerSecondTotal ?? BYTES_PER_SECOND_TOTAL, nowMs);
    const budget = new SendBudget(this.#bytesPerSecond, nowMs);
    this.#joiners = others;
    this.#joiners.push({
      ...{ peer, nonce, snapshot, budget, openedMs: nowMs },
      ...{ owed: new Set<number>(), owesManifest: false, owesAttest: false },
    });
    this.#release();
    return true;
  }

  /** Ends the offer to a newcomer: it has the state, or it is gone. */
  close(joiner: PeerId): void {
    this.#joiners = this.#joiners.filter(({ peer }) => peer !== joiner);
    this.#release();
  }

  /**
   * Digest of the manifest of a frame that is offered; serialises the state now if nobody has asked yet.
   * `undefined` if the frame is not offered, or its state is empty or larger than 16 MiB and cannot be sent.
   */
  digestOf(frame: number): number | undefined {
    const made = this.#snapshots.get(frame)?.make();
    return made && manifestDigest(made.message);
  }

  /** Takes a MANIFEST_REQUEST or CHUNK_REQUEST. False if the bytes are neither. */
  receive(from: PeerId, bytes: Uint8Array): boolean {
    const { joinKey } = this.#options;
    const joiner = this.#joiners.find(({ peer }) => peer === from);
    if (bytes[0] === KIND_MANIFEST_REQUEST) {
      const request = decodeManifestRequest(bytes, joinKey);
      if (request !== undefined) this.#noteManifest(joiner, request);
      return request !== undefined;
    }
    if (bytes[0] !== KIND_CHUNK_REQUEST) return false;
    const request = decodeChunkRequest(bytes, joinKey);
    if (request !== undefined) this.#noteChunks(joiner, request);
    return request !== undefined;
  }

  #noteManifest(joiner: Joiner | undefined, request: ManifestRequest): void {
    if (joiner === undefined || joiner.nonce !== request.nonce) this.#counts.unasked += 1;
    else if (request.isWhole) joiner.owesManifest = true;
    else joiner.owesAttest = true;
  }

  #noteChunks(joiner: Joiner | undefined, { frame, indices }: ChunkRequest): void {
    const chunkCount =
      joiner?.snapshot.frame === frame ? (joiner.snapshot.made?.manifest.chunkHashes.length ?? 0) : 0;
    if (joiner === undefined || (indices.at(-1) as number) >= chunkCount) {
      this.#counts.unasked += 1;
      return;
    }
    for (const index of indices) {
      if (joiner.owed.size < CHUNKS_OUTSTANDING_MAX && !joiner.owed.has(index)) joiner.owed.add(index);
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
  #heldMs({ snapshot }: Joiner): number {
    return STATE_OFFERED_MS + (2000 * snapshot.byteLength) / this.#bytesPerSecond;
  }

  #attest(joiner: Joiner): void {
    if (!joiner.owesAttest) return;
    const digest = this.digestOf(joiner.snapshot.frame);
    // Nothing to say of a state that cannot be sent.
    if (digest === undefined) joiner.owesAttest = false;
    else if (
      this.#send(
        joiner.peer,
        'reliable',
        encodeAttest({ nonce: joiner.nonce, digest }, this.#options.joinKey),
      )
    )
      joiner.owesAttest = false;
  }

  /** Sends one large message; false if there is none, or it has to wait. */
  #sendOne(joiner: Joiner, nowMs: number): boolean {
    const { owed, snapshot, budget } = joiner;
    const [index] = owed;
    if (!joiner.owesManifest && index === undefined) return false;
    if (!budget.allows(nowMs) || this.#total?.allows(nowMs) !== true) return false;
    const made = snapshot.make();
    if (made === undefined) {
      joiner.owesManifest = false;
      return false;
    }
    const bytes = joiner.owesManifest ? made.message : this.#chunk(made, index as number);
    if (!this.#send(joiner.peer, 'bulk', bytes)) return false;
    budget.spend(bytes.length);
    this.#total.spend(bytes.length);
    if (joiner.owesManifest) {
      joiner.owesManifest = false;
      this.#counts.manifestsSent += 1;
    } else {
      owed.delete(index as number);
      this.#counts.chunksSent += 1;
    }
    return true;
  }

  #chunk({ state, manifest }: MadeState, index: number): Uint8Array {
    const { frame, chunkBytes } = manifest;
    const bytes = state.subarray(index * chunkBytes, (index + 1) * chunkBytes);
    return encodeChunk({ frame, index, bytes }, this.#options.joinKey);
  }

  #send(peer: PeerId, channel: ChannelName, bytes: Uint8Array): boolean {
    const isTaken = offeredTo(this.#options.send, peer, { channel, bytes });
    if (isTaken) this.#counts.bytesSent += bytes.length;
    return isTaken;
  }

  /** Drops states that nobody is offered any more. */
  #release(): void {
    for (const frame of this.#snapshots.keys())
      if (!this.#joiners.some(({ snapshot }) => snapshot.frame === frame)) this.#snapshots.delete(frame);
  }
}
