/** What arrives, and whose sign of life it is: one way in against a match made by hand. */
import { MESSAGE_BYTES_MAX } from '../../../sdk/src/base/limits.js';
import { MatchClock } from '../../../sdk/src/session/match-clock.js';
import { type IntakeOptions, PacketIntake } from '../../../sdk/src/session/packet-intake.js';
import { RemotePeer } from '../../../sdk/src/session/remote-peer.js';
import type { SessionPhase } from '../../../sdk/src/session/session-types.js';
import { SlotLog } from '../../../sdk/src/session/slot-log.js';
import {
  CLOCK_UNKNOWN,
  createFrameHeader,
  type FrameHeader,
  STAMP_NONE,
} from '../../../sdk/src/wire/frame-packet.js';
import {
  encodeGo,
  encodeGoodbye,
  encodeHello,
  encodeStranger,
  WIRE_VERSION,
} from '../../../sdk/src/wire/handshake-message.js';
import { encodeJoinReply } from '../../../sdk/src/wire/join-messages.js';
import { encodePace } from '../../../sdk/src/wire/pace-message.js';
import { encodeForward, encodeViewMessage } from '../../../sdk/src/wire/view-messages.js';
import { BODY, message } from './view-scene.js';

const KEY = 77;
/** Inputs as the exchange of these tests takes them: it looks at the first byte alone. */
const FRAMES = Uint8Array.of(0, 0, 0, 0);
const BROKEN = Uint8Array.of(3, 0, 0, 0);

/** Peer 1 of three, in view 5, with players 0 and 2 and a watcher; everything it does with what arrives is noted. */
function sceneOf() {
  const clock = new MatchClock({ nowMs: 0, framesPerSecond: 50, peerCount: 4, windowFrames: 8 });
  const shape = { matchKey: KEY, senderSlots: 1, cellBytes: 1, vectorLength: 4 };
  const remotes = [0, 2, 3].map(
    (index) =>
      new RemotePeer(`p${index}`, index, index === 3 ? [] : [new SlotLog(index, index, 1)], shape, 0),
  ) as [RemotePeer, RemotePeer, RemotePeer];
  const noted: string[] = [];
  const header = createFrameHeader();
  const about = { bringsFrames: false, isOvertaken: false, isOfThisMatch: true, contradicts: false };
  const intake = new PacketIntake({
    ...{ matchKey: KEY, clock, cellBytes: 1, selfIndex: 1 },
    timeline: { frameConfirmed: 10, simulation: { frame: 12 } },
    exchange: {
      get isOvertaken() {
        return about.isOvertaken;
      },
      apply: (remote: RemotePeer, bytes: Uint8Array) => {
        const [log] = remote.logs;
        if (about.bringsFrames && log !== undefined) log.received += 1;
        return bytes[0] === 0 ? header : undefined;
      },
    },
    handshake: {
      receiveHello: ({ index }: RemotePeer) => void noted.push(`hello of ${index}`),
      isOfThisMatch: () => about.isOfThisMatch,
      receiveGo: (waitMs: number) => {
        noted.push(`go in ${waitMs}`);
        return true;
      },
      startFromPeer: (ms: number) => noted.push(`start ${ms} ms ago`),
    },
    check: { receive: (_remote: RemotePeer, _frame: number, hash: number) => hash === 9 },
    desk: {
      receive: (from: string, bytes: Uint8Array) => noted.push(`join of ${from}`) > 0 && bytes.length > 5,
    },
    council: {
      viewId: 5,
      membership: {
        heard: ({ index }: RemotePeer) => noted.push(`heard ${index}`),
        sawAgain: ({ index }: RemotePeer) => noted.push(`saw ${index} again`),
        vouched: (mask: number, { index }: RemotePeer) => noted.push(`${index} vouches for ${mask}`),
      },
      planner: { heardWish: (pace: string) => noted.push(`wish to ${pace}`) },
      notKnown: ({ index }: RemotePeer, viewId: number) => noted.push(`unknown to ${index} in ${viewId}`),
      peerAt: (index: number) => remotes.find((remote) => remote.index === index),
      passOn: ({ index }: RemotePeer) => noted.push(`pass on to ${index}`),
      viewChange: {
        viewId: 5,
        receive: (from: number, { kind, viewId }: { kind: string; viewId: number }) =>
          noted.push(`${kind} of ${viewId} by ${from}`),
        branches: { contradicts: () => about.contradicts },
      },
    },
  } as unknown as IntakeOptions);
  return {
    ...{ about, header, intake, remotes },
    /** What follows of a packet. */
    take: (bytes: Uint8Array, from = 0, at: { nowMs?: number; phase?: SessionPhase } = {}): string[] => {
      noted.length = 0;
      intake.take(remotes[from] as RemotePeer, bytes, at.nowMs ?? 100, at.phase ?? 'running');
      return [...noted];
    },
    set: (change: Partial<FrameHeader>) => Object.assign(header, { clock: CLOCK_UNKNOWN }, change),
  };
}

