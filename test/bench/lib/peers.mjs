/**
 * Runs the comparison harness, a folder outside this repository that measures other libraries, with our adapters
 * (test/bench/peers/w1.mjs ...) plugged into its empty slots. It is copied first, so that nothing is written into it.
 *
 *   npm run bench -- peers --harness=FOLDER             which workloads there are
 *   npm run bench -- peers --harness=FOLDER w1 w3       runs these
 *   npm run bench -- peers --harness=FOLDER w1 --n=2    further options go to the workloads
 *
 * BENCH_HARNESS may name the folder instead. Results as JSON land in test/bench/results/.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findBrowser } from '../../../scripts/find-browser.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Kept between runs for its node_modules: the peers are large. */
const scratch = join(root, '.cache/bench-peers');

function run(command, args, env = {}) {
  const { status } = spawnSync(command, args, {
    cwd: scratch,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32' && command === 'npm',
  });
  return status === 0;
}

function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** Copies files as new ones: the harness may be read-only, the copy must not be. */
function copyFolder(from, to) {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (['node_modules', 'results', '.cache', 'ours.mjs'].includes(entry.name)) continue;
    if (entry.isDirectory()) copyFolder(join(from, entry.name), join(to, entry.name));
    else writeFileSync(join(to, entry.name), readFileSync(join(from, entry.name)));
  }
}

/** Copies the harness and installs its peers when they are not there yet. @returns whether that worked */
function prepare(harness) {
  const manifest = 'package.json';
  const isInstalled =
    existsSync(join(scratch, 'node_modules')) &&
    readIfThere(join(scratch, manifest)) === readIfThere(join(harness, manifest));
  if (!isInstalled) rmSync(scratch, { recursive: true, force: true });
  copyFolder(harness, scratch);
  return (
    isInstalled || run('npm', ['install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund'])
  );
}

function workloadsOf(harness) {
  return readdirSync(harness).flatMap((file) => {
    const name = /^(w\d+)-[a-z]+\.mjs$/.exec(file)?.[1];
    return name === undefined || /-(worker|server|load)\.mjs$/.test(file) ? [] : [{ name, file }];
  });
}

/** Runs the chosen workloads. @returns whether all ended well */
export function runPeers(args) {
  const named = args.find((arg) => arg.startsWith('--harness='))?.slice('--harness='.length);
  const harness = named ?? process.env.BENCH_HARNESS;
  if (!harness || !existsSync(join(harness, 'plug.mjs'))) {
    console.error(
      'Name the folder of the comparison harness (it holds plug.mjs): --harness=FOLDER or BENCH_HARNESS.',
    );
    return false;
  }
  const workloads = workloadsOf(resolve(harness));
  const chosen = workloads.filter(({ name }) => args.includes(name));
  if (chosen.length === 0) {
    console.log(`Workloads: ${workloads.map(({ name, file }) => `${name} (${file})`).join(', ')}`);
    return true;
  }
  if (!prepare(resolve(harness)) || !run(process.execPath, ['plug.mjs', `--project=${root}`])) return false;
  const options = args.filter((arg) => arg.startsWith('--') && !arg.startsWith('--harness='));
  const browser = findBrowser();
  const env = {
    BENCH_OUT: join(root, 'test/bench/results'),
    ...(browser && { CHROMIUM: browser.executablePath, ...browser.env }),
  };
  return chosen
    .map(({ name, file }) => {
      console.log(`\n## ${file}`);
      const own = name === 'w6' ? [`--ours=${join(root, 'sdk/src/index.ts')}`] : [];
      return run(process.execPath, [file, ...own, ...options], env);
    })
    .every(Boolean);
}
