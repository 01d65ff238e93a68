/** What a swarm did: a swarm in which nothing goes wrong proves nothing, so the shares below are required of every larger one. */

import type { FaultKind, MessageCounts, SimulateOptions, SimulationReport } from 'rollmesh/simulator';
import { createRandom } from 'rollmesh/state';
import { drawInputCell } from '../../sdk/src/simulator/random-inputs.js';

/** What can happen in a run, besides faults. */
export type Happening =
  | FaultKind
  | 'rollbacks'
  | 'rollbacksOf7Frames'
  | 'stalls'
  | 'losses'
  | 'duplicates'
  | 'reorders'
  | 'damages'
  | 'refusals'
  | 'constantLatency'
  | 'oversized'
  | 'overflowed'
  | 'jammed'
  | 'slowed'
  | 'oneWay'
  | 'brokenLink'
  | 'departures'
  | 'noFaults'
  | 'effects'
  | 'lies'
  | 'paused'
  | 'joined'
  | 'seated'
  | 'refusedJoin'
  | 'autoDelay'
  | 'fairDelay'
  | 'lateWaits'
  | 'lateRepeats'
  | 'lateBot'
  | 'lostPauses'
  | 'lostEnds'
  | 'lostBot';

/** Sums over all seeds. */
export interface SwarmCoverage {
  seeds: number;
  sessionFrames: number;
  framesCompared: number;
  framesReferenced: number;
  /** In how many seeds something happened. */
  readonly happened: { [name: string]: number };
  readonly messages: { [kind: string]: { sent: number; dropped: number } };
  /** By game: bits of an encoded input that can be set and clear, and those that were, in confirmed inputs. */
  readonly inputBits: { [game: string]: { readonly possible: number[]; readonly used: number[] } };
}

/** Seeds from which on the shares are required. */
export const VACUITY_SEEDS = 200;

/** Least and largest share of seeds, in percent, in which something happens. */
export const SHARES: readonly (readonly [Happening, number, number])[] = [
  ['rollbacks', 95, 100],
  ['rollbacksOf7Frames', 30, 100],
  ['stalls', 50, 100],
  ['losses', 50, 90],
  ['duplicates', 30, 80],
  ['reorders', 50, 100],
  ['damages', 20, 80],
  ['refusals', 15, 80],
  ['constantLatency', 10, 30],
  ['freeze', 20, 80],
  ['sleep', 10, 80],
  ['gc', 10, 80],
  ['slow', 15, 80],
  ['cpu', 15, 80],
  ['hidden', 10, 80],
  ['drift', 15, 80],
  ['jump', 10, 80],
  ['loss', 15, 80],
  ['bandwidth', 15, 80],
  ['overflowed', 2, 80],
  ['mtu', 10, 80],
  ['oversized', 0.4, 80],
  ['partition', 40, 80],
  ['jammed', 8, 80],
  ['slowed', 8, 80],
  ['oneWay', 10, 80],
  ['brokenLink', 5, 80],
  ['swizzle', 10, 80],
  ['crash', 20, 80],
  ['leave', 8, 80],
  ['departures', 20, 80],
  ['noFaults', 1, 50],
  ['effects', 70, 100],
  ['join', 10, 80],
  ['joined', 20, 80],
  ['seated', 20, 80],
  ['refusedJoin', 1, 80],
  ['rejoin', 10, 80],
  ['pause', 10, 80],
  ['paused', 10, 80],
  ['delay', 10, 80],
  ['autoDelay', 10, 80],
  ['fairDelay', 10, 80],
  ['lateWaits', 10, 80],
  ['lateRepeats', 2, 80],
  ['lateBot', 2, 80],
  ['lostPauses', 2, 80],
  ['lostEnds', 2, 80],
  ['lostBot', 1, 80],
];

/** The same in a swarm in which a peer lies. */
const SHARES_WITH_LIARS: typeof SHARES = [
  ['lies', 75, 100],
  ['rollbacks', 90, 100],
  ['constantLatency', 10, 30],
];

