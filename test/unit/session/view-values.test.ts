/** What a view change decides and keeps: cuts, frozen slots, planned frames, and what a commit settles. */
import { NO_FRAME, SlotLog } from '../../../sdk/src/session/slot-log.js';
import { widened } from '../../../sdk/src/session/view-value.js';
import { NO_PLAN, type ViewBody } from '../../../sdk/src/wire/view-body.js';
import { encodeSlotCells } from '../../../sdk/src/wire/view-messages.js';
import { BODY, lastOf, message, NOBODY, type Scene, sceneOf, WITHOUT_3 } from './view-scene.js';

const CELLS = (frames: number): Uint8Array => new Uint8Array((frames + 7) >> 3);
const heldTo = (frame: number, frames = 0) => ({ held: [{ slot: 3, frame, cells: CELLS(frames) }] });

function limits({ logs }: Scene): number[] {
  return logs.map(({ limit }) => limit);
}

test('the cut is the most that anybody holds, with the inputs from the least on', () => {
  const scene = sceneOf(0);
  scene.change.advance(WITHOUT_3, 0);
  scene.change.receive(1, message('report', 0, heldTo(17)), 1);
  scene.change.receive(2, message('report', 0, heldTo(26, 6)), 2);
  expect(scene.staged).toEqual([[3, 20, 26]]);
  const { body } = lastOf(scene, 'accept');
  expect(body.cuts).toEqual([{ slot: 3, base: 17, cut: 26, cells: CELLS(9) }]);
  // Inputs up to the cut may still come.
  expect(limits(scene)).toEqual([NO_FRAME, NO_FRAME, NO_FRAME, 26]);
});

test('a report whose inputs do not continue the log does not count', () => {
  const scene = sceneOf(0);
  scene.change.advance(WITHOUT_3, 0);
  scene.change.receive(1, message('report', 0), 1);
  scene.stages = false;
  scene.change.receive(2, message('report', 0, heldTo(26, 6)), 2);
  expect(scene.said()).toEqual(['propose>1', 'propose>2']);
  scene.change.receive(2, message('report', 0, heldTo(20)), 3);
  expect(scene.said()).toEqual(['accept>1', 'accept>2']);
  scene.change.receive(1, message('report', 0, heldTo(40, 20)), 4);
  expect(scene.staged).toEqual([[3, 20, 26]]);
});

test('a report brings the inputs that the proposer lacks, and no others', () => {
  const scene = sceneOf(1);
  const [, , , log] = scene.logs;
  log?.cells.bytes.fill(5, log.cells.offsetOf(18));
  const propose = (frame: number, slot = 3) =>
    scene.change.receive(0, message('propose', 0, { held: [{ slot, frame }] }), 0);
  propose(16);
  expect(lastOf(scene, 'report').held).toEqual([{ slot: 3, frame: 20, cells: Uint8Array.of(0b10, 5) }]);
  propose(20);
  expect(lastOf(scene, 'report').held[0]?.cells).toHaveLength(0);
  propose(25);
  expect(lastOf(scene, 'report').held[0]?.cells).toHaveLength(0);
  propose(3, 2);
  expect(lastOf(scene, 'report').held[0]?.cells).toHaveLength(0);
});

test('a promise freezes the slots it is about, and others stay frozen while another report binds', () => {
  const scene = sceneOf(0);
  scene.change.receive(1, message('propose', 1, { removed: 8 }), 0);
  expect(limits(scene)).toEqual([NO_FRAME, NO_FRAME, NO_FRAME, 20]);
  scene.change.receive(2, message('propose', 2, { removed: 0, late: 2, round: 2 }), 1);
  expect(limits(scene)).toEqual([NO_FRAME, 20, NO_FRAME, 20]);
  scene.change.receive(1, message('abort', 1, { round: 7 }), 2);
  expect(limits(scene)).toEqual([NO_FRAME, 20, NO_FRAME, 20]);
  scene.change.receive(1, message('abort', 1), 3);
  expect(limits(scene)).toEqual([NO_FRAME, 20, NO_FRAME, NO_FRAME]);
  expect(scene.change.busy).toBe(true);
  scene.change.receive(2, message('abort', 2, { round: 2 }), 4);
  expect([limits(scene), scene.change.busy]).toEqual([new Array(4).fill(NO_FRAME), false]);
});

