/** A lobby client of a few lines on a real WebSocket: sends what the test says, keeps what comes. */
import WebSocket from 'ws';
import {
  type ClientMessage,
  LOBBY_SUBPROTOCOL,
  parseServerMessage,
  peerIdFromBytes,
  type ServerMessage,
} from '../../../sdk/src/lobby/lobby-protocol.js';

/** A server message of one type. */
export type Of<T extends ServerMessage['t']> = Extract<ServerMessage, { t: T }>;

/** A fresh random peer id. */
export function randomPeer(): string {
  return peerIdFromBytes(crypto.getRandomValues(new Uint8Array(17)));
}

/** How a socket ended. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** See the file's head. */
export class RawClient {
  readonly socket: WebSocket;
  readonly peer: string;
  readonly inbox: ServerMessage[] = [];
  /** Resolves when the socket is closed, by whoever. */
  readonly closed: Promise<Closed>;
  #taken = 0;
  #wake: () => void = () => {};
  #rid = 100;

  private constructor(socket: WebSocket, peer: string) {
    this.socket = socket;
    this.peer = peer;
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        resolve({ code, reason: String(reason) });
        this.#wake();
      });
    });
    socket.on('error', () => {});
    socket.on('message', (data) => {
      const parsed = parseServerMessage(String(data));
      if (!parsed.ok) throw new Error(`The server sent what no client can read: ${parsed.detail}`);
      this.inbox.push(parsed.message);
      this.#wake();
    });
  }

  /** An open socket that has said nothing yet. */
  static async open(
    url: string,
    options: { origin?: string; peer?: string; protocols?: string[]; headers?: Record<string, string> } = {},
  ): Promise<RawClient> {
    const { origin, headers, protocols = [LOBBY_SUBPROTOCOL], peer = randomPeer() } = options;
    const socket = new WebSocket(url, protocols, {
      perMessageDeflate: false,
      ...(origin === undefined ? {} : { origin }),
      ...(headers === undefined ? {} : { headers }),
    });
    const client = new RawClient(socket, peer);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) =>
        reject(new Error(`HTTP ${response.statusCode}`)),
      );
    });
    return client;
  }

  /** A socket that was welcomed. */
  static async enter(
    url: string,
    options: { peer?: string; resume?: string; name?: string } = {},
  ): Promise<RawClient> {
    const { peer, name = 'Ada', resume } = options;
    const client = await RawClient.open(url, peer === undefined ? {} : { peer });
    client.send({
      t: 'hello',
      rid: 1,
      protocol: [1],
      app: 'game',
      peer: client.peer,
      name,
      ...(resume === undefined ? {} : { resume }),
    });
    await client.next('welcome');
    return client;
  }

  /** Sends a message, or any text. */
  send(message: ClientMessage | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Sends a request and returns its reply, whichever it is. */
  async ask(message: ClientMessage): Promise<ServerMessage> {
    this.#rid += 1;
    const rid = this.#rid;
    this.send({ ...message, rid });
    return this.until((reply) => 'rid' in reply && reply.rid === rid);
  }

  /** The next message of this type among those not taken yet; earlier ones of other types are skipped. */
  async next<T extends ServerMessage['t']>(type: T): Promise<Of<T>> {
    return (await this.until((message) => message.t === type)) as Of<T>;
  }

  /** The next message that fits, among those not taken yet. */
  async until(fits: (message: ServerMessage) => boolean): Promise<ServerMessage> {
    for (;;) {
      while (this.#taken < this.inbox.length) {
        const message = this.inbox[this.#taken] as ServerMessage;
        this.#taken += 1;
        if (fits(message)) return message;
      }
      if (this.socket.readyState === WebSocket.CLOSED)
        throw new Error(`The socket closed; it got ${this.inbox.map((message) => message.t).join(', ')}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  get token(): string {
    const welcome = this.inbox.find((message): message is Of<'welcome'> => message.t === 'welcome');
    return welcome?.resume ?? '';
  }

  /** Creates a room; its code. */
  async createRoom(more: Partial<Extract<ClientMessage, { t: 'create' }>> = {}): Promise<string> {
    const reply = await this.ask({ t: 'create', playersMax: 4, public: true, metadata: {}, ...more });
    if (reply.t !== 'joined') throw new Error(`create got ${JSON.stringify(reply)}`);
    return reply.room.code;
  }

  async join(code: string): Promise<ServerMessage> {
    return this.ask({ t: 'join', code, role: 'player' });
  }
}
