/**
 * `npm test`: the unit and node projects with two workers, then the browser project alone (a page that measures
 * frames per second must not share its cores with a simulation), then one tally for both as the last line.
 * Arguments go to Jest: `npm test -- test/unit/prng.test.ts`, `npm test -- --selectProjects unit`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tallyLine } from '../test/support/jest-reporter.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const jest = join(root, 'node_modules/jest/bin/jest.js');
const scratch = mkdtempSync(join(tmpdir(), 'rollmesh-test-'));
const tallyFile = join(scratch, 'tally');

/** One run of Jest. Without a note from the reporter Jest itself has crashed: that counts as a failure. */
function runJest(args) {
  const { status } = spawnSync(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', jest, ...args],
    {
      cwd: root,
      env: { ...process.env, TEST_TALLY_FILE: tallyFile },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  return status === 0;
}

const given = process.argv.slice(2);
const runs = given.includes('--selectProjects')
  ? [given]
  : [
      ['--selectProjects', 'unit', 'node', '--maxWorkers=2', '--passWithNoTests', ...given],
      ['--selectProjects', 'browser', '--maxWorkers=1', '--passWithNoTests', ...given],
    ];
const succeeded = runs.map(runJest).every(Boolean);

const notes = existsSync(tallyFile) ? readFileSync(tallyFile, 'utf8').trim().split('\n') : [];
rmSync(scratch, { recursive: true });
const total = { passed: 0, failed: runs.length - notes.length, skipped: 0 };
for (const note of notes) for (const [key, count] of Object.entries(JSON.parse(note))) total[key] += count;
// Jest also fails for reasons outside any test (no test found, a coverage limit): never report that as success.
if (!succeeded && total.failed === 0) total.failed = 1;
process.stdout.write(`${tallyLine(total)}\n`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
