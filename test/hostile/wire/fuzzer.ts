/**
 * A coverage-guided fuzzer: mutates inputs, keeps those that reach a branch (or reach it much more often) than any before,
 * and mutates them again. What it finds is an input for which a target throws: by a bug, or because what it checks does not hold.
 */
import { createRandom, type Random } from '../../../sdk/src/base/prng.js';

/** One thing to fuzz. */
export interface FuzzTarget {
  readonly name: string;
  /** Inputs to start from: a few of each legal kind. */
  readonly seeds: readonly Uint8Array[];
  /** Scopes of `file:declaration.member` that are the decoder. */
  readonly decoder: RegExp;
  /** False if some of its branches need a state that no fuzzer comes to: then those reached are only reported. */
  readonly reachesAll: boolean;
  /** Pieces worth inserting as they are. */
  readonly dictionary?: readonly Uint8Array[];
  /** Longest input worth trying, bytes. */
  readonly bytesMax: number;
  /** Makes checksums right after a mutation. */
  seal?(input: Uint8Array): void;
  /** Runs the decoder. Throws if anything that must hold does not. */
  run(input: Uint8Array): void;
}

/** An input for which a target threw. */
export interface Finding {
  readonly target: string;
  readonly execution: number;
  readonly message: string;
  readonly input: Uint8Array;
}

/** What one target came to. */
export interface FuzzResult {
  readonly target: string;
  readonly executions: number;
  readonly corpus: number;
  readonly findings: readonly Finding[];
  /** For each counter, in which steps of powers of two it was ever seen; zero if never. */
  readonly reached: Uint8Array;
}

/** How long to go on. */
export interface FuzzBudget {
  readonly seed: number;
  /** Executions at most. */
  readonly executions: number;
  /** Counters that guide it, from and up to but without: those of the decoder's files. Default: all. */
  readonly guides?: readonly (readonly [number, number])[];
  /** Asked every 4,096 executions: true ends the run. */
  readonly isOver?: () => boolean;
  /** Ends the run at the first finding. */
  readonly stopAtFirst?: boolean;
}

const INTERESTING = [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 129, 254, 255];
const FINDINGS_MAX = 20;
/** One execution in so many is left without a right checksum. */
const UNSEALED_ONE_IN = 24;

/** Fuzzes one target. `hits` are the counters of the bundle; they are cleared before every execution. */
export function fuzz(target: FuzzTarget, hits: Uint16Array, budget: FuzzBudget): FuzzResult {
  const random = createRandom(budget.seed);
  const guides = budget.guides ?? [[0, hits.length]];
  const words = new Int32Array(hits.buffer, hits.byteOffset, hits.byteLength >> 2);
  const seen = new Uint8Array(hits.length);
  const corpus: Uint8Array[] = [];
  const findings: Finding[] = [];
  const messages = new Set<string>();
  let executions = 0;
  const execute = (input: Uint8Array): void => {
    words.fill(0);
    try {
      target.run(input);
    } catch (error) {
      const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      if (!messages.has(message) && findings.length < FINDINGS_MAX) {
        messages.add(message);
        findings.push({ target: target.name, execution: executions, message, input: input.slice() });
      }
    }
    executions += 1;
    if (noteNew(hits, guides, seen)) corpus.push(input.slice());
  };
  for (const seed of target.seeds) execute(seed);
  if (corpus.length === 0) corpus.push(new Uint8Array(1));
  while (executions < budget.executions) {
    if ((executions & 4095) === 0 && budget.isOver?.() === true) break;
    if (budget.stopAtFirst === true && findings.length > 0) break;
    const input = mutate(corpus, target, random);
    if (target.seal !== undefined && random.below(UNSEALED_ONE_IN) !== 0) target.seal(input);
    execute(input);
  }
  return { target: target.name, executions, corpus: corpus.length, findings, reached: seen };
}

/** True if a counter was never so high before, in steps of powers of two; and remembers it. */
function noteNew(
  hits: Uint16Array,
  guides: readonly (readonly [number, number])[],
  seen: Uint8Array,
): boolean {
  let isNew = false;
  for (const [from, to] of guides) {
    for (let index = from; index < to; index += 1) {
      const count = hits[index] as number;
      if (count === 0) continue;
      const bucket = 1 << Math.min(7, 31 - Math.clz32(count));
      if (((seen[index] as number) & bucket) !== 0) continue;
      seen[index] = (seen[index] as number) | bucket;
      isNew = true;
    }
  }
  return isNew;
}

function mutate(corpus: readonly Uint8Array[], target: FuzzTarget, random: Random): Uint8Array {
  let input: Uint8Array = (corpus[random.below(corpus.length)] as Uint8Array).slice();
  // Few changes mostly: what a valid input still has in common with its parent is what gets it further.
  const changes = 1 << random.below(4);
  for (let change = 0; change < changes; change += 1) input = changeOnce(input, corpus, target, random);
  return input.length > target.bytesMax ? input.slice(0, target.bytesMax) : input;
}

function changeOnce(
  input: Uint8Array,
  corpus: readonly Uint8Array[],
  { dictionary = [] }: FuzzTarget,
  random: Random,
): Uint8Array {
  const at = random.below(input.length + 1);
  const here = Math.min(at, input.length - 1);
  switch (random.below(12)) {
    case 0:
    case 1:
      input[here] = (input[here] as number) ^ (1 << random.below(8));
      return input;
    case 2:
    case 3:
      input[here] = INTERESTING[random.below(INTERESTING.length)] as number;
      return input;
    case 4:
      input[here] = random.below(256);
      return input;
    case 5:
      input[here] = (input[here] as number) + random.below(9) - 4;
      return input;
    case 6:
      // The value of a 16- or 32-bit field near its ends.
      return input.fill(
        random.chance(0.5) ? 0xff : 0,
        here,
        Math.min(input.length, here + 2 + 2 * random.below(2)),
      );
    case 7:
      return spliced(
        input,
        at,
        0,
        random.chance(0.5) ? new Uint8Array(1 + random.below(8)) : randomBytes(random),
      );
    case 8:
      return spliced(input, at, 1 + random.below(8), new Uint8Array(0));
    case 9:
      return input.slice(0, Math.max(1, at));
    case 10: {
      const other = corpus[random.below(corpus.length)] as Uint8Array;
      const from = random.below(other.length + 1);
      return spliced(input, at, random.chance(0.5) ? input.length : 0, other.subarray(from));
    }
    default: {
      const piece = dictionary[random.below(Math.max(1, dictionary.length))];
      const from = Math.min(here, random.below(input.length + 1));
      return spliced(
        input,
        at,
        0,
        piece ?? input.subarray(from, Math.min(input.length, from + 1 + random.below(16))),
      );
    }
  }
}

function randomBytes(random: Random): Uint8Array {
  return Uint8Array.from({ length: 1 + random.below(4) }, () => random.below(256));
}

/** `input` with `removed` bytes at `at` replaced by `piece`. */
function spliced(input: Uint8Array, at: number, removed: number, piece: Uint8Array): Uint8Array {
  const end = Math.min(input.length, at + removed);
  const out = new Uint8Array(Math.max(1, at + piece.length + input.length - end));
  out.set(input.subarray(0, at));
  out.set(piece, at);
  out.set(input.subarray(end), at + piece.length);
  return out;
}
