/** What a voter wants, and what it has proposed. */
import type { ViewBody } from '../wire/view-body.js';
import type { Ballot, ViewMessage } from '../wire/view-messages.js';
import type { WantedPlan } from './view-host.js';

/** A message of one kind. */
export type Message<K extends ViewMessage['kind']> = Extract<ViewMessage, { kind: K }>;

/** A message without the view that it is of. */
export type Outgoing = ViewMessage extends infer M
  ? M extends ViewMessage
    ? Omit<M, 'viewId'>
    : never
  : never;

/** What a voter wants now. Sets of voters as bit masks. */
export interface WantedView {
  /** Likely lost: their slots may be frozen and reported. */
  readonly suspects: number;
  /** Those of them that are lost or said goodbye: only they may be removed. */
  readonly lost: number;
  /** Likely late, and late for sure: a substitute is to play for them. */
  readonly lateSuspects: number;
  readonly late: number;
  /** What should happen at a planned frame, if nobody is missing. */
  readonly plan: WantedPlan | undefined;
}

/** A proposal of our own. */
export interface Attempt {
  readonly ballot: Ballot;
  readonly removed: number;
  readonly late: number;
  readonly plan: WantedPlan | undefined;
  readonly reports: Map<number, Message<'report'>>;
  /** Set once the cuts, or the planned frame, are known. */
  body: ViewBody | undefined;
  sentAtMs: number;
}
