/** A screen with one thing to say: connecting, something went wrong, somebody is gone. */
import { el } from '../dom.js';

/** One way on. */
export interface NoticeButton {
  readonly label: string;
  readonly primary?: boolean;
  readonly onClick: () => void;
}

/** What a notice says. */
export interface Notice {
  readonly title: string;
  readonly text: string;
  /** Something is still going on. */
  readonly busy?: boolean;
  readonly buttons: readonly NoticeButton[];
}

/** Makes the screen. */
export function noticeScreen({ title, text, busy = false, buttons }: Notice): HTMLElement {
  const row = buttons.map(({ label, primary = false, onClick }) =>
    el('button', { class: primary ? 'button primary' : 'button', text: label, onClick }),
  );
  const parts = [
    el('h1', { class: 'notice-title', text: title }),
    el('p', { class: 'notice-text', text }),
    el('div', { class: 'notice-buttons' }, ...row),
  ];
  if (busy) parts.unshift(el('div', { class: 'spinner', attributes: { 'aria-hidden': 'true' } }));
  return el(
    'section',
    { class: 'screen notice' },
    el('div', { class: 'panel', attributes: { role: 'alert' } }, ...parts),
  );
}
