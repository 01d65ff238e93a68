/** Who is heard, late, lost or gone, and what follows of it: one member of a match against peers made by hand. */
import { MatchClock } from '../../../sdk/src/session/match-clock.js';
import { Membership } from '../../../sdk/src/session/membership.js';
import { RemotePeer } from '../../../sdk/src/session/remote-peer.js';
import { NO_FRAME, SlotLog } from '../../../sdk/src/session/slot-log.js';
import type { WantedView } from '../../../sdk/src/session/view-attempt.js';
import type { ViewChange } from '../../../sdk/src/session/view-change.js';

interface Rules {
  readonly players?: number;
  readonly watchers?: number;
  readonly onLost?: 'vacate' | 'pause' | 'end' | 'bot';
  readonly substitutes?: boolean;
}

/** Peer 0 among players, then watchers, all heard up to now; looked at every 20 ms. */
function sceneOf({ players = 3, watchers = 0, onLost = 'vacate', substitutes = true }: Rules = {}) {
  const peerCount = players + watchers;
  const clock = new MatchClock({ nowMs: 0, framesPerSecond: 50, peerCount, windowFrames: 8 });
  const shape = { matchKey: 1, senderSlots: 1, cellBytes: 1, vectorLength: peerCount };
  const remotes = Array.from({ length: peerCount - 1 }, (_, at) => {
    const index = at + 1;
    const logs = index < players ? [new SlotLog(index, index, 1)] : [];
    return new RemotePeer(`p${index}`, index, logs, shape, 0);
  });
  const told: string[] = [];
  const state = { asked: undefined as WantedView | undefined, able: true };
  const viewChange = {
    busy: false,
    advance: (wanted: WantedView) => {
      state.asked = { ...wanted };
      return state.able;
    },
  } as unknown as ViewChange;
  const membership = new Membership({
    ...{ selfVote: () => 1, remotes, clock, lostAfterMs: 3000, lateAfterMs: 250, onLost, substitutes },
    holdsOurs: () => true,
    events: {
      late: ({ peer }, silentMs) => told.push(`${peer} late ${silentMs}`),
      back: ({ peer }, silentMs) => told.push(`${peer} back ${silentMs}`),
      watcherLeft: ({ peer }, reason) => told.push(`${peer} ${reason}`),
      watcherBack: ({ peer }) => told.push(`${peer} again`),
      moved: (phase) => told.push(phase),
      gaveUp: (phase) => told.push(`gave up ${phase}`),
    },
  });
  const silent = new Set<number>();
  let nowMs = 0;
  const scene = {
    ...{ membership, remotes, told, silent, state },
    peer: (index: number): RemotePeer => remotes[index - 1] as RemotePeer,
    /** Everybody who is not silent is heard at each look. */
    runTo(toMs: number): WantedView | undefined {
      for (; nowMs < toMs; ) {
        nowMs = Math.min(toMs, nowMs + 20);
        clock.waitTo(nowMs);
        for (const remote of remotes)
          if (!silent.has(remote.index) && remote.member) membership.heard(remote, nowMs);
        state.asked = undefined;
        membership.check(viewChange, undefined);
      }
      return state.asked;
    },
    /** The caller does not look until then. */
    sleepTo(toMs: number): void {
      nowMs = toMs;
      clock.waitTo(nowMs);
      membership.check(viewChange, undefined);
    },
    /** The first look by `toMs` at which a view is wanted that fits. */
    firstMs(toMs: number, fits: (wanted: WantedView) => boolean): number | undefined {
      while (nowMs < toMs) {
        const wanted = scene.runTo(nowMs + 20);
        if (wanted !== undefined && fits(wanted)) return nowMs;
      }
      return undefined;
    },
  };
  return scene;
}

test('who is heard within the last 100 ms is heard', () => {
  const scene = sceneOf();
  scene.runTo(1000);
  expect(scene.membership.hears).toBe(0b110);
  scene.silent.add(2);
  scene.runTo(1080);
  expect(scene.membership.hears).toBe(0b110);
  scene.runTo(1100);
  expect(scene.membership.hears).toBe(0b010);
});

