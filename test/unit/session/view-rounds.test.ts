/** Ballots of a view change over several rounds and views: what binds, what is forgotten, who is told. */
import { NO_PLAN } from '../../../sdk/src/wire/view-body.js';
import { BODY, lastOf, message, NOBODY, sceneOf, WITHOUT_3 } from './view-scene.js';

const RETURNS = { ...BODY, removed: 0, returned: 8, cuts: [], frame: 90 };

test('rounds begin anew in each view, and so does what was accepted', () => {
  const scene = sceneOf(0);
  scene.change.receive(1, message('propose', 1, { round: 9 }), 0);
  scene.change.receive(1, message('accept', 1, { round: 9, body: RETURNS }), 1);
  scene.change.receive(2, message('accepted', 1, { round: 9 }), 2);
  expect(scene.change.viewId).toBe(1);
  scene.said();
  scene.change.advance(WITHOUT_3, 100);
  expect(lastOf(scene, 'propose')).toMatchObject({ viewId: 2, ballot: { round: 1, voter: 0 } });
  for (const from of [1, 2]) scene.change.receive(from, message('report', 0, { viewId: 2 }), 101);
  scene.change.receive(1, message('accepted', 0, { viewId: 2 }), 102);
  expect([scene.change.viewId, scene.applied.length]).toEqual([2, 2]);
});

test('a value that others had to complete is forgotten with the view', () => {
  const scene = sceneOf(0);
  const accepted = { ballot: { round: 8, voter: 1 }, body: BODY };
  scene.change.receive(2, message('report', 1, { round: 9, accepted }), 0);
  scene.change.receive(1, message('commit', 1, { body: RETURNS }), 1);
  scene.said();
  scene.change.advance(NOBODY, 10);
  expect(scene.said()).toEqual([]);
});

test('a ballot for which acceptance was asked is not let go by who is asked of it later; one of another view is', () => {
  const scene = sceneOf(0);
  scene.change.advance(WITHOUT_3, 0);
  for (const from of [1, 2]) scene.change.receive(from, message('report', 0), 1);
  scene.change.receive(1, message('reject', 0, { promisedRound: 1 }), 2);
  expect(scene.vouched).toEqual([]);
  scene.said();
  scene.change.receive(2, message('report', 0), 3);
  expect(scene.said()).toEqual([]);
  scene.change.receive(1, message('commit', 1, { body: RETURNS }), 4);
  scene.change.receive(2, message('report', 0, { viewId: 2 }), 5);
  expect(scene.said()).toEqual(['abort>2']);
});

test('accepting is a promise as well', () => {
  const scene = sceneOf(1);
  scene.change.receive(2, message('accept', 2, { round: 5 }), 0);
  scene.said();
  scene.change.receive(0, message('accept', 0, { round: 4 }), 1);
  expect([scene.said(), lastOf(scene, 'reject')]).toMatchObject([
    ['reject>0'],
    { promisedRound: 5, hears: 0 },
  ]);
});

test('a majority that is heard of before the value commits when the value comes', () => {
  const scene = sceneOf(1);
  for (const from of [0, 2, 3]) scene.change.receive(from, message('accepted', 2, { round: 5 }), 0);
  expect(scene.applied).toEqual([]);
  scene.change.receive(2, message('accept', 2, { round: 5 }), 1);
  expect(scene.applied).toEqual([BODY]);
});

test('who accepted a lower ballot has not accepted a higher one', () => {
  const scene = sceneOf(1);
  scene.change.receive(2, message('accept', 2, { round: 4 }), 0);
  scene.change.receive(0, message('accepted', 2, { round: 3 }), 1);
  scene.change.receive(2, message('accept', 2, { round: 4 }), 2);
  expect(scene.applied).toEqual([]);
  scene.change.receive(0, message('accepted', 2, { round: 6 }), 3);
  scene.change.receive(2, message('accept', 2, { round: 4 }), 4);
  expect(scene.applied).toEqual([]);
});

test('the last one left asks above a ballot that somebody accepted before it was gone', () => {
  const scene = sceneOf(0);
  scene.voters = 0b1001;
  scene.gone = 0b1000;
  scene.change.advance({ ...WITHOUT_3, lost: 0 }, 0);
  scene.change.receive(3, message('accepted', 3, { round: 14 }), 1);
  scene.change.advance(WITHOUT_3, 100);
  expect(scene.applied).toMatchObject([{ removed: 8 }]);
});

