// Our lobby server, as shipped, for the workload w3: memory, accepting, relaying signals, creating and joining rooms.
// The limits are those of the bench's one address: everything arrives from there, as fast as it can.
import { fileURLToPath, pathToFileURL } from 'node:url';
import { WebSocket } from 'ws';
import { bundleLobbyServer } from '../../../scripts/bundle.mjs';

export const meta = { name: 'rollmesh-lobby', version: '0.1.0' };

const root = fileURLToPath(new URL('../../../', import.meta.url));
const unlimited = { perSecond: 1e9, burst: 1e9 };

export async function startServer() {
  const folder = `${root}.cache/bench-lobby`;
  await bundleLobbyServer(folder);
  const { startLobbyServer } = await import(pathToFileURL(`${folder}/index.js`).href);
  return startLobbyServer({
    port: 0,
    limits: {
      socketsPerAddressMax: 1e6,
      connectRate: unlimited,
      byteRate: unlimited,
      messageRates: {
        signal: unlimited,
        list: unlimited,
        room: unlimited,
        chat: unlimited,
        other: unlimited,
      },
    },
  });
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const randomPeer = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(26)), (byte) => ALPHABET[byte & 31]).join('');

/** A socket that has said hello and waits for answers one at a time. */
async function enter(port) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/lobby`, ['rollmesh.1'], { perMessageDeflate: false });
  const peer = randomPeer();
  const ask = (message) =>
    new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('message', (data) => {
        socket.off('error', reject);
        resolve(JSON.parse(data));
      });
      socket.send(JSON.stringify(message));
    });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  await ask({ t: 'hello', rid: 1, protocol: [1], app: 'bench', peer, name: 'Bench' });
  return { socket, peer, ask };
}

async function createRoom(member) {
  const reply = await member.ask({ t: 'create', rid: 2, playersMax: 2, public: false, metadata: {} });
  return reply.room.code;
}

const joinRoom = (member, code) => member.ask({ t: 'join', rid: 2, code, role: 'player' });

export const client = {
  idle: async (port) => (await enter(port)).socket,
  close: (socket) => socket.terminate(),
  async pair(port) {
    const [from, to] = [await enter(port), await enter(port)];
    await joinRoom(to, await createRoom(from));
    return {
      send: (text) =>
        from.socket.send(
          JSON.stringify({
            t: 'sig',
            to: to.peer,
            signal: { kind: 'offer', connectionId: 'bench', sdp: text },
          }),
        ),
      onMessage: (listener) =>
        to.socket.on('message', (data) => {
          const message = JSON.parse(data);
          if (message.t === 'sig') listener(message.signal.sdp);
        }),
      close() {
        from.socket.terminate();
        to.socket.terminate();
      },
    };
  },
  async createJoin(port) {
    const startMs = performance.now();
    const owner = await enter(port);
    const code = await createRoom(owner);
    const createdMs = performance.now();
    const guest = await enter(port);
    await joinRoom(guest, code);
    const joinedMs = performance.now();
    owner.socket.terminate();
    guest.socket.terminate();
    return { create: createdMs - startMs, join: joinedMs - createdMs };
  },
};
