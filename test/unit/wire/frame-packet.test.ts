/** The packet of the hot path: what is sealed is decoded, and nothing else is. */
import fc from 'fast-check';
import { CellRing } from '../../../sdk/src/base/cell-ring.js';
import { PACKET_BYTES_MAX, PACKET_FRAMES_MAX } from '../../../sdk/src/base/limits.js';
import {
  createFrameHeader,
  decodeFramePacket,
  FLAG_HASH,
  FLAG_RELAY,
  FLAG_REPORT,
  FLAG_WIDE_ACK,
  FRAME_HEADER_BYTES,
  type FramePacketShape,
  packetCrc,
  REPORT_BYTES,
  REPORT_VIEW_BYTES,
  read16,
  read32,
  sealFramePacket,
  write16,
  write32,
} from '../../../sdk/src/wire/frame-packet.js';
import { writeCells } from '../../../sdk/src/wire/input-cells.js';

const KEY = 0xbeef;

/** What goes into a packet of a test. */
interface Content {
  readonly frame: number;
  readonly stamp: number;
  readonly ack: number;
  readonly inputs: readonly (readonly number[])[];
  readonly wideAck?: boolean;
  readonly epoch?: number;
  /** Most slots of the match, where they are more than the report names. */
  readonly playersMax?: number;
  readonly report?: {
    readonly clock: number;
    readonly received: number;
    readonly steering: number;
    readonly delay: number;
    readonly vector: readonly number[];
  };
  readonly relay?: { readonly slot: number; readonly first: number; readonly values: readonly number[] };
  readonly hash?: { readonly frame: number; readonly value: number };
}

function shapeOf(content: Content, cellBytes = 1): FramePacketShape {
  return {
    matchKey: KEY,
    senderSlots: content.inputs.length,
    cellBytes,
    vectorLength:
      content.playersMax ?? content.report?.vector.length ?? (content.relay === undefined ? 0 : 4),
  };
}

/** Builds the bytes of a packet; `inputs` is slot -> one byte per frame. */
function packetOf(content: Content): Uint8Array {
  const out = new Uint8Array(PACKET_BYTES_MAX);
  const rings = content.inputs.map((values) => {
    const ring = new CellRing(256, 1);
    for (const [index, value] of values.entries()) ring.bytes[ring.offsetOf(index + 1)] = value;
    return ring;
  });
  const count = content.inputs[0]?.length ?? 0;
  let flags = content.wideAck === true ? FLAG_WIDE_ACK : 0;
  let at = FRAME_HEADER_BYTES + (content.wideAck === true ? 1 : 0);
  at = writeCells({ rings, first: 1, count }, out, at, PACKET_BYTES_MAX);
  if (content.report !== undefined) {
    flags |= FLAG_REPORT;
    write16(out, at, content.report.clock);
    write16(out, at + 2, content.report.received);
    write16(out, at + 4, content.report.steering | (content.report.delay << 12));
    out[at + 6] = content.report.vector.length;
    at += REPORT_BYTES;
    if (content.report.vector.length > 0) {
      out[at] = 7;
      write32(out, at + 1, 0x80000005);
      for (const [index, value] of content.report.vector.entries()) {
        write16(out, at + REPORT_VIEW_BYTES + 2 * index, value);
      }
      at += REPORT_VIEW_BYTES + 2 * content.report.vector.length;
    }
  }
  if (content.hash !== undefined) {
    flags |= FLAG_HASH;
    write16(out, at, content.hash.frame);
    write32(out, at + 2, content.hash.value);
    at += 6;
  }
  if (content.relay !== undefined) {
    flags |= FLAG_RELAY;
    const { slot, first, values } = content.relay;
    out[at] = slot;
    write16(out, at + 1, first);
    out[at + 3] = values.length;
    const ring = new CellRing(256, 1);
    for (const [index, value] of values.entries()) ring.bytes[ring.offsetOf(index + 1)] = value;
    at = writeCells({ rings: [ring], first: 1, count: values.length }, out, at + 4, PACKET_BYTES_MAX);
  }
  sealFramePacket(out, at, {
    matchKey: KEY,
    flags,
    frame: content.frame,
    stamp: content.stamp,
    ack: content.ack,
    count,
    epoch: content.epoch ?? 0,
  });
  return out.slice(0, at);
}

