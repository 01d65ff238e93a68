/** Lists of public rooms and how a watched one stays up to date. */
import type { RoomListing, ServerMessage } from '../../../sdk/src/lobby/lobby-protocol.js';
import { BookHarness, last, type Of, type Socket } from './book-harness.js';

/** What a client would show after these messages, newest first or not: by code. */
function shown(messages: readonly ServerMessage[]): Map<string, RoomListing> {
  const rooms = new Map<string, RoomListing>();
  for (const message of messages) {
    if (message.t === 'rooms') {
      rooms.clear();
      for (const room of message.rooms) rooms.set(room.code, room);
    } else if (message.t === 'rooms-diff') {
      for (const code of message.removed) rooms.delete(code);
      for (const room of message.changed) rooms.set(room.code, room);
    }
  }
  return rooms;
}

function pages(h: BookHarness, socket: Socket, more: object = {}): Of<'rooms'>[] {
  const all: Of<'rooms'>[] = [];
  let cursor: string | null = null;
  do {
    h.say(socket, { t: 'list', rid: 1, ...more, ...(cursor === null ? {} : { cursor }) });
    const page: Of<'rooms'> = last(socket, 'rooms');
    all.push(page);
    cursor = page.cursor;
  } while (cursor !== null);
  return all;
}

test('the list shows public rooms of the own app, newest first, and nothing secret', () => {
  const h = new BookHarness();
  const first = h.createRoom(h.enter(1), { metadata: { mode: 'duel' }, password: 'pw' });
  h.createRoom(h.enter(2), { public: false });
  h.createRoom(h.enter(3, { app: 'other' }));
  const second = h.createRoom(h.enter(4));
  const looker = h.enter(5);
  h.say(looker, { t: 'list', rid: 7 });
  expect(last(looker, 'rooms')).toEqual({
    t: 'rooms',
    rid: 7,
    cursor: null,
    rooms: [
      expect.objectContaining({ code: second }),
      {
        code: first,
        players: 1,
        playersMax: 4,
        spectators: 0,
        hasPassword: true,
        ownerName: 'Player 1',
        started: false,
        metadata: { mode: 'duel' },
      },
    ],
  });
});

test('a filter keeps rooms whose metadata has exactly these values', () => {
  const h = new BookHarness();
  const duel = h.createRoom(h.enter(1), { metadata: { mode: 'duel', level: 2, tags: ['a'] } });
  h.createRoom(h.enter(2), { metadata: { mode: 'duel', level: 3 } });
  h.createRoom(h.enter(3), { metadata: { level: '2' } });
  const looker = h.enter(4);
  const codes = (filter: Record<string, string | number>): string[] => {
    h.say(looker, { t: 'list', filter });
    return last(looker, 'rooms').rooms.map((room) => room.code);
  };
  expect(codes({ mode: 'duel', level: 2 })).toEqual([duel]);
  expect(codes({ mode: 'duel' })).toHaveLength(2);
  expect(codes({ mode: 'none' })).toEqual([]);
  expect(codes({ toString: 1 })).toEqual([]);
});

test('pages follow each other without gaps or repetition, also while rooms come and go', () => {
  const h = new BookHarness({ roomsMax: 1_000, sessionsMax: 1_000 });
  const owners = Array.from({ length: 30 }, (_, n) => h.enter(n + 1));
  const codes = owners.map((owner) => h.createRoom(owner));
  const looker = h.enter(100);
  h.say(looker, { t: 'list', limit: 12 });
  const first = last(looker, 'rooms');
  h.createRoom(h.enter(101));
  h.say(owners[20] as Socket, { t: 'leave' });
  h.say(looker, { t: 'list', limit: 12, cursor: first.cursor as string });
  const second = last(looker, 'rooms');
  h.say(looker, { t: 'list', limit: 12, cursor: second.cursor as string });
  const third = last(looker, 'rooms');
  const seen = [first, second, third].flatMap((page) => page.rooms.map((room) => room.code));
  expect(seen).toEqual([...codes].reverse());
  expect([first.rooms.length, second.rooms.length, third.rooms.length, third.cursor]).toEqual([
    12,
    12,
    6,
    null,
  ]);
});

