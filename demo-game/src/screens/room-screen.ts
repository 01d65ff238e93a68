/** The room before and between matches: the link to send, who is here, who is ready. */
import type { JoiningProgress, LinkPhase, Member, Room } from 'rollmesh';
import { el } from '../dom.js';
import { badge } from '../hud/badge.js';
import { readMemberData } from '../net/seats.js';

/** What the room screen can set going. */
export interface RoomActions {
  readonly onReady: (ready: boolean) => void;
  readonly onStart: () => void;
  /** Into the match that was left. */
  readonly onBack: () => void;
  readonly onBots: (bots: number) => void;
  readonly onChat: (text: string) => void;
  readonly onLeave: () => void;
  readonly onCopied: (ok: boolean) => void;
}

const CHAT_LINES_MAX = 60;

/** See the head of this file. */
export class RoomScreen {
  readonly element: HTMLElement;
  readonly #room: Room;
  readonly #actions: RoomActions;
  readonly #members = el('ul', { class: 'members' });
  readonly #hint = el('p', { class: 'room-hint', attributes: { role: 'status' } });
  readonly #go = el('button', { class: 'button primary big' });
  readonly #bots = el('span', { class: 'bots-count' });
  readonly #chat = el('div', { class: 'chat-lines', attributes: { 'aria-live': 'polite' } });
  readonly #offline = el('p', { class: 'room-offline' });
  #starting = false;
  #joining: JoiningProgress | undefined;
  /** The match that runs, if one does, was left by this player. */
  #left = false;

  constructor(room: Room, actions: RoomActions) {
    this.#room = room;
    this.#actions = actions;
    this.#go.addEventListener('click', () => this.#pressGo());
    this.element = el('section', { class: 'screen room' }, this.#invitePanel(), this.#membersPanel());
    this.setOffline(false);
  }

  get #self(): Member | undefined {
    return this.#room.member(this.#room.self);
  }

