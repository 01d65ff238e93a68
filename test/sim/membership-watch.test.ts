/** The checker of membership alone: each thing it must find, and the cases it must let pass. */
import { type Change, MembershipWatch } from '../../sdk/src/simulator/checks/membership-watch.js';
import { type Violation, ViolationLog } from '../../sdk/src/simulator/checks/violations.js';

interface Setup {
  readonly watch: MembershipWatch;
  readonly found: readonly Violation[];
  readonly down: Set<number>;
  readonly left: Set<number>;
}

/** Four peers: 0, 1 and 2 play, 3 watches. Nobody can be silent for long, unless `silenceMs` says so. */
function setUp({ silenceMs = 100, owners = [0, 1, 2] } = {}): Setup {
  const down = new Set<number>();
  const left = new Set<number>();
  const violations = new ViolationLog(() => {});
  const watch = new MembershipWatch({
    peerCount: 4,
    owners,
    lostAfterMs: 3000,
    violations,
    nowMs: () => 0,
    isDown: (peer) => down.has(peer) || left.has(peer),
    hasLeft: (peer) => left.has(peer),
    silenceMsMax: () => silenceMs,
  });
  return { watch, found: violations.found, down, left };
}

/** A peer is told of a loss; all it knows then, unless the loss changes nothing. */
function lose(
  watch: MembershipWatch,
  observer: number,
  { lost, cutFrame }: { readonly lost: number; readonly cutFrame: number },
  reason: 'left' | 'lost',
): readonly Change[] | undefined {
  if (!watch.left(observer, lost, reason)) return undefined;
  return watch.changed(observer, [{ kind: 'lost', peer: lost, afterFrame: cutFrame }]);
}

test('peers that are told of the same loss are at peace', () => {
  const { watch, found, down } = setUp();
  down.add(2);
  for (const peer of [0, 1, 3]) {
    watch.final(peer, 95);
    expect(lose(watch, peer, { lost: 2, cutFrame: 100 }, 'lost')).toEqual([
      { kind: 'lost', peer: 2, afterFrame: 100 },
    ]);
    watch.viewReached(peer, 1);
    watch.final(peer, 120);
  }
  watch.finish([0, 1, 3]);
  expect(found).toEqual([]);
  expect(watch.votersOf(0)).toEqual([0, 1]);
  expect(watch.departures).toBe(3);
  expect(watch.hasForked).toBe(false);
});

test('losses are listed in the order of views', () => {
  const { watch, down } = setUp({ owners: [0, 1, 2, 3] });
  down.add(1).add(2);
  lose(watch, 0, { lost: 1, cutFrame: 120 }, 'lost');
  expect(lose(watch, 0, { lost: 2, cutFrame: 110 }, 'left')).toEqual([
    { kind: 'lost', peer: 1, afterFrame: 120 },
    { kind: 'lost', peer: 2, afterFrame: 110 },
  ]);
});

test('two cuts in one view are found', () => {
  const { watch, found, down } = setUp();
  down.add(2);
  lose(watch, 0, { lost: 2, cutFrame: 100 }, 'lost');
  watch.viewReached(0, 1);
  lose(watch, 1, { lost: 2, cutFrame: 101 }, 'lost');
  watch.viewReached(1, 1);
  expect(found).toMatchObject([{ check: 'membership', peer: 1 }]);
  expect(found[0]?.detail).toBe('in view 1 it knows [2@101], peer 0: [2@100]');
});

test.each([
  ['before', true],
  ['after', false],
])('a final frame beyond a cut that was called final %s the agreement is found', (_when, isBefore) => {
  const { watch, found, down } = setUp();
  if (isBefore) watch.final(1, 101);
  down.add(2);
  lose(watch, 0, { lost: 2, cutFrame: 100 }, 'lost');
  if (!isBefore) watch.final(1, 101);
  expect(found).toMatchObject([{ check: 'membership', peer: 1, frame: 101 }]);
});

test('a final frame up to the cut is none', () => {
  const { watch, found, down } = setUp();
  watch.final(1, 100);
  down.add(2);
  lose(watch, 0, { lost: 2, cutFrame: 100 }, 'lost');
  watch.final(1, 100);
  expect(found).toEqual([]);
});

test('the loss of a living peer is found, unless faults may have kept it silent or it left', () => {
  const cases = [
    { silenceMs: 2999, reason: 'lost', count: 1 },
    { silenceMs: 3000, reason: 'lost', count: 0 },
    { silenceMs: 0, reason: 'left', count: 0 },
  ] as const;
  for (const { silenceMs, reason, count } of cases) {
    const { watch, found } = setUp({ silenceMs });
    lose(watch, 0, { lost: 2, cutFrame: 100 }, reason);
    expect(found).toHaveLength(count);
  }
});

