/**
 * Field by field: every value that a well-sealed packet of a member can carry in its frame, acknowledgement and relay, and every
 * truncation and bit flip of the kinds of packets that a quiet match never sends.
 */
import {
  FLAG_RELAY,
  FLAG_WIDE_ACK,
  FRAME_HEADER_BYTES,
  packetCrc,
  RELAY_FRAMES_MAX,
  read16,
  STAMP_NONE,
  sealFramePacket,
  write16,
} from '../../../sdk/src/wire/frame-packet.js';
import { encodeGoodbye } from '../../../sdk/src/wire/handshake-message.js';
import { encodeForward, encodeViewMessage } from '../../../sdk/src/wire/view-messages.js';
import type { MeshPacket } from '../../support/virtual-mesh.js';
import {
  chainMesh,
  expectUndisturbed,
  injectDamaged,
  KEY,
  type Mesh,
  malformed,
  type Options,
  peer,
  recorded,
} from './chain-mesh.js';

/** Three peers: somebody else's inputs can be relayed. */
const THREE: Options = { peerCount: 3, conditions: { oneWayMs: 40, jitterMs: 10, loss: 0.02 } };
/** The same without luck. */
const EVEN: Options = { peerCount: 3, conditions: { oneWayMs: 40 } };

interface Fields {
  readonly frame: number;
  readonly ack: number;
  readonly wide?: boolean;
  readonly count?: number;
  readonly relay?: {
    readonly slot: number;
    readonly first: number;
    readonly count: number;
    readonly cells: readonly number[];
  };
}

/** A packet as peer 1 could send it to peer 0: `count` frames that repeat the one before, maybe a relay. */
function sealed({ frame, ack, wide = false, count = 0, relay }: Fields): Uint8Array {
  const cells = (count + 7) >> 3;
  const at = FRAME_HEADER_BYTES + (wide ? 1 : 0) + cells;
  const bytes = new Uint8Array(at + (relay === undefined ? 0 : 4 + relay.cells.length));
  if (relay !== undefined) {
    bytes.set([relay.slot, relay.first & 0xff, (relay.first >> 8) & 0xff, relay.count, ...relay.cells], at);
  }
  const flags = (wide ? FLAG_WIDE_ACK : 0) | (relay === undefined ? 0 : FLAG_RELAY);
  sealFramePacket(bytes, bytes.length, {
    matchKey: KEY,
    flags,
    frame,
    stamp: STAMP_NONE,
    ack,
    count,
    epoch: 0,
  });
  return bytes;
}

/** A packet of peer 1 that peer 0 has had for a while: how far it was. */
function recentOf(packets: readonly MeshPacket[]): { frame: number; ack: number } {
  const own = packets.filter(
    ({ from, to, bytes }) =>
      from === 1 && to === 0 && (bytes[0] as number) < 0x80 && (bytes[0] as number) % 16 < 8,
  );
  const packet = own[own.length - 12];
  if (packet === undefined) throw new Error('peer 1 sent nothing');
  return { frame: read16(packet.bytes, 3), ack: packet.bytes[6] as number };
}

/** How many packets a mesh was handed by {@link deliver}. */
const delivered = new WeakMap<Mesh, number>();

/** Hands a packet over, each two milliseconds after the one before: no peer is listened to when it sends faster than that for long. */
function deliver(mesh: Mesh, bytes: Uint8Array): void {
  const count = (delivered.get(mesh) ?? 0) + 1;
  delivered.set(mesh, count);
  const to = mesh.peers[0] as Mesh['peers'][number];
  to.session.receive('b', 'unreliable', bytes, mesh.clockOf(to) + 2 * count);
}

test('damaged packets with a wide acknowledgement, a relay, a goodbye, a forwarded message are refused, each of them', () => {
  const { mesh, packets } = recorded(THREE);
  const { frame, ack } = recentOf(packets);
  const abort = encodeViewMessage({ viewId: 1, ballot: { round: 1, voter: 1 }, kind: 'abort' }, KEY);
  const kinds = [
    sealed({ frame, ack, wide: true, count: 3 }),
    sealed({ frame, ack, count: 2, relay: { slot: 2, first: 60, count: 9, cells: [1, 7, 0] } }),
    encodeGoodbye(90, KEY),
    encodeForward({ from: 1, to: 0, message: abort }, KEY),
    encodeForward({ from: 1, to: 2, message: abort }, KEY),
  ];
  for (const channel of ['unreliable', 'reliable'] as const)
    for (const bytes of kinds)
      expect(injectDamaged(mesh, { from: 1, to: 0, channel, bytes })).toBeGreaterThan(50);
  mesh.run(1000);
  expectUndisturbed(mesh, THREE);
});

