/** The lobby client against a real lobby server. */
import { connectLobby, type RoomListing } from 'rollmesh';
import WebSocket from 'ws';
import { LobbyStage, Sockets } from './lobby-stage.js';
import { failure, next, until } from './waiting.js';

const stage = new LobbyStage();
beforeEach(() => stage.start());
afterEach(() => stage.stop());

test('a room is made, found, joined by its code and left', async () => {
  const ada = await stage.connect('Ada');
  const bob = await stage.connect('Bob');
  const room = await ada.create({ playersMax: 4, public: true, metadata: { mode: 'duel' } });
  expect(room.code).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
  expect(room.isOwner).toBe(true);
  const joined = next(room, 'member-joined');
  const other = await bob.join(room.code.toLowerCase().replace('-', ' '));
  expect((await joined).member.name).toBe('Bob');
  expect(other.members.map(({ name }) => name)).toEqual(['Ada', 'Bob']);
  expect(other.owner).toBe(ada.self);
  expect(other.isOwner).toBe(false);
  const left = next(room, 'member-left');
  await other.leave();
  expect((await left).reason).toBe('left');
  expect(room.members.length).toBe(1);
  expect(bob.room).toBeUndefined();
});

test('members see who is ready, what they say of themselves and what they chat', async () => {
  const ada = await (await stage.connect('Ada')).create({ playersMax: 2 });
  const bob = await (await stage.connect('Bob')).join(ada.code);
  const changed = next(bob, 'member-changed');
  await ada.setReady(true);
  expect((await changed).member).toMatchObject({ name: 'Ada', ready: true });
  const painted = next(bob, 'member-changed');
  await ada.setData({ colour: 'teal' });
  expect((await painted).member.data).toEqual({ colour: 'teal' });
  const said = next(bob, 'chat');
  await ada.chat('  hello   there ');
  expect(await said).toMatchObject({ name: 'Ada', text: 'hello there', peer: ada.self });
});

test('the owner changes the room, others may not', async () => {
  const ada = await (await stage.connect('Ada')).create({ playersMax: 2, metadata: { map: 1 } });
  const bob = await (await stage.connect('Bob')).join(ada.code);
  const changed = next(bob, 'room-changed');
  await ada.setMetadata({ map: 2 });
  expect((await changed).metadata).toEqual({ map: 2 });
  expect((await failure(bob.setMetadata({ map: 3 }))).code).toBe('not-owner');
  expect(ada.metadata).toEqual({ map: 2 });
});

test('when the owner leaves, another member becomes owner', async () => {
  const ada = await (await stage.connect('Ada')).create({ playersMax: 2 });
  const bob = await (await stage.connect('Bob')).join(ada.code);
  const inherited = next(bob, 'owner-changed');
  await ada.leave();
  expect((await inherited).owner).toBe(bob.self);
  expect(bob.isOwner).toBe(true);
});

test('the list shows public rooms only, by filter', async () => {
  await (await stage.connect('Ada')).create({ playersMax: 2, public: true, metadata: { mode: 'duel' } });
  await (await stage.connect('Bob')).create({ playersMax: 2, public: true, metadata: { mode: 'ffa' } });
  await (await stage.connect('Cleo')).create({ playersMax: 2, metadata: { mode: 'duel' } });
  const looker = await stage.connect('Dora');
  expect((await looker.list()).length).toBe(2);
  const duels = await looker.list({ filter: { mode: 'duel' }, limit: 20 });
  expect(duels.map(({ ownerName }) => ownerName)).toEqual(['Ada']);
});

