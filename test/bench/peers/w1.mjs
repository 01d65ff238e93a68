// Our engine in the comparison harness, workload w1: the session core over the harness's lossy network.
// The game's words live in our own typed state, as they would in a real game.
import { bundleSdk } from '../lib/bundle-sdk.mjs';

export const meta = {
  name: 'rollmesh',
  version: '0.1.0',
  model: 'rollback',
  channel: 'unreliable',
  maxPlayers: 8,
};
export const variants = { default: {} };

let session;
let state;

export async function load() {
  session = await bundleSdk('session/index.ts');
  state = await bundleSdk('state/index.ts');
}

const word = (bytes, at) => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);

export function createPeer(ctx) {
  const { n, id, game: harnessGame, inputBytes } = ctx;
  const wide = inputBytes > 4;
  const full = state.int(-0x80000000, 0x7fffffff);
  const input = state.defineInput(wide ? { low: full, high: full } : { low: state.int(0, 255) });
  const words = ctx.stateBytes >> 2;
  const definition = state.defineState({ table: state.table(words, { word: state.i32 }) });
  const low = new Int32Array(n);
  const high = new Int32Array(n);
  const game = session.defineGame({
    id: 'bench',
    version: '1',
    playersMax: n,
    input,
    state: definition,
    setup(live) {
      const column = live.table.word;
      column.set(harnessGame.words);
      harnessGame.words = column;
      harnessGame.bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
    },
    step(_live, inputs) {
      for (let slot = 0; slot < n; slot += 1) {
        low[slot] = inputs[slot].low;
        if (wide) high[slot] = inputs[slot].high;
      }
      harnessGame.step(low, high);
    },
  });
  const peers = Array.from({ length: n }, (_, index) => `p${index}`);
  const index = new Map(peers.map((peer, at) => [peer, at]));
  const value = wide ? { low: 0, high: 0 } : { low: 0 };
  let desyncs = 0;
  const live = session.createSession({
    game,
    matchId: 'bench',
    seed: ctx.seed,
    nowMs: ctx.now(),
    self: peers[id],
    peers,
    players: peers.map((peer) => ({ peer })),
    readInput() {
      const bytes = ctx.readInput();
      value.low = wide ? word(bytes, 0) : bytes[0];
      if (wide) value.high = word(bytes, 4);
      return value;
    },
    send(peer, channel, bytes) {
      ctx.send(index.get(peer), bytes, channel !== 'unreliable');
    },
  });
  live.on('desync', () => {
    desyncs += 1;
  });
  return {
    ready: () => live.phase === 'running',
    poll: () => live.advance(ctx.now()),
    tick: () => live.advance(ctx.now()),
    receive: (from, bytes) => live.receive(peers[from], 'unreliable', bytes, ctx.now()),
    frame: () => live.frameCurrent,
    confirmed: () => live.frameConfirmed,
    info: () => ({
      desyncs,
      rollbacks: live.stats().rollbacks,
      rollbackFramesMax: live.stats().rollbackFramesMax,
    }),
  };
}
