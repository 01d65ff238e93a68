/**
 * The oracle: outside of all sessions it keeps what was confirmed for each frame and holds every peer to it.
 *
 * Peers that were told of the same losses are on one branch of the match from the cuts on; a peer that is cut off, or
 * plays on alone in a declared fork, is on another. That the branches are the right ones is for membership-watch.ts.
 */
import type { SlotState } from '../../session/game.js';
import type { InputRecords } from './input-records.js';
import type { Departure } from './membership-watch.js';
import { type MatchStart, ReferenceRun } from './reference-run.js';
import type { ViolationLog } from './violations.js';

/** The straight run stays this far behind, so that it never passed a cut that is agreed later. */
const REFERENCE_LAG_FRAMES = 160;
/** Frames the oracle keeps per branch; half of them are dropped at a time. A peer further behind cannot be compared. */
const FRAMES_KEPT_MAX = 8192;

const SLOT_STATES: readonly SlotState[] = ['vacant', 'active', 'substituted'];

/** What one peer says about one confirmed frame. */
export interface ConfirmedFrame {
  readonly peer: number;
  readonly frame: number;
  /** u32. */
  readonly hash: number;
  /** Two bits per slot, {@link slotBitsOf}. */
  readonly slotBits: number;
  /** One encoded input per slot, playersMax of them. The buffer may be reused after the call. */
  readonly cells: Uint8Array;
}

/** Two bits per slot: 0 vacant, 1 active, 2 substituted. */
export function slotBitsOf(slots: readonly SlotState[]): number {
  let bits = 0;
  for (let slot = slots.length - 1; slot >= 0; slot -= 1)
    bits = (bits << 2) | SLOT_STATES.indexOf(slots[slot] as SlotState);
  return bits >>> 0;
}

interface OracleFrame {
  readonly hash: number;
  readonly slotBits: number;
  readonly cells: Uint8Array;
  readonly firstPeer: number;
}

interface Branch<S, I> {
  readonly parent: Branch<S, I> | undefined;
  /** Frames up to here are the parent's. */
  readonly forkFrame: number;
  readonly frames: Map<number, OracleFrame>;
  readonly reference: ReferenceRun<S, I> | undefined;
  newestFrame: number;
}

/** What an {@link AgreementOracle} needs. */
export interface OracleOptions<S, I> {
  readonly start: MatchStart<S, I>;
  readonly peerCount: number;
  readonly records: InputRecords;
  readonly violations: ViolationLog;
  readonly nowMs: () => number;
}

/** Compares all peers with each other, with what was read, and with a straight run of the game. */
export class AgreementOracle<S, I> {
  /** Frames confirmed by a peer and equal to what another had confirmed before. */
  framesCompared = 0;
  /** Frames that the straight run computed and compared. */
  framesReferenced = 0;
  /** Branches whose straight run could not be carried over: the state does not serialise, or the cut came too late. */
  referencesLost = 0;
  readonly #options: OracleOptions<S, I>;
  readonly #branches = new Map<string, Branch<S, I>>();
  /** Key of the branch that each peer is on. */
  readonly #keys: string[];
  readonly #slots: SlotState[];

