/** The view change of one voter, step by step: what it says to whom, and when, with nothing but messages made by hand. */
import type { WantedPlan } from '../../../sdk/src/session/view-host.js';
import { NO_PLAN } from '../../../sdk/src/wire/view-body.js';
import { ALL, BODY, lastOf, message, NOBODY, sceneOf, WITHOUT_3 } from './view-scene.js';

describe('the coordinator', () => {
  test('proposes to all others once, again to those that have not reported, every 50 ms', () => {
    const scene = sceneOf(0);
    expect(scene.change.busy).toBe(false);
    expect(scene.change.advance(WITHOUT_3, 1000)).toBe(true);
    expect(scene.said()).toEqual(['propose>1', 'propose>2']);
    expect(lastOf(scene, 'propose')).toMatchObject({
      ...{ viewId: 1, ballot: { round: 1, voter: 0 }, removed: 8, late: 0, lead: 0, completing: false },
      held: [{ slot: 3, frame: 20 }],
    });
    expect([scene.change.busy, scene.logs[3]?.limit]).toEqual([true, 20]);
    scene.change.advance(WITHOUT_3, 1049);
    expect(scene.said()).toEqual([]);
    scene.change.advance(WITHOUT_3, 1050);
    expect(scene.said()).toEqual(['propose>1', 'propose>2']);
    scene.change.receive(1, message('report', 0), 1060);
    scene.change.advance(WITHOUT_3, 1100);
    expect(scene.said()).toEqual(['propose>2']);
  });

  test('asks for acceptance when all have reported, commits when a majority has accepted, and tells all', () => {
    const scene = sceneOf(0);
    scene.change.advance(WITHOUT_3, 0);
    scene.said();
    scene.change.receive(1, message('report', 0), 1);
    expect(scene.said()).toEqual([]);
    scene.change.receive(2, message('report', 0), 2);
    expect(scene.said()).toEqual(['accept>1', 'accept>2']);
    expect(lastOf(scene, 'accept').body).toMatchObject({
      removed: 8,
      late: 0,
      cuts: [{ slot: 3, base: 20, cut: 20 }],
    });
    // A report that comes twice changes nothing any more.
    scene.change.receive(2, message('report', 0), 3);
    expect([scene.applied.length, scene.change.viewId]).toEqual([0, 0]);
    scene.change.advance(WITHOUT_3, 60);
    expect(scene.said()).toEqual(['accept>1', 'accept>2']);
    // Half of four, with the lowest of them.
    scene.change.receive(2, message('accepted', 0), 70);
    expect(scene.said()).toEqual(['commit>1', 'commit>2', 'commit>3']);
    expect([scene.applied.length, scene.change.viewId, scene.change.busy]).toEqual([1, 1, false]);
  });

  test('waits for certainty: who is only suspected is reported on, not removed', () => {
    const scene = sceneOf(0);
    scene.change.advance({ ...WITHOUT_3, lost: 0 }, 0);
    for (const from of [1, 2]) scene.change.receive(from, message('report', 0), 1);
    expect(scene.said()).toEqual(['propose>1', 'propose>2']);
    scene.change.advance(WITHOUT_3, 10);
    expect(scene.said()).toEqual(['accept>1', 'accept>2']);
  });

  test('lets go when the suspect is heard again, and the frozen slot goes on', () => {
    const scene = sceneOf(0);
    scene.change.advance({ ...WITHOUT_3, lost: 0 }, 0);
    scene.said();
    expect(scene.change.advance(NOBODY, 20)).toBe(true);
    expect(scene.said()).toEqual(['abort>1', 'abort>2']);
    expect([scene.change.busy, scene.logs[3]?.limit]).toEqual([false, 0x3fffffff]);
  });

  test('a rejection tells who is heard, and a new ballot above the promised one comes 100 ms later', () => {
    const scene = sceneOf(0);
    scene.change.advance(WITHOUT_3, 0);
    scene.said();
    scene.change.receive(2, message('reject', 0, { hears: 8, promisedRound: 6 }), 10);
    expect(scene.vouched).toEqual([[8, 2]]);
    expect(scene.said()).toEqual(['abort>1', 'abort>2']);
    scene.change.advance(WITHOUT_3, 109);
    expect(scene.said()).toEqual([]);
    scene.change.advance(WITHOUT_3, 110);
    expect(scene.said()).toEqual(['propose>1', 'propose>2']);
    expect(lastOf(scene, 'propose').ballot).toEqual({ round: 7, voter: 0 });
    // Of a ballot that is past.
    scene.change.receive(1, message('reject', 0, { hears: 8, round: 1 }), 111);
    expect(scene.vouched).toHaveLength(1);
  });

  test('after asking for acceptance it takes nothing back, and completes what it asked for', () => {
    const scene = sceneOf(0);
    scene.change.advance(WITHOUT_3, 0);
    for (const from of [1, 2]) scene.change.receive(from, message('report', 0), 1);
    scene.said();
    scene.change.receive(1, message('reject', 0, { promisedRound: 3 }), 2);
    expect(scene.said()).toEqual([]);
    scene.change.advance(NOBODY, 102);
    // All that can be heard take part, also whom the value removes.
    expect(scene.said()).toEqual(['propose>1', 'propose>2', 'propose>3']);
    expect(lastOf(scene, 'propose')).toMatchObject({
      removed: 0,
      completing: true,
      ballot: { round: 4, voter: 0 },
    });
  });

  test('a second loss makes a higher ballot with both', () => {
    const scene = sceneOf(0);
    scene.voters = 0b11111 & ALL;
    scene.change.advance(WITHOUT_3, 0);
    scene.said();
    scene.change.advance({ ...NOBODY, suspects: 0b1100, lost: 0b1100 }, 5);
    // Two of four with the lowest index are a quorum.
    expect(scene.said()).toEqual(['abort>1', 'abort>2', 'propose>1']);
    expect(lastOf(scene, 'propose')).toMatchObject({ removed: 0b1100, ballot: { round: 2, voter: 0 } });
  });

  test('too few to agree: it says so and proposes nothing', () => {
    const scene = sceneOf(1);
    expect(scene.change.advance({ ...NOBODY, suspects: 0b1101, lost: 0b1101 }, 0)).toBe(false);
    expect(sceneOf(2).change.advance({ ...NOBODY, suspects: 0b0011, lost: 0b0011 }, 0)).toBe(false);
    expect(scene.said()).toEqual([]);
    const alone = sceneOf(1);
    alone.gone = 0b1101;
    expect(alone.change.advance({ ...NOBODY, suspects: 0b1101, lost: 0b1101 }, 0)).toBe(true);
    expect([alone.applied.length, alone.change.viewId]).toEqual([1, 1]);
  });

  test('who is late keeps its place when too many are late to agree without them', () => {
    const scene = sceneOf(0);
    expect(scene.change.advance({ ...NOBODY, lateSuspects: 0b1110, late: 0b1110 }, 0)).toBe(true);
    expect(scene.said()).toEqual([]);
    scene.change.advance({ ...NOBODY, lateSuspects: 0b1000, late: 0b1000 }, 10);
    expect(scene.said()).toEqual(['propose>1', 'propose>2']);
    expect(lastOf(scene, 'propose')).toMatchObject({ removed: 0, late: 8 });
  });

  test('a plan is for a frame that nobody confirms before it is settled', () => {
    const scene = sceneOf(0);
    const plan: WantedPlan = { ...NO_PLAN, pace: 'pause', removed: 0 };
    scene.change.advance({ ...NOBODY, plan }, 0);
    expect(lastOf(scene, 'propose')).toMatchObject({ removed: 0, late: 0, lead: 12, held: [] });
    expect(scene.limits.at(-1)).toBe(32);
    expect(scene.said()).toEqual(['propose>1', 'propose>2', 'propose>3']);
    for (const from of [1, 2, 3])
      scene.change.receive(from, message('report', 0, { limit: 30 + from, held: [] }), 1);
    const { body } = lastOf(scene, 'accept');
    expect([body.pace, body.frame > 32]).toEqual(['pause', true]);
    expect(scene.limits.at(-1)).toBe(body.frame - 1);
  });
});

