/** The messages that bring a newcomer in: round trips, limits, and no damaged copy is understood. */
import fc from 'fast-check';
import type { JsonObject } from '../../../sdk/src/base/json.js';
import {
  CHUNK_BYTES_MAX,
  CHUNKS_MAX,
  MESSAGE_BYTES_MAX,
  STATE_BYTES_MAX,
} from '../../../sdk/src/base/limits.js';
import { hashBytes } from '../../../sdk/src/base/state-hash.js';
import { packetCrc, write16 } from '../../../sdk/src/wire/frame-packet.js';
import { HELLO_KEY, WIRE_VERSION } from '../../../sdk/src/wire/handshake-message.js';
import {
  chunkBytesOf,
  decodeManifest,
  encodeManifest,
  type Manifest,
  manifestDigest,
  outlineOf,
} from '../../../sdk/src/wire/join-manifest.js';
import {
  type Chunk,
  type ChunkRequest,
  decodeAttest,
  decodeChunk,
  decodeChunkRequest,
  decodeJoin,
  decodeJoinReply,
  decodeManifestRequest,
  encodeAttest,
  encodeChunk,
  encodeChunkRequest,
  encodeJoin,
  encodeJoinReply,
  encodeManifestRequest,
  JOIN_BYTES,
  type Join,
  type JoinReply,
  joinKeyOf,
  matchIdDigest,
} from '../../../sdk/src/wire/join-messages.js';

const KEY = joinKeyOf('m1');

/** Each decoder, and the encoder that makes the only legal encoding of what it understood. */
const CODECS: {
  readonly [name: string]: { key: number; again: (bytes: Uint8Array) => Uint8Array | undefined };
} = {
  join: { key: HELLO_KEY, again: (bytes) => mapped(decodeJoin(bytes), encodeJoin) },
  joinReply: { key: HELLO_KEY, again: (bytes) => mapped(decodeJoinReply(bytes), encodeJoinReply) },
  manifestRequest: {
    key: KEY,
    again: (bytes) => mapped(decodeManifestRequest(bytes, KEY), (it) => encodeManifestRequest(it, KEY)),
  },
  manifest: {
    key: KEY,
    again: (bytes) => mapped(decodeManifest(bytes, KEY), (it) => encodeManifest(it, KEY)),
  },
  attest: { key: KEY, again: (bytes) => mapped(decodeAttest(bytes, KEY), (it) => encodeAttest(it, KEY)) },
  chunkRequest: {
    key: KEY,
    again: (bytes) => mapped(decodeChunkRequest(bytes, KEY), (it) => encodeChunkRequest(it, KEY)),
  },
  chunk: { key: KEY, again: (bytes) => mapped(decodeChunk(bytes, KEY), (it) => encodeChunk(it, KEY)) },
};

function mapped<T, R>(value: T | undefined, map: (value: T) => R): R | undefined {
  return value === undefined ? undefined : map(value);
}

const u32 = fc.nat(0xffffffff);
const i32 = fc.integer();
const u16 = fc.nat(0xffff);

const joins: fc.Arbitrary<Join> = fc.record({
  ...{ wireVersion: fc.constant(WIRE_VERSION), match: i32, game: i32, version: i32, schema: i32, nonce: u32 },
  slotsWanted: fc.nat(16),
  held: fc.option(fc.record({ frame: u32, stateHash: i32 }), { nil: undefined }),
});

const replies: fc.Arbitrary<JoinReply> = fc.oneof(
  fc.record({ nonce: u32, status: fc.constantFrom('wait' as const, 'admitted' as const) }),
  fc.record({
    ...{ nonce: u32, status: fc.constant('refused' as const) },
    reason: fc
      .string({ unit: 'grapheme', maxLength: 10 })
      .filter((text) => new TextEncoder().encode(text).length <= 120),
  }),
  fc.record({ nonce: u32, status: fc.constant('delta' as const), fromFrame: u32 }),
);

const ids = fc.string({
  minLength: 1,
  maxLength: 64,
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
});
const configs = fc.dictionary(
  fc.string({ maxLength: 6 }).filter((key) => key !== '__proto__'),
  fc.oneof(
    fc.integer(),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.integer(), { maxLength: 3 }),
  ),
  { maxKeys: 4, noNullPrototype: true },
) as fc.Arbitrary<JsonObject>;

