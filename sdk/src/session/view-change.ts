/**
 * Agreement on who is out or late, on the last input of each slot that ends, and on what happens at a planned frame.
 *
 * Single-decree Paxos per view. The coordinator (lowest voter not suspected) proposes; each voter of the next view freezes the slots
 * in question and reports what it holds; the cut is the maximum, with the inputs somebody lacks inlined; a majority of the old view's
 * voters accepts; then it is committed. A higher ballot completes what was last accepted first, so a half-delivered COMMIT is never
 * contradicted. A voter that still hears a suspect answers REJECT: nobody is removed on one peer's word. What is planned (a return, a
 * pause, a newcomer) needs a report of every voter: each names a frame beyond which it confirms nothing until this is settled, and
 * the plan takes effect after all of them. Messages are idempotent and repeated until answered.
 */
import { isQuorum } from '../base/peer-set.js';
import type { ViewBody } from '../wire/view-body.js';
import {
  type Ballot,
  compareBallots,
  encodeSlotCells,
  type HeldFrame,
  type ReportedSlot,
  type ViewMessage,
} from '../wire/view-messages.js';
import { Branches } from './branches.js';
import { ReportBook } from './report-book.js';
import { Rounds } from './rounds.js';
import { NO_FRAME } from './slot-log.js';
import { PATIENCE_MS, Turns } from './turns.js';
import { type Attempt, demandOf, type Message, type Outgoing, type WantedView } from './view-attempt.js';
import type { ViewHost } from './view-host.js';
import { freshBody, heldOf, isReady, slotsOf } from './view-value.js';

const RESEND_MS = 50;
/** After a promise to another proposer, it has so long before we propose, in ms. */
const YIELD_MS = 300;

const NO_BALLOT: Ballot = { round: 0, voter: 0 };
/** One peer's part in the agreement. */
export class ViewChange {
  readonly #host: ViewHost;
  /** Id of the current view. */
  viewId = 0;
  #promised: Ballot = NO_BALLOT;
  #accepted: { readonly ballot: Ballot; readonly body: ViewBody } | undefined;
  readonly #book: ReportBook;
  /** Rounds of ours in which acceptance was asked for. */
  readonly #asked = new Set<number>();
  #attempt: Attempt | undefined;
  /** Who accepted the value of the highest ballot heard of. */
  #acceptors = { ballot: NO_BALLOT, peers: 0 };
  readonly #rounds = new Rounds();
  #retryAtMs: number = Number.NEGATIVE_INFINITY;
  #remindAtMs: number = Number.NEGATIVE_INFINITY;
  readonly #turns = new Turns();
  #lost = 0;
  #late = 0;
  /** A value that some voter accepted under a ballot nobody drives any more: it must be completed. */
  #orphan: ViewBody | undefined;
  /** The newest planned frame: plans come in rising order. */
  #planned = 0;
  /** Frame of the state that this peer began with. */
  #startFrame = 0;
  /** What this peer knows of forks. */
  readonly branches: Branches;

  constructor(host: ViewHost) {
    this.#host = host;
    this.branches = new Branches(host);
    this.#book = new ReportBook(host.logs, (frame) => host.limitConfirm(frame));
  }

  /** A newcomer begins in the view that let it in, with the state after `frame`. */
  startFrom(viewId: number, frame: number): void {
    this.viewId = viewId;
    this.#planned = frame;
    this.#startFrame = frame;
  }

  /** True while this peer's logs are frozen by a promise or a proposal of its own. */
  get busy(): boolean {
    return !this.#book.empty || this.#attempt !== undefined || this.#accepted !== undefined;
  }

