/** What is offered to newcomers: a state, or the log that leads to it. Made when it is first needed, then kept. */
import { STATE_BYTES_MAX } from '../base/limits.js';
import {
  encodeManifest,
  type Manifest,
  type ManifestHeader,
  outlineOf,
  type StateOutline,
} from '../wire/join-manifest.js';

/** A frame of the match, to be offered. */
export interface OfferedFrame {
  readonly header: ManifestHeader;
  /** Gives the serialised state of `header.frame`. Called once, when somebody first asks; a copy is not made. */
  readonly serialize: () => Uint8Array;
}

/** Bytes that newcomers fetch in chunks, made when they are first needed. */
export class OfferedBytes {
  readonly #make: () => Uint8Array | undefined;
  #made: { readonly bytes: Uint8Array; readonly outline: StateOutline } | undefined;
  #wasTried = false;

  /** @param make called once: a game's function that throws does so once. */
  constructor(make: () => Uint8Array | undefined) {
    this.#make = make;
  }

  /** `undefined`, for good, if there are none, or more than may be sent. */
  made(): { readonly bytes: Uint8Array; readonly outline: StateOutline } | undefined {
    if (this.#wasTried) return this.#made;
    this.#wasTried = true;
    const bytes = this.#make();
    if (bytes !== undefined && bytes.length > 0 && bytes.length <= STATE_BYTES_MAX)
      this.#made = { bytes, outline: outlineOf(bytes) };
    return this.#made;
  }

  /** Chunks there are; 0 before they were made. */
  get chunkCount(): number {
    return this.#made?.outline.chunkHashes.length ?? 0;
  }

  /** Bytes held. */
  get byteLength(): number {
    return this.#made?.bytes.length ?? 0;
  }
}

/** Bytes with the manifest that goes with them, for one newcomer. */
export class OfferedPart {
  readonly content: OfferedBytes;
  /** Indices asked for and not sent yet, in the order they were asked for. */
  readonly owed: Set<number> = new Set();
  owesManifest = false;
  owesAttest = false;
  readonly #header: ManifestHeader;
  readonly #joinKey: number;
  #message: Uint8Array | undefined;

  constructor(content: OfferedBytes, header: ManifestHeader, joinKey: number) {
    this.content = content;
    this.#header = header;
    this.#joinKey = joinKey;
  }

  get frame(): number {
    return this.#header.frame;
  }

  get isLog(): boolean {
    return this.#header.isLog;
  }

  /** The MANIFEST; `undefined` if the content cannot be sent. */
  message(): Uint8Array | undefined {
    const made = this.content.made();
    if (made === undefined) return undefined;
    const manifest: Manifest = { ...this.#header, ...made.outline };
    this.#message ??= encodeManifest(manifest, this.#joinKey);
    return this.#message;
  }

  /** Bytes of the manifest that are held. */
  get messageBytes(): number {
    return this.#message?.length ?? 0;
  }
}
