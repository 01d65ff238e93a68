/** A peer whose page dies without a word is noticed by our own clock, and met again when it comes back. */
import type { WatchedPage } from '../../support/browser.js';
import { changed, pageTime, useStage } from './mesh-stage.js';

const stage = useStage();

/** Kills the renderer of a page, as the kernel or a bug would. */
async function crash({ page }: WatchedPage): Promise<void> {
  const crashed = new Promise((resolve) => page.once('crash', resolve));
  const session = await page.context().newCDPSession(page);
  session.send('Page.crash').catch(() => 'the page is gone before it can answer');
  await crashed;
}

test('a page that crashes is suspected, then lost, by our own clock; its successor is met at once', async () => {
  const [ada, bob] = [await stage.openAlone(), await stage.openAlone()];
  await ada.page.evaluate(() => meshLab.join('crash', 'ada'));
  await bob.page.evaluate(() => meshLab.join('crash', 'bob', { speed: 4 }));
  await bob.page.evaluate(() => meshLab.opened('bob', 1));
  const fromMs = await pageTime(bob);
  await crash(ada);
  const suspect = await changed(bob, ['bob', 'ada', 'suspect'], fromMs);
  expect(suspect.reason).toBeUndefined();
  const lost = await changed(bob, ['bob', 'ada', 'lost'], fromMs);
  expect(lost).toMatchObject({ reason: 'silent', detail: 'nothing heard for 15 s' });
  // Between the two moves lies the silence of 15 s less that of 0.5 s, on a clock four times as fast as the page's.
  expect((lost.atMs - suspect.atMs) * 4).toBeGreaterThan(14_000);
  const next = await stage.openAlone();
  await next.page.evaluate(() => meshLab.join('crash', 'ada'));
  await changed(bob, ['bob', 'ada', 'open'], lost.atMs);
});

test('a page that crashed and comes back before the others noticed takes the place of the dead link', async () => {
  const [ada, bob] = (await stage.joinAll('crash-back', ['ada', 'bob'], stage.openAlone)) as [
    WatchedPage,
    WatchedPage,
  ];
  await crash(ada);
  const fromMs = await pageTime(bob);
  // Its id is the lesser one, so it cannot offer: it asks.
  const next = await stage.openAlone();
  await next.page.evaluate(() => meshLab.join('crash-back', 'ada', { follow: false }));
  await next.page.evaluate(() => meshLab.mesh('ada').connect('bob'));
  const lost = await changed(bob, ['bob', 'ada', 'lost'], fromMs);
  expect(lost.reason).toBe('closed');
  await changed(bob, ['bob', 'ada', 'open'], lost.atMs);
  await next.page.evaluate(() => meshLab.opened('ada', 1));
});

test('a page that freezes for three seconds is suspected by the others, but suspects nobody when it wakes', async () => {
  const [ada, bob] = (await stage.joinAll('frozen', ['ada', 'bob'], stage.openAlone)) as [
    WatchedPage,
    WatchedPage,
  ];
  const fromMs = await pageTime(bob);
  const suspicions = await ada.page.evaluate(async () => {
    const untilMs = performance.now() + 3000;
    while (performance.now() < untilMs);
    const wokeAtMs = performance.now();
    // The worst order: a timer before the packets that waited.
    meshLab.mesh('ada').poll(wokeAtMs);
    // Less than the silence that would make a link suspect.
    await new Promise((resolve) => setTimeout(resolve, 200));
    return meshLab.changes('ada').filter(({ atMs, phase }) => atMs >= wokeAtMs && phase === 'suspect').length;
  });
  expect(suspicions).toBe(0);
  const suspect = await changed(bob, ['bob', 'ada', 'suspect'], fromMs);
  await changed(bob, ['bob', 'ada', 'open'], suspect.atMs);
});
