/** Messages to send with the next advance: `receive` never sends. Bounded; what is dropped is asked for again. */
import type { RemotePeer } from './remote-peer.js';

const MESSAGES_MAX = 256;

/** A bounded queue in front of the transport. */
export class Outbox {
  readonly #send: (to: RemotePeer, bytes: Uint8Array) => void;
  #messages: { readonly to: RemotePeer; readonly bytes: Uint8Array }[] = [];

  constructor(send: (to: RemotePeer, bytes: Uint8Array) => void) {
    this.#send = send;
  }

  get empty(): boolean {
    return this.#messages.length === 0;
  }

  push(to: RemotePeer, bytes: Uint8Array): void {
    if (this.#messages.length < MESSAGES_MAX) this.#messages.push({ to, bytes });
  }

  flush(): void {
    const messages = this.#messages;
    this.#messages = [];
    for (const { to, bytes } of messages) this.#send(to, bytes);
  }
}
