/** What a member of a room may ask: about itself, its room, a match, other members. */
import type {
  ChatMessage,
  MatchStart,
  MeMessage,
  SetMessage,
  SigMessage,
  StartMessage,
} from 'rollmesh/lobby-protocol';
import type { Directory } from './book-directory.js';
import type { Caller, Outbox } from './book-outbox.js';
import { lineUp, roomSnapshot, slotsTaken } from './book-room.js';
import { randomWord } from './book-sessions.js';
import type { BookDependencies, Member, Room } from './book-types.js';
import type { ServerLimits } from './limits.js';

const MATCH_ID_BYTES = 16;

/** A member and its room, as these requests need them. */
interface Seat {
  readonly room: Room;
  readonly member: Member;
}

/** Requests that need a seat; each answers `not-in-room` to those who have none. */
export class MemberRequests {
  readonly #limits: ServerLimits;
  readonly #dependencies: BookDependencies;
  readonly #outbox: Outbox;
  readonly #directory: Directory;

  constructor(options: {
    readonly limits: ServerLimits;
    readonly dependencies: BookDependencies;
    readonly outbox: Outbox;
    readonly directory: Directory;
  }) {
    this.#limits = options.limits;
    this.#dependencies = options.dependencies;
    this.#outbox = options.outbox;
    this.#directory = options.directory;
  }

  me(caller: Caller, message: MeMessage): void {
    const seat = this.#seatOf(caller);
    if (seat === undefined) return;
    const { room, member } = seat;
    const { localPlayers } = message;
    if (localPlayers !== undefined && member.role === 'spectator') {
      this.#outbox.refuse(caller, { code: 'invalid-field', message: 'A spectator has no local players.' });
      return;
    }
    if (
      localPlayers !== undefined &&
      slotsTaken(room) - member.localPlayers + localPlayers > room.playersMax
    ) {
      this.#outbox.refuse(caller, {
        code: 'room-full',
        message: `The room has no place for ${localPlayers} local players: it holds ${room.playersMax} players.`,
      });
      return;
    }
    const { t: _t, rid: _rid, ...changes } = message;
    this.#changeMember(seat, changes);
    this.#outbox.ok(caller);
  }

  set(caller: Caller, message: SetMessage): void {
    const seat = this.#ownerSeatOf(caller, 'change the room');
    if (seat === undefined) return;
    const { t: _t, rid: _rid, ...changes } = message;
    if (Object.keys(changes).length > 0) {
      Object.assign(seat.room, changes);
      this.#outbox.event(seat.room, { t: 'room', ...changes });
      this.#directory.touch(seat.room);
    }
    this.#outbox.ok(caller);
  }

  start(caller: Caller, message: StartMessage): void {
    const seat = this.#ownerSeatOf(caller, 'start a match');
    if (seat === undefined) return;
    const { room } = seat;
    const line = lineUp(room);
    if (line.players.length === 0) {
      this.#outbox.refuse(caller, {
        code: 'no-players',
        message: 'No player is connected, only spectators.',
      });
      return;
    }
    const delayMs = this.#limits.startDelayMs;
    const [a = 0, b = 0, c = 0, d = 0] = this.#dependencies.randomBytes(4);
    const match: MatchStart = {
      matchId: randomWord(this.#dependencies.randomBytes(MATCH_ID_BYTES)),
      seed: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0,
      atMs: caller.nowMs + delayMs,
      ...line,
      options: message.options ?? {},
    };
    room.match = match;
    this.#outbox.event(room, { t: 'start', ...match, delayMs });
    this.#directory.touch(room);
    this.#outbox.ok(caller);
  }

  signal(caller: Caller, message: SigMessage): void {
    const seat = this.#seatOf(caller);
    if (seat === undefined) return;
    const to =
      message.to === caller.session.peer ? undefined : seat.room.members.get(message.to)?.session.connection;
    if (to === undefined) {
      this.#outbox.refuse(caller, {
        code: 'peer-not-found',
        message: 'No other member of your room with this id is connected. The signal was dropped.',
      });
      return;
    }
    this.#outbox.send(to, { t: 'sig', from: caller.session.peer, signal: message.signal });
    this.#outbox.ok(caller);
  }

  chat(caller: Caller, message: ChatMessage): void {
    const seat = this.#seatOf(caller);
    if (seat === undefined) return;
    this.#outbox.event(seat.room, { t: 'chat', from: caller.session.peer, text: message.text });
    this.#outbox.ok(caller);
  }

  sync(caller: Caller): void {
    const seat = this.#seatOf(caller);
    if (seat === undefined) return;
    this.#outbox.send(caller.connection, { t: 'snapshot', ...caller.rid, room: roomSnapshot(seat.room) });
  }

  #changeMember(seat: Seat, changes: Omit<MeMessage, 't' | 'rid'>): void {
    const { room, member } = seat;
    if (Object.keys(changes).length === 0) return;
    if (changes.ready !== undefined) member.ready = changes.ready;
    if (changes.name !== undefined) member.session.name = changes.name;
    if (changes.data !== undefined) member.data = changes.data;
    if (changes.localPlayers !== undefined) member.localPlayers = changes.localPlayers;
    this.#outbox.event(room, { t: 'member', peer: member.session.peer, ...changes });
    this.#directory.touch(room);
  }

  #seatOf(caller: Caller): Seat | undefined {
    const { room, peer } = caller.session;
    const member = room?.members.get(peer);
    if (room !== undefined && member !== undefined) return { room, member };
    this.#outbox.refuse(caller, {
      code: 'not-in-room',
      message: 'You are in no room. Create or join one first.',
    });
    return undefined;
  }

  #ownerSeatOf(caller: Caller, deed: string): Seat | undefined {
    const seat = this.#seatOf(caller);
    if (seat === undefined || seat.room.owner === caller.session.peer) return seat;
    this.#outbox.refuse(caller, { code: 'not-owner', message: `Only the owner of the room may ${deed}.` });
    return undefined;
  }
}