  /**
   * Drives the agreement.
   * @returns false if the peers left over are too few to agree on anything
   */
  advance(wanted: WantedView, nowMs: number): boolean {
    const host = this.#host;
    const { removed, late, next, plan, isAble } = demandOf(wanted, host, this.#turns.mute);
    const attempt = this.#attempt;
    if ((removed | late) === 0 && plan === undefined && !this.#mustComplete()) {
      if (attempt !== undefined && attempt.body === undefined) this.#abort(attempt);
      else this.#remind(next, nowMs);
      return true;
    }
    if (!isAble) return false;
    this.#lost = wanted.lost;
    this.#late = wanted.late | this.#turns.mute;
    this.#turns.wanted(nowMs);
    const isOurTurn = this.#turns.isOf(host.selfIndex, next, nowMs);
    if (!isOurTurn && attempt?.body === undefined) this.#remind(next, nowMs);
    else if (
      attempt === undefined ||
      // Somebody accepted a higher one, and may be gone since: acceptance of ours counts no more.
      compareBallots(attempt.ballot, this.#acceptors.ballot) < 0 ||
      attempt.removed !== removed ||
      attempt.late !== late ||
      (attempt.plan !== plan && attempt.body === undefined)
    ) {
      // Also with a second loss in the middle: a higher ballot with the larger set completes what was accepted first.
      if (nowMs >= this.#retryAtMs && this.#rounds.hasNext(nowMs))
        this.#propose({ removed, late, plan }, nowMs);
    } else {
      this.#decide(attempt);
      if (this.#attempt === attempt) this.#resend(attempt, next, nowMs);
      this.#turns.noteMute(attempt, { next, waitedMs: host.waitedMs(), nowMs });
    }
    return true;
  }

  /** A value that was accepted must be completed whatever has become of its peers since. */
  #mustComplete(): boolean {
    return this.#accepted !== undefined || this.#orphan !== undefined;
  }

  /** Voters that a value which must be completed removes, or finds late. */
  #unfinished(set: 'removed' | 'late'): number {
    return (this.#orphan?.[set] ?? 0) | (this.#accepted?.body[set] ?? 0);
  }

  /** A report that nobody comes back to would freeze a log for ever: ask its proposer, and tell the coordinator. */
  #remind(next: number, nowMs: number): void {
    if (this.#attempt !== undefined || nowMs < this.#remindAtMs || !this.busy) return;
    this.#remindAtMs = nowMs + 4 * RESEND_MS;
    for (const { ballot, owners, limit } of this.#book.entries) {
      const report = this.#report(ballot, { owners, limit, proposerHeld: heldOf(this.#host.logs, owners) });
      this.#each((1 << ballot.voter) | (next & -next), (index) => this.#send(index, report));
    }
  }

  #propose(wanted: Pick<Attempt, 'removed' | 'late' | 'plan'>, nowMs: number): void {
    const { selfIndex } = this.#host;
    this.#dropAttempt();
    const ballot = { round: this.#rounds.next(), voter: selfIndex };
    const attempt = {
      ...wanted,
      ballot,
      reports: new Map(),
      body: undefined,
      atMs: nowMs,
      sentAtMs: nowMs,
    };
    this.#attempt = attempt;
    const owners = wanted.removed | wanted.late;
    const limit = this.#promise(ballot, owners, this.#leadOf(attempt));
    this.#toVoters(owners, this.#proposal(attempt));
    this.#takeReport(selfIndex, {
      ...this.#report(ballot, { owners, limit, proposerHeld: heldOf(this.#host.logs, owners) }),
      viewId: this.viewId + 1,
    });
  }

  #leadOf({ plan }: Pick<Attempt, 'plan'>): number {
    return plan === undefined ? 0 : this.#host.leadFrames();
  }

  #proposal(attempt: Attempt): Omit<Message<'propose'>, 'viewId'> {
    const { ballot, removed, late } = attempt;
    const held = heldOf(this.#host.logs, removed | late);
    const about = { ballot, removed, late, lead: this.#leadOf(attempt), held };
    return { kind: 'propose', ...about, completing: this.#mustComplete() };
  }

  /** @returns the frame beyond which this peer confirms nothing until the ballot is settled */
  #promise(ballot: Ballot, owners: number, lead: number): number {
    this.#promised = ballot;
    const limit = lead === 0 ? NO_FRAME : Math.max(this.#planned, this.#newestHeld + lead);
    this.#book.add(ballot, owners, limit);
    return limit;
  }

  /** Newest input that this peer holds, its own included. */
  get #newestHeld(): number {
    return this.#host.logs.reduce((most, log) => (log.isActive ? Math.max(most, log.received) : most), 0);
  }

  /** This ballot's proposer never asks for acceptance: what was reported to it binds no longer. */
  #release(ballot: Ballot): void {
    this.#book.release(ballot, this.#unfinished('removed') | this.#unfinished('late'));
  }

