/** Runs of encoded inputs for those who sign or compare them. */
import type { InputSpan } from 'rollmesh/session';
import { inputSpan, type SpanRequest } from '../../../sdk/src/session/input-span.js';
import { SlotLog } from '../../../sdk/src/session/slot-log.js';
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

describe('of one log', () => {
  const CELL = 2;
  const cellOf = (frame: number): number[] => [frame & 0xff, 1 + (frame >> 8)];
  /** A log whose owner has played up to `last`, as it was stepped. */
  function logOf(last: number): SlotLog {
    const log = new SlotLog(3, 1, CELL);
    for (let frame = 1; frame <= last; frame += 1)
      log.used.bytes.set(cellOf(frame), log.used.offsetOf(frame));
    return log;
  }
  const spanOf = (log: SlotLog, first: number, about: Partial<SpanRequest> = {}) =>
    inputSpan(log, { ...{ peers: ['a', 'b', 'c'], first, countMax: 100, final: 200, start: 0 }, ...about });
  const framesOf = (log: SlotLog, first: number, about: Partial<SpanRequest> = {}): number[] => {
    const span = spanOf(log, first, about);
    if (span === undefined) return [];
    const last = span.first + span.cells.length / CELL - 1;
    const expected = Array.from({ length: last - span.first + 1 }, (_, at) => cellOf(span.first + at));
    expect([...span.cells]).toEqual(expected.flat());
    return [span.first, last];
  };

  test('a run begins where it is asked for, has as many frames as wanted, and ends at what is final', () => {
    expect(spanOf(logOf(200), 5)).toMatchObject({ slot: 3, owner: 'b', epoch: 0 });
    expect(framesOf(logOf(200), 5)).toEqual([5, 104]);
    expect(framesOf(logOf(200), 5, { countMax: 1 })).toEqual([5, 5]);
    expect(framesOf(logOf(200), 150)).toEqual([150, 200]);
    expect(framesOf(logOf(200), 200)).toEqual([200, 200]);
    expect(framesOf(logOf(200), 201)).toEqual([]);
    expect(framesOf(logOf(200), -5)).toEqual([1, 100]);
  });

  test('of frames up to the state that a newcomer began with there is none', () => {
    expect(framesOf(logOf(200), 1, { start: 60 })).toEqual([61, 160]);
    expect(framesOf(logOf(200), 1, { start: 200 })).toEqual([]);
  });

  test('frames of a substitute are left out, to the last one, and the next run is its own', () => {
    const log = logOf(200);
    log.change(50, 'substitute');
    log.reopen(70, 2);
    expect([framesOf(log, 30), framesOf(log, 49), framesOf(log, 50)]).toEqual([
      [30, 49],
      [49, 49],
      [70, 149],
    ]);
    // Asked for so few frames that the owner plays in the last of them alone, or in none.
    expect([framesOf(log, 50, { countMax: 21 }), framesOf(log, 50, { countMax: 20 })]).toEqual([
      [70, 70],
      [],
    ]);
    expect(spanOf(log, 69)).toMatchObject({ owner: 'c', epoch: 1, first: 70 });
  });

  test('the last 1,800 final frames are kept', () => {
    expect(framesOf(logOf(2000), 1, { final: 2000, countMax: 9999 })).toEqual([201, 2000]);
  });

  test('an owner that is no peer has no run', () => {
    expect(spanOf(logOf(200), 5, { peers: ['a'] })).toBeUndefined();
  });
});
