/** Whose turn it is to drive an agreement, and how a coordinator that lies or is deaf is got over. */
import { NO_FRAME } from '../../../sdk/src/session/slot-log.js';
import { Turns } from '../../../sdk/src/session/turns.js';
import { ALL, lastOf, message, sceneOf, WITHOUT_3 } from './view-scene.js';

/** Late is the last peer. */
const LATE_3 = { ...WITHOUT_3, suspects: 0, lost: 0, lateSuspects: 8, late: 8 };

describe('turns', () => {
  const turnsAt = (goneMs: number): boolean[] => {
    const turns = new Turns();
    for (let ms = 0; ms <= goneMs; ms += 100) turns.wanted(5000 + ms);
    return [1, 2, 4].map((self) => turns.isOf(self, 0b10110, 5000 + goneMs));
  };

  test('the lowest voter has a second, each after it seven tenths, then the lowest again', () => {
    expect([0, 900, 1000, 1600, 1700, 2300, 2400, 3100].map(turnsAt)).toEqual([
      [true, false, false],
      [true, false, false],
      [false, true, false],
      [false, true, false],
      [false, false, true],
      [false, false, true],
      [true, false, false],
      [false, true, false],
    ]);
  });

  test('are of voters alone', () => {
    const turns = new Turns();
    for (let ms = 0; ms <= 3000; ms += 100) {
      turns.wanted(ms);
      expect([turns.isOf(0, 0b10110, ms), turns.isOf(3, 0b10110, ms)]).toEqual([false, false]);
    }
  });

  test('begin anew after a while without anything to agree on, and in each view', () => {
    const turns = new Turns();
    for (let ms = 0; ms <= 1200; ms += 100) turns.wanted(ms);
    turns.wanted(1501);
    expect(turns.isOf(0, ALL, 1501)).toBe(true);
    for (let ms = 1600; ms <= 2600; ms += 100) turns.wanted(ms);
    expect(turns.isOf(0, ALL, 2600)).toBe(false);
    turns.reset();
    turns.wanted(2600);
    expect(turns.isOf(0, ALL, 2600)).toBe(true);
  });

  test('who makes ballot after ballot gets no more promises for a while; others do', () => {
    const turns = new Turns();
    for (let count = 0; count < 10; count += 1) expect(turns.promises(0, 100)).toBe(true);
    expect([turns.promises(0, 899), turns.promises(1, 899), turns.promises(0, 900)]).toEqual([
      false,
      true,
      true,
    ]);
    expect(turns.promises(0, 1000)).toBe(false);
    turns.reset();
    expect(turns.promises(0, 1000)).toBe(true);
  });
});

describe('a voter', () => {
  test('takes over when the coordinator has settled nothing for a second', () => {
    const scene = sceneOf(1);
    for (let ms = 0; ms < 1000; ms += 100) scene.change.advance(WITHOUT_3, ms);
    expect(scene.said()).toEqual([]);
    scene.change.advance(WITHOUT_3, 1000);
    expect(scene.said()).toEqual(['propose>0', 'propose>2']);
    expect(lastOf(scene, 'propose')).toMatchObject({ ballot: { round: 1, voter: 1 }, removed: 8 });
  });

  test('leaves one that it has just promised to the time to end', () => {
    const scene = sceneOf(1);
    for (let ms = 0; ms < 1000; ms += 100) scene.change.advance(WITHOUT_3, ms);
    scene.change.receive(2, message('propose', 2), 990);
    scene.said();
    for (let ms = 1000; ms < 1290; ms += 50) scene.change.advance(WITHOUT_3, ms);
    expect(scene.said()).not.toContain('propose>0');
    scene.change.advance(WITHOUT_3, 1290);
    expect(lastOf(scene, 'propose')).toMatchObject({ ballot: { round: 2, voter: 1 } });
  });

  test('holds those for late that do not report while the match stands still, if enough are left', () => {
    const scene = sceneOf(0);
    scene.change.advance(LATE_3, 0);
    scene.change.receive(1, message('report', 0), 10);
    scene.waitedMs = 1500;
    scene.change.advance(LATE_3, 601);
    scene.change.advance(LATE_3, 650);
    expect(lastOf(scene, 'propose')).toMatchObject({ ballot: { round: 1 }, late: 8 });
    scene.waitedMs = 1501;
    scene.change.advance(LATE_3, 700);
    scene.change.advance(LATE_3, 750);
    // Peer 2 gave no report. Half of the four are left, the lowest among them.
    expect(lastOf(scene, 'propose')).toMatchObject({ ballot: { round: 2 }, late: 0b1100 });
    scene.said();
    scene.change.receive(1, message('report', 0, { round: 2 }), 760);
    expect(scene.said()).toEqual(['accept>1']);
  });

  test('rejects a substitute for whom it hears only until the match has stood still for a second and a half', () => {
    const scene = sceneOf(1);
    scene.hears = 8;
    scene.waitedMs = 1499;
    scene.change.receive(0, message('propose', 0, { removed: 0, late: 8 }), 0);
    expect(lastOf(scene, 'reject')).toMatchObject({ hears: 8 });
    scene.waitedMs = 1500;
    scene.said();
    scene.change.receive(0, message('propose', 0, { removed: 0, late: 8, round: 2 }), 100);
    expect(scene.said()).toEqual(['report>0']);
    // Nobody is removed on anybody's word.
    scene.change.receive(0, message('propose', 0, { removed: 8, round: 3 }), 200);
    expect(scene.said()).toEqual(['reject>0']);
  });

  test('gives no report to one that has no vote', () => {
    const scene = sceneOf(1);
    scene.voters = 0b1110;
    scene.change.receive(0, message('propose', 0), 0);
    expect(scene.said()).toEqual([]);
    expect([scene.change.busy, scene.logs[3]?.limit]).toEqual([false, NO_FRAME]);
  });

  test('promises nothing more to one whose ballots follow each other without end', () => {
    const scene = sceneOf(1);
    for (let round = 1; round <= 10; round += 1) scene.change.receive(0, message('propose', 0, { round }), 0);
    expect(scene.said()).toEqual(new Array(10).fill('report>0'));
    scene.change.receive(0, message('propose', 0, { round: 11 }), 10);
    expect(scene.said()).toEqual(['reject>0']);
    scene.change.receive(2, message('propose', 2, { round: 11 }), 20);
    expect(scene.said()).toEqual(['report>2']);
  });
});
