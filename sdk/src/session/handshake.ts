/**
 * Before frame 0: everybody learns that everybody runs the same game, then all start at one moment.
 *
 * Each peer repeats HELLO. A peer is ready when it has a matching HELLO of every other. When the coordinator (the first
 * in `peers`) sees that all are ready and knows the round trips, it chooses a start and repeats GO with
 * "frame 0 is in so many ms" for each peer, less the one-way time, until that peer's frame packets arrive.
 */
import { HANDSHAKE_TIMEOUT_MS } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import {
  type Agreement,
  encodeGo,
  encodeHello,
  HELLO_HEARD_YOU,
  HELLO_READY,
  type Hello,
  WIRE_VERSION,
} from '../wire/handshake-message.js';
import type { RemotePeer } from './remote-peer.js';
import type { IncompatibleReason } from './session-types.js';

const HELLO_INTERVAL_MS = 100;
const GO_INTERVAL_MS = 50;
/** Spare time between the decision to start and frame 0, so that a lost GO is repeated before it. */
const START_MARGIN_MS = 120;
/** A peer that keeps naming another match for this long is really in another match; before, its HELLO may be a stale one. */
const MATCH_MISMATCH_MS = 3000;

/** Why a peer can never play with us. */
export interface Incompatibility {
  readonly peer: PeerId;
  readonly reason: IncompatibleReason;
  readonly message: string;
}

const MESSAGES: { readonly [K in IncompatibleReason]: string } = {
  protocol: 'speaks another version of the Rollmesh wire format. Use the same SDK version on all peers.',
  match: 'is in another match. Give all peers the same matchId and seed.',
  game: 'runs another game. Give all peers the same game id.',
  version: 'runs another version of the game. Reload the page on both sides to get the newest one.',
  schema: 'has another input or state layout, or another playersMax. Use the same build on all peers.',
  config:
    'was configured differently. Give all peers the same options, peers, players, onLost, onLate, signInputs and time limits.',
};

/** What the handshake needs from the session. */
export interface HandshakeOptions {
  readonly agreement: Agreement;
  readonly matchKey: number;
  readonly remotes: readonly RemotePeer[];
  /** True on the first peer of the list. */
  readonly coordinator: boolean;
  readonly send: (to: RemotePeer, bytes: Uint8Array) => void;
}

/** The state of one handshake. */
export class Handshake {
  readonly #options: HandshakeOptions;
  #lastHelloMs = Number.NEGATIVE_INFINITY;
  #lastGoMs = Number.NEGATIVE_INFINITY;
  /** When frame 0 is, on our clock; `undefined` until decided. */
  startAtMs: number | undefined;

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  /** True when every other peer said a matching HELLO. */
  get ready(): boolean {
    return this.#options.remotes.every((remote) => remote.hello !== undefined);
  }

  /** Takes a HELLO. Returns why the peer is incompatible, if it is for sure. */
  receiveHello(from: RemotePeer, hello: Hello, nowMs: number): Incompatibility | undefined {
    // Whatever else a HELLO of another match says: it may be a late one of the match before.
    if (!this.isOfThisMatch(hello)) {
      if (from.matchMismatchSinceMs < 0) from.matchMismatchSinceMs = nowMs;
      if (nowMs - from.matchMismatchSinceMs < MATCH_MISMATCH_MS) return undefined;
    }
    const reason = this.#compare(hello);
    if (reason !== undefined)
      return { peer: from.peer, reason, message: `Peer ${from.peer} ${MESSAGES[reason]}` };
    from.matchMismatchSinceMs = -1;
    from.hello = hello;
    from.helloAtMs = nowMs;
    if (hello.hasEcho) {
      // Both clocks are rounded to whole milliseconds: without any delay the difference may come out below zero.
      const roundedMs = ((Math.round(nowMs) - hello.echoMs) | 0) - hello.heldMs;
      const rttMs = roundedMs < 0 && roundedMs >= -2 ? 0 : roundedMs;
      // A round trip of days is a lie that would put the start off for days.
      const isPossible = rttMs >= 0 && rttMs <= HANDSHAKE_TIMEOUT_MS;
      if (isPossible && (from.helloRttMs < 0 || rttMs < from.helloRttMs)) from.helloRttMs = rttMs;
    }
    return undefined;
  }

