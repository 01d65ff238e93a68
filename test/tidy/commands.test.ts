/** The step before every npm command: it installs when, and only when, the installed packages differ from the lockfile. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from './sources.js';

let repository: string;

function write(path: string, text: string): void {
  mkdirSync(dirname(join(repository, path)), { recursive: true });
  writeFileSync(join(repository, path), text);
}

function writeLock(path: string, packages: object): void {
  write(path, JSON.stringify({ packages: { '': {}, sdk: { version: '0.1.0' }, ...packages } }));
}

/** Runs the step with an npm that only says what it was asked to do. */
function ensureInstall(
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): ReturnType<typeof spawnSync> {
  return spawnSync(process.execPath, ['scripts/ensure-install.mjs', ...args], {
    cwd: repository,
    encoding: 'utf8',
    env: { ...process.env, npm_execpath: join(repository, 'npm-cli.js'), ...env },
  });
}

const lock = {
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/a-win32': { version: '1.0.0', integrity: 'sha512-w', optional: true },
  'node_modules/rollmesh': { resolved: 'sdk', link: true },
};
const { 'node_modules/a-win32': _notForThisSystem, ...installed } = lock;

beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), 'rollmesh-commands-'));
  cpSync(join(ROOT, 'scripts'), join(repository, 'scripts'), { recursive: true });
  write(
    'npm-cli.js',
    "console.log('npm', process.argv.slice(2).join(' ')); process.exit(process.env.NPM_STATUS ?? 0);",
  );
  writeLock('package-lock.json', lock);
});

afterEach(() => {
  rmSync(repository, { recursive: true });
});

test('a fresh clone is installed', () => {
  const { stdout, status } = ensureInstall();
  expect(stdout).toContain('npm ci --include=dev');
  expect(stdout).toContain('node_modules is missing');
  expect(status).toBe(0);
});

test('an installation that fits the lockfile is left alone', () => {
  writeLock('node_modules/.package-lock.json', installed);
  expect(ensureInstall()).toMatchObject({ stdout: '', stderr: '', status: 0 });
});

test.each([
  [
    'another version',
    { 'node_modules/a': { version: '0.9.0', integrity: 'sha512-a' } },
    'node_modules/a is 0.9.0, the lockfile has 1.0.0',
  ],
  [
    'other contents',
    { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-b' } },
    'node_modules/a is 1.0.0',
  ],
  ['a missing package', { 'node_modules/a': undefined }, 'node_modules/a is missing'],
  ['a missing link', { 'node_modules/rollmesh': undefined }, 'node_modules/rollmesh is missing'],
])('%s is installed anew', (_difference, difference, reason) => {
  writeLock('node_modules/.package-lock.json', { ...installed, ...difference });
  const { stdout } = ensureInstall();
  expect(stdout).toContain(reason);
  expect(stdout).toContain('npm ci');
});

test('an installation that fails says so and stops the command', () => {
  const { stderr, status } = ensureInstall([], { NPM_STATUS: '7' });
  expect(stderr).toContain('could not be installed');
  expect(status).toBe(1);
});

test('a BROWSER_PATH that leads nowhere is named, and no other browser is taken instead', () => {
  writeLock('node_modules/.package-lock.json', installed);
  const { stderr, status } = ensureInstall(['--browser'], { BROWSER_PATH: '/no/such/browser' });
  expect(stderr).toContain('BROWSER_PATH is /no/such/browser');
  expect(status).toBe(1);
});

test('the browser of BROWSER_PATH goes before all others', () => {
  writeLock('node_modules/.package-lock.json', installed);
  expect(ensureInstall(['--browser'], { BROWSER_PATH: process.execPath })).toMatchObject({
    stderr: '',
    status: 0,
  });
});
