/** The newest frame that no later agreement can retract. */
import type { SessionSetup } from './session-setup.js';
import { NO_FRAME } from './slot-log.js';

/**
 * Highest frame up to `frameConfirmed` such that for each active slot a majority of the voters (owners of active slots,
 * ourselves counted) is known to hold its input: every later view contains a majority, so its cut is not before it.
 * @param held per peer, the highest frame it is known to hold of each slot
 */
export function finalFrame<S, I>(
  setup: SessionSetup<S, I>,
  held: readonly Int32Array[],
  frameConfirmed: number,
): number {
  const active = setup.logs.filter((log) => log.cut === NO_FRAME);
  const voters = [...new Set(active.map((log) => log.owner))];
  if (voters.length === 0) return frameConfirmed;
  const heldBy = (voter: number, slot: number, own: number): number =>
    voter === setup.selfIndex ? own : (held[voter]?.[slot] ?? 0);
  return active.reduce((final, log) => {
    const frames = voters
      .map((voter) => heldBy(voter, log.slot, log.received))
      .sort((left, right) => right - left);
    return Math.min(final, frames[Math.floor(voters.length / 2)] as number);
  }, frameConfirmed);
}
