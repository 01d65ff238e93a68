/** Meshes of chain games for the session tests: packets are recorded, damaged and delivered by hand. */
import { createSession, type Session, type SessionOptions } from 'rollmesh/session';
import { hashBytes } from '../../../sdk/src/base/state-hash.js';
import { encodeUtf8 } from '../../../sdk/src/base/utf8.js';
import type { MeshPeer } from '../../support/mesh-peer.js';
import { type MeshOptions, type MeshPacket, VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainState, chainGame, changing } from './chain-game.js';

/** The mesh, one of its members, and what a test may vary. */
export type Mesh = VirtualMesh<ChainState, ChainInput>;
export type Peer = MeshPeer<ChainState, ChainInput>;
export type Options = Partial<MeshOptions<ChainState, ChainInput>>;

/** The key of the mesh's match: what a member of it knows. */
export const KEY: number = hashBytes(encodeUtf8('match\n7')) & 0xffff;

/** A mesh that has not begun yet: two peers, unless the options say otherwise. */
export function chainMesh(options: Options = {}): Mesh {
  return new VirtualMesh({
    seed: 1,
    peerCount: 2,
    game: chainGame(),
    conditions: { oneWayMs: 50, jitterMs: 20, loss: 0.05 },
    readInput: changing(0.3),
    ...options,
  });
}

/** A mesh that has played for a second and a half, and every packet that it ever carried. */
export function recorded(options: Options = {}): { mesh: Mesh; packets: MeshPacket[] } {
  const packets: MeshPacket[] = [];
  const mesh = chainMesh({
    ...options,
    intercept: (packet) => {
      packets.push(packet);
      return [packet.bytes];
    },
  });
  mesh.start();
  mesh.run(1500);
  return { mesh, packets };
}

/** A member by index. */
export function peer(mesh: Mesh, index: number): Peer {
  return mesh.peers[index] as Peer;
}

/** How many packets a member has dropped as malformed, of all others. */
export function malformed(mesh: Mesh, index = 0): number {
  return peer(mesh, index)
    .session.stats()
    .peers.reduce((sum, stats) => sum + stats.malformed, 0);
}

const TROUBLES = ['ended', 'peer-left', 'equivocation', 'desync'] as const;

/**
 * Everybody has confirmed what it confirms in the same mesh of `options` that nobody disturbs, and nobody is told of trouble other
 * than `told`.
 */
export function expectUndisturbed(mesh: Mesh, options: Options = {}, told?: (typeof TROUBLES)[number]): void {
  const twin = chainMesh(options);
  twin.run(mesh.nowMs);
  expect(mesh.violations).toEqual([]);
  for (const { hashes, index, events } of mesh.peers) {
    const expected = peer(twin, index).hashes;
    const frames = Math.min(hashes.length, expected.length);
    expect(frames).toBeGreaterThan(130);
    expect(hashes.slice(0, frames)).toEqual(expected.slice(0, frames));
    const types = events.map(({ event }) => event.type);
    for (const type of TROUBLES) if (type !== told) expect(types).not.toContain(type);
  }
}

/** Every truncation and every single-bit flip of `bytes`: nine for each byte. */
export function allDamaged(bytes: Uint8Array): Uint8Array[] {
  const cut = Array.from({ length: bytes.length }, (_, length) => bytes.slice(0, length));
  const flips = Array.from({ length: bytes.length * 8 }, (_, bit) => {
    const copy = bytes.slice();
    copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
    return copy;
  });
  return [...cut, ...flips];
}

/** Delivers everything that {@link allDamaged} makes of a packet; all of it is counted. Returns how many there were. */
export function injectDamaged(mesh: Mesh, packet: MeshPacket): number {
  const before = malformed(mesh, packet.to);
  const damaged = allDamaged(packet.bytes);
  for (const bytes of damaged) mesh.deliver({ ...packet, bytes });
  expect(malformed(mesh, packet.to) - before).toBe(damaged.length);
  return damaged.length;
}

/** A session that plays alone. */
export function soloSession(
  options: Partial<SessionOptions<ChainState, ChainInput>> = {},
): Session<ChainState, ChainInput> {
  return createSession({
    game: chainGame(),
    matchId: 'solo',
    nowMs: 0,
    self: 'a',
    peers: ['a'],
    players: [{ peer: 'a' }],
    readInput: () => ({ v: 1 }),
    send: () => {},
    ...options,
  });
}
