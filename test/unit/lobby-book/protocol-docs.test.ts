/** docs/lobby-protocol.md has a row for everything in the code: messages and their fields, errors, close codes. */
import { readFileSync } from 'node:fs';
import { LOBBY_CLOSE, LOBBY_ERROR_CODES } from '../../../sdk/src/lobby/lobby-protocol.js';

const page = readFileSync(new URL('../../../docs/lobby-protocol.md', import.meta.url), 'utf8');
const hosting = readFileSync(new URL('../../../docs/hosting.md', import.meta.url), 'utf8');
const source = readFileSync(new URL('../../../sdk/src/lobby/protocol-messages.ts', import.meta.url), 'utf8');

/** First cells of the tables under a heading. */
function rowsOf(heading: string): Map<string, string> {
  const section = page.split(`\n${heading}\n`)[1]?.split(/\n##+ /)[0] ?? '';
  const rows = [...section.matchAll(/^\| ([^|]+) \|(.*)\|$/gm)].map(
    ([, first = '', rest = '']) => [first.replace(/`/g, '').trim(), rest] as const,
  );
  return new Map(rows);
}

/** Types of the messages in the source, with the names of their fields. */
function messagesOf(suffix: RegExp): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [, name = '', head = '', body = ''] of source.matchAll(
    /^export interface (\w+Message)([^{]*)\{\n([\s\S]*?)^\}/gm,
  )) {
    const type = /readonly t: '([a-z-]+)'/.exec(body)?.[1];
    if (type === undefined || !suffix.test(head)) continue;
    const fields = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map((match) => match[1] ?? '');
    found.set(
      type,
      fields.filter((field) => field !== 't'),
    );
    expect(name).not.toBe('');
  }
  return found;
}

test.each([
  ['### From the client', /Request/],
  ['### From the server: replies', /Reply/],
  ['### From the server: events of a room', /RoomEvent/],
  ['### From the server: other', /^ $/],
])('%s: the table and the types agree', (heading, suffix) => {
  const rows = rowsOf(heading);
  rows.delete('t');
  const messages = messagesOf(suffix);
  expect(messages.size).toBeGreaterThan(1);
  expect([...rows.keys()].filter((key) => !/^-+$/.test(key)).sort()).toEqual([...messages.keys()].sort());
  for (const [type, fields] of messages)
    for (const field of fields) expect(`${type}: ${rows.get(type)}`).toContain(`\`${field}\``);
});

test('every error code has its row, and there is no other', () => {
  const rows = [...rowsOf('## Errors').keys()].filter((key) => key !== 'code' && !/^-+$/.test(key));
  expect(rows.sort()).toEqual([...LOBBY_ERROR_CODES].sort());
});

test('every close code has its row', () => {
  const rows = [...rowsOf('## Close codes').keys()].flatMap((key) => key.split(', '));
  for (const code of Object.values(LOBBY_CLOSE)) expect(rows).toContain(String(code));
});

test('every flag of the command is in docs/hosting.md', () => {
  const config = readFileSync(new URL('../../../signaling/src/config.ts', import.meta.url), 'utf8');
  const flags = [...config.matchAll(/^ {2}(--[a-z-]+) /gm)].map((match) => match[1] ?? '');
  expect(flags.length).toBeGreaterThan(5);
  for (const flag of flags) expect(hosting).toContain(`\`${flag}\``);
});
