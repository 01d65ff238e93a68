/** Room codes, peer ids, names and chat: made, read, cleaned. */
import fc from 'fast-check';
import {
  cleanChat,
  cleanName,
  formatRoomCode,
  isLobbyPeerId,
  isRoomCode,
  normalizeRoomCode,
  PEER_ID_BYTES,
  peerIdFromBytes,
  ROOM_CODE_BYTES,
  roomCodeFromBytes,
  utf8Length,
} from '../../../sdk/src/lobby/lobby-protocol.js';

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

test('five bytes make a code, all 40 bits count, and every spelling of it is read back', () => {
  fc.assert(
    fc.property(bytes(ROOM_CODE_BYTES), bytes(ROOM_CODE_BYTES), (one, two) => {
      const code = roomCodeFromBytes(one);
      expect(isRoomCode(code)).toBe(true);
      expect(roomCodeFromBytes(two) === code).toBe(Buffer.compare(one, two) === 0);
      const spoken = ` ${formatRoomCode(code).toLowerCase().replace(/0/g, 'o').replace(/1/g, 'i')} `;
      expect(normalizeRoomCode(spoken)).toBe(code);
    }),
  );
});

test('what is no code is not made one', () => {
  const texts = [
    '',
    '0123456',
    '012345678',
    '0123456U',
    '0123456!',
    'ＯＯＯＯＯＯＯＯ',
    '../../../etc',
    '٠١٢٣٤٥٦٧',
  ];
  for (const text of [...texts, '0'.repeat(1_000_000)]) expect(normalizeRoomCode(text)).toBeUndefined();
});

test('seventeen bytes make a peer id that the lobby takes', () => {
  fc.assert(
    fc.property(bytes(PEER_ID_BYTES), (random) => {
      expect(isLobbyPeerId(peerIdFromBytes(random))).toBe(true);
    }),
  );
  expect(isLobbyPeerId('A'.repeat(26))).toBe(false);
  expect(isLobbyPeerId(`${'a'.repeat(26)}\n`)).toBe(false);
});

test.each([
  ['an ordinary name', 'Ada', 'Ada'],
  ['spaces', '  Ada \t\n  L.  ', 'Ada L.'],
  ['composition', 'Ame\u0301lie', 'Amélie'],
  ['markup, which is only text', '<img src=x onerror=alert(1)>', '<img src=x onerror=alert'],
  ['a name of an object', '__proto__', '__proto__'],
  ['right-to-left override', '\u202Eadmin', 'admin'],
  ['NUL and escape', 'A\u0000d\u001ba', 'Ada'],
  ['zero-width characters', 'A\u200B\u200C\u200D\u2060\uFEFFda', 'Ada'],
  ['half a surrogate pair', 'A\uD800da', 'Ada'],
  ['nothing', '', 'Player'],
  ['only invisible characters', '\u200B\u3164\u2800\u00AD', 'Player'],
  ['only marks', '\u0301\u0301', 'Player'],
  ['private use', 'A\uE000', 'A'],
  ['emoji, whole or not at all', '😀'.repeat(30), '😀'.repeat(24)],
])('a name is cleaned: %s', (_what, raw, clean) => {
  expect(cleanName(raw)).toBe(clean);
});

test('of a tower of marks two remain', () => {
  const name = cleanName(`Z${'\u0301\u0316'.repeat(12)}a`);
  expect(name).toMatch(/^[ZŹ]\p{M}{1,2}a$/u);
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        'a',
        ' ',
        '\u0301',
        '\u0316',
        '\u200D',
        '\u202E',
        '\uD800',
        '\u1100',
        '\u1161',
        '\u11A8',
        '\u09C7',
        '\u09BE',
      ),
      {
        maxLength: 40,
      },
    )
    .map((parts) => parts.join('')),
);

test('a clean name stays as it is, is short, visible and well-formed', () => {
  fc.assert(
    fc.property(anyText, (raw) => {
      const name = cleanName(raw);
      expect(cleanName(name)).toBe(name);
      expect(name).toBe(name.normalize('NFC'));
      expect([...name].length).toBeGreaterThan(0);
      expect([...name].length).toBeLessThanOrEqual(24);
      expect(name).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/u);
      expect(name).toMatch(/[^\s\p{M}]/u);
      expect(name).not.toMatch(/^\s|\s$|\s\s/u);
    }),
    { numRuns: 2_000 },
  );
});

test('a clean line of chat stays as it is and is at most 500 code points long', () => {
  fc.assert(
    fc.property(anyText, (raw) => {
      const line = cleanChat(raw.repeat(20));
      expect(cleanChat(line)).toBe(line);
      expect([...line].length).toBeLessThanOrEqual(500);
    }),
  );
  expect(cleanChat('\u200B \u202E')).toBe('');
});

test('UTF-8 bytes are counted as Node counts them', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, fc.string({ unit: 'binary' })), (text) => {
      expect(utf8Length(text)).toBe(Buffer.byteLength(text));
    }),
  );
});
