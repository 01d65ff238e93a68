/** What peers say about signatures, as fuzz targets: nothing of it is guarded by a checksum. */
import { BATCH_BYTES_MAX, MESSAGE_BYTES_MAX } from '../../../sdk/src/base/limits.js';
import { contradiction } from '../../../sdk/src/signing/equivocation.js';
import { decodeBatch, encodeBatch, type InputBatch } from '../../../sdk/src/wire/signed-batch.js';
import {
  decodeProof,
  decodeSigningMessage,
  encodeProof,
  encodeSigningMessage,
} from '../../../sdk/src/wire/signing-messages.js';
import type { FuzzTarget } from './fuzzer.js';
import { must, mustEqual } from './wire-targets.js';

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

const proofOf = (...batches: [InputBatch, InputBatch]): Uint8Array => {
  const [first, second] = batches.map((batch) => ({ ...SIGNED, bytes: encodeBatch(batch) }));
  return encodeProof(first as typeof SIGNED, second as typeof SIGNED);
};
const spanOf = (first: number, ...cells: number[]): InputBatch['spans'][0] => ({
  ...{ slot: 1, epoch: 0, first },
  cells: Uint8Array.from(cells),
});
const TINY: InputBatch = { ...WHOLE, nonces: [], cellBytes: 1, spans: [spanOf(10, 1, 2, 3)] };

/** The input of `frame` that a batch claims for a slot; in which epoch, does not matter here. */
function claimed({ spans, cellBytes }: InputBatch, slot: number, frame: number): Uint8Array[] {
  return spans
    .filter((span) => span.slot === slot && span.first <= frame)
    .map(({ first, cells }) => cells.slice((frame - first) * cellBytes, (frame - first + 1) * cellBytes))
    .filter(({ length }) => length > 0);
}

const proofTarget: FuzzTarget = {
  name: 'equivocation',
  reachesAll: true,
  bytesMax: MESSAGE_BYTES_MAX,
  decoder: /^sdk\/src\/signing\/equivocation\.ts:(?:contradiction|firstDifference|cellAt)$/,
  seeds: [
    proofOf(WHOLE, { ...WHOLE, sequence: 4 }),
    proofOf(WHOLE, { ...WHOLE, peer: 'bob' }),
    proofOf(WHOLE, { ...WHOLE, matchId: 'other' }),
    proofOf(WHOLE, { ...WHOLE, key: new Uint8Array(32).fill(8) }),
    proofOf(TINY, { ...TINY, sequence: 4, spans: [spanOf(12, 3, 4)] }),
    proofOf(TINY, { ...TINY, sequence: 4, spans: [spanOf(8, 9, 9, 1, 9, 9)] }),
    proofOf(TINY, { ...TINY, sequence: 4, spans: [{ ...spanOf(10, 9), epoch: 1 }] }),
    proofOf(TINY, { ...TINY, cellBytes: 3 }),
  ],
  run(bytes) {
    const [first, second] = decodeProof(bytes)?.map((signed) => decodeBatch(signed.bytes)) ?? [];
    if (first === undefined || second === undefined) return;
    const found = contradiction(first, second);
    const back = contradiction(second, first);
    must(
      (found === undefined) === (back === undefined),
      'one way round it proves something, the other way not',
    );
    for (const where of [found, back]) {
      if (where === undefined || where.slot < 0) continue;
      const { slot, frame } = where;
      const [left, right] = [claimed(first, slot, frame), claimed(second, slot, frame)];
      const differ = left.some((mine) => right.some((other) => Buffer.compare(mine, other) !== 0));
      must(differ, 'a frame is named on which both say the same');
    }
  },
};

/** The decoders of signing, and what is made of two batches that are said to contradict each other. */
export const SIGNING_TARGETS: readonly FuzzTarget[] = [batchTarget, messageTarget, proofTarget];
