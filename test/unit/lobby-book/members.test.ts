/** What members of a room ask: about themselves, the room, a match, each other. */
import { BookHarness, last, peerOf, type Socket, types } from './book-harness.js';

const offer = { kind: 'offer', connectionId: 'c1', sdp: 'v=0' } as const;

/** Two players in one room, the first its owner. */
function duo(): { h: BookHarness; ada: Socket; bob: Socket; code: string } {
  const h = new BookHarness();
  const ada = h.enter(1);
  const bob = h.enter(2);
  const code = h.createRoom(ada);
  h.join(bob, code);
  return { h, ada, bob, code };
}

describe('members', () => {
  test('what a member says of itself reaches everybody, itself included, as a patch', () => {
    const { h, ada, bob, code } = duo();
    const answer = h.say(bob, { t: 'me', rid: 7, ready: true, data: { team: 2 }, name: 'B\u0007ob' });
    const patch = {
      t: 'member',
      room: code,
      rev: 3,
      peer: peerOf(2),
      ready: true,
      data: { team: 2 },
      name: 'Bob',
    };
    expect(answer).toEqual([patch, { t: 'ok', rid: 7 }]);
    expect(last(ada, 'member')).toEqual(patch);
    h.say(ada, { t: 'sync', rid: 8 });
    expect(last(ada, 'snapshot').room.members[1]).toMatchObject({
      ready: true,
      data: { team: 2 },
      name: 'Bob',
    });
  });

  test('a change of nothing is no event', () => {
    const { h, bob } = duo();
    expect(h.say(bob, { t: 'me', rid: 7 })).toEqual([{ t: 'ok', rid: 7 }]);
  });

  test('local players take slots like other players', () => {
    const h = new BookHarness();
    const ada = h.enter(1);
    const bob = h.enter(2);
    const code = h.createRoom(ada, { playersMax: 4 });
    h.join(bob, code);
    h.say(ada, { t: 'me', localPlayers: 3 });
    expect(last(bob, 'member').localPlayers).toBe(3);
    h.say(bob, { t: 'me', rid: 5, localPlayers: 2 });
    expect(last(bob, 'err')).toMatchObject({ rid: 5, code: 'room-full' });
    const carol = h.enter(3);
    h.join(carol, code);
    expect(last(carol, 'err').code).toBe('room-full');
    h.say(ada, { t: 'me', localPlayers: 2 });
    h.join(carol, code);
    expect(last(carol, 'joined').room.members).toHaveLength(3);
  });

  test('a spectator has no local players', () => {
    const { h, code } = duo();
    const watcher = h.enter(3);
    h.join(watcher, code, { role: 'spectator' });
    h.say(watcher, { t: 'me', rid: 5, localPlayers: 1 });
    expect(last(watcher, 'err')).toMatchObject({ rid: 5, code: 'invalid-field' });
  });

  test('only the owner changes the room and starts a match', () => {
    const { h, ada, bob, code } = duo();
    for (const message of [{ t: 'set', rid: 1, public: false } as const, { t: 'start', rid: 1 } as const]) {
      h.say(bob, message);
      expect(last(bob, 'err')).toMatchObject({ rid: 1, code: 'not-owner' });
    }
    h.say(ada, { t: 'set', rid: 2, public: false, metadata: { map: 'ice' } });
    expect(last(bob, 'room')).toEqual({
      t: 'room',
      room: code,
      rev: 3,
      public: false,
      metadata: { map: 'ice' },
    });
    expect(last(ada, 'ok').rid).toBe(2);
  });

  test('chat reaches all members in the same order', () => {
    const { h, ada, bob, code } = duo();
    h.say(ada, { t: 'chat', rid: 3, text: 'hi' });
    h.say(bob, { t: 'chat', text: '<img src=x onerror=alert(1)>' });
    const lines = [
      { t: 'chat', room: code, rev: 3, from: peerOf(1), text: 'hi' },
      { t: 'chat', room: code, rev: 4, from: peerOf(2), text: '<img src=x onerror=alert(1)>' },
    ];
    expect(bob.inbox.filter((message) => message.t === 'chat')).toEqual(lines);
    expect(ada.inbox.filter((message) => message.t === 'chat')).toEqual(lines);
  });

  test.each([
    { t: 'leave' },
    { t: 'me', ready: true },
    { t: 'set', public: true },
    { t: 'start' },
    { t: 'sig', to: peerOf(1), signal: offer },
    { t: 'chat', text: 'x' },
    { t: 'sync' },
  ] as const)('$t needs a room', (message) => {
    const h = new BookHarness();
    const socket = h.enter(1);
    expect(h.say(socket, { ...message, rid: 6 })).toEqual([
      expect.objectContaining({ t: 'err', rid: 6, code: 'not-in-room' }),
    ]);
  });

  test('a ping is answered with the time of the server', () => {
    const h = new BookHarness();
    const socket = h.enter(1);
    h.pass(500);
    expect(h.say(socket, { t: 'ping', rid: 6 })).toEqual([{ t: 'pong', rid: 6, serverTimeMs: 1_500 }]);
  });
});

