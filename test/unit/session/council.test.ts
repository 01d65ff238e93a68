/** What a member does of what was agreed, and what it says to whom: one council against views that others decided. */
import { NO_FRAME } from '../../../sdk/src/session/slot-log.js';
import { councilOf, cutOf, SENT } from './council-scene.js';

const newcomer = (index: number, nonce = 7) => ({ index, peer: `n${index}`, nonce });

test('who is removed ends where all agreed, and is told of as lost, or as left after a goodbye', () => {
  const { decide, told, done, peer, exchange, council } = councilOf({ players: 4 });
  peer(3).noteGoodbye(0, 0);
  decide({ removed: 0b1100, cuts: [cutOf(2), cutOf(3, 90)] });
  expect(done()).toEqual(['slot 2 lost after 100', 'slot 3 lost after 90']);
  expect(told()).toEqual(['p2 lost at 100', 'p3 left at 90']);
  expect([peer(1).member, peer(2).member, peer(3).member]).toEqual([true, false, false]);
  expect([council.viewId, exchange.viewId]).toEqual([1, 1]);
  // Who is out already is not told of again.
  decide({ removed: 0b0100 });
  expect([told(), done(), exchange.viewId]).toEqual([[], [], 2]);
});

test('of several slots of one that is removed the first to end says how far its inputs count', () => {
  const { decide, told, logs } = councilOf({ players: 4 });
  const [, , , last] = logs;
  if (last !== undefined) last.owner = 2;
  decide({ removed: 0b0100, cuts: [cutOf(2, 98), cutOf(3, 95)] });
  expect(told()).toEqual(['p2 lost at 95']);
});

test('a cut ends nobody but those whom the view names, and nobody twice', () => {
  const { decide, done, logs } = councilOf({ players: 4 });
  decide({ removed: 0b0100, cuts: [cutOf(1), cutOf(2), cutOf(9)] });
  expect(done()).toEqual(['slot 2 lost after 100']);
  decide({ removed: 0b1000, late: 0b0100, cuts: [cutOf(2), cutOf(3)] });
  expect(done()).toEqual(['slot 3 lost after 100']);
  expect(logs.map(({ control }) => control)).toEqual(['owner', 'owner', 'lost', 'lost']);
});

test('a substitute plays for who is late, who stays a member and is told of', () => {
  const { decide, told, done, peer, runTo, clock } = councilOf();
  runTo(40);
  decide({ late: 0b100, cuts: [cutOf(2, 97)] });
  expect([done(), told()]).toEqual([['slot 2 substitute after 97'], ['p2 substituted after 97']]);
  expect([peer(2).member, peer(2).isSubstituted, peer(2).substitutions]).toEqual([true, true, 1]);
  expect([peer(2).keepsPaceSinceMs, peer(1).substitutions]).toEqual([clock.nowMs, 0]);
});

test('its slot goes on when it returns, and its inputs are sent anew from there', () => {
  const { decide, told, done, peer, logs } = councilOf();
  peer(1).acked = 60;
  decide({ late: 0b100, cuts: [cutOf(2, 97)] });
  done();
  told();
  decide({ returned: 0b100, frame: 150 });
  expect(done()).toEqual(['slot 2 of 2 from 150', 'slot 2 is sent anew from 150']);
  expect(told()).toEqual(['p2 returned at 150']);
  expect([logs[2]?.control, logs[1]?.epoch, peer(1).acked]).toEqual(['owner', 0, 60]);
});

test('a return of one that plays, and a planned removal of one that does, change nothing of its slot', () => {
  const { decide, done } = councilOf({ players: 4 });
  decide({ returned: 0b0100, removed: 0b1000, frame: 150 });
  expect(done()).toEqual([]);
});

test('one that is substituted itself learns it, and after its return sends to all from the first frame of it', () => {
  const { decide, told, remotes, logs } = councilOf({ self: 1 });
  decide({ late: 0b010, cuts: [cutOf(1, 97)] });
  expect(told()).toEqual(['p1 substituted after 97']);
  decide({ returned: 0b010, frame: 150 });
  expect(told()).toEqual(['p1 returned at 150']);
  expect([remotes.map(({ acked }) => acked), logs[1]?.control]).toEqual([[149, 149], 'owner']);
});

test('who only watches is never told that it is substituted or returns', () => {
  const { decide, told } = councilOf({ self: 3, watchers: 1 });
  decide({ late: 0b1000 });
  decide({ returned: 0b1000, frame: 150 });
  expect(told()).toEqual([]);
});

