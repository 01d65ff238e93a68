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

/**
 * Decides what to send and what to compare. Only final frames: a peer that was cut off, or replaced by a substitute for a
 * while, may have confirmed frames that it has to take back.
 */
export class DesyncCheck {
  readonly #options: DesyncCheckOptions;
  /** Per peer, the first frame that differs, until the next one is compared. Hashes signed. */
  readonly #differing: Map<
    RemotePeer,
    { readonly frame: number; readonly localHash: number; readonly remoteHash: number }
  > = new Map();
  /** Newest frame that was compared. */
  #settled = 0;
  /** Frame of the state that this peer began with. */
  #start = 0;

  constructor(options: DesyncCheckOptions) {
    this.#options = options;
  }

  /** True if a frame waits for its comparison, once it is final. */
  isDue(frameConfirmed: number): boolean {
    return frameConfirmed >= this.#settled + HASH_INTERVAL_FRAMES;
  }

  /** A state came from elsewhere: frames up to this one are not compared. */
  startAt(frame: number): void {
    this.#settled = frame - (frame % HASH_INTERVAL_FRAMES);
    this.#start = frame;
  }

  /** A peer reported a hash. Returns false if no honest peer could have sent it. */
  receive(from: RemotePeer, frame16: number, hash: number, frameConfirmed: number): boolean {
    const frame = unwrap16(frame16, frameConfirmed);
    if (frame === 0 || frame % HASH_INTERVAL_FRAMES !== 0) return false;
    if (frame <= this.#start) return true;
    if (frame > this.#settled) from.keepHash(frame, hash);
    else if (frame > frameConfirmed - HASH_FRAMES_KEPT) this.#compare(from, frame, hash);
    return true;
  }

  /**
   * Frames up to `frameFinal` are final now.
   * @param frameConfirmed hashes are kept for so long before it, and what is final may lag far behind while a link is broken
   */
  settle(frameFinal: number, frameConfirmed: number): void {
    const due = frameFinal - (frameFinal % HASH_INTERVAL_FRAMES);
    if (due <= this.#settled) return;
    this.#settled = due;
    const oldest = frameConfirmed - HASH_FRAMES_KEPT;
    if (due > oldest) this.#announce(due);
    for (const remote of this.#options.remotes) {
      for (const [frame, hash] of remote.pendingHashes) {
        if (frame > frameFinal) continue;
        remote.pendingHashes.delete(frame);
        if (remote.member && frame > oldest) this.#compare(remote, frame, hash);
      }
    }
  }

  #announce(frame: number): void {
    const hash = this.#options.hashOf(frame);
    for (const remote of this.#options.remotes) {
      // A peer that was cut off went on alone for a while: its frames are another match.
      if (!remote.member) continue;
      remote.hash = hash;
      remote.hashFrame = frame;
      remote.hashRepeats = HASH_REPEATS;
    }
  }

  /**
   * What differs once may be a frame that one of the two has to take back and does not know yet: a liar can claim to hold what
   * it does not, and make it look final. A real difference is still there in the next frame that is compared.
   */
  #compare(remote: RemotePeer, frame: number, remoteHash: number): void {
    const localHash = this.#options.hashOf(frame);
    const first = this.#differing.get(remote);
    if (localHash === remoteHash) {
      remote.desynced = false;
      if (first !== undefined && frame >= first.frame) this.#differing.delete(remote);
      return;
    }
    if (remote.desynced || remote.isElsewhere) return;
    const isStill = first !== undefined && this.#options.hashOf(first.frame) === first.localHash;
    if (!isStill || first.frame > frame) {
      this.#differing.set(remote, { frame, localHash, remoteHash });
    } else if (first.frame < frame) {
      remote.desynced = true;
      this.#differing.delete(remote);
      const { localHash: local, remoteHash: other } = first;
      this.#options.onMismatch({
        remote,
        frame: first.frame,
        localHash: local >>> 0,
        remoteHash: other >>> 0,
      });
    }
  }
}
