/**
 * A peer that lies: its session is a correct one, but what it sends is rewritten, held back, doubled or made up on the way out.
 * So it lies in well-formed messages of the right match, which is worse than noise.
 */
import type { Random } from '../base/prng.js';
import type { ChannelName } from '../session/session-types.js';
import type { InputDefinition } from '../state/definitions.js';
import {
  createFrameHeader,
  decodeFramePacket,
  FLAG_WIDE_ACK,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  type FramePacketShape,
  packetCrc,
  read16,
  write16,
  write32,
} from '../wire/frame-packet.js';
import { KIND_HELLO } from '../wire/handshake-message.js';
import { skipCells } from '../wire/input-cells.js';
import { encodeViewMessage, type ViewMessage } from '../wire/view-messages.js';
import { TwoFacedLog } from './two-faced-log.js';

/**
 * How a peer lies. 'equivocate': tells some peers other inputs than the rest. 'gap': leaves frames out. 'future': sends inputs of
 * frames to come. 'ackFuture': acknowledges frames that do not exist. 'withhold': is alive, but keeps its inputs back for seconds.
 * 'flood': sends everything twenty times. 'giant': sends messages of up to 256 KiB. 'accuse': claims to hear nobody and proposes to
 * remove peers that live. 'replay': sends old packets again, to anybody. 'garbage': sends random bytes with a right checksum.
 * 'lookahead': sends everything late, to see first what the others do.
 */
export type ByzantineStrategy =
  | 'equivocate'
  | 'gap'
  | 'future'
  | 'ackFuture'
  | 'withhold'
  | 'flood'
  | 'giant'
  | 'accuse'
  | 'replay'
  | 'garbage'
  | 'lookahead';

/** True if this peer may say different inputs to different peers: frames under a wrong number are wrong inputs, too. */
export function isTwoFaced({ strategy }: Byzantine): boolean {
  return ['equivocate', 'gap', 'future', 'garbage'].includes(strategy);
}

/** How much later than an honest one this peer may send, in ms. */
export function lateMsMax(byzantine: Byzantine | undefined): number {
  return byzantine?.strategy === 'lookahead' ? LOOKAHEAD_MS + LOOKAHEAD_MORE_MS : 0;
}

/** All strategies. */
export const BYZANTINE_STRATEGIES: readonly ByzantineStrategy[] = [
  'equivocate',
  'gap',
  'future',
  'ackFuture',
  'withhold',
  'flood',
  'giant',
  'accuse',
  'replay',
  'garbage',
  'lookahead',
];

/** A peer that lies. */
export interface Byzantine {
  /** Index from 0. */
  readonly peer: number;
  readonly strategy: ByzantineStrategy;
  /** Share of packets (or of inputs, for 'equivocate') it lies in, 0 to 1. Default 0.1. */
  readonly rate?: number;
}

type Send = (to: number, channel: ChannelName, bytes: Uint8Array) => boolean;

/** What a liar needs. */
export interface LiarOptions {
  readonly byzantine: Byzantine;
  readonly peerCount: number;
  /** slot -> index of its owner. */
  readonly owners: readonly number[];
  readonly input: InputDefinition<unknown>;
  readonly random: Random;
  readonly send: Send;
  readonly nowMs: () => number;
  readonly later: (delayMs: number, run: () => void) => void;
  /** False from the heal on: a peer that withholds gives in then, all others lie to the end. */
  readonly isHealed: () => boolean;
}

const PACKETS_KEPT = 300;
/** A peer that withholds does so for a part of every period, in ms; from this rate on, all the time. */
const WITHHOLD_PERIOD_MS = 4000;
const WITHHOLD_MS = 1500;
const WITHHOLD_ALWAYS_RATE = 0.5;
const WITHHOLD_FROM_MS = 3000;
const FLOOD_COPIES = 20;
/** How much later a peer that looks ahead sends, in ms: at least, and how much more at most. */
const LOOKAHEAD_MS = 60;
const LOOKAHEAD_MORE_MS = 40;
const GIANT_BYTES: readonly number[] = [1101, 16_384, 65_536, 262_144];

