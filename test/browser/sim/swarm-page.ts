/** The page of swarm-page.test.ts: plays seeds of the swarm on demand. */
import { runSeed, type SwarmOptions } from '../../sim/swarm.js';

Object.assign(globalThis, {
  playSeed: (seed: number, options: SwarmOptions): string => runSeed(seed, options).trace.hash,
});
