/** Liars of other kinds, and others who must never be taken for liars. */

import { createInputSigner, type SigningSession } from 'rollmesh/signing';
import { decodeBatch, encodeBatch } from '../../../sdk/src/wire/signed-batch.js';
import {
  decodeSigningMessage,
  encodeSigningMessage,
  type SigningMessage,
} from '../../../sdk/src/wire/signing-messages.js';
import { type Signing, type SigningPacket, SigningStage, TwoFaces } from './signing-stage.js';

const seedsTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** `peerCount` peers that all sign. */
async function allSign(seed: number, peerCount: number): Promise<SigningStage> {
  const stage = new SigningStage({ seed, peerCount });
  for (let index = 0; index < peerCount; index += 1) await stage.add(index);
  return stage;
}

function named(stage: SigningStage): unknown[] {
  return stage.signings.flatMap(({ found }) => found);
}

function problems(stage: SigningStage): unknown[] {
  return stage.signings.flatMap(({ problems: told }) => told);
}

/** Rewrites messages of one kind. */
function change<K extends SigningMessage['kind']>(
  kind: K,
  from: number,
  how: (message: SigningMessage & { readonly kind: K }, to: number) => SigningMessage | undefined,
): (packet: SigningPacket) => readonly SigningPacket[] {
  return (packet) => {
    const message = packet.from === from ? decodeSigningMessage(packet.bytes) : undefined;
    if (message?.kind !== kind) return [packet];
    const changed = how(message as SigningMessage & { readonly kind: K }, packet.to);
    return changed === undefined ? [] : [{ ...packet, bytes: encodeSigningMessage(changed) }];
  };
}

test('honest peers sign, check and compare all that they play, and nobody is named: 40 seeds', async () => {
  for (const seed of seedsTo(40)) {
    const peerCount = 2 + (seed % 4);
    const stage = await allSign(seed, peerCount);
    await stage.run(4000);
    expect({ seed, named: named(stage), problems: problems(stage) }).toEqual({
      seed,
      named: [],
      problems: [],
    });
    for (const { index, signing } of stage.signings) {
      const { frameFinal } = stage.sessionOf(index);
      for (const { state, batchesVerified, frameCompared, refused } of signing.status().peers) {
        expect({ state, refused }).toEqual({ state: 'signed', refused: 0 });
        expect(batchesVerified).toBeGreaterThanOrEqual(3);
        expect(frameCompared).toBeGreaterThan(frameFinal - 120);
      }
    }
  }
}, 60_000);

test('a peer that is late, substituted and back again signs on, and nobody minds: 20 seeds', async () => {
  for (const seed of seedsTo(20)) {
    const stage = await allSign(seed, 3 + (seed % 2));
    await stage.run(1500);
    stage.mesh.sleep(seed % 3, 700 + 50 * seed);
    await stage.run(6000);
    expect({ seed, named: named(stage), problems: problems(stage) }).toEqual({
      seed,
      named: [],
      problems: [],
    });
    expect(stage.mesh.peers[(seed + 1) % 3]?.heard('peer-returned')).toHaveLength(1);
    for (const { index, signing } of stage.signings) {
      for (const { frameCompared } of signing.status().peers)
        expect(frameCompared).toBeGreaterThan(stage.sessionOf(index).frameFinal - 150);
    }
  }
}, 60_000);

test('a liar whose chains do not even have one beginning is named too: 20 seeds', async () => {
  for (const seed of seedsTo(20)) {
    const faces = new TwoFaces({ seed, liar: 0, isVictim: (peer) => peer === 1, peerCount: 3 });
    const stage = new SigningStage({ seed, peerCount: 3, mesh: { intercept: faces.rewrite } });
    const honest = [await stage.add(1), await stage.add(2)];
    const signer = await createInputSigner();
    await stage.add(0, { signer, audience: (peer) => peer !== 1 });
    await stage.run(1200);
    // Its other face begins later: another number for everything.
    await stage.add(0, { signer, audience: (peer) => peer === 1, session: (it) => faces.claimed(it) });
    await stage.run(9000);
    for (const { found } of honest) expect(found.map(({ culprit }) => culprit)).toEqual(['a']);
  }
}, 60_000);

