/** The messages of a view change: round trips, and no damaged copy is understood. */
import fc from 'fast-check';
import { CellRing } from '../../../sdk/src/base/cell-ring.js';
import { ByteReader, ByteWriter } from '../../../sdk/src/wire/byte-cursor.js';
import { packetCrc, write16 } from '../../../sdk/src/wire/frame-packet.js';
import { skipCells } from '../../../sdk/src/wire/input-cells.js';
import { NO_PLAN, type ViewBody } from '../../../sdk/src/wire/view-body.js';
import {
  compareBallots,
  decodeForward,
  decodeViewMessage,
  encodeForward,
  encodeSlotCells,
  encodeViewMessage,
  KIND_FORWARD,
  type ViewMessage,
  viewIdOfCommit,
} from '../../../sdk/src/wire/view-messages.js';

const KEY = 0x4321;
const CELL_BYTES = 2;

const u32 = fc.nat(0xffffffff);
const u16 = fc.nat(0xffff);
const ballot = fc.record({ round: u32, voter: fc.nat(31) });
const head = fc.record({ viewId: u16, ballot });

/** Entries with rising slots. */
function bySlot<T extends object>(entry: fc.Arbitrary<T>): fc.Arbitrary<(T & { readonly slot: number })[]> {
  return fc
    .uniqueArray(fc.nat(15), { maxLength: 4 })
    .chain((slots) =>
      fc.tuple(
        ...slots.sort((left, right) => left - right).map((slot) => entry.map((rest) => ({ slot, ...rest }))),
      ),
    ) as fc.Arbitrary<(T & { readonly slot: number })[]>;
}

/** Cells of `count` frames of one slot, and how many they are. */
const cells = fc.array(fc.tuple(fc.nat(255), fc.nat(255)), { maxLength: 20 }).map((values) => {
  const ring = new CellRing(32, CELL_BYTES);
  for (const [index, pair] of values.entries()) ring.bytes.set(pair, ring.offsetOf(index + 1));
  return { count: values.length, bytes: encodeSlotCells(ring, 1, values.length) };
});

const cuts = bySlot(
  fc
    .record({ base: fc.nat(0xffff0000), cells })
    .map((cut) => ({ base: cut.base, cut: cut.base + cut.cells.count, cells: cut.cells.bytes })),
);

/** Members that leave or are late, with their cuts. */
const cutting: fc.Arbitrary<ViewBody> = fc
  .record({ removed: fc.nat(0x7fffffff), late: fc.nat(0x7fffffff), cuts })
  .filter(({ removed, late }) => (removed | late) !== 0)
  .map((sets) => ({ ...NO_PLAN, frame: 0, ...sets, late: sets.late & ~sets.removed }));

/** What happens at a frame. */
const planning: fc.Arbitrary<ViewBody> = fc
  .record({
    frame: fc.integer({ min: 1, max: 0xffffffff }),
    removed: fc.nat(0x7fffffff),
    returned: fc.nat(0x7fffffff),
    pace: fc.constantFrom('none' as const, 'pause' as const, 'resume' as const),
    newcomers: fc.array(
      fc.record({ index: fc.nat(30), nonce: u32, peer: fc.stringMatching(/^[!-~]{1,64}$/) }),
      {
        maxLength: 1,
      },
    ),
    seats: bySlot(fc.record({ owner: fc.nat(30) })),
  })
  .map((plan) => ({
    ...plan,
    late: 0,
    cuts: [],
    returned: (plan.returned & ~plan.removed) | (plan.removed === 0 ? 1 : 0),
  }));

const body = fc.oneof(cutting, planning);

const payloads = fc.oneof(
  fc.record({
    kind: fc.constant('propose' as const),
    removed: u32,
    late: u32,
    lead: fc.nat(255),
    completing: fc.boolean(),
    held: bySlot(fc.record({ frame: u32 })),
  }),
  fc.record({
    kind: fc.constant('report' as const),
    limit: u32,
    held: bySlot(fc.record({ frame: u32, cells: fc.uint8Array({ maxLength: 12 }) })),
    accepted: fc.option(fc.record({ ballot, body }), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('reject' as const), hears: u32, promisedRound: u32 }),
  fc.record({ kind: fc.constantFrom('accept' as const, 'commit' as const), body }),
  fc.record({ kind: fc.constantFrom('accepted' as const, 'abort' as const) }),
);
const messages = fc
  .tuple(head, payloads)
  .map(([common, payload]) => ({ ...common, ...payload }) as ViewMessage);

test('any message comes back', () => {
  fc.assert(
    fc.property(messages, (message) => {
      expect(decodeViewMessage(encodeViewMessage(message, KEY), KEY, CELL_BYTES)).toEqual(message);
    }),
    { numRuns: 400, seed: 1 },
  );
});

test('every truncation, added byte and single-bit flip of a message is refused', () => {
  let refused = 0;
  fc.assert(
    fc.property(messages, fc.nat(255), (message, added) => {
      const bytes = encodeViewMessage(message, KEY);
      const damaged = [Uint8Array.from([...bytes, added])];
      for (let length = 0; length < bytes.length; length += 1) damaged.push(bytes.slice(0, length));
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        const flipped = bytes.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        damaged.push(flipped);
      }
      for (const copy of damaged)
        if (decodeViewMessage(copy, KEY, CELL_BYTES) !== undefined) throw new Error(`${[...copy]}`);
      refused += damaged.length;
    }),
    { numRuns: 60, seed: 1 },
  );
  expect(refused).toBeGreaterThan(10_000);
});

