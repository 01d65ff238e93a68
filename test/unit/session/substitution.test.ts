/** Three or more players: one falls silent, a substitute plays on, and it comes back. */
import { button, defineGame, defineInput, defineState, i32, table } from 'rollmesh';
import { hashBytes } from '../../../sdk/src/base/state-hash.js';
import { encodeUtf8 } from '../../../sdk/src/base/utf8.js';
import { packetCrc, write16 } from '../../../sdk/src/wire/frame-packet.js';
import { KIND_FORWARD } from '../../../sdk/src/wire/view-messages.js';
import { VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from './chain-game.js';
import { leave, peer } from './running-mesh.js';

const KIND_PROPOSE = 0x83;
const KEY = hashBytes(encodeUtf8('match\n7')) & 0xffff;

type Mesh = VirtualMesh<ChainState, ChainInput>;

function meshOf(
  seed: number,
  options: Partial<ConstructorParameters<typeof VirtualMesh<ChainState, ChainInput>>[0]> = {},
): Mesh {
  const mesh = new VirtualMesh<ChainState, ChainInput>({
    seed,
    peerCount: 4,
    game: chainGame({ playersMax: 4 }),
    readInput: changing(0.1),
    conditions: { oneWayMs: 50, jitterMs: 10 },
    ...options,
  });
  mesh.start();
  mesh.run(2000);
  return mesh;
}

function expectAllEqual(mesh: Mesh): void {
  expect(mesh.compareHashes().different).toEqual([]);
  expect(mesh.violations).toEqual([]);
  for (const { events } of mesh.peers) {
    expect(events.filter(({ event }) => event.type === 'desync' || event.type === 'equivocation')).toEqual(
      [],
    );
  }
}

test.each([0, 1, 2, 3])(
  'peer %i of four freezes for 2 s, 100 ms round trip: nobody else waits longer than 300 ms, and it comes back',
  (frozen) => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const mesh = meshOf(seed);
      mesh.sleep(frozen, 2000);
      mesh.run(6000);
      for (const { index, session } of mesh.peers) {
        if (index !== frozen) expect(session.stats().stallMsMax).toBeLessThanOrEqual(300);
        expect(session.slots.slice(0, 4)).toEqual(['active', 'active', 'active', 'active']);
      }
      const cuts = mesh.peers.map((it) => it.heard('peer-substituted'));
      const returns = mesh.peers.map((it) => it.heard('peer-returned'));
      for (const list of [...cuts, ...returns]) expect(list).toHaveLength(1);
      expect(new Set(cuts.map((list) => list[0]?.cutFrame)).size).toBe(1);
      expect(new Set(returns.map((list) => list[0]?.frame)).size).toBe(1);
      // Its own inputs count again: it was asked for each frame once, from the frame of its return on.
      const reads = peer(mesh, frozen).reads.get(frozen) ?? [];
      const back = returns[0]?.[0]?.frame ?? 0;
      expect(reads[back]).toBeDefined();
      expect(reads[back - 1]).toBeUndefined();
      expect(mesh.compareHashes().compared).toBeGreaterThan(400);
      expectAllEqual(mesh);
    }
  },
);

test('a peer that freezes again and again waits longer each time before it plays again', () => {
  const mesh = meshOf(3);
  const waits: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    mesh.sleep(2, 1000);
    mesh.run(1000);
    const wokenMs = mesh.nowMs;
    mesh.runUntil(() => peer(mesh, 0).heard('peer-returned').length === round + 1, 10_000);
    waits.push(mesh.nowMs - wokenMs);
    mesh.run(500);
  }
  expect(waits[3]).toBeGreaterThan((waits[0] as number) + 500);
  expect(peer(mesh, 1).heard('peer-returned')).toHaveLength(4);
  expectAllEqual(mesh);
});

test('one that hears the others but is not heard goes back to the cut, and is told', () => {
  const mesh = meshOf(5, { peerCount: 3, game: chainGame({ playersMax: 3 }) });
  for (const to of [0, 1]) mesh.cut(2, to);
  mesh.run(1500);
  expect(peer(mesh, 2).heard('peer-substituted')).toHaveLength(1);
  for (const to of [0, 1]) mesh.heal(2, to);
  mesh.run(3000);
  expect(peer(mesh, 0).heard('peer-returned')).toHaveLength(1);
  expect(peer(mesh, 0).session.stats().stallMsMax).toBeLessThan(300);
  expectAllEqual(mesh);
});

