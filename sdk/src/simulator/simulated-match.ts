/**
 * A whole match in virtual time: nodes, network, faults and checkers, wired together. First the network does its worst
 * and the faults strike; then everything heals and it is checked that play goes on.
 */
import type { Random } from '../base/prng.js';
import type { ChannelName, InputDelay } from '../session/session-types.js';
import type { InputDefinition } from '../state/definitions.js';
import { type Byzantine, isTwoFaced, Liar } from './byzantine.js';
import { AgreementOracle } from './checks/agreement.js';
import { InputRecords } from './checks/input-records.js';
import { MembershipWatch } from './checks/membership-watch.js';
import { NodeWatch } from './checks/node-watch.js';
import { PauseWatch } from './checks/pause-watch.js';
import { SplitWatch } from './checks/split-watch.js';
import { type Violation, ViolationLog } from './checks/violations.js';
import { FaultInjector } from './fault-injector.js';
import type { MatchPlan } from './match-plan.js';
import { SimulatedNetwork } from './network.js';
import type { AnySessionEvent } from './node-events.js';
import { type InputScript, inputRandoms, randomInputs } from './random-inputs.js';
import { randomStream, uniform } from './random-streams.js';
import { RecoveryCheck } from './recovery-check.js';
import { silenceMsMax, usualSilenceMs } from './silence.js';
import type { DesyncReport, SharedSessionOptions, SimulateOptions } from './simulate-types.js';
import { type SessionFactory, SimulatedNode } from './simulated-node.js';
import { Trace } from './trace.js';
import { usOf, VirtualClock } from './virtual-clock.js';

