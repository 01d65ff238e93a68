/** Matches of the tap game in rooms of a {@link LobbyStage}. */
import type { Match, NextMatchOptions, Room, StartMatchOptions } from 'rollmesh';
import { type TapInput, type TapState, tapGame, tapInput } from './tap-game.js';

/** A match as the rooms of the tests play it. */
export type TapMatch = Match<TapState, TapInput>;

/** What every page needs to take part. */
export const play: NextMatchOptions<TapInput> = { readInput: tapInput };

/** Starts a match in a room, its owner first; the `rules` are the owner's, the `options` everybody's. */
export async function startTogether(
  rooms: readonly Room[],
  rules: Partial<StartMatchOptions<TapInput>> = {},
  options: Partial<NextMatchOptions<TapInput>> = {},
): Promise<TapMatch[]> {
  const [owner, ...others] = rooms;
  const joining = others.map((room) => room.nextMatch(tapGame, { ...play, ...options }));
  return Promise.all([(owner as Room).startMatch(tapGame, { ...play, ...options, ...rules }), ...joining]);
}
