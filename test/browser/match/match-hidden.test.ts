/** A hidden tab keeps its pace: the match's clock is a worker, not the page's timers. */
import { type LobbyServer, startLobbyServer } from 'rollmesh-lobby';
import { type Site, serveBundle, waitUntil } from '../../support/browser.js';
import type { MatchReport } from './match-lab.js';
import { RawBrowser, type RawTab } from './raw-tabs.js';

let browser: RawBrowser;
let site: Site;
let server: LobbyServer;

beforeAll(async () => {
  [browser, site, server] = await Promise.all([
    RawBrowser.launch(),
    serveBundle(new URL('./match-lab.ts', import.meta.url)),
    startLobbyServer({ port: 0 }),
  ]);
});
afterAll(() => Promise.all([browser.close(), site.close(), server.close()]));

/** Opens the lab and waits for its script. */
async function openLab(): Promise<RawTab> {
  const tab = await browser.open(site.url);
  await waitUntil(() => tab.evaluate<boolean>('typeof lab === "object"'));
  return tab;
}

/** How often a timer of the page itself fires in two seconds or more, a second. */
function ownTimersPerSecond(tab: RawTab): Promise<number> {
  return tab.evaluate(`new Promise((resolve) => {
    const startMs = performance.now();
    let count = 0;
    const timer = setInterval(() => {
      count += 1;
      const seconds = (performance.now() - startMs) / 1000;
      if (seconds < 2) return;
      clearInterval(timer);
      resolve(count / seconds);
    }, 16);
  })`);
}

test('a hidden tab steps its frames like a visible one, and its links live', async () => {
  const ada = await openLab();
  const bob = await openLab();
  const url = JSON.stringify(server.url);
  const code = await ada.evaluate<string>(`lab.create(${url})`);
  await bob.evaluate(`lab.join(${url}, ${JSON.stringify(code)})`);
  await Promise.all([ada.evaluate('lab.start()'), bob.evaluate('lab.next()')]);
  await ada.hide();
  await waitUntil(() => ada.evaluate<boolean>('document.visibilityState === "hidden"'));
  // The proof that this browser throttles hidden pages at all.
  expect(await ownTimersPerSecond(ada)).toBeLessThan(10);
  await Promise.all([ada.evaluate('lab.mark()'), bob.evaluate('lab.mark()')]);
  await new Promise((resolve) => setTimeout(resolve, 8000));
  const [hidden, visible] = await Promise.all([
    ada.evaluate<MatchReport>('lab.report()'),
    bob.evaluate<MatchReport>('lab.report()'),
  ]);
  expect(hidden).toMatchObject({ visibility: 'hidden', phase: 'running', desyncs: 0 });
  expect(hidden.stats.tickSource).toBe('worker');
  // A throttled page steps one frame a second and keeps the other waiting most of the time; a busy machine costs some frames.
  expect(hidden.framesPerSecond).toBeGreaterThan(40);
  expect(visible.framesPerSecond).toBeGreaterThan(40);
  expect(visible.stats.stalledMs).toBeLessThan(2000);
});
