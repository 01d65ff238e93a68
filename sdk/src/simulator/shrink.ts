/**
 * Makes a failing run smaller: fewer faults (delta debugging), fewer peers, a shorter run, plainer links, default settings, as long as it
 * still fails. Each concern of a run has its own random stream, so taking one thing away leaves the others as they were.
 */
import type { InputDelay } from '../session/session-types.js';
import type { Fault } from './faults.js';
import type { NetworkConditions } from './network-conditions.js';
import type { SharedSessionOptions, SimulateOptions } from './simulate-types.js';

/** How {@link shrink} goes about it. */
export interface ShrinkOptions {
  /** Runs played at most, 1 or more. Default 400. */
  readonly runsMax?: number;
}

type Options<S, I> = SimulateOptions<S, I>;

/** Troubles of a link in the order in which they are taken away. */
const TROUBLES: readonly (keyof NetworkConditions)[] = [
  'corrupt',
  'refuse',
  'duplicate',
  'reorder',
  'burst',
  'loss',
  'jitterMs',
  'bitsPerSecond',
  'mtuBytes',
];

/** Tries smaller runs one after the other and keeps each that still fails. */
class Shrinker<S, I> {
  best: Options<S, I>;
  readonly #fails: (candidate: Options<S, I>) => boolean;
  #runsLeft: number;

  constructor(best: Options<S, I>, fails: (candidate: Options<S, I>) => boolean, runsMax: number) {
    this.best = best;
    this.#fails = fails;
    this.#runsLeft = runsMax;
  }

