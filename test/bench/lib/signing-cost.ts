/** What signing costs where this runs: in Node, or in a page. */
import {
  createInputSigner,
  hashOfBatch,
  signedText,
  verifyBatch,
} from '../../../sdk/src/signing/input-signer.js';
import { decodeBatch, encodeBatch } from '../../../sdk/src/wire/signed-batch.js';

/** Medians in microseconds, and the bytes of one batch with its signature. */
export interface SigningCost {
  readonly signUs: number;
  readonly verifyUs: number;
  readonly batchBytes: number;
}

const ROUNDS = 400;

async function median(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const started = performance.now();
    // Ten at a time: the clock of a page is coarse.
    for (let count = 0; count < 10; count += 1) await run();
    times.push((performance.now() - started) * 100);
  }
  return times.sort((left, right) => left - right)[ROUNDS >> 1] as number;
}

/** Encodes, hashes and signs a batch of 60 frames of one-byte inputs; decodes, hashes and verifies it. */
export async function signingCost(): Promise<SigningCost> {
  const signer = await createInputSigner();
  const cells = Uint8Array.from({ length: 60 }, (_, frame) => Math.floor(frame / 7) % 5);
  const batch = {
    ...{ matchId: 'a'.repeat(26), peer: 'b'.repeat(26), key: signer.publicKey, sequence: 9 },
    ...{ previous: new Uint8Array(32), nonces: [], cellBytes: 1 },
    spans: [{ slot: 0, epoch: 0, first: 601, cells }],
  };
  const bytes = encodeBatch(batch);
  const signature = await signer.sign(signedText(bytes));
  const signUs = await median(async () => {
    const encoded = encodeBatch(batch);
    await hashOfBatch(encoded);
    await signer.sign(signedText(encoded));
  });
  const verifyUs = await median(async () => {
    decodeBatch(bytes);
    await hashOfBatch(bytes);
    if (!(await verifyBatch(signer.publicKey, signature, bytes))) throw new Error('the signature is wrong');
  });
  return { signUs, verifyUs, batchBytes: bytes.length + 69 };
}
