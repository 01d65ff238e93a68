/** A hidden page keeps its links even without a clock of its own: arriving packets drive it. */
import { type Site, serveBundle, waitUntil } from '../../support/browser.js';
import { RawBrowser, type RawTab } from '../match/raw-tabs.js';
import type { Change } from './mesh-lab.js';
import { SignalRelay } from './signal-relay.js';

let browser: RawBrowser | undefined;
let site: Site | undefined;
let relay: SignalRelay | undefined;

beforeAll(async () => {
  site = await serveBundle(new URL('./mesh-lab.ts', import.meta.url));
  relay = new SignalRelay(site.server);
  browser = await RawBrowser.launch();
});
afterAll(async () => {
  relay?.close();
  await Promise.all([browser?.close(), site?.close()]);
});

async function join(peer: string): Promise<RawTab> {
  if (browser === undefined || site === undefined) throw new Error('The browser is started in beforeAll.');
  const tab = await browser.open(site.url);
  await waitUntil(() => tab.evaluate<boolean>('typeof meshLab === "object"'));
  await tab.evaluate(`meshLab.join('hidden', '${peer}')`);
  return tab;
}

test('a link to a hidden page stays open though its timers run once a second', async () => {
  const ada = await join('ada');
  const bob = await join('bob');
  await Promise.all([ada.evaluate("meshLab.opened('ada', 1)"), bob.evaluate("meshLab.opened('bob', 1)")]);
  await ada.hide();
  await waitUntil(() => ada.evaluate<boolean>('document.visibilityState === "hidden"'));
  const ticksPerSecond = ada.evaluate<number>(`new Promise((resolve) => {
    let ticks = 0;
    const timer = setInterval(() => { ticks += 1; }, 20);
    setTimeout(() => { clearInterval(timer); resolve(ticks / 4); }, 4000);
  })`);
  // The proof that this page's own timers are throttled while the link is judged.
  expect(await ticksPerSecond).toBeLessThan(10);
  // Without those packets the link would be suspected every second. A busy machine may cause it once.
  for (const [tab, peer] of [
    [ada, 'ada'],
    [bob, 'bob'],
  ] as const) {
    const changes = await tab.evaluate<readonly Change[]>(`meshLab.changes('${peer}')`);
    expect(changes.filter(({ phase }) => phase === 'suspect').length).toBeLessThan(2);
    expect(changes.filter(({ phase }) => phase === 'lost')).toEqual([]);
  }
});
