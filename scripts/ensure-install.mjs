/**
 * Runs before every npm script: installs the dependencies when they are missing or stale, so that each command of
 * the README may be the first one after a clone. `--browser` also makes sure that the browser tests can start.
 * Uses only Node's own modules: nothing else is there yet.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findBrowser, NO_BROWSER_MESSAGE } from './find-browser.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

function fail(message) {
  console.error(`\n${message}\n`);
  process.exit(1);
}

function checkNodeVersion() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(
      `Rollmesh needs Node 20.19 or newer; this is ${process.versions.node}. Install a newer one from https://nodejs.org.`,
    );
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * Compares the lockfile with what npm noted about its last installation, package by package. Better than a stamp of
 * our own: a developer's `npm install` and an interrupted `npm ci` are both seen for what they are.
 */
function staleReason() {
  const wanted = readPackages('package-lock.json');
  const present = readPackages('node_modules/.package-lock.json');
  if (wanted === undefined)
    fail('package-lock.json is missing or no JSON. Restore it: git checkout -- package-lock.json');
  if (present === undefined) return 'node_modules is missing';
  for (const [path, { version, integrity, optional, devOptional, link }] of Object.entries(wanted)) {
    if (!path.includes('node_modules/')) continue;
    const installed = present[path];
    if (installed === undefined && (optional || devOptional)) continue;
    if (installed === undefined) return `${path} is missing`;
    if (!link && (installed.version !== version || installed.integrity !== integrity))
      return `${path} is ${installed.version}, the lockfile has ${version}`;
  }
  return undefined;
}

function install() {
  const npm = process.env.npm_execpath;
  // No package of ours needs its install script, and not running any is safer.
  const args = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'];
  // npm_execpath is npm's own script when an npm script started us; another package manager sets its own name there.
  const viaNode = npm !== undefined && /npm-cli\.c?js$/.test(npm);
  const { status } = viaNode
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    : spawnSync('npm', args, {
        cwd: root,
        stdio: ['ignore', 'inherit', 'inherit'],
        shell: process.platform === 'win32',
      });
  if (status !== 0)
    fail(
      'The dependencies could not be installed (npm ci failed, see above). Is the package registry reachable?',
    );
}

checkNodeVersion();
const reason = staleReason();
if (reason !== undefined) {
  console.log(`Installing dependencies (${reason}) ...`);
  install();
}
if (process.argv.includes('--browser')) {
  try {
    if (findBrowser() === undefined) fail(NO_BROWSER_MESSAGE);
  } catch (error) {
    fail(error.message);
  }
}
