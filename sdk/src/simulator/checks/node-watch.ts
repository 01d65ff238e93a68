/**
 * Watches one session from outside: every step, input, packet and call goes past here. Checks what one peer alone can
 * break (finality, bounds) and hands confirmed frames to the oracle.
 */
import { HASH_FRAMES_KEPT, PACKET_BYTES_MAX } from '../../base/limits.js';
import type { Random } from '../../base/prng.js';
import type { Game, SlotState } from '../../session/game.js';
import type { AdvanceResult, ChannelName, Session } from '../../session/session-types.js';
import { type AgreementOracle, type ConfirmedFrame, slotBitsOf } from './agreement.js';
import type { InputRecords } from './input-records.js';
import type { Change, MembershipWatch } from './membership-watch.js';
import type { CheckName, ViolationLog } from './violations.js';

/** Frames whose agreed slot states are remembered, a power of two above the prediction window and a full catch-up. */
const SLOT_FRAMES_KEPT = 1024;
/** Largest message on the reliable and bulk channels, in bytes. */
const MESSAGE_BYTES_MAX = 16_384;

/** Share of confirmations after which an older frame is asked for again. */
const RECHECK_SHARE = 0.06;
/** The inputs of every so manieth frame are compared even if its hash agrees; the first peer's are checked at every frame. */
const COMPARED_FRAMES = 8;
/** What is final is asked for after every so manieth advance: it costs the session a look at every slot of every peer. */
const FINAL_ADVANCES = 4;
/** Frames of one that came in whose inputs are all compared. */
const COMPARED_AT_FIRST = 120;
/** Above any frame. */
const NEVER = 0x3fffffff;

/** A call into a session. */
export type SessionCall = 'create' | 'receive' | 'link-changed' | 'advance' | 'leave';

/** What a {@link NodeWatch} needs. */
export interface NodeWatchOptions<S, I> {
  readonly peer: number;
  readonly game: Game<S, I>;
  readonly predictionFramesMax: number;
  readonly oracle: AgreementOracle<S, I>;
  readonly records: InputRecords;
  readonly membership: MembershipWatch;
  readonly violations: ViolationLog;
  /** Chooses which old frames are asked for again. */
  readonly random: Random;
  readonly nowMs: () => number;
  /** False for a peer that lies: nothing is expected of it. */
  readonly isHonest: boolean;
  /** False if confirmed frames of one peer are not compared again later: another tells peers different things. */
  readonly rechecks: boolean;
}

/** What one session did. */
export interface NodeCounts {
  rollbacks: number;
  rollbackFrames: number;
  rollbackFramesMax: number;
  framesStepped: number;
  /** Frames in which the prediction window was at least seven eighths full. */
  deepFrames: number;
}

/** An input that was read; reused. */
interface Reading {
  readonly peer: number;
  slot: number;
  frame: number;
  readonly cell: Uint8Array;
}

/** The watcher of one session. */
export class NodeWatch<S, I> {
  readonly counts: NodeCounts = {
    rollbacks: 0,
    rollbackFrames: 0,
    rollbackFramesMax: 0,
    framesStepped: 0,
    deepFrames: 0,
  };
  /** Steps of the call in progress, or of the last one. */
  steps = 0;
  readonly #options: NodeWatchOptions<S, I>;
  readonly #slotBits = new Uint32Array(SLOT_FRAMES_KEPT);
  readonly #cells: Uint8Array;
  /** Reused: an object per confirmed frame would be garbage. */
  readonly #said: ConfirmedFrame;
  #call: SessionCall | undefined;
  #session: Session<S, I> | undefined;
  /** As they stood when the current call began. */
  #confirmedBefore = 0;
  #currentBefore = 0;
  #finalSeen = 0;
  #lastStepped = 0;
  /** Lowest frame stepped in the current call. */
  #lowestStep = NEVER;
  #wasToldOfChange = false;
  #rewoundTo = NEVER;
  readonly #changes: Change[] = [];
  /** Newest frame that was confirmed and then retracted. */
  #retractedFrom = 0;
  #checkedTo = 0;
  #advances = 0;
  /** Asks to come in, or back: what it shows meanwhile is of the past. */
  #isAway = false;
  /** It has nothing of the frames before this one: it came in later. */
  #heldFrom = 0;
  /** What was read in the current call: whose slots they are is known when it is over. */
  readonly #readings: Reading[] = [];
  /** How many of them count: the rest are there to be used again. */
  #readingCount = 0;
  /** Last frame before the pause it stands in, {@link NEVER} if in none; it goes on in the current call. */
  #haltedAt = NEVER;
  #wasResumed = false;

