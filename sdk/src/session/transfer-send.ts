/** How the two sides of a join hand messages to the transport, and how much of it they may use. */
import type { PeerId } from '../base/peer-id.js';
import type { ChannelName } from './session-types.js';

/** Budget that may be saved up, in ms: more would come out as one burst. */
const BUDGET_SAVED_MS = 100;

/** Hands a message to the transport; `false` or a throw: not taken, it is offered again with the next call. */
export type TransferSend = (
  peer: PeerId,
  channel: ChannelName,
  bytes: Uint8Array,
  // biome-ignore lint/suspicious/noConfusingVoidType: a sender that returns nothing is accepted
) => boolean | void;

/** Sends; true if the transport took it. */
export function offeredTo(
  send: TransferSend,
  peer: PeerId,
  message: { readonly channel: ChannelName; readonly bytes: Uint8Array },
): boolean {
  try {
    return send(peer, message.channel, message.bytes) !== false;
  } catch {
    return false;
  }
}

/** A saved amount of bytes that grows with time. It may go below zero by one message: a message is never split. */
export class SendBudget {
  readonly #perMs: number;
  #bytes = 1;
  #atMs: number;

  /** @param bytesPerSecond above 0. */
  constructor(bytesPerSecond: number, nowMs: number) {
    this.#perMs = bytesPerSecond / 1000;
    this.#atMs = nowMs;
  }

  /** True if a message may be sent now. */
  allows(nowMs: number): boolean {
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = Math.max(this.#atMs, nowMs);
    this.#bytes = Math.min(this.#bytes + elapsedMs * this.#perMs, BUDGET_SAVED_MS * this.#perMs);
    return this.#bytes > 0;
  }

  /** A message of so many bytes was sent. */
  spend(bytes: number): void {
    this.#bytes -= bytes;
  }
}
