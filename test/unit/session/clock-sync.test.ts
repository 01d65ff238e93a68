/** One clock measured from another: through jitter, waits, jumps and lost reports, with what was steered taken out. */
import { createRandom } from '../../../sdk/src/base/prng.js';
import { ClockSync } from '../../../sdk/src/session/clock-sync.js';

const FRAME_MS = 1000 / 60;

/** A time as the session passes it on. */
function at(frames: number): Float64Array {
  return new Float64Array([frames]);
}

/** A sender of stamps and its receiver, both on one true clock in frames. */
class Pair {
  readonly sync: ClockSync = new ClockSync();
  /** True time, in frames. */
  now = 0;
  /** What the sender has steered so far. */
  steered = 0;
  /** Delay of the path, in frames. */
  delay: () => number = () => 3;
  /** Every so many packets a report; those it returns false for are lost. */
  reports: (count: number) => boolean = (count) => count % 8 === 0;
  #count = 0;

  /** The sender's frames lie `offset` ahead of the receiver's clock. */
  constructor(readonly offset: number) {}

  /** So many frames pass, a packet in each; `steer` is what the sender steers by in each. */
  run(frames: number, steer = 0): void {
    for (let frame = 0; frame < frames; frame += 1) {
      this.now += 1;
      this.steered += steer;
      const stampSteps = Math.round((this.now + this.offset + this.steered) * 64);
      const arrival = this.now + this.delay();
      this.sync.sample(at(arrival), stampSteps, arrival * FRAME_MS);
      if (this.reports(this.#count++))
        this.sync.fold(Math.round(this.steered * 64) & 0xfff, at(arrival), true);
    }
  }

  /** Own direction as it should be: path less the sender's lead. */
  get truth(): number {
    return 3 - this.offset - this.steered;
  }
}

test('the least delay of a second counts, whatever else is late', () => {
  const random = createRandom(1);
  const pair = new Pair(10);
  pair.delay = () => 3 + random.next() * 4;
  pair.run(120);
  expect(pair.sync.measured).toBe(true);
  expect(pair.sync.known).toBe(false);
  expect(Math.abs(pair.sync.local(0) - pair.truth)).toBeLessThan(0.2);
  // Four frames, evenly spread: a mean step of a third of that, and 95 of 100 within about four frames.
  expect(pair.sync.lateness).toBeGreaterThan(2.8);
  expect(pair.sync.lateness).toBeLessThan(5.2);
  pair.delay = () => 3;
  pair.run(120);
  expect(pair.sync.lateness).toBeLessThan(0.1);
});

test.each([0.01, -0.01, 0.04, -0.1, 0.5, -1])(
  'a sender that steers by %f frames in each frame is followed at once',
  (steer) => {
    const pair = new Pair(0);
    pair.run(60);
    pair.run(40, steer);
    // Nothing is steered in the last packets, so that the newest report is right.
    pair.run(8);
    expect(Math.abs(pair.sync.local(0) - pair.truth)).toBeLessThan(0.13);
  },
);

test.each([1, 2, 3])('%i reports in a row that are lost during a wait change nothing', (lost) => {
  const pair = new Pair(5);
  pair.run(65);
  let left = lost;
  pair.reports = (count) => {
    if (count % 8 !== 0) return false;
    left -= 1;
    return left < 0;
  };
  pair.run(100, -1);
  expect(Math.abs(pair.sync.local(0) - pair.truth)).toBeLessThan(0.6 + 8);
  pair.reports = (count) => count % 8 === 0;
  pair.run(9);
  expect(Math.abs(pair.sync.local(0) - pair.truth)).toBeLessThan(0.1);
});

test.each([33, 64, 100, 1000])(
  'a wait of %i frames from which no report came is understood from the next one',
  (frames) => {
    const pair = new Pair(-7);
    pair.run(64);
    pair.reports = () => false;
    pair.run(frames, -1);
    pair.reports = (count) => count % 8 === 0;
    pair.run(9);
    expect(Math.abs(pair.sync.local(0) - pair.truth)).toBeLessThan(0.1);
  },
);

test('packets that waited for seconds and arrive at once do not spoil the measure', () => {
  const pair = new Pair(2);
  pair.run(64);
  // What was sent in ten seconds arrives at their end.
  const end = pair.now + 600;
  pair.delay = () => Math.max(3, end - pair.now);
  pair.run(600, -1);
  pair.delay = () => 3;
  pair.run(9);
  expect(Math.abs(pair.sync.local(0) - pair.truth)).toBeLessThan(0.1);
});

test('of a peer that reports seldom the last measure is kept', () => {
  const pair = new Pair(4);
  pair.run(64);
  pair.reports = () => false;
  pair.run(300);
  expect(Math.abs(pair.sync.local(0) - pair.truth)).toBeLessThan(0.1);
});

test('a path that becomes longer is known after a second, one that becomes shorter with the next report', () => {
  const pair = new Pair(0);
  pair.run(120);
  pair.delay = () => 6;
  pair.run(72);
  expect(pair.sync.local(0)).toBeCloseTo(6, 1);
  pair.delay = () => 2;
  pair.run(9);
  expect(pair.sync.local(0)).toBeCloseTo(2, 1);
});

test('lead and round trip come from both directions, and not from a number that was cut off', () => {
  const pair = new Pair(10);
  pair.run(64);
  expect(pair.sync.roundTrip).toBe(Number.POSITIVE_INFINITY);
  // The other side: we are ten frames behind it, and its packets take three.
  pair.sync.setRemote((3 + 10) * 64, { adjustment: 0 }, true);
  expect(pair.sync.known).toBe(true);
  expect(pair.sync.lead(0)).toBeCloseTo(-10, 1);
  expect(pair.sync.roundTrip).toBeCloseTo(6, 1);
  expect(pair.sync.lead(10)).toBeCloseTo(-5, 1);
  pair.sync.setRemote(511.9 * 64, { adjustment: 0 }, true);
  expect(pair.sync.roundTrip).toBeCloseTo(6, 1);
  // It came to us at once, and its stamps do not say so yet.
  pair.sync.setRemote(300 * 64, { adjustment: 0 }, false);
  expect(pair.sync.roundTrip).toBeCloseTo(6, 1);
  pair.sync.restart();
  expect([pair.sync.known, pair.sync.measured]).toEqual([false, false]);
  pair.run(9);
  expect(pair.sync.local(0)).toBeCloseTo(-7, 1);
});

test('a report without a stamp tells what was steered, and is no sample', () => {
  const sync = new ClockSync();
  sync.fold(640, at(0), false);
  expect(sync.measured).toBe(false);
  sync.sample(at(6), 64, 100);
  sync.fold(640, at(8), true);
  expect(sync.local(0)).toBe(5);
  sync.fold(576, at(16), false);
  expect(sync.local(0)).toBe(6);
});

test('a sender that waits, and copies of a packet, say nothing of jitter', () => {
  const sync = new ClockSync();
  for (let frame = 0; frame < 200; frame += 1) sync.sample(at(13 + frame), 640, frame * FRAME_MS);
  expect(sync.lateness).toBe(0);
});
