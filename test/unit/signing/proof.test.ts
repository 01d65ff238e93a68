/** What a proof is worth to somebody who was not there, and what is refused of what peers send. */
import { SdkError } from 'rollmesh';
import { createInputSigner, type InputSigner, verifyEquivocation } from 'rollmesh/signing';
import { BATCHES_KEPT } from '../../../sdk/src/base/limits.js';
import { contradiction } from '../../../sdk/src/signing/equivocation.js';
import { hashOfBatch, isWeakKey, signedText, verifyBatch } from '../../../sdk/src/signing/input-signer.js';
import { decodeBatch, encodeBatch, type InputBatch } from '../../../sdk/src/wire/signed-batch.js';
import {
  decodeSigningMessage,
  encodeProof,
  encodeSigningMessage,
  type SignedBytes,
} from '../../../sdk/src/wire/signing-messages.js';
import { SigningStage } from './signing-stage.js';

const cells = (...values: number[]): Uint8Array => Uint8Array.from(values);

function batchOf(signer: InputSigner, about: Partial<InputBatch> = {}): InputBatch {
  return {
    matchId: 'match',
    peer: 'a',
    key: signer.publicKey,
    sequence: 3,
    previous: new Uint8Array(32).fill(9),
    nonces: [],
    cellBytes: 1,
    spans: [{ slot: 0, epoch: 0, first: 61, cells: cells(1, 1, 2, 2) }],
    ...about,
  };
}

async function sign(signer: InputSigner, batch: InputBatch): Promise<SignedBytes> {
  const bytes = encodeBatch(batch);
  return { bytes, signature: await signer.sign(signedText(bytes)) };
}

test('a proof is checked with the key alone, and every flipped bit of it spoils it', async () => {
  const signer = await createInputSigner();
  const proof = encodeProof(
    await sign(signer, batchOf(signer)),
    await sign(signer, batchOf(signer, { spans: [{ slot: 0, epoch: 0, first: 63, cells: cells(2, 3) }] })),
  );
  const verdict = {
    ok: true,
    culprit: 'a',
    matchId: 'match',
    slot: 0,
    frame: 64,
    publicKey: signer.publicKey,
  };
  expect(await verifyEquivocation(proof)).toEqual(verdict);
  expect(await verifyEquivocation(proof, signer.publicKey)).toEqual(verdict);
  const other = await createInputSigner();
  expect(await verifyEquivocation(proof, other.publicKey)).toEqual({ ok: false, reason: 'other-key' });
  for (let bit = 0; bit < proof.length * 8; bit += 1) {
    const tampered = proof.slice();
    tampered[bit >> 3] = (tampered[bit >> 3] as number) ^ (1 << (bit & 7));
    expect((await verifyEquivocation(tampered, signer.publicKey)).ok).toBe(false);
  }
  for (let length = 0; length < proof.length; length += 1)
    expect(await verifyEquivocation(proof.slice(0, length))).toEqual({ ok: false, reason: 'malformed' });
});

test('what does not contradict proves nothing', async () => {
  const signer = await createInputSigner();
  const span = { slot: 0, epoch: 0, first: 61, cells: cells(1, 1, 2, 2) };
  const first = batchOf(signer);
  const harmless: Partial<InputBatch>[] = [
    {},
    { sequence: 4 },
    { sequence: 4, spans: [{ ...span, first: 65, cells: cells(7) }] },
    { sequence: 4, spans: [{ ...span, epoch: 1, cells: cells(7) }] },
    { sequence: 4, spans: [{ ...span, slot: 1, cells: cells(7) }] },
    { matchId: 'other', spans: [{ ...span, cells: cells(7) }] },
    { peer: 'b', spans: [{ ...span, cells: cells(7) }] },
  ];
  for (const about of harmless) {
    const proof = encodeProof(await sign(signer, first), await sign(signer, batchOf(signer, about)));
    expect(await verifyEquivocation(proof)).toEqual({ ok: false, reason: 'no-contradiction' });
  }
  const other = await createInputSigner();
  expect(contradiction(first, batchOf(other, { spans: [{ ...span, cells: cells(7) }] }))).toBeUndefined();
  // One number for two batches is a contradiction by itself.
  expect(contradiction(first, batchOf(signer, { previous: new Uint8Array(32) }))).toEqual({
    slot: -1,
    frame: 0,
  });
  expect(contradiction(first, batchOf(signer, { cellBytes: 2 }))).toEqual({ slot: -1, frame: 0 });
});