const manifests: fc.Arbitrary<Manifest> = fc
  .record({
    state: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 20_000 }).map((length) => new Uint8Array(length).fill(length)),
    ),
    peers: fc.uniqueArray(ids, { minLength: 1, maxLength: 31 }),
    inputBytes: fc.integer({ min: 1, max: 64 }),
    head: fc.record({ matchKey: u16, seed: u32, viewId: u32, frame: u32, stateHash: i32 }),
    slots: fc.array(fc.tuple(fc.nat(31), fc.nat(2), u32), { minLength: 1, maxLength: 16 }),
    config: configs,
  })
  .map(({ state, peers, inputBytes, head, slots, config }) => ({
    ...head,
    ...outlineOf(state),
    peers: peers.map((id, index) => ({ id, isMember: index % 2 === 0, joinNumber: index * 2000 })),
    inputBytes,
    slots: slots.map(([owner, kind, since]) => ({
      ...(owner === 31
        ? { owner: undefined, state: 'vacant' as const }
        : {
            owner: owner % peers.length,
            state: (['active', 'substituted', 'vacant'] as const)[kind] ?? 'active',
          }),
      ...{ since, lastInput: new Uint8Array(inputBytes).fill(owner) },
    })),
    config,
  }));

const chunkRequests: fc.Arbitrary<ChunkRequest> = fc.record({
  frame: u32,
  indices: fc
    .uniqueArray(fc.nat(CHUNKS_MAX - 1), { minLength: 1, maxLength: 64 })
    .map((indices) => indices.sort((left, right) => left - right)),
});
const chunks: fc.Arbitrary<Chunk> = fc.record({
  frame: u32,
  index: fc.nat(CHUNKS_MAX - 1),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
});

/** A message of each kind, as bytes. */
const messages: { readonly [name: string]: fc.Arbitrary<Uint8Array> } = {
  join: joins.map(encodeJoin),
  joinReply: replies.map(encodeJoinReply),
  manifestRequest: fc
    .record({ nonce: u32, isWhole: fc.boolean() })
    .map((it) => encodeManifestRequest(it, KEY)),
  manifest: manifests.map((it) => encodeManifest(it, KEY)),
  attest: fc.record({ nonce: u32, digest: i32 }).map((it) => encodeAttest(it, KEY)),
  chunkRequest: chunkRequests.map((it) => encodeChunkRequest(it, KEY)),
  chunk: chunks.map((it) => encodeChunk(it, KEY)),
};
const names = Object.keys(messages);
const codecOf = (name: string): (typeof CODECS)[string] => CODECS[name] as (typeof CODECS)[string];
const messagesOf = (name: string): fc.Arbitrary<Uint8Array> => messages[name] as fc.Arbitrary<Uint8Array>;

/** The checksum is made right, as a member of the match could. */
function resealed(bytes: Uint8Array, key: number): Uint8Array {
  write16(bytes, 1, packetCrc(bytes, bytes.length, key));
  return bytes;
}

test('any JOIN, JOIN_REPLY, MANIFEST and request comes back as it was', () => {
  const check = <T>(values: fc.Arbitrary<T>, back: (value: T) => T | undefined): void =>
    fc.assert(
      fc.property(values, (value) => expect(back(value)).toEqual(value)),
      { numRuns: 150, seed: 1 },
    );
  check(joins, (it) => decodeJoin(encodeJoin(it)));
  check(replies, (it) => decodeJoinReply(encodeJoinReply(it)));
  check(manifests, (it) => decodeManifest(encodeManifest(it, KEY), KEY));
  check(chunkRequests, (it) => decodeChunkRequest(encodeChunkRequest(it, KEY), KEY));
  check(chunks, (it) => decodeChunk(encodeChunk(it, KEY), KEY));
  check(fc.record({ nonce: u32, digest: i32 }), (it) => decodeAttest(encodeAttest(it, KEY), KEY));
  check(fc.record({ nonce: u32, isWhole: fc.boolean() }), (it) =>
    decodeManifestRequest(encodeManifestRequest(it, KEY), KEY),
  );
});

