/** docs/wire-format.md against the code: its examples, and a second codec that was written from it alone. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { hashBytes } from '../../../sdk/src/base/state-hash.js';
import { encodeUtf8 } from '../../../sdk/src/base/utf8.js';
import { createFrameHeader, decodeFramePacket } from '../../../sdk/src/wire/frame-packet.js';
import {
  decodeGo,
  decodeGoodbye,
  decodeHello,
  encodeGo,
  encodeGoodbye,
  encodeHello,
} from '../../../sdk/src/wire/handshake-message.js';
import { skipCells } from '../../../sdk/src/wire/input-cells.js';
import { decodePace, encodePace } from '../../../sdk/src/wire/pace-message.js';
import { NO_PLAN } from '../../../sdk/src/wire/view-body.js';
import { decodeViewMessage, encodeViewMessage } from '../../../sdk/src/wire/view-messages.js';
import { type MeshPacket, VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from '../session/chain-game.js';
import { checksum, type PacketContext, readCells, readPacket, writePacket } from './second-codec.js';
import { readView, type SecondView, writeView } from './second-view-codec.js';

interface Example {
  readonly kind: string;
  readonly facts: { readonly [name: string]: string };
  readonly bytes: Uint8Array;
}

/** The examples of the document: a comment that names them, then a block of hexadecimal bytes with remarks. */
function readExamples(): Example[] {
  const text = readFileSync(new URL('../../../docs/wire-format.md', import.meta.url), 'utf8');
  return [...text.matchAll(/<!-- example: (\S+)(.*?) -->\n```\n([\s\S]*?)```/g)].map(
    ([, kind = '', facts = '', block = '']) => ({
      kind,
      facts: Object.fromEntries(
        facts
          .trim()
          .split(/\s+/)
          .map((fact) => fact.split('=') as [string, string]),
      ),
      bytes: Uint8Array.from(
        block
          .split('\n')
          .flatMap((line) =>
            [...(/^(?:[0-9a-f]{2} ?)*/.exec(line)?.[0] ?? '').matchAll(/[0-9a-f]{2}/g)].map(([hex]) =>
              Number.parseInt(hex, 16),
            ),
          ),
      ),
    }),
  );
}

const examples = readExamples();
function example(kind: string, index = 0): Example {
  const found = examples.filter((one) => one.kind === kind)[index];
  if (found === undefined) throw new Error(`no example ${index} of ${kind}`);
  return found;
}
const keyOf = ({ facts }: Example): number => Number.parseInt(facts['key'] ?? '', 16);

test('the document has an example of every kind', () => {
  expect(examples.map(({ kind }) => kind)).toEqual([
    'cells',
    'hello',
    'go',
    'frame',
    'frame',
    'goodbye',
    'pace',
    'view',
    'view',
    'view',
    'frame',
    'view',
    'view',
    'view',
    'frame',
    'view',
  ]);
});

test('its match key is that of its match and seed', () => {
  const match = hashBytes(encodeUtf8('m1\n42'));
  expect(match >>> 0).toBe(0x046321bc);
  expect(keyOf(example('frame'))).toBe(match & 0xffff);
});

test('its HELLO, GO and GOODBYE are what the code reads and writes', () => {
  const hello = decodeHello(example('hello').bytes);
  expect(hello).toEqual({
    wireVersion: 1,
    match: 0x046321bc,
    game: hashBytes(encodeUtf8('bounce')),
    version: hashBytes(encodeUtf8('1')),
    schema: 0x11223344,
    config: 0x55667788,
    flags: 1,
    stampMs: 1500,
    hasEcho: true,
    echoMs: 98_000,
    heldMs: 40,
  });
  if (hello === undefined) throw new Error('no HELLO');
  expect(encodeHello(hello)).toEqual(example('hello').bytes);
  const go = example('go');
  expect([decodeGo(go.bytes, keyOf(go)), encodeGo(145, keyOf(go))]).toEqual([145, go.bytes]);
  const goodbye = example('goodbye');
  expect([decodeGoodbye(goodbye.bytes, keyOf(goodbye)), encodeGoodbye(3600, keyOf(goodbye))]).toEqual([
    3600,
    goodbye.bytes,
  ]);
});

test('its PACE is what the code reads and writes', () => {
  const { bytes } = example('pace');
  const key = keyOf(example('pace'));
  expect([decodePace(bytes, key), encodePace('pause', key)]).toEqual(['pause', bytes]);
});

