/** Whom a newcomer asks for which chunk, and when it asks somebody else. Times are in ms, chunks have 1,000 bytes. */
import { hashBytes } from '../../../sdk/src/base/state-hash.js';
import { ChunkFetch, type ChunkVerdict } from '../../../sdk/src/session/chunk-fetch.js';
import { randomState } from './transfer-net.js';

const CHUNK = 1000;

/** A fetch of `count` chunks, and who was asked for what. */
class Bench {
  readonly fetch: ChunkFetch;
  readonly state: Uint8Array;
  /** Members whose questions the transport does not take. */
  readonly jammed = new Set<string>();

  constructor(count: number, sources: readonly string[]) {
    // The last chunk is shorter.
    this.state = randomState(count * CHUNK - 1);
    const chunkHashes = Array.from({ length: count }, (_, index) => hashBytes(this.chunk(index)));
    const { length: byteLength } = this.state;
    this.fetch = new ChunkFetch({
      byteLength,
      bytesHash: hashBytes(this.state),
      chunkBytes: CHUNK,
      chunkHashes,
    });
    for (const source of sources) this.fetch.addSource(source);
  }

  chunk(index: number): Uint8Array {
    return this.state.slice(index * CHUNK, (index + 1) * CHUNK);
  }

  /** What is asked at `nowMs`, member by member, in the order of asking. */
  asks(nowMs: number): { readonly [peer: string]: readonly number[] } {
    const asked: Record<string, readonly number[]> = {};
    this.fetch.advance(nowMs, (peer, indices) => {
      if (this.jammed.has(peer)) return false;
      asked[peer] = indices;
      return true;
    });
    return asked;
  }

  answer(peer: string, index: number, nowMs: number): ChunkVerdict {
    return this.fetch.take(peer, { index, bytes: this.chunk(index) }, nowMs);
  }

  /** Asks and answers everything `tookMs` later, until `count` chunks are here. */
  serve(peer: string, count: number, times: { nowMs: number; tookMs: number }): number {
    let { nowMs } = times;
    while (this.fetch.chunksReceived < count) {
      const indices = this.asks(nowMs)[peer] ?? [];
      nowMs += times.tookMs;
      for (const index of indices) this.answer(peer, index, nowMs);
    }
    return nowMs;
  }
}

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

test('each member is first asked for four chunks, none for the same', () => {
  const bench = new Bench(100, ['a', 'b']);
  expect(bench.asks(0)).toEqual({ a: range(0, 3), b: range(4, 7) });
  expect(bench.asks(10)).toEqual({});
});

test('no more is asked for than there is, and nothing of nobody', () => {
  const bench = new Bench(6, ['a', 'b']);
  expect(bench.asks(0)).toEqual({ a: range(0, 3), b: [4, 5] });
  expect(new Bench(5, []).asks(0)).toEqual({});
});

test('a prompt answer widens the window by one chunk, to sixteen at most', () => {
  const bench = new Bench(1000, ['a']);
  expect(bench.asks(0)).toEqual({ a: range(0, 3) });
  bench.answer('a', 0, 50);
  expect(bench.asks(50)).toEqual({ a: [4, 5] });
  for (const index of [1, 2, 3]) bench.answer('a', index, 50);
  expect(bench.asks(50)).toEqual({ a: range(6, 11) });
  let nowMs = 50;
  let most = 0;
  for (let round = 0; round < 10; round += 1) {
    const before = bench.fetch.chunksReceived;
    nowMs = bench.serve('a', before + 1, { nowMs, tookMs: 50 });
    most = Math.max(most, bench.fetch.chunksReceived - before);
  }
  expect(most).toBe(16);
});

