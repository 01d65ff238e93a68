/** Checks the options of `createSession`, fills defaults, and computes what peers must agree on. */
import { requireArgument } from '../base/errors.js';
import { canonicalJson, deepFreeze, type JsonObject } from '../base/json.js';
import {
  INPUT_BYTES_MAX,
  LOG_FRAMES,
  OPTIONS_BYTES_MAX,
  PEERS_MAX,
  PREDICTION_FRAMES_MAX,
} from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import { hashBytes, hashWords } from '../base/state-hash.js';
import { encodeUtf8 } from '../base/utf8.js';
import { INPUTS_BYTES_MAX } from '../wire/frame-packet.js';
import type { Agreement } from '../wire/handshake-message.js';
import { frameBytesMax } from '../wire/input-cells.js';
import type { Bot, Game, GameOptions } from './game.js';
import { type DelayRule, delayRuleOf } from './input-delay.js';
import type { InputDelay, PlayerAssignment, SessionOptions, SignInputs } from './session-types.js';
import { NO_OWNER, SlotLog } from './slot-log.js';

/** Delay where nothing else is asked for, and where 'auto' begins. */
const INPUT_DELAY_FRAMES_DEFAULT = 2;

/** Options with every default filled in and checked. */
export interface SessionSetup<S, I> {
  readonly game: Game<S, I>;
  readonly seed: number;
  readonly self: PeerId;
  readonly selfIndex: number;
  /** Newcomers are appended. */
  readonly peers: PeerId[];
  /** One per slot, playersMax of them. */
  readonly logs: readonly SlotLog[];
  /** Slots played at frame 0. */
  readonly playerCount: number;
  /** The match runs already: its state comes from the others. */
  readonly joins: boolean;
  /** What is agreed on the late and the lost, as it was given: for newcomers. */
  readonly policy: JsonObject;
  /** The logs this peer owns; a newcomer gets them when it is seated. */
  readonly ownLogs: SlotLog[];
  readonly options: GameOptions;
  /** The option, and what it stands for. */
  readonly inputDelay: InputDelay;
  readonly delayRule: DelayRule;
  /** Delay that the match begins with. */
  readonly inputDelayFrames: number;
  readonly fairDelay: boolean;
  readonly signInputs: SignInputs;
  readonly predictionFramesMax: number;
  readonly lostAfterMs: number;
  readonly lateAfterMs: number;
  readonly onLost: 'vacate' | 'pause' | 'end' | 'bot';
  readonly lostBot: Bot<S, I> | undefined;
  /** A late player is substituted, if enough voters are there to agree on it. */
  readonly substitutes: boolean;
  readonly lateInput: 'neutral' | 'repeat' | Bot<S, I>;
  readonly stepsPerAdvanceMax: number;
  readonly agreement: Agreement;
  /** Start value of the CRC of every packet of this match. */
  readonly matchKey: number;
}

function requireInteger(value: number, least: number, most: number, name: string): number {
  requireArgument(
    Number.isInteger(value) && value >= least && value <= most,
    `createSession: ${name} is ${value}; it must be an integer from ${least} to ${most}.`,
  );
  return value;
}

function requireBasics<S, I>({ game, matchId, nowMs, send }: SessionOptions<S, I>): void {
  requireArgument(
    typeof game?.step === 'function' && typeof game.input?.decodeInto === 'function',
    'createSession: game must come from defineGame({ ... }).',
  );
  requireInteger(game.input.byteLength, 1, INPUT_BYTES_MAX, 'game.input.byteLength');
  requireArgument(
    Number.isFinite(nowMs),
    `createSession: nowMs is ${nowMs}; pass the clock in milliseconds.`,
  );
  requireArgument(
    typeof matchId === 'string' && matchId.length >= 1 && matchId.length <= 64,
    'createSession: matchId must be a string of 1 to 64 characters.',
  );
  requireArgument(
    typeof send === 'function',
    'createSession: send must be a function (peer, channel, bytes).',
  );
}

function requirePeers<S, I>({ peers, self }: SessionOptions<S, I>): void {
  requireArgument(
    Array.isArray(peers) && peers.length >= 1 && peers.length <= PEERS_MAX,
    `createSession: peers must be a list of 1 to ${PEERS_MAX} peer ids; it has ${peers?.length}.`,
  );
  for (const peer of peers) {
    requireArgument(
      typeof peer === 'string' && /^[\x21-\x7e]{1,64}$/.test(peer),
      `createSession: peer id ${JSON.stringify(peer)} must be 1 to 64 printable ASCII characters.`,
    );
  }
  requireArgument(new Set(peers).size === peers.length, 'createSession: a peer is listed twice in peers.');
  requireArgument(
    peers.includes(self),
    `createSession: self "${self}" is not in peers. Add it at its agreed place.`,
  );
}

