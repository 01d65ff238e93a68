/** Compares state hashes of frames confirmed on both sides, and only those. */
import { unwrap16 } from '../base/frame.js';
import { HASH_FRAMES_KEPT, HASH_INTERVAL_FRAMES, HASH_REPEATS } from '../base/limits.js';
import type { RemotePeer } from './remote-peer.js';

/** A frame on which two peers differ. */
export interface HashMismatch {
  readonly remote: RemotePeer;
  readonly frame: number;
  readonly localHash: number;
  readonly remoteHash: number;
}

/** What the check needs. */
export interface DesyncCheckOptions {
  readonly remotes: readonly RemotePeer[];
  /** Signed hash of a confirmed, still kept frame. */
  readonly hashOf: (frame: number) => number;
  readonly onMismatch: (mismatch: HashMismatch) => void;
}

/** Decides what to send and what to compare. */
export class DesyncCheck {
  readonly #options: DesyncCheckOptions;
  /** Hash of the newest frame due for sending (signed). */
  hashToSend = 0;

  constructor(options: DesyncCheckOptions) {
    this.#options = options;
  }

  /** A frame was confirmed with this hash. */
  confirmed(frame: number, hash: number): void {
    if (frame % HASH_INTERVAL_FRAMES !== 0) return;
    this.hashToSend = hash;
    for (const remote of this.#options.remotes) {
      // A peer that was cut off went on alone for a while: its frames are another match.
      if (!remote.member) continue;
      remote.hashFrame = frame;
      remote.hashRepeats = HASH_REPEATS;
      const pending = remote.pendingHashes.get(frame);
      if (pending === undefined) continue;
      remote.pendingHashes.delete(frame);
      this.#compare(remote, frame, hash, pending);
    }
  }

  /** A peer reported a hash. Returns false if no honest peer could have sent it. */
  receive(from: RemotePeer, frame16: number, hash: number, frameConfirmed: number): boolean {
    const frame = unwrap16(frame16, frameConfirmed);
    if (frame === 0 || frame % HASH_INTERVAL_FRAMES !== 0) return false;
    if (frame > frameConfirmed) from.keepHash(frame, hash);
    else if (frame > frameConfirmed - HASH_FRAMES_KEPT)
      this.#compare(from, frame, this.#options.hashOf(frame), hash);
    return true;
  }

  #compare(remote: RemotePeer, frame: number, localHash: number, remoteHash: number): void {
    if (localHash === remoteHash) {
      remote.desynced = false;
      return;
    }
    if (remote.desynced) return;
    remote.desynced = true;
    this.#options.onMismatch({ remote, frame, localHash: localHash >>> 0, remoteHash: remoteHash >>> 0 });
  }
}