test('a watch shows rooms as they come, change and go', async () => {
  const looker = await stage.connect('Dora');
  let rooms: readonly RoomListing[] = [];
  let changes = 0;
  const seen = async (wanted: (rooms: readonly RoomListing[]) => boolean): Promise<void> => {
    await until(() => !!wanted(rooms));
  };
  const stop = looker.watch({ mode: 'duel' }, (change) => {
    rooms = change.rooms;
    changes += 1;
  });
  await seen(() => changes === 1);
  expect(rooms).toEqual([]);
  const room = await (await stage.connect('Ada')).create({
    playersMax: 3,
    public: true,
    metadata: { mode: 'duel' },
  });
  await seen(([first]) => first?.players === 1);
  const guest = await (await stage.connect('Bob')).join(room.code);
  await seen(([first]) => first?.players === 2);
  await guest.leave();
  await room.leave();
  await seen(({ length }) => length === 0);
  stop();
  expect(changes).toBeGreaterThanOrEqual(4);
});

test('a wrong code, a wrong password and a full room are told in words for a player', async () => {
  const ada = await (await stage.connect('Ada')).create({ playersMax: 1, password: 'secret' });
  const bob = await stage.connect('Bob');
  const typo = await failure(bob.join('ABC'));
  expect(typo.code).toBe('room-not-found');
  expect(typo.message).toMatch(/"ABC" is not a room code/);
  const wrong = await failure(bob.join('00000000'));
  expect(wrong.code).toBe('room-not-found');
  expect(wrong.message).toMatch(/0000-0000 was not found, or the password is wrong/);
  const guess = await failure(bob.join(ada.code, { password: 'guess' }));
  expect(guess.code).toBe('room-not-found');
  const full = await failure(bob.join(ada.code, { password: 'secret' }));
  expect(full.code).toBe('room-full');
  expect(full.message).toContain(`${ada.code} is full`);
  expect(bob.room).toBeUndefined();
});

test('nobody can be in two rooms of one connection', async () => {
  const lobby = await stage.connect('Ada');
  const room = await lobby.create({ playersMax: 2 });
  expect((await failure(lobby.create({ playersMax: 2 }))).code).toBe('wrong-phase');
  await room.leave();
  expect((await lobby.create({ playersMax: 2 })).phase).toBe('open');
});

test('an invitation leads into the room, whatever else the address says', async () => {
  const room = await (await stage.connect('Ada')).create({ playersMax: 2 });
  expect(room.inviteUrl('https://game.test/play?mode=duel#top')).toBe(
    `https://game.test/play?mode=duel&room=${room.code}#top`,
  );
});

test('an unreachable lobby is told at once', async () => {
  const error = await failure(
    connectLobby('ws://127.0.0.1:9', { app: 'tap', name: 'Ada', webSocket: WebSocket }),
  );
  expect(error.code).toBe('lobby-unreachable');
  expect(error.message).toMatch(/cannot be reached. Check the internet connection/);
});

test('an address that leads to no lobby is told too', async () => {
  const error = await failure(
    connectLobby(`${stage.url.replace(/\/[^/]*$/, '')}/elsewhere`, {
      app: 'tap',
      name: 'Ada',
      webSocket: WebSocket,
    }),
  );
  expect(error.code).toBe('lobby-unreachable');
});

test.each([
  ['not a url', { app: 'tap', name: 'Ada' }, /is not a URL/],
  ['ftp://lobby.test', { app: 'tap', name: 'Ada' }, /not a WebSocket address/],
  ['ws://lobby.test', { app: 'a b', name: 'Ada' }, /app is "a b"/],
  ['ws://lobby.test', { app: 'tap', name: 'Ada', peer: 'me' }, /peer is "me"/],
  ['ws://lobby.test', { app: 'tap', name: 'x'.repeat(300) }, /name must be/],
])('the caller mistake in %s %j is named', async (url, options, message) => {
  const error = await failure(connectLobby(url, { ...options, webSocket: WebSocket }));
  expect(error.code).toBe('invalid-argument');
  expect(error.message).toMatch(message);
});