function requirePlayers<S, I>({ game, peers, players = [] }: SessionOptions<S, I>): void {
  requireArgument(
    Array.isArray(players) && players.length >= 1 && players.length <= game.playersMax,
    `createSession: players must be a list of 1 to ${game.playersMax} entries; it has ${players?.length}.`,
  );
  for (const player of players) {
    requireArgument(
      peers.includes(player?.peer),
      `createSession: player of "${player?.peer}", which is not in peers.`,
    );
  }
  for (const peer of peers) {
    const slots = players.filter((player) => player.peer === peer).length;
    const bytes = frameBytesMax(slots, game.input.byteLength);
    requireArgument(
      bytes <= INPUTS_BYTES_MAX,
      `createSession: peer "${peer}" owns ${slots} players, whose inputs may take ${bytes} bytes in one frame; a packet carries ${INPUTS_BYTES_MAX}. Give it fewer players or make the input smaller.`,
    );
  }
}

/** The options a game sees: plain JSON, as text and frozen. */
function agreedOptions<S, I>(options: SessionOptions<S, I>): { text: string; value: GameOptions } {
  const text = canonicalJson(options.options ?? {}, 'createSession: options');
  requireArgument(text.startsWith('{'), 'createSession: options must be an object of plain JSON.');
  requireArgument(
    encodeUtf8(text).length <= OPTIONS_BYTES_MAX,
    `createSession: options are longer than ${OPTIONS_BYTES_MAX} bytes as JSON. Keep large content out of them.`,
  );
  return { text, value: deepFreeze(JSON.parse(text) as GameOptions) };
}

type LossPolicy<S, I> = Pick<SessionSetup<S, I>, 'onLost' | 'lostBot' | 'substitutes' | 'lateInput'>;

/** Who waits for the lost waits for the late, unless it says otherwise. */
function onLateOf<S, I>({ onLate, onLost }: SessionOptions<S, I>): 'substitute' | 'wait' {
  return onLate ?? (onLost === 'pause' ? 'wait' : 'substitute');
}

/** What happens to the lost and the late. */
function lossPolicy<S, I>(options: SessionOptions<S, I>): LossPolicy<S, I> {
  const { onLost = 'vacate', lateInput = 'neutral' } = options;
  const onLate = onLateOf(options);
  requireArgument(
    onLate === 'wait' || onLate === 'substitute',
    `createSession: onLate is ${JSON.stringify(onLate)}; it must be 'substitute' or 'wait'.`,
  );
  const late =
    lateInput === 'neutral' || lateInput === 'repeat'
      ? lateInput
      : botOf(options, lateInput, { option: 'lateInput', others: "'neutral', 'repeat'" });
  const common = { substitutes: onLate === 'substitute', lateInput: late };
  if (onLost === 'vacate' || onLost === 'pause' || onLost === 'end')
    return { ...common, onLost, lostBot: undefined };
  const lostBot = botOf(options, onLost, { option: 'onLost', others: "'vacate', 'pause', 'end'" });
  return { ...common, onLost: 'bot', lostBot };
}

function botOf<S, I>(
  { game }: SessionOptions<S, I>,
  value: { readonly bot: string } | undefined,
  texts: { readonly option: string; readonly others: string },
): Bot<S, I> {
  const name: unknown = value?.bot;
  requireArgument(
    typeof name === 'string',
    `createSession: ${texts.option} is ${JSON.stringify(value)}; it must be ${texts.others} or { bot: name }.`,
  );
  const bot = Object.hasOwn(game.bots, name) ? game.bots[name] : undefined;
  requireArgument(
    bot !== undefined,
    `createSession: ${texts.option} names the bot "${name}", which the game does not define in bots.`,
  );
  return bot;
}

/** One log for each slot that the game may have. */
function createLogs<S, I>(
  game: Game<S, I>,
  peers: readonly PeerId[],
  players: readonly PlayerAssignment[],
): SlotLog[] {
  return Array.from({ length: game.playersMax }, (_, slot) => {
    const owner = players[slot]?.peer;
    const index = owner === undefined ? NO_OWNER : peers.indexOf(owner);
    const log = new SlotLog(slot, index, game.input.byteLength);
    if (owner === undefined) log.control = 'vacant';
    return log;
  });
}

function requireFairDelay(fairDelay: unknown): boolean {
  requireArgument(
    typeof fairDelay === 'boolean',
    `createSession: fairDelay is ${JSON.stringify(fairDelay)}; it must be true or false.`,
  );
  return fairDelay;
}

