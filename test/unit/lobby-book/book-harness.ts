/** A lobby book with a clock and chance of the test's own, and the inbox of every socket. */
import { createHash } from 'node:crypto';
import { createRandom } from '../../../sdk/src/base/prng.js';
import {
  type ClientMessage,
  encodeMessage,
  parseClientMessage,
  parseServerMessage,
  peerIdFromBytes,
  type ServerMessage,
} from '../../../sdk/src/lobby/lobby-protocol.js';
import type { BookEffect } from '../../../signaling/src/book-types.js';
import { DEFAULT_LIMITS, type ServerLimits } from '../../../signaling/src/limits.js';
import { LobbyBook } from '../../../signaling/src/lobby-book.js';

/** A server message of one type. */
export type Of<T extends ServerMessage['t']> = Extract<ServerMessage, { t: T }>;

/** The peer id of the n-th player. */
export function peerOf(n: number): string {
  return peerIdFromBytes(
    Uint8Array.from({ length: 17 }, (_, index) => (index === 0 ? n : n * 31 + index) & 255),
  );
}

/** One socket as the book sees it: what it was sent, and with which code it was closed. */
export interface Socket {
  readonly id: number;
  readonly inbox: ServerMessage[];
  closeCode: number | undefined;
}

/** See the file's head. */
export class BookHarness {
  readonly limits: ServerLimits;
  readonly book: LobbyBook;
  readonly sockets = new Map<number, Socket>();
  nowMs = 1_000;
  #lastSocket = 0;

  constructor(limits: Partial<ServerLimits> = {}, randomBytes?: (count: number) => Uint8Array) {
    const random = createRandom(7);
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.book = new LobbyBook(this.limits, {
      randomBytes: randomBytes ?? ((count) => Uint8Array.from({ length: count }, () => random.below(256))),
      digest: (secret) => createHash('sha256').update(secret).digest('hex'),
    });
  }

  open(): Socket {
    this.#lastSocket += 1;
    const socket: Socket = { id: this.#lastSocket, inbox: [], closeCode: undefined };
    this.sockets.set(socket.id, socket);
    return socket;
  }

  /** Sends a message as the real server would: through the reader. Returns what this socket got in answer. */
  say(socket: Socket, message: ClientMessage, address = 'test'): ServerMessage[] {
    const parsed = parseClientMessage(encodeMessage(message));
    if (!parsed.ok) throw new Error(`The test's own message is wrong: ${parsed.detail}`);
    const before = socket.inbox.length;
    const { message: read } = parsed;
    this.#apply(
      this.book.handle({ kind: 'message', connection: socket.id, address, message: read }, this.nowMs),
    );
    return socket.inbox.slice(before);
  }

  /** A socket that said hello as player n. */
  enter(n: number, more: { app?: string; resume?: string; name?: string } = {}): Socket {
    const socket = this.open();
    const { app = 'game', name = `Player ${n}`, ...rest } = more;
    this.say(socket, { t: 'hello', rid: 1, protocol: [1], app, peer: peerOf(n), name, ...rest });
    return socket;
  }

  /** Drops a socket without a word. */
  drop(socket: Socket): void {
    this.sockets.delete(socket.id);
    this.#apply(this.book.handle({ kind: 'disconnect', connection: socket.id }, this.nowMs));
  }

  /** Lets time pass, tick by tick as the server does. */
  pass(ms: number): void {
    const until = this.nowMs + ms;
    while (this.nowMs < until) {
      this.nowMs = Math.min(until, this.nowMs + 250);
      this.#apply(this.book.handle({ kind: 'tick' }, this.nowMs));
    }
  }

  /** Player 1 in a room of its own; the code. */
  createRoom(socket: Socket, more: Partial<Extract<ClientMessage, { t: 'create' }>> = {}): string {
    this.say(socket, { t: 'create', rid: 2, playersMax: 4, public: true, metadata: {}, ...more });
    return last(socket, 'joined').room.code;
  }

  join(
    socket: Socket,
    code: string,
    more: Partial<Extract<ClientMessage, { t: 'join' }>> = {},
  ): ServerMessage[] {
    return this.say(socket, { t: 'join', rid: 3, code, role: 'player', ...more });
  }

  #apply(effects: readonly BookEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'close') {
        const socket = this.sockets.get(effect.connection);
        if (socket !== undefined) socket.closeCode = effect.code;
        continue;
      }
      // What the server writes, the client's reader must take, and unchanged.
      const parsed = parseServerMessage(encodeMessage(effect.message));
      if (!parsed.ok) throw new Error(`The book wrote what no client can read: ${parsed.detail}`);
      for (const id of effect.to) this.sockets.get(id)?.inbox.push(parsed.message);
    }
  }
}

/** The newest message of a type that a socket got. */
export function last<T extends ServerMessage['t']>(socket: Socket, type: T): Of<T> {
  const found = socket.inbox.filter((message): message is Of<T> => message.t === type).at(-1);
  if (found === undefined)
    throw new Error(`No ${type} among ${socket.inbox.map((message) => message.t).join(', ') || 'nothing'}`);
  return found;
}

/** Types of the messages, in order. */
export function types(messages: readonly ServerMessage[]): string[] {
  return messages.map((message) => message.t);
}
