/**
 * The public rooms of all apps: pages of a list, and watched lists with their changes.
 *
 * Watchers with the same app, filter and limit share one view, so a thousand players on one start screen cost one
 * comparison per change. A view shows the newest rooms that match; changes are collected and sent together.
 */
import type { RoomFilter, RoomListing, ServerMessage } from 'rollmesh/lobby-protocol';
import { LOBBY_LIMITS, utf8Length } from 'rollmesh/lobby-protocol';
import { roomListing } from './book-room.js';
import type { BookEffect, ConnectionId, Room } from './book-types.js';

/** Room for the listings in one message; the rest of 64 KiB is for the envelope. */
const PAGE_BYTES_MAX = LOBBY_LIMITS.serverMessageBytesMax - 4_096;

interface View {
  readonly key: string;
  readonly app: string;
  readonly filter: RoomFilter;
  readonly limit: number;
  readonly watchers: Set<ConnectionId>;
  /** What the watchers see: room to the JSON they last got. */
  readonly shown: Map<Room, string>;
  /** True if rooms matched that did not fit. */
  overflowed: boolean;
}

interface Page {
  readonly rooms: RoomListing[];
  readonly cursor: string | null;
}

function matches(room: Room, filter: RoomFilter): boolean {
  for (const [key, value] of Object.entries(filter)) {
    if (!Object.hasOwn(room.metadata, key) || room.metadata[key] !== value) return false;
  }
  return true;
}

