/** The frame exchange by itself: what it takes from each field of a packet, and what it leaves. */
import { defineInput, int } from 'rollmesh/state';
import { FUTURE_FRAMES_MAX, LOG_FRAMES_KEPT, PACKET_FRAMES_MAX } from '../../../sdk/src/base/limits.js';
import { RELAY_FRAMES_MAX } from '../../../sdk/src/wire/frame-packet.js';
import { fill, logOf, nodeOf, remoteOf, take, valuesOf } from './exchange-node.js';

describe('what is taken', () => {
  test('inputs without a gap, each once', () => {
    const node = nodeOf([0, 1], 0);
    const log = logOf(node, 1);
    expect(take(node, 1, { frame: 3, changes: [5, 0, 3] })).toBe(true);
    expect(valuesOf(log)).toEqual([5, 5, 6]);
    // Frame 5 alone leaves a gap; 4 and 5 do not; 2 to 5 say nothing new.
    expect(take(node, 1, { frame: 5, changes: [1] })).toBe(false);
    expect(take(node, 1, { frame: 5, changes: [1, 1] })).toBe(true);
    expect(take(node, 1, { frame: 5, changes: [0, 3, 1, 1] })).toBe(true);
    expect(valuesOf(log)).toEqual([5, 5, 6, 7, 6]);
    expect(node.equivocations).toEqual([]);
    expect((node.exchange.held[1] as Int32Array)[1]).toBe(5);
  });

  test.each([
    [FUTURE_FRAMES_MAX, true],
    [FUTURE_FRAMES_MAX + 1, false],
  ])('nothing farther than the bound ahead: %i', (ahead, isTaken) => {
    const node = nodeOf([0, 1], 0);
    logOf(node, 1).received = 100 + ahead - 1;
    expect(take(node, 1, { frame: 100 + ahead, count: 1, wide: true }, { confirmed: 100 })).toBe(isTaken);
  });

  test('no packet begins before frame 1', () => {
    const node = nodeOf([0, 1], 0);
    expect(take(node, 1, { frame: 2, count: 3 })).toBe(false);
    expect(take(node, 1, { frame: 2, count: 2 })).toBe(true);
    expect(take(node, 1, { frame: 0, count: 0 })).toBe(true);
  });

  test('an acknowledgement of what was sent, in both widths', () => {
    const node = nodeOf([0, 1], 0);
    fill(node, 0, 400);
    const remote = remoteOf(node, 1);
    logOf(node, 1).received = 390;
    const ack = (frame: number, value: number, wide: boolean): [boolean, number] => {
      const isTaken = take(node, 1, { frame, count: 0, ack: value, wide }, { confirmed: 300 });
      return [isTaken, remote.acked];
    };
    remote.newestFrame = 390;
    expect(ack(390, 350 & 0xff, false)).toEqual([true, 350]);
    expect(ack(390, 300, true)).toEqual([true, 350]);
    expect(ack(390, 400, true)).toEqual([true, 400]);
    expect(ack(390, 401, true)).toEqual([false, 400]);
    expect(ack(390, 401 & 0xff, false)).toEqual([false, 400]);
  });

  test('who sends no inputs takes no acknowledgement, whatever it says', () => {
    const watcher = nodeOf([0, 1], 2, 3);
    for (const [frame, ack, wide] of [
      [1, 0, false],
      [2, 9, false],
      [3, 0x1234, true],
    ] as const) {
      expect(take(watcher, 0, { frame, count: 1, ack, wide })).toBe(true);
      expect(remoteOf(watcher, 0).acked).toBe(0);
    }
    const late = nodeOf([0, 1], 0);
    logOf(late, 0).change(5, 'substitute');
    expect(take(late, 1, { frame: 1, count: 1, ack: 99 })).toBe(true);
    expect(remoteOf(late, 1).acked).toBe(0);
  });

  test('inputs of another epoch are left, and the rest of the packet counts', () => {
    const node = nodeOf([0, 1], 0);
    fill(node, 0, 9);
    expect(take(node, 1, { frame: 3, changes: [5, 1, 1], epoch: 1, ack: 4 })).toBe(true);
    expect(logOf(node, 1).received).toBe(0);
    expect(remoteOf(node, 1).acked).toBe(4);
    expect((node.exchange.held[1] as Int32Array)[1]).toBe(0);
    // No gap is looked for: its frames are of a time that is not known here.
    expect(take(node, 1, { frame: 80, changes: [5], epoch: 1 })).toBe(true);
    expect(take(node, 1, { frame: 80, changes: [5], epoch: 0 })).toBe(false);
  });

  test('a frame that was simulated with another input is told, one that was not is not', () => {
    const node = nodeOf([0, 1], 0);
    const log = logOf(node, 1);
    log.used.bytes.set([5, 9, 6, 7], log.used.offsetOf(1));
    expect(take(node, 1, { frame: 4, changes: [5, 0, 3, 1] }, { simulated: 3 })).toBe(true);
    expect(node.wrong).toEqual([2]);
  });

  test('nothing is taken beyond a limit', () => {
    const node = nodeOf([0, 1], 0);
    const log = logOf(node, 1);
    log.limit = 2;
    expect(take(node, 1, { frame: 4, changes: [5, 0, 3, 1] })).toBe(true);
    expect(valuesOf(log)).toEqual([5, 5]);
    expect((node.exchange.held[1] as Int32Array)[1]).toBe(0);
    log.limit = 3;
    expect(take(node, 1, { frame: 4, changes: [5, 0, 3, 1] })).toBe(true);
    expect(valuesOf(log)).toEqual([5, 5, 6]);
  });

  test('another value for a frame is told once, and what follows it in the packet is read on', () => {
    const node = nodeOf([0, 1], 0);
    expect(take(node, 1, { frame: 3, changes: [5, 0, 3] })).toBe(true);
    for (let copy = 0; copy < 2; copy += 1)
      expect(take(node, 1, { frame: 4, changes: [5, 1, 3, 1] })).toBe(true);
    expect(node.equivocations).toEqual(['1 2 b']);
    // The frames that were there stay; the new one is what the sender says now.
    expect(valuesOf(logOf(node, 1))).toEqual([5, 5, 6, 6]);
    // A newer one is told again.
    expect(take(node, 1, { frame: 4, changes: [5, 0, 3, 9] })).toBe(true);
    expect(node.equivocations).toEqual(['1 2 b', '1 4 b']);
  });

  test('the report of a packet that was overtaken is left', () => {
    const node = nodeOf([0, 1, 2], 0);
    const held = node.exchange.held[1] as Int32Array;
    expect(take(node, 1, { frame: 4, count: 4, report: { view: 0, held: [0, 4, 9] } })).toBe(true);
    expect(held[2]).toBe(9);
    expect(take(node, 1, { frame: 3, count: 3, report: { view: 0, held: [0, 4, 30] } })).toBe(true);
    expect(held[2]).toBe(9);
    expect(take(node, 1, { frame: 4, count: 4, report: { view: 0, held: [0, 4, 30] } })).toBe(true);
    expect(held[2]).toBe(30);
  });

  test('a report raises what its sender is known to hold of third slots, within the bound, and never lowers it', () => {
    const node = nodeOf([0, 1, 2], 0);
    const { held, said } = node.exchange;
    fill(node, 0, 8);
    fill(node, 2, 20);
    let frame = 0;
    const report = (view: number, values: readonly number[]): void => {
      frame += 1;
      expect(take(node, 1, { frame, count: 1, ack: 5, report: { view, held: values } })).toBe(true);
    };
    report(0, [7, 3, 15]);
    // Of its own slot its inputs count; of ours what it says it holds, by whatever way.
    expect([...(held[1] as Int32Array)]).toEqual([7, 1, 15]);
    expect([...(said[1] as Int32Array)]).toEqual([7, 3, 15]);
    report(0, [7, 3, 12]);
    expect([...(held[1] as Int32Array)]).toEqual([7, 2, 15]);
    report(0, [7, 3, 20 + FUTURE_FRAMES_MAX + 1]);
    expect((held[1] as Int32Array)[2]).toBe(15);
    report(1, [7, 3, 18]);
    // Of another view: held, but not said in ours.
    expect([(held[1] as Int32Array)[2], (said[1] as Int32Array)[2]]).toEqual([18, 15]);
    node.exchange.viewId = 0x101;
    report(1, [7, 3, 19]);
    expect([(held[1] as Int32Array)[2], (said[1] as Int32Array)[2]]).toEqual([19, 19]);
    report(0, [7, 3, 20 + FUTURE_FRAMES_MAX]);
    expect([(held[1] as Int32Array)[2], (said[1] as Int32Array)[2]]).toEqual([20 + FUTURE_FRAMES_MAX, 19]);
  });

  test('of a slot that was taken up again only reports of our own view count', () => {
    const node = nodeOf([0, 1, 2], 0);
    fill(node, 2, 20);
    const log = logOf(node, 2);
    log.change(15, 'substitute');
    log.reopen(30);
    node.exchange.reopened(log, 30);
    const row = node.exchange.held[1] as Int32Array;
    expect([row[2], (node.exchange.said[1] as Int32Array)[2]]).toEqual([29, 29]);
    expect(take(node, 1, { frame: 1, count: 1, report: { view: 3, held: [0, 1, 33] } })).toBe(true);
    expect(row[2]).toBe(29);
    node.exchange.viewId = 3;
    expect(take(node, 1, { frame: 2, count: 1, report: { view: 3, held: [0, 1, 33] } })).toBe(true);
    expect(row[2]).toBe(33);
  });

  test('a relay is taken like the inputs of the owner, and its sender holds what it sent', () => {
    const node = nodeOf([0, 1, 2], 0);
    const log = logOf(node, 2);
    const row = node.exchange.held[1] as Int32Array;
    log.used.bytes.set([5, 9, 6], log.used.offsetOf(1));
    const relay = { slot: 2, first: 1, changes: [5, 0, 3] };
    expect(take(node, 1, { frame: 1, count: 1, relay }, { simulated: 3 })).toBe(true);
    expect(valuesOf(log)).toEqual([5, 5, 6]);
    expect([row[2], ...node.wrong]).toEqual([3, 2]);
    expect(take(node, 1, { frame: 2, count: 1, relay: { slot: 2, first: 2, changes: [0] } })).toBe(true);
    expect(row[2]).toBe(3);
  });

  test.each([
    ['a gap', { slot: 2, first: 12, changes: [1] }],
    ['a slot that nobody plays', { slot: 3, first: 11, changes: [1] }],
    ['a slot of ours', { slot: 0, first: 11, changes: [1] }],
    ['a slot of the sender', { slot: 1, first: 11, changes: [1] }],
    ['a frame 0', { slot: 2, first: 0, changes: [1, 1] }],
  ])('a relay with %s is left', (_what, relay) => {
    const node = nodeOf([0, 1, 2, 2], 0);
    for (const slot of [0, 1, 2, 3]) fill(node, slot, 10);
    logOf(node, 3).control = 'vacant';
    const rows = [...(node.exchange.held[1] as Int32Array)];
    expect(take(node, 1, { frame: 10, count: 0, relay }, { confirmed: 5 })).toBe(true);
    expect(node.setup.logs.map(({ received }) => received)).toEqual([10, 10, 10, 10]);
    expect([...(node.exchange.held[1] as Int32Array)]).toEqual(rows);
    expect(node.equivocations).toEqual([]);
  });

  test('a relay reaches 32 frames beyond what is held, and not into what the log has let go', () => {
    const node = nodeOf([0, 1, 2], 0);
    fill(node, 2, 2000);
    const row = node.exchange.held[1] as Int32Array;
    const relay = (first: number, count: number): number => {
      row[2] = 0;
      const changes = new Array<number>(count).fill(0);
      expect(
        take(node, 1, { frame: 1, count: 0, relay: { slot: 2, first, changes } }, { confirmed: 1990 }),
      ).toBe(true);
      return row[2] as number;
    };
    const lowest = 2000 - LOG_FRAMES_KEPT + PACKET_FRAMES_MAX;
    expect(relay(lowest, 1)).toBe(0);
    expect(relay(lowest + 1, 1)).toBe(lowest + 1);
    expect(relay(2001, RELAY_FRAMES_MAX)).toBe(2032);
    expect(logOf(node, 2).received).toBe(2032);
    expect(relay(2002, RELAY_FRAMES_MAX)).toBe(2033);
  });

  test('the inputs of two slots, frame by frame', () => {
    const node = nodeOf([0, 1, 1], 0);
    expect(take(node, 1, { frame: 3, count: 3, changes: [5, 6, 0, 1, 2, 0] })).toBe(true);
    expect(valuesOf(logOf(node, 1))).toEqual([5, 5, 7]);
    expect(valuesOf(logOf(node, 2))).toEqual([6, 7, 7]);
    const row = node.exchange.held[1] as Int32Array;
    expect([row[1], row[2]]).toEqual([3, 3]);
  });

  test('inputs of the epoch that is known here, after a return', () => {
    const node = nodeOf([0, 1], 0);
    const log = logOf(node, 1);
    fill(node, 1, 10);
    log.change(11, 'substitute');
    log.reopen(20);
    expect(take(node, 1, { frame: 21, changes: [5, 1], epoch: 0 })).toBe(true);
    expect(log.received).toBe(19);
    expect(take(node, 1, { frame: 21, changes: [5, 1], epoch: 1 })).toBe(true);
    expect(log.received).toBe(21);
    expect(log.cells.bytes[log.cells.offsetOf(21)]).toBe(4);
  });

  test('what was sent for frames that a substitute played is no evidence', () => {
    const node = nodeOf([0, 1], 0);
    const log = logOf(node, 1);
    fill(node, 1, 3);
    log.change(4, 'substitute');
    log.reopen(6);
    // Frames 4 and 5 were nobody's: whatever they hold, no value of theirs is a second one.
    expect(take(node, 1, { frame: 6, changes: [9, 9, 9], epoch: 1 })).toBe(true);
    expect(node.equivocations).toEqual([]);
    expect(log.received).toBe(6);
    expect(take(node, 1, { frame: 6, changes: [0, 0, 1], epoch: 1 })).toBe(true);
    expect(node.equivocations).toEqual(['1 6 b']);
  });

  test('a packet with an input that no definition makes is refused: its sender is heard no more, so that others relay', () => {
    const input = defineInput({ v: int(0, 99) });
    const node = nodeOf([0, 1], 0, 2, input);
    expect(take(node, 1, { frame: 3, changes: [5, 120 ^ 5, 0] })).toBe(false);
    expect([logOf(node, 1).received, remoteOf(node, 1).newestFrame]).toEqual([1, 0]);
  });

  test.each([
    [1799, 1],
    [1800, 0],
  ])('a second value %i frames back is told %i times', (back, times) => {
    const node = nodeOf([0, 1], 0);
    const log = logOf(node, 1);
    fill(node, 1, 2000);
    const frame = 2000 - back;
    expect(take(node, 1, { frame, changes: [77], wide: true }, { confirmed: 1990 })).toBe(true);
    expect(node.equivocations).toHaveLength(times);
    expect(log.received).toBe(2000);
  });

  test('after a start from a state all hold what it is made of; a peer that comes anew holds that alone', () => {
    const node = nodeOf([0, 1, 2], 0);
    const rows = (): number[][] => [...node.exchange.held, ...node.exchange.said].map((row) => [...row]);
    node.exchange.startFrom(40);
    expect(rows()).toEqual(new Array(6).fill([40, 40, 40]));
    node.exchange.forget(1, 30);
    expect(rows()).toEqual(
      [0, 1, 2, 0, 1, 2].map((index) => new Array<number>(3).fill(index === 1 ? 30 : 40)),
    );
    node.exchange.forget(9, 50);
    expect(rows()).toHaveLength(6);
    node.exchange.reopened(logOf(node, 2), 61);
    expect(rows().map((row) => row[2])).toEqual([60, 60, 60, 60, 60, 60]);
    expect(rows().map((row) => row[0])).toEqual([40, 30, 40, 40, 30, 40]);
  });
});
