/** PACE: what is encoded is decoded, and nothing else is. */
import fc from 'fast-check';
import { packetCrc, write16 } from '../../../sdk/src/wire/frame-packet.js';
import { decodePace, encodePace, KIND_PACE } from '../../../sdk/src/wire/pace-message.js';

const KEY = 0x4321;

/** The checksum is made right, as a member of the match could. */
function sealed(bytes: Uint8Array): Uint8Array {
  if (bytes.length >= 3) write16(bytes, 1, packetCrc(bytes, bytes.length, KEY));
  return bytes;
}

test.each([
  ['pause', 1],
  ['resume', 2],
] as const)('%s comes back, in four bytes of which the last is %i', (pace, value) => {
  const bytes = encodePace(pace, KEY);
  expect([bytes.length, bytes[0], bytes[3]]).toEqual([4, KIND_PACE, value]);
  expect(decodePace(bytes, KEY)).toBe(pace);
});

test.each(['pause', 'resume'] as const)(
  'every truncation, added byte and single-bit flip of %s is refused, with a right checksum too where it changes the length',
  (pace) => {
    const bytes = encodePace(pace, KEY);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(decodePace(bytes.slice(0, length), KEY)).toBeUndefined();
      expect(decodePace(sealed(bytes.slice(0, length)), KEY)).toBeUndefined();
    }
    for (let added = 0; added < 256; added += 1) {
      expect(decodePace(Uint8Array.from([...bytes, added]), KEY)).toBeUndefined();
      expect(decodePace(sealed(Uint8Array.from([...bytes, added])), KEY)).toBeUndefined();
    }
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(decodePace(flipped, KEY)).toBeUndefined();
    }
  },
);

test('of all values and all first bytes, only the two wishes are understood', () => {
  const understood: [number, number, string][] = [];
  for (let kind = 0; kind < 256; kind += 1) {
    for (let value = 0; value < 256; value += 1) {
      const pace = decodePace(sealed(Uint8Array.of(kind, 0, 0, value)), KEY);
      if (pace !== undefined) understood.push([kind, value, pace]);
    }
  }
  expect(understood).toEqual([
    [0x8b, 1, 'pause'],
    [0x8b, 2, 'resume'],
  ]);
});

test('a wish of another match is refused', () => {
  const bytes = encodePace('pause', KEY);
  const keys = Array.from({ length: 0x10000 }, (_, key) => key);
  expect(keys.filter((key) => decodePace(bytes, key) !== undefined)).toEqual([KEY]);
});

test('random bytes never throw, and are understood only if they are what the code would write', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), (rest) => {
      for (const bytes of [rest, sealed(rest.slice()), sealed(Uint8Array.of(KIND_PACE, 0, 0, ...rest))]) {
        const pace = decodePace(bytes, KEY);
        if (pace !== undefined) expect([...encodePace(pace, KEY)]).toEqual([...bytes]);
      }
    }),
    { numRuns: 2000, seed: 1 },
  );
});
