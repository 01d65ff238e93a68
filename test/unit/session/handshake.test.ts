/** Before frame 0: who does not fit is told why, on both sides; lost messages delay the start and nothing else. */
import type { SessionOptions } from 'rollmesh/session';
import { defineInput, int } from 'rollmesh/state';
import { packetCrc, write16 } from '../../../sdk/src/wire/frame-packet.js';
import {
  decodeHello,
  encodeGo,
  encodeHello,
  HELLO_KEY,
  KIND_GO,
  KIND_GOODBYE,
  KIND_HELLO,
} from '../../../sdk/src/wire/handshake-message.js';
import type { MeshPeer } from '../../support/mesh-peer.js';
import { type MeshOptions, type MeshPacket, VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from './chain-game.js';

type Mesh = VirtualMesh<ChainState, ChainInput>;
type Options = Partial<MeshOptions<ChainState, ChainInput>>;

function meshOf(options: Options = {}): Mesh {
  return new VirtualMesh({ seed: 1, peerCount: 2, game: chainGame(), readInput: changing(0.1), ...options });
}

/** Session options of the second peer alone. */
function second(options: Partial<SessionOptions<ChainState, ChainInput>>): Options {
  return { session: (peer) => (peer === 1 ? options : {}) };
}

const otherInput = { ...chainGame(), input: defineInput({ v: int(0, 254) }) };

const otherState = { ...chainGame(), state: { ...chainGame().state, schemaHash: 12345 } };

describe('a peer that does not fit', () => {
  const cases: readonly [string, string, Options][] = [
    ['another match', 'match', second({ matchId: 'other' })],
    ['another seed', 'match', second({ seed: 8 })],
    ['another game', 'game', { game: (peer) => chainGame({ id: peer === 0 ? 'chain' : 'pong' }) }],
    ['another version', 'version', { game: (peer) => chainGame({ version: peer === 0 ? '1' : '2' }) }],
    ['another input layout', 'schema', { game: (peer) => (peer === 0 ? chainGame() : otherInput) }],
    ['another state layout', 'schema', { game: (peer) => (peer === 0 ? chainGame() : otherState) }],
    ['another playersMax', 'schema', { game: (peer) => chainGame({ playersMax: peer === 0 ? 16 : 8 }) }],
    [
      'another frame rate',
      'config',
      { game: (peer) => chainGame({ framesPerSecond: peer === 0 ? 60 : 30 }) },
    ],
    ['other options', 'config', second({ options: { rounds: 5 } })],
    ['another order of peers', 'config', second({ peers: ['b', 'a'] })],
    ['other owners', 'config', second({ players: [{ peer: 'b' }, { peer: 'a' }] })],
    ['more players', 'config', second({ players: [{ peer: 'a' }, { peer: 'b' }, { peer: 'b' }] })],
    ['another onLost', 'config', second({ onLost: 'pause' })],
    ['another bot', 'config', second({ onLost: { bot: 'seven' } })],
    ['another lostAfterMs', 'config', second({ lostAfterMs: 4000 })],
    ['another lateAfterMs', 'config', second({ lateAfterMs: 300 })],
  ];

  test.each(cases)('%s: both sides report "%s", end, and never step a frame', (_name, reason, options) => {
    const mesh = meshOf(options);
    mesh.run(4000);
    for (const [index, peer] of mesh.peers.entries()) {
      expect(peer.heard('incompatible')).toEqual([
        expect.objectContaining({ peer: index === 0 ? 'b' : 'a', reason }),
      ]);
      expect(peer.heard('incompatible')[0]?.message).toMatch(/^Peer [ab] .+\. .+\.$/);
      expect(peer.heard('ended')).toEqual([{ type: 'ended', reason: 'incompatible', frame: 0 }]);
      expect(peer.heard('started')).toEqual([]);
      expect(peer.session.phase).toBe('ended');
      expect(peer.framesStepped).toBe(0);
    }
  });

  test('another wire version: both sides report "protocol"', () => {
    const mesh = meshOf({
      intercept: ({ from, bytes }) => {
        const hello = from === 1 ? decodeHello(bytes) : undefined;
        if (hello === undefined) return [bytes];
        // A later version: longer, and laid out alike in its first 35 bytes.
        const later = new Uint8Array([...encodeHello({ ...hello, wireVersion: 2 }), 1, 2, 3]);
        write16(later, 1, packetCrc(later, later.length, HELLO_KEY));
        return [later];
      },
    });
    mesh.run(1000);
    expect(mesh.peers[0]?.heard('incompatible')[0]?.reason).toBe('protocol');
    expect(mesh.peers[0]?.session.phase).toBe('ended');
  });

  test('is told even if every fast message to it is lost', () => {
    const mesh = meshOf({
      ...second({ options: { rounds: 5 } }),
      intercept: ({ to, channel, bytes }) => (to === 1 && channel === 'unreliable' ? [] : [bytes]),
    });
    mesh.run(1000);
    for (const peer of mesh.peers) expect(peer.heard('incompatible')[0]?.reason).toBe('config');
  });

  test('among three, the two that fit report the third', () => {
    const mesh = meshOf({ peerCount: 3, session: (peer) => (peer === 2 ? { options: { rounds: 5 } } : {}) });
    mesh.run(2000);
    expect(mesh.peers.map((peer) => peer.heard('incompatible')[0]?.peer)).toEqual([
      'c',
      'c',
      expect.stringMatching(/^[ab]$/),
    ]);
  });

  test('local choices may differ', () => {
    const mesh = meshOf(second({ inputDelayFrames: 7, predictionFramesMax: 3, stepsPerAdvanceMax: 5 }));
    mesh.start(2000);
    mesh.run(500);
    expect(mesh.peers.every((peer) => peer.session.frameConfirmed > 20)).toBe(true);
  });
});

/** When each peer's frame 0 was, on the true clock. */
function startsOf(mesh: Mesh): number[] {
  return mesh.peers.map((peer) => {
    const [started] = peer.heard('started');
    return (started?.atMs ?? Number.NaN) - (mesh.clockOf(peer) - mesh.nowMs);
  });
}

function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

describe('the start', () => {
  test.each([1, 2, 3, 4, 5, 6])('comes at half of all messages lost, seed %i', (seed) => {
    const mesh = meshOf({ seed, peerCount: 3, conditions: { oneWayMs: 50, jitterMs: 10, loss: 0.5 } });
    mesh.start(10_000);
    mesh.run(1500);
    expect(mesh.network.lost).toBeGreaterThan(50);
    expect(mesh.peers.every((peer) => peer.heard('started').length === 1)).toBe(true);
    expect(mesh.peers.every((peer) => peer.session.frameConfirmed > 20)).toBe(true);
    expect(mesh.compareHashes().different).toEqual([]);
  });

  test.each([5, 50, 150])('is one moment for all, within two frames, at %i ms one way', (oneWayMs) => {
    const mesh = meshOf({ peerCount: 4, conditions: { oneWayMs, jitterMs: oneWayMs / 10, loss: 0.02 } });
    mesh.start(5000);
    mesh.run(100);
    expect(spread(startsOf(mesh))).toBeLessThan(2 * (1000 / 60));
  });

  test('needs less than half a second and three round trips', () => {
    const mesh = meshOf({ peerCount: 4, conditions: { oneWayMs: 50 } });
    mesh.start(800);
    expect(mesh.nowMs).toBeLessThan(800);
  });

  test('comes without a GO too: whoever hears packets of a running peer starts where it is', () => {
    const lost: string[] = [];
    const mesh = meshOf({
      peerCount: 3,
      intercept: ({ to, bytes }) => {
        if (to === 0 || bytes[0] !== KIND_GO) return [bytes];
        lost.push('GO');
        return [];
      },
    });
    mesh.start(3000);
    mesh.run(3000);
    expect(lost.length).toBeGreaterThan(0);
    expect(mesh.compareHashes().compared).toBeGreaterThan(150);
    expect(mesh.compareHashes().different).toEqual([]);
  });

  test('of a peer never comes before it has heard everybody, whatever it is told', () => {
    const recorded: MeshPacket[] = [];
    const plain = meshOf({
      peerCount: 3,
      intercept: (packet) => {
        recorded.push(packet);
        return [packet.bytes];
      },
    });
    plain.start();
    plain.run(500);
    // The third never hears a HELLO of the second, but gets every GO and frame packet of the other run.
    const mesh = meshOf({
      peerCount: 3,
      intercept: ({ from, to, bytes }) => (from === 1 && to === 2 && bytes[0] === KIND_HELLO ? [] : [bytes]),
    });
    mesh.run(500);
    for (const packet of recorded)
      if (packet.to === 2 && packet.bytes[0] !== KIND_HELLO) mesh.deliver(packet);
    mesh.run(500);
    expect(mesh.peers.map(({ session }) => session.phase)).toEqual(['handshake', 'handshake', 'handshake']);
  });

  test('waits for a peer that comes later', () => {
    const mesh = meshOf({ peerCount: 3, createdAtMs: (peer) => (peer === 2 ? 8000 : 0) });
    mesh.run(7900);
    expect(mesh.peers[0]?.session.phase).toBe('handshake');
    mesh.start(2000);
    mesh.run(1000);
    expect(mesh.peers.every((peer) => peer.session.frameConfirmed > 40)).toBe(true);
  });

  test('is told before any other event, at frame 0, with no frame stepped', () => {
    const mesh = meshOf();
    const frames: number[] = [];
    mesh.run(20);
    for (const peer of mesh.peers) peer.session.on('started', () => frames.push(peer.session.frameCurrent));
    mesh.start();
    expect(mesh.peers.map((peer) => peer.events[0]?.event.type)).toEqual(['started', 'started']);
    expect(Math.max(...frames)).toBeLessThanOrEqual(1);
  });

  test('ends as handshake-timeout after 30 s of silence, not before', () => {
    const mesh = meshOf({ createdAtMs: (peer) => (peer === 1 ? 1e9 : 0) });
    mesh.run(29_900);
    expect(mesh.peers[0]?.session.phase).toBe('handshake');
    mesh.run(300);
    expect(mesh.peers[0]?.heard('ended')).toEqual([{ type: 'ended', reason: 'handshake-timeout', frame: 0 }]);
    expect(mesh.peers[0]?.framesStepped).toBe(0);
  });

  test('does not come after somebody left: the others end as peer-lost', () => {
    const mesh = meshOf({ peerCount: 3, createdAtMs: (peer) => (peer === 2 ? 1e9 : 0) });
    mesh.run(1000);
    mesh.peers[1]?.session.leave(mesh.clockOf(mesh.peers[1]));
    mesh.run(200);
    expect(mesh.peers[1]?.heard('ended')[0]?.reason).toBe('left');
    expect(mesh.peers[0]?.heard('ended')[0]?.reason).toBe('peer-lost');
  });
});

describe('a hostile start', () => {
  function hostileGo(waitMs: number): Mesh {
    return meshOf({
      intercept: ({ from, bytes }) => {
        if (from !== 0 || bytes[0] !== KIND_GO) return [bytes];
        return [encodeGo(waitMs, keyOf(bytes))];
      },
    });
  }

  /** The match key that a short message was sealed with: the CRC is a bijection of it. */
  function keyOf(bytes: Uint8Array): number {
    for (let key = 0; key < 0x10000; key += 1)
      if (packetCrc(bytes, bytes.length, key) === ((bytes[1] as number) | ((bytes[2] as number) << 8)))
        return key;
    throw new Error('no key');
  }

  test.each([0x7fffffff, -0x80000000])('a GO of %i ms does not keep a peer out of the match', (waitMs) => {
    const mesh = hostileGo(waitMs);
    mesh.run(6000);
    expect(mesh.peers[1]?.session.phase).toBe('running');
    expect(mesh.peers[1]?.session.frameConfirmed).toBeGreaterThan(200);
    expect(mesh.compareHashes().different).toEqual([]);
  });

  test('an echo that claims a round trip of days does not keep the coordinator waiting', () => {
    const mesh = meshOf({
      intercept: ({ from, bytes }) => {
        const hello = from === 1 ? decodeHello(bytes) : undefined;
        return hello?.hasEcho === true
          ? [encodeHello({ ...hello, echoMs: (hello.echoMs - 500_000_000) >>> 0 })]
          : [bytes];
      },
    });
    mesh.run(31_000);
    expect(mesh.peers[0]?.heard('ended')[0]?.reason).toBe('handshake-timeout');
  });

  test('GO and GOODBYE count only from whom they may come', () => {
    const sent: Uint8Array[] = [];
    const mesh = meshOf({
      peerCount: 3,
      intercept: ({ from, bytes }) => {
        if (from === 0 && bytes[0] === KIND_GO) sent.push(bytes);
        return [bytes];
      },
    });
    mesh.start(3000);
    const go = sent[0] as Uint8Array;
    const before = mesh.peers[2]?.session.stats().peers.find(({ peer }) => peer === 'b')?.malformed ?? -1;
    mesh.deliver({ from: 1, to: 2, channel: 'unreliable', bytes: go });
    const after = mesh.peers[2]?.session.stats().peers.find(({ peer }) => peer === 'b')?.malformed;
    expect([before, after]).toEqual([0, 1]);
  });
});

describe('messages of another match', () => {
  /** Everything that the peers of another match of the same room said, in order. */
  function recordOther(options: Options = {}): { from: number; to: number; bytes: Uint8Array }[] {
    const heard: { from: number; to: number; bytes: Uint8Array }[] = [];
    const other = meshOf({
      ...options,
      readInput: changing(0.9),
      session: () => ({ matchId: 'before', seed: 99 }),
      intercept: ({ from, to, bytes }) => {
        heard.push({ from, to, bytes });
        return [bytes];
      },
    });
    other.start();
    other.run(1500);
    for (const peer of other.peers) peer.session.leave(other.clockOf(peer));
    return heard;
  }

  function isOf(kind: number): (message: { bytes: Uint8Array }) => boolean {
    return ({ bytes }) => bytes[0] === kind;
  }

  test.each([
    ['the same game', {}],
    ['another game of another version', { game: chainGame({ id: 'pong', version: '9' }) }],
  ])('that played %s change nothing, before or after the start', (_name, options: Options) => {
    const stale = recordOther(options);
    expect([KIND_HELLO, KIND_GO, KIND_GOODBYE].every((kind) => stale.some(isOf(kind)))).toBe(true);
    const plain = meshOf({ seed: 9 });
    const disturbed = meshOf({ seed: 9 });
    for (const mesh of [plain, disturbed]) mesh.run(20);
    let next = 0;
    for (let round = 0; round < 400; round += 1) {
      for (let burst = 0; burst < 3; burst += 1)
        disturbed.deliver({
          ...(stale[next++ % stale.length] as (typeof stale)[number]),
          channel: 'unreliable',
        });
      plain.run(10);
      disturbed.run(10);
    }
    const summary = (peer: MeshPeer<ChainState, ChainInput>): unknown => [peer.hashes, peer.events];
    expect(JSON.stringify(disturbed.peers.map(summary))).toBe(JSON.stringify(plain.peers.map(summary)));
    expect(plain.peers[0]?.hashes.length).toBeGreaterThan(200);
    expect(disturbed.violations).toEqual([]);
    for (const peer of disturbed.peers) expect(peer.session.stats().peers[0]?.malformed).toBeGreaterThan(500);
  });

  test('do not keep a silent peer alive', () => {
    const stale = recordOther()
      .filter(isOf(KIND_HELLO))
      .filter(({ to }) => to === 0);
    const mesh = meshOf();
    mesh.start();
    mesh.run(500);
    mesh.sleep(1, 60_000);
    for (let round = 0; round < 100; round += 1) {
      mesh.deliver({ ...(stale[0] as (typeof stale)[number]), channel: 'unreliable' });
      mesh.run(50);
    }
    expect(mesh.peers[0]?.heard('peer-left')).toEqual([
      expect.objectContaining({ peer: 'b', reason: 'lost' }),
    ]);
  });
});

test('a peer that ran and greets again, as a reloaded page does, is lost like a silent one', () => {
  const hellos: Uint8Array[] = [];
  const mesh = meshOf({
    intercept: ({ from, bytes }) => {
      if (from === 1 && bytes[0] === KIND_HELLO) hellos.push(bytes);
      return [bytes];
    },
  });
  mesh.start();
  mesh.run(500);
  mesh.sleep(1, 60_000);
  for (let round = 0; round < 80; round += 1) {
    mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes: hellos[0] as Uint8Array });
    mesh.run(50);
  }
  expect(mesh.peers[0]?.heard('peer-left')).toEqual([expect.objectContaining({ peer: 'b', reason: 'lost' })]);
});

