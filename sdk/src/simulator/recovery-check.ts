/** After everything was healed: who lives must play at full speed, know who is in the match, and have come into it. */
import type { Game } from '../session/game.js';
import type { InputDelay, Session, SessionOptions } from '../session/session-types.js';
import { type Byzantine, lateMsMax } from './byzantine.js';
import type { MembershipWatch } from './checks/membership-watch.js';
import { framesPerSecondLeast, type SpeedLimits } from './checks/progress.js';
import type { CheckName, ViolationLog } from './checks/violations.js';
import type { MatchPlan } from './match-plan.js';
import type { SimulatedNetwork } from './network.js';
import type { NetworkConditions } from './network-conditions.js';
import type { SimulatedNode } from './simulated-node.js';
import { US_PER_MS, usOf, type VirtualClock } from './virtual-clock.js';

/** One that was outside at the heal must have come in again within this, in ms. */
const JOINING_MS = 5000;
/** One that came in must have a slot after this, in ms, if one is free. */
const SEATED_MS = 3000;
/** Frames that may lie on the edges of the measured time: confirmations come in groups, above all in lockstep. */
const EDGE_FRAMES = 2;
/** Longest in all that liars may hold the others up in the measured time, in ms: to find out, to agree, and once more [I20]. */
const HELD_UP_MS_MAX = 2000;
/** Among two players nobody can agree on a substitute: who brings nothing is waited for like one that is silent. */
const HELD_UP_BY_LAST_MS_MAX = 4000;
/** Share of that speed that is left when a peer lies about its clock. */
const SPEED_AMONG_LIARS = 0.7;

/** What a {@link RecoveryCheck} looks at. */
export interface RecoveryOptions<S, I> {
  readonly plan: MatchPlan;
  readonly game: Game<S, I>;
  readonly clock: VirtualClock;
  readonly nodes: readonly SimulatedNode<S, I>[];
  readonly network: SimulatedNetwork;
  readonly membership: MembershipWatch;
  readonly violations: ViolationLog;
  /** Peers that lie, by index. */
  readonly byzantine: ReadonlyMap<number, Byzantine>;
  readonly onLost: NonNullable<SessionOptions<S, I>['onLost']>;
}

/** Looks at all peers at the end of a run. */
export class RecoveryCheck<S, I> {
  readonly #options: RecoveryOptions<S, I>;

  constructor(options: RecoveryOptions<S, I>) {
    this.#options = options;
  }

  /** @param confirmed what each peer had confirmed at `sinceUs` */
  check(confirmed: readonly number[], sinceUs: number): void {
    const { nodes, membership, byzantine } = this.#options;
    const playing = nodes.filter(
      ({ isLive, session, index }) => isLive && session?.phase === 'running' && !byzantine.has(index),
    );
    membership.finish(playing.map(({ index }) => index));
    this.#checkProgress(confirmed, sinceUs);
    for (const node of playing) this.#checkSeat(node);
  }

