/** What a newcomer is given: of which frame, from when on, and what stands beside the state. */
import { HASH_FRAMES_KEPT, LOG_FRAMES_KEPT } from '../../../sdk/src/base/limits.js';
import { hashBytes } from '../../../sdk/src/base/state-hash.js';
import { collectStepLog } from '../../../sdk/src/session/log-replay.js';
import { NO_FRAME } from '../../../sdk/src/session/slot-log.js';
import type { Manifest } from '../../../sdk/src/wire/join-manifest.js';
import { encodeStepLog } from '../../../sdk/src/wire/step-log.js';
import { CONFIRMED, deskOf } from './desk-scene.js';

const LATER = CONFIRMED + 10;

/** What the manifest says of the peers, and by which JOIN they came. */
const rollOf = ({ peers, config }: Manifest): string[] =>
  peers.map(
    ({ id, isMember, joinNumber }, at) =>
      `${id}${isMember ? '' : ' out'} ${joinNumber} by ${(config['nonces'] as number[])[at]}`,
  );

test('the state of the promised frame is asked for, kept once it is confirmed, and offered once it is final', () => {
  const { join, desk, letIn, saysAt, fetch, timeline, state } = deskOf();
  join('n');
  letIn('n', LATER);
  expect(timeline.captureAt).toBe(LATER);
  fetch('n');
  timeline.frameConfirmed = LATER;
  desk.capture(LATER);
  expect(timeline.captureAt).toBe(NO_FRAME);
  state.final = LATER - 1;
  expect(saysAt(20)).toEqual(['admitted > n']);
  state.final = LATER;
  expect(saysAt(40)).toEqual([`manifest of state ${LATER} > n bulk`]);
  expect(saysAt(60)).toEqual([]);
});

test('the frame that comes first is kept first', () => {
  const { desk, letIn, timeline, state, fetch, saysAt, manifests } = deskOf();
  letIn('n', LATER + 5);
  letIn('m', LATER);
  expect(timeline.captureAt).toBe(LATER);
  desk.capture(LATER);
  expect(timeline.captureAt).toBe(LATER + 5);
  desk.capture(LATER + 5);
  expect(timeline.captureAt).toBe(NO_FRAME);
  state.final = LATER + 5;
  for (const peer of ['n', 'm']) fetch(peer);
  for (const nowMs of [0, 20]) saysAt(nowMs);
  expect(new Set(manifests.map(({ frame, bytesHash }) => `${frame} ${bytesHash}`))).toEqual(
    new Set([LATER, LATER + 5].map((frame) => `${frame} ${hashBytes(Uint8Array.of(frame & 0xff, 0))}`)),
  );
});

test('a frame that is confirmed already is kept at once, and nothing is promised of one that is gone', () => {
  const { bring, letIn, saysAt, fetch, timeline, join } = deskOf();
  bring('n');
  expect(timeline.captureAt).toBe(NO_FRAME);
  fetch('n');
  expect(saysAt(20)).toContain(`manifest of state ${CONFIRMED} > n bulk`);
  join('m');
  letIn('m', CONFIRMED - 61);
  expect(timeline.captureAt).toBe(NO_FRAME);
  fetch('m');
  expect(saysAt(40)).toEqual(['admitted > m']);
});

test('views that let nobody in keep no state, and who came in itself promises itself nothing', () => {
  const { desk, timeline } = deskOf();
  desk.applied([], LATER, 1);
  desk.applied([{ index: 0, peer: 'p0', nonce: 5 }], LATER, 2);
  expect(timeline.captureAt).toBe(NO_FRAME);
  // A state would be copied if it were asked for: none of this frame is kept.
  timeline.simulation.copyOf = () => {
    throw new Error('nobody came in');
  };
  desk.applied([], CONFIRMED, 3);
});

