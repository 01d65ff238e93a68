/**
 * A whole match in virtual time: nodes, network, faults and checkers, wired together. First the network does its worst
 * and the faults strike; then everything heals and it is checked that play goes on.
 */
import type { ChannelName, Session } from '../session/session-types.js';
import type { InputDefinition } from '../state/definitions.js';
import { type Byzantine, isTwoFaced, Liar, lateMsMax } from './byzantine.js';
import { AgreementOracle } from './checks/agreement.js';
import { InputRecords } from './checks/input-records.js';
import { MembershipWatch } from './checks/membership-watch.js';
import { NodeWatch } from './checks/node-watch.js';
import { framesPerSecondLeast } from './checks/progress.js';
import { SplitWatch } from './checks/split-watch.js';
import { type Violation, ViolationLog } from './checks/violations.js';
import { FaultInjector } from './fault-injector.js';
import type { MatchPlan } from './match-plan.js';
import { SimulatedNetwork } from './network.js';
import type { NetworkConditions } from './network-conditions.js';
import { type InputScript, inputRandoms, randomInputs } from './random-inputs.js';
import { randomStream, uniform } from './random-streams.js';
import { silenceMsMax, usualSilenceMs } from './silence.js';
import type { DesyncReport, SimulateOptions } from './simulate-types.js';
import { type AnySessionEvent, type SessionFactory, SimulatedNode } from './simulated-node.js';
import { Trace } from './trace.js';
import { US_PER_MS, usOf, VirtualClock } from './virtual-clock.js';

/** After the heal everybody must be at full speed, and know who is in the match, within this, in ms. */
const RECOVERY_MS = 2000;
/** One that was outside then must have come in again within this, in ms. */
const JOINING_MS = 5000;
/** Frames that may lie on the edges of the measured time: confirmations come in groups, above all in lockstep. */
const EDGE_FRAMES = 2;
/** Longest that a liar may hold the others up, faults included, in ms. */
const STALL_MS_MAX = 6000;
/** Share of that speed that is left when a peer lies about its clock. */
const SPEED_AMONG_LIARS = 0.7;
/** What sessions take when nothing is said. */
const LOST_AFTER_MS_DEFAULT = 3000;

/** One run. */
export class SimulatedMatch<S, I> {
  readonly clock: VirtualClock = new VirtualClock();
  readonly plan: MatchPlan;
  readonly network: SimulatedNetwork;
  readonly nodes: readonly SimulatedNode<S, I>[];
  readonly oracle: AgreementOracle<S, I>;
  readonly records: InputRecords;
  readonly membership: MembershipWatch;
  readonly trace: Trace;
  readonly violations: ViolationLog;
  readonly desyncs: DesyncReport[] = [];
  readonly determinismWarnings: string[] = [];
  readonly faults: FaultInjector<S, I>;
  /** The peers that lie. */
  readonly liars: Liar[] = [];
  effects = 0;
  effectsRetracted = 0;
  readonly #options: SimulateOptions<S, I>;
  readonly #splits: SplitWatch;
  /** Peers that lie, by index. */
  readonly #byzantine: ReadonlyMap<number, Byzantine>;
  /** frameConfirmed of each node when recovery had to be complete. */
  readonly #confirmedAtRecovery: number[] = [];