  /** True if the smaller run fails as well; then it is the best so far. */
  try(candidate: Options<S, I>): boolean {
    if (this.#runsLeft <= 0) return false;
    this.#runsLeft -= 1;
    if (!this.#fails(candidate)) return false;
    this.best = candidate;
    return true;
  }

  /** Zeller's ddmin: drops ever smaller parts of the faults. */
  fewerFaults(): void {
    let parts = 2;
    for (;;) {
      const faults = this.best.faults ?? [];
      if (faults.length === 0) return;
      const size = Math.ceil(faults.length / parts);
      let isSmaller = false;
      for (let from = 0; from < faults.length && !isSmaller; from += size) {
        const rest = [...faults.slice(0, from), ...faults.slice(from + size)];
        isSmaller = this.try({ ...this.best, faults: rest });
      }
      if (isSmaller) parts = Math.max(2, parts - 1);
      else if (size === 1) return;
      else parts = Math.min(faults.length, parts * 2);
    }
  }

  /** Half of what can still be taken off the length, again and again. */
  shorter(): void {
    let least = 1;
    for (let round = 0; round < 8; round += 1) {
      const frames = Math.ceil((least + this.best.frames) / 2);
      if (frames >= this.best.frames) return;
      if (!this.try({ ...this.best, frames })) least = frames;
    }
  }

  fewerPeers(): void {
    const { peers, newcomers = 0 } = this.best;
    for (let peer = peers + newcomers - 1; peer >= 0; peer -= 1) {
      const isSpare = peer >= this.best.peers || this.best.peers + (this.best.newcomers ?? 0) > 2;
      if (isSpare && (peer >= this.best.peers || this.best.peers > 1)) this.try(withoutPeer(this.best, peer));
    }
  }

  plainerLinks(): void {
    const { network } = this.best;
    const at = (from: number, to: number): NetworkConditions =>
      (typeof network === 'function' ? network(from, to) : network) ?? { delayMs: 15 };
    if (this.try({ ...this.best, network: { delayMs: at(0, 1).delayMs } })) return;
    for (const trouble of TROUBLES) {
      const current = this.best.network;
      const without = (conditions: NetworkConditions): NetworkConditions => {
        const { [trouble]: _gone, ...rest } = conditions;
        return rest as NetworkConditions;
      };
      if (typeof current === 'function')
        this.try({ ...this.best, network: (from, to) => without(current(from, to)) });
      else if (current !== undefined) this.try({ ...this.best, network: without(current) });
    }
  }

  plainerSettings(): void {
    const plain: readonly Partial<Options<S, I>>[] = [
      { localPlayers: 1 },
      { inputDelayFrames: 2 },
      { predictionFramesMax: 8 },
      { tickJitterMs: 0 },
      { startSpreadMs: 0 },
      { inputChangeShare: 0 },
    ];
    for (const setting of plain) {
      const isNew = Object.entries(setting).some(
        ([name, value]) => this.best[name as keyof Options<S, I>] !== value,
      );
      if (isNew) this.try({ ...this.best, ...setting });
    }
    for (const name of Object.keys(this.best.sessionOptions ?? {})) {
      const { [name as keyof SharedSessionOptions]: _gone, ...rest } = this.best.sessionOptions ?? {};
      this.try({ ...this.best, sessionOptions: rest });
    }
  }
}

/**
 * Makes a failing run smaller.
 * @param fails plays a candidate and tells whether it fails in the same way
 * @returns the smallest run found; the given one if it does not fail
 */
export function shrink<S, I>(
  options: SimulateOptions<S, I>,
  fails: (candidate: SimulateOptions<S, I>) => boolean,
  { runsMax = 400 }: ShrinkOptions = {},
): SimulateOptions<S, I> {
  const shrinker = new Shrinker(options, fails, runsMax);
  if (!shrinker.try(options)) return options;
  shrinker.fewerFaults();
  // Before the length: few peers need longer for what many do at once.
  shrinker.fewerPeers();
  shrinker.shorter();
  shrinker.plainerLinks();
  shrinker.plainerSettings();
  shrinker.fewerFaults();
  return shrinker.best;
}

/** The same run without one peer, its links, its faults and its players. */
function withoutPeer<S, I>(options: SimulateOptions<S, I>, gone: number): SimulateOptions<S, I> {
  const renamed = (peer: number): number => (peer > gone ? peer - 1 : peer);
  const original = (peer: number): number => (peer >= gone ? peer + 1 : peer);
  const perPeer = <T>(value: T | readonly T[]): T | readonly T[] =>
    Array.isArray(value) ? (value as readonly T[]).filter((_, peer) => peer !== gone) : value;
  const { network, localPlayers, inputDelayFrames, predictionFramesMax, byzantine } = options;
  const isFounder = gone < options.peers;
  return {
    ...options,
    ...(isFounder ? { peers: options.peers - 1 } : { newcomers: (options.newcomers ?? 0) - 1 }),
    faults: (options.faults ?? []).flatMap((fault) => withoutPeerIn(fault, gone, renamed)),
    ...(typeof network === 'function'
      ? { network: (from: number, to: number) => network(original(from), original(to)) }
      : {}),
    ...(localPlayers === undefined ? {} : { localPlayers: perPeer(localPlayers) }),
    ...(inputDelayFrames === undefined ? {} : { inputDelayFrames: perPeer<InputDelay>(inputDelayFrames) }),
    ...(predictionFramesMax === undefined ? {} : { predictionFramesMax: perPeer(predictionFramesMax) }),
    ...(byzantine === undefined
      ? {}
      : {
          byzantine: byzantine
            .filter(({ peer }) => peer !== gone)
            .map((liar) => ({ ...liar, peer: renamed(liar.peer) })),
        }),
  };
}

/** The fault among those who are left; none if it concerns nobody any more. */
function withoutPeerIn(fault: Fault, gone: number, renamed: (peer: number) => number): Fault[] {
  const rest = (peers: readonly number[]): number[] => peers.filter((peer) => peer !== gone).map(renamed);
  if (fault.kind === 'partition') {
    const groups = fault.groups.map(rest).filter((group) => group.length > 0);
    return groups.length < 2 ? [] : [{ ...fault, groups }];
  }
  if (fault.kind === 'swizzle') {
    const peers = rest(fault.peers);
    return peers.length < 2 ? [] : [{ ...fault, peers }];
  }
  if (fault.kind === 'loss' || fault.kind === 'bandwidth' || fault.kind === 'mtu') {
    if (fault.from === gone || fault.to === gone) return [];
    const { from, to, ...others } = fault;
    return [
      {
        ...others,
        ...(from === undefined ? {} : { from: renamed(from) }),
        ...(to === undefined ? {} : { to: renamed(to) }),
      },
    ];
  }
  return fault.peer === gone ? [] : [{ ...fault, peer: renamed(fault.peer) }];
}
