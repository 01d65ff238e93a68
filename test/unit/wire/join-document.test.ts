/** docs/wire-join.md against the code: its examples, and a second codec that was written from it alone. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { hashBytes } from '../../../sdk/src/base/state-hash.js';
import { decodeManifest, manifestDigest } from '../../../sdk/src/wire/join-manifest.js';
import { joinKeyOf, matchIdDigest } from '../../../sdk/src/wire/join-messages.js';
import { encodeStepLog, type StepLog } from '../../../sdk/src/wire/step-log.js';
import { damagedCopy, damages } from './damage.js';
import { CODECS, codecOf, KEY, messagesOf, names, resealed } from './join-values.js';
import { checksum } from './second-codec.js';
import { type JoinRecord, readJoinMessage, writeJoinMessage } from './second-join-codec.js';

interface Example {
  readonly kind: string;
  readonly bytes: number[];
}

/** The examples of the document: a comment that names them, then a block of hexadecimal bytes with remarks. */
const examples: readonly Example[] = [
  ...readFileSync(new URL('../../../docs/wire-join.md', import.meta.url), 'utf8').matchAll(
    /<!-- example: (\S+)(?: key=73c8)? -->\n```\n([\s\S]*?)```/g,
  ),
].map(([, kind = '', block = '']) => ({
  kind,
  bytes: block
    .split('\n')
    .flatMap((line) => (/^(?:[0-9a-f]{2}(?: |$))*/.exec(line)?.[0] ?? '').match(/[0-9a-f]{2}/g) ?? [])
    .map((hex) => Number.parseInt(hex, 16)),
}));

/** The name of each kind in the code's tests. */
const NAMES: { readonly [kind: string]: string } = {
  ...{ join: 'join', 'join-reply': 'joinReply', 'manifest-request': 'manifestRequest', manifest: 'manifest' },
  ...{ attest: 'attest', 'chunk-request': 'chunkRequest', chunk: 'chunk', log: 'log' },
};

test('the document has an example of every kind, and its key is that of its match', () => {
  expect(new Set(examples.map(({ kind }) => kind))).toEqual(new Set(Object.keys(NAMES)));
  expect(examples.length).toBe(11);
  expect([matchIdDigest('m1') >>> 0, joinKeyOf('m1')]).toEqual([0xbfaf73c8, 0x73c8]);
});

test('both codecs read every example and write it again', () => {
  for (const { kind, bytes } of examples) {
    expect(codecOf(NAMES[kind] as string).again(Uint8Array.from(bytes))).toEqual(Uint8Array.from(bytes));
    const record = readJoinMessage(bytes, 0x73c8);
    expect(record.kind).toBe(kind);
    expect(writeJoinMessage(record, 0x73c8)).toEqual(bytes);
  }
});

/** The log of the document's last example. */
const LOG: StepLog = {
  ...{ from: 597, count: 3, inputBytes: 1 },
  slots: [
    { states: Uint8Array.of(0, 0, 0), cells: Uint8Array.of(6, 6, 7) },
    { states: Uint8Array.of(2, 1, 1), cells: Uint8Array.of(4, 0, 0) },
  ],
};

test('the examples say what their remarks say', () => {
  const records = examples.map(({ bytes }) => readJoinMessage(bytes, 0x73c8));
  const nonce = 0x1d2c3b4a;
  expect(records.filter(({ kind }) => kind !== 'manifest')).toEqual([
    {
      ...{ kind: 'join', wireVersion: 1, match: 0xbfaf73c8, game: 0xffdceb86, version: 0x0686d3e7 },
      ...{ schema: 0x11223344, nonce, slots: 1, flags: 1, frame: 540, stateHash: 0x0badf00d },
    },
    { kind: 'join-reply', nonce, status: 1 },
    { kind: 'join-reply', nonce, status: 2, reason: 'full' },
    { kind: 'manifest-request', nonce, flags: 1 },
    { kind: 'manifest-request', nonce, flags: 0 },
    { kind: 'attest', nonce, log: 0, digest: 0xf0445bba },
    { kind: 'chunk-request', frame: 600, log: 0, indices: [0, 1, 5] },
    { kind: 'chunk', frame: 600, index: 0, bytes: [7, 0, 0, 0, 1, 2, 3, 4, 5] },
    { kind: 'chunk-request', frame: 600, log: 1, indices: [0] },
    { kind: 'log', frame: 600, index: 0, bytes: [...encodeStepLog(LOG)] },
  ]);
  const manifest = examples.find(({ kind }) => kind === 'manifest')?.bytes ?? [];
  expect(manifestDigest(Uint8Array.from(manifest)) >>> 0).toBe(0xf0445bba);
  const state = Uint8Array.of(7, 0, 0, 0, 1, 2, 3, 4, 5);
  expect(decodeManifest(Uint8Array.from(manifest), 0x73c8)).toEqual({
    ...{
      matchKey: 0x21bc,
      seed: 42,
      viewId: 2,
      frame: 600,
      isPaused: false,
      isLog: false,
      stateHash: 0xdeadbeef | 0,
    },
    ...{ byteLength: 9, bytesHash: hashBytes(state), chunkBytes: 4000, chunkHashes: [hashBytes(state)] },
    peers: [
      { id: 'bob', isMember: true, joinNumber: 0 },
      { id: 'ada', isMember: false, joinNumber: 1 },
      { id: 'cy', isMember: true, joinNumber: 0 },
    ],
    inputBytes: 1,
    slots: [
      { owner: 0, control: 'owner', since: 0, epoch: 0, held: 600, input: Uint8Array.of(6) },
      { owner: 1, control: 'lost', since: 551, epoch: 0, held: 550, input: Uint8Array.of(4) },
      { owner: undefined, control: 'vacant', since: 0, epoch: 0, held: 0, input: Uint8Array.of(0) },
    ],
    config: { framesPerSecond: 60, onLost: 'vacate' },
  });
});

test('the checksum of the document is that of every message of the document', () => {
  for (const { kind, bytes } of examples) {
    const start = kind === 'join' || kind === 'join-reply' ? 0x524d : 0x73c8;
    expect(checksum(bytes, start)).toBe((bytes[1] as number) + 256 * (bytes[2] as number));
  }
});

/** What the second codec makes of a message; `undefined` if it refuses it. */
function secondReading(bytes: Uint8Array): JoinRecord | undefined {
  try {
    return readJoinMessage([...bytes], KEY);
  } catch {
    return undefined;
  }
}

test.each(names)(
  'a second codec, written from the document alone, reads and writes any %s the same',
  (name) => {
    fc.assert(
      fc.property(messagesOf(name), (bytes) => {
        const record = readJoinMessage([...bytes], KEY);
        expect(writeJoinMessage(record, KEY)).toEqual([...bytes]);
        expect(NAMES[record.kind]).toBe(name);
      }),
      { numRuns: 100, seed: 2 },
    );
  },
);

test.each(names)('both codecs refuse the same damaged %s', (name) => {
  const { key, again } = codecOf(name);
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(
      messagesOf(name),
      damages(['cut', 'insert', 'replace'], fc.constantFrom(0, 1, 2, 0x22, 64, 255)),
      (bytes, damage) => {
        const changed = damagedCopy(bytes, damage, 3);
        resealed(changed, key);
        const isRead = again(changed) !== undefined;
        expect(secondReading(changed) !== undefined).toBe(isRead);
        if (isRead) accepted += 1;
        else refused += 1;
      },
    ),
    { numRuns: 600, seed: 3 },
  );
  expect(Math.min(accepted, refused)).toBeGreaterThan(20);
  expect(Object.keys(CODECS)).toContain(name);
});