test('a substituted member that is removed loses its slot at the planned frame, one that stays keeps it', () => {
  const { decide, done, told, logs } = councilOf({ players: 4 });
  decide({ late: 0b1100, cuts: [cutOf(2), cutOf(3)] });
  done();
  told();
  // Nothing is planned, or it is for others.
  decide({ removed: 0b1000 });
  decide({ frame: 130 });
  expect([done(), told()]).toEqual([[], ['p3 lost at 100']]);
  decide({ removed: 0b0100, frame: 140 });
  expect([done(), told()]).toEqual([['slot 2 lost from 140'], ['p2 lost at 100']]);
  expect(logs.map(({ control }) => control)).toEqual(['owner', 'owner', 'lost', 'substitute']);
});

test('a pause stands before the planned frame until all agree to go on', () => {
  const { decide, done, told, timeline } = councilOf();
  decide({ pace: 'pause', frame: 120 });
  expect([timeline.pausedAt, done(), told()]).toEqual([119, ['paused by view 1'], []]);
  decide({ removed: 0b100, cuts: [cutOf(2)] });
  expect([timeline.pausedAt, done(), told()]).toEqual([119, ['slot 2 lost after 100'], ['p2 lost at 100']]);
  decide({ pace: 'resume', frame: 125 });
  expect([timeline.pausedAt, done()]).toEqual([NO_FRAME, []]);
});

test('a newcomer is welcome with the state of the planned frame, in a pause with that at which all stand', () => {
  const { decide, done, timeline } = councilOf();
  decide({ newcomers: [newcomer(3)], frame: 130 });
  expect(done()).toEqual(['welcome n3 at 130', 'n3 at 130 by view 1']);
  timeline.pausedAt = 119;
  decide({ newcomers: [newcomer(4)], frame: 140 });
  expect(done()).toEqual(['welcome n4 at 119', 'n4 at 119 by view 2']);
});

test('seats are taken from the planned frame on, by whoever gets them', () => {
  const { decide, done, told, peer, logs } = councilOf({ players: 4 });
  decide({ removed: 0b1100, cuts: [cutOf(2), cutOf(3)] });
  decide({ newcomers: [newcomer(4), newcomer(5)], frame: 130 });
  done();
  told();
  decide({
    seats: [
      { slot: 2, owner: 5 },
      { slot: 3, owner: 4 },
      { slot: 9, owner: 4 },
    ],
    frame: 160,
  });
  expect(done()).toEqual([
    ...['slot 2 of 5 from 160', 'slot 2 is sent anew from 160', 'slot 3 of 4 from 160'],
    ...['slot 3 is sent anew from 160', 'n5 seated', 'n4 seated'],
  ]);
  expect(told()).toEqual(['n5 joined with [2] at 160', 'n4 joined with [3,9] at 160']);
  expect([peer(5).isVoter, peer(5).logs, peer(4).logs]).toEqual([true, [logs[2]], [logs[3]]]);
});

test('a newcomer that has a seat in its state already does not take it up again', () => {
  const { decide, done, told, peer } = councilOf();
  decide({ seats: [{ slot: 2, owner: 2 }], frame: 160 });
  expect([done(), told()]).toEqual([['p2 seated'], ['p2 joined with [2] at 160']]);
  // The slot of somebody else, or one that nobody plays, is taken up.
  decide({ seats: [{ slot: 2, owner: 1 }], frame: 180 });
  expect(done()[0]).toBe('slot 2 of 1 from 180');
  expect(peer(1).logs).toHaveLength(1);
  decide({ removed: 0b010, cuts: [cutOf(2, 190)] }, 2);
  done();
  decide({ seats: [{ slot: 2, owner: 1 }], frame: 210 }, 2);
  expect(done()[0]).toBe('slot 2 of 1 from 210');
});

test('own seats are the own slots from then on, and all get their inputs from there', () => {
  const { decide, done, told, ownLogs, remotes, logs } = councilOf({ self: 3, watchers: 1 });
  decide({ removed: 0b100, cuts: [cutOf(2)] });
  done();
  told();
  decide({ seats: [{ slot: 2, owner: 3 }], frame: 160 });
  expect([done().slice(2), told()]).toEqual([['own slots 2', 'p3 seated'], ['p3 joined with [2] at 160']]);
  expect([ownLogs, remotes.map(({ acked }) => acked)]).toEqual([[logs[2]], [159, 159, 159]]);
});