  /** @throws {SdkError} for options that `createSession` or the network refuses. */
  constructor(options: SimulateOptions<S, I>, plan: MatchPlan, createSession: SessionFactory) {
    const { clock } = this;
    const { seed, owners, peers } = plan;
    const { game, sessionOptions = {} } = options;
    this.plan = plan;
    this.#options = options;
    this.trace = new Trace(options.trace === true);
    this.#byzantine = new Map(plan.byzantine.map((one) => [one.peer, one]));
    const twoFaced = plan.byzantine.filter(isTwoFaced);
    this.#splits = new SplitWatch(twoFaced.length > 0);
    this.violations = new ViolationLog(
      ({ check, peer, frame, detail }) =>
        this.trace.event(clock.nowUs, 'violation').word(peer).word(frame).text(check).text(detail),
      (violation) => this.#isExcused(violation),
    );
    const unheld = new Set(twoFaced.map(({ peer }) => peer));
    const records = new InputRecords(owners, game.input.byteLength, unheld);
    this.records = records;
    const nowMs = (): number => clock.nowMs;
    const start = { game, seed, playerCount: owners.length, options: sessionOptions.options ?? {} };
    const { violations } = this;
    this.oracle = new AgreementOracle({ start, peerCount: peers.length, records, violations, nowMs });
    this.membership = this.#createMembershipWatch(sessionOptions.lostAfterMs ?? LOST_AFTER_MS_DEFAULT);
    this.network = new SimulatedNetwork({
      clock,
      seed,
      nodeCount: peers.length,
      conditions: plan.network,
      deliver: (from, to, channel, bytes) => this.nodes[to]?.arrive(from, channel, bytes),
    });
    const changeShare = options.inputChangeShare ?? 0.1;
    const inputs = options.inputs ?? randomInputs(game.input, { seed, changeShare });
    this.nodes = peers.map((_, index) =>
      this.#createNode(index, { options, createSession, records, inputs }),
    );
    const { nodes, network, trace } = this;
    this.faults = new FaultInjector({ clock, seed, nodes, network, trace });
  }