test.each(names)('every truncation, added byte and flipped bit of a %s is refused', (name) => {
  const { again } = codecOf(name);
  let refused = 0;
  fc.assert(
    fc.property(messagesOf(name), fc.nat(255), (bytes, added) => {
      expect(again(bytes)).toEqual(bytes);
      const damaged = [Uint8Array.from([...bytes, added])];
      for (let length = 0; length < bytes.length; length += 1) damaged.push(bytes.slice(0, length));
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        const flipped = bytes.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        damaged.push(flipped);
      }
      for (const copy of damaged) if (again(copy) !== undefined) throw new Error(`${[...copy]}`);
      refused += damaged.length;
    }),
    { numRuns: 12, seed: 1 },
  );
  expect(refused).toBeGreaterThan(800);
});

test.each(names)(
  'a %s with a right checksum is the only encoding of what is understood, or refused',
  (name) => {
    const { key, again } = codecOf(name);
    let understood = 0;
    fc.assert(
      fc.property(messagesOf(name), fc.nat(), fc.nat(255), fc.nat(4), (bytes, place, value, kind) => {
        // The wire version of a JOIN stays: what another version means by the rest is not known here.
        const first = name === 'join' ? 4 : 3;
        const at = first + (place % (bytes.length - first));
        const changed =
          kind === 0
            ? bytes.slice(0, at)
            : kind === 1
              ? Uint8Array.from([...bytes.slice(0, at), value, ...bytes.slice(at)])
              : bytes.map((byte, index) => (index === at ? (kind === 2 ? value : byte ^ 1) : byte));
        const once = again(resealed(changed, key));
        if (once === undefined) return;
        understood += 1;
        expect(once).toEqual(changed);
      }),
      { numRuns: 1500, seed: 1 },
    );
    expect(understood).toBeGreaterThan(50);
  },
);

test('random bytes never throw, with a right checksum or without', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0x80, max: 0xff }), fc.uint8Array({ maxLength: 200 }), (kind, rest) => {
      const bytes = Uint8Array.from([kind, ...rest]);
      for (const { key, again } of Object.values(CODECS)) {
        again(bytes);
        if (bytes.length >= 3) again(resealed(bytes.slice(), key));
      }
    }),
    { numRuns: 3000, seed: 1 },
  );
  for (const { again } of Object.values(CODECS)) expect(again(new Uint8Array(0))).toBeUndefined();
});

test.each(names)('a %s for another match is refused', (name) => {
  const { key, again } = codecOf(name);
  const [bytes] = fc.sample(messagesOf(name), { numRuns: 1, seed: 1 }) as [Uint8Array];
  expect(again(resealed(bytes, key))).toEqual(bytes);
  expect(again(resealed(bytes, key ^ 1))).toBeUndefined();
});

const join: Join = {
  ...{ wireVersion: WIRE_VERSION, match: matchIdDigest('m1'), game: 1, version: 2, schema: 3, nonce: 4 },
  ...{ slotsWanted: 1, held: undefined },
};

test('a JOIN of another wire version tells who it is, whatever follows', () => {
  const longer = Uint8Array.from([...encodeJoin({ ...join, wireVersion: 9 }), 200, 201]);
  longer.fill(255, 24);
  const understood = decodeJoin(resealed(longer, HELLO_KEY));
  expect(understood).toEqual({ ...join, wireVersion: 9, slotsWanted: 0, held: undefined });
  const sized = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    bytes.set(longer.subarray(0, Math.min(length, 24)));
    return resealed(bytes, HELLO_KEY);
  };
  expect([33, JOIN_BYTES, 1100, 1101].map((length) => decodeJoin(sized(length))?.wireVersion)).toEqual([
    undefined,
    9,
    9,
    undefined,
  ]);
});

test('a JOIN asks for at most 16 slots, and names a frame only if it rejoins', () => {
  const slots = [0, 16, 17].map(
    (slotsWanted) => decodeJoin(encodeJoin({ ...join, slotsWanted }))?.slotsWanted,
  );
  expect(slots).toEqual([0, 16, undefined]);
  const held = { frame: 0, stateHash: 0 };
  const bytes = encodeJoin({ ...join, held });
  expect(decodeJoin(bytes)?.held).toEqual(held);
  for (const [at, value] of [
    [25, 2],
    [25, 3],
  ] as const)
    expect(
      decodeJoin(
        resealed(
          Uint8Array.from(bytes, (byte, index) => (index === at ? value : byte)),
          HELLO_KEY,
        ),
      ),
    ).toBeUndefined();
  for (const at of [26, 29, 30, 33]) {
    const changed = encodeJoin(join);
    changed[at] = 1;
    expect(decodeJoin(resealed(changed, HELLO_KEY))).toBeUndefined();
  }
});

