/**
 * How a newcomer gets into a running match, and how the match's state gets to it. The largest of these messages, the
 * MANIFEST, is in join-manifest.ts. All start with kind u8, CRC u16; all are idempotent and are repeated until answered.
 *
 * JOIN and JOIN_REPLY can be read whatever the two sides are configured to: their CRC starts from a constant. The others
 * start from the join key, the low 16 bits of the digest of the match id: a newcomer does not know the seed yet,
 * and therefore not the match key.
 */
import {
  CHUNK_BYTES_MAX,
  CHUNKS_ASKED_MAX,
  CHUNKS_MAX,
  PLAYERS_MAX,
  REASON_BYTES_MAX,
} from '../base/limits.js';
import { hashBytes } from '../base/state-hash.js';
import { decodeUtf8, encodeUtf8 } from '../base/utf8.js';
import { ByteReader, ByteWriter } from './byte-cursor.js';
import { packetCrc, read16, write16 } from './frame-packet.js';
import { HELLO_KEY, WIRE_VERSION } from './handshake-message.js';

/** First bytes of the messages that bring a newcomer in. */
export const KIND_JOIN = 0x90;
export const KIND_JOIN_REPLY = 0x91;
export const KIND_MANIFEST_REQUEST = 0x92;
export const KIND_MANIFEST = 0x93;
export const KIND_ATTEST = 0x94;
export const KIND_CHUNK_REQUEST = 0x95;
export const KIND_CHUNK = 0x96;
export const KIND_LOG = 0x97;

/** Length of a JOIN of this wire version. */
export const JOIN_BYTES = 34;
const JOIN_BYTES_MAX = 1100;

/** Digest of a match id, as a JOIN carries it (signed). */
export function matchIdDigest(matchId: string): number {
  return hashBytes(encodeUtf8(matchId));
}

/** Start value of the CRC of the messages between members and a newcomer. */
export function joinKeyOf(matchId: string): number {
  return matchIdDigest(matchId) & 0xffff;
}

/** What a newcomer says of itself. Digests and hashes are signed 32-bit integers. */
export interface Join {
  readonly wireVersion: number;
  /** {@link matchIdDigest}. */
  readonly match: number;
  readonly game: number;
  readonly version: number;
  readonly schema: number;
  /** Chosen anew for each attempt to join, u32: an answer to an earlier attempt is not taken for one to this. */
  readonly nonce: number;
  /** Slots it would like to own, 0 (watch only) to 16. */
  readonly slotsWanted: number;
  /** For one that was in the match before: the newest final frame whose state it still has, and the hash of that state. */
  readonly held: { readonly frame: number; readonly stateHash: number } | undefined;
}

/** Layout: kind, CRC, wire version u8, four digests u32, nonce u32, slots u8, flags u8 (1 = rejoins), frame u32, hash u32. */
export function encodeJoin(join: Join): Uint8Array {
  const out = new ByteWriter().u8(KIND_JOIN).u16(0).u8(join.wireVersion);
  out.u32(join.match).u32(join.game).u32(join.version).u32(join.schema).u32(join.nonce);
  out.u8(join.slotsWanted).u8(join.held === undefined ? 0 : 1);
  out.u32(join.held?.frame ?? 0).u32(join.held?.stateHash ?? 0);
  return sealed(out, HELLO_KEY);
}

/** The JOIN in `bytes`, or `undefined`. One of another wire version may be longer; its first 24 bytes keep this layout. */
export function decodeJoin(bytes: Uint8Array): Join | undefined {
  if (bytes.length < JOIN_BYTES || bytes.length > JOIN_BYTES_MAX) return undefined;
  const reader = openMessage(bytes, KIND_JOIN, HELLO_KEY);
  if (reader === undefined) return undefined;
  const wireVersion = reader.u8();
  const digests = {
    match: reader.u32() | 0,
    game: reader.u32() | 0,
    version: reader.u32() | 0,
    schema: reader.u32() | 0,
  };
  const head = { wireVersion, ...digests, nonce: reader.u32() };
  // What follows is another version's own affair: it is refused anyway, but it is told why.
  if (wireVersion !== WIRE_VERSION) return { ...head, slotsWanted: 0, held: undefined };
  const slotsWanted = reader.u8();
  const flags = reader.u8();
  const held = { frame: reader.u32(), stateHash: reader.u32() | 0 };
  if (!reader.complete || slotsWanted > PLAYERS_MAX || flags > 1) return undefined;
  if (flags === 0 && (held.frame !== 0 || held.stateHash !== 0)) return undefined;
  return { ...head, slotsWanted, held: flags === 1 ? held : undefined };
}

