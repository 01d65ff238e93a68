/**
 * Frame packets in and out of the logs. Outgoing: everything the peer has not acknowledged, in one packet.
 * Incoming: cells are written once, contiguous frames only; a different value for a written cell is kept as evidence.
 */

import { unwrap8, unwrap16 } from '../base/frame.js';
import {
  FUTURE_FRAMES_MAX,
  LOG_FRAMES,
  LOG_FRAMES_KEPT,
  PACKET_BYTES_MAX,
  PACKET_FRAMES_MAX,
} from '../base/limits.js';
import {
  CLOCK_STEPS_PER_FRAME,
  CLOCK_UNKNOWN,
  createFrameHeader,
  decodeFramePacket,
  FLAG_HASH,
  FLAG_RELAY,
  FLAG_REPORT,
  FLAG_WIDE_ACK,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  NARROW_ACK_FRAMES,
  RELAY_FRAMES_MAX,
  REPORT_BYTES,
  read16,
  type SealFields,
  STAMP_NONE,
  STAMP_SHIFT_FRAMES,
  STAMP_STEPS_PER_FRAME,
  sealFramePacket,
  write16,
  write32,
} from '../wire/frame-packet.js';
import { readCell, skipCells } from '../wire/input-cells.js';
import { CellWalk, type ExchangeOptions, type OutgoingFacts } from './exchange-types.js';
import { OwnCells, RelayedCells } from './own-cells.js';
import type { RemotePeer } from './remote-peer.js';
import { firstFrameBehind } from './send-range.js';
import { NO_FRAME, type SlotLog } from './slot-log.js';

/** Most frames staged at once: members of a match are never that far apart, and the log holds twice as many. */
const STAGED_FRAMES_MAX = LOG_FRAMES / 2;

