// Bundles one entry of the SDK from its TypeScript source, as a build would, and imports it.

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Imports `sdk/src/<entry>` bundled for Node, production settings. Runs of one process share the result. */
export async function bundleSdk(entry) {
  const { outputFiles } = buildSync({
    entryPoints: [join(root, 'sdk/src', entry)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
  });
  const text = outputFiles[0].text;
  const folder = join(root, 'node_modules/.cache/rollmesh-bench');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${createHash('sha1').update(text).digest('hex').slice(0, 16)}.mjs`);
  writeFileSync(file, text);
  return import(pathToFileURL(file).href);
}
