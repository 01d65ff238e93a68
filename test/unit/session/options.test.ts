/** Each bad option is refused with its name before anything starts. */
import { createSession, defineGame, SdkError, type SessionOptions } from 'rollmesh/session';
import { defineState, i32 } from 'rollmesh/state';
import { prepareSession } from '../../../sdk/src/session/session-setup.js';
import { type ChainInput, type ChainState, chainGame } from './chain-game.js';

type Options = SessionOptions<ChainState, ChainInput>;

const good: Options = {
  game: chainGame({ playersMax: 4 }),
  matchId: 'match',
  nowMs: 0,
  self: 'a',
  peers: ['a', 'b'],
  players: [{ peer: 'a' }, { peer: 'b' }],
  readInput: () => ({ v: 0 }),
  send: () => {},
};

/** The error that `options` give. */
function refusal(options: Record<string, unknown>): SdkError {
  try {
    createSession({ ...good, ...options } as Options);
  } catch (error) {
    if (error instanceof SdkError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `p${index}`);

test.each<[string, Record<string, unknown>]>([
  ['game', { game: undefined }],
  ['game', { game: {} }],
  ['matchId', { matchId: '' }],
  ['matchId', { matchId: 'x'.repeat(65) }],
  ['matchId', { matchId: 5 }],
  ['seed', { seed: -1 }],
  ['seed', { seed: 1.5 }],
  ['seed', { seed: 2 ** 32 }],
  ['seed', { seed: '7' }],
  ['nowMs', { nowMs: Number.NaN }],
  ['nowMs', { nowMs: Number.POSITIVE_INFINITY }],
  ['nowMs', { nowMs: undefined }],
  ['self', { self: 'c' }],
  ['self', { self: undefined }],
  ['peers', { peers: undefined }],
  ['peers', { peers: [] }],
  ['peers', { peers: ids(33), self: 'p0', players: [{ peer: 'p0' }] }],
  ['peers', { peers: ['a', 'b', 'a'] }],
  ['peer id', { peers: ['a', 'b', ''] }],
  ['peer id', { peers: ['a', 'b', 'c d'] }],
  ['peer id', { peers: ['a', 'b', 'é'] }],
  ['peer id', { peers: ['a', 'b', 'x'.repeat(65)] }],
  ['peer id', { peers: ['a', 'b', 3] }],
  ['players', { players: undefined }],
  ['players', { players: [] }],
  ['players', { players: [{ peer: 'a' }, { peer: 'b' }, { peer: 'a' }, { peer: 'b' }, { peer: 'a' }] }],
  ['player', { players: [{ peer: 'a' }, { peer: 'z' }] }],
  ['player', { players: [{ peer: 'a' }, undefined] }],
  ['options', { options: 5 }],
  ['options', { options: [] }],
  ['options.speed', { options: { speed: Number.NaN } }],
  ['options', { options: { text: 'x'.repeat(4096) } }],
  ['inputDelayFrames', { inputDelayFrames: -1 }],
  ['inputDelayFrames', { inputDelayFrames: 16 }],
  ['inputDelayFrames', { inputDelayFrames: 0.5 }],
  ['inputDelayFrames', { inputDelayFrames: 'fast' }],
  ['inputDelayFrames', { inputDelayFrames: null }],
  ['inputDelayFrames.min', { inputDelayFrames: { min: -1 } }],
  ['inputDelayFrames.max', { inputDelayFrames: { max: 16 } }],
  ['inputDelayFrames.min', { inputDelayFrames: { min: 4, max: 3 } }],
  ['inputDelayFrames.rollbackBudgetFrames', { inputDelayFrames: { rollbackBudgetFrames: 1.5 } }],
  ['fairDelay', { fairDelay: 1 }],
  ['fairDelay', { fairDelay: null }],
  ['signInputs', { signInputs: 'yes' }],
  ['signInputs', { signInputs: null }],
  ['predictionFramesMax', { predictionFramesMax: -1 }],
  ['predictionFramesMax', { predictionFramesMax: 61 }],
  ['lostAfterMs', { lostAfterMs: 499 }],
  ['lostAfterMs', { lostAfterMs: 60_001 }],
  ['lateAfterMs', { lateAfterMs: 49 }],
  ['lateAfterMs', { lateAfterMs: 10_001 }],
  ['onLost', { onLost: 'explode' }],
  ['onLost', { onLost: {} }],
  ['onLost', { onLost: { bot: 'nobody' } }],
  ['onLost', { onLost: { bot: 'toString' } }],
  ['onLost', { onLost: 3 }],
  ['onLate', { onLate: 'explode' }],
  ['onLate', { onLate: 5 }],
  ['lateInput', { lateInput: 'last' }],
  ['lateInput', { lateInput: {} }],
  ['lateInput', { lateInput: { bot: 'nobody' } }],
  ['lateInput', { lateInput: { bot: 'toString' } }],
  ['lateInput', { lateInput: { bot: 7 } }],
  ['lateInput', { lateInput: 3 }],
  ['lateInput', { lateInput: null }],
  ['lateInput', { onLate: 'wait', lateInput: 'last' }],
  ['stepsPerAdvanceMax', { stepsPerAdvanceMax: 0 }],
  ['stepsPerAdvanceMax', { stepsPerAdvanceMax: 601 }],
  ['readInput', { readInput: undefined }],
  ['send', { send: undefined }],
])('%s: %j is refused', (name, options) => {
  const error = refusal(options);
  expect(error.code).toBe('invalid-argument');
  expect(error.message).toMatch(/^createSession: /);
  expect(error.message).toContain(name);
});

test.each<[string, Record<string, unknown>]>([
  [
    'the smallest of everything',
    {
      seed: 0,
      inputDelayFrames: 0,
      predictionFramesMax: 0,
      lostAfterMs: 500,
      lateAfterMs: 50,
      stepsPerAdvanceMax: 1,
    },
  ],
  [
    'the largest of everything',
    {
      seed: 2 ** 32 - 1,
      inputDelayFrames: 15,
      predictionFramesMax: 60,
      lostAfterMs: 60_000,
      lateAfterMs: 10_000,
      stepsPerAdvanceMax: 600,
    },
  ],
  ['an automatic delay', { inputDelayFrames: 'auto' }],
  ['a delay with bounds', { inputDelayFrames: { min: 0, max: 15, rollbackBudgetFrames: 15 } }],
  ['a fair delay', { fairDelay: true }],
  ['signed inputs', { signInputs: true }],
  ['signed inputs, and no company of who signs two', { signInputs: 'remove' }],
  ['a bot of the game', { onLost: { bot: 'seven' } }],
  ['31 peers', { peers: ids(31), self: 'p30', players: [{ peer: 'p0' }] }],
  ['options of 4 KiB', { options: { text: 'x'.repeat(4096 - '{"text":""}'.length) } }],
  ['waiting for the late', { onLate: 'wait' }],
  ['a substitute for the late', { onLate: 'substitute' }],
  ['a substitute that presses nothing', { lateInput: 'neutral' }],
  ['a substitute that repeats the last input', { lateInput: 'repeat' }],
  ['a substitute that is a bot of the game', { lateInput: { bot: 'seven' } }],
  ['a bot for the late and for the lost', { lateInput: { bot: 'seven' }, onLost: { bot: 'seven' } }],
])('%s is accepted', (_name, options) => {
  const session = createSession({ ...good, ...options } as Options);
  expect(session.phase).toBe('handshake');
  expect(session.frameCurrent).toBe(0);
});

/** The digest of what all peers must agree on. */
function configOf(options: Record<string, unknown>): number {
  return prepareSession({ ...good, ...options } as Options).agreement.config;
}

test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
  ['a substitute for the late', {}, { onLate: 'substitute' }],
  ['a substitute that presses nothing', {}, { lateInput: 'neutral' }],
  [
    'waiting for the late, if the lost are waited for',
    { onLost: 'pause' },
    { onLost: 'pause', onLate: 'wait' },
  ],
])('%s is the default', (_name, without, spelled) => {
  const defaults = prepareSession({ ...good, ...without } as Options);
  const same = prepareSession({ ...good, ...spelled } as Options);
  expect([defaults.substitutes, defaults.lateInput]).toEqual([same.substitutes, same.lateInput]);
  expect(configOf(without)).toBe(configOf(spelled));
});

