/** The closed schemas: what a valid message is, and that everything else is refused with a code, at every limit. */
import fc from 'fast-check';
import {
  type ClientMessage,
  encodeMessage,
  LOBBY_LIMITS as L,
  type LobbySignal,
  parseClientMessage,
  parseServerMessage,
} from '../../../sdk/src/lobby/lobby-protocol.js';
import type { Signal } from '../../../sdk/src/transport/signal-channel.js';
import { peerOf } from './book-harness.js';

const peer = peerOf(1);
const offer = { kind: 'offer', connectionId: 'c', sdp: 'v=0' } as const;
const candidate = {
  kind: 'candidate',
  connectionId: 'c',
  candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host',
  sdpMid: '0',
  sdpMLineIndex: 0,
  usernameFragment: null,
} as const;

/** One full and one bare example of each message. */
const VALID: readonly ClientMessage[] = [
  { t: 'hello', rid: 1, protocol: [1], app: 'game', peer, name: 'Ada', resume: 'token' },
  { t: 'hello', protocol: [], app: 'g', peer, name: 'Ada' },
  { t: 'list', rid: 1, filter: { mode: 'duel', level: 2, open: true, map: null }, limit: 50, cursor: 'a' },
  { t: 'list' },
  { t: 'watch', rid: 1, filter: {}, limit: 1 },
  { t: 'unwatch', rid: 1 },
  { t: 'create', rid: 1, playersMax: 16, public: true, metadata: { a: [{ b: 1.5 }] }, password: 'pw' },
  { t: 'join', rid: 1, code: 'abcd-efgh', password: 'pw', role: 'spectator' },
  { t: 'leave' },
  { t: 'me', rid: 1, ready: true, name: 'Ada', data: { team: 1 }, localPlayers: 8 },
  { t: 'set', rid: 1, metadata: {}, public: false },
  { t: 'start', rid: 1, options: { map: 'ice' } },
  { t: 'sig', rid: 1, to: peer, signal: offer },
  { t: 'sig', to: peer, signal: { ...offer, kind: 'answer' } },
  { t: 'sig', to: peer, signal: candidate },
  { t: 'sig', to: peer, signal: { kind: 'end', connectionId: 'c' } },
  { t: 'chat', rid: 1, text: 'hi' },
  { t: 'sync' },
  { t: 'ping' },
  { t: 'bye' },
];

/** The code a client message is refused with, or `ok`. */
function verdict(message: unknown): string {
  const parsed = parseClientMessage(typeof message === 'string' ? message : JSON.stringify(message));
  return parsed.ok ? 'ok' : parsed.code;
}

test.each(VALID)('a valid $t is read as it is', (message) => {
  expect(parseClientMessage(encodeMessage(message))).toEqual({ ok: true, message });
});

test.each(VALID)(
  'each field of $t is needed or may be left out, and none may be added or be of another type',
  (message) => {
    for (const key of Object.keys(message)) {
      const { [key as 't']: _left, ...rest } = message;
      expect(['ok', 'invalid-field', 'malformed']).toContain(verdict(rest));
      for (const wrong of [[], { x: {} }, 1.5, '\uD800', true, null, -1, 2 ** 53 + 2]) {
        const changed = { ...message, [key]: wrong };
        const parsed = parseClientMessage(JSON.stringify(changed));
        // Whatever is accepted says what was sent: nothing is guessed or converted.
        if (parsed.ok) expect(parsed.message).toEqual(changed);
      }
    }
    expect(verdict({ ...message, extra: 1 })).toBe('invalid-field');
    expect(verdict({ ...message, from: peer })).toBe('invalid-field');
    expect(verdict({ ...message, T: message.t })).toBe('invalid-field');
    expect(verdict({ ...message, t: message.t.toUpperCase() })).toBe('unknown-type');
  },
);

