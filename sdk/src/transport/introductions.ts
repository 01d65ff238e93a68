/**
 * From "we want a link to this peer" to a connection under way: who offers, what happens to each signal.
 *
 * The peer with the greater id offers, always, so two offers never cross. The other waits; if no offer comes it asks
 * for one, which is also how it comes back after a reload that the offering side has not noticed.
 */
import type { PeerId } from '../base/peer-id.js';
import { createAskId, createConnectionId, isAskId } from './connection-id.js';
import type { Link } from './link.js';
import { ASK_AFTER_MS, ASK_INTERVAL_MS, EARLY_SIGNALS_MAX, REOFFER_AFTER_MS } from './link-limits.js';
import type { MutableMeshCounters } from './mesh-counters.js';
import { OfferShelf } from './offer-shelf.js';
import { type ConnectionSignal, isOffer, type OfferSignal, PeerJsConnections } from './peerjs-connections.js';
import { loadPeerJs } from './peerjs-library.js';
import type { Signal, SignalChannel } from './signal-channel.js';
import { parseSignal } from './signal-parser.js';

/** What introductions need from their mesh. */
export interface IntroductionsHost {
  readonly signals: SignalChannel;
  readonly configuration: RTCConfiguration;
  readonly counters: MutableMeshCounters;
  readonly maxPeers: number;
  /** Links that are wanted, lost ones included. */
  readonly wanted: ReadonlyMap<PeerId, Link>;
  awakeMs(): number;
  /** Puts a new link in the place of a lost one. */
  renew(peer: PeerId): Link;
}

/** What is due for a link that has no connection yet. Times are milliseconds awake. */
interface Due {
  askAtMs: number;
  reofferAtMs: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** Makes connections for links and hands them their signals. */
export class Introductions {
  readonly #host: IntroductionsHost;
  readonly #self: PeerId;
  readonly #shelf: OfferShelf;
  readonly #due = new Map<PeerId, Due>();
  readonly #stopListening: () => void;
  #connections: PeerJsConnections | undefined;
  #loading = false;
  #closed = false;
  /** Signals that came while PeerJS was loading. */
  #early: { readonly from: PeerId; readonly signal: Signal }[] = [];

  constructor(host: IntroductionsHost) {
    this.#host = host;
    this.#self = host.signals.self;
    this.#shelf = new OfferShelf(host.maxPeers);
    this.#stopListening = host.signals.onSignal((from, signal) => this.#arrived(from, signal));
    this.#load();
  }

