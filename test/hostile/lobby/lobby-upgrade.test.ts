/** Upgrades and frames written by hand, byte by byte: the server answers with a status or a close code, or hangs up. */
import { connect, type Socket } from 'node:net';
import { type LobbyServer, startLobbyServer } from 'rollmesh-lobby';
import { parseAnswer, rawExchange, request } from '../../integration/lobby/http-get.js';
import { RawClient, randomPeer } from '../../integration/lobby/raw-client.js';

let server: LobbyServer;
let honest: RawClient;

beforeAll(async () => {
  server = await startLobbyServer({
    port: 0,
    origins: ['https://good.example'],
    limits: {
      headersMs: 500,
      helloMs: 300,
      stopMs: 100,
      socketsPerAddressMax: 1_000,
      connectRate: { perSecond: 1_000, burst: 1_000 },
    },
  });
  honest = await RawClient.enter(server.url);
});

afterEach(async () => {
  expect(await honest.ask({ t: 'sync' })).toMatchObject({ t: 'err', code: 'not-in-room' });
});

afterAll(async () => {
  await server.close();
});

const UPGRADE: Readonly<Record<string, string>> = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol': 'rollmesh.1',
};

/** The status of an upgrade that differs from a good one; `undefined` leaves a header out. */
async function upgrade(
  changes: Record<string, string | undefined>,
  line = 'GET /lobby HTTP/1.1',
): Promise<number> {
  const headers = Object.entries({ Host: `127.0.0.1:${server.port}`, ...UPGRADE, ...changes }).flatMap(
    ([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]),
  );
  return statusOf(`${[line, ...headers].join('\r\n')}\r\n\r\n`);
}

/** Writes a request; the status of the answer. An accepted socket is closed by the time limit on its hello. */
async function statusOf(text: string): Promise<number> {
  return parseAnswer(await rawExchange(server.port, Buffer.from(text, 'latin1'))).status;
}

test('a good upgrade is accepted', async () => {
  expect(await upgrade({})).toBe(101);
});

