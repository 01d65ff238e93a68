/** Signed inputs: `rollmesh/signing`. Matches of a room load it when `signInputs` is on; the check of a proof is for anybody. */
export type { PeerId } from '../base/peer-id.js';
export { type Contradiction, type EquivocationVerdict, verifyEquivocation } from './equivocation.js';
export { createInputSigner, type InputSigner } from './input-signer.js';
export { InputSigning, type InputSigningOptions } from './input-signing.js';
export type {
  EquivocationFound,
  PeerSigning,
  SignatureProblem,
  SignatureProblemFound,
  SigningSession,
  SigningStatus,
} from './signing-types.js';