/**
 * A member's answer. 'wait': asked, not decided. 'admitted': the manifest and the state may be fetched. 'delta': admitted,
 * and this member has all inputs after `fromFrame`, which the newcomer named: they may be fetched instead of the state.
 * 'refused': for the reason given. 'again': it was admitted and let go again; only a JOIN with a new number helps.
 */
export type JoinReply = { readonly nonce: number } & (
  | { readonly status: 'wait' }
  | { readonly status: 'admitted' }
  | { readonly status: 'again' }
  | { readonly status: 'refused'; readonly reason: string }
  | { readonly status: 'delta'; readonly fromFrame: number }
);

const STATUSES = ['wait', 'admitted', 'refused', 'delta', 'again'] as const;

/** Layout: kind, CRC, nonce u32, status u8; refused: reason as UTF-8 to the end; delta: frame u32. Long reasons are cut. */
export function encodeJoinReply(reply: JoinReply): Uint8Array {
  const out = new ByteWriter().u8(KIND_JOIN_REPLY).u16(0).u32(reply.nonce);
  out.u8(STATUSES.indexOf(reply.status));
  if (reply.status === 'refused') out.put(encodeUtf8(cutText(reply.reason, REASON_BYTES_MAX)));
  if (reply.status === 'delta') out.u32(reply.fromFrame);
  return sealed(out, HELLO_KEY);
}

/** The longest beginning of `text` of whole characters that takes no more than `bytesMax` bytes. */
function cutText(text: string, bytesMax: number): string {
  let cut = '';
  let bytes = 0;
  for (const character of text) {
    bytes += encodeUtf8(character).length;
    if (bytes > bytesMax) break;
    cut += character;
  }
  return cut;
}

/** The JOIN_REPLY in `bytes`, or `undefined`. */
export function decodeJoinReply(bytes: Uint8Array): JoinReply | undefined {
  if (bytes.length > 8 + REASON_BYTES_MAX) return undefined;
  const reader = openMessage(bytes, KIND_JOIN_REPLY, HELLO_KEY);
  if (reader === undefined) return undefined;
  const nonce = reader.u32();
  const status = STATUSES[reader.u8()];
  if (status === 'refused') {
    const reason = decodeUtf8(bytes.subarray(reader.at));
    return reader.ok && reason !== undefined ? { nonce, status, reason } : undefined;
  }
  if (status === 'delta') {
    const fromFrame = reader.u32();
    return reader.complete ? { nonce, status, fromFrame } : undefined;
  }
  return reader.complete && status !== undefined ? { nonce, status } : undefined;
}

/** Asks a member for the manifest: for all of it, or for its digest alone (answered by ATTEST). */
export interface ManifestRequest {
  readonly nonce: number;
  readonly isWhole: boolean;
  /** That of the step log, not that of the state. */
  readonly isLog: boolean;
}

/** Layout: kind, CRC, nonce u32, flags u8 (1 = all of it, 2 = of the log). */
export function encodeManifestRequest(request: ManifestRequest, joinKey: number): Uint8Array {
  const out = new ByteWriter().u8(KIND_MANIFEST_REQUEST).u16(0).u32(request.nonce);
  return sealed(out.u8((request.isWhole ? 1 : 0) | (request.isLog ? 2 : 0)), joinKey);
}

/** The MANIFEST_REQUEST in `bytes`, or `undefined`. */
export function decodeManifestRequest(bytes: Uint8Array, joinKey: number): ManifestRequest | undefined {
  const reader = openMessage(bytes, KIND_MANIFEST_REQUEST, joinKey);
  if (reader === undefined) return undefined;
  const nonce = reader.u32();
  const flags = reader.u8();
  return reader.complete && flags <= 3
    ? { nonce, isWhole: (flags & 1) !== 0, isLog: (flags & 2) !== 0 }
    : undefined;
}

/** A member's word that its own manifest has this digest (signed, `hashBytes` of the MANIFEST message). */
export interface Attest {
  readonly nonce: number;
  /** The manifest of the step log, not that of the state. */
  readonly isLog: boolean;
  readonly digest: number;
}

