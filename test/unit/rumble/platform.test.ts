import {
  HOLD_FIRST_FRAMES,
  PHASE,
  PLATFORM_STAGES,
  platformFraction,
  platformOutlook,
  ROUND_FRAMES_MAX,
  startRadius,
  WARNING_FRAMES,
} from '../../../demo-game/src/game/index.js';
import { BareMatch } from './bare-match.js';

test('the platform never grows and is gone in the end', () => {
  let before = platformFraction(0);
  expect(before).toBe(1);
  for (let frame = 1; frame <= ROUND_FRAMES_MAX; frame++) {
    const now = platformFraction(frame);
    expect(now).toBeLessThanOrEqual(before);
    before = now;
  }
  expect(before).toBe(0);
});

test('it holds at first, then every stage is announced before it begins', () => {
  expect(platformFraction(HOLD_FIRST_FRAMES - 1)).toBe(1);
  for (const { beginsAt, to } of PLATFORM_STAGES) {
    expect(platformOutlook(beginsAt - WARNING_FRAMES - 1).mood).toBe('holding');
    expect(platformOutlook(beginsAt - WARNING_FRAMES)).toEqual({
      mood: 'warning',
      nextFraction: to,
      framesLeft: WARNING_FRAMES,
    });
    expect(platformOutlook(beginsAt).mood).toBe('shrinking');
  }
  expect(platformOutlook(ROUND_FRAMES_MAX).mood).toBe('gone');
});

test('more players get a larger platform', () => {
  expect(startRadius(8)).toBeGreaterThan(startRadius(2));
  expect(new BareMatch(5).state.radius).toBe(startRadius(5));
});

test('a round of players who do nothing still ends, when the floor has gone from under them', () => {
  const match = new BareMatch(3).toPlay();
  let frames = 0;
  while (match.state.phase === PHASE.play && frames <= ROUND_FRAMES_MAX) {
    match.step();
    frames += 1;
  }
  expect(match.state.phase).toBe(PHASE.roundEnd);
  expect(match.announced('fall').length).toBeGreaterThanOrEqual(2);
});

test('each stage is announced to the screen when it warns and when it begins', () => {
  const match = new BareMatch(2).toPlay();
  const { length } = PLATFORM_STAGES;
  for (let frame = 0; frame < ROUND_FRAMES_MAX - 1; frame++) {
    match.place(0, { x: 0, y: 0 }).place(1, { x: 0, y: 0 }).step();
  }
  expect(match.announced('warning').map(({ stage }) => stage)).toEqual([...Array(length).keys()]);
  expect(match.announced('shrink').map(({ stage }) => stage)).toEqual([...Array(length).keys()]);
});
