/** Batches and messages of signing: one encoding for any content, and nothing else is read. */
import fc from 'fast-check';
import { BATCH_BYTES_MAX } from '../../../sdk/src/base/limits.js';
import { ByteWriter } from '../../../sdk/src/wire/byte-cursor.js';
import { decodeBatch, encodeBatch, type InputBatch } from '../../../sdk/src/wire/signed-batch.js';
import {
  decodeProof,
  decodeSigningMessage,
  encodeProof,
  encodeSigningMessage,
  isSigningKind,
  type SigningMessage,
} from '../../../sdk/src/wire/signing-messages.js';

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const id = fc.stringMatching(/^[!-~]{1,12}$/);

/** Runs in order: each begins where the one before ends, or in a later epoch or slot. */
const batches: fc.Arbitrary<InputBatch> = fc
  .record({
    matchId: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    peer: id,
    key: bytes(32),
    sequence: fc.nat(0xffffffff),
    previous: bytes(32),
    nonces: fc.uniqueArray(fc.record({ peer: id, nonce: bytes(16) }), {
      selector: ({ peer }) => peer,
      maxLength: 5,
    }),
    cellBytes: fc.integer({ min: 1, max: 9 }),
    steps: fc.array(fc.tuple(fc.nat(2), fc.nat(1), fc.nat(3), fc.integer({ min: 1, max: 20 })), {
      maxLength: 6,
    }),
    noise: bytes(1200),
  })
  .map(({ steps, noise, nonces, ...rest }) => {
    let [slot, epoch, next] = [0, 0, 1];
    const spans = steps.map(([slots, epochs, gap, frames], index) => {
      if (slots > 0) [slot, epoch, next] = [slot + slots, 0, 1];
      else if (epochs > 0) [epoch, next] = [epoch + epochs, 1];
      const first = next + gap;
      next = first + frames;
      return { slot, epoch, first, cells: noise.slice(index, index + frames * rest.cellBytes) };
    });
    const sorted = [...nonces].sort((left, right) => (left.peer < right.peer ? -1 : 1));
    return { ...rest, nonces: sorted, spans: spans.filter((span) => span.slot < 16) };
  });

test('a batch is read as it was written', () => {
  fc.assert(
    fc.property(batches, (batch) => {
      expect(decodeBatch(encodeBatch(batch))).toEqual(batch);
    }),
    { seed: 7, numRuns: 200 },
  );
});

test('what is too short or too long is no batch, and a changed one that is read has no second encoding', () => {
  fc.assert(
    fc.property(batches, fc.nat(), fc.integer({ min: 1, max: 255 }), (batch, at, mask) => {
      const encoded = encodeBatch(batch);
      expect(decodeBatch(encoded.subarray(0, at % encoded.length))).toBeUndefined();
      expect(decodeBatch(Uint8Array.of(...encoded, 0))).toBeUndefined();
      encoded[at % encoded.length] = (encoded[at % encoded.length] as number) ^ mask;
      const again = decodeBatch(encoded);
      if (again !== undefined) expect(encodeBatch(again)).toEqual(encoded);
    }),
    { seed: 8, numRuns: 300 },
  );
});

const good: InputBatch = {
  ...{
    matchId: 'm',
    peer: 'a',
    key: new Uint8Array(32),
    sequence: 1,
    previous: new Uint8Array(32),
    nonces: [],
  },
  cellBytes: 1,
  spans: [{ slot: 0, epoch: 0, first: 5, cells: Uint8Array.of(1, 2, 3) }],
};
const span = good.spans[0] as InputBatch['spans'][0];
const nonce = new Uint8Array(16);

