/** What this browser remembers of its player: name, colour, sound. */
import { LIVERIES } from './view/palette.js';

/** See the head of this file. */
export interface Profile {
  name: string;
  livery: number;
  muted: boolean;
}

const KEY = 'rumble-profile';
const FIRST = ['Neon', 'Turbo', 'Lucky', 'Swift', 'Cosmic', 'Jolly', 'Mighty', 'Sneaky'] as const;
const SECOND = ['Otter', 'Badger', 'Falcon', 'Panda', 'Walrus', 'Gecko', 'Moose', 'Lynx'] as const;

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T;
}

/** Reads the profile; a new player gets a name to be going on with. */
export function loadProfile(): Profile {
  const fresh: Profile = {
    name: `${pick(FIRST)} ${pick(SECOND)}`,
    livery: Math.floor(Math.random() * LIVERIES.length),
    muted: false,
  };
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof stored !== 'object' || stored === null) return fresh;
    const { name, livery, muted } = stored as Record<string, unknown>;
    if (typeof name === 'string' && name.trim() !== '') fresh.name = name.slice(0, 24);
    if (typeof livery === 'number' && LIVERIES[livery] !== undefined) fresh.livery = livery;
    fresh.muted = muted === true;
  } catch {
    // No storage (private window) or not ours: the fresh profile will do.
  }
  return fresh;
}

/** Remembers the profile, where that is possible. */
export function saveProfile(profile: Profile): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(profile));
  } catch {
    // A browser that does not let us remember is no reason not to play.
  }
}
