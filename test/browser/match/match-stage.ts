/** The stage of tests of matches in pages: one browser, a site with a lab page, a lobby server, and a fresh context per test. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type LobbyServer, startLobbyServer } from 'rollmesh-lobby';
import {
  emulateNetwork,
  launchBrowser,
  type NetworkConditions,
  openPage,
  type Site,
  serveBundle,
  type WatchedPage,
} from '../../support/browser.js';

/** What the page does for the stage, under the name that the stage is told. */
export interface RoomLab {
  create(url: string): Promise<string>;
  join(url: string, code: string): Promise<void>;
  gathered(count: number): Promise<void>;
  start(): Promise<void>;
  next(): Promise<void>;
}

/** What a test file works with. */
export interface MatchStage {
  /** The lab page. */
  readonly url: string;
  /**
   * Pages in one running match, the room's owner first; emulation is on before any connection is made. Each page delays and loses
   * what it sends and what it receives: half of what is between two pages on each.
   */
  playTogether(urls: readonly string[], network: NetworkConditions): Promise<WatchedPage[]>;
}

/** How a stage differs from others. */
export interface StageOptions {
  /** The page's script, and the global in which it puts its {@link RoomLab}. */
  readonly lab: URL;
  readonly name: string;
  /** More arguments for the browser. */
  readonly args?: readonly string[];
  /** Origins besides the site's own that the lobby server lets in. */
  readonly origins?: (siteUrl: string) => readonly string[];
}

/** Sets the stage up around the tests of a file. */
export function useMatchStage({ lab, name, args = [], origins = () => [] }: StageOptions): MatchStage {
  let browser: Browser;
  let site: Site;
  let server: LobbyServer;
  let context: BrowserContext;
  beforeAll(async () => {
    [browser, site] = await Promise.all([launchBrowser([...args]), serveBundle(lab)]);
    server = await startLobbyServer({ port: 0, origins: [site.url, ...origins(site.url)] });
  });
  beforeEach(async () => {
    context = await browser.newContext();
  });
  afterEach(() => context.close());
  afterAll(() => Promise.all([browser?.close(), site?.close(), server?.close()]));

  function call<K extends keyof RoomLab>(
    { page }: { readonly page: Page },
    method: K,
    ...parameters: Parameters<RoomLab[K]>
  ): Promise<Awaited<ReturnType<RoomLab[K]>>> {
    return page.evaluate(
      ([labName, what, given]) => {
        const room = (
          globalThis as unknown as { [key: string]: { [key: string]: (...all: unknown[]) => unknown } }
        )[labName];
        return room?.[what]?.(...given) as never;
      },
      [name, method, parameters] as const,
    );
  }

  return {
    get url() {
      return site.url;
    },
    async playTogether(urls, network) {
      const pages: WatchedPage[] = [];
      for (const url of urls) pages.push(await openPage(context, url));
      for (const { page } of pages) await emulateNetwork(page, network);
      const [owner, ...others] = pages as [WatchedPage, ...WatchedPage[]];
      const code = await call(owner, 'create', server.url);
      for (const other of others) await call(other, 'join', server.url, code);
      await call(owner, 'gathered', urls.length);
      await Promise.all([call(owner, 'start'), ...others.map((other) => call(other, 'next'))]);
      return pages;
    },
  };
}
