/**
 * The decoders of wire/ and of the transport's own messages as fuzz targets. Beside "never throws" each checks that what was
 * accepted is the only encoding of its content, and that every offset lies inside the packet.
 */
import { CellRing } from '../../../sdk/src/base/cell-ring.js';
import { PACKET_BYTES_MAX } from '../../../sdk/src/base/limits.js';
import {
  decodeMeshMessage,
  encodeGoodbye as encodeMeshGoodbye,
} from '../../../sdk/src/transport/mesh-messages.js';
import {
  createFrameHeader,
  decodeFramePacket,
  FLAG_HASH,
  FLAG_RELAY,
  FLAG_REPORT,
  FLAG_WIDE_ACK,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  type FramePacketShape,
  packetCrc,
  REPORT_BYTES,
  REPORT_VIEW_BYTES,
  sealFramePacket,
  write16,
} from '../../../sdk/src/wire/frame-packet.js';
import {
  decodeGo,
  decodeGoodbye,
  decodeHello,
  decodeStranger,
  encodeGo,
  encodeGoodbye,
  encodeHello,
  encodeStranger,
  HELLO_KEY,
  KIND_HELLO,
  WIRE_VERSION,
} from '../../../sdk/src/wire/handshake-message.js';
import { readCell, writeCells } from '../../../sdk/src/wire/input-cells.js';
import { decodePace, encodePace, KIND_PACE } from '../../../sdk/src/wire/pace-message.js';
import { NO_PLAN, type ViewBody } from '../../../sdk/src/wire/view-body.js';
import {
  decodeForward,
  decodeViewMessage,
  encodeForward,
  encodeSlotCells,
  encodeViewMessage,
  KIND_FORWARD,
  type ViewMessage,
} from '../../../sdk/src/wire/view-messages.js';
import type { FuzzTarget } from './fuzzer.js';

const KEY = 0x5a17;
const SLOT_COUNTS = [0, 1, 2, 4, 16];
const VECTOR_LENGTHS = [0, 4, 16];
const WIRE_DECODER = /^sdk\/src\/wire\/[\w-]+\.ts:(?:(?:decode|read|skip)\w*$|ByteReader\.(?!constructor))/;

