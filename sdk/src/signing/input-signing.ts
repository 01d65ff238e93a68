/**
 * Signed inputs of one match on one page: tells the others our key, signs what we played once a second, checks what they signed,
 * compares it with what was played here, and sees to it that nobody can sign one thing for us and another for somebody else.
 *
 * Nothing here holds up the match: all of it happens beside it, on the reliable channel, some frames later.
 */
import type { PeerId } from '../base/peer-id.js';
import { hashBytes } from '../base/state-hash.js';
import { encodeUtf8 } from '../base/utf8.js';
import { NONCE_BYTES } from '../wire/signed-batch.js';
import {
  decodeSigningMessage,
  encodeSigningMessage,
  KEY_HINT_BYTES,
  type SigningMessage,
  type WitnessEntry,
} from '../wire/signing-messages.js';
import { BatchIntake } from './batch-intake.js';
import { type InputSigner, isWeakKey, sameBytes } from './input-signer.js';
import { type OwnBatch, OwnChain } from './own-chain.js';
import type { RemoteChain } from './remote-chain.js';
import { RemoteSigner } from './remote-signer.js';
import type {
  EquivocationFound,
  SignatureProblem,
  SignatureProblemFound,
  SigningSession,
  SigningStatus,
} from './signing-types.js';
import { WitnessBook } from './witness-book.js';

/** Time between two signatures, in ms. */
const SIGN_INTERVAL_MS = 1000;
/** Batches signed at a time, if much has piled up. */
const BATCHES_AT_ONCE = 8;
/** A key that is not known to have arrived is sent again after this, in ms. */
const KEY_INTERVAL_MS = 500;
/** Everybody hears this often what we hold, and this soon after we hold more, in ms. */
const WITNESS_INTERVAL_MS = 2000;
const WITNESS_SOON_MS = 100;
/** A batch that is not acknowledged is sent again after this, in ms. */
const RESEND_AFTER_MS = 1500;
/** A proof is told so often, this far apart in ms; who has it ignores it. */
const PROOF_TELLINGS = 3;
const PROOF_INTERVAL_MS = 2000;
/** Frames that somebody may leave unsigned. */
const OVERDUE_FRAMES = 600;

/** What signing is given. */
export interface InputSigningOptions {
  readonly matchId: string;
  readonly self: PeerId;
  readonly session: SigningSession;
  /** `undefined`: this page cannot sign or check anything, and says so. */
  readonly signer: InputSigner | undefined;
  /** Sends on the reliable channel; false: not taken. */
  readonly send: (peer: PeerId, bytes: Uint8Array) => boolean;
  /** Whether a key belongs to a peer, where ids are made from keys. Default: the first key that comes over a peer's link is its. */
  readonly isKeyOf?: (peer: PeerId, key: Uint8Array) => boolean | Promise<boolean>;
  readonly onEquivocation: (found: EquivocationFound) => void;
  readonly onProblem: (found: SignatureProblemFound) => void;
}

/** Signing, for one match. */
export class InputSigning {
  readonly #options: InputSigningOptions;
  readonly #match: number;
  readonly #remotes = new Map<PeerId, RemoteSigner>();
  readonly #own: OwnChain | undefined;
  readonly #witnesses = new WitnessBook();
  readonly #intake: BatchIntake;
  #nonce: Uint8Array = drawNonce();
  /** Work that is under way or waits, in order. */
  #tail: Promise<void> = Promise.resolve();
  #isSigning = false;
  #batchesSigned = 0;
  #nowMs: number = Number.NEGATIVE_INFINITY;
  #signAtMs: number = Number.NEGATIVE_INFINITY;
  #witnessAtMs: number = Number.NEGATIVE_INFINITY;
  /** Peers of whom we hold more than we told, or whose batches came again. */
  readonly #news = new Set<PeerId>();
  #newsAtMs: number = Number.NEGATIVE_INFINITY;
  #lookAtMs: number = Number.NEGATIVE_INFINITY;

