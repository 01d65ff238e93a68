/** What is told of a cell that came with two values: who said what. */
import type { PeerId } from '../base/peer-id.js';
import type { TwoValues } from './exchange-types.js';
import type { SessionEvents } from './session-types.js';
import type { SlotLog } from './slot-log.js';

/** The event, with both values; called before the log changes. */
export function twoValuesEvent(
  peers: readonly PeerId[],
  { slot, cells }: Pick<SlotLog, 'slot' | 'cells'>,
  about: TwoValues & { readonly frame: number },
): SessionEvents['equivocation'] {
  const { frame, other } = about;
  const sources = about.sources.flatMap((index) => peers[index] ?? []);
  return { type: 'equivocation', slot, frame, sources, values: [cells.cellAt(frame), other.slice()] };
}
