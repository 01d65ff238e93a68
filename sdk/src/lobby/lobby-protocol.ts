/**
 * The lobby protocol, shared by the lobby client and the lobby server (`rollmesh/lobby-protocol`).
 * Pure: no clock, no sockets. docs/lobby-protocol.md describes it message by message.
 */
import type { ClientMessage, ServerMessage } from './protocol-messages.js';

export { parseClientMessage } from './protocol-client-reader.js';
export type { LobbyCloseCode, LobbyErrorCode } from './protocol-limits.js';
export {
  LOBBY_CLOSE,
  LOBBY_ERROR_CODES,
  LOBBY_LIMITS,
  LOBBY_PATH,
  LOBBY_PROTOCOL_VERSION,
  LOBBY_SUBPROTOCOL,
} from './protocol-limits.js';
export type * from './protocol-messages.js';
export type { Parsed } from './protocol-schema.js';
export { utf8Length } from './protocol-schema.js';
export { parseServerMessage } from './protocol-server-reader.js';
export {
  cleanChat,
  cleanName,
  formatRoomCode,
  isLobbyPeerId,
  isRoomCode,
  normalizeRoomCode,
  PEER_ID_BYTES,
  peerIdFromBytes,
  ROOM_CODE_ALPHABET,
  ROOM_CODE_BYTES,
  ROOM_CODE_LENGTH,
  roomCodeFromBytes,
} from './protocol-text.js';

/** The text of a message, for a WebSocket text frame. */
export function encodeMessage(message: ClientMessage | ServerMessage): string {
  return JSON.stringify(message);
}
