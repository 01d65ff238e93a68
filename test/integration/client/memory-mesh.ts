/**
 * A mesh inside one process: what WebRTC does for pages, by function calls. Links open when both sides want each
 * other, packets arrive in a later task, and a test may cut a pair or lose packets.
 */

import type { LinkPhase, MeshTransport, TransportEvents, TransportFactory } from 'rollmesh';
import { Emitter, type EventSource } from '../../../sdk/src/base/emitter.js';

/** All meshes of one test. */
export class MemoryNetwork {
  readonly meshes = new Map<string, MemoryMesh>();
  /** Pairs that do not reach each other. */
  readonly #cut = new Set<string>();
  /** Probability that an unreliable packet is lost. */
  loss = 0;

  /** For `connectLobby({ createTransport })`. */
  readonly createTransport: TransportFactory = (signals) => new MemoryMesh(this, signals.self);

  isCut(left: string, right: string): boolean {
    return this.#cut.has([left, right].sort().join());
  }

  /** Breaks the link of a pair and keeps it from coming back. */
  cut(left: string, right: string): void {
    this.#cut.add([left, right].sort().join());
    this.meshes.get(left)?.lose(right, 'silent');
    this.meshes.get(right)?.lose(left, 'silent');
  }

  heal(left: string, right: string): void {
    this.#cut.delete([left, right].sort().join());
  }
}

/** One peer's end. */
class MemoryMesh implements MeshTransport, EventSource<TransportEvents> {
  readonly self: string;
  readonly links = new Map<string, LinkPhase>();
  readonly #network: MemoryNetwork;
  readonly #emitter = new Emitter<TransportEvents>();
  polls = 0;

  constructor(network: MemoryNetwork, self: string) {
    this.#network = network;
    this.self = self;
    network.meshes.set(self, this);
  }

  on<K extends keyof TransportEvents>(type: K, listener: (event: TransportEvents[K]) => void): () => void {
    return this.#emitter.on(type, listener);
  }

  setPeers(peers: readonly string[]): void {
    for (const peer of this.links.keys()) if (!peers.includes(peer)) this.#forget(peer);
    for (const peer of peers) {
      const phase = this.links.get(peer);
      if (phase === undefined || phase === 'lost') this.#change(peer, 'new');
    }
    queueMicrotask(() => this.#openLinks());
  }

  poll(): void {
    this.polls += 1;
    this.#openLinks();
  }

  send(peer: string, channel: 'unreliable' | 'reliable' | 'bulk', bytes: Uint8Array): boolean {
    if (this.links.get(peer) !== 'open') return false;
    if (channel === 'unreliable' && Math.random() < this.#network.loss) return true;
    const copy = bytes.slice();
    setImmediate(() => this.#network.meshes.get(peer)?.arrive(this.self, channel, copy));
    return true;
  }

  close(): void {
    for (const peer of [...this.links.keys()]) this.#forget(peer);
    if (this.#network.meshes.get(this.self) === this) this.#network.meshes.delete(this.self);
  }

  arrive(peer: string, channel: 'unreliable' | 'reliable' | 'bulk', bytes: Uint8Array): void {
    if (this.links.get(peer) === 'open')
      this.#emitter.emit('message', { type: 'message', peer, channel, bytes });
  }

  lose(peer: string, reason: 'goodbye' | 'silent'): void {
    const phase = this.links.get(peer);
    if (phase !== undefined && phase !== 'lost') this.#change(peer, 'lost', reason);
  }

  #openLinks(): void {
    for (const [peer, phase] of this.links) {
      const other = this.#network.meshes.get(peer);
      if (phase !== 'new' || other === undefined || this.#network.isCut(this.self, peer)) continue;
      if (other.links.get(this.self) !== 'new') continue;
      for (const [mesh, name] of [
        [this, peer],
        [other, this.self],
      ] as const) {
        mesh.#change(name, 'checking');
        mesh.#change(name, 'open');
      }
    }
  }

  #forget(peer: string): void {
    this.#network.meshes.get(peer)?.lose(this.self, 'goodbye');
    this.#change(peer, 'lost', 'closed');
    this.links.delete(peer);
  }

  #change(peer: string, phase: LinkPhase, reason?: 'goodbye' | 'silent' | 'closed'): void {
    this.links.set(peer, phase);
    this.#emitter.emit('link-changed', {
      type: 'link-changed',
      peer,
      phase,
      ...(reason === undefined ? {} : { reason }),
    });
  }
}