test('a manifest says what all members know of the match at that frame', () => {
  const { bring, fetch, saysAt, manifests, logs } = deskOf();
  logs[2]?.change(50, 'substitute');
  bring('n');
  fetch('n');
  saysAt(0);
  const [manifest] = manifests;
  expect(manifest).toMatchObject({
    ...{ matchKey: 1, seed: 5, viewId: 1, frame: CONFIRMED, stateHash: CONFIRMED * 2 },
    ...{ inputBytes: 1, isPaused: false, isLog: false, byteLength: 2 },
    config: {
      ...{ policy: { onLost: 'vacate' }, framesPerSecond: 50, options: { map: 'x' }, playerCount: 3 },
    },
  });
  expect(rollOf(manifest as Manifest)).toEqual(['p0 0 by 0', 'p1 0 by 0', 'p2 0 by 0', 'n 1 by 7']);
  expect(manifest?.slots.map(({ control }) => control)).toEqual(['owner', 'owner', 'substitute', 'vacant']);
});

test('while the match is paused a newcomer begins in the view before, with what was so then', () => {
  const { desk, bring, letIn, fetch, saysAt, manifests, timeline, join, state } = deskOf();
  bring('n');
  desk.paused(6);
  timeline.pausedAt = CONFIRMED;
  for (const [peer, nonce] of [
    ['m', 8],
    ['o', 9],
  ] as const) {
    join(peer, { nonce });
    letIn(peer, CONFIRMED, nonce);
    // Told of twice, it pauses once.
    desk.paused(6);
  }
  state.keepsPace = false;
  for (const [peer, nonce] of [
    ['m', 8],
    ['o', 9],
  ] as const)
    fetch(peer, { nonce });
  saysAt(0);
  saysAt(20);
  expect(manifests.map(({ isPaused, viewId }) => `${isPaused} ${viewId}`)).toEqual(['true 5', 'true 5']);
  expect(rollOf(manifests[0] as Manifest).slice(3)).toEqual(['n 1 by 7', 'm out 0 by 0']);
  expect(rollOf(manifests[1] as Manifest).slice(3)).toEqual(['n 1 by 7', 'm out 0 by 0', 'o out 0 by 0']);
});

test('who came in during a pause tells the next newcomer what it was told itself', () => {
  const { desk, letIn, fetch, saysAt, manifests, timeline, join, state } = deskOf();
  timeline.pausedAt = CONFIRMED;
  state.final = CONFIRMED;
  const peers = [
    { id: 'p0', isMember: true, joinNumber: 2 },
    { id: 'p1', isMember: true, joinNumber: 0 },
    { id: 'p2', isMember: false, joinNumber: 1 },
  ];
  desk.startFrom({ peers, nonces: [3, 0, 4] }, 8, 55);
  // The view that paused the match comes after the one it began in.
  desk.paused(9);
  join('n');
  letIn('n', CONFIRMED);
  fetch('n');
  saysAt(0);
  expect(manifests[0]?.viewId).toBe(8);
  expect(rollOf(manifests[0] as Manifest)).toEqual([
    ...['p0 2 by 3', 'p1 0 by 0', 'p2 out 1 by 4', 'n out 0 by 0'],
  ]);
});

test('a frame that is taken back is kept anew when it is confirmed again', () => {
  const { desk, bring, fetch, saysAt, manifests, timeline, state, letIn } = deskOf();
  bring('n');
  letIn('m', CONFIRMED - 5);
  state.final = CONFIRMED - 5;
  state.branch = 1;
  desk.rewound(CONFIRMED);
  expect(timeline.captureAt).toBe(NO_FRAME);
  desk.rewound(CONFIRMED - 1);
  expect(timeline.captureAt).toBe(CONFIRMED);
  fetch('n');
  state.final = CONFIRMED;
  expect(saysAt(0)).toEqual(['admitted > n']);
  desk.capture(CONFIRMED);
  expect(saysAt(20)).toEqual([`manifest of state ${CONFIRMED} > n bulk`]);
  expect(manifests[0]?.stateHash).toBe(CONFIRMED * 2 + 1);
});

test('who has the state, or its slots, or is gone is offered nothing more', () => {
  const fetchesAfter = (prepare: (scene: ReturnType<typeof deskOf>) => void): string[] => {
    const scene = deskOf();
    scene.state.keepsPace = false;
    scene.bring('n');
    scene.saysAt(0);
    prepare(scene);
    scene.saysAt(20);
    scene.fetch('n');
    return scene.saysAt(40);
  };
  expect(fetchesAfter(() => undefined)).toEqual([`manifest of state ${CONFIRMED} > n bulk`]);
  expect(fetchesAfter(({ peer }) => Object.assign(peer('n'), { isFetching: false }))).toEqual([]);
  expect(fetchesAfter(({ peer }) => Object.assign(peer('n'), { member: false }))).not.toContain(
    `manifest of state ${CONFIRMED} > n bulk`,
  );
  expect(fetchesAfter(({ desk }) => desk.seated('n'))).toEqual([]);
});

