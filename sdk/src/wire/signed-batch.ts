/**
 * A batch of inputs as it is signed: who gave which inputs in which match, chained to the batch before by its hash. One legal
 * encoding exists for any content, and it names all that it depends on, so that two batches prove something to anybody.
 */
import { CellRing } from '../base/cell-ring.js';
import {
  BATCH_BYTES_MAX,
  BATCH_FRAMES_MAX,
  BATCH_SPANS_MAX,
  INPUT_BYTES_MAX,
  PEERS_MAX,
  PLAYERS_MAX,
} from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import { decodeUtf8, encodeUtf8 } from '../base/utf8.js';
import { ByteReader, ByteWriter } from './byte-cursor.js';
import { readSlotCells, skipCells } from './input-cells.js';
import { encodeSlotCells } from './view-messages.js';

/** Version of the encoding, and of what is signed. */
export const BATCH_VERSION = 1;
/** Bytes of an Ed25519 public key, of a SHA-256 hash, of a nonce, of an Ed25519 signature. */
export const KEY_BYTES = 32;
export const HASH_BYTES = 32;
export const NONCE_BYTES = 16;
export const SIGNATURE_BYTES = 64;

/** Longest match id, in bytes of UTF-8: 64 units of three bytes. */
const MATCH_ID_BYTES_MAX = 192;
const PEER_ID_BYTES_MAX = 64;
/** Frames beyond this never come. */
const FRAME_MAX = 0x3fffffff;

/** A member's nonce that is taken into account from this batch on: what follows was signed after that member drew it. */
export interface BatchNonce {
  readonly peer: PeerId;
  readonly nonce: Uint8Array;
}

/** A run of frames of one slot. */
export interface BatchSpan {
  readonly slot: number;
  /** How often the slot had been taken up again by then. */
  readonly epoch: number;
  readonly first: number;
  /** Encoded inputs, frame after frame. */
  readonly cells: Uint8Array;
}

/** What a player signs. */
export interface InputBatch {
  readonly matchId: string;
  readonly peer: PeerId;
  /** Public key that the signature is made with. */
  readonly key: Uint8Array;
  /** 0, 1, 2... One more for each batch under this key in this match. */
  readonly sequence: number;
  /** Hash of the batch before; all zero in the first. */
  readonly previous: Uint8Array;
  /** By rising peer id. */
  readonly nonces: readonly BatchNonce[];
  /** Bytes of one encoded input. */
  readonly cellBytes: number;
  /** By rising slot, epoch and frame, not overlapping. */
  readonly spans: readonly BatchSpan[];
}

/** Frames of a span. */
export function spanFrames({ cells }: BatchSpan, cellBytes: number): number {
  return cells.length / cellBytes;
}

/** The cells of a span as they go over the wire. The cell before the first counts as zero: a batch stands for itself. */
export function packCells(cells: Uint8Array, cellBytes: number): Uint8Array {
  const count = cells.length / cellBytes;
  const ring = new CellRing(256, cellBytes);
  ring.bytes.set(cells, ring.offsetOf(1));
  return encodeSlotCells(ring, 1, count);
}

/** Encodes a batch. */
export function encodeBatch(batch: InputBatch): Uint8Array {
  const matchId = encodeUtf8(batch.matchId);
  const out = new ByteWriter().u8(BATCH_VERSION).u8(matchId.length).put(matchId);
  writeId(out, batch.peer);
  out.put(batch.key).u32(batch.sequence).put(batch.previous).u8(batch.nonces.length);
  for (const { peer, nonce } of batch.nonces) {
    writeId(out, peer);
    out.put(nonce);
  }
  out.u8(batch.cellBytes).u8(batch.spans.length);
  for (const { slot, epoch, first, cells } of batch.spans) {
    const packed = packCells(cells, batch.cellBytes);
    out
      .u8(slot)
      .u16(epoch)
      .u32(first)
      .u8(cells.length / batch.cellBytes)
      .u16(packed.length)
      .put(packed);
  }
  return out.finish();
}

function writeId(out: ByteWriter, peer: PeerId): void {
  out.u8(peer.length);
  for (let at = 0; at < peer.length; at += 1) out.u8(peer.charCodeAt(at));
}

/** The batch in `bytes`, or `undefined` if no honest peer could have written it. Never throws. */
export function decodeBatch(bytes: Uint8Array): InputBatch | undefined {
  const reader = new ByteReader(bytes);
  if (bytes.length > BATCH_BYTES_MAX || reader.u8() !== BATCH_VERSION) return undefined;
  const text = reader.take(reader.u8());
  const matchId = decodeUtf8(text);
  const peer = readId(reader);
  const key = reader.take(KEY_BYTES).slice();
  const sequence = reader.u32();
  const previous = reader.take(HASH_BYTES).slice();
  if (matchId === undefined || peer === undefined) return undefined;
  if (text.length < 1 || text.length > MATCH_ID_BYTES_MAX) return undefined;
  const nonces = readNonces(reader);
  const cellBytes = reader.u8();
  if (nonces === undefined || cellBytes < 1 || cellBytes > INPUT_BYTES_MAX) return undefined;
  const spans = readSpans(reader, cellBytes);
  if (spans === undefined || !reader.complete) return undefined;
  return { matchId, peer, key, sequence, previous, nonces, cellBytes, spans };
}

function readId(reader: ByteReader): PeerId | undefined {
  const bytes = reader.take(reader.u8());
  if (bytes.length < 1 || bytes.length > PEER_ID_BYTES_MAX) return undefined;
  if (bytes.some((byte) => byte < 0x21 || byte > 0x7e)) return undefined;
  return String.fromCharCode(...bytes);
}

function readNonces(reader: ByteReader): BatchNonce[] | undefined {
  const count = reader.u8();
  if (count > PEERS_MAX) return undefined;
  const nonces: BatchNonce[] = [];
  for (let index = 0; index < count; index += 1) {
    const peer = readId(reader);
    const nonce = reader.take(NONCE_BYTES).slice();
    const before = nonces[index - 1];
    if (peer === undefined || (before !== undefined && before.peer >= peer)) return undefined;
    nonces.push({ peer, nonce });
  }
  return nonces;
}

function readSpans(reader: ByteReader, cellBytes: number): BatchSpan[] | undefined {
  const count = reader.u8();
  if (count > BATCH_SPANS_MAX) return undefined;
  const spans: BatchSpan[] = [];
  for (let index = 0; index < count; index += 1) {
    const slot = reader.u8();
    const epoch = reader.u16();
    const first = reader.u32();
    const frames = reader.u8();
    const packed = reader.take(reader.u16());
    if (!reader.ok || slot >= PLAYERS_MAX || first < 1 || first > FRAME_MAX) return undefined;
    if (frames < 1 || frames > BATCH_FRAMES_MAX) return undefined;
    if (skipCells(packed, 0, frames, cellBytes) !== packed.length) return undefined;
    const span = { slot, epoch, first, cells: readSlotCells(packed, frames, cellBytes) };
    const before = spans[index - 1];
    if (before !== undefined && !goesOn(before, span, cellBytes)) return undefined;
    spans.push(span);
  }
  return spans;
}

/** True if `span` comes after `before` in the one order that there is. */
function goesOn(before: BatchSpan, span: BatchSpan, cellBytes: number): boolean {
  if (span.slot !== before.slot) return span.slot > before.slot;
  if (span.epoch !== before.epoch) return span.epoch > before.epoch;
  return span.first >= before.first + spanFrames(before, cellBytes);
}
