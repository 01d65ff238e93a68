/** The code in docs/testing-your-game.md runs, put together in the order in which it stands there. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const GUIDE = readFileSync(file('docs/testing-your-game.md'), 'utf8');

const GAME = `
import { defineGame } from 'rollmesh/session';
import { button, defineInput, defineState, f64, table } from 'rollmesh/state';
export const game = defineGame({
  id: 'guide', version: '1', playersMax: 8,
  input: defineInput({ left: button, right: button }),
  state: defineState({ players: table(8, { x: f64 }) }),
  step(state, inputs, { random }) {
    for (const [slot, { left, right }] of inputs.entries()) state.players.x[slot] += right - left + random.next() / 8;
  },
});
`;

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollmesh-guide-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the guide's code with a game; what it printed to stderr. */
function runGuide(name: string, game: string): { readonly status: number | null; readonly err: string } {
  const code = [...GUIDE.matchAll(/^```js\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? '').join('\n');
  const bundle = (entry: string, text: string, external: string[]): void => {
    writeFileSync(join(folder, `${entry}.ts`), text);
    buildSync({
      entryPoints: [join(folder, `${entry}.ts`)],
      outfile: join(folder, `${entry}.mjs`),
      tsconfig: file('tsconfig.json'),
      absWorkingDir: file('.'),
      alias: Object.fromEntries(
        ['session', 'state', 'simulator'].map((part) => [
          `rollmesh/${part}`,
          file(`sdk/src/${part}/index.ts`),
        ]),
      ),
      bundle: true,
      format: 'esm',
      platform: 'node',
      external,
      logLevel: 'silent',
    });
  };
  bundle(`${name}-game`, game, []);
  bundle(name, code.replaceAll('./game.js', `./${name}-game.mjs`), [`./${name}-game.mjs*`]);
  const { status, stderr } = spawnSync(process.execPath, [join(folder, `${name}.mjs`)], { encoding: 'utf8' });
  return { status, err: stderr };
}

test('the code of the guide passes with a sound game', () => {
  expect([...GUIDE.matchAll(/^```js$/gm)].length).toBeGreaterThanOrEqual(5);
  expect(runGuide('sound', GAME)).toEqual({ status: 0, err: '' });
}, 60_000);

test('the code of the guide fails with a game that is not deterministic', () => {
  const { status, err } = runGuide('unsound', GAME.replace('random.next() / 8', 'Math.random() / 8'));
  expect(status).toBe(1);
  expect(err).toContain('Math.random');
}, 60_000);

test('the guide names every check, fault and preset there is', () => {
  const sources = ['checks/violations.ts', 'faults.ts', 'network-conditions.ts'].map((path) =>
    readFileSync(file(`sdk/src/simulator/${path}`), 'utf8'),
  );
  const names = [
    ...[...(sources[0] ?? '').matchAll(/^ {2}\| '(\w+)'/gm)],
    ...[...(sources[1] ?? '').matchAll(/kind: '(\w+)'/g)],
    ...[...(sources[2] ?? '').matchAll(/^ {2}\| '(\w+)'/gm)],
  ].map((match) => match[1] ?? '');
  expect(names.length).toBeGreaterThan(25);
  expect(
    names.filter((name) => !GUIDE.includes(`\`${name}\``) && !GUIDE.includes(`networkPresets.${name}`)),
  ).toEqual([]);
});
