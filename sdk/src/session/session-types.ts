/** The face of the deterministic core: options, events, results. The machinery is in session.ts. */
import type { EventSource } from '../base/emitter.js';
import type { PeerId } from '../base/peer-id.js';
import type { EffectData, Game, GameOptions, SlotState } from './game.js';

/** The three channels of a link. Only `unreliable` is on the hot path. */
export type ChannelName = 'unreliable' | 'reliable' | 'bulk';

/**
 * Why a session ended.
 * 'left': this peer called leave(). 'incompatible': a peer runs another game, version, schema or configuration.
 * 'handshake-timeout': not everybody answered within 30 s. 'peer-lost': a peer is gone and `onLost` is 'end'.
 * 'no-quorum': too few peers were left to agree on anything for 30 s. 'removed': the others went on without this peer (and `rejoin` is false). 'refused': the members did not let this peer in.
 * 'join-failed': the state of the match could not be fetched.
 */
export type EndReason =
  | 'left'
  | 'incompatible'
  | 'handshake-timeout'
  | 'peer-lost'
  | 'no-quorum'
  | 'removed'
  | 'refused'
  | 'join-failed';

/**
 * The life of a session; legal moves are in {@link SESSION_MOVES} and docs/state-machines.md.
 * 'joining': this peer asks to come into a running match, or back into it, and fetches its state, or what was stepped since one of its own.
 * 'paused': all agreed to pause, or a peer is lost and `onLost` is 'pause' (or, with three or more peers, agreement on its loss is not possible).
 */
export type SessionPhase = 'handshake' | 'joining' | 'running' | 'paused' | 'no-quorum' | 'ended';

/** What a peer was found to disagree on before frame 0. */
export type IncompatibleReason = 'protocol' | 'match' | 'game' | 'version' | 'schema' | 'config';

/** Events of a session: past facts, delivered at the end of `receive` or `advance`, never during a rollback. */
export interface SessionEvents {
  /** Frame 0 exists on all peers and the clock runs. */
  started: { readonly type: 'started'; readonly atMs: number };
  /** No packet from a peer for `lateAfterMs` (or longer on a slow path). */
  'peer-late': { readonly type: 'peer-late'; readonly peer: PeerId; readonly silentMs: number };
  'peer-back': { readonly type: 'peer-back'; readonly peer: PeerId; readonly silentMs: number };
  /** A peer is out of the match. Its inputs count up to and including `cutFrame`. */
  'peer-left': {
    readonly type: 'peer-left';
    readonly peer: PeerId;
    readonly cutFrame: number;
    readonly reason: 'left' | 'lost';
  };
  /** A peer is late: from the frame after `cutFrame` on, a substitute plays its slots. `peer` may be this peer itself. */
  'peer-substituted': { readonly type: 'peer-substituted'; readonly peer: PeerId; readonly cutFrame: number };
  /** A substituted peer is back: its own inputs count again from `frame` on. */
  'peer-returned': { readonly type: 'peer-returned'; readonly peer: PeerId; readonly frame: number };
  /** Somebody asks to come in; answer with `admitJoin` or `refuseJoin`. */
  'join-requested': { readonly type: 'join-requested'; readonly peer: PeerId; readonly slotsWanted: number };
  /** A newcomer's slots (or our own) are played from `frame` on; none for one that only watches. */
  'peer-joined': {
    readonly type: 'peer-joined';
    readonly peer: PeerId;
    readonly slots: readonly number[];
    readonly frame: number;
  };
  /** The members did not let this peer in. */
  'join-refused': { readonly type: 'join-refused'; readonly peer: PeerId; readonly reason: string };
  /** How far the state of the match, or what was stepped since our own, has been fetched. */
  'join-progress': {
    readonly type: 'join-progress';
    readonly bytesReceived: number;
    readonly bytesTotal: number;
  };
  /** This peer had confirmed frames that the others decided otherwise while it was away. It goes back to `toFrame`. */
  rewound: { readonly type: 'rewound'; readonly fromFrame: number; readonly toFrame: number };
  /** All agreed to pause: no frame after `frame` is stepped until they agree to go on. */
  'match-paused': { readonly type: 'match-paused'; readonly frame: number };
  'match-resumed': { readonly type: 'match-resumed'; readonly frame: number };
  /** Two peers hold different states of one confirmed frame. */
  desync: {
    readonly type: 'desync';
    readonly peer: PeerId;
    readonly frame: number;
    readonly localHash: number;
    readonly remoteHash: number;
  };
  /**
   * One cell of a log arrived with two different values, or (matches with `signInputs`) a peer signed two. Without a `culprit`
   * nobody is to blame: who passed a value on may have changed it.
   */
  equivocation: {
    readonly type: 'equivocation';
    /** -1 if two statements differ in something else than inputs. */
    readonly slot: number;
    readonly frame: number;
    readonly sources: readonly PeerId[];
    /** What two packets said, encoded: the value that was here first, and the other one. */
    readonly values?: readonly [Uint8Array, Uint8Array];
    /** The peer that signed both. Every honest peer names the same one. */
    readonly culprit?: PeerId;
    /** For anybody to check, with `verifyEquivocation` of `rollmesh/signing`. */
    readonly proof?: Uint8Array;
  };
  /** The prediction window is full: a frame was due and could not be stepped. */
  stalled: { readonly type: 'stalled'; readonly frame: number; readonly waitingFor: readonly PeerId[] };
  resumed: { readonly type: 'resumed'; readonly frame: number; readonly stalledMs: number };
  incompatible: {
    readonly type: 'incompatible';
    readonly peer: PeerId;
    readonly reason: IncompatibleReason;
    readonly message: string;
  };
  /** `step` announced something; once per effect. */
  effect: EffectEvent;
  /** A predicted effect turned out not to have happened. */
  'effect-retracted': {
    readonly type: 'effect-retracted';
    readonly name: string;
    readonly key: string;
    readonly frame: number;
  };
  /** Too few peers are left to agree on anything: the match waits, at most 30 s. */
  'no-quorum': { readonly type: 'no-quorum'; readonly frame: number };
  /** A value that `readInput` returned was out of range and was clamped, once per field. */
  'input-clamped': {
    readonly type: 'input-clamped';
    readonly slot: number;
    readonly frame: number;
    readonly field: string;
  };
  /** Development only: `step` used something that differs between engines or runs. Once per call name. */
  'determinism-warning': {
    readonly type: 'determinism-warning';
    readonly call: string;
    readonly frame: number;
    readonly message: string;
  };
  ended: { readonly type: 'ended'; readonly reason: EndReason; readonly frame: number };
}

