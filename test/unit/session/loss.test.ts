/** Peers that fall silent, come back, are lost or leave. */
import { hashBytes } from '../../../sdk/src/base/state-hash.js';
import { encodeUtf8 } from '../../../sdk/src/base/utf8.js';
import { encodeGoodbye } from '../../../sdk/src/wire/handshake-message.js';
import { chainGame } from './chain-game.js';
import { leave, type Peer, peer, running } from './running-mesh.js';

/** Events of these types, in the order they came. */
function story({ events }: Peer, ...types: readonly string[]): string[] {
  return events.map(({ event }) => event.type as string).filter((type) => types.includes(type));
}

/** The key of the mesh's match. */
const KEY = hashBytes(encodeUtf8('match\n7')) & 0xffff;

describe('a peer that falls silent', () => {
  test('is late after lateAfterMs and lost after lostAfterMs', () => {
    const mesh = running();
    const silentFromMs = mesh.nowMs;
    mesh.sleep(1, 60_000);
    mesh.run(4000);
    const survivor = peer(mesh, 0);
    // Its last packet came up to 60 ms later, one frame may pass before an advance sees it.
    expect((survivor.heardAtMs('peer-late') ?? 0) - silentFromMs).toBeGreaterThan(250);
    expect((survivor.heardAtMs('peer-late') ?? 0) - silentFromMs).toBeLessThan(250 + 60 + 34);
    expect((survivor.heardAtMs('peer-left') ?? 0) - silentFromMs).toBeGreaterThan(3000);
    expect((survivor.heardAtMs('peer-left') ?? 0) - silentFromMs).toBeLessThan(3000 + 60 + 34);
    expect(survivor.heard('peer-late')[0]?.silentMs).toBeGreaterThan(250);
  });

  test('is late only beyond the delay of its path', () => {
    const mesh = running(
      { conditions: { oneWayMs: 300, jitterMs: 60, loss: 0.1 } },
      { predictionFramesMax: 40 },
    );
    mesh.run(5000);
    const silentFromMs = mesh.nowMs;
    expect(peer(mesh, 0).heard('peer-late')).toEqual([]);
    mesh.sleep(1, 2500);
    mesh.run(2500);
    expect((peer(mesh, 0).heardAtMs('peer-late') ?? 0) - silentFromMs).toBeGreaterThan(300 + 2 * 480);
  });

  test('and comes back before it is lost has missed nothing', () => {
    const mesh = running();
    mesh.sleep(1, 2000);
    mesh.run(2500);
    const [survivor, sleeper] = [peer(mesh, 0), peer(mesh, 1)];
    expect(story(survivor, 'peer-late', 'peer-back', 'peer-left')).toEqual(['peer-late', 'peer-back']);
    expect(survivor.heard('peer-back')[0]?.silentMs).toBeGreaterThan(1900);
    expect(survivor.heard('stalled')).toHaveLength(1);
    expect(survivor.heard('stalled')[0]?.waitingFor).toEqual(['b']);
    expect(survivor.heard('resumed')[0]?.stalledMs).toBeGreaterThan(1500);
    mesh.run(3000);
    expect(mesh.compareHashes().different).toEqual([]);
    expect(Math.abs(survivor.session.frameCurrent - sleeper.session.frameCurrent)).toBeLessThan(3);
    expect(mesh.violations).toEqual([]);
  });

  test('and whose packets alone are lost is waited for as well', () => {
    const mesh = running();
    mesh.cut(1, 0);
    mesh.run(2000);
    mesh.heal(1, 0);
    mesh.run(2000);
    expect(story(peer(mesh, 0), 'peer-late', 'peer-back', 'peer-left')).toEqual(['peer-late', 'peer-back']);
    expect(mesh.compareHashes().different).toEqual([]);
    expect(mesh.compareHashes().compared).toBeGreaterThan(150);
  });
});

