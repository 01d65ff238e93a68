/** Bytes that no honest peer sends: counted, dropped, and no confirmed frame is any different for them. */
import { defineInput, int } from 'rollmesh/state';
import { PACKET_FRAMES_MAX } from '../../../sdk/src/base/limits.js';
import { createRandom } from '../../../sdk/src/base/prng.js';
import {
  FLAG_HASH,
  FLAG_WIDE_ACK,
  FRAME_HEADER_BYTES,
  packetCrc,
  read16,
  STAMP_NONE,
  sealFramePacket,
  write16,
  write32,
} from '../../../sdk/src/wire/frame-packet.js';
import { encodeGoodbye } from '../../../sdk/src/wire/handshake-message.js';
import type { MeshPacket } from '../../support/virtual-mesh.js';
import { type ChainInput, chainGame } from './chain-game.js';
import {
  allDamaged,
  chainMesh,
  expectUndisturbed,
  injectDamaged,
  KEY,
  malformed,
  peer,
  recorded,
} from './chain-mesh.js';

describe('from the network', () => {
  test('every truncation and every single-bit flip of live packets of each kind is dropped and counted', () => {
    const { mesh, packets } = recorded();
    const kinds = new Map<number, MeshPacket[]>();
    for (const packet of packets) {
      const first = packet.bytes[0] as number;
      const kind = first < 0x80 ? first & 3 : first;
      kinds.set(kind, [...(kinds.get(kind) ?? []), packet]);
    }
    // Plain, report, hash, both; HELLO, GO. GOODBYE follows below.
    expect([...kinds.keys()].sort((left, right) => left - right)).toEqual([0, 1, 2, 3, 0x80, 0x81]);
    let injected = 0;
    for (const ofKind of kinds.values()) {
      for (const packet of ofKind.slice(-4)) {
        injected += injectDamaged(mesh, packet);
        mesh.run(40);
      }
    }
    mesh.run(1000);
    expect(injected).toBeGreaterThan(2000);
    expectUndisturbed(mesh);
  });

  test('no damaged GOODBYE removes anybody', () => {
    const { mesh } = recorded();
    const goodbye = encodeGoodbye(120, KEY);
    for (const bytes of allDamaged(goodbye)) mesh.deliver({ from: 1, to: 0, channel: 'reliable', bytes });
    mesh.deliver({ from: 1, to: 0, channel: 'reliable', bytes: encodeGoodbye(-1, KEY) });
    mesh.run(1500);
    expect(malformed(mesh)).toBe(goodbye.length * 9 + 1);
    expectUndisturbed(mesh);
  });

  test('random bytes of any length on any channel are dropped and counted', () => {
    const { mesh } = recorded();
    const random = createRandom(99);
    const channels = ['unreliable', 'reliable'] as const;
    for (let round = 0; round < 3000; round += 1) {
      const bytes = new Uint8Array(random.below(random.chance(0.02) ? 1500 : 60));
      for (let index = 0; index < bytes.length; index += 1) bytes[index] = random.below(256);
      mesh.deliver({ from: 1, to: 0, channel: channels[round % 2] as 'reliable', bytes });
      if (round % 10 === 0) mesh.run(5);
    }
    for (let value = 0; value < 256; value += 1)
      mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes: Uint8Array.from([value]) });
    for (const length of [0, 262_144])
      mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes: new Uint8Array(length) });
    mesh.deliver({ from: 1, to: 0, channel: 'bulk', bytes: new Uint8Array(100) });
    mesh.run(500);
    expect(malformed(mesh)).toBe(3259);
    expectUndisturbed(mesh);
  });

  test('old packets of the same match, seconds later and in any order, change nothing', () => {
    const { mesh, packets } = recorded({ peerCount: 3 });
    const random = createRandom(5);
    for (let round = 0; round < 1500; round += 1) {
      const packet = packets[random.below(packets.length)] as MeshPacket;
      if ((packet.bytes[0] as number) < 0x80) mesh.deliver(packet);
      if (round % 4 === 0) mesh.run(10);
    }
    for (const { session, heard } of mesh.peers.map((one) => ({ session: one.session, heard: one.events }))) {
      expect(
        heard.map(({ event }) => event.type).filter((type) => type !== 'stalled' && type !== 'resumed'),
      ).toEqual(['started']);
      expect(session.stats().framesAhead).toBeLessThan(1);
    }
    expectUndisturbed(mesh, { peerCount: 3 });
  });

  test('a report that comes three seconds late makes no frame final before its time', () => {
    const { mesh, packets } = recorded({ peerCount: 4, conditions: { oneWayMs: 50 } });
    const reports = packets
      .filter(({ to, bytes }) => to === 0 && ((bytes[0] as number) & 0x81) === 1)
      .slice(-3);
    mesh.run(3100);
    const { session } = peer(mesh, 0);
    const before = session.frameFinal;
    expect(session.frameConfirmed - before).toBeGreaterThan(3);
    for (const from of [1, 2, 3]) {
      const report = reports.find((packet) => packet.from === from);
      if (report !== undefined) mesh.deliver(report);
    }
    expect(new Set(reports.map(({ from }) => from)).size).toBe(3);
    expect(session.frameFinal).toBe(before);
  });
});

