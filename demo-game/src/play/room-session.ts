/** One stay in a room: the screen, the ready check, and the way into each match. */
import type { Member, Room } from 'rollmesh';
import type { Toasts } from '../hud/toasts.js';
import type { Address } from '../net/address.js';
import { nextMatch, type ReadInput, type RumbleMatch, startMatch } from '../net/join-match.js';
import { Roster } from '../net/seats.js';
import { inWords } from '../net/words.js';
import type { Profile } from '../profile.js';
import { RoomScreen } from '../screens/room-screen.js';

/** What a stay needs. */
export interface RoomSessionOptions {
  readonly room: Room;
  readonly address: Address;
  readonly stageReady: Promise<void>;
  readonly profile: Profile;
  readonly toasts: Toasts;
  readonly readInput: ReadInput;
  readonly onMatch: (match: RumbleMatch, roster: Roster) => void;
  /** The player wants to go. */
  readonly onLeave: () => void;
  /** The lobby server does not know the room any more. */
  readonly onLost: (message: string) => void;
}

/** Pause before an automatic start that failed is tried again. */
const RETRY_MS = 2000;

/** See the head of this file. */
export class RoomSession {
  readonly screen: RoomScreen;
  readonly #options: RoomSessionOptions;
  readonly #stops: (() => void)[] = [];
  readonly #ending = new AbortController();
  readonly #roster: Roster;
  /** Ends the present wait for a match, to begin another. */
  #waiting = new AbortController();
  /** The player wants back into a match that they left. */
  #back = false;
  #match: RumbleMatch | undefined;
  #pausing = false;
  #starting = false;
  #loading = true;
  /** `&players=` starts one match; after it people decide. */
  #autoStart: boolean;

