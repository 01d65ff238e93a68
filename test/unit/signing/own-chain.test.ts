/** What a peer signs of what it played: every frame once, in whatever pieces and however often the match begins anew. */
import { BATCH_BYTES_MAX, BATCHES_KEPT } from '../../../sdk/src/base/limits.js';
import { hashOfBatch, type InputSigner } from '../../../sdk/src/signing/input-signer.js';
import { OwnChain } from '../../../sdk/src/signing/own-chain.js';
import type { SigningSession } from '../../../sdk/src/signing/signing-types.js';
import { decodeBatch, type InputBatch } from '../../../sdk/src/wire/signed-batch.js';

const signer: InputSigner = {
  publicKey: new Uint8Array(32).fill(3),
  sign: () => Promise.resolve(new Uint8Array(64).fill(4)),
};

/** A period of a slot: who plays from which frame to which. */
interface Period {
  readonly slot?: number;
  readonly owner?: string;
  readonly epoch?: number;
  readonly from: number;
  readonly to: number;
}

interface About {
  readonly slotCount?: number;
  readonly cellBytes?: number;
  readonly matchId?: string;
  readonly self?: string;
  /** No byte of an input is that of the frame before. */
  readonly isLively?: boolean;
}

/** A match of these periods, final up to `match.final`. */
function chainOf(periods: readonly Period[], about: About = {}) {
  const { slotCount = 1, cellBytes = 1, matchId = 'm', self = 'me', isLively = false } = about;
  const match = { periods, final: 0 };
  /** First frames that the session was asked for. */
  const looked: number[] = [];
  const session: SigningSession = {
    ...{ peers: [self, 'you'], slotCount, cellBytes },
    get frameFinal() {
      return match.final;
    },
    inputSpan: (slot, first, countMax) => {
      if (countMax < 1) throw new Error(`${countMax} frames are no run`);
      looked.push(first);
      const last = Math.min(first + countMax - 1, match.final);
      const period = match.periods.find((it) => (it.slot ?? 0) === slot && it.to >= first && it.from <= last);
      if (period === undefined || last < first) return undefined;
      const from = Math.max(first, period.from);
      const cells = new Uint8Array((Math.min(last, period.to) - from + 1) * cellBytes);
      for (let at = 0; isLively && at < cells.length; at += 1)
        cells[at] = 1 + (Math.floor(at / cellBytes) % 2);
      return { slot, owner: period.owner ?? self, epoch: period.epoch ?? 0, first: from, cells };
    },
  };
  const chain = new OwnChain({ matchId, self, signer, session });
  /** The next batch as others read it; its runs as slot, epoch, first and last frame. */
  const signed = async (final: number): Promise<string[] | undefined> => {
    match.final = final;
    const batch = await chain.sign([]);
    if (batch === undefined) return undefined;
    const read = decodeBatch(batch.bytes) as InputBatch;
    return read.spans.map(
      ({ slot, epoch, first, cells }) => `${slot}/${epoch}: ${first}-${first + cells.length / cellBytes - 1}`,
    );
  };
  return { chain, match, signed, looked };
}

test('what has become final since the last batch is signed, and nothing twice', async () => {
  const { signed } = chainOf([{ from: 1, to: 9999 }]);
  expect(await signed(0)).toBeUndefined();
  expect([await signed(60), await signed(60), await signed(61), await signed(120)]).toEqual([
    ['0/0: 1-60'],
    undefined,
    ['0/0: 61-61'],
    ['0/0: 62-120'],
  ]);
});

test('a match that begins anew has nothing signed again, and frames that were never looked at are', async () => {
  const { chain, match, signed } = chainOf([{ from: 1, to: 9999 }]);
  expect(await signed(60)).toEqual(['0/0: 1-60']);
  chain.restart();
  expect([await signed(60), await signed(80)]).toEqual([undefined, ['0/0: 61-80']]);
  // What was somebody else's before turns out to be ours.
  match.periods = [
    { from: 1, to: 100, owner: 'you' },
    { from: 101, to: 9999, epoch: 1 },
  ];
  expect(await signed(90)).toBeUndefined();
  match.periods = [
    { from: 1, to: 84 },
    { from: 85, to: 99, owner: 'you' },
    { from: 100, to: 9999, epoch: 1 },
  ];
  expect(await signed(95)).toBeUndefined();
  chain.restart();
  expect([await signed(95), await signed(110)]).toEqual([['0/0: 81-84'], ['0/1: 100-110']]);
});

test('after a restart frames of a new epoch are signed although higher ones of the old were', async () => {
  const { chain, match, signed } = chainOf([{ from: 1, to: 9999 }]);
  expect(await signed(100)).toEqual(['0/0: 1-100']);
  match.periods = [
    { from: 1, to: 70 },
    { from: 71, to: 9999, epoch: 1 },
  ];
  chain.restart();
  expect(await signed(90)).toEqual(['0/1: 71-90']);
});

test('frames of others between our own are left out', async () => {
  const { signed } = chainOf([
    { from: 1, to: 20 },
    { from: 21, to: 40, owner: 'you' },
    { from: 41, to: 99, epoch: 1 },
  ]);
  expect([await signed(60), await signed(60), await signed(60)]).toEqual([
    ['0/0: 1-20'],
    ['0/1: 41-60'],
    undefined,
  ]);
});

