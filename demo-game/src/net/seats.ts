/** Who sits in which slot of a match: names and liveries that all pages work out alike. */
import type { Member, PeerId, Room } from 'rollmesh';
import { PLAYERS_MAX } from '../game/index.js';
import type { Seat } from '../view/arena-source.js';
import { LIVERIES } from '../view/palette.js';
import type { RumbleMatch } from './join-match.js';

/** Names of bots, by slot. */
const BOT_NAMES = ['Bolt', 'Cog', 'Dynamo', 'Flux', 'Gizmo', 'Piston', 'Rivet', 'Turbo'] as const;

/** What a member of a room says of itself. */
export interface MemberData {
  /** Livery it would like: 0 to 7. */
  readonly livery: number;
  /** Its first slot is a bot too. */
  readonly bot: boolean;
  /** It is in a match right now. */
  readonly playing: boolean;
}

/** Reads what a member says of itself; anything may come from another page. */
export function readMemberData(data: Readonly<Record<string, unknown>>, fallbackLivery: number): MemberData {
  const { livery } = data;
  const known =
    typeof livery === 'number' && Number.isInteger(livery) && livery >= 0 && livery < LIVERIES.length;
  return {
    livery: known ? livery : fallbackLivery,
    bot: data['bot'] === true,
    playing: data['playing'] === true,
  };
}

interface Claim {
  readonly name: string;
  readonly livery: number | undefined;
  readonly mine: boolean;
  readonly bot: boolean;
  readonly peer?: PeerId;
}

/** Seats of a network match: each peer's slots lie side by side, in the order of the session's peers. */
export function seatsOf(match: RumbleMatch, room: Room): readonly Seat[] {
  const members = new Map<PeerId, Member>(room.members.map((member) => [member.peer, member]));
  const claims: Claim[] = [];
  for (const peer of match.session.peers) {
    const member = members.get(peer);
    const mine = peer === room.self;
    const count = mine ? match.localSlots.length : (member?.localPlayers ?? 1);
    const data = readMemberData(member?.data ?? {}, claims.length);
    for (let index = 0; index < count; index++) {
      const bot = index > 0 || data.bot;
      const name = index === 0 ? (member?.name ?? 'Somebody') : botName(claims.length);
      claims.push({ name, livery: index === 0 ? data.livery : undefined, mine: mine && !bot, bot, peer });
    }
  }
  return dress(claims);
}

/** Seats of a practice match: you first, then bots. Without a name (the menu's own show) all are nameless bots. */
export function practiceSeats(name: string | undefined, livery: number, count: number): readonly Seat[] {
  const claims = Array.from({ length: count }, (_, slot): Claim => {
    const mine = slot === 0 && name !== undefined;
    return {
      name: name === undefined ? '' : mine ? name : botName(slot),
      livery: mine ? livery : undefined,
      mine,
      bot: !mine,
    };
  });
  return dress(claims);
}

function botName(slot: number): string {
  return BOT_NAMES[slot % BOT_NAMES.length] as string;
}

/** Wishes are granted in slot order; whoever comes too late, and every bot, gets the next free livery. */
function dress(claims: readonly Claim[]): readonly Seat[] {
  const taken = new Set<number>();
  const granted = claims.map(({ livery }) => {
    if (livery === undefined || taken.has(livery)) return undefined;
    taken.add(livery);
    return livery;
  });
  return claims.slice(0, PLAYERS_MAX).map((claim, slot) => {
    let livery = granted[slot];
    for (let next = 0; livery === undefined && next < LIVERIES.length; next++) {
      if (!taken.has(next)) livery = next;
    }
    taken.add(livery ?? slot);
    return { ...claim, livery: livery ?? slot };
  });
}