/** Random inputs that are drawn to see which bits there are. */
const INPUTS_DRAWN = 4000;

/** Nothing yet. */
export function emptyCoverage(): SwarmCoverage {
  return {
    seeds: 0,
    sessionFrames: 0,
    framesCompared: 0,
    framesReferenced: 0,
    happened: {},
    messages: {},
    inputBits: {},
  };
}

/** Adds one run. */
export function countRun(
  coverage: SwarmCoverage,
  options: SimulateOptions<unknown, unknown>,
  report: SimulationReport,
): void {
  coverage.seeds += 1;
  coverage.sessionFrames += report.stats.reduce((sum, { frameCurrent }) => sum + frameCurrent, 0);
  coverage.framesCompared += report.coverage.framesCompared;
  coverage.framesReferenced += report.coverage.framesReferenced;
  for (const [name, happened] of Object.entries(happenings(options, report)))
    if (happened) coverage.happened[name] = (coverage.happened[name] ?? 0) + 1;
  addMessages(coverage, report.coverage.messages);
  const { game } = options;
  coverage.inputBits[game.id] ??= { possible: bitsOf(game), used: [] };
  addBits(coverage.inputBits[game.id]?.used ?? [], report.coverage.inputBits);
}

/** Bits that are set in some legal input and clear in another. */
function bitsOf({ input }: SimulateOptions<unknown, unknown>['game']): number[] {
  const random = createRandom(1);
  const cell = new Uint8Array(input.byteLength);
  const set: number[] = [];
  const clear: number[] = [];
  for (let count = 0; count < INPUTS_DRAWN; count += 1) {
    drawInputCell(input, random, cell);
    addBits(set, Array.from(cell));
    addBits(
      clear,
      Array.from(cell, (byte) => ~byte & 0xff),
    );
  }
  return set.map((byte, index) => byte & (clear[index] as number));
}

function addBits(total: number[], bits: readonly number[]): void {
  for (const [index, byte] of bits.entries()) total[index] = (total[index] ?? 0) | byte;
}

function happenings(
  options: SimulateOptions<unknown, unknown>,
  report: SimulationReport,
): { readonly [name: string]: boolean } {
  const { network, faults, departures, effects } = report.coverage;
  const planned = options.faults ?? [];
  const blocks = planned.filter(({ kind }) => kind === 'partition' || kind === 'swizzle');
  const formOf = (name: string): boolean => blocks.some((fault) => 'form' in fault && fault.form === name);
  const struck = Object.fromEntries(Object.entries(faults).map(([kind, times]) => [kind, times > 0]));
  return {
    ...struck,
    rollbacks: report.rollbacks > 0,
    rollbacksOf7Frames: report.rollbackFramesMax >= 7,
    stalls: report.stalls > 0,
    losses: network.lost > 0,
    duplicates: network.duplicated > 0,
    reorders: network.reordered > 0,
    damages: network.corrupted > 0,
    refusals: network.refused > 0,
    constantLatency: isConstantLatency(options),
    oversized: network.oversized > 0,
    overflowed: network.overflowed > 0,
    jammed: formOf('jammed'),
    slowed: formOf('slowed'),
    oneWay: planned.some((fault) => fault.kind === 'partition' && fault.oneWay === true),
    brokenLink:
      report.peers > 2 &&
      planned.some((fault) => fault.kind === 'partition' && fault.groups.flat().length === 2),
    departures: departures > 0,
    noFaults: planned.length === 0,
    effects: effects > 0,
    lies: report.coverage.lies > 0,
    ...playersOf(options, report),
  };
}

