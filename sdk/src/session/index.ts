/** The deterministic core: `rollmesh/session`. No DOM, no Node, no clock. */
export { InvariantError, SdkError, type SdkErrorCode } from '../base/errors.js';
export type { JsonObject, JsonValue } from '../base/json.js';
export type { PeerId } from '../base/peer-id.js';
export type { Random } from '../base/prng.js';
export * from './game.js';
export { createSession } from './session.js';
export * from './session-types.js';
export { SESSION_MOVES } from './state-machine.js';