describe('two players, one is lost', () => {
  test("'vacate': the other plays on from an exact cut, without stalls and without it", () => {
    const mesh = running();
    mesh.sleep(1, 60_000);
    mesh.run(5000);
    const survivor = peer(mesh, 0);
    const [left] = survivor.heard('peer-left');
    expect(left).toMatchObject({ peer: 'b', reason: 'lost' });
    expect(survivor.session.phase).toBe('running');
    expect(survivor.session.slots.slice(0, 3)).toEqual(['active', 'vacant', 'vacant']);
    expect(survivor.session.viewId).toBe(1);
    expect(survivor.session.state.active).toBe(1);
    const cut = left?.cutFrame ?? 0;
    const reads = peer(mesh, 1).reads.get(1) ?? [];
    expect(survivor.session.inputsAt(cut)?.[1]).toEqual(reads[cut]);
    expect(survivor.session.inputsAt(cut + 1)?.[1]).toEqual({ v: 0 });
    expect(survivor.session.frameConfirmed).toBe(survivor.session.frameCurrent);
    expect(survivor.session.frameFinal).toBe(survivor.session.frameCurrent);
    const before = survivor.session.frameCurrent;
    const sent = survivor.sent.packets;
    mesh.run(1000);
    expect(survivor.session.frameCurrent - before).toBeGreaterThan(58);
    expect(survivor.session.stats().peers).toEqual([]);
    expect(survivor.sent.packets).toBe(sent);
    expect(mesh.violations).toEqual([]);
  });

  test("'vacate': what still comes from the lost peer is ignored, on both sides of the fork", () => {
    const mesh = running();
    for (const [from, to] of [
      [0, 1],
      [1, 0],
    ] as const)
      mesh.cut(from, to);
    mesh.run(4000);
    for (const [from, to] of [
      [0, 1],
      [1, 0],
    ] as const)
      mesh.heal(from, to);
    mesh.run(1000);
    for (const half of mesh.peers) {
      expect(half.heard('peer-left')).toHaveLength(1);
      expect(half.heard('desync')).toEqual([]);
      expect(half.session.phase).toBe('running');
      expect(half.session.frameConfirmed).toBeGreaterThan(200);
    }
    expect(mesh.violations).toEqual([]);
  });

  test('a bot of the game takes over its slot', () => {
    const mesh = running({}, { onLost: { bot: 'seven' } });
    mesh.sleep(1, 60_000);
    mesh.run(5000);
    const survivor = peer(mesh, 0);
    const cut = survivor.heard('peer-left')[0]?.cutFrame ?? 0;
    expect(survivor.session.slots[1]).toBe('substituted');
    expect(survivor.session.inputsAt(cut + 1)?.[1]).toEqual({ v: 7 });
    expect(survivor.session.inputsAt(survivor.session.frameConfirmed)?.[1]).toEqual({ v: 7 });
    expect(survivor.session.frameConfirmed).toBeGreaterThan(200);
    expect(mesh.violations).toEqual([]);
  });

  test("'end': the match ends with the cut", () => {
    const mesh = running({}, { onLost: 'end' });
    mesh.sleep(1, 60_000);
    mesh.run(4000);
    const survivor = peer(mesh, 0);
    expect(story(survivor, 'peer-left', 'ended')).toEqual(['peer-left', 'ended']);
    expect(survivor.heard('ended')[0]?.reason).toBe('peer-lost');
    expect(survivor.session.phase).toBe('ended');
    const frame = survivor.session.frameCurrent;
    mesh.run(500);
    expect(survivor.session.frameCurrent).toBe(frame);
  });

  test("'pause': the match stands still, however long, and goes on when it returns", () => {
    const mesh = running({}, { onLost: 'pause' });
    mesh.sleep(1, 45_000);
    mesh.run(5000);
    const survivor = peer(mesh, 0);
    expect(survivor.session.phase).toBe('paused');
    const frame = survivor.session.frameCurrent;
    const sent = survivor.sent.packets;
    mesh.run(39_900);
    expect(survivor.session.phase).toBe('paused');
    expect(survivor.session.frameCurrent).toBe(frame);
    // It keeps knocking.
    expect(survivor.sent.packets - sent).toBeGreaterThan(39 * 25);
    mesh.run(3000);
    expect(survivor.session.phase).toBe('running');
    expect(story(survivor, 'peer-late', 'peer-back', 'peer-left', 'ended')).toEqual([
      'peer-late',
      'peer-back',
    ]);
    expect(survivor.session.frameConfirmed).toBeGreaterThan(frame + 100);
    expect(mesh.compareHashes().different).toEqual([]);
    expect(mesh.violations).toEqual([]);
  });

  test("'pause': a return after seconds is not followed by a rush", () => {
    const mesh = running({}, { onLost: 'pause' });
    mesh.sleep(1, 10_000);
    mesh.run(10_000);
    const before = mesh.peers.map(({ session }) => session.frameCurrent);
    mesh.run(3000);
    for (const [index, { session }] of mesh.peers.entries()) {
      const frames = session.frameCurrent - (before[index] as number);
      expect(frames).toBeGreaterThan(160);
      expect(frames).toBeLessThan(215);
    }
    expect(Math.abs(peer(mesh, 0).session.frameCurrent - peer(mesh, 1).session.frameCurrent)).toBeLessThan(3);
  });

  test("'pause': time spent waiting is not owed", () => {
    const mesh = running({}, { onLost: 'pause' });
    const survivor = peer(mesh, 0);
    survivor.session.linkChanged('b', 'closed', mesh.clockOf(survivor));
    mesh.run(5000);
    expect(survivor.session.phase).toBe('paused');
    survivor.session.linkChanged('b', 'open', mesh.clockOf(survivor));
    const before = survivor.framesStepped;
    mesh.run(100);
    expect(survivor.session.phase).toBe('running');
    expect(survivor.framesStepped - before).toBeGreaterThan(3);
    expect(survivor.framesStepped - before).toBeLessThan(10);
  });

  test('a closed link is a loss at once, and an open one again ends a pause', () => {
    const mesh = running({}, { onLost: 'pause' });
    const survivor = peer(mesh, 0);
    survivor.session.linkChanged('b', 'suspect', mesh.clockOf(survivor));
    mesh.run(50);
    expect(survivor.session.phase).toBe('running');
    survivor.session.linkChanged('b', 'closed', mesh.clockOf(survivor));
    mesh.run(50);
    expect(survivor.session.phase).toBe('paused');
    survivor.session.linkChanged('b', 'open', mesh.clockOf(survivor));
    mesh.run(50);
    expect(survivor.session.phase).toBe('running');
    survivor.session.linkChanged('nobody', 'closed', mesh.clockOf(survivor));
    mesh.run(1000);
    expect(mesh.compareHashes().different).toEqual([]);
  });
});

