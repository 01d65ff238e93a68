/** The demo as automation drives it: pages that play by themselves, as the address tells them. */
import { PHASE } from '../../../demo-game/src/game/index.js';
import { waitUntil } from '../../support/browser.js';
import { type DemoLab, look, lookFor, openDemoLab, roomCode } from './demo-lab.js';

let lab: DemoLab;

beforeAll(async () => {
  lab = await openDemoLab();
});

afterAll(async () => {
  await lab?.close();
});

test('three pages of bots meet by the address alone, start when four slots are in, and stay equal', async () => {
  const first = await lab.open('room=new&name=Ada&bot=1&players=4&seed=1&draw=0');
  const code = await roomCode(first.page);
  const second = await lab.open(`room=${code}&name=Bob&bot=1&bots=1&seed=2&draw=0`);
  const third = await lab.open(`room=${code}&name=Cy&bot=1&seed=3&draw=0`);
  const pages = [first, second, third];
  const seen = await Promise.all(pages.map(({ page }) => lookFor(page, ({ phase }) => phase === PHASE.play)));
  expect(seen.flatMap(({ localSlots }) => localSlots).sort()).toEqual([0, 1, 2, 3]);
  const names = await Promise.all(pages.map(({ page }) => page.locator('.card-name').allTextContents()));
  expect(new Set(names.map((list) => list.join())).size).toBe(1);

  await lookFor(first.page, ({ frameFinal }) => frameFinal > 400);
  const last = Math.min(
    ...(await Promise.all(pages.map(async ({ page }) => (await look(page))?.frameFinal ?? 0))),
  );
  const hashes = await Promise.all(
    pages.map(({ page }) =>
      page.evaluate(
        (to) => Array.from({ length: 300 }, (_, back) => window.rollmesh.match?.session.stateHash(to - back)),
        last,
      ),
    ),
  );
  expect(hashes[1]).toEqual(hashes[0]);
  expect(hashes[2]).toEqual(hashes[0]);
  expect(pages.flatMap(({ errors }) => errors)).toEqual([]);
});

test('the handle in the window holds lobby, room and match, and Phaser is not loaded without a picture', async () => {
  const { page } = await lab.open('room=new&bots=2&players=3&draw=0');
  await lookFor(page, ({ phase }) => phase === PHASE.play);
  const handle = await page.evaluate(() => {
    const { lobby, room, match } = window.rollmesh;
    return { phase: lobby?.phase, code: room?.code, slots: match?.localSlots.length };
  });
  expect(handle).toEqual({
    phase: 'online',
    code: expect.stringMatching(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/),
    slots: 3,
  });
  const scripts = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
  expect(scripts.some((name) => name.includes('main.js'))).toBe(true);
  expect(scripts.some((name) => name.includes('stage'))).toBe(false);
});

test('practice against bots needs no lobby', async () => {
  const { page, errors } = await lab.open('practice=3&bot=1&draw=0&lobby=http://localhost:1');
  await lookFor(page, ({ phase, frameCurrent }) => phase === PHASE.play && frameCurrent > 250);
  expect(await page.evaluate(() => window.rollmesh.lobby)).toBeUndefined();
  expect(await page.locator('.card').count()).toBe(4);
  expect(errors).toEqual([]);
});

test('with a picture, the arena is drawn: the canvas has pucks of many colours', async () => {
  const { page, errors } = await lab.open('practice=7&bot=1&quality=low');
  await lookFor(page, ({ phase }) => phase === PHASE.play);
  const shot = async (): Promise<number> => (await page.screenshot()).byteLength;
  // A picture of one colour compresses to next to nothing.
  await waitUntil(async () => (await shot()) > 60_000);
  expect(errors).toEqual([]);
});
