/** The same game without a network. */
import { startLocalMatch } from 'rollmesh';
import { tapGame, tapInput } from './tap-game.js';
import { next, pause, until } from './waiting.js';

test('a local match plays all its slots on one page', async () => {
  const slots = new Set<number>();
  const match = startLocalMatch(tapGame, {
    playerCount: 3,
    seed: 5,
    options: { bonus: 1 },
    readInput: (slot, frame) => {
      slots.add(slot);
      return tapInput(slot, frame);
    },
  });
  const begun = await next(match, 'effect');
  expect(begun).toMatchObject({ name: 'begun', frame: 1 });
  while (match.frameCurrent < 30) await next(match, 'frame');
  expect(match.localSlots).toEqual([0, 1, 2]);
  expect([...slots].sort()).toEqual([0, 1, 2]);
  expect(match.state.players.taps[2]).toBeGreaterThan(0);
  expect(match.frameConfirmed).toBe(match.frameCurrent);
  expect(match.stats().tickSource).toBe('timer');
  const ended = next(match, 'ended');
  await match.leave();
  expect((await ended).reason).toBe('left');
  const frame = match.frameCurrent;
  await pause(60);
  expect(match.frameCurrent).toBe(frame);
  await match.leave();
});

test('the same seed and inputs give the same states', async () => {
  const hashes: (number | undefined)[] = [];
  for (let run = 0; run < 2; run += 1) {
    const match = startLocalMatch(tapGame, { playerCount: 2, seed: 11, readInput: tapInput });
    while (match.frameCurrent < 20) await next(match, 'frame');
    hashes.push(match.session.stateHash(20));
    await match.leave();
  }
  expect(hashes[0]).toBe(hashes[1]);
});

test('more players than the game takes are refused', () => {
  expect(() => startLocalMatch(tapGame, { playerCount: 9, readInput: tapInput })).toThrow(/1 to 4/);
});

test('alone, too, a match pauses and goes on', async () => {
  const match = startLocalMatch(tapGame, { playerCount: 2, readInput: tapInput });
  await until(() => match.frameCurrent > 5);
  const paused = next(match, 'match-paused');
  match.pause();
  const { frame } = await paused;
  await until(() => match.session.phase === 'paused' && match.frameCurrent === frame);
  await pause(100);
  expect(match.frameCurrent).toBe(frame);
  const resumed = next(match, 'match-resumed');
  match.resume();
  await resumed;
  await until(() => match.frameCurrent > frame + 5);
  await match.leave();
  expect(() => match.pause()).toThrow(expect.objectContaining({ code: 'wrong-phase' }));
});
