/** What can go wrong in a run besides the network's usual conduct, and when. */
import { requireArgument } from '../base/errors.js';
import { PLAYERS_MAX } from '../base/limits.js';
import { delayRuleOf } from '../session/input-delay.js';
import type { InputDelay } from '../session/session-types.js';
import type { BlockForm } from './link.js';

/** When something goes wrong: virtual time in ms, 0 being when the first peer opens its session. */
interface Timed {
  readonly atMs: number;
}
/** ...and to whom: an index from 0. */
interface OfPeer extends Timed {
  readonly peer: number;
}
/** ...on which links: everywhere, or only those `from` or `to` a peer. */
interface OnLinks extends Timed {
  readonly from?: number;
  readonly to?: number;
  readonly forMs: number;
}

/** Something that goes wrong at `atMs` of virtual time (0: the first peer opens its session). `peer` is an index from 0. */
export type Fault =
  /** The tab is gone without a word. */
  | (OfPeer & { readonly kind: 'crash' })
  /** The tab stops for `forMs` and then gets everything that arrived meanwhile in one burst. */
  | (OfPeer & { readonly kind: 'freeze'; readonly forMs: number })
  /** The machine sleeps for `forMs`: like a freeze, but its clock stands still as well. */
  | (OfPeer & { readonly kind: 'sleep'; readonly forMs: number })
  /** The tab stops for `pauseMs` every `everyMs`, as garbage collection makes it, for `forMs`. */
  | (OfPeer & {
      readonly kind: 'gc';
      readonly pauseMs: number;
      readonly everyMs: number;
      readonly forMs: number;
    })
  /** The player leaves: `session.leave()`. */
  | (OfPeer & { readonly kind: 'leave' })
  /**
   * A newcomer (see `newcomers` of `simulate`) asks to come in, with `slots` slots: 0 to watch, default 1. The members let it in a
   * moment later; with `isRefused` they say no.
   */
  | (OfPeer & { readonly kind: 'join'; readonly slots?: number; readonly isRefused?: boolean })
  /** The page is loaded again, whatever became of it: a new session of the same peer, which asks for its old slots. */
  | (OfPeer & { readonly kind: 'rejoin' })
  /** The player pauses the match; after `forMs` it lets it go on, or somebody else does if it is gone. */
  | (OfPeer & { readonly kind: 'pause'; readonly forMs: number })
  /** The player chooses another input delay. */
  | (OfPeer & { readonly kind: 'delay'; readonly inputDelayFrames: InputDelay })
  /**
   * No link between peers of different groups works for `forMs`; peers in no group are not touched, so
   * `[[0], [1]]` breaks one link of a larger mesh. `oneWay`: only from earlier groups to later ones.
   * 'stopped' (the default): packets are lost; 'jammed': they queue up and arrive together at the end; 'slowed': they take 250 ms longer.
   */
  | (Timed & {
      readonly kind: 'partition';
      readonly groups: readonly (readonly number[])[];
      readonly forMs: number;
      readonly oneWay?: boolean;
      readonly form?: BlockForm;
    })
  /** The links between `peers` stop one by one in any order, and come back one by one in another, all within `forMs`. */
  | (Timed & {
      readonly kind: 'swizzle';
      readonly peers: readonly number[];
      readonly forMs: number;
      readonly form?: BlockForm;
    })
  /** The peer's clock runs fast (or slow, if negative) from now on, in parts per million, -500,000 to 500,000. */
  | (OfPeer & { readonly kind: 'drift'; readonly ppm: number })
  /** The peer's clock jumps ahead by `byMs` (or back, if negative). */
  | (OfPeer & { readonly kind: 'jump'; readonly byMs: number })
  /** The peer's `advance` is called `factor` times less often, 1 to 100, for `forMs`. */
  | (OfPeer & { readonly kind: 'slow'; readonly factor: number; readonly forMs: number })
  /** Each step of the game takes the peer `stepMs`, 0 to 1,000, for `forMs`; what arrives meanwhile waits. */
  | (OfPeer & { readonly kind: 'cpu'; readonly stepMs: number; readonly forMs: number })
  /** The tab is hidden for `forMs`: its timer fires once a second, and it also advances when a packet arrives. */
  | (OfPeer & { readonly kind: 'hidden'; readonly forMs: number })
  /** A share of packets is lost for `forMs`. */
  | (OnLinks & { readonly kind: 'loss'; readonly loss: number })
  /** Links are `bitsPerSecond` wide for `forMs`, with room for `queueBytes` before each. */
  | (OnLinks & { readonly kind: 'bandwidth'; readonly bitsPerSecond: number; readonly queueBytes: number })
  /** Links lose packets longer than `mtuBytes` for `forMs`. */
  | (OnLinks & { readonly kind: 'mtu'; readonly mtuBytes: number });

