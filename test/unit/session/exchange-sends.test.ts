/** The frame exchange by itself: what it writes into each field of a packet. */
import { LOG_FRAMES_KEPT, PACKET_FRAMES_MAX } from '../../../sdk/src/base/limits.js';
import type { OutgoingFacts } from '../../../sdk/src/session/exchange-types.js';
import { CLOCK_UNKNOWN, RELAY_FRAMES_MAX, read16, STAMP_NONE } from '../../../sdk/src/wire/frame-packet.js';
import { factsAt, fill, logOf, nodeOf, remoteOf, sent } from './exchange-node.js';

describe('what is sent', () => {
  test.each([
    [0, 5, 0, false],
    [6, 5, 0, false],
    [101, 5, 0, true],
    [100, 5, 0, false],
    [5, 105, 101, true],
    [6, 105, 101, false],
    [300, 310, 250, false],
    [1, 101, 90, true],
    [1, 100, 90, false],
    [0, 400, 390, true],
    [0, 99, 90, false],
    [0, 100, 90, true],
    [350, 310, 250, false],
    [5, 12, 11, false],
    [351, 310, 250, true],
  ])(
    'acknowledging %i, with inputs to %i, acknowledged to %i: wide %s',
    (received, newest, acked, isWide) => {
      const node = nodeOf([0, 1], 0);
      fill(node, 0, newest);
      fill(node, 1, received);
      remoteOf(node, 1).acked = acked;
      const { header } = sent(node, 1, factsAt(newest));
      expect(header.wideAck).toBe(isWide);
      expect(header.ack).toBe(isWide ? received : received & 0xff);
      expect([header.frame16, header.count]).toEqual([newest, newest - acked]);
    },
  );

  test('a frame held but not to be told yet is not acknowledged, nor reported', () => {
    const node = nodeOf([0, 1, 2], 0);
    for (const slot of [0, 1, 2]) fill(node, slot, 30 + slot);
    const { exchange } = node;
    for (const [limit, acked, vector] of [
      [40, 31, [30, 31, 32]],
      [31, 31, [30, 31, 31]],
      [30, 30, [30, 30, 30]],
      [7, 7, [7, 7, 7]],
    ] as const) {
      node.limit = limit;
      const { header, bytes } = sent(node, 1, factsAt(30, { report: true }));
      expect(header.ack).toBe(acked);
      expect([0, 1, 2].map((slot) => read16(bytes, header.vectorAt + 2 * slot))).toEqual(vector);
    }
    expect(exchange.lastCarried).toBe(30);
  });

  test.each([
    [12, 8 * 64],
    [20, 0],
    [20.01, STAMP_NONE],
    [12 + 8 - 2046 / 64, 2046],
    [12 + 8 - 2047 / 64, STAMP_NONE],
    [12 + 8 - 2050 / 64, STAMP_NONE],
    [12.5, 8 * 64 - 32],
  ])('the stamp at position %d', (position, stamp) => {
    const node = nodeOf([0, 1], 0);
    fill(node, 0, 12);
    expect(sent(node, 1, factsAt(position)).header.stamp).toBe(stamp);
  });

  test('who carries no inputs names the frame of its clock, which never falls back', () => {
    const node = nodeOf([0, 1], 2, 3);
    const frames = [10.9, 11, 5, 11.2, 13.7].map((position) => sent(node, 0, factsAt(position)).header);
    expect(frames.map(({ frame16 }) => frame16)).toEqual([10, 11, 11, 11, 13]);
    expect(frames.map(({ count, epoch }) => count + epoch)).toEqual([0, 0, 0, 0, 0]);
    expect(node.exchange.newestOwn).toBe(0);
    expect(node.exchange.carries).toBe(false);
  });

  test('with everything acknowledged a packet carries nothing, and names no frame before those it named', () => {
    const node = nodeOf([0, 1], 0);
    fill(node, 0, 20);
    expect(sent(node, 1, factsAt(18)).header).toMatchObject({ frame16: 20, count: 20 });
    remoteOf(node, 1).acked = 20;
    expect(sent(node, 1, factsAt(18)).header).toMatchObject({ frame16: 20, count: 0 });
    expect(sent(node, 1, factsAt(23.5)).header).toMatchObject({ frame16: 23, count: 0 });
  });

  test.each([
    [LOG_FRAMES_KEPT, false],
    [LOG_FRAMES_KEPT + 1, true],
  ])('%i frames that a watcher has not acknowledged make it deaf: %s', (lag, isDeaf) => {
    const node = nodeOf([0, 0], 0, 2);
    for (const slot of [0, 1]) fill(node, slot, 2000);
    const watcher = remoteOf(node, 1);
    watcher.acked = 2000 - lag;
    const { header } = sent(node, 1, factsAt(2000));
    expect(watcher.isDeaf).toBe(isDeaf);
    const first = isDeaf ? 2000 - PACKET_FRAMES_MAX + 1 : 2000 - lag + 1;
    expect([header.frame16, header.count]).toEqual([first + PACKET_FRAMES_MAX - 1, PACKET_FRAMES_MAX]);
  });

  test('a player that far behind is not deaf: others pass the inputs on', () => {
    const node = nodeOf([0, 1], 0);
    fill(node, 0, 2000);
    remoteOf(node, 1).acked = 100;
    expect(sent(node, 1, factsAt(2000)).header.frame16).toBe(2000);
    expect(remoteOf(node, 1).isDeaf).toBe(false);
  });

  test('a report says the clock if it was measured, what arrived, and the view in its low bits', () => {
    const node = nodeOf([0, 1, 2], 0);
    fill(node, 0, 3);
    const remote = remoteOf(node, 1);
    remote.packetsReceived = 70_000;
    const facts = factsAt(3, { report: true, viewId: 0x1fe, hears: 0x40000005 });
    const before = sent(node, 1, facts).header;
    expect(before).toMatchObject({
      clock: CLOCK_UNKNOWN,
      received16: 70_000 & 0xffff,
      view8: 0xfe,
      hears: 0x40000005,
    });
    // In 1/64 frame, cut off where 16 bits end.
    for (const [steps, told] of [
      [160, 160],
      [-160, -160],
      [32_766, 32_766],
      [32_767, 32_766],
      [64_000, 32_766],
      [-32_766, -32_766],
      [-32_767, -32_766],
    ] as const) {
      remote.clock.restart();
      remote.clock.sample(new Float64Array([steps / 64]), 0, 20);
      remote.clock.fold(0, new Float64Array(1), true);
      expect([steps, remote.clock.local(0) * 64, sent(node, 1, facts).header.clock]).toEqual([
        steps,
        steps,
        told,
      ]);
    }
    expect(sent(node, 1, factsAt(3)).header.hasReport).toBe(false);
  });

  test('between two peers a report has no vector, among three it ends with the last slot ever played', () => {
    const pair = nodeOf([0, 1], 0);
    expect(sent(pair, 1, factsAt(3, { report: true })).header).toMatchObject({
      hasReport: true,
      vectorLength: 0,
    });
    const trio = nodeOf([0, 1, 2], 0);
    expect(sent(trio, 1, factsAt(3, { report: true })).header.vectorLength).toBe(3);
    logOf(trio, 2).control = 'vacant';
    expect(sent(trio, 1, factsAt(3, { report: true })).header.vectorLength).toBe(2);
    logOf(trio, 1).control = 'vacant';
    logOf(trio, 2).control = 'owner';
    expect(sent(trio, 1, factsAt(3, { report: true })).header.vectorLength).toBe(3);
  });

  test('a hash goes out as often as it is due', () => {
    const node = nodeOf([0, 1], 0);
    fill(node, 0, 3);
    Object.assign(remoteOf(node, 1), { hash: -5, hashFrame: 90, hashRepeats: 2 });
    const facts = factsAt(3);
    const headers = [1, 2, 3].map(() => sent(node, 1, facts).header);
    expect(headers.map(({ hasHash }) => hasHash)).toEqual([true, true, false]);
    expect(headers[1]).toMatchObject({ hashFrame16: 90, hash: -5 });
  });

  test.each([
    [10, 20, 11, 10],
    [10, 11, 11, 1],
    [10, 10, 0, 0],
    [10, 9, 0, 0],
    [10, 42, 11, 32],
    [10, 99, 11, RELAY_FRAMES_MAX],
  ])('a relay goes on behind frame %i, with what is held to %i', (held, received, first, count) => {
    const node = nodeOf([0, 1, 2], 0);
    fill(node, 0, 3);
    fill(node, 2, received);
    (node.exchange.told[1] as Int32Array)[2] = held;
    remoteOf(node, 1).relaySlot = 2;
    const { header } = sent(node, 1, factsAt(3));
    expect(header.hasRelay).toBe(count > 0);
    if (count > 0) expect(header).toMatchObject({ relaySlot: 2, relayFirst16: first, relayCount: count });
    remoteOf(node, 1).relaySlot = -1;
    expect(sent(node, 1, factsAt(3)).header.hasRelay).toBe(false);
  });

  test('a report says how the clock was steered and which delay is wanted, each in its bits', () => {
    const node = nodeOf([0, 1], 0);
    for (const [adjustment, delayFrames, steering12] of [
      [1.5, 3, 96],
      [-1.5, 15, 4000],
      [63.99, 0, 4095],
      [64.5, 1, 32],
    ] as const) {
      const clock = { position: 3, adjustment } as OutgoingFacts['clock'];
      const { header } = sent(node, 1, factsAt(3, { report: true, clock, delayFrames }));
      expect([header.steering12, header.delayFrames]).toEqual([steering12, delayFrames]);
    }
  });

  test('without any slot that was ever played a report has no vector, whoever listens', () => {
    const node = nodeOf([0, 1, 2], 0);
    for (const slot of [0, 1, 2]) logOf(node, slot).control = 'vacant';
    expect(sent(node, 1, factsAt(3, { report: true })).header).toMatchObject({
      hasReport: true,
      vectorLength: 0,
    });
  });

  test('there is a row for each peer, and new ones for those that come', () => {
    const { exchange } = nodeOf([0, 1, 2], 0);
    expect([exchange.held.length, exchange.said.length]).toEqual([3, 3]);
    exchange.addPeers(5);
    exchange.addPeers(4);
    expect([exchange.held.length, exchange.said.length]).toEqual([5, 5]);
  });

  test('the inputs of two slots go out frame by frame, with those of the slot that is least far', () => {
    const node = nodeOf([0, 0, 1], 0);
    fill(node, 0, 6);
    fill(node, 1, 5);
    const { header, bytes } = sent(node, 1, factsAt(5));
    expect(header).toMatchObject({ frame16: 5, count: 5 });
    expect([...bytes.subarray(header.cellsAt, header.cellsAt + 5)]).toEqual([0xff, 2, 2, 2 ^ 3, 2 ^ 3]);
  });

  test('to who owns nothing there is nothing to acknowledge, however far its clock', () => {
    const node = nodeOf([0], 0, 2);
    fill(node, 0, 400);
    remoteOf(node, 1).acked = 390;
    expect(sent(node, 1, factsAt(400)).header).toMatchObject({ ack: 0, wideAck: false });
  });
});