  #abort(attempt: Attempt): void {
    this.#toVoters(attempt.removed | attempt.late, { kind: 'abort', ballot: attempt.ballot });
    this.#attempt = undefined;
    this.#release(attempt.ballot);
  }

  #resend(attempt: Attempt, next: number, nowMs: number): void {
    if (nowMs - attempt.sentAtMs < RESEND_MS) return;
    attempt.sentAtMs = nowMs;
    const { ballot, body } = attempt;
    if (body === undefined) {
      const proposal = this.#proposal(attempt);
      this.#each(next, (index) => {
        if (!attempt.reports.has(index)) this.#send(index, proposal);
      });
      return;
    }
    const { peers } = this.#acceptors;
    this.#each(next & ~peers, (index) => this.#send(index, { kind: 'accept', ballot, body }));
  }

  #each(mask: number, run: (index: number) => void): void {
    for (let index = 0; index < 32; index += 1) {
      if ((mask & (1 << index)) !== 0 && index !== this.#host.selfIndex) run(index);
    }
  }

  #toVoters(removed: number, message: Outgoing): void {
    this.#each(this.#host.voters() & ~removed, (index) => this.#send(index, message));
  }

  #send(index: number, message: Outgoing, viewId: number = this.viewId + 1): void {
    this.#host.send(index, { ...message, viewId } as ViewMessage);
  }

  /** Takes a message of another peer. */
  receive(from: number, message: ViewMessage, nowMs: number): void {
    if (message.kind === 'commit') {
      const branch = this.branches.judge(from, message);
      const self = 1 << this.#host.selfIndex;
      if (branch === 'theirs') this.#host.apply({ ...message.body, removed: message.body.removed | self });
      else if (branch === 'same') this.#takeCommit(message);
      return;
    }
    if (message.viewId !== this.viewId + 1) {
      if (message.viewId <= this.viewId) this.branches.catchUp(from, message.viewId - 1);
      return;
    }
    if (!this.#rounds.note(message.ballot.round, nowMs)) return;
    switch (message.kind) {
      case 'propose':
        this.#takeProposal(from, message, nowMs);
        break;
      case 'report':
        this.#takeReport(from, message);
        break;
      case 'reject':
        this.#takeReject(from, message, nowMs);
        break;
      case 'accept':
        this.#takeAccept(from, message);
        break;
      case 'accepted':
        this.#takeAccepted(from, message.ballot);
        break;
      case 'abort':
        if (message.ballot.voter === from) this.#release(message.ballot);
    }
  }

  #takeProposal(from: number, message: Message<'propose'>, nowMs: number): void {
    const host = this.#host;
    const { ballot, removed, late, lead } = message;
    const owners = removed | late;
    const self = 1 << host.selfIndex;
    const voters = host.voters();
    if ((owners & self) !== 0 || (voters & self) === 0 || ballot.voter !== from) return;
    // Who has no vote has nothing to propose: a report to it would freeze a slot for nothing.
    if ((voters & (1 << from)) === 0) return;
    const order = compareBallots(ballot, this.#promised);
    // What somebody accepted must be completed, even if the peer it removes has come back since.
    const hears = message.completing ? 0 : this.#vetoed(message);
    if (order < 0 || hears !== 0 || (order > 0 && !this.#turns.promises(from, nowMs))) {
      this.#send(from, { kind: 'reject', ballot, hears, promisedRound: this.#promised.round });
      return;
    }
    if (order > 0) {
      this.#dropAttempt();
      this.#promise(ballot, owners, lead);
      // Two that propose at a time would outbid each other for ever.
      this.#retryAtMs = Math.max(this.#retryAtMs, nowMs + YIELD_MS);
    }
    const limit = this.#book.find(ballot)?.limit ?? NO_FRAME;
    this.#send(from, this.#report(ballot, { owners, limit, proposerHeld: message.held }));
  }

  /** Those in a proposal whom we hear. That keeps nobody from playing on for long: a substitute takes nothing from anybody for good. */
  #vetoed({ removed, late }: Message<'propose'>): number {
    const asked = this.#host.waitedMs() < PATIENCE_MS ? removed | late : removed;
    let heard = 0;
    this.#each(asked & ~this.#host.gone(), (index) => {
      if (this.#host.hears(index)) heard |= 1 << index;
    });
    return heard;
  }

  /** What we hold of the slots that end, with the inputs that the proposer lacks. */
  #report(
    ballot: Ballot,
    about: { readonly owners: number; readonly limit: number; readonly proposerHeld: readonly HeldFrame[] },
  ): Omit<Message<'report'>, 'viewId'> {
    const held = slotsOf(this.#host.logs, about.owners).map((log): ReportedSlot => {
      const known = about.proposerHeld.find((entry) => entry.slot === log.slot)?.frame ?? log.received;
      return {
        slot: log.slot,
        frame: log.received,
        cells: encodeSlotCells(log.cells, known + 1, log.received),
      };
    });
    return { kind: 'report', ballot, limit: about.limit, held, accepted: this.#accepted };
  }

  #takeReport(from: number, message: Message<'report'>): void {
    const attempt = this.#attempt;
    if (attempt === undefined || compareBallots(attempt.ballot, message.ballot) !== 0) {
      this.#answerStaleReport(from, message);
      return;
    }
    if (attempt.body !== undefined) return;
    for (const { slot, frame, cells } of message.held) {
      const log = this.#host.logs[slot];
      // Nothing is taken for slots that were not asked about.
      if (log === undefined || ((attempt.removed | attempt.late) & (1 << log.owner)) === 0) continue;
      if (frame > log.received && !this.#host.stage(log, log.received, frame, cells)) return;
    }
    attempt.reports.set(from, message);
    this.#decide(attempt);
  }

  /** Once every voter of the next view has reported, and those to be removed are lost (the late ones late) for sure: asks for acceptance. */
  #decide(attempt: Attempt): void {
    if (attempt.body !== undefined) return;
    const { ballot, removed, late } = attempt;
    let complete = attempt.reports.has(this.#host.selfIndex);
    this.#each(this.#host.voters() & ~removed & ~late, (index) => {
      complete &&= attempt.reports.has(index);
    });
    if (!complete) return;
    const reports = [...attempt.reports.values()];
    const accepted = reports
      .flatMap((report) => (report.accepted === undefined ? [] : [report.accepted]))
      .sort((left, right) => compareBallots(right.ballot, left.ballot))[0];
    // A value that was accepted before is completed whatever became of its peers since; if nobody has it, it is gone.
    if (accepted === undefined) this.#orphan = undefined;
    const isDue = (removed & ~this.#lost) === 0 && (late & ~this.#late) === 0;
    const body = accepted?.body ?? (isDue ? freshBody(attempt, reports, this.#host.logs) : undefined);
    if (body === undefined) return;
    attempt.body = body;
    this.#asked.add(ballot.round);
    this.#acceptLocally(ballot, body);
    this.#toVoters(removed | late, { kind: 'accept', ballot, body });
    this.#takeAccepted(this.#host.selfIndex, ballot);
  }

  /** A voter still waits for a ballot we do not drive: let it go, or complete what it accepted. */
  #answerStaleReport(from: number, message: Message<'report'>): void {
    if (message.accepted !== undefined) this.#orphan = message.accepted.body;
    else if (message.ballot.voter === this.#host.selfIndex && !this.#asked.has(message.ballot.round)) {
      this.#send(from, { kind: 'abort', ballot: message.ballot });
    }
  }

  #takeReject(from: number, message: Message<'reject'>, nowMs: number): void {
    const attempt = this.#attempt;
    if (attempt === undefined || compareBallots(attempt.ballot, message.ballot) !== 0) return;
    this.#rounds.note(message.promisedRound, nowMs);
    this.#retryAtMs = nowMs + 2 * RESEND_MS;
    if (message.hears !== 0) this.#host.vouched(message.hears, from);
    if ((message.hears & attempt.late) !== 0) this.#host.denied(message.hears & attempt.late);
    // A higher ballot was promised elsewhere: try again above it. What was accepted is found again by the reports.
    if (attempt.body === undefined) this.#abort(attempt);
    else this.#attempt = undefined;
  }

  #takeAccept(from: number, message: Message<'accept'>): void {
    const { ballot, body } = message;
    if (ballot.voter !== from || (this.#host.voters() & (1 << this.#host.selfIndex)) === 0) return;
    const order = compareBallots(ballot, this.#promised);
    if (order < 0) {
      this.#send(from, { kind: 'reject', ballot, hears: 0, promisedRound: this.#promised.round });
      return;
    }
    if (order > 0) this.#dropAttempt();
    this.#promised = ballot;
    this.#acceptLocally(ballot, body);
    // All of them hear it: each sees the majority for itself, half a round trip sooner than by the proposer's word.
    // Also what removes us: a value that must be completed may have been accepted while nobody heard us.
    this.#toVoters(0, { kind: 'accepted', ballot });
    this.#takeAccepted(from, ballot);
    this.#takeAccepted(this.#host.selfIndex, ballot);
  }

  /** Another proposer took over. */
  #dropAttempt(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (attempt !== undefined && attempt.body === undefined) this.#abort(attempt);
  }

  #acceptLocally(ballot: Ballot, body: ViewBody): void {
    this.#accepted = { ballot, body };
    if (body.frame > 0) this.#book.accept(ballot, body.frame - 1);
    // The cut is fixed now: inputs up to it may still arrive, by relay or inlined.
    for (const { slot, cut } of body.cuts) {
      const log = this.#host.logs[slot];
      if (log?.isActive === true) log.limit = Math.max(cut, log.received);
    }
  }

  #takeAccepted(from: number, ballot: Ballot): void {
    if (compareBallots(this.#acceptors.ballot, ballot) < 0) this.#acceptors = { ballot, peers: 0 };
    if (compareBallots(this.#acceptors.ballot, ballot) !== 0) return;
    this.#acceptors.peers |= 1 << from;
    const { peers } = this.#acceptors;
    if (!isQuorum(peers, this.#host.voters() & ~this.#host.gone())) return;
    // The value is known once it is accepted here; who is not asked learns it by the commit.
    if (this.#accepted === undefined || compareBallots(this.#accepted.ballot, ballot) !== 0) return;
    this.#commit(this.#accepted.body, ballot);
  }

  /** Decided: applies the view here and tells everybody. */
  #commit(body: ViewBody, ballot: Ballot): void {
    const message = { kind: 'commit' as const, viewId: this.viewId + 1, ballot, body };
    const audience = this.#host.audience();
    this.#takeCommit(message);
    this.#each(audience, (index) => this.#host.send(index, message));
  }

  #takeCommit(message: Message<'commit'>): void {
    const { body } = message;
    // Who is removed need not follow the views between: it may lack inputs of them, and nobody sends it any.
    const removesUs = (body.removed & (1 << this.#host.selfIndex)) !== 0 && this.#host.isIn();
    if (message.viewId <= this.viewId) return;
    if (!removesUs && (message.viewId !== this.viewId + 1 || !isReady(body, this.#host, this.#startFrame)))
      return;
    this.viewId = message.viewId;
    this.branches.note(message);
    this.#attempt = undefined;
    this.#accepted = undefined;
    this.#promised = NO_BALLOT;
    this.#acceptors = { ballot: NO_BALLOT, peers: 0 };
    this.#rounds.reset();
    this.#turns.reset();
    this.#retryAtMs = Number.NEGATIVE_INFINITY;
    this.#orphan = undefined;
    this.#asked.clear();
    this.#book.clear();
    this.#planned = Math.max(this.#planned, body.frame);
    this.#host.apply(body);
  }
}
