/**
 * Does Rumble hold 60 frames a second in two and in four real pages over a bad network?
 *
 * Chromium pages of one machine, real WebRTC, 100 ms round trip and 5 % loss each way emulated before the connections are
 * made (each page delays and loses half, both ways). Bots play; the first page draws, the others run without a picture.
 * Options: --pages=2,4 --seconds=30 --latency=25 --loss=2.5. The first line that misses a promise of the README is marked.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { buildDemo } from '../../demo-game/build.mjs';
import { bundleLobbyServer, ROOT } from '../../scripts/bundle.mjs';
import { findBrowser } from '../../scripts/find-browser.mjs';

const { values } = parseArgs({
  options: {
    pages: { type: 'string', default: '2,4' },
    seconds: { type: 'string', default: '30' },
    latency: { type: 'string', default: '25' },
    loss: { type: 'string', default: '2.5' },
  },
});
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const folder = join(ROOT, '.cache/pages-bench');
rmSync(folder, { recursive: true, force: true });
await Promise.all([buildDemo({ outDir: join(folder, 'site') }), bundleLobbyServer(join(folder, 'lobby'))]);
const { startLobbyServer } = await import(pathToFileURL(join(folder, 'lobby/index.js')).href);
const server = await startLobbyServer({ port: 0, staticDir: join(folder, 'site') });
const found = await findBrowser();
const browser = await chromium.launch({
  executablePath: typeof found === 'string' ? found : (found.executablePath ?? found.path),
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--mute-audio',
    '--disable-features=WebRtcHideLocalIpsWithMdns',
  ],
});

async function openPage(query) {
  const page = await (await browser.newContext({ viewport: { width: 960, height: 540 } })).newPage();
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const conditions = { offline: false, downloadThroughput: -1, uploadThroughput: -1, packetQueueLength: 0 };
  await session.send('Network.emulateNetworkConditions', {
    ...conditions,
    latency: Number(values.latency),
    packetLoss: Number(values.loss),
  });
  await page.goto(`http://localhost:${server.port}/?${query}`);
  return page;
}

/** What a page knows of its match; hashes of the last 600 final frames. */
const look = () => {
  const { session } = globalThis.rollmesh.match;
  const hashes = {};
  for (let frame = session.frameFinal; frame > session.frameFinal - 590 && frame > 0; frame -= 1) {
    const hash = session.stateHash(frame);
    if (hash !== undefined) hashes[frame] = hash;
  }
  return {
    atMs: performance.now(),
    frame: session.frameCurrent,
    phase: session.phase,
    hashes,
    stats: globalThis.rollmesh.match.stats(),
    desyncs: globalThis.desyncs,
  };
};

async function measure(count) {
  const pages = [await openPage(`room=new&name=A&bot=1&players=${count}&seed=1`)];
  await pages[0].waitForFunction(() => globalThis.rollmesh?.room, null, { timeout: 60_000 });
  const code = await pages[0].evaluate(() => globalThis.rollmesh.room.code);
  for (let index = 1; index < count; index += 1) {
    pages.push(await openPage(`room=${code}&name=P${index}&bot=1&players=${count}&seed=${index + 1}&draw=0`));
  }
  for (const page of pages) {
    await page.waitForFunction(() => globalThis.rollmesh?.match?.frameCurrent > 0, null, { timeout: 60_000 });
    await page.evaluate(() => {
      globalThis.desyncs = 0;
      globalThis.rollmesh.match.on('desync', () => {
        globalThis.desyncs += 1;
      });
    });
  }
  await pause(4000);
  const first = await Promise.all(pages.map((page) => page.evaluate(look)));
  const known = pages.map(() => new Map());
  let last = first;
  for (let second = 0; second < Number(values.seconds); second += 5) {
    await pause(5000);
    last = await Promise.all(pages.map((page) => page.evaluate(look)));
    last.forEach(({ hashes }, index) => {
      for (const [frame, hash] of Object.entries(hashes)) known[index].set(frame, hash);
    });
  }
  const common = [...known[0].keys()].filter((frame) => known.every((hashes) => hashes.has(frame)));
  const different = common.filter((frame) =>
    known.some((hashes) => hashes.get(frame) !== known[0].get(frame)),
  );
  const facts = await pages[0].evaluate(async () => {
    const { room } = globalThis.rollmesh;
    const [peer] = room.links.keys();
    return room.channelFacts(peer);
  });
  for (const page of pages) await page.context().close();
  const rates = last.map(
    ({ frame, atMs }, index) => ((frame - first[index].frame) * 1000) / (atMs - first[index].atMs),
  );
  const links = last.flatMap(({ stats }) => stats.peers);
  const median = (numbers) => [...numbers].sort((left, right) => left - right)[numbers.length >> 1];
  return {
    pages: count,
    framesPerSecond: rates.map((rate) => +rate.toFixed(2)),
    longestStallMs: last.map(({ stats }, index) =>
      stats.stalls === first[index].stats.stalls ? 0 : Math.round(stats.stallMsMax),
    ),
    stalls: last.map(({ stats }, index) => stats.stalls - first[index].stats.stalls),
    desyncs: last.map(({ desyncs }) => desyncs),
    framesCompared: common.length,
    framesDifferent: different.length,
    rttMs: Math.round(median(links.map(({ rttMs }) => rttMs))),
    lossPerMille: median(links.map(({ lossPerMille }) => lossPerMille)),
    rollbacks: last.map(({ stats }, index) => stats.rollbacks - first[index].stats.rollbacks),
    deepestRollback: Math.max(...last.map(({ stats }) => stats.rollbackFramesMax)),
    channel: facts,
  };
}

for (const count of values.pages.split(',').map(Number))
  console.log(JSON.stringify(await measure(count), null, 1));
await browser.close();
await server.close();