test('a silent player is told of once as late, and how long it was silent when it is back', () => {
  const scene = sceneOf();
  scene.runTo(1000);
  scene.silent.add(2);
  scene.runTo(1240);
  expect(scene.told).toEqual([]);
  scene.runTo(1700);
  expect(scene.told).toEqual(['p2 late 260']);
  scene.silent.delete(2);
  scene.runTo(2000);
  expect(scene.told).toEqual(['p2 late 260', 'p2 back 720']);
});

test('a substitute is prepared after half the time, and asked for after all of it', () => {
  const scene = sceneOf();
  scene.runTo(1000);
  scene.silent.add(2);
  expect(scene.firstMs(5000, ({ lateSuspects }) => lateSuspects === 0b100)).toBe(1140);
  expect(scene.firstMs(5000, ({ late }) => late === 0b100)).toBe(1260);
});

test('while another says that it hears the silent one, nobody is late', () => {
  const scene = sceneOf();
  scene.runTo(1000);
  scene.silent.add(2);
  scene.peer(1).hears = 0b100;
  expect(scene.firstMs(2000, ({ lateSuspects }) => lateSuspects !== 0)).toBeUndefined();
  expect(scene.told).toEqual([]);
  // What one says that is silent itself, or hears somebody else, counts for nothing.
  scene.peer(1).hears = 0b011;
  scene.runTo(2020);
  expect(scene.told).toEqual(['p2 late 1020']);
});

test('without substitutes, and with fewer than three players, nobody is substituted', () => {
  for (const rules of [{ substitutes: false }, { players: 2 }]) {
    const scene = sceneOf(rules);
    scene.runTo(1000);
    scene.silent.add(1);
    expect(scene.firstMs(3500, ({ late, lateSuspects }) => (late | lateSuspects) !== 0)).toBeUndefined();
    expect(scene.told).toEqual(['p1 late 260']);
  }
});

test('a removal is prepared a second before the time is over, and asked for when it is', () => {
  const scene = sceneOf();
  scene.runTo(1000);
  scene.silent.add(2);
  expect(scene.firstMs(9000, ({ suspects }) => suspects === 0b100)).toBe(3020);
  expect(scene.state.asked?.lost).toBe(0);
  expect(scene.firstMs(9000, ({ lost }) => lost === 0b100)).toBe(4020);
});

test('who is vouched for is alive until that long after', () => {
  const scene = sceneOf();
  scene.runTo(1000);
  scene.silent.add(2);
  scene.runTo(2000);
  scene.membership.vouched(0b100, undefined, 2000);
  // It was heard at most 100 ms before it was said.
  expect(scene.firstMs(9000, ({ lost }) => lost === 0b100)).toBe(4920);
});

test('the word of one that is far away is as old as its way', () => {
  const scene = sceneOf();
  scene.runTo(1000);
  scene.silent.add(2);
  scene.runTo(2000);
  scene.peer(1).helloRttMs = 400;
  scene.membership.vouched(0b100, scene.peer(1), 2000);
  expect(scene.firstMs(9000, ({ lost }) => lost === 0b100)).toBe(4720);
});

test('a closed link is a loss at once if nobody vouched of late, and none while others do', () => {
  const scene = sceneOf();
  scene.runTo(1000);
  scene.peer(2).linkChanged('closed', 1000, false);
  expect(scene.firstMs(2000, ({ lost }) => lost === 0b100)).toBe(1020);
  const vouched = sceneOf();
  vouched.runTo(1000);
  vouched.membership.vouched(0b100, undefined, 1000);
  vouched.peer(2).linkChanged('closed', 1000, false);
  vouched.silent.add(2);
  expect(vouched.firstMs(3000, ({ lost }) => lost === 0b100)).toBe(1600);
});

