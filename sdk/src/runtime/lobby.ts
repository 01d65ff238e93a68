/** The lobby as a page sees it: who plays where, and the way into a room. */
import { Emitter, type EventSource } from '../base/emitter.js';
import { requireArgument, SdkError } from '../base/errors.js';
import type { JsonObject } from '../base/json.js';
import type { PeerId } from '../base/peer-id.js';
import { LobbyConnection, type LobbyPush, type LobbyRequest } from '../lobby/lobby-connection.js';
import { notARoomCode } from '../lobby/lobby-errors.js';
import {
  isLobbyPeerId,
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
import { PageClock } from './page-clock.js';
import { LiveRoom, type Room, type TransportFactory } from './room.js';
import { type RoomListChange, RoomWatch } from './room-watch.js';

/** Options of {@link connectLobby}. */
export interface ConnectLobbyOptions {
  /** Rooms of different apps never meet: 1 to 64 letters, digits, dots, hyphens, underscores. */
  readonly app: string;
  /** The player's name; the lobby cleans it to 1 to 24 visible characters. */
  readonly name: string;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
  /** This page's id in the mesh: 26 characters of a-z and 2-7. Default: random. */
  readonly peer?: PeerId;
  /** STUN and TURN servers for the links. Default: none, which is enough on one machine and most local networks. */
  readonly iceServers?: readonly RTCIceServer[];
  /** For Node: `WebSocket` of the `ws` package. Default: the browser's. */
  readonly webSocket?: LobbySocketConstructor;
  /** For another way to carry packets. Default: WebRTC by PeerJS. */
  readonly createTransport?: TransportFactory;
}

/** Events of a lobby. */
export interface LobbyEvents {
  /** The connection dropped; it is being brought back. Rooms, links and matches live on. */
  'lobby-offline': { readonly type: 'lobby-offline' };
  'lobby-online': { readonly type: 'lobby-online' };
  /** The connection has ended for good; `error` says why. */
  'lobby-closed': { readonly type: 'lobby-closed'; readonly error: SdkError };
}

/** Options of `create`. */
export interface CreateRoomOptions {
  /** Player slots, 1 to 16. */
  readonly playersMax: number;
  /** Whether the room is in the list. Default false: only by code. */
  readonly public?: boolean;
  /** What the list shows and filters by: at most 4 KiB of plain JSON. Default {}. */
  readonly metadata?: JsonObject;
  /** 1 to 128 characters. Default: none. */
  readonly password?: string;
  readonly signal?: AbortSignal;
}

/** Options of `join`. */
export interface JoinRoomOptions {
  readonly password?: string;
  /** Default 'player'. */
  readonly role?: MemberRole;
  readonly signal?: AbortSignal;
}

/** Options of `list`. */
export interface ListRoomsOptions {
  /** Metadata keys and the values they must equal. */
  readonly filter?: RoomFilter;
  /** 1 to 1000, default 50. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** A connection to a lobby server. */
export interface Lobby extends EventSource<LobbyEvents> {
  /** This page's id in the mesh. */
  readonly self: PeerId;
  /** The player's name as the lobby cleaned it. */
  readonly name: string;
  readonly phase: 'online' | 'offline' | 'closed';
  /** The room this page is in, if any. */
  readonly room: Room | undefined;
  /** Public rooms, newest first. @throws {SdkError} `lobby-unreachable`, `rate-limited`, `aborted` */
  list(options?: ListRoomsOptions): Promise<readonly RoomListing[]>;
  /**
   * Follows the 50 newest public rooms that match: calls `listener` with all of them now and after each change.
   * One watch at a time: a second one ends the first. Returns the function that stops it.
   */
  watch(filter: RoomFilter, listener: (change: RoomListChange) => void): () => void;
  /** @throws {SdkError} `lobby-unreachable`, `wrong-phase`, `invalid-argument`, `rate-limited`, `aborted` */
  create(options: CreateRoomOptions): Promise<Room>;
  /**
   * @param code as the player typed it: case, spaces and hyphens do not matter.
   * @throws {SdkError} `room-not-found` (also for a wrong password), `room-full`, `wrong-phase`, `rate-limited`, `lobby-unreachable`, `aborted`
   */
  join(code: string, options?: JoinRoomOptions): Promise<Room>;
  /** Leaves the room and ends the connection. Idempotent. */
  close(): Promise<void>;
}

/** Most members of a room, spectators included. */
const membersMax = LOBBY_LIMITS.playersMaxMax + LOBBY_LIMITS.spectatorsMax;
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
  const lobby = new LiveLobby(socketUrl(url), { ...options, webSocket });
  try {
    await unlessAborted(lobby.ready, signal, 'connectLobby');
  } catch (error) {
    await lobby.close();
    throw error;
  }
  return lobby;
}

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

  constructor(url: string, options: ConnectLobbyOptions & { readonly webSocket: LobbySocketConstructor }) {
    const { iceServers = [] } = options;
    this.self = options.peer ?? randomPeerId();
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
      webSocket: options.webSocket,
      now,
      onOnline: (welcome) => this.#online(welcome),
      onOffline: () => this.#offline(),
      onClosed: (error) => this.#closed(error),
      onPush: (message) => this.#hear(message),
    });
    this.#followPage();
  }

  get name(): string {
    return this.#connection.welcome?.name ?? '';
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
    const entering = this.#connection.request(request, request.t === 'join' ? request.code : undefined);
    const room = entering.then((reply) => {
      if (reply.t !== 'joined')
        throw new SdkError('lobby-refused', 'The lobby server gave no room. Try again.');
      this.#entry = { t: 'join', code: reply.room.code, ...access };
      this.#room = this.#openRoom(reply);
      return this.#room;
    });
    try {
      return await unlessAborted(room, signal, request.t);
    } catch (error) {
      // Aborted on the way: the door may open later, and then nobody is behind it.
      room.then((late) => late.leave()).catch(() => {});
      throw error;
    }
  }

  #openRoom({
    room,
    you,
  }: {
    readonly room: ConstructorParameters<typeof LiveRoom>[1];
    readonly you: PeerId;
  }): LiveRoom {
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
    else this.#room?.hear(message);
  }

  #online(welcome: WelcomeMessage): void {
    this.#settleReady();
    this.#watch?.begin();
    this.#emitter.emit('lobby-online', { type: 'lobby-online' });
    if (this.#room === undefined) return;
    if (welcome.room !== null) this.#room.comeBack(welcome.room, '');
    else void this.#enterAgain(this.#room);
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
    this.#emitter.emit('lobby-offline', { type: 'lobby-offline' });
    this.#room?.goOffline();
  }

  #closed(error: SdkError): void {
    this.#settleReady(error);
    for (const stop of this.#stops) stop();
    this.#watch?.stop();
    this.#room?.lose(error.message);
    this.#emitter.emit('lobby-closed', { type: 'lobby-closed', error });
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
