/** Coming into a match that stands still, back into it, and out of it. */
import { VirtualMesh } from '../../support/virtual-mesh.js';
import { chainGame, changing } from './chain-game.js';
import { leave, type Mesh, peer } from './running-mesh.js';

/** Some players who pause after three seconds; the rest join at the times given. */
function paused(seed: number, members: number, joinAtMs: readonly number[] = []): Mesh {
  const ids = Array.from({ length: members }, (_, index) => String.fromCharCode(97 + index));
  const peerCount = members + joinAtMs.length;
  const mesh: Mesh = new VirtualMesh({
    ...{ seed, peerCount, game: chainGame({ playersMax: peerCount }), readInput: changing(0.2) },
    conditions: { oneWayMs: 40, jitterMs: 10, loss: 0.03 },
    createdAtMs: (index) => (index < members ? 0 : (joinAtMs[index - members] as number)),
    session: (index) =>
      index < members ? { peers: ids, players: ids.map((id) => ({ peer: id })) } : { join: true },
  });
  mesh.run(2500);
  for (const { session } of mesh.peers.slice(0, members))
    session.on('join-requested', (event) => session.admitJoin(event.peer));
  mesh.run(500);
  peer(mesh, 0).session.pause();
  mesh.run(1000);
  return mesh;
}

const phases = (mesh: Mesh): string[] => mesh.peers.map(({ session }) => session.phase);

/** All stand at one frame, with one state. */
function expectStanding(mesh: Mesh, who: readonly number[]): void {
  const standing = who.map((index) => peer(mesh, index).session);
  expect(standing.map(({ phase }) => phase)).toEqual(who.map(() => 'paused'));
  const frame = standing[0]?.frameConfirmed ?? 0;
  expect(
    new Set(standing.map(({ frameCurrent, frameConfirmed }) => `${frameCurrent} ${frameConfirmed}`)).size,
  ).toBe(1);
  expect(new Set(standing.map((session) => session.stateHash(frame))).size).toBe(1);
}

/** The match goes on, and all of `who` play. */
function expectGoesOn(mesh: Mesh, who: readonly number[]): void {
  peer(mesh, who[0] as number).session.resume();
  mesh.run(4000);
  const living = who.map((index) => peer(mesh, index));
  for (const { session } of living) {
    expect(session.phase).toBe('running');
    expect(session.slots.filter((slot) => slot === 'active')).toHaveLength(who.length);
    expect(session.viewId).toBe(living[0]?.session.viewId);
  }
  expect(mesh.compareHashes(living).different).toEqual([]);
  expect(mesh.violations).toEqual([]);
}

test.each([2, 3, 5])(
  'a newcomer joins %i players who stand still, is seated, and plays when they go on',
  (members) => {
    const mesh = paused(members, members, [4200]);
    mesh.run(3000);
    const all = mesh.peers.map(({ index }) => index);
    expectStanding(mesh, all);
    for (const it of mesh.peers) expect(it.heard('peer-joined')).toMatchObject([{ slots: [members] }]);
    expect(peer(mesh, members).events.map(({ event }) => event.type)).toEqual(
      expect.arrayContaining(['join-progress', 'started', 'match-paused', 'peer-joined']),
    );
    expectGoesOn(mesh, all);
  },
);

test('two newcomers and a watcher in one pause each get what was so before it', () => {
  const mesh = paused(7, 3, [4200, 5000]);
  mesh.run(5000);
  expectStanding(mesh, [0, 1, 2, 3, 4]);
  for (const it of mesh.peers.slice(0, 3))
    expect(it.heard('peer-joined').map(({ peer: id, slots }) => [id, slots])).toEqual([
      ['d', [3]],
      ['e', [4]],
    ]);
  expectGoesOn(mesh, [0, 1, 2, 3, 4]);
});

test('who is lost during the pause comes back into it, again and again', () => {
  for (const asleep of [0, 2]) {
    const mesh = paused(8, 4);
    for (let turn = 1; turn <= 2; turn += 1) {
      mesh.sleep(asleep, 5000);
      mesh.run(4900);
      expect(peer(mesh, 1).heard('peer-left')).toHaveLength(turn);
      mesh.run(4000);
      expectStanding(mesh, [0, 1, 2, 3]);
      expect(peer(mesh, 1).heard('peer-joined')).toHaveLength(turn);
    }
    expectGoesOn(mesh, [1, 0, 2, 3]);
  }
});

test('who was lost before the pause comes back into it', () => {
  const mesh = paused(9, 4);
  peer(mesh, 0).session.resume();
  mesh.run(1000);
  mesh.sleep(3, 6000);
  mesh.run(4500);
  peer(mesh, 1).session.pause();
  mesh.run(5000);
  expectStanding(mesh, [0, 1, 2, 3]);
  expectGoesOn(mesh, [0, 1, 2, 3]);
});

test('one leaves during the pause, and another takes its slot', () => {
  const mesh = paused(10, 3, [6000]);
  leave(mesh, 1);
  mesh.run(5000);
  expectStanding(mesh, [0, 2, 3]);
  expect(phases(mesh)[1]).toBe('ended');
  expect(peer(mesh, 0).heard('peer-left')).toMatchObject([{ peer: 'b', reason: 'left' }]);
  expectGoesOn(mesh, [0, 2, 3]);
});

test('the match goes on while a newcomer still fetches the state', () => {
  const mesh = paused(11, 3, [4100]);
  mesh.runUntil(() => peer(mesh, 0).heard('join-requested').length > 0, 3000);
  mesh.run(250);
  expectGoesOn(mesh, [0, 1, 2, 3]);
});
