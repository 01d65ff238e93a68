/** A room as a page sees it, and the mesh that its links come from. */
import type { EventSource } from '../base/emitter.js';
import type { JsonObject } from '../base/json.js';
import type { PeerId } from '../base/peer-id.js';
import type { Member, RoomRecordEvents } from '../lobby/room-record.js';
import type { Game } from '../session/game.js';
import type { ChannelFacts } from '../transport/channel-facts.js';
import type { SignalChannel } from '../transport/signal-channel.js';
import type { LinkPhase, Transport, TransportEvents } from '../transport/transport.js';
import type { Match } from './match.js';
import type { JoiningProgress } from './match-join.js';
import type { NextMatchOptions, StartMatchOptions } from './match-start.js';

/** Events of a room. */
export interface RoomEvents extends RoomRecordEvents {
  /** The connection to the lobby server dropped. Links and a running match do not need it; it comes back by itself. */
  'lobby-offline': { readonly type: 'lobby-offline' };
  'lobby-online': { readonly type: 'lobby-online' };
  /** The lobby server has no such room any more. A running match goes on, but nobody new can join. */
  'room-lost': { readonly type: 'room-lost'; readonly message: string };
  /** What is known of the connection to a member changed. */
  'link-changed': TransportEvents['link-changed'];
  /** `nextMatch` is on its way into a match that runs already. */
  'match-joining': JoiningProgress & { readonly type: 'match-joining' };
}

/** 'lost': the lobby server does not know the room any more; 'left': `leave` was called. */
export type RoomPhase = 'open' | 'lost' | 'left';

/** A room that this page is in. */
export interface Room extends EventSource<RoomEvents> {
  readonly phase: RoomPhase;
  /** As people read it: `XXXX-XXXX`. */
  readonly code: string;
  readonly self: PeerId;
  readonly owner: PeerId;
  /** True if this page may start matches and change the room. */
  readonly isOwner: boolean;
  /** Everybody, this page included, in order of joining. */
  readonly members: readonly Member[];
  readonly playersMax: number;
  readonly public: boolean;
  readonly metadata: JsonObject;
  /** Connection to each other member. */
  readonly links: ReadonlyMap<PeerId, LinkPhase>;
  /** The match that runs on this page, if any. */
  readonly match: Match | undefined;
  member(peer: PeerId): Member | undefined;
  /** What the browser says about the connection to a member; `undefined` without one. */
  channelFacts(peer: PeerId): Promise<ChannelFacts | undefined>;
  /** A link that leads into this room: `base` (default: this page) with the parameter `room`. */
  inviteUrl(base?: string | URL): string;
  setReady(ready: boolean): Promise<void>;
  setName(name: string): Promise<void>;
  /** What all members see of this one: at most 1 KiB of plain JSON. */
  setData(data: JsonObject): Promise<void>;
  /** Player slots of this page in the next match, 1 to 8. @throws {SdkError} `room-full` */
  setLocalPlayers(count: number): Promise<void>;
  /** Owner only. At most 4 KiB of plain JSON. */
  setMetadata(metadata: JsonObject): Promise<void>;
  /** Owner only: whether the room is in the list. */
  setPublic(isPublic: boolean): Promise<void>;
  chat(text: string): Promise<void>;
  /**
   * Owner: starts a match with all members who are connected; resolves once everybody is in frame 0.
   * @throws {SdkError} `start-timeout` after 15 s, `incompatible`, `not-owner`, `wrong-phase`, `aborted`.
   */
  startMatch<S, I>(game: Game<S, I>, options: StartMatchOptions<I>): Promise<Match<S, I>>;
  /**
   * Takes part in the next match that the owner starts, or in one that was started up to 15 s ago. If one runs already
   * that this page has not been in (or had been in before it was reloaded), it comes into that one as soon as its players
   * let it in; 'match-joining' tells how far it is.
   * @throws {SdkError} `start-timeout`, `incompatible`, `not-in-room`, `aborted`.
   */
  nextMatch<S, I>(game: Game<S, I>, options: NextMatchOptions<I>): Promise<Match<S, I>>;
  /** Leaves the match and the room and closes the links. Idempotent, never rejects. */
  leave(): Promise<void>;
}

/** A mesh that follows the members of a room. */
export interface MeshTransport extends Transport {
  /** The peers to be linked with; links to others are closed. */
  setPeers(peers: readonly PeerId[]): void;
  /** Keeps time: heartbeats, silence, retries. */
  poll(nowMs: number): void;
  /** What the browser says about a link, for a mesh that has a browser's connections. */
  channelFacts?(peer: PeerId): Promise<ChannelFacts | undefined>;
}

/** Makes the mesh of a room. */
export type TransportFactory = (signals: SignalChannel) => MeshTransport;