  #createMembershipWatch(lostAfterMs: number): MembershipWatch {
    const { plan, violations, clock } = this;
    return new MembershipWatch({
      peerCount: plan.peers.length,
      owners: plan.owners,
      lostAfterMs,
      violations,
      nowMs: () => clock.nowMs,
      isDown: (peer) => this.nodes[peer]?.isLive !== true || this.#byzantine.has(peer),
      hasLeft: (peer) => this.nodes[peer]?.status === 'left',
      silenceMsMax: (observer, peer) => {
        const peerCount = plan.peers.length;
        const conditions = this.network.conditions({ from: peer, to: observer });
        return silenceMsMax(plan.faults, { observer, peer, peerCount }) + usualSilenceMs(conditions);
      },
    });
  }

  #createNode(
    index: number,
    parts: {
      readonly options: SimulateOptions<S, I>;
      readonly createSession: SessionFactory;
      readonly records: InputRecords;
      readonly inputs: InputScript<I>;
    },
  ): SimulatedNode<S, I> {
    const { plan, clock, trace, oracle, violations, membership } = this;
    const { options, createSession, records, inputs } = parts;
    const { seed, peers, owners } = plan;
    const predictionFramesMax = plan.predictionFramesMax[index] as number;
    const randomOf = inputRandoms(seed);
    const watch = new NodeWatch<S, I>({
      peer: index,
      game: options.game,
      predictionFramesMax,
      oracle,
      records,
      membership,
      violations,
      random: randomStream(seed, `watch/${index}`),
      nowMs: () => clock.nowMs,
      isHonest: !this.#byzantine.has(index),
      rechecks: !this.#splits.isAllowed,
    });
    return new SimulatedNode<S, I>({
      index,
      peers,
      clock,
      random: randomStream(seed, `node/${index}`),
      trace,
      watch,
      session: {
        ...options.sessionOptions,
        game: options.game,
        matchId: `simulated-${seed}`,
        seed,
        players: owners.map((owner) => ({ peer: peers[owner] as string })),
        inputDelayFrames: plan.inputDelayFrames[index] as number,
        predictionFramesMax,
      },
      createSession,
      readInput: (slot, frame) => inputs(slot, frame, randomOf(slot, frame)),
      send: this.#sender(index),
      onEvent: (peer, event) => this.#heard(peer, event),
      tickJitterMs: plan.tickJitterMs,
    });
  }

  /** How the messages of a peer get out: through a liar, if it lies. */
  #sender(index: number): (from: number, to: number, channel: ChannelName, bytes: Uint8Array) => boolean {
    const byzantine = this.#byzantine.get(index);
    if (byzantine === undefined)
      return (from, to, channel, bytes) => this.network.send({ from, to }, channel, bytes);
    const { clock, plan } = this;
    const liar = new Liar({
      byzantine,
      peerCount: plan.peers.length,
      owners: plan.owners,
      input: this.#options.game.input as InputDefinition<unknown>,
      random: randomStream(plan.seed, `liar/${index}`),
      send: (to, channel, bytes) => this.network.send({ from: index, to }, channel, bytes),
      nowMs: () => clock.nowMs,
      later: (delayMs, run) => clock.scheduleIn(usOf(delayMs), run),
      isHealed: () => this.faults.isHealed,
    });
    this.liars.push(liar);
    return (_from, to, channel, bytes) => liar.send(to, channel, bytes);
  }

  /** What a liar broke, or made honest peers break. */
  #isExcused({ check, peer, frame, detail }: Violation): boolean {
    if (this.#byzantine.has(peer)) return true;
    // What is final rests on what a majority says it holds; a liar counts among them.
    const isOfFinality = check === 'finality' || detail.startsWith('called frame');
    if (this.#byzantine.size > 0 && isOfFinality) return true;
    return (check === 'agreement' || check === 'reference') && this.#splits.excuses(peer, frame);
  }

  /** Plays the whole run. */
  run(): void {
    const { clock, plan, nodes, violations } = this;
    const starts = randomStream(plan.seed, 'start');
    for (const node of nodes)
      clock.schedule(usOf(uniform(starts, 0, plan.startSpreadMs)), () => node.start());
    this.faults.schedule(plan.faults, plan.healUs);
    const recoveryUs = plan.healUs + usOf(RECOVERY_MS);
    clock.schedule(recoveryUs, () => {
      this.#confirmedAtRecovery.push(...nodes.map((node) => node.watch.frameConfirmed));
    });
    clock.runUntil(plan.endUs);
    if (plan.endUs - recoveryUs >= usOf(500)) this.#checkRecovery(recoveryUs);
    this.oracle.finish();
    for (const node of nodes)
      if (!this.#byzantine.has(node.index)) this.#splits.confirmed(node.watch.frameConfirmed);
    this.#splits.finish(violations, clock.nowMs);
  }

  /**
   * Stands still by design: somebody was lost before the start, too many voters of its view are gone, or the match waits
   * for a lost peer as it was told to.
   */
  #mayStandStill(node: SimulatedNode<S, I>, session: Session<S, I>): boolean {
    // A match begins with everybody or not at all.
    if (session.phase === 'handshake') return this.nodes.some(({ isLive }) => !isLive);
    // Each side of a fork has members that the other side let go: it may lack voters for good.
    if (this.membership.hasForked && session.phase !== 'running') return true;
    // It is on its way in, or nobody is there to let it in.
    if (session.phase === 'joining' && this.clock.nowUs - this.plan.healUs < usOf(JOINING_MS)) return true;
    if (session.phase === 'joining')
      return !this.nodes.some((other) => other.isLive && other.session?.phase === 'running');
    const voters = this.membership.votersOf(node.index);
    const gone = voters.filter((voter) => this.nodes[voter]?.isLive !== true).length;
    if (session.phase === 'paused') return gone > 0 && this.#options.sessionOptions?.onLost === 'pause';
    if (this.membership.isLostWatcher(node.index)) return true;
    // The survivor of two decides alone; a watcher needs one of them.
    return gone === voters.length || (voters.length > 2 && gone * 2 >= voters.length);
  }

  #checkRecovery(sinceUs: number): void {
    const playing = this.nodes.filter(
      ({ isLive, session, index }) => isLive && session?.phase === 'running' && !this.#byzantine.has(index),
    );
    this.membership.finish(playing.map(({ index }) => index));
    this.#checkProgress(sinceUs);
  }

  #checkProgress(sinceUs: number): void {
    const { clock, violations, nodes, plan, network } = this;
    const seconds = (clock.nowUs - sinceUs) / US_PER_MS / 1000;
    const { framesPerSecond } = this.#options.game;
    const conditions = (from: number, to: number): NetworkConditions => {
      const own = network.conditions({ from, to });
      return { ...own, delayMs: own.delayMs + lateMsMax(this.#byzantine.get(from)) };
    };
    const limits = { ...plan, framesPerSecond, conditions };
    for (const node of nodes) {
      const { session, index } = node;
      this.#checkStalls(node);
      if (!node.isLive || session === undefined || this.#mayStandStill(node, session)) continue;
      const frames = session.frameConfirmed - (this.#confirmedAtRecovery[index] as number);
      const least = framesPerSecondLeast(limits, index, (peer) => nodes[peer]?.isLive === true);
      const share = this.#byzantine.size > 0 ? SPEED_AMONG_LIARS : 1;
      if (frames >= Math.floor(seconds * least * share) - EDGE_FRAMES) continue;
      const detail = `${frames} frames confirmed in the last ${seconds.toFixed(1)} s (${least.toFixed(0)} per second are possible), in phase ${session.phase}`;
      const atMs = clock.nowMs;
      violations.add({ check: 'progress', atMs, peer: index, frame: session.frameConfirmed, detail });
    }
  }

  /** A liar may hold the others up for a while, until they agree to go on without its inputs. */
  #checkStalls({ index, stallMsMax, session }: SimulatedNode<S, I>): void {
    if (this.#byzantine.size === 0 || stallMsMax <= STALL_MS_MAX) return;
    const detail = `stalled for ${Math.round(stallMsMax)} ms`;
    const frame = session?.frameConfirmed ?? 0;
    this.violations.add({ check: 'progress', atMs: this.clock.nowMs, peer: index, frame, detail });
  }

  /** A peer reports somebody, although nobody it can mean lies. */
  #accused(peer: number, frame: number, detail: string): void {
    this.violations.add({ check: 'honesty', atMs: this.clock.nowMs, peer, frame, detail });
  }

  #heard(peer: number, event: AnySessionEvent): void {
    const indexOf = (id: string): number => this.plan.peers.indexOf(id);
    const atMs = this.clock.nowMs;
    if (this.#byzantine.has(peer)) return;
    switch (event.type) {
      case 'peer-left':
        this.nodes[peer]?.watch.toldOfLoss(indexOf(event.peer), event.cutFrame, event.reason);
        return;
      case 'peer-substituted':
        this.nodes[peer]?.watch.toldOfSubstitute('late', indexOf(event.peer), event.cutFrame);
        return;
      case 'peer-returned':
        this.nodes[peer]?.watch.toldOfSubstitute('back', indexOf(event.peer), event.frame - 1);
        return;
      case 'peer-joined': {
        const { slots, frame } = event;
        const newcomer = indexOf(event.peer);
        this.records.seated(newcomer, slots);
        this.membership.seated(peer, newcomer, slots);
        if (slots.length > 0) this.nodes[peer]?.watch.toldOfSubstitute('back', newcomer, frame - 1);
        return;
      }
      case 'rewound':
        this.nodes[peer]?.watch.rewound(event.toFrame);
        return;
      case 'desync': {
        const { frame, localHash, remoteHash } = event;
        const otherPeer = indexOf(event.peer);
        // A liar may hold, or say it holds, anything.
        const isExcused = this.#splits.reported(frame) || this.#byzantine.has(otherPeer);
        if (isExcused) return;
        this.desyncs.push({ atMs, peer, otherPeer, frame, localHash, remoteHash });
        this.#accused(peer, frame, `reports a desync with ${event.peer}`);
        return;
      }
      case 'equivocation': {
        const { frame, slot } = event;
        if (this.#splits.reported(frame) || this.#byzantine.has(this.plan.owners[slot] as number)) return;
        this.#accused(peer, frame, `reports an equivocation of slot ${slot}`);
        return;
      }
      case 'incompatible':
        this.#accused(peer, -1, `finds ${event.peer} incompatible: ${event.reason}`);
        return;
      case 'effect':
        this.effects += 1;
        return;
      case 'effect-retracted':
        this.effectsRetracted += 1;
        return;
      case 'determinism-warning':
        this.determinismWarnings.push(event.message);
        return;
      default:
    }
  }
}