test('a key of small order, for which anybody can make signatures, convicts nobody', async () => {
  const hex = (text: string): Uint8Array =>
    Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  const weak = [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    `01${'00'.repeat(30)}80`,
    `ecff${'ff'.repeat(29)}7f`,
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  ].map(hex);
  for (const key of weak) {
    expect(isWeakKey(key)).toBe(true);
    expect(await verifyBatch(key, new Uint8Array(64), cells(1))).toBe(false);
    const sign0 = (about: Partial<InputBatch>): SignedBytes => ({
      bytes: encodeBatch({ ...batchOf({ publicKey: key, sign: async (bytes) => bytes }), ...about }),
      signature: new Uint8Array([...key, ...new Uint8Array(32)]),
    });
    const verdict = await verifyEquivocation(encodeProof(sign0({}), sign0({ previous: new Uint8Array(32) })));
    expect(verdict).toEqual({ ok: false, reason: 'bad-signature' });
  }
  expect(isWeakKey((await createInputSigner()).publicKey)).toBe(false);
  expect(await verifyBatch(new Uint8Array(32).fill(2), new Uint8Array(64), cells(1))).toBe(false);
});

test('a signature is for its domain: the bare batch, signed, is no signed batch', async () => {
  const signer = await createInputSigner();
  const bytes = encodeBatch(batchOf(signer));
  expect(await verifyBatch(signer.publicKey, await signer.sign(signedText(bytes)), bytes)).toBe(true);
  expect(await verifyBatch(signer.publicKey, await signer.sign(bytes), bytes)).toBe(false);
  expect(await hashOfBatch(bytes)).not.toEqual(
    await hashOfBatch(encodeBatch(batchOf(signer, { sequence: 4 }))),
  );
});

test('without a secure context there is no signer, and the message says what to do', async () => {
  const { crypto } = globalThis;
  const withSubtle = (subtle: unknown): void => {
    Object.defineProperty(globalThis, 'crypto', { value: { subtle }, configurable: true });
  };
  const refusal = async (): Promise<unknown> => createInputSigner().catch((error: unknown) => error);
  try {
    withSubtle(undefined);
    const insecure = await refusal();
    withSubtle({ generateKey: () => Promise.reject(new Error('NotSupportedError')) });
    const old = await refusal();
    for (const error of [insecure, old]) {
      expect(error).toBeInstanceOf(SdkError);
      expect((error as SdkError).code).toBe('unsupported-browser');
    }
    expect((insecure as SdkError).message).toContain('https');
  } finally {
    Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true });
  }
});

/** Three peers that have signed for some seconds, and a signer for tests' own messages of peer 'a' (index 0). */
async function playing(): Promise<{ readonly stage: SigningStage; readonly signer: InputSigner }> {
  const stage = new SigningStage({ seed: 21, peerCount: 3 });
  const signer = await createInputSigner();
  await stage.add(0, { signer });
  await stage.add(1);
  await stage.add(2);
  await stage.run(3500);
  return { stage, signer };
}

