/** Collects what one command has to say, in order. */
import type { LobbyErrorCode, RoomEventMessage, ServerMessage } from 'rollmesh/lobby-protocol';
import { audience } from './book-room.js';
import type { BookEffect, ConnectionId, Room, Session } from './book-types.js';

/** Who asks, when, and under which request id. */
export interface Caller {
  readonly session: Session;
  readonly connection: ConnectionId;
  readonly address: string;
  readonly nowMs: number;
  /** `{}` or `{ rid }`: spread into the reply. */
  readonly rid: { readonly rid?: number };
}

/** An event without what the outbox fills in. */
type EventBody = RoomEventMessage extends infer E
  ? E extends RoomEventMessage
    ? Omit<E, 'room' | 'rev'>
    : never
  : never;

/** The effects of one command. */
export class Outbox {
  #effects: BookEffect[] = [];

  /** Returns the effects so far and starts anew. */
  take(): BookEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  push(...effects: readonly BookEffect[]): void {
    this.#effects.push(...effects);
  }

  send(to: ConnectionId, message: ServerMessage): void {
    this.#effects.push({ kind: 'send', to: [to], message });
  }

  close(connection: ConnectionId, code: number, reason: string): void {
    this.#effects.push({ kind: 'close', connection, code, reason });
  }

  ok(caller: Caller): void {
    // Without a rid nobody waits for it.
    if (caller.rid.rid !== undefined) this.send(caller.connection, { t: 'ok', ...caller.rid });
  }

  /** Refuses a request. `more` may hold `retryAfterMs` or `protocol`. */
  refuse(
    caller: Pick<Caller, 'connection' | 'rid'>,
    reason: {
      readonly code: LobbyErrorCode;
      readonly message: string;
      readonly retryAfterMs?: number;
      readonly protocol?: readonly number[];
    },
  ): void {
    this.send(caller.connection, { t: 'err', ...caller.rid, ...reason });
  }

  /** Counts an event of the room and tells it to all members but `except`. */
  event(room: Room, body: EventBody, except?: ConnectionId): void {
    room.rev += 1;
    const to = audience(room, except);
    if (to.length === 0) return;
    const { t, ...fields } = body;
    const message = { t, room: room.code, rev: room.rev, ...fields } as RoomEventMessage; // both halves of one member of the union
    this.#effects.push({ kind: 'send', to, message });
  }
}
