/** Where the inputs of a packet begin, for an addressee that acknowledged none for longer than a packet reaches. */
import { LOG_FRAMES_KEPT, PACKET_FRAMES_MAX } from '../base/limits.js';
import type { RemotePeer } from './remote-peer.js';
import type { SlotLog } from './slot-log.js';

/**
 * First frame to send to a peer that is more than {@link PACKET_FRAMES_MAX} frames behind with its acknowledgements. Those cover what came
 * from us; through third peers it may have more.
 * @param held per slot, the last frame it is known to hold
 * @param newest our newest input
 */
export function firstFrameBehind(
  to: RemotePeer,
  held: Int32Array,
  own: readonly SlotLog[],
  newest: number,
): number {
  let least = newest;
  for (const { slot } of own) least = Math.min(least, held[slot] as number);
  const latest = newest - PACKET_FRAMES_MAX + 1;
  // A link that was broken for long: what the others relayed need not come again before what is new.
  if (least >= latest - 1) return latest;
  if (newest - to.acked <= LOG_FRAMES_KEPT) return to.acked + 1;
  // Our log has no longer what comes next: it got it through a third peer, or it is lost.
  if (!to.isActive && newest - least > LOG_FRAMES_KEPT) to.isDeaf = true;
  return latest;
}
