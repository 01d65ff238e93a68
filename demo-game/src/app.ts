/** The way through the game: menu, room, match and back. It owns the lobby connection, the room and the match. */
import type { Lobby, PeerId, Room, SdkError } from 'rollmesh';
import { Synth } from './audio/synth.js';
import { Hud } from './hud/hud.js';
import { Toasts } from './hud/toasts.js';
import { Controls } from './input/controls.js';
import { TouchPad } from './input/touch-pad.js';
import type { Address } from './net/address.js';
import { enterRoom, openLobby, type RumbleMatch } from './net/join-match.js';
import { practiceSeats, type Roster, seatsOf } from './net/seats.js';
import { inWords } from './net/words.js';
import { handsOf } from './play/hands.js';
import { botSeed, localMatch, Show } from './play/local-match.js';
import { playMatch, togglePause } from './play/play-match.js';
import { RoomSession } from './play/room-session.js';
import { loadProfile, type Profile, saveProfile } from './profile.js';
import { type LobbyMood, MenuScreen } from './screens/menu-screen.js';
import { type Notice, noticeScreen } from './screens/notice-screen.js';
import type { Stage } from './stage-types.js';
import type { Seat } from './view/arena-source.js';

/** What tests and the curious find in `window.rollmesh`. */
export interface AutomationHandle {
  lobby: Lobby | undefined;
  room: Room | undefined;
  match: RumbleMatch | undefined;
}

declare global {
  interface Window {
    rollmesh: AutomationHandle;
  }
}

/** Elements of the page that the app fills. */
export interface AppParts {
  readonly address: Address;
  readonly stage: Stage;
  /** Settles when the stage has drawn its first picture (at once without one). */
  readonly stageReady: Promise<void>;
  readonly screens: HTMLElement;
  readonly hud: HTMLElement;
  readonly toasts: HTMLElement;
}

/** See the head of this file. */
export class App {
  readonly #parts: AppParts;
  readonly #handle: AutomationHandle = { lobby: undefined, room: undefined, match: undefined };
  readonly #profile: Profile;
  readonly #synth = new Synth();
  readonly #controls = new Controls();
  readonly #hud: Hud;
  readonly #toasts: Toasts;
  readonly #show: Show;
  #menu: MenuScreen | undefined;
  #connecting: Promise<Lobby> | undefined;
  #session: RoomSession | undefined;
  #stopPlaying: () => void = () => {};
  /** Counts the places gone to; an answer that comes late finds that it is somewhere else by now. */
  #place = 0;

  constructor(parts: AppParts) {
    this.#parts = parts;
    window.rollmesh = this.#handle;
    this.#profile = loadProfile();
    if (parts.address.name !== undefined) this.#profile.name = parts.address.name.slice(0, 24);
    this.#synth.muted = this.#profile.muted;
    const pad = new TouchPad();
    this.#controls.add(pad);
    this.#hud = new Hud(parts.hud, pad.element);
    this.#toasts = new Toasts(parts.toasts);
    this.#show = new Show({ ...parts, controls: this.#controls });
  }

  /** Goes where the address says. */
  begin(): void {
    const { room, practice } = this.#parts.address;
    if (room !== undefined) void this.#enter(room, true);
    else if (practice !== undefined) this.#practice(practice);
    else this.#openMenu();
  }