const MALFORMED: readonly (readonly [text: string, code: string])[] = [
  ['null', 'malformed'],
  ['[]', 'malformed'],
  ['[{"t":"bye"}]', 'malformed'],
  ['1', 'malformed'],
  ['"bye"', 'malformed'],
  ['true', 'malformed'],
  ['', 'malformed'],
  [' ', 'malformed'],
  ['\uFEFF{"t":"bye"}', 'malformed'],
  ['{"t":"bye"}{"t":"bye"}', 'malformed'],
  ['{"t":"bye"', 'malformed'],
  ["{'t':'bye'}", 'malformed'],
  ['{"t":NaN}', 'malformed'],
  ['{"t":1}', 'malformed'],
  ['{"t":["bye"]}', 'malformed'],
  ['{"t":null}', 'malformed'],
  ['{"T":"bye"}', 'malformed'],
  ['{"__proto__":{"t":"bye"}}', 'malformed'],
  ['{"t":"__proto__"}', 'unknown-type'],
  ['{"t":"constructor"}', 'unknown-type'],
  ['{"t":"toString"}', 'unknown-type'],
  ['{"t":""}', 'unknown-type'],
  ['{"t":"bye\u0000"}', 'malformed'],
  ['{"t":"bye","__proto__":1}', 'invalid-field'],
  ['{"t":"bye","constructor":1}', 'invalid-field'],
  ['{"t":"bye","rid":0}', 'invalid-field'],
  ['{"t":"bye","rid":"1"}', 'invalid-field'],
  ['{"t":"bye","rid":2147483648}', 'invalid-field'],
  ['{"t":"bye","rid":1e400}', 'invalid-field'],
  ['{"t":"bye","rid":1.5}', 'invalid-field'],
  ['{"t":"bye","rid":null}', 'invalid-field'],
  [`${'['.repeat(8_000)}${']'.repeat(8_000)}`, 'malformed'],
  [`{"t":"set","metadata":${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}}`, 'invalid-field'],
];

test.each(MALFORMED.map(([text, code]) => [text.slice(0, 40), code, text]))(
  '%s is refused: %s',
  (_name, code, text) => {
    expect(verdict(text)).toBe(code);
  },
);

test('of a field that is there twice the last counts, and only that one goes on', () => {
  const parsed = parseClientMessage('{"t":"create","rid":1,"t":"ping"}');
  expect(parsed).toEqual({ ok: true, message: { t: 'ping', rid: 1 } });
});

test('a refusal names the request, the field and the problem', () => {
  expect(parseClientMessage('{"t":"create","rid":7,"playersMax":"2"}')).toEqual({
    ok: false,
    code: 'invalid-field',
    rid: 7,
    detail: '"playersMax" is not an integer.',
  });
  expect(parseClientMessage('{"t":"set","rid":7,"metadata":{"a":[1,{"prototype":1}]}}')).toMatchObject({
    detail: '"metadata.a[1]" has the forbidden key "prototype".',
  });
});

test('a refusal is short, whatever the sender called its fields', () => {
  for (const message of [
    { t: 'x'.repeat(9_000) },
    { t: 'bye', ['\u202E'.repeat(9_000)]: 1 },
    {
      t: 'set',
      metadata: { ['k'.repeat(64)]: { ['k'.repeat(64)]: { ['k'.repeat(64)]: { a: 'é'.repeat(5_000) } } } },
    },
  ]) {
    const parsed = parseClientMessage(JSON.stringify(message));
    expect(parsed.ok ? Number.NaN : parsed.detail.length).toBeLessThan(256);
  }
});

const text = (length: number): string => 'x'.repeat(length);
const nested = (levels: number): object => (levels === 1 ? {} : { a: nested(levels - 1) });
const wide = (entries: number): object =>
  Object.fromEntries(Array.from({ length: entries }, (_, n) => [`k${n}`, n]));
/** An object whose JSON has exactly this many bytes. */
const bulky = (bytes: number): object => ({ a: text(bytes - '{"a":""}'.length) });