  constructor(options: InputSigningOptions) {
    this.#options = options;
    const { matchId, self, signer, session } = options;
    this.#match = hashBytes(encodeUtf8(matchId));
    this.#own = signer && new OwnChain({ matchId, self, signer, session });
    this.#intake = new BatchIntake({
      matchId,
      self,
      session,
      remotes: this.#remotes,
      nonce: () => this.#nonce,
      onHeld: (owner) => this.#news.add(owner),
      onProblem: (remote, problem) => this.#tell(remote, problem),
      onProof: ({ peer, proof }, { slot, frame }) => {
        if (proof !== undefined) options.onEquivocation({ slot, frame, culprit: peer, proof });
      },
    });
  }

  /** Takes a message from a peer: any bytes. */
  receive(peer: PeerId, bytes: Uint8Array, nowMs: number): void {
    const remote = this.#remoteOf(peer);
    if (remote === undefined || !remote.allows(nowMs)) return;
    const message = decodeSigningMessage(bytes);
    if (message === undefined) remote.refused += 1;
    // A message of the match before may still be on its way.
    else if ((message.match | 0) === (this.#match | 0)) this.#run(() => this.#take(remote, message));
  }

  /** Does what is due. Call it some times a second. */
  poll(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const peer of this.#options.session.peers) this.#remoteOf(peer);
    this.#sendKeys();
    if (this.#own === undefined) return;
    if (nowMs >= this.#signAtMs) {
      this.#signAtMs = nowMs + SIGN_INTERVAL_MS;
      this.#sign(this.#own);
    }
    if (nowMs >= this.#lookAtMs) {
      this.#lookAtMs = nowMs + WITNESS_SOON_MS;
      this.#lookAround(this.#own);
    }
    this.#witness();
  }

  /** A peer is out of the match. */
  peerLeft(peer: PeerId): void {
    this.#remotes.get(peer)?.left();
    this.#witnesses.forget(peer);
  }

  /** The session began anew, from a state that the others sent: they are told again who we are. */
  restart(): void {
    this.#nonce = drawNonce();
    this.#own?.restart();
    for (const remote of this.#remotes.values()) remote.hasOurs = false;
  }

  status(): Omit<SigningStatus, 'phase'> {
    const { signer, session } = this.#options;
    return {
      ...(signer === undefined ? {} : { publicKey: signer.publicKey }),
      batchesSigned: this.#batchesSigned,
      peers: session.peers.flatMap((peer) => this.#remotes.get(peer)?.status() ?? []),
    };
  }

  /** Resolves when all that was asked for so far is done: for tests. */
  async settled(): Promise<void> {
    let tail: Promise<void> | undefined;
    while (tail !== this.#tail) {
      tail = this.#tail;
      await tail;
    }
  }

  /** One after the other: a batch must not overtake the one before it. */
  #run(job: () => void | Promise<void>): void {
    this.#tail = this.#tail.then(job);
  }

  #remoteOf(peer: PeerId): RemoteSigner | undefined {
    const { session, self } = this.#options;
    if (peer === self || !session.peers.includes(peer)) return undefined;
    let remote = this.#remotes.get(peer);
    if (remote === undefined) {
      remote = new RemoteSigner(peer);
      this.#remotes.set(peer, remote);
    }
    return remote;
  }

  #send(remote: RemoteSigner, message: SigningMessage): boolean {
    return this.#options.send(remote.peer, encodeSigningMessage(message));
  }

  #sendKeys(): void {
    for (const remote of this.#remotes.values()) {
      if (!remote.hasOurs && this.#nowMs - remote.keySentAtMs >= KEY_INTERVAL_MS) this.#sendKey(remote);
    }
  }

  #sendKey(remote: RemoteSigner): void {
    remote.keySentAtMs = this.#nowMs;
    this.#send(remote, {
      kind: 'key',
      match: this.#match,
      nonce: this.#nonce,
      echo: remote.echo,
      asks: !remote.hasOurs,
      key: this.#options.signer?.publicKey,
    });
  }

  #take(remote: RemoteSigner, message: SigningMessage): void | Promise<void> {
    if (message.kind === 'key') return this.#takeKey(remote, message);
    if (this.#own === undefined) return;
    switch (message.kind) {
      case 'witness':
        for (const entry of message.entries) this.#takeWitness(remote, entry);
        return;
      case 'proof':
        return this.#intake.takeProof(remote, message.proof);
      default:
        return this.#intake.takeBatch(remote, message.signed, message.kind === 'shown');
    }
  }

  async #takeKey(remote: RemoteSigner, message: SigningMessage & { readonly kind: 'key' }): Promise<void> {
    const { key, nonce, echo, asks } = message;
    const { isKeyOf } = this.#options;
    if (key === undefined) {
      // Who had a key and says it has none is not believed: it would be rid of what it signed.
      if (remote.chain === undefined) {
        remote.isKeyless = true;
        this.#tell(remote, 'unsigned');
      }
    } else if (isWeakKey(key) || (isKeyOf !== undefined && !(await isKeyOf(remote.peer, key)))) {
      remote.refused += 1;
      return;
    } else if (!remote.pin(key)) {
      remote.refused += 1;
      this.#tell(remote, 'key-changed');
      return;
    }
    if (remote.greet(nonce)) {
      // It may not know yet what has been proven.
      for (const owner of this.#remotes.values()) owner.proofTellings = 0;
    }
    remote.hasOurs = sameBytes(echo, this.#nonce);
    if (asks) this.#sendKey(remote);
  }

  #sign(own: OwnChain): void {
    if (this.#isSigning) return;
    this.#isSigning = true;
    this.#run(async () => {
      try {
        for (let count = 0; count < BATCHES_AT_ONCE && (await this.#signOne(own)); count += 1);
      } finally {
        this.#isSigning = false;
      }
    });
  }

  /** False if there was nothing left to sign. */
  async #signOne(own: OwnChain): Promise<boolean> {
    const strangers = [...this.#remotes.values()].filter(
      ({ nonce, greetedIn }) => nonce !== undefined && greetedIn === undefined,
    );
    const nonces = strangers
      .map(({ peer, echo: nonce }) => ({ peer, nonce }))
      .sort((left, right) => (left.peer < right.peer ? -1 : 1));
    const batch = await own.sign(nonces);
    if (batch === undefined) return false;
    this.#batchesSigned += 1;
    for (const { peer, nonce } of nonces) {
      const remote = this.#remotes.get(peer);
      // It may have begun anew meanwhile.
      if (remote !== undefined && sameBytes(remote.nonce, nonce)) remote.greetedIn = batch.sequence;
    }
    for (const remote of this.#remotes.values()) this.#sendBatch(remote, batch);
    return true;
  }

  #sendBatch(remote: RemoteSigner, batch: OwnBatch): void {
    if (remote.greetedIn === undefined || batch.sequence < remote.greetedIn) return;
    remote.owesSinceMs ??= this.#nowMs;
    this.#send(remote, { kind: 'batch', match: this.#match, signed: batch });
  }

  /** Compares, sends again what did not arrive, tells proofs. */
  #lookAround(own: OwnChain): void {
    const { session } = this.#options;
    this.#tellProofs();
    for (const remote of this.#remotes.values()) {
      this.#resend(remote, own);
      const { chain } = remote;
      for (const { problem, slot, frame } of chain?.compare(session) ?? [])
        this.#tell(remote, problem, { slot, frame });
      if (remote.isKeyless || remote.told.has('missing')) continue;
      this.#findMissing(remote, chain);
    }
  }

  /** Somebody plays and does not sign. */
  #findMissing(remote: RemoteSigner, chain: RemoteChain | undefined): void {
    const { session } = this.#options;
    const longAgo = session.frameFinal - OVERDUE_FRAMES;
    if (longAgo < 1) return;
    for (let slot = 0; slot < session.slotCount; slot += 1) {
      // Whoever played it then is looked at, and nobody else: this runs often.
      const played = session.inputSpan(slot, longAgo, 1);
      if (played?.owner !== remote.peer) continue;
      const frame = chain === undefined ? played.first : chain.overdue(slot, session, OVERDUE_FRAMES);
      if (frame !== undefined) this.#tell(remote, 'missing', { slot, frame });
    }
  }

  #resend(remote: RemoteSigner, own: OwnChain): void {
    const { greetedIn, owesSinceMs } = remote;
    if (greetedIn === undefined || owesSinceMs === undefined) return;
    if (this.#nowMs - owesSinceMs < RESEND_AFTER_MS) return;
    remote.owesSinceMs = this.#nowMs;
    const first = Math.max(remote.acked + 1, greetedIn);
    for (let sequence = first; sequence < first + BATCHES_AT_ONCE; sequence += 1) {
      const batch = own.at(sequence);
      if (batch !== undefined) this.#sendBatch(remote, batch);
    }
  }

  /** Of all, now and then; in between of those that we hold more of. */
  #witness(): void {
    const isFull = this.#nowMs >= this.#witnessAtMs;
    if (!isFull && (this.#news.size === 0 || this.#nowMs < this.#newsAtMs)) return;
    if (isFull) this.#witnessAtMs = this.#nowMs + WITNESS_INTERVAL_MS;
    this.#newsAtMs = this.#nowMs + WITNESS_SOON_MS;
    this.#sendWitness((peer) => isFull || this.#news.has(peer));
    this.#news.clear();
  }

  #sendWitness(tells: (peer: PeerId) => boolean): void {
    const { peers } = this.#options.session;
    const entries = peers.flatMap((peer, owner): WitnessEntry[] => {
      const chain = this.#remotes.get(peer)?.chain;
      const hash = chain?.hashAt(chain.head);
      if (chain === undefined || hash === undefined || !tells(peer)) return [];
      return [{ owner, keyHint: chain.key.subarray(0, KEY_HINT_BYTES), sequence: chain.head, hash }];
    });
    if (entries.length === 0) return;
    for (const remote of this.#remotes.values())
      this.#send(remote, { kind: 'witness', match: this.#match, entries });
  }

  #takeWitness(from: RemoteSigner, entry: WitnessEntry): void {
    const { session, self } = this.#options;
    const peer = session.peers[entry.owner];
    if (peer === undefined || peer === from.peer) return;
    if (peer === self) {
      this.#noteAcked(from, entry);
      return;
    }
    const owner = this.#remotes.get(peer);
    const chain = owner?.chain;
    if (owner === undefined || chain === undefined) return;
    const answer = this.#witnesses.compare(from.peer, entry, { chain, nowMs: this.#nowMs });
    if (answer.otherKey) this.#tell(owner, 'key-differs', { by: from.peer });
    for (const sequence of answer.show) {
      const signed = chain.signedAt(sequence);
      if (signed !== undefined) this.#send(from, { kind: 'shown', match: this.#match, signed });
    }
  }

  #noteAcked(from: RemoteSigner, { sequence, hash }: WitnessEntry): void {
    const own = this.#own;
    if (!sameBytes(own?.at(sequence)?.hash, hash) || sequence <= from.acked) return;
    from.acked = sequence;
    from.owesSinceMs = sequence === own?.head?.sequence ? undefined : this.#nowMs;
  }

  /** Whoever has it ignores it. */
  #tellProofs(): void {
    for (const owner of this.#remotes.values()) {
      const { proof } = owner;
      if (proof === undefined || owner.proofTellings >= PROOF_TELLINGS) continue;
      if (this.#nowMs - owner.proofToldAtMs < PROOF_INTERVAL_MS) continue;
      owner.proofTellings += 1;
      owner.proofToldAtMs = this.#nowMs;
      for (const remote of this.#remotes.values())
        if (remote !== owner) this.#send(remote, { kind: 'proof', match: this.#match, proof });
    }
  }

  #tell(
    remote: RemoteSigner,
    problem: SignatureProblem,
    about: Omit<SignatureProblemFound, 'peer' | 'problem'> = {},
  ): void {
    if (remote.told.has(problem)) return;
    remote.told.add(problem);
    this.#options.onProblem({ peer: remote.peer, problem, ...about });
  }
}

function drawNonce(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
}
