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
import { decodeViewMessage, encodeViewMessage } from '../../../sdk/src/wire/view-messages.js';
import { type MeshPacket, VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from '../session/chain-game.js';
import { checksum, type PacketContext, readCells, readPacket, writePacket } from './second-codec.js';

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
    'view',
    'view',
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

test('its frame packets say to both codecs what the remarks say', () => {
  for (const index of [0, 1]) {
    const { bytes } = example('frame', index);
    const context = { matchKey: keyOf(example('frame', index)), slots: 1, inputBytes: 1, vectorSlots: 0 };
    const packet = readPacket([...bytes], context);
    expect(packet).toMatchObject({ frameLow: 305, stamp: 624, acknowledgement: 43, count: 5 });
    expect(packet.cells).toEqual([undefined, [4 ^ 6], undefined, undefined, [6]]);
    expect(packet.report).toEqual(
      index === 0
        ? undefined
        : { clock: -32, received: 1234, steering: 0xff8, delay: 2, view: 0, hears: 0, held: [] },
    );
    expect(packet.hash).toEqual(index === 0 ? undefined : { frameLow: 300, value: 0xdeadbeef });
    const shape = { matchKey: context.matchKey, senderSlots: 1, cellBytes: 1, vectorLength: 0 };
    expect(decodeFramePacket(bytes, shape, createFrameHeader())).toBe(true);
    expect(writePacket(packet, context)).toEqual([...bytes]);
  }
});

test('its cells are what both codecs read', () => {
  const { bytes } = example('cells');
  expect(readCells([...bytes], 4, 3)).toEqual([undefined, [9, 9, 9], [0, 2, 0], undefined]);
  expect(skipCells(bytes, 0, 4, 3)).toBe(bytes.length);
});

test('its view messages are what the code reads and writes', () => {
  const messages = [0, 1, 2].map((index) => {
    const { bytes } = example('view', index);
    const message = decodeViewMessage(bytes, keyOf(example('view', index)), 1);
    if (message === undefined) throw new Error(`view example ${index}`);
    expect(encodeViewMessage(message, keyOf(example('view', index)))).toEqual(bytes);
    return message;
  });
  const cells = Uint8Array.from([0x12, 2, 6]);
  const common = { viewId: 1, ballot: { round: 1, voter: 0 } };
  expect(messages).toEqual([
    { ...common, kind: 'propose', removed: 4, completing: false, held: [{ slot: 2, frame: 300 }] },
    { ...common, kind: 'report', held: [{ slot: 2, frame: 305, cells }], accepted: undefined },
    { ...common, kind: 'commit', body: { removed: 4, cuts: [{ slot: 2, base: 300, cut: 305, cells }] } },
  ]);
});

test('the checksum of the document is that of every message of the document', () => {
  for (const one of examples) {
    if (one.kind === 'cells') continue;
    const start = one.kind === 'hello' ? 0x524d : keyOf(one);
    expect(checksum([...one.bytes], start)).toBe((one.bytes[1] as number) + 256 * (one.bytes[2] as number));
  }
});

/** Every frame packet of a match. */
function recordPackets(peerCount: number, owners: readonly number[]): MeshPacket[] {
  const packets: MeshPacket[] = [];
  const mesh = new VirtualMesh<ChainState, ChainInput>({
    seed: 3,
    peerCount,
    owners,
    game: chainGame(),
    conditions: { oneWayMs: 60, jitterMs: 20, loss: 0.1 },
    readInput: changing(0.2),
    intercept: (packet) => {
      if ((packet.bytes[0] as number) < 0x80) packets.push(packet);
      return [packet.bytes];
    },
  });
  mesh.start();
  mesh.run(1500);
  // A broken link, so that inputs are relayed and acknowledgements fall far behind.
  mesh.cut(0, peerCount - 1);
  mesh.run(2500);
  mesh.heal(0, peerCount - 1);
  mesh.run(1000);
  return packets;
}

test.each([
  [2, [0, 1]],
  [3, [0, 1, 2]],
  [4, [0, 2, 2, 3, 0, 3, 3, 3, 3]],
])(
  'a second codec, written from the document alone, reads and writes every packet of %i peers the same',
  (peerCount, owners) => {
    const packets = recordPackets(peerCount, owners);
    expect(packets.length).toBeGreaterThan(peerCount === 2 ? 400 : 1500);
    const matchKey = hashBytes(encodeUtf8('match\n7')) & 0xffff;
    const seen = new Set<string>();
    for (const { from, bytes } of packets) {
      const context: PacketContext = {
        matchKey,
        slots: owners.filter((owner) => owner === from).length,
        inputBytes: 1,
        vectorSlots: peerCount > 2 ? owners.length : 0,
      };
      const packet = readPacket([...bytes], context);
      if (Buffer.compare(Uint8Array.from(writePacket(packet, context)), bytes) !== 0)
        throw new Error(`${[...bytes]}`);
      for (const part of ['report', 'hash', 'relay'] as const) if (packet[part] !== undefined) seen.add(part);
      if (packet.isWide) seen.add('wide');
    }
    expect([...seen].sort()).toEqual(
      peerCount === 2 ? ['hash', 'report'] : ['hash', 'relay', 'report', 'wide'],
    );
  },
);

test('both codecs refuse the same: any bytes with a right checksum are read by both or by none', () => {
  let accepted = 0;
  const byte = fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 4, 60, 255);
  const contexts = fc.record({
    matchKey: fc.nat(0xffff),
    slots: fc.nat(3),
    inputBytes: fc.constantFrom(1, 2, 3, 9),
    vectorSlots: fc.constantFrom(0, 3),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(0, 0x70, 1, 2, 8, 9, 4, 127),
      fc.nat(3),
      fc.array(byte, { maxLength: 26 }),
      contexts,
      (first, count, rest, context) => {
        const bytes = [first, 0, 0, 9, 9, 9, 9, count, ...rest];
        const crc = checksum(bytes, context.matchKey);
        bytes[1] = crc % 256;
        bytes[2] = Math.floor(crc / 256);
        const { matchKey, slots, inputBytes, vectorSlots } = context;
        const shape = { matchKey, senderSlots: slots, cellBytes: inputBytes, vectorLength: vectorSlots };
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
