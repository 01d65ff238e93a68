/** Who asks a member to be let in, and what it is answered. */
import type { PeerId } from '../base/peer-id.js';
import type { Join, JoinReply } from '../wire/join-messages.js';

/** One that asked to come in. */
export interface Guest {
  readonly peer: PeerId;
  nonce: number;
  slotsWanted: number;
  /** 'stale': it was let in by this JOIN and let go again; what it was offered then is no use any more. */
  status: 'asked' | 'admitted' | 'refused' | 'stale';
  reason: string;
  /** The state of its own that it could come back with. */
  held: Join['held'];
  heardAtMs: number;
  repliedAtMs: number;
}

/** What it is told: whether it is in, and whether what was stepped since its own state is known here. */
export function replyTo(
  { nonce, status, reason, held }: Guest,
  about: { readonly isIn: boolean; readonly knows: boolean },
): JoinReply {
  if (status === 'refused') return { nonce, status, reason };
  if (status === 'stale') return { nonce, status: 'again' };
  if (!about.isIn) return { nonce, status: 'wait' };
  if (held === undefined || !about.knows) return { nonce, status: 'admitted' };
  return { nonce, status: 'delta', fromFrame: held.frame };
}
