/**
 * PeerJS with the lobby as its server.
 *
 * `Peer` makes its server connection in one overridable method, and of that connection uses `start`, `send` and
 * `close` only. Ours translates OFFER, ANSWER and CANDIDATE to the three signals of the same meaning and back;
 * nothing else passes. What PeerJS 1.5.5 gets wrong is put right here, so that the mesh need not know:
 * - ids and serialization are given, never guessed: its ids come from Math.random, its default packs messages;
 * - messages for a connection that does not exist are kept by PeerJS without bound: ours are dropped before;
 * - it closes on ICE 'failed', ignores connectionState, and stops sending candidates on 'completed': its handlers
 *   are taken off, the mesh judges links by its own clock;
 * - a candidate that fails after a close is an unhandled rejection: caught and reported.
 */
import type { DataConnection } from 'peerjs';
import type { PeerId } from '../base/peer-id.js';
import type { PeerJsLibrary } from './peerjs-library.js';
import type { Signal } from './signal-channel.js';

/** A signal that belongs to a connection under way. */
export type ConnectionSignal = Exclude<Signal, { readonly kind: 'end' }>;

/** A signal that starts a connection. */
export type OfferSignal = ConnectionSignal & { readonly kind: 'offer'; readonly sdp: string };

/** Tells the signal that starts a connection from the others. */
export function isOffer(signal: ConnectionSignal): signal is OfferSignal {
  return signal.kind === 'offer';
}

/** One connection that PeerJS made. */
export interface PeerJsConnection {
  readonly peerConnection: RTCPeerConnection;
  /** Closes the RTCPeerConnection. Idempotent. */
  close(): void;
}

/** What {@link PeerJsConnections} needs to know and tells. */
export interface PeerJsHost {
  readonly self: PeerId;
  readonly configuration: RTCConfiguration;
  /** An offer, an answer or a candidate of ours for a peer. */
  sendSignal(to: PeerId, signal: ConnectionSignal): void;
  /** The browser refused a description or a candidate, with its words. */
  negotiationFailed(words: string): void;
  /** A peer opened a data channel that nobody agreed on; it was closed. */
  foreignChannel(): void;
}

interface ServerMessage {
  readonly type: string;
  readonly src?: string;
  readonly dst?: string;
  readonly payload?: {
    readonly connectionId?: string;
    readonly sdp?: RTCSessionDescriptionInit;
    readonly candidate?: RTCIceCandidateInit;
  };
}

/** Methods of `Peer` that its type declarations leave out. */
interface PeerInternals {
  _handleMessage(message: object): void;
}

/** Makes RTCPeerConnections through PeerJS and moves their signals. */
export class PeerJsConnections {
  readonly #peer: InstanceType<PeerJsLibrary['Peer']>;
  #answering: DataConnection | undefined;

