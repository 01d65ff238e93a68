/** What the exchange of frame packets is given, and what it keeps between calls. */
import type { InputDefinition } from '../state/definitions.js';
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

  /** `count` frames from `first` lie at `at`. */
  begin(first: number, count: number, at: number): void {
    this.first = first;
    this.count = count;
    this.at = at;
  }
}
