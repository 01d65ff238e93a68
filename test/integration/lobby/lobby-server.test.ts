/** The lobby server on real sockets: every message once from end to end, and how sockets and servers come and go. */
import { connect } from 'node:net';
import { type LobbyServer, type LobbyServerConfig, startLobbyServer } from 'rollmesh-lobby';
import WebSocket from 'ws';
import { RawClient } from './raw-client.js';

let server: LobbyServer;

async function start(limits: LobbyServerConfig['limits'] = {}): Promise<void> {
  server = await startLobbyServer({ port: 0, limits });
}

afterEach(async () => {
  await server.close();
});

const offer = { kind: 'offer', connectionId: 'c', sdp: 'v=0\r\n' } as const;

test('two players meet, talk, signal, play, and part', async () => {
  await start();
  const ada = await RawClient.enter(server.url, { name: 'Ada' });
  const code = await ada.createRoom({ metadata: { mode: 'duel' } });
  const bob = await RawClient.enter(server.url, { name: 'Bob' });
  const list = await bob.ask({ t: 'list', filter: { mode: 'duel' } });
  expect(list).toMatchObject({ t: 'rooms', rooms: [{ code, players: 1, ownerName: 'Ada' }], cursor: null });
  expect(await bob.join(code.toLowerCase())).toMatchObject({ t: 'joined', you: bob.peer, room: { rev: 2 } });
  expect(await ada.next('peer-join')).toMatchObject({ room: code, rev: 2, member: { name: 'Bob' } });

  expect(await bob.ask({ t: 'me', ready: true, data: { colour: 3 } })).toMatchObject({ t: 'ok' });
  expect(await ada.next('member')).toMatchObject({
    rev: 3,
    peer: bob.peer,
    ready: true,
    data: { colour: 3 },
  });
  expect(await ada.ask({ t: 'set', metadata: { mode: 'duel', round: 1 } })).toMatchObject({ t: 'ok' });
  expect(await bob.next('room')).toMatchObject({ rev: 4, metadata: { round: 1 } });
  expect(await bob.ask({ t: 'chat', text: 'hello' })).toMatchObject({ t: 'ok' });
  expect(await ada.next('chat')).toMatchObject({ rev: 5, from: bob.peer, text: 'hello' });
  expect(await bob.ask({ t: 'sig', to: ada.peer, signal: offer })).toMatchObject({ t: 'ok' });
  expect(await ada.next('sig')).toEqual({ t: 'sig', from: bob.peer, signal: offer });

  expect(await ada.ask({ t: 'start', options: { map: 'ice' } })).toMatchObject({ t: 'ok' });
  const match = await bob.next('start');
  expect(match).toMatchObject({
    rev: 6,
    peers: [ada.peer, bob.peer],
    players: [{ peer: ada.peer }, { peer: bob.peer }],
  });
  expect(await ada.ask({ t: 'sync' })).toMatchObject({
    t: 'snapshot',
    room: { rev: 6, match: { matchId: match.matchId } },
  });

  expect(await ada.ask({ t: 'leave' })).toMatchObject({ t: 'ok' });
  expect(await bob.next('peer-leave')).toMatchObject({ rev: 7, peer: ada.peer, why: 'left' });
  expect(await bob.next('owner')).toMatchObject({ rev: 8, peer: bob.peer });
  expect(await ada.ask({ t: 'ping' })).toMatchObject({ t: 'pong', serverTimeMs: expect.any(Number) });
  expect(await ada.ask({ t: 'bye' })).toMatchObject({ t: 'ok' });
  expect(await ada.closed).toEqual({ code: 1000, reason: 'bye' });
});

test('hello and join go out in one flight', async () => {
  await start();
  const code = await (await RawClient.enter(server.url)).createRoom();
  const bob = await RawClient.open(server.url);
  bob.send({ t: 'hello', rid: 1, protocol: [1], app: 'game', peer: bob.peer, name: 'Bob' });
  bob.send({ t: 'join', rid: 2, code, role: 'player' });
  expect(await bob.next('joined')).toMatchObject({ rid: 2, room: { code } });
  expect(bob.inbox.map((message) => message.t)).toEqual(['welcome', 'joined']);
});

test('a watched list follows the rooms', async () => {
  await start({ diffMs: 20 });
  const looker = await RawClient.enter(server.url);
  expect(await looker.ask({ t: 'watch' })).toMatchObject({ t: 'rooms', rooms: [] });
  const ada = await RawClient.enter(server.url);
  const code = await ada.createRoom();
  expect(await looker.next('rooms-diff')).toMatchObject({ changed: [{ code }], removed: [] });
  await ada.ask({ t: 'leave' });
  expect(await looker.next('rooms-diff')).toEqual({ t: 'rooms-diff', changed: [], removed: [code] });
  expect(await looker.ask({ t: 'unwatch' })).toMatchObject({ t: 'ok' });
});

