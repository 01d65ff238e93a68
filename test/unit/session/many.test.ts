/** Many players on rough paths: nobody waits. The rule that waits for what everybody says of everybody stalls 737 times a minute here. */
import { VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from './chain-game.js';

test.each([
  [4, 50, 10, 0.05],
  [8, 50, 10, 0.01],
  [16, 50, 20, 0.03],
])(
  '%i players, %i +- %i ms one way, loss %d: no stall in 20 s, and nobody is called late',
  (peerCount, oneWayMs, jitterMs, loss) => {
    const mesh = new VirtualMesh<ChainState, ChainInput>({
      seed: peerCount,
      peerCount,
      game: chainGame({ playersMax: 16 }),
      readInput: changing(0.1),
      conditions: { oneWayMs, jitterMs, loss },
    });
    mesh.start();
    mesh.run(3000);
    const before = mesh.peers.map(({ session }) => [session.stats().stalls, session.frameCurrent] as const);
    mesh.run(20_000);
    for (const [index, it] of mesh.peers.entries()) {
      const [stalls, frame] = before[index] as readonly [number, number];
      expect(it.session.stats().stalls - stalls).toBe(0);
      expect(it.session.frameCurrent - frame).toBeGreaterThan(20 * 59.5);
      expect(it.heard('peer-late')).toEqual([]);
      expect(it.heard('peer-substituted')).toEqual([]);
    }
    expect(mesh.compareHashes().different).toEqual([]);
    expect(mesh.violations).toEqual([]);
  },
  60_000,
);