  constructor(options: RoomSessionOptions) {
    this.#options = options;
    const { room, address } = options;
    this.#autoStart = address.players !== undefined;
    this.#roster = new Roster(room);
    this.screen = new RoomScreen(room, {
      onReady: (ready) => void room.setReady(ready),
      onStart: () => void this.#start(),
      onBack: () => {
        this.#back = true;
        this.#waiting.abort();
      },
      onBots: (bots) => this.#setBots(bots),
      onChat: (text) => void room.chat(text).catch((error: unknown) => this.#complain(error)),
      onLeave: options.onLeave,
      onCopied: (ok) => ok && options.toasts.show('Invite link copied. Send it to a friend.', 'good'),
    });
    this.#follow(room);
    this.#introduce();
    void options.stageReady.then(() => this.#loaded());
    void this.#waitForMatches();
  }

  /** Back from a match. */
  resume(): void {
    this.#match = undefined;
    this.#pausing = false;
    this.screen.setLeft(true);
    this.#say();
    this.screen.setStarting(false);
  }

  /** Ends the stay on this page; leaving the room is the caller's. */
  end(): void {
    this.#ending.abort();
    this.#waiting.abort();
    for (const stop of this.#stops) stop();
  }

  /** Tells the others who is here. */
  #introduce(): void {
    const { room, address, profile } = this.#options;
    if (room.member(room.self)?.name !== profile.name) void room.setName(profile.name);
    this.#say();
    const free = room.playersMax - room.members.reduce((sum, { localPlayers }) => sum + localPlayers, 0);
    const bots = Math.min(address.bots, free);
    if (bots > 0) void room.setLocalPlayers(1 + bots).catch((error: unknown) => this.#complain(error));
    if (address.players !== undefined || address.bot) void room.setReady(true);
  }

  /** The picture is there: a match may begin. */
  #loaded(): void {
    this.#loading = false;
    if (this.#ending.signal.aborted) return;
    this.#say();
    this.#startIfFull();
  }

  get #playing(): boolean {
    return this.#match !== undefined;
  }

  /** Lets the others know who stopped the match, or that nobody does. */
  setPausing(pausing: boolean): void {
    if (pausing === this.#pausing) return;
    this.#pausing = pausing;
    this.#say();
  }

  #say(): void {
    const { room, address, profile } = this.#options;
    void room.setData({
      livery: profile.livery,
      bot: address.bot,
      playing: this.#playing,
      pausing: this.#pausing,
      slots: this.#match?.localSlots ?? [],
      loading: this.#loading,
    });
  }

  #setBots(bots: number): void {
    const { room } = this.#options;
    if (bots < 0 || bots > 7) return;
    void room.setLocalPlayers(1 + bots).catch((error: unknown) => this.#complain(error));
  }

  #follow(room: Room): void {
    const { toasts, onLost } = this.#options;
    const changed = (): void => {
      this.#roster.look();
      this.screen.refresh();
      this.#startIfFull();
    };
    const tell = (text: string, mood: 'plain' | 'good' | 'bad'): void => {
      if (!this.#playing) toasts.show(text, mood);
    };
    this.#stops.push(
      room.on('member-joined', ({ member }) => {
        tell(`${member.name} is here.`, 'good');
        changed();
      }),
      room.on('member-left', ({ member, reason }) => {
        tell(reason === 'left' ? `${member.name} left.` : `${member.name} lost the connection.`, 'bad');
        changed();
      }),
      room.on('member-away', changed),
      room.on('member-back', changed),
      room.on('member-changed', changed),
      room.on('link-changed', () => this.screen.refresh()),
      room.on('owner-changed', ({ owner }) => {
        if (owner === room.self) tell('You are the host now.', 'plain');
        changed();
      }),
      room.on('chat', ({ name, text }) => this.screen.addChat(name, text)),
      room.on('lobby-offline', () => this.screen.setOffline(true)),
      room.on('lobby-online', () => this.screen.setOffline(false)),
      room.on('room-lost', ({ message }) => onLost(message)),
      room.on('match-starting', ({ included }) => {
        this.screen.setLeft(false);
        if (included) this.screen.setStarting(true);
        else tell('A match starts without you: you were away. You come in as soon as you can.', 'plain');
      }),
      room.on('match-joining', (progress) => this.screen.setJoining(progress)),
    );
  }

  /** For pages that were told when to start. */
  #startIfFull(): void {
    const { room, address } = this.#options;
    const { players } = address;
    if (!this.#autoStart || players === undefined || !room.isOwner || this.#starting || this.#playing) return;
    const here = room.members.filter(({ away }: Member) => !away);
    if (this.#loading || here.some(({ data }) => data['loading'] === true)) return;
    if (here.reduce((sum, { localPlayers }) => sum + localPlayers, 0) >= players) void this.#start();
  }

  async #start(): Promise<void> {
    const { room, readInput } = this.#options;
    if (this.#starting || this.#playing) return;
    this.#starting = true;
    this.screen.setStarting(true);
    try {
      this.#enter(await startMatch(room, readInput));
    } catch (error) {
      this.#complain(error);
      this.screen.setStarting(false);
      setTimeout(() => this.#startIfFull(), RETRY_MS);
    } finally {
      this.#starting = false;
    }
  }

  /** Whoever owns the room may start, and owners change: so everybody always waits for the next match. */
  async #waitForMatches(): Promise<void> {
    const { room, readInput } = this.#options;
    const ending = this.#ending.signal;
    while (!ending.aborted && room.phase === 'open') {
      this.#waiting = new AbortController();
      const { signal } = this.#waiting;
      const back = this.#back;
      this.#back = false;
      try {
        this.#enter(await nextMatch(room, readInput, { signal, back }));
      } catch (error) {
        if (ending.aborted || room.phase !== 'open') return;
        this.screen.setStarting(false);
        if (!signal.aborted) this.#complain(error);
      }
    }
  }

  #enter(match: RumbleMatch): void {
    const { room, onMatch } = this.#options;
    this.#match = match;
    this.screen.setJoining(undefined);
    this.#autoStart = false;
    this.#say();
    void room.setReady(false);
    match.on('peer-joined', ({ peer }) => {
      if (peer === room.self && this.#match === match) this.#say();
    });
    onMatch(match, this.#roster);
  }

  #complain(error: unknown): void {
    if (this.#ending.signal.aborted) return;
    const { title, text } = inWords(error, this.#options.room.code);
    this.#options.toasts.show(`${title}. ${text}`, 'bad');
  }
}
