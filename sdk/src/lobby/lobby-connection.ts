/**
 * The connection to a lobby server: one WebSocket at a time, reopened with the resume token when it drops, so that
 * whoever uses this sees requests, events and two facts: online or not.
 */
import { assert, type SdkError } from '../base/errors.js';
import type { PeerId } from '../base/peer-id.js';
import { fullJitterMs } from './backoff.js';
import {
  closedError,
  droppedError,
  finalCloseReason,
  type RefusedRequest,
  refusalError,
  unreachableError,
} from './lobby-errors.js';
import {
  type ClientMessage,
  type ErrMessage,
  encodeMessage,
  LOBBY_CLOSE,
  LOBBY_PROTOCOL_VERSION,
  LOBBY_SUBPROTOCOL,
  parseServerMessage,
  type ReplyMessage,
  type RoomEventMessage,
  type RoomsDiffMessage,
  type ServerMessage,
  type SignalledMessage,
  type WelcomeMessage,
} from './lobby-protocol.js';
import type { LobbySocket, LobbySocketConstructor } from './lobby-socket.js';

/** 'connecting': a socket is opening; 'online': the session stands; 'waiting': before the next attempt. */
export type LobbyConnectionPhase = 'connecting' | 'online' | 'waiting' | 'closed';

/** Legal moves of a {@link LobbyConnectionPhase}; the same table is in docs/state-machines.md. */
export const LOBBY_CONNECTION_MOVES: {
  readonly [phase in LobbyConnectionPhase]: readonly LobbyConnectionPhase[];
} = {
  connecting: ['online', 'waiting', 'closed'],
  online: ['waiting', 'closed'],
  waiting: ['connecting', 'closed'],
  closed: [],
};

/** What the server tells without being asked. */
export type LobbyPush = RoomEventMessage | RoomsDiffMessage | SignalledMessage;

/** Options of {@link LobbyConnection}. */
export interface LobbyConnectionOptions {
  /** WebSocket URL, path included. */
  readonly url: string;
  readonly app: string;
  readonly peer: PeerId;
  readonly name: string;
  readonly webSocket: LobbySocketConstructor;
  /** The clock, in milliseconds, monotonic. */
  readonly now: () => number;
  /** The session stands, for the first time or again. Requests made in here go out before those that waited. */
  readonly onOnline: (welcome: WelcomeMessage) => void;
  /** Token of the page that this one may follow after a reload: its session is taken up if that page is gone. */
  readonly follows?: string | undefined;
  /** The session's socket dropped; attempts to get it back have begun. */
  readonly onOffline: () => void;
  /** The end: no further attempts. */
  readonly onClosed: (error: SdkError) => void;
  readonly onPush: (message: LobbyPush) => void;
}

/** Longest wait for an answer, or for the first welcome, in milliseconds. */
export const answerTimeoutMs = 10_000;
/** Silence after which the client asks whether the server is still there, in milliseconds. */
export const pingAfterMs = 10_000;
/** Signals kept while offline; older ones describe connections that were given up. */
export const signalsWaitingMax = 64;
/** The server asked for a pause: least wait, in milliseconds. */
const penaltyMs = 60_000;

/** A request without its number. */
type Unnumbered<M> = M extends ClientMessage ? Omit<M, 'rid'> : never;
/** What {@link LobbyConnection.request} takes. */
export type LobbyRequest = Unnumbered<ClientMessage>;

interface Pending {
  readonly request: LobbyRequest;
  readonly context: RefusedRequest;
  readonly resolve: (reply: ReplyMessage) => void;
  readonly reject: (error: SdkError) => void;
  readonly timer: ReturnType<typeof setTimeout>;
  sent: boolean;
}

/** Requests that may be sent twice: their second execution changes nothing. */
const repeatable: ReadonlySet<ClientMessage['t']> = new Set([
  'list',
  'watch',
  'unwatch',
  'leave',
  'me',
  'set',
  'sync',
  'ping',
]);

/** See the head of this file. */
export class LobbyConnection {
  readonly #options: LobbyConnectionOptions;
  readonly #pending = new Map<number, Pending>();
  #signals: LobbyRequest[] = [];
  #phase: LobbyConnectionPhase = 'connecting';
  #socket: LobbySocket | undefined;
  #welcome: WelcomeMessage | undefined;
  #name: string;
  #lastRid = 0;
  #helloRid = 0;
  #helloError: ErrMessage | undefined;
  #attempt = 0;
  #heardAtMs = 0;
  #pingedAtMs: number | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #welcomeTimer: ReturnType<typeof setTimeout> | undefined;
  #watchTimer: ReturnType<typeof setInterval> | undefined;
  /** Messages from the server that could not be read, since the start. */
  malformed = 0;

