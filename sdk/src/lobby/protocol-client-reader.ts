/** Reads what clients send: the closed schema of each message of {@link ClientMessage}. */
import type { PeerId } from '../base/peer-id.js';
import { LOBBY_LIMITS } from './protocol-limits.js';
import type {
  ByeMessage,
  ChatMessage,
  ClientMessage,
  CreateMessage,
  HelloMessage,
  JoinMessage,
  LeaveMessage,
  ListMessage,
  LobbySignal,
  MeMessage,
  MemberRole,
  PingMessage,
  RoomFilter,
  SetMessage,
  SigMessage,
  StartMessage,
  SyncMessage,
  UnwatchMessage,
  WatchMessage,
} from './protocol-messages.js';
import type { Parsed, Reader } from './protocol-schema.js';
import {
  bool,
  Invalid,
  integer,
  json,
  list,
  mapped,
  nullable,
  oneOf,
  parseWith,
  record,
  rid,
  text,
  utf8Length,
} from './protocol-schema.js';
import { cleanChat, cleanName } from './protocol-text.js';

const L = LOBBY_LIMITS;

/** Reads a lobby peer id. */
export const peerId: Reader<PeerId> = text(26, {
  pattern: /^[a-z2-7]{26}$/,
  what: 'a peer id (26 characters of a-z and 2-7)',
});

/** Reads a role. */
export const role: Reader<MemberRole> = oneOf('player', 'spectator');

/** Reads a name and cleans it. */
export const playerName: Reader<string> = mapped(text(L.nameInputLengthMax), cleanName);

/** Reads a chat line and cleans it; refuses one of which nothing is left. */
export const chatText: Reader<string> = mapped(text(L.chatInputLengthMax), (line) => {
  const cleaned = cleanChat(line);
  return cleaned === '' ? new Invalid('', 'has no visible text') : cleaned;
});

const word = text(L.signalWordLengthMax);
const connectionId = text(L.signalWordLengthMax, { lengthMin: 1, what: 'a connection id' });
const sdp = mapped(text(L.sdpBytesMax), (value) =>
  utf8Length(value) <= L.sdpBytesMax
    ? value
    : new Invalid('', `has more than ${L.sdpBytesMax} bytes of UTF-8`),
);
const description = record<Extract<LobbySignal, { kind: 'offer' | 'answer' }>>({
  required: { kind: oneOf('offer', 'answer'), connectionId, sdp },
  optional: {},
});
const candidate = record<Extract<LobbySignal, { kind: 'candidate' }>>({
  required: {
    kind: oneOf('candidate'),
    connectionId,
    candidate: text(L.candidateLengthMax),
    sdpMid: nullable(word),
    sdpMLineIndex: nullable(integer(0, 65_535)),
    usernameFragment: nullable(word),
  },
  optional: {},
});
const end = record<Extract<LobbySignal, { kind: 'end' }>>({
  required: { kind: oneOf('end'), connectionId },
  optional: {},
});

/** Reads a signal: a closed set of kinds, nothing else is carried. */
export const signal: Reader<LobbySignal> = (value) => {
  const kind = typeof value === 'object' && value !== null ? (value as { kind?: unknown }).kind : undefined;
  if (kind === 'offer' || kind === 'answer') return description(value);
  if (kind === 'candidate') return candidate(value);
  return end(value);
};

const filter: Reader<RoomFilter> = mapped(json(L.metadataBytesMax), (conditions) => {
  const entries = Object.entries(conditions);
  if (entries.length > L.filterEntriesMax)
    return new Invalid('', `has ${entries.length} conditions, at most ${L.filterEntriesMax} are allowed`);
  for (const [key, value] of entries) {
    if (typeof value === 'object' && value !== null)
      return new Invalid(key, 'is not a string, number, true, false or null');
  }
  return conditions as RoomFilter; // no nested values are left
});
const limit = integer(1, L.listMax);
const password = text(L.passwordLengthMax, { lengthMin: 1, what: 'a password' });
const metadata = json(L.metadataBytesMax);

const hello = record<HelloMessage>({
  required: {
    t: oneOf('hello'),
    protocol: list(integer(0, 1_000_000), L.versionsMax),
    app: text(L.appLengthMax, {
      pattern: /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
      what: 'an app id (letters, digits, dot, hyphen, underscore)',
    }),
    peer: peerId,
    name: playerName,
  },
  optional: { rid, resume: text(128), ifAway: bool },
});
const create = record<CreateMessage>({
  required: { t: oneOf('create'), playersMax: integer(1, L.playersMaxMax), public: bool, metadata },
  optional: { rid, password },
});
const me = record<MeMessage>({
  required: { t: oneOf('me') },
  optional: {
    rid,
    ready: bool,
    name: playerName,
    data: json(L.memberDataBytesMax),
    localPlayers: integer(1, L.localPlayersMax),
  },
});

const READERS: ReadonlyMap<string, Reader<ClientMessage>> = new Map<string, Reader<ClientMessage>>([
  ['hello', hello],
  [
    'list',
    record<ListMessage>({
      required: { t: oneOf('list') },
      optional: { rid, filter, limit, cursor: text(32) },
    }),
  ],
  ['watch', record<WatchMessage>({ required: { t: oneOf('watch') }, optional: { rid, filter, limit } })],
  ['unwatch', record<UnwatchMessage>({ required: { t: oneOf('unwatch') }, optional: { rid } })],
  ['create', create],
  [
    'join',
    record<JoinMessage>({
      required: { t: oneOf('join'), code: text(L.codeInputLengthMax), role },
      optional: { rid, password },
    }),
  ],
  ['leave', record<LeaveMessage>({ required: { t: oneOf('leave') }, optional: { rid } })],
  ['me', me],
  ['set', record<SetMessage>({ required: { t: oneOf('set') }, optional: { rid, metadata, public: bool } })],
  [
    'start',
    record<StartMessage>({
      required: { t: oneOf('start') },
      optional: { rid, options: json(L.optionsBytesMax) },
    }),
  ],
  ['sig', record<SigMessage>({ required: { t: oneOf('sig'), to: peerId, signal }, optional: { rid } })],
  ['chat', record<ChatMessage>({ required: { t: oneOf('chat'), text: chatText }, optional: { rid } })],
  ['sync', record<SyncMessage>({ required: { t: oneOf('sync') }, optional: { rid } })],
  ['ping', record<PingMessage>({ required: { t: oneOf('ping') }, optional: { rid } })],
  ['bye', record<ByeMessage>({ required: { t: oneOf('bye') }, optional: { rid } })],
]);

/** Reads a message from a client. Never throws; the message is rebuilt from known fields only. */
export function parseClientMessage(source: string): Parsed<ClientMessage> {
  return parseWith(READERS, LOBBY_LIMITS.clientMessageBytesMax, source);
}
