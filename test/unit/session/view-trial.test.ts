/** The harness of the trials of agreement itself: after a declared fork it compares what is promised, and all of that. */
import { disagreements } from '../../support/view-trial.js';
import { VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from './chain-game.js';

const FORK_FROM_MS = 2000;
/** Both have lost each other for a second by then. */
const HEAL_AT_MS = 6000;

/** Two that lose each other and play on alone, and meet again: what the harness finds if the second steps this frame differently. */
function forked(wrongFrame: number): { readonly cutFrame: number; readonly problems: readonly string[] } {
  const wrong = chainGame({
    after: (state, stepped) => {
      if (stepped === wrongFrame) state.digest ^= 1;
    },
  });
  const mesh = new VirtualMesh<ChainState, ChainInput>({
    seed: 3,
    peerCount: 2,
    game: (peer) => (peer === 1 ? wrong : chainGame()),
    conditions: { oneWayMs: 40, jitterMs: 10 },
    readInput: changing(0.2),
  });
  mesh.start();
  for (const [from, to] of [
    [0, 1],
    [1, 0],
  ] as const) {
    mesh.at(FORK_FROM_MS, () => mesh.cut(from, to));
    mesh.at(HEAL_AT_MS, () => mesh.heal(from, to));
  }
  mesh.run(HEAL_AT_MS + 5000);
  const second = mesh.peers[1];
  expect(mesh.peers.map(({ session }) => session.phase)).toEqual(['running', 'running']);
  expect(second?.heard('started')).toHaveLength(2);
  return { cutFrame: second?.heard('peer-left')[0]?.cutFrame ?? 0, problems: disagreements(mesh.peers) };
}

test('frames of a branch that was given up are compared with nobody', () => {
  const { cutFrame, problems } = forked(-1);
  expect(cutFrame).toBeGreaterThan(60);
  expect(problems).toEqual([]);
  expect(forked(cutFrame + 60).problems).toEqual([]);
});

test('a frame before the fork, or after the two met again, is: another state of it is found', () => {
  const { cutFrame } = forked(-1);
  const early = cutFrame - 5;
  expect(forked(early).problems).toContain(`peers a and b confirmed different states of frame ${early}`);
  const late = 450;
  expect(forked(late).problems).toContain(`peers a and b confirmed different states of frame ${late}`);
});
