/**
 * Who each peer believes to be in the match. All peers that know a view must know the same changes and cuts of it; nobody's final
 * frame may be cut off; nobody is removed who could be heard. With two voters left each decides alone: if both live, that
 * is a declared fork, and the only case in which peers may end up with different members.
 */
import type { ViolationLog } from './violations.js';

/**
 * A change of who plays, as one peer was told of it: somebody is out ('lost'), plays no longer itself ('late') or plays again ('back').
 */
export interface Change {
  readonly kind: 'lost' | 'late' | 'back';
  readonly peer: number;
  /** The last frame before the change: the last whose inputs of a lost or late peer count. */
  readonly afterFrame: number;
  /** Slots that a newcomer plays from then on. */
  readonly slots?: readonly number[];
}

/** How a peer came back. */
export interface ComeBack {
  /** The view it found. */
  readonly viewId: number;
  /** Frame of the state that it began with. */
  readonly startFrame: number;
  /** True if a peer confirmed that frame with the same state. */
  readonly isHost: (peer: number) => boolean;
  /** True if it is the state of that frame among those who know these changes. */
  readonly isAfter: (changes: readonly Change[]) => boolean;
}

/** What one peer was told. */
interface KnownBy {
  readonly peer: number;
  readonly changes: readonly Change[];
}

/** What the state of a newcomer has in it beyond the view that it began in. */
interface Implied {
  /** How many changes are known in that view. */
  readonly first: number;
  /** In the order of views. */
  readonly changes: readonly Change[];
}

const NOTHING_IMPLIED: Implied = { first: 0, changes: [] };

/** What a {@link MembershipWatch} needs. */
export interface MembershipWatchOptions {
  readonly peerCount: number;
  /** slot -> index of its owner. */
  readonly owners: readonly number[];
  readonly lostAfterMs: number;
  readonly violations: ViolationLog;
  readonly nowMs: () => number;
  /** True if a peer has crashed, left or ended, or is outside again since. */
  readonly isDown: (peer: number) => boolean;
  /** True if a peer left with a goodbye: nobody needs its vote. */
  readonly hasLeft: (peer: number) => boolean;
  /** Longest time, in ms, that the faults of this run may keep `peer` from being heard by `observer`. */
  readonly silenceMsMax: (observer: number, peer: number) => number;
}

/** What a peer knew in a view. */
interface ViewKnown {
  readonly viewId: number;
  readonly changes: readonly Change[];
}

/** Compares what all peers were told about members. */
export class MembershipWatch {
  /** Departures that peers were told of. */
  departures = 0;
  /** Two living peers went on without each other. */
  hasForked = false;
  readonly #options: MembershipWatchOptions;
  /** slot -> index of its owner; a newcomer may take a slot that was left. */
  readonly #owners: number[];
  readonly #known: Change[][];
  /** By peer: whom it was told to have lost, watchers included. */
  readonly #lostBy: readonly Set<number>[];
  /** Peers that decided alone: their views are their own. */
  readonly #alone = new Set<number>();
  /** Per peer, the frame of the state that it came back with. */
  readonly #starts: number[] = [];
  /** Per peer, changes that this state has in it, although they are of later views than the one it began in: it will be told. */
  readonly #implied: (Implied | undefined)[] = [];
  /** Per peer, what had been agreed when it came back. */
  readonly #agreedBefore: (ReadonlySet<string> | undefined)[] = [];
  readonly #finals: number[];
  /** View id -> what is known in that view, and by whom first. */
  readonly #views = new Map<
    number,
    { readonly key: string; readonly peer: number; readonly changes: readonly Change[] }
  >();
  /** Each broken final frame is reported once. */
  readonly #reportedFinals = new Set<string>();
  /** By peer: what it knew in each view in which it was told of a change. */
  readonly #history: ViewKnown[][];
  readonly #watchersLost = new Set<number>();
  /** Ends of somebody's inputs that were agreed by more than one voter's word. */
  readonly #agreed: Change[] = [];
  /** `peer-substituted` and `peer-returned` events. */
  substitutions = 0;
  returns = 0;

  constructor(options: MembershipWatchOptions) {
    this.#options = options;
    this.#owners = [...options.owners];
    this.#known = Array.from({ length: options.peerCount }, () => []);
    this.#lostBy = Array.from({ length: options.peerCount }, () => new Set<number>());
    this.#history = Array.from({ length: options.peerCount }, () => []);
    this.#finals = new Array<number>(options.peerCount).fill(0);
  }

  /** True if the peer owns a slot. */
  isVoter(peer: number): boolean {
    return this.#owners.includes(peer);
  }

