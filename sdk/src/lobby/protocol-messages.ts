/**
 * The messages between a lobby client and a lobby server, protocol version 1. docs/lobby-protocol.md tells their story;
 * the readers in protocol-client-reader.ts and protocol-server-reader.ts are their closed schemas.
 *
 * A request may carry `rid`; its one reply (`ok`, `err`, or the reply type named at the request) carries it back.
 * Every event of a room carries its code in `room` and `rev`, which grows by exactly 1 from event to event of that
 * room: a client that sees a gap sends `sync`. Times are milliseconds of the server's own clock (`serverTimeMs` of the
 * welcome), which starts anywhere and never jumps.
 */
import type { JsonObject } from '../base/json.js';
import type { PeerId } from '../base/peer-id.js';
import type { LobbyErrorCode } from './protocol-limits.js';

/** Players have slots in a match; spectators watch. */
export type MemberRole = 'player' | 'spectator';

/** What peers say to each other before they are connected; the same shapes as the transport's `Signal`. */
export type LobbySignal =
  | { readonly kind: 'offer' | 'answer'; readonly connectionId: string; readonly sdp: string }
  | {
      readonly kind: 'candidate';
      readonly connectionId: string;
      readonly candidate: string;
      readonly sdpMid: string | null;
      readonly sdpMLineIndex: number | null;
      readonly usernameFragment: string | null;
    }
  | { readonly kind: 'end'; readonly connectionId: string };

/** Metadata keys and the values they must equal; all conditions must hold. */
export type RoomFilter = { readonly [key: string]: string | number | boolean | null };

/** One member as all members see it. */
export interface MemberSnapshot {
  readonly peer: PeerId;
  /** Cleaned: 1 to 24 code points of visible text. Show it as text, never as markup. */
  readonly name: string;
  readonly role: MemberRole;
  readonly ready: boolean;
  /** Player slots this member fills in the next match; 0 for spectators. */
  readonly localPlayers: number;
  /** What the member says of itself (team, colour, ...). */
  readonly data: JsonObject;
  /** When the seat of a member without a socket is given up, in server time; null while it is connected. */
  readonly awayUntilMs: number | null;
}

/** One run of the game, the same for all its peers. */
export interface MatchStart {
  readonly matchId: string;
  /** Seed of the match's random numbers, u32. */
  readonly seed: number;
  /** When to begin, in server time. */
  readonly atMs: number;
  /** Everybody in the match, in the order of the session's `peers`: players by time of joining, then spectators. */
  readonly peers: readonly PeerId[];
  /** Slot to owner; a member with several local players appears several times, side by side. */
  readonly players: readonly { readonly peer: PeerId }[];
  readonly options: JsonObject;
}

/** All that is true of a room at `rev`. */
export interface RoomSnapshot {
  /** 8 canonical characters; show it with `formatRoomCode`. */
  readonly code: string;
  readonly rev: number;
  readonly owner: PeerId;
  readonly playersMax: number;
  readonly public: boolean;
  readonly hasPassword: boolean;
  readonly metadata: JsonObject;
  /** In order of joining. */
  readonly members: readonly MemberSnapshot[];
  /** The last start, or null before the first. A peer that is not in its `peers` waits for the next one. */
  readonly match: MatchStart | null;
}

/** A public room in a list. */
export interface RoomListing {
  readonly code: string;
  /** Player slots taken, and how many there are. */
  readonly players: number;
  readonly playersMax: number;
  readonly spectators: number;
  readonly hasPassword: boolean;
  readonly ownerName: string;
  /** True once a match was started. */
  readonly started: boolean;
  readonly metadata: JsonObject;
}

interface Request {
  /** Names the request in its reply: 1 to 2^31 - 1. Without it a success is silent and an error anonymous. */
  readonly rid?: number;
}

