/** What a proposer decides when nothing was accepted before: from the reports of all voters of the next view. */
import { NO_PLAN, type SlotCut, type ViewBody } from '../wire/view-body.js';
import { encodeSlotCells, type ViewMessage } from '../wire/view-messages.js';
import { NO_FRAME, type SlotLog } from './slot-log.js';
import type { WantedPlan } from './view-host.js';

/** What was proposed. */
export interface Proposed {
  readonly removed: number;
  readonly late: number;
  readonly plan: WantedPlan | undefined;
}

/** Active slots of a set of peers. */
export function slotsOf(logs: readonly SlotLog[], owners: number): SlotLog[] {
  return logs.filter((log) => (owners & (1 << log.owner)) !== 0 && log.isActive);
}

/**
 * The maximum cut over all reports, or the plan, for the frame after every one that a voter may confirm before it is settled.
 * @returns `undefined` if there is nothing to decide, or a report bounds nothing yet
 */
export function freshBody(
  { removed, late, plan }: Proposed,
  reports: readonly Extract<ViewMessage, { kind: 'report' }>[],
  logs: readonly SlotLog[],
): ViewBody | undefined {
  if (plan !== undefined) {
    const limits = reports.map(({ limit }) => limit);
    if (limits.includes(NO_FRAME)) return undefined;
    return { ...plan, late: 0, frame: Math.max(...limits) + 1, cuts: [] };
  }
  if ((removed | late) === 0) return undefined;
  const cuts = slotsOf(logs, removed | late).map((log): SlotCut => {
    const frames = reports.map(
      (report) => report.held.find((entry) => entry.slot === log.slot)?.frame ?? log.received,
    );
    const base = Math.min(...frames);
    const cut = Math.max(...frames);
    return { slot: log.slot, base, cut, cells: encodeSlotCells(log.cells, base + 1, cut) };
  });
  return { ...NO_PLAN, removed, late, frame: 0, cuts };
}
