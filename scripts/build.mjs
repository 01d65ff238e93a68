/**
 * `npm run build`: packages, types, the one-file global build and the demo, then the sizes against their budgets.
 * Fails when a budget is exceeded.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildDemo } from '../demo-game/build.mjs';
import { bundleGlobal, bundleLobbyServer, bundleMinified, bundleSdk, ROOT } from './bundle.mjs';

const KB = 1000;

/**
 * What a player may have to download, minified and gzipped. Lines without a budget are there to be seen.
 * docs/decisions/0005 says why the budgets are what they are.
 */
const SIZES = [
  {
    name: 'rollmesh/session with rollmesh/state',
    source: "export * from 'rollmesh/session'; export * from 'rollmesh/state';",
    budgetBytes: 56 * KB,
  },
  {
    name: 'what a typical game takes of them',
    source:
      "export { createSession, defineGame } from 'rollmesh/session'; export { button, defineInput, defineState, f64, i32, int, table } from 'rollmesh/state';",
    budgetBytes: 53 * KB,
  },
  {
    name: 'rollmesh without peerjs',
    source: "export * from 'rollmesh';",
    // Both are loaded when they are needed.
    external: ['peerjs', '../signing/index.js'],
    budgetBytes: 79 * KB,
  },
  { name: 'rollmesh/math', source: "export * from 'rollmesh/math';" },
  { name: 'rollmesh/signing', source: "export * from 'rollmesh/signing';" },
  { name: 'rollmesh/simulator', source: "export * from 'rollmesh/simulator';" },
  { name: 'all of rollmesh with peerjs', source: "export * from 'rollmesh';" },
];
/** Source files that are named when a budget is exceeded. */
const LARGEST_SHOWN = 10;

function emitTypes(project) {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0)
    throw new Error(`The types of ${project} could not be written; tsc's messages stand above.`);
}

/** Prints the table, and what weighs most where a budget is exceeded. @returns the names of what is too big */
async function checkSizes() {
  const tooBig = [];
  console.log(`\n${'minified, gzip'.padEnd(38)}   bytes    budget`);
  for (const { name, source, external, budgetBytes } of SIZES) {
    const { text, parts } = await bundleMinified(source, external);
    const bytes = gzipSync(text, { level: 9 }).length;
    const isOver = budgetBytes !== undefined && bytes > budgetBytes;
    const verdict =
      budgetBytes === undefined ? '' : `${String(budgetBytes).padStart(8)}  ${isOver ? 'OVER' : 'ok'}`;
    console.log(`${name.padEnd(38)} ${String(bytes).padStart(7)}  ${verdict}`);
    if (!isOver) continue;
    tooBig.push(name);
    for (const part of parts.slice(0, LARGEST_SHOWN))
      console.log(`${String(part.bytes).padStart(10)} minified ${part.path}`);
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
