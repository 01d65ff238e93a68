/**
 * `npm run build`: packages, types, the one-file global build and the demo, then the sizes against their budgets.
 * Fails when a budget is exceeded.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildDemo } from '../demo-game/build.mjs';
import { bundleGlobal, bundleLobbyServer, bundleMinified, bundleSdk, ROOT } from './bundle.mjs';

const KB = 1000;

/** What a player may have to download, minified and gzipped. Lines without a budget are there to be seen. */
const SIZES = [
  {
    name: 'rollmesh/session with rollmesh/state',
    budgetBytes: 14 * KB,
    measure: () => bundleMinified("export * from 'rollmesh/session'; export * from 'rollmesh/state';"),
  },
  {
    name: 'rollmesh without peerjs',
    budgetBytes: 30 * KB,
    measure: () => bundleMinified("export * from 'rollmesh';", ['peerjs']),
  },
  { name: 'rollmesh/math', measure: () => bundleMinified("export * from 'rollmesh/math';") },
  {
    name: 'rollmesh.global.min.js (with peerjs)',
    measure: () => readFileSync(join(ROOT, 'sdk/dist/rollmesh.global.min.js')),
  },
];

function emitTypes(project) {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0)
    throw new Error(`The types of ${project} could not be written; tsc's messages stand above.`);
}

/** Prints the table. @returns the names of what is too big */
async function checkSizes() {
  const tooBig = [];
  console.log('\nminified, gzip                           bytes    budget');
  for (const { name, budgetBytes, measure } of SIZES) {
    const bytes = gzipSync(await measure(), { level: 9 }).length;
    const verdict =
      budgetBytes === undefined
        ? ''
        : `${String(budgetBytes).padStart(8)}  ${bytes <= budgetBytes ? 'ok' : 'OVER'}`;
    console.log(`${name.padEnd(38)} ${String(bytes).padStart(7)}  ${verdict}`);
    if (budgetBytes !== undefined && bytes > budgetBytes) tooBig.push(name);
  }
  return tooBig;
}

for (const folder of ['sdk/dist', 'signaling/dist', 'demo-game/dist'])
  rmSync(join(ROOT, folder), { recursive: true, force: true });
await Promise.all([
  bundleSdk('sdk/dist'),
  bundleGlobal('sdk/dist/rollmesh.global.min.js'),
  bundleLobbyServer('signaling/dist'),
]);
chmodSync(join(ROOT, 'signaling/dist/main.js'), 0o755);
emitTypes('sdk');
emitTypes('signaling');
await buildDemo({ outDir: join(ROOT, 'demo-game/dist') });

const tooBig = await checkSizes();
if (tooBig.length > 0) {
  console.error(
    `\nOver budget: ${tooBig.join(', ')}. Find what grew, or argue for a new budget in docs/decisions.`,
  );
  process.exitCode = 1;
}
