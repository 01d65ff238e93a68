/** The numbers that both ends must share, and packets that lie exactly on a limit. */
import * as limits from '../../../sdk/src/base/limits.js';
import { ByteReader, ByteWriter } from '../../../sdk/src/wire/byte-cursor.js';
import * as packets from '../../../sdk/src/wire/frame-packet.js';
import * as handshake from '../../../sdk/src/wire/handshake-message.js';

const { createFrameHeader, decodeFramePacket, packetCrc, write16 } = packets;
const KEY = 7;

function sealed(bytes: readonly number[], key: number = KEY): Uint8Array {
  const packet = Uint8Array.from(bytes);
  write16(packet, 1, packetCrc(packet, packet.length, key));
  return packet;
}

function isTaken(bytes: readonly number[], shape: Partial<packets.FramePacketShape> = {}): boolean {
  const whole = { matchKey: KEY, senderSlots: 1, cellBytes: 1, vectorLength: 0, ...shape };
  return decodeFramePacket(sealed(bytes), whole, createFrameHeader());
}

test('a changed number would part the versions of the wire', () => {
  expect(packets).toMatchObject({
    FRAME_HEADER_BYTES: 8,
    REPORT_VIEW_BYTES: 5,
    FLAG_REPORT: 1,
    FLAG_HASH: 2,
    FLAG_RELAY: 4,
    FLAG_WIDE_ACK: 8,
    NARROW_ACK_FRAMES: 100,
    RELAY_FRAMES_MAX: 32,
    STAMP_NONE: 2047,
    STAMP_STEPS_PER_FRAME: 64,
    STAMP_SHIFT_FRAMES: 8,
    CLOCK_UNKNOWN: 0x7fff,
    CLOCK_STEPS_PER_FRAME: 64,
  });
  expect(handshake).toMatchObject({
    KIND_HELLO: 0x80,
    KIND_GO: 0x81,
    KIND_GOODBYE: 0x82,
    HELLO_KEY: 0x524d,
    HELLO_BYTES: 35,
    HELLO_HEARD_YOU: 1,
    HELLO_READY: 2,
  });
  expect(limits).toMatchObject({
    PACKET_BYTES_MAX: 1100,
    PACKET_FRAMES_MAX: 127,
    PLAYERS_MAX: 16,
    PEERS_MAX: 31,
  });
});

test('a fresh header says nothing', () => {
  expect(createFrameHeader()).toEqual({
    ...{ frame16: 0, stamp: 2047, ack: 0, wideAck: false, count: 0, epoch: 0, cellsAt: 0 },
    ...{ hasReport: false, clock: 0x7fff, received16: 0, steering12: 0, delayFrames: 0 },
    ...{ vectorLength: 0, view8: 0, hears: 0, vectorAt: 0 },
    ...{ hasHash: false, hashFrame16: 0, hash: 0 },
    ...{ hasRelay: false, relaySlot: 0, relayFirst16: 0, relayCount: 0, relayCellsAt: 0 },
  });
});

test.each([
  [1099, true],
  [1100, true],
  [1101, false],
])('a packet of %i bytes that is legal otherwise: %s', (length, isLegal) => {
  // 127 frames of 16 slots are 254 groups; as many cells change as it takes.
  const bytes = [0, 0, 0, 200, 0, 0, 9, 127];
  let changed = length - 8 - 254;
  for (let group = 0; group < 254; group += 1) {
    const cells = Math.min(8, changed);
    changed -= cells;
    bytes.push((1 << cells) - 1, ...new Array<number>(cells).fill(5));
  }
  expect(bytes).toHaveLength(length);
  expect(isTaken(bytes, { senderSlots: 16 })).toBe(isLegal);
});