/** What the players did, and the policies of the match. */
function playersOf(
  { faults = [], inputDelayFrames = 2, sessionOptions = {} }: SimulateOptions<unknown, unknown>,
  { coverage }: SimulationReport,
): { readonly [name: string]: boolean } {
  const { fairDelay = false, onLate, lateInput, onLost } = sessionOptions;
  const delays = Array.isArray(inputDelayFrames) ? inputDelayFrames : [inputDelayFrames];
  return {
    paused: coverage.pauses > 0,
    joined: coverage.joined > 0,
    seated: coverage.seated > 0,
    refusedJoin: faults.some((fault) => fault.kind === 'join' && fault.isRefused === true),
    autoDelay: delays.some((delay) => typeof delay !== 'number'),
    fairDelay,
    lateWaits: onLate === 'wait',
    lateRepeats: lateInput === 'repeat',
    lateBot: typeof lateInput === 'object',
    lostPauses: onLost === 'pause',
    lostEnds: onLost === 'end',
    lostBot: typeof onLost === 'object',
  };
}

/** Nothing but a delay, the same for every packet. */
function isConstantLatency({ network }: SimulateOptions<unknown, unknown>): boolean {
  return typeof network === 'function' && Object.keys(network(0, 1)).join() === 'delayMs';
}

function addMessages(coverage: SwarmCoverage, messages: MessageCounts): void {
  for (const [kind, { sent, dropped }] of Object.entries(messages)) {
    coverage.messages[kind] ??= { sent: 0, dropped: 0 };
    const total = coverage.messages[kind];
    total.sent += sent;
    total.dropped += dropped;
  }
}

/** Adds what another part of the same swarm did. */
export function mergeCoverage(total: SwarmCoverage, part: SwarmCoverage): void {
  total.seeds += part.seeds;
  total.sessionFrames += part.sessionFrames;
  total.framesCompared += part.framesCompared;
  total.framesReferenced += part.framesReferenced;
  for (const [name, count] of Object.entries(part.happened))
    total.happened[name] = (total.happened[name] ?? 0) + count;
  addMessages(total, part.messages);
  for (const [game, { possible, used }] of Object.entries(part.inputBits)) {
    total.inputBits[game] ??= { possible, used: [] };
    addBits(total.inputBits[game]?.used ?? [], used);
  }
}

/** Share of seeds, in percent, in which something happened. */
export function percentOf(coverage: SwarmCoverage, name: Happening): number {
  return (100 * (coverage.happened[name] ?? 0)) / coverage.seeds;
}

/** What did not happen often enough, or too often, in words; nothing if the swarm is too small to tell. */
export function vacuityOf(coverage: SwarmCoverage): string[] {
  if (coverage.seeds < VACUITY_SEEDS) return [];
  const isHonest = (coverage.happened['lies'] ?? 0) === 0;
  const required = isHonest ? SHARES : SHARES_WITH_LIARS;
  const shares = required.flatMap(([name, least, most]) => {
    const percent = percentOf(coverage, name);
    return percent >= least && percent <= most
      ? []
      : [`${name} in ${percent.toFixed(1)} % of the seeds, not in ${least} to ${most} %`];
  });
  if (!isHonest) return shares;
  return [...shares, ...silentKinds(coverage), ...unusedBits(coverage)];
}

/** A kind of which so few are sent need not have lost one. */
const FEW_MESSAGES = 40;

function silentKinds({ messages }: SwarmCoverage): string[] {
  return Object.entries(messages).flatMap(([kind, { sent, dropped }]) =>
    sent > 0 && (dropped > 0 || sent < FEW_MESSAGES)
      ? []
      : [`messages: "${kind}" was sent ${sent} times and lost ${dropped} times`],
  );
}

function unusedBits({ inputBits }: SwarmCoverage): string[] {
  return Object.entries(inputBits).flatMap(([game, { possible, used }]) => {
    const missing = possible.map((byte, index) => byte & ~(used[index] ?? 0));
    return missing.some((byte) => byte !== 0)
      ? [`inputs: bits [${missing}] of "${game}" were never set or never clear`]
      : [];
  });
}
