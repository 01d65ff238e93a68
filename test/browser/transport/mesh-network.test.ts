/** On a lossy network inputs are really lost and never sent again, while reliable messages all arrive in order. */
import { emulateNetwork } from '../../support/browser.js';
import { useStage } from './mesh-stage.js';

const stage = useStage();

/** How often a number is smaller than the one before it. */
function stepsBack(numbers: readonly number[]): number {
  return numbers.filter((number, index) => index > 0 && number < (numbers[index - 1] as number)).length;
}

test('at 100 ms round trip and 5 % loss, unreliable messages get lost once and for all, reliable ones never', async () => {
  const [ada, bob] = await Promise.all([stage.open(), stage.open()]);
  // On before the connections are made: emulation does not reach older ones. One page's emulation works both ways.
  await emulateNetwork(ada.page, { latencyMs: 50, lossPercent: 5 });
  await ada.page.evaluate(() => meshLab.join('lossy', 'ada'));
  await bob.page.evaluate(() => meshLab.join('lossy', 'bob'));
  await Promise.all([
    ada.page.evaluate(() => meshLab.opened('ada', 1)),
    bob.page.evaluate(() => meshLab.opened('bob', 1)),
  ]);
  const [refusedUnreliable, ...refusedReliable] = await ada.page.evaluate(() =>
    Promise.all([
      meshLab.sendNumbers('ada', { to: 'bob', channel: 'unreliable', count: 600, perSecond: 100 }),
      meshLab.sendNumbers('ada', { to: 'bob', channel: 'reliable', count: 60, perSecond: 10 }),
      meshLab.sendNumbers('ada', { to: 'bob', channel: 'bulk', count: 30, perSecond: 5 }),
    ]),
  );
  expect(refusedReliable).toEqual([0, 0]);
  await bob.page.waitForFunction(() => meshLab.numbers('bob', 'ada', 'reliable').length === 60);
  await bob.page.waitForFunction(() => meshLab.numbers('bob', 'ada', 'bulk').length === 30);
  const [unreliable, reliable, bulk] = await bob.page.evaluate(() => [
    meshLab.numbers('bob', 'ada', 'unreliable'),
    meshLab.numbers('bob', 'ada', 'reliable'),
    meshLab.numbers('bob', 'ada', 'bulk'),
  ]);
  // 30 of 600 are expected to be lost. 5 or fewer, or 65 and more, happens by chance less than once in 10^8 runs.
  const lost = 600 - (unreliable?.length ?? 0) - refusedUnreliable;
  expect(lost).toBeGreaterThan(5);
  expect(lost).toBeLessThan(65);
  // A retransmission would come twice, or late and behind its successors.
  expect(new Set(unreliable).size).toBe(unreliable?.length);
  expect(stepsBack(unreliable ?? [])).toBe(0);
  const inOrder = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
  expect(reliable).toEqual(inOrder(60));
  expect([...(bulk ?? [])].sort((a, b) => a - b)).toEqual(inOrder(30));
  expect([ada.errors, bob.errors]).toEqual([[], []]);
});

test('a stalled path makes unreliable messages refused, never queued, and the link suspect until it heals', async () => {
  const [ada, bob] = await Promise.all([stage.open(), stage.open()]);
  const networks = [];
  for (const { page } of [ada, bob]) networks.push(await emulateNetwork(page, { latencyMs: 1 }));
  await ada.page.evaluate(() => meshLab.join('stalled', 'ada'));
  await bob.page.evaluate(() => meshLab.join('stalled', 'bob'));
  await ada.page.evaluate(() => meshLab.opened('ada', 1));
  const cutAtMs = await ada.page.evaluate(() => performance.now());
  await networks[0]?.change({ latencyMs: 1, lossPercent: 100 });
  await ada.page.evaluate((since) => meshLab.changed('ada', 'bob', 'suspect', since), cutAtMs);
  const refused = await ada.page.evaluate(() =>
    meshLab.sendNumbers('ada', { to: 'bob', channel: 'unreliable', count: 200, perSecond: 400, bytes: 1200 }),
  );
  expect(refused).toBeGreaterThan(0);
  expect(await ada.page.evaluate(() => meshLab.mesh('ada').queuedBytes('bob', 'unreliable'))).toBeLessThan(
    4096 + 1200,
  );
  await networks[0]?.change({ latencyMs: 1, lossPercent: 0 });
  await ada.page.evaluate((since) => meshLab.changed('ada', 'bob', 'open', since), cutAtMs);
  expect(await ada.page.evaluate(() => meshLab.links('ada'))).toEqual({ bob: 'open' });
});

test('a full bulk queue refuses, says when it has room again, and loses nothing it took', async () => {
  const [ada, bob] = await stage.joinAll('bulk', ['ada', 'bob']);
  const taken = await ada?.page.evaluate(() => {
    const mesh = meshLab.mesh('ada');
    const slice = new Uint8Array(16_384);
    let count = 0;
    for (; count < 1000; count += 1) {
      new DataView(slice.buffer).setUint32(1, count);
      if (!mesh.send('bob', 'bulk', slice)) break;
    }
    return { count, queued: mesh.queuedBytes('bob', 'bulk') };
  });
  expect(taken?.count).toBe(4);
  expect(taken?.queued).toBeLessThanOrEqual(65_536);
  await ada?.page.waitForFunction(() => meshLab.drained('ada').includes('bob/bulk'));
  await bob?.page.waitForFunction(() => meshLab.numbers('bob', 'ada', 'bulk').length === 4);
  expect(await ada?.page.evaluate(() => meshLab.mesh('ada').send('bob', 'bulk', new Uint8Array(5)))).toBe(
    true,
  );
});
