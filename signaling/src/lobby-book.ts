/**
 * The lobby book: who is here, who is in which room, and what everybody must be told. Pure: no clock, no sockets, no
 * chance; a command and the time go in, effects come out in order. `handle` does not throw for anything that a client
 * can send.
 */
import type { ClientMessage, HelloMessage } from 'rollmesh/lobby-protocol';
import { LOBBY_CLOSE, LOBBY_LIMITS, LOBBY_PROTOCOL_VERSION } from 'rollmesh/lobby-protocol';
import type { Caller } from './book-outbox.js';
import { Outbox } from './book-outbox.js';
import { roomSnapshot } from './book-room.js';
import { Rooms } from './book-rooms.js';
import { Sessions } from './book-sessions.js';
import type { BookCommand, BookDependencies, BookEffect, ConnectionId, Session } from './book-types.js';
import type { ServerLimits } from './limits.js';

/** What a full server asks clients to wait. */
const FULL_RETRY_MS = 10_000;

type MessageCommand = Extract<BookCommand, { kind: 'message' }>;

/** The truth of one lobby server, in memory. */
export class LobbyBook {
  readonly #limits: ServerLimits;
  readonly #outbox = new Outbox();
  readonly #sessions: Sessions;
  readonly #rooms: Rooms;

  constructor(limits: ServerLimits, dependencies: BookDependencies) {
    this.#limits = limits;
    this.#sessions = new Sessions(dependencies);
    this.#rooms = new Rooms(limits, dependencies, this.#outbox);
  }

  /** How much is kept, for health checks and for tests that nothing is left behind. */
  get counts(): { readonly sessions: number; readonly rooms: number; readonly records: number } {
    return {
      sessions: this.#sessions.size,
      rooms: this.#rooms.size,
      records: this.#sessions.recordCount + this.#rooms.size,
    };
  }

  /** True if the socket has said a `hello` that was accepted. */
  isKnown(connection: ConnectionId): boolean {
    return this.#sessions.of(connection) !== undefined;
  }

  /** Takes one command; returns what to do about it. `nowMs` is monotonic. */
  handle(command: BookCommand, nowMs: number): BookEffect[] {
    if (command.kind === 'message') this.#message(command, nowMs);
    else if (command.kind === 'disconnect') this.#disconnect(command.connection, nowMs);
    else this.#tick(nowMs);
    return this.#outbox.take();
  }

