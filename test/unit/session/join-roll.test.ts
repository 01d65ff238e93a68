/** What a newcomer is told of its peers, now and as it was when the match was paused; and what it is answered before that. */
import { type Guest, replyTo } from '../../../sdk/src/session/join-guest.js';
import { JoinRoll } from '../../../sdk/src/session/join-roll.js';
import type { RemotePeer } from '../../../sdk/src/session/remote-peer.js';

/** Peer 1 of three, where the last one is out. */
function rollOf() {
  const peers = ['a', 'b', 'c'];
  const remotes = [
    { index: 0, member: true },
    { index: 2, member: false },
  ];
  const roll = new JoinRoll({ selfIndex: 1, peers, remotes: remotes as unknown as RemotePeer[] });
  return { roll, peers, remotes };
}

const told = (call: ReturnType<JoinRoll['now']>): string[] =>
  call.peers.map(
    ({ id, isMember, joinNumber }, at) =>
      `${id}${isMember ? '' : ' out'} ${joinNumber} by ${call.nonces[at]}`,
  );

test('who was there from the start came in by no JOIN', () => {
  expect(told(rollOf().roll.now())).toEqual(['a 0 by 0', 'b 0 by 0', 'c out 0 by 0']);
});

test('each coming in counts, and the last JOIN is told', () => {
  const { roll, peers, remotes } = rollOf();
  roll.note({ index: 2, peer: 'c', nonce: 77 });
  (remotes[1] as { member: boolean }).member = true;
  peers.push('d');
  roll.note({ index: 3, peer: 'd', nonce: 88 });
  expect(told(roll.now())).toEqual(['a 0 by 0', 'b 0 by 0', 'c 1 by 77', 'd out 1 by 88']);
  roll.note({ index: 2, peer: 'c', nonce: 99 });
  expect(told(roll.now())[2]).toBe('c 2 by 99');
});

test('while the match is paused newcomers are told what was so before, and who came since by name alone', () => {
  const { roll, peers, remotes } = rollOf();
  roll.note({ index: 0, peer: 'a', nonce: 5 });
  roll.pause();
  (remotes[1] as { member: boolean }).member = true;
  roll.note({ index: 2, peer: 'c', nonce: 77 });
  peers.push('d');
  roll.note({ index: 3, peer: 'd', nonce: 88 });
  expect(told(roll.beforePause())).toEqual(['a 1 by 5', 'b 0 by 0', 'c out 0 by 0', 'd out 0 by 0']);
  roll.pause();
  expect(told(roll.beforePause()).slice(2)).toEqual(['c 1 by 77', 'd out 1 by 88']);
});

test('a newcomer passes on what it was told, also of a pause that it came into', () => {
  const first = rollOf();
  first.roll.note({ index: 0, peer: 'a', nonce: 5 });
  first.roll.note({ index: 2, peer: 'c', nonce: 6 });
  first.roll.note({ index: 2, peer: 'c', nonce: 7 });
  const second = rollOf();
  second.roll.startFrom(first.roll.now());
  for (const call of [second.roll.now(), second.roll.beforePause()])
    expect(told(call)).toEqual(['a 1 by 5', 'b 0 by 0', 'c out 2 by 7']);
  second.roll.note({ index: 2, peer: 'c', nonce: 8 });
  expect([told(second.roll.now())[2], told(first.roll.now())[2]]).toEqual(['c out 3 by 8', 'c out 2 by 7']);
});

test.each<[string, Partial<Guest>, { isIn?: boolean; knows?: boolean }, object]>([
  ['is in, with no state of its own', {}, {}, { status: 'admitted' }],
  [
    'has a state that is known',
    { held: { frame: 40, stateHash: 9 } },
    {},
    { status: 'delta', fromFrame: 40 },
  ],
  [
    'has a state that is not known',
    { held: { frame: 40, stateHash: 9 } },
    { knows: false },
    { status: 'admitted' },
  ],
  ['is not in yet', { held: { frame: 40, stateHash: 9 } }, { isIn: false }, { status: 'wait' }],
  ['asks with a JOIN of before', { status: 'stale' }, {}, { status: 'again' }],
  ['is refused', { status: 'refused', reason: 'full' }, {}, { status: 'refused', reason: 'full' }],
])('one that %s is told so', (_what, guest, { isIn = true, knows = true }, reply) => {
  const whole: Guest = {
    ...{ peer: 'x', nonce: 3, slotsWanted: 1, status: 'admitted', reason: '', held: undefined },
    ...{ heardAtMs: 0, repliedAtMs: 0, ...guest },
  };
  expect(replyTo(whole, { isIn, knows })).toEqual({ nonce: 3, ...reply });
});
