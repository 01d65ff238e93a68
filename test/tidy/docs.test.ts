/** The documents keep their word: links lead somewhere, commands and entry points exist, every error has its section. */
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { listFiles, ROOT, readText } from './sources.js';

const documents = listFiles(
  ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs', 'sdk', 'signaling', 'demo-game'],
  ['.md'],
);

/** The text without fenced code. */
function prose(path: string): string {
  return readText(path).replace(/^```[\s\S]*?^```/gm, '');
}

/** Anchors of a page by GitHub's rule. */
function anchorsOf(path: string): Set<string> {
  const headings = [...prose(path).matchAll(/^#{1,6} (.+)$/gm)].map((match) => match[1] ?? '');
  const slug = (heading: string): string =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
  return new Set(headings.map(slug));
}

test('no link of a document is dead', () => {
  const dead = documents.flatMap((path) =>
    [...prose(path).matchAll(/\]\(([^)\s]+)\)|<img[^>]* src="([^"]+)"/g)].flatMap((match) => {
      const target = match[1] ?? match[2] ?? '';
      if (/^[a-z]+:/.test(target)) return [];
      const [file = '', anchor] = target.split('#');
      const page = file === '' ? path : normalize(join(dirname(path), file));
      if (!existsSync(join(ROOT, page))) return [`${path}: ${target}`];
      if (anchor === undefined || !page.endsWith('.md') || anchorsOf(page).has(anchor)) return [];
      return [`${path}: ${target}`];
    }),
  );
  expect(dead).toEqual([]);
  expect(documents.length).toBeGreaterThan(5);
});

test('every npm command that a document names exists', () => {
  const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> };
  const unknown = documents.flatMap((path) =>
    [...readText(path).matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)]
      .map((match) => match[1] ?? match[2] ?? '')
      .filter((name) => !(name in scripts))
      .map((name) => `${path}: npm run ${name}`),
  );
  expect(unknown).toEqual([]);
});

test('every script of package.json names files that exist', () => {
  const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> };
  const files = Object.values(scripts).flatMap((command) => command.match(/[\w./-]+\.mjs\b/g) ?? []);
  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

test('docs/errors.md has one section for each error code, and no other', () => {
  const source = readText('sdk/src/base/errors.ts');
  const union = /export type SdkErrorCode =([\s\S]*?);/.exec(source)?.[1] ?? '';
  const codes = [...union.matchAll(/'([a-z-]+)'/g)].map((match) => match[1]);
  const sections = [...prose('docs/errors.md').matchAll(/^## `([a-z-]+)`$/gm)].map((match) => match[1]);
  expect(codes.length).toBeGreaterThan(10);
  expect([...sections].sort()).toEqual([...codes].sort());
});

test('the README names the size budgets that the build checks', () => {
  const checked = [...readText('scripts/build.mjs').matchAll(/budgetBytes: (\d+) \* KB/g)].map(
    ([, size]) => size,
  );
  const named = [...readText('README.md').matchAll(/\| (\d+) kB \|/g)].map(([, size]) => size);
  expect(checked.length).toBeGreaterThan(1);
  expect(named).toEqual(checked);
});

test('every entry point of a package has its source, and the compiler and the tests find it', () => {
  const { exports } = JSON.parse(readText('sdk/package.json')) as {
    exports: Record<string, { default?: string }>;
  };
  const sources = Object.values(exports).flatMap((entry) =>
    entry.default === undefined ? [] : [entry.default.replace('./dist/', 'sdk/src/').replace(/\.js$/, '.ts')],
  );
  expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  expect(sources).toContain('sdk/src/index.ts');
});

test('nothing that is tracked names a place of one machine', () => {
  const places = /(?<![\w.])\/(?:home|Users|work)\/\w+/;
  const files = listFiles(
    ['sdk/src', 'signaling/src', 'demo-game', 'test', 'examples', 'scripts', 'docs', 'lint', '.ci'],
    ['.ts', '.mjs', '.md', '.json', '.html', '.grit'],
  );
  expect(files.filter((path) => path !== 'test/tidy/docs.test.ts' && places.test(readText(path)))).toEqual(
    [],
  );
});
