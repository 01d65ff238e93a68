/** Who asks to come in, what a member answers, and what it asks the others for: one desk, looked at from outside. */
import { PEERS_MAX } from '../../../sdk/src/base/limits.js';
import { encodeJoin, encodeJoinReply } from '../../../sdk/src/wire/join-messages.js';
import { ASKS, CONFIRMED, deskOf } from './desk-scene.js';

test('who asks is told of once for each attempt, with no more slots than there are', () => {
  const { join, asked, desk } = deskOf();
  expect([join('n'), join('n'), asked()]).toEqual([true, true, ['n for 1']]);
  join('n', { nonce: 8, slotsWanted: 16 });
  expect(asked()).toEqual(['n for 4']);
  desk.admit('n', undefined);
  join('n', { nonce: 8 });
  expect([asked(), desk.wanted()?.newcomers[0]?.nonce]).toEqual([[], 8]);
});

test('what is for another match is no concern of ours, and what is no message of a join is refused', () => {
  const { join, desk, asked, saysAt } = deskOf();
  expect(join('n', { match: 5 })).toBe(true);
  expect(desk.receive('n', encodeJoin(ASKS).fill(1, 20, 24), 0)).toBe(false);
  expect(desk.receive('n', encodeJoinReply({ nonce: 7, status: 'wait' }), 0)).toBe(false);
  expect([asked(), saysAt(0)]).toEqual([[], []]);
});

test.each([
  [{ wireVersion: 9 }, 'protocol: this match speaks another version of the wire format.'],
  [{ game: 9 }, 'game: this match plays another game.'],
  [{ version: 9 }, 'version: this match runs another version of the game.'],
  [{ schema: 9 }, 'schema: this match has another input or state layout.'],
])('one that does not fit is refused without asking anybody: %j', (part, reason) => {
  const { join, asked, saysAt } = deskOf();
  join('n', part);
  expect([asked(), saysAt(0)]).toEqual([[], [`refused ${reason} > n`]]);
});

test('who asks is answered at once, then every 100 ms if it asks again', () => {
  const { join, saysAt } = deskOf();
  join('n');
  expect(saysAt(20)).toEqual(['wait > n']);
  expect(saysAt(40)).toEqual([]);
  join('n');
  expect([saysAt(119), saysAt(120)]).toEqual([[], ['wait > n']]);
  expect(saysAt(400)).toEqual([]);
  join('n');
  expect(saysAt(401)).toEqual(['wait > n']);
  // Asked in the same moment as it was answered.
  join('n');
  expect(saysAt(501)).toEqual(['wait > n']);
});

test('one that was not heard for ten seconds is forgotten; what it fetches is a sign of life', () => {
  const { join, saysAt, desk, fetch } = deskOf();
  join('n');
  join('m');
  saysAt(5000);
  expect(fetch('m')).toBe(true);
  saysAt(10_000);
  desk.admit('n', 1);
  saysAt(10_001);
  expect(() => desk.admit('n', 1)).toThrow('"n" has not asked to join');
  saysAt(15_000);
  desk.admit('m', 1);
  saysAt(15_001);
  expect(() => desk.refuse('m', 'no')).toThrow('refuseJoin: "m" has not asked to join');
});

test('only whole numbers of slots that the game has can be given', () => {
  const { join, desk } = deskOf();
  join('n');
  for (const slots of [-1, 1.5, 5])
    expect(() => desk.admit('n', slots)).toThrow(
      `slotCount is ${slots}; it must be an integer from 0 (watch only) to 4`,
    );
  expect(desk.wanted()).toBeUndefined();
  for (const slots of [0, 4]) desk.admit('n', slots);
  expect(desk.wanted()?.newcomers).toHaveLength(1);
});

test('a decision is told at once, and can be taken back', () => {
  const { join, saysAt, desk } = deskOf();
  join('n');
  saysAt(20);
  desk.refuse('n', 'full');
  expect(saysAt(21)).toEqual(['refused full > n']);
  join('n');
  expect(saysAt(120)).toEqual([]);
  expect(desk.wanted()).toBeUndefined();
  desk.admit('n', 1);
  expect(desk.wanted()).toBeDefined();
  expect(saysAt(120)).toEqual(['wait > n']);
  desk.refuse('n', 'no');
  expect(desk.wanted()).toBeUndefined();
});

