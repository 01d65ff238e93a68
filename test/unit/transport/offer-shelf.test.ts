import { OfferShelf } from '../../../sdk/src/transport/offer-shelf.js';
import type { ConnectionSignal } from '../../../sdk/src/transport/peerjs-connections.js';

const offer = (connectionId: string): ConnectionSignal => ({ kind: 'offer', connectionId, sdp: '' });
const candidate = (connectionId: string): ConnectionSignal => ({
  kind: 'candidate',
  connectionId,
  candidate: 'x',
  sdpMid: '0',
  sdpMLineIndex: 0,
  usernameFragment: null,
});

test('an offer is kept with its candidates, in order, and given out once', () => {
  const shelf = new OfferShelf(2);
  expect(shelf.put('a', offer('1'), 0)).toBe(true);
  expect(shelf.put('a', candidate('1'), 0)).toBe(true);
  expect(shelf.take('a')).toEqual([offer('1'), candidate('1')]);
  expect(shelf.take('a')).toBeUndefined();
});

test('a newer offer of the same peer takes the place of the older, candidates and all', () => {
  const shelf = new OfferShelf(1);
  shelf.put('a', offer('1'), 0);
  shelf.put('a', candidate('1'), 0);
  expect(shelf.put('a', offer('2'), 0)).toBe(true);
  expect(shelf.put('a', candidate('1'), 0)).toBe(false);
  expect(shelf.take('a')).toEqual([offer('2')]);
});

test('peers and candidates are bounded', () => {
  const shelf = new OfferShelf(2);
  expect([shelf.put('a', offer('1'), 0), shelf.put('b', offer('1'), 0)]).toEqual([true, true]);
  expect(shelf.put('c', offer('1'), 0)).toBe(false);
  expect(shelf.put('c', candidate('1'), 0)).toBe(false);
  const kept = Array.from({ length: 100 }, () => shelf.put('a', candidate('1'), 0)).filter(Boolean);
  expect(kept).toHaveLength(64);
});

test('an offer is forgotten when its sender withdraws it or must have given up', () => {
  const shelf = new OfferShelf(3);
  for (const peer of ['a', 'b', 'c']) shelf.put(peer, offer('1'), peer === 'c' ? 10_000 : 0);
  shelf.withdraw('a', 'other');
  shelf.withdraw('b', '1');
  expect(shelf.take('b')).toBeUndefined();
  shelf.expire(15_000);
  expect(shelf.take('a')).toBeUndefined();
  expect(shelf.take('c')).toEqual([offer('1')]);
});
