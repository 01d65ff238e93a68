/**
 * `npm run bench`: without arguments it lists the benches, with names it runs them.
 *
 *   npm run bench -- core                    runs test/bench/core-bench.mjs; further options go to it
 *   npm run bench -- all                     runs every bench of this repository, one after the other
 *   npm run bench -- peers --harness=FOLDER w1 [--only=ours,floor ...]
 *                                            measures us beside other libraries, see lib/peers.mjs
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runPeers } from './lib/peers.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
const benches = readdirSync(folder)
  .filter((file) => file.endsWith('-bench.mjs'))
  .map((file) => file.slice(0, -'-bench.mjs'.length))
  .sort();

/** The question a bench answers: the first sentence of its header comment. */
function questionOf(name) {
  const text = readFileSync(join(folder, `${name}-bench.mjs`), 'utf8');
  const comment = /\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? '';
  return (
    comment
      .replace(/^\s*\* ?/gm, '')
      .trim()
      .split(/(?<=[.?])\s/)[0] ?? ''
  );
}

function list() {
  console.log('Benches (npm run bench -- NAME):');
  for (const name of benches) console.log(`  ${name.padEnd(10)} ${questionOf(name)}`);
  console.log(
    `  ${'peers'.padEnd(10)} How do we compare with other libraries? Needs --harness=FOLDER, see CONTRIBUTING.md`,
  );
}

/** @returns whether the bench ended well */
function run(name, options) {
  console.log(`\n## ${name}: ${questionOf(name)}\n`);
  // --expose-gc: a bench of memory has to empty the heap before it reads it.
  const args = ['--expose-gc', join(folder, `${name}-bench.mjs`), ...options];
  return spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
}

const [name, ...options] = process.argv.slice(2);
if (name === undefined) list();
else if (name === 'peers') process.exitCode = runPeers(options) ? 0 : 1;
else if (name === 'all')
  process.exitCode = benches.map((bench) => run(bench, options)).every(Boolean) ? 0 : 1;
else if (benches.includes(name)) process.exitCode = run(name, options) ? 0 : 1;
else {
  console.error(`There is no bench called "${name}".\n`);
  list();
  process.exitCode = 2;
}
