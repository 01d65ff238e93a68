/** All lobby sockets of a server: carries messages to the lobby book and its effects back, in order. */
import { createHmac, randomBytes } from 'node:crypto';
import type { ClientMessage } from 'rollmesh/lobby-protocol';
import { encodeMessage, LOBBY_CLOSE } from 'rollmesh/lobby-protocol';
import type { WebSocket } from 'ws';
import { AddressBook } from './addresses.js';
import type { BookCommand, BookEffect } from './book-types.js';
import { Connection, type ConnectionHost } from './connection.js';
import type { ServerLimits } from './limits.js';
import { LobbyBook } from './lobby-book.js';

/** Bounds of the two timers, in milliseconds. */
const TIMER_MS_MIN = 20;
const SWEEP_MS_MAX = 1_000;
const TICK_MS_MAX = 250;

function within(value: number, max: number): number {
  return Math.max(TIMER_MS_MIN, Math.min(max, value));
}

/** Why a socket is not admitted, as HTTP. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
}

/** See the file's head. */
export class Sockets {
  readonly #limits: ServerLimits;
  readonly #log: (line: string) => void;
  readonly #book: LobbyBook;
  readonly #addresses: AddressBook;
  readonly #connections = new Map<number, Connection>();
  /** Sockets whose closing handshake may still be under way; ws gives it up after `stopMs`. */
  readonly #open = new Set<WebSocket>();
  readonly #pending = new Set<Connection>();
  readonly #effects: BookEffect[] = [];
  readonly #host: ConnectionHost;
  readonly #timers: NodeJS.Timeout[];
  readonly #sweepMs: number;
  #isDraining = false;
  #isStopping = false;
  #lastId = 0;
  #sweptMs: number;
  #heartbeatMs = 0;

  constructor(limits: ServerLimits, log: (line: string) => void) {
    this.#limits = limits;
    this.#log = log;
    this.#addresses = new AddressBook(limits);
    const key = randomBytes(32); // secrets of clients are kept only as digests that mean nothing elsewhere
    this.#book = new LobbyBook(limits, {
      randomBytes: (count) => randomBytes(count),
      digest: (secret) => createHmac('sha256', key).update(secret).digest('base64url'),
    });
    this.#host = {
      limits,
      nowMs,
      heartbeatMs: () => this.#heartbeatMs,
      isKnown: (connection) => this.#book.isKnown(connection.id),
      onMessage: (connection, message) => this.#onMessage(connection, message),
      onClosing: (connection) => this.#onClosing(connection),
      onFailure: (error) => this.#onFailure(error),
    };
    this.#sweptMs = nowMs();
    this.#sweepMs = within(Math.min(limits.helloMs, limits.pingMs, limits.silentMs) / 5, SWEEP_MS_MAX);
    const tickMs = within(Math.min(limits.diffMs, limits.graceMs / 4, limits.emptyRoomMs / 4), TICK_MS_MAX);
    this.#timers = [
      setInterval(() => this.#sweep(), this.#sweepMs),
      setInterval(() => this.#run({ kind: 'tick' }), tickMs),
    ];
  }

  /** Takes a place for a socket of this address, or says why there is none. Each place needs {@link add} or {@link release}. */
  admit(address: string): Refusal | undefined {
    if (this.#isStopping) return { status: 503, text: 'The lobby server is stopping.' };
    if (this.#open.size >= this.#limits.socketsMax || this.#pending.size >= this.#limits.socketsPendingMax)
      return { status: 503, text: 'The lobby server is full.' };
    if (!this.#addresses.admit(address, nowMs()))
      return { status: 429, text: 'Too many connections from this address.' };
    return undefined;
  }

  /** Gives an admitted place back. */
  release(address: string): void {
    this.#addresses.release(address);
  }

  /** Takes over a socket that was admitted. */
  add(socket: WebSocket, address: string): void {
    this.#lastId += 1;
    const connection = new Connection(socket, this.#host, { id: this.#lastId, address });
    this.#connections.set(connection.id, connection);
    this.#pending.add(connection);
    this.#open.add(socket);
    socket.on('close', () => {
      this.#open.delete(socket);
      this.release(address);
    });
  }

  /** Tells all clients to come back later, and waits until they are gone or `stopMs` has passed. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#timers) clearInterval(timer);
    for (const connection of [...this.#connections.values()])
      connection.close(LOBBY_CLOSE.restart, 'server stops');
    const gone = [...this.#open].map(
      (socket) => new Promise<void>((resolve) => void socket.once('close', () => resolve())),
    );
    const timer = setTimeout(() => {
      for (const socket of this.#open) socket.terminate();
    }, this.#limits.stopMs);
    await Promise.all(gone);
    clearTimeout(timer);
  }

  #onMessage(connection: Connection, message: ClientMessage): void {
    this.#run({ kind: 'message', connection: connection.id, address: connection.address, message });
    if (this.#pending.has(connection) && this.#book.isKnown(connection.id)) this.#pending.delete(connection);
  }

  #onClosing(connection: Connection): void {
    this.#connections.delete(connection.id);
    this.#pending.delete(connection);
    if (!this.#isStopping) this.#run({ kind: 'disconnect', connection: connection.id });
  }

  #onFailure(error: unknown): void {
    this.#log(`A message could not be handled: ${error instanceof Error ? error.stack : String(error)}`);
  }

  /**
   * Effects go out in the order in which the book made them, also when one of them closes a socket and thereby causes
   * the next command: events of a room must not overtake each other.
   */
  #run(command: BookCommand): void {
    this.#effects.push(...this.#book.handle(command, nowMs()));
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift())
        this.#apply(effect);
    } finally {
      this.#isDraining = false;
    }
  }

  #apply(effect: BookEffect): void {
    if (effect.kind === 'close') {
      this.#connections.get(effect.connection)?.close(effect.code, effect.reason);
      return;
    }
    const encoded = Buffer.from(encodeMessage(effect.message));
    for (const id of effect.to) this.#connections.get(id)?.send(encoded);
  }

  #sweep(): void {
    const now = nowMs();
    this.#heartbeatMs += Math.min(now - this.#sweptMs, 2 * this.#sweepMs);
    this.#sweptMs = now;
    for (const connection of this.#connections.values()) connection.checkHeartbeat();
    this.#addresses.expire(now);
  }
}

/** Monotonic milliseconds; whole, since clients get them as server time. */
function nowMs(): number {
  return Math.floor(performance.now());
}
