/** RUMBLE in neon tubes: strokes, not a font, so that it looks the same everywhere. */
import { svg } from '../dom.js';

/** Stroke and width of each letter; all are 10 high. */
const LETTERS = [
  { d: 'M0 10V0H5A3 3 0 0 1 5 6H0M3.6 6L8 10', width: 8, color: '#1fe3ff' },
  { d: 'M0 0V6.8A3.2 3.2 0 0 0 3.2 10H4.8A3.2 3.2 0 0 0 8 6.8V0', width: 8, color: '#3cb4ff' },
  { d: 'M0 10V0L4.5 5.6L9 0V10', width: 9, color: '#6f8cff' },
  { d: 'M0 4.8V0H4.9A2.4 2.4 0 0 1 4.9 4.8H0V10H5.4A2.6 2.6 0 0 0 5.4 4.8', width: 8, color: '#a56bff' },
  { d: 'M0 0V10H6.6', width: 6.6, color: '#e04fd0' },
  { d: 'M7 0H0V10H7M0 5H5.6', width: 7, color: '#ff3d9a' },
] as const;

const GAP = 3.2;
const MARGIN = 2;

/** The name of the game. */
export function logo(): SVGSVGElement {
  let x = MARGIN;
  const paths: Record<string, string>[] = [];
  for (const { d, width, color } of LETTERS) {
    const common = { d, transform: `translate(${x} ${MARGIN})`, fill: 'none', 'stroke-linecap': 'round' };
    paths.push({ ...common, class: 'tube-glow', stroke: color, 'stroke-linejoin': 'round' });
    paths.push({ ...common, class: 'tube', stroke: color, 'stroke-linejoin': 'round' });
    paths.push({ ...common, class: 'tube-core', stroke: '#fff', 'stroke-linejoin': 'round' });
    x += width + GAP;
  }
  const picture = svg(`0 0 ${x - GAP + MARGIN} ${10 + MARGIN * 2}`, paths);
  picture.setAttribute('class', 'logo');
  picture.setAttribute('role', 'img');
  picture.setAttribute('aria-label', 'Rumble');
  picture.removeAttribute('aria-hidden');
  return picture;
}
