/** What one peer may send, and what happens beyond. */
import {
  FLOOD_BYTES_BURST,
  FLOOD_BYTES_PER_SECOND,
  FLOOD_PACKETS_BURST,
  FLOOD_PACKETS_PER_SECOND,
} from '../../../sdk/src/base/limits.js';
import { FloodGuard } from '../../../sdk/src/session/flood-guard.js';
import { peer, running } from './running-mesh.js';

function allowed(guard: FloodGuard, count: number, about: { byteLength: number; nowMs: number }): number {
  let taken = 0;
  for (let packet = 0; packet < count; packet += 1)
    if (guard.allows(about.byteLength, about.nowMs)) taken += 1;
  return taken;
}

test('a burst of packets is allowed, then so many per second, whatever was saved up before', () => {
  const guard = new FloodGuard(1000);
  expect(allowed(guard, 10_000, { byteLength: 10, nowMs: 1000 })).toBe(FLOOD_PACKETS_BURST);
  expect(allowed(guard, 10_000, { byteLength: 10, nowMs: 2000 })).toBe(FLOOD_PACKETS_PER_SECOND);
  expect(allowed(guard, 10_000, { byteLength: 10, nowMs: 2000 })).toBe(0);
  expect(allowed(guard, 10_000, { byteLength: 10, nowMs: 1e9 })).toBe(FLOOD_PACKETS_BURST);
});

test('bytes are bounded as well, and a clock that falls back gives nothing', () => {
  const guard = new FloodGuard(0);
  expect(allowed(guard, 6000, { byteLength: 1024, nowMs: 0 })).toBe(FLOOD_BYTES_BURST / 1024);
  expect(allowed(guard, 6000, { byteLength: 1024, nowMs: 1000 })).toBe(FLOOD_BYTES_PER_SECOND / 1024);
  expect(allowed(guard, 100, { byteLength: 1024, nowMs: 0 })).toBe(0);
});

test('a flood of one peer is dropped unseen and disturbs nobody; its honest packets come through afterwards', () => {
  const mesh = running({ peerCount: 3 });
  const junk = new Uint8Array(40).fill(0x55);
  for (let second = 0; second < 3; second += 1) {
    for (let packet = 0; packet < 20_000; packet += 1)
      mesh.deliver({ from: 1, to: 0, channel: 'unreliable', bytes: junk });
    mesh.run(1000);
  }
  const flooder = peer(mesh, 0)
    .session.stats()
    .peers.find((stats) => stats.peer === 'b');
  expect(flooder?.flooded).toBeGreaterThan(45_000);
  expect(flooder?.malformed).toBeLessThan(FLOOD_PACKETS_BURST + 4 * FLOOD_PACKETS_PER_SECOND);
  mesh.run(3000);
  for (const it of mesh.peers) expect(it.session.slots.slice(0, 3)).toEqual(['active', 'active', 'active']);
  expect(mesh.compareHashes().different).toEqual([]);
  expect(mesh.violations).toEqual([]);
});