/** The first message of a socket. Reply: `welcome`. */
export interface HelloMessage extends Request {
  readonly t: 'hello';
  /** Versions the client speaks, best first. */
  readonly protocol: readonly number[];
  /** Rooms of different apps never meet. Letters, digits, dot, hyphen, underscore; 1 to 64. */
  readonly app: string;
  /** Chosen by the client: 26 characters of a-z and 2-7. */
  readonly peer: PeerId;
  readonly name: string;
  /** The token of the last `welcome`, to take the session and its seat up again. */
  readonly resume?: string;
  /**
   * With `resume`: only if its socket is gone, else `peer-taken`. For a page that follows another one after a reload, and
   * cannot know whether it is a duplicate of a tab that lives on.
   */
  readonly ifAway?: boolean;
}
/** Reply: `rooms`. Newest first. */
export interface ListMessage extends Request {
  readonly t: 'list';
  readonly filter?: RoomFilter;
  /** 1 to 50, default 50. */
  readonly limit?: number;
  /** From the last page. */
  readonly cursor?: string;
}
/** Reply: `rooms` without a cursor, then `rooms-diff` whenever those rooms change. Replaces an earlier watch. */
export interface WatchMessage extends Request {
  readonly t: 'watch';
  readonly filter?: RoomFilter;
  /** How many of the newest matching rooms to see: 1 to 50, default 50. */
  readonly limit?: number;
}
/** Reply: `ok`. */
export interface UnwatchMessage extends Request {
  readonly t: 'unwatch';
}
/** Reply: `joined`. The creator becomes owner. */
export interface CreateMessage extends Request {
  readonly t: 'create';
  readonly playersMax: number;
  readonly public: boolean;
  readonly metadata: JsonObject;
  readonly password?: string;
}
/** Reply: `joined`. */
export interface JoinMessage extends Request {
  readonly t: 'join';
  /** In any spelling that `normalizeRoomCode` reads. */
  readonly code: string;
  readonly password?: string;
  readonly role: MemberRole;
}
/** Reply: `ok`. */
export interface LeaveMessage extends Request {
  readonly t: 'leave';
}
/** Changes what others see of me. Reply: `ok`, after the `member` event. */
export interface MeMessage extends Request {
  readonly t: 'me';
  readonly ready?: boolean;
  readonly name?: string;
  readonly data?: JsonObject;
  /** 1 to 8; fails with `room-full` if the room has no slots left. Players only. */
  readonly localPlayers?: number;
}
/** Changes the room; owner only. Reply: `ok`, after the `room` event. */
export interface SetMessage extends Request {
  readonly t: 'set';
  readonly metadata?: JsonObject;
  readonly public?: boolean;
}
/** Starts a match with all members who are connected; owner only; may be repeated. Reply: `ok`, after the `start` event. */
export interface StartMessage extends Request {
  readonly t: 'start';
  readonly options?: JsonObject;
}
/** Carries a signal to another member of my room. Reply: `ok`. */
export interface SigMessage extends Request {
  readonly t: 'sig';
  readonly to: PeerId;
  readonly signal: LobbySignal;
}
/** Reply: `ok`, after the `chat` event. */
export interface ChatMessage extends Request {
  readonly t: 'chat';
  readonly text: string;
}
/** Asks for the whole room. Reply: `snapshot`. */
export interface SyncMessage extends Request {
  readonly t: 'sync';
}
/** Is the server there, and what time is it? Reply: `pong`. Browsers cannot see WebSocket pings. */
export interface PingMessage extends Request {
  readonly t: 'ping';
}
/** Ends the session at once, the seat included. The server closes the socket with 1000. */
export interface ByeMessage extends Request {
  readonly t: 'bye';
}

/** Everything a client may send. */
export type ClientMessage =
  | HelloMessage
  | ListMessage
  | WatchMessage
  | UnwatchMessage
  | CreateMessage
  | JoinMessage
  | LeaveMessage
  | MeMessage
  | SetMessage
  | StartMessage
  | SigMessage
  | ChatMessage
  | SyncMessage
  | PingMessage
  | ByeMessage;

interface Reply {
  readonly rid?: number;
}
interface RoomEvent {
  /** Code of the room. */
  readonly room: string;
  /** One more than that of the room's event before. */
  readonly rev: number;
}

