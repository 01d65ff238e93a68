import { DASH_FRAMES, PLAYERS_MAX, PUCK_RADIUS } from '../../../demo-game/src/game/index.js';
import { BareMatch } from './bare-match.js';

/** Slot 0 comes from the left with speed `vx`, slot 1 rests in the middle, just out of touch. */
function headOn(vx: number, gap = 1): BareMatch {
  return new BareMatch(2)
    .toPlay()
    .place(0, { x: -PUCK_RADIUS * 2 - gap, y: 0, vx })
    .place(1, { x: 0, y: 0 });
}

function momentum(match: BareMatch): number {
  return (match.state.pucks.vx[0] as number) + (match.state.pucks.vx[1] as number);
}

test('a plain collision hands momentum over and loses none but the drag of the frame', () => {
  const match = headOn(6);
  match.step();
  expect(match.announced('hit')).toHaveLength(1);
  expect(momentum(match)).toBeCloseTo(6 * 0.971, 9);
  expect(match.state.pucks.vx[1]).toBeGreaterThan(match.state.pucks.vx[0] as number);
});

test('two equal pucks that meet head-on part as mirror images', () => {
  const match = new BareMatch(2).toPlay();
  match.place(0, { x: -PUCK_RADIUS - 2, y: 0, vx: 5 }).place(1, { x: PUCK_RADIUS + 2, y: 0, vx: -5 });
  match.steps(6);
  const { x, y, vx, vy } = match.state.pucks;
  expect(vx[0]).toBe(-(vx[1] as number));
  expect(x[0]).toBe(-(x[1] as number));
  expect([vy[0], vy[1], y[0], y[1]]).toEqual([0, 0, 0, 0]);
});

test('a collision mirrored left to right gives the mirrored result', () => {
  const match = new BareMatch(2)
    .toPlay()
    .place(0, { x: -40, y: 3, vx: 4, vy: 1 })
    .place(1, { x: 20, y: 0, vx: -2 });
  const mirror = new BareMatch(2)
    .toPlay()
    .place(0, { x: 40, y: 3, vx: -4, vy: 1 })
    .place(1, { x: -20, y: 0, vx: 2 });
  match.steps(10);
  mirror.steps(10);
  for (const slot of [0, 1]) {
    expect(mirror.state.pucks.vx[slot]).toBe(-(match.state.pucks.vx[slot] as number));
    expect(mirror.state.pucks.vy[slot]).toBe(match.state.pucks.vy[slot]);
    expect(mirror.state.pucks.x[slot]).toBe(-(match.state.pucks.x[slot] as number));
  }
});

test('a braced puck is pushed away more slowly', () => {
  const plain = headOn(8);
  const braced = headOn(8).say(1, { brake: true });
  plain.step();
  braced.step();
  expect(braced.state.pucks.vx[1]).toBeLessThan((plain.state.pucks.vx[1] as number) * 0.9);
});

test('a dash throws its victim further than the same speed without one, and is spent', () => {
  const plain = headOn(9);
  const dashed = headOn(9);
  dashed.state.pucks.dashFrames[0] = DASH_FRAMES;
  plain.step();
  dashed.step();
  expect(dashed.state.pucks.vx[1]).toBeGreaterThan((plain.state.pucks.vx[1] as number) * 1.3);
  expect(dashed.state.pucks.dashFrames[0]).toBe(0);
  expect(dashed.announced('hit')[0]?.dash).toBe(true);
});

test('a hard hit takes the controls away for a moment, a dash keeps them', () => {
  const match = headOn(9).say(1, { heading: 8, thrust: 3 });
  match.state.pucks.dashFrames[0] = DASH_FRAMES;
  match.step();
  expect(match.state.pucks.stunFrames[1]).toBeGreaterThan(5);
  expect(match.state.pucks.stunFrames[0]).toBe(0);
  const before = match.state.pucks.vx[1] as number;
  match.step();
  expect(match.state.pucks.vx[1]).toBeCloseTo(before * 0.971, 9);
  expect(match.state.pucks.thrust[1]).toBe(0);
});

test('a touch is a bump, never a stick: slow pucks part again', () => {
  const match = headOn(0.4, 0.1);
  match.steps(5);
  expect((match.state.pucks.vx[1] as number) - (match.state.pucks.vx[0] as number)).toBeGreaterThan(0.5);
});

test('two pucks in the same place are pulled apart along a fixed axis', () => {
  const match = new BareMatch(2).toPlay().place(0, { x: 5, y: 5 }).place(1, { x: 5, y: 5 });
  match.step();
  expect((match.state.pucks.x[1] as number) - (match.state.pucks.x[0] as number)).toBeCloseTo(
    PUCK_RADIUS * 2,
    9,
  );
});

test('eight pucks in a heap never stay inside each other', () => {
  const match = new BareMatch(PLAYERS_MAX).toPlay();
  for (let slot = 0; slot < PLAYERS_MAX; slot++) {
    match.place(slot, { x: (slot % 3) * 30 - 30, y: Math.floor(slot / 3) * 30 - 30 });
    match.say(slot, { heading: slot * 2, thrust: 3 });
  }
  match.steps(40);
  const { x, y } = match.state.pucks;
  for (let a = 0; a < PLAYERS_MAX; a++) {
    for (let b = a + 1; b < PLAYERS_MAX; b++) {
      const apart = Math.hypot((x[a] as number) - (x[b] as number), (y[a] as number) - (y[b] as number));
      expect(apart).toBeGreaterThan(PUCK_RADIUS * 2 - 6);
    }
  }
});

test('who is hit remembers by whom, for the credit', () => {
  const match = headOn(6);
  match.step();
  expect(match.state.pucks.hitBy[1]).toBe(0);
  match.place(1, { x: 999, y: 0 });
  match.step();
  expect(match.announced('fall')).toEqual([expect.objectContaining({ slot: 1, by: 0 })]);
  expect(match.state.pucks.knockouts[0]).toBe(1);
});
