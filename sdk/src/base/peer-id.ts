/** The name of one browser in a mesh. */
declare const peerIdBrand: unique symbol;

/**
 * A peer's id: a string of 1 to 64 printable ASCII characters. In a room it is 26 random base32 characters;
 * the pure core accepts any such string, so tests may say 'a'. Branded for documentation; plain strings are accepted.
 */
export type PeerId = string & { readonly [peerIdBrand]?: never };
