/**
 * The messages around a match: HELLO (who are you, which game), GO (when frame 0 is), GOODBYE.
 * All are idempotent and small; they are repeated, so a loss costs time and nothing else.
 */
import { packetCrc, read16, read32, write16, write32 } from './frame-packet.js';

/** First byte of each message that is not a frame packet. 0xf0 and above belong to the transport. */
export const KIND_HELLO = 0x80;
export const KIND_GO = 0x81;
export const KIND_GOODBYE = 0x82;
/** To one that sends us packets of a match in which we do not know it any more. */
export const KIND_STRANGER = 0x8c;

/** Version of everything in wire/. Peers of different versions refuse each other before frame 0. */
export const WIRE_VERSION = 1;
/** HELLO must be readable across matches and versions, so its CRC starts from a constant. */
export const HELLO_KEY = 0x524d;

/** Length of a HELLO of this version. */
export const HELLO_BYTES = 35;

/** HELLO flags. */
export const HELLO_HEARD_YOU = 1;
export const HELLO_READY = 2;

/** What all peers must agree on, each part a u32 digest (held as signed integers). */
export interface Agreement {
  readonly match: number;
  readonly game: number;
  readonly version: number;
  readonly schema: number;
  readonly config: number;
}

/** A HELLO. `stampMs` is the sender's clock (u32, wraps); `echoMs`, `heldMs` return the addressee's last stamp and how long it was held. */
export interface Hello extends Agreement {
  readonly wireVersion: number;
  readonly flags: number;
  readonly stampMs: number;
  readonly hasEcho: boolean;
  readonly echoMs: number;
  readonly heldMs: number;
}

/** Layout: kind, CRC u16, wire version u8, five digests u32, flags u8 (4 = has echo), stamp u32, echo u32, held u16. */
export function encodeHello(hello: Hello): Uint8Array {
  const out = new Uint8Array(HELLO_BYTES);
  out[0] = KIND_HELLO;
  out[3] = hello.wireVersion;
  const digests = [hello.match, hello.game, hello.version, hello.schema, hello.config];
  digests.forEach((digest, index) => {
    write32(out, 4 + index * 4, digest);
  });
  out[24] = hello.flags | (hello.hasEcho ? 4 : 0);
  write32(out, 25, hello.stampMs);
  write32(out, 29, hello.hasEcho ? hello.echoMs : 0);
  write16(out, 33, hello.hasEcho ? hello.heldMs : 0);
  write16(out, 1, packetCrc(out, HELLO_BYTES, HELLO_KEY));
  return out;
}

/** The HELLO in `bytes`, or `undefined`. A newer wire version may be longer; its first 35 bytes keep this layout. */
export function decodeHello(bytes: Uint8Array): Hello | undefined {
  if (bytes.length < HELLO_BYTES || bytes.length > 1100 || bytes[0] !== KIND_HELLO) return undefined;
  if (read16(bytes, 1) !== packetCrc(bytes, bytes.length, HELLO_KEY)) return undefined;
  const flags = bytes[24] as number;
  const wireVersion = bytes[3] as number;
  const hasEcho = (flags & 4) !== 0;
  if (wireVersion === WIRE_VERSION) {
    if (bytes.length !== HELLO_BYTES || flags > 7) return undefined;
    if (!hasEcho && (read32(bytes, 29) !== 0 || read16(bytes, 33) !== 0)) return undefined;
  }
  return {
    wireVersion,
    match: read32(bytes, 4),
    game: read32(bytes, 8),
    version: read32(bytes, 12),
    schema: read32(bytes, 16),
    config: read32(bytes, 20),
    flags: flags & 3,
    stampMs: read32(bytes, 25) >>> 0,
    hasEcho,
    echoMs: read32(bytes, 29) >>> 0,
    heldMs: read16(bytes, 33),
  };
}

/** GO: frame 0 of the clock is `waitMs` after this message's arrival (i32, may be negative). */
export function encodeGo(waitMs: number, matchKey: number): Uint8Array {
  return encodeShort(KIND_GO, Math.round(waitMs), matchKey);
}

/** The wait of a GO in ms, or `undefined`. */
export function decodeGo(bytes: Uint8Array, matchKey: number): number | undefined {
  return decodeShort(bytes, KIND_GO, matchKey);
}

/** GOODBYE: the sender leaves; `lastFrame` is the last frame it has inputs for. */
export function encodeGoodbye(lastFrame: number, matchKey: number): Uint8Array {
  return encodeShort(KIND_GOODBYE, lastFrame, matchKey);
}

/** The last frame of a GOODBYE, or `undefined`. */
export function decodeGoodbye(bytes: Uint8Array, matchKey: number): number | undefined {
  return decodeShort(bytes, KIND_GOODBYE, matchKey);
}

/** STRANGER: in our view, of this id, the addressee is no member. */
export function encodeStranger(viewId: number, matchKey: number): Uint8Array {
  return encodeShort(KIND_STRANGER, viewId, matchKey);
}

/** The view id of a STRANGER, or `undefined`. */
export function decodeStranger(bytes: Uint8Array, matchKey: number): number | undefined {
  return decodeShort(bytes, KIND_STRANGER, matchKey);
}

function encodeShort(kind: number, value: number, matchKey: number): Uint8Array {
  const out = new Uint8Array(7);
  out[0] = kind;
  write32(out, 3, value);
  write16(out, 1, packetCrc(out, 7, matchKey));
  return out;
}

function decodeShort(bytes: Uint8Array, kind: number, matchKey: number): number | undefined {
  if (bytes.length !== 7 || bytes[0] !== kind || read16(bytes, 1) !== packetCrc(bytes, 7, matchKey))
    return undefined;
  return read32(bytes, 3);
}
