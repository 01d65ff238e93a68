/** Meshes open completely, each pair with one offer, over channels of the agreed kind. */
import { waitUntil } from '../../support/browser.js';
import { oneOfferPerPair, useStage } from './mesh-stage.js';

const stage = useStage();

test('two pages open a link whose input channel is unordered and never retransmits, on both ends', async () => {
  const [ada, bob] = await stage.joinAll('pair', ['ada', 'bob']);
  const facts = await Promise.all([
    ada?.page.evaluate(() => meshLab.mesh('ada').channelFacts('bob')),
    bob?.page.evaluate(() => meshLab.mesh('bob').channelFacts('ada')),
  ]);
  for (const fact of facts) {
    expect(fact).toMatchObject({ ordered: false, maxRetransmits: 0, localCandidateType: 'host' });
    expect(fact?.bytesSent).toBeGreaterThan(0);
    expect(fact?.messagesReceived).toBeGreaterThan(0);
  }
  expect(stage.offers('pair')).toEqual(['bob>ada']);
  expect(
    await ada?.page.evaluate(() =>
      meshLab
        .changes('ada')
        .slice(0, 3)
        .map(({ phase }) => phase),
    ),
  ).toEqual(['new', 'checking', 'open']);
  expect([ada?.errors, bob?.errors]).toEqual([[], []]);
});

test('four pages that join at the same moment open all six links without glare', async () => {
  const peers = ['d', 'b', 'c', 'a'];
  const pages = await stage.joinAll('four', peers);
  expect(stage.offers('four')).toEqual(oneOfferPerPair(peers));
  const counters = await Promise.all(
    pages.map(({ page }, index) =>
      page.evaluate((peer) => meshLab.mesh(peer).counters, peers[index] as string),
    ),
  );
  for (const counter of counters) expect(Object.values(counter).every((count) => count === 0)).toBe(true);
  expect(pages.flatMap(({ errors }) => errors)).toEqual([]);
});

test('eight meshes open all 28 links, whoever comes last', async () => {
  const { page, errors } = await stage.open();
  const peers = ['h', 'a', 'g', 'b', 'f', 'c', 'e', 'd'];
  await page.evaluate((ids) => {
    for (const id of ids) meshLab.joinHub('eight', id);
  }, peers);
  await page.evaluate((ids) => Promise.all(ids.map((id) => meshLab.opened(id, 7))), peers);
  const links = await page.evaluate((ids) => ids.map((id) => meshLab.links(id)), peers);
  for (const [index, peer] of peers.entries())
    expect(links[index]).toEqual(
      Object.fromEntries(peers.filter((other) => other !== peer).map((other) => [other, 'open'])),
    );
  // Nothing was refused: no second offer, no answer too many, no description the browser disliked.
  const counters = await page.evaluate((ids) => ids.map((id) => meshLab.mesh(id).counters), peers);
  for (const counter of counters) expect(new Set(Object.values(counter))).toEqual(new Set([0]));
  expect(errors).toEqual([]);
});

test('an offer that comes before the peer is wanted is kept and answered when it is', async () => {
  const [ada, bob] = await Promise.all([stage.open(), stage.open()]);
  await ada.page.evaluate(() => meshLab.join('early', 'ada', { follow: false }));
  await bob.page.evaluate(() => meshLab.join('early', 'bob'));
  await waitUntil(() => stage.offers('early').length === 1);
  expect(await ada.page.evaluate(() => meshLab.links('ada'))).toEqual({});
  await ada.page.evaluate(() => meshLab.mesh('ada').connect('bob'));
  await ada.page.evaluate(() => meshLab.opened('ada', 1));
  expect(stage.offers('early')).toEqual(['bob>ada']);
});

test('what is sent arrives whole, on the channel it was sent on', async () => {
  const [ada, bob] = await stage.joinAll('sizes', ['ada', 'bob']);
  await bob?.page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(globalThis, { seen });
    meshLab.mesh('bob').on('message', ({ channel, bytes }) => {
      const good = bytes.every((byte, index) => byte === (index * 7) % 240);
      seen.push(`${channel} ${bytes.length} ${good}`);
    });
  });
  const taken = await ada?.page.evaluate(() => {
    const mesh = meshLab.mesh('ada');
    const send = (channel: 'unreliable' | 'reliable' | 'bulk', length: number): boolean =>
      mesh.send(
        'bob',
        channel,
        Uint8Array.from({ length }, (_, index) => (index * 7) % 240),
      );
    return [send('unreliable', 1), send('unreliable', 1200), send('reliable', 16_448), send('bulk', 16_448)];
  });
  expect(taken).toEqual([true, true, true, true]);
  await bob?.page.waitForFunction(() => (globalThis as unknown as { seen: string[] }).seen.length === 4);
  const seen = await bob?.page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen.sort());
  expect(seen).toEqual([
    'bulk 16448 true',
    'reliable 16448 true',
    'unreliable 1 true',
    'unreliable 1200 true',
  ]);
});

test("a caller's mistakes are refused with words that help", async () => {
  const { page } = await stage.open();
  await page.evaluate(() => meshLab.join('mistakes', 'ada', { maxPeers: 2, follow: false }));
  const message = (run: string): Promise<string> =>
    page.evaluate((code) => {
      try {
        new Function('mesh', code)(meshLab.mesh('ada'));
        return 'no error';
      } catch (error) {
        return `${(error as { code?: string }).code}: ${(error as Error).message}`;
      }
    }, run);
  expect(await message("mesh.connect('ada')")).toMatch(/^invalid-argument: A peer cannot connect to itself/);
  expect(await message("mesh.connect('')")).toMatch(/^invalid-argument: The peer id "" is not 1 to 64/);
  expect(await message("mesh.setPeers(['b', 'c', 'd'])")).toMatch(
    /^invalid-argument: 3 links .* maxPeers is 2/,
  );
  expect(await message("mesh.send('b', 'unreliable', new Uint8Array(1201))")).toMatch(/1201 bytes .* 1200/);
  expect(await message("mesh.send('b', 'bulk', new Uint8Array(0))")).toMatch(/empty message/);
  expect(await message("mesh.send('b', 'reliable', Uint8Array.of(0xf0))")).toMatch(/first byte 240/);
  expect(await message('mesh.close(); mesh.close(); mesh.connect("b")')).toMatch(
    /^wrong-phase: .* createMesh/,
  );
});
