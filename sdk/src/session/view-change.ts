/**
 * Agreement on who is out and on the last input of each removed slot, among three or more voters.
 *
 * Single-decree Paxos per view. The coordinator (lowest voter not suspected) proposes; each voter of the next view freezes
 * the removed logs and reports what it holds; the cut is the maximum, with the inputs somebody lacks inlined; a majority
 * of the old view's voters accepts; then it is committed. A higher ballot completes what was last accepted first, so a
 * half-delivered COMMIT is never contradicted. A voter that still hears a suspect answers REJECT: nobody is removed on
 * one peer's word. Messages are idempotent and repeated until answered.
 */
import { isQuorum, lowestIndex } from '../base/peer-set.js';
import {
  type Ballot,
  compareBallots,
  encodeSlotCells,
  type HeldFrame,
  type ReportedSlot,
  type SlotCut,
  type ViewBody,
  type ViewMessage,
} from '../wire/view-messages.js';
import { NO_FRAME, type SlotLog } from './slot-log.js';
import type { ViewHost } from './view-host.js';

const RESEND_MS = 50;
/** Commits kept for members that are behind. */
const COMMITS_KEPT_MAX = 64;

type Report = Extract<ViewMessage, { kind: 'report' }>;
type Outgoing = ViewMessage extends infer M ? (M extends ViewMessage ? Omit<M, 'viewId'> : never) : never;

const NO_BALLOT: Ballot = { round: 0, voter: 0 };

/** Bit masks of members. */
export interface SuspectedPeers {
  readonly suspects: number;
  readonly lost: number;
}

interface Attempt {
  readonly ballot: Ballot;
  readonly removed: number;
  readonly reports: Map<number, Report>;
  /** Set once the cuts are known. */
  body: ViewBody | undefined;
  acceptedBy: number;
  sentAtMs: number;
}

/** One peer's part in the agreement. */
export class ViewChange {
  readonly #host: ViewHost;
  /** Id of the current view. */
  viewId = 0;
  #promised: Ballot = NO_BALLOT;
  #accepted: { readonly ballot: Ballot; readonly body: ViewBody } | undefined;
  /**
   * Reports given and not yet settled, by ballot. What was reported must stay true until that ballot's proposer says it
   * never asked for acceptance, or a view is committed: a later ballot alone does not end it.
   */
  readonly #reported: { readonly ballot: Ballot; readonly removed: number }[] = [];
  /** Rounds of ours in which acceptance was asked for. */
  readonly #asked = new Set<number>();
  #attempt: Attempt | undefined;
  #roundSeen = 0;
  #retryAtMs = 0;
  #remindAtMs = 0;
  #lost = 0;
  /** A value that some voter accepted under a ballot nobody drives any more: it must be completed. */
  #orphan = 0;
  readonly #commits: Extract<ViewMessage, { kind: 'commit' }>[] = [];

  constructor(host: ViewHost) {
    this.#host = host;
  }

  /** True while this peer's logs are frozen by a promise or a proposal of its own. */
  get busy(): boolean {
    return this.#reported.length > 0 || this.#attempt !== undefined || this.#accepted !== undefined;
  }