/** Rewrites what one peer sends. */
export class Liar {
  readonly #options: LiarOptions;
  readonly #rate: number;
  readonly #random: Random;
  readonly #shape: { -readonly [K in keyof FramePacketShape]: FramePacketShape[K] };
  readonly #header: FrameHeader = createFrameHeader();
  readonly #kept: Uint8Array[] = [];
  readonly #faces: TwoFacedLog;
  #round = 0;
  /** Lies told. */
  lies = 0;

  constructor(options: LiarOptions) {
    const { byzantine, peerCount, owners, input } = options;
    this.#options = options;
    this.#rate = byzantine.rate ?? 0.1;
    this.#random = options.random;
    const senderSlots = owners.filter((owner) => owner === byzantine.peer).length;
    const vectorLength = peerCount > 2 ? owners.length : 0;
    this.#shape = { matchKey: 0, senderSlots, cellBytes: input.byteLength, vectorLength };
    this.#faces = new TwoFacedLog(input, senderSlots, options.random);
  }

  /** Takes the place of `send`. */
  send(to: number, channel: ChannelName, bytes: Uint8Array): boolean {
    // The match key stands in the peer's own HELLO.
    if (bytes[0] === KIND_HELLO) this.#shape.matchKey = read16(bytes, 4);
    const isFrames = channel === 'unreliable' && decodeFramePacket(bytes, this.#shape, this.#header);
    const said = isFrames ? this.#rewrite(to, bytes) : bytes;
    if (said !== bytes) this.lies += 1;
    if (said === undefined) return true;
    const { strategy } = this.#options.byzantine;
    if (strategy === 'lookahead') {
      const copy = said.slice();
      this.lies += 1;
      this.#options.later(LOOKAHEAD_MS + this.#random.below(LOOKAHEAD_MORE_MS), () =>
        this.#options.send(to, channel, copy),
      );
      return true;
    }
    const isTaken = this.#options.send(to, channel, said);
    if (isFrames) this.#add(to, said);
    return isTaken;
  }

  /** The packet to send in place of an honest one; `undefined`: none. */
  #rewrite(to: number, bytes: Uint8Array): Uint8Array | undefined {
    const { strategy } = this.#options.byzantine;
    if (strategy === 'equivocate') return this.#equivocate(to, bytes);
    if (strategy === 'withhold') return this.#withhold(bytes);
    if (!this.#random.chance(this.#rate)) return bytes;
    switch (strategy) {
      case 'gap':
        return this.#shift(bytes, 1 + this.#random.below(5));
      case 'future':
        return this.#shift(bytes, [200, 2000, 20_000, 32_767][this.#random.below(4)] as number);
      case 'ackFuture':
        return this.#acknowledgeMore(bytes);
      case 'accuse':
        return this.#hearNobody(bytes);
      default:
        return bytes;
    }
  }

  /** What is sent besides. */
  #add(to: number, bytes: Uint8Array): void {
    const { strategy } = this.#options.byzantine;
    if (strategy === 'flood') {
      for (let copy = 0; copy < FLOOD_COPIES; copy += 1) this.#lie(to, bytes);
      return;
    }
    if (strategy === 'replay') this.#keep(bytes);
    if (!this.#random.chance(this.#rate)) return;
    if (strategy === 'replay') this.#lie(to, this.#kept[this.#random.below(this.#kept.length)] as Uint8Array);
    else if (strategy === 'garbage') this.#lie(to, this.#garbage());
    else if (strategy === 'giant') this.#giant(to);
    else if (strategy === 'accuse') this.#accuse(to);
  }

