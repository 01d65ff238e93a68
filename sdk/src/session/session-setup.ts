/** Checks the options of `createSession`, fills defaults, and computes what peers must agree on. */
import { requireArgument } from '../base/errors.js';
import { canonicalJson, deepFreeze } from '../base/json.js';
import {
  INPUT_BYTES_MAX,
  INPUT_DELAY_FRAMES_MAX,
  LOG_FRAMES,
  OPTIONS_BYTES_MAX,
  PEERS_MAX,
  PREDICTION_FRAMES_MAX,
} from '../base/limits.js';
import type { PeerId } from '../base/peer-id.js';
import { hashBytes, hashWords } from '../base/state-hash.js';
import { encodeUtf8 } from '../base/utf8.js';
import type { Agreement } from '../wire/handshake-message.js';
import type { Bot, Game, GameOptions } from './game.js';
import type { SessionOptions } from './session-types.js';
import { SlotLog } from './slot-log.js';

/** Options with every default filled in and checked. */
export interface SessionSetup<S, I> {
  readonly game: Game<S, I>;
  readonly seed: number;
  readonly self: PeerId;
  readonly selfIndex: number;
  readonly peers: readonly PeerId[];
  readonly logs: readonly SlotLog[];
  /** The logs this peer owns. */
  readonly ownLogs: readonly SlotLog[];
  readonly options: GameOptions;
  readonly inputDelayFrames: number;
  readonly predictionFramesMax: number;
  readonly lostAfterMs: number;
  readonly lateAfterMs: number;
  readonly onLost: 'vacate' | 'pause' | 'end' | 'bot';
  readonly lostBot: Bot<S, I> | undefined;
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

function requirePeers<S, I>(options: SessionOptions<S, I>): void {
  const { peers, self, players, game } = options;
  requireArgument(
    peers.length >= 1 && peers.length <= PEERS_MAX,
    `createSession: ${peers.length} peers; there must be 1 to ${PEERS_MAX}.`,
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
  requireArgument(
    players.length >= 1 && players.length <= game.playersMax,
    `createSession: ${players.length} players; the game takes 1 to ${game.playersMax}.`,
  );
  for (const player of players) {
    requireArgument(
      peers.includes(player.peer),
      `createSession: player of "${player.peer}", which is not in peers.`,
    );
  }
}

/**
 * @throws {SdkError} `invalid-argument` naming the option, its value and its range.
 */
export function prepareSession<S, I>(options: SessionOptions<S, I>): SessionSetup<S, I> {
  const { game, self, peers, players } = options;
  requirePeers(options);
  requireInteger(game.input.byteLength, 1, INPUT_BYTES_MAX, 'game.input.byteLength');
  requireArgument(
    Number.isFinite(options.nowMs),
    `createSession: nowMs is ${options.nowMs}; pass the clock in milliseconds.`,
  );
  requireArgument(
    typeof options.matchId === 'string' && options.matchId.length >= 1 && options.matchId.length <= 64,
    'createSession: matchId must be a string of 1 to 64 characters.',
  );
  requireArgument(
    typeof options.send === 'function',
    'createSession: send must be a function (peer, channel, bytes).',
  );
  const gameOptions = options.options ?? {};
  const optionsText = canonicalJson(gameOptions, 'options');
  requireArgument(
    encodeUtf8(optionsText).length <= OPTIONS_BYTES_MAX,
    `createSession: options are longer than ${OPTIONS_BYTES_MAX} bytes as JSON. Keep large content out of them.`,
  );
  const logs = players.map(
    (player, slot) => new SlotLog(slot, peers.indexOf(player.peer), game.input.byteLength),
  );
  const selfIndex = peers.indexOf(self);
  const ownLogs = logs.filter((log) => log.owner === selfIndex);
  requireArgument(
    ownLogs.length === 0 || typeof options.readInput === 'function',
    'createSession: readInput must be a function (slot, frame).',
  );
  const onLost = options.onLost ?? 'vacate';
  const botName = typeof onLost === 'object' ? onLost.bot : undefined;
  requireArgument(
    botName === undefined || game.bots[botName] !== undefined,
    `createSession: onLost names the bot "${botName}", which the game does not define in bots.`,
  );
  const delay = options.inputDelayFrames ?? 2;
  const seed = requireInteger(options.seed ?? 0, 0, 0xffffffff, 'seed');
  const lostAfterMs = requireInteger(options.lostAfterMs ?? 3000, 500, 60_000, 'lostAfterMs');
  const lateAfterMs = requireInteger(options.lateAfterMs ?? 250, 50, 10_000, 'lateAfterMs');
  const agreement = agreementOf(options, { seed, lostAfterMs, lateAfterMs, optionsText });
  return {
    game,
    seed,
    self,
    selfIndex,
    peers: Object.freeze([...peers]),
    logs,
    ownLogs,
    options: deepFreeze(JSON.parse(optionsText) as GameOptions),
    inputDelayFrames:
      delay === 'auto' ? 2 : requireInteger(delay, 0, INPUT_DELAY_FRAMES_MAX, 'inputDelayFrames'),
    predictionFramesMax: requireInteger(
      options.predictionFramesMax ?? 8,
      0,
      PREDICTION_FRAMES_MAX,
      'predictionFramesMax',
    ),
    lostAfterMs,
    lateAfterMs,
    onLost: typeof onLost === 'object' ? 'bot' : onLost,
    lostBot: botName === undefined ? undefined : game.bots[botName],
    stepsPerAdvanceMax: requireInteger(options.stepsPerAdvanceMax ?? 12, 1, 600, 'stepsPerAdvanceMax'),
    agreement,
    matchKey: agreement.match & 0xffff,
  };
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
    players: options.players.map((player) => player.peer),
    onLost: options.onLost ?? 'vacate',
    onLate: options.onLate ?? 'wait',
    lostAfterMs: values.lostAfterMs,
    lateAfterMs: values.lateAfterMs,
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
