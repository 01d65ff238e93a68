/** What is shown to a witness, and when: to one that lacks batches, to one that was shown others, and to nobody in haste. */
import { RemoteChain } from '../../../sdk/src/signing/remote-chain.js';
import { WitnessBook } from '../../../sdk/src/signing/witness-book.js';
import type { InputBatch } from '../../../sdk/src/wire/signed-batch.js';
import type { WitnessEntry } from '../../../sdk/src/wire/signing-messages.js';

const KEY = new Uint8Array(32).fill(7);
const hashOf = (sequence: number): Uint8Array => new Uint8Array(32).fill(sequence + 1);

/** The chain of 'owner' as it came here: batches 0 to `head`. */
function chainTo(head: number, chain = new RemoteChain('owner', KEY)): RemoteChain {
  for (let sequence = chain.head + 1; sequence <= head; sequence += 1) {
    const batch = { peer: 'owner', key: KEY, sequence, nonces: [], spans: [], cellBytes: 1 };
    chain.take(
      batch as unknown as InputBatch,
      { signature: new Uint8Array(64), bytes: new Uint8Array(1) },
      {
        hash: hashOf(sequence),
        nonce: new Uint8Array(16),
      },
    );
  }
  return chain;
}

const holds = (sequence: number, about: Partial<WitnessEntry> = {}): WitnessEntry => ({
  ...{ owner: 1, keyHint: KEY.slice(0, 8), sequence, hash: hashOf(sequence) },
  ...about,
});

/** A book that hears what a witness holds ten times a second; gives when something was shown, and what. */
function toldFor(
  fromMs: number,
  toMs: number,
  tell: (book: WitnessBook, nowMs: number) => readonly number[],
) {
  const book = new WitnessBook();
  const shown: [number, ...number[]][] = [];
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += 100) {
    const show = tell(book, nowMs);
    if (show.length > 0) shown.push([nowMs, ...show]);
  }
  return shown;
}

test('who keeps up is shown nothing', () => {
  const chain = chainTo(2);
  const shown = toldFor(0, 20_000, (book, nowMs) => {
    if (nowMs % 1000 === 0) chainTo(chain.head + 1, chain);
    // A second behind all the time.
    return book.compare('w', holds(chain.head - 1), { chain, nowMs }).show;
  });
  expect(shown).toEqual([]);
});

test('who has the newest is shown nothing however long it stays the newest, and its patience begins when it falls behind', () => {
  const chain = chainTo(5);
  const shown = toldFor(0, 13_500, (book, nowMs) => {
    if (nowMs === 10_000) chainTo(6, chain);
    return book.compare('w', holds(5), { chain, nowMs }).show;
  });
  // Since 9,900 it had been known to have the newest.
  expect(shown).toEqual([
    [12_900, 6],
    [13_400, 6],
  ]);
});

test('who stands still for three seconds is shown what it lacks, four at a time, twice a second', () => {
  const chain = chainTo(9);
  const shown = toldFor(0, 4000, (book, nowMs) => book.compare('w', holds(2), { chain, nowMs }).show);
  expect(shown).toEqual([
    [3000, 3, 4, 5, 6],
    [3500, 3, 4, 5, 6],
    [4000, 3, 4, 5, 6],
  ]);
});

test('who takes what it was shown begins anew', () => {
  const chain = chainTo(9);
  const shown = toldFor(
    0,
    6100,
    (book, nowMs) => book.compare('w', holds(nowMs <= 3000 ? 2 : 6), { chain, nowMs }).show,
  );
  expect(shown).toEqual([
    [3000, 3, 4, 5, 6],
    [6100, 7, 8, 9],
  ]);
});

test('to who has another batch under one number ours is shown at once, twice a second', () => {
  const chain = chainTo(4);
  const shown = toldFor(
    0,
    1000,
    (book, nowMs) => book.compare('w', holds(3, { hash: hashOf(99) }), { chain, nowMs }).show,
  );
  expect(shown).toEqual([
    [0, 3],
    [500, 3],
    [1000, 3],
  ]);
});

test('to who has numbers that we lack the newest is shown after three seconds', () => {
  const chain = chainTo(4);
  const shown = toldFor(0, 3400, (book, nowMs) => book.compare('w', holds(50), { chain, nowMs }).show);
  expect(shown).toEqual([[3000, 4]]);
});

test('another key is told after three seconds without one moment of agreement, and nothing is shown', () => {
  const chain = chainTo(4);
  const book = new WitnessBook();
  const other = holds(3, { keyHint: new Uint8Array(8) });
  const otherKeyAt = (nowMs: number): boolean => {
    const { otherKey, show } = book.compare('w', other, { chain, nowMs });
    expect(show).toEqual([]);
    return otherKey;
  };
  expect([0, 2999, 3000].map(otherKeyAt)).toEqual([false, false, true]);
  book.compare('w', holds(4), { chain, nowMs: 4000 });
  expect([4100, 6999, 7000].map(otherKeyAt)).toEqual([false, false, true]);
});

test('witnesses are told apart, and a new beginning of either side forgets old differences', () => {
  const chain = chainTo(4);
  const book = new WitnessBook();
  const other = holds(3, { keyHint: new Uint8Array(8) });
  const otherKeyAt = (from: string, nowMs: number): boolean =>
    book.compare(from, other, { chain, nowMs }).otherKey;
  expect([otherKeyAt('w', 0), otherKeyAt('x', 1000)]).toEqual([false, false]);
  expect([otherKeyAt('w', 3000), otherKeyAt('x', 3000)]).toEqual([true, false]);
  book.forget('w');
  expect([otherKeyAt('w', 4000), otherKeyAt('x', 4000)]).toEqual([false, true]);
  book.forget('owner');
  expect([otherKeyAt('w', 7000), otherKeyAt('x', 7000)]).toEqual([false, false]);
});