  /** True if the peer owns no slot and others went on without it: nobody owes it anything. */
  isLostWatcher(peer: number): boolean {
    return this.#watchersLost.has(peer);
  }

  /** True if the views of `peer` may be its own. */
  isAlone(peer: number): boolean {
    return this.hasForked || this.#alone.has(peer);
  }

  /** Peers that own a slot, present or not. */
  get owners(): readonly number[] {
    return this.#owners;
  }

  /** Owners of slots that `peer` still counts as members that play themselves. */
  votersOf(peer: number): readonly number[] {
    return [...new Set(this.#owners)].filter((owner) => this.#statusOf(peer, owner) === 'back');
  }

  /** What `observer` was last told of `peer`. */
  #statusOf(observer: number, peer: number): Change['kind'] {
    const told = this.#known[observer]?.filter((change) => change.peer === peer) ?? [];
    return told.at(-1)?.kind ?? 'back';
  }

  /** True if `observer` takes `peer` for late. */
  isLate(observer: number, peer: number): boolean {
    return this.#statusOf(observer, peer) === 'late';
  }

  /** `observer` was told of a loss. False if the lost peer had no slot, which changes nothing. */
  left(observer: number, lost: number, reason: 'left' | 'lost'): boolean {
    this.departures += 1;
    // Who learns later what others decided need not have found it silent itself.
    const isFirst = !this.#lostBy.some((others) => others.has(lost));
    this.#lostBy[observer]?.add(lost);
    if (isFirst && reason === 'lost' && !this.#options.isDown(lost) && !this.#isWordOfLiar(observer, lost))
      this.#checkSilence(observer, lost);
    // Who came in again and has no slot yet changes nothing by going.
    if (this.#statusOf(observer, lost) === 'lost') return false;
    if (!this.isVoter(lost)) this.#watchersLost.add(lost);
    return this.isVoter(lost) && this.#knowsSlots(observer, lost);
  }

  /** False while `observer` has yet to learn that a newcomer was given slots: to it that one only watches. */
  #knowsSlots(observer: number, peer: number): boolean {
    const isSeat = (change: Change): boolean => change.peer === peer && change.slots !== undefined;
    return this.#options.owners.includes(peer) || (this.#known[observer] as Change[]).some(isSeat);
  }

  /**
   * `observer` applied a view with these changes.
   * @returns all changes that its frames have in them, in the order of views
   */
  changed(observer: number, changes: readonly Change[]): readonly Change[] {
    const known = this.#known[observer] as Change[];
    const cuts: Change[] = [];
    for (const change of changes) {
      const wasLate = this.isLate(observer, change.peer);
      known.push(change);
      if (change.kind === 'late') this.substitutions += 1;
      if (change.kind === 'back') this.returns += 1;
      if (change.kind === 'lost') this.#noteLoss(observer, change.peer);
      // What a substitute played already ends at a planned frame, not at its owner's cut.
      if (change.kind === 'late' || (change.kind === 'lost' && !wasLate)) cuts.push(change);
    }
    // The last one to go may make it the decision of one alone.
    if (!this.#alone.has(observer)) for (const cut of cuts) this.#agree(cut);
    this.#sortImplied(observer);
    return this.#withImplied(observer);
  }

  #withImplied(peer: number): readonly Change[] {
    const known = this.#known[peer] as Change[];
    const { first, changes } = this.#implied[peer] ?? NOTHING_IMPLIED;
    const isImplied = namedIn(changes);
    return [...known.slice(0, first), ...changes, ...known.slice(first).filter((one) => !isImplied(one))];
  }

  /** It may take those who are gone for silent watchers one by one, before it comes to the view that says so of all of them. */
  #sortImplied(peer: number): void {
    const known = this.#known[peer] as Change[];
    const { first, changes } = this.#implied[peer] ?? NOTHING_IMPLIED;
    const isImplied = namedIn(changes);
    const told = known.slice(first);
    const isTold = namedIn(told);
    known.splice(first, told.length, ...changes.filter(isTold), ...told.filter((one) => !isImplied(one)));
  }

  /** What those who have the state of a newcomer know beyond its view, as far as it was before that state. */
  #impliedBy(peer: number, { startFrame, isHost, isAfter }: ComeBack): readonly Change[] {
    const known = this.#known[peer] as Change[];
    const key = keyOf(known);
    const { length } = known;
    let longest: readonly Change[] = [];
    for (const [other, theirs] of this.#known.entries()) {
      if (other === peer || theirs.length <= length + longest.length || !isHost(other)) continue;
      if (keyOf(theirs.slice(0, length)) === key) longest = theirs.slice(length);
    }
    let least = longest.length;
    const isEarly = ({ afterFrame }: Change): boolean => afterFrame >= 0 && afterFrame < startFrame;
    while (least > 0 && !isEarly(longest[least - 1] as Change)) least -= 1;
    // When a change without a date was, the state itself tells.
    for (let end = least; end <= longest.length; end += 1)
      if (isAfter([...known, ...longest.slice(0, end)])) return longest.slice(0, end);
    return longest.slice(0, least);
  }

