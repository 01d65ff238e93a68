/** The transport a match needs: unreliable, reliable and bulk bytes to each peer, and what is known of each link. */
import type { EventSource } from '../base/emitter.js';
import type { PeerId } from '../base/peer-id.js';

/** The three channels of a link; the same names as the session's. */
export type LinkChannel = 'unreliable' | 'reliable' | 'bulk';

/** Legal moves are in `LINK_MOVES` and docs/state-machines.md. */
export type LinkPhase = 'new' | 'checking' | 'open' | 'suspect' | 'lost';

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
    /** For 'lost': 'goodbye' (the peer said so), 'silent', 'failed' (never opened), 'closed' (we closed it). */
    readonly reason?: 'goodbye' | 'silent' | 'failed' | 'closed';
    /** For 'failed': what was tried, in words for a log. */
    readonly detail?: string;
  };
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
