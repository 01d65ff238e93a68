/**
 * A member's side of a join: who asks to come in, who is let in, what it is given. A newcomer is admitted as a member without
 * slots by a view that names a frame; every member keeps the state of that frame for it. When it keeps pace, another view
 * gives it its slots. A peer whose page was reloaded, or that the others went on without, comes in the same way.
 */
import { requireArgument } from '../base/errors.js';
import type { JsonObject } from '../base/json.js';
import { HASH_FRAMES_KEPT, LOG_FRAMES_KEPT, PEERS_MAX, STATES_OFFERED_MAX } from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import { WIRE_VERSION } from '../wire/handshake-message.js';
import type { ManifestHeader } from '../wire/join-manifest.js';
import {
  decodeJoin,
  encodeJoinReply,
  type Join,
  joinKeyOf,
  KIND_JOIN,
  matchIdDigest,
} from '../wire/join-messages.js';
import { encodeStepLog } from '../wire/step-log.js';
import type { Newcomer, Seat } from '../wire/view-body.js';
import { type Guest, replyTo } from './join-guest.js';
import { JoinRoll, type RollCall } from './join-roll.js';
import { collectStepLog } from './log-replay.js';
import type { MatchClock } from './match-clock.js';
import type { RemotePeer } from './remote-peer.js';
import { SeatSeeker, type SeatSeekerOptions } from './seat-seeker.js';
import type { SessionSetup } from './session-setup.js';
import { NO_FRAME, type SlotLog } from './slot-log.js';
import { type Offer, StateOffer } from './state-offer.js';
import type { TransferSend } from './transfer-send.js';

/** Newcomers that are remembered at a time. */
const GUESTS_MAX = 16;
/** One that has not been heard for so long is forgotten. */
const GUEST_KEPT_MS = 10_000;
/** A newcomer is told where it stands at most this often. */
const REPLY_INTERVAL_MS = 100;

/** A frame whose state is kept for a newcomer, once it is confirmed. */
interface Promised extends RollCall {
  readonly peer: PeerId;
  readonly nonce: number;
  readonly frame: number;
  /** The view in which the newcomer begins. */
  readonly viewId: number;
  readonly isPaused: boolean;
}

/** The state of a promised frame. */
interface Kept extends Pick<Offer, 'header' | 'serialize'> {
  readonly promised: Promised;
}

/** What a desk needs of the setup. */
export type DeskSetup = Pick<
  SessionSetup<unknown, unknown>,
  | 'self'
  | 'selfIndex'
  | 'peers'
  | 'logs'
  | 'ownLogs'
  | 'matchKey'
  | 'seed'
  | 'policy'
  | 'options'
  | 'playerCount'
  | 'agreement'
> & {
  readonly game: {
    readonly playersMax: number;
    readonly framesPerSecond: number;
    readonly input: { readonly byteLength: number };
  };
};

/** What a desk needs. */
export interface JoinDeskOptions {
  readonly setup: DeskSetup;
  readonly session: SeatSeekerOptions['session'];
  readonly remotes: readonly RemotePeer[];
  readonly clock: MatchClock;
  readonly timeline: {
    readonly frameConfirmed: number;
    readonly pausedAt: number;
    readonly frameStart: number;
    readonly inputsStart: number;
    captureAt: number;
    readonly simulation: DeskSimulation;
  };
  readonly frameFinal: () => number;
  readonly send: TransferSend;
  /** A peer asks to come in, for the first time. */
  readonly requested: (peer: PeerId, slotsWanted: number) => void;
  /** True if a member without slots keeps up with the match. */
  readonly keepsPace: (remote: RemotePeer) => boolean;
}

/** What the desk asks of the simulation. */
export interface DeskSimulation {
  readonly frame: number;
  hashOf(frame: number): number;
  keeps(frame: number): boolean;
  /** Copies the state after `frame`, which must still be kept. */
  copyOf(frame: number): { serialize(): Uint8Array };
}

/** The desk. */
export class JoinDesk {
  readonly #options: JoinDeskOptions;
  readonly #offer: StateOffer;
  readonly #seeker: SeatSeeker;
  readonly #guests = new Map<PeerId, Guest>();
  readonly #roll: JoinRoll;
  /** The view that paused the match. */
  #pausedBy = 0;
  #promised: Promised[] = [];
  /** States of promised frames that are not final yet. */
  #kept: Kept[] = [];
  #wanted: { readonly newcomers: readonly Newcomer[]; readonly seats: readonly Seat[] } | undefined;

