/** Lost links are tried again, ever more rarely. */
import { LinkRetries } from '../../../sdk/src/runtime/link-retries.js';

/** Waits, in milliseconds, before the attempts that follow `losses` losses in a row. */
function waits(retries: LinkRetries, losses: number): number[] {
  let nowMs = 0;
  return Array.from({ length: losses }, () => {
    retries.lost('b', nowMs);
    const startMs = nowMs;
    while (!retries.due(nowMs)) nowMs += 100;
    return nowMs - startMs;
  });
}

test('waits double up to a limit', () => {
  expect(waits(new LinkRetries(), 7)).toEqual([1000, 2000, 4000, 8000, 16_000, 16_000, 16_000]);
});

test('a link that worked begins anew with a short wait', () => {
  const retries = new LinkRetries();
  waits(retries, 3);
  retries.succeeded('b');
  expect(waits(retries, 1)).toEqual([1000]);
});

test('a peer that is forgotten begins anew if it is met again', () => {
  const retries = new LinkRetries();
  waits(retries, 4);
  retries.retain(['c']);
  expect(waits(retries, 1)).toEqual([1000]);
});

test('nothing is due without a loss', () => {
  expect(new LinkRetries().due(1e9)).toBe(false);
});
