/**
 * One direction of a simulated link. Unreliable packets are lost, late, doubled, overtaken and damaged as the conditions say;
 * reliable and bulk messages only pay for it in time: each lost transmission costs 2 x delay + 50 ms,
 * and reliable ones wait for those before them. They are lost only with the link.
 */
import { type Random, WordRandom } from '../base/prng.js';
import type { ChannelName } from '../session/session-types.js';
import { Flight, type PacketPool, type Receiver } from './flight.js';
import { type Deliver, emptyCounts, type LinkCounts } from './link-counts.js';
import type { MessageTally } from './message-tally.js';
import { type FullConditions, fullConditions, type NetworkConditions } from './network-conditions.js';
import { exponential, streamSeed, uniform } from './random-streams.js';
import { usOf, type VirtualClock } from './virtual-clock.js';

/** A transmission that was lost is repeated this much after its round trip, in ms. */
const RETRANSMIT_EXTRA_MS = 50;
/** A message goes through at the latest with this transmission: 30 losses in a row mean nothing but a blocked link. */
const TRANSMISSIONS_MAX = 30;
/** Messages a blocked link keeps; a sender beyond that would have run out of memory. */
const HELD_MAX = 20_000;
/** What DTLS, SCTP, UDP and IP add to a message, in bytes (measured in Chromium when both sides talk). */
const OVERHEAD_BYTES = 96;
/** A slowed link takes this much longer, in ms. */
const SLOWED_EXTRA_MS = 250;

/** How a link is blocked: packets are lost, they queue and come out in one burst, or all take 250 ms longer. */
export type BlockForm = 'stopped' | 'jammed' | 'slowed';

/** What a link needs to exist. */
export interface LinkOptions {
  readonly clock: VirtualClock;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly conditions: NetworkConditions;
  readonly deliver: Deliver;
  readonly pool: PacketPool;
  readonly tally: MessageTally;
}

/** One direction between two nodes. */
export class Link implements Receiver {
  readonly counts: LinkCounts = emptyCounts();
  #conditions: NetworkConditions;
  #full: FullConditions;
  readonly #clock: VirtualClock;
  readonly #pool: PacketPool;
  readonly #tally: MessageTally;
  readonly #deliver: Deliver;
  readonly #from: number;
  readonly #to: number;
  readonly #lossRandom: Random;
  readonly #delayRandom: Random;
  readonly #damageRandom: Random;
  readonly #held: Flight[] = [];
  readonly #free: Flight[] = [];
  readonly #blocks: Record<BlockForm, number> = { stopped: 0, jammed: 0, slowed: 0 };
  #nextNumber = 0;
  #newestNumber = -1;
  #reliableArrivalUs = 0;
  /** When the last byte that waits before a narrow link has gone out. */
  #queueEmptyUs = 0;
  #inBurst = false;
  #burstChangeUs = -1;
  #closedUs = Number.POSITIVE_INFINITY;
  #connection = 0;

  constructor(options: LinkOptions) {
    const { seed, from, to, conditions } = options;
    this.#clock = options.clock;
    this.#pool = options.pool;
    this.#tally = options.tally;
    this.#deliver = options.deliver;
    this.#from = from;
    this.#to = to;
    this.#conditions = conditions;
    this.#full = fullConditions(conditions);
    const path = `${from}/${to}`;
    // Three streams side by side: every packet draws from all of them.
    const words = Int32Array.of(
      streamSeed(seed, `network/loss/${path}`),
      streamSeed(seed, `network/delay/${path}`),
      streamSeed(seed, `network/damage/${path}`),
    );
    this.#lossRandom = new WordRandom(words, 0);
    this.#delayRandom = new WordRandom(words, 1);
    this.#damageRandom = new WordRandom(words, 2);
  }

  /** What it does to packets now. */
  get conditions(): NetworkConditions {
    return this.#conditions;
  }

  set conditions(conditions: NetworkConditions) {
    this.#conditions = conditions;
    this.#full = fullConditions(conditions);
  }

