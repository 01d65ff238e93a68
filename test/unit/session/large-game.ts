/** A game whose state takes one megabyte, all of which changes in the course of a match. */
import { defineGame, defineInput, defineState, i32, int, table } from 'rollmesh';

const TILES = 262_144;
const input = defineInput({ v: int(0, 255) });
const state = defineState({ tiles: table(TILES, { height: i32 }) });

/** The game, for so many slots. */
export const largeGame = (playersMax: number) =>
  defineGame({
    id: 'large',
    version: '1',
    playersMax,
    input,
    state,
    setup({ tiles }) {
      for (let at = 0; at < TILES; at += 1) tiles.height[at] = Math.imul(at, 0x9e3779b1) | 0;
    },
    step({ tiles }, inputs, { frame, slots }) {
      for (let slot = 0; slot < playersMax; slot += 1) {
        if (slots[slot] !== 'active') continue;
        const at = (Math.imul(frame * 5 + slot, 0x85ebca6b) >>> 0) % TILES;
        tiles.height[at] = ((tiles.height[at] as number) + (inputs[slot]?.v ?? 0) + 1) | 0;
      }
    },
  });