test('a forwarded message whose inside is damaged is refused, though the outside is sealed', () => {
  const { mesh } = recorded(THREE);
  const abort = encodeViewMessage({ viewId: 1, ballot: { round: 1, voter: 1 }, kind: 'abort' }, KEY);
  let injected = 0;
  const inject = (message: Uint8Array): void => {
    deliver(mesh, encodeForward({ from: 1, to: 0, message }, KEY));
    injected += 1;
  };
  for (let length = 1; length < abort.length; length += 1) inject(abort.slice(0, length));
  for (let bit = 0; bit < abort.length * 8; bit += 1) {
    const copy = abort.slice();
    copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
    inject(copy);
  }
  // Only view messages are passed through others: no frames, no HELLO, no GOODBYE in somebody else's name.
  inject(sealed({ frame: 100, ack: 90 }));
  inject(encodeGoodbye(90, KEY));
  // In the name of the addressee itself, or of nobody.
  for (const from of [0, 3, 31, 255]) {
    deliver(mesh, encodeForward({ from, to: 0, message: abort }, KEY));
    injected += 1;
  }
  expect(malformed(mesh)).toBe(injected);
  mesh.run(1000);
  expectUndisturbed(mesh, THREE);
});

test('of all 65,536 frame numbers those that continue the log or lie behind it are taken, and none does harm', () => {
  const { mesh, packets } = recorded(THREE);
  const { frame, ack } = recentOf(packets);
  const received = (peer(mesh, 0).session.frameConfirmed & 0xffff) + 200;
  for (let frame16 = 0; frame16 < 0x10000; frame16 += 1) {
    // Without inputs anywhere; with some where they cannot follow what was received.
    deliver(mesh, sealed({ frame: frame16, ack }));
    if (((frame16 - received) & 0xffff) < 0x7000) deliver(mesh, sealed({ frame: frame16, ack, count: 1 }));
    if ((frame16 & 0xfff) === 0) mesh.run(15);
  }
  expect(frame).toBeGreaterThan(70);
  expect(malformed(mesh)).toBeGreaterThan(0x7000 + 0x7000);
  mesh.run(1500);
  expectUndisturbed(mesh, THREE);
});

test('an acknowledgement beyond what was sent is refused, whatever its bits; one behind is no news', () => {
  const { mesh, packets } = recorded(EVEN);
  const { frame } = recentOf(packets);
  const session = peer(mesh, 0).session;
  // Own inputs reach two frames beyond the current one.
  const newest = session.frameCurrent + 2;
  for (let ack = newest + 1; ack < 0x10000; ack += 1) deliver(mesh, sealed({ frame, ack, wide: true }));
  expect(malformed(mesh)).toBe(0xffff - newest);
  for (let ack = 0; ack < newest - 30; ack += 1) deliver(mesh, sealed({ frame, ack, wide: true }));
  expect(malformed(mesh)).toBe(0xffff - newest);
  mesh.run(1500);
  expectUndisturbed(mesh, EVEN);
});

