/** docs/netcode.md lists every invariant once, and the files, checks and tests that it names exist. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, readText } from './sources.js';

const IDS = [
  ...Array.from({ length: 7 }, (_, index) => `N${index + 1}`),
  ...Array.from({ length: 25 }, (_, index) => `I${index + 1}`),
];

/** The table's rows as cells: id, statement, where it is enforced, what checks it. */
const rows = readText('docs/netcode.md')
  .split('\n')
  .filter((line) => /^\| [NI]\d+ \|/.test(line))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

/** Paths in a cell, each with the names in quotes that follow it. */
function namedIn(cell: string): { path: string; names: string[] }[] {
  return [...cell.matchAll(/`([\w./-]+\/[\w./-]+)`([^`]*)/g)].map(([, path = '', rest = '']) => ({
    path,
    names: [...rest.matchAll(/“([^”]+)”/g)].map((match) => match[1] ?? ''),
  }));
}

test('each invariant has one row, with a statement, a place and what checks it', () => {
  expect(rows.map(([id]) => id)).toEqual(IDS);
  for (const row of rows) {
    expect(row).toHaveLength(4);
    expect(row.every((cell) => cell !== '')).toBe(true);
  }
});

test('every file that the table names exists, and every test by the name it is given', () => {
  const wrong: string[] = [];
  let names = 0;
  for (const [id, , enforced = '', checked = ''] of rows) {
    for (const named of [...namedIn(enforced), ...namedIn(checked)]) {
      if (!existsSync(join(ROOT, named.path))) {
        wrong.push(`${id}: ${named.path} does not exist`);
        continue;
      }
      const text = readText(named.path);
      names += named.names.length;
      for (const name of named.names)
        if (!text.includes(name)) wrong.push(`${id}: ${named.path} has no "${name}"`);
    }
  }
  expect(wrong).toEqual([]);
  expect(names).toBeGreaterThan(20);
});

test('a row names a place in the code or another row, and a check or says that there is none', () => {
  const checks =
    /export type CheckName =([\s\S]*?);/.exec(readText('sdk/src/simulator/checks/violations.ts'))?.[1] ?? '';
  const isKnown = (name: string): boolean => checks.includes(`'${name}'`);
  for (const [id, , enforced = '', checked = ''] of rows) {
    const refersTo = [...`${enforced} ${checked}`.matchAll(/\bas ([NI]\d+)\b/gi)].map(
      (match) => match[1] ?? '',
    );
    expect([id, refersTo.filter((other) => !IDS.includes(other) || other === id)]).toEqual([id, []]);
    expect([id, namedIn(enforced).length + refersTo.length > 0]).toEqual([id, true]);
    const bold = [...checked.matchAll(/\*\*(\w+)\*\*/g)].map((match) => match[1] ?? '');
    expect([id, bold.filter((name) => !isKnown(name))]).toEqual([id, []]);
    const isHonest = bold.length + namedIn(checked).length > 0 || /not checked/i.test(checked);
    expect([id, isHonest]).toEqual([id, true]);
  }
});
