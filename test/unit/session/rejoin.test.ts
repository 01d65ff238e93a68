/** Coming back with a state of one's own: what was stepped since is fetched and stepped again, not the state. */
import type { SessionOptions } from 'rollmesh/session';
import { createRandom } from '../../../sdk/src/base/prng.js';
import {
  decodeJoin,
  encodeJoin,
  KIND_CHUNK,
  KIND_JOIN,
  KIND_LOG,
} from '../../../sdk/src/wire/join-messages.js';
import { type MeshOptions, type MeshPacket, VirtualMesh } from '../../support/virtual-mesh.js';
import { chainGame, changing } from './chain-game.js';
import { largeGame } from './large-game.js';

/** How often each kind of message was sent, and how many bytes. */
class Counts {
  readonly messages = new Map<number, number>();
  bytes = 0;

  note(bytes: Uint8Array): void {
    const kind = bytes[0] as number;
    if (kind < KIND_JOIN || kind > KIND_LOG) return;
    this.messages.set(kind, (this.messages.get(kind) ?? 0) + 1);
    this.bytes += bytes.length;
  }

  of(kind: number): number {
    return this.messages.get(kind) ?? 0;
  }
}

interface Scene<S, I> {
  readonly mesh: VirtualMesh<S, I>;
  readonly counts: Counts;
}

/** A match of some players in full play, all of whose messages of joins are counted. */
function playing<S, I>(
  options: Pick<MeshOptions<S, I>, 'game' | 'readInput' | 'peerCount'> & Partial<MeshOptions<S, I>>,
): Scene<S, I> {
  const counts = new Counts();
  const mesh = new VirtualMesh<S, I>({
    seed: 1,
    conditions: { oneWayMs: 40, jitterMs: 8 },
    ...options,
    intercept: (packet, nowMs) => {
      counts.note(packet.bytes);
      return options.intercept?.(packet, nowMs) ?? [packet.bytes];
    },
  });
  mesh.start();
  mesh.run(2500);
  return { mesh, counts };
}

const chainOf = (peerCount: number) => ({
  ...{ peerCount, game: chainGame({ playersMax: peerCount }), readInput: changing(0.2) },
});

function divide<S, I>(mesh: VirtualMesh<S, I>, part: readonly number[], how: 'cut' | 'heal'): void {
  for (const from of part)
    for (const { index } of mesh.peers)
      if (!part.includes(index)) {
        mesh[how](from, index);
        mesh[how](index, from);
      }
}

const allPlay = <S, I>(mesh: VirtualMesh<S, I>): boolean =>
  mesh.peers.every(
    ({ session }) => session.phase === 'running' && session.slots.every((slot) => slot === 'active'),
  );

/** All have the same hashes and inputs, of every frame that they still know. */
function expectSame<S, I>(mesh: VirtualMesh<S, I>): void {
  const final = Math.min(...mesh.peers.map(({ session }) => session.frameFinal));
  let compared = 0;
  for (let frame = Math.max(1, final - 599); frame <= final; frame += 1) {
    const hashes = mesh.peers.flatMap(({ session }) => session.stateHash(frame) ?? []);
    const inputs = mesh.peers.flatMap(({ session }) => {
      const known = session.inputsAt(frame);
      return known === undefined ? [] : [JSON.stringify(known)];
    });
    if (hashes.length === mesh.peers.length) compared += 1;
    // Frames of before it came back are known to the others alone.
    expect([frame, new Set(hashes).size > 1, new Set(inputs).size > 1]).toEqual([frame, false, false]);
  }
  expect(compared).toBeGreaterThan(60);
  expect(mesh.violations).toEqual([]);
  for (const it of mesh.peers) expect([it.heard('desync'), it.heard('equivocation')]).toEqual([[], []]);
}

/** The part is cut off for a while; gives the time from then until all play again. */
function awayFor<S, I>(mesh: VirtualMesh<S, I>, part: readonly number[], ms: number): number {
  divide(mesh, part, 'cut');
  mesh.run(ms);
  divide(mesh, part, 'heal');
  const healedMs = mesh.nowMs;
  expect(mesh.runUntil(() => allPlay(mesh), 20_000)).toBe(true);
  const tookMs = mesh.nowMs - healedMs;
  mesh.run(2500);
  return tookMs;
}

test.each([4000, 8000, 20_000])('after %i ms away no chunk of a state is fetched', (ms) => {
  const { mesh, counts } = playing(chainOf(4));
  const before = mesh.peers[3]?.session.frameFinal ?? 0;
  awayFor(mesh, [3], ms);
  expect([counts.of(KIND_CHUNK), counts.of(KIND_LOG) > 0]).toEqual([0, true]);
  // Its record of inputs has no gap.
  expect(mesh.peers[3]?.session.inputsAt(before + 30)).toEqual(mesh.peers[0]?.session.inputsAt(before + 30));
  expectSame(mesh);
});

test('after a second away nothing is fetched at all', () => {
  const { mesh, counts } = playing(chainOf(4));
  awayFor(mesh, [3], 1000);
  expect(counts.messages.size).toBe(0);
  expectSame(mesh);
});

test('one megabyte over links of 2 Mbit/s: some kilobytes are fetched', () => {
  const { mesh, counts } = playing({
    ...{ peerCount: 3, game: largeGame(4), owners: [0, 1, 2, 0] },
    readInput: (_slot, _frame, random) => ({ v: random.below(256) }),
    conditions: { oneWayMs: 40, jitterMs: 8, reliableBytesPerSecond: 250_000 },
  });
  const ms = awayFor(mesh, [2], 5000);
  expect([counts.of(KIND_CHUNK), counts.of(KIND_LOG) > 0]).toEqual([0, true]);
  expect(counts.bytes).toBeLessThan(10_000);
  expect(ms).toBeLessThan(3000);
  expectSame(mesh);
}, 60_000);

