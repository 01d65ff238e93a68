/** Everything on top of the arena during a match. It is HTML: sharp on every screen, and readable by a screen reader. */
import type { MatchStats } from 'rollmesh';
import { el, svg } from '../dom.js';
import { type Cue, NOBODY, PHASE, platformOutlook, ROUNDS_TO_WIN, type RumbleState } from '../game/index.js';
import type { Insets } from '../stage-types.js';
import { type Seat, seatLivery } from '../view/arena-source.js';
import { PLACE } from '../view/palette.js';
import { Banner } from './banner.js';
import { NetMark } from './net-mark.js';
import { PauseCurtain } from './pause-curtain.js';
import { Results, type ResultsChoices } from './results.js';
import { type LateMark, ScoreCards } from './score-cards.js';

/** What a player can do in the HUD. */
export interface HudChoices extends ResultsChoices {
  readonly onMute: () => boolean;
  /** Stops the match for all, or lets it go on. */
  readonly onPause: () => void;
  readonly muted: boolean;
}

const FEED_MS = 2600;
/** From the winning push to the table; for those who missed the push. */
const RESULTS_MS = 2300;
const LATE_RESULTS_MS = 3000;

/** See the head of this file. */
export class Hud {
  readonly #root: HTMLElement;
  readonly #cards = new ScoreCards();
  readonly #banner = new Banner();
  readonly #results = new Results();
  readonly #net = new NetMark();
  readonly #curtain = new PauseCurtain(() => this.#choices?.onPause());
  readonly #round = el('div', { class: 'round-name' });
  readonly #fuse = el('i');
  readonly #feed = el('div', { class: 'feed' });
  readonly #waiting = el('div', { class: 'match-waiting', attributes: { role: 'status' } });
  readonly #pad: HTMLElement;
  #seats: readonly Seat[] = [];
  #choices: HudChoices | undefined;
  #resultsTimer: ReturnType<typeof setTimeout> | undefined;
  #shownRound = -1;
  #shownFuse = -1;

  /** @param root where the HUD goes. @param pad the touch pad, shown on touch screens. */
  constructor(root: HTMLElement, pad: HTMLElement) {
    this.#root = root;
    this.#pad = pad;
  }

  /** Opens the HUD for a match. */
  begin(seats: readonly Seat[], choices: HudChoices): void {
    this.#seats = seats;
    this.#choices = choices;
    this.#shownRound = -1;
    this.#cards.begin(seats);
    this.#closeResults();
    this.#banner.clear();
    this.#feed.replaceChildren();
    this.setWaiting(undefined);
    this.#curtain.set(undefined);
    this.#net.element.hidden = true;
    const mute = soundButton(choices);
    const leave = el('button', { class: 'icon-button', text: 'Leave', onClick: choices.onLeave });
    const fuse = el('div', { class: 'fuse' }, this.#fuse);
    this.#root.replaceChildren(
      el('div', { class: 'corner left' }, leave, pauseButton(choices), mute),
      el('div', { class: 'round' }, this.#round, fuse),
      el('div', { class: 'corner right' }, this.#net.element),
      this.#cards.element,
      this.#banner.element,
      this.#feed,
      this.#pad,
      this.#waiting,
      this.#curtain.element,
      this.#results.element,
    );
    this.#countPlayers();
    this.#root.hidden = false;
  }

  /** Somebody came in, or is called something else. */
  reseat(seats: readonly Seat[], state: RumbleState): void {
    this.#seats = seats;
    this.#cards.begin(seats);
    this.#cards.follow(state);
    this.#countPlayers();
    if (!this.#results.element.hidden && this.#choices !== undefined)
      this.#results.open(state, seats, this.#choices);
  }

  #countPlayers(): void {
    this.#root.dataset['players'] = String(this.#seats.filter(({ empty }) => empty !== true).length);
  }

  /** Shows a state; called for each frame, touches the page only when something changed. */
  follow(state: RumbleState): void {
    this.#cards.follow(state);
    this.#results.follow(state);
    const isOver = state.phase === PHASE.matchEnd;
    if (!isOver && this.#resultsTimer !== undefined) this.#closeResults();
    // Whoever came when all was over has heard no announcement of it.
    if (isOver && this.#resultsTimer === undefined) this.#openResults(state, LATE_RESULTS_MS);
    if (state.round !== this.#shownRound) {
      this.#shownRound = state.round;
      this.#round.textContent = `Round ${state.round}`;
    }
    this.#showFuse(state);
  }

  /** The thin bar under the round: how long the platform still holds. */
  #showFuse(state: RumbleState): void {
    const outlook = platformOutlook(state.phase === PHASE.play ? state.phaseFrames : 0);
    const share = state.phase === PHASE.play ? Math.min(1, outlook.framesLeft / 300) : 1;
    const shown = Math.round(share * 100);
    if (shown === this.#shownFuse) return;
    this.#shownFuse = shown;
    this.#fuse.style.transform = `scaleX(${shown / 100})`;
    this.#fuse.classList.toggle('burning', outlook.mood !== 'holding');
  }

  /** Announces what a step announced. */
  cue(cue: Cue, state: RumbleState): void {
    switch (cue.name) {
      case 'round':
        this.#say(`Round ${cue.data.round}`, PLACE.rim, 1500, this.#roundHint(cue.data.round, state));
        break;
      case 'count':
        this.#banner.show({ text: String(cue.data.count), color: PLACE.rim, style: 'count', ms: 760 });
        break;
      case 'go':
        this.#banner.show({ text: 'Go!', color: 0xa4ff3d, style: 'count', ms: 800 });
        break;
      case 'fall':
        this.#note(this.#knockout(cue.data.slot, cue.data.by), seatLivery(this.#seats, cue.data.slot).color);
        break;
      case 'draw':
        this.#say('Draw', 0xe6ecff, 1900, 'Nobody left standing');
        break;
      case 'round-won':
        this.#say(
          `${this.#name(cue.data.slot)} takes it`,
          seatLivery(this.#seats, cue.data.slot).color,
          1900,
        );
        break;
      case 'match-won':
        this.#matchWon(cue.data.slot, state);
        break;
      case 'warning':
        this.#note('The floor is going!', PLACE.warning);
        break;
      default:
        break;
    }
  }

  #roundHint(round: number, state: RumbleState): string | undefined {
    if (round === 1) return `First to ${ROUNDS_TO_WIN} rounds`;
    const leaders = this.#seats.filter((_, slot) => state.pucks.wins[slot] === ROUNDS_TO_WIN - 1);
    const [first] = leaders;
    if (first === undefined) return undefined;
    return leaders.length > 1 ? 'Match point' : `Match point for ${first.name}`;
  }

  #matchWon(slot: number, state: RumbleState): void {
    this.#say(`${this.#name(slot)} wins!`, seatLivery(this.#seats, slot).color, 2400);
    this.#openResults(state, RESULTS_MS);
  }

  #openResults(state: RumbleState, afterMs: number): void {
    clearTimeout(this.#resultsTimer);
    this.#resultsTimer = setTimeout(() => {
      if (this.#choices === undefined) return;
      this.#results.open(state, this.#seats, this.#choices);
      this.#root.classList.add('over');
    }, afterMs);
  }

  #closeResults(): void {
    clearTimeout(this.#resultsTimer);
    this.#resultsTimer = undefined;
    this.#results.close();
    this.#root.classList.remove('over');
  }

  #name(slot: number): string {
    return this.#seats[slot]?.name ?? `Player ${slot + 1}`;
  }

