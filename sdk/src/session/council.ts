/**
 * The members of a match acting together: liveness, the view change, and the messages of both. The session tells it what
 * time it is and what arrived; it tells the session who left, and when to wait or to end.
 */
import { PACKET_BYTES_MAX } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import { encodeStranger } from '../wire/handshake-message.js';
import { encodePace } from '../wire/pace-message.js';
import type { Newcomer, ViewBody } from '../wire/view-body.js';
import { encodeForward, encodeViewMessage } from '../wire/view-messages.js';
import type { FrameExchange } from './frame-exchange.js';
import type { JoinDesk } from './join-desk.js';
import type { MatchClock } from './match-clock.js';
import { Membership, type MembershipEvents, type MembershipPhase } from './membership.js';
import { Outbox } from './outbox.js';
import { noteSubstitution, Planner } from './planner.js';
import type { RemotePeer } from './remote-peer.js';
import type { SessionSetup } from './session-setup.js';
import type { ChannelName, EndReason } from './session-types.js';
import { NO_FRAME, type SlotControl, type SlotLog } from './slot-log.js';
import { ViewChange } from './view-change.js';
import type { ViewHost } from './view-host.js';

/** A plan takes effect this long after the newest frame that anybody holds, and three round trips. */
const LEAD_FRAMES_MIN = 8;
const LEAD_FRAMES_MAX = 120;

/** What the council tells its session. */
export interface CouncilEvents {
  late: MembershipEvents['late'];
  back: MembershipEvents['back'];
  /** A peer is out; the inputs of its slots count up to `cutFrame`. */
  left(remote: RemotePeer, cutFrame: number, reason: 'left' | 'lost'): void;
  /** From the frame after `cutFrame` on, a substitute plays for a peer, perhaps for us. */
  substituted(peer: PeerId, cutFrame: number): void;
  /** A newcomer's slots are played from `frame` on; none for one that watches. */
  joined(peer: PeerId, slots: readonly number[], frame: number): void;
  /** Its own inputs count again from `frame` on. */
  returned(peer: PeerId, frame: number): void;
  moved(phase: MembershipPhase): void;
  ended(reason: EndReason): void;
}

/** What a council needs. */
export interface CouncilOptions {
  readonly setup: Pick<
    SessionSetup<unknown, unknown>,
    | 'self'
    | 'peers'
    | 'selfIndex'
    | 'logs'
    | 'ownLogs'
    | 'lostAfterMs'
    | 'lateAfterMs'
    | 'onLost'
    | 'substitutes'
    | 'matchKey'
  >;
  readonly remotes: readonly RemotePeer[];
  readonly clock: MatchClock;
  readonly exchange: FrameExchange;
  readonly timeline: CouncilTimeline;
  readonly desk: JoinDesk;
  /** A peer came in, or came in anew: makes its record. */
  readonly welcome: (newcomer: Newcomer, frame: number) => void;
  /** This peer, the last of two, is about to go on without the other. */
  readonly forks: () => void;
  readonly frameFinal: () => number;
  readonly send: (to: RemotePeer, channel: ChannelName, bytes: Uint8Array) => void;
  readonly events: CouncilEvents;
}

/** What the council changes of the frames. */
export interface CouncilTimeline {
  confirmLimit: number;
  /** Last frame before a pause. */
  pausedAt: number;
  /** False if we cannot go back to that frame any more. */
  endInputs(log: SlotLog, cut: number, control: SlotControl): boolean;
  schedule(log: SlotLog, frame: number, control: SlotControl, owner?: number): boolean;
  pauseBefore(frame: number): boolean;
}

/** Liveness and agreement. */
export class Council {
  readonly membership: Membership;
  readonly viewChange: ViewChange;
  readonly planner: Planner;
  readonly #options: CouncilOptions;
  /** Number of our JOIN, until the view comes that lets us in by it. */
  #awaitedNonce = 0;
  /** Messages that answer an arrival, sent by the next advance. */
  readonly #outbox: Outbox;
  /** Why the match is over here, once what was agreed has been told: the others may not know it yet. */
  #ending: EndReason | undefined;

