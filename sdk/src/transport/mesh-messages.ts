/**
 * Messages of the mesh itself. They share the channels with the game's and are told apart by the first byte:
 * 0xf0 and above belong to the mesh, all others to the game.
 */

/** First byte from which on a message belongs to the mesh. */
export const MESH_MESSAGE_MIN = 0xf0;

const HEARTBEAT_KIND = 0xf0;
const GOODBYE_KIND = 0xf1;

/** What the second byte of a goodbye says. */
export type GoodbyeCode = 'leaving' | 'silent';
const GOODBYE_CODES: readonly GoodbyeCode[] = ['leaving', 'silent'];

/** One byte that says: all my channels are open and I am alive. */
export const HEARTBEAT: Uint8Array = Uint8Array.of(HEARTBEAT_KIND);

/** A message of the mesh as it was understood. */
export type MeshMessage =
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'goodbye'; readonly code: GoodbyeCode };

/** The last message on a link: 'leaving', or 'silent' if we have heard nothing for too long and give up. */
export function encodeGoodbye(code: GoodbyeCode): Uint8Array {
  return Uint8Array.of(GOODBYE_KIND, GOODBYE_CODES.indexOf(code));
}

/** `undefined` for a kind, a code or a length that this version does not know. Never throws. */
export function decodeMeshMessage(bytes: Uint8Array): MeshMessage | undefined {
  if (bytes[0] === HEARTBEAT_KIND && bytes.length === 1) return HEARTBEAT_MESSAGE;
  if (bytes[0] !== GOODBYE_KIND || bytes.length !== 2) return undefined;
  const code = GOODBYE_CODES[bytes[1] as number];
  return code && { kind: 'goodbye', code };
}

const HEARTBEAT_MESSAGE: MeshMessage = { kind: 'heartbeat' };