/** Equal filters, equal text, whatever the order of their keys. */
function filterKey(filter: RoomFilter): string {
  return JSON.stringify(Object.entries(filter).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Packs items into groups that each fit into one message. */
function* pack(
  items: readonly { readonly text: string; readonly listing: RoomListing }[],
): Generator<RoomListing[]> {
  let group: RoomListing[] = [];
  let bytes = 0;
  for (const { text, listing } of items) {
    const itemBytes = utf8Length(text) + 1;
    if (group.length > 0 && (bytes + itemBytes > PAGE_BYTES_MAX || group.length >= LOBBY_LIMITS.listMax)) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(listing);
    bytes += itemBytes;
  }
  if (group.length > 0) yield group;
}

/** See the file's head. */
export class Directory {
  readonly #viewsMax: number;
  /** Listed rooms by app, oldest first, so that a new one goes to the end. */
  readonly #listed = new Map<string, Room[]>();
  readonly #views = new Map<string, View>();
  readonly #viewOf = new Map<ConnectionId, View>();
  /** Rooms that changed since the last flush. */
  readonly #dirty = new Set<Room>();

  constructor(viewsMax: number) {
    this.#viewsMax = viewsMax;
  }

  /** Tells the directory that a room was created, changed or emptied. */
  touch(room: Room): void {
    this.#dirty.add(room);
    const rooms = this.#listed.get(room.app) ?? [];
    const index = firstNotBelow(rooms, room.sequence);
    const isListed = rooms[index] === room;
    const belongs = room.public && room.members.size > 0;
    if (belongs && !isListed) {
      rooms.splice(index, 0, room);
      this.#listed.set(room.app, rooms);
    } else if (!belongs && isListed) {
      rooms.splice(index, 1);
      if (rooms.length === 0) this.#listed.delete(room.app);
    }
  }

  /** One page, newest first, from just below the cursor. */
  page(app: string, options: { filter: RoomFilter; limit: number; cursor?: string }): Page {
    const rooms = this.#listed.get(app) ?? [];
    const below =
      options.cursor === undefined ? Number.POSITIVE_INFINITY : Number.parseInt(options.cursor, 36);
    let bytes = 0;
    const page: RoomListing[] = [];
    let last = 0;
    for (let index = firstNotBelow(rooms, below) - 1; index >= 0; index -= 1) {
      const room = rooms[index] as Room;
      if (!matches(room, options.filter)) continue;
      const listing = roomListing(room);
      bytes += utf8Length(JSON.stringify(listing)) + 1;
      if (page.length >= options.limit || (page.length > 0 && bytes > PAGE_BYTES_MAX))
        return { rooms: page, cursor: last.toString(36) };
      page.push(listing);
      last = room.sequence;
    }
    return { rooms: page, cursor: null };
  }

  /** Starts a watch; the messages are its first state. `undefined` if there are too many different views. */
  watch(
    connection: ConnectionId,
    app: string,
    options: { filter: RoomFilter; limit: number; rid: { rid?: number } },
  ): BookEffect[] | undefined {
    this.unwatch(connection);
    const key = `${app} ${options.limit} ${filterKey(options.filter)}`;
    let view = this.#views.get(key);
    if (view === undefined) {
      if (this.#views.size >= this.#viewsMax) return undefined;
      view = {
        key,
        app,
        filter: options.filter,
        limit: options.limit,
        watchers: new Set(),
        shown: new Map(),
        overflowed: false,
      };
      this.#views.set(key, view);
      this.#fill(view);
    }
    view.watchers.add(connection);
    this.#viewOf.set(connection, view);
    const [first = [], ...rest] = pack(
      [...view.shown.values()].map((text) => ({ text, listing: JSON.parse(text) as RoomListing })),
    );
    return [
      send([connection], { t: 'rooms', ...options.rid, rooms: first, cursor: null }),
      ...rest.map((changed) => send([connection], { t: 'rooms-diff', changed, removed: [] })),
    ];
  }

  /** Ends the watch of a socket, if it has one. */
  unwatch(connection: ConnectionId): void {
    const view = this.#viewOf.get(connection);
    if (view === undefined) return;
    this.#viewOf.delete(connection);
    view.watchers.delete(connection);
    if (view.watchers.size === 0) this.#views.delete(view.key);
  }

  /** Sends what changed since the last flush to those who watch it. */
  flush(): BookEffect[] {
    if (this.#dirty.size === 0) return [];
    const effects: BookEffect[] = [];
    for (const view of this.#views.values()) effects.push(...this.#refresh(view));
    this.#dirty.clear();
    return effects;
  }

  #isListed(room: Room): boolean {
    const rooms = this.#listed.get(room.app) ?? [];
    return rooms[firstNotBelow(rooms, room.sequence)] === room;
  }

  /** Shows the newest matching rooms as far as the limit goes; returns those that were not shown before. */
  #fill(view: View): Room[] {
    const added: Room[] = [];
    const rooms = this.#listed.get(view.app) ?? [];
    view.overflowed = false;
    let count = 0;
    for (let index = rooms.length - 1; index >= 0; index -= 1) {
      const room = rooms[index] as Room;
      if (!matches(room, view.filter)) continue;
      if (count >= view.limit) {
        view.overflowed = true;
        break;
      }
      count += 1;
      if (view.shown.has(room)) continue;
      view.shown.set(room, JSON.stringify(roomListing(room)));
      added.push(room);
    }
    return added;
  }

  #refresh(view: View): BookEffect[] {
    const changed = new Set<Room>();
    const removed = new Set<Room>();
    for (const room of this.#dirty) {
      if (room.app !== view.app) continue;
      if (!this.#isListed(room) || !matches(room, view.filter)) {
        if (view.shown.delete(room)) removed.add(room);
        continue;
      }
      const text = JSON.stringify(roomListing(room));
      if (view.shown.get(room) === text) continue;
      view.shown.set(room, text);
      changed.add(room);
    }
    // A place is free: the newest of those that did not fit moves up, whatever else changed.
    if (view.overflowed && removed.size > 0) {
      for (const room of this.#fill(view)) changed.add(room);
    }
    this.#trim(view, { changed, removed });
    return this.#diff(view, changed, removed);
  }

  /** Drops the oldest rooms above the limit. */
  #trim(view: View, marks: { changed: Set<Room>; removed: Set<Room> }): void {
    while (view.shown.size > view.limit) {
      let oldest: Room | undefined;
      for (const room of view.shown.keys()) {
        if (oldest === undefined || room.sequence < oldest.sequence) oldest = room;
      }
      if (oldest === undefined) return;
      view.shown.delete(oldest);
      view.overflowed = true;
      marks.changed.delete(oldest);
      marks.removed.add(oldest);
    }
  }

  #diff(view: View, changed: ReadonlySet<Room>, removed: ReadonlySet<Room>): BookEffect[] {
    const to = [...view.watchers];
    const codes = [...removed].map((room) => room.code);
    const groups = [
      ...pack(
        [...changed].map((room) => {
          const text = view.shown.get(room) as string; // changed rooms are shown
          return { text, listing: JSON.parse(text) as RoomListing };
        }),
      ),
    ];
    const effects: BookEffect[] = [];
    for (let from = 0; from < codes.length; from += LOBBY_LIMITS.listMax) {
      effects.push(
        send(to, { t: 'rooms-diff', changed: [], removed: codes.slice(from, from + LOBBY_LIMITS.listMax) }),
      );
    }
    return [...effects, ...groups.map((group) => send(to, { t: 'rooms-diff', changed: group, removed: [] }))];
  }
}

function send(to: readonly ConnectionId[], message: ServerMessage): BookEffect {
  return { kind: 'send', to, message };
}

/** Index of the first room whose sequence is at least `sequence`, by bisection. */
function firstNotBelow(rooms: readonly Room[], sequence: number): number {
  let low = 0;
  let high = rooms.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rooms[middle] as Room).sequence < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
