/**
 * The peer id of a browser tab across a reload: who was in a match comes back as the same player. It is kept in the tab's
 * session storage from the first room on, not only when the page goes: what is written then may come too late for the page
 * that follows. So may the farewell to the lobby server; then the session waits there for somebody with its token, which
 * is kept too. A duplicated tab gets a copy of the storage; the lobby server tells it that the id is taken.
 */
import type { PeerId } from '../base/peer-id.js';
import { isLobbyPeerId } from '../lobby/lobby-protocol.js';

/** What the page that comes after a reload has to know. */
export interface TabIdentity {
  readonly peer: PeerId;
  /** Token of the latest welcome of the lobby server. */
  readonly token: string;
}

const keyOf = (app: string): string => `rollmesh:peer:${app}`;
/** Between id and token; no id contains it. */
const separator = ' ';

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

/** Who this tab was before it was reloaded, if anybody. */
export function recallIdentity(app: string): TabIdentity | undefined {
  const [peer = '', token = ''] = storage()?.getItem(keyOf(app))?.split(separator) ?? [];
  return isLobbyPeerId(peer) && !inUse.has(peer) ? { peer, token } : undefined;
}

/** This page goes by the id from now on. Returns what ends that. */
export function claimPeerId(peer: PeerId): () => void {
  inUse.add(peer);
  return () => inUse.delete(peer);
}

/** Keeps the identity for the page that comes after a reload. */
export function keepIdentity(app: string, { peer, token }: TabIdentity): void {
  try {
    storage()?.setItem(keyOf(app), peer + separator + token);
  } catch {
    // A full storage: the page that comes is a new player.
  }
}
