/** The lobby as a page sees it. */
import type { EventSource } from '../base/emitter.js';
import type { SdkError } from '../base/errors.js';
import type { JsonObject } from '../base/json.js';
import type { PeerId } from '../base/peer-id.js';
import type { MemberRole, RoomFilter, RoomListing } from '../lobby/lobby-protocol.js';
import type { LobbySocketConstructor } from '../lobby/lobby-socket.js';
import type { Room, TransportFactory } from './room-types.js';
import type { RoomListChange } from './room-watch.js';

/** Options of `connectLobby`. */
export interface ConnectLobbyOptions {
  /** Rooms of different apps never meet: 1 to 64 letters, digits, dots, hyphens, underscores. */
  readonly app: string;
  /** The player's name; the lobby cleans it to 1 to 24 visible characters. */
  readonly name: string;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
  /** This page's id in the mesh: 26 characters of a-z and 2-7. Default: random; after a reload of the tab within a room the same again. */
  readonly peer?: PeerId;
  /** STUN and TURN servers for the links. Default: none, which is enough on one machine and most local networks. */
  readonly iceServers?: readonly RTCIceServer[];
  /** For Node: `WebSocket` of the `ws` package. Default: the browser's. */
  readonly webSocket?: LobbySocketConstructor;
  /** For another way to carry packets. Default: WebRTC by PeerJS. */
  readonly createTransport?: TransportFactory;
}

/** Events of a lobby. */
export interface LobbyEvents {
  /** The connection dropped; it is being brought back. Rooms, links and matches live on. */
  'lobby-offline': { readonly type: 'lobby-offline' };
  'lobby-online': { readonly type: 'lobby-online' };
  /** The connection has ended for good; `error` says why. */
  'lobby-closed': { readonly type: 'lobby-closed'; readonly error: SdkError };
}

/** Options of `create`. */
export interface CreateRoomOptions {
  /** Player slots, 1 to 16. */
  readonly playersMax: number;
  /** Whether the room is in the list. Default false: only by code. */
  readonly public?: boolean;
  /** What the list shows and filters by: at most 4 KiB of plain JSON. Default {}. */
  readonly metadata?: JsonObject;
  /** 1 to 128 characters. Default: none. */
  readonly password?: string;
  readonly signal?: AbortSignal;
}

/** Options of `join`. */
export interface JoinRoomOptions {
  readonly password?: string;
  /** Default 'player'. */
  readonly role?: MemberRole;
  readonly signal?: AbortSignal;
}

/** Options of `list`. */
export interface ListRoomsOptions {
  /** Metadata keys and the values they must equal. */
  readonly filter?: RoomFilter;
  /** 1 to 1000, default 50. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** A connection to a lobby server. */
export interface Lobby extends EventSource<LobbyEvents> {
  /** This page's id in the mesh. */
  readonly self: PeerId;
  /** The player's name as the lobby cleaned it. */
  readonly name: string;
  readonly phase: 'online' | 'offline' | 'closed';
  /** The room this page is in, if any. */
  readonly room: Room | undefined;
  /** Public rooms, newest first. @throws {SdkError} `lobby-unreachable`, `rate-limited`, `aborted` */
  list(options?: ListRoomsOptions): Promise<readonly RoomListing[]>;
  /**
   * Follows the 50 newest public rooms that match: calls `listener` with all of them now and after each change.
   * One watch at a time: a second one ends the first. Returns the function that stops it.
   */
  watch(filter: RoomFilter, listener: (change: RoomListChange) => void): () => void;
  /** @throws {SdkError} `lobby-unreachable`, `wrong-phase`, `invalid-argument`, `rate-limited`, `aborted` */
  create(options: CreateRoomOptions): Promise<Room>;
  /**
   * @param code as the player typed it: case, spaces and hyphens do not matter.
   * @throws {SdkError} `room-not-found` (also for a wrong password), `room-full`, `wrong-phase`, `rate-limited`, `lobby-unreachable`, `aborted`
   */
  join(code: string, options?: JoinRoomOptions): Promise<Room>;
  /** Leaves the room and ends the connection. Idempotent. */
  close(): Promise<void>;
}