describe('leave', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('delivers the last inputs: both know the same cut, seed %i', (seed) => {
    const mesh = running({ seed, conditions: { oneWayMs: 60, jitterMs: 30, loss: 0.3, duplication: 0.2 } });
    leave(mesh, 1);
    const [survivor, leaver] = [peer(mesh, 0), peer(mesh, 1)];
    const last = (leaver.reads.get(1)?.length ?? 0) - 1;
    expect(leaver.heard('ended')).toEqual([
      { type: 'ended', reason: 'left', frame: leaver.session.frameConfirmed },
    ]);
    mesh.run(1500);
    expect(survivor.heard('peer-left')).toEqual([
      { type: 'peer-left', peer: 'b', cutFrame: last, reason: 'left' },
    ]);
    for (let frame = 3; frame <= last; frame += 1)
      expect(survivor.session.inputsAt(frame)?.[1]).toEqual(leaver.reads.get(1)?.[frame]);
    expect(survivor.session.frameConfirmed).toBeGreaterThan(last);
    expect(mesh.compareHashes().different).toEqual([]);
    expect(mesh.violations).toEqual([]);
  });

  test('whose goodbye overtakes the last inputs waits for them', () => {
    const mesh = running({ conditions: { oneWayMs: 30, reliableOneWayMs: 200 } });
    mesh.cut(1, 0);
    mesh.run(150);
    mesh.heal(1, 0);
    leave(mesh, 1);
    const last = (peer(mesh, 1).reads.get(1)?.length ?? 0) - 1;
    mesh.run(150);
    expect(peer(mesh, 0).heard('peer-left')).toEqual([]);
    mesh.run(150);
    expect(peer(mesh, 0).heard('peer-left')[0]).toMatchObject({ cutFrame: last, reason: 'left' });
  });

  test('that is said again and again, of inputs that never come, is waited for once', () => {
    const mesh = running();
    mesh.sleep(1, 60_000);
    mesh.run(120);
    for (let again = 0; again < 20; again += 1) {
      const bytes = encodeGoodbye(100_000 + again, KEY);
      mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes });
      mesh.run(50);
    }
    expect(peer(mesh, 0).heard('peer-left')[0]).toMatchObject({ peer: 'b', reason: 'left' });
  });

  test('is the end: what arrives later is not even listened to', () => {
    const mesh = running();
    mesh.cut(1, 0);
    mesh.run(800);
    const leaver = peer(mesh, 0);
    expect(leaver.heard('peer-late')).toHaveLength(1);
    leave(mesh, 0);
    const heard = leaver.events.length;
    mesh.heal(1, 0);
    mesh.run(400);
    expect(leaver.events).toHaveLength(heard);
    expect(leaver.session.stats().peers[0]?.malformed).toBe(0);
  });

  test('needs the reliable channel only', () => {
    const mesh = running();
    mesh.condition(1, 0, { loss: 1 });
    leave(mesh, 1);
    mesh.run(400);
    const last = (peer(mesh, 1).reads.get(1)?.length ?? 0) - 1;
    expect(peer(mesh, 0).heard('peer-left')[0]).toMatchObject({ cutFrame: last, reason: 'left' });
  });

  test('is told within two round trips', () => {
    const mesh = running();
    const leftAtMs = mesh.nowMs;
    leave(mesh, 1);
    mesh.run(500);
    expect((peer(mesh, 0).heardAtMs('peer-left') ?? Number.NaN) - leftAtMs).toBeLessThan(200);
  });

  test('with more inputs under way than one packet carries still delivers all of them', () => {
    const mesh = running(
      {
        conditions: { oneWayMs: 200, jitterMs: 0, loss: 0 },
        owners: [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        game: chainGame(),
      },
      { predictionFramesMax: 60, inputDelayFrames: 15, lostAfterMs: 60_000 },
    );
    // Fifteen players whose inputs change each frame, none acknowledged: 16 bytes each frame, 75 frames.
    mesh.cut(1, 0);
    mesh.run(4000);
    mesh.heal(1, 0);
    leave(mesh, 1);
    const last = (peer(mesh, 1).reads.get(1)?.length ?? 0) - 1;
    mesh.run(1500);
    expect(peer(mesh, 0).heard('peer-left')[0]).toMatchObject({ cutFrame: last, reason: 'left' });
  });

  test('ends a session once and for all', () => {
    const mesh = running();
    leave(mesh, 1);
    leave(mesh, 1);
    const leaver = peer(mesh, 1);
    const sent = leaver.sent.packets;
    mesh.run(500);
    expect(leaver.heard('ended')).toHaveLength(1);
    expect(leaver.sent.packets).toBe(sent);
    expect(leaver.session.advance(mesh.clockOf(leaver))).toEqual({
      framesStepped: 0,
      framesResimulated: 0,
      stalled: false,
    });
    expect(leaver.session.phase).toBe('ended');
  });

  test("takes the place of a loss for onLost 'bot' and 'pause' too: who says goodbye is not waited for", () => {
    const mesh = running({}, { onLost: 'pause' });
    leave(mesh, 1);
    mesh.run(1000);
    expect(peer(mesh, 0).session.phase).toBe('running');
    expect(peer(mesh, 0).session.frameConfirmed).toBe(peer(mesh, 0).session.frameCurrent);
  });
});