test('a peer that still greets while the others run is waited for', () => {
  const mesh = meshOf({
    // Everything that could start the second peer is lost for five seconds.
    intercept: ({ to, bytes }, nowMs) =>
      to === 1 && nowMs < 6000 && (bytes[0] === KIND_GO || (bytes[0] as number) < 0x80) ? [] : [bytes],
  });
  mesh.run(5900);
  expect(mesh.peers.map((peer) => peer.session.phase)).toEqual(['running', 'handshake']);
  mesh.run(2000);
  expect(mesh.peers.map((peer) => peer.session.phase)).toEqual(['running', 'running']);
  expect(mesh.peers[0]?.heard('peer-left')).toEqual([]);
  expect(mesh.compareHashes()).toMatchObject({ different: [] });
  expect(mesh.peers[1]?.session.frameConfirmed).toBeGreaterThan(60);
});

test('who hears nothing more just as the others begin, and is removed before it has begun, comes in as a newcomer', () => {
  let isAway = false;
  const mesh = meshOf({
    peerCount: 3,
    conditions: { oneWayMs: 40 },
    intercept: (packet) => {
      if (packet.bytes[0] === KIND_GO && mesh.nowMs < 3000) isAway = true;
      return isAway && (packet.from === 2 || packet.to === 2) ? [] : [packet.bytes];
    },
  });
  mesh.run(6000);
  const [first, second, late] = mesh.peers;
  expect(mesh.peers.map(({ session }) => session.phase)).toEqual(['running', 'running', 'handshake']);
  expect([first, second].map((peer) => peer?.heard('peer-left').length)).toEqual([1, 1]);
  isAway = false;
  const plays = (): boolean =>
    late?.session.phase === 'running' && late.session.slots.slice(0, 3).every((slot) => slot === 'active');
  expect(mesh.runUntil(plays, 10_000)).toBe(true);
  mesh.run(3000);
  expect(late?.heard('started')).toHaveLength(1);
  expect(mesh.compareHashes().different).toEqual([]);
  expect(mesh.violations).toEqual([]);
});
