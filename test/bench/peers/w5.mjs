// Our whole stack in the harness's workload w5: lobby server, mesh, match. Two pages, one key each; the state shows the
// keys, so what a page displays has gone through prediction and rollback. Input delay 0, as the other engines there.
import { fileURLToPath } from 'node:url';
import { startServer as startLobby } from './w3.mjs';

export const meta = { name: 'rollmesh', version: '0.1.0' };
export const startServer = () => startLobby();

const source = (path) => JSON.stringify(fileURLToPath(new URL(`../../../sdk/src/${path}`, import.meta.url)));

export const page = `
import { connectLobby, defineGame } from ${source('index.ts')};
import { array, button, defineInput, defineState, u8 } from ${source('state/index.ts')};
const connections = [];
const Native = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Native { constructor(...args) { super(...args); connections.push(this); } };
const sent = { tx: 0, txn: 0 };
const send = RTCDataChannel.prototype.send;
RTCDataChannel.prototype.send = function (bytes) { sent.tx += bytes.byteLength ?? bytes.length; sent.txn += 1; return send.call(this, bytes); };
const game = defineGame({
  id: 'bench-w5', version: '1', playersMax: 2,
  input: defineInput({ key: button }),
  state: defineState({ keys: array(u8, 2) }),
  step(state, inputs) { for (let slot = 0; slot < 2; slot += 1) state.keys[slot] = inputs[slot].key ? 1 : 0; },
});
let match; let key = false;
const options = { inputDelayFrames: 0, readInput: () => ({ key }) };
export default {
  async start({ port, room }) {
    const lobby = await connectLobby('ws://127.0.0.1:' + port, { app: 'bench-w5', name: 'bench' });
    const [found] = await lobby.list({ filter: { room } });
    if (found !== undefined) {
      const joined = await lobby.join(found.code);
      match = await joined.nextMatch(game, options);
      return;
    }
    const created = await lobby.create({ playersMax: 2, public: true, metadata: { room } });
    await new Promise((resolve) => created.on('member-joined', resolve));
    match = await created.startMatch(game, options);
  },
  setKey(on) { key = on; },
  localKey: () => match.state.keys[match.localSlots[0]],
  remoteKey: () => match.state.keys[1 - match.localSlots[0]],
  pc: () => connections[connections.length - 1],
  stats: () => ({ ...sent, frame: match.frameCurrent, stalls: match.stats().stalls }),
};`;
