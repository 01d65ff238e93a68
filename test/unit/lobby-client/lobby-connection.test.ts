/** What the lobby connection sends, when it tries again and when it gives up. Sockets and timers are puppets here. */
import { jest } from '@jest/globals';
import type { SdkError } from 'rollmesh';
import type { ClientMessage, ServerMessage } from 'rollmesh/lobby-protocol';
import { backoffLimitMs } from '../../../sdk/src/lobby/backoff.js';
import {
  answerTimeoutMs,
  LOBBY_CONNECTION_MOVES,
  LobbyConnection,
  type LobbyPush,
  pingAfterMs,
  signalsWaitingMax,
} from '../../../sdk/src/lobby/lobby-connection.js';

const self = 'a'.repeat(26);
const other = 'b'.repeat(26);

class PuppetSocket {
  static all: PuppetSocket[] = [];
  readonly sent: ClientMessage[] = [];
  readonly #listeners = new Map<string, ((event: never) => void)[]>();
  closedWith: number | undefined;

  constructor() {
    PuppetSocket.all.push(this);
  }

  static get last(): PuppetSocket {
    return PuppetSocket.all.at(-1) as PuppetSocket;
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as ClientMessage);
  }

  close(code?: number): void {
    this.closedWith = code ?? 1005;
  }

  fire(type: string, event: unknown = {}): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }

  say(message: ServerMessage): void {
    this.fire('message', { data: JSON.stringify(message) });
  }

  drop(code = 1006): void {
    this.fire('close', { code });
  }

  /** Opens and lets the server accept the hello. */
  accept(resumed = false): void {
    this.fire('open');
    this.say({
      t: 'welcome',
      protocol: 1,
      session: 's',
      peer: self,
      name: 'Ada',
      resume: `token-${PuppetSocket.all.length}`,
      resumed,
      graceMs: 30_000,
      serverTimeMs: 0,
      limits: { messageBytesMax: 16_384, silentMsMax: 25_000 },
      room: null,
    });
  }

  /** Requests of one type, by their `rid`. */
  rids(type: ClientMessage['t']): number[] {
    return this.sent.filter(({ t }) => t === type).map(({ rid }) => rid ?? 0);
  }
}

interface Told {
  readonly connection: LobbyConnection;
  readonly events: string[];
  readonly pushes: LobbyPush[];
  readonly errors: SdkError[];
}

function connect(follows?: string): Told {
  const events: string[] = [];
  const pushes: LobbyPush[] = [];
  const errors: SdkError[] = [];
  const connection = new LobbyConnection({
    url: 'ws://lobby.test/lobby',
    app: 'tap',
    peer: self,
    name: 'Ada',
    follows,
    webSocket: PuppetSocket,
    now: () => Date.now(),
    onOnline: ({ resumed }) => events.push(resumed ? 'resumed' : 'online'),
    onOffline: () => events.push('offline'),
    onClosed: (error) => {
      events.push('closed');
      errors.push(error);
    },
    onPush: (message) => pushes.push(message),
  });
  return { connection, events, pushes, errors };
}

