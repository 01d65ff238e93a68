/** What peers say about signatures, as fuzz targets: nothing of it is guarded by a checksum. */
import { BATCH_BYTES_MAX, MESSAGE_BYTES_MAX } from '../../../sdk/src/base/limits.js';
import { decodeBatch, encodeBatch, type InputBatch } from '../../../sdk/src/wire/signed-batch.js';
import {
  decodeProof,
  decodeSigningMessage,
  encodeProof,
  encodeSigningMessage,
} from '../../../sdk/src/wire/signing-messages.js';
import type { FuzzTarget } from './fuzzer.js';
import { mustEqual } from './wire-targets.js';

const nonce = (value: number): Uint8Array => new Uint8Array(16).fill(value);
const BATCH: InputBatch = {
  ...{ matchId: 'm\u00e9', peer: 'ada', key: nonce(1), sequence: 3, previous: new Uint8Array(32).fill(2) },
  nonces: [
    { peer: 'bob', nonce: nonce(4) },
    { peer: 'cy', nonce: nonce(5) },
  ],
  cellBytes: 3,
  spans: [
    { slot: 0, epoch: 0, first: 7, cells: Uint8Array.of(1, 2, 3, 1, 2, 3, 1, 0, 3) },
    { slot: 0, epoch: 1, first: 7, cells: Uint8Array.of(0, 0, 9) },
    { slot: 2, epoch: 0, first: 60, cells: new Uint8Array(30) },
    { slot: 2, epoch: 0, first: 70, cells: Uint8Array.of(5, 5, 5) },
  ],
};
const WHOLE: InputBatch = { ...BATCH, key: new Uint8Array(32).fill(1) };

const batchTarget: FuzzTarget = {
  name: 'signed-batch',
  reachesAll: true,
  bytesMax: BATCH_BYTES_MAX + 8,
  decoder: /^sdk\/src\/wire\/signed-batch\.ts:(?:decode|read|goesOn)\w*$/,
  seeds: [
    encodeBatch(WHOLE),
    encodeBatch({ ...WHOLE, nonces: [], spans: [] }),
    encodeBatch({
      ...WHOLE,
      cellBytes: 1,
      spans: [{ slot: 15, epoch: 9, first: 1, cells: new Uint8Array(240).fill(7) }],
    }),
    encodeBatch({ ...WHOLE, matchId: 'x'.repeat(200) }),
    new Uint8Array(BATCH_BYTES_MAX + 1).fill(1, 0, 1),
  ],
  dictionary: [Uint8Array.of(0xc3, 0xa9), Uint8Array.of(0xff, 0xff, 0xff, 0x3f), Uint8Array.of(0x7f)],
  run(bytes) {
    const batch = decodeBatch(bytes);
    if (batch !== undefined) mustEqual(encodeBatch(batch), bytes, 'the batch has a second encoding');
  },
};

const SIGNED = { signature: new Uint8Array(64).fill(3), bytes: encodeBatch(WHOLE) };
const SMALL = { signature: new Uint8Array(64), bytes: Uint8Array.of(1) };
const ENTRY = { owner: 1, keyHint: new Uint8Array(8), sequence: 9, hash: new Uint8Array(32) };

const messageTarget: FuzzTarget = {
  name: 'signing-message',
  reachesAll: true,
  bytesMax: MESSAGE_BYTES_MAX,
  decoder: /^sdk\/src\/wire\/signing-messages\.ts:(?:decode|read)\w*$/,
  seeds: [
    encodeSigningMessage({
      kind: 'key',
      match: 1,
      nonce: nonce(1),
      echo: nonce(2),
      asks: true,
      key: new Uint8Array(32),
    }),
    encodeSigningMessage({
      kind: 'key',
      match: 1,
      nonce: nonce(1),
      echo: nonce(0),
      asks: false,
      key: undefined,
    }),
    encodeSigningMessage({ kind: 'batch', match: 1, signed: SIGNED }),
    encodeSigningMessage({ kind: 'shown', match: 1, signed: SMALL }),
    encodeSigningMessage({ kind: 'witness', match: 1, entries: [ENTRY, { ...ENTRY, owner: 4 }] }),
    encodeSigningMessage({ kind: 'proof', match: 1, proof: encodeProof(SMALL, SMALL) }),
    encodeSigningMessage({
      kind: 'batch',
      match: 1,
      signed: { ...SMALL, bytes: new Uint8Array(BATCH_BYTES_MAX + 1) },
    }),
  ],
  run(bytes) {
    const message = decodeSigningMessage(bytes);
    if (message === undefined) return;
    mustEqual(encodeSigningMessage(message), bytes, 'the message has a second encoding');
    const pair = message.kind === 'proof' ? decodeProof(message.proof) : undefined;
    if (message.kind === 'proof' && pair !== undefined)
      mustEqual(encodeProof(...pair), message.proof, 'the proof has a second encoding');
  },
};

/** The decoders of signing. */
export const SIGNING_TARGETS: readonly FuzzTarget[] = [batchTarget, messageTarget];
