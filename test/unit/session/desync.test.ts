/** Two states of one frame: found within two checks, named with the frame, and never where there is none. */
import { hashBytes } from '../../../sdk/src/base/state-hash.js';
import { encodeUtf8 } from '../../../sdk/src/base/utf8.js';
import { NO_PLAN } from '../../../sdk/src/wire/view-body.js';
import { encodeViewMessage } from '../../../sdk/src/wire/view-messages.js';
import type { MeshPeer } from '../../support/mesh-peer.js';
import { type MeshOptions, VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainOptions, type ChainState, chainGame, changing } from './chain-game.js';

type Mesh = VirtualMesh<ChainState, ChainInput>;
const INTERVAL = 30;
/** The key of the mesh's match. */
const KEY = hashBytes(encodeUtf8('match\n7')) & 0xffff;

/** A mesh in which the last peer's step does something else at `frame`. */
function meshWithFault(frame: number, options: Partial<MeshOptions<ChainState, ChainInput>> = {}): Mesh {
  const peerCount = options.peerCount ?? 2;
  const faulty: ChainOptions = {
    after: (state, stepped) => {
      if (stepped === frame) state.digest ^= 1;
    },
  };
  return new VirtualMesh({
    seed: 1,
    peerCount,
    game: (peer) => chainGame(peer === peerCount - 1 ? faulty : {}),
    conditions: { oneWayMs: 50, jitterMs: 10, loss: 0.05 },
    readInput: changing(0.2),
    ...options,
  });
}

/** Runs until the peer confirmed `frame`; returns the frame it has reached when the desync event comes. */
function framesUntilDesync(mesh: Mesh, peer: MeshPeer<ChainState, ChainInput>): number {
  mesh.runUntil(() => peer.heard('desync').length > 0, 20_000);
  return peer.session.frameCurrent;
}

test.each([61, 75, 89, 90, 91, 119])(
  'a difference at frame %i is reported on both sides within three intervals',
  (frame) => {
    const mesh = meshWithFault(frame);
    mesh.start();
    const [first, second] = mesh.peers;
    if (first === undefined || second === undefined) throw new Error('two peers expected');
    const seenAt = framesUntilDesync(mesh, first);
    framesUntilDesync(mesh, second);
    const [mine] = first.heard('desync');
    const [theirs] = second.heard('desync');
    expect(mine?.peer).toBe('b');
    expect(theirs?.peer).toBe('a');
    // The first frame that is a multiple of 30, at or after the difference.
    const named = Math.ceil(frame / INTERVAL) * INTERVAL;
    expect([mine?.frame, theirs?.frame]).toEqual([named, named]);
    expect(mine?.localHash).toBe(first.hashes[named]);
    expect(mine?.remoteHash).toBe(second.hashes[named]);
    expect([theirs?.localHash, theirs?.remoteHash]).toEqual([mine?.remoteHash, mine?.localHash]);
    expect(seenAt - frame).toBeLessThanOrEqual(3 * INTERVAL);
  },
);

test('is reported once, however long it lasts', () => {
  const mesh = meshWithFault(100);
  mesh.start();
  mesh.run(6000);
  expect(mesh.peers.map((peer) => peer.heard('desync').length)).toEqual([1, 1]);
  expect(mesh.peers.every((peer) => peer.session.phase === 'running')).toBe(true);
});

test('is found at 40 % loss too', () => {
  const mesh = meshWithFault(100, { conditions: { oneWayMs: 50, jitterMs: 20, loss: 0.4 } });
  mesh.start();
  mesh.run(8000);
  expect(mesh.network.lost).toBeGreaterThan(200);
  expect(mesh.peers.every((peer) => peer.heard('desync').length === 1)).toBe(true);
});

test('among four, three name the one, and the one names all three', () => {
  const mesh = meshWithFault(100, { peerCount: 4 });
  mesh.start();
  mesh.run(4000);
  const named = mesh.peers.map((peer) =>
    peer
      .heard('desync')
      .map((event) => event.peer)
      .sort(),
  );
  expect(named).toEqual([['d'], ['d'], ['d'], ['a', 'b', 'c']]);
});

