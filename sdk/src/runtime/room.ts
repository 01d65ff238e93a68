/**
 * A room: who is in it, the links between its members, and the matches they play.
 *
 * The lobby server introduces members and carries their offers and answers; links and matches live on without it.
 */
import { Emitter } from '../base/emitter.js';
import { requireArgument, SdkError } from '../base/errors.js';
import type { JsonObject } from '../base/json.js';
import type { PeerId } from '../base/peer-id.js';
import type { LobbyConnection, LobbyPush, LobbyRequest } from '../lobby/lobby-connection.js';
import { formatRoomCode, type RoomEventMessage, type RoomSnapshot } from '../lobby/lobby-protocol.js';
import { type Member, RoomRecord, type RoomRecordEvent } from '../lobby/room-record.js';
import type { Game } from '../session/game.js';
import type { ChannelFacts } from '../transport/channel-facts.js';
import type { Signal, SignalChannel } from '../transport/signal-channel.js';
import type { LinkPhase, TransportEvents } from '../transport/transport.js';
import { ignorable } from './abort.js';
import { LinkRetries } from './link-retries.js';
import type { Match } from './match.js';
import type { NextMatchOptions, StartMatchOptions } from './match-start.js';
import type { Alarm, PageClock } from './page-clock.js';
import { RoomMatches } from './room-matches.js';
import type { MeshTransport, Room, RoomEvents, RoomPhase, TransportFactory } from './room-types.js';
import { runAll } from './run-all.js';

/** What a room needs of the lobby it belongs to. */
export interface RoomHost {
  readonly connection: LobbyConnection;
  readonly createTransport: TransportFactory;
  readonly clock: PageClock;
  readonly now: () => number;
  /** Called once, when the room was left. */
  readonly onLeft: () => void;
}

/** How often the mesh gets its time while no match runs faster, in milliseconds. */
const meshPollMs = 50;

/** See {@link Room}. */
export class LiveRoom implements Room {
  readonly self: PeerId;
  readonly #host: RoomHost;
  readonly #record: RoomRecord;
  readonly #emitter = new Emitter<RoomEvents>();
  readonly #signalListeners = new Set<(from: PeerId, signal: Signal) => void>();
  readonly #transport: MeshTransport;
  readonly #matches: RoomMatches;
  readonly #pollAlarm: Alarm;
  readonly #retries = new LinkRetries();
  /** Requests under way that change the number of local players. */
  #countsAsked = 0;
  #phase: RoomPhase = 'open';
  #leaving: Promise<void> | undefined;

