/** A mesh of chain games in full play: where the tests of loss and leaving begin. */
import type { SessionOptions } from 'rollmesh/session';
import { type ChainInput, type ChainState, chainGame } from './chain-game.js';
import { chainMesh, type Mesh, type Options, type Peer, peer } from './chain-mesh.js';

export { type Mesh, type Options, type Peer, peer };

/** A mesh that has played for a second and a half. */
export function running(
  options: Options = {},
  all: Partial<SessionOptions<ChainState, ChainInput>> = {},
): Mesh {
  const mesh = chainMesh({
    game: chainGame({ playersMax: 4 }),
    conditions: { oneWayMs: 50, jitterMs: 10, loss: 0.03 },
    session: () => all,
    ...options,
  });
  mesh.start();
  mesh.run(1500);
  return mesh;
}

/** A member leaves now. */
export function leave(mesh: Mesh, index: number): void {
  peer(mesh, index).session.leave(mesh.clockOf(peer(mesh, index)));
}
