/**
 * A small network for state transfers: members that offer a state, one newcomer that fetches it, lines of limited speed,
 * lost requests, and whatever a test makes of the messages on their way. Time is virtual.
 */
import { createRandom } from '../../../sdk/src/base/prng.js';
import { StateFetch, type StateFetchOptions } from '../../../sdk/src/session/state-fetch.js';
import { StateOffer } from '../../../sdk/src/session/state-offer.js';
import type { ManifestHeader } from '../../../sdk/src/wire/join-manifest.js';
import { joinKeyOf } from '../../../sdk/src/wire/join-messages.js';

/** Milliseconds from one call of `advance` to the next. */
export const TICK_MS: number = 1000 / 60;
/** Start value of every checksum here. */
export const JOIN_KEY: number = joinKeyOf('match');
/** The attempt to join. */
export const NONCE = 0xc0ffee11;
/** A transport refuses bulk messages while more than this waits. */
const QUEUE_BYTES_MAX = 64 * 1024;

/** Bytes that look like a state. */
export function randomState(byteLength: number, seed = 1): Uint8Array {
  const random = createRandom(seed);
  return Uint8Array.from({ length: byteLength }, () => random.below(256));
}

/** What the members know besides the state. */
export function headerOf(memberCount: number, frame = 600): ManifestHeader {
  return {
    ...{ matchKey: 0x21bc, seed: 42, viewId: 7, frame, isPaused: false, isLog: false, stateHash: -5 },
    peers: Array.from({ length: memberCount + 1 }, (_, index) => ({
      ...{ id: index === memberCount ? 'newcomer' : `m${index}` },
      ...{ isMember: index < memberCount, joinNumber: 1 },
    })),
    inputBytes: 1,
    slots: Array.from({ length: memberCount }, (_, owner) => ({
      ...{ owner, control: 'owner' as const, since: 0, epoch: 0, held: frame, input: Uint8Array.of(owner) },
    })),
    config: { framesPerSecond: 60, onLost: 'vacate' },
  };
}

/** What a test decides. */
export interface NetOptions {
  readonly members: number;
  readonly state: Uint8Array;
  /** Of each line, both ways. */
  readonly bytesPerSecond?: number;
  readonly oneWayMs?: number;
  /** Share of the newcomer's messages that are lost. */
  readonly requestLoss?: number;
  readonly seed?: number;
  /** State that a member offers instead of the true one. */
  readonly stateOf?: (member: number) => Uint8Array;
  /** Step log that a member has. */
  readonly logOf?: (member: number) => Uint8Array | undefined;
  /** Another header of a member. */
  readonly headerOf?: (member: number) => ManifestHeader;
  /** What arrives at the newcomer instead of a member's message; `undefined`: nothing. */
  readonly tamper?: (member: number, bytes: Uint8Array, nowMs: number) => Uint8Array | undefined;
  readonly fetch?: Partial<StateFetchOptions>;
  readonly offerBytesPerSecond?: number;
}

interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

/** One direction of one node's line: messages one after another. */
class Line {
  readonly #bytesPerMs: number;
  #freeAtMs = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /** When a message is through that wants in at `nowMs`. */
  pass(nowMs: number, byteLength: number): number {
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + byteLength / this.#bytesPerMs;
    return this.#freeAtMs;
  }

  waitingBytes(nowMs: number): number {
    return Math.max(0, this.#freeAtMs - nowMs) * this.#bytesPerMs;
  }
}

/** The members, the newcomer and the lines between them. */
export class TransferNet {
  nowMs = 0;
  readonly fetch: StateFetch;
  readonly offers: readonly StateOffer[];
  /** Members that are gone. */
  readonly dead = new Set<number>();
  /** Payload bytes that each member put on its line. */
  readonly sentBytes: number[];
  readonly #options: NetOptions;
  readonly #events: Event[] = [];
  readonly #up: readonly Line[];
  readonly #down: readonly Line[];
  readonly #oneWayMs: number;

