/** A newcomer hears how far the state of the match has come. */
import { defineGame, defineInput, defineState, i32, int, table } from 'rollmesh';
import { VirtualMesh } from '../../support/virtual-mesh.js';

const TILES = 65_536;

const tiles = defineGame({
  id: 'tiles',
  version: '1',
  playersMax: 3,
  input: defineInput({ v: int(0, 255) }),
  state: defineState({ tiles: table(TILES, { height: i32 }) }),
  setup(state) {
    for (let at = 0; at < TILES; at += 1) state.tiles.height[at] = Math.imul(at, 0x9e3779b1) | 0;
  },
  step() {},
});

test('join-progress rises to the whole before the match has started for it', () => {
  const mesh = new VirtualMesh({
    seed: 1,
    peerCount: 3,
    game: tiles,
    readInput: () => ({ v: 0 }),
    conditions: { oneWayMs: 40, jitterMs: 8, reliableBytesPerSecond: 250_000 },
    createdAtMs: (index) => (index < 2 ? 0 : 3000),
    session: (index) =>
      index < 2 ? { peers: ['a', 'b'], players: [{ peer: 'a' }, { peer: 'b' }] } : { join: true },
  });
  mesh.run(2500);
  for (const { session } of mesh.peers.slice(0, 2))
    session.on('join-requested', ({ peer }) => session.admitJoin(peer));
  const newcomer = mesh.peers[2];
  expect(mesh.runUntil(() => (newcomer?.heard('started').length ?? 0) > 0, 10_000)).toBe(true);
  const heard = newcomer?.heard('join-progress') ?? [];
  expect(heard.length).toBeGreaterThan(5);
  const received = heard.map(({ bytesReceived }) => bytesReceived);
  expect(received).toEqual([...new Set(received)].sort((left, right) => left - right));
  const total = heard.at(-1)?.bytesTotal ?? 0;
  expect(total).toBeGreaterThanOrEqual(TILES * 4);
  expect(received[0]).toBeLessThan(total / 2);
  expect(received.at(-1)).toBe(total);
});
