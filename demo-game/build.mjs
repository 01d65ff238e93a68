/** Builds the demo: the page's own script, the stage with Phaser as a chunk of its own, and the files of public/. */
import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, context } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));
const SDK = join(HERE, '../sdk/src');

/**
 * @param {object} options
 * @param {string} options.outDir where index.html, style.css, main.js and its chunks go
 * @param {boolean} [options.minify] default true
 * @param {boolean} [options.watch] build again after each change of a script; then the result has `stop()`
 * @returns {Promise<{ outDir: string, stop: () => Promise<void> }>}
 */
export async function buildDemo({ outDir, minify = true, watch = false }) {
  mkdirSync(outDir, { recursive: true });
  cpSync(join(HERE, 'public'), outDir, { recursive: true });
  const options = {
    absWorkingDir: HERE,
    entryPoints: { main: 'src/main.ts' },
    outdir: outDir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    chunkNames: 'chunks/[name]-[hash]',
    minify,
    sourcemap: !minify,
    legalComments: 'none',
    logLevel: 'warning',
    tsconfigRaw: '{}',
    // The sources of the sdk, not what an earlier build left in dist/.
    alias: { rollmesh: join(SDK, 'index.ts'), 'rollmesh/math': join(SDK, 'state/math.ts') },
  };
  if (!watch) {
    await build(options);
    return { outDir, stop: async () => {} };
  }
  const watching = await context(options);
  await watching.watch();
  return { outDir, stop: () => watching.dispose() };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const outDir = process.argv[2] ?? join(HERE, 'dist');
  await buildDemo({ outDir });
  console.log(`The demo is in ${outDir}.`);
}
