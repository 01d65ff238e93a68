/**
 * The oracle: outside of all sessions it keeps what was confirmed for each frame and holds every peer to it.
 *
 * Peers that were told of the same changes are on one branch of the match from the cuts on; a peer that is cut off, or
 * plays on alone in a declared fork, is on another. That the branches are the right ones is for membership-watch.ts.
 */
import type { SlotState } from '../../session/game.js';
import type { InputRecords } from './input-records.js';
import { type Change, nameOf } from './membership-watch.js';
import { type MatchStart, ReferenceRun } from './reference-run.js';
import type { ViolationLog } from './violations.js';

/** The straight run stays this far behind, so that it never passed a cut that is agreed later. */
const REFERENCE_LAG_FRAMES = 160;
/** Frames the oracle keeps per branch, a power of two. A peer further behind cannot be compared. */
const FRAMES_KEPT = 4096;
const FRAMES_MASK = FRAMES_KEPT - 1;

const SLOT_STATES: readonly SlotState[] = ['vacant', 'active', 'substituted'];

/** What one peer says about one confirmed frame. The object and its buffer may be reused after the call. */
export interface ConfirmedFrame {
  readonly peer: number;
  frame: number;
  /** u32. */
  hash: number;
  /** Two bits per slot, {@link slotBitsOf}. */
  slotBits: number;
  /** One encoded input per slot, playersMax of them; `undefined`: not asked for. */
  cells: Uint8Array | undefined;
}

/** Two bits per slot: 0 vacant, 1 active, 2 substituted. */
export function slotBitsOf(slots: readonly SlotState[]): number {
  let bits = 0;
  for (let slot = slots.length - 1; slot >= 0; slot -= 1) {
    const state = slots[slot];
    bits = (bits << 2) | (state === 'active' ? 1 : state === 'vacant' ? 0 : 2);
  }
  return bits >>> 0;
}

/** Frames of one branch: rings by frame. */
class BranchFrames {
  readonly hashes = new Uint32Array(FRAMES_KEPT);
  readonly slotBits = new Uint32Array(FRAMES_KEPT);
  readonly firstPeers = new Uint8Array(FRAMES_KEPT);
  readonly cells: Uint8Array;
  readonly #frames = new Int32Array(FRAMES_KEPT).fill(-1);
  readonly #cellsBytes: number;

  constructor(cellsBytes: number) {
    this.#cellsBytes = cellsBytes;
    this.cells = new Uint8Array(FRAMES_KEPT * cellsBytes);
  }

  has(frame: number): boolean {
    return this.#frames[frame & FRAMES_MASK] === frame;
  }

