/** `npm run check`: types, purity of the pure folders, lint and format, tidy tests. All run, then all failures are named. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './bundle.mjs';

const bin = (path) => join(ROOT, 'node_modules', path);
const tsc = bin('typescript/bin/tsc');

const STEPS = [
  { name: 'types', args: [tsc, '-p', '.'] },
  { name: 'explicit types of exports', args: [tsc, '-p', 'test/tidy/declarations.tsconfig.json'] },
  { name: 'the pure folders of the sdk without DOM and Node', args: [tsc, '-p', 'sdk/tsconfig.pure.json'] },
  {
    name: "the demo's simulation without DOM and Node",
    args: [tsc, '-p', 'test/tidy/demo-pure.tsconfig.json'],
  },
  { name: 'lint and format', args: [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.'] },
  {
    name: 'tidy tests',
    args: [
      '--experimental-vm-modules',
      '--no-warnings',
      bin('jest/bin/jest.js'),
      '--selectProjects=unit',
      '--silent',
      'test/tidy',
    ],
  },
];

const failed = STEPS.filter(({ name, args }) => {
  console.log(`\ncheck: ${name}`);
  return (
    spawnSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] }).status !== 0
  );
}).map(({ name }) => name);

console.log(failed.length === 0 ? '\ncheck: all good' : `\ncheck: failed: ${failed.join('; ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
