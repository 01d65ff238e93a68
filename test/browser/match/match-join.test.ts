/** A newcomer comes into a running match with a state of one megabyte, over real links. */
import type { Browser } from 'playwright-core';
import { type LobbyServer, startLobbyServer } from 'rollmesh-lobby';
import { launchBrowser, openPage, type Site, serveBundle, waitUntil } from '../../support/browser.js';
import type { JoinReport } from './join-lab.js';

type Page = Awaited<ReturnType<Browser['newPage']>>;

let browser: Browser;
let site: Site;
let server: LobbyServer;

beforeAll(async () => {
  [browser, site, server] = await Promise.all([
    launchBrowser(),
    serveBundle(new URL('./join-lab.ts', import.meta.url)),
    startLobbyServer({ port: 0 }),
  ]);
});
afterAll(() => Promise.all([browser.close(), site.close(), server.close()]));

test('a megabyte of state comes over the links of a running match, and the newcomer plays', async () => {
  const contexts = await Promise.all([0, 1, 2].map(() => browser.newContext()));
  const pages = await Promise.all(contexts.map((context) => openPage(context, site.url)));
  const [ada, bob, cy] = pages.map(({ page }) => page) as [Page, Page, Page];
  const code = await ada.evaluate((url) => joinLab.create(url), server.url);
  const enter = (page: Page): Promise<void> =>
    page.evaluate(([url, room]) => joinLab.join(url, room), [server.url, code] as const);
  const report = (page: Page): Promise<JoinReport> => page.evaluate(() => joinLab.report());
  await enter(bob);
  await ada.evaluate(() => joinLab.gathered(2));
  await Promise.all([ada.evaluate(() => joinLab.play(true)), bob.evaluate(() => joinLab.play(false))]);
  await waitUntil(async () => (await report(ada)).frameFinal > 120);

  await enter(cy);
  await cy.evaluate(() => joinLab.play(false));
  const joined = await report(cy);
  expect(joined.localSlots).toEqual([2]);
  const fetching = joined.progress.filter(({ phase }) => phase === 'fetching');
  expect(fetching.length).toBeGreaterThan(3);
  expect(fetching.at(-1)?.bytesTotal).toBeGreaterThan(1_000_000);
  const shares = fetching.map(({ bytesReceived }) => bytesReceived);
  expect(shares).toEqual([...shares].sort((left, right) => left - right));

  const all = [ada, bob, cy];
  const to = Math.max(...(await Promise.all(all.map(report))).map(({ frameFinal }) => frameFinal)) + 60;
  await waitUntil(async () =>
    (await Promise.all(all.map(report))).every(({ frameFinal }) => frameFinal >= to),
  );
  const hashes = await Promise.all(all.map((page) => page.evaluate((last) => joinLab.hashes(last, 60), to)));
  expect(hashes[0]?.every((hash) => typeof hash === 'number')).toBe(true);
  expect(hashes[1]).toEqual(hashes[0]);
  expect(hashes[2]).toEqual(hashes[0]);
  expect((await Promise.all(all.map(report))).map(({ desyncs }) => desyncs)).toEqual([0, 0, 0]);
  expect(pages.flatMap(({ errors }) => errors)).toEqual([]);
});
