// Our mesh in the comparison harness, workload w2: time from joining to a full mesh of open links. A link counts when
// both ends may send on all three channels, heartbeats exchanged: later than the 'open' of a data channel.
import { joinRelaySource, startRelay } from './relay.mjs';

export const meta = { name: 'rollmesh', version: '0.1.0' };
export const startServer = () => startRelay();
export const page = `${joinRelaySource}
export default {
  join({ port, room, onOpen }) {
    this.leave = joinRelay(port, room, (mesh) => {
      mesh.on('link-changed', ({ peer, phase }) => { if (phase === 'open') onOpen(peer); });
    });
  },
};`;
