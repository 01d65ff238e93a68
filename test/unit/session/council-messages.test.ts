/** What the council of a match says to whom, on which way, and what it believes of what others say. */
import { NO_FRAME } from '../../../sdk/src/session/slot-log.js';
import type { ViewMessage } from '../../../sdk/src/wire/view-messages.js';
import { councilOf, cutOf, NOTHING, SENT } from './council-scene.js';

type Scene = ReturnType<typeof councilOf>;

const reported = { held: [{ slot: 2, frame: SENT, cells: new Uint8Array(0) }] };

function lastOf<K extends ViewMessage['kind']>({ messages }: Scene, kind: K) {
  return messages.filter((it) => it.kind === kind).pop() as Extract<ViewMessage, { kind: K }>;
}

test('a message goes out on both channels with the next advance, a large one on the reliable alone', () => {
  const { council, peer, sent, runTo } = councilOf();
  council.passOn(peer(1), new Uint8Array(1100));
  council.passOn(peer(2), new Uint8Array(1101));
  expect(sent()).toEqual([]);
  runTo(20);
  expect(sent()).toEqual(['nonsense 1 unreliable', 'nonsense 1 reliable', 'nonsense 2 reliable']);
});

test('a wish to pause is said to all members', () => {
  const { council, peer, sent, runTo, silent } = councilOf({ self: 1, watchers: 1 });
  peer(2).member = false;
  // Nobody coordinates here: the first player would.
  silent.add(2);
  council.planner.wish('pause');
  runTo(20);
  expect(sent()).toEqual([
    'pause 0 unreliable',
    'pause 0 reliable',
    'pause 3 unreliable',
    'pause 3 reliable',
  ]);
});

test('a wish that is granted already is not said', () => {
  const { council, sent, runTo, timeline } = councilOf({ self: 1 });
  timeline.pausedAt = 110;
  council.planner.wish('pause');
  runTo(20);
  expect(sent()).toEqual([]);
  council.planner.wish('resume');
  runTo(40);
  expect(sent()).toContain('resume 0 reliable');
});

test('what guests want is proposed to all voters', () => {
  const { state, sent, runTo, messages } = councilOf({ watchers: 1 });
  state.guests = { newcomers: [{ index: 4, peer: 'n4', nonce: 7 }], seats: [] };
  runTo(20);
  expect(sent()).toEqual(
    [1, 2].flatMap((index) => [`propose ${index} unreliable`, `propose ${index} reliable`]),
  );
  expect(messages[0]).toMatchObject({ viewId: 1, removed: 0, late: 0 });
});

test('a loss is proposed, accepted, and told to all members, but for those that said goodbye', () => {
  const scene = councilOf({ watchers: 2 });
  scene.silent.add(2);
  scene.peer(4).noteGoodbye(0, 0);
  scene.runTo(3020);
  scene.peer(4).member = true;
  const { ballot } = lastOf(scene, 'propose');
  scene.take(1, 'report', { ballot, ...reported });
  scene.take(1, 'accepted', { ballot });
  expect(scene.told().at(-1)).toBe('p2 lost at 100');
  scene.sent();
  scene.runTo(3040);
  const commits = scene.sent().filter((it) => it.includes('commit'));
  expect(commits.filter((it) => it.endsWith(' reliable'))).toEqual(
    [1, 2, 3].map((index) => `commit ${index} reliable`),
  );
});

test('those that said goodbye are not needed for a majority', () => {
  const scene = councilOf({ self: 1, players: 4 });
  scene.runTo(20);
  for (const index of [0, 3]) scene.peer(index).noteGoodbye(SENT, 20);
  scene.runTo(40);
  expect(lastOf(scene, 'propose').removed).toBe(0b1001);
  const { ballot } = lastOf(scene, 'propose');
  const held = [0, 3].map((slot) => ({ slot, frame: SENT, cells: new Uint8Array(0) }));
  scene.take(2, 'report', { ballot, held });
  scene.take(2, 'accepted', { ballot });
  expect(scene.told()).toEqual(['p0 left at 100', 'p3 left at 100']);
});