test('a message of another match is refused', () => {
  const bytes = encodeViewMessage({ viewId: 1, ballot: { round: 1, voter: 0 }, kind: 'accepted' }, KEY);
  let accepted = 0;
  for (let key = 0; key < 0x10000; key += 1)
    if (decodeViewMessage(bytes, key, CELL_BYTES) !== undefined) accepted += 1;
  expect(accepted).toBe(1);
});

/** The checksum is made right, as a member of the match could. */
function sealed(bytes: Uint8Array): Uint8Array {
  if (bytes.length >= 3) write16(bytes, 1, packetCrc(bytes, bytes.length, KEY));
  return bytes;
}

test('with a right checksum, whatever is understood is the only encoding of its content', () => {
  let understood = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 0x83, max: 0x89 }),
      fc.array(fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 255), { maxLength: 40 }),
      (kind, rest) => {
        const bytes = sealed(Uint8Array.from([kind, 0, 0, ...rest]));
        const message = decodeViewMessage(bytes, KEY, CELL_BYTES);
        if (message === undefined) return;
        understood += 1;
        expect([...encodeViewMessage(message, KEY)]).toEqual([...bytes]);
      },
    ),
    { numRuns: 8000, seed: 1 },
  );
  expect(understood).toBeGreaterThan(100);
});

test('the view of a commit is read without its body, of nothing else, and of no damaged one', () => {
  let commits = 0;
  fc.assert(
    fc.property(messages, (message) => {
      const bytes = encodeViewMessage(message, KEY);
      const isCommit = message.kind === 'commit';
      commits += isCommit ? 1 : 0;
      expect(viewIdOfCommit(bytes, KEY)).toBe(isCommit ? message.viewId : -1);
      expect(viewIdOfCommit(bytes, KEY + 1)).toBe(-1);
      expect(viewIdOfCommit(bytes.subarray(0, 7), KEY)).toBe(-1);
      expect(viewIdOfCommit(bytes.subarray(0, bytes.length - 1), KEY)).toBe(-1);
    }),
    { numRuns: 200, seed: 1 },
  );
  expect(commits).toBeGreaterThan(10);
});

test('random bytes never throw, with a right checksum or without', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0x80, max: 0xff }), fc.uint8Array({ maxLength: 120 }), (kind, rest) => {
      const bytes = Uint8Array.from([kind, ...rest]);
      decodeViewMessage(bytes, KEY, CELL_BYTES);
      decodeForward(bytes, KEY);
      sealed(bytes);
      decodeViewMessage(bytes, KEY, CELL_BYTES);
      decodeForward(bytes, KEY);
    }),
    { numRuns: 3000, seed: 1 },
  );
  expect(decodeViewMessage(new Uint8Array(0), KEY, CELL_BYTES)).toBeUndefined();
});

/** What makes a legal plan of the legal body below. */
const PLANNED: Partial<ViewBody> = { frame: 9, removed: 0, cuts: [], returned: 1 };

