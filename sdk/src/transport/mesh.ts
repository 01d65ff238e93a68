/** The mesh: one link to each wanted peer. PeerJS makes the connections, the lobby carries their signals. */
import { Emitter } from '../base/emitter.js';
import { requireArgument, SdkError } from '../base/errors.js';
import type { PeerId } from '../base/peer-id.js';
import { AwakeClock } from './awake-clock.js';
import type { ChannelFacts } from './channel-facts.js';
import { Introductions } from './introductions.js';
import { Link, type LinkHost, type LinkLoss } from './link.js';
import { MESSAGE_BYTES_MAX } from './link-channels.js';
import { LINKS_MAX, LINKS_MAX_DEFAULT, POLL_INTERVAL_MS } from './link-limits.js';
import { createMeshCounters, type MeshCounters, type MutableMeshCounters } from './mesh-counters.js';
import { MESH_MESSAGE_MIN } from './mesh-messages.js';
import type { SignalChannel } from './signal-channel.js';
import type { LinkChannel, LinkPhase, Transport, TransportEvents } from './transport.js';

/** Options of {@link createMesh}. */
export interface MeshOptions {
  /** Carries offers, answers and candidates; its `self` is our id. */
  readonly signals: SignalChannel;
  /** STUN and TURN servers. Default none: peers of one network find each other without. */
  readonly iceServers?: readonly RTCIceServer[];
  /** 'relay' shows the others no address but that of a TURN server. Default 'all'. */
  readonly iceTransportPolicy?: RTCIceTransportPolicy;
  /** The clock, in ms, monotonic; the same whose readings `poll` gets. Default `performance.now`. */
  readonly nowMs?: () => number;
  /** Most links, 1 to 64. Default 16. */
  readonly maxPeers?: number;
}

/** A {@link Transport} that is told whom to connect to. */
export interface Mesh extends Transport {
  /** What was dropped so far. */
  readonly counters: MeshCounters;
  /**
   * Wants links to exactly these peers: connects to the new ones and to those lost, says goodbye to the others.
   * @throws {SdkError} `invalid-argument` for a bad id, our own id or more than `maxPeers`; `wrong-phase` after close
   */
  setPeers(peers: readonly PeerId[]): void;
  /**
   * Wants a link to a peer; begins anew if it was lost. A link that is lost stays lost otherwise, unless the peer
   * itself begins anew.
   * @throws {SdkError} as {@link Mesh.setPeers}
   */
  connect(peer: PeerId): void;
  /** Says goodbye to a peer and forgets it. */
  disconnect(peer: PeerId): void;
  /**
   * Sends due heartbeats and judges silence. Call it every 20 to 100 ms from a clock that runs in a hidden tab too.
   * Without it a timer of the mesh and arriving packets do the same, less regularly.
   * @param nowMs a reading of the clock `options.nowMs`
   */
  poll(nowMs: number): void;
  /** Bytes of a channel that wait in the browser. */
  queuedBytes(peer: PeerId, channel: LinkChannel): number;
  /** What the browser says about a link; `undefined` without a connection. */
  channelFacts(peer: PeerId): Promise<ChannelFacts | undefined>;
}

/**
 * Makes a mesh without links. PeerJS is loaded in the background; links wait for it in phase 'new'.
 * On `pagehide` the mesh says goodbye and closes.
 * @throws {SdkError} `unsupported-browser` without WebRTC, `invalid-argument` for bad options
 */
export function createMesh(options: MeshOptions): Mesh {
  return new PeerJsMesh(options);
}

class PeerJsMesh extends Emitter<TransportEvents> implements Mesh, LinkHost {
  readonly self: PeerId;
  readonly links: Map<PeerId, LinkPhase> = new Map();
  readonly counters: MutableMeshCounters = createMeshCounters();
  readonly #now: () => number;
  readonly #maxPeers: number;
  readonly #clock: AwakeClock;
  readonly #wanted = new Map<PeerId, Link>();
  readonly #introductions: Introductions;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #pageHidden = (): void => this.close();
  #polledAtMs = 0;
  #closed = false;

