import { readFileSync } from 'node:fs';
import { InvariantError } from '../../../sdk/src/base/errors.js';
import { assertLinkMove, LINK_MOVES } from '../../../sdk/src/transport/link-moves.js';
import type { LinkPhase } from '../../../sdk/src/transport/transport.js';

const phases = Object.keys(LINK_MOVES) as LinkPhase[];

test('exactly the moves of the table are allowed', () => {
  for (const from of phases)
    for (const to of phases) {
      const move = (): void => assertLinkMove(from, to);
      if (LINK_MOVES[from].includes(to)) expect(move).not.toThrow();
      else expect(move).toThrow(InvariantError);
    }
});

test('every phase can be reached from a new link, and every link can be lost', () => {
  const reached = new Set<LinkPhase>(['new']);
  for (const phase of reached) for (const next of LINK_MOVES[phase]) reached.add(next);
  expect([...reached].sort()).toEqual([...phases].sort());
  for (const phase of phases.filter((name) => name !== 'lost')) expect(LINK_MOVES[phase]).toContain('lost');
});

test('docs/state-machines.md shows the same table', () => {
  const text = readFileSync(new URL('../../../docs/state-machines.md', import.meta.url), 'utf8');
  const section = /^## Link$(.*?)(?=^## |$(?![\s\S]))/ms.exec(text)?.[1] ?? '';
  const rows = [...section.matchAll(/^\| `(\w+)` \| ([^|]*) \|/gm)];
  const table = Object.fromEntries(
    rows.map(([, from, to]) => [from, [...(to ?? '').matchAll(/`(\w+)`/g)].map(([, phase]) => phase)]),
  );
  expect(table).toEqual(LINK_MOVES);
});