  constructor(library: PeerJsLibrary, host: PeerJsHost) {
    const socket = new SignalSocket(host);
    class MeshPeer extends library.Peer {
      /** Called by the constructor of `Peer`, before our fields would exist: hence the closure. */
      protected _createServerConnection(): SignalSocket {
        socket.deliver = (message) => (this as unknown as PeerInternals)._handleMessage(message);
        return socket;
      }

      /** PeerJS copies errors in a way that loses the message of a DOMException; take it first. */
      override emitError(_type: unknown, error: string | Error): void {
        host.negotiationFailed(String(error));
      }
    }
    this.#peer = new MeshPeer(libraryId(host.self), {
      config: host.configuration,
      debug: 0,
      token: 'rollmesh',
      host: 'rollmesh.invalid',
      secure: true,
      serializers: { raw: quietConnection(library, host) },
    });
    this.#peer.on('connection', (connection) => {
      this.#answering = connection;
    });
  }

  /** Starts a connection: an offer and candidates for `peer` follow. @throws what RTCPeerConnection throws */
  offer(peer: PeerId, connectionId: string): PeerJsConnection {
    const options = { connectionId, label: 'peerjs', serialization: 'raw', reliable: false };
    return adopt(this.#peer.connect(peer, options));
  }

  /** Answers an offer. `undefined` if PeerJS made no connection of it. @throws what RTCPeerConnection throws */
  answer(peer: PeerId, offer: OfferSignal): PeerJsConnection | undefined {
    this.#answering = undefined;
    this.apply(peer, offer);
    return this.#answering && adopt(this.#answering);
  }

  /** Hands an answer or a candidate to its connection, which must exist. */
  apply(peer: PeerId, signal: ConnectionSignal): void {
    (this.#peer as unknown as PeerInternals)._handleMessage(toServerMessage(peer, signal));
  }

  /** Closes all connections. */
  close(): void {
    this.#peer.destroy();
    this.#peer.removeAllListeners();
  }
}

/** What `Peer` takes for its server: always connected, and the lobby's room is all it reaches. */
class SignalSocket {
  /** Set by the peer that owns this socket. */
  deliver: (message: ServerMessage) => void = () => undefined;
  readonly #host: PeerJsHost;
  #closed = false;

  constructor(host: PeerJsHost) {
    this.#host = host;
  }

  start(): void {
    this.deliver({ type: 'OPEN' });
  }

  send(message: ServerMessage): void {
    const signal = this.#closed ? undefined : toSignal(message);
    if (signal !== undefined && message.dst !== undefined) this.#host.sendSignal(message.dst, signal);
  }

  close(): void {
    this.#closed = true;
  }

  /** PeerJS calls this when it is destroyed; there are no listeners, `deliver` is the only way in. */
  removeAllListeners(): void {
    this.deliver = () => undefined;
  }
}

/** A PeerJS connection whose own data channel stays unused and whose late failures are reported, not thrown. */
function quietConnection(
  library: PeerJsLibrary,
  host: PeerJsHost,
): new (
  peer: string,
  provider: InstanceType<PeerJsLibrary['Peer']>,
  options: unknown,
) => DataConnection {
  return class extends library.BufferedConnection {
    readonly serialization = 'raw';

    override _initializeDataChannel(channel: RTCDataChannel): void {
      if (this.dataChannel) {
        channel.close();
        host.foreignChannel();
      } else this.dataChannel = channel;
    }

    override async handleMessage(message: Parameters<DataConnection['handleMessage']>[0]): Promise<void> {
      try {
        await super.handleMessage(message);
      } catch (error) {
        host.negotiationFailed(String(error));
      }
    }

    protected override _handleDataMessage(): void {}
    protected override _send(): void {}
  };
}

function adopt(connection: DataConnection): PeerJsConnection {
  const { peerConnection } = connection;
  peerConnection.oniceconnectionstatechange = null;
  return { peerConnection, close: () => connection.close() };
}

function toServerMessage(src: PeerId, signal: ConnectionSignal): ServerMessage {
  const { kind, connectionId } = signal;
  if (kind === 'candidate') {
    const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = signal;
    const init: RTCIceCandidateInit = { candidate, sdpMid, sdpMLineIndex, usernameFragment };
    return { type: 'CANDIDATE', src, payload: { connectionId, candidate: init } };
  }
  const payload = { connectionId, sdp: { type: kind, sdp: signal.sdp } };
  if (kind === 'answer') return { type: 'ANSWER', src, payload };
  const data = { type: 'data', label: 'peerjs', serialization: 'raw', reliable: false };
  return { type: 'OFFER', src, payload: { ...payload, ...data } };
}

function toSignal(message: ServerMessage): ConnectionSignal | undefined {
  const { connectionId, sdp, candidate } = message.payload ?? {};
  if (connectionId === undefined) return undefined;
  if (message.type === 'OFFER' && sdp?.sdp !== undefined)
    return { kind: 'offer', connectionId, sdp: sdp.sdp };
  if (message.type === 'ANSWER' && sdp?.sdp !== undefined)
    return { kind: 'answer', connectionId, sdp: sdp.sdp };
  if (message.type !== 'CANDIDATE' || !candidate?.candidate) return undefined;
  return {
    kind: 'candidate',
    connectionId,
    candidate: candidate.candidate,
    sdpMid: candidate.sdpMid ?? null,
    sdpMLineIndex: candidate.sdpMLineIndex ?? null,
    usernameFragment: candidate.usernameFragment ?? null,
  };
}

/** PeerJS accepts letters and digits as its own id and never sends it: the lobby says who a signal is from. */
function libraryId(self: PeerId): string {
  return `p${self.replace(/[^A-Za-z0-9]/g, '')}`;
}