test('a link that breaks between two of four substitutes nobody', () => {
  const mesh = meshOf(6);
  mesh.cut(1, 2);
  mesh.cut(2, 1);
  mesh.run(4000);
  for (const it of mesh.peers) {
    expect(it.heard('peer-substituted')).toEqual([]);
    expect(it.heard('peer-left')).toEqual([]);
    expect(it.session.frameConfirmed).toBeGreaterThan(300);
  }
  expectAllEqual(mesh);
});

test('one that stays silent is substituted first and loses its slot at an agreed frame later', () => {
  const mesh = meshOf(7);
  mesh.sleep(1, 60_000);
  mesh.run(6000);
  const survivors = [0, 2, 3].map((index) => peer(mesh, index));
  for (const { session } of survivors) {
    expect(session.slots).toEqual(['active', 'vacant', 'active', 'active']);
    expect(session.stats().stallMsMax).toBeLessThan(300);
  }
  const left = survivors.map((it) => it.heard('peer-left'));
  for (const list of left) expect(list).toMatchObject([{ peer: 'b', reason: 'lost' }]);
  expect(mesh.compareHashes(survivors).different).toEqual([]);
  expect(mesh.compareHashes(survivors).compared).toBeGreaterThan(400);
});

test('a substituted peer that says goodbye is let go', () => {
  const mesh = meshOf(8);
  for (const to of [0, 1, 3]) mesh.cut(2, to);
  mesh.run(1000);
  expect(peer(mesh, 2).heard('peer-substituted')).toHaveLength(1);
  for (const to of [0, 1, 3]) mesh.heal(2, to);
  leave(mesh, 2);
  mesh.run(2000);
  for (const index of [0, 1, 3]) {
    expect(peer(mesh, index).heard('peer-left')).toMatchObject([{ peer: 'c', reason: 'left' }]);
    expect(peer(mesh, index).session.slots[2]).toBe('vacant');
  }
});

test('with onLost "pause" and onLate "substitute" a lost peer keeps its slots until it is back', () => {
  const mesh = meshOf(9, { session: () => ({ onLost: 'pause', onLate: 'substitute' }) });
  mesh.sleep(3, 8000);
  mesh.run(8000);
  expect(peer(mesh, 0).session.slots).toEqual(['active', 'active', 'active', 'substituted']);
  expect(peer(mesh, 0).session.phase).toBe('running');
  mesh.run(4000);
  expect(peer(mesh, 0).session.slots).toEqual(['active', 'active', 'active', 'active']);
  expectAllEqual(mesh);
});

test.each([10, 20, 30])('a player whose machine steps %i frames per second holds nobody up', (perSecond) => {
  const slow = { advances: 60 };
  const mesh = meshOf(11, {
    advancesPerSecond: (index) => (index === 2 ? slow.advances : 60),
    session: (index) => (index === 2 ? { stepsPerAdvanceMax: 2 } : {}),
  });
  slow.advances = perSecond / 2;
  mesh.run(4000);
  expect(peer(mesh, 0).heard('peer-substituted')).toMatchObject([{ peer: 'c' }]);
  const before = peer(mesh, 0).session.frameCurrent;
  mesh.run(3000);
  expect(peer(mesh, 0).session.frameCurrent - before).toBeGreaterThan(175);
  // It is told, sees the match, and plays again when it can keep up.
  expect(peer(mesh, 2).heard('peer-substituted')).toHaveLength(1);
  slow.advances = 60;
  mesh.run(15_000);
  expect(peer(mesh, 0).session.slots[2]).toBe('active');
  expect(peer(mesh, 0).heard('peer-left')).toEqual([]);
  expectAllEqual(mesh);
});

test('a player that is heard but sends no more inputs holds nobody up for long', () => {
  const withheld = { fromMs: Number.POSITIVE_INFINITY };
  const mesh = meshOf(13, {
    intercept: ({ from, bytes }, nowMs) => {
      const carriesInputs = (bytes[0] as number) < 128 && ((bytes[7] as number) & 127) > 0;
      if (from !== 1 || nowMs < withheld.fromMs || !carriesInputs) return [bytes];
      // The same packet without its inputs and the rest, as a liar would send it.
      const bare = bytes.slice(0, 8);
      bare[0] = (bare[0] as number) & 0x70;
      bare[7] = 0;
      write16(bare, 1, packetCrc(bare, bare.length, KEY));
      return [bare];
    },
  });
  withheld.fromMs = mesh.nowMs;
  mesh.run(3000);
  const substituted = peer(mesh, 0).heard('peer-substituted');
  expect(substituted.length).toBeGreaterThan(0);
  expect(substituted.every((event) => event.peer === 'b')).toBe(true);
  expect(peer(mesh, 0).session.frameConfirmed).toBeGreaterThan(220);
});