const KINDS: readonly [string, Content][] = [
  ['no inputs', { frame: 70_000, stamp: 2047, ack: 255, inputs: [[]] }],
  ['no inputs of slots taken up again', { frame: 70_000, stamp: 2047, ack: 255, epoch: 1, inputs: [[]] }],
  ['one input of slots taken up again', { frame: 12, stamp: 900, ack: 9, epoch: 1, inputs: [[0, 0, 7]] }],
  ['a watcher', { frame: 12, stamp: 1024, ack: 3, inputs: [] }],
  ['one input', { frame: 12, stamp: 900, ack: 9, inputs: [[0, 0, 7]] }],
  [
    'three slots',
    {
      frame: 65_535,
      stamp: 1,
      ack: 0,
      inputs: [
        [1, 2, 3, 3],
        [0, 0, 0, 0],
        [9, 9, 9, 0],
      ],
    },
  ],
  [
    'a report',
    {
      frame: 40,
      stamp: 1025,
      ack: 38,
      inputs: [[5, 5]],
      report: { clock: -3, received: 65_535, steering: 0xfff, delay: 15, vector: [] },
    },
  ],
  [
    'a report with a vector',
    {
      frame: 40,
      stamp: 1025,
      ack: 38,
      inputs: [[5, 5]],
      report: { clock: 0x7fff, received: 1, steering: 5, delay: 0, vector: [1, 200, 3, 0x1234] },
    },
  ],
  [
    'a report of fewer slots than the match may have',
    {
      frame: 40,
      stamp: 1025,
      ack: 38,
      inputs: [[5, 5]],
      playersMax: 4,
      report: { clock: 7, received: 9, steering: 1, delay: 1, vector: [1, 200] },
    },
  ],
  ['a wide acknowledgement', { frame: 400, stamp: 1025, ack: 0x1234, wideAck: true, inputs: [[1]] }],
  [
    'a relay',
    {
      frame: 41,
      stamp: 1025,
      ack: 39,
      inputs: [[5]],
      relay: { slot: 3, first: 65_530, values: [1, 2, 2, 9] },
    },
  ],
  ['a hash', { frame: 61, stamp: 1025, ack: 59, inputs: [[0]], hash: { frame: 60, value: 0xdeadbeef } }],
  [
    'everything',
    {
      frame: 301,
      stamp: 1536,
      ack: 44,
      inputs: [
        [0, 1, 1, 2],
        [3, 3, 3, 3],
      ],
      wideAck: true,
      report: { clock: 100, received: 44, steering: 0x801, delay: 7, vector: [9, 8, 7] },
      hash: { frame: 300, value: 1 },
      relay: { slot: 2, first: 290, values: [4, 4, 5] },
    },
  ],
];

test.each(KINDS)('%s: every field comes back', (_name, content) => {
  const bytes = packetOf(content);
  const header = createFrameHeader();
  expect(decodeFramePacket(bytes, shapeOf(content), header)).toBe(true);
  expect(header).toMatchObject({
    frame16: content.frame & 0xffff,
    stamp: content.stamp,
    ack: content.ack & (content.wideAck === true ? 0xffff : 0xff),
    wideAck: content.wideAck === true,
    count: content.inputs[0]?.length ?? 0,
    epoch: content.epoch ?? 0,
    cellsAt: FRAME_HEADER_BYTES + (content.wideAck === true ? 1 : 0),
    hasReport: content.report !== undefined,
    hasHash: content.hash !== undefined,
    hasRelay: content.relay !== undefined,
  });
  if (content.report !== undefined) {
    expect(header.clock).toBe(content.report.clock);
    expect(header.received16).toBe(content.report.received);
    expect(header.steering12).toBe(content.report.steering);
    expect(header.delayFrames).toBe(content.report.delay);
    expect(header.vectorLength).toBe(content.report.vector.length);
    const vector = content.report.vector.map((_, index) => read16(bytes, header.vectorAt + 2 * index));
    expect(vector).toEqual(content.report.vector);
  }
  if (content.report !== undefined && content.report.vector.length > 0) {
    expect(header.view8).toBe(7);
    expect(header.hears >>> 0).toBe(0x80000005);
  }
  if (content.relay !== undefined) {
    expect(header.relaySlot).toBe(content.relay.slot);
    expect(header.relayFirst16).toBe(content.relay.first);
    expect(header.relayCount).toBe(content.relay.values.length);
  }
  if (content.hash !== undefined) {
    expect(header.hashFrame16).toBe(content.hash.frame);
    expect(header.hash >>> 0).toBe(content.hash.value);
  }
});

