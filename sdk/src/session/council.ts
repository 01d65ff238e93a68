/**
 * The members of a match acting together: liveness, the view change, and the messages of both. The session tells it what
 * time it is and what arrived; it tells the session who left, and when to wait or to end.
 */
import { PACKET_BYTES_MAX } from '../base/limits.js';
import { encodeForward, encodeViewMessage, type ViewBody } from '../wire/view-messages.js';
import type { FrameExchange } from './frame-exchange.js';
import type { MatchClock } from './match-clock.js';
import { Membership, type MembershipEvents, type MembershipPhase } from './membership.js';
import { Outbox } from './outbox.js';
import type { RemotePeer } from './remote-peer.js';
import type { SessionSetup } from './session-setup.js';
import type { ChannelName, EndReason } from './session-types.js';
import type { SlotLog } from './slot-log.js';
import { ViewChange } from './view-change.js';
import type { ViewHost } from './view-host.js';

/** What the council tells its session. */
export interface CouncilEvents {
  late: MembershipEvents['late'];
  back: MembershipEvents['back'];
  /** A peer is out; the inputs of its slots count up to `cutFrame`. */
  left(remote: RemotePeer, cutFrame: number, reason: 'left' | 'lost'): void;
  moved(phase: MembershipPhase): void;
  ended(reason: EndReason): void;
}

/** What a council needs. */
export interface CouncilOptions {
  readonly setup: Pick<
    SessionSetup<unknown, unknown>,
    'selfIndex' | 'logs' | 'ownLogs' | 'lostAfterMs' | 'lateAfterMs' | 'onLost' | 'matchKey'
  >;
  readonly remotes: readonly RemotePeer[];
  readonly clock: MatchClock;
  readonly exchange: FrameExchange;
  readonly frameFinal: () => number;
  /** False if we cannot go back to that frame any more. */
  readonly cut: (log: SlotLog, cutFrame: number) => boolean;
  readonly send: (to: RemotePeer, channel: ChannelName, bytes: Uint8Array) => void;
  readonly events: CouncilEvents;
}

/** Liveness and agreement. */
export class Council {
  readonly membership: Membership;
  readonly viewChange: ViewChange;
  readonly #options: CouncilOptions;
  /** Messages that answer an arrival, sent by the next advance. */
  readonly #outbox: Outbox;

  constructor(options: CouncilOptions) {
    this.#options = options;
    this.#outbox = new Outbox((to, bytes) => {
      // On both: the reliable channel waits for retransmissions when a packet is lost, the other one does not.
      if (bytes.length <= PACKET_BYTES_MAX) options.send(to, 'unreliable', bytes);
      options.send(to, 'reliable', bytes);
    });
    this.membership = this.#createMembership();
    this.viewChange = new ViewChange(this.#createViewHost());
  }

  /** Id of the current view. */
  get viewId(): number {
    return this.viewChange.viewId;
  }

  /** Our own bit if we own a slot, else 0. */
  get #selfVote(): number {
    const { ownLogs, selfIndex } = this.#options.setup;
    return ownLogs.length > 0 ? 1 << selfIndex : 0;
  }

  #createMembership(): Membership {
    const { setup, remotes, clock, events } = this.#options;
    return new Membership({
      selfVote: this.#selfVote,
      remotes,
      clock,
      lostAfterMs: setup.lostAfterMs,
      lateAfterMs: setup.lateAfterMs,
      onLost: setup.onLost,
      events: {
        late: (remote, silentMs) => events.late(remote, silentMs),
        back: (remote, silentMs) => events.back(remote, silentMs),
        watcherLeft: (remote, reason) => events.left(remote, remote.newestFrame, reason),
        moved: (phase) => events.moved(phase),
        gaveUp: (phase) => events.ended(phase === 'no-quorum' ? 'no-quorum' : 'peer-lost'),
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
      voters: () => maskOf((remote) => remote.isVoter) | this.#selfVote,
      gone: () => this.membership.gone,
      audience: () => maskOf((remote) => remote.member && remote.goodbyeFrame < 0),
      hears: (index) => (this.membership.hears & (1 << index)) !== 0,
      send: (index, message) => this.#send(index, encodeViewMessage(message, matchKey)),
      stage: (log, base, last, cells) => exchange.stage(log, base, last, cells),
      frameFinal: () => this.#options.frameFinal(),
      apply: (body) => this.#apply(body),
      vouched: (mask, by) => this.membership.vouched(mask, this.peerAt(by), clock.nowMs),
    };
  }

  /** Once per advance: applies silence and goodbyes, votes, sends what is due. */
  advance(): void {
    this.membership.check(this.viewChange);
    for (const remote of this.#options.remotes) {
      // It lacks a commit, or was cut off and came back.
      if (!remote.isBehind) continue;
      remote.isBehind = false;
      remote.catchUpAtMs = this.#options.clock.nowMs;
      this.viewChange.catchUp(remote.index, 0);
    }
    if (!this.#outbox.empty) this.#outbox.flush();
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

  /** The members agreed on the next view: cut the removed slots, let the removed peers go. */
  #apply(body: ViewBody): void {
    const { setup, remotes, cut, events } = this.#options;
    if ((body.removed & (1 << setup.selfIndex)) !== 0) {
      events.ended('removed');
      return;
    }
    for (const { slot, cut: cutFrame } of body.cuts) {
      const log = setup.logs[slot];
      if (log?.isActive !== true || (body.removed & (1 << log.owner)) === 0 || cut(log, cutFrame)) continue;
      events.ended('removed');
      return;
    }
    for (const remote of remotes) {
      if (!remote.member || (body.removed & (1 << remote.index)) === 0) continue;
      remote.member = false;
      const cutFrame = remote.logs[0]?.cut ?? remote.received;
      events.left(remote, cutFrame, remote.goodbyeFrame >= 0 ? 'left' : 'lost');
      if (setup.onLost === 'end') events.ended('peer-lost');
    }
  }
}
