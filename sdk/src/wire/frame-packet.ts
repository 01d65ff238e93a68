/**
 * The one packet of the hot path: everything a peer has to say in a frame. Layout (little-endian):
 *
 *     byte 0      0 ssss fff   bit 7 zero; s = high bits of the stamp; f = flags (1 report, 2 hash, 4 reserved)
 *     bytes 1-2   CRC-16 over byte 0 and bytes 3.., started with the match key
 *     bytes 3-4   low 16 bits of the last frame carried (of the sender's clock if it owns no slot)
 *     byte 5      stamp, low bits: (frame + 8 - sender's fractional frame) in 1/128 frame; 4095 = none
 *     byte 6      low 8 bits of the last frame received from the addressee's slots (0 if it owns none)
 *     byte 7      count of frames carried, 0 to 128
 *     cells       see input-cells.ts, count * slots of the sender
 *     report      clock difference i16 (1/64 frame, 0x7fff = unknown), packets received u16,
 *                 with three or more peers: for each slot the low 8 bits of the last frame held
 *     hash        frame u16 (low bits, a multiple of 30), state hash u32
 */
import { crc16 } from '../base/crc16.js';
import { PACKET_BYTES_MAX, PACKET_FRAMES_MAX, PLAYERS_MAX } from '../base/limits.js';
import { skipCells } from './input-cells.js';

/** Bytes before the inputs. */
export const FRAME_HEADER_BYTES = 8;
/** Most bytes of inputs in one packet: what the header, the longest report and the hash leave. */
export const INPUTS_BYTES_MAX: number = PACKET_BYTES_MAX - FRAME_HEADER_BYTES - (4 + PLAYERS_MAX) - 6;
/** Flags of byte 0. */
export const FLAG_REPORT = 1;
export const FLAG_HASH = 2;
const FLAG_RESERVED = 4;
/** Stamp value that says: no usable clock. */
export const STAMP_NONE = 4095;
/** Steps of a stamp per frame. */
export const STAMP_STEPS_PER_FRAME = 128;
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
  /** Entries of the vector in a report: the match's slots with three or more peers, else 0. */
  readonly vectorLength: number;
}

/** A decoded header; `cellsAt` and `vectorAt` point into the packet. One object is reused for all packets. */
export interface FrameHeader {
  frame16: number;
  stamp: number;
  ack8: number;
  count: number;
  cellsAt: number;
  hasReport: boolean;
  clock: number;
  received16: number;
  vectorAt: number;
  hasHash: boolean;
  hashFrame16: number;
  hash: number;
}

/** A fresh header to decode into. */
export function createFrameHeader(): FrameHeader {
  return {
    frame16: 0,
    stamp: STAMP_NONE,
    ack8: 0,
    count: 0,
    cellsAt: 0,
    hasReport: false,
    clock: CLOCK_UNKNOWN,
    received16: 0,
    vectorAt: 0,
    hasHash: false,
    hashFrame16: 0,
    hash: 0,
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
  if (first > 127 || (first & FLAG_RESERVED) !== 0) return false;
  if (read16(bytes, 1) !== packetCrc(bytes, length, shape.matchKey)) return false;
  header.frame16 = read16(bytes, 3);
  header.stamp = ((first >> 3) << 8) | (bytes[5] as number);
  header.ack8 = bytes[6] as number;
  header.count = bytes[7] as number;
  header.cellsAt = FRAME_HEADER_BYTES;
  if (header.count > PACKET_FRAMES_MAX || (shape.senderSlots === 0 && header.count !== 0)) return false;
  let at = skipCells(bytes, FRAME_HEADER_BYTES, header.count * shape.senderSlots, shape.cellBytes);
  if (at < 0) return false;
  header.hasReport = (first & FLAG_REPORT) !== 0;
  if (header.hasReport) {
    if (at + 4 + shape.vectorLength > length) return false;
    header.clock = (read16(bytes, at) << 16) >> 16;
    header.received16 = read16(bytes, at + 2);
    header.vectorAt = at + 4;
    at += 4 + shape.vectorLength;
  }
  header.hasHash = (first & FLAG_HASH) !== 0;
  if (header.hasHash) {
    if (at + 6 > length) return false;
    header.hashFrame16 = read16(bytes, at);
    header.hash = read16(bytes, at + 2) | (read16(bytes, at + 4) << 16);
    at += 6;
  }
  return at === length;
}

/** Writes header fields and the CRC of a packet whose bytes from 8 to `length` are already in place. */
export function sealFramePacket(out: Uint8Array, length: number, fields: SealFields): void {
  out[0] = ((fields.stamp >> 8) << 3) | fields.flags;
  write16(out, 3, fields.frame);
  out[5] = fields.stamp & 0xff;
  out[6] = fields.ack & 0xff;
  out[7] = fields.count;
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
