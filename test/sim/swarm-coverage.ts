/** What a swarm did: a swarm in which nothing goes wrong proves nothing, so the shares below are required of every larger one. */
import type { FaultKind, MessageCounts, SimulateOptions, SimulationReport } from 'rollmesh/simulator';

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
  | 'lies';

/** Sums over all seeds. */
export interface SwarmCoverage {
  seeds: number;
  sessionFrames: number;
  framesCompared: number;
  framesReferenced: number;
  /** In how many seeds something happened. */
  readonly happened: { [name: string]: number };
  readonly messages: { [kind: string]: { sent: number; dropped: number } };
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
];

/** The same in a swarm in which a peer lies. */
const SHARES_WITH_LIARS: typeof SHARES = [
  ['lies', 75, 100],
  ['rollbacks', 90, 100],
  ['constantLatency', 10, 30],
];

/** Of a kind of message that is sent less often than this, none need be lost. */
const RARE_SENT = 50;

/** Nothing yet. */
export function emptyCoverage(): SwarmCoverage {
  return { seeds: 0, sessionFrames: 0, framesCompared: 0, framesReferenced: 0, happened: {}, messages: {} };
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
  const silent = Object.entries(coverage.messages).flatMap(([kind, { sent, dropped }]) =>
    (sent > 0 && dropped > 0) || (sent < RARE_SENT && sent > 0)
      ? []
      : [`messages: "${kind}" was sent ${sent} times and lost ${dropped} times`],
  );
  return [...shares, ...silent];
}