/** The session stands. */
export interface WelcomeMessage extends Reply {
  readonly t: 'welcome';
  /** The version that both speak. */
  readonly protocol: number;
  /** Names the session in logs; no secret. */
  readonly session: string;
  readonly peer: PeerId;
  /** The name after cleaning. */
  readonly name: string;
  /** Secret. Good once, for the next `hello` after a dropped socket, until `graceMs` after the drop. */
  readonly resume: string;
  /** True if `resume` of the hello was accepted; if it was not, this is a fresh session without a room. */
  readonly resumed: boolean;
  /** How long a seat is kept for a member without a socket. */
  readonly graceMs: number;
  readonly serverTimeMs: number;
  readonly limits: {
    /** Messages above this many bytes close the socket. */
    readonly messageBytesMax: number;
    /** The server closes a socket that was silent for this long; it pings more often than that. */
    readonly silentMsMax: number;
  };
  /** The room of a resumed session. */
  readonly room: RoomSnapshot | null;
}
/** Done. */
export interface OkMessage extends Reply {
  readonly t: 'ok';
}
/** Refused, nothing changed. */
export interface ErrMessage extends Reply {
  readonly t: 'err';
  readonly code: LobbyErrorCode;
  /** What happened, in English, for a log or a developer. */
  readonly message: string;
  /** For `rate-limited` and `server-full`: how long to wait before trying again. */
  readonly retryAfterMs?: number;
  /** For `version-mismatch`: the versions the server speaks. */
  readonly protocol?: readonly number[];
}
/** One page of public rooms, newest first; or all that a watch shows. */
export interface RoomsMessage extends Reply {
  readonly t: 'rooms';
  readonly rooms: readonly RoomListing[];
  /** For the next page; null on the last one and for a watch. */
  readonly cursor: string | null;
}
/** What changed in a watched list since the last message. */
export interface RoomsDiffMessage {
  readonly t: 'rooms-diff';
  /** New or changed rooms, whole. */
  readonly changed: readonly RoomListing[];
  /** Codes of rooms that are gone from the list. */
  readonly removed: readonly string[];
}
/** You are in. */
export interface JoinedMessage extends Reply {
  readonly t: 'joined';
  readonly room: RoomSnapshot;
  readonly you: PeerId;
}
/** The whole room, as asked for by `sync`. */
export interface SnapshotMessage extends Reply {
  readonly t: 'snapshot';
  readonly room: RoomSnapshot;
}
/** Answer to `ping`. */
export interface PongMessage extends Reply {
  readonly t: 'pong';
  readonly serverTimeMs: number;
}
/** Somebody came; the newcomer itself gets `joined` with the same `rev` instead. */
export interface PeerJoinMessage extends RoomEvent {
  readonly t: 'peer-join';
  readonly member: MemberSnapshot;
}
/** Somebody is gone for good: `left` said so, `lost` did not come back in time. */
export interface PeerLeaveMessage extends RoomEvent {
  readonly t: 'peer-leave';
  readonly peer: PeerId;
  readonly why: 'left' | 'lost';
}
/** Somebody's socket dropped; the seat is kept until `untilMs`. */
export interface PeerAwayMessage extends RoomEvent {
  readonly t: 'peer-away';
  readonly peer: PeerId;
  readonly untilMs: number;
}
/** Somebody resumed. */
export interface PeerBackMessage extends RoomEvent {
  readonly t: 'peer-back';
  readonly peer: PeerId;
}
/** Fields of a member that changed. */
export interface MemberMessage extends RoomEvent {
  readonly t: 'member';
  readonly peer: PeerId;
  readonly ready?: boolean;
  readonly name?: string;
  readonly data?: JsonObject;
  readonly localPlayers?: number;
}
/** Fields of the room that changed. */
export interface RoomMessage extends RoomEvent {
  readonly t: 'room';
  readonly metadata?: JsonObject;
  readonly public?: boolean;
}
/** The room has another owner. */
export interface OwnerMessage extends RoomEvent {
  readonly t: 'owner';
  readonly peer: PeerId;
}
/** A match starts. Goes to all members; a member missing in `peers` is not in it. */
export interface StartedMessage extends RoomEvent, MatchStart {
  readonly t: 'start';
  /** How far ahead `atMs` was when the server sent this. */
  readonly delayMs: number;
}
/** A line of chat, cleaned; also to its author. */
export interface ChattedMessage extends RoomEvent {
  readonly t: 'chat';
  readonly from: PeerId;
  readonly text: string;
}
/** A signal from another member. No event of the room: it has no `rev`. */
export interface SignalledMessage {
  readonly t: 'sig';
  readonly from: PeerId;
  readonly signal: LobbySignal;
}

/** Events of a room: what a client applies in order of `rev`. */
export type RoomEventMessage =
  | PeerJoinMessage
  | PeerLeaveMessage
  | PeerAwayMessage
  | PeerBackMessage
  | MemberMessage
  | RoomMessage
  | OwnerMessage
  | StartedMessage
  | ChattedMessage;

/** Replies: the messages that may carry `rid`. */
export type ReplyMessage =
  | WelcomeMessage
  | OkMessage
  | ErrMessage
  | RoomsMessage
  | JoinedMessage
  | SnapshotMessage
  | PongMessage;

/** Everything a server may send. */
export type ServerMessage = ReplyMessage | RoomEventMessage | RoomsDiffMessage | SignalledMessage;
