/**
 * What a voter has reported and not yet settled. A report must stay true until its ballot's proposer says that it never
 * asked for acceptance, or a view is committed: a later ballot alone does not end it. So reported slots take no more
 * inputs, and no frame beyond a reported limit is confirmed or acknowledged.
 */
import { type Ballot, compareBallots } from '../wire/view-messages.js';
import { NO_FRAME, type SlotLog } from './slot-log.js';

/** One report. */
export interface BookedReport {
  readonly ballot: Ballot;
  /** Peers whose slots were reported. */
  readonly owners: number;
  /** Last frame that may be confirmed; {@link NO_FRAME} if the ballot plans nothing. */
  limit: number;
}

/** The reports of one voter in one view. */
export class ReportBook {
  readonly #logs: readonly SlotLog[];
  readonly #limitConfirm: (frame: number) => void;
  readonly #entries: BookedReport[] = [];

  constructor(logs: readonly SlotLog[], limitConfirm: (frame: number) => void) {
    this.#logs = logs;
    this.#limitConfirm = limitConfirm;
  }

  get empty(): boolean {
    return this.#entries.length === 0;
  }

  get entries(): readonly BookedReport[] {
    return this.#entries;
  }

  /** A promise: freezes the slots of `owners`, and what is confirmed at `limit`. */
  add(ballot: Ballot, owners: number, limit: number): void {
    this.#entries.push({ ballot, owners, limit });
    for (const log of this.#logs)
      if (log.isActive && (owners & (1 << log.owner)) !== 0 && log.limit === NO_FRAME)
        log.limit = log.received;
    this.#limit();
  }

  find(ballot: Ballot): BookedReport | undefined {
    return this.#entries.find((entry) => compareBallots(entry.ballot, ballot) === 0);
  }

  /** The value of `ballot` was accepted, and plans something for the frame after `limit`. */
  accept(ballot: Ballot, limit: number): void {
    const entry = this.find(ballot);
    if (entry !== undefined) entry.limit = limit;
    else this.#entries.push({ ballot, owners: 0, limit });
    this.#limit();
  }

  /** This ballot's proposer never asks for acceptance. `kept`: peers whose slots stay frozen for another reason. */
  release(ballot: Ballot, kept: number): void {
    const entry = this.find(ballot);
    if (entry === undefined) return;
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    const frozen = this.#entries.reduce((mask, { owners }) => mask | owners, kept);
    for (const log of this.#logs) if (log.isActive && (frozen & (1 << log.owner)) === 0) log.limit = NO_FRAME;
    this.#limit();
  }

  /** A view is committed: nothing reported before it binds any longer. */
  clear(): void {
    this.#entries.length = 0;
    for (const log of this.#logs) if (log.isActive) log.limit = NO_FRAME;
    this.#limit();
  }

  #limit(): void {
    this.#limitConfirm(this.#entries.reduce((least, { limit }) => Math.min(least, limit), NO_FRAME));
  }
}