  #noteLoss(observer: number, lost: number): void {
    // Nobody is left to agree with; who said goodbye does not count.
    const others = this.votersOf(observer).filter((voter) => !this.#options.hasLeft(voter));
    if (others.length > 1) return;
    this.#alone.add(observer);
    this.hasForked ||= !this.#options.isDown(lost);
  }

  #agree(change: Change): void {
    const name = nameOf(change);
    if (this.#agreed.some((other) => nameOf(other) === name)) return;
    this.#agreed.push(change);
    for (let other = 0; other < this.#finals.length; other += 1) this.#checkFinal(other, change);
  }

  /** A peer has these slots from now on: its own of before, if it had some and nobody took them. */
  seated(observer: number, peer: number, slots: readonly number[]): void {
    const own = this.#owners.flatMap((owner, slot) => (owner === peer ? [slot] : []));
    const missed = own.filter((slot) => !slots.includes(slot));
    if (
      own.length > 0 &&
      own.length - missed.length < Math.min(own.length, slots.length) &&
      !this.hasForked
    ) {
      const detail = `peer ${peer} is given the slots [${slots}], although [${own}] were its own`;
      this.#options.violations.add({
        check: 'join',
        atMs: this.#options.nowMs(),
        peer: observer,
        frame: -1,
        detail,
      });
    }
    for (const slot of slots) this.#owners[slot] = peer;
    this.#lostBy[observer]?.delete(peer);
    this.#watchersLost.delete(peer);
  }

  /**
   * `peer` was away and came back with the state of the others: it knows what is known in this view. After a fork numbers of
   * views say little: one stands for two views, and who decided alone may be ahead of the view that a newcomer begins with.
   * @returns all changes it knows now
   */
  cameBack(peer: number, how: ComeBack): readonly Change[] {
    const { viewId, startFrame, isHost } = how;
    this.returns += 1;
    this.#alone.delete(peer);
    this.#lostBy[peer]?.clear();
    const hosts = this.#history
      .map((views, index) => ({ views, index }))
      .filter(({ index }) => index !== peer && !this.#options.isDown(index))
      .sort((left, right) => (right.views.at(-1)?.viewId ?? 0) - (left.views.at(-1)?.viewId ?? 0));
    const withState = this.hasForked ? hosts.find(({ index }) => isHost(index)) : undefined;
    // Who decided alone is the only one to know its views, and hosts may be ahead of the view that a newcomer begins with.
    const then = hosts
      .flatMap(({ views }) => views.filter((view) => view.viewId <= viewId).at(-1) ?? [])
      .sort((left, right) => right.viewId - left.viewId)[0];
    const changes = withState === undefined ? then?.changes : this.#knownAt(withState, viewId, then?.changes);
    const known = this.#known[peer] as Change[];
    known.splice(0, known.length, ...(changes ?? []));
    this.#history[peer] = [{ viewId, changes: [...known] }];
    // Whom its hosts had lost from sight it was never told of, and those do not know of it.
    for (const lost of this.#lostBy[(withState ?? hosts[0])?.index ?? peer] ?? [])
      if (lost !== peer) this.#lostBy[peer]?.add(lost);
    this.#finals[peer] = 0;
    this.#starts[peer] = startFrame;
    this.#agreedBefore[peer] = new Set(this.#agreed.map(nameOf));
    this.#implied[peer] = { first: known.length, changes: this.#impliedBy(peer, how) };
    return this.#withImplied(peer);
  }

  /**
   * What a host knew in a view: the numbers of one host are those of its branch, and what it decided later a newcomer is told yet. A
   * host that came in later itself was told of nothing before; it follows what others knew then, if that is where its branch began.
   */
  #knownAt(
    { index, views }: { readonly index: number; readonly views: readonly ViewKnown[] },
    viewId: number,
    then: readonly Change[] = [],
  ): readonly Change[] {
    const known = this.#known[index] as Change[];
    const own = views.filter((view) => view.viewId <= viewId).at(-1)?.changes;
    return own ?? (keyOf(known.slice(0, then.length)) === keyOf(then) ? then : known);
  }

  /** After a call in which `peer` was told of losses: what it knows in the view it is in now. */
  viewReached(peer: number, viewId: number): void {
    this.#history[peer]?.push({ viewId, changes: [...(this.#known[peer] as Change[])] });
    if (this.hasForked || this.#alone.has(peer)) return;
    const changes = [...(this.#known[peer] as Change[])];
    const key = keyOf(changes);
    const first = this.#views.get(viewId);
    if (first === undefined) this.#views.set(viewId, { key, peer, changes });
    else if (!this.#isSame({ peer, changes }, first, false))
      this.#report(peer, -1, `in view ${viewId} it knows [${key}], peer ${first.peer}: [${first.key}]`);
  }

  /**
   * The same changes. Who came back into a paused match follows the views from before it was let in, and is not told that
   * it was out itself.
   * @param isAtEnd false while some may know what others have yet to be told
   */
  #isSame(left: KnownBy, right: KnownBy, isAtEnd: boolean): boolean {
    const untold = [left.peer, right.peer].filter((peer) => this.#starts[peer] !== undefined);
    const early = isAtEnd ? [] : untold.flatMap((peer) => this.#implied[peer]?.changes ?? []);
    const isEarly = namedIn(early);
    const told = ({ changes }: KnownBy): string =>
      keyOf(changes.filter((one) => !isEarly(one) && (one.kind === 'back' || !untold.includes(one.peer))));
    return told(left) === told(right);
  }

  /** `peer` says that nothing up to this frame can be retracted. */
  final(peer: number, frameFinal: number): void {
    this.#finals[peer] = Math.max(this.#finals[peer] as number, frameFinal);
    for (const change of this.#agreed) this.#checkFinal(peer, change);
  }

  /** At the end of a healed run: those who still play must know of the same changes; the newest return or substitution may still be on its way. */
  finish(playing: readonly number[]): void {
    const [first] = playing;
    if (first === undefined || this.hasForked) return;
    const key = keyOf(this.#known[first] as Change[]);
    for (const peer of playing) {
      const changes = this.#known[peer] as Change[];
      const own = keyOf(changes);
      const isSame = this.#isSame(
        { peer, changes },
        { peer: first, changes: this.#known[first] as Change[] },
        true,
      );
      if (!isSame && !isSameButNews(own, key))
        this.#report(peer, -1, `at the end it knows [${own}], peer ${first}: [${key}]`);
    }
  }

  /** A peer that does not know of a cut must not have called a frame after it final. */
  #checkFinal(peer: number, change: Change): void {
    const frameFinal = this.#finals[peer] as number;
    // The state that a newcomer began with has what changed before it, told or not.
    if (frameFinal <= change.afterFrame || change.afterFrame < (this.#starts[peer] ?? 0) || this.hasForked)
      return;
    const named = nameOf(change);
    // In a paused match it begins before its own cut, of which it is not told.
    if (change.peer === peer && this.#agreedBefore[peer]?.has(named) === true) return;
    if (this.#known[peer]?.some((other) => nameOf(other) === named) === true) return;
    const name = `${peer}/${named}`;
    if (this.#reportedFinals.has(name)) return;
    this.#reportedFinals.add(name);
    this.#report(
      peer,
      frameFinal,
      `called frame ${frameFinal} final, but peer ${change.peer} was cut at ${change.afterFrame}`,
    );
  }

  /** Of two voters each may go on alone: who follows the one that lies has nobody else's word. */
  #isWordOfLiar(observer: number, lost: number): boolean {
    const [other, ...more] = this.votersOf(observer).filter((voter) => voter !== lost);
    return other !== undefined && more.length === 0 && this.#options.isDown(other);
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

/** One list goes on where the other ends, with returns and substitutions only. */
function isSameButNews(left: string, right: string): boolean {
  const [short, long] = left.length < right.length ? [left, right] : [right, left];
  return long.startsWith(short) && /^( ?\d+ (back|late)@-?\d+(:[\d,]+)?)*$/.test(long.slice(short.length));
}

/** A change in words: equal for equal ones. */
export function nameOf({ kind, peer, afterFrame, slots }: Change): string {
  const seat = slots === undefined ? '' : `:${slots}`;
  return kind === 'lost' ? `${peer}@${afterFrame}` : `${peer} ${kind}@${afterFrame}${seat}`;
}

/** Tells which changes are among these. */
function namedIn(changes: readonly Change[]): (change: Change) => boolean {
  const names = new Set(changes.map(nameOf));
  return (change) => names.has(nameOf(change));
}

function keyOf(changes: readonly Change[]): string {
  return changes.map(nameOf).join(' ');
}