test('a higher ballot of another ends our own proposal', () => {
  const scene = sceneOf(0);
  scene.change.advance(WITHOUT_3, 0);
  scene.said();
  scene.change.receive(1, message('propose', 1, { round: 2 }), 1);
  expect(scene.said()).toEqual(['abort>1', 'abort>2', 'report>1']);
  const other = sceneOf(0);
  other.change.advance(WITHOUT_3, 0);
  other.said();
  other.change.receive(2, message('accept', 2, { round: 2 }), 1);
  expect(other.said().slice(0, 2)).toEqual(['abort>1', 'abort>2']);
});

test('what others accepted under the highest ballot is completed, not what is new', () => {
  const scene = sceneOf(0);
  scene.change.advance(WITHOUT_3, 0);
  const accepted = (round: number, cut: number) => ({
    ballot: { round, voter: 1 },
    body: { ...BODY, cuts: [{ slot: 3, base: cut, cut, cells: CELLS(0) }] },
  });
  scene.change.receive(1, message('report', 0, { accepted: accepted(3, 18) }), 1);
  scene.change.receive(2, message('report', 0, { accepted: accepted(5, 19) }), 2);
  expect(lastOf(scene, 'accept').body.cuts[0]?.cut).toBe(19);
});

test('a planned frame lies behind every limit, and none without limits', () => {
  const plan = { ...NO_PLAN, pace: 'pause' as const, removed: 0 };
  const scene = sceneOf(0);
  scene.change.advance({ ...NOBODY, plan }, 0);
  for (const [from, limit] of [
    [1, 40],
    [2, 47],
    [3, 33],
  ] as const)
    scene.change.receive(from, message('report', 0, { limit, held: [] }), 1);
  expect(lastOf(scene, 'accept').body).toMatchObject({
    pace: 'pause',
    frame: 48,
    removed: 0,
    late: 0,
    cuts: [],
  });
  expect(scene.limits.at(-1)).toBe(47);
  const none = sceneOf(0);
  none.change.advance({ ...NOBODY, plan }, 0);
  for (const from of [1, 2, 3])
    none.change.receive(from, message('report', 0, { limit: NO_FRAME, held: [] }), 1);
  expect(none.messages.some(({ kind }) => kind === 'accept')).toBe(false);
});

test('a commit settles everything: slots are free, ballots begin anew, plans rise', () => {
  const scene = sceneOf(1);
  scene.change.receive(0, message('propose', 0, { round: 9, lead: 12 }), 0);
  expect(limits(scene)[3]).toBe(20);
  scene.change.receive(
    0,
    message('commit', 0, { body: { ...BODY, removed: 0, returned: 8, frame: 90, cuts: [] } }),
    1,
  );
  expect([scene.change.busy, scene.change.viewId, limits(scene)]).toEqual([
    false,
    1,
    new Array(4).fill(NO_FRAME),
  ]);
  expect(scene.limits.at(-1)).toBe(NO_FRAME);
  scene.said();
  scene.change.receive(0, message('propose', 0, { viewId: 2, round: 1, removed: 0, lead: 3 }), 2);
  expect(scene.said()).toEqual(['report>0']);
  // Plans come in rising order: nothing before frame 90 is confirmed late.
  expect(lastOf(scene, 'report').limit).toBe(90);
});

test('who is removed follows a commit of any later view; who stays only the next one, with its inputs at hand', () => {
  const removed = sceneOf(3);
  removed.change.receive(0, message('commit', 0, { viewId: 5 }), 0);
  expect([removed.change.viewId, removed.applied.length]).toEqual([5, 1]);
  const stays = sceneOf(1);
  stays.stages = false;
  const ahead = { ...BODY, cuts: [{ slot: 3, base: 20, cut: 26, cells: CELLS(6) }] };
  stays.change.receive(0, message('commit', 0, { body: ahead }), 0);
  expect([stays.change.viewId, stays.staged]).toEqual([0, [[3, 20, 26]]]);
  stays.stages = true;
  stays.change.receive(0, message('commit', 0, { body: ahead }), 1);
  expect(stays.change.viewId).toBe(1);
  const planned = { ...BODY, removed: 0, returned: 8, cuts: [], frame: 30 };
  stays.final = 30;
  stays.change.receive(0, message('commit', 0, { viewId: 2, body: planned }), 2);
  expect(stays.change.viewId).toBe(1);
  stays.final = 29;
  stays.change.receive(0, message('commit', 0, { viewId: 2, body: planned }), 3);
  expect(stays.change.viewId).toBe(2);
});

