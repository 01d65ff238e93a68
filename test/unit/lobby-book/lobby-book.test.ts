/** Hellos and rooms: who gets in, who does not, and what everybody is told. */
import { BookHarness, last, peerOf, type Socket, types } from './book-harness.js';

/** Two players in one room, the first its owner. */
function duo(): { h: BookHarness; ada: Socket; bob: Socket; code: string } {
  const h = new BookHarness();
  const ada = h.enter(1);
  const bob = h.enter(2);
  const code = h.createRoom(ada);
  h.join(bob, code);
  return { h, ada, bob, code };
}

describe('hello', () => {
  test('a hello is welcomed with the cleaned name, a token, the limits and the time', () => {
    const h = new BookHarness();
    const socket = h.enter(1, { name: '  A\u202Eda\u200B ' });
    expect(socket.inbox).toEqual([
      {
        t: 'welcome',
        rid: 1,
        protocol: 1,
        session: expect.stringMatching(/^[a-z2-7]{25,}$/),
        peer: peerOf(1),
        name: 'Ada',
        resume: expect.stringMatching(/^[a-z2-7]{52}$/),
        resumed: false,
        graceMs: 30_000,
        serverTimeMs: 1_000,
        limits: { messageBytesMax: 16_384, silentMsMax: 25_000 },
        room: null,
      },
    ]);
  });

  test('a client of another protocol version is told which one the server speaks, and closed', () => {
    const h = new BookHarness();
    const socket = h.open();
    h.say(socket, { t: 'hello', rid: 9, protocol: [2, 3], app: 'game', peer: peerOf(1), name: 'x' });
    expect(socket.inbox).toEqual([
      expect.objectContaining({ t: 'err', rid: 9, code: 'version-mismatch', protocol: [1] }),
    ]);
    expect(socket.closeCode).toBe(4000);
    expect(h.book.counts.records).toBe(0);
  });

  test('a client that speaks several versions gets ours', () => {
    const h = new BookHarness();
    const socket = h.open();
    h.say(socket, { t: 'hello', protocol: [3, 2, 1], app: 'game', peer: peerOf(1), name: 'x' });
    expect(last(socket, 'welcome').protocol).toBe(1);
  });

  test('anything before the hello is refused and closes the socket', () => {
    const h = new BookHarness();
    const socket = h.open();
    h.say(socket, { t: 'list', rid: 5 });
    expect(socket.inbox).toEqual([expect.objectContaining({ t: 'err', rid: 5, code: 'hello-required' })]);
    expect(socket.closeCode).toBe(4000);
  });

  test('a second hello on one socket is refused and changes nothing', () => {
    const h = new BookHarness();
    const socket = h.enter(1);
    h.say(socket, { t: 'hello', rid: 2, protocol: [1], app: 'game', peer: peerOf(2), name: 'x' });
    expect(last(socket, 'err').code).toBe('hello-repeated');
    expect(socket.closeCode).toBeUndefined();
    expect(h.book.counts.sessions).toBe(1);
  });

  test('a peer id that is in use cannot be taken, but the same id in another app can', () => {
    const h = new BookHarness();
    h.enter(1);
    const thief = h.enter(1);
    expect(last(thief, 'err').code).toBe('peer-taken');
    expect(thief.closeCode).toBe(4000);
    expect(last(h.enter(1, { app: 'other' }), 'welcome').resumed).toBe(false);
  });

  test('a full server says so and when to come back', () => {
    const h = new BookHarness({ sessionsMax: 1 });
    h.enter(1);
    const late = h.enter(2);
    expect(last(late, 'err')).toMatchObject({ code: 'server-full', retryAfterMs: 10_000 });
    expect(late.closeCode).toBe(1013);
  });
});