test('an answer that takes more than twice the fastest and 100 ms narrows it by half a chunk, to one at least', () => {
  const bench = new Bench(1000, ['a']);
  const steps: number[] = [];
  bench.asks(0);
  for (const index of range(0, 3)) bench.answer('a', index, 100);
  // A window of eight. On the limit it still grows.
  expect(bench.asks(100)).toEqual({ a: range(4, 11) });
  bench.answer('a', 4, 400);
  expect(bench.asks(400)).toEqual({ a: [12, 13] });
  bench.answer('a', 5, 401);
  // 9 - 0.5: the place of the answer stays empty.
  expect(bench.asks(401)).toEqual({});
  bench.answer('a', 6, 401);
  expect(bench.asks(401)).toEqual({ a: [14] });
  for (let time = 0; time < 40; time += 1) {
    const nowMs = 1000 + time * 500;
    const indices = bench.asks(nowMs)['a'] ?? [];
    for (const index of indices) bench.answer('a', index, nowMs + 499);
    steps.push(indices.length);
  }
  expect(steps.at(-1)).toBe(1);
});

test('the quickest member is asked first, one that has not answered counts as slow', () => {
  const bench = new Bench(100, ['a', 'b', 'c']);
  bench.asks(0);
  bench.answer('b', 4, 300);
  bench.answer('c', 8, 100);
  const order = Object.entries(bench.asks(300));
  expect(order).toEqual([
    ['c', [12, 13]],
    ['b', [14, 15]],
  ]);
});

test('what does not come within a second is asked of another', () => {
  const bench = new Bench(30, ['a', 'b']);
  bench.asks(0);
  bench.jammed.add('b');
  for (const index of range(4, 7)) bench.answer('b', index, 50);
  expect(bench.asks(999)).toEqual({});
  expect(bench.fetch.timeouts).toBe(0);
  bench.jammed.clear();
  bench.asks(1300);
  expect(bench.fetch.timeouts).toBe(4);
  bench.answer('b', 0, 1340);
  expect(bench.answer('b', 8, 1340)).toBe('taken');
});

test('what is asked of another is not asked of the same member again before all others were asked', () => {
  const bench = new Bench(4, ['a', 'b', 'c']);
  const holders: string[] = [];
  for (let nowMs = 0; nowMs < 4000; nowMs += 50)
    for (const [peer, indices] of Object.entries(bench.asks(nowMs)))
      if (indices.includes(2)) holders.push(peer);
  expect(holders.slice(0, 3)).toEqual(['a', 'b', 'c']);
  for (const [place, holder] of holders.entries()) expect(holders[place + 1]).not.toBe(holder);
});

test('a chunk that is lost again and again goes round, never twice in a row to the same member', () => {
  const bench = new Bench(4000, ['a', 'b', 'c']);
  const holders: string[] = [];
  const answers: (() => void)[][] = [];
  for (let tick = 0; tick < 200; tick += 1) {
    for (const answer of answers.shift() ?? []) answer();
    const due: (() => void)[] = [];
    const nowMs = tick * 20;
    for (const [peer, indices] of Object.entries(bench.asks(nowMs)))
      for (const index of indices) {
        if (index === 3) holders.push(peer);
        else due.push(() => bench.answer(peer, index, nowMs + 100));
      }
    while (answers.length < 5) answers.push([]);
    answers[4] = due;
  }
  expect(holders.length).toBeGreaterThan(8);
  expect(new Set(holders.slice(0, 3)).size).toBe(3);
  for (const [place, holder] of holders.entries()) expect(holders[place + 1]).not.toBe(holder);
});

test('the time an answer takes is smoothed: a quarter of each new one counts', () => {
  const bench = new Bench(500, ['a']);
  bench.asks(0);
  bench.answer('a', 0, 200);
  // 200 + (400 - 200) / 4 = 250, so the next ones are given up after 3 x 250 + 200.
  bench.answer('a', 1, 400);
  expect(bench.asks(400)).toEqual({ a: range(4, 7) });
  // 2 and 3 were asked for at 0 as well.
  bench.asks(949);
  expect(bench.fetch.timeouts).toBe(0);
  bench.asks(950);
  expect(bench.fetch.timeouts).toBe(2);
});