/** Layout: kind, CRC, nonce u32, log u8 (0 or 1), digest u32. */
export function encodeAttest({ nonce, isLog, digest }: Attest, joinKey: number): Uint8Array {
  const out = new ByteWriter().u8(KIND_ATTEST).u16(0).u32(nonce);
  return sealed(out.u8(isLog ? 1 : 0).u32(digest), joinKey);
}

/** The ATTEST in `bytes`, or `undefined`. */
export function decodeAttest(bytes: Uint8Array, joinKey: number): Attest | undefined {
  const reader = openMessage(bytes, KIND_ATTEST, joinKey);
  if (reader === undefined) return undefined;
  const nonce = reader.u32();
  const log = reader.u8();
  const digest = reader.u32() | 0;
  return reader.complete && log <= 1 ? { nonce, isLog: log === 1, digest } : undefined;
}

/** Asks for chunks of the state of one frame, or of the step log that leads to it: 1 to 64 indices, rising. */
export interface ChunkRequest {
  readonly frame: number;
  readonly isLog: boolean;
  readonly indices: readonly number[];
}

/** Layout: kind, CRC, frame u32, log u8 (0 or 1), n u8, n x index u16. */
export function encodeChunkRequest(request: ChunkRequest, joinKey: number): Uint8Array {
  const { frame, isLog, indices } = request;
  const out = new ByteWriter().u8(KIND_CHUNK_REQUEST).u16(0).u32(frame);
  out.u8(isLog ? 1 : 0).u8(indices.length);
  for (const index of indices) out.u16(index);
  return sealed(out, joinKey);
}

/** The CHUNK_REQUEST in `bytes`, or `undefined`. */
export function decodeChunkRequest(bytes: Uint8Array, joinKey: number): ChunkRequest | undefined {
  const reader = openMessage(bytes, KIND_CHUNK_REQUEST, joinKey);
  if (reader === undefined) return undefined;
  const frame = reader.u32();
  const log = reader.u8();
  const count = reader.u8();
  if (log > 1 || count < 1 || count > CHUNKS_ASKED_MAX || bytes.length !== reader.at + count * 2)
    return undefined;
  const indices: number[] = [];
  for (let before = -1; indices.length < count; ) {
    const index = reader.u16();
    if (index <= before || index >= CHUNKS_MAX) return undefined;
    indices.push(index);
    before = index;
  }
  return { frame, isLog: log === 1, indices };
}

/** One piece of the serialised state of `frame`, or of the step log that leads to it. */
export interface Chunk {
  readonly frame: number;
  readonly isLog: boolean;
  readonly index: number;
  /** 1 to 16,000 bytes. What {@link decodeChunk} gives is a view of the message: copy what you keep. */
  readonly bytes: Uint8Array;
}

const CHUNK_HEADER_BYTES = 9;

/** Layout: kind (CHUNK or LOG), CRC, frame u32, index u16, bytes to the end. */
export function encodeChunk({ frame, isLog, index, bytes }: Chunk, joinKey: number): Uint8Array {
  const out = new ByteWriter().u8(isLog ? KIND_LOG : KIND_CHUNK).u16(0);
  return sealed(out.u32(frame).u16(index).put(bytes), joinKey);
}

/** The CHUNK or LOG in `bytes`, or `undefined`. */
export function decodeChunk(bytes: Uint8Array, joinKey: number): Chunk | undefined {
  if (bytes.length <= CHUNK_HEADER_BYTES || bytes.length > CHUNK_HEADER_BYTES + CHUNK_BYTES_MAX)
    return undefined;
  const isLog = bytes[0] === KIND_LOG;
  const reader = openMessage(bytes, isLog ? KIND_LOG : KIND_CHUNK, joinKey);
  if (reader === undefined) return undefined;
  const place = { frame: reader.u32(), isLog, index: reader.u16() };
  return place.index < CHUNKS_MAX ? { ...place, bytes: bytes.subarray(CHUNK_HEADER_BYTES) } : undefined;
}

/** Writes the checksum; the finished message. */
export function sealed(out: ByteWriter, key: number): Uint8Array {
  const bytes = out.finish();
  write16(bytes, 1, packetCrc(bytes, bytes.length, key));
  return bytes;
}

/** A reader behind kind and checksum, if both are right. */
export function openMessage(bytes: Uint8Array, kind: number, key: number): ByteReader | undefined {
  if (bytes.length < 3 || bytes[0] !== kind) return undefined;
  return read16(bytes, 1) === packetCrc(bytes, bytes.length, key) ? new ByteReader(bytes, 3) : undefined;
}
