/** Two real pages, a real lobby server, WebRTC with emulated delay and loss: what one would play between two homes. */
import type { WatchedPage } from '../../support/browser.js';
import type { MatchReport } from './match-lab.js';
import { useMatchStage } from './match-stage.js';

const stage = useMatchStage({ lab: new URL('./match-lab.ts', import.meta.url), name: 'lab' });

/** Two pages in one running match: 100 ms round trip and 5 % loss each way. */
async function playTogether(): Promise<readonly [WatchedPage, WatchedPage]> {
  const pages = await stage.playTogether([stage.url, stage.url], { latencyMs: 25, lossPercent: 2.5 });
  return pages as [WatchedPage, WatchedPage];
}

/** Reports of all pages, once each is in a good mood to be compared. */
function reports(pages: readonly WatchedPage[]): Promise<MatchReport[]> {
  return Promise.all(pages.map(({ page }) => page.evaluate(() => lab.report())));
}

/** Frames of which both reports have a hash. */
function commonHashes(left: MatchReport, right: MatchReport): readonly [number, number][] {
  const first = Math.max(left.firstFrame, right.firstFrame);
  const count =
    Math.min(left.firstFrame + left.hashes.length, right.firstFrame + right.hashes.length) - first;
  return Array.from({ length: Math.max(0, count) }, (_, index) => [
    left.hashes[first + index - left.firstFrame] as number,
    right.hashes[first + index - right.firstFrame] as number,
  ]);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('two pages play over a lossy network with rollback and stay equal', async () => {
  const pages = await playTogether();
  await pause(10_000);
  const [ada, bob] = (await reports(pages)) as [MatchReport, MatchReport];
  const common = commonHashes(ada, bob);
  expect(common.length).toBeGreaterThan(300);
  expect(common.filter(([left, right]) => left !== right)).toEqual([]);
  expect(new Set(common.map(([hash]) => hash)).size).toBeGreaterThan(100);
  for (const report of [ada, bob]) {
    expect(report).toMatchObject({ phase: 'running', desyncs: 0 });
    expect(report.frameCurrent).toBeGreaterThan(300);
    expect(report.stats.rollbacks).toBeGreaterThan(10);
    expect(report.stats.peers[0]?.lossPerMille).toBeGreaterThan(10);
    expect(report.stats.tickSource).toBe('worker');
    expect(report.effects).toBeGreaterThan(5);
  }
  expect(pages.flatMap(({ errors }) => errors)).toEqual([]);
});

test('the channel of the inputs is unordered and never retransmits, seen from both ends', async () => {
  const pages = await playTogether();
  for (const { page } of pages) {
    const facts = await page.evaluate(() => lab.channelFacts());
    expect(facts).toEqual([expect.objectContaining({ ordered: false, maxRetransmits: 0 })]);
  }
});

test('a page that leaves is gone at once, and the next match begins in the same room', async () => {
  const [ada, bob] = await playTogether();
  const left = bob.page.evaluate(() => lab.event('peer-left'));
  await ada.page.evaluate(() => lab.leaveMatch());
  expect(await left).toMatchObject({ type: 'peer-left', reason: 'left' });
  await bob.page.evaluate(() => lab.leaveMatch());
  await Promise.all([ada.page.evaluate(() => lab.start()), bob.page.evaluate(() => lab.next())]);
  await pause(2000);
  const [first, second] = (await reports([ada, bob])) as [MatchReport, MatchReport];
  const common = commonHashes(first, second);
  expect(common.length).toBeGreaterThan(30);
  expect(common.filter(([left, right]) => left !== right)).toEqual([]);
});

test('a closed page says goodbye: the other one need not wait for silence', async () => {
  const [ada, bob] = await playTogether();
  const left = bob.page.evaluate(() => lab.event('peer-left'));
  await ada.page.close({ runBeforeUnload: false });
  expect(await left).toMatchObject({ type: 'peer-left', reason: 'left' });
});
