/**
 * 20,000 random and mutated messages from sockets that know how to say hello: the server stays up, two honest players
 * see nothing of it, and nothing is left behind. Seeded: a failure repeats with `FUZZ_SEED`.
 */
import { type LobbyServer, startLobbyServer } from 'rollmesh-lobby';
import type WebSocket from 'ws';
import { createRandom, type Random } from '../../../sdk/src/base/prng.js';
import { RawClient, randomPeer } from '../../integration/lobby/raw-client.js';

const FRAMES = 20_000;
const SOCKETS = 10;
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261);
const loose = { perSecond: 1e9, burst: 1e9 };

const peers = Array.from({ length: 4 }, randomPeer);
const VALID: readonly object[] = [
  { t: 'hello', rid: 1, protocol: [1], app: 'game', peer: peers[0], name: 'x' },
  { t: 'list', rid: 2, filter: { mode: 'duel' }, limit: 3 },
  { t: 'watch', rid: 3, filter: { mode: 'duel' } },
  { t: 'create', rid: 4, playersMax: 2, public: true, metadata: { mode: 'duel', a: [1, { b: null }] } },
  { t: 'join', rid: 5, code: '00000000', role: 'player', password: 'x' },
  { t: 'leave', rid: 6 },
  { t: 'me', rid: 7, ready: true, name: 'Eve', data: { team: 1 }, localPlayers: 2 },
  { t: 'set', rid: 8, metadata: { mode: 'open' }, public: false },
  { t: 'start', rid: 9, options: { map: 'ice' } },
  { t: 'sig', rid: 10, to: peers[1], signal: { kind: 'offer', connectionId: 'c', sdp: 'v=0' } },
  { t: 'chat', rid: 11, text: 'hello' },
  { t: 'sync', rid: 12 },
  { t: 'ping', rid: 13 },
];
const STRANGE: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  2 ** 53,
  '',
  '\u0000',
  '\ud800',
  '__proto__',
  [],
  {},
  [[[[[[[[[[]]]]]]]]]],
  { constructor: { prototype: {} } },
  'x'.repeat(5_000),
  Array(100).fill(0),
];

const pick = <T>(random: Random, items: readonly T[]): T => items[random.below(items.length)] as T;

/** A valid message with some fields exchanged, added or removed. */
function changeFields(random: Random): string {
  const message: Record<string, unknown> = { ...pick(random, VALID) };
  for (let change = random.below(3); change >= 0; change -= 1) {
    const key = random.chance(0.8)
      ? pick(random, Object.keys(message))
      : pick(random, ['x', 'constructor', 'from', 'rid']);
    if (key === undefined || random.chance(0.2)) delete message[key ?? ''];
    else
      message[key] = random.chance(0.5)
        ? pick(random, STRANGE)
        : pick(random, Object.values(pick(random, VALID)));
  }
  return JSON.stringify(message);
}

/** A valid message with characters cut, exchanged and inserted. */
function changeText(random: Random): string {
  let source = JSON.stringify(pick(random, VALID));
  for (let change = random.below(4); change >= 0; change -= 1) {
    const at = random.below(source.length + 1);
    const insert = String.fromCharCode(random.chance(0.8) ? 32 + random.below(95) : random.below(0x10000));
    source = source.slice(0, at) + (random.chance(0.5) ? insert : '') + source.slice(at + random.below(3));
  }
  return source;
}

function makeFrame(random: Random): string | Buffer {
  const kind = random.below(10);
  if (kind < 4) return changeFields(random);
  if (kind < 8) return changeText(random);
  if (kind === 8) return JSON.stringify(pick(random, VALID));
  return Buffer.from(Array.from({ length: random.below(64) }, () => random.below(256)));
}

let server: LobbyServer;
const failures: string[] = [];

beforeAll(async () => {
  server = await startLobbyServer({
    port: 0,
    log: (line) => failures.push(line),
    limits: {
      messageRates: { signal: loose, list: loose, room: loose, chat: loose, other: loose },
      byteRate: loose,
      droppedRate: loose,
      malformedRate: { perSecond: 1e9, burst: 1e9 },
      connectRate: loose,
      graceMs: 200,
      missesMax: 1e9,
    },
  });
});

afterAll(async () => {
  await server.close();
});

test(`${FRAMES} frames of a fuzzer leave the server up and honest players in peace`, async () => {
  const random = createRandom(seed);
  const honest = await RawClient.enter(server.url);
  const friend = await RawClient.enter(server.url);
  const code = await honest.createRoom();
  await friend.join(code);
  const fuzzers: RawClient[] = [];
  const seen = new Map<string, number>();
  let sockets = 0;
  for (let sent = 0; sent < FRAMES; sent += 1) {
    const index = random.below(SOCKETS);
    let fuzzer = fuzzers[index];
    const isGone = fuzzer === undefined || fuzzer.socket.readyState !== (1 satisfies WebSocket['OPEN']);
    if (fuzzer === undefined || isGone) {
      fuzzer = random.chance(0.9) ? await RawClient.enter(server.url) : await RawClient.open(server.url);
      fuzzers[index] = fuzzer;
      sockets += 1;
    }
    fuzzer.socket.send(makeFrame(random));
    if (sent % 500 === 499) {
      const line = `line ${sent}`;
      honest.send({ t: 'chat', text: line });
      expect(await friend.next('chat')).toMatchObject({ from: honest.peer, text: line });
      for (const { inbox } of fuzzers.filter(Boolean))
        for (const message of inbox.splice(0)) {
          const name = message.t === 'err' ? message.code : message.t;
          seen.set(name, (seen.get(name) ?? 0) + 1);
        }
    }
  }
  expect(failures).toEqual([]);
  expect(await honest.ask({ t: 'sync' })).toMatchObject({ room: { code, members: [{}, {}] } });
  // The run reached deep: valid requests got through, and many kinds of refusal were seen.
  const expected = [
    'joined',
    'rooms',
    'member',
    'start',
    'malformed',
    'invalid-field',
    'unknown-type',
    'room-not-found',
  ];
  expect(expected.filter((name) => !seen.has(name))).toEqual([]);
  expect(seen.size).toBeGreaterThan(15);
  expect(sockets).toBeGreaterThan(SOCKETS);
}, 120_000);