test('the first byte goes up to 127: the highest stamp with all flags', () => {
  const rest = [0, 0, 0, 0, 0, 0, 0, 0];
  const report = [0, 0, 0, 0, 0, 0, 1, ...new Array<number>(5 + 2).fill(0)];
  const hash = [30, 0, 1, 2, 3, 4];
  const relay = [0, 1, 0, 1, 0];
  expect(isTaken([127, ...rest, ...report, ...hash, ...relay], { vectorLength: 1 })).toBe(true);
  expect(isTaken([128, 0, 0, 0, 0, 0, 0, 0])).toBe(false);
  expect(isTaken([112, 0, 0, 0, 0, 0, 0, 0])).toBe(true);
});

test('a vector has as many entries as it says, and no more than the match has slots', () => {
  const report = (entries: number, bytes: number): number[] => {
    const head = [packets.FLAG_REPORT, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, entries];
    return [...head, ...new Array<number>(bytes).fill(0)];
  };
  const legal: number[][] = [];
  for (let entries = 0; entries <= 6; entries += 1)
    for (let bytes = 0; bytes < 20; bytes += 1)
      if (isTaken(report(entries, bytes), { vectorLength: 4 })) legal.push([entries, bytes]);
  expect(legal).toEqual([0, 1, 2, 3, 4].map((entries) => [entries, entries === 0 ? 0 : 5 + 2 * entries]));
});

test('the fields of a report stand where they are written', () => {
  const header = createFrameHeader();
  const shape = { matchKey: KEY, senderSlots: 1, cellBytes: 1, vectorLength: 4 };
  const report = [
    packets.FLAG_REPORT,
    0,
    0,
    0,
    0,
    0,
    0,
    0x80,
    0xfe,
    0xff,
    2,
    1,
    0x34,
    0x52,
    2,
    9,
    4,
    3,
    2,
    0x81,
    7,
    0,
    8,
    0,
  ];
  expect(decodeFramePacket(sealed(report), shape, header)).toBe(true);
  expect(header).toMatchObject({ count: 0, epoch: 1, clock: -2, received16: 258, vectorLength: 2 });
  expect(header).toMatchObject({ steering12: 0x234, delayFrames: 5 });
  expect(header).toMatchObject({ view8: 9, hears: 0x81020304 | 0, vectorAt: 20 });
});

test('a report between two peers says nothing of views', () => {
  const header = createFrameHeader();
  const flags = packets.FLAG_REPORT | packets.FLAG_HASH;
  const bytes = sealed([flags, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 30, 0, 1, 2, 3, 4]);
  const shape = { matchKey: KEY, senderSlots: 1, cellBytes: 1, vectorLength: 4 };
  expect(decodeFramePacket(bytes, shape, header)).toBe(true);
  expect(header).toMatchObject({ clock: 1, received16: 2, view8: 0, hears: 0, vectorAt: 0, hashFrame16: 30 });
});

test('a report that is cut short is refused, though the header could be read as the sections behind it', () => {
  const flags = packets.FLAG_REPORT | packets.FLAG_HASH | packets.FLAG_RELAY;
  expect(isTaken([flags, 0, 0, 0, 0, 3, 0, 0, 1, 0], { vectorLength: 16 })).toBe(false);
});

test('a section that is refused is not read past from the bytes before it', () => {
  // Each would be a whole packet if a refusal were taken for a place near the header.
  expect(isTaken([6, 0, 0, 0, 0, 3, 0, 1, 2, 0], { vectorLength: 16 })).toBe(false);
  expect(isTaken([7, 0, 0, 0, 0, 0, 0, 3, 0, 0, 24, 0, 0, 9, 1, 1], { vectorLength: 4 })).toBe(false);
  expect(isTaken([7, 0, 0, 0, 0, 0, 0, 3, 0, 0, 24, 0, 0, 4, 1], { vectorLength: 4 })).toBe(false);
});

test('the cells of a relay begin behind its four bytes', () => {
  const header = createFrameHeader();
  const bytes = sealed([packets.FLAG_RELAY, 0, 0, 0, 0, 0, 0, 0, 2, 9, 1, 3, 0b10, 5]);
  const shape = { matchKey: KEY, senderSlots: 1, cellBytes: 1, vectorLength: 4 };
  expect(decodeFramePacket(bytes, shape, header)).toBe(true);
  expect(header).toMatchObject({ relaySlot: 2, relayFirst16: 265, relayCount: 3, relayCellsAt: 12 });
});