test('a liar whose numbers have nothing in common is convicted by the frames in its batches', async () => {
  const faces = new TwoFaces({ seed: 4, liar: 0, isVictim: (peer) => peer === 1, peerCount: 3 });
  const stage = new SigningStage({ seed: 4, peerCount: 3, mesh: { intercept: faces.rewrite } });
  const honest = [await stage.add(1), await stage.add(2)];
  const signer = await createInputSigner();
  await stage.add(0, { signer, audience: (peer) => peer !== 1 });
  await stage.add(0, { signer, audience: (peer) => peer === 1, session: (it) => faces.claimed(it) });
  // The chain for the victim is signed again under numbers that nobody else ever sees.
  const jobs: Promise<void>[] = [];
  let previous = new Uint8Array(32);
  let begin: number | undefined;
  stage.intercept = (packet) => {
    const message = decodeSigningMessage(packet.bytes);
    if (packet.from !== 0 || packet.to !== 1 || message?.kind !== 'batch') return [packet];
    const batch = decodeBatch(message.signed.bytes);
    if (batch === undefined) return [];
    const resign = async (): Promise<void> => {
      const { hashOfBatch, signedText } = await import('../../../sdk/src/signing/input-signer.js');
      const bytes = encodeBatch({ ...batch, sequence: batch.sequence + 500_000, previous });
      previous = new Uint8Array(await hashOfBatch(bytes));
      const signature = await signer.sign(signedText(bytes));
      stage.inject({ ...packet, bytes: encodeSigningMessage({ ...message, signed: { bytes, signature } }) });
    };
    // Each batch once, in order: what is sent again is in the chain already.
    begin ??= batch.sequence;
    if (begin + jobs.length === batch.sequence) jobs.push((jobs.at(-1) ?? Promise.resolve()).then(resign));
    return [];
  };
  for (let second = 0; second < 14; second += 1) {
    await stage.run(1000);
    await Promise.all(jobs);
  }
  for (const { found } of honest) {
    expect(found.map(({ culprit }) => culprit)).toEqual(['a']);
    expect(found[0]?.slot).toBe(0);
    expect(found[0]?.frame).toBeGreaterThan(120);
  }
}, 30_000);

test('who lies to a friend and signs the truth is found out by that friend, and named by nobody: 20 seeds', async () => {
  for (const seed of seedsTo(20)) {
    const faces = new TwoFaces({ seed, liar: 0, isVictim: (peer) => peer === 1, peerCount: 3 });
    const stage = new SigningStage({ seed, peerCount: 3, mesh: { intercept: faces.rewrite } });
    const [, victim, other] = [await stage.add(0), await stage.add(1), await stage.add(2)];
    await stage.run(6000);
    expect(named(stage)).toEqual([]);
    expect(victim.problems).toMatchObject([{ peer: 'a', problem: 'differs', slot: 0 }]);
    expect(victim.problems[0]?.frame).toBeGreaterThan(120);
    expect(other.problems).toEqual([]);
  }
}, 60_000);

test('who signs nothing at all, or leaves frames out, is told of, not named', async () => {
  const silent = new SigningStage({ seed: 3, peerCount: 3, intercept: change('batch', 0, () => undefined) });
  for (let index = 0; index < 3; index += 1) await silent.add(index);
  await silent.run(13_000);
  const holes = new SigningStage({ seed: 3, peerCount: 3 });
  const hiding = (session: SigningSession): SigningSession => ({
    slotCount: session.slotCount,
    cellBytes: session.cellBytes,
    peers: session.peers,
    get frameFinal() {
      return session.frameFinal;
    },
    // Frames 150 to 155 are never shown to its signer.
    inputSpan: (slot, first, countMax) =>
      slot !== 0
        ? session.inputSpan(slot, first, countMax)
        : first < 150
          ? session.inputSpan(slot, first, Math.min(countMax, 150 - first))
          : session.inputSpan(slot, Math.max(first, 156), countMax),
  });
  await holes.add(0, { session: hiding });
  for (const index of [1, 2]) await holes.add(index);
  await holes.run(5000);
  for (const stage of [silent, holes]) {
    expect(named(stage)).toEqual([]);
    for (const { index, problems: told } of stage.signings)
      expect(told.map(({ peer, problem }) => [peer, problem])).toEqual(index === 0 ? [] : [['a', 'missing']]);
  }
  expect(holes.signings[1]?.problems[0]).toMatchObject({ slot: 0, frame: 150 });
});

test('a page that cannot sign says so, and the others sign on', async () => {
  const stage = new SigningStage({ seed: 8, peerCount: 3 });
  await stage.add(0, { signer: 'none' });
  const signing = [await stage.add(1), await stage.add(2)];
  await stage.run(13_000);
  expect(named(stage)).toEqual([]);
  expect(problems(stage)).toEqual([
    { peer: 'a', problem: 'unsigned' },
    { peer: 'a', problem: 'unsigned' },
  ]);
  for (const { signing: it } of signing) {
    expect(
      it
        .status()
        .peers.map(({ state }) => state)
        .sort(),
    ).toEqual(['signed', 'unsigned']);
    expect(it.status().peers.find(({ state }) => state === 'signed')?.batchesVerified).toBeGreaterThan(10);
  }
});

test('a peer that shows two keys is told of by both, and neither of the two who differ is named', async () => {
  const stage = new SigningStage({ seed: 9, peerCount: 3 });
  const [one, two] = [await stage.add(1), await stage.add(2)];
  await stage.add(0, { audience: (peer) => peer === 1 });
  await stage.add(0, { audience: (peer) => peer === 2 });
  await stage.run(9000);
  expect(named(stage)).toEqual([]);
  expect(one.problems).toContainEqual({ peer: 'a', problem: 'key-differs', by: 'c' });
  expect(two.problems).toContainEqual({ peer: 'a', problem: 'key-differs', by: 'b' });
});

