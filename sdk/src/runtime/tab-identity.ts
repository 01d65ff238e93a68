/**
 * The peer id of a browser tab across a reload: who was in a match comes back as the same player. It is kept in the tab's
 * session storage from the first room on, not only when the page goes: what is written then may come too late for the page
 * that follows. A duplicated tab gets a copy of the storage; the lobby server tells it that the id is taken.
 */
import type { PeerId } from '../base/peer-id.js';
import { isLobbyPeerId } from '../lobby/lobby-protocol.js';

const keyOf = (app: string): string => `rollmesh:peer:${app}`;

/** Ids of this page's own lobbies: a second lobby of the same page is another player. */
const inUse = new Set<PeerId>();

/** The tab's storage; `undefined` outside a browser and where it is forbidden. */
function storage(): Storage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}

/** The id that this tab had before it was reloaded, if any. */
export function recallPeerId(app: string): PeerId | undefined {
  const peer = storage()?.getItem(keyOf(app)) ?? undefined;
  return peer !== undefined && isLobbyPeerId(peer) && !inUse.has(peer) ? peer : undefined;
}

/** This page goes by the id from now on. Returns what ends that. */
export function claimPeerId(peer: PeerId): () => void {
  inUse.add(peer);
  return () => inUse.delete(peer);
}

/** Keeps the id for the page that comes after a reload. */
export function keepPeerId(app: string, peer: PeerId): void {
  try {
    storage()?.setItem(keyOf(app), peer);
  } catch {
    // A full storage: the page that comes is a new player.
  }
}
