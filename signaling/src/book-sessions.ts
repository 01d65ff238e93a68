/**
 * Who is there: sessions by socket, by peer id and by resume token, and the seats of those whose socket dropped.
 *
 * A token resumes its session once; the welcome that follows brings the next one. Because that welcome may be lost with
 * the new socket, the old token stays good until the client is heard again.
 */
import type { BookDependencies, ConnectionId, Session } from './book-types.js';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** 52 characters: 260 bits. */
const TOKEN_BYTES = 33;
const SESSION_ID_BYTES = 16;

/** Letters and digits that stand for random bytes: 5 bits a character, the rest of the last byte dropped. */
export function randomWord(bytes: Uint8Array): string {
  let word = '';
  let bits = 0;
  let count = 0;
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xfff;
    count += 8;
    while (count >= 5) {
      count -= 5;
      word += BASE32[(bits >> count) & 31];
    }
  }
  return word;
}

/** All sessions of a lobby server. */
export class Sessions {
  readonly #dependencies: BookDependencies;
  readonly #byConnection = new Map<ConnectionId, Session>();
  readonly #byPeer = new Map<string, Session>();
  readonly #byToken = new Map<string, Session>();
  /** Sessions without a socket and when they end. The grace is the same for all, so insertion order is order in time. */
  readonly #away = new Map<Session, number>();

  constructor(dependencies: BookDependencies) {
    this.#dependencies = dependencies;
  }

  /** Sessions, connected and away. */
  get size(): number {
    return this.#byPeer.size;
  }

  /** Records of any kind, to see that nothing is left behind. */
  get recordCount(): number {
    return this.#byConnection.size + this.#byPeer.size + this.#byToken.size + this.#away.size;
  }

  of(connection: ConnectionId): Session | undefined {
    return this.#byConnection.get(connection);
  }

  /** True if a session of this app has the peer id. */
  hasPeer(app: string, peer: string): boolean {
    return this.#byPeer.has(`${app} ${peer}`);
  }

  /** The session that this token resumes, if it belongs to this app and peer. */
  byToken(token: string, app: string, peer: string): Session | undefined {
    const session = this.#byToken.get(this.#dependencies.digest(token));
    return session !== undefined && session.app === app && session.peer === peer ? session : undefined;
  }

  /** A new session on this socket; its first token comes with it. */
  open(
    connection: ConnectionId,
    who: { app: string; peer: string; name: string },
  ): { session: Session; token: string } {
    const session: Session = {
      ...who,
      id: randomWord(this.#dependencies.randomBytes(SESSION_ID_BYTES)),
      connection,
      tokenDigest: '',
      tokenDigestBefore: undefined,
      room: undefined,
    };
    this.#byConnection.set(connection, session);
    this.#byPeer.set(`${who.app} ${who.peer}`, session);
    return { session, token: this.#issueToken(session) };
  }

  /** Moves a session to a new socket; `usedToken` stays good until {@link confirm}. Returns the next token. */
  resume(session: Session, connection: ConnectionId, usedToken: string): string {
    if (session.connection !== undefined) this.#byConnection.delete(session.connection);
    this.#away.delete(session);
    session.connection = connection;
    this.#byConnection.set(connection, session);
    const used = this.#dependencies.digest(usedToken);
    for (const digest of [session.tokenDigest, session.tokenDigestBefore]) {
      if (digest !== undefined && digest !== used) this.#byToken.delete(digest);
    }
    const token = this.#issueToken(session);
    session.tokenDigestBefore = used;
    return token;
  }

  /** The client was heard after its welcome: the token before it is spent. */
  confirm(session: Session): void {
    if (session.tokenDigestBefore === undefined) return;
    this.#byToken.delete(session.tokenDigestBefore);
    session.tokenDigestBefore = undefined;
  }

  /** The socket dropped; the session waits for another one. */
  setAway(session: Session, untilMs: number): void {
    if (session.connection !== undefined) this.#byConnection.delete(session.connection);
    session.connection = undefined;
    this.#away.set(session, untilMs);
  }

  /** Forgets a session and all its tokens. */
  close(session: Session): void {
    if (session.connection !== undefined) this.#byConnection.delete(session.connection);
    session.connection = undefined;
    this.#away.delete(session);
    this.#byPeer.delete(`${session.app} ${session.peer}`);
    this.#byToken.delete(session.tokenDigest);
    if (session.tokenDigestBefore !== undefined) this.#byToken.delete(session.tokenDigestBefore);
  }

  /** Sessions whose time without a socket is over. They are still open: close each. */
  overdue(nowMs: number): Session[] {
    const sessions: Session[] = [];
    for (const [session, untilMs] of this.#away) {
      if (untilMs > nowMs) break;
      sessions.push(session);
    }
    return sessions;
  }

  #issueToken(session: Session): string {
    const token = randomWord(this.#dependencies.randomBytes(TOKEN_BYTES));
    session.tokenDigest = this.#dependencies.digest(token);
    this.#byToken.set(session.tokenDigest, session);
    return token;
  }
}
