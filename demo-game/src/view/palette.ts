/** The colours of Rumble. A player is known by colour *and* mark, so that nobody depends on telling two hues apart. */

/** The shape drawn on a puck. */
export type Mark = 'triangle' | 'square' | 'circle' | 'cross' | 'diamond' | 'star' | 'hexagon' | 'bars';

/** One player's looks. */
export interface Livery {
  /** What a player calls it. */
  readonly name: string;
  /** 0xRRGGBB. */
  readonly color: number;
  readonly mark: Mark;
}

/** One livery for each of the eight slots; any order of them is told apart at arm's length on a phone. */
export const LIVERIES: readonly Livery[] = [
  { name: 'Cyan', color: 0x1fe3ff, mark: 'triangle' },
  { name: 'Pink', color: 0xff3d9a, mark: 'circle' },
  { name: 'Lime', color: 0xa4ff3d, mark: 'square' },
  { name: 'Amber', color: 0xffb224, mark: 'diamond' },
  { name: 'Violet', color: 0xa06bff, mark: 'star' },
  { name: 'Scarlet', color: 0xff5340, mark: 'cross' },
  { name: 'Azure', color: 0x3f86ff, mark: 'hexagon' },
  { name: 'Silver', color: 0xe6ecff, mark: 'bars' },
];

/** Colours of the place itself. */
export const PLACE = {
  void: 0x04050d,
  floor: 0x0b1030,
  floorDeep: 0x060919,
  tile: 0x243082,
  rim: 0x4bd6ff,
  rimSide: 0x123a78,
  warning: 0xff2d55,
} as const;

/** The livery of a slot or of a choice (0 to 7; others wrap around). */
export function liveryOf(index: number): Livery {
  return LIVERIES[((index % LIVERIES.length) + LIVERIES.length) % LIVERIES.length] as Livery;
}

/** Mixes two 0xRRGGBB colours; `share` 0 gives the first, 1 the second. */
export function mix(from: number, to: number, share: number): number {
  const t = share < 0 ? 0 : share > 1 ? 1 : share;
  const r = ((from >> 16) & 255) + (((to >> 16) & 255) - ((from >> 16) & 255)) * t;
  const g = ((from >> 8) & 255) + (((to >> 8) & 255) - ((from >> 8) & 255)) * t;
  const b = (from & 255) + ((to & 255) - (from & 255)) * t;
  return (Math.round(r) << 16) | (Math.round(g) << 8) | Math.round(b);
}

/** `rgba(...)` for CSS and canvas. */
export function css(color: number, alpha = 1): string {
  return `rgba(${(color >> 16) & 255}, ${(color >> 8) & 255}, ${color & 255}, ${alpha})`;
}
