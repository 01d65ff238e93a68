/** Rounds of ballots: nobody can name one that leaves none to the others. */
import { Rounds } from '../../../sdk/src/session/rounds.js';
import { lastOf, message, sceneOf, WITHOUT_3 } from './view-scene.js';

test('what may be named grows with time, and no faster than by 256 a second', () => {
  const rounds = new Rounds();
  expect([rounds.note(1025, 5000), rounds.note(1024, 5000)]).toEqual([false, true]);
  expect(rounds.hasNext(5000)).toBe(false);
  expect([rounds.hasNext(5003), rounds.hasNext(5004)]).toEqual([false, true]);
  expect(rounds.next()).toBe(1025);
  expect([rounds.note(1281, 6000), rounds.note(1280, 6000)]).toEqual([false, true]);
  rounds.reset();
  expect([rounds.note(1025, 9000), rounds.next()]).toEqual([false, 1]);
});

test('a day of the highest rounds that are believed leaves three quarters of all numbers and more', () => {
  const rounds = new Rounds();
  const dayMs = 86_400_000;
  expect(rounds.note(0, 0)).toBe(true);
  expect(rounds.note(2 ** 25, dayMs)).toBe(false);
});

test.each([65_535, 0xffffffff])('a proposal with round %i is refused, and the honest go on', (round) => {
  const scene = sceneOf(0);
  scene.change.receive(2, message('propose', 2, { round }), 0);
  expect(scene.said()).toEqual([]);
  scene.change.advance(WITHOUT_3, 100);
  expect(lastOf(scene, 'propose').ballot).toEqual({ round: 1, voter: 0 });
  for (const from of [1, 2]) scene.change.receive(from, message('report', 0), 101);
  scene.change.receive(1, message('accepted', 0), 102);
  scene.change.receive(2, message('accepted', 0), 103);
  expect(scene.change.viewId).toBe(1);
});

test('above the highest round that is believed the next proposal comes a moment later', () => {
  const scene = sceneOf(0);
  scene.change.receive(2, message('abort', 2, { round: 1024 }), 0);
  scene.change.advance(WITHOUT_3, 1);
  expect(scene.said()).not.toContain('propose>1');
  scene.change.advance(WITHOUT_3, 50);
  expect(scene.said()).toContain('propose>1');
  expect(lastOf(scene, 'propose').ballot).toEqual({ round: 1025, voter: 0 });
});

test('a reject that names a round beyond belief does not raise ours', () => {
  const scene = sceneOf(0);
  scene.change.advance(WITHOUT_3, 0);
  scene.change.receive(2, message('reject', 0, { promisedRound: 0xffffffff }), 10);
  scene.change.advance(WITHOUT_3, 500);
  expect(lastOf(scene, 'propose').ballot).toEqual({ round: 2, voter: 0 });
});
