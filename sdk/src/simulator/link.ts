/**
 * One direction of a simulated link. Unreliable packets are lost, late, doubled, overtaken and damaged as the conditions say;
 * reliable and bulk messages only pay for it in time: each lost transmission costs 2 x delay + 50 ms,
 * and reliable ones wait for those before them. They are lost only with the link.
 */
import type { Random } from '../base/prng.js';
import type { ChannelName } from '../session/session-types.js';
import type { NetworkConditions } from './network-conditions.js';
import { exponential, randomStream, uniform } from './random-streams.js';
import { usOf, type VirtualClock } from './virtual-clock.js';

/** A transmission that was lost is repeated this much after its round trip, in ms. */
const RETRANSMIT_EXTRA_MS = 50;
/** A message goes through at the latest with this transmission: 30 losses in a row mean nothing but a blocked link. */
const TRANSMISSIONS_MAX = 30;
/** Messages a blocked link keeps; a sender beyond that would have run out of memory. */
const HELD_MAX = 20_000;

/** How a link is blocked: packets are lost, or they queue and come out in one burst. */
export type BlockForm = 'stopped' | 'jammed';

/** What happened on a link, in packets. */
export interface LinkCounts {
  sent: number;
  delivered: number;
  lost: number;
  /** Lost because the link was blocked; not part of `lost`. */
  blocked: number;
  duplicated: number;
  /** Delivered after a packet that was sent later. */
  reordered: number;
  corrupted: number;
  /** `send` returned false. */
  refused: number;
  /** Repeated transmissions of reliable and bulk messages. */
  retransmitted: number;
}

/** What arrives, and where from. */
export type Deliver = (from: number, to: number, channel: ChannelName, bytes: Uint8Array) => void;

/** A message on its way. */
interface Flight {
  readonly channel: ChannelName;
  readonly bytes: Uint8Array;
  readonly number: number;
  /** Last time the sender had to be there for it. */
  readonly sentUs: number;
}

/** What a link needs to exist. */
export interface LinkOptions {
  readonly clock: VirtualClock;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly conditions: NetworkConditions;
  readonly deliver: Deliver;
}

/** One direction between two nodes. */
export class Link {
  readonly counts: LinkCounts = {
    sent: 0,
    delivered: 0,
    lost: 0,
    blocked: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
    refused: 0,
    retransmitted: 0,
  };
  conditions: NetworkConditions;
  readonly #options: LinkOptions;
  readonly #lossRandom: Random;
  readonly #delayRandom: Random;
  readonly #damageRandom: Random;
  readonly #held: Flight[] = [];
  #stops = 0;
  #jams = 0;
  #nextNumber = 0;
  #newestNumber = -1;
  #reliableArrivalUs = 0;
  #inBurst = false;
  #burstChangeUs = -1;
  #closedUs = Number.POSITIVE_INFINITY;

  constructor(options: LinkOptions) {
    const { seed, from, to } = options;
    this.#options = options;
    this.conditions = options.conditions;
    this.#lossRandom = randomStream(seed, `network/loss/${from}/${to}`);
    this.#delayRandom = randomStream(seed, `network/delay/${from}/${to}`);
    this.#damageRandom = randomStream(seed, `network/damage/${from}/${to}`);
  }

  /** Takes a copy of `bytes`; false if the sender's transport refused them. */
  send(channel: ChannelName, bytes: Uint8Array): boolean {
    const { clock } = this.#options;
    if (clock.nowUs >= this.#closedUs) return false;
    if (this.#damageRandom.chance(this.conditions.refuse ?? 0)) {
      this.counts.refused += 1;
      return false;
    }
    this.counts.sent += 1;
    if (channel === 'unreliable') this.#sendUnreliable(bytes);
    else this.#sendReliable(channel, bytes);
    return true;
  }

  /** Blocks the link; returns the function that ends this block. Several blocks may overlap. */
  block(form: BlockForm): () => void {
    let ended = false;
    if (form === 'stopped') this.#stops += 1;
    else this.#jams += 1;
    return () => {
      if (ended) return;
      ended = true;
      if (form === 'stopped') this.#stops -= 1;
      else this.#jams -= 1;
      this.#release();
    };
  }

  /** The sender or the receiver is gone: what the sender would have to repeat, or was not sent yet, is lost. */
  close(): void {
    this.#closedUs = Math.min(this.#closedUs, this.#options.clock.nowUs);
    this.#held.length = 0;
  }

  get #isBlocked(): boolean {
    return this.#stops > 0 || this.#jams > 0;
  }

