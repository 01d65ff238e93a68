/** The log of one slot: who plays when, what is held of whose inputs, and what a return of the owner makes void. */
import { SLOT_CHANGES_KEPT } from '../../../sdk/src/base/limits.js';
import { NO_FRAME, NO_OWNER, SlotLog } from '../../../sdk/src/session/slot-log.js';

function filled(count: number): SlotLog {
  const log = new SlotLog(3, 1, 2);
  for (let frame = 1; frame <= count; frame += 1) log.append(Uint8Array.of(9, frame & 0xff, frame >> 8), 1);
  return log;
}

function cellOf(log: SlotLog, frame: number): number[] {
  const at = log.cells.offsetOf(frame);
  return [...log.cells.bytes.subarray(at, at + 2)];
}

test('a fresh log waits for its owner and holds nothing', () => {
  const log = new SlotLog(3, 1, 2);
  expect([log.slot, log.owner, log.received, log.held, log.equivocated, log.epoch, log.since]).toEqual([
    3, 1, 0, 0, 0, 0, 0,
  ]);
  expect([log.isActive, log.control, log.limit, log.cut]).toEqual([true, 'owner', NO_FRAME, NO_FRAME]);
  expect([log.controlAt(0), log.controlAt(99), log.periodStart(99)]).toEqual(['owner', 'owner', 0]);
});

test('no frame and no owner are values that nothing else has', () => {
  expect([NO_FRAME, NO_OWNER]).toEqual([0x3fffffff, 31]);
  // Small integers in every engine: a frame more may be added to them.
  expect(NO_FRAME + 1).toBeLessThanOrEqual(2 ** 30);
});

test('what is appended is held, frame by frame', () => {
  const log = filled(300);
  expect([log.received, log.held]).toEqual([300, 300]);
  for (const frame of [1, 2, 255, 256, 300]) expect(cellOf(log, frame)).toEqual([frame & 0xff, frame >> 8]);
});

test('from the frame of a change on another plays, and earlier frames keep who played them', () => {
  const log = filled(40);
  log.change(31, 'substitute');
  log.change(50, 'lost');
  log.change(60, 'vacant');
  const controls = [0, 30, 31, 49, 50, 59, 60, 1000].map((frame) => log.controlAt(frame));
  expect(controls).toEqual([
    'owner',
    'owner',
    'substitute',
    'substitute',
    'lost',
    'lost',
    'vacant',
    'vacant',
  ]);
  const starts = [0, 30, 31, 49, 50, 59, 60, 1000].map((frame) => log.periodStart(frame));
  expect(starts).toEqual([0, 0, 31, 31, 50, 50, 60, 60]);
  expect([log.isActive, log.control, log.since]).toEqual([false, 'vacant', 60]);
});

test('while somebody else plays, the cut is what was received', () => {
  const log = filled(40);
  log.change(41, 'substitute');
  expect([log.cut, log.isActive]).toEqual([40, false]);
  log.received = 44;
  expect(log.cut).toBe(44);
});

test('after a return the owner goes on at the frame agreed on, in another epoch', () => {
  const log = filled(40);
  log.limit = 40;
  log.equivocated = 38;
  log.change(41, 'substitute');
  log.reopen(70);
  expect([log.isActive, log.since, log.epoch, log.received, log.limit, log.cut]).toEqual([
    true,
    70,
    1,
    69,
    NO_FRAME,
    NO_FRAME,
  ]);
  expect(['owner', 'substitute', 'owner']).toEqual([40, 69, 70].map((frame) => log.controlAt(frame)));
  // Nobody holds frames 41 to 69: what may be acknowledged is what was held before.
  expect(log.held).toBe(40);
  // The first input is coded against neutral.
  expect(cellOf(log, 69)).toEqual([0, 0]);
  log.append(Uint8Array.of(5, 6), 0);
  expect([log.received, log.held, ...cellOf(log, 70)]).toEqual([70, 70, 5, 6]);
  expect(log.equivocated).toBe(38);
});

test('a return takes back what was told of frames that come anew', () => {
  const log = filled(40);
  log.equivocated = 75;
  log.change(41, 'substitute');
  log.reopen(70);
  expect(log.equivocated).toBe(69);
});

test('a second return counts on, and neighbours of the cell before it are left alone', () => {
  const log = filled(40);
  log.change(31, 'substitute');
  log.reopen(35);
  for (let frame = 35; frame <= 38; frame += 1) log.append(Uint8Array.of(7, 7), 0);
  log.change(39, 'substitute');
  expect([log.held, log.cut]).toEqual([38, 38]);
  log.reopen(45);
  expect([log.epoch, log.held, log.received]).toEqual([2, 38, 44]);
  expect([cellOf(log, 33), cellOf(log, 34), cellOf(log, 35)]).toEqual([
    [33, 0],
    [0, 0],
    [7, 7],
  ]);
  expect([34, 35, 38, 39, 44, 45].map((frame) => log.controlAt(frame))).toEqual([
    'substitute',
    'owner',
    'owner',
    'substitute',
    'substitute',
    'owner',
  ]);
});

test('what was held before counts until the new inputs come, also when nobody returned in between', () => {
  const log = filled(40);
  log.change(41, 'substitute');
  log.change(45, 'lost');
  log.reopen(60);
  expect([log.received, log.held]).toEqual([59, 40]);
});

