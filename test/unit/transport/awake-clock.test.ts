import { AwakeClock } from '../../../sdk/src/transport/awake-clock.js';

test('a clock read often runs like the one it reads', () => {
  const clock = new AwakeClock(1000);
  let last = 0;
  for (let nowMs = 1000; nowMs <= 61_000; nowMs += 100) last = clock.read(nowMs);
  expect(last).toBe(61_000);
});

test('a second between two readings counts, as in a hidden page', () => {
  const clock = new AwakeClock(0);
  for (let nowMs = 1000; nowMs <= 20_000; nowMs += 1000) expect(clock.read(nowMs)).toBe(nowMs);
});

test('a sleep does not count, and time goes on after it', () => {
  const clock = new AwakeClock(0);
  expect(clock.read(500)).toBe(500);
  expect(clock.read(40_500)).toBe(500);
  expect(clock.read(40_600)).toBe(600);
  expect(clock.read(99_000)).toBe(600);
  expect(clock.read(99_050)).toBe(650);
});

test('an older reading gives the time of the newest and does not make the clock run fast', () => {
  const clock = new AwakeClock(0);
  for (let nowMs = 10; nowMs <= 10_000; nowMs += 10) {
    expect(clock.read(nowMs)).toBe(nowMs);
    expect(clock.read(nowMs - 5)).toBe(nowMs);
  }
});
