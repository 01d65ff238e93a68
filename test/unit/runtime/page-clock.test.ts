/** One clock, several alarms. Here it runs on timers; workers are a matter for the browser tests. */
import { jest } from '@jest/globals';
import { PageClock } from '../../../sdk/src/runtime/page-clock.js';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** Rings every `intervalMs`; returns the times at which it rang. */
function every(clock: PageClock, intervalMs: number): number[] {
  const rings: number[] = [];
  const alarm = clock.alarm(() => {
    rings.push(Date.now());
    alarm.at(Date.now() + intervalMs);
  });
  alarm.at(Date.now() + intervalMs);
  return rings;
}

test('each alarm rings at its own times', () => {
  const clock = new PageClock(() => Date.now());
  const fast = every(clock, 4);
  const slow = every(clock, 50);
  jest.advanceTimersByTime(1000);
  expect(fast.length).toBe(250);
  expect(slow.length).toBe(20);
  expect(jest.getTimerCount()).toBe(1);
});

test('an alarm rings once, until it is set again', () => {
  const clock = new PageClock(() => Date.now());
  let rings = 0;
  const alarm = clock.alarm(() => {
    rings += 1;
  });
  alarm.at(Date.now() + 10);
  jest.advanceTimersByTime(100);
  expect(rings).toBe(1);
  alarm.at(Date.now() + 10);
  jest.advanceTimersByTime(100);
  expect(rings).toBe(2);
});

test('an alarm can be moved to an earlier and to a later time', () => {
  const clock = new PageClock(() => Date.now());
  const startMs = Date.now();
  const rings: number[] = [];
  const alarm = clock.alarm(() => rings.push(Date.now() - startMs));
  alarm.at(startMs + 100);
  alarm.at(startMs + 20);
  jest.advanceTimersByTime(50);
  alarm.at(startMs + 60);
  alarm.at(startMs + 90);
  jest.advanceTimersByTime(100);
  expect(rings).toEqual([20, 90]);
});

test('without alarms the clock stands still', () => {
  const clock = new PageClock(() => Date.now());
  expect(clock.source).toBe('stopped');
  const alarm = clock.alarm(() => {});
  alarm.at(Date.now() + 10);
  expect(clock.source).toBe('timer');
  alarm.stop();
  alarm.at(Date.now() + 10);
  expect(clock.source).toBe('stopped');
  expect(jest.getTimerCount()).toBe(0);
});

test('an alarm that throws does not cost the others their ringing', () => {
  const clock = new PageClock(() => Date.now());
  const faulty = clock.alarm(() => {
    faulty.at(Date.now() + 10);
    throw new Error('a bug in a game');
  });
  faulty.at(Date.now() + 10);
  const heartbeats = every(clock, 10);
  for (let tick = 0; tick < 5; tick += 1)
    expect(() => jest.advanceTimersByTime(10)).toThrow('a bug in a game');
  expect(heartbeats.length).toBe(5);
});

test('after a sleep an alarm rings once, not for each time it missed', () => {
  let nowMs = 0;
  const clock = new PageClock(() => nowMs);
  let rings = 0;
  const alarm = clock.alarm(() => {
    rings += 1;
    alarm.at(nowMs + 10);
  });
  alarm.at(10);
  nowMs = 5000;
  jest.advanceTimersByTime(10);
  nowMs = 5010;
  jest.advanceTimersByTime(10);
  expect(rings).toBe(2);
});