  /** Begins for a link in phase 'new'. */
  introduce(link: Link): void {
    const offers = this.#self > link.peer;
    const askAtMs = offers ? NEVER : link.startedAtMs + ASK_AFTER_MS;
    this.#due.set(link.peer, { askAtMs, reofferAtMs: NEVER });
    if (this.#connections === undefined) this.#load();
    if (offers) this.#offer(link);
    else for (const signal of this.#shelf.take(link.peer) ?? []) this.#route(link.peer, signal);
  }

  /** A link is not wanted any more. */
  forget(peer: PeerId): void {
    this.#due.delete(peer);
  }

  /** Asks and offers again where it is time. */
  poll(awakeMs: number): void {
    this.#shelf.expire(awakeMs);
    for (const [peer, due] of this.#due) {
      const link = this.#host.wanted.get(peer);
      if (link?.phase === 'new' && awakeMs >= due.askAtMs) {
        due.askAtMs = awakeMs + ASK_INTERVAL_MS;
        this.sendEnd(peer, createAskId());
      }
      if (awakeMs >= due.reofferAtMs) this.#startOver(peer);
    }
  }

  /** Tells a peer that a connection is over, in case its goodbye got lost. */
  sendEnd(peer: PeerId, connectionId: string): void {
    this.#send(peer, { kind: 'end', connectionId });
  }

  close(): void {
    this.#closed = true;
    this.#stopListening();
    this.#connections?.close();
    this.#shelf.clear();
    this.#due.clear();
    this.#early = [];
  }

  #load(): void {
    if (this.#loading) return;
    this.#loading = true;
    loadPeerJs().then(
      (library) => {
        if (!this.#closed) this.#loaded(new PeerJsConnections(library, this.#peerJsHost()));
      },
      (error: unknown) => {
        this.#loading = false;
        const detail = `PeerJS could not be loaded: ${String(error)}`;
        for (const link of this.#host.wanted.values()) link.lose({ reason: 'failed', detail });
      },
    );
  }

  #peerJsHost(): ConstructorParameters<typeof PeerJsConnections>[1] {
    const { configuration, counters } = this.#host;
    return {
      self: this.#self,
      configuration,
      sendSignal: (to, signal) => {
        if (this.#host.wanted.get(to)?.signalSent(signal)) this.#send(to, signal);
      },
      negotiationFailed: (words) => {
        counters.negotiationFailures += 1;
        // PeerJS does not say which connection it was.
        for (const link of this.#host.wanted.values()) if (link.phase === 'checking') link.noteTrouble(words);
      },
      foreignChannel: () => {
        counters.foreignChannels += 1;
      },
    };
  }

  #loaded(connections: PeerJsConnections): void {
    this.#connections = connections;
    for (const link of this.#host.wanted.values())
      if (link.phase === 'new' && this.#self > link.peer) this.#offer(link);
    const early = this.#early;
    this.#early = [];
    for (const { from, signal } of early) this.#route(from, signal);
  }

  #send(to: PeerId, signal: Signal): void {
    try {
      this.#host.signals.sendSignal(to, signal);
    } catch {
      // The lobby is away. What was lost is asked for or offered again; a running link needs no signals.
      this.#host.counters.unsentSignals += 1;
    }
  }

  #arrived(from: PeerId, value: unknown): void {
    const { counters } = this.#host;
    const signal = parseSignal(value);
    if (signal === undefined || typeof from !== 'string' || from === this.#self)
      counters.malformedSignals += 1;
    else if (this.#connections !== undefined) this.#route(from, signal);
    else if (this.#early.length < EARLY_SIGNALS_MAX) this.#early.push({ from, signal });
    else counters.unexpectedSignals += 1;
  }

  #route(from: PeerId, signal: Signal): void {
    if (signal.kind === 'end') this.#ended(from, signal.connectionId);
    else if (!(isOffer(signal) ? this.#offered(from, signal) : this.#applied(from, signal)))
      this.#host.counters.unexpectedSignals += 1;
  }

  /** False if it is not the other side's part to offer, or it did so before. */
  #offered(from: PeerId, offer: OfferSignal): boolean {
    if (this.#self > from) return false;
    const known = this.#host.wanted.get(from);
    if (known?.connectionId === offer.connectionId) return false;
    if (known?.phase === 'open' || known?.phase === 'suspect') known.lose(STARTED_OVER);
    // Whoever hears of the loss may have changed their mind about the peer.
    let link = this.#host.wanted.get(from);
    if (link === undefined) return this.#shelf.put(from, offer, this.#host.awakeMs());
    if (link.phase === 'lost') link = this.#host.renew(from);
    this.#answer(link, offer);
    return true;
  }

  #applied(from: PeerId, signal: ConnectionSignal): boolean {
    const link = this.#host.wanted.get(from);
    if (!link?.signalReceived(signal)) return this.#shelf.put(from, signal, this.#host.awakeMs());
    if (signal.kind === 'answer') this.#dueOf(from).reofferAtMs = NEVER;
    this.#connections?.apply(from, signal);
    return true;
  }

  #ended(from: PeerId, connectionId: string): void {
    const link = this.#host.wanted.get(from);
    if (isAskId(connectionId)) this.#asked(from, link);
    else if (link?.connectionId !== connectionId) this.#shelf.withdraw(from, connectionId);
    else if (link.phase === 'checking') link.lose({ reason: 'failed', detail: 'the peer gave up' });
    else link.lose({ reason: 'goodbye', detail: 'the peer ended the connection' });
  }

  /**
   * The peer has no connection with us. Either our offer is on its way, then an answer comes soon; or its page is a
   * new one and whatever we have is dead. An answer in between tells the two apart: signals come in order.
   */
  #asked(from: PeerId, link: Link | undefined): void {
    if (link === undefined || this.#self < from) return;
    const due = this.#dueOf(from);
    const awakeMs = this.#host.awakeMs();
    const underWay = link.phase === 'checking' && !link.answered;
    const fromMs = underWay ? awakeMs : link.startedAtMs;
    due.reofferAtMs = Math.min(due.reofferAtMs, fromMs + REOFFER_AFTER_MS);
    if (awakeMs >= due.reofferAtMs) this.#startOver(from);
  }

  #startOver(peer: PeerId): void {
    this.#dueOf(peer).reofferAtMs = NEVER;
    const known = this.#host.wanted.get(peer);
    if (known?.phase === 'open' || known?.phase === 'suspect') known.lose(STARTED_OVER);
    const link = this.#host.wanted.get(peer);
    if (link?.phase === 'lost') this.#host.renew(peer);
    else if (link !== undefined) this.#offer(link);
  }

  #dueOf(peer: PeerId): Due {
    let due = this.#due.get(peer);
    if (due === undefined) {
      due = { askAtMs: NEVER, reofferAtMs: NEVER };
      this.#due.set(peer, due);
    }
    return due;
  }

  #offer(link: Link): void {
    const connections = this.#connections;
    if (connections === undefined) return;
    const id = createConnectionId();
    this.#attempt(link, () => link.adopt(connections.offer(link.peer, id), id));
  }

  #answer(link: Link, offer: OfferSignal): void {
    this.#attempt(link, () => {
      const connection = this.#connections?.answer(link.peer, offer);
      if (connection === undefined) return;
      link.adopt(connection, offer.connectionId);
      link.signalReceived(offer);
    });
  }

  /** The browser may refuse one more connection: trouble in operation, not a mistake of the caller. */
  #attempt(link: Link, start: () => void): void {
    try {
      start();
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      link.lose({ reason: 'failed', detail: `the browser made no connection: ${error.message}` });
    }
  }
}

const STARTED_OVER = { reason: 'closed', detail: 'the peer started over with a new connection' } as const;
