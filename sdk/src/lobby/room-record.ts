/**
 * A room as this client knows it: the server's record, followed event by event.
 * Pure bookkeeping: each change comes out as the events that a page wants to hear.
 */
import type { JsonObject } from '../base/json.js';
import type { PeerId } from '../base/peer-id.js';
import type {
  MatchStart,
  MemberRole,
  MemberSnapshot,
  RoomEventMessage,
  RoomSnapshot,
} from './lobby-protocol.js';

/** One member of a room. A member that changes becomes a new object. */
export interface Member {
  readonly peer: PeerId;
  /** 1 to 24 characters of visible text. Show it as text, never as markup. */
  readonly name: string;
  readonly role: MemberRole;
  readonly ready: boolean;
  /** Player slots that this member fills in the next match; 0 for spectators. */
  readonly localPlayers: number;
  /** What the member says of itself. */
  readonly data: JsonObject;
  /** Its connection to the lobby server dropped; its seat is kept for a while. */
  readonly away: boolean;
}

/** What happened in a room. */
export interface RoomRecordEvents {
  'member-joined': { readonly type: 'member-joined'; readonly member: Member };
  /** 'left' said so, 'lost' did not come back in time. */
  'member-left': {
    readonly type: 'member-left';
    readonly member: Member;
    readonly reason: 'left' | 'lost';
  };
  'member-away': { readonly type: 'member-away'; readonly member: Member };
  'member-back': { readonly type: 'member-back'; readonly member: Member };
  /** Name, ready, data or number of local players changed. */
  'member-changed': { readonly type: 'member-changed'; readonly member: Member };
  'owner-changed': {
    readonly type: 'owner-changed';
    readonly owner: PeerId;
    readonly previousOwner: PeerId;
  };
  /** Metadata or visibility changed. */
  'room-changed': {
    readonly type: 'room-changed';
    readonly metadata: JsonObject;
    readonly public: boolean;
  };
  /** Also one's own lines come back this way. `text` is cleaned; show it as text, never as markup. */
  chat: {
    readonly type: 'chat';
    readonly peer: PeerId;
    readonly name: string;
    readonly text: string;
  };
  /** The owner starts a match: time for `nextMatch`. */
  'match-starting': {
    readonly type: 'match-starting';
    readonly matchId: string;
    readonly peers: readonly PeerId[];
    /** False for a member that was away: it waits for the next match. */
    readonly included: boolean;
  };
}

/** One of {@link RoomRecordEvents}. */
export type RoomRecordEvent = RoomRecordEvents[keyof RoomRecordEvents];

function toMember(snapshot: MemberSnapshot): Member {
  const { peer, name, role, ready, localPlayers, data, awayUntilMs } = snapshot;
  return { peer, name, role, ready, localPlayers, data, away: awayUntilMs !== null };
}

/** See the head of this file. */
export class RoomRecord {
  readonly self: PeerId;
  readonly code: string;
  readonly playersMax: number;
  readonly hasPassword: boolean;
  #rev: number;
  #owner: PeerId;
  #public: boolean;
  #metadata: JsonObject;
  #members: readonly Member[];
  #match: MatchStart | undefined;

  constructor(snapshot: RoomSnapshot, self: PeerId) {
    this.self = self;
    this.code = snapshot.code;
    this.playersMax = snapshot.playersMax;
    this.hasPassword = snapshot.hasPassword;
    this.#rev = snapshot.rev;
    this.#owner = snapshot.owner;
    this.#public = snapshot.public;
    this.#metadata = snapshot.metadata;
    this.#members = snapshot.members.map(toMember);
    this.#match = snapshot.match ?? undefined;
  }

  get owner(): PeerId {
    return this.#owner;
  }

  get public(): boolean {
    return this.#public;
  }

  get metadata(): JsonObject {
    return this.#metadata;
  }

  /** In order of joining. */
  get members(): readonly Member[] {
    return this.#members;
  }

  /** The latest start, if any. */
  get match(): MatchStart | undefined {
    return this.#match;
  }

  member(peer: PeerId): Member | undefined {
    return this.#members.find((member) => member.peer === peer);
  }

