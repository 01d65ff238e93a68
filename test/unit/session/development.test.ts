/** Development mode: calls that differ between engines are named with their frame while a step or the setup runs. */
import { createSession, defineGame, type Game, type SessionEvents } from 'rollmesh/session';
import { array, defineInput, defineState, f64, int } from 'rollmesh/state';

const state = defineState({ x: f64, trail: array(f64, 2) });
const input = defineInput({ v: int(0, 9) });
type State = ReturnType<typeof state.createStore>['state'];

function gameOf(
  step: (state: State) => void,
  setup: (state: State) => void = () => {},
): Game<State, { v: number }> {
  return defineGame<State, { v: number }>({
    id: 'g',
    version: '1',
    playersMax: 1,
    framesPerSecond: 60,
    input,
    state,
    setup,
    step,
  });
}

type Warning = SessionEvents['determinism-warning'];

/** Plays some frames alone; returns the warnings. */
function play(game: Game<State, { v: number }>, development: boolean | undefined): Warning[] {
  const session = createSession<State, { v: number }>({
    game,
    matchId: 'm',
    nowMs: 0,
    self: 'a',
    peers: ['a'],
    players: [{ peer: 'a' }],
    readInput: () => ({ v: 1 }),
    send: () => {},
    ...(development === undefined ? {} : { development }),
  });
  const warnings: Warning[] = [];
  session.on('determinism-warning', (warning) => warnings.push(warning));
  for (let frame = 0; frame < 20; frame += 1) session.advance(frame * 17);
  expect(session.frameConfirmed).toBeGreaterThan(10);
  return warnings;
}

test('a step that calls Math.random is named once, with its frame', () => {
  const warnings = play(
    gameOf((live) => {
      live.x = Math.random();
    }),
    true,
  );
  expect(warnings).toEqual([expect.objectContaining({ type: 'determinism-warning', frame: 1 })]);
  expect(JSON.stringify(warnings)).toContain('Math.random');
});

test('the setup is watched as frame 0', () => {
  const warnings = play(
    gameOf(
      () => {},
      (live) => {
        live.x = Date.now();
      },
    ),
    true,
  );
  expect(warnings).toEqual([expect.objectContaining({ frame: 0 })]);
});

test.each([false, undefined])('with development %s nothing is watched', (development) => {
  const random = gameOf((live) => {
    live.x = Math.random();
  });
  expect(play(random, development)).toEqual([]);
});

test('a step that throws leaves the watch, and a clean one says nothing', () => {
  const clean = gameOf((live) => {
    live.x += 1;
  });
  expect(play(clean, true)).toEqual([]);
  const broken = gameOf(() => {
    throw new Error('the game has a bug');
  });
  expect(() => play(broken, true)).toThrow('the game has a bug');
  expect(Number.isFinite(Math.random())).toBe(true);
});
