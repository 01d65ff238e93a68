/** A member that speaks WebRTC but not our rules: bare channels, anything on them. Runs in the test pages. */
import type { Signal } from '../../../sdk/src/transport/signal-channel.js';

/** What the test makes it do. */
export interface HostilePeer {
  readonly connection: RTCPeerConnection;
  readonly channels: Readonly<Record<'unreliable' | 'reliable' | 'bulk', RTCDataChannel>>;
  /** Opens in-band channels nobody agreed on; resolves when the other side has closed them. */
  openForeignChannels(count: number): Promise<void>;
  /** Resolves when all that was sent on the reliable channel has left. */
  flushed(): Promise<void>;
}

/** Joins a room and offers a connection to `target`, which must have the lesser id. Resolves when it is open. */
export async function connectHostile(room: string, peer: string, target: string): Promise<HostilePeer> {
  const socket = new WebSocket(location.origin.replace('http', 'ws'));
  await new Promise((resolve) => {
    socket.onopen = resolve;
  });
  socket.send(JSON.stringify({ t: 'join', room, peer }));
  const connection = new RTCPeerConnection();
  const make = (id: number, init: RTCDataChannelInit = {}): RTCDataChannel =>
    connection.createDataChannel('x', { negotiated: true, id, ...init });
  const channels = {
    unreliable: make(100, { ordered: false, maxRetransmits: 0 }),
    reliable: make(101),
    bulk: make(102, { ordered: false }),
  };
  // The one in-band channel that PeerJS opens too.
  connection.createDataChannel('peerjs');
  const connectionId = 'hostile';
  const send = (signal: Signal): void => socket.send(JSON.stringify({ t: 'sig', to: target, signal }));
  connection.onicecandidate = ({ candidate }) => {
    if (!candidate?.candidate) return;
    const { sdpMid, sdpMLineIndex, usernameFragment } = candidate;
    send({
      kind: 'candidate',
      connectionId,
      candidate: candidate.candidate,
      sdpMid,
      sdpMLineIndex,
      usernameFragment,
    });
  };
  let applied = Promise.resolve();
  socket.onmessage = ({ data }: MessageEvent<string>) => {
    const message = JSON.parse(data) as { readonly t: string; readonly signal: Signal };
    if (message.t !== 'sig') return;
    const { signal } = message;
    applied = applied.then(async () => {
      if (signal.kind === 'answer')
        await connection.setRemoteDescription({ type: 'answer', sdp: signal.sdp });
      if (signal.kind === 'candidate') await connection.addIceCandidate(signal);
    });
  };
  const opened = Object.values(channels).map(
    (channel) =>
      new Promise((resolve) => {
        channel.onopen = resolve;
      }),
  );
  await connection.setLocalDescription();
  send({ kind: 'offer', connectionId, sdp: connection.localDescription?.sdp ?? '' });
  await Promise.all(opened);
  return {
    connection,
    channels,
    async openForeignChannels(count) {
      const foreign = Array.from({ length: count }, (_, index) => connection.createDataChannel(`f${index}`));
      await Promise.all(
        foreign.map(
          (channel) =>
            new Promise((resolve) => {
              channel.onclose = resolve;
            }),
        ),
      );
    },
    async flushed() {
      while (channels.reliable.bufferedAmount > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    },
  };
}