test('a reason is cut to 120 bytes of whole characters', () => {
  const cut = (reason: string): string | undefined => {
    const reply = decodeJoinReply(encodeJoinReply({ nonce: 1, status: 'refused', reason }));
    return reply?.status === 'refused' ? reply.reason : undefined;
  };
  expect([119, 120, 121, 5000].map((length) => cut('x'.repeat(length))?.length)).toEqual([
    119, 120, 120, 120,
  ]);
  expect(cut('é'.repeat(61))).toBe('é'.repeat(60));
  expect(cut(`x${'🙂'.repeat(30)}`)).toBe(`x${'🙂'.repeat(29)}`);
  expect(cut('')).toBe('');
});

test('a JOIN_REPLY with an unknown status, a longer or ill-formed reason, or more than its status has, is refused', () => {
  const refusal = encodeJoinReply({ nonce: 1, status: 'refused', reason: 'x'.repeat(120) });
  const bad = [
    encodeJoinReply({ nonce: 1, status: 'wait' }).map((byte, index) => (index === 7 ? 4 : byte)),
    Uint8Array.from([...refusal, 0x78]),
    refusal.map((byte, index) => (index === 8 ? 0xff : byte)),
    Uint8Array.from([...encodeJoinReply({ nonce: 1, status: 'admitted' }), 0]),
    encodeJoinReply({ nonce: 1, status: 'delta', fromFrame: 5 }).slice(0, 11),
    // A whole refusal, and one that ends before its status.
    refusal.slice(0, 7),
  ];
  expect(decodeJoinReply(refusal)).toBeDefined();
  for (const bytes of bad) expect(decodeJoinReply(resealed(bytes, HELLO_KEY))).toBeUndefined();
});

