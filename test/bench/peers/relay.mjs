// The smallest signalling relay, as the harness gives it to the bare floor: rooms, members, forwarding. So that the
// workloads w2 and w4 compare connections, not lobby servers (w3 does that).
import { WebSocketServer } from 'ws';

export async function startRelay() {
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await new Promise((resolve) => sockets.on('listening', resolve));
  const rooms = new Map();
  let lastId = 100;
  sockets.on('connection', (socket) => {
    let room;
    let peer;
    socket.on('message', (data) => {
      const message = JSON.parse(data);
      if (message.join) {
        lastId += 1;
        peer = `p${lastId}`;
        room = rooms.get(message.join) ?? new Map();
        rooms.set(message.join, room);
        const peers = [...room.keys()];
        for (const member of room.values()) member.send(JSON.stringify({ joined: peer }));
        room.set(peer, socket);
        socket.send(JSON.stringify({ self: peer, peers }));
      } else room?.get(message.to)?.send(JSON.stringify({ from: peer, signal: message.signal }));
    });
    socket.on('close', () => room?.delete(peer));
  });
  return {
    port: sockets.address().port,
    close() {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}

/** Source of the page's side: `joinRelay(port, room, onJoined)` calls back with the mesh and who is there. */
export const joinRelaySource = `
import { createMesh } from ${JSON.stringify(new URL('../../../sdk/src/transport/index.ts', import.meta.url).pathname)};
function joinRelay(port, room, onMesh) {
  const socket = new WebSocket('ws://127.0.0.1:' + port);
  const listeners = new Set();
  let mesh;
  socket.onopen = () => socket.send(JSON.stringify({ join: room }));
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.self) {
      mesh = createMesh({ signals: {
        self: message.self,
        sendSignal: (to, signal) => socket.send(JSON.stringify({ to, signal })),
        onSignal: (listener) => { listeners.add(listener); return () => listeners.delete(listener); },
      } });
      onMesh(mesh);
      mesh.setPeers(message.peers);
    } else if (message.joined) mesh.connect(message.joined);
    else for (const listener of listeners) listener(message.from, message.signal);
  };
  return () => { mesh?.close(); socket.close(); };
}
`;
