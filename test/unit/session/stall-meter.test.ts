/** Stalls as they are counted: whole ones, and the longest wait in them. */
import { StallMeter } from '../../../sdk/src/session/stall-meter.js';

test('a stall in which nothing is stepped is as long as the wait', () => {
  const meter = new StallMeter();
  expect(meter.note(true, false, { nowMs: 100 })).toBe('began');
  expect(meter.note(true, false, { nowMs: 150 })).toBe('none');
  expect(meter.stalledFor({ nowMs: 170 })).toBe(70);
  expect(meter.note(false, true, { nowMs: 180 })).toBe('ended');
  expect(meter.lastStallMs).toBe(80);
  expect(meter.counters).toMatchObject({ stalls: 1, stalledMs: 80, stallMsMax: 80 });
});

test('frames that trickle through a full window make one stall, whose longest wait is the longest time without any', () => {
  const meter = new StallMeter();
  meter.note(true, false, { nowMs: 0 });
  for (let nowMs = 20; nowMs <= 1000; nowMs += 20) expect(meter.note(true, true, { nowMs })).toBe('none');
  meter.note(true, false, { nowMs: 1020 });
  meter.note(true, true, { nowMs: 1090 });
  expect(meter.note(false, true, { nowMs: 1100 })).toBe('ended');
  expect(meter.lastStallMs).toBe(1100);
  expect(meter.counters).toMatchObject({ stalls: 1, stalledMs: 1100, stallMsMax: 90 });
});