test('each slot has its run in a batch, of at most 240 frames', async () => {
  const { signed } = chainOf(
    [
      { slot: 0, from: 1, to: 999 },
      { slot: 1, from: 1, to: 999, owner: 'you' },
      { slot: 2, from: 5, to: 999 },
    ],
    { slotCount: 3 },
  );
  expect([await signed(300), await signed(300), await signed(300)]).toEqual([
    ['0/0: 1-240', '2/0: 5-240'],
    ['0/0: 241-300', '2/0: 241-300'],
    undefined,
  ]);
});

test('a batch stays within what others read, and what did not fit follows', async () => {
  const wide = { slotCount: 16, cellBytes: 64 };
  const { chain, signed } = chainOf(
    Array.from({ length: 16 }, (_, slot) => ({ slot, from: 1, to: 999 })),
    wide,
  );
  const seen = new Map<string, number>();
  for (;;) {
    const runs = await signed(200);
    if (runs === undefined) break;
    // The others would not read a longer one.
    expect(runs.length).toBeGreaterThan(0);
    for (const run of runs) {
      const [, slot = '', first, last] = /^(\d+)\/0: (\d+)-(\d+)$/.exec(run) ?? [];
      expect(Number(first)).toBe((seen.get(slot) ?? 0) + 1);
      seen.set(slot, Number(last));
    }
  }
  expect([...seen.values()]).toEqual(new Array(16).fill(200));
  expect(chain.head?.sequence).toBeGreaterThan(16);
});

test('batches are numbered, each names the one before, and the newest are kept', async () => {
  const { chain, signed } = chainOf([{ from: 1, to: 9999 }]);
  expect([chain.head, chain.at(0)]).toEqual([undefined, undefined]);
  let previous: Uint8Array = new Uint8Array(32);
  for (let sequence = 0; sequence <= BATCHES_KEPT; sequence += 1) {
    await signed(sequence + 1);
    const batch = chain.at(sequence);
    expect(batch?.sequence).toBe(sequence);
    const read = decodeBatch(batch?.bytes as Uint8Array);
    expect(read).toMatchObject({ sequence, previous, peer: 'me', matchId: 'm', key: signer.publicKey });
    previous = await hashOfBatch(batch?.bytes as Uint8Array);
    expect(batch?.hash).toEqual(previous);
  }
  expect(chain.head).toBe(chain.at(BATCHES_KEPT));
  expect([chain.at(0), chain.at(1)?.sequence, chain.at(BATCHES_KEPT + 1)]).toEqual([undefined, 1, undefined]);
});

test('what was asked to be signed in vain is never signed again', async () => {
  const { chain, match, signed } = chainOf([{ from: 1, to: 9999 }]);
  match.final = 10;
  const { sign } = signer;
  Object.assign(signer, { sign: () => Promise.reject(new Error('the key is gone')) });
  await expect(chain.sign([])).rejects.toThrow('the key is gone');
  Object.assign(signer, { sign });
  expect(await signed(20)).toEqual(['0/0: 11-20']);
  expect(chain.head?.sequence).toBe(1);
});

test('after one that could not be signed each batch is still found by its number', async () => {
  const { chain, match, signed } = chainOf([{ from: 1, to: 9999 }]);
  await signed(10);
  const { sign } = signer;
  Object.assign(signer, { sign: () => Promise.reject(new Error('busy')) });
  match.final = 20;
  await expect(chain.sign([])).rejects.toThrow('busy');
  Object.assign(signer, { sign });
  await signed(30);
  expect([0, 1, 2].map((sequence) => chain.at(sequence)?.sequence)).toEqual([0, undefined, 2]);
});

test('the very last frame that was signed is not signed again after a restart', async () => {
  const { chain, signed } = chainOf([{ from: 1, to: 9999 }]);
  expect(await signed(1)).toEqual(['0/0: 1-1']);
  chain.restart();
  expect([await signed(1), await signed(2)]).toEqual([undefined, ['0/0: 2-2']]);
});

test('what is signed is not looked at again, whoever played it', async () => {
  const { signed, looked } = chainOf([
    { from: 1, to: 60 },
    { from: 61, to: 9999, owner: 'you' },
  ]);
  await signed(60);
  looked.length = 0;
  await signed(100);
  expect(looked).toEqual([61, 101]);
  looked.length = 0;
  await signed(120);
  expect(looked).toEqual([101, 121]);
});

const nonces = Array.from({ length: 30 }, (_, at) => ({
  peer: String(10 + at).repeat(32),
  nonce: new Uint8Array(16).fill(at),
}));

test.each([
  [1, 0.4],
  [2, 0.55],
  [7, 0.9],
  [8, 0.9],
  [9, 0.92],
  [17, 0.95],
  [64, 0.98],
])(
  'a batch of inputs of %i bytes that all change is one that others read, and full',
  async (cellBytes, part) => {
    const periods = Array.from({ length: 16 }, (_, slot) => ({ slot, from: 1, to: 9999 }));
    // As long as names can be.
    const names = { matchId: '\u20ac'.repeat(64), self: 'x'.repeat(64) };
    for (const count of [0, 1, 10, 30]) {
      const { chain, match } = chainOf(periods, { ...names, slotCount: 16, cellBytes, isLively: true });
      match.final = 9999;
      const batch = await chain.sign(nonces.slice(0, count));
      const bytes = batch?.bytes ?? new Uint8Array(0);
      expect(decodeBatch(bytes)?.nonces).toHaveLength(count);
      // Room is kept for what an input could take: the small ones never take all of it.
      expect(bytes.length).toBeGreaterThan(BATCH_BYTES_MAX * part);
    }
  },
);
