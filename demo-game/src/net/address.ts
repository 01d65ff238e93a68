/**
 * What the address of the page asks for. People use `?room=`; the rest is for tests and demonstrations:
 *
 *   room=CODE | new   joins that room, or creates one (its code then replaces `new` in the address)
 *   name=TEXT         the player's name
 *   bots=N            N bots play at this page too, next to its own player
 *   bot=1             this page's own player is a bot as well: the page plays by itself
 *   players=N         whoever owns the room starts the match as soon as N player slots are taken
 *   seed=N            seed of this page's bots
 *   draw=0            no picture: Phaser is never loaded, the match runs all the same
 *   quality=high|low  instead of what the graphics card suggests
 *   practice=N        straight into practice against N bots
 *   lobby=URL         another lobby server than the one that served the page
 */

/** See the head of this file. */
export interface Address {
  readonly room: string | undefined;
  readonly name: string | undefined;
  readonly bots: number;
  readonly bot: boolean;
  readonly players: number | undefined;
  readonly seed: number | undefined;
  readonly draw: boolean;
  readonly quality: 'high' | 'low' | undefined;
  readonly practice: number | undefined;
  readonly lobby: string;
}

/** Reads the address of a page. Values that make no sense are left out. */
export function readAddress(href: string): Address {
  const url = new URL(href);
  const query = url.searchParams;
  const quality = query.get('quality');
  return {
    room: query.get('room')?.trim() || undefined,
    name: query.get('name')?.trim() || undefined,
    bots: integer(query.get('bots'), 0, 7) ?? 0,
    bot: query.get('bot') === '1',
    players: integer(query.get('players'), 1, 8),
    seed: integer(query.get('seed'), 0, 0xffffffff),
    draw: query.get('draw') !== '0',
    quality: quality === 'high' || quality === 'low' ? quality : undefined,
    practice: integer(query.get('practice'), 1, 7),
    lobby: query.get('lobby') ?? url.origin,
  };
}

function integer(text: string | null, least: number, most: number): number | undefined {
  if (text === null || !/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}
