/** The newest frame that no later agreement can retract. */
import type { FrameExchange } from './frame-exchange.js';
import type { SlotLog } from './slot-log.js';

/** What finality depends on. */
export interface FinalityView {
  readonly logs: readonly SlotLog[];
  readonly selfIndex: number;
  readonly exchange: Pick<FrameExchange, 'held' | 'said'>;
}

/**
 * Highest frame up to `frameConfirmed` such that for each active slot a majority of the voters (owners of active slots,
 * ourselves counted) is known to hold its input: every later view contains a majority, so its cut is not before it.
 *
 * A voter knows of every agreement under way: it took part. Who has no vote (a watcher, a substituted owner) counts only
 * what voters said in reports of its own view, because they say nothing beyond what an agreement may still change.
 */
export function finalFrame({ logs, selfIndex, exchange }: FinalityView, frameConfirmed: number): number {
  const active = logs.filter((log) => log.isActive);
  const voters = [...new Set(active.map((log) => log.owner))];
  if (voters.length === 0) return frameConfirmed;
  const rows = voters.includes(selfIndex) ? exchange.held : exchange.said;
  const heldBy = (voter: number, slot: number, own: number): number =>
    voter === selfIndex ? own : (rows[voter]?.[slot] ?? 0);
  return active.reduce((final, log) => {
    const frames = voters
      .map((voter) => heldBy(voter, log.slot, log.received))
      .sort((left, right) => right - left);
    return Math.min(final, frames[Math.floor(voters.length / 2)] as number);
  }, frameConfirmed);
}