test('who is not the coordinator proposes nothing, and reminds it of what binds', () => {
  const scene = sceneOf(2);
  scene.change.advance(WITHOUT_3, 0);
  expect([scene.said(), scene.change.busy]).toEqual([[], false]);
  scene.change.receive(0, message('propose', 0), 1);
  scene.said();
  scene.change.advance(WITHOUT_3, 2);
  expect(scene.said()).toEqual(['report>0']);
  expect(lastOf(scene, 'report').held).toMatchObject([{ slot: 3, frame: 20 }]);
});

test('what is not answered is asked again every 50 ms, not every time', () => {
  const scene = sceneOf(0);
  scene.change.advance(WITHOUT_3, 0);
  const times = [10, 50, 60, 99, 100, 149, 150].filter((nowMs) => {
    scene.said();
    scene.change.advance(WITHOUT_3, nowMs);
    return scene.said().length > 0;
  });
  expect(times).toEqual([50, 100, 150]);
});

test('a substitute plays only for who is late for sure', () => {
  const scene = sceneOf(0);
  const view = { ...NOBODY, lateSuspects: 8 };
  scene.change.advance(view, 0);
  for (const from of [1, 2]) scene.change.receive(from, message('report', 0), 1);
  expect(scene.said()).toEqual(['propose>1', 'propose>2']);
  scene.change.advance({ ...view, late: 8 }, 2);
  expect(scene.said()).toEqual(['accept>1', 'accept>2']);
  expect(lastOf(scene, 'accept').body).toMatchObject({ removed: 0, late: 8, frame: 0 });
});

test('while somebody is missing nothing is planned', () => {
  const scene = sceneOf(0);
  const plan = { ...NO_PLAN, pace: 'pause' as const, removed: 0 };
  scene.change.advance({ ...WITHOUT_3, plan }, 0);
  expect(lastOf(scene, 'propose')).toMatchObject({ lead: 0, removed: 8 });
  const late = sceneOf(0);
  late.change.advance({ ...NOBODY, lateSuspects: 8, late: 8, plan }, 0);
  expect(lastOf(late, 'propose')).toMatchObject({ lead: 0, late: 8 });
});

test('the newest frame that counts for a plan is one of a slot that its owner plays', () => {
  const scene = sceneOf(0);
  const [, , other] = scene.logs;
  if (other !== undefined) {
    other.change(5, 'substitute');
    other.received = 500;
  }
  const plan = { ...NO_PLAN, pace: 'pause' as const, removed: 0 };
  scene.change.advance({ ...NOBODY, plan }, 0);
  expect(scene.limits.at(-1)).toBe(32);
  // Another plan is another proposal; the same one is not.
  scene.said();
  scene.change.advance({ ...NOBODY, plan }, 1);
  expect(scene.said()).toEqual([]);
  scene.change.advance({ ...NOBODY, plan: { ...plan } }, 2);
  expect(scene.said().slice(-3)).toEqual(['propose>1', 'propose>2', 'propose>3']);
});

test('who speaks of a view that is past is told what came after, and no more', () => {
  const scene = sceneOf(1);
  for (const viewId of [1, 2]) scene.change.receive(0, message('commit', 0, { viewId, body: RETURNS }), 0);
  scene.final = 5;
  const told = [1, 2, 3, 4].map((viewId) => {
    scene.said();
    scene.change.receive(2, message('abort', 2, { viewId }), 1);
    return scene.said().length;
  });
  expect([scene.change.viewId, told]).toEqual([2, [2, 1, 0, 0]]);
});

test('a rejected substitution counts as denied, a rejected removal does not: those who are late besides can still be replaced', () => {
  const scene = sceneOf(0);
  scene.change.advance(WITHOUT_3, 0);
  scene.change.receive(1, message('reject', 0, { hears: 8 }), 1);
  expect([scene.vouched, scene.denied]).toEqual([[[8, 1]], []]);
  const late = sceneOf(0);
  late.change.advance({ ...NOBODY, lateSuspects: 8, late: 8 }, 0);
  late.change.receive(1, message('reject', 0, { hears: 8 }), 1);
  expect([late.vouched, late.denied]).toEqual([[[8, 1]], [8]]);
});