const commit = (viewId: number): Uint8Array =>
  encodeViewMessage(message('commit', 0, { viewId, body: BODY }), KEY);

test('inputs of a member are a sign of life and counted; what is not understood is counted alone', () => {
  const { take, remotes } = sceneOf();
  expect(take(FRAMES)).toEqual(['heard 0']);
  expect([remotes[0].bytesReceived, remotes[0].packetsReceived, remotes[0].malformed]).toEqual([4, 1, 0]);
  for (const bytes of [
    BROKEN,
    new Uint8Array(0),
    Uint8Array.of(0xfe, 1, 2),
    new Uint8Array(MESSAGE_BYTES_MAX + 1),
  ])
    expect(take(bytes)).toEqual([]);
  expect([remotes[0].bytesReceived, remotes[0].packetsReceived, remotes[0].malformed]).toEqual([4, 1, 4]);
});

test('of a message as long as may be the bytes are looked at', () => {
  const { take, remotes } = sceneOf();
  expect(take(new Uint8Array(MESSAGE_BYTES_MAX))).toEqual(['heard 0']);
  expect(remotes[0].malformed).toBe(0);
});

test('after the end nothing counts, and of a flood nothing beyond what may come', () => {
  const { take, remotes } = sceneOf();
  expect(take(FRAMES, 0, { phase: 'ended' })).toEqual([]);
  expect(remotes[0].packetsReceived).toBe(0);
  for (let packet = 0; packet < 10_000; packet += 1) take(FRAMES);
  expect(remotes[0].flooded + remotes[0].packetsReceived).toBe(10_000);
  expect([remotes[0].flooded > 3000, remotes[0].malformed]).toEqual([true, 0]);
});

test('one that is no member any more is told so once a second at most, and may tell us of a view', () => {
  const { take, remotes } = sceneOf();
  const [zombie] = remotes;
  zombie.member = false;
  expect([take(FRAMES), zombie.isBehind, zombie.packetsReceived]).toEqual([[], true, 0]);
  zombie.isBehind = false;
  zombie.catchUpAtMs = 100;
  take(FRAMES, 0, { nowMs: 1099 });
  expect(zombie.isBehind).toBe(false);
  take(FRAMES, 0, { nowMs: 1100 });
  expect(zombie.isBehind).toBe(true);
  expect(take(commit(9))).toEqual(['commit of 9 by 0']);
});

test('one that was out of sight is there again by inputs over an open link, by nothing else', () => {
  const { take, remotes } = sceneOf();
  const watcher = remotes[2];
  const lose = (linkOpen: boolean): void =>
    void Object.assign(watcher, { member: false, isOutOfSight: true, linkOpen });
  lose(false);
  expect(take(FRAMES, 2)).toEqual([]);
  lose(true);
  expect(take(encodePace('pause', KEY), 2)).toEqual([]);
  expect(take(BROKEN, 2)).toEqual([]);
  expect(take(FRAMES, 2)).toEqual(['saw 3 again', 'heard 3']);
});