  put({ peer, frame, hash, slotBits, cells }: ConfirmedFrame): void {
    const index = frame & FRAMES_MASK;
    this.#frames[index] = frame;
    this.hashes[index] = hash;
    this.slotBits[index] = slotBits;
    this.firstPeers[index] = peer;
    if (cells !== undefined) this.cells.set(cells, index * this.#cellsBytes);
  }

  cellsOf(frame: number): Uint8Array {
    const at = (frame & FRAMES_MASK) * this.#cellsBytes;
    return this.cells.subarray(at, at + this.#cellsBytes);
  }
}

interface Branch<S, I> {
  readonly parent: Branch<S, I> | undefined;
  /** Frames up to here are the parent's. */
  readonly forkFrame: number;
  readonly frames: BranchFrames;
  readonly reference: ReferenceRun<S, I> | undefined;
  /** Slots that a peer plays on this branch, of all frames after `forkFrame`. */
  readonly seat: { readonly peer: number; readonly slots: readonly number[] } | undefined;
  newestFrame: number;
}

/** What an {@link AgreementOracle} needs. */
export interface OracleOptions<S, I> {
  readonly start: MatchStart<S, I>;
  /** slot -> index of its owner at the start. */
  readonly owners: readonly number[];
  readonly peerCount: number;
  /** What stands in for a late player; `undefined`: a bot, whose inputs are only compared among peers. */
  readonly substitute: 'neutral' | 'repeat' | undefined;
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
  /** Bits of an encoded input that were set in some confirmed input, and those that were clear. */
  readonly bitsSet: Uint8Array;
  readonly bitsClear: Uint8Array;
  readonly #options: OracleOptions<S, I>;
  readonly #branches = new Map<string, Branch<S, I>>();
  /** The branch that each peer is on. */
  readonly #branchByPeer: Branch<S, I>[];
  readonly #changesByPeer: (readonly Change[] | undefined)[] = [];
  readonly #slots: SlotState[];
  readonly #cellsBytes: number;

  constructor(options: OracleOptions<S, I>) {
    this.#options = options;
    const { game } = options.start;
    this.#slots = new Array<SlotState>(game.playersMax).fill('vacant');
    this.#cellsBytes = game.playersMax * game.input.byteLength;
    this.bitsSet = new Uint8Array(game.input.byteLength);
    this.bitsClear = new Uint8Array(game.input.byteLength);
    const root: Branch<S, I> = {
      parent: undefined,
      forkFrame: -1,
      frames: new BranchFrames(this.#cellsBytes),
      reference: new ReferenceRun(options.start),
      seat: undefined,
      newestFrame: -1,
    };
    this.#branches.set('', root);
    this.#branchByPeer = new Array<Branch<S, I>>(options.peerCount).fill(root);
  }

  /** `peer` knows of these changes now, in the order of views: frames after a change are compared among those who know it. */
  branchTo(peer: number, changes: readonly Change[]): void {
    let key = '';
    let branch = this.#branches.get(key) as Branch<S, I>;
    for (const change of changes) {
      key = `${key}/${nameOf(change)}`;
      const known = this.#branches.get(key) ?? this.#branchOff(branch, change);
      this.#branches.set(key, known);
      branch = known;
    }
    this.#branchByPeer[peer] = branch;
    this.#changesByPeer[peer] = changes;
  }

  /** A change after frame -1 is one after all that was confirmed by those who know it. */
  #branchOff(parent: Branch<S, I>, { peer, afterFrame, slots }: Change): Branch<S, I> {
    const forkFrame = afterFrame < 0 ? parent.newestFrame : afterFrame;
    const isEarlyEnough = parent.reference !== undefined && parent.reference.frame <= forkFrame;
    const reference = isEarlyEnough ? parent.reference?.fork() : undefined;
    if (reference === undefined) this.referencesLost += 1;
    const frames = new BranchFrames(this.#cellsBytes);
    const seat = slots === undefined ? undefined : { peer, slots };
    return { parent, forkFrame, frames, reference, seat, newestFrame: forkFrame };
  }

  /** `peer` came into the match with the state of `frame`: it must be the one that the members have [I15]. */
  cameIn(peer: number, frame: number, hash: number | undefined): void {
    if (this.hasState(peer, frame, hash)) return;
    const { frames } = this.#branchOf(peer, frame);
    const known = frames.hashes[frame & FRAMES_MASK] as number;
    const theirs = frames.has(frame) ? `the members have ${hex(known)}` : 'no member confirmed that frame';
    const own = hash === undefined ? 'without a state' : `with the state ${hex(hash)}`;
    this.#report('join', peer, frame, `came in ${own}, ${theirs}`);
  }

  /** Who owns a slot at `frame` on the branch of `peer`, -1 if nobody. */
  #ownerOf(peer: number, slot: number, frame: number): number {
    let branch: Branch<S, I> | undefined = this.#branchOf(peer, frame);
    for (; branch !== undefined; branch = branch.parent)
      if (branch.seat?.slots.includes(slot) === true && frame > branch.forkFrame) return branch.seat.peer;
    return this.#options.owners[slot] ?? -1;
  }

  /** True if this state of a frame is known on the branch of `peer`. */
  hasState(peer: number, frame: number, hash: number | undefined): boolean {
    return isStateOf(this.#branchByPeer[peer] as Branch<S, I>, frame, hash);
  }

  /** True if this state of a frame is known on the branch of those who know these changes. */
  hasStateAfter(changes: readonly Change[], frame: number, hash: number | undefined): boolean {
    const branch = this.#branches.get(changes.map((change) => `/${nameOf(change)}`).join(''));
    return branch !== undefined && isStateOf(branch, frame, hash);
  }

  /** True if nobody on the branch of `peer` confirmed this frame before. */
  isNew(peer: number, frame: number): boolean {
    return !this.#branchOf(peer, frame).frames.has(frame);
  }

  /** `peer` confirmed a frame for the first time. A frame that {@link isNew} must come with its inputs. */
  confirmed(said: ConfirmedFrame): void {
    const branch = this.#branchOf(said.peer, said.frame);
    if (branch.frames.has(said.frame)) {
      this.framesCompared += 1;
      this.#compare(said, branch.frames, 'agreement');
      return;
    }
    if (said.frame < branch.newestFrame) return;
    branch.frames.put(said);
    branch.newestFrame = said.frame;
    this.#checkInputs(said);
    if (said.frame === 0 && branch.reference !== undefined) this.#checkReference(branch, 0);
    this.#advanceReference(branch, said.frame - REFERENCE_LAG_FRAMES);
  }

  /** `peer` is asked again about a frame it confirmed earlier. */
  reconfirmed(said: ConfirmedFrame): void {
    const { frames } = this.#branchOf(said.peer, said.frame);
    if (frames.has(said.frame)) this.#compare(said, frames, 'finality');
  }

  /** After the run: lets the straight runs catch up. */
  finish(): void {
    for (const branch of this.#branches.values()) this.#advanceReference(branch, branch.newestFrame);
  }

  /** The branch that holds `frame` for `peer`. */
  #branchOf(peer: number, frame: number): Branch<S, I> {
    return holderOf(this.#branchByPeer[peer] as Branch<S, I>, frame);
  }

  #compare(said: ConfirmedFrame, known: BranchFrames, check: 'agreement' | 'finality'): void {
    const { peer, frame, hash, slotBits, cells } = said;
    const index = frame & FRAMES_MASK;
    const isSame = hash === known.hashes[index] && slotBits === known.slotBits[index];
    if (isSame && (cells === undefined || areEqual(cells, known.cells, index * cells.length))) return;
    const other = check === 'agreement' ? `peer ${known.firstPeers[index]}` : 'what was confirmed before';
    const found: string[] = [];
    const knownHash = known.hashes[index] as number;
    const knownBits = known.slotBits[index] as number;
    if (hash !== knownHash) found.push(`hash ${hex(hash)}, ${other}: ${hex(knownHash)}`);
    if (slotBits !== knownBits) found.push(`slots ${hex(slotBits)}, ${other}: ${hex(knownBits)}`);
    const knownCells = known.cellsOf(frame);
    if (cells !== undefined && !areEqual(cells, knownCells, 0))
      found.push(`inputs [${cells}], ${other}: [${knownCells}]`);
    this.#report(check, peer, frame, found.join('; '));
  }

  #checkInputs({ peer, frame, slotBits, cells }: ConfirmedFrame): void {
    const { game } = this.#options.start;
    const size = game.input.byteLength;
    if (frame === 0 || cells === undefined) return;
    for (let slot = 0; slot < game.playersMax; slot += 1) {
      const slotState = (slotBits >>> (2 * slot)) & 3;
      const at = slot * size;
      const problem =
        slotState === 1
          ? this.#inputProblem({ slot, owner: this.#ownerOf(peer, slot, frame), frame }, { cells, at })
          : slotState === 2
            ? this.#substituteProblem({ slot, peer, frame }, { cells, at })
            : isZero(cells, at, size)
              ? undefined
              : `slot ${slot} is vacant, yet its input is [${cells.subarray(at, at + size)}]`;
      if (problem !== undefined) this.#report('inputs', peer, frame, problem);
    }
  }

  #substituteProblem(
    about: { readonly slot: number; readonly peer: number; readonly frame: number },
    { cells, at }: { readonly cells: Uint8Array; readonly at: number },
  ): string | undefined {
    const { start, substitute } = this.#options;
    const { slot, peer, frame } = about;
    const size = start.game.input.byteLength;
    const words = (): string => `the substitute of slot ${slot} plays [${cells.subarray(at, at + size)}]`;
    if (substitute === 'neutral')
      return isZero(cells, at, size) ? undefined : `${words()}, which is not neutral`;
    const { frames } = this.#branchOf(peer, frame - 1);
    if (substitute === undefined || !frames.has(frame - 1)) return undefined;
    const before = frames.cellsOf(frame - 1).subarray(at, at + size);
    // Its owner was to play again from this very frame on, and sent nothing: what was pressed before is over.
    const changes = this.#changesByPeer[peer] ?? [];
    const isAnew = changes.some(({ kind, afterFrame }) => kind === 'back' && afterFrame === frame - 1);
    if (isAnew && isZero(cells, at, size)) return undefined;
    return areEqual(before, cells, at) ? undefined : `${words()}, not the last input [${before}]`;
  }

  #inputProblem(
    input: { readonly slot: number; readonly owner: number; readonly frame: number },
    confirmed: { readonly cells: Uint8Array; readonly at: number },
  ): string | undefined {
    const { bitsSet, bitsClear } = this;
    for (let index = 0; index < bitsSet.length; index += 1) {
      const byte = confirmed.cells[confirmed.at + index] as number;
      bitsSet[index] = (bitsSet[index] as number) | byte;
      bitsClear[index] = (bitsClear[index] as number) | ~byte;
    }
    return this.#options.records.problemWith(input, confirmed);
  }

