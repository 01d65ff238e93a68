/** The peers' clocks find each other, gently, and one slow peer drags nobody along. Statistics tell the truth. */

import { hashBytes } from '../../../sdk/src/base/state-hash.js';
import { encodeUtf8 } from '../../../sdk/src/base/utf8.js';
import { medianLead, paceFor } from '../../../sdk/src/session/clock-sync.js';
import { decodeGo, encodeGo, KIND_GO } from '../../../sdk/src/wire/handshake-message.js';
import { type MeshOptions, VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from './chain-game.js';

type Mesh = VirtualMesh<ChainState, ChainInput>;
const KEY = hashBytes(encodeUtf8('match\n7')) & 0xffff;
const FRAME_MS = 1000 / 60;

/** A mesh that starts; `lateFrames` is by how many frames the start of a peer is put off. */
function started(
  options: Partial<MeshOptions<ChainState, ChainInput>>,
  lateFrames: (peer: number) => number = () => 0,
): Mesh {
  const mesh: Mesh = new VirtualMesh({
    seed: 1,
    peerCount: 2,
    game: chainGame(),
    conditions: { oneWayMs: 50, jitterMs: 10, loss: 0.02 },
    readInput: changing(0.05),
    intercept: ({ to, bytes }) => {
      if (bytes[0] !== KIND_GO || lateFrames(to) === 0) return [bytes];
      return [encodeGo((decodeGo(bytes, KEY) as number) + lateFrames(to) * FRAME_MS, KEY)];
    },
    ...options,
  });
  mesh.start();
  return mesh;
}

/** Mean distance between the first and the last peer over a second, in frames: pacing moves it slowly. */
function meanSpread(mesh: Mesh): number {
  let sum = 0;
  for (let sample = 0; sample < 250; sample += 1) {
    mesh.run(4);
    const now = mesh.positions();
    sum += Math.max(...now) - Math.min(...now);
  }
  return sum / 250;
}

/** Mean signed distance of two peers over a second, in frames. */
function meanOffset(mesh: Mesh): number {
  let sum = 0;
  for (let sample = 0; sample < 250; sample += 1) {
    mesh.run(4);
    const [first, second] = mesh.positions();
    sum += (first as number) - (second as number);
  }
  return sum / 250;
}

test.each([1, 2, 3])(
  'two peers that started ten frames apart are within 0.3 frames after five seconds, and stay there, seed %i',
  (seed) => {
    const conditions = { oneWayMs: 50, jitterMs: 5, loss: 0.02 };
    const session = (): { predictionFramesMax: number } => ({ predictionFramesMax: 30 });
    const mesh = started({ seed, conditions, session }, (peer) => (peer === 1 ? 10 : 0));
    mesh.run(20);
    const [first, second] = mesh.positions();
    expect((first as number) - (second as number)).toBeGreaterThan(8);
    mesh.run(4980);
    for (let sample = 0; sample < 400; sample += 1) {
      mesh.run(10);
      const [leading, following] = mesh.positions();
      expect(Math.abs((leading as number) - (following as number))).toBeLessThan(0.3);
    }
    for (const peer of mesh.peers) expect(peer.heard('stalled')).toEqual([]);
  },
);

test.each([2, 4, 8])('%i peers that start together stay within 0.3 frames', (peerCount) => {
  const mesh = started({ peerCount });
  mesh.run(4000);
  expect(meanSpread(mesh)).toBeLessThan(0.3);
});

test.each([
  [2, 0],
  [2, 10],
  [4, 10],
  [8, 10],
])(
  '%i peers that started up to eight frames apart, jitter %i ms, are within a quarter of a frame after five seconds',
  (peerCount, jitterMs) => {
    for (const seed of [1, 2, 3]) {
      const conditions = { oneWayMs: 50, jitterMs, loss: 0.02 };
      const mesh = started({ seed, peerCount, conditions }, (peer) => (peer * (3 * seed + 1) * 7) % 9);
      mesh.run(5000);
      const stalls = mesh.peers.map(({ session }) => session.stats().stalls);
      let worst = 0;
      for (let sample = 0; sample < 500; sample += 1) {
        mesh.run(10);
        const now = mesh.positions();
        worst = Math.max(worst, Math.max(...now) - Math.min(...now));
      }
      expect(worst).toBeLessThan(0.25);
      // No frame is skipped, and nobody waits once they are together.
      expect(mesh.peers.map(({ session }) => session.stats().stalls)).toEqual(stalls);
      for (const peer of mesh.peers) expect(peer.framesStepped).toBe(peer.session.frameCurrent);
      expect(mesh.violations).toEqual([]);
    }
  },
);

test('four peers, each started at another time, come together', () => {
  const mesh = started({ peerCount: 4 }, (peer) => peer * 3);
  mesh.run(8000);
  expect(meanSpread(mesh)).toBeLessThan(0.3);
  for (const peer of mesh.peers) expect(Math.abs(peer.session.stats().framesAhead)).toBeLessThan(0.5);
});

test('a peer that advances 57 times a second holds nobody below 59.9 frames', () => {
  const mesh = started({ peerCount: 4, advancesPerSecond: (peer) => (peer === 3 ? 57 : 60) });
  mesh.run(3000);
  const before = mesh.peers.map((peer) => peer.session.frameCurrent);
  mesh.run(10_000);
  for (const [index, peer] of mesh.peers.entries()) {
    const perSecond = (peer.session.frameCurrent - (before[index] as number)) / 10;
    if (index < 3) expect(perSecond).toBeGreaterThanOrEqual(59.9);
    expect(perSecond).toBeLessThan(60.15);
    expect(peer.heard('stalled')).toEqual([]);
  }
});

test('a peer whose clock runs at 57/60 holds nobody below 59.8 frames', () => {
  const mesh = started({ peerCount: 4, clockRate: (peer) => (peer === 3 ? 57 / 60 : 1) });
  mesh.run(5000);
  const before = mesh.peers.map((peer) => peer.session.frameCurrent);
  mesh.run(10_000);
  for (const [index, peer] of mesh.peers.slice(0, 3).entries())
    expect((peer.session.frameCurrent - (before[index] as number)) / 10).toBeGreaterThan(59.8);
  expect(mesh.compareHashes().different).toEqual([]);
});

test('a peer that falls silent steers nobody any more', () => {
  const mesh = started({ conditions: { oneWayMs: 50 } }, (peer) => (peer === 1 ? 8 : 0));
  mesh.run(400);
  const [first] = mesh.peers;
  expect(first?.session.stats().pace).toBeLessThan(1);
  mesh.sleep(1, 2000);
  mesh.run(1000);
  expect(first?.heard('peer-late')).toHaveLength(1);
  expect(first?.session.stats()).toMatchObject({ pace: 1, framesAhead: 0 });
});

test('a report that was overtaken, seconds late, steers nobody', () => {
  const reports: Uint8Array[] = [];
  const mesh = started(
    {
      conditions: { oneWayMs: 50 },
      intercept: ({ from, to, bytes }, nowMs) => {
        if (from === 1 && ((bytes[0] as number) & 0x81) === 1 && nowMs < 2000) reports.push(bytes);
        return bytes[0] === KIND_GO && to === 1
          ? [encodeGo((decodeGo(bytes, KEY) as number) + 8 * FRAME_MS, KEY)]
          : [bytes];
      },
    },
    () => 0,
  );
  mesh.run(7000);
  expect(reports.length).toBeGreaterThan(5);
  for (const bytes of reports) {
    mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes });
    mesh.run(17);
    // Then the first led by frames.
    expect(Math.abs(mesh.peers[0]?.session.stats().framesAhead ?? Number.NaN)).toBeLessThan(0.3);
  }
});