test('an aborted connect, join and list end at once', async () => {
  const signal = AbortSignal.abort('no longer wanted');
  const options = { app: 'tap', name: 'Ada', webSocket: WebSocket, signal };
  expect((await failure(connectLobby(stage.url, options))).code).toBe('aborted');
  const lobby = await stage.connect('Ada');
  expect((await failure(lobby.list({ signal }))).code).toBe('aborted');
  const room = await (await stage.connect('Bob')).create({ playersMax: 2 });
  const error = await failure(lobby.join(room.code, { signal }));
  expect(error.code).toBe('aborted');
  expect(error.cause).toBe('no longer wanted');
  // The server had let him in already: he must not stay behind as a ghost.
  await until(() => lobby.room === undefined && room.members.length === 1);
  expect(room.members.map(({ name }) => name)).toEqual(['Bob']);
});

test('after a dropped socket the seat is taken up again, and nothing was missed', async () => {
  const sockets = new Sockets();
  const ada = await stage.connect('Ada', { webSocket: sockets.constructorFor() });
  const room = await ada.create({ playersMax: 3 });
  const bob = await (await stage.connect('Bob')).join(room.code);
  const events: string[] = [];
  for (const type of ['lobby-offline', 'lobby-online', 'member-changed', 'member-joined'] as const)
    room.on(type, () => events.push(type));
  const away = next(bob, 'member-away');
  const back = next(bob, 'member-back');
  const online = next(room, 'lobby-online');
  sockets.cut();
  expect((await away).member).toMatchObject({ name: 'Ada', away: true });
  await bob.setReady(true);
  expect((await back).member.away).toBe(false);
  await online;
  expect(ada.phase).toBe('online');
  expect(events).toEqual(['lobby-offline', 'lobby-online', 'member-changed']);
  expect(room.member(bob.self)?.ready).toBe(true);
  await room.chat('still here');
});

test('what was asked while offline is done after the reconnect', async () => {
  const sockets = new Sockets();
  const room = await (await stage.connect('Ada', { webSocket: sockets.constructorFor() })).create({
    playersMax: 2,
  });
  const offline = next(room, 'lobby-offline');
  sockets.cut();
  await offline;
  await room.setReady(true);
  expect(room.member(room.self)?.ready).toBe(true);
});

test('a restarted server without memory of the room is told to the room, and the lobby is usable again', async () => {
  const ada = await stage.connect('Ada');
  const room = await ada.create({ playersMax: 2 });
  const port = stage.server?.port ?? 0;
  const offline = next(ada, 'lobby-offline');
  const lost = next(room, 'room-lost');
  await stage.server?.close();
  await offline;
  const { startLobbyServer } = await import('rollmesh-lobby');
  stage.server = await startLobbyServer({ port });
  expect((await lost).message).toMatch(/was not found/);
  expect(room.phase).toBe('lost');
  expect(ada.phase).toBe('online');
  expect((await failure(room.chat('anybody?'))).code).toBe('not-in-room');
  const again = await ada.create({ playersMax: 2 });
  expect(again.phase).toBe('open');
  expect(room.phase).toBe('left');
});

test('a watch goes on after a restart of the server', async () => {
  const looker = await stage.connect('Dora');
  let rooms: readonly RoomListing[] = [];
  looker.watch({}, (change) => {
    rooms = change.rooms;
  });
  const port = stage.server?.port ?? 0;
  await stage.server?.close();
  const { startLobbyServer } = await import('rollmesh-lobby');
  stage.server = await startLobbyServer({ port });
  await (await stage.connect('Ada')).create({ playersMax: 2, public: true });
  await until(() => rooms.length > 0);
  expect(rooms[0]?.ownerName).toBe('Ada');
});

test('a closed lobby says so', async () => {
  const lobby = await stage.connect('Ada');
  const room = await lobby.create({ playersMax: 2 });
  const closed = next(lobby, 'lobby-closed');
  await lobby.close();
  expect((await closed).error.code).toBe('lobby-closed');
  expect(room.phase).toBe('left');
  expect((await failure(lobby.list())).code).toBe('lobby-closed');
});