describe('matches', () => {
  test('a start tells everybody the same match: slots by local players, then the spectators', () => {
    const { h, ada, bob, code } = duo();
    const watcher = h.enter(3);
    h.join(watcher, code, { role: 'spectator' });
    const carol = h.enter(4);
    h.join(carol, code);
    h.say(bob, { t: 'me', localPlayers: 2 });
    h.say(ada, { t: 'start', rid: 4, options: { map: 'ice' } });
    const start = last(ada, 'start');
    expect(start).toEqual({
      t: 'start',
      room: code,
      rev: 6,
      matchId: expect.stringMatching(/^[a-z2-7]{25,}$/),
      seed: expect.any(Number),
      atMs: 1_200,
      delayMs: 200,
      peers: [peerOf(1), peerOf(2), peerOf(4), peerOf(3)],
      players: [{ peer: peerOf(1) }, { peer: peerOf(2) }, { peer: peerOf(2) }, { peer: peerOf(4) }],
      options: { map: 'ice' },
    });
    for (const socket of [bob, carol, watcher]) expect(last(socket, 'start')).toEqual(start);
    const late = h.enter(5);
    h.join(late, code, { role: 'spectator' });
    const { t: _t, room: _room, rev: _rev, delayMs: _delay, ...match } = start;
    expect(last(late, 'joined').room.match).toEqual(match);
  });

  test('a start may be repeated and is another match each time', () => {
    const { h, ada } = duo();
    h.say(ada, { t: 'start' });
    const first = last(ada, 'start');
    h.say(ada, { t: 'start' });
    const second = last(ada, 'start');
    expect(second.matchId).not.toBe(first.matchId);
    expect(second.seed).not.toBe(first.seed);
  });

  test('a member without a socket is not in the match, and its seat is still its own', () => {
    const { h, ada, bob } = duo();
    const token = last(bob, 'welcome').resume;
    h.drop(bob);
    h.say(ada, { t: 'start' });
    expect(last(ada, 'start').peers).toEqual([peerOf(1)]);
    const back = h.enter(2, { resume: token });
    expect(last(back, 'welcome').room?.match?.peers).toEqual([peerOf(1)]);
  });
});

describe('signals', () => {
  test('a signal reaches the member it is for, and nobody else, with the true sender', () => {
    const { h, ada, bob, code } = duo();
    const carol = h.enter(3);
    h.join(carol, code);
    expect(h.say(ada, { t: 'sig', rid: 5, to: peerOf(2), signal: offer })).toEqual([{ t: 'ok', rid: 5 }]);
    expect(last(bob, 'sig')).toEqual({ t: 'sig', from: peerOf(1), signal: offer });
    expect(types(carol.inbox)).not.toContain('sig');
  });

  test('a signal to oneself, to a stranger, to somebody away or in another room is refused and kept nowhere', () => {
    const { h, ada, bob } = duo();
    const stranger = h.enter(3);
    h.createRoom(stranger);
    const token = last(bob, 'welcome').resume;
    h.drop(bob);
    for (const to of [peerOf(1), peerOf(2), peerOf(3), peerOf(9)]) {
      h.say(ada, { t: 'sig', rid: 5, to, signal: offer });
      expect(last(ada, 'err')).toMatchObject({ rid: 5, code: 'peer-not-found' });
    }
    expect(types(stranger.inbox)).not.toContain('sig');
    expect(types(h.enter(2, { resume: token }).inbox)).toEqual(['welcome']);
  });
});