  /** Takes a copy of `bytes`; false if the sender's transport refused them. */
  send(channel: ChannelName, bytes: Uint8Array): boolean {
    if (this.#clock.nowUs >= this.#closedUs) return false;
    if (this.#damageRandom.chance(this.#full.refuse)) {
      this.counts.refused += 1;
      return false;
    }
    this.counts.sent += 1;
    this.#tally.sent(bytes);
    if (channel === 'unreliable') this.#sendUnreliable(bytes);
    else this.#sendReliable(channel, bytes);
    return true;
  }

  /** Blocks the link; returns the function that ends this block. Several blocks may overlap. */
  block(form: BlockForm): () => void {
    let ended = false;
    this.#blocks[form] += 1;
    return () => {
      if (ended) return;
      ended = true;
      this.#blocks[form] -= 1;
      this.#release();
    };
  }

  /** The sender or the receiver is gone: what the sender would have to repeat, or was not sent yet, is lost. */
  close(): void {
    this.#closedUs = Math.min(this.#closedUs, this.#clock.nowUs);
    this.#held.length = 0;
  }

  /** The page at one end was loaded again: a new connection, on which nothing of the old one arrives. */
  reopen(): void {
    this.close();
    this.#closedUs = Number.POSITIVE_INFINITY;
    this.#connection += 1;
    this.#reliableArrivalUs = 0;
  }

  #isBlocked(): boolean {
    return this.#blocks.stopped > 0 || this.#blocks.jammed > 0;
  }

  #sendUnreliable(bytes: Uint8Array): void {
    const { counts } = this;
    const full = this.#full;
    const damage = this.#damageRandom;
    const isLost = this.#isTransmissionLost(this.#clock.nowUs);
    const delayUs = this.#drawDelayUs();
    const isLate = damage.chance(full.reorder);
    const isDoubled = damage.chance(full.duplicate);
    const isDamaged = damage.chance(full.corrupt);
    const isTooLong = bytes.length > full.mtuBytes;
    const waitUs = full.bitsPerSecond === Number.POSITIVE_INFINITY ? 0 : this.#queueUs(bytes.length, false);
    if (this.#blocks.stopped > 0) counts.blocked += 1;
    else if (isTooLong) counts.oversized += 1;
    else if (waitUs < 0) counts.overflowed += 1;
    else if (isLost) counts.lost += 1;
    if (this.#blocks.stopped > 0 || isTooLong || waitUs < 0 || isLost) {
      this.#tally.dropped(bytes);
      return;
    }
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    const arrivalUs = waitUs + delayUs + (isLate ? usOf(full.reorderMs) : 0);
    const sent = isDamaged ? this.#damage(bytes) : bytes;
    this.#launch(sent, number, arrivalUs);
    if (!isDoubled) return;
    counts.duplicated += 1;
    this.#launch(sent, number, arrivalUs + usOf(uniform(damage, 0, full.duplicateMs)));
  }

