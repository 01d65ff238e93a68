/** Malformed and malicious messages on a live lobby server: each gets a code, and honest players do not notice. */
import { type LobbyServer, startLobbyServer } from 'rollmesh-lobby';
import { type Of, RawClient, randomPeer } from '../../integration/lobby/raw-client.js';

let server: LobbyServer;
let honest: RawClient;
let friend: RawClient;
let code: string;

beforeEach(async () => {
  server = await startLobbyServer({ port: 0 });
  honest = await RawClient.enter(server.url);
  code = await honest.createRoom();
  friend = await RawClient.enter(server.url);
  await friend.join(code);
});

afterEach(async () => {
  // Whatever happened: the two honest players still reach each other, and nobody else is in their room.
  honest.send({ t: 'chat', text: 'still here' });
  expect(await friend.next('chat')).toMatchObject({ from: honest.peer, text: 'still here' });
  await server.close();
});

const offer = { kind: 'offer', connectionId: 'c', sdp: 'v=0' } as const;
const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

/** What is sent by a client that has said hello, and the code it gets. */
const MALFORMED: readonly (readonly [name: string, text: string, code: string])[] = [
  ['M26 null', 'null', 'malformed'],
  ['M27 an array', '[]', 'malformed'],
  ['M27 a number', '1', 'malformed'],
  ['M27 a string', '"x"', 'malformed'],
  ['M27 true', 'true', 'malformed'],
  ['M27 nothing', '', 'malformed'],
  ['M27 white space', ' \n ', 'malformed'],
  ['M27 a byte order mark', '\uFEFF{"t":"ping"}', 'malformed'],
  ['M27 two documents', '{"t":"ping"}{"t":"ping"}', 'malformed'],
  ['M28 8,000 nested arrays', deep(8_000), 'malformed'],
  ['M28 nested arrays in a field', `{"t":"chat","text":${deep(4_000)}}`, 'invalid-field'],
  ['M30 __proto__ as a field', '{"t":"ping","__proto__":{"admin":true}}', 'invalid-field'],
  ['M30 __proto__ as a type', '{"t":"__proto__"}', 'unknown-type'],
  ['M30 constructor as a type', '{"t":"constructor"}', 'unknown-type'],
  ['M30 toString as a type', '{"t":"toString"}', 'unknown-type'],
  ['M30 __proto__ in data', '{"t":"me","data":{"__proto__":{"x":1}}}', 'invalid-field'],
  [
    'M30 constructor.prototype in data',
    '{"t":"me","data":{"constructor":{"prototype":{"x":1}}}}',
    'invalid-field',
  ],
  [
    'M30 __proto__ as a peer',
    '{"t":"sig","to":"__proto__","signal":{"kind":"end","connectionId":"c"}}',
    'invalid-field',
  ],
  ['M31 NaN', '{"t":"me","localPlayers":NaN}', 'malformed'],
  ['M31 1e400', '{"t":"me","localPlayers":1e400}', 'invalid-field'],
  ['M31 2^53 + 1', '{"t":"me","localPlayers":9007199254740993}', 'invalid-field'],
  ['M31 text for a number', '{"t":"me","localPlayers":"1"}', 'invalid-field'],
  ['M31 1.5', '{"t":"me","localPlayers":1.5}', 'invalid-field'],
  ['M32 half a surrogate pair', '{"t":"me","name":"\\ud800"}', 'invalid-field'],
  ['M33 a code of 10 kB', `{"t":"join","role":"player","code":"${'A'.repeat(10_000)}"}`, 'invalid-field'],
  ['M35 a signal to many', `{"t":"sig","to":["a","b"],"signal":${JSON.stringify(offer)}}`, 'invalid-field'],
  [
    'M35 a signal to an object',
    `{"t":"sig","to":{"length":1},"signal":${JSON.stringify(offer)}}`,
    'invalid-field',
  ],
  [
    'M36 a forged sender',
    `{"t":"sig","to":"${'a'.repeat(26)}","from":"b","signal":${JSON.stringify(offer)}}`,
    'invalid-field',
  ],
  ['M37 leave for another', `{"t":"leave","peer":"${'a'.repeat(26)}"}`, 'invalid-field'],
  [
    'M39 nested metadata',
    `{"t":"set","metadata":${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}}`,
    'invalid-field',
  ],
  [
    'M39 metadata of 1,000 keys',
    JSON.stringify({
      t: 'set',
      metadata: Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`k${n}`, 1])),
    }),
    'invalid-field',
  ],
  ['an unknown type', '{"t":"admin"}', 'unknown-type'],
  ['a type of the server', '{"t":"welcome"}', 'unknown-type'],
  ['an unknown field', '{"t":"ping","x":1}', 'invalid-field'],
];

test.each(MALFORMED)('%s is refused, and the socket lives on', async (_name, text, errorCode) => {
  const evil = await RawClient.enter(server.url);
  evil.send(text);
  expect(await evil.next('err')).toMatchObject({ code: errorCode });
  expect(await evil.ask({ t: 'ping' })).toMatchObject({ t: 'pong' });
});