test('a relay has 1 to 32 frames of a slot of the match', () => {
  const relay = (slot: number, count: number): number[] => {
    const groups = new Array<number>((count + 7) >> 3).fill(0);
    return [packets.FLAG_RELAY, 0, 0, 0, 0, 0, 0, 0, slot, 9, 0, count, ...groups];
  };
  const legal = [];
  for (let slot = 0; slot < 6; slot += 1)
    for (const count of [0, 1, 2, 31, 32, 33])
      if (isTaken(relay(slot, count), { vectorLength: 4 })) legal.push([slot, count]);
  expect(legal).toEqual([0, 1, 2, 3].flatMap((slot) => [1, 2, 31, 32].map((count) => [slot, count])));
});

test('a HELLO of a later version may take a whole packet, one of this version has no spare flag', () => {
  const later = new Array<number>(1100).fill(1);
  later[0] = handshake.KIND_HELLO;
  later[3] = handshake.WIRE_VERSION + 1;
  expect(handshake.decodeHello(sealed(later, handshake.HELLO_KEY))?.wireVersion).toBe(
    handshake.WIRE_VERSION + 1,
  );
  expect(handshake.decodeHello(sealed([...later, 0], handshake.HELLO_KEY))).toBeUndefined();
  const withFlags = (flags: number): number[] => {
    const bytes = new Array<number>(handshake.HELLO_BYTES).fill(0);
    bytes[0] = handshake.KIND_HELLO;
    bytes[3] = handshake.WIRE_VERSION;
    bytes[24] = flags;
    return bytes;
  };
  const legal = Array.from({ length: 256 }, (_, flags) => flags).filter(
    (flags) => handshake.decodeHello(sealed(withFlags(flags), handshake.HELLO_KEY)) !== undefined,
  );
  expect(legal).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test.each([
  [3, 0, 3],
  [3, 1, 2],
  [3, 3, 0],
  [3, 2, 0],
])('of %i bytes, %i read, %i more are there', (length, read, wanted) => {
  const reader = new ByteReader(
    Uint8Array.from({ length }, (_, index) => index + 1),
    read,
  );
  const taken = reader.take(wanted);
  expect([...taken]).toEqual(Array.from({ length: wanted }, (_, index) => read + index + 1));
  expect([reader.ok, reader.at]).toEqual([true, read + wanted]);
});

test.each([
  [3, 0, 4],
  [3, 2, 2],
  [3, 3, 1],
  [0, 0, 1],
])('of %i bytes, %i read, %i more are not there: nothing is taken', (length, read, wanted) => {
  const reader = new ByteReader(new Uint8Array(length), read);
  expect(reader.take(wanted)).toHaveLength(0);
  expect([reader.ok, reader.at, reader.complete]).toEqual([false, read, false]);
  // Once broken, always broken: also for what would be there.
  expect(reader.take(0)).toHaveLength(0);
  expect([reader.u8(), reader.ok, reader.at]).toEqual([0, false, read]);
});

test('a reader that ran out takes nothing more, though bytes are left', () => {
  const reader = new ByteReader(Uint8Array.of(1, 2, 3, 4), 0);
  reader.take(9);
  expect([reader.take(2).length, reader.u8(), reader.at, reader.ok]).toEqual([0, 0, 0, false]);
});

test('a writer keeps every byte while it grows', () => {
  for (const size of [255, 256, 257, 511, 512, 513, 3000]) {
    const writer = new ByteWriter();
    for (let index = 0; index < size; index += 1) writer.u8(index & 0xff);
    writer.put(Uint8Array.from({ length: size }, (_, index) => (index * 7) & 0xff));
    const bytes = writer.finish();
    expect(bytes).toHaveLength(size * 2);
    expect(writer.length).toBe(size * 2);
    const expected = Array.from({ length: size * 2 }, (_, index) =>
      index < size ? index & 0xff : ((index - size) * 7) & 0xff,
    );
    expect([...bytes]).toEqual(expected);
  }
});
