/** What players press reaches the simulation exactly once, at its frame, unchanged. */
import { createSession, defineGame } from 'rollmesh/session';
import { button, defineInput, defineState, i32, int } from 'rollmesh/state';
import { VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from './chain-game.js';

const rough = { oneWayMs: 50, jitterMs: 20, loss: 0.05, duplication: 0.05 };

test('inputsAt gives on every peer what the owner read, neutral before the delay', () => {
  const delays = [2, 0, 5];
  const mesh = new VirtualMesh<ChainState, ChainInput>({
    seed: 3,
    peerCount: 3,
    owners: [0, 1, 1, 2],
    game: chainGame({ playersMax: 6 }),
    conditions: rough,
    readInput: changing(0.4),
    session: (peer) => ({ inputDelayFrames: delays[peer] as number }),
  });
  mesh.start();
  mesh.run(8000);
  let compared = 0;
  for (const peer of mesh.peers) {
    for (let frame = 1; frame <= peer.session.frameConfirmed; frame += 1) {
      const inputs = peer.session.inputsAt(frame) ?? [];
      expect(inputs).toHaveLength(6);
      for (const [slot, owner] of mesh.owners.entries()) {
        const read = mesh.peers[owner]?.reads.get(slot)?.[frame];
        if (frame <= (delays[owner] as number)) expect(read).toBeUndefined();
        if (inputs[slot]?.v !== (read?.v ?? 0)) throw new Error(`slot ${slot} of frame ${frame} differs`);
        compared += 1;
      }
      expect([inputs[4], inputs[5]]).toEqual([{ v: 0 }, { v: 0 }]);
    }
  }
  expect(compared).toBeGreaterThan(3 * 4 * 450);
  // "read twice" and "asked for a slot of another" would be here.
  expect(mesh.violations).toEqual([]);
});

test('readInput is asked for each frame in turn, no frame left out', () => {
  const mesh = new VirtualMesh<ChainState, ChainInput>({
    seed: 4,
    peerCount: 2,
    game: chainGame(),
    conditions: rough,
    readInput: changing(0.4),
  });
  mesh.start();
  mesh.run(3000);
  for (const [slot, peer] of mesh.peers.entries()) {
    const reads = peer.reads.get(slot) ?? [];
    expect(Object.keys(reads)).toHaveLength(reads.length - 3);
    expect(reads.length - 1).toBeGreaterThanOrEqual(peer.session.frameCurrent + 2);
  }
});

test('inputsAt and stateHash know confirmed frames that are still kept, and no others', () => {
  const mesh = new VirtualMesh<ChainState, ChainInput>({
    seed: 5,
    peerCount: 2,
    game: chainGame(),
    readInput: changing(0.4),
    session: () => ({ predictionFramesMax: 20 }),
  });
  mesh.start();
  mesh.run(33_000);
  const [session] = mesh.peers.map((peer) => peer.session);
  const confirmed = session?.frameConfirmed ?? 0;
  expect(confirmed).toBeGreaterThan(1900);
  expect(session?.frameCurrent).toBeGreaterThan(confirmed);
  for (const frame of [0, -1, 1.5, Number.NaN, confirmed + 1, confirmed - 1800])
    expect(session?.inputsAt(frame)).toBeUndefined();
  expect(session?.inputsAt(confirmed - 1799)).toHaveLength(16);
  expect(session?.inputsAt(confirmed)).toHaveLength(16);
  for (const frame of [-1, 1.5, Number.NaN, confirmed + 1, confirmed - 600])
    expect(session?.stateHash(frame)).toBeUndefined();
  for (let frame = confirmed - 599; frame <= confirmed; frame += 1) {
    const hash = session?.stateHash(frame) ?? -1;
    expect(hash >>> 0).toBe(hash);
    expect(hash).toBe(mesh.peers[1]?.hashes[frame] ?? hash);
  }
});

const wideInput = defineInput({ x: int(-100, 100), fire: button });
const wideState = defineState({ sum: i32, fired: i32 });

/** Two peers of a game that adds up what it is given. */
function wideMesh(
  value: () => { x: number; fire: boolean },
): VirtualMesh<{ sum: number; fired: number }, { x: number; fire: boolean }> {
  const game = defineGame<{ sum: number; fired: number }, { x: number; fire: boolean }>({
    id: 'wide',
    version: '1',
    playersMax: 2,
    input: wideInput,
    state: wideState,
    step(state, inputs) {
      for (const input of inputs) {
        state.sum += input.x;
        if (input.fire) state.fired += 1;
      }
    },
  });
  return new VirtualMesh({ seed: 6, peerCount: 2, game, readInput: value });
}

test('the owner too plays with what the others receive: out of range is clamped everywhere and told once', () => {
  const mesh = wideMesh(() => ({ x: 100_000, fire: true }));
  mesh.start();
  mesh.run(2000);
  expect(mesh.compareHashes().different).toEqual([]);
  for (const peer of mesh.peers) {
    expect(peer.session.inputsAt(50)).toEqual([
      { x: 100, fire: true },
      { x: 100, fire: true },
    ]);
    expect(peer.heard('input-clamped')).toEqual([
      { type: 'input-clamped', slot: peer.index, frame: 3, field: 'x' },
    ]);
  }
});

test('readInput may return one object each time and change it afterwards', () => {
  const shared = { x: 0, fire: false };
  const mesh = wideMesh(() => {
    shared.x = (shared.x + 7) % 100;
    return shared;
  });
  mesh.start();
  mesh.run(2000);
  shared.x = 55;
  const [first, second] = mesh.peers;
  for (let frame = 3; frame < 80; frame += 1) {
    expect(second?.session.inputsAt(frame)?.[0]?.x).toBe(first?.reads.get(0)?.[frame]?.x);
    expect(first?.session.inputsAt(frame)?.[1]?.x).toBe(second?.reads.get(1)?.[frame]?.x);
  }
});

test('a session whose peer owns no slot needs no readInput', () => {
  const bare = {
    game: chainGame(),
    matchId: 'm',
    nowMs: 0,
    self: 'w',
    peers: ['w', 'p'],
    players: [{ peer: 'p' }],
    send: () => {},
  };
  const session = createSession({ ...bare, readInput: undefined as unknown as () => ChainInput });
  expect(session.advance(10)).toMatchObject({ framesStepped: 0 });
});