test('at most 16 newcomers are remembered; one of them may begin again', () => {
  const { join, asked, desk } = deskOf();
  for (let index = 0; index < 17; index += 1) join(`n${index}`);
  expect(asked()).toHaveLength(16);
  expect(() => desk.admit('n16', 1)).toThrow('has not asked');
  join('n3', { nonce: 8 });
  expect(asked()).toEqual(['n3 for 1']);
});

test('a member that asks anew has lost what it was; one that asks by the JOIN it came in by has not', () => {
  const { join, peer, letIn } = deskOf();
  join('p1');
  expect([peer('p1').isReborn, peer('p2').isReborn]).toEqual([true, false]);
  letIn('n', CONFIRMED, 9);
  join('n', { nonce: 9 });
  expect(peer('n').isReborn).toBe(false);
  peer('p2').member = false;
  join('p2');
  expect(peer('p2').isReborn).toBe(false);
});

test('who is admitted is to get the next index, or its own; the same is wanted until something changes', () => {
  const { join, desk } = deskOf();
  expect(desk.wanted()).toBeUndefined();
  join('n');
  expect(desk.wanted()).toBeUndefined();
  desk.admit('n', undefined);
  const wanted = desk.wanted();
  expect(wanted).toEqual({ newcomers: [{ index: 3, peer: 'n', nonce: 7 }], seats: [] });
  expect(desk.wanted()).toBe(wanted);
  desk.applied([], 0, 1);
  expect(desk.wanted()).not.toBe(wanted);
});

test('a former member is to get its index back although the match has as many peers as can be', () => {
  const { join, desk, peers, peer } = deskOf();
  for (const from of ['n', 'p1']) join(from);
  while (peers.length < PEERS_MAX) peers.push(`q${peers.length}`);
  desk.admit('n', undefined);
  expect(desk.wanted()).toBeUndefined();
  desk.admit('p1', undefined);
  // As what it was it still counts as a member.
  expect(desk.wanted()).toBeUndefined();
  peer('p1').member = false;
  desk.admit('p1', undefined);
  expect(desk.wanted()?.newcomers).toEqual([{ index: 1, peer: 'p1', nonce: 7 }]);
  peers.pop();
  desk.refuse('p1', 'no');
  expect(desk.wanted()?.newcomers).toEqual([{ index: PEERS_MAX - 1, peer: 'n', nonce: 7 }]);
});

test('the first peer gets the first index back', () => {
  const { join, desk, peer } = deskOf({ self: 1 });
  peer('p0').member = false;
  join('p0');
  desk.admit('p0', 1);
  expect(desk.wanted()?.newcomers).toEqual([{ index: 0, peer: 'p0', nonce: 7 }]);
});

test('who is let in is told so at once', () => {
  const { join, letIn, saysAt } = deskOf();
  join('n');
  expect(saysAt(0)).toEqual(['wait > n']);
  letIn('n', CONFIRMED);
  expect(saysAt(20)).toEqual(['admitted > n']);
});

test('one that others let in without us gets no seat by us, nor one that has seats already', () => {
  const { join, letIn, saysAt, desk, peer, logs } = deskOf();
  join('n');
  letIn('n', CONFIRMED);
  saysAt(0);
  expect(desk.wanted()).toBeUndefined();
  desk.admit('n', 1);
  expect(desk.wanted()?.seats).toHaveLength(1);
  peer('n').seat(logs.slice(3));
  desk.admit('n', 1);
  expect(desk.wanted()).toBeUndefined();
});

test('who is seated is followed by the next', () => {
  const { bring, join, saysAt, desk } = deskOf();
  bring('n');
  join('m');
  desk.admit('m', 1);
  saysAt(0);
  expect(desk.wanted()?.seats).toHaveLength(1);
  desk.seated('n');
  expect(desk.wanted()?.newcomers[0]?.peer).toBe('m');
});

test('no more come in than states can be held for', () => {
  const { join, desk, letIn, bring, saysAt, timeline, peer, state } = deskOf();
  state.keepsPace = false;
  bring('a');
  saysAt(0);
  join('n');
  desk.admit('n', 1);
  expect(desk.wanted()?.newcomers[0]?.peer).toBe('n');
  // One is offered, another promised: then confirmed, not final yet.
  letIn('b', CONFIRMED + 10);
  expect(desk.wanted()).toBeUndefined();
  timeline.frameConfirmed = CONFIRMED + 10;
  desk.capture(CONFIRMED + 10);
  desk.applied([], 0, 9);
  expect(desk.wanted()).toBeUndefined();
  // The first one has its state.
  peer('a').isFetching = false;
  saysAt(20);
  desk.applied([], 0, 10);
  expect(desk.wanted()?.newcomers[0]?.peer).toBe('n');
});