test('the first voter that is left proposes', () => {
  const scene = councilOf({ self: 1, players: 4 });
  scene.decide({ removed: 0b0001, cuts: [cutOf(0)] });
  scene.council.planner.wish('pause');
  scene.runTo(20);
  expect(new Set(scene.sent().filter((it) => it.includes('propose')))).toEqual(
    new Set([2, 3].flatMap((index) => [`propose ${index} unreliable`, `propose ${index} reliable`])),
  );
});

test('who lacks a view is sent all, and one that is out of the match is told so first', () => {
  const { decide, sent, runTo, peer } = councilOf();
  decide({ removed: 0b100 });
  runTo(20);
  expect(sent()).toEqual([]);
  peer(1).isBehind = true;
  runTo(40);
  expect(sent()).toEqual(['commit 1 unreliable', 'commit 1 reliable']);
  expect([peer(1).isBehind, peer(1).catchUpAtMs]).toEqual([false, 40]);
  runTo(60);
  expect(sent()).toEqual([]);
  peer(2).isBehind = true;
  runTo(80);
  expect(sent()).toEqual(
    ['unknown in view 1', 'commit'].flatMap((what) => [`${what} 2 unreliable`, `${what} 2 reliable`]),
  );
});

test('who came in lately is sent a view with the inputs since its own beginning as well', () => {
  const scene = councilOf({ watchers: 1 });
  const { decide, peer, runTo, messages } = scene;
  decide({ removed: 0b100, cuts: [cutOf(2)] });
  peer(3).startFrame = 40;
  peer(3).isBehind = true;
  runTo(20);
  expect(messages.map((it) => it.kind === 'commit' && it.body.cuts[0]?.base)).toEqual([100, 40]);
});

/** How a view reaches peer 2 of four, which was not heard for 100 ms and is heard by peer 1. */
function waysTo2(prepare: (scene: Scene) => void = () => undefined): string[] {
  const scene = councilOf({ players: 4 });
  scene.decide({ pace: 'resume', frame: 130 });
  scene.runTo(200);
  for (const index of [1, 2, 3]) Object.assign(scene.peer(index), { hears: 0b1011, reported: true });
  scene.peer(1).hears = 0b1111;
  scene.silent.add(2);
  prepare(scene);
  scene.runTo(320);
  scene.sent();
  scene.peer(2).isBehind = true;
  scene.runTo(340);
  return scene.sent().filter((it) => it.endsWith(' reliable') && it.includes('commit'));
}

test('a view message goes through a third peer as well while the direct way is silent', () => {
  const direct = ['commit 2 reliable'];
  const both = (helper: number): string[] => [...direct, `commit from 0 to 2 by ${helper} reliable`];
  expect(waysTo2()).toEqual(both(1));
  // Heard, and it hears us: nobody else is needed.
  expect(waysTo2(({ silent }) => silent.clear())).toEqual(direct);
  // It says that it does not hear us; before it said anything it counts as hearing us.
  const deaf = ({ silent, peer }: Scene): void => {
    silent.clear();
    peer(2).hears = 0b1110;
  };
  expect(waysTo2(deaf)).toEqual(both(1));
  expect(
    waysTo2((scene) => {
      deaf(scene);
      scene.peer(2).reported = false;
    }),
  ).toEqual(direct);
});

test('only one that is heard and hears the other passes a view message on', () => {
  const direct = ['commit 2 reliable'];
  const hearing = (index: number, mask: number) => (scene: Scene) => {
    scene.peer(1).hears = 0b1011;
    scene.peer(index).hears = mask;
  };
  expect(waysTo2(hearing(1, 0b1011))).toEqual(direct);
  // The one to be reached helps nobody to reach itself.
  expect(waysTo2(hearing(2, 0b0110))).toEqual(direct);
  expect(waysTo2(hearing(3, 0b0100))).toEqual([...direct, 'commit from 0 to 2 by 3 reliable']);
  expect(waysTo2(({ silent }) => silent.add(1))).toEqual(direct);
});

