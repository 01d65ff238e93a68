/**
 * Room codes, peer ids and text typed by people: how they are made, read and cleaned.
 * Codes are Crockford base32 (https://www.crockford.com/base32.html): 8 characters, 40 bits.
 */
import type { PeerId } from '../base/peer-id.js';
import { LOBBY_LIMITS } from './protocol-limits.js';

/** Digits and capitals without I, L, O and U. */
export const ROOM_CODE_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Characters of a room code. */
export const ROOM_CODE_LENGTH = 8;

const PEER_ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const PEER_ID_LENGTH = 26;
/** Bytes that {@link peerIdFromBytes} reads: 26 characters of 5 bits. */
export const PEER_ID_BYTES = 17;
/** Bytes that {@link roomCodeFromBytes} reads: 8 characters of 5 bits. */
export const ROOM_CODE_BYTES = 5;

function base32(bytes: Uint8Array, alphabet: string, length: number): string {
  let text = '';
  for (let index = 0; index < length; index += 1) {
    const bit = index * 5;
    const pair = ((bytes[bit >> 3] ?? 0) << 8) | (bytes[(bit >> 3) + 1] ?? 0);
    text += alphabet[(pair >> (11 - (bit & 7))) & 31];
  }
  return text;
}

/** A room code from {@link ROOM_CODE_BYTES} random bytes. */
export function roomCodeFromBytes(bytes: Uint8Array): string {
  return base32(bytes, ROOM_CODE_ALPHABET, ROOM_CODE_LENGTH);
}

/** A peer id from {@link PEER_ID_BYTES} random bytes. */
export function peerIdFromBytes(bytes: Uint8Array): PeerId {
  return base32(bytes, PEER_ID_ALPHABET, PEER_ID_LENGTH);
}

/** True for 26 characters of a-z and 2-7: what the lobby accepts as a peer id. */
export function isLobbyPeerId(text: string): text is PeerId {
  return /^[a-z2-7]{26}$/.test(text);
}

/** True for a canonical room code: 8 characters of {@link ROOM_CODE_ALPHABET}. */
export function isRoomCode(text: string): boolean {
  return /^[0-9A-HJKMNP-TV-Z]{8}$/.test(text);
}

/** A canonical code as people read it: `XXXX-XXXX`. */
export function formatRoomCode(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

/**
 * Reads a code as people type it: any case, with spaces and hyphens anywhere, O for 0, I and L for 1.
 * `undefined` if that leaves no room code.
 */
export function normalizeRoomCode(text: string): string | undefined {
  if (text.length > LOBBY_LIMITS.codeInputLengthMax) return undefined;
  const code = text
    .replace(/[\s\p{Pd}]/gu, '')
    .toUpperCase()
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
  return isRoomCode(code) ? code : undefined;
}

/** True if the text has no half of a surrogate pair. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

// Controls, bidi and zero-width characters, private use, unassigned, halves of pairs; fillers that draw nothing.
const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}\u2800]/gu;
// More than two marks on one letter are there to draw over the neighbours.
const STACKED_MARKS = /(\p{M}{2})\p{M}+/gu;

function clean(text: string, codePointsMax: number): string {
  // U+FEFF counts as white space but has no width: it goes with the invisible ones.
  const visible = text
    .normalize('NFC')
    .replace(/[^\S\uFEFF]+/gu, ' ')
    .replace(INVISIBLE, '')
    .normalize('NFC');
  const points = [...visible.replace(STACKED_MARKS, '$1').replace(/ +/g, ' ').trim()];
  return points.slice(0, codePointsMax).join('').trim();
}

/**
 * A player's name as everybody will see it: NFC, 1 to 24 code points, one line, without control, bidi and zero-width
 * characters and without towers of combining marks. A name of nothing else becomes `Player`.
 * It is still only text: `<b>` stays `<b>`, so show it with `textContent`.
 */
export function cleanName(text: string): string {
  const name = clean(text.slice(0, LOBBY_LIMITS.nameInputLengthMax), LOBBY_LIMITS.nameCodePointsMax);
  return /[^\s\p{M}]/u.test(name) ? name : 'Player';
}

/** A line of chat, cleaned like a name, at most 500 code points; '' if nothing visible is left. */
export function cleanChat(text: string): string {
  return clean(text.slice(0, LOBBY_LIMITS.chatInputLengthMax), LOBBY_LIMITS.chatCodePointsMax);
}
