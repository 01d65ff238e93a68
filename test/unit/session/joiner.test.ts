/** The way in, word by word: whom a joiner asks, what it makes of the answers, and when it begins again or gives up. */
import { Joiner } from '../../../sdk/src/session/joiner.js';
import {
  decodeJoin,
  decodeManifestRequest,
  encodeJoinReply,
  type Join,
  type JoinReply,
  joinKeyOf,
  matchIdDigest,
} from '../../../sdk/src/wire/join-messages.js';

const HELD = { frame: 40, stateHash: 9 };

function joinerOf(held: Join['held'], peers = ['a', 'b', 'c', 'me']) {
  let asked: [string, Join][] = [];
  let requests: string[] = [];
  const joiner = new Joiner({
    ...{ matchId: 'm', self: 'me', peers, slotsWanted: 2, held, nowMs: 0 },
    agreement: { match: 1, game: 2, version: 3, schema: 4, config: 5 },
    send: (to, _channel, bytes) => {
      const join = decodeJoin(bytes);
      if (join !== undefined) asked.push([to, join]);
      const request = decodeManifestRequest(bytes, joinKeyOf('m'));
      if (request !== undefined)
        requests.push(`${request.isLog ? 'log' : 'state'} of ${to}${request.isWhole ? '' : '?'}`);
      return true;
    },
    check: () => undefined,
  });
  const nonce = (): number => asked.at(-1)?.[1].nonce ?? 0;
  return {
    joiner,
    nonce,
    /** What it asked since the last look, after one more advance. */
    asksAt: (nowMs: number): [string, Join][] => {
      joiner.advance(nowMs);
      const found = asked;
      asked = found.slice(-1);
      return found;
    },
    /** Which manifests it has asked for since the last look. */
    fetchesAt: (nowMs: number): string[] => {
      joiner.advance(nowMs);
      const found = requests;
      requests = [];
      return found;
    },
    answer: (
      from: string,
      reply: Partial<JoinReply> & { status: JoinReply['status'] },
      nowMs: number,
    ): boolean => joiner.receive(from, encodeJoinReply({ nonce: nonce(), ...reply } as JoinReply), nowMs),
  };
}
const delta = (fromFrame = HELD.frame) => ({ status: 'delta' as const, fromFrame });

test('all others are asked at once and four times a second, with what it wants and has', () => {
  const { asksAt } = joinerOf(HELD);
  const first = asksAt(0);
  expect(first.map(([to]) => to)).toEqual(['a', 'b', 'c']);
  expect(first[0]?.[1]).toMatchObject({
    ...{ match: matchIdDigest('m'), game: 2, version: 3, schema: 4, slotsWanted: 2, held: HELD },
  });
  expect(asksAt(249).slice(1)).toEqual([]);
  expect(
    asksAt(250)
      .slice(1)
      .map(([to]) => to),
  ).toEqual(['a', 'b', 'c']);
  expect(asksAt(499).slice(1)).toEqual([]);
  const [, again] = asksAt(500);
  expect(again?.[1].nonce).toBe(first[0]?.[1].nonce);
});

test('joiners, and beginnings of one joiner, have numbers of their own', () => {
  const numbers = new Set<number>();
  for (const peers of [
    ['a', 'me'],
    ['a', 'b', 'me'],
  ]) {
    const { joiner, asksAt, nonce } = joinerOf(undefined, peers);
    asksAt(0);
    const before = nonce();
    joiner.again('no use', 0);
    asksAt(0);
    expect(nonce()).not.toBe(before);
    numbers.add(before).add(nonce());
  }
  // Both were the same peer at the same time.
  expect(numbers.size).toBe(2);
});

test('who refuses ends it; an answer to another JOIN does not', () => {
  const { joiner, asksAt, answer } = joinerOf(undefined);
  asksAt(0);
  expect(answer('a', { nonce: 12345, status: 'refused', reason: 'full' }, 1)).toBe(true);
  expect(joiner.advance(1)).toBeUndefined();
  answer('b', { status: 'refused', reason: 'full' }, 2);
  expect(joiner.advance(2)).toEqual({ kind: 'refused', peer: 'b', reason: 'full' });
});

test('half a minute without any answer ends it', () => {
  const { joiner, asksAt, answer } = joinerOf(undefined);
  asksAt(0);
  answer('a', { status: 'wait' }, 5000);
  expect(joiner.advance(35_000)).toBeUndefined();
  expect(joiner.advance(35_001)).toEqual({ kind: 'failed', message: 'No member answered within 30 s.' });
});

