/** Connects a page to a lobby server: who plays where, and the way into a room. */
import { Emitter } from '../base/emitter.js';
import { requireArgument, SdkError } from '../base/errors.js';
import type { PeerId } from '../base/peer-id.js';
import { LobbyConnection, type LobbyPush, type LobbyRequest } from '../lobby/lobby-connection.js';
import { notARoomCode } from '../lobby/lobby-errors.js';
import {
  isLobbyPeerId,
  type JoinedMessage,
  LOBBY_LIMITS,
  LOBBY_PATH,
  type MemberRole,
  normalizeRoomCode,
  PEER_ID_BYTES,
  peerIdFromBytes,
  type ReplyMessage,
  type RoomFilter,
  type RoomListing,
  type WelcomeMessage,
} from '../lobby/lobby-protocol.js';
import type { LobbySocketConstructor } from '../lobby/lobby-socket.js';
import { createMesh } from '../transport/mesh.js';
import { unlessAborted } from './abort.js';
import type {
  ConnectLobbyOptions,
  CreateRoomOptions,
  JoinRoomOptions,
  ListRoomsOptions,
  Lobby,
  LobbyEvents,
} from './lobby-types.js';
import { PageClock } from './page-clock.js';
import { LiveRoom } from './room.js';
import type { Room, TransportFactory } from './room-types.js';
import { type RoomListChange, RoomWatch } from './room-watch.js';
import { runAll } from './run-all.js';
import { claimPeerId, keepIdentity, recallIdentity } from './tab-identity.js';

/** Most members of a room, spectators included. */
const membersMax = LOBBY_LIMITS.playersMaxMax + LOBBY_LIMITS.spectatorsMax;
/** Waits for the server to let go of the page that this one follows, in milliseconds; after the last it is a new player. */
const farewellWaitsMs = [150, 400, 1000] as const;
/** Most messages kept for a room that is just being entered. */
const earlyMessagesMax = 256;
/** Most rooms that one `list` collects. */
const listLimitMax = 1000;

/**
 * Connects to a lobby server.
 * @param url such as `wss://lobby.example.com`; http and https addresses are understood too.
 * @throws {SdkError} `lobby-unreachable`, `version-mismatch`, `lobby-refused`, `rate-limited`, `invalid-argument`, `aborted`
 */
export async function connectLobby(url: string, options: ConnectLobbyOptions): Promise<Lobby> {
  const {
    app,
    name,
    peer,
    signal,
    webSocket = globalThis.WebSocket as LobbySocketConstructor | undefined,
  } = options;
  requireArgument(
    typeof app === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(app),
    `connectLobby: app is ${JSON.stringify(app)}; it must be 1 to 64 letters, digits, dots, hyphens or underscores.`,
  );
  requireArgument(
    typeof name === 'string' && name.length <= LOBBY_LIMITS.nameInputLengthMax,
    `connectLobby: name must be a string of at most ${LOBBY_LIMITS.nameInputLengthMax} characters.`,
  );
  requireArgument(
    peer === undefined || isLobbyPeerId(peer),
    `connectLobby: peer is ${JSON.stringify(peer)}; it must be 26 characters of a-z and 2-7. Leave it out for a random one.`,
  );
  requireArgument(
    webSocket !== undefined,
    'connectLobby: there is no WebSocket here. Pass { webSocket } from the "ws" package.',
  );
  const at = socketUrl(url);
  const kept = peer === undefined ? recallIdentity(app) : undefined;
  if (kept === undefined)
    return openLobby(at, { ...options, webSocket, peer: peer ?? randomPeerId() }, peer === undefined);
  for (const waitMs of farewellWaitsMs) {
    try {
      return await openLobby(at, { ...options, webSocket, peer: kept.peer, follows: kept.token }, true);
    } catch (error) {
      if (!(error instanceof SdkError) || error.code !== 'lobby-refused') throw error;
      // The server has neither heard the farewell of the page before yet, nor that its socket is gone.
      const wait = new Promise<void>((resolve) => setTimeout(resolve, waitMs));
      await unlessAborted(wait, signal, 'connectLobby');
    }
  }
  return openLobby(at, { ...options, webSocket, peer: randomPeerId() }, true);
}

async function openLobby(url: string, options: LobbyOptions, keepsPeer: boolean): Promise<Lobby> {
  const lobby = new LiveLobby(url, options, keepsPeer);
  try {
    await unlessAborted(lobby.ready, options.signal, 'connectLobby');
  } catch (error) {
    await lobby.close();
    throw error;
  }
  return lobby;
}

type LobbyOptions = ConnectLobbyOptions & {
  readonly peer: PeerId;
  /** See `LobbyConnectionOptions`. */
  readonly follows?: string;
  readonly webSocket: LobbySocketConstructor;
};

function socketUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new SdkError(
      'invalid-argument',
      `connectLobby: ${JSON.stringify(text)} is not a URL. Use one such as wss://lobby.example.com.`,
      { cause },
    );
  }
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  requireArgument(
    url.protocol === 'ws:' || url.protocol === 'wss:',
    `connectLobby: ${text} is not a WebSocket address. Use ws://, wss://, http:// or https://.`,
  );
  if (url.pathname === '/') url.pathname = LOBBY_PATH;
  url.hash = '';
  return url.href;
}

function randomPeerId(): PeerId {
  return peerIdFromBytes(crypto.getRandomValues(new Uint8Array(PEER_ID_BYTES)));
}

const now = (): number => performance.now();

/** See {@link Lobby}. */
class LiveLobby implements Lobby {
  readonly self: PeerId;
  /** Settles with the first welcome or with the reason why there is none. */
  readonly ready: Promise<void>;
  readonly #connection: LobbyConnection;
  readonly #createTransport: TransportFactory;
  readonly #clock = new PageClock(now);
  readonly #emitter = new Emitter<LobbyEvents>();
  readonly #stops: (() => void)[] = [];
  #settleReady: (error?: SdkError) => void = () => {};
  #room: LiveRoom | undefined;
  /** What the room was entered with, to enter it again if the server forgot this session. */
  #entry: Extract<LobbyRequest, { t: 'join' }> | undefined;
  #watch: RoomWatch | undefined;
  /** The app for which this tab keeps its id. */
  readonly #keptFor: string | undefined;
  /** What the server said of a room in the same breath as its answer, before the answer was handled. */
  #early: LobbyPush[] = [];

