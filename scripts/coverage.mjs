/**
 * `npm run coverage`: lines of the pure folders that their unit tests run, by V8's own counters.
 *
 *     npm run coverage                     fails below 100 % of base, wire and state or 98 % of session and signing
 *     npm run coverage -- --folder wire    one folder
 *
 * Every line that is not reached is named.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { transformSync } from 'esbuild';
import { ROOT } from './bundle.mjs';

/** Per cent of the lines of each folder. */
const LIMITS = { base: 100, wire: 100, state: 100, session: 98, signing: 98 };

const { values } = parseArgs({ options: { folder: { type: 'string', multiple: true } } });
const folders = values.folder ?? Object.keys(LIMITS);

/** A file of types alone has no line to reach, but V8 calls all of its lines missed. */
function hasCode(path) {
  return transformSync(readFileSync(path, 'utf8'), { loader: 'ts', minify: true }).code.trim() !== '';
}

/** 3, 4, 5, 9 -> 3-5, 9 */
function rangesOf(lines) {
  const ranges = [];
  for (const line of lines) {
    const last = ranges.at(-1);
    if (last?.end === line - 1) last.end = line;
    else ranges.push({ start: line, end: line });
  }
  return ranges.map(({ start, end }) => (start === end ? `${start}` : `${start}-${end}`)).join(', ');
}

const files = folders.flatMap((folder) =>
  readdirSync(join(ROOT, 'sdk/src', folder))
    .map((name) => join(ROOT, 'sdk/src', folder, name))
    .filter((path) => path.endsWith('.ts') && hasCode(path))
    .map((path) => relative(ROOT, path).split(sep).join('/')),
);
const directory = mkdtempSync(join(tmpdir(), 'rollmesh-coverage-'));
const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--no-warnings',
    join(ROOT, 'node_modules/jest/bin/jest.js'),
    '--selectProjects=unit',
    '--silent',
    '--maxWorkers=2',
    '--reporters=<rootDir>/test/support/jest-reporter.mjs',
    '--coverage',
    '--coverageReporters=json',
    `--coverageDirectory=${directory}`,
    ...files.map((path) => `--collectCoverageFrom=${path}`),
    ...Object.keys(LIMITS).map((folder) => `test/unit/${folder}`),
  ],
  { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] },
);
if (status !== 0) {
  rmSync(directory, { recursive: true });
  throw new Error('A test failed: run npm run test:unit first.');
}
const coverage = JSON.parse(readFileSync(join(directory, 'coverage-final.json'), 'utf8'));
rmSync(directory, { recursive: true });

let isEnough = true;
for (const folder of folders) {
  let lines = 0;
  let missedLines = 0;
  const report = [];
  for (const [path, { statementMap, s }] of Object.entries(coverage)) {
    const name = relative(ROOT, path).split(sep).join('/');
    if (!name.startsWith(`sdk/src/${folder}/`)) continue;
    const missed = [];
    // One statement per line: that is how V8's ranges are written down here.
    for (const [id, { start }] of Object.entries(statementMap)) {
      lines += 1;
      if (s[id] === 0) missed.push(start.line);
    }
    missedLines += missed.length;
    if (missed.length > 0) report.push(`  ${name}: ${rangesOf(missed)}`);
  }
  const percent = (100 * (lines - missedLines)) / Math.max(1, lines);
  const limit = LIMITS[folder];
  if (percent < limit) isEnough = false;
  console.log(`${folder}: ${percent.toFixed(2)} % of ${lines} lines (at least ${limit} %)`);
  for (const line of report) console.log(line);
}
process.exitCode = isEnough ? 0 : 1;