test.each<[string, Partial<InputBatch>]>([
  ['a match id of no bytes', { matchId: '' }],
  ['a match id that is too long', { matchId: 'x'.repeat(193) }],
  ['a peer id of no characters', { peer: '' }],
  ['a peer id that is too long', { peer: 'x'.repeat(65) }],
  ['a peer id with a space', { peer: 'a b' }],
  ['a peer id with a control character', { peer: 'a\x7f' }],
  [
    'nonces that do not rise',
    {
      nonces: [
        { peer: 'b', nonce },
        { peer: 'b', nonce },
      ],
    },
  ],
  ['a nonce of nobody', { nonces: [{ peer: '', nonce }] }],
  [
    'more nonces than peers',
    { nonces: Array.from({ length: 32 }, (_, at) => ({ peer: `p${at + 10}`, nonce })) },
  ],
  ['inputs of 65 bytes', { cellBytes: 65, spans: [] }],
  ['a slot that no game has', { spans: [{ ...span, slot: 16 }] }],
  ['frame 0', { spans: [{ ...span, first: 0 }] }],
  ['a frame that never comes', { spans: [{ ...span, first: 0x40000000 }] }],
  ['a run of no frames', { spans: [{ ...span, cells: new Uint8Array(0) }] }],
  ['a run that is too long', { spans: [{ ...span, cells: new Uint8Array(241) }] }],
  ['runs that overlap', { spans: [span, { ...span, first: 7 }] }],
  [
    'epochs that fall',
    {
      spans: [
        { ...span, epoch: 2 },
        { ...span, epoch: 1, first: 50 },
      ],
    },
  ],
  [
    'slots that fall',
    {
      spans: [
        { ...span, slot: 2 },
        { ...span, slot: 1, first: 50 },
      ],
    },
  ],
  [
    'more runs than there may be',
    { spans: Array.from({ length: 33 }, (_, at) => ({ ...span, first: 1 + 3 * at })) },
  ],
])('%s is refused', (_what, wrong) => {
  expect(decodeBatch(encodeBatch(good))).toEqual(good);
  expect(decodeBatch(encodeBatch({ ...good, ...wrong }))).toBeUndefined();
});

test.each<[string, Partial<InputBatch>]>([
  ['a match id of 192 bytes', { matchId: 'x'.repeat(192) }],
  ['a peer id of 64 characters', { peer: `!${'~'.repeat(63)}` }],
  ['31 nonces', { nonces: Array.from({ length: 31 }, (_, at) => ({ peer: `p${at + 10}`, nonce })) }],
  ['inputs of 64 bytes', { cellBytes: 64, spans: [{ ...span, cells: new Uint8Array(64).fill(9) }] }],
  ['slot 15', { spans: [{ ...span, slot: 15, epoch: 0xffff }] }],
  ['the last frame that there is', { spans: [{ ...span, first: 0x3fffffff, cells: Uint8Array.of(1) }] }],
  ['240 frames', { spans: [{ ...span, cells: new Uint8Array(240) }] }],
  ['32 runs', { spans: Array.from({ length: 32 }, (_, at) => ({ ...span, first: 1 + 3 * at })) }],
])('%s may be: it is the bound', (_what, about) => {
  expect(decodeBatch(encodeBatch({ ...good, ...about }))).toEqual({ ...good, ...about });
});

test('the largest that there may be is read, and one byte more is not', () => {
  const noise = Uint8Array.from({ length: 240 * 32 }, (_, index) => 1 + ((index * 7919) % 254));
  const spans = (frames: number): InputBatch['spans'] => [{ ...span, cells: noise.slice(0, frames * 32) }];
  let frames = 240;
  const sizeOf = (count: number): number =>
    encodeBatch({ ...good, cellBytes: 32, spans: spans(count) }).length;
  while (sizeOf(frames) > BATCH_BYTES_MAX) frames -= 1;
  const largest = { ...good, cellBytes: 32, spans: spans(frames) };
  expect(decodeBatch(encodeBatch(largest))).toEqual(largest);
  expect(sizeOf(frames + 1)).toBeGreaterThan(BATCH_BYTES_MAX);
  const spare = BATCH_BYTES_MAX - sizeOf(frames);
  expect(spare).toBeLessThan(190);
  const full = { ...largest, matchId: 'm'.repeat(1 + spare) };
  expect(encodeBatch(full).length).toBe(BATCH_BYTES_MAX);
  expect(decodeBatch(encodeBatch(full))).toEqual(full);
  expect(decodeBatch(encodeBatch({ ...full, matchId: `${full.matchId}m` }))).toBeUndefined();
  expect(decodeBatch(encodeBatch({ ...largest, spans: spans(frames + 1) }))).toBeUndefined();
});

