/** A mesh of chain games in full play: where the tests of loss and leaving begin. */
import type { SessionOptions } from 'rollmesh/session';
import type { MeshPeer } from '../../support/mesh-peer.js';
import { type MeshOptions, VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from './chain-game.js';

/** The mesh, one of its members, and what a test may vary. */
export type Mesh = VirtualMesh<ChainState, ChainInput>;
export type Peer = MeshPeer<ChainState, ChainInput>;
export type Options = Partial<MeshOptions<ChainState, ChainInput>>;

/** A mesh that has played for a second and a half. */
export function running(
  options: Options = {},
  all: Partial<SessionOptions<ChainState, ChainInput>> = {},
): Mesh {
  const mesh: Mesh = new VirtualMesh({
    seed: 1,
    peerCount: 2,
    game: chainGame({ playersMax: 4 }),
    conditions: { oneWayMs: 50, jitterMs: 10, loss: 0.03 },
    readInput: changing(0.3),
    session: () => all,
    ...options,
  });
  mesh.start();
  mesh.run(1500);
  return mesh;
}

/** A member by index. */
export function peer(mesh: Mesh, index: number): Peer {
  return mesh.peers[index] as Peer;
}

/** A member leaves now. */
export function leave(mesh: Mesh, index: number): void {
  peer(mesh, index).session.leave(mesh.clockOf(peer(mesh, index)));
}