test('all peers must agree on what happens to the late', () => {
  const digests = [
    {},
    { onLate: 'wait' },
    { lateInput: 'repeat' },
    { lateInput: { bot: 'seven' } },
    { lateAfterMs: 251 },
  ].map(configOf);
  expect(new Set(digests).size).toBe(digests.length);
});

test('a bot is found by its name, for the late as for the lost', () => {
  const { seven } = good.game.bots;
  expect(seven).toBeDefined();
  const options = { lateInput: { bot: 'seven' }, onLost: { bot: 'seven' } };
  const { lateInput, lostBot, substitutes } = prepareSession({ ...good, ...options } as Options);
  expect([lateInput, lostBot, substitutes]).toEqual([seven, seven, true]);
});

/** A game whose inputs are as long as they may be. */
function longInputs(byteLength: number) {
  return defineGame({
    id: 'long',
    version: '1',
    playersMax: 16,
    input: {
      byteLength,
      schemaHash: 1,
      create: () => new Uint8Array(byteLength),
      encodeInto: (value: Uint8Array, bytes: Uint8Array, offset: number) => void bytes.set(value, offset),
      decodeInto: (bytes: Uint8Array, offset: number, target: Uint8Array) =>
        target.set(bytes.subarray(offset, offset + byteLength)),
      isValid: () => true,
    },
    state: defineState({ x: i32 }),
    step() {},
  });
}