test('its frame packets say to both codecs what the remarks say', () => {
  for (const index of [0, 1]) {
    const { bytes } = example('frame', index);
    const context = { matchKey: keyOf(example('frame', index)), slots: 1, inputBytes: 1, playersMax: 2 };
    const packet = readPacket([...bytes], context);
    expect(packet).toMatchObject({ frameLow: 305, stamp: 624, acknowledgement: 43, count: 5, epoch: 0 });
    expect(packet.cells).toEqual([undefined, [4 ^ 6], undefined, undefined, [6]]);
    expect(packet.report).toEqual(
      index === 0
        ? undefined
        : { clock: -32, received: 1234, steering: 0xff8, delay: 2, view: 0, hears: 0, held: [] },
    );
    expect(packet.hash).toEqual(index === 0 ? undefined : { frameLow: 300, value: 0xdeadbeef });
    const shape = { matchKey: context.matchKey, senderSlots: 1, cellBytes: 1, vectorLength: 2 };
    expect(decodeFramePacket(bytes, shape, createFrameHeader())).toBe(true);
    expect(writePacket(packet, context)).toEqual([...bytes]);
  }
});

test('its frame packets of a substituted peer and of one that is back say to both codecs what the remarks say', () => {
  const matchKey = keyOf(example('frame', 2));
  const context = { matchKey, slots: 1, inputBytes: 1, playersMax: 4 };
  const shape = { matchKey, senderSlots: 1, cellBytes: 1, vectorLength: 4 };
  const packets = [2, 3].map((index) => {
    const { bytes } = example('frame', index);
    const packet = readPacket([...bytes], context);
    expect(writePacket(packet, context)).toEqual([...bytes]);
    const header = createFrameHeader();
    expect(decodeFramePacket(bytes, shape, header)).toBe(true);
    expect(header).toMatchObject({
      count: packet.count,
      epoch: packet.epoch,
      vectorLength: packet.report?.held.length ?? 0,
    });
    return packet;
  });
  const plain = { isWide: false, hash: undefined, relay: undefined };
  const held = [447, 446, 450];
  expect(packets).toEqual([
    {
      ...plain,
      frameLow: 420,
      stamp: 480,
      acknowledgement: 418 - 256,
      count: 0,
      epoch: 0,
      cells: [],
      report: undefined,
    },
    {
      ...plain,
      frameLow: 450,
      stamp: 608,
      acknowledgement: 447 - 256,
      count: 2,
      epoch: 1,
      cells: [[6], undefined],
      report: { clock: 0x7fff, received: 578, steering: 64, delay: 2, view: 2, hears: 3, held },
    },
  ]);
});

test('its cells are what both codecs read', () => {
  const { bytes } = example('cells');
  expect(readCells([...bytes], 4, 3)).toEqual([undefined, [9, 9, 9], [0, 2, 0], undefined]);
  expect(skipCells(bytes, 0, 4, 3)).toBe(bytes.length);
});

test('its view messages are what both codecs read and write', () => {
  const messages = [0, 1, 2, 3, 4, 5, 6].map((index) => {
    const { bytes } = example('view', index);
    const key = keyOf(example('view', index));
    const message = decodeViewMessage(bytes, key, 1);
    if (message === undefined) throw new Error(`view example ${index}`);
    expect(encodeViewMessage(message, key)).toEqual(bytes);
    expect(writeView(readView([...bytes], key, 1), key)).toEqual([...bytes]);
    return message;
  });
  const cells = Uint8Array.from([0x12, 2, 6]);
  const ballot = { round: 1, voter: 0 };
  const nobody = { removed: 0, late: 0 };
  const unplanned = { ...NO_PLAN, removed: 0, frame: 0 };
  const planned = { ...NO_PLAN, ...nobody, cuts: [] };
  const held = [{ slot: 2, frame: 300 }];
  const [inView1, inView2, inView3] = [1, 2, 3].map((viewId) => ({ viewId, ballot }));
  expect(messages).toEqual([
    { ...inView1, kind: 'propose', removed: 0, late: 4, lead: 0, completing: false, held },
    {
      ...inView1,
      kind: 'report',
      limit: 0x3fffffff,
      held: [{ slot: 2, frame: 305, cells }],
      accepted: undefined,
    },
    {
      ...inView1,
      kind: 'commit',
      body: { ...unplanned, late: 4, cuts: [{ slot: 2, base: 300, cut: 305, cells }] },
    },
    { ...inView2, kind: 'propose', ...nobody, lead: 24, completing: false, held: [] },
    { ...inView2, kind: 'report', limit: 448, held: [], accepted: undefined },
    { ...inView2, kind: 'commit', body: { ...planned, returned: 4, frame: 449 } },
    {
      ...inView3,
      kind: 'accept',
      body: { ...planned, frame: 600, newcomers: [{ index: 3, nonce: 0x12345678, peer: 'ann' }] },
    },
  ]);
});