test('who is given another slot plays that instead of its own', () => {
  const { decide, done, ownLogs, logs } = councilOf({ self: 1 });
  decide({ seats: [{ slot: 2, owner: 1 }], frame: 160 });
  expect([done().slice(2), ownLogs]).toEqual([['own slots 2', 'p1 seated'], [logs[2]]]);
});

test('who follows views of before it came in takes no part in what they say of it', () => {
  const { council, decide, told, done, ownLogs } = councilOf({ self: 3, watchers: 1 });
  council.startFrom(4, 100, 55);
  expect([council.viewId, council.isIn]).toEqual([4, false]);
  decide({ removed: 0b1000, late: 0 });
  decide({ removed: 0b100, cuts: [cutOf(2)] });
  done();
  told();
  decide({ seats: [{ slot: 2, owner: 3 }], frame: 160 });
  expect([told(), done().slice(2), ownLogs]).toEqual([[], [], []]);
  // Another coming of another peer lets nobody else in.
  decide({ newcomers: [newcomer(4, 54)], frame: 170 });
  expect(council.isIn).toBe(false);
  decide({ newcomers: [newcomer(3, 55)], frame: 180 });
  expect([council.isIn, council.viewId]).toEqual([true, 9]);
  decide({ removed: 0b1000 });
  expect(told()).toEqual(['ended: removed']);
});

test('one that began as a member is in from the start', () => {
  const { council } = councilOf();
  expect(council.isIn).toBe(true);
  council.startFrom(4, 100, 0);
  expect([council.isIn, council.viewId]).toEqual([true, 4]);
});

test('who is removed itself is told that alone', () => {
  const { decide, told, done, exchange } = councilOf({ self: 1 });
  decide({ removed: 0b110, cuts: [cutOf(1), cutOf(2)] });
  expect([told(), done(), exchange.viewId]).toEqual([['ended: removed'], [], 1]);
});

test.each([
  ['a cut', 'endInputs', { removed: 0b100, cuts: [cutOf(2)] }],
  ['a return', 'schedule', { returned: 0b1000, frame: 120 }],
  ['the end of a substitution', 'schedule', { removed: 0b1000, frame: 120 }],
  ['a pause', 'pause', { pace: 'pause', frame: 120, newcomers: [newcomer(4)] }],
] as const)(
  'without the frames to go back to for %s this peer is out, and nothing more follows',
  (...about) => {
    const [, what, body] = about;
    const { decide, told, able, done } = councilOf({ players: 4 });
    decide({ late: 0b1000, cuts: [cutOf(3)] });
    told();
    able[what] = false;
    decide(body);
    expect([told(), done().filter((it) => it.includes('welcome'))]).toEqual([['ended: removed'], []]);
  },
);

test('without the frames to go back to for a seat this peer is out', () => {
  const { decide, told, able } = councilOf({ watchers: 1 });
  able.schedule = false;
  decide({ seats: [{ slot: 2, owner: 3 }], frame: 160 });
  expect(told()).toEqual(['ended: removed']);
});

test('with onLost end the match is over once the others have been told, and stays over', () => {
  const { decide, told, sent, runTo, council, peer, state } = councilOf({ onLost: 'end' });
  runTo(20);
  expect(state.attended).toBe(1);
  decide({ removed: 0b100, cuts: [cutOf(2)] });
  expect(told()).toEqual(['p2 lost at 100']);
  council.passOn(peer(1), new Uint8Array(3));
  runTo(40);
  expect([told(), sent()]).toEqual([['ended: peer-lost'], ['nonsense 1 unreliable', 'nonsense 1 reliable']]);
  // No more is decided or said after that.
  peer(1).isBehind = true;
  runTo(60);
  expect([told(), sent(), state.attended]).toEqual([['ended: peer-lost'], [], 1]);
});

test('the last player goes on in a fork, unless the others said goodbye or somebody else plays', () => {
  const forks = (rules: Parameters<typeof councilOf>[0], removed: number, gone: number[] = []): boolean => {
    const { decide, done, peer } = councilOf(rules);
    for (const index of gone) peer(index).noteGoodbye(0, 0);
    decide({ removed, cuts: [cutOf(1), cutOf(2)] });
    return done().includes('fork');
  };
  expect(forks({}, 0b110)).toBe(true);
  expect(forks({ watchers: 1 }, 0b110)).toBe(true);
  expect(forks({}, 0b010)).toBe(false);
  expect(forks({}, 0b110, [1])).toBe(true);
  expect(forks({}, 0b110, [1, 2])).toBe(false);
  // Who watches goes on with nobody.
  expect(forks({ self: 3, watchers: 1 }, 0b111)).toBe(false);
});