  constructor(options: OracleOptions<S, I>) {
    this.#options = options;
    this.#keys = new Array<string>(options.peerCount).fill('');
    this.#slots = new Array<SlotState>(options.start.game.playersMax).fill('vacant');
    const reference = new ReferenceRun(options.start);
    this.#branches.set('', {
      parent: undefined,
      forkFrame: -1,
      frames: new Map(),
      reference,
      newestFrame: -1,
    });
  }

  /** `peer` knows of these losses now, earliest cut first: frames after a cut are compared among those who know it. */
  branchTo(peer: number, departures: readonly Departure[]): void {
    let key = '';
    for (const { lost, cutFrame } of departures) {
      const parent = this.#branches.get(key) as Branch<S, I>;
      key = `${key}/${lost}@${cutFrame}`;
      if (!this.#branches.has(key)) this.#branches.set(key, this.#branchOff(parent, cutFrame));
    }
    this.#keys[peer] = key;
  }

  #branchOff(parent: Branch<S, I>, forkFrame: number): Branch<S, I> {
    const isEarlyEnough = parent.reference !== undefined && parent.reference.frame <= forkFrame;
    const reference = isEarlyEnough ? parent.reference?.fork() : undefined;
    if (reference === undefined) this.referencesLost += 1;
    return { parent, forkFrame, frames: new Map(), reference, newestFrame: forkFrame };
  }

  /** `peer` confirmed a frame for the first time. */
  confirmed(said: ConfirmedFrame): void {
    const branch = this.#branchOf(said.peer, said.frame);
    const known = branch.frames.get(said.frame);
    if (known !== undefined) {
      this.framesCompared += 1;
      this.#compare(said, known, 'agreement');
      return;
    }
    if (said.frame < branch.newestFrame) return;
    const { hash, slotBits, peer } = said;
    branch.frames.set(said.frame, { hash, slotBits, cells: said.cells.slice(), firstPeer: peer });
    branch.newestFrame = said.frame;
    this.#checkInputs(said);
    if (said.frame === 0 && branch.reference !== undefined) {
      this.#checkReference(branch.reference, branch.frames.get(0) as OracleFrame);
    }
    this.#advanceReference(branch, said.frame - REFERENCE_LAG_FRAMES);
    if (branch.frames.size > FRAMES_KEPT_MAX) prune(branch);
  }

  /** `peer` is asked again about a frame it confirmed earlier. */
  reconfirmed(said: ConfirmedFrame): void {
    const known = this.#branchOf(said.peer, said.frame).frames.get(said.frame);
    if (known !== undefined) this.#compare(said, known, 'finality');
  }

  /** After the run: lets the straight runs catch up. */
  finish(): void {
    for (const branch of this.#branches.values()) this.#advanceReference(branch, branch.newestFrame);
  }

  /** The branch that holds `frame` for `peer`. */
  #branchOf(peer: number, frame: number): Branch<S, I> {
    return holderOf(this.#branches.get(this.#keys[peer] as string) as Branch<S, I>, frame);
  }

  #compare(said: ConfirmedFrame, known: OracleFrame, check: 'agreement' | 'finality'): void {
    const { peer, frame } = said;
    const other = check === 'agreement' ? `peer ${known.firstPeer}` : 'what was confirmed before';
    const found: string[] = [];
    if (said.hash !== known.hash) found.push(`hash ${hex(said.hash)}, ${other}: ${hex(known.hash)}`);
    if (said.slotBits !== known.slotBits)
      found.push(`slots ${hex(said.slotBits)}, ${other}: ${hex(known.slotBits)}`);
    if (said.cells.some((byte, index) => byte !== known.cells[index]))
      found.push(`inputs [${said.cells}], ${other}: [${known.cells}]`);
    if (found.length > 0) this.#report(check, peer, frame, found.join('; '));
  }

  #checkInputs(said: ConfirmedFrame): void {
    const { game } = this.#options.start;
    const size = game.input.byteLength;
    if (said.frame === 0) return;
    for (let slot = 0; slot < game.playersMax; slot += 1) {
      const cell = said.cells.subarray(slot * size, (slot + 1) * size);
      const slotState = (said.slotBits >>> (2 * slot)) & 3;
      const problem =
        slotState === 1
          ? this.#options.records.problemWith(slot, said.frame, cell)
          : slotState === 0 && cell.some((byte) => byte !== 0)
            ? `slot ${slot} is vacant, yet its input is [${cell}]`
            : undefined;
      if (problem !== undefined) this.#report('inputs', said.peer, said.frame, problem);
    }
  }

  #advanceReference(branch: Branch<S, I>, limit: number): void {
    const { reference } = branch;
    if (reference === undefined) return;
    while (reference.frame < limit) {
      const frame = reference.frame + 1;
      const known = holderOf(branch, frame).frames.get(frame);
      if (known === undefined) return;
      for (let slot = 0; slot < this.#slots.length; slot += 1) {
        this.#slots[slot] = SLOT_STATES[(known.slotBits >>> (2 * slot)) & 3] as SlotState;
      }
      reference.step(known.cells, this.#slots);
      this.#checkReference(reference, known);
    }
  }

  #checkReference(reference: ReferenceRun<S, I>, known: OracleFrame): void {
    this.framesReferenced += 1;
    if (known.hash === reference.hash) return;
    const detail = `hash ${hex(known.hash)}, stepping straight ahead with the confirmed inputs gives ${hex(reference.hash)}`;
    this.#report('reference', known.firstPeer, reference.frame, detail);
  }

  #report(
    check: 'agreement' | 'finality' | 'inputs' | 'reference',
    peer: number,
    frame: number,
    detail: string,
  ): void {
    this.#options.violations.add({ check, atMs: this.#options.nowMs(), peer, frame, detail });
  }
}

function holderOf<S, I>(branch: Branch<S, I>, frame: number): Branch<S, I> {
  let holder = branch;
  while (holder.parent !== undefined && frame <= holder.forkFrame) holder = holder.parent;
  return holder;
}

function prune<S, I>(branch: Branch<S, I>): void {
  const oldest = branch.newestFrame - FRAMES_KEPT_MAX / 2;
  for (const frame of branch.frames.keys()) {
    if (frame >= oldest) return;
    branch.frames.delete(frame);
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