describe('rooms', () => {
  test('the creator is in the room, owns it and knows its code', () => {
    const h = new BookHarness();
    const ada = h.enter(1);
    h.say(ada, {
      t: 'create',
      rid: 2,
      playersMax: 4,
      public: false,
      metadata: { mode: 'duel' },
      password: 'pw',
    });
    expect(last(ada, 'joined')).toEqual({
      t: 'joined',
      rid: 2,
      you: peerOf(1),
      room: {
        code: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{8}$/),
        rev: 1,
        owner: peerOf(1),
        playersMax: 4,
        public: false,
        hasPassword: true,
        metadata: { mode: 'duel' },
        members: [
          {
            peer: peerOf(1),
            name: 'Player 1',
            role: 'player',
            ready: false,
            localPlayers: 1,
            data: {},
            awayUntilMs: null,
          },
        ],
        match: null,
      },
    });
  });

  test('a joiner gets the room, the others the joiner, both with the same rev', () => {
    const { ada, bob } = duo();
    const { room } = last(bob, 'joined');
    expect(room.members.map((member) => member.peer)).toEqual([peerOf(1), peerOf(2)]);
    expect(last(ada, 'peer-join')).toEqual({
      t: 'peer-join',
      room: room.code,
      rev: room.rev,
      member: room.members[1],
    });
    expect(types(bob.inbox)).not.toContain('peer-join');
  });

  test('a code is read in any case, with hyphens and spaces, and with O, I and L', () => {
    let word = 0;
    const h = new BookHarness({}, (count) => {
      if (count === 5) return Uint8Array.from([0x00, 0x44, 0x32, 0x14, 0xc7]); // eight groups of 5 bits: 0 to 7
      word += 1;
      return Uint8Array.from({ length: count }, (_, index) => (index === 0 ? word : index));
    });
    expect(h.createRoom(h.enter(1))).toBe('01234567');
    for (const [index, spelling] of ['01234567', '0123-4567', ' oI23 - 4567 ', 'OL23–4567'].entries()) {
      const friend = h.enter(index + 2);
      h.join(friend, spelling);
      expect(last(friend, 'joined').room.code).toBe('01234567');
      h.say(friend, { t: 'bye' });
    }
  });

  test.each([
    ['a code that does not exist', '00000000', {}],
    ['something that is no code', '../../etc', {}],
    ['the key of an object', '__proto__', {}],
  ])('%s is not found', (_what, code, more) => {
    const { h } = duo();
    const eve = h.enter(3);
    h.join(eve, code, more);
    expect(last(eve, 'err')).toMatchObject({ rid: 3, code: 'room-not-found' });
  });

  test('a wrong password, a missing one and a wrong app get exactly the answer of a wrong code', () => {
    const h = new BookHarness();
    const code = h.createRoom(h.enter(1), { password: 'secret' });
    const asked = [
      h.join(h.enter(2), code, { password: 'Secret' }),
      h.join(h.enter(3), code),
      h.join(h.enter(4, { app: 'other' }), code, { password: 'secret' }),
      h.join(h.enter(5), '00000000', { password: 'secret' }),
    ];
    for (const answer of asked) expect(answer).toEqual(asked[0]);
    const friend = h.enter(6);
    h.join(friend, code, { password: 'secret' });
    expect(last(friend, 'joined').room.code).toBe(code);
  });

  test('a full room refuses players, still takes spectators, and takes a player again when one leaves', () => {
    const h = new BookHarness();
    const code = h.createRoom(h.enter(1), { playersMax: 2 });
    const bob = h.enter(2);
    h.join(bob, code);
    const carol = h.enter(3);
    h.join(carol, code);
    expect(last(carol, 'err')).toMatchObject({
      code: 'room-full',
      message: 'The room is full: it holds 2 players.',
    });
    const watcher = h.enter(4);
    h.join(watcher, code, { role: 'spectator' });
    expect(last(watcher, 'joined').room.members.at(-1)).toMatchObject({ role: 'spectator', localPlayers: 0 });
    h.say(bob, { t: 'leave' });
    h.join(carol, code);
    expect(last(carol, 'joined').room.members.map((member) => member.peer)).toEqual([
      peerOf(1),
      peerOf(4),
      peerOf(3),
    ]);
  });

  test('a room takes 16 spectators and no more', () => {
    const h = new BookHarness();
    const code = h.createRoom(h.enter(1), { playersMax: 1 });
    for (let n = 2; n <= 17; n += 1)
      expect(types(h.join(h.enter(n), code, { role: 'spectator' }))).toEqual(['joined']);
    expect(h.join(h.enter(18), code, { role: 'spectator' })).toEqual([
      expect.objectContaining({ t: 'err', code: 'room-full' }),
    ]);
  });

  test('nobody is in two rooms, or in one twice', () => {
    const { h, bob, code } = duo();
    h.join(bob, code);
    expect(last(bob, 'err').code).toBe('already-in-room');
    h.say(bob, { t: 'create', rid: 8, playersMax: 2, public: true, metadata: {} });
    expect(last(bob, 'err')).toMatchObject({ rid: 8, code: 'already-in-room' });
    expect(h.book.counts.rooms).toBe(1);
  });

  test('who leaves is gone for the others, and the next who joined becomes owner', () => {
    const { h, ada, bob, code } = duo();
    const carol = h.enter(3);
    h.join(carol, code);
    expect(h.say(ada, { t: 'leave', rid: 4 })).toEqual([{ t: 'ok', rid: 4 }]);
    const rev = last(carol, 'joined').room.rev;
    expect(bob.inbox.slice(-2)).toEqual([
      { t: 'peer-leave', room: code, rev: rev + 1, peer: peerOf(1), why: 'left' },
      { t: 'owner', room: code, rev: rev + 2, peer: peerOf(2) },
    ]);
    h.say(ada, { t: 'chat', rid: 5, text: 'still here?' });
    expect(last(ada, 'err').code).toBe('not-in-room');
  });

  test('a spectator inherits a room only when no player is left', () => {
    const h = new BookHarness();
    const ada = h.enter(1);
    const code = h.createRoom(ada);
    const watcher = h.enter(2);
    h.join(watcher, code, { role: 'spectator' });
    const bob = h.enter(3);
    h.join(bob, code);
    h.say(ada, { t: 'leave' });
    expect(last(watcher, 'owner').peer).toBe(peerOf(3));
    h.say(bob, { t: 'leave' });
    expect(last(watcher, 'owner').peer).toBe(peerOf(2));
    h.say(watcher, { t: 'start', rid: 4 });
    expect(last(watcher, 'err').code).toBe('no-players');
  });

  test('an empty room can be entered for 10 s, and whoever does so owns it; after that it is gone', () => {
    const { h, ada, bob, code } = duo();
    h.say(ada, { t: 'leave' });
    h.say(bob, { t: 'leave' });
    h.pass(9_000);
    h.join(bob, code);
    expect(last(bob, 'joined').room.owner).toBe(peerOf(2));
    h.pass(60_000);
    h.say(bob, { t: 'leave' });
    h.pass(10_250);
    expect(h.book.counts.rooms).toBe(0);
    h.join(bob, code);
    expect(last(bob, 'err').code).toBe('room-not-found');
  });

  test('a server without place for another room says so', () => {
    const h = new BookHarness({ roomsMax: 1 });
    h.createRoom(h.enter(1));
    const late = h.enter(2);
    h.say(late, { t: 'create', rid: 2, playersMax: 2, public: true, metadata: {} });
    expect(last(late, 'err')).toMatchObject({ code: 'server-full', retryAfterMs: 10_000 });
  });

  test('a code that is in use is never given again', () => {
    const chances = [1, 1, 1, 2];
    let used = 0;
    let word = 0;
    const h = new BookHarness({}, (count) => {
      if (count !== 5) return Uint8Array.from({ length: count }, () => (word = (word + 7) & 255));
      used += 1;
      return Uint8Array.from([0, 0, 0, 0, chances[Math.min(used, chances.length) - 1] ?? 0]);
    });
    const first = h.createRoom(h.enter(1));
    const second = h.createRoom(h.enter(2));
    expect(used).toBe(4);
    expect(second).not.toBe(first);
    const third = h.enter(3);
    h.say(third, { t: 'create', rid: 2, playersMax: 2, public: true, metadata: {} });
    expect(last(third, 'err').code).toBe('server-full');
  });

  test('ten wrong codes from one address make it wait, with the right code too; other addresses do not notice', () => {
    const { h, code } = duo();
    const eve = h.enter(3);
    const tryCode = (text: string): string => {
      const [answer] = h.say(eve, { t: 'join', rid: 1, code: text, role: 'player' }, 'evil');
      return answer?.t === 'err' ? `${answer.code} ${answer.retryAfterMs ?? ''}`.trim() : (answer?.t ?? '');
    };
    for (let attempt = 0; attempt < 10; attempt += 1) expect(tryCode('00000000')).toBe('room-not-found');
    expect(tryCode('00000000')).toBe('rate-limited 60000');
    expect(tryCode(code)).toBe('rate-limited 60000');
    const friend = h.enter(4);
    expect(types(h.join(friend, code))).toEqual(['joined']);
    h.pass(60_000);
    for (let attempt = 0; attempt < 10; attempt += 1) expect(tryCode('00000000')).toBe('room-not-found');
    expect(tryCode(code)).toBe('rate-limited 120000');
    for (const waitMs of [120_000, 240_000, 480_000, 600_000, 600_000]) {
      expect(tryCode(code)).toBe(`rate-limited ${waitMs}`);
      h.nowMs += waitMs;
      for (let attempt = 0; attempt < 10; attempt += 1) tryCode('00000000');
    }
    h.nowMs += 600_000;
    expect(tryCode(code)).toBe('joined');
  });
});
