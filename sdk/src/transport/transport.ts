/** The transport a match needs: unreliable, reliable and bulk bytes to each peer, and what is known of each link. */
import type { EventSource } from '../base/emitter.js';
import type { PeerId } from '../base/peer-id.js';

/** The three channels of a link; the same names as the session's. */
export type LinkChannel = 'unreliable' | 'reliable' | 'bulk';

/** Legal moves are in `LINK_MOVES` and docs/state-machines.md. */
export type LinkPhase = 'new' | 'checking' | 'open' | 'suspect' | 'lost';

/**
 * Why a link was lost: 'goodbye' (the peer said so), 'silent' (nothing heard for 15 s, by us or by the peer),
 * 'failed' (never opened), 'closed' (we closed it, or the peer started over with a new connection).
 */
export type LinkLostReason = 'goodbye' | 'silent' | 'failed' | 'closed';

/** Events of a mesh. */
export interface TransportEvents {
  /** Bytes of the game from a peer. `bytes` is a view of a buffer that nobody else writes. */
  message: {
    readonly type: 'message';
    readonly peer: PeerId;
    readonly channel: LinkChannel;
    readonly bytes: Uint8Array;
  };
  'link-changed': {
    readonly type: 'link-changed';
    readonly peer: PeerId;
    readonly phase: LinkPhase;
    /** With 'lost' only. */
    readonly reason?: LinkLostReason;
    /** With 'lost': what happened or was tried, in words for a log. No addresses. */
    readonly detail?: string;
  };
  /** A channel that refused a message because its queue was full has room again. Never for 'unreliable'. */
  drained: { readonly type: 'drained'; readonly peer: PeerId; readonly channel: LinkChannel };
}

/** A mesh of links to the other members of a room. */
export interface Transport extends EventSource<TransportEvents> {
  readonly self: PeerId;
  /** Current phase of each known link. */
  readonly links: ReadonlyMap<PeerId, LinkPhase>;
  /** Sends at once; false if the link is not open or its queue is full (unreliable messages are never queued). */
  send(peer: PeerId, channel: LinkChannel, bytes: Uint8Array): boolean;
  /** Says goodbye on every link and closes them. */
  close(): void;
}