  #knockout(slot: number, by: number): string {
    return by === NOBODY || by === slot
      ? `${this.#name(slot)} fell`
      : `${this.#name(by)} pushed ${this.#name(slot)}`;
  }

  #say(text: string, color: number, ms: number, small?: string): void {
    this.#banner.show({ text, color, ms, style: 'word', ...(small === undefined ? {} : { small }) });
  }

  #note(text: string, color: number): void {
    const note = el('div', { class: 'feed-note', text });
    note.style.setProperty('--c', `#${color.toString(16).padStart(6, '0')}`);
    this.#feed.append(note);
    while (this.#feed.childElementCount > 3) this.#feed.firstElementChild?.remove();
    setTimeout(() => note.remove(), FEED_MS);
  }

  /** Shows the connection. */
  net(stats: MatchStats): void {
    this.#net.follow(stats);
  }

  /** Marks a slot whose player is late. */
  setLate(slot: number, mark: LateMark): void {
    this.#cards.setLate(slot, mark);
  }

  /** Says that all stand still because somebody wants it, and who; `undefined`: nobody does. */
  setPaused(by: string | undefined): void {
    this.#curtain.set(by);
  }

  /** A line over the arena while the match stands still; `undefined` takes it away. */
  setWaiting(text: string | undefined): void {
    this.#waiting.textContent = text ?? '';
    this.#waiting.hidden = text === undefined;
  }

  end(): void {
    this.#closeResults();
    this.#banner.clear();
    this.#root.hidden = true;
  }

  /** What the HUD covers: the arena is framed in the rest. */
  insets(): Insets {
    const insets = this.#measure(window.innerWidth, window.innerHeight);
    // Big words stand in the middle of the arena, wherever that is.
    const middle = (insets.top + window.innerHeight - insets.bottom) / 2;
    this.#root.style.setProperty('--arena-y', `${Math.round(middle)}px`);
    return insets;
  }

  #measure(width: number, height: number): Insets {
    if (this.#root.hidden) return { top: 0, right: 0, bottom: 0, left: 0 };
    if (width > height)
      return { top: height < 480 ? 30 : 52, right: 0, bottom: height < 480 ? 10 : 36, left: 0 };
    const cards = this.#cards.element.getBoundingClientRect();
    const touch = getComputedStyle(this.#pad).display !== 'none';
    return { top: cards.bottom + 8, right: 6, bottom: touch ? Math.min(230, height * 0.27) : 24, left: 6 };
  }
}

/** Two bars. */
function pauseButton({ onPause }: HudChoices): HTMLElement {
  const attributes = { type: 'button', 'aria-label': 'Pause' };
  const button = el('button', { class: 'icon-button', title: 'Pause (P)', attributes, onClick: onPause });
  button.append(svg('0 0 24 24', [{ d: 'M6 5H10V19H6ZM14 5H18V19H14Z', fill: 'currentColor' }]));
  return button;
}

/** A loudspeaker with waves, or with a stroke through it. */
function soundButton({ muted, onMute }: HudChoices): HTMLElement {
  const button = el('button', { class: 'icon-button', attributes: { type: 'button' } });
  const draw = (off: boolean): void => {
    button.setAttribute('aria-label', off ? 'Sound is off' : 'Sound is on');
    button.title = off ? 'Sound is off' : 'Sound is on';
    const line = { fill: 'none', stroke: 'currentColor', 'stroke-width': '1.8', 'stroke-linecap': 'round' };
    const waves = off ? 'M14 8L20 16M20 8L14 16' : 'M14 9A4.5 4.5 0 0 1 14 15M16.5 6.5A8 8 0 0 1 16.5 17.5';
    button.replaceChildren(
      svg('0 0 24 24', [
        { d: 'M3 9.5V14.5H6.5L11 18.5V5.5L6.5 9.5Z', fill: 'currentColor' },
        { d: waves, ...line },
      ]),
    );
  };
  draw(muted);
  button.addEventListener('click', () => draw(onMute()));
  return button;
}
