/** A lobby server in this process and clients of it, all gone after each test. */
import {
  type ConnectLobbyOptions,
  connectLobby,
  type Lobby,
  type LobbySocketConstructor,
  type Room,
} from 'rollmesh';
import { type LobbyServer, type LobbyServerConfig, startLobbyServer } from 'rollmesh-lobby';
import WebSocket from 'ws';
import { MemoryNetwork } from './memory-mesh.js';

/** Sockets that a test can cut, as a lost network would: no close frame, no farewell. */
export class Sockets {
  readonly open = new Set<WebSocket>();
  /** New sockets fail as if the network were gone. */
  blocked = false;

  /** For `connectLobby({ webSocket })`. */
  readonly constructorFor = (): LobbySocketConstructor => {
    const { open } = this;
    const isBlocked = (): boolean => this.blocked;
    return class extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(isBlocked() ? 'ws://127.0.0.1:9' : url, protocols);
        open.add(this);
        this.on('close', () => open.delete(this));
      }
    };
  };

  cut(): void {
    for (const socket of this.open) socket.terminate();
  }
}

/** One test's server, network and clients. */
export class LobbyStage {
  readonly network = new MemoryNetwork();
  server: LobbyServer | undefined;
  #lobbies: Lobby[] = [];

  get url(): string {
    return this.server?.url ?? '';
  }

  async start(limits: LobbyServerConfig['limits'] = {}): Promise<void> {
    this.server = await startLobbyServer({ port: 0, limits });
  }

  /** A room of `names` for four players, its owner first. */
  async gather(...names: readonly string[]): Promise<Room[]> {
    const [first = '', ...others] = names;
    const owner = await (await this.connect(first)).create({ playersMax: 4 });
    const rooms = [owner];
    for (const name of others) rooms.push(await (await this.connect(name)).join(owner.code));
    return rooms;
  }

  async connect(name: string, options: Partial<ConnectLobbyOptions> = {}): Promise<Lobby> {
    const lobby = await connectLobby(this.url, {
      app: 'tap',
      name,
      webSocket: WebSocket,
      createTransport: this.network.createTransport,
      ...options,
    });
    this.#lobbies.push(lobby);
    return lobby;
  }

  async stop(): Promise<void> {
    for (const lobby of this.#lobbies) await lobby.close();
    this.#lobbies = [];
    await this.server?.close();
    this.server = undefined;
  }
}