  #launch(bytes: Uint8Array, number: number, delayUs: number): void {
    const clock = this.#clock;
    const copy = this.#pool.copy(bytes);
    const flight = this.#free.pop() ?? new Flight(copy, this);
    flight.channel = 'unreliable';
    flight.bytes = copy;
    flight.number = number;
    flight.sentUs = clock.nowUs;
    flight.connection = this.#connection;
    clock.scheduleTask(clock.nowUs + delayUs, flight);
  }

  #sendReliable(channel: ChannelName, bytes: Uint8Array): void {
    const clock = this.#clock;
    let sentUs = clock.nowUs;
    for (let count = 1; count < TRANSMISSIONS_MAX && this.#isTransmissionLost(sentUs); count += 1) {
      sentUs += usOf(2 * this.#full.delayMs + RETRANSMIT_EXTRA_MS);
      this.counts.retransmitted += 1;
      this.#tally.dropped(bytes);
    }
    const waitUs =
      this.#full.bitsPerSecond === Number.POSITIVE_INFINITY ? 0 : this.#queueUs(bytes.length, true);
    let arrivalUs = sentUs + waitUs + this.#drawDelayUs();
    if (channel === 'reliable') {
      arrivalUs = Math.max(arrivalUs, this.#reliableArrivalUs);
      this.#reliableArrivalUs = arrivalUs;
    }
    const flight = new Flight(bytes.slice(), this);
    flight.channel = channel;
    flight.sentUs = sentUs;
    flight.connection = this.#connection;
    clock.scheduleTask(arrivalUs, flight);
  }

  /** Puts a message before the narrow link; how long until its last byte is out, in us; -1 if the queue is full. */
  #queueUs(bytes: number, isPatient: boolean): number {
    const { bitsPerSecond, queueBytes } = this.#full;
    const { nowUs } = this.#clock;
    const waitingUs = Math.max(0, this.#queueEmptyUs - nowUs);
    const wireBytes = bytes + OVERHEAD_BYTES;
    if (!isPatient && (waitingUs * bitsPerSecond) / 8e6 + wireBytes > queueBytes) return -1;
    const outUs = waitingUs + Math.ceil((wireBytes * 8e6) / bitsPerSecond);
    this.#queueEmptyUs = nowUs + outUs;
    return outUs;
  }

  /** The clock has come to the arrival of a message. */
  arrive(flight: Flight): void {
    const isPacket = flight.channel === 'unreliable';
    if (flight.sentUs < this.#closedUs && flight.connection === this.#connection) {
      const mustWait = isPacket ? this.#blocks.jammed > 0 : this.#isBlocked() || this.#held.length > 0;
      if (isPacket && this.#blocks.stopped > 0) {
        this.counts.blocked += 1;
        this.#tally.dropped(flight.bytes);
      } else if (mustWait) {
        this.#hold(flight);
        return;
      } else this.#hand(flight);
    }
    if (isPacket) this.#recycle(flight);
  }

  #recycle(flight: Flight): void {
    this.#pool.free(flight.bytes);
    this.#free.push(flight);
  }

  #hold(flight: Flight): void {
    if (this.#held.length < HELD_MAX) this.#held.push(flight);
    else this.counts.blocked += 1;
  }

  #hand(flight: Flight): void {
    this.counts.delivered += 1;
    if (flight.channel === 'unreliable') {
      if (flight.number < this.#newestNumber) this.counts.reordered += 1;
      else this.#newestNumber = flight.number;
    }
    this.#deliver(this.#from, this.#to, flight.channel, flight.bytes);
  }

  /** After the last block ended: a jam bursts out at once, reliable messages after their next transmission. */
  #release(): void {
    if (this.#isBlocked()) return;
    const waiting = this.#held.splice(0);
    for (const flight of waiting) {
      if (flight.channel !== 'unreliable') continue;
      this.#hand(flight);
      this.#recycle(flight);
    }
    const reliable = waiting.filter((flight) => flight.channel !== 'unreliable');
    if (reliable.length === 0) return;
    this.#held.push(...reliable);
    const delayUs = usOf(this.#full.delayMs + RETRANSMIT_EXTRA_MS);
    this.#clock.scheduleIn(delayUs, () => this.#handHeld());
  }

  #handHeld(): void {
    if (this.#isBlocked()) return;
    for (const flight of this.#held.splice(0)) this.#hand(flight);
  }

  /**
   * The fate of a transmission by single losses and bursts. Draws the same count of numbers whatever the answer.
   * @param atUs now, or when a lost one is repeated: a burst may be over by then
   */
  #isTransmissionLost(atUs: number): boolean {
    const { loss, burst } = this.#full;
    const random = this.#lossRandom;
    const isLostAlone = random.chance(loss);
    if (burst === undefined) return isLostAlone;
    const { nowUs } = this.#clock;
    if (this.#burstChangeUs < 0) this.#burstChangeUs = usOf(exponential(random, burst.everyMs));
    while (nowUs >= this.#burstChangeUs) {
      this.#inBurst = !this.#inBurst;
      const meanMs = this.#inBurst ? burst.lengthMs : burst.everyMs;
      this.#burstChangeUs += Math.max(1, usOf(exponential(random, meanMs)));
    }
    const isLostInBurst = random.chance(burst.loss);
    return isLostAlone || (this.#inBurst && atUs < this.#burstChangeUs && isLostInBurst);
  }

  #drawDelayUs(): number {
    const { delayMs, jitterMs, jitter } = this.#full;
    const baseMs = this.#blocks.slowed > 0 ? delayMs + SLOWED_EXTRA_MS : delayMs;
    const random = this.#delayRandom;
    if (jitterMs === 0) return usOf(baseMs);
    const extraMs = jitter === 'uniform' ? uniform(random, 0, jitterMs) : exponential(random, jitterMs);
    return usOf(baseMs + extraMs);
  }

  /** A damaged copy: one flipped bit, up to 16 neighbouring flipped bits, or a cut-off end. */
  #damage(bytes: Uint8Array): Uint8Array {
    this.counts.corrupted += 1;
    const random = this.#damageRandom;
    const kind = random.below(4);
    if (bytes.length === 0 || kind === 0) return bytes.slice(0, random.below(Math.max(1, bytes.length)));
    const copy = bytes.slice();
    const first = random.below(copy.length * 8);
    const bits = kind === 1 ? 1 + random.below(16) : 1;
    for (let bit = first; bit < Math.min(first + bits, copy.length * 8); bit += 1) {
      if (bit === first || random.chance(0.5)) copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
    }
    return copy;
  }
}