test('a relayer that shows a third peer batches of its own making, or claims hashes that never were, blames nobody', async () => {
  const stage = await allSign(10, 3);
  const forger = await createInputSigner();
  const { signedText } = await import('../../../sdk/src/signing/input-signer.js');
  await stage.run(2500);
  const witness = change('witness', 1, (message, to) => {
    const entries = message.entries.map((entry) =>
      entry.owner === 0 && to === 2 ? { ...entry, hash: entry.hash.map((byte) => byte ^ 1) } : entry,
    );
    return { ...message, entries };
  });
  let kept: SigningPacket | undefined;
  stage.intercept = (packet) => {
    if (packet.from === 0 && packet.to === 1 && packet.bytes[0] === 0xa1) kept = packet;
    return witness(packet);
  };
  await stage.run(2000);
  const message = decodeSigningMessage(kept?.bytes ?? new Uint8Array(0));
  const signed = message?.kind === 'batch' ? message.signed : undefined;
  const batch = decodeBatch(signed?.bytes ?? new Uint8Array(0));
  if (signed === undefined || batch === undefined || message?.kind !== 'batch')
    throw new Error('no batch was sent');
  const lie = batch.spans.map((span) => ({ ...span, cells: span.cells.map((byte) => byte ^ 0x55) }));
  const lies = [
    // The owner's key with a signature by another, with its own old signature, and another key in the owner's name.
    { bytes: encodeBatch({ ...batch, spans: lie }), signature: new Uint8Array(64) },
    { bytes: encodeBatch({ ...batch, spans: lie }), signature: signed.signature },
    { bytes: encodeBatch({ ...batch, spans: lie, key: forger.publicKey }), signature: new Uint8Array(64) },
  ];
  for (const entry of lies.slice(0, 1)) entry.signature = await forger.sign(signedText(entry.bytes));
  for (const entry of lies.slice(2)) entry.signature = await forger.sign(signedText(entry.bytes));
  for (const entry of lies) {
    for (const kind of ['shown', 'batch'] as const)
      stage.inject({
        from: 1,
        to: 2,
        bytes: encodeSigningMessage({ kind, match: message.match, signed: entry }),
      });
  }
  await stage.run(3000);
  expect(named(stage)).toEqual([]);
  expect(stage.signings[0]?.problems).toEqual([]);
  // Of the relayer it is known that it sent what is not its own.
  expect(stage.signings[2]?.problems).toEqual([{ peer: 'b', problem: 'bad-batch' }]);
  expect(stage.signings[2]?.signing.status().peers[1]?.refused).toBe(6);
});

test('inputs that a relayer changed differ from what their owner signed, and the owner is not named', async () => {
  // What peer 2 plays in slot 0 came through somebody who changed one input.
  const misled = new SigningStage({ seed: 11, peerCount: 3 });
  for (const index of [0, 1]) await misled.add(index);
  const victim = await misled.add(2, {
    session: (it) => ({
      slotCount: it.slotCount,
      cellBytes: it.cellBytes,
      peers: it.peers,
      get frameFinal() {
        return it.frameFinal;
      },
      inputSpan: (slot, first, countMax) => {
        const span = it.inputSpan(slot, first, countMax);
        if (span === undefined || slot !== 0) return span;
        return { ...span, cells: span.cells.map((byte, at) => (span.first + at === 260 ? byte ^ 1 : byte)) };
      },
    }),
  });
  await misled.run(7000);
  expect(named(misled)).toEqual([]);
  expect(victim.problems).toEqual([{ peer: 'a', problem: 'differs', slot: 0, frame: 260 }]);
});

/** Peers of a stage without one. */
function others(stage: SigningStage, index: number): Signing[] {
  return stage.signings.filter((entry) => entry.index !== index);
}

test('what is lost on the way is sent again, and a broken link is bridged by who has the batches', async () => {
  const stage = await allSign(12, 4);
  await stage.run(2500);
  // Nothing of peer 0 reaches peer 3 any more, and every second message is lost for two seconds.
  let count = 0;
  const isBroken = ({ from, to }: SigningPacket): boolean => from === 0 && to === 3;
  stage.intercept = (packet) => {
    count += 1;
    return isBroken(packet) || count % 2 === 0 ? [] : [packet];
  };
  await stage.run(2000);
  stage.intercept = (packet) => (isBroken(packet) ? [] : [packet]);
  await stage.run(9000);
  expect(named(stage)).toEqual([]);
  expect(problems(stage)).toEqual([]);
  for (const { index, signing } of others(stage, 0)) {
    const { frameFinal } = stage.sessionOf(index);
    const [first] = signing.status().peers;
    expect(first?.peer).toBe('a');
    expect(first?.frameCompared).toBeGreaterThan(frameFinal - (index === 3 ? 420 : 150));
  }
});
