/** The form of house.md that neither the compiler nor Biome can see: names, lengths, documentation. */
import { basename } from 'node:path';
import { findLines, listFiles, maskTextAndComments, readText } from './sources.js';

const SHIPPED = ['sdk/src', 'signaling/src', 'demo-game/src'];
const FILE_LINES_MAX = 450;
const FUNCTION_LINES_MAX = 60;

const shippedFiles = listFiles(SHIPPED, ['.ts']);
const allFiles = listFiles(
  [...SHIPPED, 'test', 'examples', 'scripts', 'demo-game'],
  ['.ts', '.mts', '.mjs', '.js'],
);
const maskedOf = new Map(allFiles.map((path) => [path, maskTextAndComments(readText(path))]));

/** Lines of all `files` that `pattern` finds something in, comments and strings apart. */
function findCode(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((path) => findLines(path, maskedOf.get(path) ?? '', pattern));
}

test('files are named in kebab-case', () => {
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|types|d|config|global|worker))*\.(ts|mts|mjs|js)$/;
  expect(allFiles.filter((path) => !kebab.test(basename(path)))).toEqual([]);
});

test(`no file is longer than ${FILE_LINES_MAX} lines`, () => {
  const lengths = allFiles.map((path) => ({ path, lines: readText(path).split('\n').length - 1 }));
  expect(lengths.filter(({ lines }) => lines > FILE_LINES_MAX)).toEqual([]);
});

test('every shipped file begins with a comment that says what it is for', () => {
  expect(
    shippedFiles.filter((path) => !/^(?:#!.*\n)?(?:\/\/\/.*\n)*\/\*\*[\s\S]/.test(readText(path))),
  ).toEqual([]);
});

test('there is no default export, enum, namespace or parameter property', () => {
  // `protected` is not among them: a class that PeerJS makes us extend has protected members to override.
  // `protected` is not among them: a class that PeerJS makes us extend has protected members to override.
  const forbidden =
    /^\s*(?:export default\b|(?:export )?(?:(?:declare |const )*enum \w|(?:declare )?namespace \w)|private |public )|^\s+(?:protected )?readonly \w+: .*,$|constructor\((?:.*, )?(?:private|protected|public|readonly) /;
  expect(findCode(shippedFiles, forbidden)).toEqual([]);
});

test('nothing is left for later: no TODO or FIXME', () => {
  const marks = /\b(?:TO|FIX)(?:DO|ME)\b|\bX{3}\b/;
  const files = [
    ...allFiles,
    ...listFiles(['docs', 'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', '.ci', 'lint'], ['']),
  ];
  const texts = files.filter((path) => !/\.(png|ico|jpg|webp)$/.test(path) && !path.startsWith('test/tidy/'));
  expect(texts.flatMap((path) => findLines(path, readText(path), marks))).toEqual([]);
});

test('no test is skipped, focused or empty', () => {
  const tests = listFiles(['test'], ['.test.ts']);
  const skipped = /\b(?:test|it|describe)\.(?:skip|only|todo|failing)\b|\b[xf](?:it|test|describe)\(/;
  expect(findCode(tests, skipped)).toEqual([]);
  expect(tests.filter((path) => !/\bexpect\b/.test(readText(path)))).toEqual([]);
});

test('no code tells the compiler to look away', () => {
  const files = listFiles(SHIPPED, ['.ts']);
  expect(
    files.flatMap((path) => findLines(path, readText(path), /@ts-(?:ignore|nocheck|expect-error)/)),
  ).toEqual([]);
});

const EXPORTED = /^export (?:declare |abstract |async )*(?:function\*?|class|const|let|type|interface) (\w+)/;

/**
 * Exports of a file without a doc comment directly before them. A further overload needs none of its own, and
 * constants of one line each may stand under one comment like the rows of a table.
 */
function undocumentedExports(path: string): string[] {
  const lines = readText(path).split('\n');
  const isDocumented = (index: number): boolean => {
    const before = lines[index - 1] ?? '';
    if (/\*\/\s*$/.test(before)) return true;
    const row = /^export const \w+.*;(?:\s*\/\/.*)?$/;
    return row.test(lines[index] ?? '') && row.test(before) && isDocumented(index - 1);
  };
  return lines.flatMap((line, index) => {
    const name = EXPORTED.exec(line)?.[1];
    if (name === undefined || isDocumented(index)) return [];
    const signature = `export function ${name}`;
    const overload = lines
      .slice(0, index)
      .some((earlier) => earlier.startsWith(signature) && earlier.endsWith(';'));
    return overload ? [] : [`${path}:${index + 1}: ${name}`];
  });
}

test('every export is documented', () => {
  const documentedFolders = [...shippedFiles, ...listFiles(['test/support', 'test/tidy'], ['.ts'])];
  expect(documentedFolders.flatMap(undocumentedExports)).toEqual([]);
});

/** Functions of a file that are too long. The formatter closes each on a line of its own at the same indentation. */
function longFunctions(path: string): string[] {
  const lines = (maskedOf.get(path) ?? '').split('\n');
  return lines.flatMap((line, index) => {
    const opens =
      /(?:\)|=>|\)\s*:.*)\s*\{$/.test(line) &&
      !/^\s*(?:\} )?(?:if|else|for|while|switch|catch|do|try)\b/.test(line);
    if (!opens) return [];
    const indent = /^\s*/.exec(line)?.[0] ?? '';
    const end = lines.findIndex((later, at) => at > index && later.startsWith(`${indent}}`));
    const length = end - index + 1;
    return length > FUNCTION_LINES_MAX ? [`${path}:${index + 1}: ${length} lines`] : [];
  });
}

test(`no function is longer than ${FUNCTION_LINES_MAX} lines`, () => {
  expect(shippedFiles.flatMap(longFunctions)).toEqual([]);
});
