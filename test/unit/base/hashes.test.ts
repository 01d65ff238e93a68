/** Checksums and hashes against published values and against slow, obvious versions of the same algorithms. */
import fc from 'fast-check';
import { crc16 } from '../../../sdk/src/base/crc16.js';
import { hashBytes, hashWords } from '../../../sdk/src/base/state-hash.js';
import { encodeUtf8 } from '../../../sdk/src/base/utf8.js';

const PRIMES = [2654435761, 2246822519, 3266489917, 668265263, 374761393] as const;
const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

/** xxHash32 byte by byte, as its specification tells it. */
function xxHash32(bytes: Uint8Array, seed: number): number {
  const [p1, p2, p3, p4, p5] = PRIMES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  let hash = (seed + p5) | 0;
  if (bytes.length >= 16) {
    const lanes = [seed + p1 + p2, seed + p2, seed, seed - p1];
    for (; at + 16 <= bytes.length; at += 16)
      for (const [lane, value] of lanes.entries())
        lanes[lane] = Math.imul(
          rotate((value + Math.imul(view.getUint32(at + 4 * lane, true), p2)) | 0, 13),
          p1,
        );
    const turns = [1, 7, 12, 18];
    hash = lanes.reduce((sum, value, lane) => (sum + rotate(value | 0, turns[lane] as number)) | 0, 0);
  }
  hash = (hash + bytes.length) | 0;
  for (; at + 4 <= bytes.length; at += 4)
    hash = Math.imul(rotate((hash + Math.imul(view.getUint32(at, true), p3)) | 0, 17), p4);
  for (; at < bytes.length; at += 1)
    hash = Math.imul(rotate((hash + Math.imul(bytes[at] as number, p5)) | 0, 11), p1);
  hash = Math.imul(hash ^ (hash >>> 15), p2);
  hash = Math.imul(hash ^ (hash >>> 13), p3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** CRC-16/CCITT bit by bit. */
function slowCrc16(bytes: Uint8Array, init: number): number {
  let crc = init;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1)
      crc = ((crc & 0x8000) !== 0 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}

describe('hashWords', () => {
  test('the slow version in this test gives the published values of xxHash32', () => {
    expect(xxHash32(encodeUtf8(''), 0)).toBe(0x02cc5d05);
    expect(xxHash32(encodeUtf8(''), PRIMES[0])).toBe(0x36b78ae7);
    expect(xxHash32(encodeUtf8('a'), 0)).toBe(0x550d7456);
    expect(xxHash32(encodeUtf8('abc'), 0)).toBe(0x32d153ff);
    expect(xxHash32(encodeUtf8('Nobody inspects the spammish repetition'), 0)).toBe(0xe2293b2f);
  });

  test('gives the published values where the input is whole words', () => {
    expect(hashWords(new Int32Array(0)) >>> 0).toBe(0x02cc5d05);
    expect(hashWords(new Int32Array(0), 0, 0, PRIMES[0] | 0) >>> 0).toBe(0x36b78ae7);
    expect(hashWords(new Int32Array([0x64636261])) >>> 0).toBe(0xa3643705);
  });

  test('equals xxHash32 of the same bytes for any words, part and seed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer(), { maxLength: 40 }),
        fc.nat(10),
        fc.nat(40),
        fc.integer(),
        (values, start, wanted, seed) => {
          const words = new Int32Array(values);
          const from = Math.min(start, words.length);
          const count = Math.min(wanted, words.length - from);
          const bytes = new Uint8Array(words.buffer, from * 4, count * 4);
          expect(hashWords(words, from, count, seed) >>> 0).toBe(xxHash32(bytes, seed));
        },
      ),
      { numRuns: 500, seed: 1 },
    );
  });

  test('is a signed 32-bit integer, so that it is never boxed', () => {
    for (let value = 0; value < 200; value += 1) {
      const hash = hashWords(new Int32Array([value, value, value, value, value]));
      expect(hash | 0).toBe(hash);
    }
  });

  test('tells two sign flips apart, which FNV on words does not', () => {
    const words = new Int32Array(new Float64Array([1.5, -2.25, 3]).buffer);
    const flipped = new Int32Array(new Float64Array([-1.5, 2.25, 3]).buffer);
    expect(hashWords(flipped)).not.toBe(hashWords(words));
  });
});

describe('hashBytes', () => {
  test('tells inputs apart that differ in trailing zeros only', () => {
    const hashes = [0, 1, 2, 3, 4, 5].map((length) => hashBytes(new Uint8Array(length)));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('depends on every byte and on the seed', () => {
    const bytes = Uint8Array.from({ length: 23 }, (_, index) => index * 7);
    const whole = hashBytes(bytes);
    for (let index = 0; index < bytes.length; index += 1) {
      const other = bytes.slice();
      other[index] = (other[index] as number) ^ 1;
      expect(hashBytes(other)).not.toBe(whole);
    }
    expect(hashBytes(bytes, 1)).not.toBe(whole);
  });

  test('gives the same for the same bytes wherever they lie in memory', () => {
    const memory = Uint8Array.from({ length: 64 }, (_, index) => index * 37);
    for (const length of [0, 1, 3, 4, 7, 8, 20, 32]) {
      const hashes = [0, 1, 2, 3, 4, 5].map((offset) => {
        const copy = new Uint8Array(64);
        copy.set(memory.subarray(0, length), offset);
        return hashBytes(copy.subarray(offset, offset + length), length);
      });
      expect(new Set(hashes).size).toBe(1);
    }
  });
});

describe('crc16', () => {
  const check = encodeUtf8('123456789');

  test('gives the published check values of its family', () => {
    expect(crc16(check, 0, 9, 0xffff)).toBe(0x29b1); // CRC-16/CCITT-FALSE
    expect(crc16(check, 0, 9, 0)).toBe(0x31c3); // CRC-16/XMODEM
    expect(crc16(check, 0, 9, 0x1d0f)).toBe(0xe5cc); // CRC-16/AUG-CCITT
  });

  test('equals the bit-by-bit version for any bytes, part and start value', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(60), fc.nat(0xffff), (bytes, cut, init) => {
        const start = Math.min(cut, bytes.length);
        expect(crc16(bytes, start, bytes.length, init)).toBe(slowCrc16(bytes.subarray(start), init));
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test('may be computed in parts', () => {
    expect(crc16(check, 4, 9, crc16(check, 0, 4, 0x1234))).toBe(crc16(check, 0, 9, 0x1234));
  });

  test('never accepts one message under two start values: a packet of another match always fails', () => {
    const results = new Set<number>();
    for (let init = 0; init < 0x10000; init += 1) results.add(crc16(check, 0, 9, init));
    expect(results.size).toBe(0x10000);
  });
});

test('without a count the hash goes to the end, from wherever it starts', () => {
  const words = Int32Array.from([5, -6, 7, -8, 9, 10, -11]);
  for (let start = 0; start <= words.length; start += 1)
    expect(hashWords(words, start)).toBe(hashWords(words.slice(start)));
});
