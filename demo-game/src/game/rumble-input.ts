/** What one player says in one frame: eight bits. */
import { button, defineInput, type InputOf, int } from 'rollmesh';

/** Largest value of `thrust`: a stick pushed all the way. */
export const THRUST_MAX = 3;

/** One byte: where to, how hard, and two buttons. Without thrust the heading is 0, so that an idle stick sends nothing new. */
export const rumbleInput = defineInput({
  /** 0 to 15, see headings.ts. */
  heading: int(0, 15),
  /** 0 (hands off) to 3 (full). */
  thrust: int(0, THRUST_MAX),
  dash: button,
  brake: button,
});

/** See {@link rumbleInput}. */
export type RumbleInput = InputOf<typeof rumbleInput>;