test('without a state of its own it fetches one, the whole manifest of who answered first', () => {
  const { asksAt, fetchesAt, answer } = joinerOf(undefined);
  asksAt(0);
  expect(fetchesAt(10)).toEqual([]);
  answer('b', { status: 'admitted' }, 20);
  // A second one is asked as well, in case that one is slow.
  expect(fetchesAt(20).filter((it) => !it.endsWith('?'))).toEqual(['state of b', 'state of a']);
});

test('who is no peer of the match lets nobody in', () => {
  const { asksAt, fetchesAt, answer } = joinerOf(undefined);
  asksAt(0);
  answer('x', { status: 'admitted' }, 20);
  expect(fetchesAt(1000)).toEqual([]);
});

test('two that know what was stepped since its state are enough for the log', () => {
  const { asksAt, fetchesAt, answer } = joinerOf(HELD);
  asksAt(0);
  answer('a', delta(), 10);
  expect(fetchesAt(11)).toEqual([]);
  answer('c', delta(), 12);
  expect(fetchesAt(12)).toEqual(['log of a', 'log of c']);
});

test('one that knows it is enough only if nobody else answers for a while', () => {
  const { asksAt, fetchesAt, answer } = joinerOf(HELD);
  asksAt(0);
  answer('c', delta(), 10);
  expect(fetchesAt(409)).toEqual([]);
  expect(fetchesAt(410)).toEqual(['log of c']);
});

test('if one knows it and one does not the state is fetched, after the same while', () => {
  const { asksAt, fetchesAt, answer } = joinerOf(HELD);
  asksAt(0);
  answer('c', delta(), 10);
  answer('a', { status: 'admitted' }, 300);
  expect(fetchesAt(409)).toEqual([]);
  expect(fetchesAt(410)).toContain('state of c');
});

test('nobody is waited for once all have answered, whether or not it counts itself among the peers', () => {
  for (const peers of [
    ['a', 'b', 'me'],
    ['a', 'b'],
  ]) {
    const { asksAt, fetchesAt, answer } = joinerOf(HELD, peers);
    asksAt(0);
    answer('a', delta(), 10);
    expect(fetchesAt(11)).toEqual([]);
    answer('b', { status: 'admitted' }, 12);
    expect(fetchesAt(12)).toContain('state of a');
  }
});

test('what was stepped since another frame is of no use', () => {
  const { asksAt, fetchesAt, answer } = joinerOf(HELD);
  asksAt(0);
  for (const from of ['a', 'b', 'c']) answer(from, delta(41), 10);
  expect(fetchesAt(10)).toContain('state of a');
});

test('a log that is of no use gives way to the state, without a new beginning', () => {
  const { joiner, asksAt, fetchesAt, answer, nonce } = joinerOf(HELD);
  asksAt(0);
  for (const from of ['a', 'b']) answer(from, delta(), 10);
  expect(fetchesAt(10)).toContain('log of a');
  const before = nonce();
  joiner.withoutLog();
  expect(fetchesAt(11)).toContain('state of a');
  expect(asksAt(600).at(-1)?.[1]).toMatchObject({ nonce: before, held: undefined });
});

test('who was let go again, or whose first member has forgotten it, begins anew at once', () => {
  const { asksAt, answer, nonce, fetchesAt } = joinerOf(undefined);
  asksAt(0);
  const first = nonce();
  answer('b', { status: 'admitted' }, 10);
  answer('a', { status: 'wait' }, 11);
  asksAt(300);
  expect(nonce()).toBe(first);
  answer('b', { status: 'wait' }, 310);
  expect(
    asksAt(310)
      .slice(1)
      .map(([to]) => to),
  ).toEqual(['a', 'b', 'c']);
  const second = nonce();
  expect(second).not.toBe(first);
  fetchesAt(310);
  // What was said before counts no more.
  expect(fetchesAt(320)).toEqual([]);
  answer('c', { status: 'admitted' }, 320);
  expect(fetchesAt(320)).toContain('state of c');
  answer('a', { status: 'again' }, 330);
  asksAt(330);
  expect(nonce()).not.toBe(second);
});

test('the fourth state that is of no use ends it', () => {
  const { joiner, asksAt, answer } = joinerOf(undefined);
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    asksAt(attempt * 1000);
    answer('a', { status: 'admitted' }, attempt * 1000);
    expect(joiner.advance(attempt * 1000)).toBeUndefined();
    joiner.again('not this one', attempt * 1000);
    expect(joiner.advance(attempt * 1000)).toBeUndefined();
  }
  joiner.again('nor this one', 4000);
  expect(joiner.advance(4000)).toEqual({ kind: 'failed', message: 'nor this one' });
});
