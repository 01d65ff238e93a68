/** One clock, several subscribers. Here it runs on timers; workers are a matter for the browser tests. */
import { jest } from '@jest/globals';
import { PageClock } from '../../../sdk/src/runtime/page-clock.js';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('each subscriber is called at its own interval', () => {
  const clock = new PageClock(() => Date.now());
  let fast = 0;
  let slow = 0;
  const stops = [clock.every(4, () => (fast += 1)), clock.every(50, () => (slow += 1))];
  jest.advanceTimersByTime(1000);
  for (const stop of stops) stop();
  expect(Math.abs(fast - 250)).toBeLessThanOrEqual(1);
  expect(Math.abs(slow - 20)).toBeLessThanOrEqual(1);
});

test('without subscribers the clock stands still', () => {
  const clock = new PageClock(() => Date.now());
  expect(clock.source).toBe('stopped');
  const stop = clock.every(10, () => {});
  expect(clock.source).toBe('timer');
  stop();
  expect(clock.source).toBe('stopped');
  expect(jest.getTimerCount()).toBe(0);
});

test('a subscriber that throws does not cost the others their ticks', () => {
  const clock = new PageClock(() => Date.now());
  let heartbeats = 0;
  clock.every(10, () => {
    throw new Error('a bug in a game');
  });
  clock.every(10, () => (heartbeats += 1));
  for (let tick = 0; tick < 5; tick += 1)
    expect(() => jest.advanceTimersByTime(10)).toThrow('a bug in a game');
  expect(heartbeats).toBe(5);
});

test('missed ticks are not made up for', () => {
  let nowMs = 0;
  const clock = new PageClock(() => nowMs);
  let ticks = 0;
  const stop = clock.every(10, () => (ticks += 1));
  nowMs = 5000;
  jest.advanceTimersByTime(10);
  nowMs = 5010;
  jest.advanceTimersByTime(10);
  stop();
  expect(ticks).toBe(2);
});