test('is found between a player and a watcher', () => {
  const mesh = meshWithFault(100, { peerCount: 3, owners: [0, 1] });
  mesh.start();
  mesh.run(4000);
  expect(mesh.peers[0]?.heard('desync')[0]).toMatchObject({ peer: 'c', frame: 120 });
  expect(mesh.peers[2]?.heard('desync')).toHaveLength(2);
});

test('a hash that comes before the frame is confirmed here is kept and compared then', () => {
  const mesh = meshWithFault(100, { peerCount: 3, session: () => ({ predictionFramesMax: 20 }) });
  // The second reaches the first late, so the first confirms long after the third has sent its hashes.
  mesh.condition(1, 0, { oneWayMs: 200, jitterMs: 0, loss: 0 });
  mesh.condition(2, 0, { oneWayMs: 10, jitterMs: 0, loss: 0 });
  mesh.start();
  mesh.run(3500);
  expect(mesh.peers[0]?.heard('desync')).toEqual([expect.objectContaining({ peer: 'c', frame: 120 })]);
});

test('a peer that waits far behind compares when it has caught up', () => {
  const mesh = meshWithFault(100, { session: () => ({ predictionFramesMax: 30 }) });
  mesh.start();
  mesh.runUntil(() => (mesh.peers[0]?.session.frameConfirmed ?? 0) > 90, 5000);
  mesh.cut(1, 0);
  mesh.run(1500);
  expect(mesh.peers[0]?.heard('desync')).toEqual([]);
  mesh.heal(1, 0);
  mesh.run(1500);
  expect(mesh.peers.map((peer) => peer.heard('desync')[0]?.frame)).toEqual([120, 120]);
});

test.each([0, 1, 2])(
  'is never reported where there is none: rough network, stalls, sleep, seed %i',
  (seed) => {
    const mesh = meshWithFault(-1, {
      seed,
      peerCount: 3,
      conditions: { oneWayMs: 80, jitterMs: 40, loss: 0.25, duplication: 0.3 },
    });
    mesh.start();
    mesh.run(2000);
    mesh.sleep(seed, 1500);
    mesh.run(8000);
    for (const peer of mesh.peers) {
      expect(peer.heard('desync')).toEqual([]);
      expect(peer.heard('equivocation')).toEqual([]);
      expect(peer.session.stats().peers.map(({ malformed }) => malformed)).toEqual([0, 0]);
    }
    expect(mesh.compareHashes().compared).toBeGreaterThan(200);
    expect(mesh.compareHashes().different).toEqual([]);
  },
);

test('is not reported when a peer leaves just when a hash has become due', () => {
  for (let laterMs = 0; laterMs < 510; laterMs += 16) {
    const mesh: Mesh = new VirtualMesh({
      seed: 5,
      peerCount: 3,
      game: chainGame(),
      conditions: { oneWayMs: 120, jitterMs: 30 },
      readInput: changing(0.2),
    });
    mesh.start();
    mesh.run(2000 + laterMs);
    const leaver = mesh.peers[2] as MeshPeer<ChainState, ChainInput>;
    leaver.session.leave(mesh.clockOf(leaver));
    mesh.run(700);
    expect(mesh.peers.flatMap((it) => it.heard('desync'))).toEqual([]);
  }
});

test('is not reported of a peer that decided something else in a view of ours: the match has forked', () => {
  const mesh = meshWithFault(200, { peerCount: 3 });
  mesh.start();
  mesh.run(1000);
  mesh.peers[0]?.session.pause();
  mesh.run(500);
  mesh.peers[0]?.session.resume();
  mesh.run(500);
  expect(mesh.peers.map((peer) => peer.session.viewId)).toEqual([2, 2, 2]);
  const body = { ...NO_PLAN, removed: 0b010, late: 0, frame: 0, cuts: [] };
  const bytes = encodeViewMessage({ kind: 'commit', viewId: 1, ballot: { round: 1, voter: 2 }, body }, KEY);
  mesh.deliver({ from: 2, to: 0, channel: 'reliable', bytes });
  mesh.run(4000);
  const named = mesh.peers.map((peer) => peer.heard('desync').map((event) => event.peer));
  // The others know nothing of it.
  expect(named[0]).toEqual([]);
  expect(named[1]).toEqual(['c']);
  expect(mesh.peers.map((peer) => peer.session.phase)).toEqual(['running', 'running', 'running']);
});