/** What `emit` in a step announced. */
export interface EffectEvent {
  readonly type: 'effect';
  readonly name: string;
  readonly key: string;
  readonly data: EffectData;
  readonly frame: number;
}

/**
 * Whether inputs are signed. true: each player signs its inputs once a second, and whoever signs two different ones is reported
 * with the proof. 'remove': the others then go on without it.
 */
export type SignInputs = boolean | 'remove';

/** A run of encoded inputs that one owner gave for a slot. */
export interface InputSpan {
  readonly slot: number;
  readonly owner: PeerId;
  /** How often the slot had been taken up again by then: the same frame of another epoch is another input. */
  readonly epoch: number;
  /** Frame of the first cell. */
  readonly first: number;
  /** Encoded inputs, frame after frame, `game.input.byteLength` bytes each. */
  readonly cells: Uint8Array;
}

/** Who plays a slot. */
export interface PlayerAssignment {
  readonly peer: PeerId;
}

/** Bounds for a delay that follows the paths to the other peers. */
export interface AutoInputDelay {
  /** Least delay in frames, 0 to 15. Default 1. */
  readonly min?: number;
  /** Most delay in frames, 0 to 15. Default 8; with a prediction window of 0: 15. */
  readonly max?: number;
  /**
   * Lateness of inputs, in frames, that is left to rollback, 0 to 15. Default 3. Never more than the prediction window less 1.
   * More: inputs are felt sooner, the others see more corrections.
   */
  readonly rollbackBudgetFrames?: number;
}

/**
 * How long own inputs are held back: a number of frames; or as long as the paths to the others take, less what rollback hides
 * ('auto', or bounds for it). The delay then grows within a second of trouble, and shrinks after five seconds of calm, a frame at a time.
 */
export type InputDelay = number | 'auto' | AutoInputDelay;

