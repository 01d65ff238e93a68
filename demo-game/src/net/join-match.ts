/** From nothing to a running match: everything a game needs of Rollmesh. */
import { connectLobby, type Lobby, type Match, type Room } from 'rollmesh';
import { PLAYERS_MAX, type RumbleInput, type RumbleState, rumble } from '../game/index.js';

/** A match of Rumble. */
export type RumbleMatch = Match<RumbleState, RumbleInput>;

/** Called once per own slot and frame. */
export type ReadInput = (slot: number, frame: number) => RumbleInput;

/** Meets the lobby server. */
export function openLobby(url: string, name: string): Promise<Lobby> {
  return connectLobby(url, { app: 'rumble', name });
}

/** Enters the room with this code, or a new one for `'new'`. */
export function enterRoom(lobby: Lobby, code: string, isPublic: boolean): Promise<Room> {
  if (code !== 'new') return lobby.join(code);
  return lobby.create({ playersMax: PLAYERS_MAX, public: isPublic, metadata: { game: 'rumble' } });
}

/** The owner's way into a match: everybody who is in the room takes part. */
export function startMatch(room: Room, readInput: ReadInput): Promise<RumbleMatch> {
  return room.startMatch(rumble, { readInput, inputDelayFrames: 'auto' });
}

/** Everybody else's way: into the match that runs, or into the next one that the owner starts. */
export function nextMatch(
  room: Room,
  readInput: ReadInput,
  { signal, back }: { readonly signal: AbortSignal; readonly back: boolean },
): Promise<RumbleMatch> {
  const again = back ? { joinRunning: true } : {};
  return room.nextMatch(rumble, { readInput, inputDelayFrames: 'auto', signal, ...again });
}