/** What one that held a state of that frame is answered. */
function answerTo(
  held: { frame: number; stateHash?: number },
  prepare: (scene: ReturnType<typeof deskOf>) => void = () => undefined,
): string | undefined {
  const scene = deskOf();
  prepare(scene);
  scene.join('n', { held: { stateHash: held.frame * 2, ...held } });
  scene.letIn('n', CONFIRMED);
  return scene.saysAt(0)[0]?.replace(' > n', '');
}

test('who held a state of this match is told that what was stepped since is known', () => {
  expect(answerTo({ frame: CONFIRMED - 90 })).toBe(`delta ${CONFIRMED - 90}`);
  expect(answerTo({ frame: CONFIRMED })).toBe(`delta ${CONFIRMED}`);
  expect(answerTo({ frame: CONFIRMED + 1 })).toBe('admitted');
  expect(answerTo({ frame: CONFIRMED - 90, stateHash: 9 })).toBe('admitted');
  expect(answerTo({ frame: CONFIRMED - LOG_FRAMES_KEPT })).toBe(`delta ${CONFIRMED - LOG_FRAMES_KEPT}`);
  expect(answerTo({ frame: CONFIRMED - LOG_FRAMES_KEPT - 1 })).toBe('admitted');
});

test('of states whose hash is no longer known, or never was, the hash does not count', () => {
  const wrong = (frame: number) => ({ frame, stateHash: 9 });
  const first = CONFIRMED - HASH_FRAMES_KEPT;
  expect([answerTo(wrong(first)), answerTo(wrong(first + 1))]).toEqual([`delta ${first}`, 'admitted']);
  // This member came in itself, with a state and what was stepped before it.
  const came = ({ timeline }: ReturnType<typeof deskOf>): void =>
    void Object.assign(timeline, { frameStart: CONFIRMED - 50, inputsStart: CONFIRMED - 80 });
  expect([49, 50, 51, 80, 81].map((age) => answerTo(wrong(CONFIRMED - age), came))).toEqual([
    'admitted',
    'admitted',
    `delta ${CONFIRMED - 51}`,
    `delta ${CONFIRMED - 80}`,
    'admitted',
  ]);
});

test('what was stepped since its own state is offered to who held one, and to nobody else', () => {
  const { join, letIn, fetch, saysAt, manifests, logs, timeline, state } = deskOf();
  state.final = CONFIRMED;
  const held = { frame: CONFIRMED - 20, stateHash: (CONFIRMED - 20) * 2 };
  join('n', { held });
  join('m');
  for (const peer of ['n', 'm']) letIn(peer, CONFIRMED);
  saysAt(0);
  for (const peer of ['n', 'm']) fetch(peer, { isLog: true });
  expect(saysAt(20)).toEqual([`manifest of log to ${CONFIRMED} > n bulk`]);
  const log = collectStepLog(logs, { from: held.frame, to: CONFIRMED, simulated: timeline.simulation.frame });
  expect(manifests[0]?.byteLength).toBe(log && encodeStepLog(log).length);
});

test('a log is no longer offered when what it begins with is unknown by then, or it asks by another JOIN', () => {
  const held = { frame: CONFIRMED - 20, stateHash: (CONFIRMED - 20) * 2 };
  for (const change of ['branch', 'nonce'] as const) {
    const { join, letIn, fetch, saysAt, state } = deskOf();
    state.final = CONFIRMED;
    join('n', { held });
    letIn('n', CONFIRMED);
    saysAt(0);
    if (change === 'branch') state.branch = 1;
    else join('n', { held, nonce: 8 });
    fetch('n', { isLog: true });
    expect(saysAt(20).filter((it) => it.includes('manifest'))).toEqual([]);
  }
});
