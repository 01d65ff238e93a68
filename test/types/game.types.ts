/** What the compiler promises to someone who writes a game. Each `@ts-expect-error` line must be refused. */
import {
  bool,
  button,
  defineGame,
  defineInput,
  defineState,
  f64,
  type InputOf,
  i32,
  int,
  type StateOf,
  table,
  u8,
} from 'rollmesh';

/** Refused unless both types are the same, not only assignable. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};

const input = defineInput({ fire: button, aim: int(-128, 127) });
const state = defineState({
  round: i32,
  over: bool,
  players: table(8, { x: f64, score: u8, alive: bool }),
});

type Input = InputOf<typeof input>;
same<Input['fire'], boolean>(true);
same<Input['aim'], number>(true);
same<keyof Input, 'fire' | 'aim'>(true);

type State = StateOf<typeof state>;
same<State['round'], number>(true);
same<State['over'], boolean>(true);
same<State['players']['x'], Float64Array>(true);
same<State['players']['score'], Uint8Array>(true);
same<keyof State, 'round' | 'over' | 'players'>(true);

defineGame({
  id: 'types',
  version: '1',
  playersMax: 8,
  input,
  state,
  setup(live, { playerCount, random, options }) {
    live.round = playerCount + random.below(3);
    live.players.x[0] = random.next();
    // @ts-expect-error options are agreed by all peers and never change
    options['round'] = 1;
  },
  step(live, inputs, { frame, slots, emit }) {
    live.round += 1;
    // @ts-expect-error there is no such field
    live.rounds += 1;
    // @ts-expect-error a scalar number takes no text
    live.round = 'two';
    // @ts-expect-error a table is filled, not replaced
    live.players = { ...live.players };
    // @ts-expect-error there are always playersMax inputs, but an index may be wrong
    inputs[9].fire satisfies boolean;
    for (const { fire, aim } of inputs) if (fire && aim > 0) emit('shot', { aim, frame }, { key: aim });
    // @ts-expect-error effects carry plain JSON
    emit('shot', { when: new Date() });
    const vacant = slots.filter((slot) => slot === 'vacant').length;
    // @ts-expect-error slots are 'active', 'substituted' or 'vacant'
    const gone = slots.filter((slot) => slot === 'gone').length;
    live.over = vacant > gone;
  },
});

defineGame({
  id: 'early',
  version: '1',
  playersMax: 2,
  input,
  state,
  // @ts-expect-error there is no frame yet when a game is set up
  setup: (live, { frame }) => {
    live.round = frame;
  },
  step() {},
});

// @ts-expect-error a game without a step is none
defineGame({ id: 'no-step', version: '1', playersMax: 2, input, state });

// @ts-expect-error the number of players is part of a game
defineGame({ id: 'no-players', version: '1', input, state, step() {} });

// @ts-expect-error inputs are buttons and integers
defineInput({ aim: f64 });

// @ts-expect-error states are numbers, booleans and tables of them
defineState({ name: 'Ada' });
