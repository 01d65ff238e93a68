/** `syncTest()`: clean games pass, and each kind of mistake is found and named. */
import { defineGame, type Game } from 'rollmesh/session';
import { type SyncTestOptions, type SyncTestResult, syncTest } from 'rollmesh/simulator';
import { customState } from 'rollmesh/state';
import {
  type BufferState,
  bufferGame,
  CounterEngine,
  customGame,
  type PlainTestState,
  plainGame,
  type TestInput,
  testInput,
} from '../support/test-games.js';

type Step = Game<BufferState, TestInput>['step'];

/** The reference game with something added to each step. */
function withStep(extra: Step): Game<BufferState, TestInput> {
  return defineGame({
    ...bufferGame,
    step: (state, inputs, context) => {
      bufferGame.step(state, inputs, context);
      extra(state, inputs, context);
    },
  });
}

function test100(
  game: Game<BufferState, TestInput>,
  options: SyncTestOptions<BufferState, TestInput> = {},
): SyncTestResult {
  return syncTest(game, { frames: 100, ...options });
}

test.each([
  ['buffer', bufferGame],
  ['plain', plainGame],
  ['custom', customGame],
])('a clean game on a %s state survives rollbacks of every length', (_name, game) => {
  for (const distance of [1, 3, 8, 30]) {
    const result = syncTest(game as Game<unknown, unknown>, { frames: 80, distance, seed: distance });
    expect(result).toEqual({ ok: true, frames: 80 });
  }
});

describe('a call that engines, machines or repetitions answer differently is named', () => {
  test.each<[string, (frame: number) => number]>([
    ['Math.random', () => Math.random()],
    ['Math.sin', (frame) => Math.sin(frame)],
    ['Date.now', () => Date.now() & 1],
    ['new Date', () => new Date().getDay()],
    ['Array.prototype.sort', () => [3, 1, 2].sort((left, right) => (left > right) as never).length],
  ])('%s', (call, answerOf) => {
    const game = withStep((state, _inputs, { frame }) => {
      state.ball += answerOf(frame);
    });
    const result = test100(game);
    expect(result).toMatchObject({ ok: false, frame: 1, paths: [] });
    expect(result).toMatchObject({ cause: expect.stringContaining(call) });
  });

  test('in setup, too', () => {
    const game = defineGame({
      ...bufferGame,
      setup: (state) => {
        state.ball = Math.random();
      },
    });
    expect(test100(game)).toMatchObject({
      ok: false,
      frame: 0,
      cause: expect.stringContaining('Math.random'),
    });
  });
});

describe('a state that depends on something outside of it', () => {
  test('as on a counter of calls, is found with its path', () => {
    let calls = 0;
    const game = withStep((state) => {
      calls += 1;
      state.counter += calls;
    });
    expect(test100(game)).toMatchObject({
      ok: false,
      frame: 1,
      paths: ['counter'],
      cause: expect.stringContaining('different results for the same state and inputs'),
    });
  });

  test('as on what the frame before left in a variable, is found with its path', () => {
    let last = 0;
    const game = withStep((state, _inputs, { frame }) => {
      if (frame >= 20) state.players.heat[3] = last;
      last = state.word & 127;
    });
    expect(test100(game)).toMatchObject({
      ok: false,
      paths: ['players[3].heat'],
      cause: expect.stringContaining('rolled back'),
    });
  });

  test('as on a cache of frames, is found when the game is loaded a second time', () => {
    const load = (): Game<BufferState, TestInput> => {
      const cache = new Map<number, number>();
      return withStep((state, _inputs, { frame }) => {
        if (!cache.has(frame)) cache.set(frame, state.word | 0);
        state.counter = cache.get(frame) as number;
      });
    };
    expect(test100(load(), { straightGame: load() })).toMatchObject({ ok: false, paths: ['counter'] });
  });

  test('as setup on a global, is found at frame 0', () => {
    let matches = 0;
    const game = defineGame({
      ...bufferGame,
      setup: (state) => {
        matches += 1;
        state.counter = matches;
      },
    });
    expect(test100(game)).toMatchObject({
      ok: false,
      frame: 0,
      paths: ['counter'],
      cause: expect.stringContaining('setup'),
    });
  });
});

test.each([
  ['NaN', Number.NaN],
  ['-0', -0],
])('%s in the state is found with its path', (_name, value) => {
  const game = withStep((state, _inputs, { frame }) => {
    if (frame === 42) state.players.x[5] = value;
  });
  expect(test100(game)).toMatchObject({ ok: false, frame: 42, paths: ['players[5].x'] });
});

test('a step that writes into its inputs is found', () => {
  const game = withStep((_state, inputs) => {
    (inputs[2] as TestInput).aim = 1;
  });
  expect(test100(game)).toMatchObject({ ok: false, cause: expect.stringContaining('inputs[2]') });
});

test('a step that throws, even on a guess alone, is found with its frame', () => {
  const game = withStep((_state, inputs) => {
    if (inputs.every(({ fire }) => !fire) && inputs[0]?.item === 2) throw new RangeError('planted');
  });
  const result = syncTest(game, { frames: 500 });
  expect(result).toMatchObject({
    ok: false,
    paths: [],
    cause: expect.stringContaining('RangeError: planted'),
  });
});

