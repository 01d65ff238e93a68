/** The first game of the README, as the README says: `npm start`, open the page, open its link in a second window. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../../support/browser.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

let server: ChildProcess;
let origin: string;
let browser: Browser;
/** What the pages complained about: refused scripts, exceptions, failed requests. */
const complaints: string[] = [];

/** The first match of `pattern` in what a process prints. */
async function printed(process: ChildProcess, pattern: RegExp): Promise<string> {
  let text = '';
  for await (const chunk of process.stdout ?? []) {
    text += String(chunk);
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) return found;
  }
  throw new Error(`npm start ended and never printed ${pattern}:\n${text}`);
}

async function openPage(url: string): Promise<Page> {
  const page = await browser.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // The example has no icon, and browsers ask for one.
    const isIcon = message.location().url.endsWith('/favicon.ico');
    if (message.type() === 'error' && !isIcon) complaints.push(message.text());
  });
  await page.goto(url);
  return page;
}

/** Waits until `expression` is true in the page. Not `waitForFunction`: it needs the eval that the page's policy refuses. */
async function until(page: Page, expression: string): Promise<void> {
  while ((await page.evaluate(expression)) !== true) await sleep(20);
}

beforeAll(async () => {
  server = spawn(process.execPath, ['scripts/start.mjs'], {
    cwd: root,
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  origin = await printed(server, /http:\/\/127\.0\.0\.1:\d+/);
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  if (server?.exitCode === null) {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
});

test('two pages play the first game of the README by real key presses', async () => {
  const red = await openPage(`${origin}/examples/first-game.html`);
  const link = await red.locator('#note a').getAttribute('href');
  const blue = await openPage(link ?? '');
  for (const page of [red, blue]) await until(page, "typeof match === 'object' && match.frameCurrent > 30");

  // Blue walks left over the coin in the middle; both pages must see it, and see it alike.
  await blue.keyboard.down('ArrowLeft');
  for (const page of [red, blue]) await until(page, 'match.state.players.coins[1] > 0');
  await blue.keyboard.up('ArrowLeft');
  await red.keyboard.press('ArrowDown', { delay: 100 });
  for (const page of [red, blue]) await until(page, 'match.state.players.y[0] > 180');

  const frame = (await red.evaluate('match.session.frameFinal')) as number;
  await until(blue, `match.session.frameConfirmed >= ${frame}`);
  const hashes = await Promise.all(
    [red, blue].map((page) => page.evaluate(`match.session.stateHash(${frame})`)),
  );
  expect(hashes[0]).toEqual(expect.any(Number));
  expect(hashes[1]).toBe(hashes[0]);
  expect(await red.locator('#note').textContent()).toMatch(/^Arrow keys\. Red 0, blue [1-9]/);
  expect(complaints).toEqual([]);
});

test('the link of a room that is gone says so to the player', async () => {
  const page = await openPage(`${origin}/examples/first-game.html?room=0000-0000`);
  await until(page, "/room/i.test(document.querySelector('#note').textContent)");
  expect(await page.locator('#note').textContent()).toMatch(/room/i);
});
