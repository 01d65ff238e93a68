/** The waits between attempts to reach a lobby server. */
import { backoffBaseMs, backoffLimitMs, fullJitterMs } from '../../../sdk/src/lobby/backoff.js';

test('the whole wait is drawn, so that the clients of a restarted server spread out', () => {
  expect(fullJitterMs(0, 0)).toBe(0);
  expect(fullJitterMs(0, 0.5)).toBe(backoffBaseMs / 2);
  expect(fullJitterMs(3, 0.5)).toBe(backoffBaseMs * 4);
});

test('the wait never exceeds the limit, however often it failed', () => {
  for (const attempt of [5, 16, 17, 1000]) expect(fullJitterMs(attempt, 0.999)).toBeLessThan(backoffLimitMs);
});
