/** Sessions: a dropped socket, its seat, its token, and what is left when nobody comes back. */
import { BookHarness, last, peerOf, type Socket, types } from './book-harness.js';

function tokenOf(socket: Socket): string {
  return last(socket, 'welcome').resume;
}

function duo(): { h: BookHarness; ada: Socket; bob: Socket; code: string } {
  const h = new BookHarness();
  const ada = h.enter(1);
  const bob = h.enter(2);
  const code = h.createRoom(ada, { playersMax: 2 });
  h.join(bob, code);
  return { h, ada, bob, code };
}

test('a dropped member is away for the others, keeps its seat, and is back with its token', () => {
  const { h, ada, bob, code } = duo();
  h.drop(bob);
  expect(last(ada, 'peer-away')).toEqual({
    t: 'peer-away',
    room: code,
    rev: 3,
    peer: peerOf(2),
    untilMs: h.nowMs + 30_000,
  });
  const carol = h.enter(3);
  h.join(carol, code);
  expect(last(carol, 'err').code).toBe('room-full');
  h.pass(29_000);
  const back = h.enter(2, { resume: tokenOf(bob) });
  expect(types(back.inbox)).toEqual(['welcome']);
  const welcome = last(back, 'welcome');
  expect(welcome).toMatchObject({ resumed: true, peer: peerOf(2), session: last(bob, 'welcome').session });
  expect(last(ada, 'peer-back')).toEqual({ t: 'peer-back', room: code, rev: 4, peer: peerOf(2) });
  expect(welcome.room).toMatchObject({ rev: 4, members: [{ awayUntilMs: null }, { awayUntilMs: null }] });
});

test('what happened meanwhile is in the snapshot of the welcome, and the revs go on from there', () => {
  const { h, ada, bob, code } = duo();
  h.drop(bob);
  h.say(ada, { t: 'me', ready: true });
  h.say(ada, { t: 'set', metadata: { round: 2 } });
  const back = h.enter(2, { resume: tokenOf(bob) });
  const { room } = last(back, 'welcome');
  expect(room).toMatchObject({ code, rev: 6, metadata: { round: 2 }, members: [{ ready: true }, {}] });
  h.say(ada, { t: 'chat', text: 'welcome back' });
  expect(last(back, 'chat').rev).toBe(7);
});

test('a name that changed while away is told to the others', () => {
  const { h, ada, bob } = duo();
  h.drop(bob);
  const back = h.enter(2, { resume: tokenOf(bob), name: 'Robert' });
  expect(types(ada.inbox).slice(-2)).toEqual(['peer-back', 'member']);
  expect(last(ada, 'member').name).toBe('Robert');
  expect(last(back, 'welcome').room?.rev).toBe(last(ada, 'member').rev);
});

test('a seat is given up after 30 s, the owner follows, and the late token opens only a fresh session', () => {
  const { h, ada, bob, code } = duo();
  h.drop(ada);
  h.pass(30_250);
  expect(bob.inbox.slice(-2)).toEqual([
    { t: 'peer-leave', room: code, rev: 4, peer: peerOf(1), why: 'lost' },
    { t: 'owner', room: code, rev: 5, peer: peerOf(2) },
  ]);
  const back = h.enter(1, { resume: tokenOf(ada) });
  expect(last(back, 'welcome')).toMatchObject({ resumed: false, room: null, peer: peerOf(1) });
});

test('a second socket with the token replaces the first, and nobody else notices', () => {
  const { h, ada, bob } = duo();
  const before = ada.inbox.length;
  const second = h.enter(2, { resume: tokenOf(bob) });
  expect(bob.closeCode).toBe(4001);
  expect(last(second, 'welcome')).toMatchObject({ resumed: true, room: { members: [{}, {}] } });
  h.drop(bob);
  expect(ada.inbox.length).toBe(before);
  h.say(ada, { t: 'chat', text: 'x' });
  expect(last(second, 'chat').text).toBe('x');
  expect(types(bob.inbox)).not.toContain('chat');
});