test('messages of a view change are no sign of life, and broken ones are counted', () => {
  const { take, remotes } = sceneOf();
  expect(take(commit(6), 1)).toEqual(['commit of 6 by 2']);
  const broken = commit(6);
  broken[9] = 1 ^ (broken[9] as number);
  expect([take(broken, 1), remotes[1].malformed]).toEqual([[], 1]);
});

test('a commit of a voter that was followed already says nothing, unless it contradicts that or is of a watcher', () => {
  const { take, about } = sceneOf();
  expect([take(commit(5)), take(commit(4))]).toEqual([[], []]);
  expect(take(commit(5), 2)).toEqual(['commit of 5 by 3']);
  about.contradicts = true;
  expect(take(commit(5))).toEqual(['commit of 5 by 0']);
});

test('what is for somebody else is passed on, what is for us is taken as of its sender', () => {
  const { take, remotes } = sceneOf();
  const forward = (from: number, to: number): Uint8Array =>
    encodeForward({ from, to, message: commit(6) }, KEY);
  expect(take(forward(0, 2))).toEqual(['pass on to 2']);
  expect(take(forward(2, 1))).toEqual(['commit of 6 by 2']);
  expect(take(forward(0, 7))).toEqual([]);
  expect(take(forward(7, 1))).toEqual([]);
  expect(remotes[0].malformed).toBe(2);
});

test('a greeting counts before the match begins, and as life only from one that has not played in it', () => {
  const hello = encodeHello({
    ...{ match: 1, game: 2, version: 3, schema: 4, config: 5, wireVersion: WIRE_VERSION, flags: 0 },
    ...{ stampMs: 0, hasEcho: false, echoMs: 0, heldMs: 0 },
  });
  const { take, about, remotes } = sceneOf();
  expect(take(hello, 0, { phase: 'handshake' })).toEqual(['hello of 0', 'heard 0']);
  expect(take(hello)).toEqual(['heard 0']);
  about.isOfThisMatch = false;
  expect(take(hello)).toEqual([]);
  about.isOfThisMatch = true;
  take(FRAMES);
  expect(take(hello)).toEqual([]);
  expect(remotes[0].malformed).toBe(0);
});

test('only the first peer says when it begins', () => {
  const { take, remotes } = sceneOf();
  expect(take(encodeGo(40, KEY), 0)).toEqual(['go in 40', 'heard 0']);
  expect([take(encodeGo(40, KEY), 1), remotes[1].malformed]).toEqual([[], 1]);
  expect([take(encodeGo(40, KEY + 1), 0), remotes[0].malformed]).toEqual([[], 1]);
});

test('goodbyes, wishes and the word that we are unknown reach those who act on them', () => {
  const { take, remotes } = sceneOf();
  expect(take(encodeGoodbye(30, KEY))).toEqual(['heard 0']);
  expect(remotes[0].goodbyeFrame).toBe(30);
  expect([take(encodeGoodbye(-1, KEY), 1), remotes[1].goodbyeFrame, remotes[1].malformed]).toEqual([
    [],
    -1,
    1,
  ]);
  expect(take(encodePace('resume', KEY))).toEqual(['wish to resume', 'heard 0']);
  // Who only watches has no say.
  expect(take(encodePace('resume', KEY), 2)).toEqual(['heard 3']);
  expect(take(encodeStranger(8, KEY))).toEqual(['unknown to 0 in 8']);
});

test('what a newcomer asks is for the desk, and a sign of life of one that was let in and fetches', () => {
  const { take, remotes } = sceneOf();
  const reply = encodeJoinReply({ nonce: 1, status: 'wait' });
  expect(take(reply)).toEqual(['join of p0']);
  remotes[0].isFetching = true;
  expect(take(reply)).toEqual(['join of p0', 'heard 0']);
  expect([take(reply.slice(0, 4)), remotes[0].malformed]).toEqual([['join of p0'], 1]);
  remotes[0].member = false;
  expect(take(reply)).toEqual(['join of p0']);
  // Its own inputs end the fetching.
  remotes[0].member = true;
  take(FRAMES);
  expect(remotes[0].isFetching).toBe(false);
});

