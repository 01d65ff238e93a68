/** Joins a running match with picture, sound, HUD and hands, until it is over or left. */
import type { PeerId } from 'rollmesh';
import { playCue } from '../audio/sounds.js';
import type { Synth } from '../audio/synth.js';
import { type Cue, cueOf } from '../game/index.js';
import type { Hud, HudChoices } from '../hud/hud.js';
import type { LateMark } from '../hud/score-cards.js';
import type { RumbleMatch } from '../net/join-match.js';
import type { Stage } from '../stage-types.js';
import type { Seat } from '../view/arena-source.js';

/** What a match is shown with. */
export interface PlayParts {
  readonly match: RumbleMatch;
  /** Who sits where now; asked again when somebody comes in. */
  readonly seats: () => readonly Seat[];
  /** This page among the peers; undefined without a network. */
  readonly self: PeerId | undefined;
  readonly stage: Stage;
  readonly hud: Hud;
  readonly synth: Synth;
  readonly choices: HudChoices;
  /** Names of peers, for notes about them. */
  readonly nameOf: (peer: PeerId) => string;
  /** The name of whoever stopped the match, if it is known. */
  readonly pausedBy: () => string | undefined;
  readonly note: (text: string, mood: 'plain' | 'good' | 'bad') => void;
}

const NET_MARK_MS = 500;

/** Stops the match for all, or lets it go on. */
export function togglePause(match: RumbleMatch, tell: (pausing: boolean) => void): void {
  const { phase } = match.session;
  // A page that only watches, or that is not in yet, has no say.
  if (match.localSlots.length === 0 || (phase !== 'running' && phase !== 'paused')) return;
  tell(phase === 'running');
  if (phase === 'running') match.pause();
  else match.resume();
}

/** Shows the match. Returns what takes it off the screen again (the match itself goes on until it is left). */
export function playMatch(parts: PlayParts): () => void {
  const { match, stage, hud, choices } = parts;
  const places = new Places(parts);
  hud.begin(places.seats, choices);
  hud.follow(match.state);
  stage.watch(match, places.seats);
  const frameInsets = (): void => stage.setInsets(hud.insets());
  // The cards have their places after the next layout.
  const layout = requestAnimationFrame(frameInsets);
  window.addEventListener('resize', frameInsets);
  const netMark = setInterval(() => hud.net(match.stats()), NET_MARK_MS);
  const stops = [
    match.on('frame', () => hud.follow(match.state)),
    match.on('effect', (event) => showCue(parts, cueOf(event), places.mine)),
    ...followPeers(parts, places),
    ...followPhase(parts),
  ];
  return () => {
    for (const stop of stops) stop();
    cancelAnimationFrame(layout);
    clearInterval(netMark);
    window.removeEventListener('resize', frameInsets);
    hud.end();
    stage.watch(undefined, []);
    stage.setInsets(hud.insets());
  };
}

function showCue({ match, stage, hud, synth }: PlayParts, cue: Cue, mine: readonly number[]): void {
  stage.show(cue);
  hud.cue(cue, match.state);
  playCue(synth, cue, mine);
  if (cue.name !== 'hit' || cue.data.impulse <= 7) return;
  if (mine.includes(cue.data.a) || mine.includes(cue.data.b)) buzz();
}

/** The seats as they are now, and how late each player is. */
class Places {
  seats: readonly Seat[];
  readonly #parts: PlayParts;
  readonly #late = new Map<PeerId, LateMark>();

  constructor(parts: PlayParts) {
    this.#parts = parts;
    this.seats = parts.seats();
  }

  get mine(): readonly number[] {
    return this.seats.flatMap((seat, slot) => (seat.mine ? [slot] : []));
  }