test('with ifAway a token does not replace a socket that is still open, and works once that is gone', () => {
  const { h, ada, bob } = duo();
  const follows = { resume: tokenOf(bob), ifAway: true };
  const duplicate = h.enter(2, follows);
  expect(last(duplicate, 'err').code).toBe('peer-taken');
  expect(bob.closeCode).toBeUndefined();
  h.say(bob, { t: 'chat', text: 'still here' });
  expect(last(ada, 'chat').text).toBe('still here');
  h.drop(bob);
  expect(last(h.enter(2, follows), 'welcome')).toMatchObject({ resumed: true, peer: peerOf(2) });
});

test('a token is spent once its successor is known to have arrived', () => {
  const { h, bob } = duo();
  const first = tokenOf(bob);
  h.drop(bob);
  const second = h.enter(2, { resume: first });
  h.say(second, { t: 'ping' });
  h.drop(second);
  const thief = h.enter(2, { resume: first });
  expect(last(thief, 'err').code).toBe('peer-taken');
  expect(last(h.enter(2, { resume: tokenOf(second) }), 'welcome').resumed).toBe(true);
});

test('a welcome that was lost with its socket costs nothing: the token before it is still good', () => {
  const { h, bob } = duo();
  const first = tokenOf(bob);
  h.drop(bob);
  const lost = h.enter(2, { resume: first });
  h.drop(lost);
  const third = h.enter(2, { resume: first });
  expect(last(third, 'welcome').resumed).toBe(true);
  h.drop(third);
  expect(last(h.enter(2, { resume: tokenOf(lost) }), 'err').code).toBe('peer-taken');
  expect(last(h.enter(2, { resume: tokenOf(third) }), 'welcome').resumed).toBe(true);
});

test('a token works only for its own app and peer id', () => {
  const { h, bob } = duo();
  const token = tokenOf(bob);
  h.drop(bob);
  expect(last(h.enter(2, { resume: token, app: 'other' }), 'welcome').resumed).toBe(false);
  expect(last(h.enter(7, { resume: token }), 'welcome').resumed).toBe(false);
  expect(last(h.enter(2, { resume: token }), 'welcome').resumed).toBe(true);
});

test('a thousand wrong tokens leave nothing behind, and the right player still gets in', () => {
  const { h, bob } = duo();
  const token = tokenOf(bob);
  h.drop(bob);
  const { records } = h.book.counts;
  for (let attempt = 0; attempt < 1_000; attempt += 1)
    h.enter(2, {
      resume: `${token.slice(0, -1)}${'abcdefgh'[attempt % 8] === token.at(-1) ? '7' : 'abcdefgh'[attempt % 8]}`,
    });
  expect(h.book.counts.records).toBe(records);
  expect(last(h.enter(2, { resume: token }), 'welcome').resumed).toBe(true);
});

test('a session without a room ends with its socket; its peer id is free at once', () => {
  const h = new BookHarness();
  const ada = h.enter(1);
  h.drop(ada);
  expect(h.book.counts.records).toBe(0);
  expect(last(h.enter(1, { resume: tokenOf(ada) }), 'welcome').resumed).toBe(false);
});

test('bye ends the session and the seat at once', () => {
  const { h, ada, bob, code } = duo();
  expect(h.say(bob, { t: 'bye', rid: 9 })).toEqual([{ t: 'ok', rid: 9 }]);
  expect(bob.closeCode).toBe(1000);
  expect(last(ada, 'peer-leave')).toMatchObject({ room: code, peer: peerOf(2), why: 'left' });
  h.drop(bob);
  expect(types(ada.inbox)).not.toContain('peer-away');
  expect(last(h.enter(2, { resume: tokenOf(bob) }), 'welcome').resumed).toBe(false);
});

test('when all are gone nothing is left', () => {
  const { h, ada, bob } = duo();
  h.say(ada, { t: 'watch', rid: 3 });
  h.drop(ada);
  h.drop(bob);
  h.pass(30_250 + 10_250);
  expect(h.book.counts).toEqual({ sessions: 0, rooms: 0, records: 0 });
});