test.each(MALFORMED)(
  '%s as the first message is refused and closes the socket with 4000',
  async (_name, text, errorCode) => {
    const evil = await RawClient.open(server.url);
    evil.send(text);
    expect(await evil.next('err')).toMatchObject({ code: errorCode });
    expect(await evil.closed).toEqual({ code: 4000, reason: errorCode });
  },
);

test('M29 of a field that is there twice the last counts, and it alone', async () => {
  const evil = await RawClient.enter(server.url);
  evil.send('{"t":"create","rid":5,"t":"ping"}');
  expect(await evil.next('pong')).toMatchObject({ rid: 5 });
});

test('M32 a name is cleaned before anybody sees it, a chat line too', async () => {
  await friend.ask({ t: 'me', name: '\u202E\u200B<script>alert(1)</script>\u0000' });
  expect((await honest.next('member')).name).toBe('<script>alert(1)</script'.slice(0, 24));
  await friend.ask({ t: 'chat', text: 'a\u0000b\u202Ec\u200Dd' });
  expect((await honest.next('chat')).text).toBe('abcd');
});

test('M33 codes that are none are simply not found', async () => {
  const evil = await RawClient.enter(server.url);
  for (const text of ['', '../', '__proto__', 'O0IL', '%00', '﹣', '1'.repeat(64)])
    expect(await evil.join(text)).toMatchObject({ t: 'err', code: 'room-not-found' });
});

test('M34 nobody gets in under the peer id of another', async () => {
  const thief = await RawClient.open(server.url, { peer: friend.peer });
  thief.send({ t: 'hello', rid: 1, protocol: [1], app: 'game', peer: friend.peer, name: 'Bob' });
  expect(await thief.next('err')).toMatchObject({ code: 'peer-taken' });
  expect(await thief.closed).toMatchObject({ code: 4000 });
});

test('M35 signals reach members of the own room only', async () => {
  const evil = await RawClient.enter(server.url);
  expect(await evil.ask({ t: 'sig', to: honest.peer, signal: offer })).toMatchObject({ code: 'not-in-room' });
  await evil.createRoom();
  for (const to of [honest.peer, evil.peer, randomPeer()])
    expect(await evil.ask({ t: 'sig', to, signal: offer })).toMatchObject({ code: 'peer-not-found' });
  expect(honest.inbox.some((message) => message.t === 'sig')).toBe(false);
});

test('M38 wrong resume tokens resume nothing', async () => {
  const { token } = friend;
  const last = token.at(-1) === 'a' ? 'b' : 'a';
  for (const resume of ['', `${token.slice(0, -1)}${last}`, token.toUpperCase(), honest.token, `${token} `]) {
    const thief = await RawClient.open(server.url);
    thief.send({ t: 'hello', rid: 1, protocol: [1], app: 'game', peer: friend.peer, name: 'x', resume });
    expect(await thief.next('err')).toMatchObject({ code: 'peer-taken' });
  }
  const other = await RawClient.enter(server.url, { resume: token });
  expect(other.inbox[0]).toMatchObject({ t: 'welcome', resumed: false, room: null });
});

test('what one client sends is rebuilt before another gets it: no field slips through', async () => {
  friend.send(
    `{"t":"sig","rid":9,"to":"${honest.peer}","signal":{"sdp":"v=0","connectionId":"c","kind":"answer"}}`,
  );
  expect(await honest.next('sig')).toEqual({
    t: 'sig',
    from: friend.peer,
    signal: { kind: 'answer', connectionId: 'c', sdp: 'v=0' },
  });
  friend.send(
    `{"t":"sig","rid":10,"to":"${honest.peer}","signal":{"kind":"offer","Kind":"end","connectionId":"c","sdp":"v=0"}}`,
  );
  expect(await friend.until((message) => 'rid' in message && message.rid === 10)).toMatchObject({
    t: 'err',
    code: 'invalid-field',
  });
});

test('a guesser of codes is stopped after ten misses; friends from elsewhere are not', async () => {
  const evil = await RawClient.enter(server.url);
  const answers: string[] = [];
  for (let attempt = 0; attempt < 10; attempt += 1) answers.push((await evil.join('00000000')).t);
  expect(answers).toEqual(Array(10).fill('err'));
  // The rate of joins stops the socket about here as well; a fresh socket shows that it is the address that waits.
  const again = await RawClient.enter(server.url);
  const refusal = (await again.join(code)) as Of<'err'>;
  expect(refusal).toMatchObject({ t: 'err', code: 'rate-limited' });
  expect(refusal.retryAfterMs).toBeGreaterThan(50_000);
});

test('binary frames are refused like unreadable text', async () => {
  const evil = await RawClient.enter(server.url);
  evil.socket.send(Buffer.from('{"t":"ping"}'), { binary: true });
  expect(await evil.next('err')).toMatchObject({ code: 'malformed' });
  expect(await evil.ask({ t: 'ping' })).toMatchObject({ t: 'pong' });
});