test('only who has no slots believes that it is unknown, and only a player that knows as much as itself', () => {
  const told = (self: number, by: number, viewId: number): string[] => {
    const scene = councilOf({ self, watchers: 2 });
    scene.council.startFrom(4, 100, 0);
    scene.council.notKnown(scene.peer(by), viewId);
    return scene.told();
  };
  expect([told(3, 0, 4), told(3, 0, 5)]).toEqual([['ended: removed'], ['ended: removed']]);
  expect([told(3, 0, 3), told(3, 4, 4), told(0, 1, 4)]).toEqual([[], [], []]);
  const out = councilOf();
  out.ownLogs[0]?.change(101, 'substitute');
  out.council.notKnown(out.peer(1), 0);
  expect(out.told()).toEqual(['ended: removed']);
});

test('a watcher that is lost is told of with the newest frame that it named, and again when it is back', () => {
  const { runTo, told, silent, peer, council } = councilOf({ watchers: 1 });
  peer(3).newestFrame = 88;
  silent.add(3);
  runTo(3020);
  expect(told()).toEqual(['p3 late 260', 'p3 lost at 88']);
  council.membership.sawAgain(peer(3));
  expect(told()).toEqual(['p3 joined with [] at 88']);
});

test('who is silent is late, and back when it is heard', () => {
  const { runTo, told, silent } = councilOf({ substitutes: false });
  runTo(1000);
  silent.add(2);
  runTo(1500);
  silent.delete(2);
  runTo(1520);
  expect(told()).toEqual(['p2 late 260', 'p2 back 520']);
});

test('who brings nothing holds the match up only if it has all of ours: else it waits for us', () => {
  const heldUpMs = (prepare: (scene: ReturnType<typeof councilOf>) => void): number => {
    const scene = councilOf();
    scene.peer(2).bringsNothing = true;
    prepare(scene);
    for (let toMs = 20; toMs <= 200; toMs += 20) {
      scene.runTo(toMs);
      scene.council.membership.noteWaiting(true, SENT, NO_FRAME);
    }
    return scene.peer(2).heldUpMs + 0;
  };
  const holds = (slot: number, frame: number) => (scene: ReturnType<typeof councilOf>) => {
    scene.ownLogs.push(...scene.logs.slice(1, 2));
    (scene.exchange.held[2] as number[])[slot] = frame;
  };
  expect(heldUpMs(() => undefined)).toBe(200);
  expect([heldUpMs(holds(0, SENT - 1)), heldUpMs(holds(1, SENT - 1)), heldUpMs(holds(1, SENT + 1))]).toEqual([
    0, 0, 200,
  ]);
  // Of one that came just now nothing is known.
  expect(heldUpMs(({ exchange }) => exchange.held.splice(2))).toBe(0);
});

test('one that is substituted in several slots learns the least of what it had sent', () => {
  const { decide, told, ownLogs, logs } = councilOf();
  ownLogs.push(...logs.slice(1, 2));
  for (const log of ownLogs) log.owner = 0;
  decide({ late: 0b001, cuts: [cutOf(0, 97), cutOf(1, 95)] }, 2);
  expect(told()).toEqual(['p0 substituted after 95']);
});

test('too few to agree wait, then end for want of a quorum', () => {
  const { runTo, told, silent } = councilOf({ players: 4, substitutes: false });
  for (const index of [1, 2, 3]) silent.add(index);
  runTo(34_000);
  const all = told();
  expect(all.filter((it) => !it.includes('late'))).toEqual([
    'no-quorum',
    ...all.filter((it) => it.startsWith('ended')),
  ]);
  expect(all.at(-1)).toBe('ended: no-quorum');
});

test('the last of two goes on alone when the other is lost', () => {
  const { runTo, told, silent, done } = councilOf({ players: 2 });
  silent.add(1);
  runTo(3040);
  expect(told()).toEqual(['p1 late 260', 'p1 lost at 100']);
  expect(done()).toEqual(['fork', 'slot 1 lost after 100']);
});
