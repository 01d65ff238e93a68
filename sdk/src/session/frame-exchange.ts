/**
 * Frame packets in and out of the logs. Outgoing: everything the peer has not acknowledged, in one packet.
 * Incoming: cells are written once, contiguous frames only; a different value for a written cell is kept as evidence.
 */

import type { CellRing } from '../base/cell-ring.js';
import { unwrap8, unwrap8After, unwrap16 } from '../base/frame.js';
import { FUTURE_FRAMES_MAX, LOG_FRAMES_KEPT, PACKET_BYTES_MAX, PACKET_FRAMES_MAX } from '../base/limits.js';
import type { InputDefinition } from '../state/definitions.js';
import {
  CLOCK_STEPS_PER_FRAME,
  CLOCK_UNKNOWN,
  createFrameHeader,
  decodeFramePacket,
  FLAG_HASH,
  FLAG_REPORT,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  INPUTS_BYTES_MAX,
  type SealFields,
  STAMP_NONE,
  STAMP_SHIFT_FRAMES,
  STAMP_STEPS_PER_FRAME,
  sealFramePacket,
  write16,
  write32,
} from '../wire/frame-packet.js';
import { type CellRange, readCell, writeCells } from '../wire/input-cells.js';
import type { MatchClock } from './match-clock.js';
import type { RemotePeer } from './remote-peer.js';
import type { SlotLog } from './slot-log.js';

/** What the exchange needs to know about the match. */
export interface ExchangeOptions {
  readonly input: Pick<InputDefinition<unknown>, 'isValid'>;
  readonly matchKey: number;
  readonly logs: readonly SlotLog[];
  readonly ownLogs: readonly SlotLog[];
  readonly peerCount: number;
  /** Called when a simulated frame was stepped with another input than arrived. */
  readonly onWrong: (frame: number) => void;
  /** Called once for each cell that arrived with a second value and is newer than those reported before. */
  readonly onEquivocation: (log: SlotLog, frame: number, from: RemotePeer) => void;
}

/** What an outgoing packet says besides inputs. */
export interface OutgoingFacts {
  readonly clock: MatchClock;
  /** Hash of the newest frame that is due for a check. */
  hash: number;
  report: boolean;
}