test.each<[string, Partial<ViewBody>]>([
  ['that decides nothing', { removed: 0 }],
  ['with a peer both gone and late', { late: 4 }],
  ['with a late peer that returns', { late: 8, returned: 8 }],
  ['that plans for no frame', { returned: 1 }],
  ['that plans nothing for a frame', { frame: 9, removed: 0, cuts: [] }],
  ['that plans and cuts', { frame: 9 }],
  ['with a newcomer without a name', { ...PLANNED, newcomers: [{ index: 3, nonce: 1, peer: '' }] }],
  [
    'with a newcomer of a name too long',
    { ...PLANNED, newcomers: [{ index: 3, nonce: 1, peer: 'x'.repeat(65) }] },
  ],
  ['with a newcomer of a strange name', { ...PLANNED, newcomers: [{ index: 3, nonce: 1, peer: 'a b' }] }],
  ['with a newcomer beyond all peers', { ...PLANNED, newcomers: [{ index: 31, nonce: 1, peer: 'a' }] }],
  ['with two newcomers', { ...PLANNED, newcomers: [4, 5].map((index) => ({ index, nonce: 1, peer: 'a' })) }],
  ['with a seat for nobody', { ...PLANNED, seats: [{ slot: 0, owner: 31 }] }],
  ['whose cut is before its base', { cuts: [{ slot: 0, base: 5, cut: 4, cells: new Uint8Array(0) }] }],
  ['with fewer cells than frames', { cuts: [{ slot: 0, base: 5, cut: 15, cells: new Uint8Array(1) }] }],
  ['with more cells than frames', { cuts: [{ slot: 0, base: 5, cut: 6, cells: new Uint8Array(2) }] }],
  [
    'with a slot twice',
    { cuts: [0, 0].map((slot) => ({ slot, base: 5, cut: 5, cells: new Uint8Array(0) })) },
  ],
  ['with a slot that cannot be', { cuts: [{ slot: 16, base: 5, cut: 5, cells: new Uint8Array(0) }] }],
])('a body %s is refused', (_name, part) => {
  const legal: ViewBody = {
    ...NO_PLAN,
    late: 0,
    frame: 0,
    removed: 4,
    cuts: [{ slot: 2, base: 5, cut: 13, cells: new Uint8Array(1) }],
  };
  const message = (content: ViewBody): ViewMessage => ({
    viewId: 1,
    ballot: { round: 1, voter: 0 },
    kind: 'commit',
    body: content,
  });
  expect(decodeViewMessage(encodeViewMessage(message(legal), KEY), KEY, CELL_BYTES)).toBeDefined();
  expect(
    decodeViewMessage(encodeViewMessage(message({ ...legal, ...part }), KEY), KEY, CELL_BYTES),
  ).toBeUndefined();
});

test('a forwarded message comes back, is wrapped once only, and is refused when damaged', () => {
  const message = encodeViewMessage({ viewId: 1, ballot: { round: 2, voter: 3 }, kind: 'abort' }, KEY);
  const bytes = encodeForward({ from: 3, to: 1, message }, KEY);
  expect(decodeForward(bytes, KEY)).toEqual({ from: 3, to: 1, message });
  expect(bytes[0]).toBe(KIND_FORWARD);
  expect(decodeForward(encodeForward({ from: 0, to: 1, message: bytes }, KEY), KEY)).toBeUndefined();
  for (let length = 0; length < bytes.length; length += 1)
    expect(decodeForward(bytes.slice(0, length), KEY)).toBeUndefined();
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    expect(decodeForward(flipped, KEY)).toBeUndefined();
  }
});

test('the higher round wins, then the higher voter', () => {
  const ordered = [
    { round: 0, voter: 0 },
    { round: 1, voter: 0 },
    { round: 1, voter: 2 },
    { round: 2, voter: 1 },
  ];
  for (const [low, left] of ordered.entries())
    for (const [high, right] of ordered.entries())
      expect(Math.sign(compareBallots(left, right))).toBe(Math.sign(low - high));
});

test('cells of one slot begin with a whole one, the others are relative to the frame before; none are no bytes', () => {
  const ring = new CellRing(32, CELL_BYTES);
  ring.bytes.fill(7, ring.offsetOf(4), ring.offsetOf(9) + CELL_BYTES);
  expect([...encodeSlotCells(ring, 5, 9)]).toEqual([1, 7, 7]);
  expect([...encodeSlotCells(ring, 3, 4)]).toEqual([2, 7, 7]);
  expect(skipCells(encodeSlotCells(ring, 4, 9), 0, 6, CELL_BYTES)).toBe(3);
  expect(encodeSlotCells(ring, 6, 5)).toHaveLength(0);
});

test('a reader that ran past the end gives zeros and stays broken, a writer grows', () => {
  const writer = new ByteWriter().u8(1).u16(0x0302).u32(0x87654321);
  expect([...writer.finish()]).toEqual([1, 2, 3, 0x21, 0x43, 0x65, 0x87]);
  const reader = new ByteReader(writer.finish());
  expect([reader.u8(), reader.u16(), reader.u32(), reader.complete]).toEqual([1, 0x0302, 0x87654321, true]);
  expect([reader.u8(), reader.ok, reader.u32(), reader.take(0).length, reader.complete]).toEqual([
    0,
    false,
    0,
    0,
    false,
  ]);
  const large = new ByteWriter().put(new Uint8Array(1000).fill(9)).u8(8);
  expect([large.length, large.finish()[999], large.finish()[1000]]).toEqual([1001, 9, 8]);
});
