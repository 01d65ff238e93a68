/** Who steers the slots of this page: the player's hands the first one, bots the rest. */
import { createRandom, type Random } from 'rollmesh';
import { bully, type RumbleInput, type RumbleState } from '../game/index.js';
import type { Controls } from '../input/controls.js';
import type { ReadInput } from '../net/join-match.js';

/** What {@link handsOf} needs. */
export interface HandsOptions {
  readonly controls: Controls;
  /** Seed of the bots. */
  readonly seed: number;
  /** Every slot of this page is a bot's. */
  readonly botsOnly: boolean;
  /** The state that bots look at and the slots of this page; asked again in each frame. */
  readonly look: () => { readonly state: RumbleState; readonly localSlots: readonly number[] } | undefined;
}

/** Makes the `readInput` of a page. Bots look at the newest state, guesses included, as a player does. */
export function handsOf({ controls, seed, botsOnly, look }: HandsOptions): ReadInput {
  const streams = new Map<number, Random>();
  const neutral: RumbleInput = { heading: 0, thrust: 0, dash: false, brake: false };
  return (slot, frame) => {
    const seen = look();
    if (seen === undefined) return neutral;
    if (!botsOnly && slot === seen.localSlots[0]) return controls.read();
    let random = streams.get(slot);
    if (random === undefined) {
      random = createRandom(seed + slot * 0x9e3779b9);
      streams.set(slot, random);
    }
    return bully(seen.state, slot, { frame, random });
  };
}
