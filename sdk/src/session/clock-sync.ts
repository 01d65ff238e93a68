/**
 * Where the other peers' clocks are, measured from the stamps in ordinary packets: no ping messages.
 *
 * Each packet carries the sender's fractional frame. The minimum over a second of (own fractional frame now - stamp)
 * rejects queueing; half the difference of the two directions is the lead, their sum is the round trip.
 * Frames of both sides are steered, and a minimum would remember where they stood a second ago. So it is taken over
 * clocks that nobody steers: what the sender has steered so far is in its reports, and taken off the samples up to each.
 * Half of any path asymmetry cannot be observed and stays as error.
 */
import { CLOCK_STEPS_PER_FRAME, STAMP_STEPS_PER_FRAME } from '../wire/frame-packet.js';

const BUCKETS = 8;
const BUCKET_MS = 125;
/** Indices into the block of doubles: kept in one typed array so that writing them never allocates. */
const BEST = 0;
const JITTER = 1;
const MEAN = 2;
const REMOTE = 3;
const ROUND_TRIP = 4;
/** Mean step of the arrivals, and the last difference. */
const STEP = 5;
const LAST = 6;
/** What the sender has steered, in frames, and the least difference since it said so. */
const STEERED = 7;
const PENDING = 8;
/** When that was, on our raw clock. */
const FOLDED_AT = 9;
const BUCKET_AT = 10;
/** Steering between two reports beyond which only the sample that came with the report counts, in frames. */
const STEERED_BETWEEN_MAX = 0.25;
/** Frames after which the report's 12 bits begin anew. */
const STEERING_FRAMES = 64;
/** A clock is steered by a frame for each frame of time at most: after more than this the bits have no one meaning. */
const FOLD_FRAMES_MAX = 30;
/** A packet that comes earlier than all others by more than this many frames is taken for one that comes late. */
const EARLY_FRAMES_MAX = 8;
/** A report that tells of more frames than this tells no round trip: the number may have been cut off. */
const REMOTE_FRAMES_MAX = 500;
const STEERING_STEPS_PER_FRAME = 64;
/** A packet that comes out of step by more says nothing of its path: its sender or we stood still. */
const STEP_FRAMES_MAX = 16;
/** So many mean steps cover 95 of 100 packets, be their delays spread evenly or with a long tail. */
const LATENESS_STEPS = 3;

/** The clock of one remote peer against ours, all in frames. */
export class ClockSync {
  readonly #values = new Float64Array(BUCKET_AT + BUCKETS).fill(Number.POSITIVE_INFINITY);
  #bucket = -1;
  #lastStampSteps = 0;

  constructor() {
    for (const index of [JITTER, MEAN, STEP, STEERED, FOLDED_AT]) this.#values[index] = 0;
  }

