/** Names of connections. PeerJS takes its own from Math.random, which two pages may share after a fork. */

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
/** An 'end' for a connection of such a name asks for an offer. */
const ASK_PREFIX = 'ask-';

/** 80 random bits in base32. */
export function createConnectionId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => ALPHABET[byte & 31]).join('');
}

/**
 * The name for an 'end' that says: I have no connection with you, offer me one. The peer with the lesser id cannot
 * offer itself, so this is how it comes back after a reload that the other has not noticed yet.
 */
export function createAskId(): string {
  return `${ASK_PREFIX}${createConnectionId()}`;
}

/** True for names that {@link createAskId} makes. */
export function isAskId(connectionId: string): boolean {
  return connectionId.startsWith(ASK_PREFIX);
}