test('a newcomer begins in its view: plans before its state are no news, and it has no older commits', () => {
  const scene = sceneOf(1);
  scene.change.startFrom(7, 60);
  expect(scene.change.viewId).toBe(7);
  scene.change.branches.catchUp(2, 0);
  expect(scene.said()).toEqual([]);
  scene.final = 60;
  const plan = { ...BODY, removed: 0, returned: 8, cuts: [], frame: 60 };
  scene.change.receive(0, message('commit', 0, { viewId: 8, body: plan }), 0);
  expect(scene.change.viewId).toBe(8);
  scene.change.receive(0, message('propose', 0, { viewId: 9, removed: 0, lead: 3 }), 1);
  expect(lastOf(scene, 'report').limit).toBe(60);
});

/** One that went on alone in view 3, without peers 0 and 3. */
function forked(): ReturnType<typeof sceneOf> {
  const scene = sceneOf(2);
  scene.voters = 0b0100;
  scene.change.startFrom(2, 0);
  scene.change.receive(1, message('commit', 2, { viewId: 3, body: { ...BODY, removed: 9, cuts: [] } }), 0);
  expect([scene.applied.length, scene.change.viewId]).toEqual([1, 3]);
  return scene;
}

test.each([
  ['the view of the other has the greater id', 3, 4, true],
  ['both have the same id and the other the lower index', 0, 3, true],
  ['both have the same id and the other the higher index', 3, 3, false],
  ['the view of the other has the lower id', 0, 2, false],
])('of two branches the other stays if %s', (_name, from, viewId, givesUp) => {
  const removal = message('commit', 0, { viewId, body: { ...BODY, removed: 4, cuts: [] } });
  const scene = forked();
  // Whatever this one went through since.
  const planned = { ...BODY, removed: 0, pace: 'pause' as const, cuts: [], frame: 40 };
  scene.change.receive(1, message('commit', 2, { viewId: 4, body: planned }), 1);
  scene.change.receive(from, removal, 2);
  expect(scene.applied).toHaveLength(givesUp ? 3 : 2);
});

test.each([
  ['itself', 0],
  ['a third peer', 1],
])(
  'who is alone gives up when the other had decided something else in that view and still counted on it: told by %s',
  (_by, from) => {
    const scene = forked();
    const planned = { ...BODY, removed: 0, returned: 2, cuts: [], frame: 40 };
    scene.change.receive(from, message('commit', 0, { viewId: 3, body: planned }), 1);
    expect(scene.applied.at(-1)).toMatchObject({ removed: 4, returned: 2 });
    expect([scene.applied.length, scene.change.viewId]).toEqual([2, 3]);
  },
);

test('who is not alone stays in its branch whatever the other had decided', () => {
  const scene = forked();
  scene.voters = 0b0110;
  const planned = { ...BODY, removed: 0, returned: 2, cuts: [], frame: 40 };
  scene.change.receive(0, message('commit', 0, { viewId: 3, body: planned }), 1);
  expect(scene.applied).toHaveLength(1);
});

test('what a removed peer drove after it was removed is not followed, whoever hands it on', () => {
  const scene = forked();
  const planned = { ...BODY, removed: 0, pace: 'pause' as const, cuts: [], frame: 40 };
  scene.change.receive(1, message('commit', 0, { viewId: 4, body: planned }), 1);
  expect([scene.applied.length, scene.change.viewId]).toEqual([1, 3]);
  // The same from one that was not removed is.
  scene.change.receive(1, message('commit', 1, { viewId: 4, body: planned }), 2);
  expect([scene.applied.length, scene.change.viewId]).toEqual([2, 4]);
});

test('who decided something else in a view strays, and is told once what was decided here', () => {
  const scene = sceneOf(1);
  scene.change.receive(0, message('commit', 0, { body: { ...BODY, cuts: [] } }), 0);
  scene.said();
  const other = message('commit', 2, { body: { ...BODY, removed: 1, cuts: [] } });
  scene.change.receive(2, other, 1);
  scene.change.receive(2, other, 2);
  expect(scene.said()).toEqual(['commit>2']);
  expect([scene.applied.length, scene.change.viewId]).toEqual([1, 1]);
  // The same decision under another ballot, or with other inputs along, is no other decision.
  scene.change.receive(3, message('commit', 3, { round: 7 }), 3);
  expect(scene.strayed).toEqual([2, 2]);
});

