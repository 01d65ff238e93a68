/** When a session advances, and how much at once. */
import {
  type Advanceable,
  advanceBudgetMs,
  FrameLoop,
  packetSpacingMs,
  stepsPerAdvanceLimit,
} from '../../../sdk/src/runtime/frame-loop.js';

const frameMs = 1000 / 60;

/** A session whose steps cost time on a clock that only they and the test move. */
class CostlySession implements Advanceable {
  nowMs = 1000;
  stepsPerAdvanceMax = stepsPerAdvanceLimit;
  /** Frames stepped, and the fractional frame that the clock asks for. */
  frame = 0;
  position = 0;
  advances: number[] = [];
  longestMs = 0;
  waiting = false;
  readonly stepMs: number;
  #lastMs = 1000;

  constructor(stepMs: number) {
    this.stepMs = stepMs;
  }

  get frameFraction(): number {
    return Math.min(1, Math.max(0, this.position - this.frame));
  }

  advance(nowMs: number): { framesStepped: number; framesResimulated: number; stalled: boolean } {
    this.position += (nowMs - this.#lastMs) / frameMs;
    this.#lastMs = nowMs;
    this.advances.push(nowMs);
    const due = this.waiting ? 0 : Math.floor(this.position + 1e-9) - this.frame;
    const framesStepped = Math.min(due, this.stepsPerAdvanceMax);
    this.frame += framesStepped;
    const costMs = framesStepped * this.stepMs;
    this.longestMs = Math.max(this.longestMs, costMs);
    this.nowMs += costMs;
    return { framesStepped, framesResimulated: 0, stalled: this.waiting };
  }
}

interface Driven {
  readonly session: CostlySession;
  readonly loop: FrameLoop;
  readonly steps: number[];
  /** Lets the alarm ring until `durationMs` have passed. */
  play(durationMs: number): void;
}

function driven(stepMs: number): Driven {
  const session = new CostlySession(stepMs);
  const steps: number[] = [];
  let alarmMs = session.nowMs;
  const loop = new FrameLoop({
    session,
    frameMs,
    now: () => session.nowMs,
    wakeAt: (timeMs) => {
      alarmMs = timeMs;
    },
    onStepped: (framesStepped) => steps.push(framesStepped),
  });
  const play = (durationMs: number): void => {
    const endMs = session.nowMs + durationMs;
    while (alarmMs <= endMs && session.nowMs < endMs) {
      // The alarm's own timer is late by up to half a millisecond.
      session.nowMs = Math.max(session.nowMs, alarmMs + 0.5);
      loop.ring();
    }
    session.nowMs = Math.max(session.nowMs, endMs);
  };
  return { session, loop, steps, play };
}

test('the alarm is set for the moment at which the next frame is due', () => {
  const { session, play } = driven(0);
  play(1000);
  expect(session.frame).toBeGreaterThanOrEqual(59);
  expect(session.advances.length).toBeLessThanOrEqual(62);
});

test('a packet advances the session at once', () => {
  const { session, loop, play } = driven(0);
  play(frameMs);
  session.nowMs += packetSpacingMs;
  const before = session.advances.length;
  loop.packetArrived();
  expect(session.advances.length).toBe(before + 1);
});

test('packets that come in a burst are handled by one advance a little later', () => {
  const { session, loop, play } = driven(0);
  play(frameMs);
  const before = session.advances.length;
  for (let packet = 0; packet < 20; packet += 1) loop.packetArrived();
  expect(session.advances.length).toBe(before);
  play(packetSpacingMs + 1);
  expect(session.advances.length).toBe(before + 1);
});

test('a packet that arrives while the session advances does not advance it again', () => {
  const { session, loop } = driven(0);
  const advance = session.advance.bind(session);
  session.advance = (nowMs) => {
    session.nowMs += 2 * packetSpacingMs;
    loop.packetArrived();
    return advance(nowMs);
  };
  loop.ring();
  expect(session.advances.length).toBe(1);
});

test('a session that waits is asked once a frame, for it still has to send', () => {
  const { session, play } = driven(0);
  session.waiting = true;
  play(1000);
  expect(session.advances.length).toBeGreaterThan(50);
  expect(session.advances.length).toBeLessThan(65);
});

test('an advance with costly steps is held within its budget after the first', () => {
  const { session, play } = driven(1.5);
  session.position = 12;
  play(1);
  session.longestMs = 0;
  session.position += 300;
  play(2000);
  expect(session.longestMs).toBeLessThanOrEqual(advanceBudgetMs);
  expect(session.stepsPerAdvanceMax).toBe(Math.floor(advanceBudgetMs / 1.5));
});

test('after a pause of the tab the frames owed are made up for, with room for drawing in between', () => {
  const { session, steps, play } = driven(1);
  session.position = 240;
  const startMs = session.nowMs;
  while (session.position - session.frame >= 1) play(1);
  const stepped = steps.reduce((sum, count) => sum + count, 0);
  expect(stepped).toBeGreaterThanOrEqual(240);
  expect(stepped / (session.nowMs - startMs)).toBeLessThan(0.6);
});

test('a game whose step takes most of a frame still keeps its pace', () => {
  const { session, play } = driven(15);
  play(5000);
  expect(session.position - session.frame).toBeLessThan(2);
  expect(session.stepsPerAdvanceMax).toBe(1);
});

test('cheap steps get the limit back', () => {
  const { session, play } = driven(0.01);
  session.stepsPerAdvanceMax = 1;
  play(1000);
  expect(session.stepsPerAdvanceMax).toBe(stepsPerAdvanceLimit);
});

test('a step that throws is seen by the caller, and the loop goes on', () => {
  const { session, loop, play } = driven(0);
  const advance = session.advance.bind(session);
  session.advance = () => {
    throw new Error('a bug in a game');
  };
  expect(() => loop.ring()).toThrow('a bug in a game');
  session.advance = advance;
  play(1000);
  expect(session.frame).toBeGreaterThan(50);
});

test('the statistics name the cost of a step and of the longest advance', () => {
  const { session, loop, play } = driven(2);
  play(1000);
  const { stepMs, advanceMsMax, advances } = loop.stats();
  expect(stepMs).toBeCloseTo(2, 5);
  expect(advanceMsMax).toBeCloseTo(session.longestMs, 5);
  expect(advances).toBe(session.advances.length);
});
