/**
 * The one packet of the hot path: everything a peer has to say in a frame. Layout (little-endian):
 *
 *     byte 0      0 sss ffff   bit 7 zero; s = high bits of the stamp; f = flags (1 report, 2 hash, 4 relay, 8 wide ack)
 *     bytes 1-2   CRC-16 over byte 0 and bytes 3.., started with the match key
 *     bytes 3-4   low 16 bits of the last frame carried (of the sender's clock if it owns no slot)
 *     byte 5      stamp, low bits: (frame + 8 - sender's fractional frame) in 1/64 frame; 2047 = none
 *     byte 6      low bits of the last frame received from the addressee's slots (0 if it owns none)
 *     byte 7      count of frames carried, 0 to 127; bit 7: how often these slots were taken up again by their owner, mod 2
 *     byte 8      with a wide ack: its bits 8 to 15. Else it is the number nearest to the frame of bytes 3-4
 *     cells       see input-cells.ts, count * slots of the sender
 *     report      clock difference i16 (1/64 frame, 0x7fff = unknown), packets received u16,
 *                 steering u16 (bits 0 to 11: low bits, 1/64 frame; bits 12 to 15: input delay),
 *                 n u8 = slots of the vector: 0 among two peers, else up to the last one that was ever played, and then
 *                 view u8 (low bits), hears u32 (bit = index in peers),
 *                 for each slot the low 16 bits of the last frame held
 *     hash        frame u16 (low bits, a multiple of 30), state hash u32
 *     relay       slot u8 (another peer's), first frame u16 (low bits), count u8 (1 to 32), cells of that slot,
 *                 the first coded as if the one before were zero
 */
import { crc16 } from '../base/crc16.js';
import { PACKET_BYTES_MAX, PLAYERS_MAX } from '../base/limits.js';
import { skipCells } from './input-cells.js';

/** Bytes before the inputs. */
export const FRAME_HEADER_BYTES = 8;
/** Bytes of a report with two peers: the beginning of all reports. */
export const REPORT_BYTES = 7;
/** Bytes between that and the vector, with three or more peers. */
export const REPORT_VIEW_BYTES = 5;
/** Most bytes of inputs in one packet: what the longest header and report and the hash leave. A relay takes what is then left. */
export const INPUTS_BYTES_MAX: number =
  PACKET_BYTES_MAX - (FRAME_HEADER_BYTES + 1) - (REPORT_BYTES + REPORT_VIEW_BYTES + 2 * PLAYERS_MAX) - 6;
/** Flags of byte 0. */
export const FLAG_REPORT = 1;
export const FLAG_HASH = 2;
export const FLAG_RELAY = 4;
export const FLAG_WIDE_ACK = 8;
/** An acknowledgement this far from the packet's frame, or farther, is sent wide. */
export const NARROW_ACK_FRAMES = 100;
/** Most frames of one relayed slot in one packet. */
export const RELAY_FRAMES_MAX = 32;
/** Stamp value that says: no usable clock. */
export const STAMP_NONE = 2047;
/** Steps of a stamp per frame. */
export const STAMP_STEPS_PER_FRAME = 64;
/** Frames by which a stamp is shifted to stay positive. */
export const STAMP_SHIFT_FRAMES = 8;
/** Clock difference that says: not measured yet. */
export const CLOCK_UNKNOWN = 0x7fff;
/** Steps of a clock difference per frame. */
export const CLOCK_STEPS_PER_FRAME = 64;

/** What both ends know before a packet arrives. */
export interface FramePacketShape {
  /** Start value of the CRC, 16 bits. */
  readonly matchKey: number;
  /** Slots whose inputs this sender carries. */
  readonly senderSlots: number;
  readonly cellBytes: number;
  /** Slots of the match (playersMax): most entries of a report's vector. */
  readonly vectorLength: number;
}

/** A decoded header; `cellsAt` and `vectorAt` point into the packet. One object is reused for all packets. */
export interface FrameHeader {
  frame16: number;
  stamp: number;
  /** Low bits of the acknowledgement: 16 if `wideAck`, else 8. */
  ack: number;
  wideAck: boolean;
  count: number;
  /** Lowest bit of the epoch of the sender's slots. */
  epoch: number;
  cellsAt: number;
  hasReport: boolean;
  clock: number;
  received16: number;
  /** By how much the sender has steered its clock, low 12 bits in 1/64 frame. */
  steering12: number;
  /** Delay that the sender wants for its own inputs, 0 to 15. */
  delayFrames: number;
  vectorLength: number;
  view8: number;
  hears: number;
  vectorAt: number;
  hasHash: boolean;
  hashFrame16: number;
  hash: number;
  hasRelay: boolean;
  relaySlot: number;
  relayFirst16: number;
  relayCount: number;
  relayCellsAt: number;
}

/** A fresh header to decode into. */
export function createFrameHeader(): FrameHeader {
  return {
    frame16: 0,
    stamp: STAMP_NONE,
    ack: 0,
    wideAck: false,
    count: 0,
    epoch: 0,
    cellsAt: 0,
    hasReport: false,
    clock: CLOCK_UNKNOWN,
    received16: 0,
    steering12: 0,
    delayFrames: 0,
    vectorLength: 0,
    view8: 0,
    hears: 0,
    vectorAt: 0,
    hasHash: false,
    hashFrame16: 0,
    hash: 0,
    hasRelay: false,
    relaySlot: 0,
    relayFirst16: 0,
    relayCount: 0,
    relayCellsAt: 0,
  };
}

/**
 * Checks a whole packet and fills `header`. False for anything that is not exactly one legal packet of this shape;
 * never throws, allocates nothing, whatever the bytes.
 */