/** Encodes and applies frame packets; owns the scratch memory that keeps the hot path free of allocation. */
export class FrameExchange {
  readonly #options: ExchangeOptions;
  readonly #out = new Uint8Array(PACKET_BYTES_MAX);
  /** One view per packet length, made on first use: a fresh subarray per packet would be garbage each frame. */
  readonly #views: (Uint8Array | undefined)[] = [];
  readonly #seal: SealFields;
  #ownCells: OwnCells;
  /** Set between the packets of one frame: logs do not change in between. */
  isSameFrame = false;
  readonly #relayedCells: RelayedCells;
  readonly #header: FrameHeader = createFrameHeader();
  readonly #scratch: readonly Uint8Array[];
  readonly #relayLogs: SlotLog[] = [];
  readonly #walk = new CellWalk();
  /** Newest frame that our packets named: those without inputs name one not before it. */
  #clockFrame = 0;
  /** Highest frame of each slot that each peer is known to hold: V of the design, peer by peer. */
  readonly held: Int32Array[] = [];
  /** What each peer reported last: less than before if what came through a liar was worth nothing. Inputs are relayed from there on. */
  readonly told: Int32Array[] = [];
  /** Highest frame of each slot that each peer said it holds, in a report of our view: what counts for who has no vote. */
  readonly said: Int32Array[] = [];
  /** True with three or more peers: reports then say who is heard and what is held. */
  isWide: boolean;
  /** Frame of the state that we began with: our logs have nothing of before. */
  #startFrame = 0;
  /** Id of our view. */
  viewId = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#seal = { matchKey: options.matchKey, flags: 0, frame: 0, stamp: 0, ack: 0, count: 0, epoch: 0 };
    this.#ownCells = new OwnCells(options.ownLogs);
    this.#relayedCells = new RelayedCells((options.logs[0] as SlotLog).cells.cellBytes);
    this.#scratch = options.logs.map((log) => new Uint8Array(log.cells.cellBytes));
    this.isWide = options.peerCount > 2;
    this.addPeers(options.peerCount);
  }

  /** Makes room for peers up to index `count - 1`. */
  addPeers(count: number): void {
    while (this.held.length < count) {
      this.held.push(new Int32Array(this.#options.logs.length));
      this.told.push(new Int32Array(this.#options.logs.length));
      this.said.push(new Int32Array(this.#options.logs.length));
    }
  }

  /** All know that the inputs of a slot go on at `frame`: frames before it are nobody's to send. */
  reopened(log: SlotLog, frame: number): void {
    for (const rows of [this.held, this.told, this.said]) for (const row of rows) row[log.slot] = frame - 1;
  }

  /** Our slots are those of `ownLogs` now. */
  seated(): void {
    this.#ownCells = new OwnCells(this.#options.ownLogs);
  }

  /** All members hold what the state after `frame` is made of. */
  startFrom(frame: number): void {
    this.#startFrame = frame;
    for (const rows of [this.held, this.told, this.said]) for (const row of rows) row.fill(frame);
  }

  /** What a peer of that index was known to hold is of another coming: this one gets the state after `frame`. */
  forget(index: number, frame: number): void {
    for (const rows of [this.held, this.told, this.said]) rows[index]?.fill(frame);
  }

  /** True if our packets carry inputs: we own slots that play. */
  get carries(): boolean {
    const own = this.#options.ownLogs;
    return own.length > 0 && (own[0] as SlotLog).isActive;
  }

  /** Newest frame that all our slots have inputs for; 0 without slots. Slots are read in order: the last is the least. */
  get newestOwn(): number {
    const own = this.#options.ownLogs;
    return own.length === 0 ? 0 : (own[own.length - 1] as SlotLog).received;
  }

  /** The packet applied last was sent before one that came earlier. */
  isOvertaken = false;
  /** Last frame that the packet encoded last carries. */
  lastCarried = 0;

  /** The packet for `to`, valid until the next call. */
  encode(to: RemotePeer, facts: OutgoingFacts): Uint8Array {
    const out = this.#out;
    const { position } = facts.clock;
    const carries = this.carries;
    // Without inputs a packet names the newest frame stepped, which never falls back: it orders reports, shows who keeps up.
    const clockFrame = Math.max(this.#clockFrame, Math.min(Math.floor(position), facts.frame));
    const newest = carries ? this.newestOwn : clockFrame;
    const own = this.#ownCells;
    const first = this.#firstFrameFor(to, newest);
    own.choose(first, carries ? Math.max(0, Math.min(newest - first + 1, PACKET_FRAMES_MAX)) : 0);
    if (!this.isSameFrame) own.forget();
    const seal = this.#seal;
    const limit = this.#options.confirmLimit();
    const { acknowledged } = to;
    seal.ack = acknowledged < limit ? acknowledged : limit;
    // Written wide where a narrow acknowledgement, read as the number nearest to the frame, might be another one.
    const wide =
      to.logs.length > 0 &&
      this.#needsWideAck(seal.ack, own.count > 0 ? first : clockFrame, Math.max(newest, clockFrame));
    seal.flags = wide ? FLAG_WIDE_ACK : 0;
    let at = FRAME_HEADER_BYTES + (wide ? 1 : 0);
    at = own.write(out, at);
    seal.count = own.count;
    seal.epoch = this.#options.ownLogs.length === 0 ? 0 : (this.#options.ownLogs[0] as SlotLog).epoch;
    seal.frame = own.count > 0 ? first + own.count - 1 : clockFrame;
    if (seal.frame > this.#clockFrame) this.#clockFrame = seal.frame;
    const stamp = Math.round((seal.frame + STAMP_SHIFT_FRAMES - position) * STAMP_STEPS_PER_FRAME);
    seal.stamp = stamp >= 0 && stamp < STAMP_NONE ? stamp : STAMP_NONE;
    if (facts.report) at = this.#writeReport(to, facts, at);
    if (to.hashRepeats > 0) {
      to.hashRepeats -= 1;
      seal.flags |= FLAG_HASH;
      write16(out, at, to.hashFrame);
      write32(out, at + 2, to.hash);
      at += 6;
    }
    if (to.relaySlot >= 0) at = this.#writeRelay(to, at);
    this.lastCarried = seal.frame;
    sealFramePacket(out, at, seal);
    let view = this.#views[at];
    if (view === undefined) {
      view = new Uint8Array(out.buffer, 0, at);
      this.#views[at] = view;
    }
    return view;
  }

  /** Normally the first one not acknowledged. */
  #firstFrameFor(to: RemotePeer, newest: number): number {
    if (newest - to.acked <= PACKET_FRAMES_MAX || !this.carries) return to.acked + 1;
    return firstFrameBehind(to, this.held[to.index] as Int32Array, this.#options.ownLogs, newest);
  }

  /** The last frame carried lies between `first` and `newest`, wherever the packet is full. */
  #needsWideAck(ack: number, first: number, newest: number): boolean {
    return ack - first >= NARROW_ACK_FRAMES || newest - ack >= NARROW_ACK_FRAMES;
  }

  #writeReport(to: RemotePeer, facts: OutgoingFacts, offset: number): number {
    const out = this.#out;
    this.#seal.flags |= FLAG_REPORT;
    let clock = CLOCK_UNKNOWN;
    if (to.clock.measured) {
      const steps = Math.round(to.clock.local(facts.clock.adjustment) * CLOCK_STEPS_PER_FRAME);
      // Too far apart for the field: the most it can say still tells which way.
      clock = Math.max(1 - CLOCK_UNKNOWN, Math.min(CLOCK_UNKNOWN - 1, steps));
    }
    write16(out, offset, clock);
    write16(out, offset + 2, to.packetsReceived);
    const steering = Math.round(facts.clock.adjustment * CLOCK_STEPS_PER_FRAME) & 0xfff;
    write16(out, offset + 4, steering | (facts.delayFrames << 12));
    const { logs } = this.#options;
    let slots = this.isWide ? logs.length : 0;
    while (slots > 0 && (logs[slots - 1] as SlotLog).control === 'vacant') slots -= 1;
    out[offset + 6] = slots;
    let at = offset + REPORT_BYTES;
    if (slots === 0) return at;
    out[at] = facts.viewId & 0xff;
    write32(out, at + 1, facts.hears);
    at += 5;
    const limit = this.#options.confirmLimit();
    for (let slot = 0; slot < slots; slot += 1) {
      const { held } = logs[slot] as SlotLog;
      write16(out, at, held < limit ? held : limit);
      at += 2;
    }
    return at;
  }

  /** Inputs of a third peer that `to` lacks, as many as fit. */
  #writeRelay(to: RemotePeer, offset: number): number {
    const log = this.#options.logs[to.relaySlot] as SlotLog;
    const relayed = this.#relayedCells;
    const first = ((this.told[to.index] as Int32Array)[log.slot] as number) + 1;
    relayed.choose(log, first);
    const end = relayed.write(this.#out, offset + 4);
    if (relayed.count < 1) return offset;
    this.#seal.flags |= FLAG_RELAY;
    this.#out[offset] = log.slot;
    write16(this.#out, offset + 1, first);
    this.#out[offset + 3] = relayed.count;
    return end;
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
    // Inputs of before its slots were taken up again, or of after that while we do not know it yet: not for our logs.
    const carries = header.count > 0;
    const applies = carries && header.epoch === (from.epoch & 1);
    const frame = unwrap16(header.frame16, carries ? from.received : from.newestFrame);
    if (frame > confirmed + FUTURE_FRAMES_MAX || frame - header.count < 0) return undefined;
    if (!this.#acknowledge(from, header, frame)) return undefined;
    if (applies) {
      const first = frame - header.count + 1;
      if (first > from.received + 1) return undefined;
      // It does not repeat all that came through others: those are taken at their word.
      if (first > from.firstHand + 1)
        for (const log of from.logs) log.firstHand = Math.max(log.firstHand, first - 1);
      if (frame - from.received > -LOG_FRAMES_KEPT) {
        const walk = this.#walk;
        walk.begin(first, header.count, header.cellsAt);
        walk.simulated = simulated;
        walk.confirmed = confirmed;
        // What its owner sends here cannot be read: as good as silent, so that others relay what they got.
        if (!this.#applyCells(from, from.logs, bytes)) return undefined;
      }
    }
    // What an overtaken packet reports was true once; its low bits could be taken for newer ones.
    this.isOvertaken = frame < from.newestFrame;
    if (this.isOvertaken) header.hasReport = false;
    else from.newestFrame = frame;
    this.#note(from, bytes, header, frame);
    if (header.hasRelay) this.#applyRelay(from, bytes, header, simulated);
    return header;
  }

  /** Takes the acknowledgement; false if it names a frame that does not exist yet. */
  #acknowledge(from: RemotePeer, header: FrameHeader, frame: number): boolean {
    const own = this.#options.ownLogs;
    // We send no inputs, or it does not know yet that our slots came or went: nothing to take from it.
    if (!this.carries) return true;
    const newest = (own[0] as SlotLog).received;
    const ack = header.wideAck ? unwrap16(header.ack, newest) : unwrap8(header.ack, frame);
    if (ack > newest) return false;
    // An old packet says less than we know; a peer may also hold frames that a third one relayed.
    if (ack > from.acked) from.acked = ack;
    return true;
  }

  /** Takes inputs of a third peer, by the same rules as its own packets. */
  #applyRelay(from: RemotePeer, bytes: Uint8Array, header: FrameHeader, simulated: number): void {
    const log = this.#options.logs[header.relaySlot];
    if (log === undefined || log.owner === from.index || this.#options.ownLogs.includes(log)) return;
    if (log.control === 'vacant') return;
    const first = unwrap16(header.relayFirst16, log.received);
    const last = first + header.relayCount - 1;
    if (first < 1 || first > log.received + 1 || last > log.received + RELAY_FRAMES_MAX) return;
    if (last <= log.received - LOG_FRAMES_KEPT + PACKET_FRAMES_MAX) return;
    this.#relayLogs[0] = log;
    this.#walk.begin(first, header.relayCount, header.relayCellsAt);
    this.#walk.simulated = simulated;
    if (!this.#applyCells(from, this.#relayLogs, bytes)) from.malformed += 1;
    const held = this.held[from.index] as Int32Array;
    if (last > (held[log.slot] as number)) held[log.slot] = last;
  }

  /**
   * Decodes frames base + 1 to `last` of one slot into cells beyond what its log holds, without holding them yet.
   * @returns false if the log does not reach `base`, or the cells are not exactly those frames of legal inputs
   */
  stage(log: SlotLog, base: number, last: number, cells: Uint8Array): boolean {
    const { cellBytes } = log.cells;
    if (log.received < base || base < this.#startFrame || last - base > STAGED_FRAMES_MAX) return false;
    // What we sent ourselves nobody has to tell us.
    if (this.#options.ownLogs.includes(log)) return last <= log.received;
    if (skipCells(cells, 0, last - base, cellBytes) !== cells.length) return false;
    const cell = (this.#scratch[log.slot] as Uint8Array).fill(0);
    const ring = log.cells;
    let at = 0;
    for (let frame = base + 1; frame <= last; frame += 8) {
      let bits = cells[at++] as number;
      for (let next = frame; next < frame + 8 && next <= last; next += 1, bits >>= 1) {
        if ((bits & 1) !== 0) at = readCell(cells, at, cell);
        if (!this.#options.input.isValid(cell, 0)) return false;
        if (next > log.received) ring.bytes.set(cell, ring.offsetOf(next));
      }
    }
    return true;
  }

  /**
   * Walks the cells: new ones are written, known ones compared.
   * @returns false if one is no legal input: the sender codes against another cell than the one it sent here before
   */
  #applyCells(from: RemotePeer, logs: readonly SlotLog[], bytes: Uint8Array): boolean {
    const walk = this.#walk;
    walk.isTold = false;
    if ((logs[0] as SlotLog).received - walk.first >= LOG_FRAMES_KEPT) return true;
    // What is relayed begins with a whole cell: the XOR with a neutral one.
    const before = logs === this.#relayLogs ? 0 : walk.first - 1;
    for (let index = 0; index < logs.length; index += 1) this.#load(logs[index] as SlotLog, before);
    if (logs.length === 1) this.#passHeld(from, logs[0] as SlotLog, bytes);
    const { first, count, simulated } = walk;
    let { at, bits, left } = walk;
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
        const isFirstHand = log.owner === from.index;
        if (frame <= log.received) {
          const isKept = frame > log.received - LOG_FRAMES_KEPT && frame > this.#startFrame;
          if (!isKept || log.controlAt(frame) !== 'owner') continue;
          const isSame = log.equals(log.cells, frame, cell);
          if (!isSame && !this.#resolve(log, { frame, cell, from })) return false;
          if (isFirstHand && frame === log.firstHand + 1) log.firstHand = frame;
        } else if (frame === log.received + 1 && frame <= log.limit) {
          if (!this.#options.input.isValid(cell, 0)) return false;
          if (!isFirstHand) log.relayedBy = from.index;
          else if (log.firstHand === log.received) log.firstHand = frame;
          log.append(cell, 0);
          if (frame <= simulated && !log.equals(log.used, frame, cell)) this.#options.onWrong(frame);
        }
      }
    }
    return true;
  }

  /** The usual beginning of a packet: frames that are held already, of an owner that plays. */
  #passHeld(from: RemotePeer, log: SlotLog, bytes: Uint8Array): void {
    const walk = this.#walk;
    if (!log.isActive || walk.first < log.since || walk.first <= this.#startFrame) return;
    walk.passHeld(log, bytes, this.#scratch[log.slot] as Uint8Array);
    const isFirstHand = log.owner === from.index;
    if (isFirstHand && walk.first - 1 > log.firstHand) log.firstHand = walk.first - 1;
  }

  /**
   * A cell that is written came with another value. What the owner says itself goes for what a third peer said in its
   * name, as long as nobody may have built on it; else the cell stays, and the value is evidence.
   * @returns false if the rest of the packet is of no use
   */
  #resolve(log: SlotLog, about: { frame: number; cell: Uint8Array; from: RemotePeer }): boolean {
    const { frame, cell, from } = about;
    const isFirstHand = log.owner === from.index && frame > log.firstHand;
    if (frame > log.equivocated && !this.#walk.isTold) {
      this.#walk.isTold = true;
      const sources = isFirstHand ? [from.index, log.relayedBy] : [from.index];
      this.#options.onEquivocation(log, frame, { sources, other: cell });
    }
    log.equivocated = Math.max(log.equivocated, frame);
    if (!this.#options.input.isValid(cell, 0)) return false;
    // The cell stays; what follows is read on from the sender's own version.
    if (!isFirstHand) return true;
    log.cells.bytes.set(cell, log.cells.offsetOf(frame));
    // Confirmed with the other value, or reported in an agreement: too late for the frame, not for the coding of the next.
    if (frame <= this.#walk.confirmed || log.limit !== NO_FRAME) return true;
    // What was relayed after a lie is worth no more.
    log.received = frame;
    if (frame <= this.#walk.simulated) this.#options.onWrong(frame);
    return true;
  }

  #load({ slot, cells: ring }: SlotLog, frame: number): void {
    const scratch = this.#scratch[slot] as Uint8Array;
    const at = ring.offsetOf(frame);
    for (let index = 0; index < ring.cellBytes; index += 1)
      scratch[index] = frame < 1 ? 0 : (ring.bytes[at + index] as number);
  }

  /** Updates what the peer is known to hold. */
  #note(from: RemotePeer, bytes: Uint8Array, header: FrameHeader, frame: number): void {
    const held = this.held[from.index] as Int32Array;
    if (header.count > 0 && header.epoch === (from.epoch & 1)) {
      for (const log of from.logs)
        if (frame > (held[log.slot] as number) && frame <= log.received) held[log.slot] = frame;
    }
    if (this.carries) {
      for (const log of this.#options.ownLogs)
        if (from.acked > (held[log.slot] as number)) held[log.slot] = from.acked;
    }
    if (!header.hasReport || header.vectorLength === 0) return;
    const said = this.said[from.index] as Int32Array;
    const told = this.told[from.index] as Int32Array;
    const sameView = header.view8 === (this.viewId & 0xff);
    for (let slot = 0; slot < header.vectorLength; slot += 1) {
      const log = this.#options.logs[slot] as SlotLog;
      // A sender that does not know yet that a slot was taken up again speaks of frames before that.
      if (log.epoch > 0 && !sameView) continue;
      const value = unwrap16(read16(bytes, header.vectorAt + log.slot * 2), log.received);
      const isOwn = this.#options.ownLogs.includes(log);
      if (value > log.received + (isOwn ? 0 : FUTURE_FRAMES_MAX)) continue;
      if (sameView && value > (said[log.slot] as number)) said[log.slot] = value;
      if (log.owner === from.index) continue;
      // Not what is nobody's to send: of before the state that either of us came in with, or the owner's inputs went on.
      const floor = Math.max(from.startFrame, this.#startFrame, log.isActive ? log.since - 1 : 0);
      told[log.slot] = value > floor ? value : floor;
      if (value > (held[log.slot] as number)) held[log.slot] = value;
    }
  }
}
