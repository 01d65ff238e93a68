/**
 * One lobby socket: reads, limits and answers what cannot be read; passes on what can. What a valid message means is
 * the lobby book's business.
 */
import type { ClientMessage, LobbyErrorCode, ServerMessage } from 'rollmesh/lobby-protocol';
import { encodeMessage, LOBBY_CLOSE, parseClientMessage } from 'rollmesh/lobby-protocol';
import type { RawData, WebSocket } from 'ws';
import type { RateClass, ServerLimits } from './limits.js';
import { TokenBucket } from './token-bucket.js';

/** What a connection needs from the server it belongs to. */
export interface ConnectionHost {
  readonly limits: ServerLimits;
  /** Monotonic, in milliseconds. */
  readonly nowMs: () => number;
  /** Like `nowMs`, but stands still while the process is blocked, so that a stall of ours is nobody's silence. */
  readonly heartbeatMs: () => number;
  /** True if the socket's `hello` was accepted. */
  readonly isKnown: (connection: Connection) => boolean;
  readonly onMessage: (connection: Connection, message: ClientMessage) => void;
  /** Called once, when either side closes. */
  readonly onClosing: (connection: Connection) => void;
  /** Handling a message threw. The connection closes itself. */
  readonly onFailure: (error: unknown) => void;
}

const RATE_CLASSES: { readonly [T in ClientMessage['t']]: RateClass } = {
  hello: 'other',
  list: 'list',
  watch: 'list',
  unwatch: 'other',
  create: 'room',
  join: 'room',
  leave: 'other',
  me: 'other',
  set: 'other',
  start: 'room',
  sig: 'signal',
  chat: 'chat',
  sync: 'other',
  ping: 'other',
  bye: 'other',
};

/** See the file's head. `address` is what limits are counted by. */
export class Connection {
  readonly id: number;
  readonly address: string;
  readonly #socket: WebSocket;
  readonly #host: ConnectionHost;
  readonly #openedMs: number;
  readonly #byteBucket: TokenBucket;
  /** Made when first needed: most sockets use two or three of them. */
  readonly #buckets = new Map<string, TokenBucket>();
  #heardMs: number;
  #pingedMs: number;
  #isClosing = false;

  constructor(
    socket: WebSocket,
    host: ConnectionHost,
    who: { readonly id: number; readonly address: string },
  ) {
    this.id = who.id;
    this.address = who.address;
    this.#socket = socket;
    this.#host = host;
    this.#openedMs = host.heartbeatMs();
    this.#heardMs = this.#openedMs;
    this.#pingedMs = this.#openedMs;
    this.#byteBucket = new TokenBucket(host.limits.byteRate, host.nowMs());
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('ping', () => this.#control());
    socket.on('pong', () => this.#control());
    socket.on('close', () => this.#end());
    // ws closes the socket with the right code itself; without a listener the error would end the process.
    socket.on('error', () => {});
  }

  /** Sends an encoded message. A receiver that lets too much pile up is closed instead. */
  send(encoded: Buffer): void {
    if (this.#isClosing) return;
    if (this.#socket.bufferedAmount + encoded.length > this.#host.limits.bufferedBytesMax) {
      this.close(LOBBY_CLOSE.overload, 'reads too slowly');
      return;
    }
    this.#socket.send(encoded, { binary: false });
  }

  /** Starts the closing handshake; nothing more is read or sent. */
  close(code: number, reason: string): void {
    if (this.#isClosing) return;
    this.#socket.close(code, reason);
    this.#end();
  }

  /** Ends the socket without a handshake. */
  terminate(): void {
    this.#socket.terminate();
    this.#end();
  }

  /** Closes the socket if it says no hello or nothing at all; else sees to it that it is pinged. */
  checkHeartbeat(): void {
    if (this.#isClosing) return;
    const { helloMs, silentMs, pingMs } = this.#host.limits;
    const nowMs = this.#host.heartbeatMs();
    if (nowMs - this.#heardMs >= silentMs) this.close(LOBBY_CLOSE.timeout, 'silent');
    else if (nowMs - this.#openedMs >= helloMs && !this.#host.isKnown(this))
      this.close(LOBBY_CLOSE.timeout, 'no hello');
    else if (nowMs - this.#pingedMs >= pingMs) {
      this.#pingedMs = nowMs;
      this.#socket.ping();
    }
  }

  #end(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#host.onClosing(this);
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#isClosing) return;
    this.#heardMs = this.#host.heartbeatMs();
    try {
      if (isBinary) this.#unreadable({ code: 'malformed', message: 'Binary frames mean nothing here.' });
      else this.#read(data.toString());
    } catch (error) {
      this.#host.onFailure(error);
      this.close(LOBBY_CLOSE.internal, 'internal error');
    }
  }

  #read(text: string): void {
    const parsed = parseClientMessage(text);
    if (!parsed.ok) {
      const rid = parsed.rid === undefined ? {} : { rid: parsed.rid };
      this.#unreadable({ ...rid, code: parsed.code, message: parsed.detail });
      return;
    }
    const nowMs = this.#host.nowMs();
    const kind = RATE_CLASSES[parsed.message.t];
    const bucket = this.#bucket(kind, this.#host.limits.messageRates[kind]);
    if (bucket.take(nowMs) && this.#byteBucket.take(nowMs, text.length)) {
      this.#host.onMessage(this, parsed.message);
      return;
    }
    const waitMs = Math.max(bucket.waitMs(nowMs), this.#byteBucket.waitMs(nowMs, text.length), 1);
    this.#drop(parsed.message, waitMs);
  }

  #drop(message: ClientMessage, waitMs: number): void {
    if (!this.#bucket('dropped', this.#host.limits.droppedRate).take(this.#host.nowMs())) {
      this.close(LOBBY_CLOSE.rate, 'far above the rate limits');
      return;
    }
    this.#reply({
      t: 'err',
      ...(message.rid === undefined ? {} : { rid: message.rid }),
      code: 'rate-limited',
      message: `Too many messages of type ${message.t}. This one was dropped.`,
      retryAfterMs: waitMs,
    });
  }

  #unreadable(reason: {
    readonly rid?: number;
    readonly code: LobbyErrorCode;
    readonly message: string;
  }): void {
    this.#reply({ t: 'err', ...reason });
    if (!this.#host.isKnown(this)) this.close(LOBBY_CLOSE.badHello, reason.code);
    else if (!this.#bucket('malformed', this.#host.limits.malformedRate).take(this.#host.nowMs()))
      this.close(LOBBY_CLOSE.malformed, 'too many unreadable messages');
  }

  #control(): void {
    this.#heardMs = this.#host.heartbeatMs();
    if (!this.#bucket('control', this.#host.limits.controlRate).take(this.#host.nowMs()))
      this.close(LOBBY_CLOSE.rate, 'too many pings');
  }

  #reply(message: ServerMessage): void {
    this.send(Buffer.from(encodeMessage(message)));
  }

  #bucket(name: string, rate: { readonly perSecond: number; readonly burst: number }): TokenBucket {
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = new TokenBucket(rate, this.#host.nowMs());
      this.#buckets.set(name, bucket);
    }
    return bucket;
  }
}