/** After the heal everybody must be at full speed, and know who is in the match, within this, in ms. */
const RECOVERY_MS = 2000;
/** Slowest answer of an application to one that asks to come in, in ms. */
const ANSWER_MS_MAX = 300;
/** A tab that stands still answers a newcomer this much later, in ms. */
const ANSWER_AGAIN_MS = 100;
/** What one is told who is not let in. */
const REFUSAL = 'The members do not want it.';
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
  readonly pauses: PauseWatch;
  readonly trace: Trace;
  readonly violations: ViolationLog;
  readonly desyncs: DesyncReport[] = [];
  readonly determinismWarnings: string[] = [];
  readonly faults: FaultInjector<S, I>;
  /** The peers that lie. */
  readonly liars: Liar[] = [];
  effects = 0;
  effectsRetracted = 0;
  /** Peers that came into the running match, and slots that they were given: events of their own sessions. */
  joined = 0;
  seated = 0;
  readonly #recovery: RecoveryCheck<S, I>;
  readonly #options: SimulateOptions<S, I>;
  readonly #splits: SplitWatch;
  /** When applications answer. */
  readonly #answers: Random;
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
    this.#answers = randomStream(seed, 'answers');
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
    const records = new InputRecords(owners, game.input, { unheld, isDelayFixed: plan.isDelayFixed });
    this.records = records;
    const nowMs = (): number => clock.nowMs;
    const start = { game, seed, playerCount: owners.length, options: sessionOptions.options ?? {} };
    const { violations } = this;
    this.pauses = new PauseWatch(violations, nowMs);
    this.oracle = new AgreementOracle({
      start,
      owners,
      peerCount: peers.length,
      substitute: substituteOf(sessionOptions),
      records,
      violations,
      nowMs,
    });
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
    const slotsOf = (peer: number): number => owners.filter((owner) => owner === peer).length;
    this.faults = new FaultInjector({ clock, seed, nodes, network, trace, slotsOf });
    const byzantine = this.#byzantine;
    const { membership } = this;
    this.#recovery = new RecoveryCheck({
      ...{ plan, game, clock, nodes, network, membership, violations, byzantine },
      onLost: sessionOptions.onLost ?? 'vacate',
    });
  }

  #createMembershipWatch(lostAfterMs: number): MembershipWatch {
    const { plan, violations, clock } = this;
    return new MembershipWatch({
      peerCount: plan.peers.length,
      owners: plan.owners,
      lostAfterMs,
      violations,
      nowMs: () => clock.nowMs,
      isDown: (peer) => {
        const node = this.nodes[peer];
        return node?.isLive !== true || node.isOutside || this.#byzantine.has(peer);
      },
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
      founders: plan.founders,
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
        inputDelayFrames: plan.inputDelays[index] as InputDelay,
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
    const send = this.network.senderOf(index);
    if (byzantine === undefined) return (_from, to, channel, bytes) => send(to, channel, bytes);
    const { clock, plan } = this;
    const liar = new Liar({
      byzantine,
      peerCount: plan.peers.length,
      owners: plan.owners,
      input: this.#options.game.input as InputDefinition<unknown>,
      random: randomStream(plan.seed, `liar/${index}`),
      send,
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
    const isOfState = check === 'agreement' || check === 'reference' || check === 'join';
    return isOfState && this.#splits.excuses(peer, frame);
  }

  /** Plays the whole run. */
  run(): void {
    const { clock, plan, nodes, violations } = this;
    const starts = randomStream(plan.seed, 'start');
    for (const node of nodes.slice(0, plan.founders))
      clock.schedule(usOf(uniform(starts, 0, plan.startSpreadMs)), () => node.start());
    this.faults.schedule(plan.faults, plan.healUs);
    const recoveryUs = plan.healUs + usOf(RECOVERY_MS);
    clock.schedule(recoveryUs, () => {
      this.#confirmedAtRecovery.push(...nodes.map((node) => node.watch.frameConfirmed));
    });
    clock.runUntil(plan.endUs);
    if (plan.endUs - recoveryUs >= usOf(500)) this.#recovery.check(this.#confirmedAtRecovery, recoveryUs);
    this.oracle.finish();
    for (const node of nodes)
      if (!this.#byzantine.has(node.index)) this.#splits.confirmed(node.watch.frameConfirmed);
    this.#splits.finish(violations, clock.nowMs);
  }

  /** A peer reports somebody, although nobody it can mean lies. */
  #accused(peer: number, frame: number, detail: string): void {
    this.violations.add({ check: 'honesty', atMs: this.clock.nowMs, peer, frame, detail });
  }

  /** The application of `member` lets a newcomer in, or not, after a moment of thought. */
  #answer(member: number, newcomer: string, delayMs: number): void {
    this.clock.scheduleIn(usOf(delayMs), () => {
      const isRefused = this.faults.refused.has(this.plan.peers.indexOf(newcomer));
      const isDone = this.nodes[member]?.answerJoin(newcomer, isRefused ? REFUSAL : undefined) ?? true;
      if (!isDone) this.#answer(member, newcomer, ANSWER_AGAIN_MS);
    });
  }

  #heardOfSeat(
    observer: number,
    {
      peer,
      slots,
      frame,
    }: { readonly peer: string; readonly slots: readonly number[]; readonly frame: number },
  ): void {
    const newcomer = this.plan.peers.indexOf(peer);
    if (newcomer === observer) {
      this.seated += 1;
      (this.nodes[observer] as SimulatedNode<S, I>).isSeated = slots.length > 0;
    }
    this.membership.seated(observer, newcomer, slots);
    if (slots.length > 0) this.nodes[observer]?.watch.toldOfSeat(newcomer, slots, frame - 1);
  }

  #heardOfPause(
    peer: number,
    { type, frame }: { readonly type: 'match-paused' | 'match-resumed'; readonly frame: number },
  ): void {
    const { watch, session } = this.nodes[peer] as SimulatedNode<S, I>;
    watch.toldOfPause(type, frame);
    if (type === 'match-resumed') return;
    const isAlone = this.membership.isAlone(peer);
    this.pauses.paused(peer, { viewId: session?.viewId ?? 0, frame, isAlone });
  }

  #heard(peer: number, event: AnySessionEvent): void {
    const isOwn = 'peer' in event && this.plan.peers.indexOf(event.peer) === peer;
    if (event.type === 'peer-returned' && isOwn) this.records.goesOn(peer, event.frame);
    else if (event.type === 'peer-joined' && isOwn) this.records.seated(peer, event.slots, event.frame);
    if (this.#byzantine.has(peer)) return;
    this.#heardOfMembers(peer, event);
    this.#heardOfHonesty(peer, event);
    if (event.type === 'effect') this.effects += 1;
    else if (event.type === 'effect-retracted') this.effectsRetracted += 1;
    else if (event.type === 'determinism-warning') this.determinismWarnings.push(event.message);
  }

  /** Who is in the match, and whether it runs. */
  #heardOfMembers(peer: number, event: AnySessionEvent): void {
    const indexOf = (id: string): number => this.plan.peers.indexOf(id);
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
      case 'peer-joined':
        this.#heardOfSeat(peer, event);
        return;
      case 'join-requested':
        this.#answer(peer, event.peer, uniform(this.#answers, 0, ANSWER_MS_MAX));
        return;
      case 'ended':
        if (event.reason === 'join-failed') this.#recovery.joinFailed(peer);
        return;
      case 'started':
        if ((this.nodes[peer] as SimulatedNode<S, I>).isComing) this.joined += 1;
        return;
      case 'match-paused':
      case 'match-resumed':
        this.#heardOfPause(peer, event);
        return;
      case 'rewound':
        this.nodes[peer]?.watch.rewound(event.toFrame);
        return;
      default:
    }
  }

  #heardOfHonesty(peer: number, event: AnySessionEvent): void {
    switch (event.type) {
      case 'desync': {
        const { frame, localHash, remoteHash } = event;
        const otherPeer = this.plan.peers.indexOf(event.peer);
        // A liar may hold, or say it holds, anything.
        const isExcused = this.#splits.reported(frame) || this.#byzantine.has(otherPeer);
        if (isExcused) return;
        this.desyncs.push({ atMs: this.clock.nowMs, peer, otherPeer, frame, localHash, remoteHash });
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
      default:
    }
  }
}

/** What is known of the inputs of substitutes: a bot may have played them, for the late or for the lost. */
function substituteOf({
  lateInput = 'neutral',
  onLost,
}: SharedSessionOptions): 'neutral' | 'repeat' | undefined {
  return typeof onLost === 'object' || typeof lateInput === 'object' ? undefined : lateInput;
}