test('half of an uneven path stays as error, and no more', () => {
  const mesh = started({});
  mesh.condition(0, 1, { oneWayMs: 30, jitterMs: 0 });
  mesh.condition(1, 0, { oneWayMs: 130, jitterMs: 0 });
  mesh.run(8000);
  // 100 ms more on one way: half of it is three frames.
  expect(Math.abs(meanOffset(mesh))).toBeLessThan(3.4);
  expect(mesh.compareHashes().different).toEqual([]);
});

test('after an outage of a second and a half nobody runs ahead or away', () => {
  const mesh = started({ peerCount: 3 });
  mesh.run(3000);
  for (const [from, to] of [
    [0, 2],
    [2, 0],
    [1, 2],
    [2, 1],
  ] as const)
    mesh.cut(from, to);
  mesh.run(1500);
  for (const [from, to] of [
    [0, 2],
    [2, 0],
    [1, 2],
    [2, 1],
  ] as const)
    mesh.heal(from, to);
  // The third was substituted meanwhile: it has caught up and has its slot back.
  mesh.run(2500);
  expect(mesh.peers[0]?.heard('peer-returned')).toMatchObject([{ peer: 'c' }]);
  const stalls = mesh.peers.map((peer) => peer.session.stats().stalls);
  const before = mesh.peers.map((peer) => peer.session.frameCurrent);
  mesh.run(3500);
  for (const [index, peer] of mesh.peers.entries()) {
    const perSecond = (peer.session.frameCurrent - (before[index] as number)) / 3.5;
    // At most 4 % faster or slower while they come together again.
    expect(Math.abs(perSecond - 60)).toBeLessThan(2.4);
    expect(peer.session.stats().stalls).toBe(stalls[index]);
  }
  expect(meanSpread(mesh)).toBeLessThan(0.4);
});

