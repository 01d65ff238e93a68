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
  /** A watcher's confirmed frames may be cut later: it says and compares final ones only. */
  readonly watches: boolean;
}

/** Decides what to send and what to compare. */
export class DesyncCheck {
  readonly #options: DesyncCheckOptions;
  /** Hash of the newest frame due for sending (signed). */
  hashToSend = 0;
  #settled = 0;

  constructor(options: DesyncCheckOptions) {
    this.#options = options;
  }

  /** A frame was confirmed with this hash. */
  confirmed(frame: number, hash: number): void {
    if (frame % HASH_INTERVAL_FRAMES !== 0 || this.#options.watches) return;
    this.#announce(frame, hash);
    for (const remote of this.#options.remotes) {
      if (!remote.member) continue;
      const pending = remote.pendingHashes.get(frame);
      if (pending === undefined) continue;
      remote.pendingHashes.delete(frame);
      this.#compare(remote, frame, hash, pending);
    }
  }

  #announce(frame: number, hash: number): void {
    this.hashToSend = hash;
    for (const remote of this.#options.remotes) {
      // A peer that was cut off went on alone for a while: its frames are another match.
      if (!remote.member) continue;
      remote.hashFrame = frame;
      remote.hashRepeats = HASH_REPEATS;
    }
  }

  /** A peer reported a hash. Returns false if no honest peer could have sent it. */
  receive(from: RemotePeer, frame16: number, hash: number, frameConfirmed: number): boolean {
    const frame = unwrap16(frame16, frameConfirmed);
    if (frame === 0 || frame % HASH_INTERVAL_FRAMES !== 0) return false;
    if (frame > frameConfirmed || this.#options.watches) from.keepHash(frame, hash);
    else if (frame > frameConfirmed - HASH_FRAMES_KEPT)
      this.#compare(from, frame, this.#options.hashOf(frame), hash);
    return true;
  }

  /** A watcher's frames up to `frameFinal` can be cut no more: what it says and compares. */
  settle(frameFinal: number): void {
    const due = frameFinal - (frameFinal % HASH_INTERVAL_FRAMES);
    if (due > this.#settled) {
      this.#settled = due;
      this.#announce(due, this.#options.hashOf(due));
    }
    for (const remote of this.#options.remotes) {
      for (const [frame, hash] of remote.pendingHashes) {
        if (frame > frameFinal) continue;
        remote.pendingHashes.delete(frame);
        if (frame > frameFinal - HASH_FRAMES_KEPT)
          this.#compare(remote, frame, this.#options.hashOf(frame), hash);
      }
    }
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