/** The name of a fault. */
export type FaultKind = Fault['kind'];

/** A fault of one of these kinds. */
export type FaultOf<K extends FaultKind> = Extract<Fault, { readonly kind: K }>;

/** How often each kind struck. */
export type FaultCounts = { [K in FaultKind]: number };

/** None of any kind. */
export function noFaultCounts(): FaultCounts {
  return {
    crash: 0,
    freeze: 0,
    sleep: 0,
    gc: 0,
    leave: 0,
    join: 0,
    rejoin: 0,
    pause: 0,
    delay: 0,
    partition: 0,
    swizzle: 0,
    drift: 0,
    jump: 0,
    slow: 0,
    cpu: 0,
    hidden: 0,
    loss: 0,
    bandwidth: 0,
    mtu: 0,
  };
}

/** The peers that a fault names. */
export function peersOfFault(fault: Fault): readonly number[] {
  switch (fault.kind) {
    case 'partition':
      return fault.groups.flat();
    case 'swizzle':
      return fault.peers;
    case 'loss':
    case 'bandwidth':
    case 'mtu':
      return [fault.from, fault.to].filter((peer) => peer !== undefined);
    default:
      return [fault.peer];
  }
}

/**
 * Checks a schedule that a caller wrote.
 * @param founders peers that are there from the start; those after them are newcomers
 * @throws {SdkError} `invalid-argument` naming the fault and what is wrong with it.
 */
export function checkFaults(faults: readonly Fault[], peerCount: number, founders: number = peerCount): void {
  faults.forEach((fault, index) => {
    const name = `faults[${index}] (${fault.kind})`;
    requireArgument(
      Number.isFinite(fault.atMs) && fault.atMs >= 0,
      `${name}: atMs is ${fault.atMs}. Pass milliseconds of virtual time, 0 or more.`,
    );
    const stranger = peersOfFault(fault).find(
      (peer) => !Number.isInteger(peer) || peer < 0 || peer >= peerCount,
    );
    requireArgument(
      stranger === undefined,
      `${name}: there is no peer ${stranger}. Peers are numbered 0 to ${peerCount - 1}.`,
    );
    requireArgument(
      fault.kind !== 'join' || fault.peer >= founders,
      `${name}: peer ${(fault as OfPeer).peer} is there from the start. Newcomers are numbered ${founders} to ${peerCount - 1}.`,
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
    case 'swizzle':
      return new Set(fault.peers).size < 2 ? 'peers must list at least two peers' : undefined;
    case 'join':
      return outside('slots', fault.slots ?? 1, [0, PLAYERS_MAX]);
    case 'delay':
      delayRuleOf(fault.inputDelayFrames, 8);
      return undefined;
    case 'drift':
      return outside('ppm', fault.ppm, [-500_000, 500_000]);
    case 'jump':
      return outside('byMs', fault.byMs, [-3_600_000, 3_600_000]);
    case 'slow':
      return outside('factor', fault.factor, [1, 100]);
    case 'cpu':
      return outside('stepMs', fault.stepMs, [0, 1000]);
    case 'gc':
      return outside('pauseMs', fault.pauseMs, [1, 60_000]) ?? outside('everyMs', fault.everyMs, [1, 60_000]);
    case 'loss':
      return outside('loss', fault.loss, [0, 1]);
    case 'bandwidth':
      return (
        outside('bitsPerSecond', fault.bitsPerSecond, [1000, 1e12]) ??
        outside('queueBytes', fault.queueBytes, [1, 1e9])
      );
    case 'mtu':
      return outside('mtuBytes', fault.mtuBytes, [1, 65_536]);
    default:
      return undefined;
  }
}

function outside(name: string, value: number, [least, most]: readonly [number, number]): string | undefined {
  return value >= least && value <= most
    ? undefined
    : `${name} is ${value}; it must be from ${least} to ${most}`;
}