  constructor(options: JoinDeskOptions) {
    const { setup, session, remotes, send } = options;
    this.#options = options;
    this.#offer = new StateOffer({ joinKey: joinKeyOf(session.matchId), send });
    this.#seeker = new SeatSeeker({
      session,
      setup,
      remotes,
      send: (to, bytes) => send(to, 'unreliable', bytes),
    });
    const { selfIndex, peers } = setup;
    this.#roll = new JoinRoll({ selfIndex, peers, remotes });
  }

  /** Lets a peer in that asked, with so many slots. @throws {SdkError} `invalid-argument`. */
  admit(peer: PeerId, slotCount: number | undefined): void {
    const guest = this.#asking(peer, 'admitJoin');
    const { playersMax } = this.#options.setup.game;
    const slots = slotCount ?? guest.slotsWanted;
    requireArgument(
      Number.isInteger(slots) && slots >= 0 && slots <= playersMax,
      `admitJoin: slotCount is ${slots}; it must be an integer from 0 (watch only) to ${playersMax}.`,
    );
    guest.slotsWanted = slots;
    guest.status = 'admitted';
    this.#wanted = undefined;
    this.#say(peer);
  }

  /** Tells a peer that asked why it is not let in. @throws {SdkError} `invalid-argument`. */
  refuse(peer: PeerId, reason: string): void {
    const guest = this.#asking(peer, 'refuseJoin');
    guest.status = 'refused';
    guest.reason = reason;
    this.#wanted = undefined;
    this.#say(peer);
  }

  #asking(peer: PeerId, call: string): Guest {
    const guest = this.#guests.get(peer);
    requireArgument(
      guest !== undefined,
      `${call}: "${peer}" has not asked to join. Call it in answer to join-requested.`,
    );
    return guest;
  }

  /** Takes a message of a join from any peer. False if it is none, or damaged. */
  receive(from: PeerId, bytes: Uint8Array, nowMs: number): boolean {
    if (bytes[0] !== KIND_JOIN) {
      const understood = this.#offer.receive(from, bytes);
      const guest = this.#guests.get(from);
      if (understood && guest !== undefined) guest.heardAtMs = nowMs;
      return understood;
    }
    const join = decodeJoin(bytes);
    if (join === undefined) return false;
    if (join.match === matchIdDigest(this.#options.session.matchId)) this.#noteJoin(from, join, nowMs);
    return true;
  }

  #noteJoin(from: PeerId, join: Join, nowMs: number): void {
    const problem = this.#problemOf(join);
    let guest = this.#guests.get(from);
    if (guest === undefined || guest.nonce !== join.nonce) {
      if (guest === undefined && this.#guests.size >= GUESTS_MAX) return;
      guest = {
        peer: from,
        nonce: join.nonce,
        slotsWanted: Math.min(join.slotsWanted, this.#options.setup.game.playersMax),
        status: problem === undefined ? 'asked' : 'refused',
        reason: problem ?? '',
        held: join.held,
        heardAtMs: nowMs,
        repliedAtMs: Number.NEGATIVE_INFINITY,
      };
      this.#guests.set(from, guest);
      const remote = this.#remoteOf(from);
      // Who starts over while it still counts as a member lost what it knew: the others go on without it first.
      if (remote?.member === true && remote.nonce !== join.nonce) remote.isReborn = true;
      if (problem === undefined) this.#options.requested(from, guest.slotsWanted);
    }
    guest.heardAtMs = nowMs;
  }

  #problemOf({ wireVersion, game, version, schema }: Join): string | undefined {
    const { agreement } = this.#options.setup;
    if (wireVersion !== WIRE_VERSION)
      return 'protocol: this match speaks another version of the wire format.';
    if (game !== agreement.game) return 'game: this match plays another game.';
    if (version !== agreement.version) return 'version: this match runs another version of the game.';
    return schema === agreement.schema ? undefined : 'schema: this match has another input or state layout.';
  }

  #remoteOf(peer: PeerId): RemotePeer | undefined {
    return this.#options.remotes.find((remote) => remote.peer === peer);
  }

  /** What a coordinator wants for the guests; the same object while it stays the same. While there is nothing it is looked for anew: nobody tells us of a pace. */
  wanted(): { readonly newcomers: readonly Newcomer[]; readonly seats: readonly Seat[] } | undefined {
    if (this.#guests.size === 0) return undefined;
    this.#wanted ??= this.#nextWanted();
    return this.#wanted;
  }

  #nextWanted(): { newcomers: Newcomer[]; seats: Seat[] } | undefined {
    for (const guest of this.#guests.values()) {
      if (guest.status !== 'admitted') continue;
      const remote = this.#remoteOf(guest.peer);
      if (remote?.member === true && remote.nonce === guest.nonce) {
        const seats = remote.logs.length === 0 ? this.#seatsFor(remote, guest) : [];
        if (seats.length > 0) return { newcomers: [], seats };
      } else if (
        remote?.member !== true &&
        this.#offer.frames.length + this.#promised.length + this.#kept.length < STATES_OFFERED_MAX
      ) {
        const index = this.#indexFor(guest.peer);
        if (index >= 0) return { newcomers: [{ index, peer: guest.peer, nonce: guest.nonce }], seats: [] };
      }
    }
    return undefined;
  }

  #indexFor(peer: PeerId): number {
    const { peers } = this.#options.setup;
    const known = peers.indexOf(peer);
    if (known >= 0) return known;
    return peers.length < PEERS_MAX ? peers.length : -1;
  }

  /** Its own old slots first, then those that nobody ever played, then those of lost players. */
  #seatsFor(remote: RemotePeer, guest: Guest): Seat[] {
    if (guest.slotsWanted === 0 || !this.#options.keepsPace(remote)) return [];
    const rank = (log: SlotLog): number =>
      log.owner === remote.index ? 0 : log.control === 'vacant' ? 1 : 2;
    const free = this.#options.setup.logs
      .filter((log) => log.control === 'lost' || log.control === 'vacant')
      .sort((left, right) => rank(left) - rank(right))
      .slice(0, guest.slotsWanted);
    return free
      .map((log) => ({ slot: log.slot, owner: remote.index }))
      .sort((left, right) => left.slot - right.slot);
  }

  /** A view pauses the match. */
  paused(viewId: number): void {
    // Who came in just before it, or during the pause, was told what was so then.
    if (viewId === this.#pausedBy) return;
    this.#pausedBy = viewId;
    this.#roll.pause();
  }

  /**
   * A view was applied. `newcomers` came in by it: the state of `frame` is kept for them. While the match is paused that is the frame
   * at which all stand, which is known; the views since then plan for later frames, and the newcomer follows them.
   */
  applied(newcomers: readonly Newcomer[], frame: number, viewId: number): void {
    this.#wanted = undefined;
    const { setup, timeline } = this.#options;
    const isPaused = timeline.pausedAt !== NO_FRAME;
    for (const newcomer of newcomers) {
      const { peer, nonce } = newcomer;
      const before = this.#roll.beforePause();
      this.#roll.note(newcomer);
      if (peer === setup.self) continue;
      const from = isPaused ? { viewId: this.#pausedBy - 1, ...before } : { viewId, ...this.#roll.now() };
      this.#promised.push({ peer, nonce, frame, isPaused, ...from });
      this.#say(peer);
    }
    this.#captureNext();
    if (frame > timeline.frameConfirmed) return;
    if (this.#promised.length > 0 && timeline.simulation.keeps(frame)) this.capture(frame);
    else this.#forget(frame);
  }

  /** What was promised up to `frame` is done, or can no longer be given. */
  #forget(frame: number): void {
    this.#promised = this.#promised.filter((promised) => promised.frame > frame);
    this.#captureNext();
  }

  /**
   * What this peer was told when it came in, in the view before the one that paused the match if it is paused.
   * @param nonce number of its JOIN
   */
  startFrom(told: RollCall, viewId: number, nonce: number): void {
    this.#roll.startFrom(told);
    this.#seeker.start(nonce);
    this.#pausedBy = viewId + 1;
  }

  /** It is told at once where it stands, not with its next JOIN. */
  #say(peer: PeerId): void {
    const guest = this.#guests.get(peer);
    if (guest !== undefined) guest.repliedAtMs = Number.NEGATIVE_INFINITY;
  }

  /** A newcomer has its slots: it needs nothing more. */
  seated(peer: PeerId): void {
    this.#guests.delete(peer);
    this.#offer.close(peer);
    this.#wanted = undefined;
  }

  /** Once per advance: answers and sends. */
  advance(): void {
    // The time is asked for where it is needed: named once for all it is boxed in each call (16 bytes a frame).
    const { clock } = this.#options;
    if (this.#guests.size > 0) for (const guest of this.#guests.values()) this.#attend(guest, clock.nowMs);
    if (this.#kept.length > 0) this.#offerFinal(clock.nowMs);
    if (this.#offer.isActive) this.#offer.advance(clock.nowMs);
    if (this.#seeker.isSeeking) this.#seeker.advance(clock.nowMs);
  }

  #attend(guest: Guest, nowMs: number): void {
    const { keepsPace } = this.#options;
    const remote = this.#remoteOf(guest.peer);
    const isIn = remote?.member === true && remote.nonce === guest.nonce;
    if (remote !== undefined && !remote.member && remote.nonce === guest.nonce) {
      guest.status = 'stale';
      this.#wanted = undefined;
      this.#offer.close(guest.peer);
    } else if (isIn && guest.status === 'stale') guest.status = 'admitted';
    const isDone = isIn && (remote.logs.length > 0 || (guest.slotsWanted === 0 && keepsPace(remote)));
    if (isDone || nowMs - guest.heardAtMs > GUEST_KEPT_MS) {
      this.seated(guest.peer);
      return;
    }
    if (isIn && !remote.isFetching) this.#offer.close(guest.peer);
    if (nowMs - guest.repliedAtMs < REPLY_INTERVAL_MS || guest.heardAtMs < guest.repliedAtMs) return;
    guest.repliedAtMs = nowMs;
    const knows = guest.held !== undefined && this.#knowsSince(guest.held);
    this.#options.send(guest.peer, 'reliable', encodeJoinReply(replyTo(guest, { isIn, knows })));
  }

  /** True if what was stepped since that state is known here, and the state was one of this match as far as can be told. */
  #knowsSince({ frame, stateHash }: NonNullable<Guest['held']>): boolean {
    const { frameConfirmed, frameStart, inputsStart, simulation } = this.#options.timeline;
    const age = frameConfirmed - frame;
    if (frame < inputsStart || age < 0 || age > LOG_FRAMES_KEPT) return false;
    return frame < frameStart || age >= HASH_FRAMES_KEPT || simulation.hashOf(frame) === stateHash;
  }

  #captureNext(): void {
    this.#options.timeline.captureAt = this.#promised.reduce(
      (least, { frame }) => Math.min(least, frame),
      NO_FRAME,
    );
  }

  /** A promised frame is confirmed: its state is kept for the newcomers that came in by it. */
  capture(frame: number): void {
    const copy = this.#options.timeline.simulation.copyOf(frame);
    const serialize = (): Uint8Array => copy.serialize();
    for (const promised of this.#promised)
      if (promised.frame === frame)
        this.#kept.push({ promised, header: this.#headerOf(promised), serialize });
    this.#forget(frame);
  }

  /** Confirmed frames were taken back: what was kept of them was of a branch that is given up. */
  rewound(toFrame: number): void {
    for (const { promised } of this.#kept) if (promised.frame > toFrame) this.#promised.push(promised);
    this.#kept = this.#kept.filter(({ promised }) => promised.frame <= toFrame);
    this.#captureNext();
  }

  /** Offers what is final: a minority may have confirmed frames that the others decide otherwise. */
  #offerFinal(nowMs: number): void {
    const final = this.#options.frameFinal();
    for (const { promised, header, serialize } of this.#kept) {
      if (promised.frame > final) continue;
      const { peer: joiner, nonce } = promised;
      const collectLog = (): Uint8Array | undefined => this.#logFor(promised);
      // Refused, if more come in at once than states are held for: this member has none then, others may.
      this.#offer.open({ joiner, nonce, header, serialize, collectLog }, nowMs);
    }
    this.#kept = this.#kept.filter(({ promised }) => promised.frame > final);
  }

  /** What was stepped from the state that a newcomer has to the one that was promised. */
  #logFor({ peer, nonce, frame: to }: Promised): Uint8Array | undefined {
    const guest = this.#guests.get(peer);
    const held = guest?.nonce === nonce ? guest.held : undefined;
    if (held === undefined || !this.#knowsSince(held)) return undefined;
    const simulated = this.#options.timeline.simulation.frame;
    const log = collectStepLog(this.#options.setup.logs, { from: held.frame, to, simulated });
    return log && encodeStepLog(log);
  }

  #headerOf({ frame, viewId, peers, nonces, isPaused }: Promised): ManifestHeader {
    const { setup, timeline } = this.#options;
    return {
      matchKey: setup.matchKey,
      seed: setup.seed,
      viewId,
      frame,
      stateHash: timeline.simulation.hashOf(frame),
      peers,
      inputBytes: setup.game.input.byteLength,
      slots: setup.logs.map((log) => log.manifestAt(frame)),
      isPaused,
      isLog: false,
      config: {
        policy: setup.policy,
        framesPerSecond: setup.game.framesPerSecond,
        options: setup.options as JsonObject,
        playerCount: setup.playerCount,
        nonces,
      },
    };
  }
}
