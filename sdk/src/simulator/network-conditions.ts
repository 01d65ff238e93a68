/** What one direction of a simulated link does to packets, and named sets of such figures. */
import { requireArgument } from '../base/errors.js';

/** Phases in which a link loses (nearly) everything: the Gilbert-Elliott model in time instead of packets. */
export interface BurstLoss {
  /** Mean time between the end of one burst and the start of the next, in ms; exponentially distributed. */
  readonly everyMs: number;
  /** Mean length of a burst, in ms; exponentially distributed. */
  readonly lengthMs: number;
  /** Share of packets lost during a burst, 0 to 1. Default 1. */
  readonly loss?: number;
}

/** Conditions of one direction of a link. All shares are 0 to 1. What is left out does not happen. */
export interface NetworkConditions {
  /** Shortest one-way delay, in ms, 0 to 10,000. */
  readonly delayMs: number;
  /** Delay that varies from packet to packet, in ms: the largest for 'uniform', the mean for 'exponential'. Default 0. */
  readonly jitterMs?: number;
  /** How jitter is distributed. Default 'exponential'. */
  readonly jitter?: 'uniform' | 'exponential';
  /** Share of packets lost, each on its own. */
  readonly loss?: number;
  readonly burst?: BurstLoss;
  /** Share of packets held back by `reorderMs`, so that later ones overtake them. */
  readonly reorder?: number;
  /** Default 40. */
  readonly reorderMs?: number;
  /** Share of packets that arrive a second time, at most `duplicateMs` later. */
  readonly duplicate?: number;
  /** Default 50. */
  readonly duplicateMs?: number;
  /**
   * Share of unreliable packets damaged on the way: a flipped bit, a burst of up to 16 flipped bits, or a cut-off end.
   * A browser's DTLS never lets such a packet through; it shows what hostile bytes do.
   */
  readonly corrupt?: number;
  /** Longest unreliable message that the path takes, in bytes, 1 or more; longer ones are lost. Default: any. */
  readonly mtuBytes?: number;
  /**
   * Width of the link, in bits per second, 1000 or more; each message counts 96 bytes more for its headers. Messages wait
   * in a queue of `queueBytes`; an unreliable packet that finds it full is lost. Default: unlimited.
   */
  readonly bitsPerSecond?: number;
  /** Default 65,536. */
  readonly queueBytes?: number;
  /** Share of sends that the sender's transport does not take (`send` returns false, as when its queue is full). */
  readonly refuse?: number;
}

/** Room before a narrow link when nothing is said, in bytes. */
export const QUEUE_BYTES_DEFAULT = 65_536;

/** A name in {@link networkPresets}. */
export type NetworkPresetName =
  | 'perfect'
  | 'lan'
  | 'goodWifi'
  | 'badWifi'
  | 'mobile'
  | 'transatlantic'
  | 'lossy'
  | 'constant16'
  | 'constant33'
  | 'constant50'
  | 'constant100'
  | 'constant150';

/**
 * Named conditions, each direction alike. The figures are chosen to be typical of such paths, not measured on yours.
 *
 * | name | one way | jitter (mean, exponential) | loss | more |
 * |---|---|---|---|---|
 * | perfect | 0 ms | 0 | 0 | |
 * | lan | 1 ms | 0.3 ms | 0 | |
 * | goodWifi | 15 ms | 2 ms | 0.5 % | |
 * | badWifi | 30 ms | 12 ms | 3 % | bursts of 120 ms every 4 s, 2 % reordered |
 * | mobile | 45 ms | 15 ms | 2 % | silent for 200 ms every 6 s, 1 % reordered |
 * | transatlantic | 45 ms | 2 ms | 0.3 % | |
 * | lossy | 50 ms | 10 ms uniform | 20 % | 5 % duplicated, 10 % reordered |
 * | constant16 ... constant150 | the number (16.667, 33.333, 50, 100, 150 ms) | none | 0 | arrivals fall on the same phase of every frame: a class of faults of its own |
 */
