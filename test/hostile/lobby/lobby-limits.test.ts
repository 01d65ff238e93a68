/** Every limit of the lobby server, one below it, at it and one above it, and what a client is told. */
import { type LobbyServer, type ServerLimits, startLobbyServer } from 'rollmesh-lobby';
import type WebSocket from 'ws';
import { type Of, RawClient } from '../../integration/lobby/raw-client.js';

/** A refill so slow that within a test nothing comes back. */
const NEVER = 1e-6;
let server: LobbyServer;

async function start(limits: Partial<ServerLimits> = {}, proxyHops = 0): Promise<void> {
  server = await startLobbyServer({ port: 0, limits, proxyHops });
}

afterEach(async () => {
  await server.close();
});

/** `n` sockets one after the other; how many got through. */
async function openMany(
  n: number,
  headers: (index: number) => Record<string, string> = () => ({}),
): Promise<{
  clients: RawClient[];
  errors: string[];
}> {
  const clients: RawClient[] = [];
  const errors: string[] = [];
  for (let index = 0; index < n; index += 1) {
    try {
      clients.push(await RawClient.open(server.url, { headers: headers(index) }));
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { clients, errors };
}

test.each([
  [16_383, 'pong'],
  [16_384, 'pong'],
])('a message of %d bytes is read', async (bytes, type) => {
  await start();
  const client = await RawClient.enter(server.url);
  client.send('{"t":"ping"}'.padEnd(bytes));
  expect(await client.next(type as 'pong')).toMatchObject({ t: type });
});

test('a message of 16,385 bytes closes the socket with 1009', async () => {
  await start();
  const client = await RawClient.enter(server.url);
  client.send('{"t":"ping"}'.padEnd(16_385));
  expect(await client.closed).toMatchObject({ code: 1009 });
});

test('a message may come in 32 fragments, not in 33', async () => {
  await start();
  const inFragments = async (count: number): Promise<RawClient> => {
    const client = await RawClient.enter(server.url);
    const text = '{"t":"ping"}'.padEnd(count);
    for (let index = 0; index < count; index += 1)
      client.socket.send(text.slice(index, index + 1) + (index === count - 1 ? text.slice(count) : ''), {
        fin: index === count - 1,
      });
    return client;
  };
  for (const count of [31, 32])
    expect(await (await inFragments(count)).next('pong')).toMatchObject({ t: 'pong' });
  expect(await (await inFragments(33)).closed).toMatchObject({ code: 1008 });
});

test('a burst of messages gets through, the next is dropped with the time to wait, and the socket lives', async () => {
  await start({ messageRates: { ...limitsOf(20, 20), other: { perSecond: 0.5, burst: 8 } } });
  const client = await RawClient.enter(server.url); // the hello was one of the eight
  for (let index = 0; index < 7; index += 1)
    expect(await client.ask({ t: 'ping' })).toMatchObject({ t: 'pong' });
  const refusal = (await client.ask({ t: 'ping' })) as Of<'err'>;
  expect(refusal).toMatchObject({ t: 'err', code: 'rate-limited' });
  expect(refusal.retryAfterMs).toBeGreaterThan(0);
  expect(refusal.retryAfterMs).toBeLessThanOrEqual(2_000);
  expect(await client.ask({ t: 'list' })).toMatchObject({ t: 'rooms' });
});

function limitsOf(perSecond: number, burst: number): ServerLimits['messageRates'] {
  const rate = { perSecond, burst };
  return { signal: rate, list: rate, room: rate, chat: rate, other: rate };
}

test('each kind of message has its own burst', async () => {
  await start({ messageRates: { ...limitsOf(NEVER, 2), other: { perSecond: NEVER, burst: 100 } } });
  const client = await RawClient.enter(server.url);
  await client.createRoom();
  const codesOf = async (message: Parameters<RawClient['ask']>[0]): Promise<string[]> => {
    const answers = [await client.ask(message), await client.ask(message), await client.ask(message)];
    return answers.map((answer) => (answer.t === 'err' ? answer.code : 'ok'));
  };
  expect(await codesOf({ t: 'chat', text: 'x' })).toEqual(['ok', 'ok', 'rate-limited']);
  expect(await codesOf({ t: 'list' })).toEqual(['ok', 'ok', 'rate-limited']);
  const signal = { kind: 'end', connectionId: 'c' } as const;
  expect(await codesOf({ t: 'sig', to: client.peer, signal })).toEqual([
    'peer-not-found',
    'peer-not-found',
    'rate-limited',
  ]);
  expect(await codesOf({ t: 'start' })).toEqual(['ok', 'rate-limited', 'rate-limited']);
});

test('bytes are counted too', async () => {
  await start({ byteRate: { perSecond: NEVER, burst: 16_384 } });
  const client = await RawClient.open(server.url);
  const hello = JSON.stringify({
    t: 'hello',
    rid: 1,
    protocol: [1],
    app: 'game',
    peer: client.peer,
    name: 'x',
  });
  client.send(hello.padEnd(10_000));
  await client.next('welcome');
  client.send('{"t":"ping","rid":2}'.padEnd(6_384));
  expect(await client.next('pong')).toMatchObject({ rid: 2 });
  expect(await client.ask({ t: 'ping' })).toMatchObject({ code: 'rate-limited' });
});

test('who keeps sending far above the limits is closed with 4029', async () => {
  await start({
    messageRates: limitsOf(NEVER, 1),
    droppedRate: { perSecond: NEVER, burst: 5 },
  });
  const client = await RawClient.enter(server.url);
  for (let index = 0; index < 6; index += 1) client.send({ t: 'ping' });
  expect(await client.closed).toEqual({ code: 4029, reason: 'far above the rate limits' });
  expect(client.inbox.filter((message) => message.t === 'err')).toHaveLength(5);
});

test('twenty unreadable messages are answered, the twenty-first closes the socket with 4002', async () => {
  await start({ malformedRate: { perSecond: NEVER, burst: 20 } });
  const client = await RawClient.enter(server.url);
  for (let index = 0; index < 20; index += 1) client.send('x');
  expect(await client.ask({ t: 'ping' })).toMatchObject({ t: 'pong' });
  client.send('x');
  expect(await client.closed).toMatchObject({ code: 4002 });
  expect(client.inbox.filter((message) => message.t === 'err')).toHaveLength(21);
});

test('a flood of WebSocket pings closes the socket with 4029', async () => {
  await start({ controlRate: { perSecond: NEVER, burst: 20 } });
  const client = await RawClient.enter(server.url);
  for (let index = 0; index < 20; index += 1) client.socket.ping();
  expect(await client.ask({ t: 'ping' })).toMatchObject({ t: 'pong' });
  client.socket.ping();
  expect(await client.closed).toEqual({ code: 4029, reason: 'too many pings' });
});

test('one address has so many sockets and no more, until one closes', async () => {
  await start({ socketsPerAddressMax: 3 });
  const { clients, errors } = await openMany(4);
  expect([clients.length, errors]).toEqual([3, ['HTTP 429']]);
  clients[0]?.socket.close();
  await clients[0]?.closed;
  expect((await openMany(2)).errors).toEqual(['HTTP 429']);
});

test('one address opens so many sockets at once and no more', async () => {
  await start({ connectRate: { perSecond: NEVER, burst: 4 } });
  const { clients, errors } = await openMany(5);
  expect([clients.length, errors]).toEqual([4, ['HTTP 429']]);
});

test('addresses are told apart by what trusted proxies say, and only by that', async () => {
  await start({ socketsPerAddressMax: 1 }, 1);
  const forged = await openMany(2, (index) => ({ 'X-Forwarded-For': `198.51.100.${index}, 203.0.113.5` }));
  expect([forged.clients.length, forged.errors]).toEqual([1, ['HTTP 429']]);
  const others = await openMany(2, (index) => ({ 'X-Forwarded-For': `203.0.113.${index + 10}` }));
  expect(others.errors).toEqual([]);
});

test('without trusted proxies a forwarded address changes nothing', async () => {
  await start({ socketsPerAddressMax: 1 });
  const { clients, errors } = await openMany(2, (index) => ({ 'X-Forwarded-For': `203.0.113.${index}` }));
  expect([clients.length, errors]).toEqual([1, ['HTTP 429']]);
});

test('so many sockets may wait before their hello; a hello makes place', async () => {
  await start({ socketsPendingMax: 2 });
  const { clients, errors } = await openMany(3);
  expect([clients.length, errors]).toEqual([2, ['HTTP 503']]);
  const first = clients[0] as RawClient;
  first.send({ t: 'hello', rid: 1, protocol: [1], app: 'game', peer: first.peer, name: 'x' });
  await first.next('welcome');
  expect((await openMany(2)).errors).toEqual(['HTTP 503']);
});

test('so many sockets in all', async () => {
  await start({ socketsMax: 2 });
  await RawClient.enter(server.url);
  await RawClient.enter(server.url);
  expect((await openMany(1)).errors).toEqual(['HTTP 503']);
});

test('silent upgrades are all closed with 4008, and cost honest players nothing', async () => {
  await start({ helloMs: 200, socketsPerAddressMax: 200, connectRate: { perSecond: NEVER, burst: 200 } });
  const honest = await RawClient.enter(server.url);
  const { clients } = await openMany(100);
  expect(clients).toHaveLength(100);
  for (const client of clients) expect(await client.closed).toEqual({ code: 4008, reason: 'no hello' });
  expect(await honest.ask({ t: 'ping' })).toMatchObject({ t: 'pong' });
});

test('a receiver that reads nothing is closed with 1013 when too much waits for it; the sender goes on', async () => {
  await start({
    bufferedBytesMax: 64_000,
    stopMs: 100,
    messageRates: limitsOf(1e6, 1e6),
    byteRate: { perSecond: 1e9, burst: 1e9 },
  });
  const sender = await RawClient.enter(server.url);
  const slow = await RawClient.enter(server.url);
  await slow.join(await sender.createRoom());
  (slow.socket as WebSocket & { _socket: { pause(): void } })._socket.pause();
  const signal = { kind: 'offer', connectionId: 'c', sdp: 'x'.repeat(10_000) } as const;
  let sent = 0;
  let answer = await sender.ask({ t: 'sig', to: slow.peer, signal });
  while (answer.t === 'ok' && sent < 20_000) {
    sent += 1;
    answer = await sender.ask({ t: 'sig', to: slow.peer, signal });
  }
  expect(answer).toMatchObject({ t: 'err', code: 'peer-not-found' });
  expect(sender.inbox).toContainEqual(expect.objectContaining({ t: 'peer-away', peer: slow.peer }));
  slow.socket.terminate();
});