  constructor(options: NodeWatchOptions<S, I>) {
    this.#options = options;
    this.#cells = new Uint8Array(options.game.playersMax * options.game.input.byteLength);
    this.#said = { peer: options.peer, frame: 0, hash: 0, slotBits: 0, cells: undefined };
  }

  /** The same game, its steps reported to this watcher. */
  watchedGame(): Game<S, I> {
    const { game } = this.#options;
    return {
      ...game,
      step: (state, inputs, context) => {
        this.#stepped(context.frame, context.slots);
        game.step(state, inputs, context);
      },
    };
  }

  /** The page was loaded: a new session, which asks to come in. */
  loaded(): void {
    this.#isAway = true;
    this.#haltedAt = NEVER;
    this.#changes.length = 0;
    this.#readingCount = 0;
    this.#options.records.seated(this.#options.peer, [], 0);
  }

  /** A call into the session begins. */
  begin(call: SessionCall, session: Session<S, I>): void {
    this.#session = session;
    this.#call = call;
    this.#confirmedBefore = session.frameConfirmed;
    this.#currentBefore = session.frameCurrent;
    this.#lastStepped = this.#currentBefore;
    this.steps = 0;
    this.#lowestStep = NEVER;
    this.#wasToldOfChange = false;
    this.#rewoundTo = NEVER;
    this.#wasResumed = false;
  }

  /** The call threw. */
  threw(error: unknown): void {
    const frame = this.#session?.frameCurrent ?? 0;
    this.#report('exception', frame, `${this.#call} threw ${describeError(error)}`);
  }

