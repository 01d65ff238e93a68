/** Runs of encoded inputs for those who sign or compare them. */
import type { InputSpan } from 'rollmesh/session';
import { VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from './chain-game.js';
import { peer } from './running-mesh.js';

type Mesh = VirtualMesh<ChainState, ChainInput>;

function meshOf(options: Partial<ConstructorParameters<typeof VirtualMesh<ChainState, ChainInput>>[0]> = {}) {
  const mesh: Mesh = new VirtualMesh<ChainState, ChainInput>({
    seed: 5,
    peerCount: 3,
    game: chainGame({ playersMax: 4 }),
    readInput: changing(0.2),
    conditions: { oneWayMs: 40, jitterMs: 5 },
    ...options,
  });
  mesh.start();
  mesh.run(2000);
  return mesh;
}

/** All spans of a slot up to frame `last`. */
function spansOf(mesh: Mesh, index: number, slot: number, last: number): InputSpan[] {
  const { session } = peer(mesh, index);
  const spans: InputSpan[] = [];
  let first = 1;
  while (first <= last) {
    const span = session.inputSpan(slot, first, last - first + 1);
    if (span === undefined) break;
    spans.push(span);
    first = span.first + span.cells.length / cellBytes(mesh);
  }
  return spans;
}

const cellBytes = (mesh: Mesh): number => peer(mesh, 0).session.inputSpan(0, 1, 1)?.cells.length as number;

test('all peers have the same runs of every slot, and none of a slot that nobody plays', () => {
  const mesh = meshOf();
  const last = Math.min(...mesh.peers.map(({ session }) => session.frameFinal));
  for (const slot of [0, 1, 2]) {
    const [first, ...others] = mesh.peers.map((_, index) => spansOf(mesh, index, slot, last));
    expect(first).toHaveLength(1);
    expect(first?.[0]).toMatchObject({ slot, owner: peer(mesh, slot).id, epoch: 0, first: 1 });
    expect(first?.[0]?.cells).toHaveLength(last * cellBytes(mesh));
    expect(first?.[0]?.cells.some((byte) => byte !== 0)).toBe(true);
    for (const other of others) expect(other).toEqual(first);
  }
  const { session } = peer(mesh, 0);
  expect(session.inputSpan(3, 1, 100)).toBeUndefined();
  expect(session.inputSpan(4, 1, 100)).toBeUndefined();
  expect(session.inputSpan(-1, 1, 100)).toBeUndefined();
  expect(session.inputSpan(0, session.frameFinal + 1, 100)).toBeUndefined();
  expect(session.inputSpan(0, 5, 3)?.cells).toHaveLength(3 * cellBytes(mesh));
});

test('frames of a substitute belong to no run, and the owner goes on in another epoch', () => {
  const mesh = meshOf();
  mesh.sleep(2, 1500);
  mesh.run(6000);
  const last = Math.min(...mesh.peers.map(({ session }) => session.frameFinal));
  const [before, after, ...more] = spansOf(mesh, 0, 2, last) as [InputSpan, InputSpan];
  const [{ cutFrame } = { cutFrame: 0 }] = peer(mesh, 0).heard('peer-substituted');
  const [{ frame } = { frame: 0 }] = peer(mesh, 0).heard('peer-returned');
  expect(more).toEqual([]);
  expect(before).toMatchObject({ first: 1, epoch: 0 });
  expect(before.cells).toHaveLength(cutFrame * cellBytes(mesh));
  expect(after).toMatchObject({ first: frame, epoch: 1 });
  expect(spansOf(mesh, 1, 2, last)).toEqual([before, after]);
  expect(spansOf(mesh, 2, 2, last)).toEqual([before, after]);
});

test('inputs that are no longer kept are not given', () => {
  const mesh = meshOf();
  mesh.run(32_000);
  const { session } = peer(mesh, 0);
  const span = session.inputSpan(1, 1, 10_000) as InputSpan;
  expect(span.first).toBe(session.frameFinal - 1799);
  expect(span.cells).toHaveLength(1800 * cellBytes(mesh));
});

test('peers that disagree on signing never start, and are told', () => {
  const mesh: Mesh = new VirtualMesh<ChainState, ChainInput>({
    seed: 6,
    peerCount: 2,
    game: chainGame({ playersMax: 2 }),
    readInput: changing(0.2),
    session: (index) => ({ signInputs: index === 0 ? true : 'remove' }),
  });
  mesh.run(2000);
  for (const { session } of mesh.peers) expect(session.phase).toBe('ended');
  expect(peer(mesh, 0).heard('incompatible')[0]).toMatchObject({ reason: 'config' });
  expect(peer(mesh, 0).heard('incompatible')[0]?.message).toContain('signInputs');
  expect(peer(mesh, 0).session.signInputs).toBe(true);
});