test('so many changes are kept, the oldest are forgotten first', () => {
  const log = filled(1);
  for (let change = 1; change <= SLOT_CHANGES_KEPT + 1; change += 1)
    log.change(change * 10, change % 2 === 1 ? 'substitute' : 'owner');
  // The newest is apart from those kept: frames 10 to 19 are the oldest known.
  expect(log.controlAt(10)).toBe('substitute');
  expect([log.periodStart(19), log.periodStart(10)]).toEqual([10, 10]);
  // Of before, the first period is taken for what all begin with.
  expect([log.controlAt(9), log.periodStart(9)]).toEqual(['owner', 0]);
  log.change((SLOT_CHANGES_KEPT + 2) * 10, 'owner');
  expect([log.controlAt(10), log.periodStart(19)]).toEqual(['owner', 0]);
  expect([log.controlAt(20), log.periodStart(20)]).toEqual(['owner', 20]);
  expect([log.controlAt(30), log.periodStart(39)]).toEqual(['substitute', 30]);
});

test('owner and epoch of a frame are those of its time', () => {
  const log = filled(40);
  log.change(31, 'substitute');
  log.reopen(35);
  log.change(50, 'vacant');
  log.reopen(60, 4);
  const frames = [0, 30, 31, 34, 35, 49, 50, 59, 60, 99];
  expect(frames.map((frame) => log.epochAt(frame))).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
  expect(frames.map((frame) => log.ownerAt(frame))).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 4, 4]);
  expect(log.owner).toBe(4);
});

test('what a newcomer is told of a slot is what its own log starts from', () => {
  const log = filled(40);
  expect(log.manifestAt(30)).toEqual({
    ...{ owner: 1, control: 'owner', since: 0, epoch: 0, held: 30 },
    input: Uint8Array.of(30, 0),
  });
  log.change(41, 'substitute');
  expect(log.manifestAt(60)).toEqual({
    ...{ owner: 1, control: 'substitute', since: 41, epoch: 0, held: 40 },
    input: Uint8Array.of(40, 0),
  });
  // Of frames before the change it tells what was then.
  expect(log.manifestAt(40)).toMatchObject({ control: 'owner', since: 0, held: 40 });
  const fresh = new SlotLog(3, 9, 2);
  fresh.startFrom(log.manifestAt(60));
  expect([fresh.owner, fresh.control, fresh.since, fresh.epoch, fresh.received, fresh.held]).toEqual([
    1,
    'substitute',
    41,
    0,
    40,
    40,
  ]);
  expect(cellOf(fresh, 40)).toEqual([40, 0]);
  expect(fresh.manifestAt(60)).toEqual(log.manifestAt(60));
  for (const it of [log, fresh]) it.reopen(70);
  expect([fresh.held, fresh.received, fresh.epoch]).toEqual([log.held, log.received, log.epoch]);
});

test('of a slot that is lost or vacant a newcomer is told no input, of a vacant one no owner', () => {
  const log = filled(40);
  log.change(41, 'lost');
  expect(log.manifestAt(60)).toMatchObject({
    owner: 1,
    control: 'lost',
    held: 40,
    input: Uint8Array.of(0, 0),
  });
  log.change(61, 'vacant');
  expect(log.manifestAt(70)).toMatchObject({ owner: undefined, control: 'vacant', held: 60 });
  const fresh = new SlotLog(3, 1, 2);
  fresh.startFrom(log.manifestAt(70));
  expect([fresh.owner, fresh.isActive]).toEqual([NO_OWNER, false]);
  expect(new SlotLog(0, 1, 2).manifestAt(0)).toMatchObject({ held: 0, input: Uint8Array.of(0, 0) });
});

test('only what the owner sent itself is acknowledged to it, and nothing of a gap that nobody holds', () => {
  const log = filled(40);
  log.firstHand = 30;
  expect(log.acknowledged).toBe(30);
  log.firstHand = 60;
  expect(log.acknowledged).toBe(40);
  log.change(41, 'substitute');
  log.reopen(70);
  expect(log.acknowledged).toBe(40);
  // The first frame of the new period comes through a third peer, then from its owner.
  log.append(Uint8Array.of(5, 6), 0);
  expect([log.held, log.acknowledged]).toEqual([70, 69]);
  log.firstHand = 70;
  expect(log.acknowledged).toBe(70);
});

test('inputs that are sent on from a frame end before the frames that nobody holds', () => {
  const log = filled(40);
  expect(log.lastFrom(10)).toBe(40);
  log.change(41, 'substitute');
  expect(log.lastFrom(30)).toBe(40);
  log.reopen(70);
  log.append(Uint8Array.of(5, 6), 0);
  log.append(Uint8Array.of(5, 7), 0);
  expect([30, 41, 69, 70, 71].map((frame) => log.lastFrom(frame))).toEqual([40, 40, 40, 71, 71]);
});

test('a newcomer goes on in the epoch it was told, and takes nothing more of an owner whose inputs have ended', () => {
  const log = filled(40);
  log.change(31, 'substitute');
  log.reopen(35);
  for (let frame = 35; frame <= 50; frame += 1) log.append(Uint8Array.of(frame, 1), 0);
  const playing = new SlotLog(3, 9, 2);
  playing.startFrom(log.manifestAt(45));
  expect([playing.epoch, playing.since, playing.acknowledged, playing.limit]).toEqual([1, 35, 45, NO_FRAME]);
  // What was before its time it was not told.
  expect([playing.epochAt(20), playing.ownerAt(20), playing.controlAt(20)]).toEqual([0, 1, 'owner']);
  log.change(51, 'lost');
  const ended = new SlotLog(3, 9, 2);
  ended.startFrom(log.manifestAt(60));
  expect([ended.epoch, ended.received, ended.acknowledged, ended.limit]).toEqual([1, 50, 50, 50]);
});

test('the very first input is told to a newcomer too', () => {
  expect(filled(3).manifestAt(1)).toMatchObject({ held: 1, input: Uint8Array.of(1, 0) });
});
