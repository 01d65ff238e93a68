/**
 * `npm start`: builds the demo and serves it, with the lobby server, on one port. The examples and the one-file build
 * of the sdk are there too. PORT chooses the port (default 9000), HOST the address to listen on (default: all).
 */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildDemo } from '../demo-game/build.mjs';
import { bundleGlobal, bundleLobbyServer, ROOT } from './bundle.mjs';

const DEFAULT_PORT = 9000;
const ALL_ADDRESSES = '0.0.0.0';

function fail(message) {
  console.error(`\n${message}\n`);
  process.exit(1);
}

function readPort() {
  const text = process.env.PORT ?? '';
  const port = text === '' ? DEFAULT_PORT : Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    fail(`PORT is "${text}"; it must be a number from 0 to 65535.`);
  return port;
}

/** Addresses under which other machines of the network may reach us. */
function lanAddresses() {
  return Object.values(networkInterfaces())
    .flat()
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}

async function buildSite(outDir) {
  mkdirSync(outDir, { recursive: true });
  await Promise.all([buildDemo({ outDir }), bundleGlobal(join(outDir, 'rollmesh.global.min.js'))]);
  cpSync(join(ROOT, 'examples'), join(outDir, 'examples'), { recursive: true });
}

const port = readPort();
const host = process.env.HOST || ALL_ADDRESSES;
// The server keeps its files in memory, so the folder only lives until it listens.
const folder = join(ROOT, '.cache', `start-${process.pid}`);
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const site = join(folder, 'site');
await Promise.all([buildSite(site), bundleLobbyServer(join(folder, 'lobby'))]);

const { startLobbyServer } = await import(pathToFileURL(join(folder, 'lobby/index.js')).href);
const server = await startLobbyServer({ host, port, staticDir: site }).catch((error) => {
  if (error.code === 'EADDRINUSE' || error.cause?.code === 'EADDRINUSE')
    fail(
      `Port ${port} is taken, perhaps by another npm start. Choose another one: PORT=${port + 1} npm start`,
    );
  throw error;
});
rmSync(folder, { recursive: true });

console.log(`\nRumble is ready. Open this page, then send its link to a friend:\n`);
console.log(`  http://${host === ALL_ADDRESSES ? 'localhost' : host}:${server.port}`);
for (const address of host === ALL_ADDRESSES ? lanAddresses() : [])
  console.log(`  http://${address}:${server.port}   (others in your network)`);
console.log('\nStop with Ctrl+C.');

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, async () => {
    await server.close();
    process.exit(0);
  });