  /** Whether a peer is heard. One that was substituted is back only when it plays again. */
  hear(peer: PeerId, heard: boolean): void {
    if (this.#late.get(peer) !== 'away') this.mark(peer, heard ? undefined : 'late');
  }

  mark(peer: PeerId, late: LateMark): void {
    this.#late.set(peer, late);
    for (const [slot, seat] of this.seats.entries())
      if (seat.peer === peer) this.#parts.hud.setLate(slot, late);
  }

  /** Somebody came in. */
  again(): void {
    const { match, hud, stage, seats } = this.#parts;
    this.seats = seats();
    hud.reseat(this.seats, match.state);
    stage.watch(match, this.seats);
    for (const [peer, late] of this.#late) this.mark(peer, late);
    requestAnimationFrame(() => stage.setInsets(hud.insets()));
  }
}

/** Notes about the others: who is late, who is back, who left, who came; and a line while nobody can move. */
function followPeers({ match, self, hud, nameOf, note }: PlayParts, places: Places): (() => void)[] {
  const known = new Set<PeerId>(match.session.peers);
  return [
    match.on('peer-late', ({ peer }) => places.hear(peer, false)),
    match.on('peer-back', ({ peer }) => places.hear(peer, true)),
    match.on('peer-substituted', ({ peer }) => {
      places.mark(peer, 'away');
      if (peer === self) note('You were away for a moment: the match played on.', 'plain');
      else note(`${nameOf(peer)} is late, the match plays on.`, 'plain');
    }),
    match.on('peer-returned', ({ peer }) => {
      places.mark(peer, undefined);
      note(peer === self ? 'You are back.' : `${nameOf(peer)} is back.`, 'good');
    }),
    match.on('peer-left', ({ peer, reason }) => {
      places.mark(peer, undefined);
      note(
        reason === 'left' ? `${nameOf(peer)} left the match.` : `${nameOf(peer)} lost the connection.`,
        'bad',
      );
    }),
    match.on('peer-joined', ({ peer }) => {
      places.mark(peer, undefined);
      places.again();
      if (peer === self) note('You are in.', 'good');
      else if (known.has(peer)) note(`${nameOf(peer)} is back in the match.`, 'good');
      else note(`${nameOf(peer)} joins the match.`, 'good');
      known.add(peer);
    }),
    ...followStalls(match, (peers) =>
      hud.setWaiting(
        peers === undefined ? undefined : `Waiting for ${peers.map(nameOf).join(' and ')} \u2026`,
      ),
    ),
    match.on('desync', ({ peer, frame }) => {
      note(`This match and ${nameOf(peer)}'s came apart at frame ${frame}. Please start a new one.`, 'bad');
    }),
  ];
}

/** The match as a whole: paused, cut off, on the way back. */
function followPhase({ match, hud, pausedBy }: PlayParts): (() => void)[] {
  let paused = false;
  let progress = '';
  let shown = '';
  const look = (): void => {
    const { phase } = match.session;
    if (phase === 'ended') return;
    const isCut = phase === 'no-quorum' || phase === 'joining' || (phase === 'paused' && !paused);
    hud.setPaused(paused && phase === 'paused' ? (pausedBy() ?? '') : undefined);
    const text =
      phase === 'joining'
        ? `Coming back \u2026${progress}`
        : phase === 'no-quorum'
          ? 'You lost the connection to the others. Waiting for them \u2026'
          : 'The match stands still: somebody lost the connection.';
    const next = isCut ? text : '';
    if (next === shown) return;
    shown = next;
    hud.setWaiting(next === '' ? undefined : next);
  };
  const timer = setInterval(look, PHASE_MS);
  return [
    match.on('match-paused', () => {
      paused = true;
      look();
    }),
    match.on('match-resumed', () => {
      paused = false;
      look();
    }),
    match.on('started', () => {
      paused = false;
      progress = '';
    }),
    match.on('join-progress', ({ bytesReceived, bytesTotal }) => {
      progress = ` ${Math.floor((100 * bytesReceived) / Math.max(1, bytesTotal))} %`;
      look();
    }),
    () => clearInterval(timer),
  ];
}

/** How often the phase is looked at: some of its changes have no event. */
const PHASE_MS = 150;

/** Shorter stalls than this are not worth a word. */
const STALL_SHOWN_MS = 350;

/** Tells about stalls that last. */
function followStalls(
  match: RumbleMatch,
  tell: (waitingFor: readonly PeerId[] | undefined) => void,
): (() => void)[] {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const clear = (): void => clearTimeout(timer);
  return [
    match.on('stalled', ({ waitingFor }) => {
      clear();
      timer = setTimeout(() => tell(waitingFor), STALL_SHOWN_MS);
    }),
    match.on('resumed', () => {
      clear();
      tell(undefined);
    }),
    match.on('peer-left', () => tell(undefined)),
    clear,
  ];
}

function buzz(): void {
  if ('vibrate' in navigator && navigator.userActivation?.hasBeenActive === true) navigator.vibrate(18);
}
