/** The stage of the mesh tests: one browser, a site with the lab page, a relay, and a fresh context per test. */
import type { Browser, BrowserContext } from 'playwright-core';
import { launchBrowser, openPage, type Site, serveBundle, type WatchedPage } from '../../support/browser.js';
import { SignalRelay } from './signal-relay.js';

/** What a test file works with. */
export interface Stage {
  readonly relay: SignalRelay;
  readonly url: string;
  /** A page with the lab in it. */
  open(): Promise<WatchedPage>;
  /** The same in a context, and so in a renderer process, of its own. */
  openAlone(): Promise<WatchedPage>;
  /** Opens a page for each peer, joins them all and waits until every link is open. */
  joinAll(
    room: string,
    peers: readonly string[],
    opening?: () => Promise<WatchedPage>,
  ): Promise<readonly WatchedPage[]>;
  /** Offers of a room so far as 'from>to', sorted. */
  offers(room: string): readonly string[];
}

/** Sets the stage up around the tests of a file. */
export function useStage(): Stage {
  // Undefined where setting up failed: the teardown must still end what began.
  let browser: Browser | undefined;
  let site: Site | undefined;
  let relay: SignalRelay | undefined;
  let contexts: BrowserContext[] = [];
  beforeAll(async () => {
    site = await serveBundle(new URL('./mesh-lab.ts', import.meta.url));
    relay = new SignalRelay(site.server);
    browser = await launchBrowser();
  });
  beforeEach(async () => {
    contexts = [await present(browser).newContext()];
  });
  afterEach(() => Promise.all(contexts.map((context) => context.close())));
  afterAll(async () => {
    relay?.close();
    await Promise.all([browser?.close(), site?.close()]);
  });
  const open = (): Promise<WatchedPage> => openPage(present(contexts[0]), present(site).url);
  const openAlone = async (): Promise<WatchedPage> => {
    const context = await present(browser).newContext();
    contexts.push(context);
    return openPage(context, present(site).url);
  };
  return {
    get relay() {
      return present(relay);
    },
    get url() {
      return present(site).url;
    },
    open,
    openAlone,
    async joinAll(room, peers, opening = open) {
      const pages = await Promise.all(peers.map(() => opening()));
      const each = <T>(run: (watched: WatchedPage, peer: string) => Promise<T>): Promise<T[]> =>
        Promise.all(pages.map((watched, index) => run(watched, peers[index] as string)));
      await each(({ page }, peer) =>
        page.evaluate(([name, id]) => meshLab.join(name, id), [room, peer] as const),
      );
      await each(({ page }, peer) =>
        page.evaluate(([id, count]) => meshLab.opened(id, count), [peer, peers.length - 1] as const),
      );
      return pages;
    },
    offers: (room) =>
      present(relay)
        .passed(room)
        .filter(({ signal }) => signal.kind === 'offer')
        .map(({ from, to }) => `${from}>${to}`)
        .sort(),
  };
}

/** The only offers a room may see: one per pair, from the peer with the greater id. */
export function oneOfferPerPair(peers: readonly string[]): readonly string[] {
  return peers.flatMap((from) => peers.filter((to) => from > to).map((to) => `${from}>${to}`)).sort();
}

/** Waits in a page until its link to `other` has moved to `phase` (after `sinceMs`); resolves with the event. */
export function changed(
  { page }: WatchedPage,
  [self, other, phase]: readonly [string, string, string],
  sinceMs = 0,
): Promise<{ readonly atMs: number; readonly reason?: string; readonly detail?: string }> {
  return page.evaluate(([peer, to, wanted, since]) => meshLab.changed(peer, to, wanted, since), [
    self,
    other,
    phase,
    sinceMs,
  ] as const);
}

/** The clock that `changed` and its events use. */
export function pageTime({ page }: WatchedPage): Promise<number> {
  return page.evaluate(() => performance.now());
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The stage is set up in beforeAll; use it inside a test.');
  return value;
}