  #showScreen(screen: HTMLElement | undefined): number {
    this.#parts.screens.replaceChildren(...(screen === undefined ? [] : [screen]));
    this.#menu = undefined;
    this.#controls.playing = screen === undefined;
    this.#place += 1;
    return this.#place;
  }

  #notice(notice: Notice): number {
    this.#show.begin();
    return this.#showScreen(noticeScreen(notice));
  }

  // --- menu

  #openMenu(): void {
    this.#setRoomInAddress(undefined);
    this.#show.begin();
    const menu = new MenuScreen(this.#profile, {
      onName: (name) => this.#rename(name),
      onLivery: (livery) => {
        this.#profile.livery = livery;
        saveProfile(this.#profile);
      },
      onCreate: (isPublic) => void this.#enter('new', isPublic),
      onJoin: (code) => void this.#enter(code, true),
      onPractice: (bots) => this.#practice(bots),
      onRetry: () => void this.#followLobby(),
    });
    this.#showScreen(menu.element);
    this.#menu = menu;
    void this.#followLobby();
  }

  #rename(name: string): void {
    if (name.trim() === '') return;
    this.#profile.name = name.trim();
    saveProfile(this.#profile);
  }

  async #followLobby(): Promise<void> {
    const menu = this.#menu;
    const mood = (next: LobbyMood): void => this.#menu?.setMood(next);
    mood('connecting');
    try {
      const lobby = await this.#lobby();
      if (this.#menu !== menu || menu === undefined) return;
      mood(lobby.phase === 'online' ? 'online' : 'connecting');
      lobby.watch({}, ({ rooms }) => this.#menu?.showRooms(rooms));
    } catch {
      mood('offline');
    }
  }

  /** The connection to the lobby, made when it is first needed. */
  #lobby(): Promise<Lobby> {
    if (this.#handle.lobby !== undefined && this.#handle.lobby.phase !== 'closed')
      return Promise.resolve(this.#handle.lobby);
    this.#connecting ??= openLobby(this.#parts.address.lobby, this.#profile.name)
      .then((lobby) => {
        this.#handle.lobby = lobby;
        lobby.on('lobby-online', () => this.#menu?.setMood('online'));
        lobby.on('lobby-offline', () => this.#menu?.setMood('connecting'));
        lobby.on('lobby-closed', ({ error }) => this.#lobbyClosed(error));
        return lobby;
      })
      .finally(() => {
        this.#connecting = undefined;
      });
    return this.#connecting;
  }

  #lobbyClosed(error: SdkError): void {
    this.#menu?.setMood('offline');
    if (this.#menu === undefined && this.#handle.match === undefined)
      this.#toasts.show(inWords(error).title, 'bad');
  }

  // --- room

  async #enter(code: string, isPublic: boolean): Promise<void> {
    const creating = code === 'new';
    const place = this.#notice({
      title: creating ? 'Opening a room' : 'Joining the room',
      text: creating ? 'One moment \u2026' : `Knocking at ${code.toUpperCase()} \u2026`,
      busy: true,
      buttons: [{ label: 'Cancel', onClick: () => this.#openMenu() }],
    });
    try {
      const room = await enterRoom(await this.#lobby(), code, isPublic);
      if (place === this.#place) this.#openRoom(room);
      else await room.leave();
    } catch (error) {
      if (place === this.#place) this.#enterFailed(error, code, isPublic);
    }
  }

  #enterFailed(error: unknown, code: string, isPublic: boolean): void {
    const { title, text, retry } = inWords(error, code === 'new' ? undefined : code);
    const again = { label: 'Try again', primary: true, onClick: () => void this.#enter(code, isPublic) };
    const menu = { label: 'To the menu', primary: !retry, onClick: () => this.#openMenu() };
    const practice = { label: 'Practice', onClick: () => this.#practice(3) };
    this.#notice({ title, text, buttons: retry ? [again, practice, menu] : [menu] });
  }

  #openRoom(room: Room): void {
    this.#handle.room = room;
    this.#setRoomInAddress(room.code);
    const { address } = this.#parts;
    this.#session = new RoomSession({
      room,
      address,
      stageReady: this.#parts.stageReady,
      profile: this.#profile,
      toasts: this.#toasts,
      readInput: handsOf({
        controls: this.#controls,
        seed: botSeed(address),
        botsOnly: address.bot,
        look: () => this.#handle.match,
      }),
      onMatch: (match, roster) => this.#play(match, roster),
      onLeave: () => void this.#leaveRoom(),
      onLost: () => this.#roomLost(),
    });
    this.#showScreen(this.#session.screen.element);
  }

  async #leaveRoom(): Promise<void> {
    this.#session?.end();
    this.#session = undefined;
    const room = this.#handle.room;
    this.#handle.room = undefined;
    this.#openMenu();
    await room?.leave();
  }

  #roomLost(): void {
    if (this.#handle.match !== undefined) {
      this.#toasts.show('The lobby lost this room. The match goes on.', 'plain');
      return;
    }
    this.#session?.end();
    this.#session = undefined;
    this.#handle.room = undefined;
    this.#notice({
      title: 'The room is gone',
      text: 'The lobby does not know it any more. Open a new one and send the new link around.',
      buttons: [
        { label: 'Open a new room', primary: true, onClick: () => void this.#enter('new', true) },
        { label: 'To the menu', onClick: () => this.#openMenu() },
      ],
    });
  }

  /** The address bar shows the link to the room, so that it can be copied from there too. */
  #setRoomInAddress(code: string | undefined): void {
    const url = new URL(location.href);
    if (code === undefined) url.searchParams.delete('room');
    else url.searchParams.set('room', code);
    if (url.href !== location.href) history.replaceState(null, '', url);
  }

  // --- match

  #play(match: RumbleMatch, roster: Roster): void {
    this.#show.end();
    this.#handle.match = match;
    const session = this.#session;
    this.#perform(match, {
      seats: () => seatsOf(match, roster),
      self: this.#handle.room?.self,
      leaveLabel: 'Back to the room',
      leave: () => this.#leaveMatch(match),
      nameOf: (peer) => roster.nameOf(peer),
      pausedBy: () => roster.pausing(),
      onPausing: (pausing) => session?.setPausing(pausing),
    });
    match.on('ended', ({ reason }) => {
      if (this.#handle.match !== match) return;
      if (reason === 'peer-lost') this.#toasts.show('Everybody else is gone: the match is over.', 'bad');
      else if (reason === 'removed' || reason === 'refused' || reason === 'join-failed')
        this.#toasts.show('You were gone too long, and the others did not let you back in.', 'bad');
      else if (reason !== 'left') this.#toasts.show('The connection was lost: the match is over.', 'bad');
      this.#backToRoom();
    });
  }

  async #leaveMatch(match: RumbleMatch): Promise<void> {
    this.#backToRoom();
    await match.leave();
  }

  #backToRoom(): void {
    this.#endMatch();
    const session = this.#session;
    if (session === undefined || this.#handle.room?.phase !== 'open') {
      if (session === undefined) this.#openMenu();
      else this.#roomLost();
      return;
    }
    this.#show.begin();
    session.resume();
    this.#showScreen(session.screen.element);
  }

  #practice(bots: number): void {
    this.#show.end();
    const { address } = this.#parts;
    const match = localMatch({
      address,
      controls: this.#controls,
      playerCount: bots + 1,
      botsOnly: address.bot,
    });
    this.#handle.match = match;
    const seats = practiceSeats(this.#profile.name, this.#profile.livery, bots + 1);
    this.#perform(match, {
      seats: () => seats,
      self: undefined,
      leaveLabel: 'Back to the menu',
      leave: async () => {
        this.#endMatch();
        this.#openMenu();
        await match.leave();
      },
      nameOf: () => 'Somebody',
      pausedBy: () => undefined,
      onPausing: () => {},
    });
  }

  #perform(match: RumbleMatch, ways: Ways): void {
    this.#showScreen(undefined);
    const pause = (): void => togglePause(match, ways.onPausing);
    this.#controls.onPause = pause;
    this.#stopPlaying = playMatch({
      match,
      seats: ways.seats,
      self: ways.self,
      pausedBy: ways.pausedBy,
      stage: this.#parts.stage,
      hud: this.#hud,
      synth: this.#synth,
      nameOf: ways.nameOf,
      note: (text, mood) => this.#toasts.show(text, mood),
      choices: {
        leaveLabel: ways.leaveLabel,
        onLeave: () => void ways.leave(),
        onRematch: () => this.#controls.nudge(),
        onPause: pause,
        muted: this.#profile.muted,
        onMute: () => this.#toggleMute(),
      },
    });
  }

  #toggleMute(): boolean {
    this.#profile.muted = !this.#profile.muted;
    this.#synth.muted = this.#profile.muted;
    saveProfile(this.#profile);
    return this.#profile.muted;
  }

  #endMatch(): void {
    this.#stopPlaying();
    this.#stopPlaying = () => {};
    this.#controls.onPause = () => {};
    this.#handle.match = undefined;
  }
}

/** How a match is left, and what is known of its peers. */
interface Ways {
  readonly seats: () => readonly Seat[];
  /** This page among the peers; undefined without a network. */
  readonly self: PeerId | undefined;
  /** The name of whoever stopped the match, if it is known. */
  readonly pausedBy: () => string | undefined;
  /** This page stops the match, or lets it go on. */
  readonly onPausing: (pausing: boolean) => void;
  readonly leaveLabel: string;
  readonly leave: () => Promise<void>;
  readonly nameOf: (peer: PeerId) => string;
}
