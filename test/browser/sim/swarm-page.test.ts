/** A seed is the same run in Chromium as in Node: every packet, step and state, to the last bit. */
import type { Browser, Page } from 'playwright-core';
import { runSeed, type SwarmOptions } from '../../sim/swarm.js';
import { launchBrowser, type Site, serveBundle } from '../../support/browser.js';

const OPTIONS: SwarmOptions = { firstSeed: 1, lastSeed: 12, seconds: 6, game: 'mixed' };
const SEEDS = Array.from({ length: OPTIONS.lastSeed }, (_, index) => index + 1);

let browser: Browser;
let site: Site;
let page: Page;

beforeAll(async () => {
  site = await serveBundle(new URL('./swarm-page.ts', import.meta.url));
  browser = await launchBrowser();
  page = await browser.newPage();
  await page.goto(site.url);
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
});

test.each(SEEDS)('seed %i leaves the same trace in a page as in Node', async (seed) => {
  const inPage = await page.evaluate(
    ([number, options]) =>
      (globalThis as unknown as { playSeed: (seed: number, options: unknown) => string }).playSeed(
        number,
        options,
      ),
    [seed, OPTIONS] as const,
  );
  expect(inPage).toBe(runSeed(seed, OPTIONS).trace.hash);
});
