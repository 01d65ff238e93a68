/** What is asked for at an agreed frame: a pause that somebody wishes, and slots for members that keep pace again. */
import { MatchClock } from '../../../sdk/src/session/match-clock.js';
import type { Membership } from '../../../sdk/src/session/membership.js';
import { noteSubstitution, Planner } from '../../../sdk/src/session/planner.js';
import { RemotePeer } from '../../../sdk/src/session/remote-peer.js';
import { SlotLog } from '../../../sdk/src/session/slot-log.js';

const FRAME = 100;
const VIEW = 0x1_02;

/** One of three at frame 100, which hears both others; the last of them is substituted and keeps pace. */
function sceneOf() {
  const clock = new MatchClock({ nowMs: 0, framesPerSecond: 60, peerCount: 3, windowFrames: 8 });
  clock.startFrom(FRAME);
  const shape = { matchKey: 1, senderSlots: 1, cellBytes: 1, vectorLength: 3 };
  const remotes = [1, 2].map(
    (index) => new RemotePeer(`p${index}`, index, [new SlotLog(index, index, 1)], shape, 0),
  ) as [RemotePeer, RemotePeer];
  const late = remotes[1];
  late.logs[0]?.change(50, 'substitute');
  late.newestFrame = FRAME;
  late.view8 = VIEW & 0xff;
  noteSubstitution(late, 0);
  const membership = { hears: 0b110, dropped: 0 };
  const said: string[] = [];
  const scene = { isPaused: false, late, membership, said };
  const planner = new Planner({
    ...{ remotes, clock, membership: membership as Membership },
    viewId: () => VIEW,
    isPaused: () => scene.isPaused,
    sayWish: (pace) => said.push(`${pace} at ${clock.nowMs}`),
    guests: () => undefined,
  });
  return Object.assign(scene, {
    planner,
    clock,
    planAt: (nowMs: number) => {
      clock.waitTo(nowMs);
      return planner.next();
    },
    /** The first time, looked at every millisecond, at which the late one should get its slots. */
    returnsAt: (fromMs: number, toMs: number): number | undefined => {
      for (let nowMs = fromMs; nowMs <= toMs; nowMs += 1) {
        clock.waitTo(nowMs);
        if ((planner.next()?.returned ?? 0) !== 0) return nowMs;
      }
      return undefined;
    },
  });
}

test('a wish is said at once, then ten times a second until it is granted', () => {
  const { planner, planAt, said } = sceneOf();
  planner.wish('pause');
  for (let nowMs = 0; nowMs <= 250; nowMs += 10) expect(planAt(nowMs)?.pace).toBe('pause');
  expect(said).toEqual(['pause at 0', 'pause at 100', 'pause at 200']);
});

test('a granted wish is over: the other one may follow at once', () => {
  const scene = sceneOf();
  scene.late.view8 = 0;
  scene.planner.wish('pause');
  scene.planAt(0);
  scene.isPaused = true;
  expect(scene.planAt(100)).toBeUndefined();
  scene.isPaused = false;
  // Somebody else went on; the own player does not wish to pause again.
  expect(scene.planAt(5000)).toBeUndefined();
  expect(scene.said).toEqual(['pause at 0']);
  scene.isPaused = true;
  scene.planner.wish('resume');
  expect(scene.planAt(5001)?.pace).toBe('resume');
  expect(scene.said.at(-1)).toBe('resume at 5001');
});

test('what another player wishes counts for a second after it said so', () => {
  const { planner, planAt, late } = sceneOf();
  late.view8 = 0;
  planner.heardWish('pause', 500);
  expect([1499, 1500, 1501].map((nowMs) => planAt(nowMs)?.pace)).toEqual(['pause', 'pause', undefined]);
});

test('a substituted member gets its slots after 150 ms in which it kept pace', () => {
  const scene = sceneOf();
  expect(scene.returnsAt(0, 1000)).toBe(150);
  expect(scene.planAt(1000)?.returned).toBe(0b100);
});

test('the time begins anew whenever it does not keep pace', () => {
  const scene = sceneOf();
  expect(scene.returnsAt(0, 80)).toBeUndefined();
  scene.late.newestFrame = FRAME - 50;
  expect(scene.returnsAt(81, 100)).toBeUndefined();
  scene.late.newestFrame = FRAME;
  expect(scene.returnsAt(101, 1000)).toBe(250);
});

test('each further substitution doubles the time, up to five seconds', () => {
  const scene = sceneOf();
  const times: (number | undefined)[] = [];
  for (let nowMs = 1000; times.length < 8; nowMs += 20_000) {
    noteSubstitution(scene.late, nowMs);
    const returnedMs = scene.returnsAt(nowMs, nowMs + 9000);
    times.push(returnedMs === undefined ? undefined : returnedMs - nowMs);
  }
  expect(times).toEqual([300, 600, 1200, 2400, 4800, 5000, 5000, 5000]);
});

test('half a minute without one forgives the substitutions before', () => {
  const scene = sceneOf();
  noteSubstitution(scene.late, 30_000);
  expect(scene.returnsAt(30_000, 40_000)).toBe(30_300);
  noteSubstitution(scene.late, 60_001);
  expect(scene.returnsAt(60_001, 70_000)).toBe(60_151);
});

test('a substituted member has held nobody up yet', () => {
  const { late } = sceneOf();
  late.heldUpMs = 200;
  noteSubstitution(late, 10);
  expect(late.heldUpMs).toBe(0);
});

test('to keep pace is to be heard, to stay, to know the newest view and to be no more than six frames behind', () => {
  const scene = sceneOf();
  const { planner, late, membership } = scene;
  const keepsPace = (): boolean => planner.keepsPace(late);
  expect(keepsPace()).toBe(true);
  membership.hears = 0b011;
  expect(keepsPace()).toBe(false);
  membership.hears = 0b100;
  expect(keepsPace()).toBe(true);
  late.view8 = 1;
  expect(keepsPace()).toBe(false);
  late.view8 = VIEW & 0xff;
  late.newestFrame = FRAME - 6;
  expect(keepsPace()).toBe(true);
  late.newestFrame = FRAME - 7;
  expect(keepsPace()).toBe(false);
  // While all wait, nobody is behind.
  scene.isPaused = true;
  expect(keepsPace()).toBe(true);
  late.noteGoodbye(0, 5);
  expect(keepsPace()).toBe(false);
});