export function decodeFramePacket(bytes: Uint8Array, shape: FramePacketShape, header: FrameHeader): boolean {
  const length = bytes.length;
  if (length < FRAME_HEADER_BYTES || length > PACKET_BYTES_MAX) return false;
  const first = bytes[0] as number;
  if (first > 127) return false;
  if (read16(bytes, 1) !== packetCrc(bytes, length, shape.matchKey)) return false;
  header.frame16 = read16(bytes, 3);
  header.stamp = ((first >> 4) << 8) | (bytes[5] as number);
  header.ack = bytes[6] as number;
  header.count = (bytes[7] as number) & 0x7f;
  header.epoch = (bytes[7] as number) >> 7;
  header.wideAck = (first & FLAG_WIDE_ACK) !== 0;
  if (header.wideAck && length > FRAME_HEADER_BYTES) header.ack |= (bytes[FRAME_HEADER_BYTES] as number) << 8;
  header.cellsAt = FRAME_HEADER_BYTES + (header.wideAck ? 1 : 0);
  if (shape.senderSlots === 0 && bytes[7] !== 0) return false;
  let at = skipCells(bytes, header.cellsAt, header.count * shape.senderSlots, shape.cellBytes);
  if (at < 0) return false;
  at = readReport(bytes, at, shape, header);
  if (at < 0) return false;
  header.hasHash = (first & FLAG_HASH) !== 0;
  if (header.hasHash) {
    if (at + 6 > length) return false;
    header.hashFrame16 = read16(bytes, at);
    header.hash = read16(bytes, at + 2) | (read16(bytes, at + 4) << 16);
    at += 6;
  }
  return readRelay(bytes, at, shape, header) === length;
}

/** @returns the offset after the report, -1 if it is cut short. */
function readReport(bytes: Uint8Array, offset: number, shape: FramePacketShape, header: FrameHeader): number {
  header.hasReport = ((bytes[0] as number) & FLAG_REPORT) !== 0;
  if (!header.hasReport) return offset;
  if (offset + REPORT_BYTES > bytes.length) return -1;
  header.vectorLength = bytes[offset + 6] as number;
  const wide = header.vectorLength > 0;
  if (header.vectorLength > shape.vectorLength) return -1;
  const end = offset + REPORT_BYTES + (wide ? REPORT_VIEW_BYTES + 2 * header.vectorLength : 0);
  if (end > bytes.length) return -1;
  header.clock = (read16(bytes, offset) << 16) >> 16;
  header.received16 = read16(bytes, offset + 2);
  const steering = read16(bytes, offset + 4);
  header.steering12 = steering & 0xfff;
  header.delayFrames = steering >> 12;
  if (wide) {
    header.view8 = bytes[offset + REPORT_BYTES] as number;
    header.hears = read32(bytes, offset + REPORT_BYTES + 1);
    header.vectorAt = offset + REPORT_BYTES + REPORT_VIEW_BYTES;
  }
  return end;
}

/** @returns the offset after the relayed inputs, -1 if they are not legal. */
function readRelay(bytes: Uint8Array, offset: number, shape: FramePacketShape, header: FrameHeader): number {
  header.hasRelay = ((bytes[0] as number) & FLAG_RELAY) !== 0;
  if (!header.hasRelay) return offset;
  if (offset + 4 > bytes.length) return -1;
  header.relaySlot = bytes[offset] as number;
  header.relayFirst16 = read16(bytes, offset + 1);
  header.relayCount = bytes[offset + 3] as number;
  header.relayCellsAt = offset + 4;
  const legal =
    header.relaySlot < shape.vectorLength && header.relayCount >= 1 && header.relayCount <= RELAY_FRAMES_MAX;
  return legal ? skipCells(bytes, offset + 4, header.relayCount, shape.cellBytes) : -1;
}

/** Writes header fields and the CRC of a packet whose bytes from 8 to `length` are already in place. */
export function sealFramePacket(out: Uint8Array, length: number, fields: SealFields): void {
  out[0] = ((fields.stamp >> 8) << 4) | fields.flags;
  write16(out, 3, fields.frame);
  out[5] = fields.stamp & 0xff;
  out[6] = fields.ack & 0xff;
  out[7] = fields.count | ((fields.epoch & 1) << 7);
  if ((fields.flags & FLAG_WIDE_ACK) !== 0) out[FRAME_HEADER_BYTES] = (fields.ack >> 8) & 0xff;
  write16(out, 1, packetCrc(out, length, fields.matchKey));
}

/** What {@link sealFramePacket} writes; reused between packets. */
export interface SealFields {
  matchKey: number;
  flags: number;
  frame: number;
  stamp: number;
  ack: number;
  count: number;
  epoch: number;
}

/** CRC over everything but the CRC itself. */
export function packetCrc(bytes: Uint8Array, length: number, matchKey: number): number {
  return crc16(bytes, 3, length, crc16(bytes, 0, 1, matchKey));
}

/** Reads a little-endian u16. */
export function read16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

/** Writes the low 16 bits of `value`, little-endian. */
export function write16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value & 0xff;
  bytes[at + 1] = (value >> 8) & 0xff;
}

/** Reads a little-endian u32 as a signed integer. */
export function read32(bytes: Uint8Array, at: number): number {
  return read16(bytes, at) | (read16(bytes, at + 2) << 16);
}

/** Writes the low 32 bits of `value`, little-endian. */
export function write32(bytes: Uint8Array, at: number, value: number): void {
  write16(bytes, at, value);
  write16(bytes, at + 2, value >>> 16);
}