test('a cut socket leaves its seat for a while, and the token gets it back with all that was missed', async () => {
  await start();
  const ada = await RawClient.enter(server.url);
  const code = await ada.createRoom();
  const bob = await RawClient.enter(server.url);
  await bob.join(code);
  bob.socket.terminate();
  const away = await ada.next('peer-away');
  expect(away).toMatchObject({ peer: bob.peer, rev: 3 });
  await ada.ask({ t: 'chat', text: 'where are you?' });
  const back = await RawClient.enter(server.url, { peer: bob.peer, resume: bob.token });
  expect(back.inbox[0]).toMatchObject({ t: 'welcome', resumed: true, room: { code, rev: 5 } });
  expect(await ada.next('peer-back')).toMatchObject({ peer: bob.peer, rev: 5 });
  expect(back.token).not.toBe(bob.token);
});

test('whoever does not come back in time is lost to the room', async () => {
  await start({ graceMs: 60 });
  const ada = await RawClient.enter(server.url);
  const code = await ada.createRoom();
  const bob = await RawClient.enter(server.url);
  await bob.join(code);
  ada.socket.terminate();
  expect(await bob.next('peer-leave')).toMatchObject({ peer: ada.peer, why: 'lost' });
  expect(await bob.next('owner')).toMatchObject({ peer: bob.peer });
  const late = await RawClient.enter(server.url, { peer: ada.peer, resume: ada.token });
  expect(late.inbox[0]).toMatchObject({ t: 'welcome', resumed: false, room: null });
});

test('a second socket with the token closes the first with 4001', async () => {
  await start();
  const ada = await RawClient.enter(server.url);
  await ada.createRoom();
  const second = await RawClient.enter(server.url, { peer: ada.peer, resume: ada.token });
  expect(await ada.closed).toEqual({ code: 4001, reason: 'resumed elsewhere' });
  expect(second.inbox[0]).toMatchObject({ resumed: true, room: { members: [{ awayUntilMs: null }] } });
});

test('a client of another version learns which one the server speaks, whatever subprotocol it offers', async () => {
  await start();
  const client = await RawClient.open(server.url, { protocols: ['rollmesh.2', 'rollmesh.3'] });
  expect(client.socket.protocol).toBe('rollmesh.2');
  client.send({ t: 'hello', rid: 1, protocol: [2, 3], app: 'game', peer: client.peer, name: 'x' });
  expect(await client.next('err')).toMatchObject({ rid: 1, code: 'version-mismatch', protocol: [1] });
  expect(await client.closed).toEqual({ code: 4000, reason: 'version-mismatch' });
  const both = await RawClient.open(server.url, { protocols: ['rollmesh.2', 'rollmesh.1'] });
  expect(both.socket.protocol).toBe('rollmesh.1');
});

test('a socket that says no hello, or nothing at all, is closed with 4008', async () => {
  await start({ helloMs: 100, silentMs: 400, pingMs: 100 });
  const mute = await RawClient.open(server.url);
  expect(await mute.closed).toEqual({ code: 4008, reason: 'no hello' });
  const frozen = await RawClient.enter(server.url);
  frozen.socket.removeAllListeners('ping');
  const raw = frozen.socket as unknown as { _autoPong: boolean };
  raw._autoPong = false;
  expect(await frozen.closed).toEqual({ code: 4008, reason: 'silent' });
});

test('a silent client that answers pings stays', async () => {
  await start({ helloMs: 100, silentMs: 300, pingMs: 60 });
  const client = await RawClient.enter(server.url);
  for (let pings = 0; pings < 8; pings += 1)
    await new Promise((resolve) => client.socket.once('ping', resolve));
  expect(await client.ask({ t: 'ping' })).toMatchObject({ t: 'pong' });
});

test('a stop tells everybody with 1012, frees the port, and a new server takes over', async () => {
  await start();
  const clients = await Promise.all(Array.from({ length: 5 }, () => RawClient.enter(server.url)));
  await clients[0]?.createRoom();
  const idle = connect(server.port, '127.0.0.1');
  await new Promise((resolve) => idle.once('connect', resolve));
  await Promise.all([server.close(), server.close()]);
  for (const client of clients) expect(await client.closed).toEqual({ code: 1012, reason: 'server stops' });
  await expect(RawClient.open(server.url)).rejects.toThrow('ECONNREFUSED');
  server = await startLobbyServer({ port: server.port });
  expect((await RawClient.enter(server.url)).inbox).toHaveLength(1);
});

test('a stop does not wait for clients that answer nothing', async () => {
  await start({ stopMs: 50 });
  const client = await RawClient.enter(server.url);
  const raw = client.socket as unknown as { _socket: { pause(): void } };
  raw._socket.pause();
  await server.close();
  await expect(RawClient.open(server.url)).rejects.toThrow();
  client.socket.terminate();
});

test('a port that is taken rejects with its code and leaves nothing running', async () => {
  await start();
  await expect(startLobbyServer({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('compression is never agreed on', async () => {
  await start();
  const socket = new WebSocket(server.url, ['rollmesh.1'], { perMessageDeflate: true });
  await new Promise((resolve) => socket.once('open', resolve));
  expect(socket.extensions).toBe('');
  socket.terminate();
});

test('without a host the server listens on this machine alone', async () => {
  await start();
  expect(server.url).toBe(`ws://127.0.0.1:${server.port}/lobby`);
});