  #sendUnreliable(bytes: Uint8Array): void {
    const { conditions } = this;
    const { clock } = this.#options;
    const isLost = this.#isTransmissionLost();
    const delayUs = this.#drawDelayUs();
    const isLate = this.#damageRandom.chance(conditions.reorder ?? 0);
    const isDoubled = this.#damageRandom.chance(conditions.duplicate ?? 0);
    const isDamaged = this.#damageRandom.chance(conditions.corrupt ?? 0);
    if (this.#stops > 0) this.counts.blocked += 1;
    else if (isLost) this.counts.lost += 1;
    if (this.#stops > 0 || isLost) return;
    const copy = isDamaged ? this.#damage(bytes) : bytes.slice();
    const flight = {
      channel: 'unreliable',
      bytes: copy,
      number: this.#nextNumber,
      sentUs: clock.nowUs,
    } as const;
    this.#nextNumber += 1;
    const arrivalUs = delayUs + (isLate ? usOf(conditions.reorderMs ?? 40) : 0);
    clock.scheduleIn(arrivalUs, () => this.#arrive(flight));
    if (!isDoubled) return;
    this.counts.duplicated += 1;
    const laterUs = usOf(uniform(this.#damageRandom, 0, conditions.duplicateMs ?? 50));
    clock.scheduleIn(arrivalUs + laterUs, () => this.#arrive(flight));
  }

  #sendReliable(channel: ChannelName, bytes: Uint8Array): void {
    const { clock } = this.#options;
    let sentUs = clock.nowUs;
    for (let count = 1; count < TRANSMISSIONS_MAX && this.#isTransmissionLost(); count += 1) {
      sentUs += usOf(2 * this.conditions.delayMs + RETRANSMIT_EXTRA_MS);
      this.counts.retransmitted += 1;
    }
    let arrivalUs = sentUs + this.#drawDelayUs();
    if (channel === 'reliable') {
      arrivalUs = Math.max(arrivalUs, this.#reliableArrivalUs);
      this.#reliableArrivalUs = arrivalUs;
    }
    const flight: Flight = { channel, bytes: bytes.slice(), number: -1, sentUs };
    clock.schedule(arrivalUs, () => this.#arrive(flight));
  }

  #arrive(flight: Flight): void {
    if (flight.sentUs >= this.#closedUs) return;
    const mustWait =
      flight.channel === 'unreliable' ? this.#jams > 0 : this.#isBlocked || this.#held.length > 0;
    if (flight.channel === 'unreliable' && this.#stops > 0) this.counts.blocked += 1;
    else if (mustWait) this.#hold(flight);
    else this.#hand(flight);
  }

  #hold(flight: Flight): void {
    if (this.#held.length < HELD_MAX) this.#held.push(flight);
    else this.counts.blocked += 1;
  }

  #hand(flight: Flight): void {
    const { from, to, deliver } = this.#options;
    this.counts.delivered += 1;
    if (flight.channel === 'unreliable') {
      if (flight.number < this.#newestNumber) this.counts.reordered += 1;
      else this.#newestNumber = flight.number;
    }
    deliver(from, to, flight.channel, flight.bytes);
  }

  /** After the last block ended: a jam bursts out at once, reliable messages after their next transmission. */
  #release(): void {
    if (this.#isBlocked) return;
    const waiting = this.#held.splice(0);
    for (const flight of waiting) if (flight.channel === 'unreliable') this.#hand(flight);
    const reliable = waiting.filter((flight) => flight.channel !== 'unreliable');
    if (reliable.length === 0) return;
    this.#held.push(...reliable);
    const delayUs = usOf(this.conditions.delayMs + RETRANSMIT_EXTRA_MS);
    this.#options.clock.scheduleIn(delayUs, () => this.#handHeld());
  }

  #handHeld(): void {
    if (this.#isBlocked) return;
    for (const flight of this.#held.splice(0)) this.#hand(flight);
  }

  /** One transmission's fate by single losses and bursts. Draws the same count of numbers whatever the answer. */
  #isTransmissionLost(): boolean {
    const { loss = 0, burst } = this.conditions;
    const random = this.#lossRandom;
    const isLostAlone = random.chance(loss);
    if (burst === undefined) return isLostAlone;
    const { nowUs } = this.#options.clock;
    if (this.#burstChangeUs < 0) this.#burstChangeUs = usOf(exponential(random, burst.everyMs));
    while (nowUs >= this.#burstChangeUs) {
      this.#inBurst = !this.#inBurst;
      const meanMs = this.#inBurst ? burst.lengthMs : burst.everyMs;
      this.#burstChangeUs += Math.max(1, usOf(exponential(random, meanMs)));
    }
    const isLostInBurst = random.chance(burst.loss ?? 1);
    return isLostAlone || (this.#inBurst && isLostInBurst);
  }

  #drawDelayUs(): number {
    const { delayMs, jitterMs = 0, jitter = 'exponential' } = this.conditions;
    const random = this.#delayRandom;
    if (jitterMs === 0) return usOf(delayMs);
    const extraMs = jitter === 'uniform' ? uniform(random, 0, jitterMs) : exponential(random, jitterMs);
    return usOf(delayMs + extraMs);
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
