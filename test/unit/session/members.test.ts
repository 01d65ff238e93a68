/** Three players: who is lost, who leaves, and whose link is broken. */
import { leave, type Mesh, peer, running } from './running-mesh.js';

/** Cuts a link both ways. */
function cutBoth(mesh: Mesh, left: number, right: number): void {
  mesh.cut(left, right);
  mesh.cut(right, left);
}

describe('three players', () => {
  const phases = (mesh: Mesh): string[] => mesh.peers.map(({ session }) => session.phase);

  test('agree on the cut of one that is lost, play on, and tell it when it comes back', () => {
    const mesh = running({ peerCount: 3 });
    mesh.sleep(2, 10_000);
    mesh.run(9000);
    const cuts = mesh.peers.slice(0, 2).map((survivor) => survivor.heard('peer-left'));
    for (const heard of cuts) expect(heard).toHaveLength(1);
    expect(cuts[0]?.[0]).toMatchObject({ peer: 'c', reason: 'lost' });
    expect(cuts[1]?.[0]?.cutFrame).toBe(cuts[0]?.[0]?.cutFrame);
    // One view in which a substitute plays for it, one without it.
    expect(mesh.peers.slice(0, 2).map(({ session }) => session.viewId)).toEqual([2, 2]);
    expect(peer(mesh, 0).heard('peer-substituted')).toMatchObject([
      { peer: 'c', cutFrame: cuts[0]?.[0]?.cutFrame },
    ]);
    mesh.run(4000);
    // It learns that the others went on without it, and comes back.
    expect(phases(mesh)).toEqual(['running', 'running', 'running']);
    expect(peer(mesh, 2).heard('peer-joined')).toMatchObject([{ peer: 'c', slots: [2] }]);
    expect(peer(mesh, 0).session.frameConfirmed).toBeGreaterThan(500);
    expect(mesh.violations).toEqual([]);
  });

  test('wait with onLost "pause", and go on when it is back', () => {
    const mesh = running({ peerCount: 3 }, { onLost: 'pause' });
    mesh.sleep(2, 10_000);
    mesh.run(9000);
    expect(phases(mesh).slice(0, 2)).toEqual(['paused', 'paused']);
    mesh.run(4000);
    expect(phases(mesh)).toEqual(['running', 'running', 'running']);
    expect(mesh.compareHashes().different).toEqual([]);
    expect(mesh.compareHashes().compared).toBeGreaterThan(200);
    expect(mesh.violations).toEqual([]);
  });

  test('of whom two are lost at once leave one without a quorum, which gives up after half a minute', () => {
    const mesh = running({ peerCount: 3 });
    mesh.sleep(1, 100_000);
    mesh.sleep(2, 100_000);
    mesh.run(4000);
    expect(peer(mesh, 0).session.phase).toBe('no-quorum');
    expect(peer(mesh, 0).heard('no-quorum')).toHaveLength(1);
    mesh.run(30_000);
    expect(peer(mesh, 0).heard('ended')[0]?.reason).toBe('no-quorum');
    expect(peer(mesh, 0).heard('peer-left')).toEqual([]);
  });

  test('play on with the same cut when one says goodbye', () => {
    const mesh = running({ peerCount: 3 });
    leave(mesh, 1);
    mesh.run(2000);
    expect(phases(mesh)).toEqual(['running', 'ended', 'running']);
    const cuts = [0, 2].map((index) => peer(mesh, index).heard('peer-left')[0]);
    expect(cuts[0]).toMatchObject({ peer: 'b', reason: 'left' });
    expect(cuts[1]?.cutFrame).toBe(cuts[0]?.cutFrame);
    expect(peer(mesh, 0).session.frameCurrent).toBeGreaterThan((cuts[0]?.cutFrame ?? 0) + 60);
    expect(mesh.violations).toEqual([]);
  });

  test.each([1, 2, 3, 4, 5])(
    'with onLost "end" all end at the same cut when one says goodbye, seed %i',
    (seed) => {
      const mesh = running({ peerCount: 3, seed }, { onLost: 'end' });
      leave(mesh, 2);
      mesh.run(2000);
      // Who decided tells the others before it ends: else they would wait for it, and decide something else.
      const ends = [0, 1].map((index) => peer(mesh, index).heard('ended'));
      expect(ends).toMatchObject([[{ reason: 'peer-lost' }], [{ reason: 'peer-lost' }]]);
      expect(mesh.peers.flatMap((member) => member.heard('no-quorum'))).toEqual([]);
      const cuts = [0, 1].map((index) => peer(mesh, index).heard('peer-left'));
      expect(cuts[0]).toMatchObject([{ peer: 'c', reason: 'left' }]);
      expect(cuts[1]).toEqual(cuts[0]);
    },
  );

  test('one after the other: the last one left plays on alone', () => {
    const mesh = running({ peerCount: 3 });
    leave(mesh, 1);
    mesh.run(2000);
    leave(mesh, 2);
    mesh.run(2000);
    const survivor = peer(mesh, 0);
    expect(survivor.heard('peer-left').map((event) => event.peer)).toEqual(['b', 'c']);
    expect(survivor.session.phase).toBe('running');
    expect(survivor.session.viewId).toBe(2);
    expect([...survivor.session.slots].slice(0, 3)).toEqual(['active', 'vacant', 'vacant']);
  });

  test('both others say goodbye at once: the last one plays on alone', () => {
    const mesh = running({ peerCount: 3 });
    leave(mesh, 1);
    leave(mesh, 2);
    mesh.run(2000);
    expect(peer(mesh, 0).session.phase).toBe('running');
    expect(
      peer(mesh, 0)
        .heard('peer-left')
        .map((event) => event.peer)
        .sort(),
    ).toEqual(['b', 'c']);
  });

  test('with a broken link between two of them drop nobody: the third relays', () => {
    const mesh = running({ peerCount: 3 });
    const before = peer(mesh, 0).session.frameConfirmed;
    cutBoth(mesh, 0, 1);
    mesh.run(8000);
    expect(phases(mesh)).toEqual(['running', 'running', 'running']);
    for (const member of mesh.peers) {
      expect(member.heard('peer-left')).toEqual([]);
      expect(member.session.frameConfirmed - before).toBeGreaterThan(8 * 60 - 60);
    }
    expect(mesh.compareHashes().different).toEqual([]);
    expect(mesh.violations).toEqual([]);
  });

  test('a relay that ends: after the link heals inputs come first-hand again', () => {
    const mesh = running({ peerCount: 3 });
    cutBoth(mesh, 0, 1);
    mesh.run(6000);
    mesh.heal(0, 1);
    mesh.heal(1, 0);
    const before = peer(mesh, 0).session.frameConfirmed;
    mesh.run(3000);
    expect(peer(mesh, 0).session.frameConfirmed - before).toBeGreaterThan(170);
    expect(mesh.violations).toEqual([]);
  });
});
