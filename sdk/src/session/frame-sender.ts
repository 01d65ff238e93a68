/** Sends one packet per frame and member, with a report in every eighth, and the last ones at a goodbye. */
import { REPORT_INTERVAL_PACKETS } from '../base/limits.js';
import { encodeGoodbye } from '../wire/handshake-message.js';
import type { OutgoingFacts } from './exchange-types.js';
import type { FrameExchange } from './frame-exchange.js';
import type { MatchClock } from './match-clock.js';
import { chooseRelays, type RelayView } from './relay.js';
import type { RemotePeer } from './remote-peer.js';
import type { SessionSetup } from './session-setup.js';
import type { ChannelName } from './session-types.js';

/** Packets in a row that report a change of who is heard. */
const NEWS_REPEATS = 3;

/** What a sender needs. */
export interface FrameSenderOptions {
  readonly setup: Pick<SessionSetup<unknown, unknown>, 'selfIndex' | 'logs' | 'matchKey'>;
  readonly remotes: readonly RemotePeer[];
  readonly clock: MatchClock;
  readonly exchange: FrameExchange;
  readonly send: (to: RemotePeer, channel: ChannelName, bytes: Uint8Array) => void;
}

/** The way out. */
export class FrameSender {
  readonly #options: FrameSenderOptions;
  /** What the next packets say besides inputs; the session fills it in. */
  readonly facts: OutgoingFacts;
  readonly #relays: RelayView;
  #packetsUntilReport = 0;
  #hearsReported = 0;
  #newsRepeats = 0;

  constructor(options: FrameSenderOptions) {
    const { setup, remotes, exchange } = options;
    this.#options = options;
    this.facts = {
      clock: options.clock,
      frame: 0,
      report: false,
      delayFrames: 0,
      viewId: 0,
      hears: 0,
    };
    this.#relays = {
      selfIndex: setup.selfIndex,
      logs: setup.logs,
      remotes,
      told: exchange.told,
      hears: 0,
      isUrgent: false,
    };
  }

  /**
   * Sends the packets of this frame.
   * @param isUrgent the match stands still
   */
  send(isUrgent: boolean): void {
    const { remotes, clock, exchange, send } = this.#options;
    const { facts } = this;
    clock.noteSent();
    this.#packetsUntilReport -= 1;
    // Who fell silent is told at once, and again in case that is lost: others may have to decide without it.
    if (facts.hears !== this.#hearsReported) {
      this.#hearsReported = facts.hears;
      this.#newsRepeats = NEWS_REPEATS;
    }
    facts.report = this.#newsRepeats > 0 || this.#packetsUntilReport < 0;
    if (facts.report) {
      this.#packetsUntilReport = REPORT_INTERVAL_PACKETS - 1;
      if (this.#newsRepeats > 0) this.#newsRepeats -= 1;
    }
    this.#relays.hears = facts.hears;
    this.#relays.isUrgent = isUrgent;
    if (remotes.length > 1) chooseRelays(this.#relays);
    for (let index = 0; index < remotes.length; index += 1) {
      const remote = remotes[index] as RemotePeer;
      if (!remote.member || remote.isFetching) continue;
      remote.packetsSent += 1;
      send(remote, 'unreliable', exchange.encode(remote, facts));
      exchange.isSameFrame = true;
      if (facts.report) remote.updateRates(clock);
    }
    exchange.isSameFrame = false;
  }

  /** The last inputs and the goodbye go out on the reliable channel in this order, and the goodbye on the fast one. */
  sayGoodbye(hasStarted: boolean): void {
    const { remotes, exchange, send, setup } = this.#options;
    this.facts.report = false;
    const last = hasStarted ? exchange.newestOwn : 0;
    const goodbye = encodeGoodbye(last, setup.matchKey);
    for (const remote of remotes) {
      if (!remote.member) continue;
      // The reliable channel keeps the order, so each packet goes on where the one before ended.
      while (remote.acked < last) {
        send(remote, 'reliable', exchange.encode(remote, this.facts));
        remote.acked = exchange.lastCarried;
      }
      send(remote, 'reliable', goodbye);
      send(remote, 'unreliable', goodbye);
    }
  }
}
