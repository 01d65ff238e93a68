/**
 * The first game of the README is the file in examples/, short enough to be read in one go, and a good game: it
 * survives what the README tells its reader to test. test/browser/examples plays it.
 */
import * as Rollmesh from 'rollmesh';
import { networkPresets, simulate, syncTest } from 'rollmesh/simulator';
import { readText } from './sources.js';

const example = readText('examples/first-game.html');

test('the first game has at most 60 lines', () => {
  expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(60);
});

test('the README shows the first game as it is in examples/', () => {
  const shown = /^```html\n([\s\S]*?)^```$/m.exec(readText('README.md'))?.[1];
  expect(shown).toBe(example);
});

/** The game that the page defines. The page's lobby never answers, so nothing else of it happens. */
function gameOfExample(): Rollmesh.Game {
  const script = [...example.matchAll(/<script>([\s\S]*?)<\/script>/g)].map((match) => match[1]).join('');
  const page = { querySelector: () => ({}) };
  const library = { ...Rollmesh, connectLobby: () => new Promise(() => {}) };
  const run = new Function('Rollmesh', 'document', 'addEventListener', 'location', `${script}; return game;`);
  return run(library, page, () => {}, { origin: '', search: '' }) as Rollmesh.Game;
}

test('the first game survives being rolled back every frame', () => {
  expect(syncTest(gameOfExample(), { frames: 2000, distance: 8, seed: 1 })).toMatchObject({ ok: true });
});

test('two peers of the first game agree on a bad network', () => {
  const report = simulate({
    game: gameOfExample(),
    peers: 2,
    frames: 600,
    seed: 7,
    network: networkPresets.badWifi,
  });
  expect(report.violations).toEqual([]);
  expect(report.ok).toBe(true);
  expect(report.rollbacks).toBeGreaterThan(0);
});
