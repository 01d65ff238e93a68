/**
 * What does the core cost per frame and peer, in microseconds and in allocated bytes?
 *
 * Four peers, 2 kB state, 100 ms round trip, 3 % loss, a trivial step, the hash of every frame included.
 * A long run: `npm run bench -- core --peers=2 --frames=5000000` (frame numbers on the wire have 16 bits: they wrap 76 times);
 * hashes are compared and the heap is measured twenty times on the way.
 * The microseconds contain the bench's own network (a copy of each packet), so the core itself costs a little less.
 */

import { parseArgs } from 'node:util';
import { bundleSdk } from './lib/bundle-sdk.mjs';

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '4' },
    state: { type: 'string', default: '2048' },
    frames: { type: 'string', default: '20000' },
    warm: { type: 'string', default: '20000' },
    loss: { type: 'string', default: '0.03' },
    delay: { type: 'string', default: '50' },
    change: { type: 'string', default: '0.05' },
  },
});
const peerCount = Number(values.peers);
const FRAME_MS = 1000 / 60;
const DELAY_STEPS = Math.round(Number(values.delay) / (FRAME_MS / 4));

const { createSession, defineGame } = await bundleSdk('session/index.ts');
const { defineInput, defineState, int, i32, table } = await bundleSdk('state/index.ts');
const { createRandom } = await bundleSdk('base/prng.ts');

const random = createRandom(7);
// In whole numbers: a fraction that a function returns may be boxed.
const lost = (chance) => random.below(1_000_000) < chance * 1_000_000;
const loss = Number(values.loss);
const change = Number(values.change);

const columns = Number(values.state) / 4;
const game = defineGame({
  id: 'bench',
  version: '1',
  playersMax: peerCount,
  input: defineInput({ keys: int(0, 255) }),
  state: defineState({ table: table(columns, { word: i32 }) }),
  step(state, inputs, { frame }) {
    const word = state.table.word;
    for (let slot = 0; slot < peerCount; slot += 1) {
      word[(frame * 7 + slot) % columns] = Math.imul(word[0] ^ inputs[slot].keys, 0x01000193) + frame;
    }
  },
});

// A network that allocates nothing: a fixed delay, packets in a preallocated ring, lost ones never entered.
const RING = 4096;
const ring = Array.from({ length: RING }, () => ({ at: 0, from: 0, to: 0, bytes: new Uint8Array(0) }));
/** Packets by length, to be used again. */
const free = Array.from({ length: 1201 }, () => []);
let head = 0;
let tail = 0;
let step = 0;

const ids = Array.from({ length: peerCount }, (_, index) => `p${index}`);
const indexOf = new Map(ids.map((id, index) => [id, index]));
const held = ids.map(() => ({ keys: 0 }));
const sessions = ids.map((self, index) =>
  createSession({
    game,
    matchId: 'bench',
    nowMs: 0,
    self,
    peers: ids,
    players: ids.map((peer) => ({ peer })),
    readInput() {
      if (lost(change)) held[index].keys = random.below(256);
      return held[index];
    },
    send(peer, _channel, bytes) {
      packets += 1;
      packetBytes += bytes.length;
      if (lost(loss)) return;
      const packet = ring[head & (RING - 1)];
      packet.bytes = free[bytes.length].pop() ?? new Uint8Array(bytes.length);
      packet.bytes.set(bytes);
      packet.at = step + DELAY_STEPS;
      packet.from = index;
      packet.to = indexOf.get(peer);
      head += 1;
    },
  }),
);
let packets = 0;
let packetBytes = 0;

// Four steps per frame; each peer advances in one of them, so packets meet peers between frames.
// A real clock is fractional, so this one is too. Its numbers are made before what is measured, and the word among them keeps
// the engine from storing bare doubles: each would be boxed anew wherever it is passed, and counted as the session's.
const times = ['made by prepare'];
function prepare(frames) {
  times.length = 1;
  for (let ahead = 1; ahead <= frames * 4; ahead += 1) times.push((step + ahead) * (FRAME_MS / 4));
}

function run(frames) {
  let next = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    for (let quarter = 0; quarter < 4; quarter += 1) {
      step += 1;
      next += 1;
      const nowMs = times[next];
      while (tail !== head && ring[tail & (RING - 1)].at <= step) {
        const { to, from, bytes } = ring[tail & (RING - 1)];
        sessions[to].receive(ids[from], 'unreliable', bytes, nowMs);
        free[bytes.length].push(bytes);
        tail += 1;
      }
      for (let index = quarter; index < peerCount; index += 4) sessions[index].advance(nowMs);
    }
  }
}

const framesWarm = Number(values.warm);
const frames = Number(values.frames);
prepare(framesWarm);
run(framesWarm);
// Microseconds: median of batches.
const BATCHES = 20;
const batch = Math.ceil(frames / BATCHES);
const costs = [];
const heap = [];
let framesCompared = 0;
let framesDifferent = 0;
/** Compares the newest frame that all have: a difference of any frame before would still show in it. */
function compare() {
  const frame = Math.min(...sessions.map((session) => session.frameFinal));
  const hashes = new Set(sessions.map((session) => session.stateHash(frame)));
  framesCompared += 1;
  if (hashes.size > 1 || hashes.has(undefined)) framesDifferent += 1;
}
for (let index = 0; index < BATCHES; index += 1) {
  prepare(batch);
  const start = performance.now();
  run(batch);
  costs.push(((performance.now() - start) * 1000) / batch / peerCount);
  compare();
  globalThis.gc?.();
  heap.push(+(process.memoryUsage().heapUsed / 1e6).toFixed(1));
}
costs.sort((left, right) => left - right);
// Bytes: heap growth over a stretch without a collection; the harness itself allocates nothing in it.
const grown = [];
for (let index = 0; index < 3; index += 1) {
  prepare(2000);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  run(2000);
  grown.push((process.memoryUsage().heapUsed - before) / 2000 / peerCount);
}
grown.sort((left, right) => left - right);
const stats = sessions[0].stats();
console.log(
  JSON.stringify({
    peers: peerCount,
    stateBytes: Number(values.state),
    microsecondsPerFrameAndPeer: {
      median: +costs[BATCHES / 2].toFixed(2),
      p95: +costs[Math.floor(BATCHES * 0.95)].toFixed(2),
      min: +costs[0].toFixed(2),
    },
    allocatedBytesPerFrameAndPeer: globalThis.gc ? +grown[0].toFixed(1) : 'run with --expose-gc',
    heapMegabytes: { first: heap[0], last: heap.at(-1), most: Math.max(...heap) },
    framesCompared,
    framesDifferent,
    meanPacketBytes: +(packetBytes / packets).toFixed(2),
    packetsPerFrameAndPeer: +(packets / (sessions[0].frameCurrent * peerCount * (peerCount - 1))).toFixed(3),
    frames: sessions.map((session) => session.frameCurrent),
    rollbacksPerFrame: +(stats.rollbacks / sessions[0].frameCurrent).toFixed(3),
    resimulatedPerFrame: +(stats.rollbackFrames / sessions[0].frameCurrent).toFixed(3),
    stalls: stats.stalls,
  }),
);