  #advanceReference(branch: Branch<S, I>, limit: number): void {
    const { reference } = branch;
    if (reference === undefined) return;
    while (reference.frame < limit) {
      const frame = reference.frame + 1;
      const { frames } = holderOf(branch, frame);
      if (!frames.has(frame)) return;
      const slotBits = frames.slotBits[frame & FRAMES_MASK] as number;
      for (let slot = 0; slot < this.#slots.length; slot += 1)
        this.#slots[slot] = SLOT_STATES[(slotBits >>> (2 * slot)) & 3] as SlotState;
      reference.step(frames.cellsOf(frame), this.#slots);
      this.#checkReference(branch, frame);
    }
  }

  #checkReference(branch: Branch<S, I>, frame: number): void {
    this.framesReferenced += 1;
    const { frames } = holderOf(branch, frame);
    const known = frames.hashes[frame & FRAMES_MASK] as number;
    const right = branch.reference?.hash ?? known;
    if (known === right) return;
    const detail = `hash ${hex(known)}, stepping straight ahead with the confirmed inputs gives ${hex(right)}`;
    this.#report('reference', frames.firstPeers[frame & FRAMES_MASK] as number, frame, detail);
  }

  #report(
    check: 'agreement' | 'finality' | 'inputs' | 'reference' | 'join',
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

function isStateOf<S, I>(branch: Branch<S, I>, frame: number, hash: number | undefined): boolean {
  const { frames } = holderOf(branch, frame);
  return hash !== undefined && frames.has(frame) && frames.hashes[frame & FRAMES_MASK] === hash >>> 0;
}

function areEqual(cells: Uint8Array, others: Uint8Array, at: number): boolean {
  for (let index = 0; index < cells.length; index += 1) if (cells[index] !== others[at + index]) return false;
  return true;
}

function isZero(bytes: Uint8Array, at: number, length: number): boolean {
  for (let index = at; index < at + length; index += 1) if (bytes[index] !== 0) return false;
  return true;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
