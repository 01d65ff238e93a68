/** A state that is offered to newcomers: serialised when it is first needed, then kept with its manifest. */
import { STATE_BYTES_MAX } from '../base/limits.js';
import { encodeManifest, type Manifest, type ManifestHeader, outlineOf } from '../wire/join-manifest.js';

/** A frame of the match, to be offered. */
export interface OfferedFrame {
  readonly header: ManifestHeader;
  /** Gives the serialised state of `header.frame`. Called once, when somebody first asks; a copy is not made. */
  readonly serialize: () => Uint8Array;
}

/** A serialised state with its manifest. */
export interface MadeState {
  readonly state: Uint8Array;
  readonly manifest: Manifest;
  readonly message: Uint8Array;
}

/** One frame's state, serialised when it is first needed. */
export class StateSnapshot {
  readonly frame: number;
  /** What has been made; `undefined` before, and for good if the state is empty or larger than may be sent. */
  made: MadeState | undefined;
  readonly #offered: OfferedFrame;
  readonly #joinKey: number;
  #wasTried = false;

  constructor(offered: OfferedFrame, joinKey: number) {
    this.frame = offered.header.frame;
    this.#offered = offered;
    this.#joinKey = joinKey;
  }

  /** Makes it if that was not tried before: a game's function that throws does so once. */
  make(): MadeState | undefined {
    if (this.#wasTried) return this.made;
    this.#wasTried = true;
    const state = this.#offered.serialize();
    if (state.length < 1 || state.length > STATE_BYTES_MAX) return undefined;
    const manifest = { ...this.#offered.header, ...outlineOf(state) };
    this.made = { state, manifest, message: encodeManifest(manifest, this.#joinKey) };
    return this.made;
  }

  /** Bytes held. */
  get byteLength(): number {
    return this.made === undefined ? 0 : this.made.state.length + this.made.message.length;
  }
}