test.each([
  ['M05 no version', { 'Sec-WebSocket-Version': undefined }, 400],
  ['M05 version 8', { 'Sec-WebSocket-Version': '8' }, 400],
  ['M05 version 14', { 'Sec-WebSocket-Version': '14' }, 400],
  ['M06 no key', { 'Sec-WebSocket-Key': undefined }, 400],
  ['M06 a short key', { 'Sec-WebSocket-Key': 'abc' }, 400],
  ['M06 a key that is not base64', { 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!!!' }, 400],
  ['M07 the extension constructor', { 'Sec-WebSocket-Extensions': 'constructor' }, 101],
  ['M07 the extension ;__proto__', { 'Sec-WebSocket-Extensions': ';__proto__' }, 101],
  ['M08 50,000 spaces in the protocol', { 'Sec-WebSocket-Protocol': `a${' '.repeat(9_000)},` }, 400],
  ['no subprotocol', { 'Sec-WebSocket-Protocol': undefined }, 400],
  ['a foreign subprotocol', { 'Sec-WebSocket-Protocol': 'mqtt' }, 400],
  ['a subprotocol twice', { 'Sec-WebSocket-Protocol': 'rollmesh.1, rollmesh.1' }, 400],
  ['another upgrade', { Upgrade: 'h2c' }, 400],
  ['the listed origin', { Origin: 'https://good.example' }, 101],
  ['R9 a longer host', { Origin: 'https://good.example.evil.com' }, 403],
  ['R9 a dot that is none', { Origin: 'https://goodXexample' }, 403],
  ['R9 another scheme', { Origin: 'http://good.example' }, 403],
  ['R9 another port', { Origin: 'https://good.example:8443' }, 403],
  ['R9 loopback, which a list leaves out', { Origin: 'http://localhost:1' }, 403],
  ['R9 null', { Origin: 'null' }, 403],
  ['R9 an empty origin', { Origin: '' }, 403],
  ['R9 a foreign Host and its origin', { Host: 'evil.com', Origin: 'https://evil.com.' }, 403],
])('%s: the upgrade gets its status', async (_name, changes, status) => {
  expect(await upgrade(changes)).toBe(status);
});

test.each([
  ['M10 POST', 'POST /lobby HTTP/1.1', 405],
  ['M10 another path', 'GET /other HTTP/1.1', 404],
  ['M10 a longer path', 'GET /lobby/x HTTP/1.1', 404],
  ['M10 the path in capitals', 'GET /LOBBY HTTP/1.1', 404],
  ['M10 an escaped path', 'GET /%6cobby HTTP/1.1', 404],
  ['M10 a path of 10 kB', `GET /${'x'.repeat(10_000)} HTTP/1.1`, 404],
  ['M10 HTTP/2', 'PRI * HTTP/2.0', 400],
  ['a query', 'GET /lobby?app=game HTTP/1.1', 101],
])('%s: the request line gets its status', async (_name, line, status) => {
  expect(await upgrade({}, line)).toBe(status);
});

test('M09 two origins are none', async () => {
  const head = `GET /lobby HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n`;
  const rest = Object.entries(UPGRADE)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const two = 'Origin: https://good.example\r\nOrigin: https://evil.com\r\n';
  expect(await statusOf(`${head}${two}${rest}\r\n`)).toBe(403);
});

test('M01, M02 headers that are too long or too many are refused', async () => {
  expect(await upgrade({ 'X-Long': 'x'.repeat(17_000) })).toBe(431);
  const many = Object.fromEntries(Array.from({ length: 2_001 }, (_, n) => [`X-${n}`, '1']));
  expect([101, 431]).toContain(await upgrade(many));
});

test('M03, M04 who says nothing, or too slowly, is hung up on', async () => {
  expect((await rawExchange(server.port, '')).toString()).toMatch(/^(HTTP\/1\.1 408|$)/);
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET /lobby HTTP/1.1\r\n');
  const drip = setInterval(() => socket.write('X'), 50);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(drip);
});

test('M11 a body with two lengths is refused', async () => {
  const text =
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
  expect(await statusOf(text)).toBe(400);
  expect((await request(server.port, { method: 'POST', path: '/' })).status).toBe(405);
});

test.each([
  '\0\0\0\0',
  'GET',
  '\r\n\r\n\r\n',
  'GET / HTTP/9.9\r\n\r\n',
  '{"t":"hello"}\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc',
])('bytes that are no HTTP get an error or nothing: case %#', async (text) => {
  expect([0, 400, 408, 505]).toContain(await statusOf(text));
});

/** A masked client frame with whatever first byte and length one likes. */
function frame(first: number, payload: Buffer, lengthBytes?: readonly number[]): Buffer {
  const length =
    lengthBytes ??
    (payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 255]);
  const [head = 0, ...more] = length;
  return Buffer.concat([Buffer.from([first, head | 0x80, ...more, 0, 0, 0, 0]), payload]);
}

const text = (value: string): Buffer => Buffer.from(value, 'latin1');
const hello = text(
  JSON.stringify({ t: 'hello', rid: 1, protocol: [1], app: 'game', peer: randomPeer(), name: 'x' }),
);

/** Upgrades by hand, writes frames, and returns the code of the server's close frame, or what it did instead. */
async function closeCodeAfter(frames: Buffer): Promise<number | 'hung up'> {
  const head = Object.entries({ Host: `127.0.0.1:${server.port}`, ...UPGRADE }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const upgradeText = `GET /lobby HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`;
  const answer = parseAnswer(await rawExchange(server.port, Buffer.concat([text(upgradeText), frames])));
  let rest = answer.body;
  while (rest.length >= 2) {
    const opcode = (rest[0] ?? 0) & 15;
    const short = (rest[1] ?? 0) & 127;
    const start = short === 126 ? 4 : 2;
    const length = short === 126 ? rest.readUInt16BE(2) : short;
    if (opcode === 8) return length >= 2 ? rest.readUInt16BE(start) : 'hung up';
    rest = rest.subarray(start + length);
  }
  return 'hung up';
}

test.each([
  ['M13 an unmasked frame', Buffer.from([0x81, 2, 0x7b, 0x7d]), 1002],
  ['M14 the reserved opcode 3', frame(0x83, text('x')), 1002],
  ['M14 the reserved opcode 11', frame(0x8b, text('x')), 1002],
  ['M15 RSV1 without compression', frame(0xc1, text('{}')), 1002],
  ['M15 RSV2', frame(0xa1, text('{}')), 1002],
  ['M16 a fragmented ping', frame(0x09, text('x')), 1002],
  ['M16 a ping of 126 bytes', frame(0x89, Buffer.alloc(126)), 1002],
  ['M17 a length of 2^63', frame(0x81, text('x'), [127, 0x80, 0, 0, 0, 0, 0, 0, 0]), 1009],
  ['M17 a length of 2^53', frame(0x81, text('x'), [127, 0, 0x20, 0, 0, 0, 0, 0, 0]), 1009],
  ['M18 a length of 16,385', frame(0x81, Buffer.alloc(16_385, 0x20)), 1009],
  [
    'M19 33 empty fragments',
    Buffer.concat([frame(0x01, text('')), ...Array.from({ length: 33 }, () => frame(0x00, text('')))]),
    1008,
  ],
  ['M20 a continuation of nothing', frame(0x80, text('x')), 1002],
  [
    'M20 text inside a fragmented message',
    Buffer.concat([frame(0x01, text('{')), frame(0x81, text('}'))]),
    1002,
  ],
  ['M21 overlong UTF-8', frame(0x81, text('\xc0\xaf')), 1007],
  ['M21 a surrogate in UTF-8', frame(0x81, text('\xed\xa0\x80')), 1007],
  ['M21 UTF-8 cut at the end', frame(0x81, text('\xe2\x82')), 1007],
  ['M22 close code 0', frame(0x88, Buffer.from([0, 0])), 1002],
  ['M22 close code 999', frame(0x88, Buffer.from([0x03, 0xe7])), 1002],
  ['M22 close code 1005', frame(0x88, Buffer.from([0x03, 0xed])), 1002],
  ['M22 close code 5000', frame(0x88, Buffer.from([0x13, 0x88])), 1002],
  ['M22 a close frame of one byte', frame(0x88, Buffer.from([3])), 1002],
  [
    'M24 data after a close',
    Buffer.concat([frame(0x88, Buffer.from([0x03, 0xe8])), frame(0x81, hello)]),
    1000,
  ],
  ['an ordinary message that is no hello', frame(0x81, text('{}')), 4000],
])('%s closes the socket with its code', async (_name, frames, code) => {
  expect(await closeCodeAfter(frames)).toBe(code);
});

test('M17 a length written longer than needed is read, and means the same', async () => {
  expect(await closeCodeAfter(frame(0x81, text('{}'), [126, 0, 2]))).toBe(4000);
});

test('M23 ten thousand pings at once end the socket, not the server', async () => {
  const pings = Buffer.concat(Array.from({ length: 10_000 }, () => frame(0x89, text(''))));
  expect([4029, 'hung up']).toContain(await closeCodeAfter(pings));
});

test('M19 fragments that never end are cut off', async () => {
  const endless = Buffer.concat([
    frame(0x01, text('{')),
    ...Array.from({ length: 50_000 }, () => frame(0x00, text(' '))),
  ]);
  expect(await closeCodeAfter(endless)).toBe(1008);
});

test('M25 a client that only ever half closes is gone in the end', async () => {
  const socket: Socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  const head = Object.entries({ Host: `127.0.0.1:${server.port}`, ...UPGRADE }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.end(`GET /lobby HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`);
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  expect(socket.destroyed).toBe(true);
});
