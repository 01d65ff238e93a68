// Plants every canary of canary-list.mjs in turn and lets the swarm hunt it: `node test/sim/canary-cli.mjs [--json] [--only TEXT]`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { CANARIES } from './canary-list.mjs';

/** A canary must be found within so many seeds. */
const SEEDS = 50;
/** Clean code must pass so many of them: later ones end before a match that was hurt badly is at full speed again. */
const CLEAN_SEEDS = 24;

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rollmesh-canaries-'));

/** The file with the bug in it. */
function plant({ name, file, find, replace }) {
  const source = readFileSync(path(`../../sdk/src/${file}`), 'utf8');
  const places = source.split(find).length - 1;
  if (places !== 1) throw new Error(`canary "${name}": ${places} places in ${file} instead of one`);
  return source.replace(find, () => replace);
}

async function huntOf(index, canary) {
  const outfile = join(folder, `${index}.mjs`);
  const planting = {
    name: 'canary',
    setup(builder) {
      if (canary.find === undefined) return;
      const contents = plant(canary);
      const target = path(`../../sdk/src/${canary.file}`);
      builder.onLoad({ filter: /\.ts$/ }, (args) =>
        args.path === target ? { contents, loader: 'ts' } : undefined,
      );
    },
  };
  await build({
    entryPoints: [path('./canary-entry.ts')],
    tsconfig: path('../../tsconfig.json'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile,
    logLevel: 'warning',
    plugins: [planting],
  });
  const { hunt } = await import(pathToFileURL(outfile).href);
  const { byzantine, peers } = canary;
  return hunt(canary.find === undefined ? CLEAN_SEEDS : SEEDS, {
    ...(byzantine && { byzantine }),
    ...(peers && { peers }),
  });
}

try {
  const found = {};
  const chosen = CANARIES.filter(({ name }) => name.includes(values.only));
  // Clean code must pass every kind of seeds that a canary is hunted with.
  const kinds = new Map(
    chosen.map(({ byzantine, peers }) => [
      `clean ${byzantine ?? ''} ${peers ?? ''}`.trim(),
      { byzantine, peers },
    ]),
  );
  const hunts = [...[...kinds].map(([name, kind]) => ({ name, ...kind })), ...chosen];
  for (const [index, canary] of hunts.entries()) {
    const result = await huntOf(index, canary);
    found[canary.name] = result;
    if (!values.json) console.log(`${canary.name}: ${result.seed ?? 'not found'} ${result.line}`);
  }
  if (values.json) console.log(JSON.stringify(found));
  const isGood = Object.entries(found).every(
    ([name, { seed }]) => (seed === undefined) === name.startsWith('clean'),
  );
  process.exitCode = isGood ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
