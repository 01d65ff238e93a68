/** Every number and code that the lobby client and the lobby server must agree on. */

/** The one protocol version spoken today. */
export const LOBBY_PROTOCOL_VERSION = 1;
/** The WebSocket subprotocol: `rollmesh.` and the version. */
export const LOBBY_SUBPROTOCOL: string = `rollmesh.${LOBBY_PROTOCOL_VERSION}`;
/** The path of the WebSocket on a lobby server. */
export const LOBBY_PATH = '/lobby';

/** What one message may hold. Bytes are UTF-8 bytes of the JSON text; lengths of strings are UTF-16 units unless said otherwise. */
export const LOBBY_LIMITS = {
  /** A message to the server, bytes. */
  clientMessageBytesMax: 16_384,
  /** A message from the server, bytes. */
  serverMessageBytesMax: 65_536,
  /** Metadata of a room, bytes of its JSON. */
  metadataBytesMax: 4_096,
  /** A member's own data, bytes of its JSON. */
  memberDataBytesMax: 1_024,
  /** Options of a match, bytes of their JSON. */
  optionsBytesMax: 4_096,
  /** Levels of objects and arrays in metadata, data and options; a flat object has 1. */
  jsonDepthMax: 6,
  /** Entries of one object or array in metadata, data and options. */
  jsonEntriesMax: 64,
  /** Length of a key in metadata, data and options. */
  jsonKeyLengthMax: 64,
  /** Length of a string in metadata, data and options. */
  jsonStringLengthMax: 4_096,
  /** A player's name, code points after cleaning. */
  nameCodePointsMax: 24,
  /** A name as sent, before cleaning. */
  nameInputLengthMax: 256,
  /** A chat line, code points after cleaning. */
  chatCodePointsMax: 500,
  /** A chat line as sent, before cleaning. */
  chatInputLengthMax: 2_000,
  /** An app id. */
  appLengthMax: 64,
  /** A room's password. */
  passwordLengthMax: 128,
  /** A room code as a person typed it. */
  codeInputLengthMax: 64,
  /** Players in a room. */
  playersMaxMax: 16,
  /** Spectators in a room. */
  spectatorsMax: 16,
  /** Players that share one member's screen. */
  localPlayersMax: 8,
  /** Rooms in one page of the list, and rooms that a watcher sees. */
  listMax: 50,
  /** Conditions in one filter. */
  filterEntriesMax: 8,
  /** Session description of an offer or an answer, bytes. */
  sdpBytesMax: 10_240,
  /** An ICE candidate line. */
  candidateLengthMax: 1_024,
  /** Ids and short words of a signal: connection id, media id, username fragment. */
  signalWordLengthMax: 256,
  /** Protocol versions that a hello may offer. */
  versionsMax: 16,
} as const;

/** Why the server refused a message. Each has its row in docs/lobby-protocol.md. */
export const LOBBY_ERROR_CODES = [
  'malformed',
  'too-big',
  'unknown-type',
  'invalid-field',
  'version-mismatch',
  'hello-required',
  'hello-repeated',
  'peer-taken',
  'not-in-room',
  'already-in-room',
  'room-not-found',
  'room-full',
  'not-owner',
  'no-players',
  'peer-not-found',
  'rate-limited',
  'server-full',
  'internal',
] as const;
/** One of {@link LOBBY_ERROR_CODES}. */
export type LobbyErrorCode = (typeof LOBBY_ERROR_CODES)[number];

/** Close codes of the lobby socket and what a client does about each. */
export const LOBBY_CLOSE = {
  /** The client said `bye`. Final. */
  bye: 1000,
  /** A message above the size limit, or with too many fragments. A client's bug: final. */
  tooBig: 1009,
  /** The server failed on this message. Reconnect and resume. */
  internal: 1011,
  /** The server stops or restarts. Reconnect with jitter and resume. */
  restart: 1012,
  /** The client reads too slowly, or the server is full. Reconnect later. */
  overload: 1013,
  /** The first message was no acceptable `hello`; the `err` before it says why. Final. */
  badHello: 4000,
  /** A newer socket resumed this session. Final for this socket. */
  replaced: 4001,
  /** Too many messages that could not be read. A client's bug: final. */
  malformed: 4002,
  /** No `hello` in time, or silent for too long. Reconnect and resume. */
  timeout: 4008,
  /** Kept sending far above the rate limits. Reconnect after a minute at the earliest. */
  rate: 4029,
} as const;
/** One of the numbers of {@link LOBBY_CLOSE}. */
export type LobbyCloseCode = (typeof LOBBY_CLOSE)[keyof typeof LOBBY_CLOSE];