test('the checksum of the document is that of every message of the document', () => {
  for (const one of examples) {
    if (one.kind === 'cells') continue;
    const start = one.kind === 'hello' ? 0x524d : keyOf(one);
    expect(checksum([...one.bytes], start)).toBe((one.bytes[1] as number) + 256 * (one.bytes[2] as number));
  }
});

/** The key of a mesh's match. */
const MESH_KEY = hashBytes(encodeUtf8('match\n7')) & 0xffff;

/** Every message of a match in which links break, a player is late and comes back, and the match pauses. */
function recordMessages(peerCount: number, owners: readonly number[]): MeshPacket[] {
  const messages: MeshPacket[] = [];
  const mesh = new VirtualMesh<ChainState, ChainInput>({
    seed: 4,
    peerCount,
    owners,
    game: chainGame(),
    conditions: { oneWayMs: 60, jitterMs: 20, loss: 0.1 },
    readInput: changing(0.2),
    intercept: (packet) => {
      messages.push(packet);
      return [packet.bytes];
    },
  });
  mesh.start();
  mesh.run(1500);
  // A broken link, so that inputs are relayed and acknowledgements fall far behind.
  mesh.cut(0, peerCount - 1);
  // Two would lose each other if it took longer.
  mesh.run(peerCount === 2 ? 2500 : 4000);
  mesh.heal(0, peerCount - 1);
  mesh.run(1000);
  mesh.sleep(peerCount - 1, 800);
  mesh.run(2500);
  mesh.peers[0]?.session.pause();
  mesh.run(800);
  mesh.peers[0]?.session.resume();
  mesh.run(800);
  expect(mesh.violations).toEqual([]);
  return messages;
}

/** What a view message decides or asks for, by name. */
function partsOf({ kind, propose, body }: SecondView): string[] {
  const parts = [kind.toString(16)];
  if (propose !== undefined) parts.push(propose.lead > 0 ? 'asks for a limit' : 'asks for held frames');
  if (body !== undefined && body.late > 0) parts.push('late');
  if (body !== undefined && body.returned > 0) parts.push('returned');
  if (body !== undefined && body.pace > 0) parts.push(body.pace === 1 ? 'pause' : 'go on');
  return parts;
}

const SEEN_OF_TWO = [
  ...['83', '84', '86', '87', '88', 'asks for a limit', 'go on', 'hash', 'no inputs'],
  ...['pace 1', 'pace 2', 'pause', 'report'],
];
const SEEN_OF_MORE = [
  ...SEEN_OF_TWO,
  ...['asks for held frames', 'epoch', 'late', 'relay', 'returned', 'wide'],
].sort();

test.each([
  [2, [0, 1]],
  [3, [0, 1, 2]],
  [4, [0, 2, 2, 3, 0, 3, 3, 3, 3]],
])(
  'second codecs, written from the document alone, read and write every message of %i peers the same',
  (peerCount, owners) => {
    const messages = recordMessages(peerCount, owners);
    const seen = new Set<string>();
    for (const { from, bytes } of messages) {
      const kind = bytes[0] as number;
      if (kind >= 0x83 && kind < 0x8a) {
        const message = readView([...bytes], MESH_KEY, 1);
        if (Buffer.compare(Uint8Array.from(writeView(message, MESH_KEY)), bytes) !== 0)
          throw new Error(`${[...bytes]}`);
        for (const part of partsOf(message)) seen.add(part);
      } else if (kind === 0x8b) seen.add(`pace ${bytes[3]}`);
      if (kind >= 0x80) continue;
      const context: PacketContext = {
        matchKey: MESH_KEY,
        slots: owners.filter((owner) => owner === from).length,
        inputBytes: 1,
        playersMax: 16,
      };
      const packet = readPacket([...bytes], context);
      if (Buffer.compare(Uint8Array.from(writePacket(packet, context)), bytes) !== 0)
        throw new Error(`${[...bytes]}`);
      for (const part of ['report', 'hash', 'relay'] as const) if (packet[part] !== undefined) seen.add(part);
      if (packet.isWide) seen.add('wide');
      if (packet.epoch > 0) seen.add('epoch');
      if (packet.count === 0 && context.slots > 0) seen.add('no inputs');
      expect(packet.report?.held.length ?? 0).toBe(
        peerCount > 2 && packet.report !== undefined ? owners.length : 0,
      );
    }
    expect([...seen]).toEqual(expect.arrayContaining(peerCount === 2 ? SEEN_OF_TWO : SEEN_OF_MORE));
  },
);

