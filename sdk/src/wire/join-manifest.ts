/**
 * The MANIFEST: all that a newcomer needs to start from one frame, except the state itself. Of that it names length and
 * hashes; or, for one that has an earlier state, those of the step log (step-log.ts) that leads from there to this frame. Every member writes the same bytes for the same frame, so that one member's manifest can be attested by the
 * digest of another's.
 *
 *     kind u8, CRC u16 (join key), match key u16, seed u32, view u32, frame u32, flags u8 (1 paused, 2 log), state hash u32,
 *     length u32, hash of all bytes u32, chunk size u16, chunk hashes u32 each (as many as the length needs),
 *     n u8, n x (id length u8, id, member u8 (0 or 1), join number u16)                      peers
 *     input bytes u8, n u8, n x (owner u8, 255 = nobody, control u8, since u32, epoch u16, held u32, input)    slots
 *     config as canonical JSON, to the end
 */
import { assert } from '../base/errors.js';
import { canonicalJson, deepFreeze, type JsonObject } from '../base/json.js';
import {
  CHUNK_BYTES_MAX,
  CHUNK_BYTES_MIN,
  CHUNKS_MAX,
  CONFIG_BYTES_MAX,
  INPUT_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  PEERS_MAX,
  PLAYERS_MAX,
  STATE_BYTES_MAX,
} from '../base/limits.js';
import { hashBytes } from '../base/state-hash.js';
import { decodeUtf8, encodeUtf8 } from '../base/utf8.js';
import { type ByteReader, ByteWriter } from './byte-cursor.js';
import { KIND_MANIFEST, openMessage, sealed } from './join-messages.js';

/** One peer of the match, at its index in `peers`. */
export interface ManifestPeer {
  /** 1 to 64 printable ASCII characters; no two are equal. */
  readonly id: string;
  readonly isMember: boolean;
  /** How often it has joined, u16. */
  readonly joinNumber: number;
}

/** Who plays a slot, as SlotControl of session/slot-log.ts. */
export type ManifestControl = 'owner' | 'substitute' | 'lost' | 'vacant';

/** One slot of the match, as all agree on it at the manifest's frame. */
export interface ManifestSlot {
  /** Index in `peers`; `undefined`: nobody owns it (then it is vacant). */
  readonly owner: number | undefined;
  readonly control: ManifestControl;
  /** First frame that `control` plays, u32. */
  readonly since: number;
  /** How often the owner's inputs were taken up again, u16. */
  readonly epoch: number;
  /** Newest frame of the owner's inputs that counts, u32: the manifest's own frame while the owner plays. */
  readonly held: number;
  /** The owner's input of that frame, `inputBytes` bytes: the coding of the next one starts from it. */
  readonly input: Uint8Array;
}

/** What a member knows of the match at a frame, apart from the bytes of the state. */
export interface ManifestHeader {
  readonly matchKey: number;
  readonly seed: number;
  readonly viewId: number;
  /** The frame after which the state was taken. */
  readonly frame: number;
  /** True if the match stands at that frame: no frame after it was stepped when the newcomer was let in. */
  readonly isPaused: boolean;
  /** True if length and hashes are those of the step log that leads to that state. */
  readonly isLog: boolean;
  /** Hash of that state as the store computes it (signed): to be compared after `deserialize`, or the last step. */
  readonly stateHash: number;
  /** 1 to 31. */
  readonly peers: readonly ManifestPeer[];
  /** Bytes of one encoded input, 1 to 64. */
  readonly inputBytes: number;
  /** 1 to 16. */
  readonly slots: readonly ManifestSlot[];
  /** The agreed options of the match, at most 8 KiB as JSON. */
  readonly config: JsonObject;
}

/** Length and hashes (signed) of a serialised state, or of a step log. */
export interface StateOutline {
  readonly byteLength: number;
  /** `hashBytes` of all bytes. */
  readonly bytesHash: number;
  /** Length of every chunk but the last. */
  readonly chunkBytes: number;
  /** `hashBytes` of each chunk. */
  readonly chunkHashes: readonly number[];
}

/** A whole manifest. */
export interface Manifest extends ManifestHeader, StateOutline {}

const CONTROLS: readonly ManifestControl[] = ['owner', 'substitute', 'lost', 'vacant'];
const NOBODY = 255;
/** Small chunks let a sender stop soon and delay its inputs little; large ones keep the manifest of a large state small. */
const CHUNK_SIZES = [4000, 8000, CHUNK_BYTES_MAX];

/** Bytes of each chunk of a state of so many bytes, the last one apart. */
export function chunkBytesOf(byteLength: number): number {
  return CHUNK_SIZES.find((size) => byteLength <= size * CHUNKS_MAX) as number;
}

/**
 * Lengths and hashes of a serialised state.
 * @throws {InvariantError} for an empty state or one of more than 16 MiB: the caller refuses those before.
 */
export function outlineOf(state: Uint8Array): StateOutline {
  assert(state.length > 0 && state.length <= STATE_BYTES_MAX, `a state of ${state.length} bytes was offered`);
  const chunkBytes = chunkBytesOf(state.length);
  const chunkHashes: number[] = [];
  for (let at = 0; at < state.length; at += chunkBytes)
    chunkHashes.push(hashBytes(state.subarray(at, at + chunkBytes)));
  return { byteLength: state.length, bytesHash: hashBytes(state), chunkBytes, chunkHashes };
}

/** What an ATTEST of this MANIFEST message says (signed). */
export function manifestDigest(message: Uint8Array): number {
  return hashBytes(message);
}

/**
 * @throws {InvariantError} if the config is longer than 8 KiB or the message than 16 KiB.
 */