  constructor(options: NetOptions) {
    this.#options = options;
    this.#oneWayMs = options.oneWayMs ?? 40;
    const random = createRandom(options.seed ?? 1);
    const lines = (): Line[] =>
      Array.from({ length: options.members + 1 }, () => new Line(options.bytesPerSecond ?? 250_000));
    this.#up = lines();
    this.#down = lines();
    this.sentBytes = new Array<number>(options.members).fill(0);
    const newcomer = options.members;
    const members = Array.from({ length: options.members }, (_, index) => `m${index}`);
    this.offers = members.map((_, member) => this.#offer(member));
    this.fetch = new StateFetch({
      ...{ joinKey: JOIN_KEY, nonce: NONCE, members, nowMs: 0, ...options.fetch },
      send: (peer, _channel, bytes) => {
        const to = members.indexOf(peer);
        if (random.chance(options.requestLoss ?? 0)) return true;
        this.#carry(newcomer, to, bytes.slice(), (copy) => this.offers[to]?.receive('newcomer', copy));
        return true;
      },
    });
  }

  #offer(member: number): StateOffer {
    const { members, state, stateOf, logOf, tamper, offerBytesPerSecond } = this.#options;
    const offer = new StateOffer({
      joinKey: JOIN_KEY,
      ...(offerBytesPerSecond === undefined ? {} : { bytesPerSecond: offerBytesPerSecond }),
      send: (_peer, channel, bytes) => {
        if (channel === 'bulk' && (this.#up[member] as Line).waitingBytes(this.nowMs) > QUEUE_BYTES_MAX)
          return false;
        this.sentBytes[member] = (this.sentBytes[member] as number) + bytes.length;
        this.#carry(member, members, bytes.slice(), (copy) => {
          const arrived = tamper === undefined ? copy : tamper(member, copy, this.nowMs);
          if (arrived !== undefined) this.fetch.receive(`m${member}`, arrived, this.nowMs);
        });
        return true;
      },
    });
    const header = (this.#options.headerOf ?? (() => headerOf(members)))(member);
    const serialize = (): Uint8Array => stateOf?.(member) ?? state;
    const collectLog = (): Uint8Array | undefined => logOf?.(member);
    if (!offer.open({ joiner: 'newcomer', nonce: NONCE, header, serialize, collectLog }, 0))
      throw new Error('not open');
    return offer;
  }

  #carry(from: number, to: number, bytes: Uint8Array, arrive: (bytes: Uint8Array) => void): void {
    const atMs = (this.#up[from] as Line).pass(this.nowMs, bytes.length) + this.#oneWayMs;
    this.#at(atMs, () => {
      const throughMs = (this.#down[to] as Line).pass(this.nowMs, bytes.length);
      this.#at(throughMs, () => {
        if (!this.dead.has(from) && !this.dead.has(to)) arrive(bytes);
      });
    });
  }

  #at(atMs: number, run: () => void): void {
    let place = this.#events.length;
    while (place > 0 && (this.#events[place - 1] as Event).atMs > atMs) place -= 1;
    this.#events.splice(place, 0, { atMs, run });
  }

  /** Runs until the fetch is over, or `untilMs`; calls `each` with every tick. Gives the time it took. */
  run(untilMs: number, each: () => void = () => {}): number {
    while (this.nowMs < untilMs) {
      each();
      this.fetch.advance(this.nowMs);
      if (this.fetch.phase === 'done' || this.fetch.phase === 'failed') break;
      for (const [member, offer] of this.offers.entries())
        if (!this.dead.has(member)) offer.advance(this.nowMs);
      const nextMs = this.nowMs + TICK_MS;
      while (this.#events.length > 0 && (this.#events[0] as Event).atMs <= nextMs) {
        const event = this.#events.shift() as Event;
        this.nowMs = event.atMs;
        event.run();
      }
      this.nowMs = nextMs;
    }
    return this.nowMs;
  }
}
