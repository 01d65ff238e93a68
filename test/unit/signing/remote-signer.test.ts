/** What is kept of another peer that comes, goes, and comes back with another key. */
import { SIGNING_MESSAGES_BURST, SIGNING_MESSAGES_PER_SECOND } from '../../../sdk/src/base/limits.js';
import { RemoteSigner } from '../../../sdk/src/signing/remote-signer.js';

const keyOf = (value: number): Uint8Array => new Uint8Array(32).fill(value);
const nonceOf = (value: number): Uint8Array => new Uint8Array(16).fill(value);

test('a peer is waited for until its key comes, or it says that it has none', () => {
  const remote = new RemoteSigner('a');
  expect(remote.status()).toEqual({
    ...{ peer: 'a', state: 'waiting', batchesVerified: 0, frameCompared: 0, refused: 0 },
  });
  remote.isKeyless = true;
  expect(remote.status().state).toBe('unsigned');
  expect(remote.pin(keyOf(1))).toBe(true);
  expect(remote.status()).toMatchObject({ state: 'signed', publicKey: keyOf(1) });
  expect(remote.isKeyless).toBe(false);
});

test('another key counts only from one that has left', () => {
  const remote = new RemoteSigner('a');
  expect([remote.pin(keyOf(1)), remote.pin(keyOf(1)), remote.pin(keyOf(2))]).toEqual([true, true, false]);
  expect(remote.chain?.key).toEqual(keyOf(1));
  remote.left();
  expect([remote.pin(keyOf(2)), remote.pin(keyOf(3)), remote.chain?.key]).toEqual([true, false, keyOf(2)]);
});

test('a peer that comes back with its key goes on in its chain, and cannot change it then', () => {
  const remote = new RemoteSigner('a');
  remote.pin(keyOf(1));
  const { chain } = remote;
  remote.left();
  expect([remote.pin(keyOf(1)), remote.chain === chain, remote.pin(keyOf(2))]).toEqual([true, true, false]);
});

test('the four keys before the present one still prove something, and are taken up again with what was signed', () => {
  const remote = new RemoteSigner('a');
  for (let key = 1; key <= 6; key += 1) {
    expect(remote.pin(keyOf(key))).toBe(true);
    remote.left();
  }
  const known = [1, 2, 3, 4, 5, 6, 7].map((key) => remote.chainWith(keyOf(key))?.key[0]);
  expect(known).toEqual([undefined, 2, 3, 4, 5, 6, undefined]);
  const old = remote.chainWith(keyOf(4));
  remote.pin(keyOf(4));
  expect([remote.chain === old, remote.chainWith(keyOf(4)) === old]).toEqual([true, true]);
});

test('a new nonce means that it has nothing of ours', () => {
  const remote = new RemoteSigner('a');
  expect(remote.echo).toEqual(nonceOf(0));
  expect([remote.greet(nonceOf(1)), remote.echo]).toEqual([true, nonceOf(1)]);
  Object.assign(remote, { greetedIn: 4, acked: 7, owesSinceMs: 100 });
  expect(remote.greet(nonceOf(1))).toBe(false);
  expect([remote.greetedIn, remote.acked, remote.owesSinceMs]).toEqual([4, 7, 100]);
  expect(remote.greet(nonceOf(2))).toBe(true);
  expect([remote.greetedIn, remote.acked, remote.owesSinceMs]).toEqual([undefined, -1, undefined]);
});

test('one that has left is greeted anew, whatever nonce it shows', () => {
  const remote = new RemoteSigner('a');
  remote.greet(nonceOf(1));
  Object.assign(remote, { hasOurs: true, greetedIn: 4, acked: 7, owesSinceMs: 100 });
  remote.left();
  expect([remote.hasOurs, remote.greetedIn, remote.acked, remote.owesSinceMs, remote.echo]).toEqual([
    ...[false, undefined, -1, undefined, nonceOf(0)],
  ]);
  expect(remote.greet(nonceOf(1))).toBe(true);
});

test('messages are looked at up to a burst, then at a rate, whatever the clock does', () => {
  const remote = new RemoteSigner('a');
  const allowed = (nowMs: number, tries: number): number =>
    Array.from({ length: tries }, () => remote.allows(nowMs)).filter(Boolean).length;
  expect(allowed(0, SIGNING_MESSAGES_BURST + 50)).toBe(SIGNING_MESSAGES_BURST);
  expect(allowed(1000, 2 * SIGNING_MESSAGES_PER_SECOND)).toBe(SIGNING_MESSAGES_PER_SECOND);
  // A clock that goes back gives nothing, and what passed until it is there again counts once more at most.
  expect(allowed(500, 10)).toBe(0);
  expect(allowed(60_000_000, 2 * SIGNING_MESSAGES_BURST)).toBe(SIGNING_MESSAGES_BURST);
});
