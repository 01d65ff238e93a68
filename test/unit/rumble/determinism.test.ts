import { PHASE, rumble } from '../../../demo-game/src/game/index.js';
import { BareMatch } from './bare-match.js';

test.each([2, 3, 5, 8])('bots finish a match of %i, and every input they give is legal', (players) => {
  const match = new BareMatch(players);
  const bytes = new Uint8Array(rumble.input.byteLength);
  const refused: string[] = [];
  match.playBots(players * 101, 60 * 60 * 15, () => {
    for (const input of match.inputs) {
      const field = rumble.input.encodeInto(input, bytes, 0);
      if (field !== undefined) refused.push(field);
    }
    return match.state.phase === PHASE.matchEnd;
  });
  expect(refused).toEqual([]);
  expect(match.state.phase).toBe(PHASE.matchEnd);
  expect(match.state.pucks.wins[match.state.matchWinner]).toBe(5);
  expect(match.store.findUnsafeNumber()).toBeUndefined();
});

test('two runs with the same inputs have the same hash in every frame', () => {
  const one = new BareMatch(4);
  const two = new BareMatch(4);
  for (let burst = 0; burst < 60; burst++) {
    one.playBots(burst, 50);
    two.playBots(burst, 50);
    expect(two.store.hash()).toBe(one.store.hash());
  }
  expect(one.announced('fall').length).toBeGreaterThan(3);
});

test('a state that is saved, played on with other inputs and loaded again is the same state', () => {
  const match = new BareMatch(4, 2);
  for (let burst = 0; burst < 40; burst++) {
    match.playBots(burst, 37);
    match.store.save(0);
    const hash = match.store.hash();
    match.playBots(burst + 1000, 12);
    match.store.load(0);
    expect(match.store.hash()).toBe(hash);
  }
});

test('no state of a long match holds a NaN or a negative zero', () => {
  const match = new BareMatch(8);
  for (let burst = 0; burst < 120; burst++) {
    match.playBots(burst, 20);
    expect(match.store.findUnsafeNumber()).toBeUndefined();
  }
});

test('an input is one byte and the neutral one is zero', () => {
  expect(rumble.input.byteLength).toBe(1);
  const bytes = new Uint8Array(1);
  rumble.input.encodeInto(rumble.input.create(), bytes, 0);
  expect(bytes[0]).toBe(0);
});
