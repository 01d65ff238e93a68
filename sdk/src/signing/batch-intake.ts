/** Batches and proofs that arrive: what is signed is checked, whoever brings it, and two that contradict each other are a proof. */
import type { PeerId } from '../base/peer-id.js';
import { decodeBatch, type InputBatch } from '../wire/signed-batch.js';
import { decodeProof, encodeProof, type SignedBytes } from '../wire/signing-messages.js';
import { type Contradiction, contradiction, verifyEquivocation } from './equivocation.js';
import { hashOfBatch, verifyBatch } from './input-signer.js';
import type { RemoteSigner } from './remote-signer.js';
import type { SignatureProblem, SigningSession } from './signing-types.js';

/** What the intake needs. */
export interface IntakeOptions {
  readonly matchId: string;
  readonly self: PeerId;
  readonly session: SigningSession;
  readonly remotes: ReadonlyMap<PeerId, RemoteSigner>;
  /** Our nonce now. */
  readonly nonce: () => Uint8Array;
  /** We have a batch, now or before: its owner should hear of it. */
  readonly onHeld: (owner: PeerId) => void;
  readonly onProblem: (remote: RemoteSigner, problem: SignatureProblem) => void;
  /** The first proof against a peer. */
  readonly onProof: (owner: RemoteSigner, found: Contradiction) => void;
}

/** The way in for what is signed. Calls must not overlap: a batch is judged by the one before it. */
export class BatchIntake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** A batch from its owner, or (`isShown`) from somebody else: the signature is what counts. */
  async takeBatch(from: RemoteSigner, signed: SignedBytes, isShown: boolean): Promise<void> {
    const { session, self, matchId, onProblem } = this.#options;
    const batch = decodeBatch(signed.bytes);
    const isOurs = batch?.matchId === matchId && batch.cellBytes === session.cellBytes;
    if (batch === undefined || !isOurs || (!isShown && batch.peer !== from.peer)) {
      from.refused += 1;
      if (!isShown) onProblem(from, 'bad-batch');
      return;
    }
    const owner = batch.peer === self ? undefined : this.#options.remotes.get(batch.peer);
    // Its key is still on its way: the batch comes again.
    if (owner?.chain === undefined) return;
    if (owner.chainWith(batch.key) === undefined) from.refused += 1;
    else await this.#judge(owner, { from, batch, signed, isShown });
  }

  async #judge(
    owner: RemoteSigner,
    about: {
      readonly from: RemoteSigner;
      readonly batch: InputBatch;
      readonly signed: SignedBytes;
      readonly isShown: boolean;
    },
  ): Promise<void> {
    const { from, batch, signed, isShown } = about;
    const { session, self, nonce, onProblem, onHeld } = this.#options;
    const chain = owner.chainWith(batch.key);
    if (chain === undefined) return;
    const hash = await hashOfBatch(signed.bytes);
    const place = chain.place(batch, hash, { peer: self, nonce: nonce() });
    if (place === 'known') {
      onHeld(owner.peer);
      return;
    }
    if (!(await verifyBatch(chain.key, signed.signature, signed.bytes))) {
      from.refused += 1;
      if (!isShown) onProblem(from, 'bad-signature');
      return;
    }
    const other = place === 'fork' ? chain.signedAt(batch.sequence) : chain.contradicting(batch);
    if (other !== undefined) this.#prove(owner, other, signed);
    else if (place === 'broken' || (place === 'next' && !chain.goesOn(batch, session.frameFinal))) {
      owner.refused += 1;
      onProblem(owner, 'bad-batch');
    } else if (place === 'next' && chain === owner.chain) {
      chain.take(batch, signed, { hash, nonce: nonce() });
      onHeld(owner.peer);
    }
  }

  /** Both are signed by `owner`, and that has been checked. */
  #prove(owner: RemoteSigner, first: SignedBytes, second: SignedBytes): void {
    const [left, right] = [decodeBatch(first.bytes), decodeBatch(second.bytes)];
    const found = left && right && contradiction(left, right);
    if (found !== undefined) this.#convict(owner, encodeProof(first, second), found);
  }

  #convict(owner: RemoteSigner, proof: Uint8Array, { slot, frame }: Contradiction): void {
    if (owner.proof !== undefined) return;
    owner.proof = proof;
    this.#options.onProof(owner, { slot, frame });
  }

  /** A proof that somebody else found. */
  async takeProof(from: RemoteSigner, proof: Uint8Array): Promise<void> {
    const batch = decodeBatch(decodeProof(proof)?.[0].bytes ?? new Uint8Array(0));
    const owner = batch && this.#options.remotes.get(batch.peer);
    // Anybody can sign anything with a key of his own: only the key that its owner told us convicts it.
    const chain = batch?.matchId === this.#options.matchId ? owner?.chainWith(batch.key) : undefined;
    if (owner === undefined || chain === undefined) {
      from.refused += 1;
      return;
    }
    if (owner.proof !== undefined) return;
    const verdict = await verifyEquivocation(proof, chain.key);
    if (verdict.ok) this.#convict(owner, proof, verdict);
    else from.refused += 1;
  }
}
