/** N peers, one timeline: every frame that two peers confirmed has one hash, whatever the network does. */
import { type LinkConditions, type MeshOptions, VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from './chain-game.js';

const rough: LinkConditions = { oneWayMs: 50, jitterMs: 20, loss: 0.05, duplication: 0.05 };

type Options = Partial<MeshOptions<ChainState, ChainInput>> & { readonly peerCount: number };

function meshOf(options: Options): VirtualMesh<ChainState, ChainInput> {
  return new VirtualMesh({
    seed: 1,
    game: chainGame(),
    conditions: rough,
    readInput: changing(0.1),
    ...options,
  });
}

/** Starts, plays, and expects that all agree on every frame, and on at least `framesLeast` of them. */
function playAndAgree(mesh: VirtualMesh<ChainState, ChainInput>, ms: number, framesLeast: number): void {
  mesh.start();
  mesh.run(ms);
  const { compared, different } = mesh.compareHashes();
  expect(different).toEqual([]);
  expect(mesh.violations).toEqual([]);
  expect(compared).toBeGreaterThan(framesLeast);
  for (const peer of mesh.peers) expect(peer.heard('desync')).toEqual([]);
}

test('a player alone confirms each frame at once', () => {
  const mesh = meshOf({ peerCount: 1 });
  playAndAgree(mesh, 5000, 295);
  const [peer] = mesh.peers;
  expect(peer?.depthMax).toBe(0);
  expect(peer?.session.frameFinal).toBe(peer?.session.frameConfirmed);
});

test.each([2, 3, 4, 8])('%i players agree on every confirmed frame over a rough network', (peerCount) => {
  const mesh = meshOf({ peerCount, seed: peerCount });
  playAndAgree(mesh, 6000, 350);
  // It was really rough: messages were lost, doubled and overtaken, and every peer rolled back.
  expect(Math.min(mesh.network.lost, mesh.network.duplicated, mesh.network.overtaken)).toBeGreaterThan(20);
  for (const peer of mesh.peers) {
    const stats = peer.session.stats();
    expect(stats.rollbacks).toBeGreaterThan(15);
    expect(stats.rollbackFrames).toBe(peer.framesResimulated);
    expect(stats.rollbackFramesMax).toBeGreaterThanOrEqual(2);
  }
});

test('16 players agree on every confirmed frame over a rough network', () => {
  const mesh = meshOf({ peerCount: 16, seed: 16 });
  playAndAgree(mesh, 2000, 110);
  expect(mesh.network.lost).toBeGreaterThan(500);
  for (const peer of mesh.peers) expect(peer.framesResimulated).toBeGreaterThan(25);
});

test('four players agree at 30 % loss and 120 ms', () => {
  const mesh = meshOf({
    peerCount: 4,
    conditions: { oneWayMs: 120, jitterMs: 60, loss: 0.3, duplication: 0.2 },
  });
  playAndAgree(mesh, 10_000, 250);
  for (const peer of mesh.peers) expect(peer.session.stats().stalls).toBeGreaterThan(0);
});

test.each([0, 1000 / 60, 100 / 3, 50, 100])(
  'three players agree at a constant delay of %f ms',
  (oneWayMs) => {
    const conditions = { oneWayMs, jitterMs: 0, loss: 0, duplication: 0 };
    playAndAgree(meshOf({ peerCount: 3, conditions, readInput: changing(0.5) }), 5000, 285);
  },
);

test('a peer may own several slots, in any order among the others', () => {
  const mesh = meshOf({ peerCount: 3, owners: [2, 0, 2, 1, 2, 0], readInput: changing(0.3) });
  playAndAgree(mesh, 5000, 290);
  expect([...(mesh.peers[2]?.reads.keys() ?? [])].sort()).toEqual([0, 2, 4]);
  expect(mesh.peers[0]?.framesResimulated).toBeGreaterThan(20);
});

test('nine slots of one peer, more than one group of eight cells, agree', () => {
  const owners = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  playAndAgree(meshOf({ peerCount: 2, owners, readInput: changing(0.3) }), 4000, 230);
});

test('a peer without a slot watches: it confirms what the players confirm and is never waited for', () => {
  const mesh = meshOf({ peerCount: 3, owners: [0, 2] });
  mesh.start();
  mesh.run(3000);
  const watcher = mesh.peers[1];
  expect(watcher?.reads.size).toBe(0);
  expect(watcher?.session.frameConfirmed).toBeGreaterThan(160);
  mesh.cut(1, 0);
  mesh.cut(1, 2);
  mesh.run(2000);
  expect(mesh.peers[0]?.session.frameConfirmed).toBeGreaterThan(280);
  expect(mesh.compareHashes().different).toEqual([]);
  expect(mesh.violations).toEqual([]);
});

test('the first of the peers may be the one that watches', () => {
  playAndAgree(meshOf({ peerCount: 3, owners: [1, 2] }), 3000, 170);
});

test('lockstep (window 0) never simulates a frame twice and never leads the confirmed frame', () => {
  const conditions = { oneWayMs: 20, jitterMs: 5, loss: 0.02, duplication: 0.02 };
  const mesh = meshOf({
    peerCount: 3,
    conditions,
    readInput: changing(0.5),
    session: () => ({ predictionFramesMax: 0, inputDelayFrames: 4 }),
  });
  playAndAgree(mesh, 6000, 330);
  for (const peer of mesh.peers) {
    expect(peer.framesResimulated).toBe(0);
    expect(peer.depthMax).toBe(0);
    expect(peer.session.stats().rollbacks).toBe(0);
  }
});

test('peers with different windows and delays play together', () => {
  const windows = [0, 3, 8, 60];
  const delays = [6, 0, 2, 15];
  const mesh = meshOf({
    peerCount: 4,
    conditions: { oneWayMs: 25, jitterMs: 8, loss: 0.03, duplication: 0.03 },
    session: (peer) => ({
      predictionFramesMax: windows[peer] as number,
      inputDelayFrames: delays[peer] as number,
    }),
  });
  playAndAgree(mesh, 6000, 330);
  expect(mesh.peers[0]?.framesResimulated).toBe(0);
  expect(mesh.peers[3]?.framesResimulated).toBeGreaterThan(0);
});

test.each([30, 144])('a game of %i frames per second keeps its own rate', (framesPerSecond) => {
  const mesh = meshOf({
    peerCount: 2,
    game: chainGame({ framesPerSecond }),
    advancesPerSecond: () => framesPerSecond * 1.1,
    conditions: { oneWayMs: 15, jitterMs: 2 },
  });
  playAndAgree(mesh, 4000, 4 * framesPerSecond * 0.95);
  expect(mesh.peers[0]?.session.frameCurrent).toBeLessThan(4 * framesPerSecond * 1.05);
});

test('one step per advance is enough to live with rollbacks', () => {
  const mesh = meshOf({
    peerCount: 2,
    advancesPerSecond: () => 120,
    session: () => ({ stepsPerAdvanceMax: 1 }),
  });
  playAndAgree(mesh, 8000, 450);
  expect(mesh.peers[0]?.framesResimulated).toBeGreaterThan(20);
});
