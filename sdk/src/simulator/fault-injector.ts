/** Lets the faults of a schedule happen to nodes and links, each at its time, and heals everything in the end. */
import type { Fault, FaultKind } from './faults.js';
import type { SimulatedNetwork } from './network.js';
import type { SimulatedNode } from './simulated-node.js';
import type { Trace } from './trace.js';
import { usOf, type VirtualClock } from './virtual-clock.js';

/** What a browser needs to see that a connection is dead, in ms (measured in Chromium). */
const CRASH_SUSPECT_MS = 7700;
const CRASH_CLOSED_MS = 17_700;
/** A tab that leaves keeps its connections this long, in ms, so that its goodbye gets out. */
const LEAVE_LINGER_MS = 500;

/** What faults happen to. */
export interface FaultInjectorOptions<S, I> {
  readonly clock: VirtualClock;
  readonly nodes: readonly SimulatedNode<S, I>[];
  readonly network: SimulatedNetwork;
  readonly trace: Trace;
}

/** Makes things go wrong. */
export class FaultInjector<S, I> {
  /** Faults that struck. */
  readonly counts: Record<FaultKind, number> = {
    crash: 0,
    freeze: 0,
    leave: 0,
    partition: 0,
    drift: 0,
    slow: 0,
    loss: 0,
  };
  readonly #options: FaultInjectorOptions<S, I>;

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
    const peers = 'peer' in fault ? [fault.peer] : 'groups' in fault ? fault.groups.flat() : [];
    if (!this.#apply(fault)) return;
    this.counts[fault.kind] += 1;
    this.#options.trace.add(this.#options.clock.nowUs, 'fault', peers, fault.kind);
  }

  /** Lets one fault happen; false if it comes too late to change anything. */
  #apply(fault: Fault): boolean {
    if (fault.kind === 'partition') this.#partition(fault);
    else if (fault.kind === 'loss') this.#lose(fault);
    else {
      const node = this.#options.nodes[fault.peer] as SimulatedNode<S, I>;
      if (node.status === 'gone' || node.status === 'left' || node.status === 'ended') return false;
      // A frozen tab cannot say goodbye.
      if (fault.kind === 'leave' && node.status !== 'running') return false;
      this.#applyToNode(fault, node);
    }
    return true;
  }

  #applyToNode(
    fault: Exclude<Fault, { readonly kind: 'partition' | 'loss' }>,
    node: SimulatedNode<S, I>,
  ): void {
    switch (fault.kind) {
      case 'crash':
        node.crash();
        this.#options.network.closeNode(node.index);
        this.#tellLinks(node.index, 'suspect', CRASH_SUSPECT_MS);
        this.#tellLinks(node.index, 'closed', CRASH_CLOSED_MS);
        return;
      case 'leave':
        node.leave();
        this.#options.clock.scheduleIn(usOf(LEAVE_LINGER_MS), () =>
          this.#options.network.closeNode(node.index),
        );
        this.#tellLinks(node.index, 'closed', LEAVE_LINGER_MS);
        return;
      case 'freeze':
        node.freeze();
        this.#later(fault.forMs, () => node.thaw());
        return;
      case 'drift':
        node.drift(fault.ppm);
        return;
      case 'slow':
        node.slow(fault.factor);
        this.#later(fault.forMs, () => node.slow(1));
    }
  }

  #partition(fault: Extract<Fault, { readonly kind: 'partition' }>): void {
    const { groups, oneWay = false, form = 'stopped' } = fault;
    for (const [index, group] of groups.entries()) {
      for (const other of groups.slice(index + 1)) {
        for (const from of group) {
          for (const to of other) {
            this.#later(fault.forMs, this.#options.network.block({ from, to }, form));
            if (!oneWay) this.#later(fault.forMs, this.#options.network.block({ from: to, to: from }, form));
          }
        }
      }
    }
  }

  #lose(fault: Extract<Fault, { readonly kind: 'loss' }>): void {
    for (const from of this.#options.nodes.keys()) {
      for (const to of this.#options.nodes.keys()) {
        const isMeant = from !== to && (fault.from ?? from) === from && (fault.to ?? to) === to;
        if (isMeant)
          this.#later(fault.forMs, this.#options.network.patch({ from, to }, { loss: fault.loss }));
      }
    }
  }

  #later(delayMs: number, run: () => void): void {
    this.#options.clock.scheduleIn(usOf(delayMs), run);
  }

  #tellLinks(lost: number, state: 'suspect' | 'closed', delayMs: number): void {
    this.#later(delayMs, () => {
      for (const node of this.#options.nodes) if (node.index !== lost) node.linkChanged(lost, state);
    });
  }

  #heal(): void {
    this.#options.trace.add(this.#options.clock.nowUs, 'heal', []);
    this.#options.network.heal();
    for (const node of this.#options.nodes) {
      node.slow(1);
      node.drift(0);
      node.thaw(true);
    }
  }
}
