/** UTF-8 without TextEncoder: equal to the platform's, and strict about what it accepts. */
import fc from 'fast-check';
import { decodeUtf8, encodeUtf8 } from '../../../sdk/src/base/utf8.js';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

test('text comes back as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(decodeUtf8(encodeUtf8(text))).toBe(text);
    }),
    { numRuns: 500, seed: 1 },
  );
});

test('encodes what TextEncoder encodes, lone surrogates as U+FFFD', () => {
  const encoder = new TextEncoder();
  const anyUnits = fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units));
  fc.assert(
    fc.property(anyUnits, (text) => {
      expect([...encodeUtf8(text)]).toEqual([...encoder.encode(text)]);
    }),
    { numRuns: 500, seed: 1 },
  );
  expect([...encodeUtf8('\ud800x\udfff')]).toEqual([0xef, 0xbf, 0xbd, 0x78, 0xef, 0xbf, 0xbd]);
});

test('accepts exactly the bytes that a strict TextDecoder accepts', () => {
  const likely = fc.array(
    fc.oneof(
      fc.nat(255),
      fc.constantFrom(0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf),
    ),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(likely, (values) => {
      const bytes = Uint8Array.from(values);
      let expected: string | undefined;
      try {
        expected = strict.decode(bytes);
      } catch {
        expected = undefined;
      }
      expect(decodeUtf8(bytes)).toBe(expected);
    }),
    { numRuns: 5000, seed: 1 },
  );
});

test.each([
  ['an overlong slash of two bytes', [0xc0, 0xaf]],
  ['an overlong slash of three bytes', [0xe0, 0x80, 0xaf]],
  ['an overlong slash of four bytes', [0xf0, 0x80, 0x80, 0xaf]],
  ['an overlong NUL', [0xc0, 0x80]],
  ['the largest overlong two-byte form', [0xc1, 0xbf]],
  ['a high surrogate', [0xed, 0xa0, 0x80]],
  ['a low surrogate', [0xed, 0xbf, 0xbf]],
  ['a code point above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ['a five-byte form', [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ['a lone continuation', [0x80]],
  ['a character cut off after one byte', [0xc3]],
  ['a character cut off after two bytes', [0xe2, 0x82]],
  ['a character cut off after three bytes', [0xf0, 0x9f, 0x98]],
  ['a second byte that is no continuation', [0xc3, 0x28]],
  ['0xff', [0xff]],
])('refuses %s', (_name, bytes) => {
  expect(decodeUtf8(Uint8Array.from(bytes))).toBeUndefined();
});

test.each([0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff])(
  'the border code point %i comes back',
  (code) => {
    const text = String.fromCodePoint(code);
    expect(decodeUtf8(encodeUtf8(text))).toBe(text);
  },
);

test('long texts come back, wherever they are put together', () => {
  for (const length of [4094, 4095, 4096, 4097, 8192, 8193, 100_000]) {
    for (const character of ['z', '\u00e9', '\u20ac', '\u{1f600}']) {
      const text = `a${character.repeat(length)}b`;
      expect(decodeUtf8(encodeUtf8(text)) === text).toBe(true);
      expect(encodeUtf8(text).length).toBe(2 + length * encodeUtf8(character).length);
    }
  }
});

test('every first byte with every number of continuations is taken or refused as the platform does', () => {
  const wrong: number[] = [];
  for (let first = 0; first < 256; first += 1)
    for (const second of [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0])
      for (let more = 0; more <= 3; more += 1) {
        const bytes = Uint8Array.from([first, second, 0x80, 0xbf].slice(0, more + 1));
        let expected: string | undefined;
        try {
          expected = strict.decode(bytes);
        } catch {
          expected = undefined;
        }
        if (decodeUtf8(bytes) !== expected) wrong.push(first);
      }
  expect(wrong).toEqual([]);
});
