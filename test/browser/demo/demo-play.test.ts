/** Two people play Rumble: one at a keyboard with a picture, one on a phone. Every click, key and touch is a real one. */
import type { Page } from 'playwright-core';
import { PHASE, PUCK } from '../../../demo-game/src/game/index.js';
import { waitUntil } from '../../support/browser.js';
import { type DemoLab, type DemoPage, look, lookFor, openDemoLab, reads, roomCode } from './demo-lab.js';

let lab: DemoLab;
let ada: DemoPage;
let bob: DemoPage;

beforeAll(async () => {
  lab = await openDemoLab();
});

afterAll(async () => {
  await lab?.close();
});

/** What a page's own data channel to the other page says of itself. */
async function inputChannel(page: Page): Promise<unknown> {
  return page.evaluate(async () => {
    const { room } = window.rollmesh;
    const other = room?.members.find(({ peer }) => peer !== room.self);
    return other === undefined ? undefined : room?.channelFacts(other.peer);
  });
}

/** Fingers on a page's screen. One session: a touch that another one began is unknown to it. */
async function fingersOn(page: Page): Promise<(type: Touch, points: readonly Point[]) => Promise<void>> {
  const session = await page.context().newCDPSession(page);
  return async (type, points) => {
    await session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: points.map((point, id) => ({ ...point, id })),
    });
  };
}

type Touch = 'touchStart' | 'touchMove' | 'touchEnd';

interface Point {
  readonly x: number;
  readonly y: number;
}

test('one creates a room in the menu, the other joins by typing its code', async () => {
  ada = await lab.open('name=Ada&quality=low');
  await ada.page.getByRole('button', { name: 'Create a room' }).click();
  const code = await roomCode(ada.page);
  expect(new URL(ada.page.url()).searchParams.get('room')).toBe(code);

  bob = await lab.open('name=Bob&draw=0', { width: 390, height: 844, touch: true });
  await reads(bob.page, code);
  await bob.page.getByLabel('Room code').fill(code.toLowerCase().replace('-', ' '));
  await bob.page.getByRole('button', { name: 'Join', exact: true }).first().click();
  expect(await roomCode(bob.page)).toBe(code);
  await reads(ada.page, 'Bob is here.');
});

test('chat arrives as the text it is', async () => {
  await bob.page.getByLabel('Chat').fill('<img src=x onerror=alert(1)> hi');
  await bob.page.keyboard.press('Enter');
  await reads(ada.page, '<img src=x onerror=alert(1)> hi');
  expect(await ada.page.locator('.chat-lines img').count()).toBe(0);
});

test('the match starts when everybody is ready, and inputs travel on a truly unreliable channel at both ends', async () => {
  await bob.page.getByRole('button', { name: "I'm ready" }).click();
  await reads(ada.page, 'Everybody is ready.');
  await ada.page.getByRole('button', { name: 'Start', exact: true }).click();
  await Promise.all([ada, bob].map(({ page }) => lookFor(page, ({ phase }) => phase === PHASE.play)));
  for (const { page } of [ada, bob]) {
    expect(await inputChannel(page)).toMatchObject({ ordered: false, maxRetransmits: 0 });
  }
  expect(await ada.page.locator('.card-name').allTextContents()).toEqual(['Ada', 'Bob']);
});

test('keys steer and dash: Ada runs Bob over the edge and takes the round on both screens', async () => {
  await ada.page.keyboard.down('KeyD');
  await lookFor(ada.page, ({ vx }) => (vx[0] ?? 0) > 1);
  await ada.page.keyboard.press('Space');
  await lookFor(ada.page, ({ cooldown }) => (cooldown[0] ?? 0) > 0);
  await lookFor(bob.page, ({ status }) => status[1] !== PUCK.standing);
  await ada.page.keyboard.up('KeyD');
  for (const { page } of [ada, bob]) await lookFor(page, ({ wins }) => wins[0] === 1 && wins[1] === 0);
  await waitUntil(async () => (await bob.page.locator('.pip.won').count()) === 1);
});

test('a thumb steers and dashes: Bob moves left and Ada sees it', async () => {
  await lookFor(bob.page, ({ phase, round }) => phase === PHASE.play && round === 2);
  const touch = await fingersOn(bob.page);
  await touch('touchStart', [{ x: 90, y: 700 }]);
  await touch('touchMove', [{ x: 30, y: 700 }]);
  await lookFor(bob.page, ({ vx }) => (vx[1] ?? 0) < -1);
  const dash = await bob.page.locator('.pad-dash').boundingBox();
  const finger = { x: (dash?.x ?? 0) + 40, y: (dash?.y ?? 0) + 40 };
  await touch('touchStart', [{ x: 30, y: 700 }, finger]);
  await lookFor(ada.page, ({ cooldown, vx }) => (cooldown[1] ?? 0) > 0 && (vx[1] ?? 0) < 0);
  await touch('touchEnd', []);
});

test('both pages have the same states, and neither complained', async () => {
  const last = Math.min((await look(ada.page))?.frameFinal ?? 0, (await look(bob.page))?.frameFinal ?? 0);
  const hashes = ({ page }: DemoPage): Promise<readonly (number | undefined)[]> =>
    page.evaluate(
      (to) => Array.from({ length: 300 }, (_, back) => window.rollmesh.match?.session.stateHash(to - back)),
      last,
    );
  const [left, right] = await Promise.all([hashes(ada), hashes(bob)]);
  expect(left).toEqual(right);
  expect(left.every((hash) => typeof hash === 'number')).toBe(true);
  expect(ada.errors).toEqual([]);
  expect(bob.errors).toEqual([]);
});

test('who closes the page is seen to leave, and the other has won', async () => {
  await bob.page.close({ runBeforeUnload: false });
  await reads(ada.page, 'Bob left the match.');
  const { winner } = await lookFor(ada.page, ({ phase }) => phase === PHASE.matchEnd);
  expect(winner).toBe(0);
  expect(await ada.page.locator('.results-winner').textContent()).toBe('Ada');
  await ada.page.getByRole('button', { name: 'Back to the room' }).click();
  await reads(ada.page, 'Waiting for friends.');
});
