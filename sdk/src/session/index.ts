/** The deterministic core: `rollmesh/session`. No DOM, no Node, no clock. */
export { InvariantError, SdkError, type SdkErrorCode } from '../base/errors.js';
export type { PeerId } from '../base/peer-id.js';
export * from './game.js';
export * from './session-types.js';