  /** @param keepsPeer the page that comes after a reload is the same player. */
  constructor(url: string, options: LobbyOptions, keepsPeer: boolean) {
    const { iceServers = [] } = options;
    this.self = options.peer;
    this.#createTransport =
      options.createTransport ?? ((signals) => createMesh({ signals, iceServers, maxPeers: membersMax }));
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.#connection = new LobbyConnection({
      url,
      app: options.app,
      peer: this.self,
      name: options.name,
      follows: options.follows || undefined,
      webSocket: options.webSocket,
      now,
      onOnline: (welcome) => this.#online(welcome),
      onOffline: () => this.#offline(),
      onClosed: (error) => this.#closed(error),
      onPush: (message) => this.#hear(message),
    });
    this.#keptFor = keepsPeer ? options.app : undefined;
    this.#stops.push(claimPeerId(this.self));
    this.#followPage();
  }

  get name(): string {
    return this.#room?.member(this.self)?.name ?? this.#connection.welcome?.name ?? '';
  }

  get phase(): 'online' | 'offline' | 'closed' {
    const { phase } = this.#connection;
    return phase === 'connecting' || phase === 'waiting' ? 'offline' : phase;
  }

  get room(): Room | undefined {
    return this.#room;
  }

  on<K extends keyof LobbyEvents>(type: K, listener: (event: LobbyEvents[K]) => void): () => void {
    return this.#emitter.on(type, listener);
  }

  async list(options: ListRoomsOptions = {}): Promise<readonly RoomListing[]> {
    const { filter, limit = 50, signal } = options;
    requireArgument(
      Number.isInteger(limit) && limit >= 1 && limit <= listLimitMax,
      `list: limit is ${limit}; it must be an integer from 1 to ${listLimitMax}.`,
    );
    const rooms: RoomListing[] = [];
    let cursor: string | null = null;
    do {
      const request: LobbyRequest = {
        t: 'list',
        limit: Math.min(limit - rooms.length, LOBBY_LIMITS.listMax),
        ...(filter === undefined ? {} : { filter }),
        ...(cursor === null ? {} : { cursor }),
      };
      const reply: ReplyMessage = await unlessAborted(this.#connection.request(request), signal, 'list');
      if (reply.t !== 'rooms') break;
      rooms.push(...reply.rooms);
      cursor = reply.cursor;
    } while (cursor !== null && rooms.length < limit);
    return rooms;
  }

  watch(filter: RoomFilter, listener: (change: RoomListChange) => void): () => void {
    this.#watch?.stop();
    const watch = new RoomWatch(this.#connection, filter, listener);
    this.#watch = watch;
    watch.begin();
    return () => {
      watch.stop();
      if (this.#watch === watch) this.#watch = undefined;
    };
  }

  create(options: CreateRoomOptions): Promise<Room> {
    const { playersMax, metadata = {}, password } = options;
    const secret = password === undefined ? {} : { password };
    const request: LobbyRequest = {
      t: 'create',
      playersMax,
      public: options.public ?? false,
      metadata,
      ...secret,
    };
    return this.#enter(request, { role: 'player', ...secret }, options.signal);
  }

  async join(code: string, options: JoinRoomOptions = {}): Promise<Room> {
    const { password, role = 'player', signal } = options;
    const canonical = normalizeRoomCode(code);
    if (canonical === undefined) throw notARoomCode(code);
    const access = { role, ...(password === undefined ? {} : { password }) };
    return this.#enter({ t: 'join', code: canonical, ...access }, access, signal);
  }

  async close(): Promise<void> {
    await this.#room?.leave();
    this.#connection.close();
  }

  async #enter(
    request: Extract<LobbyRequest, { t: 'create' | 'join' }>,
    access: { readonly role: MemberRole; readonly password?: string },
    signal: AbortSignal | undefined,
  ): Promise<Room> {
    if (this.#room?.phase === 'lost') await this.#room.leave();
    this.#early = [];
    const entering = this.#connection.request(request, request.t === 'join' ? request.code : undefined);
    const room = entering.then((reply) => {
      if (reply.t !== 'joined')
        throw new SdkError('lobby-refused', 'The lobby server gave no room. Try again.');
      this.#entry = { t: 'join', code: reply.room.code, ...access };
      const opened = this.#openRoom(reply);
      this.#room = opened;
      this.#keepIdentity();
      runAll(this.#early.map((message) => () => opened.hear(message)));
      return opened;
    });
    try {
      return await unlessAborted(room, signal, request.t);
    } catch (error) {
      // Aborted on the way: the door may open later, and then nobody is behind it.
      room.then((late) => late.leave()).catch(() => {});
      throw error;
    }
  }

  /** For the page that comes after a reload; the token is another one after every welcome. */
  #keepIdentity(): void {
    const token = this.#connection.welcome?.resume;
    if (this.#keptFor !== undefined && this.#room !== undefined && token !== undefined)
      keepIdentity(this.#keptFor, { peer: this.self, token });
  }

  #openRoom({ room, you }: JoinedMessage): LiveRoom {
    return new LiveRoom(
      {
        connection: this.#connection,
        createTransport: this.#createTransport,
        clock: this.#clock,
        now,
        onLeft: () => {
          this.#room = undefined;
          this.#entry = undefined;
        },
      },
      room,
      you,
    );
  }

  #hear(message: LobbyPush): void {
    if (message.t === 'rooms-diff') this.#watch?.hear(message);
    else if (this.#room !== undefined) this.#room.hear(message);
    else if (this.#early.length < earlyMessagesMax) this.#early.push(message);
  }

  #online(welcome: WelcomeMessage): void {
    this.#settleReady();
    this.#watch?.begin();
    this.#keepIdentity();
    const room = this.#room;
    const seat = welcome.room;
    if (seat !== null && seat.code !== this.#entry?.code) {
      // The room was left while nobody could be told.
      this.#connection.request({ t: 'leave' }).catch(() => {});
    } else if (seat === null && room !== undefined) void this.#enterAgain(room);
    runAll([
      () => this.#emitter.emit('lobby-online', { type: 'lobby-online' }),
      () => {
        if (seat !== null) room?.comeBack(seat, '');
      },
    ]);
  }

  /** The server forgot this session (it was away for too long, or restarted): is the room still there? */
  async #enterAgain(room: LiveRoom): Promise<void> {
    if (this.#entry === undefined || room.phase !== 'open') return;
    try {
      const reply = await this.#connection.request(this.#entry, room.code);
      room.comeBack(reply.t === 'joined' ? reply.room : undefined, 'The lobby server gave no room.');
    } catch (error) {
      if (error instanceof SdkError && error.code === 'lobby-unreachable') return;
      room.comeBack(undefined, error instanceof Error ? error.message : String(error));
    }
  }

  #offline(): void {
    runAll([
      () => this.#emitter.emit('lobby-offline', { type: 'lobby-offline' }),
      () => this.#room?.goOffline(),
    ]);
  }

  #closed(error: SdkError): void {
    this.#settleReady(error);
    for (const stop of this.#stops) stop();
    this.#watch?.stop();
    runAll([
      () => this.#room?.lose(error.message),
      () => this.#emitter.emit('lobby-closed', { type: 'lobby-closed', error }),
    ]);
  }

  /** Follows the page: back on the network, try at once; going away, say goodbye. */
  #followPage(): void {
    if (typeof addEventListener !== 'function') return;
    const onBack = (): void => this.#connection.retryNow();
    const onGone = (): void => {
      this.#room?.sayGoodbye();
      this.#connection.close();
    };
    addEventListener('online', onBack);
    // In the capture phase, so that the session's goodbye goes out before the mesh closes its links.
    addEventListener('pagehide', onGone, { capture: true });
    this.#stops.push(
      () => removeEventListener('online', onBack),
      () => removeEventListener('pagehide', onGone, { capture: true }),
    );
  }
}
