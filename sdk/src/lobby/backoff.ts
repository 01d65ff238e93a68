/**
 * How long to wait before the next attempt to reach a lobby server.
 *
 * "Full jitter" (Brooker, AWS Architecture Blog, 2015): the whole delay is drawn, not only a part of it, so that
 * the clients of a restarted server do not come back in waves.
 */

/** Widest first delay, in milliseconds. */
export const backoffBaseMs = 250;
/** Widest delay of all, in milliseconds: well below the time for which a server keeps a seat. */
export const backoffLimitMs = 5_000;

/**
 * A delay in milliseconds before attempt `attempt` (0 for the first after a drop).
 * @param random a number in [0, 1).
 */
export function fullJitterMs(attempt: number, random: number): number {
  return random * Math.min(backoffLimitMs, backoffBaseMs * 2 ** Math.min(attempt, 16));
}
