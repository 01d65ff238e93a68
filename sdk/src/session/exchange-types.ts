/** What the exchange of frame packets is given, and what it keeps between calls. */
import type { InputDefinition } from '../state/definitions.js';
import { readCell } from '../wire/input-cells.js';
import type { MatchClock } from './match-clock.js';
import type { SlotLog } from './slot-log.js';

/** A second value for a cell of a log. The bytes are valid during the call. */
export interface TwoValues {
  /** The one that is not in the log. */
  readonly other: Uint8Array;
  /** Indexes of the peers it came from, or both did. */
  readonly sources: readonly number[];
}

/** What the exchange needs to know about the match. */
export interface ExchangeOptions {
  readonly input: Pick<InputDefinition<unknown>, 'isValid'>;
  readonly matchKey: number;
  readonly logs: readonly SlotLog[];
  readonly ownLogs: readonly SlotLog[];
  /** Frames beyond this may still change their meaning: we hold them, and do not say so. */
  readonly peerCount: number;
  readonly confirmLimit: () => number;
  /** Called when a simulated frame was stepped with another input than arrived. */
  readonly onWrong: (frame: number) => void;
  /** Called once for each cell that arrived with a second value and is newer than those reported before; `sources`: indexes in `peers`. */
  readonly onEquivocation: (log: SlotLog, frame: number, found: TwoValues) => void;
}

/** What an outgoing packet says besides inputs. */
export interface OutgoingFacts {
  readonly clock: MatchClock;
  /** Newest frame stepped. */
  frame: number;
  report: boolean;
  /** Delay that we want for our own inputs. */
  delayFrames: number;
  viewId: number;
  /** Peers whose packets arrive here, a bit each. */
  hears: number;
}

/** Where cells lie in a packet, and the newest simulated frame. One is reused: an object per packet would be garbage each frame. */
export class CellWalk {
  first = 0;
  count = 0;
  at = 0;
  simulated = 0;
  confirmed = 0;
  /** A second value was told of. */
  isTold = false;
  /** What is left of a group of eight cells: which of them differ, and how many there are. */
  bits = 0;
  left = 0;

  /** `count` frames from `first` lie at `at`. */
  begin(first: number, count: number, at: number): void {
    this.first = first;
    this.count = count;
    this.at = at;
    this.bits = 0;
    this.left = 0;
  }

  /**
   * Passes over frames of one slot as long as they say what its log holds: nearly all do, since a packet repeats what is not
   * acknowledged yet.
   * @param cell that of the frame before, then that of the last frame passed over
   */
  passHeld({ cells, received }: SlotLog, bytes: Uint8Array, cell: Uint8Array): void {
    const { bytes: held, cellBytes: size, mask } = cells;
    let { first, at, bits, left } = this;
    const last = first + this.count - 1;
    const end = last < received ? last : received;
    for (; first <= end; first += 1) {
      if (left === 0) {
        bits = bytes[at++] as number;
        left = 8;
      }
      const isChanged = (bits & 1) !== 0;
      const next = isChanged ? readCell(bytes, at, cell) : at;
      const place = (first & mask) * size;
      let index = 0;
      while (index < size && held[place + index] === cell[index]) index += 1;
      if (index < size) {
        // It is the XOR with the frame before: once more takes it back.
        if (isChanged) readCell(bytes, at, cell);
        break;
      }
      at = next;
      bits >>= 1;
      left -= 1;
    }
    this.count -= first - this.first;
    this.first = first;
    this.at = at;
    this.bits = bits;
    this.left = left;
  }
}