  /** A peer gave up coming in, although there were members that could let it in. */
  joinFailed(peer: number): void {
    const node = this.#options.nodes[peer] as SimulatedNode<S, I>;
    if (this.#canComeIn()) this.#report('join', node, 'gave up coming in, although there were members');
  }

  #checkProgress(confirmed: readonly number[], sinceUs: number): void {
    const { clock, nodes, byzantine } = this.#options;
    const seconds = (clock.nowUs - sinceUs) / US_PER_MS / 1000;
    const limits = this.#limits();
    for (const node of nodes) {
      const { session, index } = node;
      if (!node.isLive || session === undefined || this.#mayStandStill(node, session)) continue;
      const frames = session.frameConfirmed - (confirmed[index] as number);
      const least = framesPerSecondLeast(limits, index, (peer) => this.#plays(peer));
      const share = byzantine.size > 0 ? SPEED_AMONG_LIARS : 1;
      const due = (seconds - this.#heldUpMs(node, sinceUs) / 1000) * least * share;
      if (frames >= Math.floor(due) - EDGE_FRAMES) continue;
      const detail = `${frames} frames confirmed in the last ${seconds.toFixed(1)} s (${least.toFixed(0)} per second are possible), in phase ${session.phase}`;
      this.#report('progress', node, detail);
    }
  }

  #limits(): SpeedLimits {
    const { plan, game, network, membership, byzantine } = this.#options;
    const conditions = (from: number, to: number): NetworkConditions => {
      const own = network.conditions({ from, to });
      return { ...own, delayMs: own.delayMs + lateMsMax(byzantine.get(from)) };
    };
    const delays = plan.peers.map((_, peer) => {
      const chosen = plan.faults.flatMap((fault) =>
        fault.kind === 'delay' && fault.peer === peer ? [leastOf(fault.inputDelayFrames)] : [],
      );
      return Math.min(leastOf(plan.inputDelays[peer] ?? 0), ...chosen);
    });
    const { predictionFramesMax } = plan;
    const { framesPerSecond } = game;
    const { owners } = membership;
    return { predictionFramesMax, framesPerSecond, conditions, owners, inputDelayFrames: delays };
  }

  /** Lives and is in the match. */
  #plays(peer: number): boolean {
    const node = this.#options.nodes[peer];
    return node?.isLive === true && !node.isOutside;
  }

  /**
   * Stands still by design: somebody was lost before the start, too many voters of its view are gone, or the match waits
   * for a lost peer as it was told to.
   */
  #mayStandStill(node: SimulatedNode<S, I>, { phase }: Session<S, I>): boolean {
    const { nodes, plan, membership, onLost } = this.#options;
    // A match begins with everybody or not at all.
    if (phase === 'handshake')
      return nodes.slice(0, plan.founders).some((one) => !one.isLive || one.isComing);
    // Each side of a fork has members that the other side let go: it may lack voters for good.
    if (membership.hasForked && phase !== 'running') return true;
    // It is on its way in, or nobody is there to let it in.
    if (phase === 'joining') return this.#isWithin(plan.healUs, JOINING_MS) || !this.#canComeIn();
    if (phase === 'paused') return onLost === 'pause' && this.#goneOf(node) > 0;
    return membership.isLostWatcher(node.index) || !this.#canDecide(node);
  }

  #isWithin(sinceUs: number, forMs: number): boolean {
    return this.#options.clock.nowUs - sinceUs < usOf(forMs);
  }

  /** Somebody plays who can let others in. */
  #canComeIn(): boolean {
    return this.#options.nodes.some(
      (other) => other.isLive && other.session?.phase === 'running' && this.#canDecide(other),
    );
  }

  /** Voters of its view that are not in the match any more. */
  #goneOf({ index }: SimulatedNode<S, I>): number {
    return this.#options.membership.votersOf(index).filter((voter) => !this.#plays(voter)).length;
  }

  /** Enough voters of its view are there. The survivor of two decides alone; a watcher needs one of them. */
  #canDecide(node: SimulatedNode<S, I>): boolean {
    const voters = this.#options.membership.votersOf(node.index).length;
    const gone = this.#goneOf(node);
    return gone < voters && !(voters > 2 && gone * 2 >= voters);
  }

  /** Who came in and wants to play has a slot, if one is free. */
  #checkSeat(node: SimulatedNode<S, I>): void {
    const { clock, plan, membership } = this.#options;
    const { session, slotsWanted, isSeated, cameInAtMs } = node;
    if (!node.isComing || isSeated || slotsWanted === 0 || membership.hasForked) return;
    const free = session?.slots.indexOf('vacant') ?? -1;
    const sinceMs = clock.nowMs - Math.max(cameInAtMs, plan.healUs / US_PER_MS);
    if (free < 0 || sinceMs < SEATED_MS || !this.#canDecide(node)) return;
    this.#report(
      'join',
      node,
      `in the match for ${(sinceMs / 1000).toFixed(1)} s, slot ${free} is free, yet it has none`,
    );
  }

  /** A liar may hold the others up for a while, until they agree to go on without its inputs: that time does not count. */
  #heldUpMs({ index, stallTimes }: SimulatedNode<S, I>, sinceUs: number): number {
    const { byzantine, clock, membership } = this.#options;
    if (byzantine.size === 0) return 0;
    const mostMs = membership.votersOf(index).length > 2 ? HELD_UP_MS_MAX : HELD_UP_BY_LAST_MS_MAX;
    return Math.min(mostMs, stallTimes.within(sinceUs / US_PER_MS, clock.nowMs));
  }

  #report(check: CheckName, { index, session }: SimulatedNode<S, I>, detail: string): void {
    const { violations, clock } = this.#options;
    const frame = session?.frameConfirmed ?? 0;
    violations.add({ check, atMs: clock.nowMs, peer: index, frame, detail });
  }
}

/** The least that a delay may be, in frames. */
function leastOf(delay: InputDelay): number {
  if (typeof delay === 'number') return delay;
  return delay === 'auto' ? 1 : Math.min(delay.min ?? 1, delay.max ?? 1);
}