/** Encodes and applies frame packets; owns the scratch memory that keeps the hot path free of allocation. */
export class FrameExchange {
  readonly #options: ExchangeOptions;
  readonly #out = new Uint8Array(PACKET_BYTES_MAX);
  /** One view per packet length, made on first use: a fresh subarray per packet would be garbage each frame. */
  readonly #views: (Uint8Array | undefined)[] = [];
  readonly #seal: SealFields;
  readonly #range: CellRange;
  readonly #header: FrameHeader = createFrameHeader();
  readonly #scratch: readonly Uint8Array[];
  /** Newest frame that our packets named, if we own no slot. */
  #clockFrame = 0;
  /** Highest frame of each slot that each peer is known to hold: V of the design, peer by peer. */
  readonly held: readonly Int32Array[];

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#seal = { matchKey: options.matchKey, flags: 0, frame: 0, stamp: 0, ack: 0, count: 0 };
    this.#range = { rings: options.ownLogs.map((log) => log.cells), first: 0, count: 0 };
    this.#scratch = options.logs.map((log) => new Uint8Array(log.cells.cellBytes));
    this.held = Array.from({ length: options.peerCount }, () => new Int32Array(options.logs.length));
  }

  /** Newest frame that all our slots have inputs for; 0 without slots. Slots are read in order: the last is the least. */
  get newestOwn(): number {
    const own = this.#options.ownLogs;
    return own.length === 0 ? 0 : (own[own.length - 1] as SlotLog).received;
  }

  /** The packet for `to`, valid until the next call. */
  encode(to: RemotePeer, facts: OutgoingFacts): Uint8Array {
    const own = this.#options.ownLogs;
    const out = this.#out;
    const { position } = facts.clock;
    // The frame of a watcher's packet orders its acknowledgements: it never falls back, though its position may.
    if (own.length === 0) this.#clockFrame = Math.max(this.#clockFrame, Math.floor(position));
    const newest = own.length === 0 ? this.#clockFrame : this.newestOwn;
    // Only a watcher can fall so far behind: a player that hears nothing sends nothing new, and we wait for it.
    if (newest - to.acked > LOG_FRAMES_KEPT && own.length > 0) to.isDeaf = true;
    const range = this.#range;
    range.first = to.acked + 1;
    range.count = own.length === 0 ? 0 : Math.min(newest - to.acked, PACKET_FRAMES_MAX);
    let at = FRAME_HEADER_BYTES;
    if (range.count > 0) at = writeCells(range, out, at, at + INPUTS_BYTES_MAX);
    const seal = this.#seal;
    seal.count = own.length === 0 ? 0 : range.count;
    seal.frame = own.length === 0 ? newest : to.acked + range.count;
    if (own.length > 0 && seal.frame > to.sent) to.sent = seal.frame;
    seal.ack = to.received;
    seal.flags = 0;
    const stamp = Math.round((seal.frame + STAMP_SHIFT_FRAMES - position) * STAMP_STEPS_PER_FRAME);
    seal.stamp = stamp >= 0 && stamp < STAMP_NONE ? stamp : STAMP_NONE;
    if (facts.report) at = this.#writeReport(to, facts.clock, at);
    if (to.hashRepeats > 0) {
      to.hashRepeats -= 1;
      seal.flags |= FLAG_HASH;
      write16(out, at, to.hashFrame);
      write32(out, at + 2, facts.hash);
      at += 6;
    }
    sealFramePacket(out, at, seal);
    let view = this.#views[at];
    if (view === undefined) {
      view = new Uint8Array(out.buffer, 0, at);
      this.#views[at] = view;
    }
    return view;
  }

  #writeReport(to: RemotePeer, own: MatchClock, offset: number): number {
    const out = this.#out;
    this.#seal.flags |= FLAG_REPORT;
    let clock = CLOCK_UNKNOWN;
    if (to.clock.measured) {
      const steps = Math.round(to.clock.local(own.adjustment) * CLOCK_STEPS_PER_FRAME);
      if (steps > -CLOCK_UNKNOWN && steps < CLOCK_UNKNOWN) clock = steps;
    }
    write16(out, offset, clock);
    write16(out, offset + 2, to.packetsReceived);
    let at = offset + 4;
    if (this.#options.peerCount > 2) for (const log of this.#options.logs) out[at++] = log.received & 0xff;
    return at;
  }

  /**
   * Checks and applies a packet.
   * @param confirmed our frameConfirmed, the base of what may be accepted
   * @param simulated newest simulated frame
   * @returns the header (reused), or `undefined` if the packet was refused
   */
  apply(from: RemotePeer, bytes: Uint8Array, confirmed: number, simulated: number): FrameHeader | undefined {
    const header = this.#header;
    if (!decodeFramePacket(bytes, from.shape, header)) return undefined;
    const frame = unwrap16(header.frame16, from.logs.length === 0 ? from.newestFrame : from.received);
    if (from.logs.length > 0) {
      const first = frame - header.count + 1;
      const gap = first > from.received + 1;
      if (first < 1 || gap || frame > confirmed + FUTURE_FRAMES_MAX) return undefined;
      if (!this.#acknowledge(from, header, frame)) return undefined;
      if (header.count > 0 && frame - from.received > -LOG_FRAMES_KEPT)
        this.#applyCells(from, bytes, first, simulated);
    } else if (!this.#acknowledge(from, header, frame)) return undefined;
    // What an overtaken packet reports was true once; its low bits could be taken for newer ones.
    if (frame < from.newestFrame) header.hasReport = false;
    else from.newestFrame = frame;
    this.#note(from, bytes, header, frame);
    return header;
  }

  /** Takes the acknowledgement; false if it names a frame never sent. */
  #acknowledge(from: RemotePeer, header: FrameHeader, frame: number): boolean {
    if (this.#options.ownLogs.length === 0) return header.ack8 === 0;
    // Old packets carry old acknowledgements; their low bits could be taken for newer ones.
    if (frame < from.newestFrame) return true;
    const ack = unwrap8After(header.ack8, from.acked);
    if (ack <= from.sent) {
      from.acked = ack;
      return true;
    }
    // Equal frame: a late copy of a packet sent before this one.
    return frame === from.newestFrame && from.acked - unwrap8(header.ack8, from.acked) > 0;
  }

  /** Walks the cells: new ones are written, known ones compared. */
  #applyCells(from: RemotePeer, bytes: Uint8Array, first: number, simulated: number): void {
    const logs = from.logs;
    const count = this.#header.count;
    if (from.received - first >= LOG_FRAMES_KEPT) return;
    for (const log of logs) this.#load(log, first - 1);
    let at = this.#header.cellsAt;
    let bits = 0;
    let left = 0;
    for (let frame = first; frame < first + count; frame += 1) {
      for (let index = 0; index < logs.length; index += 1) {
        const log = logs[index] as SlotLog;
        if (left === 0) {
          bits = bytes[at++] as number;
          left = 8;
        }
        const cell = this.#scratch[log.slot] as Uint8Array;
        if ((bits & 1) !== 0) at = readCell(bytes, at, cell);
        bits >>= 1;
        left -= 1;
        if (frame === log.received + 1) {
          if (!this.#options.input.isValid(cell, 0)) {
            from.malformed += 1;
            return;
          }
          log.append(cell, 0);
          if (frame <= simulated && !log.equals(log.used, frame, cell)) this.#options.onWrong(frame);
        } else if (
          frame <= log.received &&
          frame > log.received - LOG_FRAMES_KEPT &&
          !log.equals(log.cells, frame, cell)
        ) {
          if (frame > log.equivocated) this.#options.onEquivocation(log, frame, from);
          log.equivocated = Math.max(log.equivocated, frame);
          return;
        }
      }
    }
  }

  #load(log: SlotLog, frame: number): void {
    const ring: CellRing = log.cells;
    const scratch = this.#scratch[log.slot] as Uint8Array;
    const at = ring.offsetOf(frame);
    for (let index = 0; index < ring.cellBytes; index += 1)
      scratch[index] = frame < 1 ? 0 : (ring.bytes[at + index] as number);
  }

  /** Updates what the peer is known to hold. */
  #note(from: RemotePeer, bytes: Uint8Array, header: FrameHeader, frame: number): void {
    const held = this.held[from.index] as Int32Array;
    for (const log of from.logs) if (frame > (held[log.slot] as number)) held[log.slot] = frame;
    for (const log of this.#options.ownLogs) held[log.slot] = from.acked;
    if (!header.hasReport || this.#options.peerCount <= 2) return;
    for (const log of this.#options.logs) {
      if (log.owner === from.index || this.#options.ownLogs.includes(log)) continue;
      const known = held[log.slot] as number;
      const value = unwrap8After(bytes[header.vectorAt + log.slot] as number, known);
      if (value <= log.received + 127) held[log.slot] = value;
    }
  }
}
