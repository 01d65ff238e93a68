/** The manifest of a join: what is refused, its limits, and how a state is cut into chunks. */
import type { JsonObject } from '../../../sdk/src/base/json.js';
import {
  CHUNK_BYTES_MAX,
  CHUNKS_MAX,
  MESSAGE_BYTES_MAX,
  STATE_BYTES_MAX,
} from '../../../sdk/src/base/limits.js';
import { hashBytes } from '../../../sdk/src/base/state-hash.js';
import {
  chunkBytesOf,
  decodeManifest,
  encodeManifest,
  type Manifest,
  type ManifestSlot,
  manifestDigest,
  outlineOf,
} from '../../../sdk/src/wire/join-manifest.js';
import { joinKeyOf } from '../../../sdk/src/wire/join-messages.js';
import { KEY, resealed } from './join-values.js';

const slot = (change: Partial<ManifestSlot> = {}): ManifestSlot => ({
  ...{ owner: 0, control: 'owner', since: 0, epoch: 0, held: 4, input: Uint8Array.of(9) },
  ...change,
});

/** A manifest with one peer and one slot. */
const small: Manifest = {
  ...{ matchKey: 1, seed: 2, viewId: 3, frame: 4, isPaused: false, isLog: false, stateHash: 5 },
  ...outlineOf(Uint8Array.of(1, 2, 3)),
  peers: [{ id: 'a', isMember: true, joinNumber: 0 }],
  ...{ inputBytes: 1, slots: [slot()] },
  config: { b: 1, a: [true, null] },
};
const understands = (change: Partial<Manifest>): boolean =>
  decodeManifest(encodeManifest({ ...small, ...change }, KEY), KEY) !== undefined;

test.each<[string, Partial<Manifest>]>([
  ['without a state', { byteLength: 0, chunkHashes: [] }],
  ['with a state above 16 MiB', { byteLength: STATE_BYTES_MAX + 1 }],
  ['that announces a gigabyte', { byteLength: 2 ** 30 }],
  ['with chunks below 1,000 bytes', { chunkBytes: 999 }],
  ['with chunks above 16,000 bytes', { chunkBytes: 16_001 }],
  ['with fewer hashes than chunks', { byteLength: 16_000 * 1000, chunkBytes: 16_000 }],
  ['with more hashes than chunks', { chunkHashes: [1, 2] }],
  [
    'with more chunks than may be',
    { byteLength: 2_000_000, chunkBytes: 1000, chunkHashes: new Array(2000).fill(1) },
  ],
  ['without peers', { peers: [], slots: [slot({ owner: undefined, control: 'vacant' })] }],
  [
    'with 32 peers',
    { peers: Array.from({ length: 32 }, (_, index) => ({ id: `p${index}`, isMember: true, joinNumber: 0 })) },
  ],
  ['with an empty id', { peers: [{ id: '', isMember: true, joinNumber: 0 }] }],
  ['with an id of 65 characters', { peers: [{ id: 'x'.repeat(65), isMember: true, joinNumber: 0 }] }],
  ['with a space in an id', { peers: [{ id: 'a b', isMember: true, joinNumber: 0 }] }],
  ['with a letter beyond ASCII in an id', { peers: [{ id: '\x7f', isMember: true, joinNumber: 0 }] }],
  ['with a peer twice', { peers: [small.peers[0], small.peers[0]] as Manifest['peers'] }],
  ['with inputs of no bytes', { inputBytes: 0, slots: [slot({ input: new Uint8Array(0) })] }],
  ['with inputs of 65 bytes', { inputBytes: 65, slots: [slot({ input: new Uint8Array(65) })] }],
  ['without slots', { slots: [] }],
  ['with 17 slots', { slots: new Array(17).fill(small.slots[0]) }],
  ['with an owner that is no peer', { slots: [slot({ owner: 1 })] }],
  ['with a slot of nobody that is played', { slots: [slot({ owner: undefined })] }],
  ['with a slot that nobody known controls', { slots: [slot({ control: 'unknown' as 'owner' })] }],
  ['whose inputs are longer than it says', { slots: [slot({ input: new Uint8Array(2) })] }],
])('a manifest %s is refused', (_name, change) => {
  expect(understands({})).toBe(true);
  expect(understands(change)).toBe(false);
});

/** The small manifest with another text for its config. */
function withConfig(text: string): Uint8Array {
  const bytes = encodeManifest({ ...small, config: {} }, KEY);
  return resealed(Uint8Array.from([...bytes.slice(0, -2), ...new TextEncoder().encode(text)]), KEY);
}

test('the config is one canonical JSON object', () => {
  const configOf = (text: string): unknown => decodeManifest(withConfig(text), KEY)?.config;
  expect(configOf('{"a":1,"b":{"c":[]}}')).toEqual({ a: 1, b: { c: [] } });
  const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  for (const text of [
    ...[
      '',
      '{',
      '[]',
      '1',
      'null',
      '"x"',
      '{"a":1}{}',
      '{"a": 1}',
      '{"a":1} ',
      '{"b":1,"a":1}',
      '{"a":1,"a":1}',
    ],
    ...['{"a":1e0}', '{"a":-0}', '{"a":1e999}', '{"a":"\\u0061"}', '{a:1}', '{"a":undefined}'],
    ...[nested(33), `{"a":${'['.repeat(4000)}${']'.repeat(4000)}}`],
  ])
    expect(configOf(text)).toBeUndefined();
  expect(configOf(nested(32))).toBeDefined();
  const illFormed = withConfig('{"a":"x"}');
  illFormed[illFormed.length - 3] = 0xff;
  expect(decodeManifest(resealed(illFormed, KEY), KEY)).toBeUndefined();
});

