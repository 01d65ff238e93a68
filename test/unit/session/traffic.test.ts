/** How much is sent: one small packet per frame and peer, never a large one, and not silence while waiting. */
import { defineGame, type Game } from 'rollmesh/session';
import { defineState, type InputDefinition, i32 } from 'rollmesh/state';
import type { MeshPeer } from '../../support/mesh-peer.js';
import { type MeshOptions, VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from './chain-game.js';

type Options = Partial<MeshOptions<ChainState, ChainInput>>;

function meshOf(options: Options): VirtualMesh<ChainState, ChainInput> {
  return new VirtualMesh({ seed: 1, peerCount: 2, game: chainGame(), readInput: changing(0.05), ...options });
}

interface Traffic {
  /** Packets per frame and addressee. */
  readonly packets: number;
  /** Mean payload of a packet. */
  readonly bytes: number;
}

/** Lets `ms` pass and counts what each peer sent meanwhile. */
function measure<S, I>(mesh: VirtualMesh<S, I>, ms: number): Traffic[] {
  const before = mesh.peers.map((peer) => ({ ...peer.sent, frames: peer.framesStepped }));
  mesh.run(ms);
  return mesh.peers.map((peer: MeshPeer<S, I>, index) => {
    const start = before[index] as (typeof before)[number];
    const packets = peer.sent.packets - start.packets;
    return {
      packets: packets / (peer.framesStepped - start.frames) / (mesh.peers.length - 1),
      bytes: (peer.sent.bytes - start.bytes) / packets,
    };
  });
}

test('two players, one byte that changes in 5 % of the frames, 100 ms: one packet per frame of at most 12 bytes', () => {
  const mesh = meshOf({ conditions: { oneWayMs: 50 } });
  mesh.start();
  mesh.run(1000);
  for (const { packets, bytes } of measure(mesh, 20_000)) {
    expect(packets).toBeGreaterThan(0.95);
    expect(packets).toBeLessThanOrEqual(1.05);
    expect(bytes).toBeLessThanOrEqual(12);
  }
});

test.each([3, 8])('%i players at 5 %% loss: still at most 1.05 packets per frame and peer', (peerCount) => {
  const mesh = meshOf({ peerCount, conditions: { oneWayMs: 50, jitterMs: 10, loss: 0.05 } });
  mesh.start();
  mesh.run(1000);
  for (const { packets, bytes } of measure(mesh, 8000)) {
    expect(packets).toBeLessThanOrEqual(1.05);
    expect(bytes).toBeLessThanOrEqual(14);
  }
});

test('a screen of 250 Hz does not make more packets', () => {
  const mesh = meshOf({ advancesPerSecond: () => 250 });
  mesh.start();
  mesh.run(1000);
  for (const { packets } of measure(mesh, 5000)) expect(packets).toBeLessThanOrEqual(1.05);
});

const longInput: InputDefinition<{ bytes: Uint8Array }> = {
  byteLength: 64,
  schemaHash: 64,
  create: () => ({ bytes: new Uint8Array(64) }),
  encodeInto(value, bytes, offset) {
    bytes.set(value.bytes, offset);
    return undefined;
  },
  decodeInto(bytes, offset, target) {
    target.bytes.set(bytes.subarray(offset, offset + 64));
  },
  isValid: () => true,
};
const longState = defineState({ sum: i32 });
const longGame: Game<{ sum: number }, { bytes: Uint8Array }> = defineGame({
  id: 'long',
  version: '1',
  playersMax: 16,
  input: longInput,
  state: longState,
  step(state, inputs) {
    for (const { bytes } of inputs)
      for (const byte of bytes) state.sum = (Math.imul(state.sum, 31) + byte) | 0;
  },
});

/** Eight local players on the first peer, each of whose bytes changes in `share` of the frames. */
function longMesh(share: number): VirtualMesh<{ sum: number }, { bytes: Uint8Array }> {
  return new VirtualMesh({
    seed: 2,
    peerCount: 2,
    owners: [0, 0, 0, 0, 0, 0, 0, 0, 1],
    game: longGame,
    conditions: { oneWayMs: 50, jitterMs: 10, loss: 0.05 },
    readInput: (_slot, _frame, random) => {
      const bytes = new Uint8Array(64);
      if (random.chance(share)) for (let index = 0; index < 64; index += 1) bytes[index] = random.below(256);
      return { bytes };
    },
  });
}

test.each([0.02, 0.3, 1])(
  'no packet is above 1100 bytes with 64-byte inputs of eight local players, %f of them new',
  (share) => {
    const mesh = longMesh(share);
    mesh.start();
    mesh.run(4000);
    expect(mesh.peers[0]?.sent.largest).toBeLessThanOrEqual(1100);
    expect(mesh.compareHashes().different).toEqual([]);
    expect(mesh.violations).toEqual([]);
    // Even when one packet carries one frame only, the match goes on.
    expect(mesh.compareHashes().compared).toBeGreaterThan(share === 1 ? 20 : share > 0.1 ? 60 : 200);
  },
);

test('after an outage of many frames no packet is too long, and everything arrives', () => {
  const mesh = longMesh(0.1);
  mesh.start();
  mesh.run(1000);
  mesh.cut(0, 1);
  mesh.run(2500);
  mesh.heal(0, 1);
  mesh.run(3000);
  expect(mesh.peers[0]?.sent.largest).toBeLessThanOrEqual(1100);
  expect(mesh.compareHashes().different).toEqual([]);
  expect(mesh.peers.map((peer) => peer.heard('peer-left'))).toEqual([[], []]);
  expect(mesh.compareHashes().compared).toBeGreaterThan(100);
});

test('who waits goes on sending: one packet for each frame and a half', () => {
  const mesh = meshOf({ advancesPerSecond: () => 240 });
  mesh.start();
  mesh.run(1000);
  mesh.cut(1, 0);
  mesh.run(500);
  const [waiting] = mesh.peers;
  const frame = waiting?.session.frameCurrent;
  const before = waiting?.sent.packets ?? 0;
  mesh.run(2000);
  expect(waiting?.session.frameCurrent).toBe(frame);
  expect(waiting?.heard('stalled')).toHaveLength(1);
  const packetsPerFrame = ((waiting?.sent.packets ?? 0) - before) / 120;
  expect(packetsPerFrame).toBeGreaterThan(0.55);
  expect(packetsPerFrame).toBeLessThan(0.7);
});

test('a state hash goes out for every 30th frame, twice, and a report with every eighth packet', () => {
  let hashes = 0;
  let reports = 0;
  let packets = 0;
  const mesh = meshOf({
    intercept: ({ from, bytes }) => {
      const first = bytes[0] as number;
      if (from === 0 && first < 0x80) {
        packets += 1;
        if ((first & 1) !== 0) reports += 1;
        if ((first & 2) !== 0) hashes += 1;
      }
      return [bytes];
    },
  });
  mesh.start();
  mesh.run(10_000);
  expect(packets / reports).toBeCloseTo(8, 0);
  expect(hashes).toBe(2 * Math.floor((mesh.peers[0]?.session.frameConfirmed ?? 0) / 30));
});

test('the statistics count what really went over the link', () => {
  const mesh = meshOf({ conditions: { oneWayMs: 30 } });
  mesh.start();
  mesh.run(5000);
  const [mine, theirs] = mesh.peers.map((peer) => peer.session.stats().peers[0]);
  for (const stats of [mine, theirs]) {
    expect(stats?.packetsSentPerSecond).toBeCloseTo(60, -1);
    expect(stats?.packetsReceivedPerSecond).toBeCloseTo(60, -1);
    expect(Math.abs((stats?.packetsSentPerSecond ?? 0) - 60)).toBeLessThan(2);
    expect(Math.abs((stats?.packetsReceivedPerSecond ?? 0) - 60)).toBeLessThan(2);
  }
  expect(mine?.bytesSentPerSecond).toBeGreaterThan(8 * 58);
  expect(mine?.bytesSentPerSecond).toBeLessThan(13 * 62);
});