test.each<[string, Game<BufferState, TestInput>['bots'], string]>([
  [
    'changes the state',
    {
      rude: (state) => {
        state.counter += 1;
        return testInput.create();
      },
    },
    '"rude" changed the state',
  ],
  [
    'answers differently each time',
    {
      fickle: (() => {
        let asked = 0;
        return () => {
          asked += 1;
          return { ...testInput.create(), aim: asked % 100 };
        };
      })(),
    },
    '"fickle" gave two answers',
  ],
  [
    'calls Math.random',
    { random: () => ({ ...testInput.create(), fire: Math.random() < 0.5 }) },
    'Math.random',
  ],
])('a bot that %s is found', (_name, bots, cause) => {
  expect(test100(defineGame({ ...bufferGame, bots }))).toMatchObject({
    ok: false,
    frame: 10,
    cause: expect.stringContaining(cause),
  });
});

describe('a custom state', () => {
  const engineState = (
    change: Partial<Parameters<typeof customState<CounterEngine, Uint32Array>>[0]>,
  ): Game<CounterEngine, TestInput> =>
    defineGame({
      ...customGame,
      state: customState<CounterEngine, Uint32Array>({
        create: () => new CounterEngine(),
        save: (engine) => engine.memory.slice(),
        load: (engine, saved) => engine.memory.set(saved),
        hash: (engine) => engine.memory.reduce((sum, value, index) => sum + value * (index + 1), 0) | 0,
        serialize: (engine) => new Uint8Array(engine.memory.slice().buffer),
        deserialize: (bytes) => {
          const engine = new CounterEngine();
          engine.memory.set(new Uint32Array(bytes.slice().buffer));
          return engine;
        },
        ...change,
      }),
    });

  test('that keeps everything passes', () => {
    expect(syncTest(engineState({}), { frames: 100 })).toEqual({ ok: true, frames: 100 });
  });

  test('whose load leaves something out is found', () => {
    const game = engineState({ load: (engine, saved) => engine.memory.set(saved.subarray(0, 3)) });
    expect(syncTest(game, { frames: 100 })).toMatchObject({
      ok: false,
      cause: expect.stringContaining('bring back'),
    });
  });

  test('whose saved copies are the live memory is found', () => {
    const game = engineState({ save: (engine) => engine.memory });
    expect(syncTest(game, { frames: 100 })).toMatchObject({
      ok: false,
      cause: expect.stringContaining('saved copy'),
    });
  });

  test('that does not come back from its bytes is found', () => {
    const game = engineState({ serialize: () => new Uint8Array(16) });
    expect(syncTest(game, { frames: 100 })).toMatchObject({
      ok: false,
      frame: 25,
      cause: expect.stringContaining('deserialize does not bring back'),
    });
  });

  test('that refuses its own bytes is found', () => {
    const game = engineState({
      deserialize: () => {
        throw new RangeError('no');
      },
    });
    expect(syncTest(game, { frames: 100 })).toMatchObject({
      ok: false,
      cause: expect.stringContaining('refuses'),
    });
  });

  test('whose bytes leave out what the hash does not see is found one frame later', () => {
    const game = engineState({
      hash: (engine) => (engine.memory[0] as number) ^ (engine.memory[1] as number),
      serialize: (engine) => new Uint8Array(engine.memory.slice(0, 2).buffer),
      deserialize: (bytes) => {
        const engine = new CounterEngine();
        engine.memory.set(new Uint32Array(bytes.slice().buffer));
        return engine;
      },
    });
    const hidden = defineGame({
      ...game,
      step: (engine, inputs, context) => {
        game.step(engine, inputs, context);
        const { memory } = engine;
        memory[0] = (memory[0] as number) ^ (memory[3] as number);
      },
    });
    expect(syncTest(hidden, { frames: 100 })).toMatchObject({
      ok: false,
      frame: 26,
      cause: expect.stringContaining('goes on differently'),
    });
  });
});

test('a plain state whose shape depends on rolled-back frames is found', () => {
  const seen: string[] = [];
  const game: Game<PlainTestState, TestInput> = defineGame({
    ...plainGame,
    step: (state, inputs, context) => {
      plainGame.step(state, inputs, context);
      seen.push(String(context.frame));
      if (context.frame === 30)
        state.events = Object.fromEntries(seen.slice(-3).map((frame, index) => [frame, index]));
    },
  });
  const result = syncTest(game, { frames: 100 });
  expect(result.ok).toBe(false);
});

test('the same seed finds the same, and scripts are used', () => {
  const frames: number[] = [];
  const game = withStep((state, inputs, { frame }) => {
    if (inputs[0]?.aim === 77 && frame > 60) state.trail[0] = Number.NaN;
  });
  const inputs = (slot: number, frame: number): TestInput => {
    if (slot === 0) frames.push(frame);
    return { ...testInput.create(), aim: frame === 70 && slot === 0 ? 77 : 0 };
  };
  const first = syncTest(game, { frames: 100, inputs });
  expect(first).toMatchObject({ ok: false, frame: 70, paths: ['trail[0]'] });
  expect(syncTest(game, { frames: 100, inputs })).toEqual(first);
  expect(frames.slice(0, 70)).toEqual(Array.from({ length: 70 }, (_, index) => index + 1));
});

test.each([
  ['frames', { frames: 0 }],
  ['distance', { distance: 61 }],
  ['seed', { seed: 0.5 }],
  ['playerCount', { playerCount: 9 }],
])('%s out of range is refused by name', (name, options) => {
  expect(() => syncTest(bufferGame, options)).toThrow(name);
});
