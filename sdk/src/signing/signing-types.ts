/** What signing needs from a match, and what it tells. */
import type { PeerId } from '../base/peer-id.js';
import type { InputSpan } from '../session/session-types.js';

/** The part of a session that is signed and compared. */
export interface SigningSession {
  /** As the session lists them: equal on all members, newcomers at the end. */
  readonly peers: readonly PeerId[];
  readonly frameFinal: number;
  /** Slots that the game may have. */
  readonly slotCount: number;
  /** Bytes of one encoded input. */
  readonly cellBytes: number;
  inputSpan(slot: number, first: number, countMax: number): InputSpan | undefined;
}

/**
 * What is wrong with somebody's signatures.
 * 'unsigned': its browser cannot sign. 'missing': it has not signed what it played for ten seconds. 'bad-signature': a signature
 * is not its. 'bad-batch': what it signed does not go on from what it signed before, or is of another match. 'differs': it signed
 * other inputs than those that were played here; somebody lied, it or who passed its inputs on. 'key-differs': `by` says that
 * it was shown another key of this peer; one of the two lies. 'key-changed': it shows another key without having been away.
 */
export type SignatureProblem =
  | 'unsigned'
  | 'missing'
  | 'bad-signature'
  | 'bad-batch'
  | 'differs'
  | 'key-differs'
  | 'key-changed';

/** A problem, told once for each peer and kind. It blames nobody: only an `equivocation` with a proof does. */
export interface SignatureProblemFound {
  readonly peer: PeerId;
  readonly problem: SignatureProblem;
  /** With 'differs'. */
  readonly slot?: number;
  readonly frame?: number;
  /** With 'key-differs'. */
  readonly by?: PeerId;
}

/** Two signed statements of one peer that contradict each other. */
export interface EquivocationFound {
  readonly slot: number;
  readonly frame: number;
  readonly culprit: PeerId;
  readonly proof: Uint8Array;
}

/** Where another peer stands. */
export interface PeerSigning {
  readonly peer: PeerId;
  /** 'waiting': its key has not come yet. 'unsigned': it cannot sign. 'signed': its key is known. */
  readonly state: 'waiting' | 'unsigned' | 'signed';
  readonly publicKey?: Uint8Array;
  /** Batches of it whose signature was right. */
  readonly batchesVerified: number;
  /** Newest frame up to which what it signed was compared with what was played here. */
  readonly frameCompared: number;
  /** Messages that were refused: wrong signatures, batches that do not go on, noise. */
  readonly refused: number;
}

/** Where signing stands on this page. */
export interface SigningStatus {
  /** 'off': not a rule of this match. 'starting': keys are made. 'unavailable': not possible on this page, see `reason`. */
  readonly phase: 'off' | 'starting' | 'unavailable' | 'on';
  /** Why it is unavailable, and what to do. */
  readonly reason?: string;
  /** Own key. */
  readonly publicKey?: Uint8Array;
  readonly batchesSigned: number;
  readonly peers: readonly PeerSigning[];
}