test('batches of another match, of other members, out of order or of frames to come are refused', async () => {
  const { stage, signer } = await playing();
  const sent: SignedBytes[] = [];
  stage.intercept = (packet) => {
    const message = decodeSigningMessage(packet.bytes);
    if (packet.from !== 0 || packet.to !== 1 || message?.kind !== 'batch') return [packet];
    sent.push(message.signed);
    // From here on peer 1 gets what the test sends instead.
    return [];
  };
  await stage.run(1500);
  const next = decodeBatch(sent[0]?.bytes ?? cells()) as InputBatch;
  const status = () => stage.signings[1]?.signing.status().peers[0];
  const verified = status()?.batchesVerified;
  const match = decodeSigningMessage(
    encodeSigningMessage({ kind: 'batch', match: 0, signed: sent[0] as SignedBytes }),
  )?.match;
  expect(match).toBe(0);
  let messageMatch = 0;
  stage.intercept = (packet) => {
    messageMatch = decodeSigningMessage(packet.bytes)?.match ?? messageMatch;
    return packet.from === 0 && packet.to === 1 && packet.bytes[0] === 0xa1 ? [] : [packet];
  };
  await stage.run(500);
  const refusedBefore = status()?.refused as number;
  const wrong: Partial<InputBatch>[] = [
    { matchId: 'other' },
    { peer: 'c' },
    { cellBytes: 2, spans: [] },
    { previous: new Uint8Array(32) },
    { spans: [{ slot: 0, epoch: 0, first: 1, cells: cells(0) }] },
    { spans: [{ slot: 0, epoch: 0, first: 100_000, cells: cells(0) }] },
  ];
  for (const about of wrong) {
    const signed = await sign(signer, { ...next, ...about });
    stage.inject({
      from: 0,
      to: 1,
      bytes: encodeSigningMessage({ kind: 'batch', match: messageMatch, signed }),
    });
  }
  // A gap is no offence: what lies between is sent again.
  const later = await sign(signer, { ...next, sequence: next.sequence + 2 });
  stage.inject({
    from: 0,
    to: 1,
    bytes: encodeSigningMessage({ kind: 'batch', match: messageMatch, signed: later }),
  });
  // Of the match before, in the same room.
  stage.inject({
    from: 0,
    to: 1,
    bytes: encodeSigningMessage({ kind: 'batch', match: 12_345, signed: later }),
  });
  await stage.run(300);
  expect(status()?.batchesVerified).toBe(verified);
  expect(status()?.refused).toBe(refusedBefore + wrong.length);
  expect(stage.signings[1]?.problems.map(({ problem }) => problem)).toEqual(['bad-batch']);
  // The right one is still welcome.
  stage.inject({
    from: 0,
    to: 1,
    bytes: encodeSigningMessage({ kind: 'batch', match: messageMatch, signed: sent[0] as SignedBytes }),
  });
  await stage.run(300);
  expect(status()?.batchesVerified).toBe((verified as number) + 1);
  expect(stage.signings.flatMap(({ found }) => found)).toEqual([]);
});

test('a batch signed for members of another time is not the beginning of a chain', async () => {
  const { stage, signer } = await playing();
  // Peer 1 begins anew, as after a rejoin: what was signed before it drew its new nonce is no beginning.
  stage.signings[1]?.signing.restart();
  let match = 0;
  stage.intercept = (packet) => {
    match = decodeSigningMessage(packet.bytes)?.match ?? match;
    return packet.from === 0 && packet.to === 1 && packet.bytes[0] === 0xa1 ? [] : [packet];
  };
  await stage.run(1500);
  const before = stage.signings[1]?.signing.status().peers[0]?.batchesVerified;
  const greeting = batchOf(signer, {
    sequence: 400,
    nonces: [{ peer: 'b', nonce: new Uint8Array(16).fill(7) }],
    spans: [{ slot: 0, epoch: 0, first: 400, cells: cells(0) }],
  });
  const signed = await sign(signer, greeting);
  stage.inject({ from: 0, to: 1, bytes: encodeSigningMessage({ kind: 'batch', match, signed }) });
  await stage.run(300);
  expect(stage.signings[1]?.signing.status().peers[0]?.batchesVerified).toBe(before);
  // The real one, with the new nonce, is.
  stage.intercept = undefined;
  await stage.run(4000);
  expect(stage.signings[1]?.signing.status().peers[0]?.batchesVerified).toBeGreaterThan(before as number);
  expect(stage.signings.flatMap(({ found, problems }) => [...found, ...problems])).toEqual([]);
});

test('a proof convicts only with the key that its owner showed, and is told to everybody', async () => {
  const { stage, signer } = await playing();
  const forger = await createInputSigner();
  const match = await matchOf(stage);
  const proofBy = async (by: InputSigner): Promise<Uint8Array> =>
    encodeProof(await sign(by, batchOf(by)), await sign(by, batchOf(by, { previous: new Uint8Array(32) })));
  const forged = await proofBy(forger);
  stage.inject({ from: 1, to: 2, bytes: encodeSigningMessage({ kind: 'proof', match, proof: forged }) });
  await stage.run(500);
  expect(stage.signings.flatMap(({ found }) => found)).toEqual([]);
  expect(stage.signings[2]?.signing.status().peers[1]?.refused).toBe(1);
  // Its own key really signed two: everybody hears of it from the one who was told.
  const proof = await proofBy(signer);
  stage.inject({ from: 1, to: 2, bytes: encodeSigningMessage({ kind: 'proof', match, proof }) });
  await stage.run(1000);
  for (const index of [1, 2])
    expect(stage.signings[index]?.found).toEqual([{ culprit: 'a', proof, slot: -1, frame: 0 }]);
});

