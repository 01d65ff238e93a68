/** What can go wrong in a run besides the network's usual conduct, and when. */
import { requireArgument } from '../base/errors.js';
import type { BlockForm } from './link.js';

/** Something that goes wrong at `atMs` of virtual time (0: the first peer opens its session). `peer` is an index from 0. */
export type Fault =
  /** The tab is gone without a word. */
  | { readonly atMs: number; readonly kind: 'crash'; readonly peer: number }
  /** The tab stops for `forMs` and then gets everything that arrived meanwhile in one burst. */
  | { readonly atMs: number; readonly kind: 'freeze'; readonly peer: number; readonly forMs: number }
  /** The player leaves: `session.leave()`. */
  | { readonly atMs: number; readonly kind: 'leave'; readonly peer: number }
  /**
   * No link between peers of different groups works for `forMs`; peers in no group are not touched, so
   * `[[0], [1]]` breaks one link of a larger mesh. `oneWay`: only from earlier groups to later ones.
   * 'jammed': packets queue up and arrive together at the end, else ('stopped', the default) they are lost.
   */
  | {
      readonly atMs: number;
      readonly kind: 'partition';
      readonly groups: readonly (readonly number[])[];
      readonly forMs: number;
      readonly oneWay?: boolean;
      readonly form?: BlockForm;
    }
  /** The peer's clock runs fast (or slow, if negative) from now on, in parts per million, -500,000 to 500,000. */
  | { readonly atMs: number; readonly kind: 'drift'; readonly peer: number; readonly ppm: number }
  /** The peer's `advance` is called `factor` times less often, 1 to 100, for `forMs`. */
  | {
      readonly atMs: number;
      readonly kind: 'slow';
      readonly peer: number;
      readonly factor: number;
      readonly forMs: number;
    }
  /** A share of packets is lost for `forMs`: everywhere, or only those `from` or `to` a peer. */
  | {
      readonly atMs: number;
      readonly kind: 'loss';
      readonly loss: number;
      readonly forMs: number;
      readonly from?: number;
      readonly to?: number;
    };

/** The name of a fault. */
export type FaultKind = Fault['kind'];

/** The peers that a fault names. */
function peersOf(fault: Fault): readonly number[] {
  if (fault.kind === 'partition') return fault.groups.flat();
  if (fault.kind === 'loss') return [fault.from, fault.to].filter((peer) => peer !== undefined);
  return [fault.peer];
}

/**
 * Checks a schedule that a caller wrote.
 * @throws {SdkError} `invalid-argument` naming the fault and what is wrong with it.
 */
export function checkFaults(faults: readonly Fault[], peerCount: number): void {
  faults.forEach((fault, index) => {
    const name = `faults[${index}] (${fault.kind})`;
    requireArgument(
      Number.isFinite(fault.atMs) && fault.atMs >= 0,
      `${name}: atMs is ${fault.atMs}. Pass milliseconds of virtual time, 0 or more.`,
    );
    const stranger = peersOf(fault).find((peer) => !Number.isInteger(peer) || peer < 0 || peer >= peerCount);
    requireArgument(
      stranger === undefined,
      `${name}: there is no peer ${stranger}. Peers are numbered 0 to ${peerCount - 1}.`,
    );
    const problem = problemOf(fault);
    requireArgument(problem === undefined, `${name}: ${problem}.`);
  });
}

function problemOf(fault: Fault): string | undefined {
  if ('forMs' in fault && !(fault.forMs > 0 && fault.forMs <= 3_600_000))
    return `forMs is ${fault.forMs}; it must be above 0`;
  switch (fault.kind) {
    case 'partition': {
      const peers = fault.groups.flat();
      if (fault.groups.length < 2) return 'groups must list at least two groups of peers';
      return new Set(peers).size === peers.length ? undefined : 'a peer is in two groups';
    }
    case 'drift':
      return Math.abs(fault.ppm) <= 500_000
        ? undefined
        : `ppm is ${fault.ppm}; it must be from -500000 to 500000`;
    case 'slow':
      return fault.factor >= 1 && fault.factor <= 100
        ? undefined
        : `factor is ${fault.factor}; it must be from 1 to 100`;
    case 'loss':
      return fault.loss >= 0 && fault.loss <= 1 ? undefined : `loss is ${fault.loss}; it must be from 0 to 1`;
    default:
      return undefined;
  }
}

/**
 * Longest time, in ms, that these faults may keep `peer` from being heard by `observer`, all of them one after the other.
 * One broken link between two of three or more peers counts for nothing if nothing else silences anybody: others can tell.
 */
export function silenceMsMax(
  faults: readonly Fault[],
  pair: { readonly observer: number; readonly peer: number; readonly peerCount: number },
): number {
  const { observer, peer, peerCount } = pair;
  const silencing = faults.filter(
    (fault) => fault.kind === 'freeze' || fault.kind === 'partition' || fault.kind === 'loss',
  );
  return silencing.reduce((sum, fault) => {
    const isAlone =
      silencing.length === 1 && !faults.some(({ kind }) => kind === 'crash' || kind === 'leave');
    return keepsFromHearing(fault, observer, peer) && !(isAlone && peerCount > 2 && isOneLink(fault))
      ? sum + fault.forMs
      : sum;
  }, 0);
}

function isOneLink(fault: Fault): boolean {
  return (
    fault.kind === 'partition' &&
    fault.groups.length === 2 &&
    fault.groups.every((group) => group.length === 1)
  );
}

function keepsFromHearing(
  fault: Extract<Fault, { readonly kind: 'freeze' | 'partition' | 'loss' }>,
  observer: number,
  peer: number,
): boolean {
  if (fault.kind === 'freeze') return fault.peer === observer || fault.peer === peer;
  if (fault.kind === 'loss') return (fault.from ?? peer) === peer && (fault.to ?? observer) === observer;
  const groupOf = (one: number): number => fault.groups.findIndex((group) => group.includes(one));
  return groupOf(observer) >= 0 && groupOf(peer) >= 0 && groupOf(observer) !== groupOf(peer);
}
