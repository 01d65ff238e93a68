/** docs/wire-signing.md against the code: its examples, its numbers. */
import { readFileSync } from 'node:fs';
import * as limits from '../../../sdk/src/base/limits.js';
import { decodeBatch, encodeBatch } from '../../../sdk/src/wire/signed-batch.js';
import {
  decodeSigningMessage,
  encodeSigningMessage,
  KIND_BATCH,
  KIND_KEY,
  KIND_PROOF,
  KIND_SHOWN,
  KIND_WITNESS,
} from '../../../sdk/src/wire/signing-messages.js';

const page = readFileSync(new URL('../../../docs/wire-signing.md', import.meta.url), 'utf8');

function example(kind: string): Uint8Array {
  const block = new RegExp(`<!-- example: ${kind} -->\\n\`\`\`\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '';
  const bytes = block
    .split('\n')
    .flatMap((line) => (/^(?:[0-9a-f]{2}(?: |$))*/.exec(line)?.[0] ?? '').match(/[0-9a-f]{2}/g) ?? []);
  return Uint8Array.from(bytes, (hex) => Number.parseInt(hex, 16));
}

const run = (from: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => from + index);
const key = run(0x40, 32);
const match = 0xbfaf73c8;

test('the examples say what their remarks say, and are the only encoding of it', () => {
  const keyMessage = {
    kind: 'key',
    match,
    nonce: run(0, 16),
    echo: new Uint8Array(16),
    asks: true,
    key,
  } as const;
  expect(decodeSigningMessage(example('key'))).toEqual(keyMessage);
  expect(encodeSigningMessage(keyMessage)).toEqual(example('key'));
  const entries = [{ owner: 0, keyHint: run(0x40, 8), sequence: 0, hash: run(0x60, 32) }];
  expect(decodeSigningMessage(example('witness'))).toEqual({ kind: 'witness', match, entries });
  expect(encodeSigningMessage({ kind: 'witness', match, entries })).toEqual(example('witness'));
  const batch = {
    ...{ matchId: 'm1', peer: 'ada', key, sequence: 0, previous: new Uint8Array(32), cellBytes: 1 },
    nonces: [{ peer: 'bob', nonce: run(0x20, 16) }],
    spans: [{ slot: 0, epoch: 0, first: 1, cells: Uint8Array.of(0, 0, 4, 4, 6, 6, 6, 6, 6, 0) }],
  };
  expect(decodeBatch(example('batch'))).toEqual(batch);
  expect(encodeBatch(batch)).toEqual(example('batch'));
});

test('kinds and bounds are those of the document', () => {
  const kinds = [KIND_KEY, KIND_BATCH, KIND_WITNESS, KIND_SHOWN, KIND_PROOF].map(
    (kind) => `0x${kind.toString(16)}`,
  );
  expect([...page.matchAll(/^\| (0xa\d) \|/gm)].map(([, kind]) => kind)).toEqual(kinds);
  expect(limits).toMatchObject({
    ...{ BATCH_BYTES_MAX: 7900, BATCH_FRAMES_MAX: 240, BATCH_SPANS_MAX: 32 },
    ...{ SIGNING_MESSAGES_PER_SECOND: 40, SIGNING_MESSAGES_BURST: 200 },
    ...{ BATCHES_KEPT: 64, BATCH_HASHES_KEPT: 256 },
  });
  for (const number of ['7,900', '1 to 240', 'at most 32', 'At most 40', 'burst of 200'])
    expect(page).toContain(number);
  // Two batches, two signatures, the head of a proof and of its message.
  expect(2 * (limits.BATCH_BYTES_MAX + 66) + 9).toBeLessThanOrEqual(limits.MESSAGE_BYTES_MAX);
});