test('a slow path is no slow player: with much loss and delay nobody is substituted for it', () => {
  const mesh = meshOf(12, { conditions: { oneWayMs: 120, jitterMs: 40, loss: 0.1 } });
  mesh.run(20_000);
  for (const it of mesh.peers) expect(it.heard('peer-substituted')).toEqual([]);
  expectAllEqual(mesh);
});

test('with two players nobody is substituted: the other waits', () => {
  const mesh = meshOf(10, { peerCount: 2, game: chainGame({ playersMax: 2 }) });
  mesh.sleep(1, 1500);
  mesh.run(1500);
  expect(peer(mesh, 0).heard('peer-late')).toHaveLength(1);
  expect(peer(mesh, 0).heard('peer-substituted')).toEqual([]);
  mesh.run(2000);
  expectAllEqual(mesh);
  expect(peer(mesh, 0).session.stats().stallMsMax).toBeGreaterThan(1000);
});

describe('what plays for a late player', () => {
  /** Counts the frames in which each slot held the button, and remembers what the slots were. */
  const game = defineGame({
    id: 'held',
    version: '1',
    playersMax: 3,
    input: defineInput({ held: button }),
    state: defineState({ held: table(3, { frames: i32, substituted: i32 }) }),
    step(state, inputs, { slots }) {
      for (let slot = 0; slot < 3; slot += 1) {
        if (inputs[slot]?.held === true) state.held.frames[slot] = (state.held.frames[slot] as number) + 1;
        if (slots[slot] === 'substituted')
          state.held.substituted[slot] = (state.held.substituted[slot] as number) + 1;
      }
    },
    bots: { presser: (_state, _slot, { frame }) => ({ held: frame % 2 === 0 }) },
  });
  const play = (
    lateInput: 'neutral' | 'repeat' | { readonly bot: string },
  ): { held: number; substituted: number; equal: boolean } => {
    const mesh = new VirtualMesh({
      seed: 4,
      peerCount: 3,
      game,
      readInput: () => ({ held: true }),
      session: () => ({ lateInput }),
    });
    mesh.start();
    mesh.run(1500);
    const before = mesh.peers[0]?.session.state.held.frames[1] as number;
    mesh.sleep(1, 1500);
    mesh.run(1500);
    const state = mesh.peers[0]?.session.state;
    const { different } = mesh.compareHashes();
    return {
      held: (state?.held.frames[1] as number) - before,
      substituted: state?.held.substituted[1] as number,
      equal: different.length === 0,
    };
  };

  test('is the neutral input, its last one, or a bot of the game, the same for all', () => {
    const neutral = play('neutral');
    const repeated = play('repeat');
    const bot = play({ bot: 'presser' });
    for (const { equal, substituted } of [neutral, repeated, bot]) {
      expect(equal).toBe(true);
      expect(substituted).toBeGreaterThan(40);
    }
    expect(neutral.held).toBeLessThan(20);
    expect(repeated.held).toBeGreaterThan(neutral.held + neutral.substituted - 5);
    expect(bot.held - neutral.held).toBeGreaterThan(bot.substituted / 2 - 5);
    expect(bot.held - neutral.held).toBeLessThan(bot.substituted / 2 + 5);
  });
});

