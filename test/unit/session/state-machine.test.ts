/** docs/state-machines.md shows the table that the code asserts. */
import { readFileSync } from 'node:fs';
import { InvariantError, SESSION_MOVES } from 'rollmesh/session';
import { checkSessionMove } from '../../../sdk/src/session/state-machine.js';

/** The table of a section: from -> to, as written. */
function tableOf(section: string): Record<string, string[]> {
  const text =
    readFileSync('docs/state-machines.md', 'utf8').split(`\n## ${section}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  return Object.fromEntries(
    rows.map((row) => {
      const [, from = '', to = ''] = row.split('|');
      return [
        from.trim().replaceAll('`', ''),
        [...to.matchAll(/`([a-z-]+)`/g)].map((match) => match[1] as string),
      ];
    }),
  );
}

test('the document has every phase of a session and every legal move', () => {
  expect(tableOf('Session')).toEqual(SESSION_MOVES);
});

test('an illegal move of a session is our own bug', () => {
  expect(() => checkSessionMove('ended', 'running')).toThrow(InvariantError);
  expect(() => checkSessionMove('handshake', 'paused')).toThrow(InvariantError);
  checkSessionMove('running', 'no-quorum');
});