export const networkPresets: { readonly [K in NetworkPresetName]: NetworkConditions } = {
  perfect: { delayMs: 0 },
  lan: { delayMs: 1, jitterMs: 0.3 },
  goodWifi: { delayMs: 15, jitterMs: 2, loss: 0.005 },
  badWifi: {
    delayMs: 30,
    jitterMs: 12,
    loss: 0.03,
    burst: { everyMs: 4000, lengthMs: 120, loss: 0.7 },
    reorder: 0.02,
  },
  mobile: {
    delayMs: 45,
    jitterMs: 15,
    loss: 0.02,
    burst: { everyMs: 6000, lengthMs: 200 },
    reorder: 0.01,
    reorderMs: 60,
  },
  transatlantic: { delayMs: 45, jitterMs: 2, loss: 0.003 },
  lossy: { delayMs: 50, jitterMs: 10, jitter: 'uniform', loss: 0.2, duplicate: 0.05, reorder: 0.1 },
  constant16: { delayMs: 16.667 },
  constant33: { delayMs: 33.333 },
  constant50: { delayMs: 50 },
  constant100: { delayMs: 100 },
  constant150: { delayMs: 150 },
};

/** The same link with nothing going wrong: its delay and jitter stay. What a run heals to. */
export function healedConditions(conditions: NetworkConditions): NetworkConditions {
  const { delayMs, jitterMs = 0, jitter = 'exponential' } = conditions;
  return { delayMs, jitterMs, jitter };
}

const UNLIMITED: number = Number.POSITIVE_INFINITY;

/** Conditions with every default filled in. */
export interface FullConditions extends Required<Omit<NetworkConditions, 'burst'>> {
  readonly burst: Required<BurstLoss> | undefined;
}

/** Fills in the defaults. All these objects have one shape: each packet on each link reads one, and engines like that. */
export function fullConditions(conditions: NetworkConditions): FullConditions {
  const { delayMs, jitterMs = 0, jitter = 'exponential', loss = 0, burst, refuse = 0 } = conditions;
  const { reorder = 0, reorderMs = 40, duplicate = 0, duplicateMs = 50, corrupt = 0 } = conditions;
  const { mtuBytes = UNLIMITED, bitsPerSecond = UNLIMITED, queueBytes = QUEUE_BYTES_DEFAULT } = conditions;
  return {
    delayMs,
    jitterMs,
    jitter,
    loss,
    burst: burst && { everyMs: burst.everyMs, lengthMs: burst.lengthMs, loss: burst.loss ?? 1 },
    reorder,
    reorderMs,
    duplicate,
    duplicateMs,
    corrupt,
    mtuBytes,
    bitsPerSecond,
    queueBytes,
    refuse,
  };
}

/**
 * Checks conditions that a caller wrote.
 * @throws {SdkError} `invalid-argument` naming the figure that is out of range.
 */
export function checkConditions(conditions: NetworkConditions): void {
  const times = { delayMs: conditions.delayMs, jitterMs: conditions.jitterMs ?? 0 };
  const more = { reorderMs: conditions.reorderMs ?? 0, duplicateMs: conditions.duplicateMs ?? 0 };
  for (const [name, value] of Object.entries({ ...times, ...more })) checkRange(name, value, 10_000);
  const { loss = 0, reorder = 0, duplicate = 0, corrupt = 0, refuse = 0, burst } = conditions;
  const shares = { loss, reorder, duplicate, corrupt, refuse, 'burst.loss': burst?.loss ?? 1 };
  for (const [name, value] of Object.entries(shares)) checkRange(name, value, 1);
  const { mtuBytes = 1, bitsPerSecond = 1000, queueBytes = 1 } = conditions;
  requireArgument(
    mtuBytes >= 1 && bitsPerSecond >= 1000 && queueBytes >= 1,
    `network: mtuBytes ${mtuBytes}, bitsPerSecond ${bitsPerSecond} or queueBytes ${queueBytes} is too small. Pass at least 1, 1000 and 1.`,
  );
  if (burst === undefined) return;
  checkRange('burst.everyMs', burst.everyMs, 3_600_000);
  checkRange('burst.lengthMs', burst.lengthMs, 60_000);
  requireArgument(
    burst.everyMs > 0 && burst.lengthMs > 0,
    'network: burst.everyMs and burst.lengthMs must be above 0. Leave burst out for a link without bursts.',
  );
}

function checkRange(name: string, value: number, most: number): void {
  requireArgument(
    typeof value === 'number' && value >= 0 && value <= most,
    `network: ${name} is ${String(value)}. Pass a number from 0 to ${most}.`,
  );
}
