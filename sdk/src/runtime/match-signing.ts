/**
 * Signed inputs of a running match. The code for it is loaded when a match with `signInputs` begins; until it is there, and
 * where a page cannot sign, the match goes on without, and says so.
 */
import { SdkError } from '../base/errors.js';
import type { PeerId } from '../base/peer-id.js';
import type { Session } from '../session/session-types.js';
import type { EquivocationVerdict } from '../signing/equivocation.js';
import type { InputSigner } from '../signing/input-signer.js';
import type { InputSigning } from '../signing/input-signing.js';
import type {
  EquivocationFound,
  SignatureProblemFound,
  SigningSession,
  SigningStatus,
} from '../signing/signing-types.js';
import { isSigningKind } from '../wire/signing-messages.js';

/** Where keys come from, if not from this page. */
export interface SigningIdentity {
  /** Default: a key of this match alone, which cannot be exported. */
  readonly createSigner?: () => Promise<InputSigner>;
  /** Whether a key belongs to a peer. Default: the first one that comes over a peer's link does. */
  readonly isKeyOf?: (peer: PeerId, key: Uint8Array) => boolean | Promise<boolean>;
}

/** What {@link MatchSigning} is given. */
export interface MatchSigningOptions {
  readonly session: Session<unknown, unknown>;
  readonly matchId: string;
  readonly self: PeerId;
  readonly slotCount: number;
  readonly cellBytes: number;
  readonly identity: SigningIdentity;
  readonly now: () => number;
  readonly send: (peer: PeerId, bytes: Uint8Array) => boolean;
  readonly onEquivocation: (found: EquivocationFound) => void;
  readonly onProblem: (found: SignatureProblemFound) => void;
  readonly onPhase: (status: Pick<SigningStatus, 'phase' | 'reason'>) => void;
}

/** How often signing gets its time, in milliseconds. */
const pollMs = 50;

/** True for messages that are no business of the session. */
export function isSigningMessage(bytes: Uint8Array): boolean {
  return isSigningKind(bytes[0]);
}

/**
 * Checks a proof of equivocation: see `verifyEquivocation` of `rollmesh/signing`, which this loads.
 * @param publicKey the culprit's key, as `match.signing` told it.
 */
export async function verifyEquivocation(
  proof: Uint8Array,
  publicKey?: Uint8Array,
): Promise<EquivocationVerdict> {
  const signing = await import('../signing/index.js');
  return signing.verifyEquivocation(proof, publicKey);
}

/** Signing beside one session. */
export class MatchSigning {
  readonly #options: MatchSigningOptions;
  #phase: SigningStatus['phase'] = 'off';
  #reason: string | undefined;
  #signing: InputSigning | undefined;
  #pollAtMs: number = Number.NEGATIVE_INFINITY;

  constructor(options: MatchSigningOptions) {
    this.#options = options;
    const { session } = options;
    session.on('started', () => {
      if (session.signInputs === false) return;
      if (this.#phase === 'off') void this.#begin();
      else this.#signing?.restart();
    });
    session.on('peer-left', ({ peer }) => this.#signing?.peerLeft(peer));
  }

  get status(): SigningStatus {
    const known = this.#signing?.status() ?? { batchesSigned: 0, peers: [] };
    const reason = this.#reason === undefined ? {} : { reason: this.#reason };
    return { phase: this.#phase, ...reason, ...known };
  }

  /** A message of signing. Before the code is there they are dropped: all are sent again. */
  receive(peer: PeerId, bytes: Uint8Array): void {
    this.#signing?.receive(peer, bytes, this.#options.now());
  }

  poll(nowMs: number): void {
    if (this.#signing === undefined || nowMs < this.#pollAtMs) return;
    this.#pollAtMs = nowMs + pollMs;
    this.#signing.poll(nowMs);
  }

  async #begin(): Promise<void> {
    this.#moveTo('starting');
    let reason: string | undefined;
    try {
      reason = await this.#load();
    } catch (error) {
      reason = `The code for signatures could not be loaded: ${String(error)}`;
    }
    this.#moveTo(reason === undefined ? 'on' : 'unavailable', reason);
  }

  /** Returns why nothing can be signed here, if nothing can. Even then the others are told. */
  async #load(): Promise<string | undefined> {
    const { identity, matchId, self, send, onEquivocation, onProblem } = this.#options;
    const { InputSigning, createInputSigner } = await import('../signing/index.js');
    const { signer, reason } = await signerOr(identity.createSigner ?? createInputSigner);
    this.#signing = new InputSigning({
      matchId,
      self,
      session: this.#view(),
      signer,
      send,
      ...(identity.isKeyOf === undefined ? {} : { isKeyOf: identity.isKeyOf }),
      onEquivocation,
      onProblem,
    });
    return reason;
  }

  #moveTo(phase: SigningStatus['phase'], reason?: string): void {
    this.#phase = phase;
    this.#reason = reason;
    this.#options.onPhase({ phase, ...(reason === undefined ? {} : { reason }) });
  }

  #view(): SigningSession {
    const { session, slotCount, cellBytes } = this.#options;
    return {
      slotCount,
      cellBytes,
      get peers() {
        return session.peers;
      },
      get frameFinal() {
        return session.frameFinal;
      },
      inputSpan: (slot, first, countMax) => session.inputSpan(slot, first, countMax),
    };
  }
}

/** A signer, or why there is none. */
async function signerOr(
  create: () => Promise<InputSigner>,
): Promise<{ readonly signer?: InputSigner; readonly reason?: string }> {
  try {
    return { signer: await create() };
  } catch (error) {
    if (error instanceof SdkError) return { reason: error.message };
    throw error;
  }
}