test('a chunk under way is late by the measure of who has it, and then asked of an idle member too', () => {
  const bench = new Bench(32, ['a', 'b']);
  bench.asks(0);
  bench.jammed.add('b');
  for (const index of range(4, 7)) bench.answer('b', index, 40);
  for (const index of range(0, 3)) bench.answer('a', index, 100);
  expect(bench.asks(100)).toEqual({ a: range(8, 15) });
  for (const index of range(8, 15)) bench.answer('a', index, 200);
  expect(bench.asks(200)).toEqual({ a: range(16, 31) });
  bench.jammed.clear();
  // 1.5 x 100 + 100 after they were asked for; b would have answered after 40.
  expect(bench.asks(449)).toEqual({});
  expect(bench.asks(450)).toEqual({ b: [16] });
  expect(bench.asks(451)).toEqual({ b: [17] });
  // Near the end, the fastest answer of all is the measure: 1.5 x 40 + 100.
  for (const index of [...range(18, 26)]) bench.answer('a', index, 452);
  bench.answer('b', 16, 452);
  expect(bench.fetch.chunksReceived).toBe(26);
  expect(bench.asks(452)).toEqual({ b: [27] });
});

test('a member alone is asked again, after a timeout that follows how long it takes', () => {
  for (const [tookMs, limitMs] of [
    [10, 400],
    [66, 400],
    [67, 401],
    [200, 800],
    [900, 2900],
    [990, 3000],
  ] as const) {
    const bench = new Bench(500, ['a']);
    bench.asks(0);
    for (const index of range(0, 3)) bench.answer('a', index, tookMs);
    expect(bench.asks(tookMs)).toEqual({ a: range(4, 11) });
    expect(bench.asks(tookMs + limitMs - 1)).toEqual({});
    // Half the window, the same chunks.
    expect(bench.asks(tookMs + limitMs)).toEqual({ a: range(4, 7) });
    expect(bench.fetch.timeouts).toBe(8);
  }
});

test('a chunk that is passed over is given up sooner, and the window stays', () => {
  const bench = new Bench(500, ['a']);
  bench.asks(0);
  for (const index of range(0, 3)) bench.answer('a', index, 100);
  expect(bench.asks(100)).toEqual({ a: range(4, 11) });
  bench.answer('a', 5, 200);
  expect(bench.asks(200)).toEqual({ a: [12, 13] });
  bench.answer('a', 12, 300);
  // Those asked at 100 are overtaken now; they are late after 1.5 x 100 + 100.
  expect(bench.asks(349)).toEqual({ a: [14, 15] });
  expect(bench.asks(350)).toEqual({ a: [4, 6, 7, 8, 9, 10, 11] });
  expect(bench.fetch.timeouts).toBe(7);
  // The window is ten: seven, 13, 14 and 15 fill it.
  bench.answer('a', 13, 351);
  expect(bench.asks(351)).toEqual({ a: [16, 17] });
});

test('after three timeouts in a row a member rests: for 1 s, 2 s, 4 s, and 4 s from then on', () => {
  const bench = new Bench(500, ['a']);
  const asked: number[] = [];
  for (let nowMs = 0; nowMs <= 30_000; nowMs += 100)
    if (bench.asks(nowMs)['a'] !== undefined) asked.push(nowMs);
  // Three questions of a second each, then the rest.
  expect(asked).toEqual([
    ...[0, 1000, 2000],
    ...[4000, 5000, 6000],
    ...[9000, 10_000, 11_000],
    ...[16_000, 17_000, 18_000],
    ...[23_000, 24_000, 25_000],
    30_000,
  ]);
});

