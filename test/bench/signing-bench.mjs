/**
 * What does a second of signed inputs cost, in microseconds to sign and to verify (medians), in Node and in Chromium?
 *
 * One batch of 60 frames with inputs of one byte: encoding, hashing and signing; decoding, hashing and verifying. A page of a match
 * with n players signs once a second and verifies n - 1 times.
 */
import { createServer } from 'node:http';
import { buildSync } from 'esbuild';
import { chromium } from 'playwright-core';
import { BROWSER_ARGS, requireBrowser } from '../../scripts/find-browser.mjs';
import { bundleSdk } from './lib/bundle-sdk.mjs';

const PLAYERS = 8;

function show(where, { signUs, verifyUs, batchBytes }) {
  const ms = (signUs + (PLAYERS - 1) * verifyUs) / 1000;
  console.log(
    `${where.padEnd(9)} sign ${signUs.toFixed(0)} us, verify ${verifyUs.toFixed(0)} us, ${batchBytes} B a message; ${PLAYERS} players: ${ms.toFixed(2)} ms a second`,
  );
}

const { signingCost } = await bundleSdk('../../test/bench/lib/signing-cost.ts');
show('node', await signingCost());

const script = buildSync({
  stdin: {
    contents: "import { signingCost } from './lib/signing-cost.ts'; globalThis.signingCost = signingCost;",
    resolveDir: new URL('.', import.meta.url).pathname,
    loader: 'ts',
  },
  bundle: true,
  write: false,
  format: 'esm',
  target: 'es2022',
}).outputFiles[0].text;
// From localhost, because only a secure context has WebCrypto.
const server = createServer((_request, response) =>
  response.setHeader('content-type', 'text/html').end(`<script type="module">${script}</script>`),
);
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const { executablePath, env } = requireBrowser();
const browser = await chromium.launch({
  executablePath,
  args: BROWSER_ARGS,
  env: { ...process.env, ...env },
});
try {
  const page = await browser.newPage();
  await page.goto(`http://localhost:${server.address().port}`);
  await page.waitForFunction(() => globalThis.signingCost !== undefined);
  show('chromium', await page.evaluate(() => globalThis.signingCost()));
} finally {
  await browser.close();
  server.close();
}
