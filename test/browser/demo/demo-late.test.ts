/** Friends who freeze, come late, reload, pause: real pages, real links, real clicks. */
import { PHASE } from '../../../demo-game/src/game/index.js';
import { waitUntil } from '../../support/browser.js';
import { type DemoLab, type DemoPage, look, lookFor, openDemoLab, reads, roomCode } from './demo-lab.js';

let lab: DemoLab;

beforeAll(async () => {
  lab = await openDemoLab();
});

afterAll(async () => {
  await lab?.close();
});

/** A running match of pages that play by themselves, in one room. */
async function playing(...names: readonly string[]): Promise<{ pages: DemoPage[]; code: string }> {
  const [first = '', ...others] = names;
  const owner = await lab.open(`room=new&name=${first}&bot=1&players=${names.length}&seed=1&draw=0`);
  const code = await roomCode(owner.page);
  const pages = [owner];
  for (const [index, name] of others.entries())
    pages.push(await lab.open(`room=${code}&name=${name}&bot=1&seed=${index + 2}&draw=0`));
  await Promise.all(pages.map(({ page }) => lookFor(page, ({ frameFinal }) => frameFinal > 60)));
  return { pages, code };
}

async function closeAll(pages: readonly DemoPage[]): Promise<void> {
  expect(pages.flatMap(({ errors }) => errors)).toEqual([]);
  for (const { page } of pages) await page.context().close();
}

/** Remembers the events of a page's match from now on. */
async function record({ page }: DemoPage): Promise<() => Promise<readonly Heard[]>> {
  await page.evaluate(() => {
    const heard: Heard[] = [];
    Object.assign(window, { heard });
    const types = ['peer-substituted', 'peer-returned', 'peer-joined', 'peer-left', 'desync'] as const;
    for (const type of types) {
      window.rollmesh.match?.on(type, (event) =>
        heard.push({ type, peer: event.peer, frame: 'frame' in event ? event.frame : event.cutFrame }),
      );
    }
  });
  return () => page.evaluate(() => (window as unknown as { heard: Heard[] }).heard);
}

interface Heard {
  readonly type: string;
  readonly peer: string;
  readonly frame: number;
}

/** All pages have the same states over frames that all have, up to now and a second on. */
async function expectEqual(pages: readonly DemoPage[]): Promise<void> {
  const now = await Promise.all(pages.map(async ({ page }) => (await look(page))?.frameCurrent ?? 0));
  const to = Math.max(...now) + 60;
  await Promise.all(pages.map(({ page }) => lookFor(page, ({ frameFinal }) => frameFinal >= to)));
  const hashes = await Promise.all(
    pages.map(({ page }) =>
      page.evaluate(
        (last) =>
          Array.from({ length: 60 }, (_, back) => window.rollmesh.match?.session.stateHash(last - back)),
        to,
      ),
    ),
  );
  expect(hashes[0]?.every((hash) => typeof hash === 'number')).toBe(true);
  for (const other of hashes) expect(other).toEqual(hashes[0]);
}

const selfOf = ({ page }: DemoPage): Promise<string> =>
  page.evaluate(() => window.rollmesh.room?.self as string);

test('a page that freezes for two seconds is substituted and comes back, and all stay equal', async () => {
  const { pages } = await playing('Ada', 'Bob', 'Cy');
  const [ada, bob, cy] = pages as [DemoPage, DemoPage, DemoPage];
  const frozen = await selfOf(cy);
  const heard = await Promise.all([record(ada), record(bob)]);
  const freezing = cy.page.evaluate(() => {
    const endMs = performance.now() + 2000;
    while (performance.now() < endMs);
  });
  await reads(ada.page, 'Cy is late, the match plays on.');
  await ada.page.locator('.card.away').waitFor();
  expect(await ada.page.locator('.card.away .card-name').textContent()).toBe('Cy');
  await freezing;
  await reads(ada.page, 'Cy is back.');
  await waitUntil(async () => (await ada.page.locator('.card.away').count()) === 0);
  for (const read of heard) {
    await waitUntil(async () => (await read()).some(({ type }) => type === 'peer-returned'));
    const events = (await read()).filter(({ peer }) => peer === frozen);
    expect(events.map(({ type }) => type)).toEqual(['peer-substituted', 'peer-returned']);
  }
  expect(await heard[0]()).toEqual(await heard[1]());
  await expectEqual(pages);
  await closeAll(pages);
});

test('the link to the room leads into the match that runs, and everybody sees the newcomer', async () => {
  const { pages, code } = await playing('Ada', 'Bob');
  const [ada, bob] = pages as [DemoPage, DemoPage];
  const cy = await lab.open(`room=${code}&name=Cy&bot=1&seed=9&draw=0`);
  const { localSlots } = await lookFor(cy.page, (seen) => seen.localSlots.length > 0);
  expect(localSlots).toEqual([2]);
  for (const { page } of [ada, bob]) await reads(page, 'Cy joins the match.');
  for (const { page } of [ada, bob, cy]) {
    await waitUntil(async () => (await page.locator('.card').count()) === 3);
    expect((await page.locator('.card-name').allTextContents()).sort()).toEqual(['Ada', 'Bob', 'Cy']);
  }
  await expectEqual([ada, bob, cy]);

  // And one more, who has to learn from the others who the third is.
  const dee = await lab.open(`room=${code}&name=Dee&bot=1&seed=10&draw=0`);
  await lookFor(dee.page, (seen) => seen.localSlots.length > 0);
  await waitUntil(async () => (await dee.page.locator('.card').count()) === 4);
  const names = await Promise.all([ada, dee].map(({ page }) => page.locator('.card').allTextContents()));
  expect(names[1]?.map((text) => text.replace(/You|Bot/, ''))).toEqual(
    names[0]?.map((text) => text.replace(/You|Bot/, '')),
  );
  await expectEqual([ada, bob, cy, dee]);
  await closeAll([ada, bob, cy, dee]);
});