test('who was lost by a peer is not heard by it any more, and may lose it in turn', () => {
  const { watch, found } = setUp({ silenceMs: 100, owners: [0, 1] });
  lose(watch, 1, { lost: 0, cutFrame: 100 }, 'lost');
  expect(found).toHaveLength(1);
  lose(watch, 0, { lost: 1, cutFrame: 120 }, 'lost');
  expect(found).toHaveLength(1);
});

test('a view that the last of two made alone is its own', () => {
  const { watch, found, left } = setUp();
  left.add(2);
  lose(watch, 0, { lost: 2, cutFrame: 100 }, 'left');
  watch.viewReached(0, 1);
  left.add(0);
  lose(watch, 1, { lost: 2, cutFrame: 100 }, 'left');
  lose(watch, 1, { lost: 0, cutFrame: 110 }, 'left');
  watch.viewReached(1, 1);
  expect(found).toEqual([]);
});

test('members that differ at the end are found', () => {
  const { watch, found, down } = setUp();
  down.add(2);
  lose(watch, 0, { lost: 2, cutFrame: 100 }, 'lost');
  watch.finish([0]);
  expect(found).toEqual([]);
  watch.finish([0, 1]);
  expect(found).toMatchObject([{ check: 'membership', peer: 1 }]);
});

test('the last two may lose each other: a declared fork, after which they need not agree', () => {
  const { watch, found, down } = setUp({ silenceMs: 5000 });
  down.add(2);
  for (const peer of [0, 1]) {
    lose(watch, peer, { lost: 2, cutFrame: 100 }, 'lost');
    watch.viewReached(peer, 1);
    watch.final(peer, 150);
  }
  lose(watch, 0, { lost: 1, cutFrame: 130 }, 'lost');
  watch.viewReached(0, 2);
  lose(watch, 1, { lost: 0, cutFrame: 131 }, 'lost');
  watch.viewReached(1, 2);
  watch.finish([0, 1]);
  expect(watch.hasForked).toBe(true);
  expect(found).toEqual([]);
});

test('who said goodbye is not counted among the last two, even before its leaving is agreed', () => {
  const { watch, found, left } = setUp({ silenceMs: 5000 });
  left.add(2);
  watch.final(0, 140);
  lose(watch, 0, { lost: 1, cutFrame: 130 }, 'lost');
  lose(watch, 0, { lost: 2, cutFrame: 150 }, 'left');
  lose(watch, 1, { lost: 0, cutFrame: 131 }, 'lost');
  lose(watch, 1, { lost: 2, cutFrame: 150 }, 'left');
  watch.finish([0, 1]);
  expect(watch.hasForked).toBe(true);
  expect(found).toEqual([]);
});

test('the last two with one of them dead is no fork', () => {
  const { watch, down } = setUp({ owners: [0, 1] });
  down.add(1);
  lose(watch, 0, { lost: 1, cutFrame: 100 }, 'lost');
  expect(watch.hasForked).toBe(false);
});

test('a watcher that is lost changes nothing for the others', () => {
  const { watch, found, down } = setUp();
  down.add(3);
  expect(watch.isLostWatcher(3)).toBe(false);
  expect(lose(watch, 0, { lost: 3, cutFrame: 100 }, 'lost')).toBeUndefined();
  watch.viewReached(0, 0);
  watch.viewReached(1, 0);
  watch.finish([0, 1]);
  expect(found).toEqual([]);
  expect(watch.isLostWatcher(3)).toBe(true);
  expect([watch.isVoter(0), watch.isVoter(3)]).toEqual([true, false]);
});

test('who is late has no vote until it is back', () => {
  const { watch, found } = setUp();
  watch.changed(0, [{ kind: 'late', peer: 1, afterFrame: 100 }]);
  expect(watch.votersOf(0)).toEqual([0, 2]);
  expect(watch.isLate(0, 1)).toBe(true);
  watch.changed(0, [{ kind: 'back', peer: 1, afterFrame: 150 }]);
  expect(watch.votersOf(0)).toEqual([0, 1, 2]);
  expect([watch.substitutions, watch.returns]).toEqual([1, 1]);
  expect(found).toEqual([]);
});

test('peers that know different substitutions in one view are found', () => {
  const { watch, found } = setUp();
  watch.changed(0, [{ kind: 'late', peer: 2, afterFrame: 100 }]);
  watch.viewReached(0, 1);
  watch.changed(1, [{ kind: 'late', peer: 2, afterFrame: 99 }]);
  watch.viewReached(1, 1);
  expect(found).toMatchObject([{ check: 'membership', peer: 1 }]);
  expect(found[0]?.detail).toBe('in view 1 it knows [2 late@99], peer 0: [2 late@100]');
});