/** A message that uses a limit to the given extent. */
const LIMITS: readonly (readonly [name: string, limit: number, (extent: number) => object])[] = [
  ['playersMax', L.playersMaxMax, (n) => ({ t: 'create', playersMax: n, public: true, metadata: {} })],
  ['localPlayers', L.localPlayersMax, (n) => ({ t: 'me', localPlayers: n })],
  ['list limit', L.listMax, (n) => ({ t: 'list', limit: n })],
  ['filter conditions', L.filterEntriesMax, (n) => ({ t: 'list', filter: wide(n) })],
  ['app length', L.appLengthMax, (n) => ({ t: 'hello', protocol: [1], app: text(n), peer, name: 'x' })],
  ['versions', L.versionsMax, (n) => ({ t: 'hello', protocol: Array(n).fill(1), app: 'a', peer, name: 'x' })],
  ['name length', L.nameInputLengthMax, (n) => ({ t: 'me', name: text(n) })],
  ['chat length', L.chatInputLengthMax, (n) => ({ t: 'chat', text: text(n) })],
  [
    'password length',
    L.passwordLengthMax,
    (n) => ({ t: 'join', code: 'x', role: 'player', password: text(n) }),
  ],
  ['code length', L.codeInputLengthMax, (n) => ({ t: 'join', code: text(n), role: 'player' })],
  ['metadata depth', L.jsonDepthMax, (n) => ({ t: 'set', metadata: nested(n) })],
  ['metadata keys', L.jsonEntriesMax, (n) => ({ t: 'set', metadata: wide(n) })],
  ['metadata array', L.jsonEntriesMax, (n) => ({ t: 'set', metadata: { a: Array(n).fill(0) } })],
  ['metadata key length', L.jsonKeyLengthMax, (n) => ({ t: 'set', metadata: { [text(n)]: 1 } })],
  ['metadata bytes', L.metadataBytesMax, (n) => ({ t: 'set', metadata: bulky(n) })],
  ['data bytes', L.memberDataBytesMax, (n) => ({ t: 'me', data: bulky(n) })],
  ['options bytes', L.optionsBytesMax, (n) => ({ t: 'start', options: bulky(n) })],
  ['sdp bytes', L.sdpBytesMax, (n) => ({ t: 'sig', to: peer, signal: { ...offer, sdp: text(n) } })],
  [
    'sdp bytes of UTF-8',
    L.sdpBytesMax / 2,
    (n) => ({ t: 'sig', to: peer, signal: { ...offer, sdp: 'é'.repeat(n) } }),
  ],
  [
    'candidate',
    L.candidateLengthMax,
    (n) => ({ t: 'sig', to: peer, signal: { ...candidate, candidate: text(n) } }),
  ],
  [
    'connection id',
    L.signalWordLengthMax,
    (n) => ({ t: 'sig', to: peer, signal: { ...offer, connectionId: text(n) } }),
  ],
];

test.each(LIMITS)(
  '%s: one below the limit and the limit itself are read, one above is refused',
  (_name, limit, make) => {
    expect([limit - 1, limit, limit + 1].map((extent) => verdict(make(extent)))).toEqual([
      'ok',
      'ok',
      'invalid-field',
    ]);
  },
);

test('a message of 16,384 bytes is read, one more is too big, counted in UTF-8', () => {
  const padded = (bytes: number): string => '{"t":"bye"}'.padEnd(bytes);
  expect([16_383, 16_384, 16_385].map((bytes) => verdict(padded(bytes)))).toEqual(['ok', 'ok', 'too-big']);
  const accented = `{"t":"bye","x":"${'é'.repeat(8_200)}"}`;
  expect(verdict(accented)).toBe('too-big');
});

