/** The messages that bring a newcomer in, as fuzz targets: they come from peers that nobody has vetted yet. */
import { CHUNK_BYTES_MAX, CONFIG_BYTES_MAX, MESSAGE_BYTES_MAX } from '../../../sdk/src/base/limits.js';
import { encodeUtf8 } from '../../../sdk/src/base/utf8.js';
import { packetCrc, write16 } from '../../../sdk/src/wire/frame-packet.js';
import { HELLO_KEY, WIRE_VERSION } from '../../../sdk/src/wire/handshake-message.js';
import {
  decodeManifest,
  encodeManifest,
  type Manifest,
  outlineOf,
} from '../../../sdk/src/wire/join-manifest.js';
import {
  decodeAttest,
  decodeChunk,
  decodeChunkRequest,
  decodeJoin,
  decodeJoinReply,
  decodeManifestRequest,
  encodeAttest,
  encodeChunk,
  encodeChunkRequest,
  encodeJoin,
  encodeJoinReply,
  encodeManifestRequest,
  KIND_JOIN,
  KIND_JOIN_REPLY,
} from '../../../sdk/src/wire/join-messages.js';
import { decodeStepLog, encodeStepLog, type StepLog } from '../../../sdk/src/wire/step-log.js';
import type { FuzzTarget } from './fuzzer.js';
import { must, mustEqual } from './wire-targets.js';

const KEY = 0x1d0c;

function seal(input: Uint8Array): void {
  if (input.length < 3) return;
  const isOpen = input[0] === KIND_JOIN || input[0] === KIND_JOIN_REPLY;
  write16(input, 1, packetCrc(input, input.length, isOpen ? HELLO_KEY : KEY));
}

function resealed(bytes: Uint8Array, change: (bytes: Uint8Array) => void): Uint8Array {
  change(bytes);
  seal(bytes);
  return bytes;
}

const JOIN = {
  wireVersion: WIRE_VERSION,
  match: 1,
  game: -2,
  version: 3,
  schema: 4,
  nonce: 5,
  slotsWanted: 2,
  held: { frame: 60, stateHash: -7 },
};

/** A message that is understood is the only encoding of its content. Returns whether it was understood. */
function check<T>(value: T | undefined, bytes: Uint8Array, encode: (value: T) => Uint8Array): boolean {
  if (value === undefined) return false;
  mustEqual(encode(value), bytes, 'the message has a second encoding');
  return true;
}

const joinTarget: FuzzTarget = {
  name: 'join-message',
  reachesAll: true,
  bytesMax: CHUNK_BYTES_MAX + 16,
  decoder: /^sdk\/src\/wire\/join-messages\.ts:(?:decode\w+|openMessage)$/,
  seeds: [
    encodeJoin(JOIN),
    encodeJoin({ ...JOIN, held: undefined }),
    encodeJoin({ ...JOIN, wireVersion: WIRE_VERSION + 1 }),
    encodeJoinReply({ nonce: 5, status: 'wait' }),
    encodeJoinReply({ nonce: 5, status: 'again' }),
    encodeJoinReply({ nonce: 5, status: 'refused', reason: 'f\u00fcll' }),
    encodeJoinReply({ nonce: 5, status: 'delta', fromFrame: 61 }),
    encodeManifestRequest({ nonce: 5, isWhole: true, isLog: false }, KEY),
    encodeManifestRequest({ nonce: 5, isWhole: false, isLog: true }, KEY),
    encodeAttest({ nonce: 5, isLog: true, digest: -1 }, KEY),
    encodeChunkRequest({ frame: 60, isLog: false, indices: [0, 2, 3] }, KEY),
    encodeChunk({ frame: 60, isLog: true, index: 2, bytes: Uint8Array.of(4) }, KEY),
    encodeChunk({ frame: 60, isLog: false, index: 2, bytes: Uint8Array.of(1, 2, 3) }, KEY),
    encodeChunk({ frame: 60, isLog: false, index: 2, bytes: new Uint8Array(CHUNK_BYTES_MAX + 1) }, KEY),
    new Uint8Array(1101).fill(KIND_JOIN, 0, 1),
    new Uint8Array(200).fill(KIND_JOIN_REPLY, 0, 1),
  ],
  seal,
  run(bytes) {
    const join = decodeJoin(bytes);
    const understood = [
      join !== undefined && (join.wireVersion !== WIRE_VERSION || check(join, bytes, encodeJoin)),
      check(decodeJoinReply(bytes), bytes, encodeJoinReply),
      check(decodeManifestRequest(bytes, KEY), bytes, (it) => encodeManifestRequest(it, KEY)),
      check(decodeAttest(bytes, KEY), bytes, (it) => encodeAttest(it, KEY)),
      check(decodeChunkRequest(bytes, KEY), bytes, (it) => encodeChunkRequest(it, KEY)),
      check(decodeChunk(bytes, KEY), bytes, (it) => encodeChunk(it, KEY)),
    ];
    must(understood.filter(Boolean).length < 2, 'one message is understood as two');
  },
};

