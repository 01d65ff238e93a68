/**
 * What one peer may send us: packets and bytes per second, and a burst, all far above what an honest peer needs. What is
 * beyond is dropped before a byte of it is looked at. A machine that wakes up gets seconds of packets at once: the burst.
 */
import {
  FLOOD_BYTES_BURST,
  FLOOD_BYTES_PER_SECOND,
  FLOOD_PACKETS_BURST,
  FLOOD_PACKETS_PER_SECOND,
} from '../base/limits.js';

const PACKETS = 0;
const BYTES = 1;
const AT = 2;

/** The allowance of one peer. */
export class FloodGuard {
  /** In one typed array: writing doubles there never allocates. */
  readonly #values: Float64Array;

  constructor(nowMs: number) {
    this.#values = new Float64Array([FLOOD_PACKETS_BURST, FLOOD_BYTES_BURST, nowMs]);
  }

  /** True if a packet of so many bytes may be looked at now. */
  allows(byteLength: number, nowMs: number): boolean {
    const values = this.#values;
    const seconds = (nowMs - (values[AT] as number)) / 1000;
    if (seconds > 0) {
      values[AT] = nowMs;
      const packets = (values[PACKETS] as number) + seconds * FLOOD_PACKETS_PER_SECOND;
      const bytes = (values[BYTES] as number) + seconds * FLOOD_BYTES_PER_SECOND;
      values[PACKETS] = packets < FLOOD_PACKETS_BURST ? packets : FLOOD_PACKETS_BURST;
      values[BYTES] = bytes < FLOOD_BYTES_BURST ? bytes : FLOOD_BYTES_BURST;
    }
    if ((values[PACKETS] as number) < 1 || (values[BYTES] as number) < byteLength) return false;
    values[PACKETS] = (values[PACKETS] as number) - 1;
    values[BYTES] = (values[BYTES] as number) - byteLength;
    return true;
  }
}