export function encodeManifest(manifest: Manifest, joinKey: number): Uint8Array {
  const out = new ByteWriter().u8(KIND_MANIFEST).u16(0).u16(manifest.matchKey).u32(manifest.seed);
  out.u32(manifest.viewId).u32(manifest.frame);
  out.u8((manifest.isPaused ? 1 : 0) | (manifest.isLog ? 2 : 0)).u32(manifest.stateHash);
  out.u32(manifest.byteLength).u32(manifest.bytesHash).u16(manifest.chunkBytes);
  for (const hash of manifest.chunkHashes) out.u32(hash);
  out.u8(manifest.peers.length);
  for (const { id, isMember, joinNumber } of manifest.peers) {
    out
      .u8(id.length)
      .put(encodeUtf8(id))
      .u8(isMember ? 1 : 0)
      .u16(joinNumber);
  }
  out.u8(manifest.inputBytes).u8(manifest.slots.length);
  for (const { owner, control, since, epoch, held, input } of manifest.slots) {
    out.u8(owner ?? NOBODY).u8(CONTROLS.indexOf(control));
    out.u32(since).u16(epoch).u32(held).put(input);
  }
  const config = encodeUtf8(canonicalJson(manifest.config, 'config'));
  assert(config.length <= CONFIG_BYTES_MAX, `the config of a match takes ${config.length} bytes`);
  const bytes = sealed(out.put(config), joinKey);
  assert(bytes.length <= MESSAGE_BYTES_MAX, `a manifest takes ${bytes.length} bytes`);
  return bytes;
}

/** The MANIFEST in `bytes`, or `undefined`. Keeps nothing of `bytes`. */
export function decodeManifest(bytes: Uint8Array, joinKey: number): Manifest | undefined {
  if (bytes.length > MESSAGE_BYTES_MAX) return undefined;
  const reader = openMessage(bytes, KIND_MANIFEST, joinKey);
  if (reader === undefined) return undefined;
  const head = { matchKey: reader.u16(), seed: reader.u32(), viewId: reader.u32(), frame: reader.u32() };
  const flags = reader.u8();
  const stateHash = reader.u32() | 0;
  const outline = flags <= 3 ? readOutline(reader) : undefined;
  const peers = outline && readPeers(reader);
  const inputBytes = reader.u8();
  const slots = peers && readSlots(reader, inputBytes, peers.length);
  const config = slots && readConfig(bytes.subarray(reader.at));
  if (outline === undefined || peers === undefined || slots === undefined || config === undefined)
    return undefined;
  const kind = { isPaused: (flags & 1) !== 0, isLog: (flags & 2) !== 0 };
  return { ...head, ...kind, stateHash, ...outline, peers, inputBytes, slots, config };
}

function readOutline(reader: ByteReader): StateOutline | undefined {
  const byteLength = reader.u32();
  const bytesHash = reader.u32() | 0;
  const chunkBytes = reader.u16();
  if (byteLength < 1 || byteLength > STATE_BYTES_MAX) return undefined;
  if (chunkBytes < CHUNK_BYTES_MIN || chunkBytes > CHUNK_BYTES_MAX) return undefined;
  const count = Math.ceil(byteLength / chunkBytes);
  if (count > CHUNKS_MAX || reader.at + count * 4 > reader.bytes.length) return undefined;
  const chunkHashes = Array.from({ length: count }, () => reader.u32() | 0);
  return { byteLength, bytesHash, chunkBytes, chunkHashes };
}

function readPeers(reader: ByteReader): ManifestPeer[] | undefined {
  const count = reader.u8();
  if (count < 1 || count > PEERS_MAX) return undefined;
  const peers: ManifestPeer[] = [];
  const ids = new Set<string>();
  for (let index = 0; index < count; index += 1) {
    const id = String.fromCharCode(...reader.take(reader.u8()));
    const member = reader.u8();
    const joinNumber = reader.u16();
    if (!reader.ok || !/^[\x21-\x7e]{1,64}$/.test(id) || ids.has(id) || member > 1) return undefined;
    ids.add(id);
    peers.push({ id, isMember: member === 1, joinNumber });
  }
  return peers;
}

function readSlots(reader: ByteReader, inputBytes: number, peerCount: number): ManifestSlot[] | undefined {
  const count = reader.u8();
  if (inputBytes < 1 || inputBytes > INPUT_BYTES_MAX || count < 1 || count > PLAYERS_MAX) return undefined;
  const slots: ManifestSlot[] = [];
  for (let index = 0; index < count; index += 1) {
    const owner = reader.u8();
    const control = CONTROLS[reader.u8()];
    const numbers = { since: reader.u32(), epoch: reader.u16(), held: reader.u32() };
    const input = reader.take(inputBytes).slice();
    if (!reader.ok || control === undefined) return undefined;
    if (owner === NOBODY ? control !== 'vacant' : owner >= peerCount) return undefined;
    slots.push({ owner: owner === NOBODY ? undefined : owner, control, ...numbers, input });
  }
  return slots;
}

function readConfig(bytes: Uint8Array): JsonObject | undefined {
  if (bytes.length > CONFIG_BYTES_MAX || bytes[0] !== 0x7b) return undefined;
  const text = decodeUtf8(bytes);
  // A key that would be taken for the prototype of whatever the content is copied into.
  if (text === undefined || text.includes('"__proto__"')) return undefined;
  try {
    const value = JSON.parse(text) as JsonObject;
    // Spaces, another order of keys, 1e0 for 1: there is one text for each value.
    return canonicalJson(value, 'config') === text ? deepFreeze(value) : undefined;
  } catch {
    return undefined;
  }
}
