/** What the drawing needs of a match, and who sits where. A `Match` of the SDK satisfies it as it is. */
import type { PeerId } from 'rollmesh';
import type { RumbleState } from '../game/index.js';
import { type Livery, liveryOf } from './palette.js';

/** Two neighbouring states and where between them drawing is. */
export interface ArenaSource {
  readonly state: RumbleState;
  readonly statePrevious: RumbleState;
  /** 0 (previous) to 1 (state). */
  readonly alpha: number;
  readonly frameCurrent: number;
  /** Who plays each slot; absent where it does not matter. */
  readonly session?: { readonly slots: readonly ('active' | 'substituted' | 'vacant')[] };
}

/** One slot of a match as people see it. */
export interface Seat {
  readonly name: string;
  /** Index of its livery. */
  readonly livery: number;
  /** A person at this page steers it. */
  readonly mine: boolean;
  readonly bot: boolean;
  /** Nobody has this slot: it stands between others that are taken. */
  readonly empty?: boolean;
  /** The page that plays it; undefined when there is no network. */
  readonly peer?: PeerId;
}

/** Livery of a seat; a slot without a seat wears the livery of its number. */
export function seatLivery(seats: readonly Seat[], slot: number): Livery {
  return liveryOf(seats[slot]?.livery ?? slot);
}
