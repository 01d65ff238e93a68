/** The newest frame that no later agreement can retract. */
import { PEERS_MAX } from '../base/limits.js';
import type { FrameExchange } from './frame-exchange.js';
import type { SlotLog } from './slot-log.js';

/** What finality depends on. */
export interface FinalityView {
  readonly logs: readonly SlotLog[];
  readonly selfIndex: number;
  readonly exchange: Pick<FrameExchange, 'held' | 'said'>;
}

/** Reused: this runs on many frames. */
const frames = new Int32Array(PEERS_MAX);

/**
 * Highest frame up to `frameConfirmed` such that for each active slot a majority of the voters (owners of active slots,
 * ourselves counted) is known to hold its input: every later view contains one of a majority, so its cut is not before it.
 *
 * A voter knows of every agreement under way: it took part. Who has no vote (a watcher, a substituted owner) counts only
 * what voters said in reports of its own view, because they say nothing beyond what an agreement may still change.
 *
 * @param spare so many more than a majority must hold it, as far as there are so many: then it is so although that many lie
 */
export function finalFrame(view: FinalityView, frameConfirmed: number, spare = 0): number {
  const { logs, selfIndex, exchange } = view;
  let voters = 0;
  for (let slot = 0; slot < logs.length; slot += 1) {
    const log = logs[slot] as SlotLog;
    if (log.isActive) voters |= 1 << log.owner;
  }
  const rows = (voters & (1 << selfIndex)) !== 0 ? exchange.held : exchange.said;
  let final = frameConfirmed;
  for (let slot = 0; slot < logs.length; slot += 1) {
    const log = logs[slot] as SlotLog;
    if (!log.isActive) continue;
    let count = 0;
    let ahead = 0;
    for (let left = voters; left !== 0; left &= left - 1) {
      const voter = 31 - Math.clz32(left & -left);
      const held = voter === selfIndex ? log.received : (rows[voter]?.[log.slot] ?? 0);
      frames[count] = held;
      count += 1;
      if (held >= final) ahead += 1;
    }
    const needed = Math.min(count, (count >> 1) + 1 + spare);
    // Enough hold what the other slots allow, as nearly always: which frame it is does not matter.
    if (ahead >= needed) continue;
    sortDown(count);
    final = frames[needed - 1] as number;
  }
  return final;
}

/** Sorts the first `count` of {@link frames}, the highest first: there are few. */
function sortDown(count: number): void {
  for (let index = 1; index < count; index += 1) {
    const frame = frames[index] as number;
    let at = index;
    for (; at > 0 && (frames[at - 1] as number) < frame; at -= 1) frames[at] = frames[at - 1] as number;
    frames[at] = frame;
  }
}

/** The final frame of a match: a smaller view knows less of who holds what, but what was final stays so. */
export class Finality {
  readonly #view: FinalityView;
  readonly #frameConfirmed: () => number;
  #frame = 0;

  constructor(view: FinalityView, frameConfirmed: () => number) {
    this.#view = view;
    this.#frameConfirmed = frameConfirmed;
  }

  /** All members agreed on the state after `frame`. */
  startAt(frame: number): void {
    this.#frame = frame;
  }

  /** It was wrong beyond `frame`: somebody claimed to hold what it did not. */
  takeBack(frame: number): void {
    this.#frame = Math.min(this.#frame, frame);
  }

  /**
   * Newest frame that is final even if one voter lies about what it holds. Lags behind {@link frame} by the slowest path, and stands
   * still while the link to one of up to four is broken.
   */
  get frameProven(): number {
    return finalFrame(this.#view, this.#frameConfirmed(), 1);
  }

  /** Newest frame that no later agreement of honest peers can retract. */
  get frame(): number {
    const known = finalFrame(this.#view, this.#frameConfirmed());
    if (known > this.#frame) this.#frame = known;
    return this.#frame;
  }
}