test('one that is in and keeps pace is to get free slots: its own, one never played, one of a lost player', () => {
  const { desk, bring, saysAt, logs, state, join } = deskOf();
  bring('n');
  saysAt(0);
  expect(desk.wanted()?.seats).toEqual([{ slot: 3, owner: 3 }]);
  const seatsFor = (slots: number) => {
    desk.admit('n', slots);
    return desk.wanted()?.seats.map(({ slot }) => slot);
  };
  expect([seatsFor(0), seatsFor(2)]).toEqual([undefined, [3]]);
  logs[1]?.change(10, 'lost');
  logs[2]?.change(10, 'lost');
  expect([seatsFor(1), seatsFor(2), seatsFor(3), seatsFor(4)]).toEqual([[3], [1, 3], [1, 2, 3], [1, 2, 3]]);
  Object.assign(logs[2] ?? {}, { owner: 3 });
  expect([seatsFor(1), seatsFor(2)]).toEqual([[2], [2, 3]]);
  Object.assign(logs[1] ?? {}, { control: 'vacant' });
  Object.assign(logs[3] ?? {}, { owner: 3, control: 'lost' });
  Object.assign(logs[2] ?? {}, { owner: 2 });
  expect([seatsFor(1), seatsFor(2)]).toEqual([[3], [1, 3]]);
  // While it does not keep pace it gets none, and nobody waits for it.
  state.keepsPace = false;
  expect(seatsFor(1)).toBeUndefined();
  join('m');
  desk.admit('m', 1);
  expect(desk.wanted()?.newcomers[0]?.peer).toBe('m');
});

test('seats are wanted as soon as the newcomer keeps pace, although nobody says so', () => {
  const { desk, bring, saysAt, state } = deskOf();
  state.keepsPace = false;
  bring('n');
  saysAt(0);
  expect(desk.wanted()).toBeUndefined();
  state.keepsPace = true;
  saysAt(20);
  expect(desk.wanted()?.seats).toHaveLength(1);
});

test('who has its slots, or watches and keeps pace, is a guest no longer', () => {
  const isGuest = (prepare: (scene: ReturnType<typeof deskOf>) => void): boolean => {
    const scene = deskOf();
    scene.bring('n');
    scene.saysAt(0);
    prepare(scene);
    scene.saysAt(20);
    scene.join('n');
    return scene.asked().length === 1;
  };
  expect(isGuest(() => undefined)).toBe(true);
  expect(isGuest(({ peer, logs }) => peer('n').seat([logs[3]].flatMap((log) => log ?? [])))).toBe(false);
  expect(isGuest(({ desk }) => desk.admit('n', 0))).toBe(false);
  expect(
    isGuest(({ desk, state }) => {
      state.keepsPace = false;
      desk.admit('n', 0);
    }),
  ).toBe(true);
  expect(isGuest(({ desk }) => desk.seated('n'))).toBe(false);
});

test('who was let go again is told to begin anew, unless it is back', () => {
  const { bring, saysAt, join, peer, desk, fetch } = deskOf();
  bring('n');
  expect(saysAt(0)).toEqual(['admitted > n']);
  expect(desk.wanted()?.seats).toHaveLength(1);
  peer('n').member = false;
  join('n');
  fetch('n');
  expect(saysAt(100)).toEqual(['again > n']);
  expect(desk.wanted()).toBeUndefined();
  peer('n').member = true;
  join('n');
  expect(saysAt(200)).toEqual(['admitted > n']);
  expect(desk.wanted()?.seats).toHaveLength(1);
});

test('a newcomer without slots reminds the members every second, until it has some', () => {
  const { desk, saysAt, ownLogs, logs, peer } = deskOf();
  ownLogs.length = 0;
  desk.startFrom({ peers: [], nonces: [] }, 4, 55);
  peer('p2').member = false;
  expect([saysAt(0), saysAt(999)]).toEqual([[], []]);
  expect(saysAt(1000)).toEqual(['JOIN for 1 by 55 > p1 unreliable']);
  ownLogs.push(...logs.slice(0, 1));
  expect(saysAt(2000)).toEqual([]);
});