test('a hash that is refused makes the packet a wrong one', () => {
  const { take, set, remotes } = sceneOf();
  set({ hasHash: true, hash: 9 });
  expect(take(FRAMES)).toEqual(['heard 0']);
  set({ hasHash: true, hash: 8 });
  expect([take(FRAMES), remotes[0].malformed]).toEqual([[], 1]);
});

test('whether a peer brings anything, and whether it is slow itself, shows in its packets', () => {
  const { take, set, about, remotes } = sceneOf();
  const [remote] = remotes;
  take(FRAMES);
  expect(remote.bringsNothing).toBe(true);
  about.bringsFrames = true;
  take(FRAMES);
  expect(remote.bringsNothing).toBe(false);
  // What came too late to say anything leaves it.
  about.bringsFrames = false;
  about.isOvertaken = true;
  take(FRAMES);
  expect(remote.bringsNothing).toBe(false);
  const isSlow = (change: Partial<FrameHeader>): boolean => {
    set(change);
    take(FRAMES);
    return remote.isSlow;
  };
  expect(isSlow({ count: 2, stamp: 255 })).toBe(true);
  expect(isSlow({ count: 2, stamp: 256 })).toBe(false);
  expect(isSlow({ count: 2, stamp: STAMP_NONE })).toBe(true);
  expect(isSlow({ count: 2, stamp: 300 })).toBe(false);
  // Without inputs it says nothing.
  expect(isSlow({ count: 0, stamp: 0 })).toBe(false);
});

test('a report says whom it hears, where it is and which view it knows', () => {
  const { take, set, remotes, intake } = sceneOf();
  const [remote] = remotes;
  const report = { hasReport: true, vectorLength: 4, hears: 0b0101, received16: 20, delayFrames: 3 };
  set({ ...report, view8: 5 });
  expect(take(FRAMES)).toEqual(['0 vouches for 5', 'heard 0']);
  expect([remote.hears, remote.reported, remote.view8, remote.delayFrames, remote.isBehind]).toEqual([
    ...[5, true, 5, 3, false],
  ]);
  expect(intake.clocksRenewed).toBe(false);
  set({ ...report, view8: 4 });
  remote.catchUpAtMs = 100;
  take(FRAMES, 0, { nowMs: 399 });
  expect(remote.isBehind).toBe(false);
  take(FRAMES, 0, { nowMs: 400 });
  expect(remote.isBehind).toBe(true);
  set({ ...report, view8: 5, clock: 7 });
  take(FRAMES);
  expect(intake.clocksRenewed).toBe(true);
  // One without a vector says nothing of others.
  set({ ...report, vectorLength: 0 });
  expect(take(FRAMES)).toEqual(['heard 0']);
});

test('who is late to begin begins from the frames of who has begun', () => {
  const { take, set, remotes } = sceneOf();
  set({ stamp: 64 * 8, frame16: 10 });
  expect(take(FRAMES, 0, { phase: 'handshake' })).toEqual(['start 200 ms ago', 'heard 0']);
  set({ stamp: 64 * 3, frame16: 10 });
  expect(take(FRAMES, 0, { phase: 'handshake' })).toEqual(['start 300 ms ago', 'heard 0']);
  // Frames have 16 bits: what they mean follows from the newest known, in either direction.
  for (const [newestFrame, frame16, frame] of [
    [65_530, 10, 65_546],
    [65_546, 65_530, 65_530],
  ] as const) {
    remotes[0].newestFrame = newestFrame;
    set({ stamp: 64 * 8, frame16 });
    expect(take(FRAMES, 0, { phase: 'handshake' })[0]).toBe(`start ${frame * 20} ms ago`);
  }
  set({ stamp: STAMP_NONE });
  expect(take(FRAMES, 0, { phase: 'handshake' })).toEqual(['heard 0']);
});
