/** Rumble under rollback, as any game of a reader would be tested: with the simulator of the SDK. */
import { networkPresets, simulate, syncTest } from 'rollmesh/simulator';
import { rumble } from '../../../demo-game/src/game/index.js';

test.each([
  { playerCount: 2, seed: 1 },
  { playerCount: 5, seed: 2 },
  { playerCount: 8, seed: 3 },
])('the sync test of $playerCount players finds nothing', ({ playerCount, seed }) => {
  expect(syncTest(rumble, { frames: 2000, distance: 8, playerCount, seed })).toMatchObject({ ok: true });
});

test('four peers on bad Wi-Fi agree on every frame of a match', () => {
  const report = simulate({ game: rumble, peers: 4, frames: 1800, seed: 7, network: networkPresets.badWifi });
  expect(report.violations).toEqual([]);
  expect(report.desyncs).toEqual([]);
  expect(report.ok).toBe(true);
  expect(report.rollbacks).toBeGreaterThan(50);
  expect(report.coverage.framesCompared).toBeGreaterThan(1800);
  expect(report.coverage.effects).toBeGreaterThan(10);
});
