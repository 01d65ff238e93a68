/** PACE: a player would like the match to pause, or to go on. Kind u8, CRC u16 (match key), pace u8 (1 pause, 2 go on). Repeated until it has happened. */
import { packetCrc, read16, write16 } from './frame-packet.js';
import type { PaceChange } from './view-body.js';

/** First byte of a PACE. */
export const KIND_PACE = 0x8b;

/** Encodes a wish. */
export function encodePace(pace: Exclude<PaceChange, 'none'>, matchKey: number): Uint8Array {
  const out = Uint8Array.of(KIND_PACE, 0, 0, pace === 'pause' ? 1 : 2);
  write16(out, 1, packetCrc(out, out.length, matchKey));
  return out;
}

/** The wish in `bytes`, or `undefined`. Never throws. */
export function decodePace(bytes: Uint8Array, matchKey: number): 'pause' | 'resume' | undefined {
  if (bytes.length !== 4 || bytes[0] !== KIND_PACE) return undefined;
  if (read16(bytes, 1) !== packetCrc(bytes, bytes.length, matchKey)) return undefined;
  return bytes[3] === 1 ? 'pause' : bytes[3] === 2 ? 'resume' : undefined;
}