describe('an agreed pause', () => {
  test.each([0, 1, 3])(
    'asked for by peer %i, halts all at the same frame until somebody goes on',
    (asking) => {
      const mesh = meshOf(20 + asking, { conditions: { oneWayMs: 50, jitterMs: 10, loss: 0.05 } });
      peer(mesh, asking).session.pause();
      mesh.run(1500);
      const halted = mesh.peers.map((it) => it.heard('match-paused'));
      for (const list of halted) expect(list).toHaveLength(1);
      const frame = halted[0]?.[0]?.frame;
      expect(mesh.peers.map(({ session }) => session.frameCurrent)).toEqual([frame, frame, frame, frame]);
      expect(mesh.peers.map(({ session }) => session.frameConfirmed)).toEqual([frame, frame, frame, frame]);
      expect(mesh.peers.map(({ session }) => session.phase)).toEqual([
        'paused',
        'paused',
        'paused',
        'paused',
      ]);
      mesh.run(20_000);
      expect(mesh.peers.map(({ session }) => session.frameCurrent)).toEqual([frame, frame, frame, frame]);
      peer(mesh, 2).session.resume();
      mesh.run(3000);
      for (const it of mesh.peers) {
        expect(it.heard('match-resumed')).toHaveLength(1);
        expect(it.session.phase).toBe('running');
        expect(it.session.frameCurrent).toBeGreaterThan((frame ?? 0) + 140);
        expect(it.heard('peer-late')).toEqual([]);
      }
      const positions = mesh.positions();
      expect(Math.max(...positions) - Math.min(...positions)).toBeLessThan(2);
      expectAllEqual(mesh);
    },
  );

  test('that comes late, when some have played ahead of it, halts all at its frame nevertheless', () => {
    let untilMs = Number.POSITIVE_INFINITY;
    const mesh = meshOf(29, {
      // The last hears of the proposal, and for a while of nothing else.
      intercept: ({ to, bytes }, nowMs) => {
        const kind = bytes[0] as number;
        const isOfView = kind > KIND_PROPOSE && kind <= KIND_FORWARD;
        return to === 3 && isOfView && nowMs < untilMs ? [] : [bytes];
      },
    });
    untilMs = mesh.nowMs + 800;
    peer(mesh, 1).session.pause();
    const most = [0, 0, 0, 0];
    mesh.runUntil(() => {
      for (const { index, session } of mesh.peers)
        most[index] = Math.max(most[index] as number, session.frameCurrent);
      return mesh.peers.every((it) => it.session.phase === 'paused');
    }, 5000);
    mesh.run(500);
    const frame = peer(mesh, 0).heard('match-paused')[0]?.frame as number;
    for (const it of mesh.peers) {
      expect(it.heard('match-paused')).toEqual([{ type: 'match-paused', frame }]);
      expect([it.session.frameCurrent, it.session.frameConfirmed]).toEqual([frame, frame]);
    }
    expect(Math.max(...most)).toBeGreaterThan(frame);
    peer(mesh, 0).session.resume();
    mesh.run(3000);
    expectAllEqual(mesh);
  });

  test('can be asked for and ended many times', () => {
    const mesh = meshOf(30);
    for (let round = 0; round < 5; round += 1) {
      peer(mesh, round % 4).session.pause();
      mesh.run(900);
      peer(mesh, (round + 1) % 4).session.resume();
      mesh.run(900);
    }
    for (const it of mesh.peers) {
      expect(it.heard('match-paused')).toHaveLength(5);
      expect(it.heard('match-resumed')).toHaveLength(5);
    }
    expectAllEqual(mesh);
  });

  test('works for two, and alone', () => {
    for (const peerCount of [1, 2]) {
      const mesh = meshOf(40 + peerCount, { peerCount, game: chainGame({ playersMax: 2 }) });
      peer(mesh, peerCount - 1).session.pause();
      mesh.run(1000);
      expect(mesh.peers.map(({ session }) => session.phase)).toEqual(Array(peerCount).fill('paused'));
      peer(mesh, 0).session.resume();
      mesh.run(1000);
      expect(mesh.peers.map(({ session }) => session.phase)).toEqual(Array(peerCount).fill('running'));
      expectAllEqual(mesh);
    }
  });

  test('while a player is lost ends without it', () => {
    const mesh = meshOf(50);
    peer(mesh, 0).session.pause();
    mesh.run(1000);
    mesh.sleep(3, 60_000);
    mesh.run(6000);
    peer(mesh, 1).session.resume();
    mesh.run(2000);
    for (const index of [0, 1, 2]) {
      expect(peer(mesh, index).heard('peer-left')).toMatchObject([{ peer: 'd' }]);
      expect(peer(mesh, index).session.phase).toBe('running');
    }
    expect(mesh.compareHashes([0, 1, 2].map((index) => peer(mesh, index))).different).toEqual([]);
  });

  test('is refused before the start and to a peer that only watches', () => {
    const mesh = new VirtualMesh<ChainState, ChainInput>({
      seed: 60,
      peerCount: 3,
      owners: [0, 1],
      game: chainGame({ playersMax: 2 }),
      readInput: changing(0.1),
    });
    mesh.run(50);
    expect(() => peer(mesh, 0).session.pause()).toThrow(expect.objectContaining({ code: 'wrong-phase' }));
    mesh.start();
    expect(() => peer(mesh, 2).session.resume()).toThrow(expect.objectContaining({ code: 'wrong-phase' }));
  });
});
