/** What goes into the lobby book, what comes out of it, and the records it keeps. */
import type {
  ClientMessage,
  MatchStart,
  MemberRole,
  MemberSnapshot,
  RoomListing,
  ServerMessage,
} from 'rollmesh/lobby-protocol';

/** Names one socket for as long as it is open. */
export type ConnectionId = number;

/** Something that happened outside. */
export type BookCommand =
  /** A valid message arrived. `address` groups sockets for the limit on wrong codes. */
  | {
      readonly kind: 'message';
      readonly connection: ConnectionId;
      readonly address: string;
      readonly message: ClientMessage;
    }
  /** A socket is gone, for whatever reason. */
  | { readonly kind: 'disconnect'; readonly connection: ConnectionId }
  /** Time passed. Seats and empty rooms expire, watched lists are sent. */
  | { readonly kind: 'tick' };

/** Something to do outside, in order. */
export type BookEffect =
  | { readonly kind: 'send'; readonly to: readonly ConnectionId[]; readonly message: ServerMessage }
  | {
      readonly kind: 'close';
      readonly connection: ConnectionId;
      readonly code: number;
      readonly reason: string;
    };

/** Randomness and hashing, from outside so that the book stays pure. */
export interface BookDependencies {
  /** Unpredictable bytes. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** A keyed or plain cryptographic hash of a secret; equal texts, equal results of equal length. */
  readonly digest: (secret: string) => string;
}

/** A client, connected or away. */
export interface Session {
  readonly id: string;
  readonly app: string;
  readonly peer: string;
  name: string;
  connection: ConnectionId | undefined;
  /** Digest of the token that resumes this session. */
  tokenDigest: string;
  /** The token before it, good until the client was heard on its new socket: the welcome may have been lost. */
  tokenDigestBefore: string | undefined;
  room: Room | undefined;
}

/** A seat in a room. */
export interface Member {
  readonly session: Session;
  readonly role: MemberRole;
  ready: boolean;
  localPlayers: number;
  data: MemberSnapshot['data'];
  awayUntilMs: number | undefined;
}

/** A room. `rev` counts its events. */
export interface Room {
  readonly code: string;
  readonly app: string;
  /** Position in the order of creation, for lists and their cursors. */
  readonly sequence: number;
  readonly playersMax: number;
  readonly passwordDigest: string | undefined;
  rev: number;
  owner: string;
  public: boolean;
  metadata: RoomListing['metadata'];
  /** By peer id, in order of joining. */
  readonly members: Map<string, Member>;
  match: MatchStart | undefined;
}
