/** What the tests of the demo share: the demo as `npm start` serves it, and pages that play it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { type LobbyServer, startLobbyServer } from 'rollmesh-lobby';
import { buildDemo } from '../../../demo-game/build.mjs';
import { launchBrowser, waitUntil } from '../../support/browser.js';

/** The demo, served, and a browser to open it with. */
export interface DemoLab {
  readonly url: string;
  readonly browser: Browser;
  readonly server: LobbyServer;
  /** Opens a page of the demo; `query` without `?`. */
  open(query: string, device?: Device): Promise<DemoPage>;
  close(): Promise<void>;
}

/** The screen in front of a page. Default: a small desktop. */
export interface Device {
  readonly width: number;
  readonly height: number;
  readonly touch?: boolean;
}

/** An open page, and what it complained about. */
export interface DemoPage {
  readonly page: Page;
  readonly errors: readonly string[];
}

/** What a page tells about its match. */
export interface Seen {
  readonly sessionPhase: string;
  readonly frameCurrent: number;
  readonly frameFinal: number;
  readonly localSlots: readonly number[];
  /** Of the game: see `PHASE`. */
  readonly phase: number;
  readonly round: number;
  readonly winner: number;
  readonly x: readonly number[];
  readonly vx: readonly number[];
  readonly status: readonly number[];
  readonly wins: readonly number[];
  readonly cooldown: readonly number[];
}

/** Builds the demo, serves it with a lobby, and launches a browser. */
export async function openDemoLab(): Promise<DemoLab> {
  const folder = await mkdtemp(join(tmpdir(), 'rumble-'));
  await buildDemo({ outDir: folder });
  const server = await startLobbyServer({ port: 0, staticDir: folder });
  const browser = await launchBrowser();
  const url = `http://localhost:${server.port}`;
  return {
    url,
    browser,
    server,
    open: (query, device) => openPage(browser, `${url}/?${query}`, device),
    close: async () => {
      await browser.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function openPage(browser: Browser, url: string, device?: Device): Promise<DemoPage> {
  const { width, height, touch = false } = device ?? { width: 640, height: 360 };
  const context = await browser.newContext({ viewport: { width, height }, hasTouch: touch, isMobile: touch });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(url);
  return { page, errors };
}

/** Code of the room a page is in, once it is. */
export async function roomCode(page: Page): Promise<string> {
  return (await waitUntil(() => page.evaluate(() => window.rollmesh.room?.code))) as string;
}

/** What a page sees of its match; `undefined` outside one. */
export function look(page: Page): Promise<Seen | undefined> {
  return page.evaluate(() => {
    const { match } = window.rollmesh;
    if (match === undefined) return undefined;
    const { state, session } = match;
    return {
      sessionPhase: session.phase,
      frameCurrent: match.frameCurrent,
      frameFinal: session.frameFinal,
      localSlots: match.localSlots,
      phase: state.phase,
      round: state.round,
      winner: state.matchWinner,
      x: [...state.pucks.x],
      vx: [...state.pucks.vx],
      status: [...state.pucks.status],
      wins: [...state.pucks.wins],
      cooldown: [...state.pucks.cooldown],
    };
  });
}

/** Waits until a page's match looks like `wanted`. */
export async function lookFor(page: Page, wanted: (seen: Seen) => boolean): Promise<Seen> {
  const found = await waitUntil(async () => {
    const seen = await look(page);
    return seen !== undefined && wanted(seen) ? seen : undefined;
  });
  return found as Seen;
}

/** Waits until the page shows this text. */
export async function reads(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor();
}
