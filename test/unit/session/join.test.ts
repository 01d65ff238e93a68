/** Coming into a running match, and back into it. */
import type { Session, SessionOptions } from 'rollmesh/session';
import { KIND_CHUNK, KIND_JOIN_REPLY } from '../../../sdk/src/wire/join-messages.js';
import { type MeshOptions, VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from './chain-game.js';
import { largeGame } from './large-game.js';
import { leave, peer } from './running-mesh.js';

const JOIN_AT_MS = 4000;

interface Setting<S, I> extends Partial<MeshOptions<S, I>> {
  /** Peers from the start; the rest join. */
  readonly members: number;
  readonly admits?: boolean;
  readonly joiner?: Partial<SessionOptions<S, I>>;
}

function listenToRequests(mesh: VirtualMesh<never, never>, members: number): void {
  for (const it of mesh.peers.slice(0, members))
    it.session.on('join-requested', ({ peer: asking }) => it.session.admitJoin(asking));
}

/** A match of some members that later peers ask to join, each half a second after the one before. */
function meshOf<S, I>(
  seed: number,
  setting: Setting<S, I> & Pick<MeshOptions<S, I>, 'game' | 'readInput'>,
): VirtualMesh<S, I> {
  const { members, admits = true, joiner, ...options } = setting;
  const ids = Array.from({ length: members }, (_, index) => String.fromCharCode(97 + index));
  const peerCount = options.peerCount ?? members + 1;
  const mesh = new VirtualMesh<S, I>({
    seed,
    conditions: { oneWayMs: 40, jitterMs: 8 },
    ...options,
    peerCount,
    createdAtMs: (index) => (index < members ? 0 : JOIN_AT_MS + (index - members) * 500),
    session: (index) =>
      index < members
        ? { peers: ids, players: ids.map((id) => ({ peer: id })), ...options.session?.(index) }
        : { join: true, ...options.session?.(index), ...joiner },
  });
  mesh.run(2500);
  if (admits) listenToRequests(mesh as never, members);
  return mesh;
}

const chainOf = (playersMax: number) => ({ game: chainGame({ playersMax }), readInput: changing(0.1) });

function expectAllEqual<S, I>(
  mesh: VirtualMesh<S, I>,
  who: readonly number[] = mesh.peers.map(({ index }) => index),
): void {
  const peers = who.map((index) => mesh.peers[index] as (typeof mesh.peers)[number]);
  expect(mesh.compareHashes(peers).different).toEqual([]);
  expect(mesh.violations).toEqual([]);
  for (const { events } of peers)
    expect(events.filter(({ event }) => event.type === 'desync' || event.type === 'equivocation')).toEqual(
      [],
    );
}

const slotsOf = <S, I>(mesh: VirtualMesh<S, I>, index: number): readonly string[] =>
  (mesh.peers[index] as { session: Session<S, I> }).session.slots;

test.each([1, 2, 3, 5])('a newcomer joins %i players, who never wait for it', (members) => {
  for (const loss of [0, 0.05]) {
    const mesh = meshOf<ChainState, ChainInput>(members, {
      members,
      ...chainOf(6),
      conditions: { oneWayMs: 40, jitterMs: 8, loss },
    });
    mesh.run(8000);
    for (const it of mesh.peers) {
      expect(it.session.slots.filter((slot) => slot === 'active')).toHaveLength(members + 1);
      expect(it.heard('peer-joined')).toMatchObject([
        { peer: String.fromCharCode(97 + members), slots: [members] },
      ]);
      if (it.index < members) expect(it.session.stats().stalls).toBe(0);
    }
    // It is asked for its own inputs, from the frame on that all agreed.
    const frame = peer(mesh, members).heard('peer-joined')[0]?.frame ?? 0;
    const reads = peer(mesh, members).reads.get(members) ?? [];
    expect(reads[frame]).toBeDefined();
    expect(reads[frame - 1]).toBeUndefined();
    expectAllEqual(mesh);
    expect(mesh.compareHashes().compared).toBeGreaterThan(500);
  }
});

test.each([1, 2])(
  'newcomers that are seconds behind do not slow %i players down',
  (members) => {
    const mesh = meshOf(1, {
      members,
      peerCount: members + 2,
      game: largeGame(5),
      readInput: (_slot, _frame, random) => ({ v: random.below(256) }),
      conditions: { oneWayMs: 40, jitterMs: 8, reliableBytesPerSecond: 250_000 },
    });
    let worst = 60;
    for (let second = 0; second < 15; second += 1) {
      const before = peer(mesh as never, 0).session.frameCurrent;
      mesh.run(1000);
      worst = Math.min(worst, peer(mesh as never, 0).session.frameCurrent - before);
    }
    expect(mesh.peers.slice(members).map(({ session }) => session.phase)).toEqual(['running', 'running']);
    expect(worst).toBeGreaterThanOrEqual(59);
  },
  60_000,
);

test('one megabyte over links of 2 Mbit/s: it plays within the time of the transfer and two seconds', () => {
  const bytesPerSecond = 250_000;
  const mesh = meshOf(1, {
    members: 4,
    game: largeGame(5),
    readInput: (_slot, _frame, random) => ({ v: random.below(256) }),
    conditions: { oneWayMs: 40, jitterMs: 8, loss: 0.01, reliableBytesPerSecond: bytesPerSecond },
    session: () => ({ predictionFramesMax: 8 }),
  });
  mesh.run(JOIN_AT_MS - 2480);
  const joined = mesh.runUntil(() => slotsOf(mesh, 4)[4] === 'active', 20_000);
  expect(joined).toBe(true);
  // Four members send at once: a quarter of the time that one link takes is the least.
  const transferMs = (1000 * 262_144 * 4) / bytesPerSecond;
  expect(mesh.nowMs - JOIN_AT_MS).toBeLessThan(transferMs + 2000);
  mesh.run(1000);
  for (const it of mesh.peers.slice(0, 4)) expect(it.session.stats().stalls).toBe(0);
  expectAllEqual(mesh);
}, 60_000);

test.each([
  ['the coordinator, which it began to fetch from', 0],
  ['another member', 2],
])(
  '%s dies in the middle of the transfer',
  (_name, dying) => {
    const mesh = meshOf(2, {
      members: 4,
      game: largeGame(5),
      readInput: (_slot, _frame, random) => ({ v: random.below(256) }),
      conditions: { oneWayMs: 40, jitterMs: 8, reliableBytesPerSecond: 250_000 },
    });
    mesh.run(JOIN_AT_MS - 2480);
    mesh.runUntil(() => (mesh.peers[4]?.heard('join-progress').length ?? 0) > 10, 5000);
    mesh.sleep(dying, 1e9);
    expect(mesh.runUntil(() => slotsOf(mesh, 4)[4] === 'active', 15_000)).toBe(true);
    mesh.run(5000);
    const living = [0, 1, 2, 3, 4].filter((index) => index !== dying);
    for (const index of living) expect(slotsOf(mesh, index)[dying]).toBe('vacant');
    expectAllEqual(mesh, living);
  },
  60_000,
);

test('a member that sends wrong chunks is passed over', () => {
  let spoilt = 0;
  const mesh = meshOf<ChainState, ChainInput>(3, {
    members: 4,
    ...chainOf(5),
    intercept: ({ from, channel, bytes }) => {
      if (from !== 1 || channel !== 'bulk' || bytes[0] !== KIND_CHUNK) return [bytes];
      spoilt += 1;
      const copy = bytes.slice();
      copy[copy.length - 1] = (copy[copy.length - 1] as number) ^ 1;
      return [copy];
    },
  });
  mesh.run(8000);
  expect(slotsOf(mesh, 4)[4]).toBe('active');
  expect(spoilt).toBeLessThan(3);
  expectAllEqual(mesh);
});

test('the coordinator dies between the admission and the seat: the next one goes on', () => {
  const mesh = meshOf<ChainState, ChainInput>(4, { members: 4, ...chainOf(5) });
  mesh.runUntil(() => (mesh.peers[4]?.exists ?? false) && peer(mesh, 4).heard('started').length > 0, 5000);
  mesh.sleep(0, 1e9);
  expect(mesh.runUntil(() => slotsOf(mesh, 4)[4] === 'active', 6000)).toBe(true);
  mesh.run(5000);
  expectAllEqual(mesh, [1, 2, 3, 4]);
});

test('a member that lost sight of the newcomer counts it again once it has its slots', () => {
  const mesh = meshOf<ChainState, ChainInput>(17, {
    members: 3,
    ...chainOf(4),
    session: () => ({ lostAfterMs: 800 }),
  });
  mesh.runUntil(() => peer(mesh, 3).heard('started').length > 0, 6000);
  for (const from of [0, 1, 3]) mesh.cut(from, 2);
  mesh.run(1100);
  expect(peer(mesh, 2).heard('peer-left')).toMatchObject([{ peer: 'd' }]);
  for (const from of [0, 1, 3]) mesh.heal(from, 2);
  expect(mesh.runUntil(() => slotsOf(mesh, 2)[3] === 'active', 6000)).toBe(true);
  mesh.run(1000);
  // It is a voter for all: its loss is agreed on, and told everywhere.
  mesh.sleep(3, 60_000);
  mesh.run(4000);
  for (const index of [0, 1, 2]) {
    expect(slotsOf(mesh, index)).toEqual(['active', 'active', 'active', 'vacant']);
    expect(peer(mesh, index).heard('peer-left').at(-1)).toMatchObject({ peer: 'd' });
  }
  const cuts = [0, 1, 2].map((index) => peer(mesh, index).heard('peer-left').at(-1)?.cutFrame);
  expect(new Set(cuts).size).toBe(1);
  expectAllEqual(mesh, [0, 1, 2]);
});

test('two newcomers at once both get in', () => {
  const mesh = meshOf<ChainState, ChainInput>(5, { members: 2, peerCount: 4, ...chainOf(4) });
  mesh.run(9000);
  for (const it of mesh.peers) expect(it.session.slots).toEqual(['active', 'active', 'active', 'active']);
  expectAllEqual(mesh);
});

test('with more slots asked for than free, it gets what is free; with none, it watches', () => {
  const two = meshOf<ChainState, ChainInput>(6, { members: 3, ...chainOf(4), joiner: { slotCount: 2 } });
  two.run(8000);
  expect(peer(two, 3).heard('peer-joined')).toMatchObject([{ slots: [3] }]);
  expectAllEqual(two);
  const watcher = meshOf<ChainState, ChainInput>(7, { members: 2, ...chainOf(4), joiner: { slotCount: 0 } });
  watcher.run(8000);
  expect(peer(watcher, 2).session.phase).toBe('running');
  expect(peer(watcher, 2).session.frameConfirmed).toBeGreaterThan(400);
  expect(slotsOf(watcher, 2)).toEqual(['active', 'active', 'vacant', 'vacant']);
  expectAllEqual(watcher);
});

test('who is refused is told why and ends; who is not answered waits', () => {
  const mesh = meshOf<ChainState, ChainInput>(8, { members: 2, ...chainOf(4), admits: false });
  mesh.run(4000);
  expect(peer(mesh, 0).heard('join-requested')).toEqual([
    { type: 'join-requested', peer: 'c', slotsWanted: 1 },
  ]);
  expect(peer(mesh, 2).session.phase).toBe('joining');
  peer(mesh, 0).session.refuseJoin('c', 'the tournament has begun');
  mesh.run(1000);
  expect(peer(mesh, 2).heard('join-refused')).toMatchObject([
    { peer: 'a', reason: 'the tournament has begun' },
  ]);
  expect(peer(mesh, 2).session.phase).toBe('ended');
  expect(() => peer(mesh, 0).session.admitJoin('nobody')).toThrow(
    expect.objectContaining({ code: 'invalid-argument' }),
  );
  expect(() => peer(mesh, 0).session.admitJoin('c', { slotCount: 9 })).toThrow(
    expect.objectContaining({ code: 'invalid-argument' }),
  );
});

test('who runs another version of the game is refused by all, unasked', () => {
  const mesh = meshOf<ChainState, ChainInput>(9, {
    members: 2,
    ...chainOf(4),
    game: (index) => ({ ...chainGame({ playersMax: 4 }), version: index === 2 ? '2' : '1' }),
  });
  mesh.run(4000);
  expect(peer(mesh, 2).heard('ended')[0]?.reason).toBe('refused');
  expect(peer(mesh, 2).heard('join-refused')[0]?.reason).toContain('another version of the game');
  expect(peer(mesh, 0).heard('join-requested')).toEqual([]);
});

test('with nobody there to answer it gives up', () => {
  const mesh = new VirtualMesh<ChainState, ChainInput>({
    seed: 10,
    peerCount: 2,
    ...chainOf(2),
    createdAtMs: (index) => (index === 0 ? 0 : 1e9),
    session: () => ({ join: true }),
  });
  mesh.run(29_000);
  expect(peer(mesh, 0).session.phase).toBe('joining');
  mesh.run(3000);
  expect(peer(mesh, 0).heard('ended')[0]?.reason).toBe('join-failed');
});

test('one that was let in and let go before it heard of either asks anew', () => {
  let lost = 0;
  const mesh: VirtualMesh<ChainState, ChainInput> = meshOf<ChainState, ChainInput>(16, {
    members: 3,
    ...chainOf(4),
    intercept: ({ to, bytes }, nowMs) => {
      const isAdmission = to === 3 && bytes[0] === KIND_JOIN_REPLY && bytes[7] === 1;
      if (!isAdmission || nowMs > JOIN_AT_MS + 8000) return [bytes];
      lost += 1;
      return [];
    },
  });
  mesh.runUntil(() => peer(mesh, 0).heard('join-requested').length > 0, 5000);
  mesh.run(300);
  mesh.sleep(3, 7000);
  mesh.run(14_000);
  expect(lost).toBeGreaterThan(0);
  expect(peer(mesh, 0).heard('peer-left')).toMatchObject([{ peer: 'd' }]);
  for (const it of mesh.peers) expect(it.session.slots).toEqual(Array(4).fill('active'));
  expectAllEqual(mesh);
});

test('one that the others went on without comes back by itself, into its own slot', () => {
  const mesh = meshOf<ChainState, ChainInput>(11, { members: 3, peerCount: 3, ...chainOf(3) });
  mesh.sleep(1, 8000);
  mesh.run(7000);
  expect(slotsOf(mesh, 0)).toEqual(['active', 'vacant', 'active']);
  mesh.run(8000);
  for (const it of mesh.peers) {
    expect(it.session.slots).toEqual(['active', 'active', 'active']);
    expect(it.heard('peer-joined')).toMatchObject([{ peer: 'b', slots: [1] }]);
  }
  expect(peer(mesh, 1).heard('ended')).toEqual([]);
  expect(peer(mesh, 0).heard('join-requested')).toEqual([]);
  expectAllEqual(mesh);
});

test('the minority of a partition comes back when it heals', () => {
  const mesh = meshOf<ChainState, ChainInput>(12, { members: 5, peerCount: 5, ...chainOf(5) });
  const cut = (change: 'cut' | 'heal'): void => {
    for (const left of [0, 1])
      for (const right of [2, 3, 4]) {
        mesh[change](left, right);
        mesh[change](right, left);
      }
  };
  cut('cut');
  mesh.run(6000);
  expect(peer(mesh, 0).session.phase).toBe('no-quorum');
  expect(slotsOf(mesh, 2)).toEqual(['vacant', 'vacant', 'active', 'active', 'active']);
  cut('heal');
  mesh.run(8000);
  for (const it of mesh.peers) expect(it.session.slots).toEqual(Array(5).fill('active'));
  expectAllEqual(mesh);
});

test('of two that lost each other and played on alone, the second comes back into the match of the first', () => {
  const mesh = meshOf<ChainState, ChainInput>(13, { members: 2, peerCount: 2, ...chainOf(2) });
  mesh.cut(0, 1);
  mesh.cut(1, 0);
  mesh.run(6000);
  expect(mesh.peers.map(({ session }) => session.slots)).toEqual([
    ['active', 'vacant'],
    ['vacant', 'active'],
  ]);
  mesh.heal(0, 1);
  mesh.heal(1, 0);
  mesh.run(8000);
  for (const it of mesh.peers) expect(it.session.slots).toEqual(['active', 'active']);
  expect(peer(mesh, 0).session.frameConfirmed).toBeGreaterThan(700);
  const [first, second] = [peer(mesh, 0), peer(mesh, 1)];
  const frame = first.session.frameFinal;
  expect(second.session.stateHash(frame)).toBe(first.session.stateHash(frame));
});

test('with rejoin false it ends instead, and nobody is let in unasked', () => {
  const mesh = meshOf<ChainState, ChainInput>(14, {
    members: 3,
    peerCount: 3,
    ...chainOf(3),
    session: () => ({ rejoin: false }),
  });
  mesh.sleep(1, 6000);
  mesh.run(9000);
  expect(peer(mesh, 1).heard('ended')[0]?.reason).toBe('removed');
  expect(slotsOf(mesh, 0)).toEqual(['active', 'vacant', 'active']);
});

test('a player leaves, another takes the slot, again and again', () => {
  const mesh = meshOf<ChainState, ChainInput>(15, { members: 2, peerCount: 6, ...chainOf(3) });
  // The third to sixth ask one after the other; there is one free slot, and each leaves after a while.
  const seated = (): string[] =>
    peer(mesh, 0)
      .heard('peer-joined')
      .map((event) => event.peer);
  for (let turn = 1; turn <= 4; turn += 1) {
    expect(mesh.runUntil(() => seated().length === turn, 12_000)).toBe(true);
    const joiner = mesh.peers.findIndex(({ id }) => id === seated()[turn - 1]);
    expect(mesh.runUntil(() => slotsOf(mesh, joiner)[2] === 'active', 3000)).toBe(true);
    mesh.run(500);
    expectAllEqual(mesh, [0, 1, joiner]);
    leave(mesh, joiner);
    mesh.run(500);
    expect(peer(mesh, 0).heard('peer-left')).toHaveLength(turn);
  }
  expect(new Set(seated()).size).toBe(4);
  expect(peer(mesh, 0).session.peers).toHaveLength(6);
  expect(peer(mesh, 0).session.stats().stalls).toBe(0);
});

test('messages of a join between other matches, damaged or forged, change nothing', () => {
  const mesh = meshOf<ChainState, ChainInput>(16, { members: 3, peerCount: 3, ...chainOf(4) });
  const { session } = peer(mesh, 0);
  const now = mesh.clockOf(peer(mesh, 0));
  for (let kind = 0x90; kind <= 0x96; kind += 1) {
    for (let length = 0; length < 60; length += 1) {
      const bytes = new Uint8Array(length + 1).fill(kind);
      session.receive('stranger', 'reliable', bytes, now);
      session.receive('b', 'bulk', bytes, now);
    }
  }
  mesh.run(2000);
  expect(session.slots).toEqual(['active', 'active', 'active', 'vacant']);
  expect(peer(mesh, 0).heard('join-requested')).toEqual([]);
  expectAllEqual(mesh);
});
