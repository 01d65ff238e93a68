/** The smallest lobby for mesh tests: rooms on a WebSocket, membership and signals in order, and a record of them. */
import type { Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';

/** One signal as it passed. */
export interface PassedSignal {
  readonly from: string;
  readonly to: string;
  readonly signal: { readonly kind: string; readonly connectionId: string };
}

/** From a page. */
type Request =
  | { readonly t: 'join'; readonly room: string; readonly peer: string }
  | { readonly t: 'sig'; readonly to: string; readonly signal: PassedSignal['signal'] };

/** Signals between the pages of a test. */
export class SignalRelay {
  readonly #rooms = new Map<string, Map<string, WebSocket>>();
  readonly #passed = new Map<string, PassedSignal[]>();
  readonly #sockets: WebSocketServer;

  constructor(server: Server) {
    this.#sockets = new WebSocketServer({ server });
    this.#sockets.on('connection', (socket) => this.#serve(socket));
  }

  /** All signals of a room so far. */
  passed(room: string): readonly PassedSignal[] {
    return this.#passed.get(room) ?? [];
  }

  /** Sends a member anything at all, as if it came from `from`. */
  inject(room: string, to: string, forged: { readonly from: unknown; readonly signal: unknown }): void {
    this.#rooms
      .get(room)
      ?.get(to)
      ?.send(JSON.stringify({ t: 'sig', ...forged }));
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
  }

  #serve(socket: WebSocket): void {
    let room = '';
    let peer = '';
    socket.on('message', (data) => {
      const request = JSON.parse(String(data)) as Request;
      if (request.t === 'join') {
        ({ room, peer } = request);
        const members = this.#rooms.get(room) ?? new Map<string, WebSocket>();
        members.set(peer, socket);
        this.#rooms.set(room, members);
        this.#announce(room);
        return;
      }
      const { to, signal } = request;
      const passed = this.#passed.get(room) ?? [];
      passed.push({ from: peer, to, signal });
      this.#passed.set(room, passed);
      this.#rooms
        .get(room)
        ?.get(to)
        ?.send(JSON.stringify({ t: 'sig', from: peer, signal }));
    });
    socket.on('close', () => {
      // Told to nobody: that a peer is gone is for the meshes to find out.
      if (this.#rooms.get(room)?.get(peer) === socket) this.#rooms.get(room)?.delete(peer);
    });
  }

  #announce(room: string): void {
    const members = this.#rooms.get(room) ?? new Map<string, WebSocket>();
    const peers = [...members.keys()];
    for (const socket of members.values()) socket.send(JSON.stringify({ t: 'peers', peers }));
  }
}
