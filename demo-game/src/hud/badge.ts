/** A player's colour and mark as HTML. */
import { el, svg } from '../dom.js';
import { markPath } from '../view/marks.js';
import { css, liveryOf } from '../view/palette.js';

/** A round badge in a livery (0 to 7). */
export function badge(livery: number): HTMLElement {
  const { color, mark, name } = liveryOf(livery);
  const picture = svg('-12 -12 24 24', [{ d: markPath(mark, 6), fill: 'currentColor' }]);
  const element = el('span', { class: 'badge', title: name }, picture);
  element.style.setProperty('--c', css(color));
  return element;
}
