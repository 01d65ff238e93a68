/** Lets the faults of a schedule happen to nodes and links, each at its time, and heals everything in the end. */
import { type Fault, type FaultCounts, type FaultOf, noFaultCounts, peersOfFault } from './faults.js';
import type { BlockForm } from './link.js';
import type { Direction, SimulatedNetwork } from './network.js';
import type { NetworkConditions } from './network-conditions.js';
import { randomStream, uniform } from './random-streams.js';
import type { SimulatedNode } from './simulated-node.js';
import type { Trace } from './trace.js';
import { usOf, type VirtualClock } from './virtual-clock.js';

/** What a browser needs to see that a connection is dead, in ms (measured in Chromium). */
const CRASH_SUSPECT_MS = 7700;
const CRASH_CLOSED_MS = 17_700;
/** A tab that leaves keeps its connections this long, in ms, so that its goodbye gets out. */
const LEAVE_LINGER_MS = 500;
/** Who wants the match to go on says so again after this, in ms, and for so long after the heal. */
const RESUME_AGAIN_MS = 250;
const RESUMED_WITHIN_MS = 2000;

/** A fault that happens to links, and one that happens to a peer. */
type LinkFault = FaultOf<'partition' | 'swizzle' | 'loss' | 'bandwidth' | 'mtu'>;
type PeerFault = Exclude<Fault, LinkFault>;
/** What a player does, rather than what happens to it. */
type PlayerFault = FaultOf<'leave' | 'join' | 'rejoin' | 'pause' | 'delay'>;

/** What faults happen to. */
export interface FaultInjectorOptions<S, I> {
  readonly clock: VirtualClock;
  readonly seed: number;
  readonly nodes: readonly SimulatedNode<S, I>[];
  readonly network: SimulatedNetwork;
  readonly trace: Trace;
  /** Slots that a peer of this index has from the start. */
  readonly slotsOf: (peer: number) => number;
}

/** Makes things go wrong. */
export class FaultInjector<S, I> {
  /** Faults that struck. */
  readonly counts: FaultCounts = noFaultCounts();
  readonly #options: FaultInjectorOptions<S, I>;
  /** Everything was healed. */
  isHealed = false;
  /** Newcomers that the members do not let in. */
  readonly refused: Set<number> = new Set();

  constructor(options: FaultInjectorOptions<S, I>) {
    this.#options = options;
  }

  /** Plans all faults that come before the heal, and the heal. */
  schedule(faults: readonly Fault[], healUs: number): void {
    const { clock } = this.#options;
    for (const fault of faults) {
      const atUs = usOf(fault.atMs);
      if (atUs < healUs) clock.schedule(atUs, () => this.#strike(fault));
    }
    clock.schedule(healUs, () => this.#heal());
  }

  #strike(fault: Fault): void {
    if (isLinkFault(fault)) this.#applyToLinks(fault);
    else {
      const node = this.#options.nodes[fault.peer] as SimulatedNode<S, I>;
      if (!canStrike(fault, node)) return;
      if (isOfPlayer(fault)) this.#applyToPlayer(fault, node);
      else this.#applyToNode(fault, node);
    }
    this.counts[fault.kind] += 1;
    const line = this.#options.trace.event(this.#options.clock.nowUs, 'fault').text(fault.kind);
    for (const peer of peersOfFault(fault)) line.word(peer);
  }

  #applyToPlayer(fault: PlayerFault, node: SimulatedNode<S, I>): void {
    switch (fault.kind) {
      case 'leave':
        node.leave();
        this.#laterIn(node, LEAVE_LINGER_MS, () => this.#options.network.closeNode(node.index));
        this.#tellLinks(node, 'closed', LEAVE_LINGER_MS);
        return;
      case 'join':
        if (fault.isRefused === true) this.refused.add(node.index);
        this.#load(node, fault.slots ?? 1);
        return;
      case 'rejoin':
        node.crash();
        this.#load(node, this.#slotsOf(node));
        return;
      case 'pause':
        node.setPace('pause');
        this.#later(fault.forMs, () => this.#endPause(node));
        return;
      case 'delay':
        node.setInputDelay(fault.inputDelayFrames);
    }
  }