/** Seals a packet of peer 1 again after `change` altered it, as that peer itself could. */
function forged(bytes: Uint8Array, change: (bytes: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  change(copy);
  write16(copy, 1, packetCrc(copy, copy.length, KEY));
  return copy;
}

/** The newest packet of peer 1 to peer 0 that carries inputs and nothing else. */
function lastPlain(packets: readonly MeshPacket[]): Uint8Array {
  const isPlain = ({ from, bytes }: MeshPacket): boolean =>
    from === 1 && ((bytes[0] as number) & 0x83) === 0 && (bytes[7] as number) > 3;
  const packet = packets.filter(isPlain).pop();
  if (packet === undefined) throw new Error('no plain packet');
  return packet.bytes;
}

describe('from a member of the match', () => {
  test('the acknowledgement of frames never sent is refused: nothing that was sent is taken for received', () => {
    const { mesh, packets } = recorded();
    for (let ahead = 40; ahead < 128; ahead += 1) {
      const bytes = forged(lastPlain(packets), (copy) => {
        copy[6] = ((copy[6] as number) + ahead) & 0xff;
      });
      mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes });
    }
    expect(malformed(mesh)).toBe(88);
    mesh.run(1500);
    expectUndisturbed(mesh);
  });

  test.each([1, 100, 1919, 1921, 5000, 30_000])(
    'a frame %i ahead without those between is refused',
    (ahead) => {
      const { mesh, packets } = recorded();
      const bytes = forged(lastPlain(packets), (copy) => {
        write16(copy, 3, read16(copy, 3) + (copy[7] as number) + 1 + ahead);
      });
      mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes });
      expect(malformed(mesh)).toBe(1);
      mesh.run(1500);
      expectUndisturbed(mesh);
    },
  );

  test('frames without a gap are taken up to 1920 beyond the confirmed one, and no further', () => {
    const { mesh } = recorded({ conditions: { oneWayMs: 50 } });
    mesh.cut(1, 0);
    mesh.run(200);
    const confirmed = peer(mesh, 0).session.frameConfirmed;
    let frame = confirmed;
    let accepted = 0;
    for (let packet = 0; packet < 40; packet += 1) {
      const bytes = new Uint8Array(FRAME_HEADER_BYTES + 1 + 16);
      sealFramePacket(bytes, bytes.length, {
        matchKey: KEY,
        flags: FLAG_WIDE_ACK,
        frame: frame + PACKET_FRAMES_MAX,
        stamp: STAMP_NONE,
        ack: 1,
        count: PACKET_FRAMES_MAX,
        epoch: 0,
      });
      const before = malformed(mesh);
      mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes });
      if (malformed(mesh) === before) {
        accepted += 1;
        frame += PACKET_FRAMES_MAX;
      }
    }
    expect(accepted).toBe(15);
    expect(malformed(mesh)).toBe(25);
    mesh.run(1000);
    expect(peer(mesh, 0).session.frameConfirmed).toBeGreaterThan(confirmed + 50);
    expect(mesh.violations).toEqual([]);
  });

  test('two values for one cell: the first stays, the second is reported once and not applied', () => {
    const { mesh, packets } = recorded();
    const honest = lastPlain(packets);
    const frame = read16(honest, 3);
    const count = honest[7] as number;
    const other = new Uint8Array(FRAME_HEADER_BYTES + Math.ceil(count / 8) + count);
    // Every frame differs from the one before: whatever was sent, these cells are others.
    let at = FRAME_HEADER_BYTES;
    for (let done = 0; done < count; done += 8) {
      const cells = Math.min(8, count - done);
      other[at++] = (1 << cells) - 1;
      for (let cell = 0; cell < cells; cell += 1) other[at++] = 0xff;
    }
    const fields = {
      matchKey: KEY,
      flags: 0,
      frame,
      stamp: STAMP_NONE,
      ack: honest[6] as number,
      count,
      epoch: 0,
    };
    sealFramePacket(other, other.length, fields);
    mesh.runUntil(() => peer(mesh, 0).session.frameConfirmed > frame, 1000);
    for (let copy = 0; copy < 5; copy += 1)
      mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes: other });
    const reported = peer(mesh, 0).heard('equivocation');
    expect(reported).toHaveLength(1);
    expect(reported[0]).toMatchObject({ slot: 1, sources: ['b'] });
    // The evidence: what was here first, and what came then.
    const [first, second] = reported[0]?.values ?? [];
    expect(first).toHaveLength(second?.length ?? -1);
    expect(first).not.toEqual(second);
    expect(reported[0]?.frame).toBeGreaterThan(frame - count);
    expect(reported[0]?.frame).toBeLessThanOrEqual(frame);
    mesh.run(1000);
    expectUndisturbed(mesh, {}, 'equivocation');
  });

  test('inputs that no input definition makes are refused where they stand', () => {
    // 0..99 takes seven bits: codes from 100 on, and the eighth bit, are illegal.
    const game = { ...chainGame(), input: defineInput({ v: int(0, 99) }) };
    const readInput = (): ChainInput => ({ v: 1 });
    const { mesh, packets } = recorded({ game, readInput, conditions: { oneWayMs: 50 } });
    const { session } = peer(mesh, 0);
    mesh.cut(1, 0);
    mesh.run(200);
    const honest = lastPlain(packets);
    const count = honest[7] as number;
    const confirmed = session.frameConfirmed;
    const illegal = new Uint8Array(FRAME_HEADER_BYTES + Math.ceil(count / 8) + 1);
    illegal[FRAME_HEADER_BYTES] = 1;
    illegal[FRAME_HEADER_BYTES + 1] = 0x7e;
    sealFramePacket(illegal, illegal.length, {
      matchKey: KEY,
      flags: 0,
      frame: confirmed + count,
      stamp: STAMP_NONE,
      ack: honest[6] as number,
      count,
      epoch: 0,
    });
    mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes: illegal });
    expect(malformed(mesh)).toBe(1);
    mesh.run(20);
    expect(session.frameConfirmed).toBe(confirmed);
    mesh.heal(1, 0);
    mesh.run(1000);
    expect(session.frameConfirmed).toBeGreaterThan(confirmed + 40);
    for (let frame = confirmed; frame < session.frameConfirmed; frame += 1)
      expect(session.inputsAt(frame)?.[1]).toEqual({ v: 1 });
    expect(mesh.compareHashes().different).toEqual([]);
  });

  test('two false hashes are a desync report and nothing else; a hash of a frame that has none is refused', () => {
    const { mesh, packets } = recorded();
    const honest = lastPlain(packets);
    const withHash = (frame: number): Uint8Array => {
      const bytes = new Uint8Array(honest.length + 6);
      bytes.set(honest);
      write16(bytes, honest.length, frame);
      write32(bytes, honest.length + 2, 12345);
      return forged(bytes, (copy) => {
        copy[0] = (copy[0] as number) | FLAG_HASH;
      });
    };
    mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes: withHash(30) });
    expect(peer(mesh, 0).heard('desync')).toEqual([]);
    mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes: withHash(60) });
    expect(peer(mesh, 0).heard('desync')).toEqual([
      { type: 'desync', peer: 'b', frame: 30, localHash: peer(mesh, 0).hashes[30], remoteHash: 12345 },
    ]);
    for (const frame of [0, 31, 59])
      mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes: withHash(frame) });
    expect(malformed(mesh)).toBe(3);
    for (let frame = 120; frame < 30_000; frame += 30)
      mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes: withHash(frame) });
    mesh.run(1500);
    expectUndisturbed(mesh, {}, 'desync');
  });

  test('a flood of copies of one valid packet costs nothing but time', () => {
    const { mesh, packets } = recorded();
    for (let round = 0; round < 100; round += 1) {
      const bytes = lastPlain(packets);
      for (let copy = 0; copy < 100; copy += 1)
        mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes });
      mesh.run(10);
    }
    expect(malformed(mesh)).toBe(0);
    expectUndisturbed(mesh);
  });

  test('a peer that acknowledges nothing is served from the log as long as the log reaches, then it is lost', () => {
    let sealed = -1;
    const mesh = chainMesh({
      intercept: ({ from, bytes }) => {
        if (from !== 1 || (bytes[0] as number) >= 0x80) return [bytes];
        if (sealed < 0) sealed = bytes[6] as number;
        return [
          forged(bytes, (copy) => {
            copy[6] = 0;
          }),
        ];
      },
    });
    mesh.start();
    mesh.run(40_000);
    // Its frames past 127 never come: it waits for ours, we for its. Nothing breaks.
    expect(mesh.violations).toEqual([]);
    expect(peer(mesh, 0).heard('equivocation')).toEqual([]);
    expect(mesh.compareHashes().different).toEqual([]);
    expect(mesh.compareHashes().compared).toBeGreaterThan(110);
  });

  test('a clock that lies steers nobody out of the bounds of pacing', () => {
    let lies = 0;
    const mesh = chainMesh({
      peerCount: 4,
      intercept: ({ from, bytes }) => {
        const first = bytes[0] as number;
        // A report, and no relay behind it.
        if (from !== 3 || (first & 0x85) !== 1) return [bytes];
        return [
          forged(bytes, (copy) => {
            // The report is behind the inputs: find it from the end. It has an entry for each of four slots.
            const at = copy.length - ((first & FLAG_HASH) !== 0 ? 6 : 0) - (4 + 1 + 5 + 4 * 2);
            expect(copy[at + 4]).toBe(4);
            write16(copy, at, 0x7000);
            lies += 1;
          }),
        ];
      },
    });
    mesh.start();
    mesh.run(5000);
    expect(lies).toBeGreaterThan(60);
    const frames = mesh.peers.slice(0, 3).map(({ session }) => session.frameCurrent);
    for (const frame of frames) expect(frame).toBeGreaterThan(290);
    expect(Math.max(...frames) - Math.min(...frames)).toBeLessThanOrEqual(2);
    expect(mesh.compareHashes().different).toEqual([]);
  });
});
