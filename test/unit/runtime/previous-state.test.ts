/** The state one frame earlier is always exactly that, whatever the session saves and loads. */
import { button, createSession, defineGame, defineInput, defineState, type Game, i32 } from 'rollmesh';
import { tapPreviousState } from '../../../sdk/src/runtime/previous-state.js';

const input = defineInput({ push: button });
const state = defineState({ frame: i32, pushes: i32 });
type Counter = Game<{ frame: number; pushes: number }, { push: boolean }>;
const game: Counter = defineGame({
  id: 'counter',
  version: '1',
  playersMax: 2,
  input,
  state,
  step(live, inputs, context) {
    live.frame = context.frame;
    for (const { push } of inputs) if (push) live.pushes += 1;
  },
});

test('before frame 1 there is no earlier state', () => {
  const tapped = tapPreviousState(game);
  tapped.game.state.createStore(4);
  expect(tapped.previous()).toBeUndefined();
});

test('after each step of a session the earlier state is one frame behind', () => {
  const tapped = tapPreviousState(game);
  const session = createSession({
    game: tapped.game,
    matchId: 'm',
    nowMs: 0,
    self: 'a',
    peers: ['a'],
    players: [{ peer: 'a' }],
    readInput: (_slot, frame) => ({ push: frame % 3 === 0 }),
    send: () => true,
  });
  for (let nowMs = 0; nowMs < 1000; nowMs += 5) {
    const before = session.frameCurrent;
    session.advance(nowMs);
    if (session.frameCurrent > before) {
      expect(tapped.previous()?.frame).toBe(session.frameCurrent - 1);
      expect((session.state as { frame: number }).frame).toBe(session.frameCurrent);
    }
  }
  expect(session.frameCurrent).toBeGreaterThan(50);
});

/** Two sessions of a match; packets to `b` arrive `delayFrames` frames late. */
function playTwo(delayFrames: number, predictionFramesMax: number): { rollbacks: number; frames: number } {
  const tapped = tapPreviousState(game);
  const queues = {
    a: [] as { atMs: number; bytes: Uint8Array }[],
    b: [] as { atMs: number; bytes: Uint8Array }[],
  };
  const make = (self: 'a' | 'b', played: Counter): ReturnType<typeof createSession> =>
    createSession({
      game: played,
      matchId: 'm',
      nowMs: 0,
      self,
      peers: ['a', 'b'],
      players: [{ peer: 'a' }, { peer: 'b' }],
      inputDelayFrames: 0,
      predictionFramesMax,
      readInput: (slot: number, frame: number) => ({ push: (frame + slot) % 5 === 0 }),
      send: (peer: string, _channel: string, bytes: Uint8Array) => {
        queues[peer as 'a' | 'b'].push({ atMs: nowMs + (delayFrames * 1000) / 60, bytes: bytes.slice() });
        return true;
      },
    }) as never;
  let nowMs = 0;
  const a = make('a', tapped.game);
  const b = make('b', game);
  for (; nowMs < 4000; nowMs += 4) {
    for (const [session, self, other] of [
      [a, 'a', 'b'],
      [b, 'b', 'a'],
    ] as const) {
      for (const packet of queues[self].filter(({ atMs }) => atMs <= nowMs))
        session.receive(other, 'unreliable', packet.bytes, nowMs);
      queues[self] = queues[self].filter(({ atMs }) => atMs > nowMs);
      session.advance(nowMs);
    }
    const previous = tapped.previous();
    const current = a.state as { frame: number; pushes: number };
    if (previous === undefined) continue;
    expect(previous.frame).toBe(a.frameCurrent - 1);
    // The frame between the two is at most one push of each player, so an old timeline would show.
    expect(current.pushes - previous.pushes).toBeLessThanOrEqual(2);
    expect(current.pushes).toBeGreaterThanOrEqual(previous.pushes);
  }
  return { rollbacks: a.stats().rollbacks, frames: a.frameCurrent };
}

test('after a rollback the earlier state belongs to the new timeline', () => {
  const { rollbacks, frames } = playTwo(3, 8);
  expect(rollbacks).toBeGreaterThan(10);
  expect(frames).toBeGreaterThan(150);
});

test('in lockstep the earlier state is right too', () => {
  const { rollbacks, frames } = playTwo(1, 0);
  expect(rollbacks).toBe(0);
  expect(frames).toBeGreaterThan(50);
});

test('a store with a single slot, overwritten in each frame, still shows the frame before', () => {
  const tapped = tapPreviousState(game);
  const store = tapped.game.state.createStore(1);
  const context = { slots: [], options: {}, emit() {} } as never;
  store.save(0);
  for (let frame = 1; frame < 10; frame += 1) {
    tapped.game.step(store.state, [], { ...(context as object), frame } as never);
    store.save(0);
    expect(tapped.previous()?.frame).toBe(frame - 1);
  }
});

test('when a session goes on with new stores, the earlier state is that of the new ones', () => {
  const tapped = tapPreviousState(game);
  const context = { slots: [], options: {}, emit() {} } as never;
  const step = (store: { state: { frame: number; pushes: number } }, frame: number): void =>
    tapped.game.step(store.state, [], { ...(context as object), frame } as never);
  const first = tapped.game.state.createStore(4);
  step(first, 1);
  step(first, 2);
  expect(tapped.previous()?.frame).toBe(1);
  const second = tapped.game.state.createStore(4);
  const copy = tapped.game.state.createStore(1);
  step(second, 701);
  step(second, 702);
  expect(tapped.previous()?.frame).toBe(701);
  expect(copy.state.frame).toBe(0);
  step(first, 3);
  expect(tapped.previous()?.frame).toBe(2);
});
