/** The chain of one other peer, link by link. */
import { SIGNED_EPOCHS_KEPT } from '../../../sdk/src/base/limits.js';
import { RemoteChain } from '../../../sdk/src/signing/remote-chain.js';
import type { SigningSession } from '../../../sdk/src/signing/signing-types.js';
import type { BatchSpan, InputBatch } from '../../../sdk/src/wire/signed-batch.js';

const key = new Uint8Array(32).fill(1);
const nonce = new Uint8Array(16).fill(2);
const self = { peer: 'me', nonce };
const hash = (value: number): Uint8Array => new Uint8Array(32).fill(value);

function batchOf(sequence: number, about: Partial<InputBatch> = {}): InputBatch {
  return {
    ...{ matchId: 'm', peer: 'a', key, sequence, previous: hash(sequence), cellBytes: 1 },
    nonces: sequence === 0 ? [{ peer: 'me', nonce }] : [],
    spans: [{ slot: 0, epoch: 0, first: sequence * 10 + 1, cells: new Uint8Array(10) }],
    ...about,
  };
}

const signed = { signature: new Uint8Array(64), bytes: new Uint8Array(1) };

/** A chain of batches 0 to `last`; the hash of batch n is n + 1. */
function chainTo(last: number): RemoteChain {
  const chain = new RemoteChain('a', key);
  for (let sequence = 0; sequence <= last; sequence += 1) {
    expect(chain.place(batchOf(sequence), hash(sequence + 1), self)).toBe('next');
    chain.take(batchOf(sequence), signed, { hash: hash(sequence + 1), nonce });
  }
  return chain;
}

/** Slot 0 was played by 'a' with zeros, in epoch 0, up to frame 1,000. */
const session: SigningSession = {
  ...{ peers: ['me', 'a'], frameFinal: 1000, slotCount: 1, cellBytes: 1 },
  inputSpan: (slot, first, countMax) => {
    const from = Math.max(1, first);
    const last = Math.min(1000, from + countMax - 1);
    if (slot !== 0 || last < from) return undefined;
    return { slot, owner: 'a', epoch: 0, first: from, cells: new Uint8Array(last - from + 1) };
  },
};

test('a batch is known, next, a fork, a gap or broken', () => {
  const chain = chainTo(3);
  expect(chain.head).toBe(3);
  expect(chain.place(batchOf(2), hash(3), self)).toBe('known');
  expect(chain.place(batchOf(2), hash(9), self)).toBe('fork');
  expect(chain.place(batchOf(4), hash(5), self)).toBe('next');
  expect(chain.place(batchOf(4, { previous: hash(0) }), hash(5), self)).toBe('broken');
  expect(chain.place(batchOf(5), hash(6), self)).toBe('gap');
  // It greeted this nonce already: numbers cannot be left out by greeting it again.
  expect(chain.place(batchOf(9, { nonces: [{ peer: 'me', nonce }] }), hash(6), self)).toBe('gap');
  const anew = { peer: 'me', nonce: new Uint8Array(16).fill(3) };
  expect(chain.place(batchOf(9, { nonces: [anew] }), hash(6), anew)).toBe('next');
  expect(chain.place(batchOf(9, { nonces: [{ ...anew, peer: 'you' }] }), hash(6), anew)).toBe('gap');
});

test('runs go on from those before, and end not too far in the future', () => {
  const chain = chainTo(3);
  const spans = (first: number, epoch = 0): BatchSpan[] => [
    { slot: 0, epoch, first, cells: new Uint8Array(5) },
  ];
  expect(chain.goesOn(batchOf(4), 40)).toBe(true);
  expect(chain.goesOn(batchOf(4, { spans: spans(40) }), 40)).toBe(false);
  expect(chain.goesOn(batchOf(4, { spans: spans(30, 1) }), 40)).toBe(true);
  expect(chain.goesOn(batchOf(4, { spans: spans(1956) }), 40)).toBe(true);
  expect(chain.goesOn(batchOf(4, { spans: spans(1957) }), 40)).toBe(false);
});

test('what was signed is compared once it is final: differences and frames left out are told', () => {
  const chain = chainTo(1);
  expect(chain.compare({ ...session, frameFinal: 15 })).toEqual([]);
  expect(chain.frameCompared).toBe(10);
  const wrong = batchOf(2, { spans: [{ slot: 0, epoch: 0, first: 26, cells: Uint8Array.of(0, 0, 7, 0) }] });
  chain.take(wrong, signed, { hash: hash(3), nonce });
  expect(chain.compare(session)).toEqual([
    { problem: 'missing', slot: 0, frame: 21 },
    { problem: 'differs', slot: 0, frame: 28 },
  ]);
  expect(chain.compare(session)).toEqual([]);
  expect(chain.overdue(0, session, 600)).toBe(30);
  expect(chain.overdue(0, { ...session, frameFinal: 629 }, 600)).toBeUndefined();
});

test('frames of another epoch, or of a slot that is somebody else’s, are void', () => {
  const chain = chainTo(0);
  const spans = [
    { slot: 0, epoch: 3, first: 11, cells: Uint8Array.of(9, 9) },
    { slot: 1, epoch: 0, first: 11, cells: Uint8Array.of(9, 9) },
  ];
  chain.take(batchOf(1, { spans }), signed, { hash: hash(2), nonce });
  const elsewhere: SigningSession = {
    ...session,
    slotCount: 2,
    inputSpan: (slot, first, countMax) => {
      const span = session.inputSpan(0, first, countMax);
      return span && { ...span, slot, owner: slot === 0 ? 'a' : 'me' };
    },
  };
  expect(chain.compare(elsewhere)).toEqual([]);
  // A chain that began in the middle says nothing about frames before.
  const late = new RemoteChain('a', key);
  late.take(batchOf(5), signed, { hash: hash(6), nonce });
  expect(late.compare(session)).toEqual([]);
});