test('both codecs refuse the same: any bytes with a right checksum are read by both or by none', () => {
  let accepted = 0;
  const byte = fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 4, 60, 255);
  const contexts = fc.record({
    matchKey: fc.nat(0xffff),
    slots: fc.nat(3),
    inputBytes: fc.constantFrom(1, 2, 3, 9),
    playersMax: fc.constantFrom(1, 2, 3),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(0, 0x70, 1, 2, 8, 9, 4, 127),
      fc.constantFrom(0, 1, 2, 3, 0x80, 0x81),
      fc.array(byte, { maxLength: 26 }),
      contexts,
      (first, count, rest, context) => {
        const bytes = [first, 0, 0, 9, 9, 9, 9, count, ...rest];
        const crc = checksum(bytes, context.matchKey);
        bytes[1] = crc % 256;
        bytes[2] = Math.floor(crc / 256);
        const { matchKey, slots, inputBytes, playersMax } = context;
        const shape = { matchKey, senderSlots: slots, cellBytes: inputBytes, vectorLength: playersMax };
        const isAccepted = decodeFramePacket(Uint8Array.from(bytes), shape, createFrameHeader());
        if (isAccepted) {
          accepted += 1;
          expect(writePacket(readPacket(bytes, context), context)).toEqual(bytes);
        } else {
          expect(() => readPacket(bytes, context)).toThrow();
        }
      },
    ),
    { numRuns: 3000, seed: 1 },
  );
  expect(accepted).toBeGreaterThan(60);
});

/** What may follow the sets of a body: pace, newcomers, seats, cuts; legal with some sets, or never. */
const ENDS_OF_BODIES = [
  [0, 0, 0, 0],
  [1, 0, 0, 0],
  [3, 0, 0, 0],
  [0, 1, 3, 9, 0, 0, 0, 1, 0x61, 0, 0],
  [0, 1, 31, 9, 0, 0, 0, 1, 0x61, 0, 0],
  [0, 1, 3, 9, 0, 0, 0, 1, 0x20, 0, 0],
  [0, 1, 3, 9, 0, 0, 0, 0, 0, 0],
  [0, 2, 3, 9, 0, 0, 0, 1, 0x61, 4, 9, 0, 0, 0, 1, 0x61, 0, 0],
  [0, 0, 2, 2, 3, 5, 30, 0],
  [0, 0, 2, 5, 3, 2, 3, 0],
  [0, 0, 1, 2, 31, 0],
  [0, 0, 0, 1, 2, 5, 0, 0, 0, 5, 0, 0, 0, 0, 0],
  [0, 0, 0, 1, 2, 5, 0, 0, 0, 6, 0, 0, 0, 3, 0, 1, 9, 0],
  [0, 0, 0, 1, 2, 5, 0, 0, 0, 4, 0, 0, 0, 0, 0],
  [0, 0, 0, 1, 16, 5, 0, 0, 0, 5, 0, 0, 0, 0, 0],
];

/** What the second codec reads and writes, `undefined` if it refuses to read. */
function writtenAgain(bytes: readonly number[]): number[] | undefined {
  let message: SecondView;
  try {
    message = readView(bytes, 7, 2);
  } catch {
    return undefined;
  }
  return writeView(message, 7);
}

test('both codecs of view messages refuse the same', () => {
  let accepted = 0;
  const byte = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 3, 0x61, 255);
  const set = fc.constantFrom([0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [2, 0, 0, 0], [3, 0, 0, 0x80]);
  const accepts = (bytes: number[]): boolean => {
    const crc = checksum(bytes, 7);
    bytes[1] = crc % 256;
    bytes[2] = Math.floor(crc / 256);
    const isLegal = decodeViewMessage(Uint8Array.from(bytes), 7, 2) !== undefined;
    const again = writtenAgain(bytes);
    if (isLegal ? `${again}` !== `${bytes}` : again !== undefined) throw new Error(`${bytes}`);
    return isLegal;
  };
  fc.assert(
    fc.property(
      fc.integer({ min: 0x82, max: 0x8a }),
      fc.array(byte, { maxLength: 48 }),
      fc.constantFrom(0x86, 0x88),
      fc.tuple(set, set, set, set),
      (kind, rest, deciding, sets) => {
        if (accepts([kind, 0, 0, ...rest])) accepted += 1;
        const start = [deciding, 0, 0, 1, 0, 1, 0, 0, 0, 0, ...sets.flat()];
        for (const end of [...ENDS_OF_BODIES, rest]) if (accepts([...start, ...end])) accepted += 1;
      },
    ),
    { numRuns: 400, seed: 1 },
  );
  expect(accepted).toBeGreaterThan(300);
});
