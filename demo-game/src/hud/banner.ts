/** The big words in the middle: "ROUND 3", "GO!", "ADA TAKES IT". */
import { el } from '../dom.js';
import { css } from '../view/palette.js';

/** One announcement. */
export interface Announcement {
  readonly text: string;
  readonly small?: string;
  /** 0xRRGGBB. */
  readonly color: number;
  /** 'word' slides in and stays a moment, 'count' hits and goes. */
  readonly style: 'word' | 'count';
  readonly ms: number;
}

/** See the head of this file. */
export class Banner {
  readonly element = el('div', { class: 'banner', attributes: { role: 'status' } });
  #timer: ReturnType<typeof setTimeout> | undefined;

  show({ text, small, color, style, ms }: Announcement): void {
    clearTimeout(this.#timer);
    const line = el('div', { class: `banner-text ${style}${text.length > 14 ? ' long' : ''}`, text });
    const parts = small === undefined ? [line] : [line, el('div', { class: 'banner-small', text: small })];
    this.element.style.setProperty('--c', css(color));
    this.element.replaceChildren(...parts);
    this.#timer = setTimeout(() => this.clear(), ms);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.element.replaceChildren();
  }
}