  /** Follows one event; 'gap' means that one was missed and the whole room must be asked for. */
  apply(message: RoomEventMessage): readonly RoomRecordEvent[] | 'gap' {
    if (message.room !== this.code || message.rev <= this.#rev) return [];
    if (message.rev !== this.#rev + 1) return 'gap';
    this.#rev = message.rev;
    return this.#follow(message);
  }

  /** Takes over the whole room, after a reconnect or a gap; what happened meanwhile comes out as events. */
  replace(snapshot: RoomSnapshot): readonly RoomRecordEvent[] {
    if (snapshot.code !== this.code) return [];
    const events: RoomRecordEvent[] = [];
    const members = snapshot.members.map(toMember);
    const before = this.#members;
    this.#rev = snapshot.rev;
    this.#members = members;
    for (const member of before) {
      if (this.member(member.peer) === undefined)
        events.push({ type: 'member-left', member, reason: 'lost' });
    }
    for (const member of members) {
      events.push(
        ...differences(
          before.find((other) => other.peer === member.peer),
          member,
        ),
      );
    }
    events.push(...this.#changeOwner(snapshot.owner));
    if (snapshot.public !== this.#public || !sameJson(snapshot.metadata, this.#metadata))
      events.push(...this.#changeRoom(snapshot));
    if (snapshot.match !== null && snapshot.match.matchId !== this.#match?.matchId)
      events.push(...this.#start(snapshot.match));
    return events;
  }

  #follow(message: RoomEventMessage): readonly RoomRecordEvent[] {
    switch (message.t) {
      case 'peer-join':
        return this.#join(toMember(message.member));
      case 'peer-leave':
        return this.#leave(message.peer, message.why);
      case 'peer-away':
        return this.#patch(message.peer, { away: true });
      case 'peer-back':
        return this.#patch(message.peer, { away: false });
      case 'member':
        return this.#patch(message.peer, memberFields(message));
      case 'room':
        return this.#changeRoom(message);
      case 'owner':
        return this.#changeOwner(message.peer);
      case 'start':
        return this.#start(message);
      case 'chat': {
        const name = this.member(message.from)?.name ?? '';
        return [{ type: 'chat', peer: message.from, name, text: message.text }];
      }
    }
  }

  #join(member: Member): readonly RoomRecordEvent[] {
    this.#members = [...this.#members.filter(({ peer }) => peer !== member.peer), member];
    return [{ type: 'member-joined', member }];
  }

  #leave(peer: PeerId, reason: 'left' | 'lost'): readonly RoomRecordEvent[] {
    const member = this.member(peer);
    if (member === undefined) return [];
    this.#members = this.#members.filter((other) => other !== member);
    return [{ type: 'member-left', member, reason }];
  }

  #patch(peer: PeerId, fields: Partial<Member>): readonly RoomRecordEvent[] {
    const before = this.member(peer);
    if (before === undefined) return [];
    const after = { ...before, ...fields };
    this.#members = this.#members.map((member) => (member === before ? after : member));
    return differences(before, after);
  }

  #changeOwner(owner: PeerId): readonly RoomRecordEvent[] {
    const previousOwner = this.#owner;
    if (owner === previousOwner) return [];
    this.#owner = owner;
    return [{ type: 'owner-changed', owner, previousOwner }];
  }

  #changeRoom(fields: {
    readonly metadata?: JsonObject;
    readonly public?: boolean;
  }): readonly RoomRecordEvent[] {
    this.#metadata = fields.metadata ?? this.#metadata;
    this.#public = fields.public ?? this.#public;
    return [{ type: 'room-changed', metadata: this.#metadata, public: this.#public }];
  }

  #start(start: MatchStart): readonly RoomRecordEvent[] {
    this.#match = start;
    const included = start.peers.includes(this.self);
    return [{ type: 'match-starting', matchId: start.matchId, peers: start.peers, included }];
  }
}

function memberFields(message: Extract<RoomEventMessage, { t: 'member' }>): Partial<Member> {
  const { ready, name, data, localPlayers } = message;
  return {
    ...(ready === undefined ? {} : { ready }),
    ...(name === undefined ? {} : { name }),
    ...(data === undefined ? {} : { data }),
    ...(localPlayers === undefined ? {} : { localPlayers }),
  };
}

/** The events that lead from one state of a member to another. */
function differences(before: Member | undefined, after: Member): readonly RoomRecordEvent[] {
  if (before === undefined) return [{ type: 'member-joined', member: after }];
  const events: RoomRecordEvent[] = [];
  if (before.away !== after.away)
    events.push({ type: after.away ? 'member-away' : 'member-back', member: after });
  const same =
    before.name === after.name &&
    before.ready === after.ready &&
    before.localPlayers === after.localPlayers &&
    sameJson(before.data, after.data);
  if (!same) events.push({ type: 'member-changed', member: after });
  return events;
}

/** Both sides come from the same server, so equal values have equal text. */
function sameJson(left: JsonObject, right: JsonObject): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}
