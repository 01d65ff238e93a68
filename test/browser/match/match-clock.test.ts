/** The clock of a match on one page: a worker where the page may have one, timers otherwise. */
import type { Browser, BrowserContext } from 'playwright-core';
import { bundlePage, launchBrowser, openPage, type Site, serveSite } from '../../support/browser.js';
import type { MatchReport } from './match-lab.js';

let browser: Browser;
let site: Site;
let context: BrowserContext;

const head = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">';
const script = '<script type="module" src="/page.js"></script>';

beforeAll(async () => {
  const bundle = await bundlePage(new URL('./match-lab.ts', import.meta.url));
  const policy = (workers: string): string =>
    `<meta http-equiv="Content-Security-Policy" content="default-src 'self'; worker-src ${workers}">`;
  [browser, site] = await Promise.all([
    launchBrowser(),
    serveSite({
      '/page.js': bundle,
      '/free': `${head}${script}`,
      '/blob-workers': `${head}${policy('blob:')}${script}`,
      '/no-workers': `${head}${policy("'none'")}${script}`,
    }),
  ]);
});
beforeEach(async () => {
  context = await browser.newContext();
});
afterEach(() => context.close());
afterAll(() => Promise.all([browser.close(), site.close()]));

/** Plays alone for three seconds on a page. */
async function practise(path: string): Promise<MatchReport> {
  const { page } = await openPage(context, `${site.url}${path}`);
  await page.waitForFunction(() => 'lab' in globalThis);
  await page.evaluate(() => lab.practise());
  await new Promise((resolve) => setTimeout(resolve, 3000));
  return page.evaluate(() => lab.report());
}

test.each([
  ['/free', 'worker'],
  ['/blob-workers', 'worker'],
  ['/no-workers', 'timer'],
])('a page at %s is clocked by a %s and keeps its pace', async (path, source) => {
  const report = await practise(path);
  expect(report.stats.tickSource).toBe(source);
  expect(report.phase).toBe('running');
  expect(report.framesPerSecond).toBeGreaterThan(50);
  expect(report.frameConfirmed).toBe(report.frameCurrent);
});

test('the alarm wakes the page about once a frame, not more', async () => {
  const { stats, frameCurrent } = await practise('/free');
  expect(stats.advances).toBeLessThan(frameCurrent * 1.5 + 20);
});
