/** Short notes at the edge of the screen: who left, who is slow, what the lobby does. */
import { el } from '../dom.js';

const TOAST_MS = 4500;
const TOASTS_MAX = 4;

/** See the head of this file. */
export class Toasts {
  readonly #element: HTMLElement;

  /** @param element where toasts appear. */
  constructor(element: HTMLElement) {
    this.#element = element;
  }

  /** Shows a note; `mood` colours its edge. */
  show(text: string, mood: 'plain' | 'good' | 'bad' = 'plain'): void {
    const toast = el('div', { class: `toast ${mood}`, text });
    this.#element.append(toast);
    while (this.#element.childElementCount > TOASTS_MAX) this.#element.firstElementChild?.remove();
    setTimeout(() => {
      toast.classList.add('going');
      setTimeout(() => toast.remove(), 400);
    }, TOAST_MS);
  }
}
