/** Packets that arrive while the session is inside a call (a loop-back transport delivers inside `send`). Bounded. */
import type { RemotePeer } from './remote-peer.js';

const PACKETS_MAX = 256;

/** Copies what it keeps; drops what exceeds the bound, as a lossy network would. */
export class Inbox {
  #packets: { readonly remote: RemotePeer; readonly bytes: Uint8Array; readonly nowMs: number }[] = [];

  get empty(): boolean {
    return this.#packets.length === 0;
  }

  push(remote: RemotePeer, bytes: Uint8Array, nowMs: number): void {
    if (this.#packets.length < PACKETS_MAX) this.#packets.push({ remote, bytes: bytes.slice(), nowMs });
  }

  drain(take: (remote: RemotePeer, bytes: Uint8Array, nowMs: number) => void): void {
    const packets = this.#packets;
    this.#packets = [];
    for (const { remote, bytes, nowMs } of packets) take(remote, bytes, nowMs);
  }
}
