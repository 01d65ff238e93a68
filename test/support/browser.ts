/**
 * What browser tests share: a Chromium, a site on loopback that serves bundled pages, pages that remember their
 * errors, and an emulated network that reaches WebRTC.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core';
import { BROWSER_ARGS, requireBrowser } from '../../scripts/find-browser.mjs';

/** Starts a headless Chromium. Close it in `afterAll`. */
export async function launchBrowser(extraArgs: readonly string[] = []): Promise<Browser> {
  const { executablePath, env } = requireBrowser();
  return chromium.launch({
    executablePath,
    args: [...BROWSER_ARGS, '--mute-audio', ...extraArgs],
    env: { ...(process.env as Record<string, string>), ...env },
  });
}

/** One script for a page: `entry` (an absolute path or a file URL) and all it imports. */
export async function bundlePage(entry: string | URL): Promise<string> {
  const path = entry instanceof URL ? entry.pathname : entry;
  const result = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
    sourcemap: 'inline',
  });
  return (result.outputFiles[0] as { readonly text: string }).text;
}

/** Files on loopback. */
export interface Site {
  /** `http://localhost:PORT`: a secure context, as https would be. */
  readonly url: string;
  readonly server: Server;
  close(): Promise<void>;
}

/** Serves `{ '/': html, '/page.js': script }` on a free port of 127.0.0.1. */
export async function serveSite(files: Readonly<Record<string, string>>): Promise<Site> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const body = files[pathname];
    response.setHeader('content-type', pathname.endsWith('.js') ? 'text/javascript' : 'text/html');
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}`,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A site whose page '/' runs one bundled script. */
export async function serveBundle(entry: string | URL): Promise<Site> {
  return serveSite({
    '/': '<!doctype html><meta charset="utf-8"><title>test</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
    '/page.js': await bundlePage(entry),
  });
}

/** A page and what went wrong in it: uncaught exceptions, unhandled rejections, `console.error`. */
export interface WatchedPage {
  readonly page: Page;
  readonly errors: readonly string[];
}

/** Opens `url` (or nothing yet) in a new page of a context. */
export async function openPage(context: BrowserContext, url = 'about:blank'): Promise<WatchedPage> {
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(url);
  return { page, errors };
}

/** What DevTools does to each packet of a page, in both directions. */
export interface NetworkConditions {
  /** Added to each packet each way, in ms, at least 1. */
  readonly latencyMs: number;
  /** Packets lost each way, 0 to 100. Default 0. */
  readonly lossPercent?: number;
}

/** A page's emulated network. */
export interface EmulatedNetwork {
  readonly session: CDPSession;
  change(conditions: NetworkConditions): Promise<void>;
}

/**
 * Turns network emulation on. It reaches only RTCPeerConnections made afterwards, so call it first; later changes then
 * apply at once. Chromium ignores loss while the latency is 0: hence the minimum.
 * @throws {Error} for a latency below 1 ms
 */
export async function emulateNetwork(page: Page, conditions: NetworkConditions): Promise<EmulatedNetwork> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const change = async ({ latencyMs, lossPercent = 0 }: NetworkConditions): Promise<void> => {
    if (!(latencyMs >= 1)) throw new Error(`latencyMs is ${latencyMs}; below 1 the loss would be ignored.`);
    await session.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: latencyMs,
      downloadThroughput: -1,
      uploadThroughput: -1,
      packetLoss: lossPercent,
      packetQueueLength: 0,
      packetReordering: false,
    });
  };
  await change(conditions);
  return { session, change };
}

/**
 * Waits until `read` gives something true and returns that.
 * @throws {Error} after `limitMs`
 */
export async function waitUntil<T>(read: () => T | Promise<T>, limitMs = 60_000): Promise<T> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const value = await read();
    if (value) return value;
    if (performance.now() > endMs) throw new Error(`Waited ${limitMs} ms in vain for: ${read}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