test('epochs without end and runs without end take no memory without end', () => {
  const chain = new RemoteChain('a', key);
  for (let sequence = 0; sequence < 3 * SIGNED_EPOCHS_KEPT; sequence += 1) {
    const spans = [{ slot: 0, epoch: sequence, first: 2000, cells: new Uint8Array(1) }];
    chain.take(batchOf(sequence, { spans }), signed, { hash: hash(sequence & 255), nonce });
  }
  const again = (epoch: number): boolean =>
    chain.goesOn(batchOf(9, { spans: [{ slot: 0, epoch, first: 2000, cells: new Uint8Array(1) }] }), 1000);
  expect(again(0)).toBe(true);
  expect(again(3 * SIGNED_EPOCHS_KEPT - 1)).toBe(false);
  expect(chain.hashAt(0)).toBeUndefined();
  expect(chain.signedAt(3 * SIGNED_EPOCHS_KEPT - 65)).toBeUndefined();
  expect(chain.signedAt(3 * SIGNED_EPOCHS_KEPT - 64)).toBe(signed);
});

/** Slot 0 was played by 'a' with zeros; from frame 501 on in epoch 1, and frames 401 to 500 by a substitute. */
const interrupted: SigningSession = {
  ...session,
  inputSpan: (slot, first, countMax) => {
    const span = session.inputSpan(slot, first, countMax);
    if (span === undefined) return undefined;
    const last = span.first + span.cells.length - 1;
    const cut = (from: number, to: number, epoch: number) =>
      from > to ? undefined : { ...span, epoch, first: from, cells: new Uint8Array(to - from + 1) };
    if (span.first <= 400) return cut(span.first, Math.min(last, 400), 0);
    return cut(Math.max(span.first, 501), last, 1);
  },
};
const run = (first: number, count: number, about: Partial<BatchSpan> = {}): Partial<InputBatch> => ({
  spans: [{ slot: 0, epoch: 0, first, cells: new Uint8Array(count), ...about }],
});
const take = (chain: RemoteChain, sequence: number, about: Partial<InputBatch>, greeted = nonce): void =>
  chain.take(batchOf(sequence, about), signed, { hash: hash(sequence + 1), nonce: greeted });

test('a chain that is whole begins with the first frame; what a substitute played is not missed', () => {
  const chain = new RemoteChain('a', key);
  take(chain, 0, run(3, 398));
  expect(chain.compare(interrupted)).toEqual([{ problem: 'missing', slot: 0, frame: 1 }]);
  take(chain, 1, run(501, 20, { epoch: 1 }));
  expect(chain.compare(interrupted)).toEqual([]);
  take(chain, 2, run(530, 10, { epoch: 1 }));
  expect(chain.compare(interrupted)).toEqual([{ problem: 'missing', slot: 0, frame: 521 }]);
  expect(chain.frameCompared).toBe(539);
});

test('a run is compared with what was played in its epoch alone, to its last frame', () => {
  const chain = new RemoteChain('a', key);
  const cells = (count: number, wrong: number): Uint8Array => new Uint8Array(count).fill(9, wrong, wrong + 1);
  take(chain, 0, run(1, 10, { cells: cells(10, 0) }));
  take(chain, 1, run(11, 390, { cells: cells(390, 389) }));
  // Frames 401 to 500 of it are void, what follows is of another epoch.
  take(chain, 2, run(401, 200, { cells: cells(200, 150) }));
  expect(chain.compare(interrupted)).toEqual([
    { problem: 'differs', slot: 0, frame: 1 },
    { problem: 'differs', slot: 0, frame: 400 },
  ]);
});

test('a peer that begins its chain again for us, with numbers left out, misses nothing; in order it does', () => {
  const again = new Uint8Array(16).fill(9);
  const skipping = new RemoteChain('a', key);
  take(skipping, 0, run(1, 10));
  expect(skipping.compare(session)).toEqual([]);
  take(skipping, 1, run(11, 10));
  // Not compared yet when batches 2 to 4 go to the others alone.
  take(skipping, 5, run(51, 10), again);
  expect(skipping.compare(session)).toEqual([]);
  take(skipping, 6, run(65, 10), again);
  expect(skipping.compare(session)).toEqual([{ problem: 'missing', slot: 0, frame: 61 }]);
  take(skipping, 9, run(91, 10), nonce);
  expect(skipping.compare(session)).toEqual([]);
  const inOrder = new RemoteChain('a', key);
  take(inOrder, 0, run(1, 10));
  expect(inOrder.compare(session)).toEqual([]);
  take(inOrder, 1, run(31, 10), again);
  expect(inOrder.compare(session)).toEqual([{ problem: 'missing', slot: 0, frame: 11 }]);
});

test('the frame of a difference is right whatever an input takes', () => {
  const chain = new RemoteChain('a', key);
  const wide: SigningSession = {
    ...{ ...session, cellBytes: 3 },
    inputSpan: (slot, first, countMax) => {
      const span = session.inputSpan(slot, first, countMax);
      return span && { ...span, cells: new Uint8Array(3 * span.cells.length) };
    },
  };
  const cells = new Uint8Array(30);
  cells[3 * 7 + 2] = 1;
  take(chain, 0, { cellBytes: 3, ...run(1, 10, { cells }) });
  expect(chain.compare(wide)).toEqual([{ problem: 'differs', slot: 0, frame: 8 }]);
  expect(chain.frameCompared).toBe(10);
});