function requireSignInputs(signInputs: unknown = false): SignInputs {
  requireArgument(
    typeof signInputs === 'boolean' || signInputs === 'remove',
    `createSession: signInputs is ${JSON.stringify(signInputs)}; it must be true, false or 'remove'.`,
  );
  return signInputs;
}

/**
 * @throws {SdkError} `invalid-argument` naming the option, its value and its range.
 */
export function prepareSession<S, I>(options: SessionOptions<S, I>): SessionSetup<S, I> {
  requireBasics(options);
  requirePeers(options);
  const joins = options.join === true;
  if (!joins) requirePlayers(options);
  const { game, self, peers } = options;
  const players = joins ? [] : (options.players ?? []);
  requireInteger(options.slotCount ?? 1, 0, game.playersMax, 'slotCount');
  const logs = createLogs(game, peers, players);
  const selfIndex = peers.indexOf(self);
  const ownLogs = logs.filter((log) => log.owner === selfIndex);
  requireArgument(
    (ownLogs.length === 0 && !joins) || typeof options.readInput === 'function',
    'createSession: readInput must be a function (slot, frame).',
  );
  const { inputDelayFrames: inputDelay = INPUT_DELAY_FRAMES_DEFAULT } = options;
  const framesMax = options.predictionFramesMax ?? 8;
  const predictionFramesMax = requireInteger(framesMax, 0, PREDICTION_FRAMES_MAX, 'predictionFramesMax');
  const delayRule = delayRuleOf(inputDelay, predictionFramesMax);
  const fairDelay = requireFairDelay(options.fairDelay === undefined ? false : options.fairDelay);
  const seed = requireInteger(options.seed ?? 0, 0, 0xffffffff, 'seed');
  const lostAfterMs = requireInteger(options.lostAfterMs ?? 3000, 500, 60_000, 'lostAfterMs');
  const lateAfterMs = requireInteger(options.lateAfterMs ?? 250, 50, 10_000, 'lateAfterMs');
  const policy = lossPolicy(options);
  const { text: optionsText, value } = agreedOptions(options);
  const agreement = agreementOf(options, { seed, lostAfterMs, lateAfterMs, optionsText });
  return {
    game,
    seed,
    self,
    selfIndex,
    peers: [...peers],
    logs,
    playerCount: players.length,
    joins,
    policy: {
      onLost: options.onLost ?? 'vacate',
      onLate: onLateOf(options),
      lateInput: options.lateInput ?? 'neutral',
      fairDelay,
      signInputs: options.signInputs ?? false,
      lostAfterMs,
      lateAfterMs,
    },
    ownLogs,
    options: value,
    inputDelay,
    delayRule,
    inputDelayFrames: Math.min(delayRule.max, Math.max(delayRule.min, INPUT_DELAY_FRAMES_DEFAULT)),
    fairDelay,
    signInputs: requireSignInputs(options.signInputs),
    predictionFramesMax,
    lostAfterMs,
    lateAfterMs,
    ...policy,
    stepsPerAdvanceMax: requireStepsPerAdvance(options.stepsPerAdvanceMax ?? 12),
    agreement,
    matchKey: agreement.match & 0xffff,
  };
}

/**
 * @throws {SdkError} `invalid-argument` if it is not an integer from 1 to 600.
 */
export function requireStepsPerAdvance(value: number): number {
  return requireInteger(value, 1, 600, 'stepsPerAdvanceMax');
}

interface AgreedValues {
  readonly seed: number;
  readonly lostAfterMs: number;
  readonly lateAfterMs: number;
  readonly optionsText: string;
}

function agreementOf<S, I>(options: SessionOptions<S, I>, values: AgreedValues): Agreement {
  const { game } = options;
  const config = canonicalJson({
    framesPerSecond: game.framesPerSecond,
    options: values.optionsText,
    peers: options.peers,
    players: (options.players ?? []).map((player) => player.peer),
    onLost: options.onLost ?? 'vacate',
    onLate: onLateOf(options),
    lateInput: options.lateInput ?? 'neutral',
    lostAfterMs: values.lostAfterMs,
    lateAfterMs: values.lateAfterMs,
    fairDelay: options.fairDelay ?? false,
    signInputs: options.signInputs ?? false,
  });
  return {
    match: digest(`${options.matchId}\n${values.seed}`),
    game: digest(game.id),
    version: digest(game.version),
    schema: hashWords(
      new Int32Array([
        game.input.schemaHash,
        game.input.byteLength,
        game.state.schemaHash,
        game.playersMax,
        LOG_FRAMES,
      ]),
    ),
    config: digest(config),
  };
}

function digest(text: string): number {
  return hashBytes(encodeUtf8(text));
}