describe('a relay', () => {
  test.each([
    ['of the slot of the one who gets it', 0],
    ['of the slot of the one who sends it', 1],
  ])('%s is ignored', (_whose, slot) => {
    const { mesh, packets } = recorded(THREE);
    const { frame, ack } = recentOf(packets);
    for (let first = frame - 40; first < frame + 40; first += 1)
      deliver(mesh, sealed({ frame, ack, relay: { slot, first, count: 1, cells: [1, 0x5a] } }));
    expect(malformed(mesh)).toBe(0);
    mesh.run(1000);
    expectUndisturbed(mesh, THREE);
  });

  test('of slots that nobody plays is ignored, of slots that cannot be is refused', () => {
    const { mesh, packets } = recorded(THREE);
    const { frame, ack } = recentOf(packets);
    for (let slot = 3; slot < 256; slot += 1)
      deliver(mesh, sealed({ frame, ack, relay: { slot, first: frame, count: 1, cells: [0] } }));
    expect(malformed(mesh)).toBe(256 - 16);
    mesh.run(1000);
    expectUndisturbed(mesh, THREE);
  });

  test('that leaves a gap, reaches too far, or comes from before the log is ignored, whatever the frame', () => {
    const { mesh, packets } = recorded(EVEN);
    mesh.cut(2, 0);
    const { frame, ack } = recentOf(packets);
    for (let offset = 200; offset < 0x10000 - 200; offset += 7) {
      const relay = {
        slot: 2,
        first: (frame + offset) & 0xffff,
        count: RELAY_FRAMES_MAX,
        cells: [0, 0, 0, 0],
      };
      deliver(mesh, sealed({ frame, ack, relay }));
    }
    mesh.heal(2, 0);
    mesh.run(1500);
    expectUndisturbed(mesh, EVEN);
  });

  test('with other inputs than the owner sent is evidence, and is not applied', () => {
    const { mesh, packets } = recorded(EVEN);
    const { frame, ack } = recentOf(packets);
    const confirmed = peer(mesh, 0).session.frameConfirmed;
    // Every frame differs from the one before, which cannot all be true of what the owner sent.
    const cells = [0xff, 1, 2, 3, 4, 5, 6, 7, 8];
    const relay = { slot: 2, first: confirmed - 9, count: 8, cells };
    for (let copy = 0; copy < 3; copy += 1) deliver(mesh, sealed({ frame, ack, relay }));
    const reports = mesh.peers[0]?.heard('equivocation') ?? [];
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ slot: 2, sources: ['b'] });
    mesh.run(1000);
    const twin = chainMesh(EVEN);
    twin.run(mesh.nowMs);
    for (const { hashes, index } of mesh.peers)
      expect(hashes.slice(0, 150)).toEqual(twin.peers[index]?.hashes.slice(0, 150));
    expect(mesh.violations).toEqual([]);
  });

  test("of the frames that are missing is taken like the owner's own", () => {
    const { mesh, packets } = recorded(EVEN);
    mesh.cut(2, 0);
    mesh.cut(1, 0);
    mesh.run(150);
    const session = peer(mesh, 0).session;
    const before = session.frameConfirmed;
    const { frame, ack } = recentOf(packets);
    const inputs = Array.from({ length: 4 }, (_, index) => {
      const value = mesh.peers[2]?.reads.get(2)?.[before + 1 + index];
      return value?.v ?? 0;
    });
    const cells: number[] = [0];
    // The first relayed cell is whole.
    let last = 0;
    for (const [index, value] of inputs.entries()) {
      if (value !== last) {
        cells[0] = (cells[0] as number) | (1 << index);
        cells.push(value ^ last);
      }
      last = value;
    }
    const relay = { slot: 2, first: before + 1, count: 4, cells };
    deliver(mesh, sealed({ frame, ack, relay }));
    expect(malformed(mesh)).toBe(0);
    mesh.heal(1, 0);
    mesh.run(60);
    expect(session.frameConfirmed).toBeGreaterThanOrEqual(before + 4);
    mesh.heal(2, 0);
    mesh.run(1000);
    expectUndisturbed(mesh, EVEN);
  });
});

test('a checksum made right over any damage of one byte does no harm beyond what the member may say', () => {
  const { mesh, packets } = recorded(THREE);
  const plain = packets
    .filter(({ from, to, bytes }) => from === 1 && to === 0 && (bytes[0] as number) < 0x80)
    .slice(-20);
  for (const { bytes } of plain) {
    for (let at = 0; at < bytes.length; at += 1) {
      if (at === 1 || at === 2) continue;
      const copy = bytes.slice();
      copy[at] = (copy[at] as number) ^ 0x80;
      write16(copy, 1, packetCrc(copy, copy.length, KEY));
      deliver(mesh, copy);
    }
    mesh.run(10);
  }
  mesh.run(2000);
  // It may have lied about its own inputs and clock: nobody else is worse off, and nothing breaks.
  expect(mesh.violations).toEqual([]);
  for (const index of [0, 2]) {
    expect(peer(mesh, index).session.phase).toBe('running');
    expect(peer(mesh, index).session.frameConfirmed).toBeGreaterThan(150);
  }
});