test('what the other branch decides besides is nothing to us; once its peer is let in, it is', () => {
  const scene = forked();
  const planned = { ...BODY, removed: 0, pace: 'pause' as const, cuts: [], frame: 40 };
  scene.change.receive(0, message('commit', 0, { viewId: 4, body: planned }), 1);
  expect([scene.applied.length, scene.change.viewId]).toEqual([1, 3]);
  const newcomers = [{ index: 0, peer: 'a', nonce: 5 }];
  scene.change.receive(
    1,
    message('commit', 2, { viewId: 4, body: { ...planned, pace: 'none', newcomers } }),
    2,
  );
  scene.change.receive(0, message('commit', 0, { viewId: 5, body: { ...planned, frame: 50 } }), 3);
  expect([scene.applied.length, scene.change.viewId]).toEqual([3, 5]);
});

test('who is not alone is removed by a later view alone', () => {
  const scene = forked();
  scene.voters = 0b0110;
  const removal = (viewId: number): ReturnType<typeof message> =>
    message('commit', 0, { viewId, body: { ...BODY, removed: 4, cuts: [] } });
  scene.change.receive(0, removal(3), 1);
  expect(scene.applied).toHaveLength(1);
  scene.change.receive(0, removal(7), 2);
  expect(scene.applied).toHaveLength(2);
});

test('64 commits are kept for those who are behind', () => {
  const scene = sceneOf(1);
  for (let viewId = 1; viewId <= 65; viewId += 1) {
    const body = { ...BODY, removed: 0, returned: 8, cuts: [], frame: viewId + 30 };
    scene.change.receive(0, message('commit', 0, { viewId, body }), viewId);
  }
  expect(scene.change.viewId).toBe(65);
  scene.change.branches.catchUp(2, 0);
  expect(scene.said()).toHaveLength(64);
});

test('a plan that others accepted binds also who never promised anything', () => {
  const scene = sceneOf(1);
  const body = { ...BODY, removed: 0, returned: 8, frame: 90, cuts: [] };
  scene.change.receive(2, message('accept', 2, { round: 2, body }), 1);
  expect(scene.limits.at(-1)).toBe(89);
  // It lasts until a view is committed.
  scene.change.receive(2, message('commit', 2, { round: 2, body }), 2);
  expect(scene.limits.at(-1)).toBe(NO_FRAME);
});

test('a report that says nothing of a slot lowers no cut', () => {
  const scene = sceneOf(0);
  scene.change.advance(WITHOUT_3, 0);
  scene.change.receive(1, message('report', 0, { held: [] }), 1);
  scene.change.receive(2, message('report', 0, heldTo(17)), 2);
  expect(lastOf(scene, 'accept').body.cuts).toEqual([{ slot: 3, base: 17, cut: 20, cells: CELLS(3) }]);
});

describe('a commit for a member that is behind', () => {
  const body = (base: number, cut: number): ViewBody => ({
    ...BODY,
    cuts: [{ slot: 0, base, cut, cells: CELLS(cut - base) }],
  });
  const playedTo = (frame: number): SlotLog => {
    const log = new SlotLog(0, 0, 1);
    for (let at = 1; at <= frame; at += 1) log.append(Uint8Array.of(at % 2), 0);
    return log;
  };
  const baseOf = (log: SlotLog, about: ViewBody, startFrame = 0): number | undefined => {
    const [cut] = widened(about, [log], startFrame).cuts;
    const { base = 0, cut: last = 0, cells } = cut ?? {};
    // The cells are those of the frames that it says.
    if (base !== about.cuts[0]?.base) expect(cells).toEqual(encodeSlotCells(log.cells, base + 1, last));
    return cut?.base;
  };

  test('brings the inputs of four seconds before what all voters held', () => {
    expect(baseOf(playedTo(500), body(480, 500))).toBe(240);
    expect(baseOf(playedTo(500), body(100, 120))).toBe(0);
  });

  test('brings none from before the period that it ends, nor from before the state that the member came in with', () => {
    const log = playedTo(300);
    log.change(301, 'substitute');
    log.reopen(400);
    for (let at = 400; at <= 500; at += 1) log.append(Uint8Array.of(at % 2), 0);
    expect(baseOf(log, body(480, 500))).toBe(399);
    expect(baseOf(playedTo(500), body(480, 500), 350)).toBe(350);
    expect(baseOf(playedTo(500), body(480, 500), 700)).toBe(500);
  });

  test('stays as it is if our log no longer has those inputs', () => {
    const log = playedTo(2500);
    expect(baseOf(log, body(940, 960))).toBe(700);
    expect(baseOf(log, body(939, 960))).toBe(939);
  });

  test('of a slot that is not ours to know stays as it is', () => {
    const about = body(480, 500);
    expect(widened(about, [], 0)).toEqual(about);
    expect(widened({ ...about, cuts: [] }, [], 0).cuts).toEqual([]);
  });
});
