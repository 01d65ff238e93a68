import {
  COUNTDOWN_FIRST_FRAMES,
  COUNTDOWN_FRAMES,
  FALL_FRAMES,
  NOBODY,
  PHASE,
  PUCK,
  REMATCH_AFTER_FRAMES,
  ROUND_END_FRAMES,
  ROUNDS_TO_WIN,
} from '../../../demo-game/src/game/index.js';
import { BareMatch } from './bare-match.js';

/** Plays until `winner` has won the match; everybody else drops at once in each round. */
function winMatch(match: BareMatch, winner: number): BareMatch {
  for (let round = 0; round < ROUNDS_TO_WIN; round++)
    match.toPlay().dropAllBut(winner).steps(ROUND_END_FRAMES);
  return match;
}

describe('a round', () => {
  test('begins with a countdown in which nobody moves but everybody may look around', () => {
    const match = new BareMatch(2).say(0, { heading: 3, thrust: 3 });
    const [x, y] = [match.state.pucks.x[0], match.state.pucks.y[0]];
    match.steps(COUNTDOWN_FIRST_FRAMES - 1);
    expect([match.state.pucks.x[0], match.state.pucks.y[0]]).toEqual([x, y]);
    expect(match.state.pucks.heading[0]).toBe(3);
    expect(match.state.phase).toBe(PHASE.countdown);
    match.step();
    expect(match.state.phase).toBe(PHASE.play);
    expect(match.announced('count').map(({ count }) => count)).toEqual([3, 2, 1]);
    expect(match.announced('go')).toHaveLength(1);
  });

  test('seats the pucks evenly, inside the platform and looking at its middle', () => {
    const match = new BareMatch(8);
    const { x, y, heading } = match.state.pucks;
    for (let slot = 0; slot < 8; slot++) {
      const far = Math.hypot(x[slot] as number, y[slot] as number);
      expect(far).toBeCloseTo(match.state.radius * 0.62, 6);
      const angle = Math.atan2(-(y[slot] as number), -(x[slot] as number));
      const look = ((heading[slot] as number) / 16) * Math.PI * 2;
      expect(Math.cos(angle - look)).toBeGreaterThan(0.97);
    }
  });

  test('drops a puck whose centre has left the platform, and only that', () => {
    const match = new BareMatch(3).toPlay();
    match.place(0, { x: match.state.radius - 0.01, y: 0 }).place(1, { x: 0, y: match.state.radius + 0.01 });
    match.place(2, { x: 0, y: 0 });
    match.step();
    expect([...match.state.pucks.status].slice(0, 3)).toEqual([PUCK.standing, PUCK.falling, PUCK.standing]);
    expect(match.announced('fall')).toEqual([expect.objectContaining({ slot: 1, by: NOBODY })]);
    match.steps(FALL_FRAMES);
    expect(match.state.pucks.status[1]).toBe(PUCK.out);
  });

  test('goes to the last puck standing', () => {
    const match = new BareMatch(4).toPlay().dropAllBut(2);
    expect(match.state.phase).toBe(PHASE.roundEnd);
    expect(match.state.roundWinner).toBe(2);
    expect([...match.state.pucks.wins].slice(0, 4)).toEqual([0, 0, 1, 0]);
    expect(match.announced('round-won')).toEqual([{ slot: 2, wins: 1, round: 1 }]);
  });

  test('goes to nobody when the last two fall in one frame', () => {
    const match = new BareMatch(2).toPlay().dropAllBut(undefined);
    expect(match.state.roundWinner).toBe(NOBODY);
    expect(match.announced('draw')).toHaveLength(1);
    expect([...match.state.pucks.wins].slice(0, 2)).toEqual([0, 0]);
    match.steps(ROUND_END_FRAMES);
    expect(match.state.round).toBe(2);
  });

  test('lets its winner roll to a stop without falling', () => {
    const match = new BareMatch(2).toPlay().place(1, { x: 900, y: 0 });
    match.place(0, { x: match.state.radius - 30, y: 0, vx: 14 });
    match.step();
    match.steps(ROUND_END_FRAMES - 2);
    expect(match.state.pucks.status[0]).toBe(PUCK.standing);
    expect(Math.hypot(match.state.pucks.x[0] as number, match.state.pucks.y[0] as number)).toBeLessThan(
      match.state.radius,
    );
  });

  test('is followed by the next one, with everybody back on a full platform', () => {
    const match = new BareMatch(3).toPlay().dropAllBut(1);
    match.steps(ROUND_END_FRAMES);
    expect(match.state.round).toBe(2);
    expect([...match.state.pucks.status].slice(0, 3)).toEqual([PUCK.standing, PUCK.standing, PUCK.standing]);
    expect(match.state.radius).toBe(match.state.radiusStart);
    match.steps(COUNTDOWN_FRAMES);
    expect(match.state.phase).toBe(PHASE.play);
  });
});