  constructor(options: CouncilOptions) {
    this.#options = options;
    this.#outbox = new Outbox((to, bytes) => {
      // On both: the reliable channel waits for retransmissions when a packet is lost, the other one does not.
      if (bytes.length <= PACKET_BYTES_MAX) options.send(to, 'unreliable', bytes);
      options.send(to, 'reliable', bytes);
    });
    this.membership = this.#createMembership();
    this.viewChange = new ViewChange(this.#createViewHost());
    this.planner = new Planner({
      remotes: options.remotes,
      clock: options.clock,
      membership: this.membership,
      viewId: () => this.viewId,
      isPaused: () => options.timeline.pausedAt !== NO_FRAME,
      sayWish: (pace) => this.#tellAll(encodePace(pace, options.setup.matchKey)),
      guests: () => options.desk.wanted(),
    });
  }

  /**
   * A newcomer begins in a view, with the state after `frame`.
   * @param nonce number of its JOIN if it is let in by a later view, which it has yet to come to; else 0
   */
  startFrom(viewId: number, frame: number, nonce: number): void {
    this.viewChange.startFrom(viewId, frame);
    this.#awaitedNonce = nonce;
  }

  /** False while a newcomer still follows views from before it was let in. */
  get isIn(): boolean {
    return this.#awaitedNonce === 0;
  }

  /** Id of the current view. */
  get viewId(): number {
    return this.viewChange.viewId;
  }

  /** Our own bit if we own a slot, else 0. */
  #selfVote(): number {
    const { ownLogs, selfIndex } = this.#options.setup;
    return ownLogs.length > 0 && (ownLogs[0] as SlotLog).isActive ? 1 << selfIndex : 0;
  }

  #createMembership(): Membership {
    const { setup, remotes, clock, exchange, events } = this.#options;
    return new Membership({
      selfVote: () => this.#selfVote(),
      remotes,
      clock,
      lostAfterMs: setup.lostAfterMs,
      lateAfterMs: setup.lateAfterMs,
      onLost: setup.onLost,
      substitutes: setup.substitutes,
      holdsOurs: ({ index, received }) =>
        setup.ownLogs.every(({ slot }) => (exchange.held[index]?.[slot] ?? 0) >= received),
      events: {
        late: (remote, silentMs) => events.late(remote, silentMs),
        back: (remote, silentMs) => events.back(remote, silentMs),
        watcherLeft: (remote, reason) => events.left(remote, this.#lastFrameOf(remote), reason),
        watcherBack: (remote) => events.joined(remote.peer, [], remote.newestFrame),
        moved: (phase) => events.moved(phase),
        gaveUp: () => events.ended('no-quorum'),
      },
    });
  }

  #createViewHost(): ViewHost {
    const { setup, remotes, clock, exchange } = this.#options;
    const { selfIndex, logs, matchKey } = setup;
    const maskOf = (wanted: (remote: RemotePeer) => boolean): number =>
      remotes.reduce((mask, remote) => (wanted(remote) ? mask | (1 << remote.index) : mask), 0);
    return {
      selfIndex,
      logs,
      isIn: () => this.isIn,
      voters: () => maskOf((remote) => remote.isVoter) | this.#selfVote(),
      gone: () => this.membership.gone,
      audience: () => maskOf((remote) => remote.member && remote.goodbyeFrame < 0),
      hears: (index) => (this.membership.hears & ~this.membership.slow & (1 << index)) !== 0,
      send: (index, message) => this.#send(index, encodeViewMessage(message, matchKey)),
      stage: (log, base, last, cells) => exchange.stage(log, base, last, cells),
      startOf: (index) => this.peerAt(index)?.startFrame ?? 0,
      frameFinal: () => this.#options.frameFinal(),
      waitedMs: () => this.membership.waitedMs,
      leadFrames: () => this.#leadFrames(),
      limitConfirm: (frame) => {
        this.#options.timeline.confirmLimit = frame;
      },
      apply: (body) => this.#apply(body),
      strays: (index) => {
        const remote = this.peerAt(index);
        if (remote === undefined || remote.isElsewhere) return false;
        remote.isElsewhere = true;
        return true;
      },
      vouched: (mask, by) => {
        const remote = this.peerAt(by);
        if (remote !== undefined) remote.hears |= mask;
        this.membership.vouched(mask, remote, clock.nowMs);
      },
      denied: (mask) => this.membership.denied(mask, clock.nowMs),
    };
  }

  /** Once per advance: applies silence and goodbyes, votes, sends what is due. */
  advance(): void {
    if (this.#ending === undefined) this.#deliberate();
    if (!this.#outbox.empty) this.#outbox.flush();
    if (this.#ending !== undefined) this.#options.events.ended(this.#ending);
  }

  #deliberate(): void {
    this.#options.desk.advance();
    this.membership.check(this.viewChange, this.planner.next());
    for (const remote of this.#options.remotes) {
      // It lacks a commit, or was cut off and came back.
      if (!remote.isBehind) continue;
      remote.isBehind = false;
      remote.catchUpAtMs = this.#options.clock.nowMs;
      if (!remote.member)
        this.#outbox.push(remote, encodeStranger(this.viewId, this.#options.setup.matchKey));
      this.viewChange.branches.catchUp(remote.index, 0);
    }
  }

  /**
   * A peer says that we are no member for it. Who has slots is removed by a view alone, on nobody's single word; who has
   * none was let go when nothing came from it for a while, and asks to come in again.
   */
  notKnown(by: RemotePeer, viewId: number): void {
    if (this.#selfVote() === 0 && by.isVoter && viewId >= this.viewId) this.#options.events.ended('removed');
  }

  /** The peer at `index` of `peers`. */
  peerAt(index: number): RemotePeer | undefined {
    return this.#options.remotes.find((remote) => remote.index === index);
  }

  /** Hands a message for `to` on, with the next advance. */
  passOn(to: RemotePeer, bytes: Uint8Array): void {
    this.#outbox.push(to, bytes);
  }

  /** Sends a view message; through a third peer as well while the direct link is silent one way. */
  #send(index: number, message: Uint8Array): void {
    const to = this.peerAt(index);
    if (to === undefined) return;
    this.#outbox.push(to, message);
    const { selfIndex, matchKey } = this.#options.setup;
    const { hears } = this.membership;
    const hearsUs = !to.reported || (to.hears & (1 << selfIndex)) !== 0;
    if ((hears & (1 << index)) !== 0 && hearsUs) return;
    const helper = this.#options.remotes.find(
      (remote) => remote !== to && (hears & (1 << remote.index)) !== 0 && (remote.hears & (1 << index)) !== 0,
    );
    if (helper !== undefined) {
      this.#outbox.push(helper, encodeForward({ from: selfIndex, to: index, message }, matchKey));
    }
  }

  #tellAll(message: Uint8Array): void {
    for (const remote of this.#options.remotes) if (remote.member) this.#outbox.push(remote, message);
  }

  /** Three round trips to the farthest voter, so that nobody has to wait for the agreement. */
  #leadFrames(): number {
    const { remotes, clock } = this.#options;
    let most = 0;
    for (const { isVoter, clock: path, helloRttMs } of remotes) {
      if (!isVoter) continue;
      const known = Number.isFinite(path.roundTrip)
        ? path.roundTrip
        : Math.max(0, helloRttMs) / clock.frameMs;
      most = Math.max(most, known + path.jitter);
    }
    return Math.min(LEAD_FRAMES_MIN + Math.ceil(3 * most), LEAD_FRAMES_MAX);
  }

  /** The members agreed on the next view: slots end or go on, removed peers are let go. */
  #apply(body: ViewBody): void {
    const { setup, exchange, events } = this.#options;
    exchange.viewId = this.viewId;
    if (this.isIn && (body.removed & (1 << setup.selfIndex)) !== 0) {
      events.ended('removed');
      return;
    }
    if (this.#isFork(body)) this.#options.forks();
    if (!this.#endSlots(body) || !this.#planSlots(body) || !this.#changePace(body)) {
      events.ended('removed');
      return;
    }
    this.#noteLate(body);
    this.#letGo(body);
    this.#welcome(body);
    if (!this.#seat(body)) events.ended('removed');
  }

  /** We go on as the only voter, and one that did not say goodbye may do the same. */
  #isFork({ removed }: ViewBody): boolean {
    if (this.#selfVote() === 0) return false;
    const voters = this.#options.remotes.filter((remote) => remote.isVoter);
    const isOut = ({ index }: RemotePeer): boolean => (removed & (1 << index)) !== 0;
    return voters.every(isOut) && voters.some(({ goodbyeFrame }) => goodbyeFrame < 0);
  }

  /** Newcomers come in, each with the state of a frame that is known: the planned one, or that at which all stand. */
  #welcome({ newcomers, frame }: ViewBody): void {
    const { timeline, desk, welcome } = this.#options;
    const start = Math.min(frame, timeline.pausedAt);
    for (const newcomer of newcomers) {
      if (newcomer.nonce === this.#awaitedNonce) this.#awaitedNonce = 0;
      welcome(newcomer, start);
    }
    desk.applied(newcomers, start, this.viewId);
  }

  /** Newcomers get their slots. @returns false if the frames to go back to are no longer kept */
  #seat({ seats, frame }: ViewBody): boolean {
    const { setup, exchange, desk, events } = this.#options;
    const owners = new Set(seats.map(({ owner }) => owner));
    for (const { slot, owner } of seats) {
      const log = setup.logs[slot];
      // A newcomer's state may have it already.
      if (log === undefined || (log.isActive && log.owner === owner)) continue;
      if (!this.#reopen(log, frame, owner)) return false;
    }
    for (const owner of owners) {
      const slots = seats.filter((seat) => seat.owner === owner).map(({ slot }) => slot);
      const logs = slots.flatMap((slot) => setup.logs[slot] ?? []);
      // What a newcomer had before it came in this time is not what it gets.
      if (owner === setup.selfIndex && !this.isIn) continue;
      if (owner === setup.selfIndex) {
        setup.ownLogs.splice(0, setup.ownLogs.length, ...logs);
        exchange.seated();
      } else this.peerAt(owner)?.seat(logs);
      const peer = setup.peers[owner] as PeerId;
      desk.seated(peer);
      events.joined(peer, slots, frame);
    }
    return true;
  }

  /** @returns false if the frames to go back to are no longer kept */
  #endSlots(body: ViewBody): boolean {
    const { setup, timeline } = this.#options;
    for (const { slot, cut } of body.cuts) {
      const log = setup.logs[slot];
      if (log?.isActive !== true) continue;
      const bit = 1 << log.owner;
      if (((body.removed | body.late) & bit) === 0) continue;
      if (!timeline.endInputs(log, cut, (body.late & bit) !== 0 ? 'substitute' : 'lost')) return false;
    }
    return true;
  }

  #planSlots(body: ViewBody): boolean {
    const { setup, timeline } = this.#options;
    for (const log of setup.logs) {
      if (log.control !== 'substitute') continue;
      const bit = 1 << log.owner;
      if ((body.removed & bit) !== 0 && body.frame > 0) {
        if (!timeline.schedule(log, body.frame, 'lost')) return false;
      } else if ((body.returned & bit) !== 0) {
        if (!this.#reopen(log, body.frame, log.owner)) return false;
      }
    }
    return true;
  }

  /** A slot's owner plays from `frame` on. @returns false if the frames to go back to are no longer kept */
  #reopen(log: SlotLog, frame: number, owner: number): boolean {
    const { setup, timeline, exchange, remotes } = this.#options;
    if (!timeline.schedule(log, frame, 'owner', owner)) return false;
    exchange.reopened(log, frame);
    if (owner === setup.selfIndex) for (const remote of remotes) remote.acked = frame - 1;
    return true;
  }

  #noteLate({ late, returned, frame }: ViewBody): void {
    const { setup, remotes, clock, events } = this.#options;
    const self = 1 << setup.selfIndex;
    const isPlayer = setup.ownLogs.length > 0;
    // Like others of a peer with several slots: the first frame that lacks any of its inputs is one behind the least.
    if ((late & self) !== 0 && isPlayer)
      events.substituted(setup.self, Math.min(...setup.ownLogs.map(({ received }) => received)));
    if ((returned & self) !== 0 && isPlayer) events.returned(setup.self, frame);
    for (const remote of remotes) {
      const bit = 1 << remote.index;
      if ((late & bit) !== 0) {
        noteSubstitution(remote, clock.nowMs);
        events.substituted(remote.peer, remote.received);
      } else if ((returned & bit) !== 0) events.returned(remote.peer, frame);
    }
  }

  #letGo({ removed }: ViewBody): void {
    const { setup, remotes, events } = this.#options;
    for (const remote of remotes) {
      if (!remote.member || (removed & (1 << remote.index)) === 0) continue;
      remote.member = false;
      events.left(remote, this.#lastFrameOf(remote), remote.goodbyeFrame >= 0 ? 'left' : 'lost');
      if (setup.onLost === 'end') this.#ending = 'peer-lost';
    }
  }

  /**
   * Last frame of its inputs: also of one whose slots had ended before the state that we came in with, and has none for us. Of
   * a watcher the newest that it told of.
   */
  #lastFrameOf(remote: RemotePeer): number {
    const own = this.#options.setup.logs.filter(({ owner }) => owner === remote.index);
    return own.length === 0 ? remote.newestFrame : Math.min(...own.map(({ received }) => received));
  }

  #changePace({ pace, frame }: ViewBody): boolean {
    const { timeline, desk } = this.#options;
    if (pace === 'resume') timeline.pausedAt = NO_FRAME;
    if (pace !== 'pause') return true;
    desk.paused(this.viewId);
    return timeline.pauseBefore(frame);
  }
}