/** Whatever this page sends to the lobby server when it goes does not get out: a machine under load, a torn network. */
async function loseFarewell({ page }: DemoPage): Promise<void> {
  await page.evaluate(() => {
    const { prototype } = WebSocket;
    const { send } = prototype;
    prototype.send = function sendUnlessBye(data) {
      if (typeof data !== 'string' || !data.includes('"t":"bye"')) send.call(this, data);
    };
  });
}

test.each([
  ['comes back into its own slot', false],
  ['does so as well if its farewell to the lobby server is lost', true],
])('a page that is reloaded %s', async (_name, farewellIsLost) => {
  const { pages, code } = await playing('Ada', 'Bob', 'Cy');
  const [ada, bob] = pages as [DemoPage, DemoPage, DemoPage];
  if (farewellIsLost) await loseFarewell(bob);
  const before = { self: await selfOf(bob), slots: (await look(bob.page))?.localSlots };
  const frame = (await look(ada.page))?.frameCurrent ?? 0;
  await bob.page.reload();
  await reads(ada.page, 'Bob left the match.');
  const { localSlots } = await lookFor(bob.page, (seen) => seen.localSlots.length > 0);
  expect({ self: await selfOf(bob), slots: localSlots }).toEqual(before);
  expect(new URL(bob.page.url()).searchParams.get('room')).toBe(code);
  expect((await look(bob.page))?.frameCurrent).toBeGreaterThan(frame);
  await reads(ada.page, 'Bob is back in the match.');
  await expectEqual(pages);
  await closeAll(pages);
});

test('a page that sleeps so long that the others go on without it comes back by itself', async () => {
  const { pages } = await playing('Ada', 'Bob', 'Cy');
  const [ada, , cy] = pages as [DemoPage, DemoPage, DemoPage];
  const before = (await look(cy.page))?.localSlots;
  const heard = await record(cy);
  await cy.page.evaluate(() => {
    const endMs = performance.now() + 7000;
    while (performance.now() < endMs);
  });
  await reads(ada.page, 'Cy lost the connection.');
  await reads(ada.page, 'Cy is back in the match.');
  await waitUntil(async () => (await heard()).some(({ type }) => type === 'peer-joined'));
  const { localSlots, sessionPhase } = (await look(cy.page)) ?? {};
  expect([localSlots, sessionPhase]).toEqual([before, 'running']);
  await expectEqual(pages);
  await closeAll(pages);
});

test('of two, one reloads: the other has won meanwhile, and both play on', async () => {
  const { pages } = await playing('Ada', 'Bob');
  const [ada, bob] = pages as [DemoPage, DemoPage];
  const before = { self: await selfOf(ada), slots: [0] };
  await ada.page.reload();
  await lookFor(bob.page, ({ phase }) => phase === PHASE.matchEnd);
  const { localSlots } = await lookFor(ada.page, (seen) => seen.localSlots.length > 0);
  expect({ self: await selfOf(ada), slots: localSlots }).toEqual(before);
  // Both are bots, and bots want a rematch.
  await lookFor(ada.page, ({ phase }) => phase === PHASE.play);
  await expectEqual(pages);
  await closeAll(pages);
});

test('any player pauses for all and any other lets them go on', async () => {
  const { pages } = await playing('Ada', 'Bob', 'Cy');
  const [ada, bob, cy] = pages as [DemoPage, DemoPage, DemoPage];
  await ada.page.keyboard.press('p');
  for (const { page } of pages) {
    await page.getByRole('dialog', { name: 'Paused' }).waitFor();
    await reads(page, 'by Ada');
  }
  const stopped = await Promise.all(
    pages.map(({ page }) => lookFor(page, ({ sessionPhase }) => sessionPhase === 'paused')),
  );
  const [frame] = stopped.map(({ frameCurrent }) => frameCurrent);
  expect(stopped.every(({ frameCurrent }) => frameCurrent === frame)).toBe(true);
  await bob.page.getByRole('button', { name: 'Go on' }).click();
  for (const { page } of pages)
    await lookFor(page, ({ frameCurrent }) => frameCurrent > (frame as number) + 30);
  expect(await cy.page.getByRole('dialog', { name: 'Paused' }).isVisible()).toBe(false);
  await expectEqual(pages);
  await closeAll(pages);
});

test('who goes back to the room while the others play finds a button into the match again', async () => {
  const { pages } = await playing('Ada', 'Bob', 'Cy');
  const [ada, , cy] = pages as [DemoPage, DemoPage, DemoPage];
  const { localSlots } = (await look(cy.page)) as { localSlots: readonly number[] };
  await cy.page.getByRole('button', { name: 'Leave', exact: true }).click();
  await reads(ada.page, 'Cy left the match.');
  await reads(cy.page, 'The match runs on without you.');
  await cy.page.getByRole('button', { name: 'Back into the match' }).click();
  const seen = await lookFor(cy.page, (now) => now.localSlots.length > 0);
  expect(seen.localSlots).toEqual(localSlots);
  expect([PHASE.countdown, PHASE.play, PHASE.roundEnd, PHASE.matchEnd]).toContain(seen.phase);
  await expectEqual(pages);
  await closeAll(pages);
});