  constructor(options: LobbyConnectionOptions) {
    this.#options = options;
    this.#name = options.name;
    this.#open();
  }

  get phase(): LobbyConnectionPhase {
    return this.#phase;
  }

  /** The latest welcome: `undefined` until the first. */
  get welcome(): WelcomeMessage | undefined {
    return this.#welcome;
  }

  /** The name that the next hello gives; the current session's is changed by `me`. */
  set name(name: string) {
    this.#name = name;
  }

  /**
   * Sends a request and waits for its reply. Offline, it waits for the connection; a repeatable one is sent again
   * after a drop.
   * @throws {SdkError} the refusal; `lobby-unreachable` after 10 s or if the answer was lost; `lobby-closed`.
   */
  request(request: LobbyRequest, code?: string): Promise<ReplyMessage> {
    const { url } = this.#options;
    if (this.#phase === 'closed') return Promise.reject(closedError(url, 'it was closed before.'));
    const rid = this.#nextRid();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(rid)?.reject(unreachableError(url)), answerTimeoutMs);
      const context = code === undefined ? { url } : { url, code };
      const pending: Pending = { request, context, resolve, reject, timer, sent: false };
      this.#pending.set(rid, pending);
      if (this.#phase === 'online') this.#sendPending(rid, pending);
    });
  }

