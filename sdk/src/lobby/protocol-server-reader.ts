/** Reads what a lobby server sends: the closed schema of each message of {@link ServerMessage}. */

import { chatText, peerId, playerName, role, signal } from './protocol-client-reader.js';
import { LOBBY_ERROR_CODES, LOBBY_LIMITS } from './protocol-limits.js';
import type {
  ChattedMessage,
  ErrMessage,
  JoinedMessage,
  MatchStart,
  MemberMessage,
  MemberSnapshot,
  OkMessage,
  OwnerMessage,
  PeerAwayMessage,
  PeerBackMessage,
  PeerJoinMessage,
  PeerLeaveMessage,
  PongMessage,
  RoomListing,
  RoomMessage,
  RoomSnapshot,
  RoomsDiffMessage,
  RoomsMessage,
  ServerMessage,
  SignalledMessage,
  SnapshotMessage,
  StartedMessage,
  WelcomeMessage,
} from './protocol-messages.js';
import type { Parsed, Reader } from './protocol-schema.js';
import {
  bool,
  integer,
  json,
  list,
  nullable,
  oneOf,
  parseWith,
  record,
  rid,
  text,
  timeMs,
} from './protocol-schema.js';
import { ROOM_CODE_LENGTH } from './protocol-text.js';

const L = LOBBY_LIMITS;
const MEMBERS_MAX = L.playersMaxMax + L.spectatorsMax;

const code = text(ROOM_CODE_LENGTH, { pattern: /^[0-9A-HJKMNP-TV-Z]{8}$/, what: 'a room code' });
const rev = integer(0, Number.MAX_SAFE_INTEGER);
const slots = integer(0, L.playersMaxMax);
const metadata = json(L.metadataBytesMax);
const memberData = json(L.memberDataBytesMax);
const token = text(128, { lengthMin: 1, what: 'a token' });
const event = { room: code, rev };

const member = record<MemberSnapshot>({
  required: {
    peer: peerId,
    name: playerName,
    role,
    ready: bool,
    localPlayers: integer(0, L.localPlayersMax),
    data: memberData,
    awayUntilMs: nullable(timeMs),
  },
  optional: {},
});
const matchFields = {
  matchId: text(64, { pattern: /^[A-Za-z0-9_-]+$/, what: 'a match id' }),
  seed: integer(0, 0xffff_ffff),
  atMs: timeMs,
  peers: list(peerId, MEMBERS_MAX),
  players: list(
    record<{ readonly peer: string }>({ required: { peer: peerId }, optional: {} }),
    L.playersMaxMax,
  ),
  options: json(L.optionsBytesMax),
};
const room = record<RoomSnapshot>({
  required: {
    code,
    rev,
    owner: peerId,
    playersMax: integer(1, L.playersMaxMax),
    public: bool,
    hasPassword: bool,
    metadata,
    members: list(member, MEMBERS_MAX),
    match: nullable(record<MatchStart>({ required: matchFields, optional: {} })),
  },
  optional: {},
});
const listing = record<RoomListing>({
  required: {
    code,
    players: slots,
    playersMax: integer(1, L.playersMaxMax),
    spectators: integer(0, L.spectatorsMax),
    hasPassword: bool,
    ownerName: playerName,
    started: bool,
    metadata,
  },
  optional: {},
});

const welcome = record<WelcomeMessage>({
  required: {
    t: oneOf('welcome'),
    protocol: integer(1, 1_000_000),
    session: token,
    peer: peerId,
    name: playerName,
    resume: token,
    resumed: bool,
    graceMs: timeMs,
    serverTimeMs: timeMs,
    limits: record<WelcomeMessage['limits']>({
      required: { messageBytesMax: integer(1, 1_000_000_000), silentMsMax: timeMs },
      optional: {},
    }),
    room: nullable(room),
  },
  optional: { rid },
});
const err = record<ErrMessage>({
  required: { t: oneOf('err'), code: oneOf(...LOBBY_ERROR_CODES), message: text(1_000) },
  optional: { rid, retryAfterMs: timeMs, protocol: list(integer(0, 1_000_000), L.versionsMax) },
});
const memberPatch = record<MemberMessage>({
  required: { t: oneOf('member'), ...event, peer: peerId },
  optional: {
    ready: bool,
    name: playerName,
    data: memberData,
    localPlayers: integer(0, L.localPlayersMax),
  },
});

const REPLIES: readonly [string, Reader<ServerMessage>][] = [
  ['welcome', welcome],
  ['ok', record<OkMessage>({ required: { t: oneOf('ok') }, optional: { rid } })],
  ['err', err],
  [
    'rooms',
    record<RoomsMessage>({
      required: { t: oneOf('rooms'), rooms: list(listing, L.listMax), cursor: nullable(text(32)) },
      optional: { rid },
    }),
  ],
  [
    'joined',
    record<JoinedMessage>({ required: { t: oneOf('joined'), room, you: peerId }, optional: { rid } }),
  ],
  ['snapshot', record<SnapshotMessage>({ required: { t: oneOf('snapshot'), room }, optional: { rid } })],
  ['pong', record<PongMessage>({ required: { t: oneOf('pong'), serverTimeMs: timeMs }, optional: { rid } })],
];
const EVENTS: readonly [string, Reader<ServerMessage>][] = [
  [
    'rooms-diff',
    record<RoomsDiffMessage>({
      required: {
        t: oneOf('rooms-diff'),
        changed: list(listing, L.listMax),
        removed: list(code, L.listMax),
      },
      optional: {},
    }),
  ],
  [
    'peer-join',
    record<PeerJoinMessage>({ required: { t: oneOf('peer-join'), ...event, member }, optional: {} }),
  ],
  [
    'peer-leave',
    record<PeerLeaveMessage>({
      required: { t: oneOf('peer-leave'), ...event, peer: peerId, why: oneOf('left', 'lost') },
      optional: {},
    }),
  ],
  [
    'peer-away',
    record<PeerAwayMessage>({
      required: { t: oneOf('peer-away'), ...event, peer: peerId, untilMs: timeMs },
      optional: {},
    }),
  ],
  [
    'peer-back',
    record<PeerBackMessage>({ required: { t: oneOf('peer-back'), ...event, peer: peerId }, optional: {} }),
  ],
  ['member', memberPatch],
  [
    'room',
    record<RoomMessage>({ required: { t: oneOf('room'), ...event }, optional: { metadata, public: bool } }),
  ],
  ['owner', record<OwnerMessage>({ required: { t: oneOf('owner'), ...event, peer: peerId }, optional: {} })],
  [
    'start',
    record<StartedMessage>({
      required: { t: oneOf('start'), ...event, ...matchFields, delayMs: timeMs },
      optional: {},
    }),
  ],
  [
    'chat',
    record<ChattedMessage>({
      required: { t: oneOf('chat'), ...event, from: peerId, text: chatText },
      optional: {},
    }),
  ],
  ['sig', record<SignalledMessage>({ required: { t: oneOf('sig'), from: peerId, signal }, optional: {} })],
];
const READERS: ReadonlyMap<string, Reader<ServerMessage>> = new Map([...REPLIES, ...EVENTS]);

/** Reads a message from a lobby server. Never throws; the message is rebuilt from known fields only. */
export function parseServerMessage(source: string): Parsed<ServerMessage> {
  return parseWith(READERS, LOBBY_LIMITS.serverMessageBytesMax, source);
}