test('a config reserves one name, that of the prototype, and what is decoded is frozen', () => {
  expect(decodeManifest(withConfig('{"__proto__":{"x":1}}'), KEY)).toBeUndefined();
  const bytes = withConfig('{"constructor":2}');
  const config = decodeManifest(bytes, KEY)?.config as JsonObject;
  expect([Object.keys(config), Object.isFrozen(config)]).toEqual([['constructor'], true]);
  expect(encodeManifest({ ...small, config }, KEY)).toEqual(bytes);
});

test('many chunk hashes and little else are a manifest too', () => {
  const count = 1000;
  const chunkHashes = Array.from({ length: count }, (_, index) => index * 3_000_000 - 1);
  const many = { ...small, byteLength: count * 1000, chunkBytes: 1000, chunkHashes, config: {} };
  expect(decodeManifest(encodeManifest(many, KEY), KEY)).toEqual({
    ...many,
    chunkHashes: chunkHashes.map((hash) => hash | 0),
  });
});

test('a slot of nobody is vacant, and its flags are known ones', () => {
  expect(understands({ slots: [slot({ owner: undefined, control: 'vacant' })] })).toBe(true);
  for (const [isPaused, isLog] of [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const) {
    const bytes = encodeManifest({ ...small, isPaused, isLog }, KEY);
    expect(decodeManifest(bytes, KEY)).toMatchObject({ isPaused, isLog });
    bytes[17] = 4;
    expect(decodeManifest(resealed(bytes, KEY), KEY)).toBeUndefined();
  }
});

test('a config takes 8 KiB, not more', () => {
  const sized = (length: number): string => `{"a":"${'x'.repeat(length - 8)}"}`;
  expect(decodeManifest(withConfig(sized(8192)), KEY)).toBeDefined();
  expect(decodeManifest(withConfig(sized(8193)), KEY)).toBeUndefined();
  expect(() => encodeManifest({ ...small, config: JSON.parse(sized(8193)) as JsonObject }, KEY)).toThrow(
    '8193 bytes',
  );
});

test('the largest manifest that can be fits into a message, and a larger message is not looked at', () => {
  const largest: Manifest = {
    ...small,
    ...{
      byteLength: STATE_BYTES_MAX,
      chunkBytes: CHUNK_BYTES_MAX,
      chunkHashes: new Array<number>(CHUNKS_MAX).fill(-1),
    },
    peers: Array.from({ length: 31 }, (_, index) => ({
      id: `${index}`.padEnd(64, 'x'),
      isMember: true,
      joinNumber: 65535,
    })),
    ...{
      inputBytes: 64,
      slots: new Array(16).fill(slot({ owner: 30, input: new Uint8Array(64) })),
    },
    config: { a: 'x'.repeat(8192 - 8) },
  };
  const bytes = encodeManifest(largest, KEY);
  expect(bytes.length).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
  expect(decodeManifest(bytes, KEY)).toEqual(largest);
  const longer = new Uint8Array(MESSAGE_BYTES_MAX + 1);
  longer.set(bytes);
  expect(decodeManifest(resealed(longer, KEY), KEY)).toBeUndefined();
  const tooMany = { ...largest, chunkHashes: new Array<number>(2000).fill(1) };
  expect(() => encodeManifest(tooMany, KEY)).toThrow('a manifest takes');
});

test('a state is cut into small chunks, and into larger ones if there would be too many', () => {
  const small4k = 4000 * CHUNKS_MAX;
  const limits = [1, small4k, small4k + 1, 2 * small4k, 2 * small4k + 1, STATE_BYTES_MAX];
  expect(limits.map(chunkBytesOf)).toEqual([4000, 4000, 8000, 8000, 16_000, 16_000]);
  for (const length of limits) expect(length / chunkBytesOf(length)).toBeLessThanOrEqual(CHUNKS_MAX);
  const counts = [1, 3999, 4000, 4001].map((length) => outlineOf(new Uint8Array(length)).chunkHashes.length);
  expect(counts).toEqual([1, 1, 1, 2]);
  expect(() => outlineOf(new Uint8Array(0))).toThrow('0 bytes');
  expect(() => outlineOf(new Uint8Array(STATE_BYTES_MAX + 1))).toThrow('16777217 bytes');
});

test('the outline and the digest are the hashes of the bytes', () => {
  const state = Uint8Array.from({ length: 4100 }, (_, index) => index % 251);
  const outline = outlineOf(state);
  expect(outline.bytesHash).toBe(hashBytes(state));
  expect(outline.chunkHashes).toEqual([hashBytes(state.slice(0, 4000)), hashBytes(state.slice(4000))]);
  const message = encodeManifest({ ...small, ...outline }, KEY);
  expect(manifestDigest(message)).toBe(hashBytes(message));
  expect(joinKeyOf('m1')).toBe(hashBytes(new TextEncoder().encode('m1')) & 0xffff);
});
