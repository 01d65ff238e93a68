/** Any message of a join, each decoder with its encoder: for the tests of the messages. */
import fc from 'fast-check';
import type { JsonObject } from '../../../sdk/src/base/json.js';
import { CHUNKS_MAX } from '../../../sdk/src/base/limits.js';
import { packetCrc, write16 } from '../../../sdk/src/wire/frame-packet.js';
import { HELLO_KEY, WIRE_VERSION } from '../../../sdk/src/wire/handshake-message.js';
import {
  decodeManifest,
  encodeManifest,
  type Manifest,
  type ManifestControl,
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
  type Join,
  type JoinReply,
  joinKeyOf,
} from '../../../sdk/src/wire/join-messages.js';

/** Start value of the checksums of the match "m1". */
export const KEY: number = joinKeyOf('m1');

/** Each decoder, and the encoder that makes the only legal encoding of what it understood. */
export const CODECS: {
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
  chunk: {
    key: KEY,
    again: (bytes) => mapped(decodeChunk(bytes, KEY), (it) => (it.isLog ? undefined : encodeChunk(it, KEY))),
  },
  log: {
    key: KEY,
    again: (bytes) => mapped(decodeChunk(bytes, KEY), (it) => (it.isLog ? encodeChunk(it, KEY) : undefined)),
  },
};

function mapped<T, R>(value: T | undefined, map: (value: T) => R): R | undefined {
  return value === undefined ? undefined : map(value);
}

export const u32 = fc.nat(0xffffffff);
export const i32 = fc.integer();
const u16 = fc.nat(0xffff);

export const joins: fc.Arbitrary<Join> = fc.record({
  ...{ wireVersion: fc.constant(WIRE_VERSION), match: i32, game: i32, version: i32, schema: i32, nonce: u32 },
  slotsWanted: fc.nat(16),
  held: fc.option(fc.record({ frame: u32, stateHash: i32 }), { nil: undefined }),
});

export const replies: fc.Arbitrary<JoinReply> = fc.oneof(
  fc.record({ nonce: u32, status: fc.constantFrom('wait' as const, 'admitted' as const, 'again' as const) }),
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
    // That name is reserved wherever it stands.
    fc.string().filter((text) => text !== '__proto__'),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.integer(), { maxLength: 3 }),
  ),
  { maxKeys: 4, noNullPrototype: true },
) as fc.Arbitrary<JsonObject>;

const CONTROLS: readonly ManifestControl[] = ['owner', 'substitute', 'lost', 'vacant'];

export const manifests: fc.Arbitrary<Manifest> = fc
  .record({
    state: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 20_000 }).map((length) => new Uint8Array(length).fill(length)),
    ),
    peers: fc.uniqueArray(ids, { minLength: 1, maxLength: 31 }),
    inputBytes: fc.integer({ min: 1, max: 64 }),
    head: fc.record({
      matchKey: u16,
      seed: u32,
      viewId: u32,
      frame: u32,
      isPaused: fc.boolean(),
      isLog: fc.boolean(),
      stateHash: i32,
    }),
    slots: fc.array(fc.tuple(fc.nat(31), fc.nat(3), u32), { minLength: 1, maxLength: 16 }),
    config: configs,
  })
  .map(({ state, peers, inputBytes, head, slots, config }) => ({
    ...head,
    ...outlineOf(state),
    peers: peers.map((id, index) => ({ id, isMember: index % 2 === 0, joinNumber: index * 2000 })),
    inputBytes,
    slots: slots.map(([owner, control, since]) => ({
      ...(owner === 31
        ? { owner: undefined, control: 'vacant' as const }
        : { owner: owner % peers.length, control: CONTROLS[control] as ManifestControl }),
      ...{ since, epoch: since & 0xffff, held: since >>> 1, input: new Uint8Array(inputBytes).fill(owner) },
    })),
    config,
  }));

export const chunkRequests: fc.Arbitrary<ChunkRequest> = fc.record({
  frame: u32,
  isLog: fc.boolean(),
  indices: fc
    .uniqueArray(fc.nat(CHUNKS_MAX - 1), { minLength: 1, maxLength: 64 })
    .map((indices) => indices.sort((left, right) => left - right)),
});
export const chunks: fc.Arbitrary<Chunk> = fc.record({
  frame: u32,
  isLog: fc.boolean(),
  index: fc.nat(CHUNKS_MAX - 1),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
});

/** A message of each kind, as bytes. */
const messages: { readonly [name: string]: fc.Arbitrary<Uint8Array> } = {
  join: joins.map(encodeJoin),
  joinReply: replies.map(encodeJoinReply),
  manifestRequest: fc
    .record({ nonce: u32, isWhole: fc.boolean(), isLog: fc.boolean() })
    .map((it) => encodeManifestRequest(it, KEY)),
  manifest: manifests.map((it) => encodeManifest(it, KEY)),
  attest: fc.record({ nonce: u32, isLog: fc.boolean(), digest: i32 }).map((it) => encodeAttest(it, KEY)),
  chunkRequest: chunkRequests.map((it) => encodeChunkRequest(it, KEY)),
  chunk: chunks.map((it) => encodeChunk({ ...it, isLog: false }, KEY)),
  log: chunks.map((it) => encodeChunk({ ...it, isLog: true }, KEY)),
};
export const names = Object.keys(messages);
export const codecOf = (name: string): (typeof CODECS)[string] => CODECS[name] as (typeof CODECS)[string];
export const messagesOf = (name: string): fc.Arbitrary<Uint8Array> =>
  messages[name] as fc.Arbitrary<Uint8Array>;

/** The checksum is made right, as a member of the match could. */
export function resealed(bytes: Uint8Array, key: number): Uint8Array {
  write16(bytes, 1, packetCrc(bytes, bytes.length, key));
  return bytes;
}
