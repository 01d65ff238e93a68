/** Messages on their way. Packets are pooled: a run sends millions, and what a session keeps of one it must copy anyway. */
import type { ChannelName } from '../session/session-types.js';
import type { Task } from './virtual-clock.js';

/** Copies of unreliable packets, reused by length. A packet's bytes are overwritten after its delivery, as a browser may do. */
export class PacketPool {
  readonly #free: Uint8Array[][] = [];

  /** A copy of `bytes`. */
  copy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    const copy = this.#free[length]?.pop();
    if (copy === undefined) return bytes.slice();
    for (let index = 0; index < length; index += 1) copy[index] = bytes[index] as number;
    return copy;
  }

  /** Nobody needs this copy any more. */
  free(bytes: Uint8Array): void {
    const list = this.#free[bytes.length];
    if (list === undefined) this.#free[bytes.length] = [bytes];
    else list.push(bytes);
  }
}

/** Where a message arrives. */
export interface Receiver {
  arrive(flight: Flight): void;
}

/** A message on its way: it arrives when the clock runs it. */
export class Flight implements Task {
  channel: ChannelName = 'unreliable';
  bytes: Uint8Array;
  /** Order of sending among unreliable packets, -1 for others. */
  number = -1;
  /** Last time the sender had to be there for it. */
  sentUs = 0;
  /** Which connection of its link it belongs to. */
  connection = 0;
  readonly #receiver: Receiver;

  constructor(bytes: Uint8Array, receiver: Receiver) {
    this.bytes = bytes;
    this.#receiver = receiver;
  }

  run(): void {
    this.#receiver.arrive(this);
  }
}
