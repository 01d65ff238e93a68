// Our mesh in the comparison harness, workload w4: what one link does. 'fast' is the channel 'unreliable', 'bulk' the
// channel 'bulk', whose messages carry at most 16 KiB: larger ones are cut, as the session cuts snapshots.
import { joinRelaySource, startRelay } from './relay.mjs';

export const meta = { name: 'rollmesh', version: '0.1.0' };
export const startServer = () => startRelay();
export const page = `${joinRelaySource}
const SLICE = 16_384;
export default {
  open({ port, room, kind, onOpen, onMessage }) {
    const channel = kind === 'fast' ? 'unreliable' : 'bulk';
    joinRelay(port, room, (mesh) => {
      mesh.on('message', ({ bytes }) => onMessage(bytes.buffer));
      mesh.on('link-changed', ({ peer, phase }) => { if (phase === 'open') onOpen(link(mesh, peer, channel)); });
    });
  },
};
function link(mesh, peer, channel) {
  // What the mesh did not take yet; the harness counts it as buffered.
  let waiting = [];
  let waitingBytes = 0;
  let whenLow = () => {};
  let low = 0;
  const flush = () => {
    while (waiting.length > 0 && mesh.send(peer, channel, waiting[0])) waitingBytes -= waiting.shift().length;
  };
  mesh.on('drained', () => {
    const before = waitingBytes;
    flush();
    if (before > low && waitingBytes <= low) whenLow();
  });
  return {
    send(bytes) {
      if (channel === 'unreliable') { mesh.send(peer, channel, bytes); return; }
      for (let at = 0; at < bytes.length; at += SLICE) {
        const slice = bytes.subarray(at, at + SLICE);
        waiting.push(slice);
        waitingBytes += slice.length;
      }
      flush();
    },
    buffered: () => waitingBytes + mesh.queuedBytes(peer, channel),
    whenLow(threshold, callback) { low = threshold; whenLow = callback; },
  };
}`;