  #invitePanel(): HTMLElement {
    const copy = el('button', {
      class: 'button primary',
      text: 'Copy invite link',
      onClick: () => void this.#copy(),
    });
    return el(
      'div',
      { class: 'panel invite' },
      el('div', { class: 'label', text: 'Room code' }),
      el('div', { class: 'big-code', text: this.#room.code }),
      copy,
      el('div', { class: 'label', text: 'Chat' }),
      this.#chat,
      this.#chatForm(),
    );
  }

  #chatForm(): HTMLElement {
    const input = el('input', {
      class: 'field',
      attributes: {
        maxlength: '200',
        placeholder: 'Say something',
        autocomplete: 'off',
        'aria-label': 'Chat',
      },
    });
    const form = el('form', { class: 'chat-form' }, input);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = input.value.trim();
      input.value = '';
      if (text !== '') this.#actions.onChat(text);
    });
    return form;
  }

  #membersPanel(): HTMLElement {
    const step = (by: number): HTMLElement =>
      el('button', {
        class: 'button small step',
        text: by > 0 ? '+' : '\u2212',
        attributes: { 'aria-label': by > 0 ? 'One bot more' : 'One bot less' },
        onClick: () => this.#actions.onBots((this.#self?.localPlayers ?? 1) - 1 + by),
      });
    return el(
      'div',
      { class: 'panel people' },
      el('div', { class: 'label', text: 'In this room' }),
      this.#members,
      el('div', { class: 'bots-row' }, el('span', { text: 'Bots you bring' }), step(-1), this.#bots, step(1)),
      this.#offline,
      this.#hint,
      this.#go,
      el('button', { class: 'button quiet', text: 'Leave the room', onClick: this.#actions.onLeave }),
    );
  }

  /** Shows the room as it is now. */
  refresh(): void {
    this.#members.replaceChildren(...this.#room.members.map((member, index) => this.#row(member, index)));
    this.#bots.textContent = String((this.#self?.localPlayers ?? 1) - 1);
    const standing = this.#standing();
    this.#hint.textContent = standing.hint;
    this.#go.textContent = standing.label;
    this.#go.disabled = standing.disabled || !this.#offline.hidden;
    this.#go.classList.toggle('waiting', this.#go.disabled);
  }

  /** Whether a start is under way: links are being made. */
  setStarting(starting: boolean): void {
    this.#starting = starting;
    this.refresh();
  }

  /** Shows how far this page is on its way into a match that runs. */
  setJoining(progress: JoiningProgress | undefined): void {
    this.#joining = progress;
    this.refresh();
  }

  /** Whether the player has left the latest match. */
  setLeft(left: boolean): void {
    this.#left = left;
    this.#joining = undefined;
    this.refresh();
  }

  /** Shows that the lobby server is away. */
  setOffline(offline: boolean): void {
    this.#offline.hidden = !offline;
    this.refresh();
    this.#offline.textContent =
      'The lobby is away; it comes back by itself. Those who are connected stay connected.';
  }

  /** Adds a line of chat. */
  addChat(name: string, text: string): void {
    this.#chat.append(el('p', {}, el('b', { text: name }), ` ${text}`));
    while (this.#chat.childElementCount > CHAT_LINES_MAX) this.#chat.firstElementChild?.remove();
    this.#chat.scrollTop = this.#chat.scrollHeight;
  }

  #row(member: Member, index: number): HTMLElement {
    const data = readMemberData(member.data, index);
    const self = member.peer === this.#room.self;
    const tags = [self ? 'you' : '', member.peer === this.#room.owner ? 'host' : '']
      .filter(Boolean)
      .join(', ');
    const bots = member.localPlayers - 1;
    return el(
      'li',
      { class: member.ready ? 'member is-ready' : 'member' },
      badge(data.livery),
      el('span', { class: 'member-name', text: member.name }),
      el('span', { class: 'member-tags', text: tags }),
      el('span', { class: 'member-bots', text: bots > 0 ? `+ ${bots} ${bots === 1 ? 'bot' : 'bots'}` : '' }),
      el('span', { class: 'member-state', text: this.#stateOf(member, data.playing) }),
    );
  }

  #stateOf(member: Member, playing: boolean): string {
    if (member.away) return 'away';
    if (playing) return 'playing';
    if (member.data['loading'] === true) return 'loading \u2026';
    const link: LinkPhase | undefined = this.#room.links.get(member.peer);
    if (member.peer !== this.#room.self && link !== 'open')
      return link === 'lost' ? 'no connection' : 'connecting \u2026';
    if (member.peer === this.#room.owner) return '';
    return member.ready ? 'ready' : 'not ready';
  }

  /** What the big button does now, and why. */
  #standing(): { readonly label: string; readonly hint: string; readonly disabled: boolean } {
    const { members, isOwner } = this.#room;
    const here = members.filter(({ away }) => !away);
    const slots = here.reduce((sum, { localPlayers }) => sum + localPlayers, 0);
    const others = here.filter(({ peer }) => peer !== this.#room.self);
    if (this.#starting) return { label: 'Connecting \u2026', hint: 'Building the arena.', disabled: true };
    if (this.#matchRuns()) return this.#standingOutside();
    const unready = others.filter(({ ready }) => !ready).map(({ name }) => name);
    if (!isOwner) {
      const ready = this.#self?.ready === true;
      const owner = this.#room.member(this.#room.owner)?.name ?? 'the host';
      const hint = ready ? `Waiting for ${owner} to start.` : 'Say when you are ready.';
      return { label: ready ? 'Not ready after all' : "I'm ready", hint, disabled: false };
    }
    if (slots < 2) {
      return {
        label: 'Start',
        hint: 'Waiting for friends. Send them the link, or bring a bot.',
        disabled: true,
      };
    }
    const hint = unready.length > 0 ? `Not ready yet: ${unready.join(', ')}.` : 'Everybody is ready.';
    return { label: unready.length > 0 ? 'Start anyway' : 'Start', hint, disabled: false };
  }

  /** Others play: the way in. */
  #standingOutside(): { readonly label: string; readonly hint: string; readonly disabled: boolean } {
    const { phase, bytesReceived = 0, bytesTotal = 0, reason } = this.#joining ?? {};
    if (this.#left && (phase === undefined || phase === 'failed'))
      return { label: 'Back into the match', hint: 'The match runs on without you.', disabled: false };
    if (phase === 'refused')
      return {
        label: 'Waiting \u2026',
        hint: `${reason ?? 'Not now.'} You are in the next one.`,
        disabled: true,
      };
    if (phase === 'fetching' || phase === 'seating') {
      const share =
        bytesTotal > 0 && phase === 'fetching' ? Math.floor((100 * bytesReceived) / bytesTotal) : 100;
      return { label: `Joining \u2026 ${share} %`, hint: 'A match is running. You come in.', disabled: true };
    }
    const hint = this.#isPaused()
      ? 'The match is paused. You come in when it goes on.'
      : 'A match is running. Asking its players \u2026';
    return { label: 'Joining \u2026', hint, disabled: true };
  }

  #pressGo(): void {
    if (this.#matchRuns()) {
      this.setLeft(false);
      this.#actions.onBack();
      return;
    }
    if (this.#room.isOwner) this.#actions.onStart();
    else this.#actions.onReady(this.#self?.ready !== true);
  }

  #isPaused(): boolean {
    return this.#room.members.some(({ data }) => readMemberData(data, 0).pausing);
  }

  /** Some of those who are here are in a match without us. */
  #matchRuns(): boolean {
    const { members, self } = this.#room;
    return members.some(({ peer, away, data }) => peer !== self && !away && data['playing'] === true);
  }

  async #copy(): Promise<void> {
    const url = this.#room.inviteUrl(location.origin + location.pathname);
    try {
      await navigator.clipboard.writeText(url);
      this.#actions.onCopied(true);
    } catch {
      // Without a secure context there is no clipboard: show the link, ready to be copied by hand.
      window.prompt('Copy this link:', url);
      this.#actions.onCopied(false);
    }
  }
}
