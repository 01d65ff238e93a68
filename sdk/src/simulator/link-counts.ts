/** What happened on a link, in numbers. */
import type { ChannelName } from '../session/session-types.js';

/** What happened on a link, in packets. */
export interface LinkCounts {
  sent: number;
  delivered: number;
  lost: number;
  /** Lost because the link was blocked; not part of `lost`. */
  blocked: number;
  /** Lost because they were longer than the path takes. */
  oversized: number;
  /** Lost because the queue before a narrow link was full. */
  overflowed: number;
  duplicated: number;
  /** Delivered after a packet that was sent later. */
  reordered: number;
  corrupted: number;
  /** `send` returned false. */
  refused: number;
  /** Repeated transmissions of reliable and bulk messages. */
  retransmitted: number;
}

/** What arrives, and where from. The bytes are valid during the call only. */
export type Deliver = (from: number, to: number, channel: ChannelName, bytes: Uint8Array) => void;

/** All zero. */
export function emptyCounts(): LinkCounts {
  return {
    sent: 0,
    delivered: 0,
    lost: 0,
    blocked: 0,
    oversized: 0,
    overflowed: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
    refused: 0,
    retransmitted: 0,
  };
}

/** Adds `counts` to `total`. */
export function addCounts(total: LinkCounts, counts: LinkCounts): void {
  for (const key of Object.keys(total) as (keyof LinkCounts)[]) total[key] += counts[key];
}