  #lie(to: number, bytes: Uint8Array, channel: ChannelName = 'unreliable'): void {
    this.lies += 1;
    this.#options.send(to, channel, bytes);
  }

  #seal(bytes: Uint8Array): Uint8Array {
    write16(bytes, 1, packetCrc(bytes, bytes.length, this.#shape.matchKey));
    return bytes;
  }

  #shift(bytes: Uint8Array, frames: number): Uint8Array {
    const copy = bytes.slice();
    write16(copy, 3, read16(copy, 3) + frames);
    return this.#seal(copy);
  }

  /** A small step too far, or a wide acknowledgement of anything. */
  #acknowledgeMore(bytes: Uint8Array): Uint8Array {
    const isWide = this.#header.wideAck || this.#random.chance(0.5);
    if (!isWide) {
      const copy = bytes.slice();
      copy[6] = ((copy[6] as number) + 1 + this.#random.below(100)) & 0xff;
      return this.#seal(copy);
    }
    const copy = new Uint8Array(bytes.length + (this.#header.wideAck ? 0 : 1));
    copy.set(bytes.subarray(0, FRAME_HEADER_BYTES));
    copy.set(bytes.subarray(this.#header.cellsAt), FRAME_HEADER_BYTES + 1);
    copy[0] = (copy[0] as number) | FLAG_WIDE_ACK;
    copy[6] = this.#random.below(256);
    copy[FRAME_HEADER_BYTES] = this.#random.below(256);
    return this.#seal(copy);
  }

  /** The packet without its inputs, as if there were none yet. */
  #withhold(bytes: Uint8Array): Uint8Array {
    const { nowMs, isHealed } = this.#options;
    const { count, cellsAt } = this.#header;
    const isPausing = this.#rate < WITHHOLD_ALWAYS_RATE && nowMs() % WITHHOLD_PERIOD_MS > WITHHOLD_MS;
    if (count === 0 || isHealed() || isPausing || nowMs() < WITHHOLD_FROM_MS) return bytes;
    const { senderSlots, cellBytes } = this.#shape;
    const restAt = skipCells(bytes, cellsAt, count * senderSlots, cellBytes);
    const copy = new Uint8Array(bytes.length - (restAt - cellsAt));
    copy.set(bytes.subarray(0, cellsAt));
    copy.set(bytes.subarray(restAt), cellsAt);
    copy[7] = 0;
    write16(copy, 3, read16(copy, 3) - count);
    return this.#seal(copy);
  }

  #equivocate(to: number, bytes: Uint8Array): Uint8Array {
    const isVictim = to % 2 === 1 || this.#options.peerCount === 2;
    const said = this.#faces.rewrite(bytes, this.#header, { rate: this.#rate / 10, isVictim });
    return said === undefined ? bytes : this.#seal(said);
  }

  #hearNobody(bytes: Uint8Array): Uint8Array {
    if (!this.#header.hasReport || this.#shape.vectorLength === 0) return bytes;
    const copy = bytes.slice();
    write32(copy, this.#header.vectorAt - 4, 0);
    return this.#seal(copy);
  }

  /** Proposes to remove some other peer, as one who suspects it would. */
  #accuse(to: number): void {
    const { peerCount, byzantine } = this.#options;
    const victim = this.#random.below(peerCount);
    if (victim === to || victim === byzantine.peer) return;
    this.#round += 1;
    // Fields that some versions of the message do not have are left out by its encoder.
    const proposal = {
      kind: 'propose',
      viewId: 1,
      ballot: { round: this.#round, voter: byzantine.peer },
      removed: 1 << victim,
      late: 0,
      lead: 0,
      completing: false,
      held: [],
    } as ViewMessage;
    const bytes = encodeViewMessage(proposal, this.#shape.matchKey);
    this.#lie(to, bytes);
    this.#lie(to, bytes, 'reliable');
  }

  #keep(bytes: Uint8Array): void {
    if (this.#kept.length < PACKETS_KEPT) this.#kept.push(bytes.slice());
    else this.#kept[this.#random.below(PACKETS_KEPT)] = bytes.slice();
  }

  #garbage(): Uint8Array {
    const bytes = new Uint8Array(this.#random.below(120));
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = this.#random.below(256);
    if (bytes.length > 0 && this.#random.chance(0.5)) bytes[0] = 0x80 + this.#random.below(16);
    return bytes.length >= 3 && this.#random.chance(0.7) ? this.#seal(bytes) : bytes;
  }

  #giant(to: number): void {
    const length = GIANT_BYTES[this.#random.below(GIANT_BYTES.length)] as number;
    const bytes = new Uint8Array(length).fill(this.#random.below(256));
    bytes[0] = this.#random.below(0x90);
    this.#seal(bytes);
    this.#lie(to, bytes, this.#random.chance(0.8) ? 'unreliable' : 'reliable');
  }
}
