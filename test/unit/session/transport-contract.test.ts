/** What the session expects of a transport, and what it bears: loop-back, buffers used again, sends that fail. */
import type { Session } from 'rollmesh/session';
import type { ChainInput, ChainState } from './chain-game.js';
import { chainMesh, soloSession } from './chain-mesh.js';

describe('a transport', () => {
  test('may hand a message over inside send', () => {
    const mesh = chainMesh({ loopBack: true, peerCount: 3 });
    mesh.start();
    mesh.run(3000);
    expect(mesh.compareHashes().different).toEqual([]);
    expect(mesh.compareHashes().compared).toBeGreaterThan(170);
    expect(mesh.violations).toEqual([]);
  });

  test('may hand over inside send what arrived meanwhile: it is kept for the end of the call, up to a bound', () => {
    const peers = ['a', 'b'];
    const players = peers.map((peer) => ({ peer }));
    const waiting: { readonly channel: 'unreliable' | 'reliable' | 'bulk'; readonly bytes: Uint8Array }[] =
      [];
    let nowMs = 0;
    let floods = 0;
    const first: Session<ChainState, ChainInput> = soloSession({
      peers,
      players,
      readInput: (_slot, frame) => ({ v: frame % 200 }),
      send: (_to, channel, bytes) => {
        second.receive('a', channel, bytes, nowMs);
        for (const message of waiting.splice(0)) {
          first.receive('b', message.channel, message.bytes, nowMs);
          // The transport's buffer, used again at once.
          message.bytes.fill(0xff);
        }
        for (let index = 0; index < floods; index += 1)
          first.receive('b', 'unreliable', Uint8Array.from([1, 2, 3]), nowMs);
      },
    });
    const second: Session<ChainState, ChainInput> = soloSession({
      self: 'b',
      peers,
      players,
      readInput: (_slot, frame) => ({ v: (frame * 7) % 200 }),
      send: (_to, channel, bytes) => {
        waiting.push({ channel, bytes: bytes.slice() });
      },
    });
    for (; nowMs < 2000; nowMs += 8) for (const session of [second, first]) session.advance(nowMs);
    expect(first.frameConfirmed).toBeGreaterThan(90);
    expect(first.stateHash(90)).toBe(second.stateHash(90));
    expect(first.stats().peers[0]?.malformed).toBe(0);
    floods = 1000;
    first.advance(nowMs + 20);
    expect(first.stats().peers[0]?.malformed).toBeGreaterThan(200);
    expect(first.stats().peers[0]?.malformed).toBeLessThanOrEqual(256);
  });

  test('may hand its own bytes back and use the buffer again at once', () => {
    const sessions: Session<ChainState, ChainInput>[] = [];
    const shared = new Uint8Array(2048);
    const peers = ['a', 'b'];
    for (const self of peers) {
      sessions.push(
        soloSession({
          self,
          peers,
          players: peers.map((peer) => ({ peer })),
          readInput: (_slot, frame) => ({ v: frame % 200 }),
          send: (to, channel, bytes) => {
            shared.set(bytes);
            sessions[peers.indexOf(to)]?.receive(self, channel, shared.subarray(0, bytes.length), nowMs);
            shared.fill(0xff);
          },
        }),
      );
    }
    let nowMs = 0;
    for (; nowMs < 3000; nowMs += 8) for (const session of sessions) session.advance(nowMs);
    const [first, second] = sessions;
    expect(first?.frameConfirmed).toBeGreaterThan(150);
    expect(second?.stateHash(150)).toBe(first?.stateHash(150));
    expect(first?.stats().peers[0]?.malformed).toBe(0);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('channel closed');
      },
    ],
    ['takes nothing', () => false],
  ])('that %s costs packets and nothing else', (_name, fail) => {
    let failing = false;
    const mesh = chainMesh({
      session: (peer) => {
        if (peer !== 0) return {};
        return {
          send: (to, channel, bytes) => (failing ? fail() : mesh.sendFrom(0, to, { channel, bytes })),
        };
      },
    });
    mesh.start();
    mesh.run(500);
    failing = true;
    mesh.run(500);
    failing = false;
    mesh.run(2000);
    expect(mesh.compareHashes().different).toEqual([]);
    expect(mesh.compareHashes().compared).toBeGreaterThan(120);
    expect(mesh.violations).toEqual([]);
  });

  test('is not called by receive, linkChanged or a getter', () => {
    let calls = 0;
    let mayCall = true;
    const illegal: string[] = [];
    const mesh = chainMesh({
      intercept: ({ bytes }) => {
        calls += 1;
        if (!mayCall) illegal.push('send');
        return [bytes];
      },
    });
    mesh.start();
    mesh.run(500);
    const [peer] = mesh.peers;
    mayCall = false;
    for (let round = 0; round < 50; round += 1) {
      peer?.session.receive('b', 'unreliable', Uint8Array.from([round, 1, 2]), mesh.clockOf(peer));
      peer?.session.linkChanged('b', 'suspect', mesh.clockOf(peer));
      peer?.session.stats();
    }
    expect(calls).toBeGreaterThan(50);
    expect(illegal).toEqual([]);
  });

  test('may name peers and channels that do not exist', () => {
    const session = soloSession();
    session.receive('stranger', 'unreliable', new Uint8Array(8), 5);
    session.receive('a', 'reliable', new Uint8Array(8), 5);
    session.linkChanged('stranger', 'closed', 5);
    session.advance(1000);
    expect(session.phase).toBe('running');
    expect(session.stats().peers).toEqual([]);
  });
});
