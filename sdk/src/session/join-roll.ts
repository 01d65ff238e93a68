/**
 * Who is in the match, how often each has come in and by which JOIN: what a newcomer is told of its peers. While the match
 * is paused, newcomers begin before the view that paused it and follow all views since, so they are told what was so then.
 */
import type { PeerId } from '../base/peer-id.js';
import type { ManifestPeer } from '../wire/join-manifest.js';
import type { Newcomer } from '../wire/view-body.js';
import type { RemotePeer } from './remote-peer.js';

/** What a newcomer is told. */
export interface RollCall {
  readonly peers: readonly ManifestPeer[];
  /** Per peer, the number of the JOIN that it came in by, 0 if it was there from the start. */
  readonly nonces: readonly number[];
}

/** What the roll looks at. */
export interface JoinRollOptions {
  readonly selfIndex: number;
  readonly peers: readonly PeerId[];
  readonly remotes: readonly RemotePeer[];
}

/** The roll. */
export class JoinRoll {
  readonly #options: JoinRollOptions;
  readonly #joins: number[] = [];
  #nonces: number[] = [];
  #atPause: RollCall = { peers: [], nonces: [] };

  constructor(options: JoinRollOptions) {
    this.#options = options;
  }

  /** What a newcomer was told. */
  startFrom({ peers, nonces }: RollCall): void {
    this.#nonces = [...nonces];
    for (const [index, { joinNumber }] of peers.entries()) this.#joins[index] = joinNumber;
    // It may be paused, and others come in before it goes on.
    this.#atPause = { peers, nonces };
  }

  /** A peer came in. */
  note({ index, nonce }: Newcomer): void {
    this.#joins[index] = (this.#joins[index] ?? 0) + 1;
    this.#nonces[index] = nonce;
  }

  /** A view pauses the match. */
  pause(): void {
    this.#atPause = this.now();
  }

  /** What is so now. */
  now(): RollCall {
    const { peers, remotes, selfIndex } = this.#options;
    return {
      peers: peers.map((id, at) => ({
        id,
        isMember: at === selfIndex || remotes.some((remote) => remote.index === at && remote.member),
        joinNumber: this.#joins[at] ?? 0,
      })),
      nonces: peers.map((_, at) => this.#nonces[at] ?? 0),
    };
  }

  /** What was so when the match was paused. Who came in since is known by name alone. */
  beforePause(): RollCall {
    const { peers, nonces } = this.#atPause;
    return {
      peers: this.#options.peers.map((id, at) => ({
        id,
        isMember: peers[at]?.isMember === true,
        joinNumber: peers[at]?.joinNumber ?? 0,
      })),
      nonces: this.#options.peers.map((_, at) => nonces[at] ?? 0),
    };
  }
}
