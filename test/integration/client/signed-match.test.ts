/** Matches with signed inputs: real lobby server, real sessions, real signatures, packets by function calls. */
import { type MatchEvents, type Room, verifyEquivocation } from 'rollmesh';
import { createInputSigner, hashOfBatch, signedText } from '../../../sdk/src/signing/input-signer.js';
import { decodeBatch, encodeBatch } from '../../../sdk/src/wire/signed-batch.js';
import { decodeSigningMessage, encodeSigningMessage } from '../../../sdk/src/wire/signing-messages.js';
import { LobbyStage } from './lobby-stage.js';
import { tapGame } from './tap-game.js';
import { play, startTogether, type TapMatch } from './tap-match.js';
import { next, pause, until } from './waiting.js';

const stage = new LobbyStage();
beforeEach(() => stage.start({ graceMs: 500 }));
afterEach(() => stage.stop());

const gather = (...names: readonly string[]): Promise<Room[]> => stage.gather(...names);

function hear<K extends keyof MatchEvents>(matches: readonly TapMatch[], type: K): MatchEvents[K][][] {
  return matches.map((match) => {
    const events: MatchEvents[K][] = [];
    match.on(type, (event) => events.push(event));
    return events;
  });
}

const verified = (match: TapMatch): number[] =>
  match.signing.peers.map(({ batchesVerified }) => batchesVerified);

test('players of a match with signInputs check what all others sign, also one who comes later', async () => {
  const rooms = await gather('Ada', 'Bob', 'Cy');
  const matches = await startTogether(rooms, { signInputs: true });
  const problems = hear(matches, 'signature-problem');
  const changes = hear(matches, 'signing-changed');
  await until(() =>
    matches.every((match) => verified(match).length === 2 && verified(match).every((count) => count >= 2)),
  );
  for (const match of matches) {
    expect(match.session.signInputs).toBe(true);
    expect(match.signing.phase).toBe('on');
    expect(match.signing.batchesSigned).toBeGreaterThanOrEqual(2);
    for (const { state, refused, frameCompared, publicKey } of match.signing.peers) {
      expect({ state, refused, length: publicKey?.length }).toEqual({
        state: 'signed',
        refused: 0,
        length: 32,
      });
      expect(frameCompared).toBeGreaterThan(30);
    }
  }
  expect(matches[0]?.signing.peers[0]?.publicKey).toEqual(matches[1]?.signing.publicKey);
  const late = await (await (await stage.connect('Di')).join(rooms[0]?.code ?? '')).nextMatch(tapGame, play);
  await until(() => verified(late).length === 3 && verified(late).every((count) => count >= 1));
  const di = late.session.peers.indexOf(
    late.session.peers.find((peer) => !rooms.some(({ self }) => self === peer)) ?? '',
  );
  await until(() =>
    matches.every((match) =>
      match.signing.peers.some(
        ({ peer, batchesVerified }) => peer === match.session.peers[di] && batchesVerified >= 2,
      ),
    ),
  );
  expect(problems).toEqual([[], [], []]);
  for (const told of changes)
    expect(told.map(({ phase }) => phase).filter((phase) => phase === 'unavailable')).toEqual([]);
});

test('without the rule nothing is signed, and nothing of it is sent', async () => {
  const [a, b] = (await startTogether(await gather('Ada', 'Bob'), {})) as [TapMatch, TapMatch];
  await until(() => a.session.frameFinal > 90);
  for (const match of [a, b]) {
    expect(match.session.signInputs).toBe(false);
    expect(match.signing).toEqual({ phase: 'off', batchesSigned: 0, peers: [] });
    expect(match.session.stats().peers[0]?.malformed).toBe(0);
  }
});