test('a plan leaves time for three round trips to the farthest voter, and two seconds at most', () => {
  const lead = (prepare: (scene: Scene) => void): number => {
    const scene = councilOf({ watchers: 1 });
    prepare(scene);
    scene.council.planner.wish('pause');
    scene.runTo(20);
    return lastOf(scene, 'propose').lead;
  };
  expect(lead(() => undefined)).toBe(8);
  expect(lead(({ peer }) => Object.assign(peer(1), { helloRttMs: 20 }))).toBe(11);
  expect(
    lead(({ peer }) => {
      peer(1).helloRttMs = 90;
      peer(2).helloRttMs = 41;
      peer(3).helloRttMs = 500;
    }),
  ).toBe(22);
  expect(lead(({ peer }) => Object.assign(peer(1), { helloRttMs: 5000 }))).toBe(120);
  // What the packets of the match measure counts more than the greeting.
  const measured = (jitter: number) => (scene: Scene) => {
    Object.assign(scene.peer(2), { helloRttMs: 5000, clock: { roundTrip: 4, jitter } });
  };
  expect([lead(measured(0)), lead(measured(1.5))]).toEqual([20, 25]);
});

test('while a plan is decided nothing from its frame on is confirmed', () => {
  const scene = councilOf();
  scene.council.planner.wish('pause');
  scene.runTo(20);
  const limit = SENT + 8;
  expect(scene.timeline.confirmLimit).toBe(limit);
  const { ballot } = lastOf(scene, 'propose');
  for (const index of [1, 2]) scene.take(index, 'report', { ballot, limit, held: [] });
  for (const index of [1, 2]) scene.take(index, 'accepted', { ballot });
  expect([scene.timeline.confirmLimit, scene.timeline.pausedAt]).toEqual([NO_FRAME, limit]);
});

test('a member that hears who should be removed is against it; who does not vote says nothing', () => {
  const answers = (rules: Parameters<typeof councilOf>[0], prepare?: (scene: Scene) => void): string[] => {
    const scene = councilOf(rules);
    scene.runTo(100);
    prepare?.(scene);
    scene.sent();
    scene.take(0, 'propose', { removed: 0b100 });
    scene.runTo(scene.clock.nowMs + 20);
    return [...new Set(scene.sent().filter((it) => it.endsWith('0 reliable')))];
  };
  expect(answers({ self: 1 })).toEqual(['reject 0 reliable']);
  expect(
    answers({ self: 1 }, ({ silent, runTo }) => {
      silent.add(2);
      runTo(240);
    }),
  ).toEqual(['report 0 reliable']);
  // Heard, but all wait for it.
  expect(
    answers({ self: 1 }, ({ peer, runTo }) => {
      peer(2).heldUpMs = 300;
      runTo(120);
    }),
  ).toEqual(['report 0 reliable']);
  expect(answers({ self: 3, watchers: 1 })).toEqual([]);
  expect(
    answers({ self: 1 }, ({ ownLogs }) => {
      ownLogs[0]?.change(101, 'substitute');
    }),
  ).toEqual([]);
});

test('who hears a peer keeps it alive for us by saying so', () => {
  const scene = councilOf();
  scene.silent.add(2);
  scene.runTo(2200);
  const { ballot } = lastOf(scene, 'propose');
  scene.take(1, 'reject', { ballot, hears: 0b100 });
  expect([scene.peer(1).hears, scene.peer(2).vouchedAtMs, scene.peer(2).aliveAtMs]).toEqual([
    0b100, 2200, 2100,
  ]);
});

test('a substitution that is rejected by one that hears the late peer waits, and frees it of the time held up', () => {
  const scene = councilOf();
  scene.runTo(500);
  scene.peer(2).heldUpMs = 400;
  scene.runTo(520);
  const { ballot, late } = lastOf(scene, 'propose');
  expect(late).toBe(0b100);
  scene.take(1, 'reject', { ballot, hears: 0b100 });
  expect([scene.peer(2).heldUpMs, scene.peer(2).deniedUntilMs]).toEqual([0, 1520]);
});

test('who decided otherwise is on another branch, and is sent ours once', () => {
  const scene = councilOf({ players: 4 });
  scene.decide({ removed: 0b0100 });
  const contradict = (): string[] => {
    scene.take(2, 'commit', { viewId: 1, body: { ...NOTHING, removed: 0b1000 } });
    scene.runTo(scene.clock.nowMs + 20);
    return scene.sent();
  };
  expect(scene.peer(2).isElsewhere).toBe(false);
  expect(contradict()).toEqual(['commit 2 unreliable', 'commit 2 reliable']);
  expect([scene.peer(2).isElsewhere, scene.peer(1).isElsewhere]).toEqual([true, false]);
  expect(contradict()).toEqual([]);
});
