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
  /** It has stopped the match. */
  readonly pausing: boolean;
  /** Slots it plays in the match, for those who come later. */
  readonly slots: readonly number[];
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
    pausing: data['pausing'] === true,
    slots: readSlots(data['slots']),
  };
}

function readSlots(value: unknown): readonly number[] {
  if (!Array.isArray(value) || value.length > PLAYERS_MAX) return [];
  return value.filter((slot) => Number.isInteger(slot) && slot >= 0 && slot < PLAYERS_MAX);
}

interface Claim {
  readonly name: string;
  readonly livery: number | undefined;
  readonly mine: boolean;
  readonly bot: boolean;
  readonly empty?: boolean;
  readonly peer?: PeerId;
}

/** What pages knew of the members of a room, for the time after they are gone. */
export class Roster {
  readonly #room: Room;
  readonly #known = new Map<PeerId, Pick<Member, 'name' | 'data'>>();

  constructor(room: Room) {
    this.#room = room;
    this.look();
  }

  /** Takes in who is there now. */
  look(): void {
    for (const member of this.#room.members) this.#known.set(member.peer, member);
  }

  /** A member as it was last seen. */
  of(peer: PeerId): Pick<Member, 'name' | 'data'> | undefined {
    return this.#room.member(peer) ?? this.#known.get(peer);
  }

  nameOf(peer: PeerId): string {
    return this.of(peer)?.name ?? 'Somebody';
  }

  /** Who says now that it stopped the match. */
  pausing(): string | undefined {
    return this.#room.members.find((member) => readMemberData(member.data, 0).pausing)?.name;
  }
}

/** Seats of a network match, by slot. The first slot of a page is a person's, the others are its bots'. */
export function seatsOf(match: RumbleMatch, roster: Roster): readonly Seat[] {
  const owners = ownersOf(match, roster);
  const met = new Set<PeerId>();
  const claims = owners.map((peer, slot): Claim => {
    if (peer === undefined) return { name: '', livery: undefined, mine: false, bot: false, empty: true };
    const isFirst = !met.has(peer);
    met.add(peer);
    const member = roster.of(peer);
    const data = readMemberData(member?.data ?? {}, slot);
    const bot = !isFirst || data.bot;
    return {
      name: isFirst ? (member?.name ?? 'Somebody') : botName(slot),
      livery: isFirst ? data.livery : undefined,
      mine: match.localSlots.includes(slot) && !bot,
      bot,
      peer,
    };
  });
  return dress(claims);
}

/** slot -> peer, without the empty slots at the end. What a page says of its own slots fills what a latecomer cannot know. */
function ownersOf(match: RumbleMatch, roster: Roster): readonly (PeerId | undefined)[] {
  const owners = [...match.slotOwners];
  for (const peer of match.session.peers) {
    const data = readMemberData(roster.of(peer)?.data ?? {}, 0);
    for (const slot of data.playing ? data.slots : []) owners[slot] ??= peer;
  }
  const count = owners.reduce((least, owner, slot) => (owner === undefined ? least : slot + 1), 0);
  return owners.slice(0, count);
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