test('on a page without a secure context signing is unavailable, visibly, and the match goes on', async () => {
  const { subtle } = crypto;
  const rooms = await gather('Ada', 'Bob');
  Object.defineProperty(crypto, 'subtle', { value: undefined, configurable: true });
  try {
    const matches = await startTogether(rooms, { signInputs: true });
    const changes = hear(matches, 'signing-changed');
    const problems = hear(matches, 'signature-problem');
    await until(() => matches.every((match) => match.signing.phase === 'unavailable'));
    await until(() => problems.every((told) => told.length > 0));
    expect(matches[0]?.signing.reason).toContain('https');
    expect(changes[0]?.at(-1)).toMatchObject({ phase: 'unavailable', reason: matches[0]?.signing.reason });
    expect(problems[0]).toEqual([{ type: 'signature-problem', peer: rooms[1]?.self, problem: 'unsigned' }]);
    const frame = matches[0]?.frameCurrent as number;
    await until(() => (matches[0]?.session.frameFinal as number) > frame + 60);
  } finally {
    Object.defineProperty(crypto, 'subtle', { value: subtle, configurable: true });
  }
});

/** Makes `liar` sign something else for `victim`: what its page sends is signed again on the way, in a chain for each. */
async function twoFaced(rooms: readonly Room[], liar: number, victim: number): Promise<void> {
  const mesh = stage.network.meshes.get(rooms[liar]?.self ?? '');
  const target = rooms[victim]?.self;
  if (mesh === undefined || target === undefined) throw new Error('no mesh');
  const signer = await createInputSigner();
  const send = mesh.send.bind(mesh);
  const chains = new Map<string, { previous: Uint8Array; head: number; last: Promise<void> }>();
  mesh.send = (peer, channel, bytes) => {
    const message = bytes[0] === 0xa0 || bytes[0] === 0xa1 ? decodeSigningMessage(bytes) : undefined;
    if (message?.kind === 'key')
      return send(peer, channel, encodeSigningMessage({ ...message, key: signer.publicKey }));
    const batch = message?.kind === 'batch' ? decodeBatch(message.signed.bytes) : undefined;
    if (batch === undefined || message?.kind !== 'batch') return send(peer, channel, bytes);
    const chain = chains.get(peer) ?? { previous: new Uint8Array(32), head: -1, last: Promise.resolve() };
    chains.set(peer, chain);
    if (batch.sequence <= chain.head) return true;
    chain.head = batch.sequence;
    chain.last = chain.last.then(async () => {
      const spans = batch.spans.map((span) => ({
        ...span,
        cells: peer === target ? span.cells.map((byte) => byte ^ 1) : span.cells,
      }));
      const own = encodeBatch({ ...batch, key: signer.publicKey, previous: chain.previous, spans });
      chain.previous = await hashOfBatch(own);
      const signed = { bytes: own, signature: await signer.sign(signedText(own)) };
      send(peer, channel, encodeSigningMessage({ ...message, signed }));
    });
    return true;
  };
}

test.each([true, 'remove'] as const)(
  'signInputs %s: who signs two things is named to all, with a proof; with remove the others go on without',
  async (rule) => {
    const rooms = await gather('Ada', 'Bob', 'Cy');
    await twoFaced(rooms, 2, 1);
    const matches = await startTogether(rooms, { signInputs: rule, lostAfterMs: 800 });
    const honest = matches.slice(0, 2) as [TapMatch, TapMatch];
    const named = honest.map((match) => next(match, 'equivocation'));
    const gone = honest.map((match) => next(match, 'peer-left'));
    const culprit = rooms[2]?.self;
    for (const [index, event] of (await Promise.all(named)).entries()) {
      expect(event).toMatchObject({ type: 'equivocation', culprit, sources: [culprit] });
      const key = honest[index]?.signing.peers.find(({ peer }) => peer === culprit)?.publicKey;
      expect(await verifyEquivocation(event.proof as Uint8Array, key)).toMatchObject({ ok: true, culprit });
    }
    if (rule === true) {
      await pause(1500);
      expect(honest.map(({ session }) => session.slots.slice(0, 3))).toEqual(
        Array(2).fill(Array(3).fill('active')),
      );
      return;
    }
    for (const event of await Promise.all(gone))
      expect(event).toMatchObject({ peer: culprit, reason: 'lost' });
    const frame = honest[0].session.frameFinal + 30;
    await until(() => honest.every(({ session }) => session.frameFinal > frame));
    expect(honest[0].session.stateHash(frame)).toBe(honest[1].session.stateHash(frame));
    expect(honest.map(({ session }) => session.slots[2])).toEqual(['vacant', 'vacant']);
  },
);
