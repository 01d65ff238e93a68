/** Which kinds of messages were sent and lost: a run that never loses a COMMIT does not test losing one. */
import { FLAG_HASH, FLAG_RELAY, FLAG_REPORT, FLAG_WIDE_ACK } from '../wire/frame-packet.js';
import { KIND_GO, KIND_GOODBYE, KIND_HELLO, KIND_STRANGER } from '../wire/handshake-message.js';
import {
  KIND_ATTEST,
  KIND_CHUNK,
  KIND_CHUNK_REQUEST,
  KIND_JOIN,
  KIND_JOIN_REPLY,
  KIND_LOG,
  KIND_MANIFEST,
  KIND_MANIFEST_REQUEST,
} from '../wire/join-messages.js';
import { KIND_PACE } from '../wire/pace-message.js';
import { KIND_COMMIT, KIND_FORWARD } from '../wire/view-messages.js';

/** How often messages of one kind were sent, and how often one was lost on the way (or had to be repeated). */
export interface MessageCount {
  sent: number;
  dropped: number;
}

/**
 * By name, also of kinds that were never sent; sections of frame packets count as kinds of their own. A first byte without a name is
 * called by its number.
 */
export type MessageCounts = { readonly [kind: string]: MessageCount };

const FRAME_FLAGS: readonly (readonly [string, number])[] = [
  ['frames', 0],
  ['report section', FLAG_REPORT],
  ['hash section', FLAG_HASH],
  ['relay section', FLAG_RELAY],
  ['wide ack', FLAG_WIDE_ACK],
];
/** First bytes of the messages of an agreement that have no name in the code (docs/wire-format.md lists them). */
const KIND_PROPOSE = 0x83;
const KIND_ABORT = 0x89;
const KIND_NAMES: readonly (readonly [string, number])[] = [
  ['hello', KIND_HELLO],
  ['go', KIND_GO],
  ['goodbye', KIND_GOODBYE],
  ['propose', KIND_PROPOSE],
  ['report', KIND_PROPOSE + 1],
  ['reject', KIND_PROPOSE + 2],
  ['accept', KIND_PROPOSE + 3],
  ['accepted', KIND_PROPOSE + 4],
  ['commit', KIND_COMMIT],
  ['abort', KIND_ABORT],
  ['forward', KIND_FORWARD],
  ['pace', KIND_PACE],
  ['stranger', KIND_STRANGER],
  ['join', KIND_JOIN],
  ['join reply', KIND_JOIN_REPLY],
  ['manifest request', KIND_MANIFEST_REQUEST],
  ['manifest', KIND_MANIFEST],
  ['attest', KIND_ATTEST],
  ['chunk request', KIND_CHUNK_REQUEST],
  ['chunk', KIND_CHUNK],
  ['log', KIND_LOG],
];

/** Counts by the first byte. */
export class MessageTally {
  readonly #sent = new Float64Array(256);
  readonly #dropped = new Float64Array(256);

  /** A message was sent. */
  sent(bytes: Uint8Array): void {
    const kind = kindOf(bytes);
    this.#sent[kind] = (this.#sent[kind] as number) + 1;
  }

  /** A message, or one transmission of it, was lost. */
  dropped(bytes: Uint8Array): void {
    const kind = kindOf(bytes);
    this.#dropped[kind] = (this.#dropped[kind] as number) + 1;
  }

  /** What was counted. */
  counts(): MessageCounts {
    const counts: Record<string, MessageCount> = {};
    for (const [name, flag] of FRAME_FLAGS) {
      const total = { sent: 0, dropped: 0 };
      for (let flags = 0; flags < 16; flags += 1) if ((flags & flag) === flag) this.#add(total, flags);
      counts[name] = total;
    }
    for (let kind = 0x80; kind < 256; kind += 1) {
      const known = KIND_NAMES.find(([, code]) => code === kind);
      if (known === undefined && this.#sent[kind] === 0) continue;
      const name = known?.[0] ?? `kind ${kind.toString(16)}`;
      counts[name] = { sent: 0, dropped: 0 };
      this.#add(counts[name], kind);
    }
    return counts;
  }

  #add(total: MessageCount, kind: number): void {
    total.sent += this.#sent[kind] as number;
    total.dropped += this.#dropped[kind] as number;
  }
}

/** Frame packets by their flags, others by their first byte. */
function kindOf(bytes: Uint8Array): number {
  const first = bytes.length === 0 ? 0xff : (bytes[0] as number);
  return first < 0x80 ? first & 15 : first;
}
