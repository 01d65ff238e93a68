/** The three data channels of one link. Both ends make them with the same ids, so nothing is negotiated in band. */
import {
  DRAINED_BYTES,
  RELIABLE_BYTES_MAX,
  RELIABLE_QUEUE_BYTES_MAX,
  UNRELIABLE_BYTES_MAX,
  UNRELIABLE_QUEUE_BYTES_MAX,
  UNRELIABLE_QUEUE_MS_MAX,
} from './link-limits.js';
import type { LinkChannel } from './transport.js';

/** The names, in the order of their ids. */
export const LINK_CHANNELS: readonly LinkChannel[] = ['unreliable', 'reliable', 'bulk'];

/** Ids above those PeerJS and other code take in band. */
const CHANNEL_OPTIONS: Readonly<Record<LinkChannel, RTCDataChannelInit>> = {
  unreliable: { negotiated: true, id: 100, ordered: false, maxRetransmits: 0 },
  reliable: { negotiated: true, id: 101, ordered: true },
  bulk: { negotiated: true, id: 102, ordered: false },
};

/** Largest message of each channel, in bytes. */
export const MESSAGE_BYTES_MAX: Readonly<Record<LinkChannel, number>> = {
  unreliable: UNRELIABLE_BYTES_MAX,
  reliable: RELIABLE_BYTES_MAX,
  bulk: RELIABLE_BYTES_MAX,
};

/** What happens on the channels. */
export interface ChannelListener {
  /** All three are open on our side. */
  opened(): void;
  /** One of them was closed, by the peer or with the connection. */
  closed(): void;
  /** What the browser delivered: an ArrayBuffer, or a text from a peer that is not ours. */
  received(channel: LinkChannel, message: unknown): void;
  /** A queue that refused a message has room again. */
  drained(channel: LinkChannel): void;
}

/** Makes the channels on a connection that is not negotiated yet. */
export class LinkChannels {
  readonly #channels: Readonly<Record<LinkChannel, RTCDataChannel>>;
  readonly #refused = new Set<LinkChannel>();
  #open = 0;
  /** Since when every attempt to send on 'unreliable' has found something waiting, in ms. */
  #waitingSinceMs: number | undefined;
  #silenced = false;

  constructor(connection: RTCPeerConnection, listener: ChannelListener) {
    const make = (name: LinkChannel): RTCDataChannel => {
      const channel = connection.createDataChannel(`rollmesh-${name}`, CHANNEL_OPTIONS[name]);
      channel.binaryType = 'arraybuffer';
      channel.bufferedAmountLowThreshold = DRAINED_BYTES;
      channel.onopen = () => {
        this.#open += 1;
        if (this.#open === LINK_CHANNELS.length && !this.#silenced) listener.opened();
      };
      channel.onclose = () => {
        if (!this.#silenced) listener.closed();
      };
      channel.onmessage = (event: MessageEvent<unknown>) => {
        if (!this.#silenced) listener.received(name, event.data);
      };
      channel.onbufferedamountlow = () => {
        if (this.#refused.delete(name) && !this.#silenced) listener.drained(name);
      };
      return channel;
    };
    this.#channels = { unreliable: make('unreliable'), reliable: make('reliable'), bulk: make('bulk') };
  }

  /** All three are open on our side. */
  get open(): boolean {
    return this.#open === LINK_CHANNELS.length;
  }

  /** Hands bytes to the browser, which copies them; false if the queue is full or the channel not open. */
  send(name: LinkChannel, bytes: Uint8Array, nowMs: number): boolean {
    const channel = this.#channels[name];
    if (channel.readyState !== 'open') return false;
    if (name === 'unreliable') {
      if (this.#stopped(channel.bufferedAmount, nowMs)) return false;
    } else if (channel.bufferedAmount + bytes.length > RELIABLE_QUEUE_BYTES_MAX) {
      this.#refused.add(name);
      return false;
    }
    try {
      channel.send(bytes as Uint8Array<ArrayBuffer>);
      return true;
    } catch {
      // The connection closed in this very task: its 'close' event follows.
      return false;
    }
  }

  /** True if a packet handed over now would leave late. */
  #stopped(waitingBytes: number, nowMs: number): boolean {
    if (waitingBytes === 0) {
      this.#waitingSinceMs = undefined;
      return false;
    }
    this.#waitingSinceMs ??= nowMs;
    return (
      nowMs - this.#waitingSinceMs > UNRELIABLE_QUEUE_MS_MAX || waitingBytes > UNRELIABLE_QUEUE_BYTES_MAX
    );
  }

  /** Bytes that wait to be sent. */
  queuedBytes(name: LinkChannel): number {
    return this.#channels[name].bufferedAmount;
  }

  /** The browser's own channel, for its facts. */
  channel(name: LinkChannel): RTCDataChannel {
    return this.#channels[name];
  }

  /** No more events. The connection, not we, closes the channels: closing them singly would cost a round trip. */
  silence(): void {
    this.#silenced = true;
  }
}