test('a CHUNK_REQUEST names 1 to 64 rising indices of chunks that can be', () => {
  const understood = (indices: readonly number[]): boolean =>
    decodeChunkRequest(encodeChunkRequest({ frame: 1, indices }, KEY), KEY) !== undefined;
  const first = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
  expect([0, 1, 63, 64, 65].map((count) => understood(first(count)))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
  expect([[CHUNKS_MAX - 1], [CHUNKS_MAX], [65535], [1, 2], [2, 1], [2, 2]].map(understood)).toEqual([
    true,
    false,
    false,
    true,
    false,
    false,
  ]);
});

test('a CHUNK has 1 to 16,000 bytes and fits into a message', () => {
  const understood = (length: number, index = 0): boolean =>
    decodeChunk(encodeChunk({ frame: 1, index, bytes: new Uint8Array(length) }, KEY), KEY) !== undefined;
  const lengths = [0, 1, CHUNK_BYTES_MAX - 1, CHUNK_BYTES_MAX, CHUNK_BYTES_MAX + 1];
  expect(lengths.map((length) => understood(length))).toEqual([false, true, true, true, false]);
  expect([CHUNKS_MAX - 1, CHUNKS_MAX, 65535].map((index) => understood(1, index))).toEqual([
    true,
    false,
    false,
  ]);
  const largest = encodeChunk({ frame: 1, index: 0, bytes: new Uint8Array(CHUNK_BYTES_MAX) }, KEY);
  expect(largest.length).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
});

/** A manifest with one peer and one slot. */
const small: Manifest = {
  ...{ matchKey: 1, seed: 2, viewId: 3, frame: 4, stateHash: 5 },
  ...outlineOf(Uint8Array.of(1, 2, 3)),
  peers: [{ id: 'a', isMember: true, joinNumber: 0 }],
  ...{ inputBytes: 1, slots: [{ owner: 0, state: 'active', since: 0, lastInput: Uint8Array.of(9) }] },
  config: { b: 1, a: [true, null] },
};
const understands = (change: Partial<Manifest>): boolean =>
  decodeManifest(encodeManifest({ ...small, ...change }, KEY), KEY) !== undefined;

test.each<[string, Partial<Manifest>]>([
  ['without a state', { byteLength: 0, chunkHashes: [] }],
  ['with a state above 16 MiB', { byteLength: STATE_BYTES_MAX + 1 }],
  ['that announces a gigabyte', { byteLength: 2 ** 30 }],
  ['with chunks below 1,000 bytes', { chunkBytes: 999 }],
  ['with chunks above 16,000 bytes', { chunkBytes: 16_001 }],
  ['with fewer hashes than chunks', { byteLength: 16_000 * 1000, chunkBytes: 16_000 }],
  ['with more hashes than chunks', { chunkHashes: [1, 2] }],
  [
    'with more chunks than may be',
    { byteLength: 2_000_000, chunkBytes: 1000, chunkHashes: new Array(2000).fill(1) },
  ],
  [
    'without peers',
    { peers: [], slots: [{ owner: undefined, state: 'vacant', since: 0, lastInput: Uint8Array.of(0) }] },
  ],
  [
    'with 32 peers',
    { peers: Array.from({ length: 32 }, (_, index) => ({ id: `p${index}`, isMember: true, joinNumber: 0 })) },
  ],
  ['with an empty id', { peers: [{ id: '', isMember: true, joinNumber: 0 }] }],
  ['with an id of 65 characters', { peers: [{ id: 'x'.repeat(65), isMember: true, joinNumber: 0 }] }],
  ['with a space in an id', { peers: [{ id: 'a b', isMember: true, joinNumber: 0 }] }],
  ['with a letter beyond ASCII in an id', { peers: [{ id: '\x7f', isMember: true, joinNumber: 0 }] }],
  ['with a peer twice', { peers: [small.peers[0], small.peers[0]] as Manifest['peers'] }],
  [
    'with inputs of no bytes',
    { inputBytes: 0, slots: [{ owner: 0, state: 'active', since: 0, lastInput: new Uint8Array(0) }] },
  ],
  [
    'with inputs of 65 bytes',
    { inputBytes: 65, slots: [{ owner: 0, state: 'active', since: 0, lastInput: new Uint8Array(65) }] },
  ],
  ['without slots', { slots: [] }],
  ['with 17 slots', { slots: new Array(17).fill(small.slots[0]) }],
  [
    'with an owner that is no peer',
    { slots: [{ owner: 1, state: 'active', since: 0, lastInput: Uint8Array.of(0) }] },
  ],
  [
    'with an active slot of nobody',
    { slots: [{ owner: undefined, state: 'active', since: 0, lastInput: Uint8Array.of(0) }] },
  ],
  [
    'with a slot in no known state',
    { slots: [{ owner: 0, state: 'unknown' as 'active', since: 0, lastInput: Uint8Array.of(0) }] },
  ],
  [
    'whose inputs are longer than it says',
    { slots: [{ owner: 0, state: 'active', since: 0, lastInput: new Uint8Array(2) }] },
  ],
])('a manifest %s is refused', (_name, change) => {
  expect(understands({})).toBe(true);
  expect(understands(change)).toBe(false);
});

/** The small manifest with another text for its config. */
function withConfig(text: string): Uint8Array {
  const bytes = encodeManifest({ ...small, config: {} }, KEY);
  return resealed(Uint8Array.from([...bytes.slice(0, -2), ...new TextEncoder().encode(text)]), KEY);
}

test('the config is one canonical JSON object', () => {
  const configOf = (text: string): unknown => decodeManifest(withConfig(text), KEY)?.config;
  expect(configOf('{"a":1,"b":{"c":[]}}')).toEqual({ a: 1, b: { c: [] } });
  const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  for (const text of [
    ...[
      '',
      '{',
      '[]',
      '1',
      'null',
      '"x"',
      '{"a":1}{}',
      '{"a": 1}',
      '{"a":1} ',
      '{"b":1,"a":1}',
      '{"a":1,"a":1}',
    ],
    ...['{"a":1e0}', '{"a":-0}', '{"a":1e999}', '{"a":"\\u0061"}', '{a:1}', '{"a":undefined}'],
    ...[nested(33), `{"a":${'['.repeat(4000)}${']'.repeat(4000)}}`],
  ])
    expect(configOf(text)).toBeUndefined();
  expect(configOf(nested(32))).toBeDefined();
  const illFormed = withConfig('{"a":"x"}');
  illFormed[illFormed.length - 3] = 0xff;
  expect(decodeManifest(resealed(illFormed, KEY), KEY)).toBeUndefined();
});

test('a config reserves no names, and what is decoded is frozen', () => {
  const bytes = withConfig('{"__proto__":{"x":1},"constructor":2}');
  const config = decodeManifest(bytes, KEY)?.config as JsonObject & { readonly x?: number };
  expect([Object.keys(config), config.x, Object.isFrozen(config)]).toEqual([
    ['__proto__', 'constructor'],
    undefined,
    true,
  ]);
  expect(encodeManifest({ ...small, config }, KEY)).toEqual(bytes);
});

test('a config takes 8 KiB, not more', () => {
  const sized = (length: number): string => `{"a":"${'x'.repeat(length - 8)}"}`;
  expect(decodeManifest(withConfig(sized(8192)), KEY)).toBeDefined();
  expect(decodeManifest(withConfig(sized(8193)), KEY)).toBeUndefined();
  expect(() => encodeManifest({ ...small, config: JSON.parse(sized(8193)) as JsonObject }, KEY)).toThrow(
    '8193 bytes',
  );
});

test('the largest manifest that can be fits into a message, and a larger message is not looked at', () => {
  const largest: Manifest = {
    ...small,
    ...{
      byteLength: STATE_BYTES_MAX,
      chunkBytes: CHUNK_BYTES_MAX,
      chunkHashes: new Array<number>(CHUNKS_MAX).fill(-1),
    },
    peers: Array.from({ length: 31 }, (_, index) => ({
      id: `${index}`.padEnd(64, 'x'),
      isMember: true,
      joinNumber: 65535,
    })),
    ...{
      inputBytes: 64,
      slots: new Array(16).fill({ owner: 30, state: 'active', since: 1, lastInput: new Uint8Array(64) }),
    },
    config: { a: 'x'.repeat(8192 - 8) },
  };
  const bytes = encodeManifest(largest, KEY);
  expect(bytes.length).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
  expect(decodeManifest(bytes, KEY)).toEqual(largest);
  const longer = new Uint8Array(MESSAGE_BYTES_MAX + 1);
  longer.set(bytes);
  expect(decodeManifest(resealed(longer, KEY), KEY)).toBeUndefined();
  const tooMany = { ...largest, chunkHashes: new Array<number>(2000).fill(1) };
  expect(() => encodeManifest(tooMany, KEY)).toThrow('a manifest takes');
});

test('a state is cut into small chunks, and into larger ones if there would be too many', () => {
  const small4k = 4000 * CHUNKS_MAX;
  const limits = [1, small4k, small4k + 1, 2 * small4k, 2 * small4k + 1, STATE_BYTES_MAX];
  expect(limits.map(chunkBytesOf)).toEqual([4000, 4000, 8000, 8000, 16_000, 16_000]);
  for (const length of limits) expect(length / chunkBytesOf(length)).toBeLessThanOrEqual(CHUNKS_MAX);
  const counts = [1, 3999, 4000, 4001].map((length) => outlineOf(new Uint8Array(length)).chunkHashes.length);
  expect(counts).toEqual([1, 1, 1, 2]);
  expect(() => outlineOf(new Uint8Array(0))).toThrow('0 bytes');
  expect(() => outlineOf(new Uint8Array(STATE_BYTES_MAX + 1))).toThrow('16777217 bytes');
});

test('the outline and the digest are the hashes of the bytes', () => {
  const state = Uint8Array.from({ length: 4100 }, (_, index) => index % 251);
  const outline = outlineOf(state);
  expect(outline.bytesHash).toBe(hashBytes(state));
  expect(outline.chunkHashes).toEqual([hashBytes(state.slice(0, 4000)), hashBytes(state.slice(4000))]);
  const message = encodeManifest({ ...small, ...outline }, KEY);
  expect(manifestDigest(message)).toBe(hashBytes(message));
  expect(joinKeyOf('m1')).toBe(hashBytes(new TextEncoder().encode('m1')) & 0xffff);
});
