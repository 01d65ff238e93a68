/** The little that the lobby client needs of a WebSocket: the browser's and the `ws` package's both have it. */

/** One WebSocket. */
export interface LobbySocket {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number }) => void): void;
}

/** Opens a WebSocket; `globalThis.WebSocket` by default, `WebSocket` of the `ws` package in Node. */
export type LobbySocketConstructor = new (url: string, protocols: string[]) => LobbySocket;
