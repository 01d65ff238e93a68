/** One card per player: mark, name, rounds won, and whether they are still standing. */
import { el } from '../dom.js';
import { PHASE, PLAYERS_MAX, PUCK, ROUNDS_TO_WIN, type RumbleState } from '../game/index.js';
import type { Seat } from '../view/arena-source.js';
import { css, liveryOf } from '../view/palette.js';
import { badge } from './badge.js';

/** How late a player is: see {@link ScoreCards.setLate}. */
export type LateMark = 'late' | 'away' | undefined;

interface Card {
  readonly element: HTMLElement;
  readonly tag: HTMLElement;
  /** What the tag says while its player is there. */
  readonly label: string;
  readonly pips: readonly HTMLElement[];
  /** What is shown, to touch the page only when it changes. */
  shown: string;
}

/** See the head of this file. */
export class ScoreCards {
  readonly element = el('div', { class: 'cards' });
  readonly #cards: Card[] = [];

  /** Lays out a card for each seat: half of them left, half right (above one another on a narrow screen). */
  begin(seats: readonly Seat[]): void {
    this.#cards.length = 0;
    const left = el('div', { class: 'cards-side' });
    const right = el('div', { class: 'cards-side cards-right' });
    const count = seats.filter(({ empty }) => empty !== true).length;
    let laid = 0;
    for (const seat of seats) {
      const card = makeCard(seat);
      this.#cards.push(card);
      if (seat.empty === true) continue;
      (laid < Math.ceil(count / 2) ? left : right).append(card.element);
      laid += 1;
    }
    this.element.dataset['count'] = String(count);
    this.element.replaceChildren(left, right);
  }

  /** Shows the state. */
  follow(state: RumbleState): void {
    for (let slot = 0; slot < Math.min(PLAYERS_MAX, this.#cards.length); slot++) {
      const card = this.#cards[slot] as Card;
      const wins = state.pucks.wins[slot] as number;
      const standing = cardState(state, slot);
      const shown = `${wins} ${standing}`;
      if (shown === card.shown) continue;
      card.shown = shown;
      card.element.dataset['state'] = standing;
      for (const [index, pip] of card.pips.entries()) pip.classList.toggle('won', index < wins);
    }
  }

  /** Marks a player as hard to hear ('late'), or as one whom nobody waits for ('away'). */
  setLate(slot: number, mark: LateMark): void {
    const card = this.#cards[slot];
    if (card === undefined) return;
    card.element.classList.toggle('late', mark !== undefined);
    card.element.classList.toggle('away', mark === 'away');
    card.tag.textContent = mark === 'away' ? 'Late' : card.label;
  }
}

function cardState(state: RumbleState, slot: number): string {
  const status = state.pucks.status[slot];
  if (status === PUCK.absent) return 'gone';
  if (state.phase === PHASE.matchEnd) return state.matchWinner === slot ? 'winner' : 'standing';
  return status === PUCK.standing ? 'standing' : 'out';
}

function makeCard(seat: Seat): Card {
  const pips = Array.from({ length: ROUNDS_TO_WIN }, () => el('i', { class: 'pip' }));
  const name = el('span', { class: 'card-name', text: seat.name });
  const label = seat.mine ? 'You' : seat.bot ? 'Bot' : '';
  const tag = el('span', { class: 'card-tag', text: label });
  const element = el(
    'div',
    { class: seat.mine ? 'card mine' : 'card' },
    badge(seat.livery),
    el(
      'div',
      { class: 'card-text' },
      el('div', { class: 'card-line' }, name, tag),
      el('div', { class: 'pips' }, ...pips),
    ),
  );
  element.style.setProperty('--c', css(liveryOf(seat.livery).color));
  return { element, tag, label, pips, shown: '' };
}