test('a cursor from nowhere is an empty page', () => {
  const h = new BookHarness();
  h.createRoom(h.enter(1));
  const looker = h.enter(2);
  for (const cursor of ['', '!!', '-1', '__proto__'.slice(0, 2)]) {
    h.say(looker, { t: 'list', cursor });
    expect(last(looker, 'rooms')).toMatchObject({ rooms: [], cursor: null });
  }
});

test('rooms with much metadata are spread over as many pages as their bytes need', () => {
  const h = new BookHarness();
  const metadata = { text: 'é'.repeat(2_000) };
  for (let n = 1; n <= 40; n += 1) h.createRoom(h.enter(n), { metadata });
  const all = pages(h, h.enter(99));
  expect(all.length).toBeGreaterThan(2);
  expect(new Set(all.flatMap((page) => page.rooms.map((room) => room.code))).size).toBe(40);
  for (const page of all) expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThanOrEqual(65_536);
});

test('a watcher sees rooms come, change and go, one message per interval', () => {
  const h = new BookHarness();
  const ada = h.enter(1);
  const looker = h.enter(2);
  h.say(looker, { t: 'watch', rid: 3 });
  expect(last(looker, 'rooms')).toEqual({ t: 'rooms', rid: 3, rooms: [], cursor: null });
  const code = h.createRoom(ada);
  h.join(h.enter(3), code);
  h.say(ada, { t: 'me', ready: true });
  h.pass(250);
  expect(looker.inbox.filter((message) => message.t === 'rooms-diff')).toEqual([
    { t: 'rooms-diff', changed: [expect.objectContaining({ code, players: 2 })], removed: [] },
  ]);
  h.say(ada, { t: 'set', public: false });
  h.pass(250);
  expect(last(looker, 'rooms-diff')).toEqual({ t: 'rooms-diff', changed: [], removed: [code] });
  h.say(ada, { t: 'set', public: true, metadata: { mode: 'duel' } });
  h.say(ada, { t: 'start' });
  h.pass(250);
  expect(last(looker, 'rooms-diff').changed).toMatchObject([
    { code, started: true, metadata: { mode: 'duel' } },
  ]);
});

test('what the list does not show is no news: chat, readiness, a member away', () => {
  const h = new BookHarness();
  const ada = h.enter(1);
  h.createRoom(ada);
  const looker = h.enter(2);
  h.say(looker, { t: 'watch' });
  h.pass(250);
  const before = looker.inbox.length;
  h.say(ada, { t: 'chat', text: 'hi' });
  h.say(ada, { t: 'me', ready: true, data: { x: 1 } });
  h.drop(ada);
  h.pass(250);
  expect(looker.inbox.length).toBe(before);
});

test('a filtered watch shows a room as soon as it fits and drops it when it does not any more', () => {
  const h = new BookHarness();
  const ada = h.enter(1);
  const code = h.createRoom(ada, { metadata: { mode: 'open' } });
  const looker = h.enter(2);
  h.say(looker, { t: 'watch', filter: { mode: 'duel' } });
  h.say(ada, { t: 'set', metadata: { mode: 'duel' } });
  h.pass(250);
  expect(last(looker, 'rooms-diff')).toMatchObject({ changed: [{ code }], removed: [] });
  h.say(ada, { t: 'set', metadata: { mode: 'open' } });
  h.pass(250);
  expect(last(looker, 'rooms-diff')).toEqual({ t: 'rooms-diff', changed: [], removed: [code] });
});

