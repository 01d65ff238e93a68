/** The face of `simulate()`: what it takes and what it reports. */
import type { Game } from '../session/game.js';
import type { InputDelay, SessionOptions, SessionPhase } from '../session/session-types.js';
import type { Byzantine } from './byzantine.js';
import type { Violation } from './checks/violations.js';
import type { Fault, FaultCounts } from './faults.js';
import type { LinkCounts } from './link-counts.js';
import type { MessageCounts } from './message-tally.js';
import type { NetworkOption } from './network.js';
import type { InputScript } from './random-inputs.js';

/** Options that all sessions of a run share. */
export type SharedSessionOptions = Partial<
  Pick<
    SessionOptions<unknown, unknown>,
    | 'options'
    | 'lostAfterMs'
    | 'onLost'
    | 'lateAfterMs'
    | 'onLate'
    | 'lateInput'
    | 'fairDelay'
    | 'stepsPerAdvanceMax'
    | 'development'
  >
>;

/** Options of `simulate`. */
export interface SimulateOptions<S, I> {
  readonly game: Game<S, I>;
  /** How many peers are there from the start, 1 to 31. */
  readonly peers: number;
  /** How many more may join later, by faults of the kind 'join'; they are numbered after the others. Default 0. */
  readonly newcomers?: number;
  /**
   * How long the network and the faults last, in frames of the game, 1 or more. Afterwards everything heals
   * and play goes on for `settleMs`.
   */
  readonly frames: number;
  /** Fixes the whole run, 0 to 2^32 - 1. Default 1. */
  readonly seed?: number;
  /** Default `networkPresets.goodWifi`. */
  readonly network?: NetworkOption;
  /** Default none. */
  readonly faults?: readonly Fault[];
  /** Peers that lie. Nothing is expected of them; all others must keep their promises. Default none. */
  readonly byzantine?: readonly Byzantine[];
  /** What the players do. Default: `randomInputs` of the game's own inputs. */
  readonly inputs?: InputScript<I>;
  /** Without `inputs`: share of frames in which a slot's random input changes, 0 to 1. Default 0.1. */
  readonly inputChangeShare?: number;
  /** Players on each peer that is there from the start, or on each by index; 0 watches. Together 1 to `game.playersMax`. Default 1. */
  readonly localPlayers?: number | readonly number[];
  /** One for all, or one per peer, newcomers included. Default: the session's. */
  readonly inputDelayFrames?: InputDelay | readonly InputDelay[];
  /** One number, or one per peer, newcomers included. Default: the session's. */
  readonly predictionFramesMax?: number | readonly number[];
  readonly sessionOptions?: SharedSessionOptions;
  /** The peers open their sessions within this time of each other, in ms. Default 100. */
  readonly startSpreadMs?: number;
  /** Timers are late by up to this much, in ms. Default 1. */
  readonly tickJitterMs?: number;
  /** Time after the heal, in ms, 0 or more; from 2,500 on it is checked that everybody plays at full speed again. Default 3000. */
  readonly settleMs?: number;
  /** Keeps the lines of the trace. Default false: only its digest. */
  readonly trace?: boolean;
}

/** A session's `desync` event. In a run without liars each is a bug: of the game (run `syncTest`) or of Rollmesh. */
export interface DesyncReport {
  readonly atMs: number;
  readonly peer: number;
  readonly otherPeer: number;
  readonly frame: number;
  /** u32 hashes of that frame. */
  readonly localHash: number;
  readonly remoteHash: number;
}

/** One peer at the end of a run. */
export interface PeerReport {
  readonly peer: number;
  /** 'absent': a newcomer that never came. */
  readonly status: 'playing' | 'left' | 'crashed' | 'ended' | 'absent';
  readonly phase: SessionPhase;
  readonly frameCurrent: number;
  readonly frameConfirmed: number;
  readonly rollbacks: number;
  readonly rollbackFrames: number;
  readonly rollbackFramesMax: number;
  readonly stalls: number;
  /** Longest stall that ended, in ms. */
  readonly stallMsMax: number;
}

/** What really happened: a run in which nothing went wrong proves nothing. */
export interface Coverage {
  /** Unreliable and reliable messages, all links together. */
  readonly network: LinkCounts;
  /** Faults that struck, by kind. */
  readonly faults: Readonly<FaultCounts>;
  /** Messages sent and lost, by kind. */
  readonly messages: MessageCounts;
  /** Frames confirmed by one peer and found equal to another's. */
  readonly framesCompared: number;
  /** Confirmed frames found equal to a straight run of the game. */
  readonly framesReferenced: number;
  /** Frames computed with the prediction window at least seven eighths full. */
  readonly deepFrames: number;
  /** `peer-left` events, all peers together. */
  readonly departures: number;
  /** `peer-substituted` and `peer-returned` events, all peers together. */
  readonly substitutions: number;
  readonly returns: number;
  /** How often a newcomer, or one that came back, had the state of the match; and how often one of them was given slots. */
  readonly joined: number;
  readonly seated: number;
  /** `match-paused` events, all peers together. */
  readonly pauses: number;
  /** Bits of an encoded input that were set in some confirmed input and clear in another, as bytes. */
  readonly inputBits: readonly number[];
  /** The last two living players lost each other and each played on alone. */
  readonly forked: boolean;
  /** Messages that peers which lie rewrote, made up or held back. */
  readonly lies: number;
  readonly effects: number;
  readonly effectsRetracted: number;
}

/** What a run found. Plain values: two runs of one seed give equal reports. */
export interface SimulationReport {
  /** No violation and no desync. */
  readonly ok: boolean;
  readonly seed: number;
  readonly peers: number;
  /** Length of the run in virtual time. */
  readonly durationMs: number;
  readonly violations: readonly Violation[];
  readonly desyncs: readonly DesyncReport[];
  /** Calls that `step` should not make, if `sessionOptions.development` is on. */
  readonly determinismWarnings: readonly string[];
  readonly rollbacks: number;
  readonly rollbackFramesMax: number;
  readonly stalls: number;
  /** Newest frame that every peer still playing has confirmed. */
  readonly framesConfirmed: number;
  readonly stats: readonly PeerReport[];
  readonly coverage: Coverage;
  /** `hash`: digest of everything that happened. `lines`: what it was, if asked for. */
  readonly trace: { readonly hash: string; readonly lines: readonly string[] };
}

/** A report in one line: what broke first, and the seed that repeats it. */
export function describeReport(report: SimulationReport): string {
  const { seed, peers, violations, desyncs, trace } = report;
  const head = `seed=${seed} peers=${peers} trace=${trace.hash}`;
  const first = violations[0];
  if (first !== undefined) {
    const { check, atMs, peer, frame, detail } = first;
    return `SIM FAIL ${head} check=${check} t=${(atMs / 1000).toFixed(3)}s peer=${peer} frame=${frame}: ${detail}`;
  }
  const desync = desyncs[0];
  if (desync !== undefined)
    return `SIM FAIL ${head} desync between peers ${desync.peer} and ${desync.otherPeer} at frame ${desync.frame}`;
  return `SIM OK ${head} confirmed=${report.framesConfirmed} rollbacks=${report.rollbacks} stalls=${report.stalls}`;
}
