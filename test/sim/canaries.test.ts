/** Bugs planted in the real core, one at a time: the checkers of the swarm find each of them within fifty seeds, and nothing in clean code. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('./canary-cli.mjs', import.meta.url));
const TIMEOUT_MS = 600_000;

let found: { readonly [name: string]: { readonly seed?: number; readonly line: string } };

beforeAll(() => {
  const { stdout, stderr } = spawnSync(process.execPath, [CLI, '--json'], { encoding: 'utf8' });
  if (stdout === '') throw new Error(`The canaries did not sing:\n${stderr}`);
  found = JSON.parse(stdout);
}, TIMEOUT_MS);

test('clean code passes the seeds of every canary', () => {
  const clean = Object.entries(found).filter(([name]) => name.startsWith('clean'));
  expect(clean.length).toBeGreaterThanOrEqual(4);
  expect(clean.filter(([, { seed }]) => seed !== undefined)).toEqual([]);
});

test('every planted bug is found', () => {
  const canaries = Object.entries(found).filter(([name]) => !name.startsWith('clean'));
  expect(canaries.length).toBeGreaterThanOrEqual(30);
  expect(canaries.filter(([, { seed }]) => seed === undefined).map(([name]) => name)).toEqual([]);
});

test('they are found by many different checks', () => {
  const checks = new Set(Object.values(found).map(({ line }) => /check=(\w+)/.exec(line)?.[1]));
  for (const check of [
    'agreement',
    'inputs',
    'bounds',
    'progress',
    'membership',
    'honesty',
    'finality',
    'join',
  ])
    expect(checks).toContain(check);
});