  /**
   * Drives the agreement.
   * @param suspects members that are likely lost: their logs may be frozen and reported
   * @param lost those of them that are lost or said goodbye: only they may be cut
   * @returns false if the peers left over are too few to agree on anything
   */
  advance({ suspects, lost }: SuspectedPeers, nowMs: number): boolean {
    const host = this.#host;
    const voters = host.voters();
    const removed = (suspects | this.#unfinished) & voters;
    const next = voters & ~removed;
    const attempt = this.#attempt;
    if (removed === 0) {
      if (attempt !== undefined && attempt.body === undefined) this.#abort(attempt);
      else this.#remind(next, nowMs);
      return true;
    }
    if (!isQuorum(next, voters & ~host.gone())) return false;
    if (lowestIndex(next) !== host.selfIndex) this.#remind(next, nowMs);
    else if (attempt === undefined || attempt.removed !== removed) {
      // Also with a second loss in the middle: a higher ballot with the larger set completes what was accepted first.
      this.#lost = lost;
      if (nowMs >= this.#retryAtMs) this.#propose(removed, nowMs);
    } else {
      this.#lost = lost;
      this.#decide(attempt);
      if (this.#attempt === attempt) this.#resend(attempt, next, nowMs);
    }
    return true;
  }

  /** Peers that an accepted value removes: it must be completed whatever becomes of them. */
  get #unfinished(): number {
    return this.#orphan | (this.#accepted?.body.removed ?? 0);
  }

  /** A report that nobody comes back to would freeze a log for ever: ask its proposer, and tell the coordinator. */
  #remind(next: number, nowMs: number): void {
    if (this.#attempt !== undefined || nowMs < this.#remindAtMs || !this.busy) return;
    this.#remindAtMs = nowMs + 4 * RESEND_MS;
    for (const { ballot, removed } of this.#reported) {
      const held = this.#heldOf(removed);
      const report = this.#report(ballot, removed, held);
      this.#each((1 << ballot.voter) | (next & -next), (index) => this.#send(index, report));
    }
  }

  #propose(removed: number, nowMs: number): void {
    const { selfIndex } = this.#host;
    this.#dropAttempt();
    this.#roundSeen += 1;
    const ballot = { round: this.#roundSeen, voter: selfIndex };
    this.#attempt = { ballot, removed, reports: new Map(), body: undefined, acceptedBy: 0, sentAtMs: nowMs };
    this.#promise(ballot, removed);
    const held = this.#heldOf(removed);
    const completing = this.#unfinished !== 0;
    this.#toVoters(removed, { kind: 'propose', ballot, removed, completing, held });
    this.#takeReport(selfIndex, {
      ...this.#report(ballot, removed, held),
      viewId: this.viewId + 1,
    } as Report);
  }

  #promise(ballot: Ballot, removed: number): void {
    this.#promised = ballot;
    this.#reported.push({ ballot, removed });
    for (const log of this.#slotsOf(removed)) if (log.limit === NO_FRAME) log.limit = log.received;
  }