test('an answer ends the row of timeouts, and the rests begin short again', () => {
  const bench = new Bench(500, ['a']);
  const restOf = (fromMs: number): number => {
    let nowMs = fromMs;
    let last = fromMs;
    for (;;) {
      nowMs += 100;
      if (bench.asks(nowMs)['a'] === undefined) continue;
      if (nowMs - last > 1500) return nowMs - last - 1000;
      last = nowMs;
    }
  };
  bench.asks(0);
  expect(restOf(0)).toBe(1000);
  expect(restOf(4000)).toBe(2000);
  bench.answer('a', 0, 9100);
  expect(bench.asks(9200)).toEqual({ a: [1, 2] });
  // Two timeouts, an answer, two more: no rest.
  const questions: number[] = [];
  for (let nowMs = 9300; nowMs < 20_000; nowMs += 100) {
    const indices = bench.asks(nowMs)['a'] ?? [];
    if (indices.length > 0) questions.push(nowMs);
    if (questions.length % 2 === 1 && indices.length > 0) bench.answer('a', indices[0] as number, nowMs + 50);
  }
  const gaps = questions.slice(1).map((nowMs, index) => nowMs - (questions[index] as number));
  expect(Math.max(...gaps)).toBeLessThan(1000);
  // Silent again: after three timeouts of 500 ms it rests for a second, as at first.
  const silent: number[] = [];
  for (let nowMs = 20_000; nowMs < 25_000; nowMs += 100)
    if (bench.asks(nowMs)['a'] !== undefined) silent.push(nowMs);
  const waits = silent.slice(1).map((nowMs, index) => nowMs - (silent[index] as number));
  expect(Math.max(...waits.slice(0, 4))).toBeLessThanOrEqual(1600);
});

test('a resting member is not waited for: what it had is asked of the others, and of it when it wakes', () => {
  const bench = new Bench(500, ['a', 'b']);
  let aAsked = 0;
  for (let nowMs = 0; nowMs < 5000; nowMs += 50) {
    const asked = bench.asks(nowMs);
    for (const index of asked['b'] ?? []) bench.answer('b', index, nowMs + 40);
    if (nowMs > 3100 && nowMs < 3900 && asked['a'] !== undefined) aAsked += 1;
  }
  expect(aAsked).toBe(0);
  expect(bench.fetch.chunksReceived).toBe(500);
});

test('a question that the transport does not take is put again after 250 ms, and to others at once', () => {
  const bench = new Bench(10, ['a', 'b']);
  bench.jammed.add('a');
  expect(bench.asks(0)).toEqual({ b: range(0, 3) });
  bench.jammed.clear();
  expect(bench.asks(249)).toEqual({});
  expect(bench.asks(250)).toEqual({ a: range(4, 7) });
  // Nobody waits for one that takes no questions.
  const alone = new Bench(4, ['a', 'b']);
  alone.jammed.add('b');
  alone.asks(0);
  expect(alone.asks(1000)).toEqual({});
  expect(alone.asks(1001)).toEqual({ a: [0, 1] });
  expect(alone.fetch.timeouts).toBe(4);
});

test('a wrong chunk is asked of another at once; a second one ends the matter', () => {
  const bench = new Bench(20, ['a', 'b']);
  bench.asks(0);
  const wrong = (index: number): ChunkVerdict =>
    bench.fetch.take('a', { index, bytes: bench.chunk(index + 1) }, 50);
  expect(wrong(0)).toBe('wrong');
  expect(bench.fetch.banned).toEqual([]);
  bench.answer('b', 4, 50);
  // The window of a is one, and three are under way.
  expect(bench.asks(50)).toEqual({ b: [0, 8] });
  expect(wrong(1)).toBe('wrong');
  expect([bench.fetch.banned, bench.fetch.sources]).toEqual([['a'], ['b']]);
  bench.fetch.addSource('a');
  expect(bench.fetch.sources).toEqual(['b']);
  expect(wrong(2)).toBe('unasked');
  bench.answer('b', 5, 60);
  expect(bench.asks(60)).toEqual({ b: [1, 2] });
});

test('a chunk that came already is wrong too if its bytes are', () => {
  const bench = new Bench(4, ['a']);
  bench.asks(0);
  expect(bench.answer('a', 0, 10)).toBe('taken');
  expect(bench.answer('a', 0, 20)).toBe('duplicate');
  expect(bench.fetch.take('a', { index: 0, bytes: new Uint8Array(CHUNK) }, 30)).toBe('wrong');
  expect([bench.fetch.chunksReceived, bench.fetch.bytesReceived]).toEqual([1, 1000]);
});

