/** The simulated network alone: each kind of trouble does what its figure says, and no more. */
import {
  type NetworkConditions,
  networkPresets,
  SimulatedNetwork,
  usOf,
  VirtualClock,
} from 'rollmesh/simulator';

interface Arrival {
  readonly from: number;
  readonly to: number;
  readonly number: number;
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

/** A network whose messages are numbered; `send` returns what the transport said. */
class NumberedNetwork {
  readonly clock = new VirtualClock();
  readonly arrivals: Arrival[] = [];
  /** The very arrays that were delivered. */
  readonly handed: Uint8Array[] = [];
  readonly network: SimulatedNetwork;
  #next = 0;

  constructor(conditions: NetworkConditions, seed = 1) {
    this.network = new SimulatedNetwork({
      clock: this.clock,
      seed,
      nodeCount: 3,
      conditions,
      deliver: (from, to, _channel, bytes) => {
        const number = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
        this.arrivals.push({ from, to, number, atMs: this.clock.nowMs, bytes: bytes.slice() });
        this.handed.push(bytes);
      },
    });
  }

  send(channel: 'unreliable' | 'reliable' | 'bulk' = 'unreliable', from = 0, to = 1): boolean {
    const bytes = new Uint8Array(40).fill(0xa5);
    bytes[0] = this.#next & 255;
    bytes[1] = this.#next >> 8;
    this.#next += 1;
    return this.network.send({ from, to }, channel, bytes);
  }

