/** Clocks that drift, sleep, jump or run backwards; frame loops that are too slow or too fast. */
import { type MeshOptions, VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from './chain-game.js';

type Mesh = VirtualMesh<ChainState, ChainInput>;

function running(options: Partial<MeshOptions<ChainState, ChainInput>> = {}): Mesh {
  const mesh: Mesh = new VirtualMesh({
    seed: 1,
    peerCount: 2,
    game: chainGame(),
    conditions: { oneWayMs: 50, jitterMs: 10, loss: 0.03 },
    readInput: changing(0.2),
    ...options,
  });
  mesh.start();
  return mesh;
}

/** Distance between the first and the last peer, in frames. */
function spread(mesh: Mesh): number {
  const positions = mesh.positions();
  return Math.max(...positions) - Math.min(...positions);
}

function expectAgreement(mesh: Mesh, framesLeast: number): void {
  const { compared, different } = mesh.compareHashes();
  expect(different).toEqual([]);
  expect(compared).toBeGreaterThan(framesLeast);
  expect(mesh.violations).toEqual([]);
  for (const peer of mesh.peers) expect(peer.heard('desync')).toEqual([]);
}

test.each([
  [0.005, 2],
  [0.005, 3],
  [0.005, 8],
  [0.001, 3],
  [-0.005, 2],
  [-0.005, 4],
])(
  'a clock that is off by %f among %i peers is followed within a quarter of a frame, without stalls',
  (drift, peerCount) => {
    const mesh = running({ peerCount, clockRate: (peer) => (peer === 1 ? 1 + drift : 1) });
    mesh.run(5000);
    let worst = 0;
    for (let sample = 0; sample < 1000; sample += 1) {
      mesh.run(10);
      worst = Math.max(worst, spread(mesh));
    }
    expect(worst).toBeLessThan(0.25);
    for (const peer of mesh.peers) expect(peer.heard('stalled')).toEqual([]);
    expectAgreement(mesh, 850);
  },
);

test('clocks of any origin play together, a negative and an enormous one too', () => {
  const mesh = running();
  for (const [index, peer] of mesh.peers.entries())
    expect(Math.abs(peer.session.frameCurrent - index)).toBeLessThan(9);
  const far: Mesh = new VirtualMesh({
    seed: 2,
    peerCount: 2,
    game: chainGame(),
    readInput: changing(0.2),
    session: (peer) => ({ nowMs: peer === 0 ? -5e9 : 9e12 }),
  });
  // The mesh's own origins are replaced.
  far.clockOf = (peer) => (peer.index === 0 ? -5e9 : 9e12) + far.nowMs;
  far.start();
  far.run(3000);
  expectAgreement(far, 170);
});

test('a sleep of 40 s, waited for, is caught up with: same frames, no rush, no false alarm', () => {
  const mesh = running({ session: () => ({ lostAfterMs: 60_000 }) });
  mesh.run(1000);
  mesh.sleep(1, 40_000);
  mesh.run(39_900);
  const frame = mesh.peers[0]?.session.frameCurrent ?? 0;
  expect(mesh.peers[0]?.heard('stalled')).toHaveLength(1);
  mesh.run(5100);
  for (const peer of mesh.peers) {
    expect(peer.heard('peer-left')).toEqual([]);
    expect(peer.session.frameCurrent - frame).toBeGreaterThan(270);
    expect(peer.session.frameCurrent - frame).toBeLessThan(400);
  }
  expect(spread(mesh)).toBeLessThan(0.6);
  expectAgreement(mesh, 330);
});

test.each([0.3, 1, 2, 2.8])(
  'a sleep of %f s leaves the two within 0.6 frames after five seconds',
  (seconds) => {
    const mesh = running();
    mesh.run(2000);
    mesh.sleep(1, seconds * 1000);
    mesh.run(seconds * 1000 + 5000);
    expect(spread(mesh)).toBeLessThan(0.6);
    expectAgreement(mesh, 350);
  },
);

test('a machine that sleeps longer than lostAfterMs and wakes does not take the others for lost before it listened', () => {
  const mesh = running({ session: () => ({ onLost: 'pause' }) });
  mesh.run(1000);
  mesh.sleep(1, 20_000);
  mesh.run(25_000);
  expect(mesh.peers.map(({ session }) => session.phase)).toEqual(['running', 'running']);
  expectAgreement(mesh, 250);
});

test.each([50, 1000, 2500])('a clock that falls back by %i ms is held until time catches up', (stepMs) => {
  const mesh = running();
  mesh.run(1000);
  const peer = mesh.peers[1];
  if (peer === undefined) throw new Error('a second peer expected');
  const frame = peer.session.frameCurrent;
  peer.shiftMs = -stepMs;
  mesh.run(30);
  expect(peer.session.frameCurrent - frame).toBeLessThanOrEqual(2);
  mesh.run(stepMs + 5000);
  for (const one of mesh.peers) {
    expect(one.heard('peer-left')).toEqual([]);
    expect(one.session.phase).toBe('running');
  }
  expect(peer.heard('peer-late')).toEqual([]);
  expect(spread(mesh)).toBeLessThan(0.6);
  expectAgreement(mesh, 300);
});

test('a clock that falls back for good makes nobody lost on its own side, and no frame different', () => {
  const mesh = running({ session: () => ({ onLost: 'pause' }) });
  mesh.run(1000);
  const peer = mesh.peers[1];
  if (peer === undefined) throw new Error('a second peer expected');
  peer.shiftMs = -3_600_000;
  mesh.run(10_000);
  expect(peer.heard('peer-late')).toEqual([]);
  expect(peer.session.phase).toBe('running');
  peer.shiftMs = 0;
  mesh.run(10_000);
  expectAgreement(mesh, 250);
});

test('a clock that jumps an hour ahead costs at most a second of frames and loses nobody in a pause', () => {
  const mesh = running({ session: () => ({ onLost: 'pause' }) });
  mesh.run(1000);
  const peer = mesh.peers[1];
  if (peer === undefined) throw new Error('a second peer expected');
  const frame = peer.session.frameCurrent;
  peer.shiftMs = 3_600_000;
  mesh.run(5000);
  expect(peer.session.frameCurrent - frame).toBeLessThan(400);
  expect(mesh.peers.map(({ session }) => session.phase)).toEqual(['running', 'running']);
  expectAgreement(mesh, 300);
});

test.each([Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY])(
  'a clock that says %f is held',
  (nowMs) => {
    const mesh = running();
    mesh.run(500);
    const [peer] = mesh.peers;
    const frame = peer?.session.frameCurrent ?? 0;
    expect(peer?.session.advance(nowMs)).toMatchObject({ framesStepped: 0 });
    peer?.session.receive('b', 'unreliable', new Uint8Array(9), nowMs);
    peer?.session.linkChanged('b', 'open', nowMs);
    mesh.run(2000);
    expect(peer?.session.frameCurrent).toBeGreaterThan(frame + 110);
    expect(Number.isFinite(peer?.session.stats().peers[0]?.jitterMs)).toBe(true);
    expectAgreement(mesh, 130);
  },
);

test('a live packet that arrives with a broken time stamp does no harm', () => {
  const mesh = running();
  mesh.run(500);
  const [peer] = mesh.peers;
  if (peer === undefined) throw new Error('a peer expected');
  const clockOf = mesh.clockOf.bind(mesh);
  for (const wrong of [Number.NaN, -1e15, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]) {
    const { receive } = peer.session;
    peer.session.receive = (from, channel, bytes) => receive.call(peer.session, from, channel, bytes, wrong);
    mesh.run(40);
    peer.session.receive = receive;
    mesh.run(1000);
  }
  expect(peer.heard('peer-late')).toEqual([]);
  const [stats] = peer.session.stats().peers;
  expect([stats?.rttMs, stats?.jitterMs, stats?.framesAhead].every(Number.isFinite)).toBe(true);
  expect(clockOf(peer)).toBeGreaterThan(0);
  expectAgreement(mesh, 180);
});

test.each([1, 7, 30, 57, 75, 144, 250, 1000])(
  'advance called %i times a second on one peer keeps all promises',
  (hz) => {
    const mesh = running({
      advancesPerSecond: (peer) => (peer === 1 ? hz : 60),
      session: () => ({ lostAfterMs: 10_000 }),
    });
    mesh.run(6000);
    // Twelve steps in one call is the most, so once a second means 12 frames a second, for both.
    expectAgreement(mesh, hz === 1 ? 45 : hz === 7 ? 200 : 345);
  },
);

test('two advances at one time do nothing the second time', () => {
  const mesh = running();
  mesh.run(1000);
  const [peer] = mesh.peers;
  if (peer === undefined) throw new Error('a peer expected');
  mesh.advance(peer);
  const { packets } = peer.sent;
  const frame = peer.session.frameCurrent;
  for (let again = 0; again < 10; again += 1) mesh.advance(peer);
  expect(peer.session.frameCurrent).toBe(frame);
  expect(peer.sent.packets).toBe(packets);
});
