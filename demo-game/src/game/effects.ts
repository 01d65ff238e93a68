/** What a step announces to screen and loudspeaker, by name. The session shows each once, however often it steps again. */

/** Data of each effect; positions in arena units from the middle of the platform. */
export interface RumbleEffects {
  /** A round is set up. */
  round: { readonly round: number };
  /** "3", "2", "1". */
  count: { readonly count: number };
  go: { readonly round: number };
  dash: { readonly slot: number; readonly heading: number; readonly x: number; readonly y: number };
  /** Pucks `a` and `b` met at (x, y) with the given impulse along (nx, ny), from a to b. */
  hit: {
    readonly a: number;
    readonly b: number;
    readonly x: number;
    readonly y: number;
    readonly nx: number;
    readonly ny: number;
    readonly impulse: number;
    readonly dash: boolean;
  };
  /** A puck left the platform; `by` is who gets the credit, or NOBODY. */
  fall: { readonly slot: number; readonly by: number; readonly x: number; readonly y: number };
  /** The platform is about to give way, and gives way. */
  warning: { readonly stage: number };
  shrink: { readonly stage: number };
  'round-won': { readonly slot: number; readonly wins: number; readonly round: number };
  draw: { readonly round: number };
  'match-won': { readonly slot: number };
  /** Wants a rematch. */
  ready: { readonly slot: number };
  /** A slot became vacant; a slot was filled. */
  gone: { readonly slot: number; readonly x: number; readonly y: number };
  welcome: { readonly slot: number };
}

/** One announced effect with its data. */
export type Cue = {
  [N in keyof RumbleEffects]: { readonly name: N; readonly data: RumbleEffects[N] };
}[keyof RumbleEffects];

/** An effect event of a match of this game as a typed cue. */
export function cueOf(event: { readonly name: string; readonly data: unknown }): Cue {
  // The data comes from this folder's own `emit` calls; the cast only gives it its type back.
  return { name: event.name, data: event.data } as Cue;
}
