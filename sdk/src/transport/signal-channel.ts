/** The small interface that the mesh needs from whoever carries its offers and answers. The lobby client satisfies it. */
import type { PeerId } from '../base/peer-id.js';

/** What one peer says to another before a connection exists. Closed set: the lobby server forwards nothing else. */
export type Signal =
  | { readonly kind: 'offer' | 'answer'; readonly connectionId: string; readonly sdp: string }
  | {
      readonly kind: 'candidate';
      readonly connectionId: string;
      readonly candidate: string;
      readonly sdpMid: string | null;
      readonly sdpMLineIndex: number | null;
      readonly usernameFragment: string | null;
    }
  | { readonly kind: 'end'; readonly connectionId: string };

/** Carries signals between members of one room. Delivery is in order while the lobby connection lives. */
export interface SignalChannel {
  readonly self: PeerId;
  /** Sends a signal; signals to peers who are not members are dropped by the server. */
  sendSignal(to: PeerId, signal: Signal): void;
  /** Calls `listener` for each signal from another member; returns the function that stops it. */
  onSignal(listener: (from: PeerId, signal: Signal) => void): () => void;
}
