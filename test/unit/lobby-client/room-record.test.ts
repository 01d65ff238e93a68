/** A room followed event by event says what happened, and says the same after a gap. */
import type { RoomEventMessage, RoomSnapshot } from 'rollmesh/lobby-protocol';
import { RoomRecord } from '../../../sdk/src/lobby/room-record.js';

const ada = 'a'.repeat(26);
const bob = 'b'.repeat(26);
const cleo = 'c'.repeat(26);

const member = (peer: string, name: string): RoomSnapshot['members'][number] => ({
  peer,
  name,
  role: 'player',
  ready: false,
  localPlayers: 1,
  data: {},
  awayUntilMs: null,
});

const snapshot: RoomSnapshot = {
  code: '7KQ2M4XD',
  rev: 5,
  owner: ada,
  playersMax: 4,
  public: true,
  hasPassword: false,
  metadata: { mode: 'duel' },
  members: [member(ada, 'Ada'), member(bob, 'Bob')],
  match: null,
};

const start = {
  matchId: 'm1',
  seed: 7,
  atMs: 0,
  peers: [ada, bob],
  players: [{ peer: ada }, { peer: bob }],
  options: {},
};

const room = '7KQ2M4XD';
const script: readonly RoomEventMessage[] = [
  { t: 'peer-join', room, rev: 6, member: member(cleo, 'Cleo') },
  { t: 'member', room, rev: 7, peer: bob, ready: true },
  { t: 'peer-away', room, rev: 8, peer: bob, untilMs: 99 },
  { t: 'peer-back', room, rev: 9, peer: bob },
  { t: 'owner', room, rev: 10, peer: bob },
  { t: 'room', room, rev: 11, metadata: { mode: 'ffa' } },
  { t: 'chat', room, rev: 12, from: cleo, text: 'hi' },
  { t: 'start', room, rev: 13, delayMs: 0, ...start },
  { t: 'peer-leave', room, rev: 14, peer: cleo, why: 'lost' },
];

function types(result: ReturnType<RoomRecord['apply']>): readonly string[] {
  return result === 'gap' ? ['gap'] : result.map(({ type }) => type);
}

test('each event of the server becomes the event a page wants', () => {
  const record = new RoomRecord(snapshot, ada);
  expect(script.flatMap((message) => types(record.apply(message)))).toEqual([
    'member-joined',
    'member-changed',
    'member-away',
    'member-back',
    'owner-changed',
    'room-changed',
    'chat',
    'match-starting',
    'member-left',
  ]);
  expect(record.members.map(({ name }) => name)).toEqual(['Ada', 'Bob']);
  expect(record.owner).toBe(bob);
  expect(record.metadata).toEqual({ mode: 'ffa' });
  expect(record.match?.matchId).toBe('m1');
});

test('a line of chat carries the name of its author', () => {
  const record = new RoomRecord({ ...snapshot, rev: 11 }, ada);
  expect(record.apply({ t: 'chat', room, rev: 12, from: bob, text: 'hi' })).toEqual([
    { type: 'chat', peer: bob, name: 'Bob', text: 'hi' },
  ]);
});

test('a start says whether this page has a part in it', () => {
  const included = (self: string): unknown => {
    const events = new RoomRecord({ ...snapshot, rev: 12 }, self).apply(script[7] as RoomEventMessage);
    return events !== 'gap' && events[0]?.type === 'match-starting' && events[0].included;
  };
  expect(included(bob)).toBe(true);
  expect(included(cleo)).toBe(false);
});

test('events of another room, and events known already, change nothing', () => {
  const record = new RoomRecord(snapshot, ada);
  expect(record.apply({ t: 'owner', room: '00000000', rev: 6, peer: bob })).toEqual([]);
  expect(record.apply({ t: 'owner', room, rev: 5, peer: bob })).toEqual([]);
  expect(record.owner).toBe(ada);
});

test('a missing event is noticed, and nothing is applied on top of it', () => {
  const record = new RoomRecord(snapshot, ada);
  expect(record.apply({ t: 'owner', room, rev: 7, peer: bob })).toBe('gap');
  expect(record.owner).toBe(ada);
});

test('the whole room, taken over after a gap, tells what happened meanwhile', () => {
  const record = new RoomRecord({ ...snapshot, members: [...snapshot.members, member(cleo, 'Cleo')] }, ada);
  const later: RoomSnapshot = {
    ...snapshot,
    rev: 40,
    owner: bob,
    metadata: { mode: 'ffa' },
    members: [
      { ...member(ada, 'Ada'), ready: true },
      { ...member(bob, 'Bob'), awayUntilMs: 9 },
    ],
    match: start,
  };
  expect(types(record.replace(later))).toEqual([
    'member-left',
    'member-changed',
    'member-away',
    'owner-changed',
    'room-changed',
    'match-starting',
  ]);
  expect(types(record.replace({ ...later, rev: 41 }))).toEqual([]);
  expect(types(record.apply({ t: 'peer-back', room, rev: 42, peer: bob }))).toEqual(['member-back']);
});