test('a final frame after the cut of a substituted peer is found; the end of a substitute is no cut', () => {
  const { watch, found, down } = setUp();
  watch.final(1, 120);
  watch.changed(0, [{ kind: 'late', peer: 2, afterFrame: 100 }]);
  expect(found).toMatchObject([{ check: 'membership', peer: 1, frame: 120 }]);
  down.add(2);
  const other = setUp();
  for (const peer of [0, 1]) other.watch.changed(peer, [{ kind: 'late', peer: 2, afterFrame: 100 }]);
  other.watch.final(1, 400);
  other.down.add(2);
  lose(other.watch, 0, { lost: 2, cutFrame: 100 }, 'lost');
  expect(other.found).toEqual([]);
});

/** Two of four players are gone; another comes back with the state of a paused match, in the view before it was agreed that they are. */
function newcomer(): Setup {
  const setup = setUp({ owners: [0, 1, 2, 3] });
  const { watch, down } = setup;
  down.add(1).add(2);
  const gone = [
    { kind: 'lost', peer: 1, afterFrame: 100 },
    { kind: 'lost', peer: 2, afterFrame: 110 },
  ] as const;
  watch.changed(0, gone);
  watch.viewReached(0, 2);
  watch.cameBack(3, { viewId: 1, startFrame: 150, isHost: (peer) => peer === 0, isAfter: () => false });
  return setup;
}

test('a newcomer may be told in any order, and early, who was gone before the state that it began with', () => {
  const { watch, found } = newcomer();
  // As watchers that it lost from sight, one by one, in the view before.
  lose(watch, 3, { lost: 2, cutFrame: 110 }, 'lost');
  watch.viewReached(3, 1);
  const known = lose(watch, 3, { lost: 1, cutFrame: 100 }, 'lost');
  expect(known?.map(({ peer }) => peer)).toEqual([1, 2]);
  watch.viewReached(3, 2);
  watch.finish([0, 3]);
  expect(found).toEqual([]);
});

test('a newcomer that is told of another cut than the others, or of none, is found', () => {
  const other = newcomer();
  lose(other.watch, 3, { lost: 2, cutFrame: 111 }, 'lost');
  lose(other.watch, 3, { lost: 1, cutFrame: 100 }, 'lost');
  other.watch.viewReached(3, 2);
  expect(other.found).toMatchObject([{ check: 'membership', peer: 3 }]);
  const none = newcomer();
  lose(none.watch, 3, { lost: 1, cutFrame: 100 }, 'lost');
  none.watch.viewReached(3, 2);
  none.watch.finish([0, 3]);
  expect(none.found).toMatchObject([{ check: 'membership', peer: 3 }]);
  expect(none.found[0]?.detail).toBe('at the end it knows [1@100], peer 0: [1@100 2@110]');
});

test('who removes the only other voter along with one that left decides alone; with a third voter it does not', () => {
  const removal = [
    { kind: 'lost', peer: 2, afterFrame: 100 },
    { kind: 'lost', peer: 1, afterFrame: 105 },
  ] as const;
  const { watch, found, down, left } = setUp();
  left.add(2);
  down.add(1);
  watch.final(1, 104);
  watch.changed(0, removal);
  expect(found).toEqual([]);
  expect(watch.isAlone(0)).toBe(true);
  const more = setUp({ owners: [0, 1, 2, 3] });
  more.left.add(2);
  more.down.add(1);
  more.watch.final(1, 104);
  more.watch.changed(0, removal);
  expect(more.found).toMatchObject([{ check: 'membership', peer: 1, frame: 104 }]);
});

test('a newcomer whose seat a peer has yet to hear of is a watcher to that one alone', () => {
  const { watch, found } = setUp({ silenceMs: 5000 });
  const seat = { kind: 'back', peer: 3, afterFrame: 90, slots: [2] } as const;
  for (const peer of [0, 1]) {
    watch.seated(peer, 3, [2]);
    watch.changed(peer, [seat]);
    watch.final(peer, 120);
  }
  expect(watch.left(2, 3, 'lost')).toBe(false);
  expect(watch.isLostWatcher(3)).toBe(false);
  expect(watch.left(0, 3, 'lost')).toBe(true);
  expect(found).toEqual([]);
});

test('who follows two players may be told of the loss of one by the other if that one lies; not where there are more', () => {
  const lies = ({ watch, down }: Setup): MembershipWatch => {
    down.add(0);
    return watch;
  };
  const two = setUp({ owners: [0, 1] });
  lose(lies(two), 3, { lost: 1, cutFrame: 100 }, 'lost');
  expect(two.found).toEqual([]);
  const honest = setUp({ owners: [0, 1] });
  lose(honest.watch, 3, { lost: 1, cutFrame: 100 }, 'lost');
  const three = setUp();
  lose(lies(three), 3, { lost: 1, cutFrame: 100 }, 'lost');
  for (const { found } of [honest, three])
    expect(found).toMatchObject([{ check: 'membership', detail: expect.stringContaining('lost peer 1') }]);
});
