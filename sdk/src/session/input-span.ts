/** What one owner gave for a slot over a run of frames, as it was encoded: for those who sign it, keep it or compare it. */
import { LOG_FRAMES_KEPT } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import type { InputSpan } from './session-types.js';
import type { SlotLog } from './slot-log.js';

/** Which frames, of whose logs. */
export interface SpanRequest {
  readonly peers: readonly PeerId[];
  /** First frame wanted, and how many at most. */
  readonly first: number;
  readonly countMax: number;
  /** Newest frame that may be given; older ones than it are kept for a while. */
  readonly final: number;
  /** Frames up to this one are not known here. */
  readonly start: number;
}

/** The first run of frames from `first` on that one owner plays in one period; `undefined` if there is none. */
export function inputSpan(log: SlotLog, request: SpanRequest): InputSpan | undefined {
  const { peers, countMax, final, start } = request;
  const first = Math.max(request.first, start + 1, final - LOG_FRAMES_KEPT + 1, 1);
  const last = Math.min(first + countMax - 1, final);
  let from = first;
  while (from <= last && log.controlAt(from) !== 'owner') from += 1;
  if (from > last) return undefined;
  const since = log.periodStart(from);
  let end = from;
  while (end < last && log.periodStart(end + 1) === since) end += 1;
  const owner = peers[log.ownerAt(from)];
  if (owner === undefined) return undefined;
  const { cellBytes, bytes } = log.used;
  const cells = new Uint8Array((end - from + 1) * cellBytes);
  for (let frame = from; frame <= end; frame += 1) {
    const at = log.used.offsetOf(frame);
    cells.set(bytes.subarray(at, at + cellBytes), (frame - from) * cellBytes);
  }
  return { slot: log.slot, owner, epoch: log.epochAt(from), first: from, cells };
}
