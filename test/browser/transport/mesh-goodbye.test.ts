/** A peer that leaves says so, and the others know at once; whoever comes back is met again. */
import type { WatchedPage } from '../../support/browser.js';
import { changed, pageTime, useStage } from './mesh-stage.js';

const stage = useStage();

test.each([
  ['closes', (watched: WatchedPage) => watched.page.close({ runBeforeUnload: false })],
  ['navigates away', (watched: WatchedPage) => watched.page.goto('about:blank')],
  ['reloads', (watched: WatchedPage) => watched.page.reload()],
] as const)('when a page %s, the others lose it with a goodbye', async (name, leave) => {
  const [ada, bob, cleo] = (await stage.joinAll(`leaves ${name}`, ['ada', 'bob', 'cleo'])) as [
    WatchedPage,
    WatchedPage,
    WatchedPage,
  ];
  const fromMs = await pageTime(ada);
  const lost = Promise.all([
    changed(ada, ['ada', 'cleo', 'lost'], fromMs),
    changed(bob, ['bob', 'cleo', 'lost']),
  ]);
  await leave(cleo);
  const [change, other] = await lost;
  const heard = { reason: 'goodbye', detail: 'the peer said goodbye' };
  expect([change, other]).toMatchObject([heard, heard]);
  expect(await ada.page.evaluate(() => meshLab.links('ada'))).toHaveProperty('bob');
});

test('a mesh that closes or disconnects says goodbye and knows why itself', async () => {
  const [ada, bob, cleo] = (await stage.joinAll('closing', ['ada', 'bob', 'cleo'])) as [
    WatchedPage,
    WatchedPage,
    WatchedPage,
  ];
  await ada.page.evaluate(() => meshLab.mesh('ada').disconnect('bob'));
  expect(await changed(ada, ['ada', 'bob', 'lost'])).toMatchObject({ reason: 'closed' });
  expect(await changed(bob, ['bob', 'ada', 'lost'])).toMatchObject({ reason: 'goodbye' });
  expect(await ada.page.evaluate(() => meshLab.links('ada'))).toEqual({ cleo: 'open' });
  await cleo.page.evaluate(() => meshLab.mesh('cleo').close());
  expect(await changed(ada, ['ada', 'cleo', 'lost'])).toMatchObject({ reason: 'goodbye' });
  expect(await changed(bob, ['bob', 'cleo', 'lost'])).toMatchObject({ reason: 'goodbye' });
  expect(await cleo.page.evaluate(() => meshLab.links('cleo'))).toEqual({});
  expect(await cleo.page.evaluate(() => meshLab.mesh('cleo').send('ada', 'reliable', Uint8Array.of(1)))).toBe(
    false,
  );
  expect([ada.errors, bob.errors, cleo.errors]).toEqual([[], [], []]);
});

test('a disconnected peer that is wanted again is met again, whichever side asks', async () => {
  const [ada, bob] = (await stage.joinAll('again', ['ada', 'bob'])) as [WatchedPage, WatchedPage];
  for (const [watched, self, other] of [
    [ada, 'ada', 'bob'],
    [bob, 'bob', 'ada'],
  ] as const) {
    const fromMs = await pageTime(ada);
    await watched.page.evaluate(([peer, to]) => meshLab.mesh(peer).disconnect(to), [self, other] as const);
    const far = self === 'ada' ? bob : ada;
    await changed(far, [other, self, 'lost'], self === 'bob' ? fromMs : 0);
    await watched.page.evaluate(([peer, to]) => meshLab.mesh(peer).connect(to), [self, other] as const);
    await changed(ada, ['ada', 'bob', 'open'], fromMs);
  }
  expect(await bob.page.evaluate(() => meshLab.links('bob'))).toEqual({ ada: 'open' });
  expect(new Set(stage.offers('again'))).toEqual(new Set(['bob>ada']));
});

test.each([
  ['the lesser id', 'ada', 'bob'],
  ['the greater id', 'bob', 'ada'],
])('a page with %s that reloads under its old id is met again', async (_, self, other) => {
  const room = `reload ${self}`;
  const pages = await stage.joinAll(room, ['ada', 'bob']);
  const [comes, stays] = (self === 'ada' ? pages : [...pages].reverse()) as [WatchedPage, WatchedPage];
  const fromMs = await pageTime(stays);
  await comes.page.reload();
  await comes.page.evaluate(([name, peer]) => meshLab.join(name, peer), [room, self] as const);
  await comes.page.evaluate((peer) => meshLab.opened(peer, 1), self);
  await changed(stays, [other, self, 'open'], fromMs);
  expect([...comes.errors, ...stays.errors]).toEqual([]);
});