describe('a watcher', () => {
  test('comes and goes without anybody waiting', () => {
    const mesh = running({ peerCount: 3, owners: [0, 1] });
    leave(mesh, 2);
    mesh.run(1000);
    for (const player of mesh.peers.slice(0, 2)) {
      expect(player.heard('peer-left')[0]).toMatchObject({ peer: 'c', reason: 'left' });
      expect(player.heard('stalled')).toEqual([]);
      expect(player.session.viewId).toBe(0);
      expect(player.session.phase).toBe('running');
    }
    expect(mesh.compareHashes(mesh.peers.slice(0, 2)).different).toEqual([]);
  });

  test('that falls silent is lost to the players and to nobody else', () => {
    const mesh = running({ peerCount: 3, owners: [0, 1] });
    mesh.sleep(2, 60_000);
    mesh.run(4000);
    for (const player of mesh.peers.slice(0, 2)) {
      expect(player.heard('peer-left')[0]).toMatchObject({ peer: 'c', reason: 'lost' });
      expect(player.heard('stalled')).toEqual([]);
    }
  });

  test.each([60, 144, 240])(
    'that slept and lost what was sent meanwhile catches up, at %i frames per second',
    (fps) => {
      const mesh = running(
        {
          peerCount: 3,
          owners: [0, 1],
          game: chainGame({ framesPerSecond: fps }),
          advancesPerSecond: () => fps,
        },
        { predictionFramesMax: 30 },
      );
      // It wakes a second behind by its clock, hears nothing at first and stands still: its position falls back.
      for (const from of [0, 1]) mesh.cut(from, 2);
      mesh.sleep(2, 1500);
      mesh.run(1800);
      for (const from of [0, 1]) mesh.heal(from, 2);
      mesh.run(4000);
      const [player, , watcher] = mesh.peers.map(({ session }) => session.frameConfirmed);
      expect((player as number) - (watcher as number)).toBeLessThan(fps / 6);
      expect(mesh.compareHashes().different).toEqual([]);
      expect(mesh.violations).toEqual([]);
    },
  );

  test('that hears nothing for longer than logs are kept never gets wrong inputs', () => {
    const mesh = running({ peerCount: 3, owners: [0, 1] }, { lostAfterMs: 60_000 });
    // Its own packets arrive, so nobody takes it for lost.
    mesh.cut(0, 2);
    mesh.cut(1, 2);
    mesh.run(45_000);
    mesh.heal(0, 2);
    mesh.heal(1, 2);
    mesh.run(20_000);
    const watcher = peer(mesh, 2);
    const players = mesh.peers.slice(0, 2);
    for (const player of players) expect(player.session.frameConfirmed).toBeGreaterThan(3000);
    expect(watcher.heard('equivocation')).toEqual([]);
    expect(mesh.compareHashes().different).toEqual([]);
    expect(mesh.compareHashes(players).different).toEqual([]);
    // It cannot be served any more, and is told apart from a member that plays.
    for (const player of players)
      expect(player.heard('peer-left')[0]).toMatchObject({ peer: 'c', reason: 'lost' });
  });
});