test('a goodbye waits for the last inputs a quarter of a second', () => {
  const scene = sceneOf();
  scene.runTo(1000);
  scene.peer(2).noteGoodbye(50, 1000);
  scene.silent.add(2);
  expect(scene.firstMs(3000, ({ lost }) => lost === 0b100)).toBe(1260);
  expect(scene.membership.gone).toBe(0b100);
  const complete = sceneOf();
  complete.runTo(1000);
  complete.peer(2).noteGoodbye(0, 1000);
  expect(complete.firstMs(3000, ({ lost }) => lost === 0b100)).toBe(1020);
});

test('the last two: who loses the other decides alone; among three that is for the agreement', () => {
  const two = sceneOf({ players: 2 });
  two.runTo(1000);
  two.silent.add(1);
  two.runTo(4020);
  expect(two.membership.gone).toBe(0b10);
  const three = sceneOf();
  three.runTo(1000);
  three.silent.add(1);
  three.runTo(4020);
  expect(three.membership.gone).toBe(0);
});

test('with onLost pause nobody is removed: the match waits as long as it takes', () => {
  const scene = sceneOf({ onLost: 'pause', substitutes: false });
  scene.runTo(1000);
  scene.silent.add(2);
  const wanted = scene.runTo(4020);
  expect(wanted).toMatchObject({ suspects: 0, lost: 0 });
  expect(scene.told).toEqual(['p2 late 260', 'paused']);
  scene.runTo(90_000);
  expect(scene.told).toHaveLength(2);
  scene.silent.delete(2);
  scene.runTo(90_020);
  expect(scene.told.slice(2)).toEqual(['p2 back 89020', 'running']);
});

test('too few to agree wait, and give up 30 s later', () => {
  const scene = sceneOf({ substitutes: false });
  scene.runTo(1000);
  for (const index of [1, 2]) scene.silent.add(index);
  scene.state.able = false;
  scene.runTo(4000);
  // Suspicion alone is no lack of anybody.
  expect(scene.told).toEqual(['p1 late 260', 'p2 late 260']);
  scene.runTo(4020);
  expect(scene.told.slice(2)).toEqual(['no-quorum']);
  scene.runTo(34_020);
  expect(scene.told.slice(3)).toEqual([]);
  scene.runTo(34_040);
  expect(scene.told.slice(3)).toEqual(['gave up no-quorum']);
});

test('a watcher that is lost is let go by each alone, and is seen again', () => {
  const scene = sceneOf({ watchers: 1 });
  scene.runTo(1000);
  scene.silent.add(3);
  scene.runTo(4000);
  expect(scene.told).toEqual(['p3 late 260']);
  scene.runTo(4020);
  expect([scene.told.at(-1), scene.peer(3).member, scene.peer(3).isOutOfSight]).toEqual([
    'p3 lost',
    false,
    true,
  ]);
  scene.membership.sawAgain(scene.peer(3));
  expect([scene.told.at(-1), scene.peer(3).member, scene.peer(3).isOutOfSight]).toEqual([
    'p3 again',
    true,
    false,
  ]);
});

test.each<[string, Partial<RemotePeer>]>([
  ['lacks what our log no longer has', { isDeaf: true }],
  ['asked to join anew', { isReborn: true }],
])('a watcher that %s is let go at once, and not seen again as it was', (_what, about) => {
  const scene = sceneOf({ watchers: 1 });
  scene.runTo(1000);
  Object.assign(scene.peer(3), about);
  scene.runTo(1020);
  expect([scene.told, scene.peer(3).isOutOfSight]).toEqual([['p3 lost'], false]);
});

test('a newcomer that is lost while it fetches, and a watcher that leaves, are not seen again', () => {
  const scene = sceneOf({ watchers: 2 });
  scene.runTo(1000);
  scene.peer(3).isFetching = true;
  scene.silent.add(3);
  scene.peer(4).noteGoodbye(0, 1000);
  scene.runTo(4020);
  expect(scene.told.filter((it) => !it.includes('late'))).toEqual(['p4 left', 'p3 lost']);
  expect([scene.peer(3).isOutOfSight, scene.peer(4).isOutOfSight]).toEqual([false, false]);
});