  constructor(host: RoomHost, snapshot: RoomSnapshot, self: PeerId) {
    this.#host = host;
    this.self = self;
    this.#record = new RoomRecord(snapshot, self);
    this.#transport = host.createTransport(this.#signalChannel());
    this.#transport.on('link-changed', (event) => this.#noteLink(event));
    this.#pollAlarm = host.clock.alarm(() => this.#keepTime());
    this.#pollAlarm.at(host.now());
    this.#matches = new RoomMatches({
      self,
      transport: this.#transport,
      clock: host.clock,
      now: host.now,
      nameOf: (peer) => this.member(peer)?.name ?? 'a player who left',
      latestStart: () => this.#record.match,
      members: () => this.#record.members,
      onJoining: (progress) => this.#emitter.emit('match-joining', { type: 'match-joining', ...progress }),
      onPeersChanged: () => {
        if (this.#phase === 'open') this.#followMembers();
      },
    });
    this.#followMembers();
  }

  get phase(): RoomPhase {
    return this.#phase;
  }

  get code(): string {
    return formatRoomCode(this.#record.code);
  }

  get owner(): PeerId {
    return this.#record.owner;
  }

  get isOwner(): boolean {
    return this.#record.owner === this.self;
  }

  get members(): readonly Member[] {
    return this.#record.members;
  }

  get playersMax(): number {
    return this.#record.playersMax;
  }

  get public(): boolean {
    return this.#record.public;
  }

  get metadata(): JsonObject {
    return this.#record.metadata;
  }

  get links(): ReadonlyMap<PeerId, LinkPhase> {
    return this.#transport.links;
  }

  get match(): Match | undefined {
    return this.#matches.current;
  }

  on<K extends keyof RoomEvents>(type: K, listener: (event: RoomEvents[K]) => void): () => void {
    return this.#emitter.on(type, listener);
  }

  member(peer: PeerId): Member | undefined {
    return this.#record.member(peer);
  }

  async channelFacts(peer: PeerId): Promise<ChannelFacts | undefined> {
    return this.#transport.channelFacts?.(peer);
  }

  inviteUrl(base: string | URL | undefined = globalThis.location?.href): string {
    requireArgument(
      base !== undefined,
      'inviteUrl: there is no page whose address could be used. Pass a base URL.',
    );
    const url = new URL(base);
    url.searchParams.set('room', this.code);
    return url.href;
  }

  setReady(ready: boolean): Promise<void> {
    return this.#ask({ t: 'me', ready });
  }

  setName(name: string): Promise<void> {
    this.#host.connection.name = name;
    return this.#ask({ t: 'me', name });
  }

  setData(data: JsonObject): Promise<void> {
    return this.#ask({ t: 'me', data });
  }

  setLocalPlayers(count: number): Promise<void> {
    const asked = this.#ask({ t: 'me', localPlayers: count });
    this.#countsAsked += 1;
    const settled = (): void => {
      this.#countsAsked -= 1;
    };
    asked.then(settled, settled);
    return asked;
  }

  setMetadata(metadata: JsonObject): Promise<void> {
    return this.#ask({ t: 'set', metadata });
  }

  setPublic(isPublic: boolean): Promise<void> {
    return this.#ask({ t: 'set', public: isPublic });
  }

  chat(text: string): Promise<void> {
    return this.#ask({ t: 'chat', text });
  }

  startMatch<S, I>(game: Game<S, I>, options: StartMatchOptions<I>): Promise<Match<S, I>> {
    const playerCount = this.members.reduce(
      (sum, { away, localPlayers }) => sum + (away ? 0 : localPlayers),
      0,
    );
    if (playerCount > game.playersMax) {
      return Promise.reject(
        new SdkError(
          'invalid-argument',
          `startMatch: the room has ${playerCount} players, the game "${game.id}" takes ${game.playersMax}. Create the room with playersMax ${game.playersMax}.`,
        ),
      );
    }
    return this.#matches.start(game, options, (request) => this.#ask(request));
  }

  nextMatch<S, I>(game: Game<S, I>, options: NextMatchOptions<I>): Promise<Match<S, I>> {
    if (this.#phase !== 'open') return Promise.reject(this.#notOpen());
    const { localPlayers } = options;
    if (localPlayers !== undefined && localPlayers !== this.member(this.self)?.localPlayers)
      void this.setLocalPlayers(localPlayers);
    return this.#matches.next(game, options);
  }

  leave(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  /** A message of the server for this room. */
  hear(message: LobbyPush): void {
    if (this.#phase !== 'open' || message.t === 'rooms-diff') return;
    if (message.t !== 'sig') this.#follow(message);
    else for (const listener of this.#signalListeners) listener(message.from, message.signal);
  }

  /** The session at the lobby server stands again; `snapshot` is undefined if the seat in this room is gone. */
  comeBack(snapshot: RoomSnapshot | undefined, message: string): void {
    if (this.#phase !== 'open') return;
    if (snapshot === undefined) this.lose(message);
    else {
      this.#emitter.emit('lobby-online', { type: 'lobby-online' });
      this.#tell(this.#record.replace(snapshot));
    }
  }

  /** The connection to the lobby server dropped. */
  goOffline(): void {
    if (this.#phase === 'open') this.#emitter.emit('lobby-offline', { type: 'lobby-offline' });
  }

  /** The lobby server will not know this room again. */
  lose(message: string): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'lost';
    this.#matches.refuseWaiting(this.#notOpen());
    this.#emitter.emit('room-lost', { type: 'room-lost', message });
  }

  /** The page goes away: the others should see a goodbye, not a silence. */
  sayGoodbye(): void {
    void this.#matches.leave();
    this.#transport.close();
  }

  #signalChannel(): SignalChannel {
    return {
      self: this.self,
      sendSignal: (to, signal) => {
        if (this.#phase === 'open') this.#host.connection.signal({ t: 'sig', to, signal });
      },
      onSignal: (listener) => {
        this.#signalListeners.add(listener);
        return () => this.#signalListeners.delete(listener);
      },
    };
  }

  #follow(message: RoomEventMessage): void {
    const events = this.#record.apply(message);
    if (events === 'gap') void this.#sync();
    else this.#tell(events);
  }

  async #sync(): Promise<void> {
    try {
      const reply = await this.#host.connection.request({ t: 'sync' });
      if (reply.t === 'snapshot' && this.#phase === 'open') this.#tell(this.#record.replace(reply.room));
    } catch {
      // The next event of the room shows the same gap and asks again.
    }
  }

  #tell(events: readonly RoomRecordEvent[]): void {
    this.#followMembers();
    for (const event of events) {
      if (event.type === 'match-starting' && event.included && this.#record.match !== undefined)
        this.#matches.offer(this.#record.match);
    }
    runAll(events.map((event) => () => this.#emitter.emit(event.type, event as never)));
  }

  #noteLink(event: TransportEvents['link-changed']): void {
    if (event.phase === 'open') this.#retries.succeeded(event.peer);
    if (event.phase === 'lost') this.#retries.lost(event.peer, this.#host.now());
    this.#emitter.emit('link-changed', event);
  }

  #keepTime(): void {
    const nowMs = this.#host.now();
    this.#pollAlarm.at(nowMs + meshPollMs);
    this.#transport.poll(nowMs);
    // Whoever has just said how many players it brings wants that many slots.
    if (this.#countsAsked === 0) this.#matches.poll(nowMs);
    if (this.#phase === 'open' && this.#retries.due(nowMs)) this.#followMembers();
  }

  /** Wants links to all members and to everybody in the match; lost ones begin anew. */
  #followMembers(): void {
    const wanted = new Set([...this.members.map(({ peer }) => peer), ...this.#matches.peers]);
    wanted.delete(this.self);
    this.#retries.retain([...wanted]);
    this.#transport.setPeers([...wanted]);
  }

  #ask(request: LobbyRequest): Promise<void> {
    if (this.#phase !== 'open') return ignorable(Promise.reject(this.#notOpen()));
    return ignorable(this.#host.connection.request(request, this.#record.code).then(() => {}));
  }

  async #leave(): Promise<void> {
    const wasOpen = this.#phase === 'open';
    this.#phase = 'left';
    this.#matches.refuseWaiting(this.#notOpen());
    await this.#matches.leave();
    // Offline there is nobody to tell: the server gives the seat up by itself.
    const told = wasOpen && this.#host.connection.phase === 'online';
    if (told) await this.#host.connection.request({ t: 'leave' }).catch(() => {});
    this.#pollAlarm.stop();
    this.#transport.close();
    this.#host.onLeft();
  }

  #notOpen(): SdkError {
    const why = this.#phase === 'left' ? 'it was left' : 'the lobby server does not know it any more';
    return new SdkError(
      'not-in-room',
      `Room ${this.code} cannot be used: ${why}. Create a room or join one.`,
    );
  }
}
