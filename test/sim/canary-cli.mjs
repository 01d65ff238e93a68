// Plants every canary of canary-list.mjs in turn and lets the swarm hunt it; clean code, too: `node test/sim/canary-cli.mjs [--json] [--only TEXT]`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { CANARIES, WORLDS } from './canary-list.mjs';

/** A canary must be found within so many seeds, and clean code must pass all of them. */
const SEEDS = 50;

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rollmesh-canaries-'));

/** The file with all that is planted in it. */
function plant(name, file, plantings) {
  let source = readFileSync(file, 'utf8');
  for (const { find, replace } of plantings) {
    const places = source.split(find).length - 1;
    if (places !== 1) throw new Error(`canary "${name}": ${places} places in ${file} instead of one`);
    source = source.replace(find, () => replace);
  }
  return source;
}

/** The bug, if there is one, and what is wrong with the world around it. */
const plantingsOf = (canary) => [
  ...(WORLDS[canary.among] ?? []),
  ...(canary.find === undefined ? [] : [canary, ...(canary.and ?? [])]),
];
const pathOf = ({ file }) => path(`../../sdk/src/${file}`);

function grouped(plantings) {
  const byPath = new Map();
  for (const planting of plantings)
    byPath.set(pathOf(planting), [...(byPath.get(pathOf(planting)) ?? []), planting]);
  return byPath;
}

async function huntOf(index, canary) {
  const outfile = join(folder, `${index}.mjs`);
  const contents = new Map(
    [...grouped(plantingsOf(canary))].map(([file, all]) => [file, plant(canary.name, file, all)]),
  );
  const planting = {
    name: 'canary',
    setup(builder) {
      builder.onLoad({ filter: /\.ts$/ }, (args) =>
        contents.has(args.path) ? { contents: contents.get(args.path), loader: 'ts' } : undefined,
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
  const { byzantine, peers, seconds } = canary;
  return hunt(SEEDS, {
    ...(byzantine && { byzantine }),
    ...(peers && { peers }),
    ...(seconds && { seconds }),
  });
}

try {
  const found = {};
  const chosen = CANARIES.filter(({ name }) => name.includes(values.only));
  // Clean code must pass every kind of seeds that a canary is hunted with, and those of full matches.
  const kinds = new Map(
    [...chosen, { peers: 8 }].map(({ byzantine, peers, seconds, among }) => [
      `clean ${byzantine ?? ''} ${peers ?? ''} ${seconds ?? ''} ${among ?? ''}`.trim().replace(/ +/g, ' '),
      { byzantine, peers, seconds, among },
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