test('of two that went on alone, the second comes back with the state of before, whatever they did since', () => {
  for (const pauses of [false, true]) {
    const { mesh, counts } = playing(chainOf(2));
    divide(mesh, [1], 'cut');
    mesh.run(5000);
    expect(mesh.peers.map(({ session }) => session.slots)).toEqual([
      ['active', 'vacant'],
      ['vacant', 'active'],
    ]);
    if (pauses) {
      mesh.peers[1]?.session.pause();
      mesh.run(1000);
      mesh.peers[1]?.session.resume();
      mesh.run(1000);
    }
    divide(mesh, [1], 'heal');
    expect(mesh.runUntil(() => allPlay(mesh), 10_000)).toBe(true);
    mesh.run(3000);
    expect([counts.of(KIND_CHUNK), counts.of(KIND_LOG) > 0]).toEqual([0, true]);
    expectSame(mesh);
  }
});

test('the substitutes and bots of the time away are stepped as the others did', () => {
  const { mesh, counts } = playing({
    ...chainOf(4),
    session: () => ({ onLost: { bot: 'seven' }, lateInput: { bot: 'seven' } }),
  });
  mesh.sleep(1, 6000);
  awayFor(mesh, [3], 7000);
  expect(counts.of(KIND_CHUNK)).toBe(0);
  expectSame(mesh);
});

/** Every JOIN says that it comes back with another state than it has. */
function withWrongHash(options: Partial<SessionOptions<never, never>> = {}): Scene<never, never> {
  return playing({
    ...chainOf(4),
    session: () => options,
    intercept: ({ bytes }: MeshPacket) => {
      const join = bytes[0] === KIND_JOIN ? decodeJoin(bytes) : undefined;
      if (join?.held === undefined) return [bytes];
      return [encodeJoin({ ...join, held: { ...join.held, stateHash: join.held.stateHash ^ 1 } })];
    },
  } as never);
}

test('members that had another state at that frame send theirs', () => {
  const { mesh, counts } = withWrongHash();
  awayFor(mesh, [3], 5000);
  expect([counts.of(KIND_CHUNK) > 0, counts.of(KIND_LOG)]).toEqual([true, 0]);
  expectSame(mesh);
});

test('a log that does not lead to the state of the members is given up for the state', () => {
  // Its own game is another one from frame 100 on: what it steps is not what the members stepped.
  const after = (state: { digest: number }, frame: number): void => {
    if (isOdd && frame >= 100) state.digest ^= 1;
  };
  let isOdd = false;
  const { mesh, counts } = playing({
    ...chainOf(4),
    game: (index) => chainGame({ playersMax: 4, ...(index === 3 ? { after } : {}) }),
  });
  divide(mesh, [3], 'cut');
  mesh.run(5000);
  isOdd = true;
  divide(mesh, [3], 'heal');
  mesh.runUntil(() => counts.of(KIND_CHUNK) > 0, 5000);
  isOdd = false;
  expect(mesh.runUntil(() => allPlay(mesh), 10_000)).toBe(true);
  mesh.run(2500);
  expect([counts.of(KIND_CHUNK), counts.of(KIND_LOG)]).toEqual([1, 1]);
  expectSame(mesh);
});

test('what is longer ago than logs go back is fetched as a state', () => {
  const { mesh, counts } = playing({ ...chainOf(3), session: () => ({ lostAfterMs: 60_000 }) });
  mesh.sleep(2, 40_000);
  mesh.run(66_000);
  expect(mesh.runUntil(() => allPlay(mesh), 20_000)).toBe(true);
  mesh.run(2500);
  expect(counts.of(KIND_LOG)).toBe(0);
  expectSame(mesh);
});

test('a member dies while the log is fetched: another sends it', () => {
  for (const dying of [0, 1]) {
    const { mesh, counts } = playing({
      ...chainOf(5),
      intercept: ({ from, bytes }) => (from === dying && bytes[0] === KIND_LOG ? [] : [bytes]),
    });
    divide(mesh, [4], 'cut');
    mesh.run(5000);
    divide(mesh, [4], 'heal');
    mesh.runUntil(() => counts.messages.has(0x92), 5000);
    mesh.sleep(dying, 1e9);
    const others = mesh.peers.filter(({ index }) => index !== dying);
    expect(mesh.runUntil(() => others.every(({ session }) => session.slots[4] === 'active'), 15_000)).toBe(
      true,
    );
    mesh.run(2500);
    expect(counts.of(KIND_CHUNK)).toBe(0);
    expect(mesh.compareHashes(others).different).toEqual([]);
  }
});

test('with loss, at any time, who is away comes back without a state', () => {
  let logs = 0;
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = createRandom(seed);
    const peerCount = 2 + random.below(4);
    const oneWayMs = 10 + random.below(80);
    const { mesh, counts } = playing({
      ...{ ...chainOf(peerCount), seed },
      conditions: { oneWayMs, jitterMs: oneWayMs / 3, loss: 0.1 + random.next() * 0.2 },
    });
    const who = 1 + random.below(peerCount - 1);
    const ms = 4000 + random.below(9000);
    if (random.chance(0.5)) awayFor(mesh, [who], ms);
    else {
      mesh.sleep(who, ms);
      mesh.run(ms + 100);
      expect(mesh.runUntil(() => allPlay(mesh), 20_000)).toBe(true);
      mesh.run(2500);
    }
    expect([seed, counts.of(KIND_CHUNK)]).toEqual([seed, 0]);
    logs += counts.of(KIND_LOG);
    expectSame(mesh);
  }
  expect(logs).toBeGreaterThan(15);
}, 60_000);