/** Throws unless `condition`: the fuzzer counts a throw as found. */
export function must(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

/** Throws unless both are the same bytes. */
export function mustEqual(left: Uint8Array, right: Uint8Array, message: string): void {
  let same = left.length === right.length;
  for (let index = 0; same && index < left.length; index += 1) same = left[index] === right[index];
  if (!same) throw new Error(message);
}

/** The checksum of a packet that starts at `at`, made right: as a hostile member of the match would. */
export function sealAt(input: Uint8Array, at: number, key: number): void {
  if (input.length < at + 3) return;
  const packet = input.subarray(at);
  write16(packet, 1, packetCrc(packet, packet.length, packet[0] === KIND_HELLO ? HELLO_KEY : key));
}

/** Bytes 0 and 1 of an input are the shape: slots of the sender, length of the vector, bytes of a cell. */
const SHAPE_BYTES = 2;
const header = createFrameHeader();

function shapeOf(input: Uint8Array): FramePacketShape {
  const first = input[0] ?? 0;
  return {
    matchKey: KEY,
    senderSlots: SLOT_COUNTS[first % SLOT_COUNTS.length] as number,
    vectorLength: VECTOR_LENGTHS[(first >> 3) % VECTOR_LENGTHS.length] as number,
    cellBytes: ((input[1] ?? 0) % 64) + 1,
  };
}

/** Frames of `slots` slots, decoded from `bytes` at `at` and encoded again: must be the same bytes. Returns the end. */
function recode(
  bytes: Uint8Array,
  at: number,
  frames: number,
  shape: { slots: number; cellBytes: number },
): number {
  const { slots, cellBytes } = shape;
  const rings = Array.from({ length: slots }, () => new CellRing(256, cellBytes));
  const cells = rings.map(() => new Uint8Array(cellBytes));
  let end = at;
  for (let cell = 0; cell < frames * slots; cell += 8) {
    const group = bytes[end++] as number;
    for (let index = cell; index < cell + 8 && index < frames * slots; index += 1) {
      const value = cells[index % slots] as Uint8Array;
      if ((group & (1 << (index - cell))) !== 0) end = readCell(bytes, end, value);
      const ring = rings[index % slots] as CellRing;
      ring.bytes.set(value, ring.offsetOf(1 + Math.floor(index / slots)));
    }
  }
  must(end <= bytes.length, `cells end at ${end} of ${bytes.length}`);
  const again = new Uint8Array(end - at + slots * (cellBytes + 16) + 64);
  const range = { rings, first: 1, count: frames };
  const length = writeCells(range, again, 0, again.length);
  must(range.count === frames, 'not all frames were written again');
  mustEqual(again.subarray(0, length), bytes.subarray(at, end), 'the cells have a second encoding');
  return end;
}

function checkPacket(packet: Uint8Array, shape: FramePacketShape, decoded: FrameHeader): void {
  const again = packet.slice();
  again.fill(0, 0, FRAME_HEADER_BYTES + (decoded.wideAck ? 1 : 0));
  const flags =
    (decoded.hasReport ? FLAG_REPORT : 0) |
    (decoded.hasHash ? FLAG_HASH : 0) |
    (decoded.hasRelay ? FLAG_RELAY : 0) |
    (decoded.wideAck ? FLAG_WIDE_ACK : 0);
  const { frame16: frame, stamp, ack, count, epoch } = decoded;
  sealFramePacket(again, again.length, { matchKey: KEY, flags, frame, stamp, ack, count, epoch });
  mustEqual(again, packet, 'the header has a second encoding');
  const { cellBytes, senderSlots } = shape;
  const { vectorLength } = decoded;
  let at = recode(packet, decoded.cellsAt, count, { slots: senderSlots, cellBytes });
  if (decoded.hasReport) at += REPORT_BYTES + (vectorLength > 0 ? REPORT_VIEW_BYTES + 2 * vectorLength : 0);
  if (decoded.hasReport && vectorLength > 0) {
    must(vectorLength <= shape.vectorLength, 'the vector is longer than the match');
    must(decoded.vectorAt + 2 * vectorLength === at, 'the vector is elsewhere');
  }
  if (decoded.hasHash) at += 6;
  if (decoded.hasRelay) {
    must(decoded.relayCellsAt === at + 4, 'the relay is elsewhere');
    at = recode(packet, decoded.relayCellsAt, decoded.relayCount, { slots: 1, cellBytes });
  }
  must(at === packet.length && at <= PACKET_BYTES_MAX, `the packet ends at ${at} of ${packet.length}`);
}

/** An input of the frame target: the shape, then a sealed packet of `rest` after a header. */
function framePacket(
  shape: readonly [number, number],
  flags: number,
  count: number,
  rest: readonly number[],
): Uint8Array {
  const input = Uint8Array.from([...shape, 0x40 | flags, 0, 0, 70, 0, 9, 60, count, ...rest]);
  sealAt(input, SHAPE_BYTES, KEY);
  return input;
}

const frameTarget: FuzzTarget = {
  name: 'frame-packet',
  reachesAll: true,
  bytesMax: SHAPE_BYTES + PACKET_BYTES_MAX + 8,
  decoder: /^sdk\/src\/wire\/(?:frame-packet|input-cells)\.ts:(?:decode|read(?!SlotCells)|skip)\w*$/,
  seeds: [
    framePacket([0, 0], 0, 0, []),
    framePacket([1, 0], 0, 3, [0b101, 7, 9]),
    framePacket([2, 1], FLAG_WIDE_ACK, 2, [1, 0b1001, 7, 1, 3, 9]),
    framePacket([3 + 8, 2], FLAG_REPORT | FLAG_HASH, 1, [
      0b1,
      0b11,
      7,
      1,
      1,
      0,
      2,
      0,
      5,
      0x20,
      4,
      ...new Array<number>(13).fill(2),
      1,
      2,
      3,
      4,
      5,
      6,
    ]),
    framePacket([4 + 16, 63], FLAG_RELAY, 1, [0, 0, 3, 65, 0, 2, 0]),
    framePacket([1 + 8, 10], FLAG_RELAY, 0, [3, 65, 0, 9, 1, 0b100, 0b10, 5, 9, 0]),
  ],
  seal: (input) => sealAt(input, SHAPE_BYTES, KEY),
  run(input) {
    const shape = shapeOf(input);
    const packet = input.slice(SHAPE_BYTES);
    const before = packet.slice();
    if (decodeFramePacket(packet, shape, header)) checkPacket(packet, shape, header);
    mustEqual(packet, before, 'the decoder wrote into the packet');
  },
};

const HELLO = {
  wireVersion: WIRE_VERSION,
  match: 1,
  game: -2,
  version: 3,
  schema: 4,
  config: 5,
  flags: 3,
  stampMs: 6,
  hasEcho: true,
  echoMs: 7,
  heldMs: 8,
};

const handshakeTarget: FuzzTarget = {
  name: 'handshake',
  reachesAll: true,
  bytesMax: PACKET_BYTES_MAX + 8,
  decoder: /^sdk\/src\/wire\/handshake-message\.ts:decode\w+$/,
  seeds: [
    encodeHello(HELLO),
    encodeHello({ ...HELLO, hasEcho: false }),
    encodeHello({ ...HELLO, wireVersion: WIRE_VERSION + 1 }),
    encodeGo(-120, KEY),
    encodeGoodbye(3600, KEY),
    encodeStranger(7, KEY),
  ],
  seal: (input) => sealAt(input, 0, KEY),
  run(bytes) {
    const hello = decodeHello(bytes);
    const go = decodeGo(bytes, KEY);
    const goodbye = decodeGoodbye(bytes, KEY);
    const stranger = decodeStranger(bytes, KEY);
    if (hello?.wireVersion === WIRE_VERSION)
      mustEqual(encodeHello(hello), bytes, 'the HELLO has a second encoding');
    if (go !== undefined) mustEqual(encodeGo(go, KEY), bytes, 'the GO has a second encoding');
    if (goodbye !== undefined)
      mustEqual(encodeGoodbye(goodbye, KEY), bytes, 'the GOODBYE has a second encoding');
    if (stranger !== undefined)
      mustEqual(encodeStranger(stranger, KEY), bytes, 'the STRANGER has a second encoding');
    const understood = [hello, go, goodbye, stranger].filter((message) => message !== undefined);
    must(understood.length < 2, 'one message is understood as two');
  },
};

/** One of each kind, with the cells of two-byte inputs. */
export function sampleViewMessages(): ViewMessage[] {
  const ring = new CellRing(32, 2);
  ring.bytes.set([1, 0, 1, 0, 2, 3], 2);
  const cells = encodeSlotCells(ring, 1, 3);
  const common = { viewId: 1, ballot: { round: 2, voter: 3 } };
  const cut = { ...NO_PLAN, removed: 8, late: 0, frame: 0, cuts: [{ slot: 3, base: 40, cut: 43, cells }] };
  const plan: ViewBody = {
    ...{ removed: 0, late: 0, returned: 4, frame: 90, pace: 'pause', cuts: [] },
    newcomers: [{ index: 5, peer: 'eve', nonce: 7 }],
    seats: [{ slot: 2, owner: 5 }],
  };
  const sets = { removed: 8, late: 4 };
  return [
    { ...common, ...sets, kind: 'propose', lead: 12, completing: false, held: [{ slot: 3, frame: 43 }] },
    { ...common, kind: 'report', limit: 60, held: [{ slot: 3, frame: 43, cells }], accepted: undefined },
    {
      ...common,
      kind: 'report',
      limit: 60,
      held: [],
      accepted: { ballot: { round: 1, voter: 0 }, body: cut },
    },
    { ...common, kind: 'reject', hears: 8, promisedRound: 5 },
    { ...common, kind: 'accept', body: cut },
    { ...common, kind: 'accept', body: plan },
    { ...common, kind: 'commit', body: cut },
    { ...common, kind: 'accepted' },
    { ...common, kind: 'abort' },
  ];
}

const viewTarget: FuzzTarget = {
  name: 'view-message',
  reachesAll: true,
  bytesMax: 400,
  decoder:
    /^sdk\/src\/wire\/(?:view-messages|view-body|byte-cursor)\.ts:(?:(?:decodeView|read|isSensible)\w*$|ByteReader\.(?!constructor))/,
  seeds: sampleViewMessages().map((message) => Uint8Array.from([1, ...encodeViewMessage(message, KEY)])),
  seal: (input) => sealAt(input, 1, KEY),
  run(input) {
    const cellBytes = ((input[0] ?? 0) % 64) + 1;
    const bytes = input.slice(1);
    const message = decodeViewMessage(bytes, KEY, cellBytes);
    if (message !== undefined)
      mustEqual(encodeViewMessage(message, KEY), bytes, `the ${message.kind} has a second encoding`);
  },
};

const forwardTarget: FuzzTarget = {
  name: 'forward',
  reachesAll: true,
  bytesMax: 400,
  decoder: /^sdk\/src\/wire\/view-messages\.ts:decodeForward$/,
  seeds: sampleViewMessages()
    .slice(0, 2)
    .map((message) => encodeForward({ from: 3, to: 1, message: encodeViewMessage(message, KEY) }, KEY)),
  dictionary: [Uint8Array.of(KIND_FORWARD)],
  seal: (input) => sealAt(input, 0, KEY),
  run(bytes) {
    const forward = decodeForward(bytes, KEY);
    if (forward !== undefined)
      mustEqual(encodeForward(forward, KEY), bytes, 'the FORWARD has a second encoding');
  },
};

const paceTarget: FuzzTarget = {
  name: 'pace',
  reachesAll: true,
  bytesMax: 12,
  decoder: /^sdk\/src\/wire\/pace-message\.ts:decode\w+$/,
  seeds: [encodePace('pause', KEY), encodePace('resume', KEY), Uint8Array.of(KIND_PACE)],
  seal: (input) => sealAt(input, 0, KEY),
  run(bytes) {
    const pace = decodePace(bytes, KEY);
    if (pace !== undefined) mustEqual(encodePace(pace, KEY), bytes, 'the PACE has a second encoding');
  },
};

const meshTarget: FuzzTarget = {
  name: 'mesh-message',
  reachesAll: true,
  bytesMax: 16,
  decoder: /^sdk\/src\/transport\/mesh-messages\.ts:decode\w+$/,
  seeds: [Uint8Array.of(0xf0), encodeMeshGoodbye('leaving'), encodeMeshGoodbye('silent')],
  run(bytes) {
    const message = decodeMeshMessage(bytes);
    if (message?.kind === 'heartbeat') mustEqual(bytes, Uint8Array.of(0xf0), 'a second heartbeat');
    if (message?.kind === 'goodbye')
      mustEqual(encodeMeshGoodbye(message.code), bytes, 'the goodbye has a second encoding');
  },
};

/** All decoders of the wire. */
export const WIRE_TARGETS: readonly FuzzTarget[] = [
  frameTarget,
  handshakeTarget,
  viewTarget,
  forwardTarget,
  paceTarget,
  meshTarget,
];

/** Every scope of wire/ that decodes: a target must exist for each. */
export const ALL_WIRE_DECODERS = WIRE_DECODER;
