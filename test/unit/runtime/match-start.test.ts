/** What the owner chooses travels with the start; what another page sends is read without trust. */
import type { MatchRules } from 'rollmesh';
import { packStart, unpackStart } from '../../../sdk/src/runtime/match-start.js';

const readInput = (): undefined => undefined;

test('every rule arrives as it was chosen', () => {
  const rules: MatchRules = {
    onLost: { bot: 'easy' },
    lostAfterMs: 700,
    onLate: 'wait',
    lateAfterMs: 60,
    lateInput: { bot: 'idle' },
    fairDelay: true,
    signInputs: 'remove',
  };
  const packed = packStart({
    readInput,
    options: { map: 3 },
    ...rules,
    inputDelayFrames: 4,
    admit: 'nobody',
  });
  expect(unpackStart(JSON.parse(JSON.stringify(packed)))).toEqual({ options: { map: 3 }, rules });
});

test.each<MatchRules>([
  {},
  { onLost: 'pause', lateInput: 'repeat', fairDelay: false },
  { onLost: 'end', onLate: 'substitute', lateInput: 'neutral' },
])('words arrive as words, and what was not chosen stays open: %j', (rules) => {
  expect(unpackStart(packStart({ readInput, ...rules }))).toEqual({ options: {}, rules });
});

test('what makes no sense is left out', () => {
  for (const rules of [
    { onLost: 'explode', onLate: 'explode', lateInput: 'explode' },
    { onLost: { bot: 7 }, lateInput: { bot: null }, fairDelay: 1 },
    { onLost: null, lostAfterMs: 499, lateAfterMs: 10_001, lateInput: ['neutral'] },
    { lostAfterMs: 700.5, lateAfterMs: '60', fairDelay: 'true', signInputs: 'yes', admit: 'room' },
  ])
    expect(unpackStart({ game: {}, rules })).toEqual({ options: {}, rules: {} });
  for (const packed of [{}, { game: null, rules: null }, { game: [], rules: [] }, { game: 1, rules: 'x' }])
    expect(unpackStart(packed as never)).toEqual({ options: {}, rules: {} });
});
