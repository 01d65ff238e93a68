/**
 * The peer id of a browser tab across a reload: who was in a match comes back as the same player. It lies in the tab's
 * session storage only between the page that goes and the page that comes, for a duplicated tab gets a copy of the storage
 * and must not become a second player of the same name.
 */
import type { PeerId } from '../base/peer-id.js';
import { isLobbyPeerId } from '../lobby/lobby-protocol.js';

const keyOf = (app: string): string => `rollmesh:peer:${app}`;

/** The tab's storage; `undefined` outside a browser and where it is forbidden. */
function storage(): Storage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}

/** Takes the id that the page before left, if any. */
export function takePeerId(app: string): PeerId | undefined {
  const kept = storage();
  const peer = kept?.getItem(keyOf(app)) ?? undefined;
  kept?.removeItem(keyOf(app));
  return peer !== undefined && isLobbyPeerId(peer) ? peer : undefined;
}

/** Leaves the id for the page that comes after this one. */
export function leavePeerId(app: string, peer: PeerId): void {
  try {
    storage()?.setItem(keyOf(app), peer);
  } catch {
    // A full storage: the page that comes is a new player.
  }
}
