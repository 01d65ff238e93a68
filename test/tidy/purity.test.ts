/**
 * The pure folders read no clock, draw no foreign random number and call no engine-dependent maths. The compiler
 * refuses what is not in ES2022 (DOM, Node); this test refuses what is in ES2022 and still differs between peers.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLines, listFiles, maskTextAndComments, ROOT, readText } from './sources.js';

const PURE_PLACES = [
  'sdk/src/base',
  'sdk/src/wire',
  'sdk/src/state',
  'sdk/src/session',
  'sdk/src/replay',
  'sdk/src/spectator',
  'sdk/src/simulator',
  'demo-game/src/game',
];

/** Holds the forbidden names to put traps on them during a step; it never calls what it traps for its own use. */
const EXEMPT_FILES = new Set(['sdk/src/state/determinism-guard.ts']);

/** IEEE 754 fixes these to the last bit; every other member of Math is left to the engine. */
const EXACT_MATH = new Set(
  'abs ceil floor round trunc sign sqrt min max imul fround clz32 PI E SQRT2 SQRT1_2 LN2 LN10 LOG2E LOG10E'.split(
    ' ',
  ),
);

const FORBIDDEN_WORDS =
  'Date performance Intl WeakRef FinalizationRegistry eval Function setTimeout setInterval setImmediate clearTimeout ' +
  'clearInterval queueMicrotask requestAnimationFrame console window document navigator globalThis process ' +
  'Buffer require crypto fetch WebSocket RTCPeerConnection TextEncoder TextDecoder structuredClone localStorage';
/** A word on its own: not a property (`.x`, `x:`, `x?:`), not a part of a longer name. */
const FORBIDDEN_WORD = new RegExp(`(?<![.\\w$#])(?:${FORBIDDEN_WORDS.split(' ').join('|')})(?![\\w$]|\\??:)`);
const FORBIDDEN_FORMS = /\*\*|\.toLocale\w*\(|\blocaleCompare\(/;

const pureFiles = [
  ...listFiles(PURE_PLACES, ['.ts']),
  ...listFiles(['sdk/src/lobby'], ['.ts']).filter((path) => /\/(lobby-)?protocol[^/]*$/.test(path)),
].filter((path) => !EXEMPT_FILES.has(path));

/** Lines that use a member of Math which engines compute differently, or Math in a way we cannot see through. */
function engineDependentMath(path: string, masked: string): string[] {
  return masked
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(/(?<![.\w$])Math(?:\.(\w+))?/g)]
        .filter(([, member]) => member === undefined || !EXACT_MATH.has(member))
        .map(([use]) => `${path}:${index + 1}: ${use}`),
    );
}

function faultsOf(path: string, source: string): string[] {
  const masked = maskTextAndComments(source);
  return [
    ...engineDependentMath(path, masked),
    ...findLines(path, masked, FORBIDDEN_WORD),
    ...findLines(path, masked, FORBIDDEN_FORMS),
  ];
}

test('pure code uses no clock, no foreign random and no engine-dependent maths', () => {
  expect(pureFiles.length).toBeGreaterThan(20);
  expect(pureFiles.flatMap((path) => faultsOf(path, readText(path)))).toEqual([]);
});

test.each([
  'Math.random()',
  'const { sin } = Math;',
  "Math['cos'](1)",
  'a ** 2',
  'Date.now()',
  'const started = performance.now();',
  'setTimeout(run, 10);',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: source code as text
  '`${Math.hypot(1, 2)}`',
  'new Function(text)',
  'globalThis.x = 1',
  'names.sort((a, b) => a.localeCompare(b))',
])('%s is found', (line) => {
  expect(faultsOf('a.ts', line)).toHaveLength(1);
});

test.each([
  'Math.floor(Math.sqrt(x))',
  "'Math.random is forbidden'",
  '// Math.random() would differ',
  '/* a ** b */ a * b',
  'event.window + options.process',
  'interface A { console: number; window?: string }',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: source code as text
  "throw new Error(`call ${name} of Math.sin's`);",
  'const pattern = /Math.sin **/;',
])('%s is allowed', (line) => {
  expect(faultsOf('a.ts', line)).toEqual([]);
});

/** Lines (from 1) of `code` that the plugin marks. */
function markedLines(code: string): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'rollmesh-lint-'));
  writeFileSync(
    join(folder, 'biome.json'),
    JSON.stringify({ plugins: [join(ROOT, 'lint/determinism.grit')] }),
  );
  writeFileSync(join(folder, 'planted.ts'), code);
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
  const { stdout, stderr } = spawnSync(process.execPath, [biome, 'lint', '--colors=off'], {
    cwd: folder,
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true });
  return [...(stdout + stderr).matchAll(/planted\.ts:(\d+):\d+ plugin/g)]
    .map(([, line]) => Number(line))
    .sort();
}

test('the editor marks engine-dependent maths and clocks, and nothing else', () => {
  const marked = ['Math.sin(1)', 'Math.random()', '2 ** n', 'Date.now()', 'new Date()', 'performance.now()'];
  const unmarked = ['Math.floor(Math.sqrt(2) * 3)', '2 * n / 3', "'2 ** n'", '/* 2 ** n */ 4 * n'];
  const code = [...marked, ...unmarked].map((call, index) => `export const a${index} = ${call};\n`).join('');
  expect(markedLines(code)).toEqual(marked.map((_, index) => index + 1));
});