  /** True if the sender is in our match, whether or not it fits. */
  isOfThisMatch(hello: Hello): boolean {
    return hello.match === this.#options.agreement.match;
  }

  #compare(hello: Hello): IncompatibleReason | undefined {
    const own = this.#options.agreement;
    if (hello.wireVersion !== WIRE_VERSION) return 'protocol';
    if (hello.game !== own.game) return 'game';
    if (hello.version !== own.version) return 'version';
    if (hello.match !== own.match) return 'match';
    if (hello.schema !== own.schema) return 'schema';
    return hello.config === own.config ? undefined : 'config';
  }

  /** Takes a GO: frame 0 is `waitMs` from now. False if no honest coordinator could have sent it. */
  receiveGo(waitMs: number, nowMs: number): boolean {
    if (Math.abs(waitMs) > HANDSHAKE_TIMEOUT_MS) return false;
    if (this.startAtMs === undefined && this.ready) this.startAtMs = nowMs + waitMs;
    return true;
  }

  /** A frame packet of a peer that already runs says where its clock is: start there if its GO was lost. */
  startFromPeer(positionMs: number, from: RemotePeer, nowMs: number): void {
    if (this.startAtMs !== undefined || !this.ready) return;
    this.startAtMs = nowMs - positionMs - Math.max(0, from.helloRttMs) / 2;
  }

  /** Sends what is due; the coordinator decides the start here. */
  advance(nowMs: number): void {
    const { remotes, coordinator } = this.#options;
    if (nowMs - this.#lastHelloMs >= HELLO_INTERVAL_MS) {
      this.#lastHelloMs = nowMs;
      for (const remote of remotes)
        if (this.startAtMs === undefined || !this.#runs(remote)) this.sendHello(remote, nowMs);
    }
    if (!coordinator) return;
    if (this.startAtMs === undefined) {
      if (!remotes.every((remote) => this.#isReady(remote))) return;
      const oneWayMs = remotes.reduce((most, remote) => Math.max(most, remote.helloRttMs / 2), 0);
      this.startAtMs = nowMs + (remotes.length === 0 ? 0 : oneWayMs + START_MARGIN_MS);
    }
    if (nowMs - this.#lastGoMs < GO_INTERVAL_MS) return;
    this.#lastGoMs = nowMs;
    for (const remote of remotes) {
      if (!this.#runs(remote)) {
        this.#options.send(
          remote,
          encodeGo(this.startAtMs - nowMs - remote.helloRttMs / 2, this.#options.matchKey),
        );
      }
    }
  }

  /** True when all others run: nothing is left to repeat. */
  get done(): boolean {
    return (
      this.startAtMs !== undefined &&
      this.#options.remotes.every((remote) => !remote.member || this.#runs(remote))
    );
  }

  #runs(remote: RemotePeer): boolean {
    return remote.packetsReceived > 0;
  }

  #isReady(remote: RemotePeer): boolean {
    const needed = HELLO_HEARD_YOU | HELLO_READY;
    return remote.hello !== undefined && (remote.hello.flags & needed) === needed && remote.helloRttMs >= 0;
  }

  /** Sends one HELLO now. */
  sendHello(to: RemotePeer, nowMs: number, send: HandshakeOptions['send'] = this.#options.send): void {
    const heard = to.hello;
    const heldMs = Math.round(nowMs - to.helloAtMs);
    const hasEcho = heard !== undefined && heldMs <= 0xffff;
    send(
      to,
      encodeHello({
        ...this.#options.agreement,
        wireVersion: WIRE_VERSION,
        flags: (heard === undefined ? 0 : HELLO_HEARD_YOU) | (this.ready ? HELLO_READY : 0),
        stampMs: Math.round(nowMs) >>> 0,
        hasEcho,
        echoMs: heard?.stampMs ?? 0,
        heldMs: Math.max(0, heldMs),
      }),
    );
  }
}