  constructor(options: MeshOptions) {
    super();
    const configuration = checkedConfiguration(options);
    this.self = options.signals.self;
    this.#maxPeers = checkedMaxPeers(options.maxPeers);
    this.#now = options.nowMs ?? (() => performance.now());
    this.#clock = new AwakeClock(this.#now());
    this.#introductions = new Introductions({
      signals: options.signals,
      configuration,
      counters: this.counters,
      maxPeers: this.#maxPeers,
      wanted: this.#wanted,
      awakeMs: () => this.awakeMs(),
      renew: (peer) => this.#begin(peer),
    });
    this.#timer = setInterval(() => this.poll(this.#now()), POLL_INTERVAL_MS);
    globalThis.addEventListener('pagehide', this.#pageHidden);
  }

  setPeers(peers: readonly PeerId[]): void {
    const wanted = new Set(peers);
    for (const peer of wanted) this.#requirePeer(peer);
    this.#requireRoom(wanted.size);
    for (const peer of [...this.#wanted.keys()]) if (!wanted.has(peer)) this.disconnect(peer);
    for (const peer of wanted) this.connect(peer);
  }

  connect(peer: PeerId): void {
    this.#requirePeer(peer);
    const known = this.#wanted.get(peer);
    if (known !== undefined && known.phase !== 'lost') return;
    if (known === undefined) this.#requireRoom(this.#wanted.size + 1);
    this.#begin(peer);
  }

  disconnect(peer: PeerId): void {
    const link = this.#wanted.get(peer);
    if (link === undefined) return;
    this.#introductions.forget(peer);
    // Forgotten only after the farewell, unless a listener wants the peer again at once.
    link.lose({ reason: 'closed', detail: 'we closed the link' });
    if (this.#wanted.get(peer) !== link) return;
    this.#wanted.delete(peer);
    this.links.delete(peer);
  }

  send(peer: PeerId, channel: LinkChannel, bytes: Uint8Array): boolean {
    const { length } = bytes;
    if (length === 0 || length > MESSAGE_BYTES_MAX[channel] || (bytes[0] as number) >= MESH_MESSAGE_MIN)
      throw unsendable(channel, bytes);
    return this.#wanted.get(peer)?.send(channel, bytes) ?? false;
  }

  poll(nowMs: number): void {
    if (this.#closed) return;
    this.#polledAtMs = nowMs;
    const awakeMs = this.#clock.read(nowMs);
    for (const link of this.#wanted.values()) link.poll(awakeMs);
    this.#introductions.poll(awakeMs);
  }

  queuedBytes(peer: PeerId, channel: LinkChannel): number {
    return this.#wanted.get(peer)?.queuedBytes(channel) ?? 0;
  }

  async channelFacts(peer: PeerId): Promise<ChannelFacts | undefined> {
    return this.#wanted.get(peer)?.facts();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    globalThis.removeEventListener('pagehide', this.#pageHidden);
    const failures: unknown[] = [];
    for (const link of this.#wanted.values()) {
      try {
        link.lose({ reason: 'closed', detail: 'we closed the mesh' });
      } catch (error) {
        // A listener threw. The other peers still deserve their goodbye.
        failures.push(error);
      }
    }
    this.#introductions.close();
    this.#wanted.clear();
    this.links.clear();
    if (failures.length > 0) throw failures[0];
  }

  awakeMs(): number {
    return this.#clock.read(this.#now());
  }

  phaseChanged(link: Link, loss?: LinkLoss): void {
    const { peer, phase } = link;
    this.links.set(peer, phase);
    this.emit('link-changed', { type: 'link-changed', peer, phase, ...loss });
  }

  ended(link: Link, connectionId: string): void {
    this.#introductions.sendEnd(link.peer, connectionId);
  }

  /** Packets keep a hidden page without a worker clock going, whose own timers run once a second. */
  heard(): void {
    const nowMs = this.#now();
    if (nowMs - this.#polledAtMs >= POLL_INTERVAL_MS) this.poll(nowMs);
  }

  received(link: Link, channel: LinkChannel, bytes: Uint8Array): void {
    this.emit('message', { type: 'message', peer: link.peer, channel, bytes });
  }

  drained(link: Link, channel: LinkChannel): void {
    this.emit('drained', { type: 'drained', peer: link.peer, channel });
  }

  /** A new link in place of none or of a lost one. */
  #begin(peer: PeerId): Link {
    const link = new Link(peer, this);
    this.#wanted.set(peer, link);
    this.phaseChanged(link);
    if (this.#wanted.get(peer) === link) this.#introductions.introduce(link);
    return link;
  }

  #requirePeer(peer: PeerId): void {
    if (this.#closed)
      throw new SdkError('wrong-phase', 'This mesh is closed. Make a new one with createMesh.');
    requireArgument(
      typeof peer === 'string' && /^[!-~]{1,64}$/.test(peer),
      `The peer id ${JSON.stringify(peer)} is not 1 to 64 printable ASCII characters. Use the ids of the room.`,
    );
    requireArgument(peer !== this.self, `A peer cannot connect to itself (${peer}). Leave your own id out.`);
  }

  #requireRoom(count: number): void {
    requireArgument(
      count <= this.#maxPeers,
      `${count} links were asked for, but maxPeers is ${this.#maxPeers}. Connect to fewer peers or raise it.`,
    );
  }
}

function unsendable(channel: LinkChannel, bytes: Uint8Array): SdkError {
  const max = MESSAGE_BYTES_MAX[channel];
  if (bytes.length === 0)
    return new SdkError('invalid-argument', 'An empty message cannot be sent. Add a byte.');
  if (bytes.length > max)
    return new SdkError(
      'invalid-argument',
      `A message of ${bytes.length} bytes does not fit the channel '${channel}' (at most ${max}). Cut it up.`,
    );
  return new SdkError(
    'invalid-argument',
    `The first byte ${bytes[0]} belongs to the mesh. Start messages with a byte below ${MESH_MESSAGE_MIN}.`,
  );
}

function checkedMaxPeers(maxPeers = LINKS_MAX_DEFAULT): number {
  requireArgument(
    Number.isInteger(maxPeers) && maxPeers >= 1 && maxPeers <= LINKS_MAX,
    `maxPeers is ${maxPeers}. Give an integer from 1 to ${LINKS_MAX}.`,
  );
  return maxPeers;
}

/** Tried on a connection that is closed at once: a bad server entry is a mistake better heard of now than per link. */
function checkedConfiguration(options: MeshOptions): RTCConfiguration {
  if (typeof RTCPeerConnection === 'undefined')
    throw new SdkError('unsupported-browser', 'This browser has no WebRTC. Use a current browser.');
  const configuration: RTCConfiguration = {
    iceServers: [...(options.iceServers ?? [])],
    iceTransportPolicy: options.iceTransportPolicy ?? 'all',
    bundlePolicy: 'max-bundle',
  };
  try {
    new RTCPeerConnection(configuration).close();
  } catch (cause) {
    throw new SdkError(
      'invalid-argument',
      `The browser refuses these iceServers or this iceTransportPolicy: ${String(cause)}. Correct them.`,
      { cause },
    );
  }
  return configuration;
}
