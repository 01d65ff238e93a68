/** Rollmesh: peer-to-peer multiplayer for browser games. Grouped by what a reader wants to do. */

// Meet other players.
export type { LobbyConnectionPhase } from './lobby/lobby-connection.js';
export { LOBBY_CONNECTION_MOVES } from './lobby/lobby-connection.js';
export type { MemberRole, RoomFilter, RoomListing } from './lobby/lobby-protocol.js';
export { cleanName, formatRoomCode, normalizeRoomCode } from './lobby/lobby-protocol.js';
export type { LobbySocket, LobbySocketConstructor } from './lobby/lobby-socket.js';
export type { Member } from './lobby/room-record.js';
// Play.
export type { LoopStats } from './runtime/frame-loop.js';
export {
  type ConnectLobbyOptions,
  type CreateRoomOptions,
  connectLobby,
  type JoinRoomOptions,
  type ListRoomsOptions,
  type Lobby,
  type LobbyEvents,
} from './runtime/lobby.js';
export { type LocalMatchOptions, startLocalMatch } from './runtime/local-match.js';
export type { Match, MatchEvents, MatchStats } from './runtime/match.js';
export type { MatchRules, NextMatchOptions, StartMatchOptions } from './runtime/match-start.js';
export type { TickSource } from './runtime/page-clock.js';
export type { MeshTransport, Room, RoomEvents, RoomPhase, TransportFactory } from './runtime/room.js';
export type { RoomListChange } from './runtime/room-watch.js';
// Run its core alone: sessions without network or clock; errors and JSON types too.
export * from './session/index.js';
// Write a game: inputs, state, rules.
export * from './state/index.js';

// Links, for those who look below a room.
export * from './transport/index.js';