const MANIFEST: Manifest = {
  ...{ matchKey: 1, seed: 2, viewId: 3, frame: 60, isPaused: false, isLog: false, stateHash: -5 },
  ...outlineOf(new Uint8Array(9000)),
  peers: [
    { id: 'a', isMember: true, joinNumber: 0 },
    { id: 'bob', isMember: false, joinNumber: 2 },
  ],
  inputBytes: 2,
  slots: [
    { owner: 0, control: 'owner', since: 1, epoch: 0, held: 60, input: Uint8Array.of(1, 2) },
    { owner: undefined, control: 'vacant', since: 9, epoch: 0, held: 0, input: Uint8Array.of(0, 0) },
    { owner: 1, control: 'substitute', since: 9, epoch: 3, held: 8, input: Uint8Array.of(0, 7) },
  ],
  config: { framesPerSecond: 60, options: { walls: [true, null, 'x'] } },
};

/** A config of more bytes than a config may have: no encoder writes it. */
function tooLongConfig(): Uint8Array {
  const whole = encodeManifest({ ...MANIFEST, config: {} }, KEY);
  const config = encodeUtf8(`{"a":"${'x'.repeat(CONFIG_BYTES_MAX)}"}`);
  const bytes = new Uint8Array(whole.length - 2 + config.length);
  bytes.set(whole.subarray(0, whole.length - 2));
  bytes.set(config, whole.length - 2);
  return resealed(bytes, () => undefined);
}

const text = (value: string): Uint8Array => encodeUtf8(value);

const manifestTarget: FuzzTarget = {
  name: 'join-manifest',
  reachesAll: true,
  bytesMax: MESSAGE_BYTES_MAX + 8,
  decoder: /^sdk\/src\/wire\/join-manifest\.ts:(?:decode|read)\w+$/,
  seeds: [
    encodeManifest(MANIFEST, KEY),
    encodeManifest({ ...MANIFEST, isPaused: true, isLog: true }, KEY),
    encodeManifest({ ...MANIFEST, ...outlineOf(new Uint8Array(1)), config: {} }, KEY),
    tooLongConfig(),
    resealed(new Uint8Array(MESSAGE_BYTES_MAX + 1), (bytes) => bytes.set(encodeManifest(MANIFEST, KEY))),
    // Sixteen million bytes in chunks of 4,000: more chunks than are possible.
    resealed(encodeManifest(MANIFEST, KEY), (bytes) => bytes.set([0xff, 0xff, 0xff, 0], 22)),
  ],
  dictionary: ['{"', '":', '}', '[', ']', 'null', '-0', '1e0', ' ', '"__proto__":1', '\u00e9'].map(text),
  seal,
  run(bytes) {
    const manifest = decodeManifest(bytes, KEY);
    if (!check(manifest, bytes, (it) => encodeManifest(it, KEY)) || manifest === undefined) return;
    const { chunkHashes, chunkBytes, byteLength, slots, peers } = manifest;
    must(chunkHashes.length === Math.ceil(byteLength / chunkBytes), 'chunks and length differ');
    must(
      slots.every(({ owner }) => owner === undefined || owner < peers.length),
      'a slot of nobody in peers',
    );
  },
};

const STEP_LOG: StepLog = {
  ...{ from: 60, count: 10, inputBytes: 2 },
  slots: [
    { states: new Uint8Array(10), cells: Uint8Array.from({ length: 20 }, (_, at) => at >> 2) },
    { states: Uint8Array.of(0, 0, 2, 2, 2, 1, 1, 1, 1, 0), cells: new Uint8Array(20) },
  ],
};

const stepLogTarget: FuzzTarget = {
  name: 'step-log',
  reachesAll: true,
  bytesMax: 400,
  decoder: /^sdk\/src\/wire\/(?:step-log\.ts:(?:decode|read)\w+|input-cells\.ts:readSlotCells)$/,
  seeds: [
    encodeStepLog(STEP_LOG),
    encodeStepLog({
      ...STEP_LOG,
      count: 0,
      slots: [{ states: new Uint8Array(0), cells: new Uint8Array(0) }],
    }),
    Uint8Array.of(0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0),
  ],
  run(bytes) {
    const log = decodeStepLog(bytes);
    if (!check(log, bytes, encodeStepLog) || log === undefined) return;
    for (const { states, cells } of log.slots) {
      must(states.length === log.count && cells.length === log.count * log.inputBytes, 'a slot is cut short');
      must(
        states.every((state) => state < 3),
        'a state that is none',
      );
    }
  },
};

/** All decoders of a join. */
export const JOIN_TARGETS: readonly FuzzTarget[] = [joinTarget, manifestTarget, stepLogTarget];