  #message(command: MessageCommand, nowMs: number): void {
    const { connection, address, message } = command;
    const rid = message.rid === undefined ? {} : { rid: message.rid };
    const session = this.#sessions.of(connection);
    if (message.t === 'hello') {
      if (session === undefined) this.#hello(connection, message, nowMs);
      else
        this.#outbox.refuse(
          { connection, rid },
          { code: 'hello-repeated', message: 'This socket has said hello already.' },
        );
      return;
    }
    if (session === undefined) {
      const refusal = { code: 'hello-required', message: 'The first message must be a hello.' } as const;
      this.#refuseHello({ connection, rid }, refusal);
      return;
    }
    this.#sessions.confirm(session);
    this.#request({ session, connection, address, nowMs, rid }, message);
  }

  #request(caller: Caller, message: Exclude<ClientMessage, HelloMessage>): void {
    switch (message.t) {
      case 'list':
        this.#rooms.list(caller, message);
        break;
      case 'watch':
        this.#rooms.watch(caller, message);
        break;
      case 'unwatch':
        this.#rooms.unwatch(caller);
        break;
      case 'create':
        this.#rooms.create(caller, message);
        break;
      case 'join':
        this.#rooms.join(caller, message);
        break;
      case 'leave':
        this.#rooms.leave(caller);
        break;
      case 'me':
        this.#rooms.members.me(caller, message);
        break;
      case 'set':
        this.#rooms.members.set(caller, message);
        break;
      case 'start':
        this.#rooms.members.start(caller, message);
        break;
      case 'sig':
        this.#rooms.members.signal(caller, message);
        break;
      case 'chat':
        this.#rooms.members.chat(caller, message);
        break;
      case 'sync':
        this.#rooms.members.sync(caller);
        break;
      case 'ping':
        this.#outbox.send(caller.connection, {
          t: 'pong',
          ...caller.rid,
          serverTimeMs: caller.nowMs,
        });
        break;
      case 'bye':
        this.#bye(caller);
        break;
    }
  }

  #hello(connection: ConnectionId, message: HelloMessage, nowMs: number): void {
    const caller = { connection, rid: message.rid === undefined ? {} : { rid: message.rid } };
    const { app, peer, name } = message;
    if (!message.protocol.includes(LOBBY_PROTOCOL_VERSION)) {
      this.#refuseHello(caller, {
        code: 'version-mismatch',
        message: `This lobby server speaks protocol ${LOBBY_PROTOCOL_VERSION}, the client ${message.protocol.join(', ') || 'none'}. Update the older one.`,
        protocol: [LOBBY_PROTOCOL_VERSION],
      });
      return;
    }
    const resumed =
      message.resume === undefined ? undefined : this.#sessions.byToken(message.resume, app, peer);
    const isLive = message.ifAway === true && resumed?.connection !== undefined;
    if (resumed !== undefined && message.resume !== undefined && !isLive) {
      const before = resumed.connection;
      const token = this.#sessions.resume(resumed, connection, message.resume);
      if (before !== undefined) {
        this.#rooms.forget(before);
        this.#outbox.close(before, LOBBY_CLOSE.replaced, 'resumed elsewhere');
      }
      this.#rooms.setBack(resumed, connection, name);
      this.#welcome(caller, resumed, { token, isResumed: true, nowMs });
      return;
    }
    if (this.#sessions.hasPeer(app, peer)) {
      this.#refuseHello(caller, {
        code: 'peer-taken',
        message: 'Another session has this peer id. Choose a new random one, or resume with its token.',
      });
      return;
    }
    if (this.#sessions.size >= this.#limits.sessionsMax) {
      this.#outbox.refuse(caller, {
        code: 'server-full',
        message: 'The lobby server has no place for another player.',
        retryAfterMs: FULL_RETRY_MS,
      });
      this.#outbox.close(connection, LOBBY_CLOSE.overload, 'server full');
      return;
    }
    const { session, token } = this.#sessions.open(connection, { app, peer, name });
    this.#welcome(caller, session, { token, isResumed: false, nowMs });
  }

  #refuseHello(caller: Pick<Caller, 'connection' | 'rid'>, reason: Parameters<Outbox['refuse']>[1]): void {
    this.#outbox.refuse(caller, reason);
    this.#outbox.close(caller.connection, LOBBY_CLOSE.badHello, reason.code);
  }

  #welcome(
    caller: Pick<Caller, 'connection' | 'rid'>,
    session: Session,
    how: { readonly token: string; readonly isResumed: boolean; readonly nowMs: number },
  ): void {
    this.#outbox.send(caller.connection, {
      t: 'welcome',
      ...caller.rid,
      protocol: LOBBY_PROTOCOL_VERSION,
      session: session.id,
      peer: session.peer,
      name: session.name,
      resume: how.token,
      resumed: how.isResumed,
      graceMs: this.#limits.graceMs,
      serverTimeMs: how.nowMs,
      limits: {
        messageBytesMax: LOBBY_LIMITS.clientMessageBytesMax,
        silentMsMax: this.#limits.silentMs,
      },
      room: session.room === undefined ? null : roomSnapshot(session.room),
    });
  }

  #bye(caller: Caller): void {
    this.#rooms.remove(caller.session, 'left', caller.nowMs);
    this.#rooms.forget(caller.connection);
    this.#sessions.close(caller.session);
    this.#outbox.ok(caller);
    this.#outbox.close(caller.connection, LOBBY_CLOSE.bye, 'bye');
  }

  #disconnect(connection: ConnectionId, nowMs: number): void {
    this.#rooms.forget(connection);
    const session = this.#sessions.of(connection);
    if (session === undefined) return;
    if (session.room === undefined) {
      // Nothing is kept for it: whoever comes back with the token gets a fresh session under the same peer id.
      this.#sessions.close(session);
      return;
    }
    const untilMs = nowMs + this.#limits.graceMs;
    this.#sessions.setAway(session, untilMs);
    this.#rooms.setAway(session, untilMs);
  }

  #tick(nowMs: number): void {
    for (const session of this.#sessions.overdue(nowMs)) {
      this.#rooms.remove(session, 'lost', nowMs);
      this.#sessions.close(session);
    }
    this.#rooms.tick(nowMs);
  }
}