test.each([
  ['capacity 0', { t: 'create', playersMax: 0, public: true, metadata: {} }],
  ['capacity -1', { t: 'create', playersMax: -1, public: true, metadata: {} }],
  ['capacity 1e9', { t: 'create', playersMax: 1e9, public: true, metadata: {} }],
  ['capacity 1.5', { t: 'create', playersMax: 1.5, public: true, metadata: {} }],
  ['metadata that is an array', { t: 'create', playersMax: 2, public: true, metadata: [] }],
  ['an empty password', { t: 'join', code: 'x', role: 'player', password: '' }],
  ['another role', { t: 'join', code: 'x', role: 'owner' }],
  ['a nested filter', { t: 'list', filter: { a: [1] } }],
  ['a peer id with capitals', { t: 'sig', to: peer.toUpperCase(), signal: offer }],
  ['several receivers', { t: 'sig', to: [peer, peer], signal: offer }],
  ['a receiver that is an object', { t: 'sig', to: { peer }, signal: offer }],
  ['a forged sender', { t: 'sig', to: peer, from: peer, signal: offer }],
  [
    'a signal of another kind',
    { t: 'sig', to: peer, signal: { kind: 'data', connectionId: 'c', bytes: 'x' } },
  ],
  ['a signal with more in it', { t: 'sig', to: peer, signal: { ...offer, type: 'offer' } }],
  ['a signal without a description', { t: 'sig', to: peer, signal: { kind: 'offer', connectionId: 'c' } }],
  ['a signal that is a list', { t: 'sig', to: peer, signal: [offer] }],
  ['a candidate with a wrong index', { t: 'sig', to: peer, signal: { ...candidate, sdpMLineIndex: -1 } }],
  ['an app with a slash', { t: 'hello', protocol: [1], app: 'a/b', peer, name: 'x' }],
  ['a token that is a list', { t: 'hello', protocol: [1], app: 'a', peer, name: 'x', resume: ['a'] }],
  ['a token of a megabyte', { t: 'hello', protocol: [1], app: 'a', peer, name: 'x', resume: text(10_000) }],
  ['a chat line of nothing visible', { t: 'chat', text: ' \u200B\u202E ' }],
  ['half a surrogate pair in metadata', '{"t":"set","metadata":{"a":"\\ud800"}}'],
  ['an infinite number in metadata', '{"t":"set","metadata":{"a":1e400}}'],
])('%s is refused', (_what, message) => {
  expect(verdict(message)).toBe('invalid-field');
});

test('metadata comes through as plain data: composed, without -0, and on no strange prototype', () => {
  const parsed = parseClientMessage(
    '{"t":"set","metadata":{"toString":"e\\u0301","zero":-0,"hasOwnProperty":{}}}',
  );
  expect(parsed).toEqual({
    ok: true,
    message: { t: 'set', metadata: { toString: 'é', zero: 0, hasOwnProperty: {} } },
  });
  if (parsed.ok && parsed.message.t === 'set')
    expect(Object.getPrototypeOf(parsed.message.metadata)).toBe(Object.prototype);
});

test('no text makes a reader throw, and what a reader accepts it accepts again, unchanged', () => {
  const half = fc.constantFrom(...VALID.map(encodeMessage));
  const broken = fc
    .tuple(half, fc.nat(200), fc.string({ unit: 'binary', maxLength: 6 }), fc.nat(6))
    .map(([source, at, insert, cut]) => source.slice(0, at) + insert + source.slice(at + cut));
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    broken,
    fc
      .record({
        t: fc.constantFrom(...VALID.map(({ t }) => t)),
        metadata: fc.jsonValue(),
        rid: fc.jsonValue(),
      })
      .map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(anything, (source) => {
      parseServerMessage(source);
      const parsed = parseClientMessage(source);
      if (!parsed.ok) return;
      const again = parseClientMessage(encodeMessage(parsed.message));
      expect(again).toEqual(parsed);
    }),
    { numRuns: 5_000 },
  );
});

test('the signals of the lobby are the signals of the transport', () => {
  const toTransport = (signal: LobbySignal): Signal => signal;
  const toLobby = (signal: Signal): LobbySignal => signal;
  expect(toTransport(toLobby(offer))).toBe(offer);
});
