/** The first screen: who are you, and where do you want to play. */
import type { RoomListing } from 'rollmesh';
import { formatRoomCode } from 'rollmesh';
import { el } from '../dom.js';
import { badge } from '../hud/badge.js';
import { logo } from '../hud/logo.js';
import { LIVERIES } from '../view/palette.js';

/** What the menu can set going. */
export interface MenuActions {
  readonly onName: (name: string) => void;
  readonly onLivery: (livery: number) => void;
  readonly onCreate: (isPublic: boolean) => void;
  readonly onJoin: (code: string) => void;
  readonly onPractice: (bots: number) => void;
  readonly onRetry: () => void;
}

/** What the menu starts with. */
export interface MenuProfile {
  readonly name: string;
  readonly livery: number;
}

/** How the lobby is doing. */
export type LobbyMood = 'connecting' | 'online' | 'offline';

/** See the head of this file. */
export class MenuScreen {
  readonly element: HTMLElement;
  readonly #actions: MenuActions;
  readonly #rooms = el('div', { class: 'room-list' });
  readonly #status = el('div', { class: 'lobby-status', attributes: { role: 'status' } });
  readonly #online: HTMLButtonElement[] = [];
  readonly #swatches: HTMLButtonElement[] = [];

  constructor(profile: MenuProfile, actions: MenuActions) {
    this.#actions = actions;
    this.element = el(
      'section',
      { class: 'screen menu' },
      el(
        'header',
        { class: 'menu-head' },
        logo(),
        el('p', {
          class: 'tagline',
          text: 'Neon sumo for two to eight. Push them off before the floor goes.',
        }),
      ),
      el('div', { class: 'menu-columns' }, this.#youPanel(profile), this.#roomsPanel()),
      keysHint(),
    );
    this.showRooms([]);
    this.setMood('connecting');
  }

  #youPanel({ name, livery }: MenuProfile): HTMLElement {
    const input = el('input', {
      class: 'field',
      attributes: { maxlength: '24', autocomplete: 'off', spellcheck: 'false', 'aria-label': 'Your name' },
    });
    input.value = name;
    input.addEventListener('input', () => this.#actions.onName(input.value));
    const hidden = el('input', { attributes: { type: 'checkbox' } });
    hidden.checked = true;
    const create = el('button', {
      class: 'button primary big',
      text: 'Create a room',
      onClick: () => this.#actions.onCreate(hidden.checked),
    });
    this.#online.push(create);
    return el(
      'div',
      { class: 'panel you' },
      el('label', { class: 'label', text: 'Your name' }),
      input,
      el('div', { class: 'label', text: 'Your colour' }),
      this.#swatchRow(livery),
      create,
      el('label', { class: 'check' }, hidden, el('span', { text: 'Anybody may find and join it' })),
      this.#practiceRow(),
    );
  }

  #swatchRow(chosen: number): HTMLElement {
    LIVERIES.forEach(({ name }, index) => {
      const swatch = el(
        'button',
        { class: 'swatch', title: name, attributes: { 'aria-label': name } },
        badge(index),
      );
      swatch.addEventListener('click', () => {
        this.#choose(index);
        this.#actions.onLivery(index);
      });
      this.#swatches.push(swatch);
    });
    this.#choose(chosen);
    return el('div', { class: 'swatches' }, ...this.#swatches);
  }

  #choose(chosen: number): void {
    this.#swatches.forEach((swatch, index) => {
      swatch.classList.toggle('chosen', index === chosen);
      swatch.setAttribute('aria-pressed', String(index === chosen));
    });
  }

  #practiceRow(): HTMLElement {
    const buttons = [1, 3, 7].map((bots) =>
      el('button', {
        class: 'button small',
        text: String(bots),
        attributes: { 'aria-label': `Practice against ${bots} ${bots === 1 ? 'bot' : 'bots'}` },
        onClick: () => this.#actions.onPractice(bots),
      }),
    );
    return el('div', { class: 'practice' }, el('span', { text: 'Practice against bots' }), ...buttons);
  }

  #roomsPanel(): HTMLElement {
    const code = el('input', {
      class: 'field code',
      attributes: {
        maxlength: '12',
        placeholder: 'XXXX-XXXX',
        autocomplete: 'off',
        autocapitalize: 'characters',
        spellcheck: 'false',
        'aria-label': 'Room code',
      },
    });
    const join = el('button', { class: 'button primary', text: 'Join', attributes: { type: 'submit' } });
    this.#online.push(join);
    const form = el('form', { class: 'join-row' }, code, join);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (code.value.trim() === '') code.focus();
      else this.#actions.onJoin(code.value.trim());
    });
    return el(
      'div',
      { class: 'panel rooms' },
      el('div', { class: 'label', text: 'Got a code from a friend?' }),
      form,
      el('div', { class: 'label', text: 'Open rooms' }),
      this.#rooms,
      this.#status,
    );
  }

  /** Shows the public rooms. */
  showRooms(rooms: readonly RoomListing[]): void {
    if (rooms.length === 0) {
      this.#rooms.replaceChildren(
        el('p', { class: 'empty', text: 'None right now. Create one and send the link around.' }),
      );
      return;
    }
    this.#rooms.replaceChildren(...rooms.slice(0, 20).map((room) => this.#roomRow(room)));
  }

  #roomRow(room: RoomListing): HTMLElement {
    const full = room.players >= room.playersMax;
    const label = full ? 'Full' : 'Join';
    const join = el('button', {
      class: 'button small',
      text: label,
      onClick: () => this.#actions.onJoin(room.code),
    });
    join.disabled = full;
    return el(
      'div',
      { class: 'room-row' },
      el('span', { class: 'room-owner', text: room.ownerName }),
      el('span', { class: 'room-code', text: formatRoomCode(room.code) }),
      el('span', { class: 'room-count', text: `${room.players}/${room.playersMax}` }),
      el('span', { class: 'room-note', text: room.started ? 'playing' : '' }),
      join,
    );
  }

  /** Shows how the lobby is doing; without it only practice is possible. */
  setMood(mood: LobbyMood): void {
    for (const button of this.#online) button.disabled = mood !== 'online';
    this.#status.dataset['mood'] = mood;
    this.#rooms.hidden = mood === 'offline';
    if (mood === 'online') this.#status.replaceChildren();
    else if (mood === 'connecting') this.#status.textContent = 'Looking for the lobby \u2026';
    else {
      const retry = el('button', {
        class: 'button small',
        text: 'Try again',
        onClick: this.#actions.onRetry,
      });
      this.#status.replaceChildren('The lobby does not answer. Practice works all the same. ', retry);
    }
  }
}

function keysHint(): HTMLElement {
  const key = (text: string): HTMLElement => el('kbd', { text });
  return el(
    'footer',
    { class: 'keys' },
    el('span', {}, key('W'), key('A'), key('S'), key('D'), ' or arrows: steer'),
    el('span', {}, key('Space'), ' dash'),
    el('span', {}, key('Shift'), ' brake and brace'),
    el('span', { class: 'keys-pad', text: 'A gamepad works too' }),
    el('span', {
      class: 'keys-touch',
      text: 'On a phone: steer with the left thumb, dash and brake with the right',
    }),
  );
}
