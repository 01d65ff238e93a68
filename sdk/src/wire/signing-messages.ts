/**
 * Messages about signed inputs, on the reliable channel: keys, batches, what was received of whom, and proofs. No checksum
 * guards them; what counts is signed. All are idempotent and repeated until they are known to have arrived.
 */
import { BATCH_BYTES_MAX, PEERS_MAX } from '../base/limits.js';
import { ByteReader, ByteWriter } from './byte-cursor.js';
import { HASH_BYTES, KEY_BYTES, NONCE_BYTES, SIGNATURE_BYTES } from './signed-batch.js';

/** First byte of each. */
export const KIND_KEY = 0xa0;
export const KIND_BATCH = 0xa1;
export const KIND_WITNESS = 0xa2;
export const KIND_SHOWN = 0xa3;
export const KIND_PROOF = 0xa4;

/** Bytes of a key that a WITNESS names. */
export const KEY_HINT_BYTES = 8;
const FLAG_ASKS = 1;
const FLAG_KEY = 2;
/** First bytes of a proof: "RMP", and the version. */
const PROOF_MAGIC = 0x01504d52;

/** A batch as it was signed. */
export interface SignedBytes {
  readonly signature: Uint8Array;
  /** See {@link encodeBatch}. */
  readonly bytes: Uint8Array;
}

/** What somebody holds of a peer: the newest batch of it. */
export interface WitnessEntry {
  /** Index in `peers`. */
  readonly owner: number;
  /** The first bytes of the key it is signed with. */
  readonly keyHint: Uint8Array;
  readonly sequence: number;
  readonly hash: Uint8Array;
}

/** A message; `match` is the digest of the match id. */
export type SigningMessage =
  | {
      readonly kind: 'key';
      readonly match: number;
      /** Drawn by the sender for this match. */
      readonly nonce: Uint8Array;
      /** The addressee's nonce as far as known; all zero otherwise. */
      readonly echo: Uint8Array;
      /** The sender has not seen its own nonce echoed yet, and asks for an answer. */
      readonly asks: boolean;
      /** `undefined`: the sender cannot sign. */
      readonly key: Uint8Array | undefined;
    }
  | { readonly kind: 'batch' | 'shown'; readonly match: number; readonly signed: SignedBytes }
  | { readonly kind: 'witness'; readonly match: number; readonly entries: readonly WitnessEntry[] }
  | { readonly kind: 'proof'; readonly match: number; readonly proof: Uint8Array };

/** True for the first byte of a message of this file. */
export function isSigningKind(kind: number | undefined): boolean {
  return kind !== undefined && kind >= KIND_KEY && kind <= KIND_PROOF;
}

const KINDS = {
  key: KIND_KEY,
  batch: KIND_BATCH,
  witness: KIND_WITNESS,
  shown: KIND_SHOWN,
  proof: KIND_PROOF,
};

/** Encodes a message. */
export function encodeSigningMessage(message: SigningMessage): Uint8Array {
  const out = new ByteWriter().u8(KINDS[message.kind]).u32(message.match);
  switch (message.kind) {
    case 'key':
      out.u8((message.asks ? FLAG_ASKS : 0) | (message.key === undefined ? 0 : FLAG_KEY));
      out.put(message.nonce).put(message.echo);
      if (message.key !== undefined) out.put(message.key);
      break;
    case 'batch':
    case 'shown':
      out.put(message.signed.signature).put(message.signed.bytes);
      break;
    case 'witness':
      out.u8(message.entries.length);
      for (const { owner, keyHint, sequence, hash } of message.entries)
        out.u8(owner).put(keyHint).u32(sequence).put(hash);
      break;
    case 'proof':
      out.put(message.proof);
  }
  return out.finish();
}

/** The message in `bytes`, or `undefined`. What is signed in it is not looked at. Never throws. */
export function decodeSigningMessage(bytes: Uint8Array): SigningMessage | undefined {
  const reader = new ByteReader(bytes);
  const kind = reader.u8();
  const match = reader.u32();
  switch (kind) {
    case KIND_KEY: {
      const flags = reader.u8();
      const nonce = reader.take(NONCE_BYTES).slice();
      const echo = reader.take(NONCE_BYTES).slice();
      const key = (flags & FLAG_KEY) === 0 ? undefined : reader.take(KEY_BYTES).slice();
      if (!reader.complete || flags > (FLAG_ASKS | FLAG_KEY)) return undefined;
      return { kind: 'key', match, nonce, echo, asks: (flags & FLAG_ASKS) !== 0, key };
    }
    case KIND_BATCH:
    case KIND_SHOWN: {
      const signed = readSigned(reader, bytes.length - reader.at);
      return signed && { kind: kind === KIND_BATCH ? 'batch' : 'shown', match, signed };
    }
    case KIND_WITNESS: {
      const entries = readEntries(reader);
      return entries && { kind: 'witness', match, entries };
    }
    case KIND_PROOF: {
      const proof = reader.take(bytes.length - reader.at).slice();
      return decodeProof(proof) && { kind: 'proof', match, proof };
    }
    default:
      return undefined;
  }
}

/** Whether they were all there is the caller's to ask. */
function readSigned(reader: ByteReader, length: number): SignedBytes | undefined {
  if (length <= SIGNATURE_BYTES || length > SIGNATURE_BYTES + BATCH_BYTES_MAX) return undefined;
  const signature = reader.take(SIGNATURE_BYTES).slice();
  const bytes = reader.take(length - SIGNATURE_BYTES).slice();
  return { signature, bytes };
}

function readEntries(reader: ByteReader): WitnessEntry[] | undefined {
  const count = reader.u8();
  const entries: WitnessEntry[] = [];
  for (let index = 0; index < count; index += 1) {
    const owner = reader.u8();
    const keyHint = reader.take(KEY_HINT_BYTES).slice();
    const entry = { owner, keyHint, sequence: reader.u32(), hash: reader.take(HASH_BYTES).slice() };
    const before = entries[index - 1];
    if (owner >= PEERS_MAX || (before !== undefined && before.owner >= owner)) return undefined;
    entries.push(entry);
  }
  return reader.complete ? entries : undefined;
}

/** Two signed batches that contradict each other, as bytes for a file or a report. */
export function encodeProof(first: SignedBytes, second: SignedBytes): Uint8Array {
  const out = new ByteWriter().u32(PROOF_MAGIC);
  for (const { signature, bytes } of [first, second]) out.u16(bytes.length).put(signature).put(bytes);
  return out.finish();
}

/** The two batches of a proof, or `undefined`. Whether they prove anything is not looked at. Never throws. */
export function decodeProof(proof: Uint8Array): readonly [SignedBytes, SignedBytes] | undefined {
  const reader = new ByteReader(proof);
  if (reader.u32() !== PROOF_MAGIC) return undefined;
  const first = readSigned(reader, SIGNATURE_BYTES + reader.u16());
  const second = readSigned(reader, SIGNATURE_BYTES + reader.u16());
  return first !== undefined && second !== undefined && reader.complete ? [first, second] : undefined;
}