  /** The call is over: checks what it did. */
  end(): void {
    const session = this.#session as Session<S, I>;
    const call = this.#call;
    this.#call = undefined;
    if (this.#readingCount > 0) this.#noteReadings();
    if (!this.#options.isHonest || this.#isOutside(session)) return;
    if (this.#wasToldOfChange || this.#rewoundTo !== NEVER) this.#applyChanges(session);
    this.#checkCounters(session);
    this.#checkPause(session);
    if (call === 'advance') {
      this.#advances += 1;
      if (this.#wasToldOfChange || this.#advances % FINAL_ADVANCES === 0) this.#checkFinal(session);
    }
    this.#confirm(session);
  }

  /** True while the session is outside of the match, and in the call in which it comes in. */
  #isOutside(session: Session<S, I>): boolean {
    const wasAway = this.#isAway;
    this.#isAway = session.phase === 'joining';
    if (!wasAway && !this.#isAway) return false;
    this.#changes.length = 0;
    this.#haltedAt = NEVER;
    if (!this.#isAway && session.phase !== 'ended') this.#cameIn(session);
    return true;
  }

  /** On its own: functions that are made in a call cost memory in each, and {@link #isOutside} is asked for each packet. */
  #cameIn(session: Session<S, I>): void {
    const { membership, oracle, peer } = this.#options;
    const { viewId, frameConfirmed } = session;
    const hash = session.stateHash(frameConfirmed);
    const isHost = (other: number): boolean => oracle.hasState(other, frameConfirmed, hash);
    const isAfter = (changes: readonly Change[]): boolean =>
      oracle.hasStateAfter(changes, frameConfirmed, hash);
    const how = { viewId, startFrame: frameConfirmed, isHost, isAfter };
    oracle.branchTo(peer, membership.cameBack(peer, how));
    oracle.cameIn(peer, frameConfirmed, hash);
    this.#checkedTo = frameConfirmed;
    this.#heldFrom = frameConfirmed + 1;
    this.#finalSeen = 0;
    this.#retractedFrom = 0;
  }

  /** The owner read an input. */
  readInput(slot: number, frame: number, cell: Uint8Array): void {
    const reading = this.#readings[this.#readingCount] ?? this.#addReading(cell.length);
    reading.slot = slot;
    reading.frame = frame;
    reading.cell.set(cell);
    this.#readingCount += 1;
  }

  #addReading(cellBytes: number): Reading {
    const reading = { peer: this.#options.peer, slot: 0, frame: 0, cell: new Uint8Array(cellBytes) };
    this.#readings.push(reading);
    return reading;
  }

  #noteReadings(): void {
    const { records } = this.#options;
    for (let index = 0; index < this.#readingCount; index += 1) {
      const reading = this.#readings[index] as Reading;
      const problem = records.note(reading, reading.cell);
      if (problem !== undefined) this.#report('inputs', reading.frame, problem);
    }
    this.#readingCount = 0;
  }

  /** The session sends. */
  sent(channel: ChannelName, bytes: Uint8Array): void {
    if (this.#call !== 'advance' && this.#call !== 'leave')
      this.#report('bounds', -1, `send called from ${this.#call ?? 'outside any call'}`);
    const most = channel === 'unreliable' ? PACKET_BYTES_MAX : MESSAGE_BYTES_MAX;
    if (bytes.length > most)
      this.#report('bounds', -1, `${bytes.length} bytes on ${channel}, at most ${most} are allowed`);
  }

  /** What an advance says it did against what was seen. */
  advanced(result: AdvanceResult, stepsMax: number): void {
    const { framesStepped, framesResimulated } = result;
    const said = framesStepped + framesResimulated;
    if (said !== this.steps && !this.#isAway)
      this.#report('bounds', -1, `advance says ${said} steps, ${this.steps} were seen`);
    if (this.steps > stepsMax && !this.#isAway)
      this.#report('bounds', -1, `${this.steps} steps in one advance, at most ${stepsMax} are allowed`);
    this.counts.framesStepped += framesStepped;
  }

  #checkPause({ frameCurrent, frameConfirmed }: Session<S, I>): void {
    if (this.#haltedAt === NEVER || this.#wasResumed) return;
    if (frameCurrent > this.#haltedAt)
      this.#report('bounds', frameCurrent, `stepped in the pause after frame ${this.#haltedAt}`);
    if (frameConfirmed > this.#haltedAt)
      this.#report('bounds', frameConfirmed, `confirmed in the pause after frame ${this.#haltedAt}`);
  }

  #stepped(frame: number, slots: readonly SlotState[]): void {
    this.#slotBits[frame & (SLOT_FRAMES_KEPT - 1)] = slotBitsOf(slots);
    if (this.#call !== 'advance')
      this.#report('bounds', frame, `step called from ${this.#call ?? 'outside any call'}`);
    this.steps += 1;
    if (frame < this.#lowestStep) this.#lowestStep = frame;
    if (frame > this.#lastStepped + 1 && !this.#isAway)
      this.#report('bounds', frame, `stepped after frame ${this.#lastStepped}`);
    if (frame <= this.#lastStepped) this.#countRollback(this.#lastStepped - frame + 1);
    this.#lastStepped = frame;
  }

  #countRollback(depth: number): void {
    const { counts } = this;
    counts.rollbacks += 1;
    counts.rollbackFrames += depth;
    counts.rollbackFramesMax = Math.max(counts.rollbackFramesMax, depth);
  }

  #checkCounters(session: Session<S, I>): void {
    const { predictionFramesMax } = this.#options;
    const { frameConfirmed, frameCurrent } = session;
    if (this.#lowestStep <= this.#confirmedBefore)
      this.#report('finality', this.#lowestStep, `stepped again, ${this.#confirmedBefore} was confirmed`);
    if (frameConfirmed < this.#confirmedBefore)
      this.#report('finality', frameConfirmed, `frameConfirmed fell from ${this.#confirmedBefore}`);
    if (frameConfirmed > frameCurrent)
      this.#report('bounds', frameConfirmed, `frameConfirmed is above frameCurrent ${frameCurrent}`);
    const depth = frameCurrent - frameConfirmed;
    // A watcher whose frames were retracted goes back when it plays on.
    const isGoingBack = this.#retractedFrom > frameConfirmed;
    if (depth > predictionFramesMax && !isGoingBack)
      this.#report(
        'bounds',
        frameCurrent,
        `${depth} frames beyond frameConfirmed, the window is ${predictionFramesMax}`,
      );
    if (depth * 8 >= predictionFramesMax * 7 && depth > 0 && frameCurrent > this.#currentBefore)
      this.counts.deepFrames += 1;
  }

  #checkFinal(session: Session<S, I>): void {
    const { frameFinal, frameConfirmed } = session;
    if (frameFinal < this.#finalSeen)
      this.#report('finality', frameFinal, `frameFinal fell from ${this.#finalSeen}`);
    if (frameFinal > frameConfirmed)
      this.#report('finality', frameFinal, `frameFinal is above frameConfirmed ${frameConfirmed}`);
    this.#finalSeen = frameFinal;
    this.#options.membership.final(this.#options.peer, frameFinal);
  }

  /** The session was told that a peer is gone. */
  toldOfLoss(lost: number, cutFrame: number, reason: 'left' | 'lost'): void {
    const { membership, peer } = this.#options;
    this.#wasToldOfChange = true;
    if (!membership.left(peer, lost, reason)) return;
    this.#changes.push({ kind: 'lost', peer: lost, afterFrame: cutFrame });
  }

  /** The session was told that a peer does not play itself any more, or that it does again. */
  toldOfSubstitute(kind: 'late' | 'back', about: number, afterFrame: number): void {
    this.#wasToldOfChange = true;
    this.#changes.push({ kind, peer: about, afterFrame });
  }

  /** The session was told that a newcomer, or one that was lost, plays these slots. */
  toldOfSeat(newcomer: number, slots: readonly number[], afterFrame: number): void {
    this.#wasToldOfChange = true;
    this.#changes.push({ kind: 'back', peer: newcomer, afterFrame, slots });
  }

  /** The match stands still after this frame, or goes on. */
  toldOfPause(kind: 'match-paused' | 'match-resumed', frame: number): void {
    this.#haltedAt = kind === 'match-paused' ? frame : NEVER;
    this.#wasResumed = kind === 'match-resumed';
  }

  /** The session took back what it had confirmed after this frame. */
  rewound(toFrame: number): void {
    this.#rewoundTo = Math.min(this.#rewoundTo, toFrame);
  }

  /** Applies the changes of this call: frames after them are held against those who know them. */
  #applyChanges(session: Session<S, I>): void {
    const { membership, oracle, peer } = this.#options;
    const before = this.#confirmedBefore;
    const hasVote = (): boolean => membership.isVoter(peer) && membership.votersOf(peer).includes(peer);
    const hadVote = hasVote();
    // What a peer is told of itself comes first: all must have one order.
    const changes = this.#changes
      .splice(0)
      .map((change) => this.#dated(change))
      .sort(
        (left, right) =>
          left.afterFrame - right.afterFrame || left.peer - right.peer || (left.kind < right.kind ? -1 : 1),
      );
    if (changes.length > 0) oracle.branchTo(peer, membership.changed(peer, changes));
    if (this.#wasToldOfChange) membership.viewReached(peer, session.viewId);
    const toFrame = this.#rewoundTo;
    if (toFrame >= before) return;
    // Only a peer that has no vote now, or had none until now, can have confirmed more than the voters reported. What it called final must stay,
    // except in a fork.
    if (((hadVote && hasVote()) || toFrame < this.#finalSeen) && !membership.hasForked)
      this.#report('finality', toFrame, `rewound to ${toFrame}, ${before} was confirmed`);
    this.#retractedFrom = before;
    this.#finalSeen = Math.min(this.#finalSeen, toFrame);
    this.#confirmedBefore = toFrame;
    this.#checkedTo = Math.min(this.#checkedTo, toFrame);
  }

  /** Slots that a substitute plays already end at a planned frame that no voter has confirmed; which one is not told. */
  #dated(change: Change): Change {
    const { membership, peer } = this.#options;
    if (change.kind !== 'lost' || !membership.isLate(peer, change.peer)) return change;
    return { ...change, afterFrame: -1 };
  }

  /** Hands newly confirmed frames to the oracle and, now and then, asks for an old frame again. */
  #confirm(session: Session<S, I>): void {
    const { oracle, random, peer, rechecks } = this.#options;
    const { frameConfirmed } = session;
    if (frameConfirmed <= this.#checkedTo) return;
    for (let frame = this.#checkedTo + 1; frame <= frameConfirmed; frame += 1) {
      const isFirst = this.#heldFrom > 0 && frame < this.#heldFrom + COMPARED_AT_FIRST;
      const isWhole = isFirst || (frame + peer) % COMPARED_FRAMES === 0 || oracle.isNew(peer, frame);
      const said = this.#confirmedFrame(session, frame, isWhole);
      if (said !== undefined) oracle.confirmed(said);
    }
    this.#checkedTo = frameConfirmed;
    if (!rechecks || !random.chance(RECHECK_SHARE)) return;
    const held = this.#heldFrom === 0 ? frameConfirmed : frameConfirmed - this.#heldFrom + 1;
    const reach = Math.min(held, HASH_FRAMES_KEPT, SLOT_FRAMES_KEPT);
    const again = this.#confirmedFrame(session, frameConfirmed - random.below(reach), true);
    if (again !== undefined) oracle.reconfirmed(again);
  }

  /** What the session says of a confirmed frame, with its inputs or without; reused. */
  #confirmedFrame(session: Session<S, I>, frame: number, isWhole: boolean): ConfirmedFrame | undefined {
    const hash = session.stateHash(frame);
    if (hash === undefined) {
      this.#report('agreement', frame, 'confirmed, but stateHash gives undefined');
      return undefined;
    }
    const said = this.#said;
    said.frame = frame;
    said.hash = hash;
    said.slotBits = this.#slotBits[frame & (SLOT_FRAMES_KEPT - 1)] as number;
    said.cells = undefined;
    if (isWhole && !this.#readCells(session, frame)) return undefined;
    return said;
  }

  #readCells(session: Session<S, I>, frame: number): boolean {
    const { game } = this.#options;
    const inputs = session.inputsAt(frame);
    if (inputs?.length !== game.playersMax) {
      const what = `inputsAt gives ${inputs?.length ?? 'undefined'} inputs`;
      this.#report('agreement', frame, `confirmed, but ${what}`);
      return false;
    }
    for (let slot = 0; slot < game.playersMax; slot += 1) {
      const wrong = game.input.encodeInto(inputs[slot] as I, this.#cells, slot * game.input.byteLength);
      if (wrong !== undefined)
        this.#report('inputs', frame, `slot ${slot}: inputsAt gives an illegal "${wrong}"`);
    }
    this.#said.cells = this.#cells;
    return true;
  }

  #report(check: CheckName, frame: number, detail: string): void {
    const { peer, violations, nowMs } = this.#options;
    violations.add({ check, atMs: nowMs(), peer, frame, detail });
  }

  /** Newest confirmed frame, 0 before the session exists. */
  get frameConfirmed(): number {
    return this.#session?.frameConfirmed ?? 0;
  }
}

/** An error in words, with the place it came from. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.name}: ${error.message}`;
}
