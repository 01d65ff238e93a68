/** Rollmesh: peer-to-peer multiplayer for browser games. Grouped by what a reader wants to do. */

// Write a game: inputs, state, rules.

export * from './state/index.js';

// Run its core alone: sessions without network or clock; errors and JSON types too.

export * from './session/index.js';

// Meet other players.

export { LOBBY_CONNECTION_MOVES, type LobbyConnectionPhase } from './lobby/lobby-connection.js';
export {
  cleanName,
  formatRoomCode,
  type MemberRole,
  normalizeRoomCode,
  type RoomFilter,
  type RoomListing,
} from './lobby/lobby-protocol.js';
export type { LobbySocket, LobbySocketConstructor } from './lobby/lobby-socket.js';
export type { Member } from './lobby/room-record.js';
export { connectLobby } from './runtime/lobby.js';
export type {
  ConnectLobbyOptions,
  CreateRoomOptions,
  JoinRoomOptions,
  ListRoomsOptions,
  Lobby,
  LobbyEvents,
} from './runtime/lobby-types.js';
export type { MeshTransport, Room, RoomEvents, RoomPhase, TransportFactory } from './runtime/room-types.js';
export type { RoomListChange } from './runtime/room-watch.js';

// Play.

export type { LoopStats } from './runtime/frame-loop.js';
export { type LocalMatchOptions, startLocalMatch } from './runtime/local-match.js';
export type { Match, MatchEvents, MatchStats } from './runtime/match.js';
export type { JoiningProgress } from './runtime/match-join.js';
export { verifyEquivocation } from './runtime/match-signing.js';
export type { MatchRules, NextMatchOptions, StartMatchOptions } from './runtime/match-start.js';
export type { TickSource } from './runtime/page-clock.js';
export type { EquivocationVerdict } from './signing/equivocation.js';
export type {
  PeerSigning,
  SignatureProblem,
  SignatureProblemFound,
  SigningStatus,
} from './signing/signing-types.js';

// Look at links below a room.

export * from './transport/index.js';
