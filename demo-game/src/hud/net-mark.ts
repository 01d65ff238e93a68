/** How good the connection is, in one small corner: bars, round trip, and how deep the last rollbacks went. */
import type { MatchStats } from 'rollmesh';
import { el } from '../dom.js';

/** Round trips up to these, in ms, get four, three and two bars. */
const GRADES_MS = [70, 140, 240] as const;

/** See the head of this file. */
export class NetMark {
  readonly element: HTMLElement;
  readonly #bars: readonly HTMLElement[];
  readonly #text = el('span', { class: 'net-text' });
  #rollbacks = 0;
  #rollbackFrames = 0;

  constructor() {
    this.#bars = [0, 1, 2, 3].map(() => el('i'));
    this.element = el(
      'div',
      { class: 'net-mark' },
      el('span', { class: 'net-bars' }, ...this.#bars),
      this.#text,
    );
  }

  /** Shows the numbers of about the last half second. */
  follow(stats: MatchStats): void {
    this.element.hidden = stats.peers.length === 0;
    if (stats.peers.length === 0) return;
    const rtt = Math.round(Math.max(...stats.peers.map(({ rttMs }) => rttMs)));
    const loss = Math.max(...stats.peers.map(({ lossPerMille }) => lossPerMille)) / 10;
    const rollbacks = stats.rollbacks - this.#rollbacks;
    const frames = stats.rollbackFrames - this.#rollbackFrames;
    this.#rollbacks = stats.rollbacks;
    this.#rollbackFrames = stats.rollbackFrames;
    const depth = rollbacks > 0 ? Math.round(frames / rollbacks) : 0;
    const grade = GRADES_MS.filter((limit) => rtt <= limit).length + 1 - (loss > 8 ? 1 : 0);
    for (const [index, bar] of this.#bars.entries()) bar.classList.toggle('on', index < grade);
    this.element.dataset['grade'] = String(grade);
    this.#text.textContent = `${rtt} ms \u21ba ${depth}`;
    this.element.title = `Slowest round trip ${rtt} ms, ${loss.toFixed(0)} % lost; the last corrections went back ${depth} frames. Input delay ${stats.inputDelayFrames} frames.`;
  }
}
