/** Joins a running match with picture, sound, HUD and hands, until it is over or left. */
import type { PeerId } from 'rollmesh';
import { playCue } from '../audio/sounds.js';
import type { Synth } from '../audio/synth.js';
import { cueOf } from '../game/index.js';
import type { Hud, HudChoices } from '../hud/hud.js';
import type { RumbleMatch } from '../net/join-match.js';
import type { Stage } from '../stage-types.js';
import type { Seat } from '../view/arena-source.js';

/** What a match is shown with. */
export interface PlayParts {
  readonly match: RumbleMatch;
  readonly seats: readonly Seat[];
  readonly stage: Stage;
  readonly hud: Hud;
  readonly synth: Synth;
  readonly choices: HudChoices;
  /** Names of peers, for notes about them. */
  readonly nameOf: (peer: PeerId) => string;
  readonly note: (text: string, mood: 'plain' | 'good' | 'bad') => void;
}

const NET_MARK_MS = 500;

/** Shows the match. Returns what takes it off the screen again (the match itself goes on until it is left). */
export function playMatch(parts: PlayParts): () => void {
  const { match, seats, stage, hud, synth, choices } = parts;
  const mine = seats.flatMap((seat, slot) => (seat.mine ? [slot] : []));
  hud.begin(seats, choices);
  hud.follow(match.state);
  stage.watch(match, seats);
  const frameInsets = (): void => stage.setInsets(hud.insets());
  // The cards have their places after the next layout.
  const layout = requestAnimationFrame(frameInsets);
  window.addEventListener('resize', frameInsets);
  const netMark = setInterval(() => {
    hud.net(match.stats());
    const { phase } = match.session;
    if (phase === 'paused') hud.setWaiting('The match stands still: somebody lost the connection.');
    if (phase === 'no-quorum')
      hud.setWaiting('You lost the connection to the others. Waiting for them \u2026');
  }, NET_MARK_MS);
  const stops = [
    match.on('frame', () => hud.follow(match.state)),
    match.on('effect', (event) => {
      const cue = cueOf(event);
      stage.show(cue);
      hud.cue(cue, match.state);
      playCue(synth, cue, mine);
      if (
        cue.name === 'hit' &&
        cue.data.impulse > 7 &&
        (mine.includes(cue.data.a) || mine.includes(cue.data.b))
      )
        buzz();
    }),
    ...followPeers(parts),
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

/** Notes about the others: who is slow, who is back, who left; and a line while nobody can move. */
function followPeers({ match, seats, hud, nameOf, note }: PlayParts): (() => void)[] {
  const setLate = (of: PeerId, late: boolean): void => {
    for (const [slot, { peer }] of seats.entries()) if (peer === of) hud.setLate(slot, late);
  };
  return [
    match.on('peer-late', ({ peer }) => {
      setLate(peer, true);
      note(`${nameOf(peer)} is hard to hear.`, 'plain');
    }),
    match.on('peer-back', ({ peer }) => {
      setLate(peer, false);
      note(`${nameOf(peer)} is back.`, 'good');
    }),
    match.on('peer-left', ({ peer, reason }) => {
      note(
        reason === 'left' ? `${nameOf(peer)} left the match.` : `${nameOf(peer)} lost the connection.`,
        'bad',
      );
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