/** How a promise ended, once it has. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'done',
    (error: SdkError) => error.code,
  );
}

beforeEach(() => {
  PuppetSocket.all = [];
  jest.useFakeTimers();
});
afterEach(() => jest.useRealTimers());

test('the first message is a hello with versions, app, peer and name', () => {
  connect();
  PuppetSocket.last.fire('open');
  expect(PuppetSocket.last.sent).toEqual([
    { t: 'hello', protocol: [1], app: 'tap', peer: self, name: 'Ada', rid: 1 },
  ]);
});

test('a page after a reload takes up the session of the page before it, then its own', () => {
  connect('token-of-before');
  PuppetSocket.last.fire('open');
  expect(PuppetSocket.last.sent).toEqual([
    expect.objectContaining({ t: 'hello', resume: 'token-of-before', ifAway: true }),
  ]);
  PuppetSocket.last.accept();
  PuppetSocket.last.drop();
  jest.advanceTimersByTime(backoffLimitMs);
  PuppetSocket.last.fire('open');
  expect(PuppetSocket.last.sent[0]).toMatchObject({ t: 'hello', resume: 'token-1' });
  expect(PuppetSocket.last.sent[0]).not.toHaveProperty('ifAway');
});

test('a dropped connection resumes with the newest token', () => {
  const { events } = connect();
  PuppetSocket.last.accept();
  PuppetSocket.last.drop();
  jest.advanceTimersByTime(backoffLimitMs);
  PuppetSocket.last.fire('open');
  expect(PuppetSocket.last.sent[0]).toMatchObject({ t: 'hello', resume: 'token-1' });
  PuppetSocket.last.accept(true);
  PuppetSocket.last.drop();
  jest.advanceTimersByTime(backoffLimitMs);
  PuppetSocket.last.fire('open');
  expect(PuppetSocket.last.sent[0]).toMatchObject({ t: 'hello', resume: 'token-2' });
  expect(events).toEqual(['online', 'offline', 'resumed', 'offline']);
});

test('a first attempt that fails is final, for the caller waits for it', () => {
  const { connection, events, errors } = connect();
  PuppetSocket.last.drop();
  jest.advanceTimersByTime(60_000);
  expect(events).toEqual(['closed']);
  expect(errors[0]?.code).toBe('lobby-unreachable');
  expect(connection.phase).toBe('closed');
  expect(PuppetSocket.all.length).toBe(1);
});

test('a server that opens the socket and stays silent counts as unreachable', () => {
  const { errors } = connect();
  PuppetSocket.last.fire('open');
  jest.advanceTimersByTime(answerTimeoutMs);
  expect(errors[0]?.code).toBe('lobby-unreachable');
});

test('a refused hello names its reason', () => {
  const { errors } = connect();
  PuppetSocket.last.fire('open');
  PuppetSocket.last.say({ t: 'err', rid: 1, code: 'version-mismatch', message: 'no', protocol: [2] });
  PuppetSocket.last.drop(4000);
  expect(errors[0]?.code).toBe('version-mismatch');
  expect(errors[0]?.message).toMatch(/protocol 1 here, 2 there.*Reload the page/);
});

test.each([
  [1006, true],
  [1011, true],
  [1012, true],
  [1013, true],
  [4008, true],
  [1000, false],
  [1009, false],
  [4001, false],
  [4002, false],
])('after close code %i it tries again: %s', (code, triesAgain) => {
  const { connection } = connect();
  PuppetSocket.last.accept();
  PuppetSocket.last.drop(code);
  jest.advanceTimersByTime(backoffLimitMs);
  expect(PuppetSocket.all.length).toBe(triesAgain ? 2 : 1);
  expect(connection.phase).toBe(triesAgain ? 'connecting' : 'closed');
});

test('after a penalty for flooding it waits a minute', () => {
  connect();
  PuppetSocket.last.accept();
  PuppetSocket.last.drop(4029);
  jest.advanceTimersByTime(59_000);
  expect(PuppetSocket.all.length).toBe(1);
  jest.advanceTimersByTime(1_000 + backoffLimitMs);
  expect(PuppetSocket.all.length).toBe(2);
});

test('while the server still holds the old session, it keeps trying', () => {
  const { connection } = connect();
  PuppetSocket.last.accept();
  PuppetSocket.last.drop();
  for (let attempt = 0; attempt < 4; attempt += 1) {
    jest.advanceTimersByTime(backoffLimitMs);
    PuppetSocket.last.fire('open');
    const rid = PuppetSocket.last.sent[0]?.rid ?? 0;
    PuppetSocket.last.say({ t: 'err', rid, code: 'peer-taken', message: 'held' });
    PuppetSocket.last.drop(4000);
  }
  jest.advanceTimersByTime(backoffLimitMs);
  PuppetSocket.last.accept();
  expect(connection.phase).toBe('online');
});

test('replies find their requests by number, in any order', async () => {
  const { connection } = connect();
  PuppetSocket.last.accept();
  const first = connection.request({ t: 'list' });
  const second = connection.request({ t: 'ping' });
  const [list = 0] = PuppetSocket.last.rids('list');
  const [ping = 0] = PuppetSocket.last.rids('ping');
  PuppetSocket.last.say({ t: 'pong', rid: ping, serverTimeMs: 5 });
  PuppetSocket.last.say({ t: 'rooms', rid: list, rooms: [], cursor: null });
  expect((await first).t).toBe('rooms');
  expect((await second).t).toBe('pong');
});

test('a request made offline waits for the connection', async () => {
  const { connection } = connect();
  const listed = connection.request({ t: 'list' });
  PuppetSocket.last.accept();
  const [rid = 0] = PuppetSocket.last.rids('list');
  PuppetSocket.last.say({ t: 'rooms', rid, rooms: [], cursor: null });
  expect((await listed).t).toBe('rooms');
});

test('after a drop only what may happen twice is sent again', async () => {
  const { connection } = connect();
  PuppetSocket.last.accept();
  const chatted = outcome(connection.request({ t: 'chat', text: 'hi' }));
  const made = outcome(connection.request({ t: 'create', playersMax: 2, public: false, metadata: {} }));
  const readied = outcome(connection.request({ t: 'me', ready: true }));
  PuppetSocket.last.drop();
  expect(await chatted).toBe('lobby-unreachable');
  expect(await made).toBe('lobby-unreachable');
  jest.advanceTimersByTime(backoffLimitMs);
  PuppetSocket.last.accept(true);
  expect(PuppetSocket.last.sent.map(({ t }) => t)).toEqual(['hello', 'me']);
  PuppetSocket.last.say({ t: 'ok', rid: PuppetSocket.last.rids('me')[0] ?? 0 });
  expect(await readied).toBe('done');
});

test('a request without an answer fails after ten seconds', async () => {
  const { connection } = connect();
  PuppetSocket.last.accept();
  const listed = outcome(connection.request({ t: 'list' }));
  jest.advanceTimersByTime(answerTimeoutMs);
  expect(await listed).toBe('lobby-unreachable');
});

test('a silent server is asked, and given up if it does not answer', () => {
  const { connection } = connect();
  PuppetSocket.last.accept();
  const first = PuppetSocket.last;
  jest.advanceTimersByTime(pingAfterMs);
  expect(first.rids('ping').length).toBe(1);
  first.say({ t: 'pong', serverTimeMs: 5 });
  jest.advanceTimersByTime(pingAfterMs);
  expect(connection.phase).toBe('online');
  expect(first.rids('ping').length).toBe(2);
  jest.advanceTimersByTime(pingAfterMs);
  expect(connection.phase).toBe('waiting');
  expect(first.closedWith).toBeDefined();
});

test('what a given-up socket still says is not heard', () => {
  const { connection, pushes } = connect();
  PuppetSocket.last.accept();
  const first = PuppetSocket.last;
  first.drop();
  jest.advanceTimersByTime(backoffLimitMs);
  PuppetSocket.last.accept();
  first.say({ t: 'rooms-diff', changed: [], removed: [] });
  first.drop();
  expect(pushes).toEqual([]);
  expect(connection.phase).toBe('online');
});

test('signals wait for a resumed session, the newest of them', () => {
  const { connection } = connect();
  PuppetSocket.last.accept();
  PuppetSocket.last.drop();
  for (let count = 0; count < signalsWaitingMax + 5; count += 1)
    connection.signal({ t: 'sig', to: other, signal: { kind: 'end', connectionId: `c${count}` } });
  jest.advanceTimersByTime(backoffLimitMs);
  PuppetSocket.last.accept(true);
  const sent = PuppetSocket.last.sent.filter((message) => message.t === 'sig');
  expect(sent.length).toBe(signalsWaitingMax);
  expect(sent.at(-1)).toMatchObject({ signal: { connectionId: `c${signalsWaitingMax + 4}` } });
});

test('signals for a session that is gone are not sent', () => {
  const { connection } = connect();
  PuppetSocket.last.accept();
  PuppetSocket.last.drop();
  connection.signal({ t: 'sig', to: other, signal: { kind: 'end', connectionId: 'c' } });
  jest.advanceTimersByTime(backoffLimitMs);
  PuppetSocket.last.accept(false);
  expect(PuppetSocket.last.rids('sig')).toEqual([]);
});

test('messages that make no sense are counted and change nothing', () => {
  const { connection, pushes } = connect();
  PuppetSocket.last.accept();
  for (const data of ['', '{', 'null', '[]', '{"t":"owner"}', '{"t":"ok","extra":1}', new ArrayBuffer(4), 7])
    PuppetSocket.last.fire('message', { data });
  expect(connection.malformed).toBe(8);
  expect(pushes).toEqual([]);
  expect(connection.phase).toBe('online');
});

test('close says bye and ends what waits', async () => {
  const { connection, events } = connect();
  PuppetSocket.last.accept();
  const listed = outcome(connection.request({ t: 'list' }));
  connection.close();
  connection.close();
  expect(PuppetSocket.last.sent.at(-1)).toEqual({ t: 'bye' });
  expect(await listed).toBe('lobby-closed');
  expect(await outcome(connection.request({ t: 'list' }))).toBe('lobby-closed');
  expect(events).toEqual(['online', 'closed']);
  expect(jest.getTimerCount()).toBe(0);
});

test('coming back to the network skips the wait', () => {
  const { connection } = connect();
  PuppetSocket.last.accept();
  PuppetSocket.last.drop();
  connection.retryNow();
  expect(PuppetSocket.all.length).toBe(2);
  connection.retryNow();
  expect(PuppetSocket.all.length).toBe(2);
});

test('every phase but closed leads to closed, and closed leads nowhere', () => {
  const { closed, ...open } = LOBBY_CONNECTION_MOVES;
  expect(closed).toEqual([]);
  for (const moves of Object.values(open)) expect(moves).toContain('closed');
});
