/** The end of a match: who won, how everybody did, and what now. */
import { el } from '../dom.js';
import { PUCK, type RumbleState } from '../game/index.js';
import type { Seat } from '../view/arena-source.js';
import { css, liveryOf } from '../view/palette.js';
import { badge } from './badge.js';

/** What the buttons do. */
export interface ResultsChoices {
  readonly onRematch: () => void;
  readonly onLeave: () => void;
  /** "Back to the room", "Back to the menu". */
  readonly leaveLabel: string;
}

/** See the head of this file. */
export class Results {
  readonly element = el('div', { class: 'results', attributes: { role: 'dialog', 'aria-label': 'Result' } });
  readonly #rows = new Map<number, HTMLElement>();
  #rematch: HTMLButtonElement | undefined;
  #mine: readonly number[] = [];

  constructor() {
    this.element.hidden = true;
  }

  /** Shows the table of a finished match. */
  open(state: RumbleState, seats: readonly Seat[], choices: ResultsChoices): void {
    const winner = seats[state.matchWinner];
    const color = css(liveryOf(winner?.livery ?? 0).color);
    this.element.style.setProperty('--c', color);
    this.#mine = seats.flatMap(({ mine }, slot) => (mine ? [slot] : []));
    this.#rows.clear();
    const order = seats
      .map((seat, slot) => ({
        seat,
        slot,
        wins: state.pucks.wins[slot] as number,
        kos: state.pucks.knockouts[slot] as number,
      }))
      .filter(({ seat }) => seat.empty !== true)
      .sort((a, b) => b.wins - a.wins || b.kos - a.kos || a.slot - b.slot);
    const head = ['', 'Player', 'Rounds', 'Pushes', ''].map((text) => el('span', { text }));
    const table = el('div', { class: 'results-table' }, el('div', { class: 'results-row head' }, ...head));
    for (const { seat, slot, wins, kos } of order) {
      const row = el(
        'div',
        { class: slot === state.matchWinner ? 'results-row first' : 'results-row' },
        badge(seat.livery),
        el('span', { class: 'results-name', text: seat.name }),
        el('span', { class: 'results-wins', text: String(wins) }),
        el('span', { class: 'results-kos', text: String(kos) }),
        el('span', { class: 'results-ready', text: '' }),
      );
      this.#rows.set(slot, row);
      table.append(row);
    }
    const playing = this.#mine.length > 0;
    const rematch = el('button', { class: 'button primary', text: 'Rematch', onClick: choices.onRematch });
    this.#rematch = playing ? rematch : undefined;
    const leave = el('button', { class: 'button', text: choices.leaveLabel, onClick: choices.onLeave });
    this.element.replaceChildren(
      el('div', { class: 'results-small', text: 'The match goes to' }),
      el('div', { class: 'results-winner', text: winner?.name ?? 'nobody' }),
      table,
      el('div', { class: 'results-buttons' }, ...(playing ? [rematch, leave] : [leave])),
    );
    this.element.hidden = false;
  }

  /** Shows who wants a rematch. */
  follow(state: RumbleState): void {
    if (this.element.hidden) return;
    let waiting = 0;
    let present = 0;
    for (const [slot, row] of this.#rows) {
      const gone = state.pucks.status[slot] === PUCK.absent;
      const ready = state.pucks.ready[slot] === 1;
      if (!gone) present += 1;
      if (!gone && !ready) waiting += 1;
      const text = gone ? 'left' : ready ? 'ready' : '';
      const cell = row.lastElementChild;
      if (cell !== null && cell.textContent !== text) cell.textContent = text;
      row.classList.toggle('is-ready', ready);
    }
    const rematch = this.#rematch;
    if (rematch === undefined) return;
    const ready = this.#mine.every((slot) => state.pucks.ready[slot] === 1);
    const alone = this.#rows.size > 1 && present < 2;
    const label = alone ? 'Nobody left' : !ready ? 'Rematch' : `Waiting for ${waiting}`;
    if (rematch.textContent !== label) rematch.textContent = label;
    rematch.disabled = ready || alone;
  }

  close(): void {
    this.element.hidden = true;
  }
}
