/**
 * Loads PeerJS when the first mesh is made, not when Rollmesh is imported: its module probes WebRTC and patches
 * browser globals while it loads, and it is as large as the rest of Rollmesh.
 */

/** The classes of PeerJS the mesh extends. */
export type PeerJsLibrary = Pick<typeof import('peerjs'), 'Peer' | 'BufferedConnection'>;

let loading: Promise<PeerJsLibrary> | undefined;

/** The library; rejects if its file cannot be loaded, and then tries again at the next call. */
export function loadPeerJs(): Promise<PeerJsLibrary> {
  loading ??= import('peerjs').then(unwrap).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** PeerJS's CommonJS build hides its names from Node's import: there they are on `default` only. */
function unwrap(module: PeerJsLibrary & { readonly default?: unknown }): PeerJsLibrary {
  return 'Peer' in module ? module : (module as { readonly default: PeerJsLibrary }).default;
}
