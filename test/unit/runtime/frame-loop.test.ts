/** When a session advances, and how much at once. */
import {
  type Advanceable,
  advanceBudgetMs,
  FrameLoop,
  stepsPerAdvanceLimit,
} from '../../../sdk/src/runtime/frame-loop.js';

/** A session whose steps cost time on a clock that only they and the test move. */
class CostlySession implements Advanceable {
  nowMs = 1000;
  stepsPerAdvanceMax = stepsPerAdvanceLimit;
  dueFrames = 0;
  advances = 0;
  longestMs = 0;

  constructor(readonly stepMs: number) {}

  advance(): { framesStepped: number; framesResimulated: number; stalled: boolean } {
    const framesStepped = Math.min(this.dueFrames, this.stepsPerAdvanceMax);
    this.dueFrames -= framesStepped;
    this.advances += 1;
    const costMs = framesStepped * this.stepMs;
    this.longestMs = Math.max(this.longestMs, costMs);
    this.nowMs += costMs;
    return { framesStepped, framesResimulated: 0, stalled: false };
  }
}

const frameMs = 1000 / 60;
const tickMs = frameMs / 4;

function driven(stepMs: number): { session: CostlySession; loop: FrameLoop; steps: number[] } {
  const session = new CostlySession(stepMs);
  const steps: number[] = [];
  const loop = new FrameLoop({
    session,
    tickMs,
    frameMs,
    now: () => session.nowMs,
    onStepped: (framesStepped) => steps.push(framesStepped),
  });
  return { session, loop, steps };
}

/** Ticks for `durationMs`, one frame becoming due each frame time; returns the frames that are still owed. */
function play(session: CostlySession, loop: FrameLoop, durationMs: number): number {
  const endMs = session.nowMs + durationMs;
  let nextTickMs = session.nowMs + tickMs;
  let nextFrameMs = session.nowMs + frameMs;
  while (session.nowMs < endMs) {
    session.nowMs = Math.max(session.nowMs, nextTickMs);
    nextTickMs += tickMs;
    while (nextFrameMs <= session.nowMs) {
      session.dueFrames += 1;
      nextFrameMs += frameMs;
    }
    loop.tick();
  }
  return session.dueFrames;
}

test('ticks that queued up behind a busy main thread are merged', () => {
  const { session, loop } = driven(0);
  loop.tick();
  for (let queued = 0; queued < 50; queued += 1) loop.tick();
  expect(session.advances).toBe(1);
  session.nowMs += tickMs;
  loop.tick();
  expect(session.advances).toBe(2);
});

test('a packet advances the session only when the clock is late', () => {
  const { session, loop } = driven(0);
  loop.tick();
  session.nowMs += tickMs / 2;
  loop.packetArrived();
  expect(session.advances).toBe(1);
  session.nowMs += tickMs;
  loop.packetArrived();
  expect(session.advances).toBe(2);
});

test('a packet that arrives while the session advances does not advance it again', () => {
  const { session, loop } = driven(0);
  const advance = session.advance.bind(session);
  session.advance = () => {
    session.nowMs += 2 * tickMs;
    loop.packetArrived();
    return advance();
  };
  loop.tick();
  expect(session.advances).toBe(1);
});

test('an advance with costly steps is held within its budget after the first', () => {
  const { session, loop } = driven(1.5);
  session.dueFrames = 12;
  loop.tick();
  session.longestMs = 0;
  session.dueFrames = 300;
  play(session, loop, 2000);
  expect(session.longestMs).toBeLessThanOrEqual(advanceBudgetMs);
  expect(session.stepsPerAdvanceMax).toBe(Math.floor(advanceBudgetMs / 1.5));
});

test('after a pause of the tab the frames owed are made up for, with room for drawing in between', () => {
  const { session, loop, steps } = driven(1);
  session.dueFrames = 240;
  const startMs = session.nowMs;
  while (session.dueFrames > 0) play(session, loop, frameMs);
  expect(steps.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(240);
  const busyShare = steps.reduce((sum, count) => sum + count, 0) / (session.nowMs - startMs);
  expect(busyShare).toBeLessThan(0.75);
});

test('a game whose step takes most of a frame still keeps its pace', () => {
  const { session, loop } = driven(14);
  expect(play(session, loop, 5000)).toBeLessThanOrEqual(2);
  expect(session.stepsPerAdvanceMax).toBe(1);
});

test('cheap steps get the limit back', () => {
  const { session, loop } = driven(0.01);
  session.stepsPerAdvanceMax = 1;
  play(session, loop, 1000);
  expect(session.stepsPerAdvanceMax).toBe(stepsPerAdvanceLimit);
});

test('the statistics name the cost of a step and of the longest advance', () => {
  const { session, loop } = driven(2);
  play(session, loop, 1000);
  const { stepMs, advanceMsMax, advances } = loop.stats();
  expect(stepMs).toBeCloseTo(2, 5);
  expect(advanceMsMax).toBeCloseTo(session.longestMs, 5);
  expect(advances).toBe(session.advances);
});