test('one peer may own as many players as one packet can carry, and not one more', () => {
  const players = (count: number) => Array.from({ length: count }, () => ({ peer: 'a' }));
  const options = { ...good, game: longInputs(64), readInput: () => new Uint8Array(64) };
  expect(createSession({ ...options, players: players(14) }).phase).toBe('handshake');
  expect(() => createSession({ ...options, players: players(15) })).toThrow(
    expect.objectContaining({
      code: 'invalid-argument',
      message: expect.stringContaining('players') as string,
    }) as Error,
  );
});

test('an input definition of 65 bytes is refused', () => {
  const game = longInputs(65);
  expect(() => createSession({ ...good, game, readInput: () => new Uint8Array(65) })).toThrow(
    'game.input.byteLength',
  );
});

test('stepsPerAdvanceMax may be changed within its range only', () => {
  const session = createSession(good);
  session.stepsPerAdvanceMax = 600;
  for (const wrong of [0, 601, 2.5, Number.NaN]) {
    expect(() => {
      session.stepsPerAdvanceMax = wrong;
    }).toThrow('stepsPerAdvanceMax');
  }
  expect(session.stepsPerAdvanceMax).toBe(600);
});

test.each<[string, Record<string, unknown>]>([
  ['id', { id: '' }],
  ['id', { id: 'x'.repeat(65) }],
  ['version', { version: '' }],
  ['version', { version: 'x'.repeat(33) }],
  ['framesPerSecond', { framesPerSecond: 0 }],
  ['framesPerSecond', { framesPerSecond: 241 }],
  ['framesPerSecond', { framesPerSecond: 59.94 }],
  ['playersMax', { playersMax: 0 }],
  ['playersMax', { playersMax: 17 }],
  ['input', { input: undefined }],
  ['state', { state: {} }],
  ['step', { step: undefined }],
  ['setup', { setup: 5 }],
])('defineGame refuses a bad %s: %j', (name, part) => {
  const { game } = good;
  expect(() => defineGame({ ...game, ...part } as typeof game)).toThrow(
    expect.objectContaining({
      code: 'invalid-game',
      message: expect.stringContaining(name) as string,
    }) as Error,
  );
});

test('a game is frozen and has its defaults', () => {
  const { input, state, step } = good.game;
  const game = defineGame({ id: 'g', version: '1', playersMax: 2, input, state, step });
  expect(game).toMatchObject({ framesPerSecond: 60, bots: {} });
  expect(Object.isFrozen(game) && Object.isFrozen(game.bots)).toBe(true);
});
