/** What a voter wants, and what it has proposed. */
import { isQuorum } from '../base/peer-set.js';
import type { ViewBody } from '../wire/view-body.js';
import type { Ballot, ViewMessage } from '../wire/view-messages.js';
import type { ViewHost, WantedPlan } from './view-host.js';

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

/** What is to be agreed on now, by whom. */
export interface Demand {
  readonly removed: number;
  readonly late: number;
  /** Voters of the next view, a bit each. */
  readonly next: number;
  readonly plan: WantedPlan | undefined;
  /** They are enough to agree on anything. */
  readonly isAble: boolean;
}

/** @param mute voters that do not answer: they are late, too, if somebody is */
export function demandOf(wanted: WantedView, host: Pick<ViewHost, 'voters' | 'gone'>, mute: number): Demand {
  const voters = host.voters();
  const living = voters & ~host.gone();
  const removed = wanted.suspects & voters;
  const isAble = (without: number): boolean => isQuorum(voters & ~removed & ~without, living);
  let late = wanted.lateSuspects & voters & ~removed;
  // Too many are late to agree without them: wait for them.
  if (!isAble(late)) late = 0;
  if ((removed | late) !== 0 && isAble(late | mute)) late |= mute & voters & ~removed;
  const plan = (removed | late) === 0 ? wanted.plan : undefined;
  return { removed, late, next: voters & ~removed & ~late, plan, isAble: isAble(late) };
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
  /** When it was made, and when it was sent last. */
  readonly atMs: number;
  sentAtMs: number;
}