  /** As many as it asked for when it joined, or had from the start. */
  #slotsOf({ index, slotsWanted, isNewcomer }: SimulatedNode<S, I>): number {
    return isNewcomer ? slotsWanted : this.#options.slotsOf(index);
  }

  /** The page asks to come in, over new connections. */
  #load(node: SimulatedNode<S, I>, slots: number): void {
    this.#options.network.reopenNode(node.index);
    node.join(slots);
    for (const other of this.#options.nodes) if (other !== node) other.linkChanged(node.index, 'open');
  }

  /** The player that paused, or any other if it is gone, lets the match go on. */
  #endPause(node: SimulatedNode<S, I>): void {
    const { nodes } = this.#options;
    const speaker = node.isLive ? node : nodes.find((other) => other.isLive && other.isHalted);
    speaker?.setPace('resume');
    if (nodes.some((other) => other.isLive && other.isHalted))
      this.#later(RESUME_AGAIN_MS, () => this.#endPause(node));
  }

  #applyToNode(fault: Exclude<PeerFault, PlayerFault>, node: SimulatedNode<S, I>): void {
    switch (fault.kind) {
      case 'crash':
        node.crash();
        this.#options.network.closeNode(node.index);
        this.#tellLinks(node, 'suspect', CRASH_SUSPECT_MS);
        this.#tellLinks(node, 'closed', CRASH_CLOSED_MS);
        return;
      case 'freeze':
        node.freeze();
        this.#later(fault.forMs, () => node.thaw());
        return;
      case 'sleep':
        node.freeze();
        node.stopClock(true);
        this.#later(fault.forMs, () => {
          node.stopClock(false);
          node.thaw();
        });
        return;
      case 'gc':
        this.#pause(fault, node, this.#options.clock.nowUs + usOf(fault.forMs));
        return;
      case 'drift':
        node.drift(fault.ppm);
        return;
      case 'jump':
        node.jumpClock(fault.byMs);
        return;
      case 'slow':
        node.slow(fault.factor);
        this.#later(fault.forMs, () => node.slow(1));
        return;
      case 'cpu':
        node.stepCost(fault.stepMs);
        this.#later(fault.forMs, () => node.stepCost(0));
        return;
      case 'hidden':
        node.hide(true);
        this.#later(fault.forMs, () => node.hide(false));
    }
  }

  /** One pause, and the next one later. */
  #pause(fault: FaultOf<'gc'>, node: SimulatedNode<S, I>, untilUs: number): void {
    node.freeze();
    this.#later(fault.pauseMs, () => {
      node.thaw();
      this.#later(fault.everyMs, () => {
        if (!this.isHealed && this.#options.clock.nowUs < untilUs) this.#pause(fault, node, untilUs);
      });
    });
  }

  #applyToLinks(fault: LinkFault): void {
    switch (fault.kind) {
      case 'partition':
        this.#partition(fault);
        return;
      case 'swizzle':
        this.#swizzle(fault);
        return;
      case 'loss':
        this.#patch(fault, { loss: fault.loss });
        return;
      case 'bandwidth':
        this.#patch(fault, { bitsPerSecond: fault.bitsPerSecond, queueBytes: fault.queueBytes });
        return;
      case 'mtu':
        this.#patch(fault, { mtuBytes: fault.mtuBytes });
    }
  }

  #partition(fault: FaultOf<'partition'>): void {
    const { groups, oneWay = false, form = 'stopped', forMs } = fault;
    for (const [index, group] of groups.entries()) {
      for (const other of groups.slice(index + 1)) {
        for (const from of group) {
          for (const to of other) {
            this.#block({ from, to }, form, forMs);
            if (!oneWay) this.#block({ from: to, to: from }, form, forMs);
          }
        }
      }
    }
  }

  /** Each direction stops somewhere in the first half and comes back somewhere in the second. */
  #swizzle(fault: FaultOf<'swizzle'>): void {
    const { peers, forMs, form = 'stopped', atMs } = fault;
    for (const from of peers) {
      for (const to of peers) {
        if (from === to) continue;
        const random = randomStream(this.#options.seed, `swizzle/${atMs}/${from}/${to}`);
        const stopMs = uniform(random, 0, forMs / 2);
        const lengthMs = uniform(random, forMs / 2, forMs) - stopMs;
        this.#later(stopMs, () => {
          if (!this.isHealed) this.#block({ from, to }, form, lengthMs);
        });
      }
    }
  }

  #block(direction: Direction, form: BlockForm, forMs: number): void {
    this.#later(forMs, this.#options.network.block(direction, form));
  }

  #patch(fault: FaultOf<'loss' | 'bandwidth' | 'mtu'>, conditions: Partial<NetworkConditions>): void {
    for (const from of this.#options.nodes.keys()) {
      for (const to of this.#options.nodes.keys()) {
        const isMeant = from !== to && (fault.from ?? from) === from && (fault.to ?? to) === to;
        if (isMeant) this.#later(fault.forMs, this.#options.network.patch({ from, to }, conditions));
      }
    }
  }

  #later(delayMs: number, run: () => void): void {
    this.#options.clock.scheduleIn(usOf(delayMs), run);
  }

  /** ...unless the page was loaded again by then. */
  #laterIn(node: SimulatedNode<S, I>, delayMs: number, run: () => void): void {
    const { loads } = node;
    this.#later(delayMs, () => {
      if (node.loads === loads) run();
    });
  }

  #tellLinks(lost: SimulatedNode<S, I>, state: 'suspect' | 'closed', delayMs: number): void {
    this.#laterIn(lost, delayMs, () => {
      for (const node of this.#options.nodes) if (node !== lost) node.linkChanged(lost.index, state);
    });
  }

  #heal(): void {
    this.isHealed = true;
    this.#options.trace.event(this.#options.clock.nowUs, 'heal');
    this.#options.network.heal();
    for (const node of this.#options.nodes) node.heal();
    // A pause that is agreed on now is ended as well.
    if (this.counts.pause === 0) return;
    for (let delayMs = 0; delayMs < RESUMED_WITHIN_MS; delayMs += RESUME_AGAIN_MS)
      this.#later(delayMs, () => {
        for (const node of this.#options.nodes) node.setPace('resume');
      });
  }
}

function isLinkFault(fault: Fault): fault is LinkFault {
  return (
    fault.kind === 'partition' ||
    fault.kind === 'swizzle' ||
    fault.kind === 'loss' ||
    fault.kind === 'bandwidth' ||
    fault.kind === 'mtu'
  );
}

function isOfPlayer(fault: PeerFault): fault is PlayerFault {
  const { kind } = fault;
  return kind === 'leave' || kind === 'join' || kind === 'rejoin' || kind === 'pause' || kind === 'delay';
}

function canStrike<S, I>(fault: PeerFault, { status, isNewcomer }: SimulatedNode<S, I>): boolean {
  const isWaiting = status === 'waiting' && isNewcomer;
  if (fault.kind === 'join') return isWaiting;
  if (isWaiting) return false;
  if (fault.kind === 'rejoin') return true;
  if (status === 'gone' || status === 'left' || status === 'ended') return false;
  // A frozen tab cannot do anything.
  return !isOfPlayer(fault) || fault.kind === 'delay' || status === 'running';
}
