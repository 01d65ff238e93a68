/** Every limit of the lobby server that is not part of the protocol, with its default. All can be set by `config.limits`. */

/** A token bucket: `burst` at once, refilled at `perSecond`. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** What a message counts as. */
export type RateClass = 'signal' | 'list' | 'room' | 'chat' | 'other';

/** Limits of a lobby server. Times in milliseconds. */
export interface ServerLimits {
  /** From the connection to the end of the HTTP headers. */
  readonly headersMs: number;
  /** From the upgrade to an accepted `hello`. */
  readonly helloMs: number;
  /** Between the server's pings. */
  readonly pingMs: number;
  /** A socket that sent nothing, not even a pong, for this long is closed. */
  readonly silentMs: number;
  /** How long the seat of a member without a socket is kept. */
  readonly graceMs: number;
  /** How long an empty room can still be joined. */
  readonly emptyRoomMs: number;
  /** Between two `rooms-diff` of one watch. */
  readonly diffMs: number;
  /** From a `start` to the `atMs` in it. */
  readonly startDelayMs: number;
  /** How long `close()` waits for clients to answer the close frame. */
  readonly stopMs: number;

  /** Open sockets in all; above it new ones get HTTP 503. */
  readonly socketsMax: number;
  /** Open sockets without a `hello`. */
  readonly socketsPendingMax: number;
  /** Open sockets of one address (IPv4, or IPv6 /64). */
  readonly socketsPerAddressMax: number;
  /** New sockets of one address. */
  readonly connectRate: Rate;
  /** Sessions, connected or away. */
  readonly sessionsMax: number;
  /** Rooms, empty ones included. */
  readonly roomsMax: number;
  /** Different filters that are watched at one time. */
  readonly viewsMax: number;

  /** Messages of one socket, by what they cost. */
  readonly messageRates: { readonly [K in RateClass]: Rate };
  /** Bytes of one socket; `burst` must be at least the size of the largest message. */
  readonly byteRate: Rate;
  /** Messages dropped for their rate before the socket is closed with 4029. */
  readonly droppedRate: Rate;
  /** Unreadable messages before the socket is closed with 4002. */
  readonly malformedRate: Rate;
  /** WebSocket pings and pongs of one socket. */
  readonly controlRate: Rate;
  /** Bytes that wait for a slow receiver before its socket is closed with 1013. */
  readonly bufferedBytesMax: number;
  /** Fragments of one message. */
  readonly fragmentsMax: number;

  /** Wrong room codes or passwords of one address within `missWindowMs` before it must wait. */
  readonly missesMax: number;
  readonly missWindowMs: number;
  /** The first wait; each further one is twice as long, up to `missPenaltyMsMax`. */
  readonly missPenaltyMs: number;
  readonly missPenaltyMsMax: number;
}

/** The defaults: comfortable for a full mesh of 16, tight for everybody else. */
export const DEFAULT_LIMITS: ServerLimits = {
  headersMs: 10_000,
  helloMs: 5_000,
  pingMs: 10_000,
  silentMs: 25_000,
  graceMs: 30_000,
  emptyRoomMs: 10_000,
  diffMs: 250,
  startDelayMs: 200,
  stopMs: 2_000,

  socketsMax: 15_000,
  socketsPendingMax: 1_000,
  socketsPerAddressMax: 64,
  connectRate: { perSecond: 10, burst: 64 },
  sessionsMax: 30_000,
  roomsMax: 20_000,
  viewsMax: 256,

  messageRates: {
    // A newcomer to a room of 16 sends 15 offers and some 10 candidates for each at once.
    signal: { perSecond: 50, burst: 400 },
    list: { perSecond: 2, burst: 10 },
    room: { perSecond: 1, burst: 10 },
    chat: { perSecond: 2, burst: 10 },
    other: { perSecond: 20, burst: 60 },
  },
  byteRate: { perSecond: 40_960, burst: 262_144 },
  droppedRate: { perSecond: 5, burst: 100 },
  malformedRate: { perSecond: 2, burst: 20 },
  controlRate: { perSecond: 2, burst: 20 },
  bufferedBytesMax: 262_144,
  fragmentsMax: 32,

  missesMax: 10,
  missWindowMs: 60_000,
  missPenaltyMs: 60_000,
  missPenaltyMsMax: 600_000,
};