/** Options of {@link createSession}. `L` marks local choices; the rest is agreed in the handshake and must be equal on all peers. */
export interface SessionOptions<S, I> {
  readonly game: Game<S, I>;
  /** Names this match: 1 to 64 characters. */
  readonly matchId: string;
  /** u32 seed of the game's random stream. Default 0. */
  readonly seed?: number;
  /** L: the clock now, in milliseconds, monotonic. All later `nowMs` are on the same clock. */
  readonly nowMs: number;
  /** L: this peer. */
  readonly self: PeerId;
  /** All peers, the same list in the same order everywhere; 1 to 31. */
  readonly peers: readonly PeerId[];
  /** slot -> owner; 1 to `game.playersMax` entries. A peer without a slot watches. Left out with `join`. */
  readonly players?: readonly PlayerAssignment[];
  /**
   * L: the match runs already. `peers` are those that may be in it; all that is agreed comes from them with the state. The
   * members get 'join-requested'.
   */
  readonly join?: boolean;
  /** L: slots a joining peer would like to have, 0 (watch) to `game.playersMax`. Default 1. */
  readonly slotCount?: number;
  /** L: if the others went on without this peer, it asks to come back; members let former members in unasked. Default true. */
  readonly rejoin?: boolean;
  /** Default {}. At most 4 KiB of plain JSON. */
  readonly options?: GameOptions;
  /** L: frames between reading an input and its effect: 0 to 15, or 'auto', or bounds for it. Default 2. May be changed: `session.inputDelayFrames`. */
  readonly inputDelayFrames?: InputDelay;
  /**
   * True: everybody uses the longest delay that anybody wants (by a number or by 'auto'), beyond their own bounds too, so that nobody
   * has an advantage by a faster connection. Default false.
   */
  readonly fairDelay?: boolean;
  /**
   * Whether inputs are signed. The core only sees to it that all peers agree: keys, signatures and proofs are the business of
   * whoever runs it (matches of a room do it). Default false.
   */
  readonly signInputs?: SignInputs;
  /** L: prediction window, 0 (pure lockstep) to 60. Default 8. */
  readonly predictionFramesMax?: number;
  /** Silence after which a peer is lost, in ms, 500 to 60,000. Default 3000. */
  readonly lostAfterMs?: number;
  /** What happens to a lost peer's slots. 'vacate' (default): play on without; 'pause': wait; 'end'; a bot of the game. */
  readonly onLost?: 'vacate' | 'pause' | 'end' | { readonly bot: string };
  /** Silence after which a peer is called late, in ms, 50 to 10,000. Default 250. */
  readonly lateAfterMs?: number;
  /**
   * What happens while a peer is late. 'substitute' (default): the others agree on its last input and play on, `lateInput`
   * plays its slots until it is back. 'wait' (default with `onLost: 'pause'`), and always with fewer than three players: they
   * play on to the end of the prediction window, then wait.
   */
  readonly onLate?: 'substitute' | 'wait';
  /** What plays the slots of a late peer: the neutral input (default), its last one repeated, or a bot of the game. */
  readonly lateInput?: 'neutral' | 'repeat' | { readonly bot: string };
  /** L: most frames stepped in one `advance`, re-simulated ones included, 1 to 600. Default 12. May be changed: `session.stepsPerAdvanceMax`. */
  readonly stepsPerAdvanceMax?: number;
  /** L: reports engine-dependent calls made by `step`. Slower; never in production. Default false. */
  readonly development?: boolean;
  /**
   * L: called once per own slot and frame. May return the same object each time. Where the delay changes: a frame that a longer delay
   * skips is not asked for (it repeats the one before); one that a shorter delay makes room for is asked for twice, and both
   * answers count: buttons keep each press, numbers are those of the second (see `mergeInto` of input definitions).
   */
  readInput(slot: number, frame: number): I;
  /**
   * L: hands bytes to the transport. Called only from `advance` and `leave`. `bytes` is valid during the call only.
   * `false` or a throw means not taken: reliable and bulk messages are offered again, unreliable ones are dropped.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a sender that returns nothing is accepted
  send(peer: PeerId, channel: ChannelName, bytes: Uint8Array): boolean | void;
}

/** What one `advance` did. The object is reused: read it, do not keep it. */
export interface AdvanceResult {
  readonly framesStepped: number;
  readonly framesResimulated: number;
  /** A frame was due and the prediction window was full. */
  readonly stalled: boolean;
}

/** Measured facts about one peer. */
export interface PeerStats {
  readonly peer: PeerId;
  readonly rttMs: number;
  readonly jitterMs: number;
  /** Delay that this peer wants for its own inputs, in frames, by its last report. */
  readonly inputDelayFrames: number;
  readonly lossPerMille: number;
  /** Our lead over this peer, in frames; negative: it is ahead of us. */
  readonly framesAhead: number;
  readonly bytesSentPerSecond: number;
  readonly bytesReceivedPerSecond: number;
  readonly packetsSentPerSecond: number;
  readonly packetsReceivedPerSecond: number;
  /** Packets that were not understood and dropped, since the start. */
  readonly malformed: number;
  /** Packets beyond what one peer may send (600 per second after a burst of 6,000), dropped unseen. */
  readonly flooded: number;
}

/** Measured facts about this session. */
export interface SessionStats {
  readonly peers: readonly PeerStats[];
  readonly rollbacks: number;
  readonly rollbackFrames: number;
  /** Deepest rollback so far, in frames. */
  readonly rollbackFramesMax: number;
  readonly stalls: number;
  readonly stalledMs: number;
  /** Longest time without a frame in a stall, in ms. */
  readonly stallMsMax: number;
  /** Delay of own inputs now, in frames. */
  readonly inputDelayFrames: number;
  /** Our lead over the median peer, in frames; positive: we are ahead. */
  readonly framesAhead: number;
  /** Speed the pacing asks for now, as a factor of real time (1 = nominal). */
  readonly pace: number;
}

/** The deterministic core of one match on one peer: no clock, no network, no timers of its own. */
export interface Session<S = unknown, I = unknown> extends EventSource<SessionEvents> {
  readonly phase: SessionPhase;
  /** Newest simulated frame (perhaps on guesses). */
  readonly frameCurrent: number;
  /** Newest frame simulated with everybody's true inputs. Never greater than frameCurrent, never decreases. */
  readonly frameConfirmed: number;
  /** Newest frame that no later agreement can retract: for results, replays, hash comparison. */
  readonly frameFinal: number;
  /** The state of frameCurrent, for drawing. Never change it. */
  readonly state: S;
  /** Fraction (0 to 1) of a frame that has passed since frameCurrent: for interpolated drawing. */
  readonly frameFraction: number;
  readonly slots: readonly SlotState[];
  readonly peers: readonly PeerId[];
  /** Where this session stands among views; 0 until the first member is lost. */
  readonly viewId: number;
  /** What all agreed on; of a joining peer's from 'started' on. */
  readonly signInputs: SignInputs;
  stepsPerAdvanceMax: number;
  /** What was asked for; may be set at any time. The delay moves there by one frame for each frame or two; `stats()` tells where it is. */
  inputDelayFrames: InputDelay;
  receive(peer: PeerId, channel: ChannelName, bytes: Uint8Array, nowMs: number): void;
  linkChanged(peer: PeerId, state: 'open' | 'suspect' | 'closed', nowMs: number): void;
  advance(nowMs: number): AdvanceResult;
  /**
   * Asks all to pause at one frame; 'match-paused' tells when. Any player may. Without effect while paused or asked.
   * @throws {SdkError} `wrong-phase` before the start, after the end, or on a peer that owns no active slot.
   */
  pause(): void;
  /** Asks all to go on. @throws {SdkError} as {@link Session.pause} does. */
  resume(): void;
  /**
   * Lets in a peer that asked ('join-requested'). Call it on every member: the one that coordinates acts on it.
   * @param options `slotCount`: slots it gets, as soon as so many are free; default: what it asked for.
   * @throws {SdkError} `invalid-argument` if it has not asked, or the count is out of range.
   */
  admitJoin(peer: PeerId, options?: { readonly slotCount?: number }): void;
  /** Tells a peer that asked why it is not let in. @throws {SdkError} `invalid-argument` if it has not asked. */
  refuseJoin(peer: PeerId, reason: string): void;
  /** u32 hash of a confirmed frame, `undefined` outside the last 600. */
  stateHash(frame: number): number | undefined;
  /** Confirmed inputs of a frame, one per slot (length playersMax); `undefined` if unknown or no longer kept. */
  inputsAt(frame: number): readonly I[] | undefined;
  /**
   * What an owner gave for `slot` from frame `first` on, at most `countMax` frames and none that is not final, of the first period
   * in which an owner plays; `undefined` if there is none, or it is no longer kept.
   */
  inputSpan(slot: number, first: number, countMax: number): InputSpan | undefined;
  stats(): SessionStats;
  /** Says goodbye and ends. Idempotent. */
  leave(nowMs: number): void;
}
