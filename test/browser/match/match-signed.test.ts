/** Three real pages that sign what they play, over WebRTC with emulated delay and loss. */
import type { Browser, BrowserContext } from 'playwright-core';
import { type LobbyServer, startLobbyServer } from 'rollmesh-lobby';
import {
  emulateNetwork,
  launchBrowser,
  openPage,
  type Site,
  serveBundle,
  type WatchedPage,
} from '../../support/browser.js';
import type { SigningReport } from './signed-lab.js';

let browser: Browser;
let site: Site;
let server: LobbyServer;
let context: BrowserContext;

beforeAll(async () => {
  // A host name that is not localhost, for a page without a secure context.
  const args = ['--host-resolver-rules=MAP lan.test 127.0.0.1'];
  [browser, site] = await Promise.all([
    launchBrowser(args),
    serveBundle(new URL('./signed-lab.ts', import.meta.url)),
  ]);
  server = await startLobbyServer({ port: 0, origins: [site.url, plainUrl()] });
});
beforeEach(async () => {
  context = await browser.newContext();
});
afterEach(() => context.close());
afterAll(() => Promise.all([browser.close(), site.close(), server.close()]));

/** The same pages under an address that is no secure context. */
function plainUrl(): string {
  return site.url.replace('localhost', 'lan.test');
}

/** Pages in one running match with signed inputs, one for each address. */
async function playTogether(urls: readonly string[]): Promise<WatchedPage[]> {
  const pages: WatchedPage[] = [];
  for (const url of urls) pages.push(await openPage(context, url));
  for (const { page } of pages) await emulateNetwork(page, { latencyMs: 20, lossPercent: 2 });
  const [owner, ...others] = pages as [WatchedPage, ...WatchedPage[]];
  const code = await owner.page.evaluate((url) => signedLab.create(url), server.url);
  for (const { page } of others)
    await page.evaluate(([url, room]) => signedLab.join(url, room), [server.url, code] as const);
  await owner.page.evaluate((count) => signedLab.gathered(count), urls.length);
  await Promise.all([
    owner.page.evaluate(() => signedLab.start()),
    ...others.map(({ page }) => page.evaluate(() => signedLab.next())),
  ]);
  return pages;
}

/** Reports of all pages, once `isDone` of all of them. */
async function reportsWhen(
  pages: readonly WatchedPage[],
  isDone: (report: SigningReport) => boolean,
): Promise<SigningReport[]> {
  for (;;) {
    const reports = await Promise.all(pages.map(({ page }) => page.evaluate(() => signedLab.report())));
    if (reports.every(isDone)) return reports;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test('three pages sign what they play and verify what the others sign, and nothing is refused', async () => {
  const pages = await playTogether([site.url, site.url, site.url]);
  const reports = await reportsWhen(
    pages,
    ({ peers }) => peers.length === 2 && peers.every(({ verified }) => verified >= 5),
  );
  for (const report of reports) {
    expect(report).toMatchObject({ phase: 'on', problems: [], equivocations: 0, isSecure: true });
    expect(report.batchesSigned).toBeGreaterThanOrEqual(5);
    for (const { state, refused, compared, key } of report.peers) {
      expect({ state, refused }).toEqual({ state: 'signed', refused: 0 });
      expect(compared).toBeGreaterThan(200);
      expect(reports.map((other) => other.key)).toContain(key);
      expect(key).not.toBe(report.key);
    }
  }
  expect(pages.flatMap(({ errors }) => errors)).toEqual([]);
});

test('a page without a secure context plays on unsigned, and both pages show it', async () => {
  const pages = await playTogether([site.url, plainUrl()]);
  const [signed, unsigned] = await reportsWhen(
    pages,
    ({ problems, frameFinal }) => problems.length > 0 || frameFinal > 400,
  );
  expect(unsigned).toMatchObject({ phase: 'unavailable', isSecure: false, batchesSigned: 0 });
  expect(unsigned?.reason).toContain('https');
  expect(signed).toMatchObject({ phase: 'on', problems: [{ problem: 'unsigned' }] });
  expect(signed?.peers).toMatchObject([{ state: 'unsigned', refused: 0 }]);
  expect(pages.flatMap(({ errors }) => errors)).toEqual([]);
});