test.each(KINDS)('%s: every truncation and every added byte is refused', (_name, content) => {
  const bytes = packetOf(content);
  const header = createFrameHeader();
  for (let length = 0; length < bytes.length; length += 1)
    expect(decodeFramePacket(bytes.subarray(0, length), shapeOf(content), header)).toBe(false);
  for (let added = 0; added < 256; added += 1)
    expect(decodeFramePacket(Uint8Array.from([...bytes, added]), shapeOf(content), header)).toBe(false);
});

test.each(KINDS)(
  '%s: every single-bit flip and every pair of flips within two bytes is refused',
  (_name, content) => {
    const bytes = packetOf(content);
    const header = createFrameHeader();
    const accepted: number[][] = [];
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      for (let second = bit; second < Math.min(bit + 16, bytes.length * 8); second += 1) {
        const damaged = bytes.slice();
        damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
        if (second !== bit) damaged[second >> 3] = (damaged[second >> 3] as number) ^ (1 << (second & 7));
        if (decodeFramePacket(damaged, shapeOf(content), header)) accepted.push([bit, second]);
      }
    }
    expect(accepted).toEqual([]);
  },
);

test.each(KINDS)('%s: a packet of any other match is refused', (_name, content) => {
  const bytes = packetOf(content);
  const header = createFrameHeader();
  let accepted = 0;
  for (let matchKey = 0; matchKey < 0x10000; matchKey += 7)
    if (matchKey !== KEY && decodeFramePacket(bytes, { ...shapeOf(content), matchKey }, header))
      accepted += 1;
  expect(accepted).toBe(0);
});

/** The CRC is made right for arbitrary bytes, as a hostile peer of the match would. */
function sealed(bytes: Uint8Array): Uint8Array {
  if (bytes.length >= 3) write16(bytes, 1, packetCrc(bytes, bytes.length, KEY));
  return bytes;
}

test('with a right checksum, whatever is accepted is the only encoding of its content', () => {
  const shapes = fc.record({
    matchKey: fc.constant(KEY),
    senderSlots: fc.nat(3),
    cellBytes: fc.constantFrom(1, 2, 3),
    vectorLength: fc.constantFrom(0, 3),
  });
  const cells = fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 60, 255), { maxLength: 24 });
  let accepted = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(0, 0x70, 1, 2, 3, 4, 8, 9, 0xff),
      fc.constantFrom(0, 1, 2, 3, 0x80, 0x82),
      cells,
      shapes,
      (first, count, rest, shape) => {
        const bytes = sealed(Uint8Array.from([first, 0, 0, 1, 2, 3, 4, count, ...rest]));
        const header = createFrameHeader();
        if (!decodeFramePacket(bytes, shape, header)) return;
        accepted += 1;
        const again = bytes.slice();
        again.fill(0, 0, FRAME_HEADER_BYTES);
        const flags =
          (header.hasReport ? FLAG_REPORT : 0) |
          (header.hasHash ? FLAG_HASH : 0) |
          (header.hasRelay ? FLAG_RELAY : 0) |
          (header.wideAck ? FLAG_WIDE_ACK : 0);
        const fields = {
          flags,
          frame: header.frame16,
          stamp: header.stamp,
          ack: header.ack,
          count: header.count,
          epoch: header.epoch,
        };
        sealFramePacket(again, again.length, { matchKey: KEY, ...fields });
        expect([...again]).toEqual([...bytes]);
      },
    ),
    { numRuns: 6000, seed: 1 },
  );
  expect(accepted).toBeGreaterThan(100);
});

