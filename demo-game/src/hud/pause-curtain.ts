/** What lies over the arena while all stand still because somebody wants it. */
import { el } from '../dom.js';

/** See the head of this file. */
export class PauseCurtain {
  readonly element: HTMLElement;
  readonly #by = el('div', { class: 'pause-by' });

  /** @param onResume somebody at this page wants to go on. */
  constructor(onResume: () => void) {
    const go = el('button', { class: 'button primary', text: 'Go on', onClick: onResume });
    this.element = el(
      'div',
      { class: 'pause', attributes: { role: 'dialog', 'aria-label': 'Paused' } },
      el('div', { class: 'pause-word', text: 'Paused' }),
      this.#by,
      go,
      el('div', { class: 'pause-hint', text: 'or press P. Anybody may.' }),
    );
    this.set(undefined);
  }

  /** Shows who paused ('' if nobody knows); `undefined` opens the curtain. */
  set(by: string | undefined): void {
    this.element.hidden = by === undefined;
    this.#by.textContent = by === undefined || by === '' ? '' : `by ${by}`;
  }
}
