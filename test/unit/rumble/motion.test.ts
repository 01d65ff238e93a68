import {
  DASH_COOLDOWN_FRAMES,
  DASH_SPEED,
  headingX,
  headingY,
  nearestHeading,
  SPEED_MAX,
} from '../../../demo-game/src/game/index.js';
import { BareMatch } from './bare-match.js';

/** One puck in the middle, the other far from it. */
function alone(): BareMatch {
  return new BareMatch(2).toPlay().place(0, { x: 0, y: 0 }).place(1, { x: -200, y: -100 });
}

describe('steering', () => {
  test('all headings are unit vectors and find themselves again', () => {
    for (let heading = 0; heading < 16; heading++) {
      expect(Math.hypot(headingX(heading), headingY(heading))).toBeCloseTo(1, 12);
      expect(nearestHeading(headingX(heading) * 7, headingY(heading) * 7)).toBe(heading);
    }
    expect(nearestHeading(0, 0)).toBe(0);
  });

  test('a full push speeds up towards its heading and levels off well below the speed limit', () => {
    const match = alone().say(0, { heading: 4, thrust: 3 });
    match.steps(20);
    const early = match.speed(0);
    expect(match.state.pucks.vy[0]).toBeGreaterThan(0);
    expect(match.state.pucks.vx[0]).toBe(0);
    match.place(0, { x: 0, y: -200, vy: early });
    match.steps(50);
    expect(match.speed(0)).toBeGreaterThan(early);
    expect(match.speed(0)).toBeLessThan(SPEED_MAX / 2);
  });

  test('a third of the thrust gives a third of the push', () => {
    const full = alone().say(0, { heading: 0, thrust: 3 });
    const third = alone().say(0, { heading: 0, thrust: 1 });
    full.step();
    third.step();
    expect(third.speed(0) / full.speed(0)).toBeCloseTo(1 / 3, 9);
  });

  test('the brake stops a gliding puck in less than half the way', () => {
    const glide = alone().place(0, { x: -100, y: 0, vx: 5 });
    const braked = alone().place(0, { x: -100, y: 0, vx: 5 }).say(0, { brake: true });
    glide.steps(80);
    braked.steps(80);
    const way = (match: BareMatch): number => (match.state.pucks.x[0] as number) + 100;
    expect(way(braked)).toBeLessThan(way(glide) / 2);
  });

  test('a puck left alone comes to rest at exactly zero', () => {
    const match = alone().place(0, { x: -50, y: 0, vx: 3, vy: -1 });
    match.steps(300);
    expect(match.speed(0)).toBe(0);
  });
});

describe('the dash', () => {
  test('launches the puck where it steers', () => {
    const match = alone().say(0, { heading: 12, thrust: 3, dash: true });
    match.step();
    expect(match.state.pucks.vy[0]).toBeLessThan(-DASH_SPEED * 0.9);
    expect(match.announced('dash')).toHaveLength(1);
  });

  test('goes where the puck looks when nobody steers', () => {
    const match = alone();
    match.say(0, { heading: 8, thrust: 1 }).step();
    match.say(0, { dash: true }).step();
    expect(match.state.pucks.vx[0]).toBeLessThan(-DASH_SPEED * 0.9);
  });

  test('needs a fresh press: holding the button dashes once', () => {
    const match = alone().say(0, { heading: 4, thrust: 0, dash: true });
    for (let index = 0; index < DASH_COOLDOWN_FRAMES * 3; index++) {
      match.place(0, { x: 0, y: 0 });
      match.step();
    }
    expect(match.announced('dash')).toHaveLength(1);
  });

  test('is ready again after exactly its cool-down', () => {
    const match = alone();
    const dashes: number[] = [];
    for (let index = 0; index < DASH_COOLDOWN_FRAMES * 3; index++) {
      // The button is tapped in every other frame.
      match
        .say(0, { dash: index % 2 === 0 })
        .place(0, { x: 0, y: 0 })
        .step();
      if (match.announced('dash').length > dashes.length) dashes.push(match.frame);
    }
    expect(dashes.length).toBe(3);
    expect((dashes[1] as number) - (dashes[0] as number)).toBe(DASH_COOLDOWN_FRAMES + 2);
  });

  test('held through the countdown does not go off on "go"', () => {
    const match = new BareMatch(2);
    match.say(0, { dash: true }).toPlay();
    match.steps(30);
    expect(match.announced('dash')).toHaveLength(0);
  });
});