describe('another voter', () => {
  test('reports to the proposer, rejects while it hears the suspect, and a lower ballot', () => {
    const scene = sceneOf(1);
    scene.hears = 8;
    scene.change.receive(0, message('propose', 0), 0);
    expect([scene.said(), lastOf(scene, 'reject').hears]).toEqual([['reject>0'], 8]);
    scene.change.receive(0, message('propose', 0, { completing: true, round: 2 }), 1);
    expect(scene.said()).toEqual(['report>0']);
    scene.hears = 0;
    scene.change.receive(0, message('propose', 0, { round: 3 }), 2);
    expect(scene.said()).toEqual(['report>0']);
    // The same again is answered again; a lower one is not.
    scene.change.receive(0, message('propose', 0, { round: 3 }), 3);
    expect(scene.said()).toEqual(['report>0']);
    scene.change.receive(2, message('propose', 2, { round: 2 }), 4);
    expect([scene.said(), lastOf(scene, 'reject').promisedRound]).toEqual([['reject>2'], 3]);
    // Who has left for good is no reason to reject.
    scene.hears = 8;
    scene.gone = 8;
    scene.change.receive(0, message('propose', 0, { round: 4 }), 5);
    expect(scene.said()).toEqual(['report>0']);
  });

  test('does not accept a value in the name of another', () => {
    const scene = sceneOf(1);
    scene.change.receive(2, message('accept', 0), 0);
    expect([scene.said(), scene.change.busy]).toEqual([[], false]);
  });

  test.each([
    ['removes it', { ...BODY, removed: 2 }],
    ['finds it late', { ...BODY, removed: 0, late: 2 }],
  ])('accepts a value that %s: it may have to be completed, decided while nobody heard it', (_what, body) => {
    const scene = sceneOf(1);
    scene.change.receive(2, message('accept', 2, { body }), 0);
    expect(scene.said()).toEqual(['accepted>0', 'accepted>2', 'accepted>3']);
    expect(scene.applied).toEqual([]);
  });

  test('takes a commit of the next view once, not one that cuts off final frames, and passes it on to who is behind', () => {
    const scene = sceneOf(1);
    scene.final = 21;
    scene.change.receive(0, message('commit', 0), 0);
    expect([scene.applied, scene.change.viewId]).toEqual([[], 0]);
    scene.final = 20;
    scene.change.receive(0, message('commit', 0, { viewId: 2 }), 1);
    expect(scene.change.viewId).toBe(0);
    scene.change.receive(0, message('commit', 0), 2);
    scene.change.receive(0, message('commit', 0), 3);
    expect([scene.applied.length, scene.change.viewId]).toEqual([1, 1]);
    expect(scene.said()).toEqual([]);
    scene.change.receive(2, message('propose', 2), 4);
    // As it was, and with the inputs before.
    expect(scene.said()).toEqual(['commit>2', 'commit>2']);
    scene.change.branches.catchUp(3, 1);
    expect(scene.said()).toEqual([]);
    scene.change.branches.catchUp(3, 0);
    expect(scene.said()).toEqual(['commit>3', 'commit>3']);
  });

  test('a report to a ballot that it does not drive: never asked is let go, accepted is completed', () => {
    const scene = sceneOf(0);
    scene.change.receive(2, message('report', 0, { round: 9 }), 0);
    expect(scene.said()).toEqual(['abort>2']);
    scene.change.receive(2, message('report', 1, { round: 9 }), 1);
    expect(scene.said()).toEqual([]);
    const accepted = { ballot: { round: 8, voter: 1 }, body: BODY };
    scene.change.receive(2, message('report', 1, { round: 9, accepted }), 2);
    scene.change.advance(NOBODY, 10);
    expect(scene.said()).toEqual(['propose>1', 'propose>2', 'propose>3']);
    expect(lastOf(scene, 'propose')).toMatchObject({
      removed: 0,
      completing: true,
      ballot: { round: 10, voter: 0 },
    });
  });
});