test('a substituted member that is lost is dropped, and kept with onLost pause unless it says goodbye', () => {
  for (const [onLost, dropped] of [
    ['vacate', 0b100],
    ['pause', 0],
  ] as const) {
    const scene = sceneOf({ onLost });
    scene.peer(2).logs[0]?.change(10, 'substitute');
    scene.runTo(1000);
    scene.silent.add(2);
    scene.runTo(4000);
    expect(scene.membership.dropped).toBe(0);
    scene.runTo(4020);
    expect(scene.membership.dropped).toBe(dropped);
    scene.peer(2).noteGoodbye(0, 4020);
    scene.runTo(4040);
    expect(scene.membership.dropped).toBe(0b100);
  }
});

test('after a sleep of this machine nobody is late for a moment: what the others sent may still wait', () => {
  const scene = sceneOf();
  scene.runTo(1000);
  for (const index of [1, 2]) scene.silent.add(index);
  scene.sleepTo(2000);
  expect(scene.firstMs(3000, ({ lateSuspects }) => lateSuspects !== 0)).toBe(2160);
  // A short gap is no sleep.
  const awake = sceneOf();
  awake.runTo(1000);
  for (const index of [1, 2]) awake.silent.add(index);
  awake.sleepTo(1200);
  expect(awake.state.asked?.lateSuspects).toBe(0b110);
});

test('time that a slow player held the match up counts, is forgiven slowly, and is bounded', () => {
  const scene = sceneOf();
  const slow = scene.peer(2);
  slow.isSlow = true;
  const wait = (fromMs: number, toMs: number, waits: boolean): void => {
    for (let nowMs = fromMs; nowMs < toMs; nowMs += 20) {
      scene.runTo(nowMs + 20);
      scene.membership.noteWaiting(waits, 0, NO_FRAME);
    }
  };
  wait(0, 200, true);
  expect([slow.heldUpMs, scene.peer(1).heldUpMs + 0]).toEqual([200, 0]);
  wait(200, 300, false);
  expect(slow.heldUpMs).toBeCloseTo(180);
  wait(300, 360, true);
  expect([slow.heldUpMs, scene.membership.slow]).toEqual([240, 0]);
  wait(360, 400, true);
  scene.runTo(420);
  expect([scene.membership.slow, scene.state.asked?.late]).toEqual([0b100, 0b100]);
  wait(420, 2000, true);
  expect(slow.heldUpMs).toBe(500);
  // Somebody hears it and rejects the substitution: what was held against it is forgotten.
  scene.membership.denied(0b010, 2000);
  expect(slow.heldUpMs).toBe(500);
  scene.membership.denied(0b100, 2000);
  expect(slow.heldUpMs).toBe(0);
});

test('a player whose path is slow, or whose inputs an agreement holds back, holds nobody up', () => {
  const scene = sceneOf();
  const wait = (toMs: number): void => {
    for (let nowMs = toMs - 200; nowMs < toMs; nowMs += 20) {
      scene.runTo(nowMs + 20);
      scene.membership.noteWaiting(true, 0, NO_FRAME);
    }
  };
  wait(200);
  expect(scene.peer(2).heldUpMs + 0).toBe(0);
  scene.peer(2).bringsNothing = true;
  wait(400);
  expect(scene.peer(2).heldUpMs).toBe(200);
  const [log] = scene.peer(2).logs;
  if (log !== undefined) log.received = 1;
  wait(600);
  expect(scene.peer(2).heldUpMs).toBeCloseTo(160);
  if (log !== undefined) log.limit = 1;
  wait(800);
  expect(scene.peer(2).heldUpMs).toBeCloseTo(160);
});

test('who is waited for is told: players whose inputs stop', () => {
  const scene = sceneOf({ watchers: 1 });
  const [log] = scene.peer(1).logs;
  if (log !== undefined) log.received = 30;
  expect(scene.membership.waitingFor(29)).toEqual(['p2']);
  expect(scene.membership.waitingFor(30)).toEqual(['p1', 'p2']);
});
