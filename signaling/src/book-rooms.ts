/** The rooms of the lobby book: every request of a member, and how a room comes and goes. */
import type {
  CreateMessage,
  JoinMessage,
  ListMessage,
  MemberRole,
  WatchMessage,
} from 'rollmesh/lobby-protocol';
import { LOBBY_LIMITS, normalizeRoomCode, ROOM_CODE_BYTES, roomCodeFromBytes } from 'rollmesh/lobby-protocol';
import { Directory } from './book-directory.js';
import { MemberRequests } from './book-member-requests.js';
import { MissCounter } from './book-misses.js';
import type { Caller, Outbox } from './book-outbox.js';
import { hasPlace, memberSnapshot, nextOwner, roomSnapshot } from './book-room.js';
import type { BookDependencies, ConnectionId, Member, Room, Session } from './book-types.js';
import type { ServerLimits } from './limits.js';

/** A code is taken once in 2^40 / rooms; more tries than this mean that something else is wrong. */
const CODE_TRIES_MAX = 10;
/** What a full server asks clients to wait. */
const FULL_RETRY_MS = 10_000;

/** All rooms of a lobby server. */
export class Rooms {
  readonly #limits: ServerLimits;
  readonly #dependencies: BookDependencies;
  readonly #outbox: Outbox;
  readonly #rooms = new Map<string, Room>();
  /** Rooms without members and when they are forgotten, in order of time. */
  readonly #empty = new Map<Room, number>();
  readonly #directory: Directory;
  readonly #misses: MissCounter;
  /** What members ask once they have a seat. */
  readonly members: MemberRequests;
  #sequence = 0;
  #flushedMs = Number.NEGATIVE_INFINITY;

  constructor(limits: ServerLimits, dependencies: BookDependencies, outbox: Outbox) {
    this.#limits = limits;
    this.#dependencies = dependencies;
    this.#outbox = outbox;
    this.#directory = new Directory(limits.viewsMax);
    this.#misses = new MissCounter(limits);
    this.members = new MemberRequests({ limits, dependencies, outbox, directory: this.#directory });
  }

  /** Rooms, empty ones included. */
  get size(): number {
    return this.#rooms.size;
  }

  list(caller: Caller, message: ListMessage): void {
    const { filter = {}, limit = LOBBY_LIMITS.listMax, cursor } = message;
    const page = this.#directory.page(caller.session.app, {
      filter,
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    this.#outbox.send(caller.connection, { t: 'rooms', ...caller.rid, ...page });
  }

  watch(caller: Caller, message: WatchMessage): void {
    const { filter = {}, limit = LOBBY_LIMITS.listMax } = message;
    const effects = this.#directory.watch(caller.connection, caller.session.app, {
      filter,
      limit,
      rid: caller.rid,
    });
    if (effects === undefined) this.#refuseFull(caller, 'Too many different lists are watched.');
    else this.#outbox.push(...effects);
  }

  unwatch(caller: Caller): void {
    this.#directory.unwatch(caller.connection);
    this.#outbox.ok(caller);
  }