describe('lockstep', () => {
  /** Least frames per second of any peer over five seconds. */
  function speed(
    inputDelayFrames: number,
    options: Partial<MeshOptions<ChainState, ChainInput>>,
  ): { framesPerSecond: number; packetsPerSecond: number } {
    const session = () => ({ predictionFramesMax: 0, inputDelayFrames });
    const mesh = started({ session, ...options });
    mesh.run(3000);
    const before = mesh.peers.map((peer) => [peer.session.frameCurrent, peer.sent.packets] as const);
    mesh.run(5000);
    const rates = mesh.peers.map((peer, index) => [
      (peer.session.frameCurrent - (before[index]?.[0] as number)) / 5,
      (peer.sent.packets - (before[index]?.[1] as number)) / 5 / (mesh.peers.length - 1),
    ]);
    expect(mesh.violations).toEqual([]);
    expect(mesh.compareHashes().different).toEqual([]);
    return {
      framesPerSecond: Math.min(...rates.map(([frames]) => frames as number)),
      packetsPerSecond: Math.max(...rates.map(([, packets]) => packets as number)),
    };
  }

  test.each([1, 2, 3])(
    'of four peers at a round trip of 20 ms runs at 60 frames with a delay of 1 or 2, seed %i',
    (seed) => {
      for (const delay of [1, 2]) {
        const reached = speed(delay, { seed, peerCount: 4, conditions: { oneWayMs: 10 } });
        expect(reached.framesPerSecond).toBeGreaterThanOrEqual(59.8);
        expect(reached.packetsPerSecond).toBeLessThanOrEqual(60.5);
      }
    },
  );

  // A frame takes one way and the wait for the next call of advance: with 240 calls a second at most 4.2 ms.
  test.each([
    [2, 5, 60],
    [4, 5, 60],
    [2, 10, 60],
    [4, 10, 60],
    [2, 20, 1000 / 24.2],
    [4, 20, 1000 / 24.2],
    [4, 40, 1000 / 44.2],
  ])(
    'of %i peers without delay, %i ms one way, runs at %f frames: what the path allows',
    (peerCount, oneWayMs, frames) => {
      const conditions = { oneWayMs };
      const reached = speed(0, { peerCount, conditions, advancesPerSecond: () => 240 });
      expect(reached.framesPerSecond).toBeGreaterThanOrEqual(frames - 0.5);
      expect(reached.packetsPerSecond).toBeLessThanOrEqual(61);
    },
  );

  test('without delay in pages that draw 60 times a second takes two of these at the most where one way takes 10 ms', () => {
    for (const seed of [1, 2, 3]) {
      const two = speed(0, { seed, peerCount: 2, conditions: { oneWayMs: 10 } });
      expect(two.framesPerSecond).toBeGreaterThan(39.5);
      const four = speed(0, { seed, peerCount: 4, conditions: { oneWayMs: 10 } });
      expect(four.framesPerSecond).toBeGreaterThan(39.5);
    }
  });
});

