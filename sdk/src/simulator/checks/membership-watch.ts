/**
 * Who each peer believes to be in the match. All peers that know a view must know the same losses and cuts of it; nobody's final
 * frame may be cut off; nobody is removed who could be heard. With two voters left each decides alone: if both live, that
 * is a declared fork, and the only case in which peers may end up with different members.
 */
import type { ViolationLog } from './violations.js';

/** A loss as one peer was told of it. */
export interface Departure {
  readonly lost: number;
  /** The last frame whose inputs of the lost peer count. */
  readonly cutFrame: number;
}

/** What a {@link MembershipWatch} needs. */
export interface MembershipWatchOptions {
  readonly peerCount: number;
  /** slot -> index of its owner. */
  readonly owners: readonly number[];
  readonly lostAfterMs: number;
  readonly violations: ViolationLog;
  readonly nowMs: () => number;
  /** True if a peer has crashed, left or ended. */
  readonly isDown: (peer: number) => boolean;
  /** True if a peer left with a goodbye: nobody needs its vote. */
  readonly hasLeft: (peer: number) => boolean;
  /** Longest time, in ms, that the faults of this run may keep `peer` from being heard by `observer`. */
  readonly silenceMsMax: (observer: number, peer: number) => number;
}

/** Compares what all peers were told about members. */
export class MembershipWatch {
  /** Departures that peers were told of. */
  departures = 0;
  /** Two living peers went on without each other. */
  hasForked = false;
  readonly #options: MembershipWatchOptions;
  readonly #known: Departure[][];
  /** By peer: whom it was told to have lost, watchers included. */
  readonly #lostBy: readonly Set<number>[];
  /** Peers that decided alone: their views are their own. */
  readonly #alone = new Set<number>();
  readonly #finals: number[];
  /** View id -> what is known in that view, and by whom first. */
  readonly #views = new Map<number, { readonly key: string; readonly peer: number }>();
  /** Each broken final frame is reported once. */
  readonly #reportedFinals = new Set<string>();
  readonly #watchersLost = new Set<number>();
  /** Departures that were agreed by more than one voter's word. */
  readonly #agreed: Departure[] = [];

  constructor(options: MembershipWatchOptions) {
    this.#options = options;
    this.#known = Array.from({ length: options.peerCount }, () => []);
    this.#lostBy = Array.from({ length: options.peerCount }, () => new Set<number>());
    this.#finals = new Array<number>(options.peerCount).fill(0);
  }

  /** True if the peer owns a slot. */
  isVoter(peer: number): boolean {
    return this.#options.owners.includes(peer);
  }

  /** True if the peer owns no slot and others went on without it: nobody owes it anything. */
  isLostWatcher(peer: number): boolean {
    return this.#watchersLost.has(peer);
  }

  /** Owners of slots that `peer` still counts as members. */
  votersOf(peer: number): readonly number[] {
    const gone = new Set(this.#known[peer]?.map(({ lost }) => lost));
    return [...new Set(this.#options.owners)].filter((owner) => !gone.has(owner));
  }

  /**
   * `peer` was told of a loss.
   * @returns all losses it knows, earliest cut first; `undefined` if the lost peer had no slot, which changes nothing
   */
  left(peer: number, departure: Departure, reason: 'left' | 'lost'): readonly Departure[] | undefined {
    const { lost, cutFrame } = departure;
    this.departures += 1;
    this.#lostBy[peer]?.add(lost);
    const isAlive = !this.#options.isDown(lost);
    if (reason === 'lost' && isAlive) this.#checkSilence(peer, lost);
    if (!this.isVoter(lost)) {
      this.#watchersLost.add(lost);
      return undefined;
    }
    const known = this.#known[peer] as Departure[];
    known.push(departure);
    known.sort((left, right) => left.cutFrame - right.cutFrame || left.lost - right.lost);
    // Nobody is left to agree with; who said goodbye does not count.
    const isAlone = this.votersOf(peer).filter((voter) => !this.#options.hasLeft(voter)).length <= 1;
    if (isAlone) {
      this.#alone.add(peer);
      this.hasForked ||= isAlive;
    }
    if (!isAlone && !this.#agreed.some((other) => other.lost === lost && other.cutFrame === cutFrame)) {
      this.#agreed.push(departure);
      for (let other = 0; other < this.#finals.length; other += 1) this.#checkFinal(other, departure);
    }
    return known;
  }

  /** After a call in which `peer` was told of losses: what it knows in the view it is in now. */
  viewReached(peer: number, viewId: number): void {
    if (this.hasForked || this.#alone.has(peer)) return;
    const key = keyOf(this.#known[peer] as Departure[]);
    const first = this.#views.get(viewId);
    if (first === undefined) this.#views.set(viewId, { key, peer });
    else if (first.key !== key)
      this.#report(peer, -1, `in view ${viewId} it knows [${key}], peer ${first.peer}: [${first.key}]`);
  }

  /** `peer` says that nothing up to this frame can be retracted. */
  final(peer: number, frameFinal: number): void {
    this.#finals[peer] = Math.max(this.#finals[peer] as number, frameFinal);
    for (const departure of this.#agreed) this.#checkFinal(peer, departure);
  }

  /** At the end of a healed run: those who still play must know of the same losses. */
  finish(playing: readonly number[]): void {
    const [first] = playing;
    if (first === undefined || this.hasForked) return;
    const key = keyOf(this.#known[first] as Departure[]);
    for (const peer of playing) {
      const own = keyOf(this.#known[peer] as Departure[]);
      if (own !== key) this.#report(peer, -1, `at the end it knows [${own}], peer ${first}: [${key}]`);
    }
  }

  /** A peer that does not know of a cut must not have called a frame after it final. */
  #checkFinal(peer: number, { lost, cutFrame }: Departure): void {
    const isKnown = this.#known[peer]?.some((other) => other.lost === lost && other.cutFrame === cutFrame);
    const frameFinal = this.#finals[peer] as number;
    const name = `${peer}/${lost}@${cutFrame}`;
    if (isKnown === true || frameFinal <= cutFrame || this.hasForked || this.#reportedFinals.has(name))
      return;
    this.#reportedFinals.add(name);
    this.#report(
      peer,
      frameFinal,
      `called frame ${frameFinal} final, but peer ${lost} was cut at ${cutFrame}`,
    );
  }

  #checkSilence(observer: number, peer: number): void {
    const { silenceMsMax, lostAfterMs } = this.#options;
    // Who lost us does not talk to us any more.
    if (this.#lostBy[peer]?.has(observer) === true) return;
    const silenceMs = silenceMsMax(observer, peer);
    if (silenceMs >= lostAfterMs) return;
    this.#report(
      observer,
      -1,
      `lost peer ${peer}, which lives and was silent for at most ${Math.round(silenceMs)} ms`,
    );
  }

  #report(peer: number, frame: number, detail: string): void {
    this.#options.violations.add({ check: 'membership', atMs: this.#options.nowMs(), peer, frame, detail });
  }
}

function keyOf(departures: readonly Departure[]): string {
  return departures.map(({ lost, cutFrame }) => `${lost}@${cutFrame}`).join(' ');
}