  create(caller: Caller, message: CreateMessage): void {
    if (this.#refuseSecondRoom(caller)) return;
    const code = this.#freeCode();
    if (this.#rooms.size >= this.#limits.roomsMax || code === undefined) {
      this.#refuseFull(caller, 'The lobby server has no place for another room.');
      return;
    }
    this.#sequence += 1;
    const room: Room = {
      code,
      app: caller.session.app,
      sequence: this.#sequence,
      playersMax: message.playersMax,
      passwordDigest:
        message.password === undefined ? undefined : this.#dependencies.digest(message.password),
      rev: 0,
      owner: caller.session.peer,
      public: message.public,
      metadata: message.metadata,
      members: new Map(),
      match: undefined,
    };
    this.#rooms.set(code, room);
    this.#seat(caller, room, 'player');
  }

  join(caller: Caller, message: JoinMessage): void {
    if (this.#refuseSecondRoom(caller)) return;
    const waitMs = this.#misses.waitMs(caller.address, caller.nowMs);
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000);
      this.#outbox.refuse(caller, {
        code: 'rate-limited',
        message: `Too many wrong room codes from this address. Try again in ${seconds} s.`,
        retryAfterMs: waitMs,
      });
      return;
    }
    const room = this.#findRoom(caller.session.app, message);
    if (room === undefined) {
      this.#misses.miss(caller.address, caller.nowMs);
      this.#outbox.refuse(caller, {
        code: 'room-not-found',
        message: 'There is no room with this code and password.',
      });
      return;
    }
    if (!hasPlace(room, message.role)) {
      const places =
        message.role === 'player' ? `${room.playersMax} players` : `${LOBBY_LIMITS.spectatorsMax} spectators`;
      this.#outbox.refuse(caller, { code: 'room-full', message: `The room is full: it holds ${places}.` });
      return;
    }
    this.#seat(caller, room, message.role);
  }

  leave(caller: Caller): void {
    if (caller.session.room === undefined) {
      this.#outbox.refuse(caller, { code: 'not-in-room', message: 'You are in no room.' });
      return;
    }
    this.remove(caller.session, 'left', caller.nowMs);
    this.#outbox.ok(caller);
  }

  /** Takes a session out of its room, for good; the room gets another owner if it was his. */
  remove(session: Session, why: 'left' | 'lost', nowMs: number): void {
    const { room } = session;
    if (room === undefined) return;
    session.room = undefined;
    room.members.delete(session.peer);
    this.#outbox.event(room, { t: 'peer-leave', peer: session.peer, why });
    const owner = room.owner === session.peer ? nextOwner(room) : undefined;
    if (owner !== undefined) {
      room.owner = owner;
      this.#outbox.event(room, { t: 'owner', peer: owner });
    }
    if (room.members.size === 0) this.#empty.set(room, nowMs + this.#limits.emptyRoomMs);
    this.#directory.touch(room);
  }

  /** The socket of a member dropped: the seat stays until `untilMs`. */
  setAway(session: Session, untilMs: number): void {
    const member = session.room?.members.get(session.peer);
    if (session.room === undefined || member === undefined) return;
    member.awayUntilMs = untilMs;
    this.#outbox.event(session.room, { t: 'peer-away', peer: session.peer, untilMs });
  }

  /** A member is back on a new socket, perhaps under a new name. It learns the room from its welcome, not from events. */
  setBack(session: Session, connection: ConnectionId, name: string): void {
    const member = session.room?.members.get(session.peer);
    const isRenamed = session.name !== name;
    session.name = name;
    if (session.room === undefined || member === undefined) return;
    if (member.awayUntilMs !== undefined) {
      member.awayUntilMs = undefined;
      this.#outbox.event(session.room, { t: 'peer-back', peer: session.peer }, connection);
    }
    if (isRenamed) this.#outbox.event(session.room, { t: 'member', peer: session.peer, name }, connection);
    this.#directory.touch(session.room);
  }

  /** A socket is gone: it watches nothing any more. */
  forget(connection: ConnectionId): void {
    this.#directory.unwatch(connection);
  }

  /** Forgets rooms that stayed empty and sends watched lists. */
  tick(nowMs: number): void {
    for (const [room, untilMs] of this.#empty) {
      if (untilMs > nowMs) break;
      this.#empty.delete(room);
      this.#rooms.delete(room.code);
    }
    this.#misses.expire(nowMs);
    if (nowMs - this.#flushedMs < this.#limits.diffMs) return;
    this.#flushedMs = nowMs;
    this.#outbox.push(...this.#directory.flush());
  }

  #seat(caller: Caller, room: Room, role: MemberRole): void {
    const { session, connection } = caller;
    const member: Member = {
      session,
      role,
      ready: false,
      localPlayers: role === 'player' ? 1 : 0,
      data: {},
      awayUntilMs: undefined,
    };
    // Whoever enters an empty room owns it: its last owner is gone.
    if (room.members.size === 0) room.owner = session.peer;
    this.#empty.delete(room);
    room.members.set(session.peer, member);
    session.room = room;
    this.#outbox.event(room, { t: 'peer-join', member: memberSnapshot(member) }, connection);
    this.#outbox.send(connection, {
      t: 'joined',
      ...caller.rid,
      room: roomSnapshot(room),
      you: session.peer,
    });
    this.#directory.touch(room);
  }

  /** The same work and the same answer for a wrong code, a wrong app and a wrong password. */
  #findRoom(app: string, message: JoinMessage): Room | undefined {
    const given = this.#dependencies.digest(message.password ?? '');
    const code = normalizeRoomCode(message.code);
    const room = code === undefined ? undefined : this.#rooms.get(code);
    const wanted = room?.passwordDigest ?? given;
    const isRight = equalDigests(given, wanted);
    return room !== undefined && room.app === app && isRight ? room : undefined;
  }

  #freeCode(): string | undefined {
    for (let attempt = 0; attempt < CODE_TRIES_MAX; attempt += 1) {
      const code = roomCodeFromBytes(this.#dependencies.randomBytes(ROOM_CODE_BYTES));
      if (!this.#rooms.has(code)) return code;
    }
    return undefined;
  }

  #refuseSecondRoom(caller: Caller): boolean {
    if (caller.session.room === undefined) return false;
    this.#outbox.refuse(caller, { code: 'already-in-room', message: 'You are in a room. Leave it first.' });
    return true;
  }

  #refuseFull(caller: Caller, message: string): void {
    this.#outbox.refuse(caller, { code: 'server-full', message, retryAfterMs: FULL_RETRY_MS });
  }
}

/** Compares digests in a time that does not depend on where they differ. */
function equalDigests(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index += 1) difference |= a.charCodeAt(index) ^ b.charCodeAt(index);
  return difference === 0;
}
