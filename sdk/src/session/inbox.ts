/** Packets that arrive while the session is inside a call (a loop-back transport delivers inside `send`). Bounded. */
import type { PeerId } from '../base/peer-id.js';

const PACKETS_MAX = 256;

/** Copies what it keeps; drops what exceeds the bound, as a lossy network would. */
export class Inbox {
  #packets: { readonly peer: PeerId; readonly bytes: Uint8Array; readonly nowMs: number }[] = [];

  get empty(): boolean {
    return this.#packets.length === 0;
  }

  push(peer: PeerId, bytes: Uint8Array, nowMs: number): void {
    if (this.#packets.length < PACKETS_MAX) this.#packets.push({ peer, bytes: bytes.slice(), nowMs });
  }

  drain(take: (peer: PeerId, bytes: Uint8Array, nowMs: number) => void): void {
    const packets = this.#packets;
    this.#packets = [];
    for (const { peer, bytes, nowMs } of packets) take(peer, bytes, nowMs);
  }
}
