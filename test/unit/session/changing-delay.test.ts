/** Input delay in whole matches: it follows the paths and the player's wish, and no input is lost on the way. */
import { defineGame, type InputDelay, SdkError, type SessionOptions } from 'rollmesh/session';
import { button, defineInput, defineState, i32 } from 'rollmesh/state';
import { type MeshOptions, VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from './chain-game.js';

type Mesh = VirtualMesh<ChainState, ChainInput>;
type Options = Partial<MeshOptions<ChainState, ChainInput>>;

function started(options: Options, all: Partial<SessionOptions<ChainState, ChainInput>>): Mesh {
  const mesh: Mesh = new VirtualMesh({
    seed: 1,
    peerCount: 2,
    game: chainGame({ playersMax: 8 }),
    conditions: { oneWayMs: 50, jitterMs: 5, loss: 0.02 },
    readInput: changing(0.3),
    sharesFrames: true,
    session: () => all,
    ...options,
  });
  mesh.start();
  return mesh;
}

/** Gives every link of the mesh another jitter. */
function shake<S, I>(mesh: VirtualMesh<S, I>, jitterMs: number): void {
  for (const from of mesh.peers)
    for (const to of mesh.peers) if (from !== to) mesh.condition(from.index, to.index, { jitterMs });
}

const delays = <S, I>(mesh: VirtualMesh<S, I>): number[] =>
  mesh.peers.map(({ session }) => session.stats().inputDelayFrames);

/** The frame's input is what its owner read for it (the newer of two), or repeats the one before. */
function expectInputsOnce(mesh: Mesh): { read: number; repeated: number } {
  const counts = { read: 0, repeated: 0 };
  for (const peer of mesh.peers) {
    for (let frame = 1; frame <= peer.session.frameConfirmed; frame += 1) {
      const inputs = peer.session.inputsAt(frame) ?? [];
      for (const [slot, owner] of mesh.owners.entries()) {
        const read = mesh.peers[owner]?.reads.get(slot)?.[frame]?.v;
        const before = peer.session.inputsAt(frame - 1)?.[slot]?.v ?? 0;
        if (inputs[slot]?.v !== (read ?? before)) throw new Error(`slot ${slot} of frame ${frame} differs`);
        counts[read === undefined ? 'repeated' : 'read'] += 1;
      }
    }
  }
  return counts;
}

function expectAgreement<S, I>(mesh: VirtualMesh<S, I>, framesLeast: number): void {
  const { compared, different } = mesh.compareHashes();
  expect(different).toEqual([]);
  expect(compared).toBeGreaterThan(framesLeast);
  expect(mesh.violations).toEqual([]);
  for (const peer of mesh.peers)
    for (const type of ['desync', 'equivocation'] as const) expect(peer.heard(type)).toEqual([]);
}

test.each([
  [2, 1],
  [3, 2],
  [4, 3],
])(
  '%i peers: jitter of 20, then 100, then 20 ms raises the delay within a second and lowers it after calm, seed %i',
  (peerCount, seed) => {
    const conditions = { oneWayMs: 110, jitterMs: 20, loss: 0.03, duplication: 0.02 };
    const mesh = started({ peerCount, seed, conditions }, { inputDelayFrames: 'auto' });
    mesh.run(6000);
    const calm = delays(mesh);
    for (const delay of calm) expect([5, 6]).toContain(delay);
    shake(mesh, 100);
    mesh.run(1000);
    for (const [index, delay] of delays(mesh).entries()) expect(delay).toBeGreaterThan(calm[index] as number);
    mesh.run(3000);
    expect(delays(mesh)).toEqual(new Array(peerCount).fill(8));
    shake(mesh, 20);
    mesh.run(4000);
    for (const delay of delays(mesh)) expect(delay).toBeGreaterThan(6);
    mesh.run(6000);
    for (const [index, delay] of delays(mesh).entries())
      expect(delay).toBeLessThanOrEqual((calm[index] as number) + 1);
    expectAgreement(mesh, 1100);
    expect(expectInputsOnce(mesh).repeated).toBeGreaterThan(peerCount * 6);
    for (const peer of mesh.peers) expect(peer.readAgain.get(peer.index)?.length).toBeGreaterThan(0);
  },
);

test('on a quick path the delay comes to 1, and to what a small budget of rollback leaves', () => {
  const near = { oneWayMs: 20, jitterMs: 2, loss: 0 };
  const all: InputDelay[] = ['auto', { min: 0 }, { rollbackBudgetFrames: 0 }];
  const mesh = started(
    { peerCount: 3, conditions: near, session: (peer) => ({ inputDelayFrames: all[peer] as InputDelay }) },
    {},
  );
  mesh.run(20_000);
  expect(delays(mesh)).toEqual([1, 0, 2]);
  expectAgreement(mesh, 1100);
});

test('after a freeze of a second nobody keeps a longer delay', () => {
  const mesh = started({ peerCount: 3 }, { inputDelayFrames: 'auto' });
  mesh.run(8000);
  const before = delays(mesh);
  mesh.sleep(2, 1000);
  mesh.run(3000);
  for (const [index, delay] of delays(mesh).entries())
    expect(delay).toBeLessThanOrEqual((before[index] as number) + 1);
  expectAgreement(mesh, 500);
});

test('in lockstep the delay grows to what the path takes, and the match runs at full speed', () => {
  const mesh = started(
    { peerCount: 3, conditions: { oneWayMs: 90, jitterMs: 10, loss: 0 } },
    { inputDelayFrames: 'auto', predictionFramesMax: 0 },
  );
  mesh.run(6000);
  const before = mesh.peers.map(({ session }) => session.frameCurrent);
  mesh.run(5000);
  for (const [index, { session }] of mesh.peers.entries())
    expect((session.frameCurrent - (before[index] as number)) / 5).toBeGreaterThan(59);
  for (const delay of delays(mesh)) {
    expect(delay).toBeGreaterThanOrEqual(7);
    expect(delay).toBeLessThanOrEqual(9);
  }
  expectAgreement(mesh, 500);
});

test('the delay may be changed while the match runs: numbers, automatic, bounds', () => {
  const mesh = started({ owners: [0, 0, 1] }, {});
  const [first] = mesh.peers;
  const session = first?.session as NonNullable<typeof first>['session'];
  mesh.run(1000);
  expect(session.inputDelayFrames).toBe(2);
  for (const [setting, delay] of [
    [9, 9],
    [0, 0],
    [15, 15],
    [4, 4],
    [{ min: 6, max: 7 }, 6],
    ['auto', 1],
  ] as const) {
    session.inputDelayFrames = setting;
    expect(session.inputDelayFrames).toEqual(setting);
    mesh.run(setting === 'auto' ? 12_000 : 1000);
    expect(session.stats().inputDelayFrames).toBe(delay);
  }
  expect(mesh.peers[1]?.session.stats().inputDelayFrames).toBe(2);
  // The others are told what we want.
  expect(mesh.peers[1]?.session.stats().peers[0]?.inputDelayFrames).toBe(1);
  expect(expectInputsOnce(mesh).repeated).toBeGreaterThan(20);
  expectAgreement(mesh, 900);
});

test.each<[unknown, RegExp]>([
  [16, /inputDelayFrames is 16; it must be an integer from 0 to 15/],
  [-1, /inputDelayFrames is -1/],
  [1.5, /inputDelayFrames is 1.5/],
  [null, /inputDelayFrames is null; it must be a number, 'auto' or/],
  ['fast', /inputDelayFrames is "fast"/],
  [{ min: -1 }, /inputDelayFrames.min is -1/],
  [{ max: 16 }, /inputDelayFrames.max is 16/],
  [{ min: 5, max: 4 }, /inputDelayFrames.min is 5, above max, 4/],
  [{ rollbackBudgetFrames: 0.5 }, /inputDelayFrames.rollbackBudgetFrames is 0.5/],
])('a delay of %j is refused, and the one before stays', (setting, message) => {
  const mesh = started({}, { inputDelayFrames: 3 });
  const session = mesh.peers[0]?.session as Mesh['peers'][number]['session'];
  let error: unknown;
  try {
    session.inputDelayFrames = setting as InputDelay;
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(SdkError);
  expect((error as SdkError).code).toBe('invalid-argument');
  expect((error as SdkError).message).toMatch(message);
  expect(session.inputDelayFrames).toBe(3);
});

describe('a fair delay', () => {
  test('is the longest that anybody wants, for all, and goes when that one does not want it any more', () => {
    const wishes: InputDelay[] = [1, 6, 'auto'];
    const mesh = started(
      {
        peerCount: 3,
        session: (peer) => ({ inputDelayFrames: wishes[peer] as InputDelay, fairDelay: true }),
      },
      {},
    );
    mesh.run(2000);
    expect(delays(mesh)).toEqual([6, 6, 6]);
    const second = mesh.peers[1];
    if (second === undefined) throw new Error('a second peer expected');
    second.session.inputDelayFrames = 0;
    mesh.run(8000);
    const [, , automatic] = mesh.peers.map(({ session }) => session.stats().peers[0]?.inputDelayFrames);
    expect(automatic).toBe(1);
    expect(Math.max(...delays(mesh))).toBeLessThanOrEqual(2);
    expect(new Set(delays(mesh)).size).toBe(1);
    expectAgreement(mesh, 500);
  });

  test('does not count who left or only watches', () => {
    const mesh = started(
      {
        peerCount: 4,
        owners: [0, 1, 2],
        session: (peer) => ({ inputDelayFrames: [2, 3, 9, 15][peer] as number, fairDelay: true }),
      },
      {},
    );
    mesh.run(2000);
    expect(delays(mesh).slice(0, 3)).toEqual([9, 9, 9]);
    const third = mesh.peers[2];
    if (third === undefined) throw new Error('a third peer expected');
    third.session.leave(mesh.clockOf(third));
    mesh.run(3000);
    expect(delays(mesh).slice(0, 2)).toEqual([3, 3]);
  });

  test('is agreed: a peer that wants it and one that does not are incompatible', () => {
    const mesh: Mesh = new VirtualMesh({
      seed: 1,
      peerCount: 2,
      game: chainGame(),
      readInput: changing(0.3),
      session: (peer) => (peer === 0 ? {} : { fairDelay: true }),
    });
    mesh.run(3000);
    for (const peer of mesh.peers) expect(peer.heard('incompatible')[0]).toMatchObject({ reason: 'config' });
  });
});

test('a button pressed for one reading is pressed for one frame everywhere, however often the delay changes', () => {
  interface Tally {
    presses: number;
    held: number;
  }
  const game = defineGame<Tally, { fire: boolean }>({
    id: 'presses',
    version: '1',
    playersMax: 2,
    input: defineInput({ fire: button }),
    state: defineState({ presses: i32, held: i32 }),
    step(state, inputs) {
      const fire = inputs[0]?.fire === true;
      if (fire && state.held === 0) state.presses += 1;
      state.held = fire ? 1 : 0;
    },
  });
  let readings = 0;
  let pressed = 0;
  const mesh: VirtualMesh<Tally, { fire: boolean }> = new VirtualMesh<Tally, { fire: boolean }>({
    seed: 2,
    peerCount: 2,
    game,
    conditions: { oneWayMs: 40, jitterMs: 10, loss: 0.02 },
    sharesFrames: true,
    // Every second or third reading: no two presses follow each other.
    readInput: (slot, _frame, random) => {
      if (slot === 1) return { fire: false };
      readings += 1;
      const fire = readings % 2 === 0 && random.chance(0.6) && mesh.nowMs < 20_000;
      if (fire) pressed += 1;
      return { fire };
    },
  });
  mesh.start();
  for (const delay of [9, 1, 15, 0, 5, 2, 8, 3, 12, 0, 6]) {
    const session = mesh.peers[0]?.session;
    if (session === undefined) throw new Error('a session expected');
    session.inputDelayFrames = delay;
    mesh.run(2000);
  }
  mesh.run(2000);
  expect(pressed).toBeGreaterThan(200);
  expect(mesh.peers.map(({ session }) => session.state.presses)).toEqual([pressed, pressed]);
  expect(mesh.peers[0]?.readAgain.get(0)?.length).toBeGreaterThan(20);
  expectAgreement(mesh, 1300);
});