test.each([
  ['bit 7 of the first byte', 0, 0x80],
  ['a relay that is not there', 0, 4],
  ['more frames than there are cells', 7, 40],
  ['a hash flag without a hash', 0, FLAG_HASH],
  ['a report flag without a report', 0, FLAG_REPORT],
])('refuses %s even with a right checksum', (_name, at, bits) => {
  const content: Content = { frame: 12, stamp: 900, ack: 9, inputs: [[0, 0, 7]] };
  const bytes = packetOf(content);
  bytes[at] = at === 0 ? (bytes[0] as number) | bits : bits;
  expect(decodeFramePacket(sealed(bytes), shapeOf(content), createFrameHeader())).toBe(false);
});

test('a watcher cannot carry inputs nor have an epoch, and 127 unchanged frames are the most', () => {
  const watcher = packetOf({ frame: 12, stamp: 900, ack: 9, inputs: [] });
  const shape = { matchKey: KEY, senderSlots: 0, cellBytes: 1, vectorLength: 0 };
  for (const bits of [1, 0x80, 0x81]) {
    watcher[7] = bits;
    expect(decodeFramePacket(sealed(watcher), shape, createFrameHeader())).toBe(false);
  }
  const inputs = [new Array<number>(PACKET_FRAMES_MAX).fill(0)];
  const most = packetOf({ frame: 128, stamp: 900, ack: 9, inputs });
  const header = createFrameHeader();
  expect(decodeFramePacket(most, { ...shape, senderSlots: 1 }, header)).toBe(true);
  expect([header.count, header.epoch]).toEqual([127, 0]);
});

test('a vector may have as many entries as the match has slots, and not one more', () => {
  const content: Content = {
    frame: 40,
    stamp: 1025,
    ack: 38,
    inputs: [[5, 5]],
    report: { clock: 7, received: 9, steering: 0, delay: 2, vector: [1, 2, 3, 4] },
  };
  const accepts = (vectorLength: number): boolean =>
    decodeFramePacket(packetOf(content), { ...shapeOf(content), vectorLength }, createFrameHeader());
  expect([0, 3, 4, 5, 16].map(accepts)).toEqual([false, false, true, true, true]);
});

test('no packet above the limit is looked at', () => {
  // Two unchanged inputs of as many slots as it takes.
  const shape = { matchKey: KEY, cellBytes: 1, vectorLength: 0 };
  for (const length of [PACKET_BYTES_MAX - 1, PACKET_BYTES_MAX, PACKET_BYTES_MAX + 1]) {
    const bytes = new Uint8Array(length);
    bytes[7] = 2;
    const fitting = { ...shape, senderSlots: (length - FRAME_HEADER_BYTES) * 4 };
    expect(decodeFramePacket(sealed(bytes), fitting, createFrameHeader())).toBe(length <= PACKET_BYTES_MAX);
  }
});

test('random bytes never throw', () => {
  const header = createFrameHeader();
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 1200 }),
      fc.nat(16),
      fc.integer({ min: 1, max: 64 }),
      (bytes, senderSlots, cellBytes) => {
        decodeFramePacket(bytes, { matchKey: KEY, senderSlots, cellBytes, vectorLength: 16 }, header);
        expect(
          typeof decodeFramePacket(
            sealed(bytes),
            { matchKey: KEY, senderSlots, cellBytes, vectorLength: 0 },
            header,
          ),
        ).toBe('boolean');
      },
    ),
    { numRuns: 2000, seed: 1 },
  );
});

test('numbers of 16 and 32 bits are little-endian', () => {
  const bytes = new Uint8Array(6);
  write32(bytes, 1, 0x89abcdef);
  expect([...bytes]).toEqual([0, 0xef, 0xcd, 0xab, 0x89, 0]);
  expect(read32(bytes, 1) >>> 0).toBe(0x89abcdef);
  write16(bytes, 0, 0x1234f);
  expect([bytes[0], bytes[1], read16(bytes, 0)]).toEqual([0x4f, 0x23, 0x234f]);
});