  /**
   * Notes one packet. All in one function, and the first number in an array: a double that is passed on may be boxed, and
   * this runs for each packet (16 bytes each).
   * @param arrival own raw clock when it came, in frames, as its only element
   * @param stampSteps the sender's stamp, in 1/64 frame: a whole number, which is passed on without being boxed
   * @param nowMs time of arrival
   */
  sample(arrival: Float64Array, stampSteps: number, nowMs: number): void {
    const values = this.#values;
    // What is compared: own raw clock minus the sender's stamp, in frames.
    const difference = (arrival[0] as number) - stampSteps / STAMP_STEPS_PER_FRAME;
    // How unevenly packets arrive, from one to the next (as RTP measures it): that does not remember where the sender
    // stood before it had to wait. While it waits its stamps are equal, and say nothing.
    const step = Math.abs(difference - (values[LAST] as number));
    if (stampSteps !== this.#lastStampSteps && step < STEP_FRAMES_MAX)
      values[STEP] = (values[STEP] as number) + (step - (values[STEP] as number)) / 16;
    values[LAST] = difference;
    this.#lastStampSteps = stampSteps;
    if (difference < (values[PENDING] as number)) values[PENDING] = difference;
    const bucket = Math.floor(nowMs / BUCKET_MS);
    if (bucket !== this.#bucket) this.#turnTo(bucket);
    if (!this.measured) return;
    const late = difference + (values[STEERED] as number) - (values[BEST] as number);
    const mean = values[MEAN] as number;
    values[MEAN] = mean + (late - mean) / 16;
    values[JITTER] = (values[JITTER] as number) + (Math.abs(late - mean) - (values[JITTER] as number)) / 16;
  }

  /**
   * Takes the samples up to now into account, when a report says what the sender has steered.
   * @param steering12 low 12 bits of that, in 1/64 frame
   * @param arrival own raw clock, in frames, as its only element
   * @param isSampled the packet that brought the report was the last {@link sample}
   */
  fold(steering12: number, arrival: Float64Array, isSampled: boolean): void {
    const values = this.#values;
    const raw = arrival[0] as number;
    const before = values[STEERED] as number;
    let moved =
      (((steering12 - Math.round(before * STEERING_STEPS_PER_FRAME)) << 20) >> 20) / STEERING_STEPS_PER_FRAME;
    // How often the bits began anew, the sample tells: clocks run evenly, so it lies not before the others, nor far after.
    if (this.measured && isSampled && raw - (values[FOLDED_AT] as number) > FOLD_FRAMES_MAX) {
      const late = (values[LAST] as number) + before + moved - (values[BEST] as number);
      moved -= Math.floor((late + EARLY_FRAMES_MAX) / STEERING_FRAMES) * STEERING_FRAMES;
    }
    values[FOLDED_AT] = raw;
    values[STEERED] = before + moved;
    let best = (values[PENDING] as number) + before + moved / 2;
    if (!this.measured || Math.abs(moved) > STEERED_BETWEEN_MAX)
      best = isSampled ? (values[LAST] as number) + before + moved : Number.POSITIVE_INFINITY;
    values[PENDING] = Number.POSITIVE_INFINITY;
    const slot = BUCKET_AT + (this.#bucket & (BUCKETS - 1));
    if (best < (values[slot] as number)) values[slot] = best;
    this.#findBest();
  }

  /** Forgets what was measured, not the round trip: one of the two clocks stood still. */
  restart(): void {
    this.#values.fill(Number.POSITIVE_INFINITY, BUCKET_AT);
    this.#values[PENDING] = Number.POSITIVE_INFINITY;
    this.#values[BEST] = Number.POSITIVE_INFINITY;
    this.#values[REMOTE] = Number.POSITIVE_INFINITY;
  }

  #turnTo(bucket: number): void {
    const values = this.#values;
    const passed = bucket - this.#bucket;
    for (let back = 0; back < passed && back < BUCKETS; back += 1) {
      values[BUCKET_AT + ((bucket - back) & (BUCKETS - 1))] = Number.POSITIVE_INFINITY;
    }
    this.#bucket = bucket;
    this.#findBest();
  }

  #findBest(): void {
    const values = this.#values;
    let best = Number.POSITIVE_INFINITY;
    for (let index = 0; index < BUCKETS; index += 1) {
      const value = values[BUCKET_AT + index] as number;
      if (value < best) best = value;
    }
    // Clocks run evenly: from a peer that reports seldom, what is old is better than nothing.
    if (best !== Number.POSITIVE_INFINITY) values[BEST] = best;
  }

  /**
   * Keeps what the peer measured in the other direction, in 1/64 frame. The round trip is taken now, from two fresh
   * directions: while we wait for a silent peer our position stands still, and the sum would shrink.
   * @param isSampled the packet that brought it was the last {@link sample}. One that went to where we are at once sends no stamps until
   * its frames are there too: what we measured is of before, and the sum would be as large as it was behind.
   */
  setRemote(steps: number, clock: { readonly adjustment: number }, isSampled: boolean): void {
    const difference = steps / CLOCK_STEPS_PER_FRAME;
    this.#values[REMOTE] = difference;
    if (isSampled && this.measured && Math.abs(difference) < REMOTE_FRAMES_MAX)
      this.#values[ROUND_TRIP] = Math.max(0, this.local(clock.adjustment) + difference);
  }

  /** True once both directions are known. */
  get known(): boolean {
    return (
      this.#values[BEST] !== Number.POSITIVE_INFINITY && this.#values[REMOTE] !== Number.POSITIVE_INFINITY
    );
  }

  /** True once our direction is known. */
  get measured(): boolean {
    return this.#values[BEST] !== Number.POSITIVE_INFINITY;
  }

  /** Our direction in frames; `adjustment` turns our raw clock into our position. */
  local(adjustment: number): number {
    return (this.#values[BEST] as number) - (this.#values[STEERED] as number) + adjustment;
  }

  /** Our lead over this peer, in frames. Only if {@link known}. */
  lead(adjustment: number): number {
    return (this.local(adjustment) - (this.#values[REMOTE] as number)) / 2;
  }

  /** Round trip in frames when the peer last reported. Infinite before. */
  get roundTrip(): number {
    return this.#values[ROUND_TRIP] as number;
  }

  /** How much later than the fastest packets 95 of 100 arrive, in frames. */
  get lateness(): number {
    return LATENESS_STEPS * (this.#values[STEP] as number);
  }

  /** Mean deviation of arrivals, in frames. */
  get jitter(): number {
    return this.#values[JITTER] as number;
  }
}

/**
 * Median of our leads over all peers, ourselves (0) included. `leads` is sorted in place; its first `count` entries
 * are used. Steering towards the median keeps a group together and ignores one slow peer.
 */
export function medianLead(leads: Float64Array, count: number): number {
  sortFirst(leads, count);
  const middle = count >> 1;
  return count % 2 === 1
    ? (leads[middle] as number)
    : ((leads[middle - 1] as number) + (leads[middle] as number)) / 2;
}

/** Sorts the first `count` values in place: there are few, and nothing is allocated. */
export function sortFirst(values: Float64Array, count: number): void {
  for (let index = 1; index < count; index += 1) {
    const value = values[index] as number;
    let at = index - 1;
    while (at >= 0 && (values[at] as number) > value) {
      values[at + 1] = values[at] as number;
      at -= 1;
    }
    values[at + 1] = value;
  }
}

/** Beyond this the correction is strong. */
const STRONG_BEYOND_FRAMES = 4;

/** Up to there, for each frame of lead so much; at most so much. */
const SPEED_PER_FRAME = 0.03;
const GENTLE_SPEED_MAX = 0.04;

/**
 * Speed (1 = real time) that removes `lead` frames over the median: 3 % for each frame, at most 4 %; 10 % beyond four
 * frames, double or half speed beyond the prediction window. Between peers that are together it is a few tenths of a
 * per cent at most, so there is no dead band in which they would drift apart.
 */
export function paceFor(lead: number, windowFrames: number): number {
  const size = Math.abs(lead);
  const far = Math.max(windowFrames, STRONG_BEYOND_FRAMES * 2);
  if (size > far) return lead > 0 ? 0.5 : 2;
  const change = size > STRONG_BEYOND_FRAMES ? 0.1 : Math.min(GENTLE_SPEED_MAX, size * SPEED_PER_FRAME);
  return lead > 0 ? 1 - change : 1 + change;
}
