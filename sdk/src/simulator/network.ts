/** A full mesh of simulated links: conditions per direction, blocks and passing changes that can all be healed at once. */
import { assert } from '../base/errors.js';
import type { ChannelName } from '../session/session-types.js';
import { PacketPool } from './flight.js';
import { type BlockForm, Link } from './link.js';
import { addCounts, type Deliver, emptyCounts, type LinkCounts } from './link-counts.js';
import { type MessageCounts, MessageTally } from './message-tally.js';
import { checkConditions, healedConditions, type NetworkConditions } from './network-conditions.js';
import type { VirtualClock } from './virtual-clock.js';

/** The same conditions everywhere, or those of each direction by node index. */
export type NetworkOption = NetworkConditions | ((from: number, to: number) => NetworkConditions);

/** What a network needs to exist. */
export interface NetworkOptions {
  readonly clock: VirtualClock;
  readonly seed: number;
  readonly nodeCount: number;
  readonly conditions: NetworkOption;
  readonly deliver: Deliver;
}

/** One direction, by node index. */
export interface Direction {
  readonly from: number;
  readonly to: number;
}

interface Patch {
  readonly values: Partial<NetworkConditions>;
}

/** All links between `nodeCount` nodes. */
export class SimulatedNetwork {
  readonly #nodeCount: number;
  readonly #links: (Link | undefined)[];
  readonly #base: NetworkConditions[];
  readonly #patches: Patch[][];
  readonly #unblocks = new Set<() => void>();
  readonly #tally = new MessageTally();

  /** @throws {SdkError} `invalid-argument` for conditions out of range. */
  constructor(options: NetworkOptions) {
    const { clock, seed, nodeCount, conditions, deliver } = options;
    this.#nodeCount = nodeCount;
    this.#links = [];
    this.#base = [];
    this.#patches = [];
    const pool = new PacketPool();
    for (let from = 0; from < nodeCount; from += 1) {
      for (let to = 0; to < nodeCount; to += 1) {
        const own = typeof conditions === 'function' ? conditions(from, to) : conditions;
        checkConditions(own);
        this.#base.push(own);
        this.#patches.push([]);
        // Written out: each spread of an object may give a hidden class of its own, and a link's options are read per packet.
        const parts = { clock, seed, from, to, conditions: own, deliver, pool, tally: this.#tally };
        this.#links.push(from === to ? undefined : new Link(parts));
      }
    }
  }

  /** Sends one message; false if the sender's transport does not take it. */
  send(direction: Direction, channel: ChannelName, bytes: Uint8Array): boolean {
    return this.#link(direction)?.send(channel, bytes) ?? false;
  }

  /** What {@link send} does for the messages of one node, without a look-up for each. */
  senderOf(from: number): (to: number, channel: ChannelName, bytes: Uint8Array) => boolean {
    const links = this.#links.slice(from * this.#nodeCount, (from + 1) * this.#nodeCount);
    return (to, channel, bytes) => links[to]?.send(channel, bytes) ?? false;
  }

  /** What one direction does now. */
  conditions(direction: Direction): NetworkConditions {
    const link = this.#link(direction);
    assert(link !== undefined, `there is no link from node ${direction.from} to node ${direction.to}`);
    return link.conditions;
  }

  /** Blocks one direction; returns the function that ends this block. */
  block(direction: Direction, form: BlockForm): () => void {
    const unblock = this.#link(direction)?.block(form) ?? (() => {});
    this.#unblocks.add(unblock);
    return () => {
      this.#unblocks.delete(unblock);
      unblock();
    };
  }

  /** Changes some conditions of one direction for a while; returns the function that takes the change back. */
  patch(direction: Direction, values: Partial<NetworkConditions>): () => void {
    const index = this.#indexOf(direction);
    const patch = { values };
    checkConditions({ ...(this.#base[index] as NetworkConditions), ...values });
    this.#patches[index]?.push(patch);
    this.#apply(index);
    return () => {
      this.#patches[index] = (this.#patches[index] ?? []).filter((other) => other !== patch);
      this.#apply(index);
    };
  }

  /** A node is gone: nothing new leaves for it or from it. What is on the wire still arrives. */
  closeNode(node: number): void {
    for (let other = 0; other < this.#nodeCount; other += 1) {
      this.#link({ from: node, to: other })?.close();
      this.#link({ from: other, to: node })?.close();
    }
  }

  /** A node's page was loaded anew: it has new connections to all. */
  reopenNode(node: number): void {
    for (let other = 0; other < this.#nodeCount; other += 1) {
      this.#link({ from: node, to: other })?.reopen();
      this.#link({ from: other, to: node })?.reopen();
    }
  }

  /** From now on nothing goes wrong: blocks and changes end, loss, bursts, reordering, doubling and damage stop. */
  heal(): void {
    for (const unblock of this.#unblocks) unblock();
    this.#unblocks.clear();
    for (let index = 0; index < this.#links.length; index += 1) {
      this.#patches[index] = [];
      this.#base[index] = healedConditions(this.#base[index] as NetworkConditions);
      this.#apply(index);
    }
  }

  /** What happened on all links together. */
  counts(): LinkCounts {
    const total = emptyCounts();
    for (const link of this.#links) if (link !== undefined) addCounts(total, link.counts);
    return total;
  }

  /** Which kinds of messages were sent and lost. */
  messageCounts(): MessageCounts {
    return this.#tally.counts();
  }

  #indexOf(direction: Direction): number {
    return direction.from * this.#nodeCount + direction.to;
  }

  #link(direction: Direction): Link | undefined {
    return this.#links[this.#indexOf(direction)];
  }

  #apply(index: number): void {
    const link = this.#links[index];
    if (link === undefined) return;
    let conditions = this.#base[index] as NetworkConditions;
    for (const patch of this.#patches[index] ?? []) conditions = { ...conditions, ...patch.values };
    link.conditions = conditions;
  }
}