test('a watch with a limit always shows the newest, and older ones move up when newer ones go', () => {
  const h = new BookHarness();
  const looker = h.enter(50);
  const owners = Array.from({ length: 6 }, (_, n) => h.enter(n + 1));
  const codes = owners.map((owner) => h.createRoom(owner));
  h.say(looker, { t: 'watch', limit: 3 });
  const state = (): string[] => [...shown(looker.inbox).keys()].sort();
  expect(state()).toEqual(codes.slice(3).sort());
  const newest = h.createRoom(h.enter(7));
  h.pass(250);
  expect(state()).toEqual([...codes.slice(4), newest].sort());
  h.say(owners[5] as Socket, { t: 'leave' });
  h.say(owners[4] as Socket, { t: 'leave' });
  h.pass(250);
  expect(state()).toEqual([codes[2], codes[3], newest].sort());
});

test('however rooms change, a watcher knows what a fresh watcher would be told', () => {
  const h = new BookHarness({ roomsMax: 1_000, sessionsMax: 1_000 });
  const looker = h.enter(500);
  h.say(looker, { t: 'watch', limit: 5, filter: { even: true } });
  const owners = new Map<number, Socket>();
  let choice = 12345;
  const next = (n: number): number => {
    choice = (Math.imul(choice, 1_103_515_245) + 12_345) >>> 0;
    return (choice >>> 8) % n;
  };
  for (let round = 0; round < 400; round += 1) {
    const n = next(20) + 1;
    const owner = owners.get(n);
    if (owner === undefined) {
      const socket = h.enter(n);
      owners.set(n, socket);
      h.createRoom(socket, { metadata: { even: next(2) === 0 } });
    } else if (next(3) === 0) {
      h.say(owner, { t: 'bye' });
      owners.delete(n);
    } else h.say(owner, { t: 'set', metadata: { even: next(2) === 0 }, public: next(4) > 0 });
    if (next(3) > 0) continue;
    h.pass(250);
    const fresh = h.enter(501);
    h.say(fresh, { t: 'watch', limit: 5, filter: { even: true } });
    h.say(fresh, { t: 'list', limit: 5, filter: { even: true } });
    const listed = last(fresh, 'rooms').rooms.map((room) => room.code);
    expect([...shown(looker.inbox).keys()].sort()).toEqual([...listed].sort());
    expect([...shown(fresh.inbox.slice(0, -1)).keys()].sort()).toEqual([...listed].sort());
    h.say(fresh, { t: 'bye' });
  }
  expect(looker.inbox.length).toBeGreaterThan(20);
});

test('a watch ends with unwatch, with another watch, and with the socket', () => {
  const h = new BookHarness({ viewsMax: 1 });
  const looker = h.enter(1);
  h.say(looker, { t: 'watch', filter: { a: 1 } });
  h.say(looker, { t: 'watch', filter: { b: 1 } });
  expect(h.say(looker, { t: 'unwatch', rid: 4 })).toEqual([{ t: 'ok', rid: 4 }]);
  h.createRoom(h.enter(2), { metadata: { b: 1 } });
  const before = looker.inbox.length;
  h.pass(500);
  expect(looker.inbox.length).toBe(before);
  h.say(looker, { t: 'watch', filter: { c: 1 } });
  h.drop(looker);
  const other = h.enter(3);
  h.say(other, { t: 'watch', rid: 5, filter: { d: 1 } });
  expect(last(other, 'rooms').rid).toBe(5);
});

test('too many different watches are refused, equal ones are shared whatever the order of their keys', () => {
  const h = new BookHarness({ viewsMax: 1 });
  const [one, two, three] = [h.enter(1), h.enter(2), h.enter(3)];
  h.say(one, { t: 'watch', filter: { a: 1, b: 2 } });
  h.say(two, { t: 'watch', rid: 2, filter: { b: 2, a: 1 } });
  expect(last(two, 'rooms').rid).toBe(2);
  h.say(three, { t: 'watch', rid: 3, filter: { a: 1 } });
  expect(last(three, 'err')).toMatchObject({ rid: 3, code: 'server-full', retryAfterMs: 10_000 });
});