const signed = { signature: new Uint8Array(64).fill(3), bytes: Uint8Array.of(1, 2, 3) };
const entry = { owner: 2, keyHint: new Uint8Array(8).fill(4), sequence: 5, hash: new Uint8Array(32).fill(6) };
const messages: SigningMessage[] = [
  { kind: 'key', match: 1, nonce, echo: nonce, asks: false, key: undefined },
  {
    kind: 'key',
    match: 0xffffffff,
    nonce,
    echo: new Uint8Array(16).fill(9),
    asks: true,
    key: new Uint8Array(32),
  },
  { kind: 'key', match: 5, nonce, echo: nonce, asks: true, key: undefined },
  { kind: 'key', match: 6, nonce, echo: nonce, asks: false, key: new Uint8Array(32).fill(2) },
  { kind: 'batch', match: 2, signed },
  { kind: 'shown', match: 2, signed },
  { kind: 'witness', match: 3, entries: [] },
  { kind: 'witness', match: 3, entries: [entry, { ...entry, owner: 30 }] },
  { kind: 'proof', match: 4, proof: encodeProof(signed, signed) },
];

test('a message is read as it was written, and no part or extension of it is', () => {
  for (const message of messages) {
    const encoded = encodeSigningMessage(message);
    expect(isSigningKind(encoded[0])).toBe(true);
    expect(decodeSigningMessage(encoded)).toEqual(message);
    for (let length = 0; length < encoded.length; length += 1) {
      const part = decodeSigningMessage(encoded.subarray(0, length));
      // A shorter batch is one, too: its own decoder tells.
      if (message.kind !== 'batch' && message.kind !== 'shown') expect(part).toBeUndefined();
    }
    if (message.kind === 'batch' || message.kind === 'shown') continue;
    expect(decodeSigningMessage(Uint8Array.of(...encoded, 0))).toBeUndefined();
  }
  expect([undefined, 0x9f, 0xa5].map(isSigningKind)).toEqual([false, false, false]);
});

test('a signature over nothing is no batch, and two batches are needed for a proof', () => {
  const nothing = { ...signed, bytes: new Uint8Array(0) };
  const alone = encodeSigningMessage({ kind: 'batch', match: 2, signed: nothing });
  expect(decodeSigningMessage(alone)).toBeUndefined();
  expect(decodeProof(encodeProof(nothing, signed))).toBeUndefined();
  expect(decodeProof(encodeProof(signed, nothing))).toBeUndefined();
  const proof = encodeProof(signed, signed);
  expect([...proof.slice(0, 4)]).toEqual([...'RMP'].map((letter) => letter.charCodeAt(0)).concat(1));
  const first = 4 + 2 + signed.signature.length + signed.bytes.length;
  expect(decodeProof(proof.slice(0, first))).toBeUndefined();
  // The second batch with a first one that is none.
  expect(decodeProof(Uint8Array.of(...proof.slice(0, 4), 0, 0, ...proof.slice(first)))).toBeUndefined();
});

test('spare flags, owners that do not rise, too many entries and other magic are refused', () => {
  const flags = encodeSigningMessage(messages[0] as SigningMessage);
  flags[5] = 4;
  expect(decodeSigningMessage(flags)).toBeUndefined();
  const witness = (...entries: (typeof entry)[]): Uint8Array =>
    encodeSigningMessage({ kind: 'witness', match: 3, entries });
  expect(decodeSigningMessage(witness(entry, entry))).toBeUndefined();
  expect(decodeSigningMessage(witness({ ...entry, owner: 31 }))).toBeUndefined();
  const many = new ByteWriter().u8(0xa2).u32(3).u8(32);
  for (let owner = 0; owner < 32; owner += 1) many.u8(owner).put(new Uint8Array(44));
  expect(decodeSigningMessage(many.finish())).toBeUndefined();
  expect(decodeSigningMessage(Uint8Array.of(0xa5, 0, 0, 0, 0))).toBeUndefined();
  const proof = encodeProof(signed, signed);
  expect(decodeProof(proof)).toEqual([signed, signed]);
  proof[3] = 2;
  expect(decodeProof(proof)).toBeUndefined();
  const huge = new Uint8Array(5 + 64 + BATCH_BYTES_MAX + 1);
  huge[0] = 0xa1;
  expect(decodeSigningMessage(huge)).toBeUndefined();
  expect(decodeSigningMessage(huge.subarray(0, huge.length - 1))?.kind).toBe('batch');
});
