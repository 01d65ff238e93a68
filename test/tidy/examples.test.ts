/** The first game of the README is the file in examples/, and short enough to be read in one go. */
import { readText } from './sources.js';

const example = readText('examples/first-game.html');

test('the first game has at most 60 lines', () => {
  expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(60);
});

test('the README shows the first game as it is in examples/', () => {
  const shown = /^```html\n([\s\S]*?)^```$/m.exec(readText('README.md'))?.[1];
  expect(shown).toBe(example);
});
