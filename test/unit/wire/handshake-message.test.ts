/** HELLO, GO and GOODBYE: round trips, and no damaged copy is understood. */
import fc from 'fast-check';
import { packetCrc, write16 } from '../../../sdk/src/wire/frame-packet.js';
import {
  decodeGo,
  decodeGoodbye,
  decodeHello,
  encodeGo,
  encodeGoodbye,
  encodeHello,
  HELLO_BYTES,
  HELLO_KEY,
  type Hello,
  WIRE_VERSION,
} from '../../../sdk/src/wire/handshake-message.js';

const KEY = 0x1234;
const HELLO: Hello = {
  match: 0x01020304,
  game: -1,
  version: 5,
  schema: -2147483648,
  config: 0x7fffffff,
  wireVersion: WIRE_VERSION,
  flags: 3,
  stampMs: 4294967295,
  hasEcho: true,
  echoMs: 123456,
  heldMs: 65535,
};

const digest = fc.integer();
const hellos: fc.Arbitrary<Hello> = fc
  .record({
    match: digest,
    game: digest,
    version: digest,
    schema: digest,
    config: digest,
    wireVersion: fc.constant(WIRE_VERSION),
    flags: fc.nat(3),
    stampMs: fc.nat(0xffffffff),
    hasEcho: fc.boolean(),
    echoMs: fc.nat(0xffffffff),
    heldMs: fc.nat(65535),
  })
  .map((hello) => (hello.hasEcho ? hello : { ...hello, echoMs: 0, heldMs: 0 }));

test('any HELLO comes back', () => {
  fc.assert(
    fc.property(hellos, (hello) => {
      expect(decodeHello(encodeHello(hello))).toEqual(hello);
    }),
    { seed: 1 },
  );
});

test('any GO and GOODBYE comes back, waits rounded to milliseconds', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(0xffff), (value, key) => {
      expect(decodeGo(encodeGo(value, key), key)).toBe(value);
      expect(decodeGoodbye(encodeGoodbye(value, key), key)).toBe(value);
    }),
    { seed: 1 },
  );
  expect(decodeGo(encodeGo(-12.6, KEY), KEY)).toBe(-13);
});

const MESSAGES: readonly [string, Uint8Array][] = [
  ['HELLO', encodeHello(HELLO)],
  ['HELLO without echo', encodeHello({ ...HELLO, hasEcho: false, flags: 0 })],
  ['GO', encodeGo(120, KEY)],
  ['GO of long ago', encodeGo(-70_000, KEY)],
  ['GOODBYE', encodeGoodbye(3600, KEY)],
];

function isUnderstood(bytes: Uint8Array, key: number): boolean {
  return [decodeHello(bytes), decodeGo(bytes, key), decodeGoodbye(bytes, key)].some(
    (message) => message !== undefined,
  );
}

test.each(MESSAGES)('%s: every truncation and every added byte is refused', (_name, bytes) => {
  expect(isUnderstood(bytes, KEY)).toBe(true);
  for (let length = 0; length < bytes.length; length += 1)
    expect(isUnderstood(bytes.subarray(0, length), KEY)).toBe(false);
  for (let added = 0; added < 256; added += 1)
    expect(isUnderstood(Uint8Array.from([...bytes, added]), KEY)).toBe(false);
});

test.each(MESSAGES)('%s: every single-bit flip is refused', (_name, bytes) => {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const damaged = bytes.slice();
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    expect(isUnderstood(damaged, KEY)).toBe(false);
  }
});

test('GO and GOODBYE of another match are refused, HELLO is readable across matches', () => {
  const [go, goodbye] = [encodeGo(120, KEY), encodeGoodbye(120, KEY)];
  let accepted = 0;
  for (let key = 0; key < 0x10000; key += 1) {
    if (key === KEY) continue;
    if (decodeGo(go, key) !== undefined || decodeGoodbye(goodbye, key) !== undefined) accepted += 1;
  }
  expect(accepted).toBe(0);
  expect(decodeHello(encodeHello({ ...HELLO, match: 99 }))?.match).toBe(99);
});

function resealed(bytes: Uint8Array): Uint8Array {
  write16(bytes, 1, packetCrc(bytes, bytes.length, HELLO_KEY));
  return bytes;
}

test('a HELLO of this version has one form: no spare flags, no echo without the flag', () => {
  const spare = encodeHello(HELLO);
  spare[24] = 8;
  expect(decodeHello(resealed(spare))).toBeUndefined();
  const stray = encodeHello({ ...HELLO, hasEcho: false });
  stray[29] = 1;
  expect(decodeHello(resealed(stray))).toBeUndefined();
  const held = encodeHello({ ...HELLO, hasEcho: false });
  held[33] = 1;
  expect(decodeHello(resealed(held))).toBeUndefined();
});

test('a HELLO of a later version may be longer and is still told apart by its version', () => {
  const later = new Uint8Array(HELLO_BYTES + 20);
  later.set(encodeHello({ ...HELLO, wireVersion: WIRE_VERSION + 1 }));
  later[40] = 200;
  expect(decodeHello(resealed(later))?.wireVersion).toBe(WIRE_VERSION + 1);
  expect(decodeHello(resealed(new Uint8Array([...encodeHello(HELLO), 0])))).toBeUndefined();
  const endless = new Uint8Array(1101);
  endless.set(later);
  expect(decodeHello(resealed(endless))).toBeUndefined();
});

test('random bytes never throw', () => {
  fc.assert(
    fc.property(fc.constantFrom(0x80, 0x81, 0x82, 0), fc.uint8Array({ maxLength: 80 }), (kind, rest) => {
      const bytes = Uint8Array.from([kind, ...rest]);
      if (bytes.length >= 3 && kind === 0x80) resealed(bytes);
      expect(typeof isUnderstood(bytes, KEY)).toBe('boolean');
    }),
    { numRuns: 2000, seed: 1 },
  );
});
