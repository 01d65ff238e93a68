/**
 * Inputs through third peers: one mechanism for loss, broken links and members that are behind.
 *
 * A peer relays a slot to another if that one does not hear the owner (its reports say so), or lags far behind.
 * Of all who could, the lowest index that hears both does it; the others only step in when the lag grows on.
 */
import type { RemotePeer } from './remote-peer.js';
import type { SlotLog } from './slot-log.js';

/** Lag beyond round trip that a report every eighth packet explains by itself, in frames. */
const NORMAL_LAG_FRAMES = 12;
/** After the match has stood still for so long, no lag is normal any more: whoever lacks an input that we hold gets it, ms. */
export const URGENT_AFTER_MS = 300;

/** What the choice looks at. */
export interface RelayView {
  readonly selfIndex: number;
  readonly logs: readonly SlotLog[];
  readonly remotes: readonly RemotePeer[];
  /** Per peer, the frame that it reported last to hold of each slot. */
  readonly told: readonly Int32Array[];
  /** Peers whose packets arrive here, a bit each. */
  hears: number;
  /** The match stands still. */
  isUrgent: boolean;
}

/** Sets `relaySlot` of every member: the slot to relay to it in the next packet, -1 for none. */
export function chooseRelays(view: RelayView): void {
  for (let index = 0; index < view.remotes.length; index += 1) {
    const to = view.remotes[index] as RemotePeer;
    to.relaySlot = to.member ? slotFor(to, view) : -1;
  }
}

function slotFor(to: RemotePeer, view: RelayView): number {
  const told = view.told[to.index] as Int32Array;
  let worst = -1;
  let worstLag = 0;
  for (let slot = 0; slot < view.logs.length; slot += 1) {
    const log = view.logs[slot] as SlotLog;
    if (log.owner === view.selfIndex || log.owner === to.index) continue;
    const lag = log.lastFrom((told[slot] as number) + 1) - (told[slot] as number);
    if (lag > worstLag && mayRelay(to, log, lag, view)) {
      worst = slot;
      worstLag = lag;
    }
  }
  return worst;
}

function mayRelay(to: RemotePeer, log: SlotLog, lag: number, view: RelayView): boolean {
  const { roundTrip } = to.clock;
  if (view.isUrgent) return true;
  const normal = NORMAL_LAG_FRAMES + (Number.isFinite(roundTrip) ? roundTrip : 0);
  if (to.reported && (to.hears & (1 << log.owner)) === 0)
    return lag > normal * 2 || isDesignated(to, log, view);
  return lag > normal && (lag > normal * 2 || isDesignated(to, log, view));
}

/** True if no other member with a lower index is known to hear the owner and to be heard by the addressee. */
function isDesignated(to: RemotePeer, log: SlotLog, view: RelayView): boolean {
  for (const other of view.remotes) {
    if (other.index >= view.selfIndex) return true;
    if (!other.member || other === to || other.index === log.owner) continue;
    if ((other.hears & (1 << log.owner)) !== 0 && (to.hears & (1 << other.index)) !== 0) return false;
  }
  return true;
}