async function matchOf(stage: SigningStage): Promise<number> {
  let match = 0;
  stage.intercept = (packet) => {
    match = decodeSigningMessage(packet.bytes)?.match ?? match;
    return [packet];
  };
  await stage.run(1200);
  stage.intercept = undefined;
  return match;
}

test('a key counts until its peer has left; a reloaded page has another, and the old one still proves something', async () => {
  const { stage, signer } = await playing();
  const match = await matchOf(stage);
  const key = async (by: InputSigner): Promise<void> => {
    const nonce = new Uint8Array(16).fill(3);
    const message = { kind: 'key', match, nonce, echo: nonce, asks: false, key: by.publicKey } as const;
    stage.inject({ from: 0, to: 1, bytes: encodeSigningMessage(message) });
    await stage.run(200);
  };
  const heard = stage.signings[1];
  const reloaded = await createInputSigner();
  await key(reloaded);
  expect(heard?.problems).toEqual([{ peer: 'a', problem: 'key-changed' }]);
  expect(heard?.signing.status().peers[0]?.publicKey).toEqual(signer.publicKey);
  heard?.signing.peerLeft('a');
  await key(reloaded);
  expect(heard?.signing.status().peers[0]?.publicKey).toEqual(reloaded.publicKey);
  const proof = encodeProof(
    await sign(signer, batchOf(signer)),
    await sign(signer, batchOf(signer, { previous: new Uint8Array(32) })),
  );
  stage.inject({ from: 2, to: 1, bytes: encodeSigningMessage({ kind: 'proof', match, proof }) });
  await stage.run(200);
  expect(heard?.found).toMatchObject([{ culprit: 'a' }]);
});

test("a key that is not its peer's, where ids are made from keys, is refused, and so is one for which anybody can sign", async () => {
  const stage = new SigningStage({ seed: 22, peerCount: 3 });
  const keys = new Map<string, Uint8Array>();
  for (const [index, peer] of ['a', 'b', 'c'].entries()) {
    const signer = await createInputSigner();
    keys.set(peer, signer.publicKey);
    await stage.add(index, { signer, isKeyOf: async (whose, key) => whose !== 'a' && key.length === 32 });
  }
  const weak = new Uint8Array(32);
  stage.intercept = (packet) => {
    const message = decodeSigningMessage(packet.bytes);
    if (packet.from !== 1 || message?.kind !== 'key') return [packet];
    return [{ ...packet, bytes: encodeSigningMessage({ ...message, key: weak }) }];
  };
  await stage.run(2500);
  const heard = stage.signings[2]?.signing
    .status()
    .peers.map(({ peer, state, refused }) => [peer, state, refused > 0]);
  expect(heard).toEqual([
    ['a', 'waiting', true],
    ['b', 'waiting', true],
  ]);
  expect(stage.signings[0]?.signing.status().peers[1]).toMatchObject({
    state: 'signed',
    publicKey: keys.get('c'),
  });
});

test('a flood is not looked at, and noise is counted', async () => {
  const { stage } = await playing();
  const status = () => stage.signings[1]?.signing.status().peers[0];
  for (let count = 0; count < 5000; count += 1)
    stage.inject({ from: 0, to: 1, bytes: Uint8Array.of(0xa1, 1, 2, 3, count & 0xff) });
  await stage.run(100);
  expect(status()?.refused).toBeGreaterThan(100);
  expect(status()?.refused).toBeLessThan(300);
  stage.signings[1]?.signing.receive('nobody', Uint8Array.of(0xa0), stage.mesh.nowMs);
  stage.signings[1]?.signing.receive('a', new Uint8Array(0), stage.mesh.nowMs);
  await stage.run(5000);
  expect(stage.signings.flatMap(({ found }) => found)).toEqual([]);
  expect(BATCHES_KEPT).toBeGreaterThan(30);
});