  /** Sends one message every `everyMs`, `count` times, and lets everything arrive. */
  stream(
    count: number,
    everyMs: number,
    channel: 'unreliable' | 'reliable' | 'bulk' = 'unreliable',
  ): Arrival[] {
    for (let index = 0; index < count; index += 1) {
      this.clock.schedule(this.clock.nowUs + usOf(index * everyMs), () => {
        this.send(channel);
      });
    }
    this.clock.runUntil(this.clock.nowUs + usOf(count * everyMs + 60_000));
    return this.arrivals;
  }
}

const numbersOf = (arrivals: readonly Arrival[]): number[] => arrivals.map(({ number }) => number);
const ascending = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test('a clean link delivers everything once, in order, after exactly its delay', () => {
  const net = new NumberedNetwork({ delayMs: 33.333 });
  const arrivals = net.stream(100, 10);
  expect(numbersOf(arrivals)).toEqual(ascending(100));
  for (const { number, atMs } of arrivals) expect(atMs).toBeCloseTo(number * 10 + 33.333, 9);
});

test('the receiver gets a copy: what the sender does with its buffer later does not show', () => {
  const net = new NumberedNetwork({ delayMs: 5 });
  const bytes = Uint8Array.of(7, 0);
  net.network.send({ from: 0, to: 1 }, 'unreliable', bytes);
  net.network.send({ from: 0, to: 1 }, 'reliable', bytes);
  bytes[0] = 9;
  net.clock.runUntil(usOf(10));
  expect(numbersOf(net.arrivals)).toEqual([7, 7]);
});

test('uniform jitter stays within its limit, exponential jitter has its mean', () => {
  const delays = (conditions: NetworkConditions): number[] =>
    new NumberedNetwork(conditions).stream(4000, 1).map(({ atMs, number }) => atMs - number);
  const uniform = delays({ delayMs: 20, jitterMs: 30, jitter: 'uniform' });
  expect(Math.min(...uniform)).toBeGreaterThanOrEqual(20);
  expect(Math.max(...uniform)).toBeLessThanOrEqual(50);
  expect(Math.max(...uniform)).toBeGreaterThan(49);
  const exponential = delays({ delayMs: 20, jitterMs: 30 });
  const mean = exponential.reduce((sum, delay) => sum + delay - 20, 0) / exponential.length;
  expect(mean).toBeGreaterThan(28);
  expect(mean).toBeLessThan(32);
  expect(Math.max(...exponential)).toBeGreaterThan(150);
});

test('single losses have their share and no pattern', () => {
  const net = new NumberedNetwork({ delayMs: 1, loss: 0.2 });
  const got = new Set(numbersOf(net.stream(5000, 1)));
  const { lost, delivered } = net.network.counts();
  expect(lost + delivered).toBe(5000);
  expect(lost / 5000).toBeCloseTo(0.2, 1);
  const pairs = ascending(4999).filter((number) => !got.has(number) && !got.has(number + 1)).length;
  expect(pairs / 5000).toBeCloseTo(0.04, 1);
});

test('bursts lose everything for a while, as long and as often as they say', () => {
  const net = new NumberedNetwork({ delayMs: 1, burst: { everyMs: 900, lengthMs: 100 } });
  const got = new Set(numbersOf(net.stream(60_000, 1)));
  const lost = ascending(60_000).filter((number) => !got.has(number));
  const bursts = lost.filter((number) => got.has(number - 1)).length;
  expect(lost.length / 60_000).toBeGreaterThan(0.07);
  expect(lost.length / 60_000).toBeLessThan(0.13);
  expect(lost.length / bursts).toBeGreaterThan(70);
});

test('a reordered packet is overtaken, a doubled one arrives twice', () => {
  const reordering = new NumberedNetwork({ delayMs: 10, reorder: 0.1, reorderMs: 25 });
  const numbers = numbersOf(reordering.stream(2000, 10));
  expect([...numbers].sort((left, right) => left - right)).toEqual(ascending(2000));
  const overtaken = numbers.filter(
    (number, index) => index > 0 && number < (numbers[index - 1] as number),
  ).length;
  expect(overtaken).toBeGreaterThan(120);
  expect(reordering.network.counts().reordered).toBeGreaterThan(150);
  const doubling = new NumberedNetwork({ delayMs: 10, duplicate: 0.3, duplicateMs: 2000 });
  const twice = doubling.stream(2000, 10);
  expect(new Set(numbersOf(twice)).size).toBe(2000);
  expect(twice.length - 2000).toBe(doubling.network.counts().duplicated);
  expect(twice.length).toBeGreaterThan(2500);
  expect(Math.max(...twice.map(({ atMs, number }) => atMs - number * 10))).toBeGreaterThan(1500);
});

test('damage flips bits or cuts the end, and leaves the sender and the other copy alone', () => {
  const net = new NumberedNetwork({ delayMs: 10, corrupt: 0.5 });
  const arrivals = net.stream(2000, 1);
  const clean = arrivals.filter(
    ({ bytes }) => bytes.length === 40 && bytes.subarray(2).every((byte) => byte === 0xa5),
  );
  const cut = arrivals.filter(({ bytes }) => bytes.length < 40);
  const flipped = arrivals.length - clean.length - cut.length;
  expect(arrivals).toHaveLength(2000);
  expect(cut.length).toBeGreaterThan(150);
  expect(flipped).toBeGreaterThan(500);
  expect(clean.length).toBeGreaterThan(900);
});

test('reliable messages arrive all, once and in order; losses only delay them and those behind', () => {
  const net = new NumberedNetwork({ delayMs: 50, loss: 0.3, duplicate: 0.5, reorder: 0.5, corrupt: 1 });
  const arrivals = net.stream(500, 10, 'reliable');
  expect(numbersOf(arrivals)).toEqual(ascending(500));
  const delays = arrivals.map(({ atMs, number }) => atMs - number * 10);
  expect(Math.min(...delays)).toBe(50);
  expect(Math.max(...delays)).toBeGreaterThanOrEqual(50 + 150);
  expect(arrivals.every(({ bytes }) => bytes.length === 40)).toBe(true);
  expect(net.network.counts().retransmitted).toBeGreaterThan(100);
});

test('bulk messages arrive all, but do not wait for each other', () => {
  const numbers = numbersOf(new NumberedNetwork({ delayMs: 50, loss: 0.3 }).stream(500, 10, 'bulk'));
  expect(numbers).not.toEqual(ascending(500));
  expect([...numbers].sort((left, right) => left - right)).toEqual(ascending(500));
});

test('a stopped link loses packets, keeps reliable messages and hands them over in order afterwards', () => {
  const net = new NumberedNetwork({ delayMs: 20 });
  const unblock = net.network.block({ from: 0, to: 1 }, 'stopped');
  net.send();
  net.send('reliable');
  net.send('reliable');
  net.send('unreliable', 1, 0);
  net.clock.runUntil(usOf(1000));
  expect(net.arrivals.map(({ from }) => from)).toEqual([1]);
  unblock();
  net.send('reliable');
  net.clock.runUntil(usOf(2000));
  expect(numbersOf(net.arrivals)).toEqual([3, 1, 2, 4]);
  expect(net.network.counts().blocked).toBe(1);
});

test('what is on its way when a link stops is lost, too', () => {
  const net = new NumberedNetwork({ delayMs: 20 });
  net.send();
  net.clock.runUntil(usOf(10));
  const unblock = net.network.block({ from: 0, to: 1 }, 'stopped');
  net.clock.runUntil(usOf(30));
  unblock();
  net.clock.runUntil(usOf(1000));
  expect(net.arrivals).toEqual([]);
});

test('a jammed link lets everything out in one burst', () => {
  const net = new NumberedNetwork({ delayMs: 20 });
  const unblock = net.network.block({ from: 0, to: 1 }, 'jammed');
  for (let index = 0; index < 50; index += 1) net.send();
  net.clock.runUntil(usOf(1000));
  expect(net.arrivals).toEqual([]);
  unblock();
  expect(numbersOf(net.arrivals)).toEqual(ascending(50));
});

test('a slowed link delivers everything a quarter of a second later', () => {
  const net = new NumberedNetwork({ delayMs: 20 });
  const unblock = net.network.block({ from: 0, to: 1 }, 'slowed');
  net.send();
  net.send('reliable');
  net.clock.runUntil(usOf(1000));
  expect(net.arrivals.map(({ atMs }) => atMs)).toEqual([270, 270]);
  unblock();
  net.send();
  net.clock.runUntil(usOf(2000));
  expect(net.arrivals.at(-1)?.atMs).toBe(1020);
});

test('a narrow link sends one message after the other, its queue loses packets at the tail and no reliable message', () => {
  // 40 bytes and 96 of headers: 136 bytes take 10.88 ms.
  const net = new NumberedNetwork({ delayMs: 5, bitsPerSecond: 100_000, queueBytes: 3 * 136 });
  for (let index = 0; index < 10; index += 1) net.send();
  net.send('reliable');
  net.clock.runUntil(usOf(1000));
  expect(net.arrivals.map(({ atMs, number }) => [number, atMs])).toEqual([
    [0, 5 + 10.88],
    [1, 5 + 2 * 10.88],
    [2, 5 + 3 * 10.88],
    [10, 5 + 4 * 10.88],
  ]);
  expect(net.network.counts()).toMatchObject({ overflowed: 7, delivered: 4, sent: 11 });
});

test('a path loses packets above its MTU, but no reliable message', () => {
  const exact = new NumberedNetwork({ delayMs: 5, mtuBytes: 40 });
  expect(exact.stream(10, 1)).toHaveLength(10);
  const small = new NumberedNetwork({ delayMs: 5, mtuBytes: 39 });
  small.send('reliable');
  expect(numbersOf(small.stream(10, 1))).toEqual([0]);
  expect(small.network.counts()).toMatchObject({ oversized: 10, delivered: 1 });
});

test('which kinds of messages were sent and lost is counted, sections of frame packets on their own', () => {
  const net = new NumberedNetwork({ delayMs: 5 });
  const send = (first: number): void => {
    net.network.send({ from: 0, to: 1 }, 'unreliable', Uint8Array.of(first, 1, 2));
  };
  for (const first of [0, 1, 3, 0x80, 0x9a]) send(first);
  net.network.block({ from: 0, to: 1 }, 'stopped');
  send(0x71);
  const counts = net.network.messageCounts();
  expect(counts).toMatchObject({
    frames: { sent: 4, dropped: 1 },
    'report section': { sent: 3, dropped: 1 },
    'hash section': { sent: 1, dropped: 0 },
    hello: { sent: 1, dropped: 0 },
    'kind 9a': { sent: 1, dropped: 0 },
  });
  // Kinds that were never sent are named as well: that nobody paused must be seen.
  expect(counts).toMatchObject({ pace: { sent: 0, dropped: 0 }, chunk: { sent: 0, dropped: 0 } });
  expect(Object.values(counts).filter(({ sent }) => sent > 0)).toHaveLength(5);
});

test('a repeated transmission is lost in a burst only while that lasts', () => {
  const burst = { everyMs: 1, lengthMs: 60, loss: 1 };
  const net = new NumberedNetwork({ delayMs: 20, burst });
  for (let count = 0; count < 40; count += 1) {
    net.send('reliable');
    net.clock.runUntil(net.clock.nowUs + usOf(50));
  }
  net.clock.runUntil(net.clock.nowUs + usOf(3000));
  expect(net.network.counts()).toMatchObject({ sent: 40, delivered: 40 });
  // Bursts of 60 ms on average, repeated every 90 ms: thirty times in a row would take 2.7 s each.
  expect(net.network.counts().retransmitted).toBeLessThan(4 * 40);
});

test('what was on its way when a page was loaded again does not arrive in the new one', () => {
  const net = new NumberedNetwork({ delayMs: 50 });
  net.send();
  net.send('reliable');
  net.clock.runUntil(usOf(10));
  net.network.closeNode(1);
  expect(net.send()).toBe(false);
  net.network.reopenNode(1);
  expect(net.send()).toBe(true);
  net.clock.runUntil(usOf(200));
  expect(net.network.counts()).toMatchObject({ delivered: 1 });
});

test('the bytes of a delivered packet are used again: who keeps them must copy', () => {
  const net = new NumberedNetwork({ delayMs: 5 });
  net.send();
  net.clock.runUntil(usOf(10));
  net.send();
  net.clock.runUntil(usOf(20));
  expect(net.handed[0]).toBe(net.handed[1]);
});

test('blocks may overlap: the link works when the last one has ended, and ending one twice changes nothing', () => {
  const net = new NumberedNetwork({ delayMs: 1 });
  const first = net.network.block({ from: 0, to: 1 }, 'stopped');
  const second = net.network.block({ from: 0, to: 1 }, 'stopped');
  first();
  first();
  net.send();
  net.clock.runUntil(usOf(10));
  expect(net.arrivals).toEqual([]);
  second();
  net.send();
  net.clock.runUntil(usOf(20));
  expect(numbersOf(net.arrivals)).toEqual([1]);
});

test('a passing change adds to the conditions of one direction and can be taken back', () => {
  const net = new NumberedNetwork({ delayMs: 5 });
  const undo = net.network.patch({ from: 0, to: 1 }, { loss: 1 });
  net.send();
  net.send('unreliable', 1, 0);
  undo();
  net.send();
  net.clock.runUntil(usOf(100));
  expect(numbersOf(net.arrivals)).toEqual([1, 2]);
});

test('healing ends blocks, changes and every kind of trouble, and keeps the delay', () => {
  const net = new NumberedNetwork({ delayMs: 5, loss: 1, burst: { everyMs: 1, lengthMs: 1000 }, refuse: 1 });
  net.network.block({ from: 0, to: 1 }, 'stopped');
  net.network.patch({ from: 0, to: 1 }, { delayMs: 500 });
  net.network.heal();
  expect(numbersOf(net.stream(200, 10))).toEqual(ascending(200));
  expect(net.network.conditions({ from: 0, to: 1 })).toMatchObject({ delayMs: 5 });
});

test('a transport that refuses says so, and a node that is gone gets and sends nothing new', () => {
  const refusing = new NumberedNetwork({ delayMs: 5, refuse: 0.5 });
  const taken = ascending(1000).filter(() => refusing.send()).length;
  expect(taken + refusing.network.counts().refused).toBe(1000);
  expect(taken).toBeGreaterThan(400);
  const net = new NumberedNetwork({ delayMs: 5 });
  expect(net.send()).toBe(true);
  net.clock.runUntil(usOf(1));
  net.network.closeNode(0);
  expect(net.send()).toBe(false);
  expect(net.send('reliable', 1, 0)).toBe(false);
  net.send('unreliable', 1, 2);
  net.clock.runUntil(usOf(100));
  // What was on the wire arrives; what a dead sender would have to repeat does not.
  expect(numbersOf(net.arrivals)).toEqual([0, 3]);
  expect(net.network.send({ from: 1, to: 1 }, 'unreliable', new Uint8Array(1))).toBe(false);
});

test('a dead sender repeats nothing: reliable messages that were lost at first never come', () => {
  const net = new NumberedNetwork({ delayMs: 50, loss: 0.5 });
  for (let index = 0; index < 100; index += 1) net.send('bulk');
  net.clock.runUntil(usOf(1));
  net.network.closeNode(0);
  net.clock.runUntil(usOf(10_000));
  expect(net.arrivals.length).toBeGreaterThan(30);
  expect(net.arrivals.length).toBeLessThan(70);
});

test('the same seed gives the same network, another seed another one', () => {
  const run = (seed: number): readonly Arrival[] =>
    new NumberedNetwork(networkPresets.badWifi, seed).stream(500, 5);
  expect(run(3)).toEqual(run(3));
  expect(run(3)).not.toEqual(run(4));
});

test('taking one trouble away leaves the others as they were', () => {
  const { badWifi } = networkPresets;
  const delaysOf = (conditions: NetworkConditions): Map<number, number> =>
    new Map(new NumberedNetwork(conditions).stream(300, 20).map(({ number, atMs }) => [number, atMs]));
  const withLoss = delaysOf({ delayMs: badWifi.delayMs, jitterMs: 12, loss: 0.2 });
  const without = delaysOf({ delayMs: badWifi.delayMs, jitterMs: 12 });
  expect(withLoss.size).toBeLessThan(without.size);
  for (const [number, atMs] of withLoss) expect(without.get(number)).toBe(atMs);
});

test.each([
  [{ delayMs: -1 }, 'delayMs'],
  [{ delayMs: Number.NaN }, 'delayMs'],
  [{ delayMs: 1, loss: 1.5 }, 'loss'],
  [{ delayMs: 1, corrupt: -0.1 }, 'corrupt'],
  [{ delayMs: 1, mtuBytes: 0 }, 'mtuBytes'],
  [{ delayMs: 1, bitsPerSecond: 10 }, 'bitsPerSecond'],
  [{ delayMs: 1, burst: { everyMs: 0, lengthMs: 1 } }, 'burst.everyMs'],
  [{ delayMs: 1, burst: { everyMs: 5, lengthMs: 1, loss: 2 } }, 'burst.loss'],
])('conditions %p are refused by name', (conditions, name) => {
  expect(() => new NumberedNetwork(conditions)).toThrow(name);
});
