/** What is known of one other peer's signing: its key and nonce, its chain, and what it has of ours. */
import { SIGNING_MESSAGES_BURST, SIGNING_MESSAGES_PER_SECOND } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import { NONCE_BYTES } from '../wire/signed-batch.js';
import { sameBytes } from './input-signer.js';
import { RemoteChain } from './remote-chain.js';
import type { PeerSigning, SignatureProblem } from './signing-types.js';

/** Keys of before a reload that are remembered, so that what was signed with them still proves something. */
const RETIRED_MAX = 4;

const NO_NONCE: Uint8Array = new Uint8Array(NONCE_BYTES);

/** Another peer. */
export class RemoteSigner {
  readonly peer: PeerId;
  /** Drawn by it for this match; `undefined` until it came. */
  nonce: Uint8Array | undefined;
  /** It said that it cannot sign. */
  isKeyless = false;
  /** Its batches, once its key is known. */
  chain: RemoteChain | undefined;
  readonly retired: RemoteChain[] = [];
  /** It has our key and nonce. */
  hasOurs = false;
  /** The first batch of ours that names its nonce: it needs that one and those after it. */
  greetedIn: number | undefined;
  /** Newest batch of ours that it has. */
  acked = -1;
  /** Since when it has owed us an acknowledgement. */
  owesSinceMs: number | undefined;
  keySentAtMs: number = Number.NEGATIVE_INFINITY;
  /** Proof that it signed two things. */
  proof: Uint8Array | undefined;
  proofTellings = 0;
  proofToldAtMs: number = Number.NEGATIVE_INFINITY;
  refused = 0;
  readonly told: Set<SignatureProblem> = new Set();
  #hasLeft = false;
  #tokens = SIGNING_MESSAGES_BURST;
  #countedAtMs = 0;

  constructor(peer: PeerId) {
    this.peer = peer;
  }

  /** What to send as the echo of its nonce. */
  get echo(): Uint8Array {
    return this.nonce ?? NO_NONCE;
  }

  /** False if it sends more than a peer may. */
  allows(nowMs: number): boolean {
    const passedMs = Math.max(0, nowMs - this.#countedAtMs);
    this.#countedAtMs = nowMs;
    this.#tokens = Math.min(
      SIGNING_MESSAGES_BURST,
      this.#tokens + (passedMs * SIGNING_MESSAGES_PER_SECOND) / 1000,
    );
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Takes its key; false if it has another one that still counts. */
  pin(key: Uint8Array): boolean {
    if (this.chain !== undefined && !sameBytes(this.chain.key, key)) {
      if (!this.#hasLeft) return false;
      this.retired.push(this.chain);
      if (this.retired.length > RETIRED_MAX) this.retired.shift();
      this.chain = undefined;
    }
    this.#hasLeft = false;
    this.isKeyless = false;
    this.chain ??= this.#chainOf(key);
    return true;
  }

  /** A key that it had before counts on with what was signed then. */
  #chainOf(key: Uint8Array): RemoteChain {
    return this.retired.find((old) => sameBytes(old.key, key)) ?? new RemoteChain(this.peer, key);
  }

  /** Takes its nonce. A new one (true) means that it knows nothing of ours yet. */
  greet(nonce: Uint8Array): boolean {
    if (sameBytes(this.nonce, nonce)) return false;
    this.nonce = nonce;
    this.greetedIn = undefined;
    this.acked = -1;
    this.owesSinceMs = undefined;
    return true;
  }

  /** It is out of the match: should it come back, perhaps reloaded, it may have another key. */
  left(): void {
    this.#hasLeft = true;
    this.hasOurs = false;
    this.nonce = undefined;
    this.greetedIn = undefined;
    this.acked = -1;
    this.owesSinceMs = undefined;
  }

  /** The chain under this key, of now or of before. */
  chainWith(key: Uint8Array): RemoteChain | undefined {
    if (sameBytes(this.chain?.key, key)) return this.chain;
    return this.retired.find((old) => sameBytes(old.key, key));
  }

  status(): PeerSigning {
    const { peer, chain, refused } = this;
    return {
      peer,
      state: chain !== undefined ? 'signed' : this.isKeyless ? 'unsigned' : 'waiting',
      ...(chain === undefined ? {} : { publicKey: chain.key }),
      batchesVerified: chain?.batchesVerified ?? 0,
      frameCompared: chain?.frameCompared ?? 0,
      refused,
    };
  }
}
