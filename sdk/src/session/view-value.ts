/** The value of an agreement: what a proposer makes of the reports when nothing was accepted before, and when a member can apply it. */
import { LOG_FRAMES_KEPT } from '../base/limits.js';
import { NO_PLAN, type SlotCut, type ViewBody } from '../wire/view-body.js';
import { encodeSlotCells, type HeldFrame, type ViewMessage } from '../wire/view-messages.js';
import { NO_FRAME, type SlotLog } from './slot-log.js';
import type { ViewHost, WantedPlan } from './view-host.js';

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

/**
 * True if what is decided can be applied now, and no agreement that it contradicts made anything final.
 * @param startFrame frame of the state that this peer began with
 */
export function isReady(body: ViewBody, host: ViewHost, startFrame: number): boolean {
  const final = host.frameFinal();
  if (body.frame > startFrame && body.frame <= final) return false;
  return body.cuts.every(({ slot, base, cut, cells }) => {
    const log = host.logs[slot];
    // A newcomer's state may have it already.
    if (log?.isActive !== true) return true;
    if (cut < final) return false;
    // Not yet: the inputs up to `base` still come by relay. The commit is offered again.
    return log.received >= cut || host.stage(log, base, cut, cells);
  });
}

/** What is held of the active slots of a set of peers. */
export function heldOf(logs: readonly SlotLog[], owners: number): HeldFrame[] {
  return slotsOf(logs, owners).map((log) => ({ slot: log.slot, frame: log.received }));
}

/** Inputs before its own base that a commit brings to a member that is behind. */
const WIDENED_FRAMES = 240;

/**
 * The same decision with the inputs that a member without a vote may lack although all voters held them: nobody relays
 * inputs of a slot that has been taken up again since. And without those that it cannot read.
 * @param startFrame frame of the state that the member came in with: it knows no cell before
 */
export function widened(body: ViewBody, logs: readonly SlotLog[], startFrame: number): ViewBody {
  if (body.cuts.length === 0) return body;
  const cuts = body.cuts.map((cut): SlotCut => {
    const log = logs[cut.slot];
    const first = log === undefined ? 0 : Math.max(0, log.periodStart(cut.cut) - 1);
    const base = Math.min(cut.cut, Math.max(cut.base - WIDENED_FRAMES, first, startFrame));
    // Only what our log still has.
    if (log === undefined || base === cut.base || log.received - base > LOG_FRAMES_KEPT) return cut;
    return { ...cut, base, cells: encodeSlotCells(log.cells, base + 1, cut.cut) };
  });
  return { ...body, cuts };
}
