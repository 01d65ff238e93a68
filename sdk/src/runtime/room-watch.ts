/** A live list of public rooms: the server's first answer and its later differences, put together. */

import { SdkError } from '../base/errors.js';
import type { LobbyConnection } from '../lobby/lobby-connection.js';
import type { RoomFilter, RoomListing, RoomsDiffMessage } from '../lobby/lobby-protocol.js';

/** What a watcher is told. */
export interface RoomListChange {
  /** All rooms that match now, newest first. */
  readonly rooms: readonly RoomListing[];
  /** Those that are new or changed. */
  readonly changed: readonly RoomListing[];
  /** Codes of those that are gone. */
  readonly removed: readonly string[];
}

/** Wait before a refused watch is asked for again, in milliseconds, unless the server names another. */
const retryAfterMs = 5_000;

/** See the head of this file. */
export class RoomWatch {
  readonly #connection: LobbyConnection;
  readonly #filter: RoomFilter;
  readonly #listener: (change: RoomListChange) => void;
  #rooms: readonly RoomListing[] = [];
  /** Counts the answers that are still worth taking: a later `begin` makes an earlier answer stale. */
  #round = 0;
  #stopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: LobbyConnection, filter: RoomFilter, listener: (change: RoomListChange) => void) {
    this.#connection = connection;
    this.#filter = filter;
    this.#listener = listener;
  }

  /** Asks for the list, now or again after a reconnect. */
  begin(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#round += 1;
    const round = this.#round;
    this.#connection.request({ t: 'watch', filter: this.#filter }).then(
      (reply) => {
        if (reply.t === 'rooms' && round === this.#round && !this.#stopped) this.#restart(reply.rooms);
      },
      (error: unknown) => {
        if (round !== this.#round || this.#stopped) return;
        if (!(error instanceof SdkError) || error.code === 'lobby-closed') return;
        this.#timer = setTimeout(() => this.begin(), error.retryAfterMs ?? retryAfterMs);
      },
    );
  }

  /** The server's difference to what it sent before. */
  hear({ changed, removed }: RoomsDiffMessage): void {
    if (this.#stopped) return;
    const known = new Map(changed.map((room) => [room.code, room]));
    const gone = new Set(removed);
    const kept = this.#rooms
      .filter(({ code }) => !gone.has(code))
      .map((room) => known.get(room.code) ?? room);
    const before = new Set(kept.map(({ code }) => code));
    this.#rooms = [...changed.filter(({ code }) => !before.has(code)), ...kept];
    this.#listener({ rooms: this.#rooms, changed, removed });
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#timer);
    if (this.#connection.phase === 'online') this.#connection.request({ t: 'unwatch' }).catch(() => {});
  }

  #restart(rooms: readonly RoomListing[]): void {
    const now = new Set(rooms.map(({ code }) => code));
    const removed = this.#rooms.filter(({ code }) => !now.has(code)).map(({ code }) => code);
    this.#rooms = rooms;
    this.#listener({ rooms, changed: rooms, removed });
  }
}