  /** This ballot's proposer never asks for acceptance: what was reported to it binds no longer. */
  #release(ballot: Ballot): void {
    const index = this.#reported.findIndex((entry) => compareBallots(entry.ballot, ballot) === 0);
    if (index < 0) return;
    this.#reported.splice(index, 1);
    const frozen = this.#reported.reduce((mask, entry) => mask | entry.removed, this.#unfinished);
    for (const log of this.#host.logs) {
      if (log.isActive && (frozen & (1 << log.owner)) === 0) log.limit = NO_FRAME;
    }
  }

  #abort(attempt: Attempt): void {
    this.#toVoters(attempt.removed, { kind: 'abort', ballot: attempt.ballot });
    this.#attempt = undefined;
    this.#release(attempt.ballot);
  }

  #resend(attempt: Attempt, next: number, nowMs: number): void {
    if (nowMs - attempt.sentAtMs < RESEND_MS) return;
    attempt.sentAtMs = nowMs;
    if (attempt.body === undefined) {
      const completing = this.#unfinished !== 0;
      const held = this.#heldOf(attempt.removed);
      this.#each(next, (index) => {
        if (!attempt.reports.has(index)) {
          this.#send(index, {
            kind: 'propose',
            ballot: attempt.ballot,
            removed: attempt.removed,
            completing,
            held,
          });
        }
      });
      return;
    }
    const body = attempt.body;
    this.#each(next & ~attempt.acceptedBy, (index) =>
      this.#send(index, { kind: 'accept', ballot: attempt.ballot, body }),
    );
  }

  #slotsOf(mask: number): SlotLog[] {
    return this.#host.logs.filter((log) => (mask & (1 << log.owner)) !== 0 && log.isActive);
  }

  #heldOf(mask: number): HeldFrame[] {
    return this.#slotsOf(mask).map((log) => ({ slot: log.slot, frame: log.received }));
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
      this.#takeCommit(message);
      return;
    }
    if (message.viewId !== this.viewId + 1) {
      if (message.viewId <= this.viewId) this.catchUp(from, message.viewId - 1);
      return;
    }
    this.#roundSeen = Math.max(this.#roundSeen, message.ballot.round);
    switch (message.kind) {
      case 'propose':
        this.#takeProposal(from, message);
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
        break;
      default:
    }
  }

  #takeProposal(from: number, message: Extract<ViewMessage, { kind: 'propose' }>): void {
    const { selfIndex } = this.#host;
    const { ballot, removed } = message;
    if ((removed & (1 << selfIndex)) !== 0 || ballot.voter !== from) return;
    const order = compareBallots(ballot, this.#promised);
    // What somebody accepted must be completed, even if the peer it removes has come back since.
    const hears = message.completing ? 0 : this.#heard(removed & ~this.#host.gone());
    if (order < 0 || hears !== 0) {
      this.#send(from, { kind: 'reject', ballot, hears, promisedRound: this.#promised.round });
      return;
    }
    if (order > 0) {
      this.#dropAttempt();
      this.#promise(ballot, removed);
    }
    this.#send(from, this.#report(ballot, removed, message.held));
  }

  #heard(mask: number): number {
    let heard = 0;
    this.#each(mask, (index) => {
      if (this.#host.hears(index)) heard |= 1 << index;
    });
    return heard;
  }

  /** What we hold of the removed slots, with the inputs that the proposer lacks. */
  #report(ballot: Ballot, removed: number, proposerHeld: readonly HeldFrame[]): Omit<Report, 'viewId'> {
    const held = this.#slotsOf(removed).map((log): ReportedSlot => {
      const known = proposerHeld.find((entry) => entry.slot === log.slot)?.frame ?? log.received;
      return {
        slot: log.slot,
        frame: log.received,
        cells: encodeSlotCells(log.cells, known + 1, log.received),
      };
    });
    return { kind: 'report', ballot, held, accepted: this.#accepted };
  }

  #takeReport(from: number, message: Report): void {
    const attempt = this.#attempt;
    if (attempt === undefined || compareBallots(attempt.ballot, message.ballot) !== 0) {
      this.#answerStaleReport(from, message);
      return;
    }
    if (attempt.body !== undefined) return;
    for (const { slot, frame, cells } of message.held) {
      const log = this.#host.logs[slot];
      if (log !== undefined && frame > log.received && !this.#host.stage(log, log.received, frame, cells))
        return;
    }
    attempt.reports.set(from, message);
    this.#decide(attempt);
  }

  /** Once every voter of the next view has reported and those to be removed are lost for sure: asks for acceptance. */
  #decide(attempt: Attempt): void {
    if (attempt.body !== undefined) return;
    let complete = attempt.reports.has(this.#host.selfIndex);
    this.#each(this.#host.voters() & ~attempt.removed, (index) => {
      complete &&= attempt.reports.has(index);
    });
    if (!complete) return;
    const body = this.#bodyOf(attempt);
    // A value that was accepted before is completed whatever became of its peers since; if nobody has it, it is gone.
    if (body.fresh) this.#orphan = 0;
    if (body.fresh && (body.removed & ~this.#lost) !== 0) return;
    attempt.body = { removed: body.removed, cuts: body.cuts };
    this.#asked.add(attempt.ballot.round);
    this.#acceptLocally(attempt.ballot, attempt.body);
    this.#toVoters(attempt.removed, { kind: 'accept', ballot: attempt.ballot, body: attempt.body });
    this.#takeAccepted(this.#host.selfIndex, attempt.ballot);
  }

  /** A voter still waits for a ballot we do not drive: let it go, or complete what it accepted. */
  #answerStaleReport(from: number, message: Report): void {
    if (message.accepted !== undefined) this.#orphan = message.accepted.body.removed;
    else if (message.ballot.voter === this.#host.selfIndex && !this.#asked.has(message.ballot.round)) {
      this.#send(from, { kind: 'abort', ballot: message.ballot });
    }
  }

  /** The value of the highest accepted ballot, else the maximum cut over all reports. */
  #bodyOf(attempt: Attempt): ViewBody & { readonly fresh: boolean } {
    const reports = [...attempt.reports.values()];
    const best = reports
      .flatMap((report) => (report.accepted === undefined ? [] : [report.accepted]))
      .sort((left, right) => compareBallots(right.ballot, left.ballot))[0];
    if (best !== undefined) return { ...best.body, fresh: false };
    const cuts = this.#slotsOf(attempt.removed).map((log): SlotCut => {
      const frames = reports.map(
        (report) => report.held.find((entry) => entry.slot === log.slot)?.frame ?? log.received,
      );
      const base = Math.min(...frames);
      const cut = Math.max(...frames);
      return { slot: log.slot, base, cut, cells: encodeSlotCells(log.cells, base + 1, cut) };
    });
    return { removed: attempt.removed, cuts, fresh: true };
  }

  #takeReject(from: number, message: Extract<ViewMessage, { kind: 'reject' }>, nowMs: number): void {
    const attempt = this.#attempt;
    if (attempt === undefined || compareBallots(attempt.ballot, message.ballot) !== 0) return;
    this.#roundSeen = Math.max(this.#roundSeen, message.promisedRound);
    this.#retryAtMs = nowMs + 2 * RESEND_MS;
    if (message.hears !== 0) this.#host.vouched(message.hears, from);
    // A higher ballot was promised elsewhere: try again above it. What was accepted is found again by the reports.
    if (attempt.body === undefined) this.#abort(attempt);
    else this.#attempt = undefined;
  }

  #takeAccept(from: number, message: Extract<ViewMessage, { kind: 'accept' }>): void {
    const { ballot, body } = message;
    if (ballot.voter !== from || (body.removed & (1 << this.#host.selfIndex)) !== 0) return;
    const order = compareBallots(ballot, this.#promised);
    if (order < 0) {
      this.#send(from, { kind: 'reject', ballot, hears: 0, promisedRound: this.#promised.round });
      return;
    }
    if (order > 0) this.#dropAttempt();
    this.#promised = ballot;
    this.#acceptLocally(ballot, body);
    this.#send(from, { kind: 'accepted', ballot });
  }

  /** Another proposer took over. */
  #dropAttempt(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (attempt !== undefined && attempt.body === undefined) this.#abort(attempt);
  }

  #acceptLocally(ballot: Ballot, body: ViewBody): void {
    this.#accepted = { ballot, body };
    // The cut is fixed now: inputs up to it may still arrive, by relay or inlined.
    for (const { slot, cut } of body.cuts) {
      const log = this.#host.logs[slot];
      if (log?.isActive === true) log.limit = Math.max(cut, log.received);
    }
  }

  #takeAccepted(from: number, ballot: Ballot): void {
    const attempt = this.#attempt;
    if (attempt?.body === undefined || compareBallots(attempt.ballot, ballot) !== 0) return;
    attempt.acceptedBy |= 1 << from;
    if (!isQuorum(attempt.acceptedBy, this.#host.voters() & ~this.#host.gone())) return;
    this.#commit(attempt.body, ballot);
  }

  /** Decided: applies the view here and tells everybody. */
  #commit(body: ViewBody, ballot: Ballot): void {
    const message = { kind: 'commit' as const, viewId: this.viewId + 1, ballot, body };
    const audience = this.#host.audience();
    this.#takeCommit(message);
    this.#each(audience, (index) => this.#host.send(index, message));
  }

  #takeCommit(message: Extract<ViewMessage, { kind: 'commit' }>): void {
    if (message.viewId !== this.viewId + 1) return;
    if ((message.body.removed & (1 << this.#host.selfIndex)) === 0) {
      const final = this.#host.frameFinal();
      for (const { slot, base, cut, cells } of message.body.cuts) {
        // No agreement can cut off a final frame: a forged one.
        if (cut < final) return;
        const log = this.#host.logs[slot];
        // Not yet: the inputs up to `base` still come by relay. The commit is offered again.
        if (log !== undefined && log.received < cut && !this.#host.stage(log, base, cut, cells)) return;
      }
    }
    this.viewId += 1;
    this.#commits.push(message);
    if (this.#commits.length > COMMITS_KEPT_MAX) this.#commits.shift();
    this.#attempt = undefined;
    this.#accepted = undefined;
    this.#promised = NO_BALLOT;
    this.#roundSeen = 0;
    this.#orphan = 0;
    this.#reported.length = 0;
    this.#asked.clear();
    for (const log of this.#host.logs) if (log.isActive) log.limit = NO_FRAME;
    this.#host.apply(message.body);
  }

  /** Sends a member that is still in view `viewId` the commits it lacks. */
  catchUp(index: number, viewId: number): void {
    for (const commit of this.#commits) if (commit.viewId > viewId) this.#host.send(index, commit);
  }
}