describe('statistics', () => {
  test.each([10, 50, 100, 200])('rttMs is within 10 ms of the truth at %i ms one way', (oneWayMs) => {
    const mesh = started({
      peerCount: 3,
      conditions: { oneWayMs, jitterMs: 3, loss: 0.02 },
      session: () => ({ predictionFramesMax: 20 }),
    });
    mesh.run(6000);
    for (const peer of mesh.peers)
      for (const { rttMs } of peer.session.stats().peers)
        expect(Math.abs(rttMs - 2 * oneWayMs)).toBeLessThan(10);
  });

  test('rttMs is known from the handshake when the match starts', () => {
    const mesh = started({});
    mesh.run(20);
    for (const peer of mesh.peers) {
      const rttMs = peer.session.stats().peers[0]?.rttMs ?? 0;
      expect(Math.abs(rttMs - 100)).toBeLessThan(30);
    }
  });

  test('rttMs follows a path that becomes longer, and does not shrink while all wait', () => {
    const mesh = started({ conditions: { oneWayMs: 30 } });
    mesh.run(3000);
    for (const [from, to] of [
      [0, 1],
      [1, 0],
    ] as const)
      mesh.condition(from, to, { oneWayMs: 90 });
    mesh.run(5000);
    expect(Math.abs((mesh.peers[0]?.session.stats().peers[0]?.rttMs ?? 0) - 180)).toBeLessThan(10);
    mesh.cut(1, 0);
    mesh.run(2000);
    expect(Math.abs((mesh.peers[0]?.session.stats().peers[0]?.rttMs ?? 0) - 180)).toBeLessThan(10);
  });

  test.each([0, 0.05, 0.1, 0.2])('lossPerMille is within 30 of a loss of %f', (loss) => {
    const mesh = started({ conditions: { oneWayMs: 50, jitterMs: 10, loss } });
    mesh.run(5000);
    const means = [0, 0];
    for (let second = 0; second < 12; second += 1) {
      mesh.run(1000);
      for (const [index, peer] of mesh.peers.entries())
        means[index] =
          (means[index] as number) + (peer.session.stats().peers[0]?.lossPerMille ?? Number.NaN) / 12;
    }
    for (const mean of means) expect(Math.abs(mean - loss * 1000)).toBeLessThan(30);
  });

  test('jitterMs grows with the spread of the arrivals', () => {
    const jitter = (jitterMs: number): number => {
      const mesh = started({ conditions: { oneWayMs: 60, jitterMs } });
      mesh.run(5000);
      return mesh.peers[0]?.session.stats().peers[0]?.jitterMs ?? Number.NaN;
    };
    expect(jitter(0)).toBeLessThan(1);
    // The mean deviation of an even spread of +-20 ms is 10 ms.
    expect(Math.abs(jitter(20) - 10)).toBeLessThan(5);
  });

  test('framesAhead tells who leads, with opposite signs on both sides', () => {
    const mesh = started({ conditions: { oneWayMs: 50 } }, (peer) => (peer === 1 ? 8 : 0));
    mesh.run(600);
    const [first, second] = mesh.peers.map((peer) => peer.session.stats());
    expect(first?.framesAhead).toBeGreaterThan(1);
    expect(second?.framesAhead).toBeLessThan(-1);
    expect(first?.peers[0]?.framesAhead).toBeGreaterThan(2);
    expect(second?.peers[0]?.framesAhead).toBeLessThan(-2);
    expect(first?.pace).toBeLessThan(1);
    expect(second?.pace).toBeGreaterThan(1);
  });

  test('stalls are counted with their times', () => {
    const mesh = started({ conditions: { oneWayMs: 20 } });
    mesh.run(1000);
    mesh.sleep(1, 1000);
    mesh.run(2000);
    const stats = mesh.peers[0]?.session.stats();
    expect(stats?.stalls).toBe(1);
    // A window of eight frames and two of delay pass first.
    expect(stats?.stalledMs).toBeGreaterThan(700);
    expect(stats?.stalledMs).toBeLessThan(1000);
    expect(stats?.stallMsMax).toBe(stats?.stalledMs);
    expect(stats?.inputDelayFrames).toBe(2);
  });
});

describe('the pace', () => {
  test('is within 0.3 % of real time up to a tenth of a frame, and within 4 % up to four frames', () => {
    expect(paceFor(0, 8)).toBe(1);
    for (let lead = 0.01; lead <= 4; lead += 0.01) {
      const most = lead <= 0.1 ? 0.0031 : 0.04;
      expect(paceFor(lead, 8)).toBeLessThan(1);
      expect(paceFor(lead, 8)).toBeGreaterThanOrEqual(1 - most);
      expect(paceFor(-lead, 8)).toBeGreaterThan(1);
      expect(paceFor(-lead, 8)).toBeLessThanOrEqual(1 + most);
    }
  });

  test('is stronger beyond four frames and strongest beyond the window', () => {
    expect(paceFor(5, 8)).toBe(0.9);
    expect(paceFor(-5, 8)).toBe(1.1);
    expect(paceFor(9, 8)).toBe(0.5);
    expect(paceFor(-9, 8)).toBe(2);
    expect(paceFor(-9, 20)).toBe(1.1);
  });

  test.each([
    [[0], 0],
    [[0, 4], 2],
    [[0, 4, 5], 4],
    [[0, -30, 0.2, 0.1], 0.05],
    [[0, 1, 2, 3, 900], 2],
  ])('of peers that lead by %j follows the median %f', (leads, median) => {
    const values = Float64Array.from([...leads, 77, 77]);
    expect(medianLead(values, leads.length)).toBeCloseTo(median, 10);
  });
});