  /** Sends a signal. Offline, the newest {@link signalsWaitingMax} wait for the session to be resumed. */
  signal(message: Extract<LobbyRequest, { t: 'sig' }>): void {
    if (this.#phase === 'online') this.#send(message);
    else this.#signals = [...this.#signals, message].slice(-signalsWaitingMax);
  }

  /** Ends the session and gives up its seat. Idempotent. */
  close(): void {
    if (this.#phase === 'closed') return;
    if (this.#phase === 'online') this.#send({ t: 'bye' });
    this.#end(closedError(this.#options.url, 'it was closed on purpose.'));
  }

  /** Tries again at once if it was waiting: the page came back to the network. */
  retryNow(): void {
    if (this.#phase !== 'waiting') return;
    clearTimeout(this.#retryTimer);
    this.#move('connecting');
    this.#open();
  }

  #open(): void {
    const { webSocket: Socket, url } = this.#options;
    let socket: LobbySocket;
    try {
      socket = new Socket(url, [LOBBY_SUBPROTOCOL]);
    } catch (cause) {
      this.#end(unreachableError(url, cause));
      return;
    }
    this.#socket = socket;
    this.#helloError = undefined;
    const ifCurrent = (act: () => void): void => {
      if (this.#socket === socket) act();
    };
    socket.addEventListener('open', () => ifCurrent(() => this.#sayHello()));
    socket.addEventListener('message', (event) => ifCurrent(() => this.#hear(event.data)));
    socket.addEventListener('close', (event) => ifCurrent(() => this.#dropped(event.code)));
    // An error is always followed by a close; without a listener `ws` would throw.
    socket.addEventListener('error', () => {});
    this.#welcomeTimer = setTimeout(() => ifCurrent(() => this.#abandon()), answerTimeoutMs);
  }

  #sayHello(): void {
    const { app, peer } = this.#options;
    this.#helloRid = this.#nextRid();
    const { follows } = this.#options;
    const resume =
      this.#welcome !== undefined
        ? { resume: this.#welcome.resume }
        : follows === undefined
          ? {}
          : { resume: follows, ifAway: true };
    const hello: LobbyRequest = {
      t: 'hello',
      protocol: [LOBBY_PROTOCOL_VERSION],
      app,
      peer,
      name: this.#name,
      ...resume,
    };
    this.#send({ ...hello, rid: this.#helloRid });
  }

  #hear(text: unknown): void {
    this.#heardAtMs = this.#options.now();
    this.#pingedAtMs = undefined;
    const parsed = typeof text === 'string' ? parseServerMessage(text) : undefined;
    if (parsed?.ok !== true) {
      this.malformed += 1;
      return;
    }
    const { message } = parsed;
    if (message.t === 'welcome') this.#greeted(message);
    else if (message.t === 'err' && (message.rid === undefined || message.rid === this.#helloRid))
      this.#helloError = message;
    else if (isReply(message)) this.#answered(message);
    else if (this.#phase === 'online') this.#options.onPush(message);
  }

  #greeted(welcome: WelcomeMessage): void {
    if (this.#phase !== 'connecting') return;
    clearTimeout(this.#welcomeTimer);
    this.#welcome = welcome;
    this.#attempt = 0;
    this.#move('online');
    this.#watchTimer = setInterval(() => this.#watch(), pingAfterMs / 2);
    const signals = welcome.resumed ? this.#signals : [];
    this.#signals = [];
    const waiting = [...this.#pending];
    try {
      this.#options.onOnline(welcome);
    } finally {
      for (const signal of signals) this.#send(signal);
      for (const [rid, pending] of waiting) this.#sendPending(rid, pending);
    }
  }

  #answered(reply: ReplyMessage): void {
    const pending = reply.rid === undefined ? undefined : this.#settle(reply.rid);
    if (reply.t === 'err') pending?.reject(refusalError(reply, pending.context));
    else pending?.resolve(reply);
  }

  #settle(rid: number): Pending | undefined {
    const pending = this.#pending.get(rid);
    if (pending === undefined) return undefined;
    clearTimeout(pending.timer);
    this.#pending.delete(rid);
    return pending;
  }

  /** A half-open socket stays silent for ever: ask, and give it up if there is no answer. */
  #watch(): void {
    const nowMs = this.#options.now();
    if (this.#pingedAtMs !== undefined) {
      if (nowMs - this.#pingedAtMs >= pingAfterMs) this.#abandon();
    } else if (nowMs - this.#heardAtMs >= pingAfterMs) {
      this.#pingedAtMs = nowMs;
      this.#send({ t: 'ping' });
    }
  }

  /** Gives up a socket that does not answer; its own close event may take a minute to come. */
  #abandon(): void {
    const socket = this.#socket;
    this.#dropped(1006);
    socket?.close();
  }

  #dropped(code: number): void {
    const wasOnline = this.#phase === 'online';
    this.#releaseSocket();
    const error = this.#fatal(code);
    if (error !== undefined) {
      this.#end(error);
      return;
    }
    for (const [rid, { sent, request }] of this.#pending) {
      if (sent && !repeatable.has(request.t)) this.#settle(rid)?.reject(droppedError(this.#options.url));
    }
    this.#move('waiting');
    const leastMs = code === LOBBY_CLOSE.rate ? penaltyMs : 0;
    const delayMs = leastMs + fullJitterMs(this.#attempt, Math.random());
    this.#attempt += 1;
    this.#retryTimer = setTimeout(() => this.retryNow(), delayMs);
    if (wasOnline) this.#options.onOffline();
  }

  /** The error that ends the connection, or `undefined` if another attempt makes sense. */
  #fatal(code: number): SdkError | undefined {
    const { url } = this.#options;
    const refusal = this.#helloError;
    if (this.#welcome === undefined)
      return refusal === undefined ? unreachableError(url) : refusalError(refusal, { url });
    // After a lost welcome the server still holds the old session: it lets go when the seat's time is up.
    if (code === LOBBY_CLOSE.badHello && refusal?.code !== undefined && refusal.code !== 'version-mismatch')
      return undefined;
    if (code === LOBBY_CLOSE.badHello && refusal !== undefined) return refusalError(refusal, { url });
    const reason = finalCloseReason(code);
    return reason === undefined ? undefined : closedError(url, reason);
  }

  #end(error: SdkError): void {
    const socket = this.#socket;
    this.#releaseSocket();
    clearTimeout(this.#retryTimer);
    this.#move('closed');
    socket?.close(LOBBY_CLOSE.bye);
    this.#signals = [];
    for (const rid of [...this.#pending.keys()]) this.#settle(rid)?.reject(error);
    this.#options.onClosed(error);
  }

  #releaseSocket(): void {
    this.#socket = undefined;
    this.#pingedAtMs = undefined;
    clearTimeout(this.#welcomeTimer);
    clearInterval(this.#watchTimer);
  }

  #sendPending(rid: number, pending: Pending): void {
    pending.sent = true;
    this.#send({ ...pending.request, rid });
  }

  #send(message: ClientMessage): void {
    this.#socket?.send(encodeMessage(message));
  }

  #nextRid(): number {
    this.#lastRid = (this.#lastRid % 2_147_483_647) + 1;
    return this.#lastRid;
  }

  #move(phase: LobbyConnectionPhase): void {
    assert(
      LOBBY_CONNECTION_MOVES[this.#phase].includes(phase),
      `A lobby connection cannot go from ${this.#phase} to ${phase}.`,
    );
    this.#phase = phase;
  }
}

function isReply(message: ServerMessage): message is ReplyMessage {
  switch (message.t) {
    case 'welcome':
    case 'ok':
    case 'err':
    case 'rooms':
    case 'joined':
    case 'snapshot':
    case 'pong':
      return true;
    default:
      return false;
  }
}
