/** How long faults may keep one peer from being heard by another: who is silent for less must not be lost. */
import { PACKET_BYTES_MAX } from '../base/limits.js';
import type { Fault } from './faults.js';
import type { NetworkConditions } from './network-conditions.js';

/** Most steps of one advance in the runs that are drawn at random. */
const STEPS_PER_ADVANCE = 30;
/** A hidden tab's timer fires once a second, in ms, and may be late. */
const HIDDEN_MS = 1200;
/** A burst this many times its mean length comes once in some thousand bursts. */
const BURST_TAIL = 8;

/** How long a peer may be silent when nothing but the usual trouble of its link goes on, in ms. */
export function usualSilenceMs(conditions: NetworkConditions): number {
  const { delayMs, jitterMs = 0, burst } = conditions;
  return 200 + 2 * delayMs + 4 * jitterMs + BURST_TAIL * (burst?.lengthMs ?? 0);
}

/**
 * Longest time, in ms, that these faults may keep `peer` from being heard by `observer`, all of them one after the other.
 * One broken link between two of three or more peers counts for nothing if nothing else silences anybody: others can tell.
 */
export function silenceMsMax(
  faults: readonly Fault[],
  pair: { readonly observer: number; readonly peer: number; readonly peerCount: number },
): number {
  const { observer, peer, peerCount } = pair;
  const silencing = faults.filter((fault) => silenceMsOf(fault) > 0);
  const isAlone = silencing.length === 1 && !faults.some(({ kind }) => kind === 'crash' || kind === 'leave');
  return silencing.reduce((sum, fault) => {
    if (!keepsFromHearing(fault, observer, peer)) return sum;
    return isAlone && peerCount > 2 && isOneLink(fault) ? sum : sum + silenceMsOf(fault);
  }, 0);
}

function isOneLink(fault: Fault): boolean {
  return (
    fault.kind === 'partition' &&
    fault.groups.length === 2 &&
    fault.groups.every((group) => group.length === 1)
  );
}

/** Longest silence by one fault alone, in ms. */
function silenceMsOf(fault: Fault): number {
  switch (fault.kind) {
    case 'freeze':
    case 'sleep':
    case 'partition':
    case 'swizzle':
    case 'loss':
      return fault.forMs;
    case 'mtu':
      // A peer that has much to say again says it in long packets.
      return fault.mtuBytes < PACKET_BYTES_MAX ? fault.forMs : 0;
    case 'bandwidth':
      return (fault.queueBytes * 16_000) / fault.bitsPerSecond + 500;
    case 'gc':
      return 2 * fault.pauseMs;
    case 'cpu':
      return STEPS_PER_ADVANCE * fault.stepMs;
    case 'slow':
      return 20 * fault.factor;
    case 'hidden':
      return HIDDEN_MS;
    case 'jump':
      // Ahead: all seem silent. Back: time stands still until the clock is where it was.
      return Math.abs(fault.byMs);
    default:
      return 0;
  }
}

function keepsFromHearing(fault: Fault, observer: number, peer: number): boolean {
  switch (fault.kind) {
    case 'partition': {
      const groupOf = (one: number): number => fault.groups.findIndex((group) => group.includes(one));
      return groupOf(observer) >= 0 && groupOf(peer) >= 0 && groupOf(observer) !== groupOf(peer);
    }
    case 'swizzle':
      return fault.peers.includes(observer) && fault.peers.includes(peer);
    case 'loss':
    case 'mtu':
    case 'bandwidth':
      return (fault.from ?? peer) === peer && (fault.to ?? observer) === observer;
    default:
      return fault.peer === observer || fault.peer === peer;
  }
}