describe('a match', () => {
  test('is won by the first to take five rounds', () => {
    const match = winMatch(new BareMatch(3), 1);
    expect(match.state.phase).toBe(PHASE.matchEnd);
    expect(match.state.matchWinner).toBe(1);
    expect(match.announced('match-won')).toEqual([{ slot: 1 }]);
    match.steps(500);
    expect(match.state.phase).toBe(PHASE.matchEnd);
  });

  test('begins anew when everybody has asked for it with a fresh dash', () => {
    const match = winMatch(new BareMatch(2), 0);
    match.say(0, { dash: true });
    match.steps(REMATCH_AFTER_FRAMES + 5);
    expect(match.state.pucks.ready[0]).toBe(0);
    match.say(0, {}).step();
    match.say(0, { dash: true }).step();
    expect(match.state.pucks.ready[0]).toBe(1);
    expect(match.state.phase).toBe(PHASE.matchEnd);
    match.say(1, { dash: true }).step();
    expect(match.state.phase).toBe(PHASE.countdown);
    expect(match.state.rematches).toBe(1);
    expect([...match.state.pucks.wins].slice(0, 2)).toEqual([0, 0]);
    expect(match.state.round).toBe(1);
  });

  test('takes the pucks of vacant slots away and goes on without them', () => {
    const match = new BareMatch(3).toPlay();
    match.slots[1] = 'vacant';
    match.step();
    expect(match.state.pucks.status[1]).toBe(PUCK.absent);
    expect(match.announced('gone')).toEqual([expect.objectContaining({ slot: 1 })]);
    expect(match.state.phase).toBe(PHASE.play);
    match.dropAllBut(0);
    expect(match.state.roundWinner).toBe(0);
  });

  test.each([PHASE.countdown, PHASE.play, PHASE.roundEnd])(
    'goes to whoever is left alone (phase %i)',
    (phase) => {
      const match = new BareMatch(2);
      if (phase !== PHASE.countdown) match.toPlay();
      if (phase === PHASE.roundEnd) match.dropAllBut(0);
      match.slots[0] = 'vacant';
      match.step();
      expect(match.state.phase).toBe(PHASE.matchEnd);
      expect(match.state.matchWinner).toBe(1);
    },
  );

  test('lets no one start a rematch against nobody', () => {
    const match = winMatch(new BareMatch(2), 0);
    match.slots[1] = 'vacant';
    match.steps(REMATCH_AFTER_FRAMES + 1);
    match.say(0, { dash: true }).step();
    expect(match.state.phase).toBe(PHASE.matchEnd);
  });

  test('lets a slot that is filled later join in the next round', () => {
    const match = new BareMatch(2).toPlay();
    match.slots[2] = 'active';
    match.step();
    expect(match.state.pucks.status[2]).toBe(PUCK.out);
    expect(match.announced('welcome')).toEqual([{ slot: 2 }]);
    match.dropAllBut(0);
    match.steps(ROUND_END_FRAMES);
    expect(match.state.pucks.status[2]).toBe(PUCK.standing);
  });

  test('gives a slot that is filled during the countdown its place at once, as far from the others as they are from one another', () => {
    const match = new BareMatch(2);
    match.steps(10);
    match.slots[5] = 'active';
    match.step();
    const { pucks } = match.state;
    expect(pucks.status[5]).toBe(PUCK.standing);
    const distance = (a: number, b: number): number =>
      Math.hypot(
        (pucks.x[a] as number) - (pucks.x[b] as number),
        (pucks.y[a] as number) - (pucks.y[b] as number),
      );
    expect(distance(0, 5)).toBeCloseTo(distance(0, 1), 6);
    expect(distance(1, 5)).toBeCloseTo(distance(0, 1), 6);
  });

  test('begins anew when somebody who was alone gets company', () => {
    const match = new BareMatch(1).toPlay();
    match.place(0, { x: 999, y: 0 }).step();
    match.slots[1] = 'active';
    match.step();
    expect(match.state).toMatchObject({ round: 1, phase: PHASE.countdown, entrants: 2, roundWinner: -1 });
    expect([...match.state.pucks.status.slice(0, 2)]).toEqual([PUCK.standing, PUCK.standing]);
    expect([...match.state.pucks.wins]).toEqual(new Array(8).fill(0));
  });

  test('keeps the puck of a player who is late where it is', () => {
    const match = new BareMatch(3).toPlay();
    match.place(1, { x: 20, y: 30 });
    match.slots[1] = 'substituted';
    match.steps(5);
    expect(match.state.pucks.status[1]).toBe(PUCK.standing);
    expect(match.announced('gone')).toEqual([]);
    match.slots[1] = 'active';
    match.steps(5);
    expect(match.announced('welcome')).toEqual([]);
    expect(match.state.pucks.status[1]).toBe(PUCK.standing);
  });

  test('of one player is a place to try things: it ends rounds on a fall and never ends', () => {
    const match = new BareMatch(1).toPlay();
    match.steps(100);
    expect(match.state.phase).toBe(PHASE.play);
    match.place(0, { x: 999, y: 0 }).step();
    expect(match.state.phase).toBe(PHASE.roundEnd);
    match.steps(ROUND_END_FRAMES);
    expect(match.state.phase).toBe(PHASE.countdown);
  });
});
