/** The stage as the rest of the page sees it, without Phaser's types. */
import type { Cue } from './game/index.js';
import type { ArenaSource, Seat } from './view/arena-source.js';

/** Parts of the page that the HUD covers, in pixels of the page. */
export interface Insets {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

/** Where matches are drawn. */
export interface Stage {
  /** Draws `source` from now on; `undefined` keeps the last picture. */
  watch(source: ArenaSource | undefined, seats: readonly Seat[]): void;
  /** Shows what a step announced. */
  show(cue: Cue): void;
  setInsets(insets: Insets): void;
  close(): void;
}

/** A stage without a picture, for pages that only play along (`&draw=0`). */
export const darkStage: Stage = {
  watch: () => {},
  show: () => {},
  setInsets: () => {},
  close: () => {},
};
