/** Questions about one room: what it looks like from outside, who fits in, who is next. Nothing here changes a room. */
import type { MatchStart, MemberSnapshot, RoomListing, RoomSnapshot } from 'rollmesh/lobby-protocol';
import { LOBBY_LIMITS } from 'rollmesh/lobby-protocol';
import type { ConnectionId, Member, Room } from './book-types.js';

/** Player slots that are taken, away members included: whoever drops can always come back. */
export function slotsTaken(room: Room): number {
  let taken = 0;
  for (const member of room.members.values()) taken += member.localPlayers;
  return taken;
}

/** Spectators, away ones included. */
export function spectatorCount(room: Room): number {
  let count = 0;
  for (const member of room.members.values()) if (member.role === 'spectator') count += 1;
  return count;
}

/** True if one more member of this role fits in. */
export function hasPlace(room: Room, role: Member['role']): boolean {
  return role === 'player'
    ? slotsTaken(room) < room.playersMax
    : spectatorCount(room) < LOBBY_LIMITS.spectatorsMax;
}

/** Sockets of all members but `except`. */
export function audience(room: Room, except?: ConnectionId): ConnectionId[] {
  const connections: ConnectionId[] = [];
  for (const { session } of room.members.values()) {
    if (session.connection !== undefined && session.connection !== except)
      connections.push(session.connection);
  }
  return connections;
}

/** Who owns the room next: the first who joined among connected players, else connected members, else any. */
export function nextOwner(room: Room): string | undefined {
  const members = [...room.members.values()];
  const here = members.filter((member) => member.session.connection !== undefined);
  const next = here.find((member) => member.role === 'player') ?? here[0] ?? members[0];
  return next?.session.peer;
}

/** A member as others see it. */
export function memberSnapshot(member: Member): MemberSnapshot {
  return {
    peer: member.session.peer,
    name: member.session.name,
    role: member.role,
    ready: member.ready,
    localPlayers: member.localPlayers,
    data: member.data,
    awayUntilMs: member.awayUntilMs ?? null,
  };
}

/** The whole room. */
export function roomSnapshot(room: Room): RoomSnapshot {
  return {
    code: room.code,
    rev: room.rev,
    owner: room.owner,
    playersMax: room.playersMax,
    public: room.public,
    hasPassword: room.passwordDigest !== undefined,
    metadata: room.metadata,
    members: [...room.members.values()].map(memberSnapshot),
    match: room.match ?? null,
  };
}

/** The room as a list shows it. */
export function roomListing(room: Room): RoomListing {
  return {
    code: room.code,
    players: slotsTaken(room),
    playersMax: room.playersMax,
    spectators: spectatorCount(room),
    hasPassword: room.passwordDigest !== undefined,
    ownerName: room.members.get(room.owner)?.session.name ?? '',
    started: room.match !== undefined,
    metadata: room.metadata,
  };
}

/**
 * Who plays in which slot: connected players in order of joining, each with its local players side by side, then the
 * connected spectators. Members without a socket would not hear the start, so they are not in it.
 */
export function lineUp(room: Room): Pick<MatchStart, 'peers' | 'players'> {
  const here = [...room.members.values()].filter((member) => member.session.connection !== undefined);
  const seated = here.filter((member) => member.role === 'player');
  const watching = here.filter((member) => member.role === 'spectator');
  return {
    peers: [...seated, ...watching].map((member) => member.session.peer),
    players: seated.flatMap((member) =>
      Array.from({ length: member.localPlayers }, () => ({ peer: member.session.peer })),
    ),
  };
}
