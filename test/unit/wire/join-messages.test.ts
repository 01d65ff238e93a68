/** The messages that bring a newcomer in: round trips, limits, and no damaged copy is understood. */
import fc from 'fast-check';
import { CHUNK_BYTES_MAX, CHUNKS_MAX, MESSAGE_BYTES_MAX } from '../../../sdk/src/base/limits.js';
import { HELLO_KEY, WIRE_VERSION } from '../../../sdk/src/wire/handshake-message.js';
import { decodeManifest, encodeManifest } from '../../../sdk/src/wire/join-manifest.js';
import {
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
  matchIdDigest,
} from '../../../sdk/src/wire/join-messages.js';
import { damagedCopy, damages } from './damage.js';
import {
  CODECS,
  chunkRequests,
  chunks,
  codecOf,
  i32,
  joins,
  KEY,
  manifests,
  messagesOf,
  names,
  replies,
  resealed,
  u32,
} from './join-values.js';

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
  check(fc.record({ nonce: u32, isLog: fc.boolean(), digest: i32 }), (it) =>
    decodeAttest(encodeAttest(it, KEY), KEY),
  );
  check(fc.record({ nonce: u32, isWhole: fc.boolean(), isLog: fc.boolean() }), (it) =>
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
      fc.property(messagesOf(name), damages(['cut', 'insert', 'replace', 'flip']), (bytes, damage) => {
        // The wire version of a JOIN stays: what another version means by the rest is not known here.
        const changed = damagedCopy(bytes, damage, name === 'join' ? 4 : 3);
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
    encodeJoinReply({ nonce: 1, status: 'wait' }).map((byte, index) => (index === 7 ? 5 : byte)),
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
    decodeChunkRequest(encodeChunkRequest({ frame: 1, isLog: false, indices }, KEY), KEY) !== undefined;
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
    decodeChunk(encodeChunk({ frame: 1, isLog: false, index, bytes: new Uint8Array(length) }, KEY), KEY) !==
    undefined;
  const lengths = [0, 1, CHUNK_BYTES_MAX - 1, CHUNK_BYTES_MAX, CHUNK_BYTES_MAX + 1];
  expect(lengths.map((length) => understood(length))).toEqual([false, true, true, true, false]);
  expect([CHUNKS_MAX - 1, CHUNKS_MAX, 65535].map((index) => understood(1, index))).toEqual([
    true,
    false,
    false,
  ]);
  const largest = encodeChunk(
    { frame: 1, isLog: false, index: 0, bytes: new Uint8Array(CHUNK_BYTES_MAX) },
    KEY,
  );
  expect(largest.length).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
});