test('lengths are exact, also of the last chunk, and unknown indices were never asked for', () => {
  const bench = new Bench(2, ['a']);
  bench.asks(0);
  const take = (index: number, bytes: Uint8Array): ChunkVerdict =>
    bench.fetch.take('a', { index, bytes }, 10);
  expect(take(2, new Uint8Array(CHUNK))).toBe('unasked');
  expect(bench.fetch.take('x', { index: 0, bytes: bench.chunk(0) }, 10)).toBe('unasked');
  expect(take(1, Uint8Array.from([...bench.chunk(1), 0]))).toBe('wrong');
  expect(bench.answer('a', 1, 20)).toBe('taken');
  expect(bench.fetch.assembled()).toBeUndefined();
  expect(bench.answer('a', 0, 20)).toBe('taken');
  expect([bench.fetch.isComplete, bench.fetch.bytesReceived]).toEqual([true, 1999]);
  expect(bench.fetch.assembled()).toEqual(bench.state);
});

test('an answer that comes after it was given up is taken', () => {
  const bench = new Bench(4, ['a']);
  bench.asks(0);
  bench.asks(1000);
  expect(bench.answer('a', 3, 1500)).toBe('taken');
  // It tells nothing of how long an answer takes: 2 and 1 were asked again at 1000, 3 was not.
  expect(bench.asks(1999)).toEqual({});
});

test('what a member owed that is gone is asked of the others', () => {
  const bench = new Bench(30, ['a', 'b']);
  bench.asks(0);
  bench.fetch.removeSource('a');
  bench.fetch.removeSource('nobody');
  expect(bench.fetch.sources).toEqual(['b']);
  bench.answer('b', 4, 50);
  expect(bench.asks(50)).toEqual({ b: [0, 1] });
  // It may come back.
  bench.fetch.addSource('a');
  bench.fetch.addSource('a');
  expect(bench.fetch.sources).toEqual(['b', 'a']);
  expect(bench.asks(60)).toEqual({ a: range(2, 3).concat(8, 9) });
});

test('when nothing else is left, a late chunk is asked of one member after another', () => {
  const peers = ['a', 'b', 'c', 'd', 'e', 'f'];
  const bench = new Bench(24, peers);
  bench.asks(0);
  // All answer within 100 but a, which keeps chunk 3 back.
  for (const [place, peer] of peers.entries())
    for (const index of range(place * 4, place * 4 + 3)) if (index !== 3) bench.answer(peer, index, 100);
  expect(bench.asks(249)).toEqual({});
  expect(bench.asks(250)).toEqual({ b: [3] });
  // One after another, each time it is late again; that of a was given up after 3 x 100 + 200, which makes room.
  expect(bench.asks(499)).toEqual({});
  expect(bench.asks(500)).toEqual({ c: [3] });
  expect(bench.asks(750)).toEqual({ d: [3] });
  expect(bench.answer('c', 3, 760)).toBe('taken');
  expect(bench.answer('b', 3, 770)).toBe('duplicate');
  expect([bench.fetch.isComplete, bench.asks(5000)]).toEqual([true, {}]);
});

test('no chunk is asked of more than four members at a time', () => {
  const peers = ['a', 'b', 'c', 'd', 'e', 'f'];
  const bench = new Bench(24, peers);
  bench.asks(0);
  // One answers fast, the others take nearly a second: they are not given up for three.
  for (const [place, peer] of peers.entries())
    for (const index of range(place * 4, place * 4 + 3))
      if (index !== 3) bench.answer(peer, index, peer === 'b' ? 50 : 990);
  const asked: (readonly [number, string])[] = [];
  for (let nowMs = 1000; nowMs < 2900; nowMs += 5)
    for (const [peer, indices] of Object.entries(bench.asks(nowMs))) {
      expect(indices).toEqual([3]);
      asked.push([nowMs, peer]);
    }
  // That of b alone is given up soon, after 400 ms.
  expect(asked).toEqual([
    [1000, 'b'],
    [1175, 'c'],
    [1350, 'd'],
    [1525, 'e'],
  ]);
});
