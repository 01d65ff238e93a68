/** Peers that say one thing to one and another to another, in real sessions, with real signatures. */
import { createInputSigner, verifyEquivocation } from 'rollmesh/signing';
import { type Signing, SigningStage, TwoFaces } from './signing-stage.js';

const SEEDS = Array.from({ length: 200 }, (_, index) => index + 1);

/** Three to five peers of whom one has two faces. */
async function twoFaced(
  seed: number,
  signsBoth: boolean,
): Promise<{ stage: SigningStage; liar: number; honest: Signing[] }> {
  const peerCount = 3 + (seed % 3);
  const liar = seed % peerCount;
  const isVictim = (peer: number): boolean => (peer + seed) % 2 === 1 || peer === (liar + 1) % peerCount;
  const victims = Array.from({ length: peerCount }, (_, peer) => peer).filter(
    (peer) => peer !== liar && isVictim(peer),
  );
  // Somebody is told the truth.
  const told = victims.length === peerCount - 1 ? (liar + 2) % peerCount : -1;
  const isLiedTo = (peer: number): boolean => isVictim(peer) && peer !== told;
  const faces = new TwoFaces({ seed, liar, isVictim: isLiedTo, peerCount });
  const stage = new SigningStage({ seed, peerCount, mesh: { intercept: faces.rewrite } });
  const honest: Signing[] = [];
  for (let index = 0; index < peerCount; index += 1) if (index !== liar) honest.push(await stage.add(index));
  if (signsBoth) {
    const signer = await createInputSigner();
    await stage.add(liar, { signer, audience: (peer) => !isLiedTo(peer) });
    await stage.add(liar, { signer, audience: isLiedTo, session: (session) => faces.claimed(session) });
  } else await stage.add(liar);
  return { stage, liar, honest };
}

test('a peer that signs two truths is named by every honest peer, with a proof for anybody: 200 seeds', async () => {
  for (const seed of SEEDS) {
    const { stage, liar, honest } = await twoFaced(seed, true);
    for (let halves = 0; halves < 14 && honest.some(({ found }) => found.length === 0); halves += 1)
      await stage.run(500);
    // Nobody is named twice, and nobody else.
    await stage.run(1000);
    const culprit = stage.mesh.peers[liar]?.id;
    for (const { signing, found, index } of honest) {
      expect({ seed, index, named: found.map((event) => event.culprit) }).toEqual({
        seed,
        index,
        named: [culprit],
      });
      const [{ proof, slot, frame }] = found as [(typeof found)[0]];
      const key = signing.status().peers.find(({ peer }) => peer === culprit)?.publicKey;
      expect(await verifyEquivocation(proof, key)).toMatchObject({
        ok: true,
        culprit,
        matchId: 'match',
        slot,
        frame,
      });
      expect({ slot, isLie: frame > 120 }).toEqual({ slot: liar, isLie: true });
    }
  }
}, 300_000);
