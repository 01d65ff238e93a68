import fc from 'fast-check';
import { button, defineInput, INPUT_BYTES_MAX, type InputOf, int } from 'rollmesh/state';

const game = defineInput({ left: button, right: button, fire: button, aim: int(-128, 127) });
type GameInput = InputOf<typeof game>;

/** Bytes of one input, behind `offset` bytes that must stay as they are. */
function encoded<I>(
  definition: { byteLength: number; encodeInto(v: I, b: Uint8Array, o: number): unknown },
  value: I,
): number[] {
  const bytes = new Uint8Array(definition.byteLength + 2).fill(0xee);
  definition.encodeInto(value, bytes, 1);
  expect([bytes[0], bytes.at(-1)]).toEqual([0xee, 0xee]);
  return [...bytes.subarray(1, -1)];
}

function decoded<I>(
  definition: { create(): I; decodeInto(b: Uint8Array, o: number, t: I): void },
  bytes: readonly number[],
): I {
  const target = definition.create();
  definition.decodeInto(Uint8Array.from([0xee, ...bytes]), 1, target);
  return target;
}

test('fields take the bits they need, in the order they are written', () => {
  expect(game.byteLength).toBe(2);
  expect(encoded(game, { left: false, right: true, fire: true, aim: 0 })).toEqual([0b110, 0]);
  expect(encoded(game, { left: false, right: false, fire: false, aim: 1 })).toEqual([0b1000, 0]);
  expect(encoded(game, { left: true, right: false, fire: false, aim: -1 })).toEqual([0b11111001, 0b111]);
});

test('the neutral input is all zero bytes', () => {
  const wide = defineInput({ a: int(5, 9), b: int(-20, -10), c: int(-3, 3), d: button });
  expect(wide.create()).toEqual({ a: 5, b: -20, c: 0, d: false });
  expect(encoded(wide, wide.create())).toEqual([0, 0]);
  expect(decoded(wide, [0, 0])).toEqual(wide.create());
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])('%i buttons take one byte and survive it', (count) => {
  const names = Array.from({ length: count }, (_, index) => `button${index}`);
  const definition = defineInput(Object.fromEntries(names.map((name) => [name, button])));
  expect(definition.byteLength).toBe(1);
  for (let bits = 0; bits < 1 << count; bits += 1) {
    const value = Object.fromEntries(names.map((name, index) => [name, ((bits >> index) & 1) === 1]));
    expect(encoded(definition, value)).toEqual([bits]);
    expect(decoded(definition, [bits])).toEqual(value);
  }
  const legal = Array.from({ length: 256 }, (_, byte) => definition.isValid(Uint8Array.of(byte), 0));
  expect(legal).toEqual(Array.from({ length: 256 }, (_, byte) => byte < 1 << count));
});

/** Field sets of all kinds, each with a value that fits. */
const fieldsAndValue = fc
  .array(
    fc.oneof(
      fc.constant({ field: button, value: fc.boolean() as fc.Arbitrary<boolean | number> }),
      fc
        .tuple(
          fc.integer({ min: -2147483648, max: 4294967295 }),
          fc.integer({ min: -2147483648, max: 4294967295 }),
        )
        .filter(([a, b]) => a !== b && Math.abs(a - b) <= 4294967295)
        .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }))
        .map(({ min, max }) => ({
          field: int(min, max),
          value: fc.maxSafeInteger().map((n) => min + (Math.abs(n) % (max - min + 1))),
        })),
      fc.integer({ min: -40, max: 40 }).chain((min) =>
        fc.integer({ min: 1, max: 300 }).map((span) => ({
          field: int(min, min + span),
          value: fc.integer({ min, max: min + span }) as fc.Arbitrary<boolean | number>,
        })),
      ),
    ),
    { minLength: 1, maxLength: 14 },
  )
  .chain((parts) =>
    fc.tuple(
      fc.constant(Object.fromEntries(parts.map(({ field }, index) => [`f${index}`, field]))),
      fc
        .tuple(...parts.map(({ value }) => value))
        .map((values) => Object.fromEntries(values.map((value, index) => [`f${index}`, value]))),
    ),
  );

test('every input in range survives encoding, legally and without complaint', () => {
  fc.assert(
    fc.property(fieldsAndValue, ([fields, value]) => {
      const definition = defineInput(fields);
      const bytes = new Uint8Array(definition.byteLength);
      expect(definition.encodeInto(value as never, bytes, 0)).toBeUndefined();
      expect(definition.isValid(bytes, 0)).toBe(true);
      expect(decoded(definition, [...bytes])).toEqual(value);
    }),
  );
});

test('bytes are legal exactly if decoding and encoding gives them back', () => {
  const definition = defineInput({ a: int(-1, 1), b: int(3, 13), c: button, d: int(0, 99) });
  expect(definition.byteLength).toBe(2);
  let legal = 0;
  const [bytes, again, value] = [new Uint8Array(2), new Uint8Array(2), definition.create()];
  for (let low = 0; low < 256; low += 1) {
    for (let high = 0; high < 256; high += 1) {
      const isValid = definition.isValid(Uint8Array.of(low, high), 0);
      bytes[0] = low;
      bytes[1] = high;
      definition.decodeInto(bytes, 0, value);
      definition.encodeInto(value, again, 0);
      const isCanonical = again[0] === low && again[1] === high;
      if (isValid !== isCanonical)
        throw new Error(`${low} ${high}: valid ${isValid}, canonical ${isCanonical}`);
      if (isValid) legal += 1;
    }
  }
  expect(legal).toBe(3 * 11 * 2 * 100);
});

test('bytes that end too early, or padding that is not zero, are not legal', () => {
  expect(game.isValid(new Uint8Array(2), 0)).toBe(true);
  expect(game.isValid(new Uint8Array(2), 1)).toBe(false);
  expect(game.isValid(new Uint8Array(2), -1)).toBe(false);
  expect(game.isValid(new Uint8Array(0), 0)).toBe(false);
  expect(game.isValid(Uint8Array.of(0, 0b1000), 0)).toBe(false);
});

test('values out of range are clamped and named, wrong types become neutral and are named', () => {
  const bytes = new Uint8Array(2);
  const encode = (value: unknown): [string | undefined, GameInput] => {
    const field = game.encodeInto(value as GameInput, bytes, 0);
    return [field, decoded(game, [...bytes])];
  };
  const neutral = { left: false, right: false, fire: false, aim: 0 };
  expect(encode({ ...neutral, aim: 500 })).toEqual(['aim', { ...neutral, aim: 127 }]);
  expect(encode({ ...neutral, aim: -Infinity })).toEqual(['aim', { ...neutral, aim: -128 }]);
  expect(encode({ ...neutral, aim: Number.NaN })).toEqual(['aim', neutral]);
  expect(encode({ ...neutral, aim: '7' })).toEqual(['aim', neutral]);
  expect(encode({ ...neutral, aim: -12.4 })).toEqual([undefined, { ...neutral, aim: -12 }]);
  expect(encode({ ...neutral, aim: -0.2 })).toEqual([undefined, neutral]);
  expect(encode({ ...neutral, fire: 1, aim: 500 })).toEqual(['fire', { ...neutral, aim: 127 }]);
  expect(encode({ right: true, fire: true, aim: 1 })).toEqual([
    'left',
    { left: false, right: true, fire: true, aim: 1 },
  ]);
  expect(encode(undefined)).toEqual(['left', neutral]);
  expect(encode(null)).toEqual(['left', neutral]);
});

test('a one-byte input names its first wrong button, and keeps the others', () => {
  const definition = defineInput({ a: button, b: button, c: button });
  const bytes = new Uint8Array(1);
  expect(definition.encodeInto({ a: true, b: 'yes', c: true } as never, bytes, 0)).toBe('b');
  expect([...bytes]).toEqual([0b101]);
  expect(definition.encodeInto({ a: true, b: true } as never, bytes, 0)).toBe('c');
  expect([...bytes]).toEqual([0b011]);
  expect(definition.encodeInto(undefined as never, bytes, 0)).toBe('a');
  expect([...bytes]).toEqual([0]);
});

test.each([9, 12, 13, 30])('%i fields keep their values and name the first wrong one', (count) => {
  const fields = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`f${index}`, index % 3 === 0 ? button : int(-index, 5)]),
  );
  const definition = defineInput(fields);
  const value: Record<string, boolean | number> = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`f${index}`, index % 3 === 0 ? index % 2 === 0 : -index]),
  );
  expect(decoded(definition, encoded(definition, value as never))).toEqual(value);
  const bytes = new Uint8Array(definition.byteLength);
  for (let wrong = count - 1; wrong >= 0; wrong -= 1) {
    value[`f${wrong}`] = 'wrong' as never;
    expect(definition.encodeInto(value as never, bytes, 0)).toBe(`f${wrong}`);
  }
  expect(bytes.every((byte) => byte === 0)).toBe(true);
});

test('the widest ranges keep their ends', () => {
  const definition = defineInput({
    shift: int(0, 5),
    i: int(-2147483648, 2147483647),
    u: int(0, 4294967295),
  });
  for (const value of [
    { shift: 5, i: -2147483648, u: 4294967295 },
    { shift: 0, i: 2147483647, u: 2147483648 },
    { shift: 1, i: -1, u: 1 },
  ])
    expect(decoded(definition, encoded(definition, value))).toEqual(value);
});

test('the schema hash changes with names, kinds, ranges and order', () => {
  const hashes = [
    defineInput({ a: button, b: button }),
    defineInput({ b: button, a: button }),
    defineInput({ a: button, c: button }),
    defineInput({ a: button, b: int(0, 1) }),
    defineInput({ a: button, b: int(0, 2) }),
    defineInput({ a: button, b: int(-1, 1) }),
  ].map(({ schemaHash }) => schemaHash);
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(defineInput({ a: button, b: button }).schemaHash).toBe(hashes[0]);
  expect(hashes.every((hash) => Number.isInteger(hash) && hash >= 0 && hash <= 0xffffffff)).toBe(true);
});

test.each<[number, number]>([
  [1, 1],
  [2, 1],
  [0, 1.5],
  [-2147483649, 0],
  [0, 4294967296],
  [-1, 4294967295],
  [Number.NaN, 1],
  [0, Infinity],
])('int(%d, %d) is refused with its values', (min, max) => {
  expect(() => int(min, max)).toThrow(`int(${min}, ${max})`);
});

test('fields that cannot be packed are refused by name', () => {
  expect(() => defineInput({})).toThrow('at least one field');
  expect(() => defineInput(undefined as never)).toThrow('at least one field');
  expect(() => defineInput({ fire: true } as never)).toThrow('"fire"');
  expect(() => defineInput({ 'fire!': button })).toThrow('"fire!"');
  expect(() => defineInput({ 0: button })).toThrow('"0"');
  const full = Object.fromEntries(
    Array.from({ length: 16 }, (_, index) => [`f${index}`, int(0, 4294967295)]),
  );
  expect(defineInput(full).byteLength).toBe(INPUT_BYTES_MAX);
  expect(() => defineInput({ ...full, more: button })).toThrow('need 65 bytes');
});

test('inputs are typed by their fields', () => {
  const value: GameInput = game.create();
  const fire: boolean = value.fire;
  const aim: number = value.aim;
  // @ts-expect-error a button is not a number
  value.fire = 1;
  expect([fire, aim]).toEqual([false, 0]);
});

describe('two readings that share a frame', () => {
  /** What becomes of them. */
  function merged<I>(
    definition: ReturnType<typeof defineInput> | { byteLength: number },
    cells: readonly [I, I, I],
  ): I {
    const input = definition as unknown as Parameters<typeof decoded<I>>[0] & {
      encodeInto(v: I, b: Uint8Array, o: number): unknown;
      byteLength: number;
      mergeInto?(previous: Uint8Array, earlier: Uint8Array, newest: Uint8Array): void;
    };
    const [previous, earlier, newest] = cells.map((cell) => Uint8Array.from(encoded(input, cell)));
    input.mergeInto?.(previous as Uint8Array, earlier as Uint8Array, newest as Uint8Array);
    return decoded(input, [...(earlier as Uint8Array)]);
  }

  test.each([
    [false, false, false, false],
    [false, false, true, true],
    [false, true, false, true],
    [false, true, true, true],
    [true, false, false, false],
    [true, false, true, false],
    [true, true, false, false],
    [true, true, true, true],
  ])(
    'a button that is %s, then %s, then %s becomes %s: a change in the first one stays',
    (a, b, c, result) => {
      const one = defineInput({ fire: button });
      expect(merged(one, [{ fire: a }, { fire: b }, { fire: c }])).toEqual({ fire: result });
      const wide = defineInput({ aim: int(-300, 300), fire: button, more: button });
      const cells = [a, b, c].map((fire, index) => ({ aim: index * 100 - 100, fire, more: false }));
      const [previous, earlier, newest] = cells as [(typeof cells)[0], (typeof cells)[0], (typeof cells)[0]];
      expect(merged(wide, [previous, earlier, newest])).toEqual({ aim: 100, fire: result, more: false });
    },
  );

  test('numbers are those of the newer one, whole, and what comes out is legal', () => {
    const fields = { a: button, x: int(-7, 5), b: button, y: int(0, 1000), c: button, z: int(3, 9) };
    const definition = defineInput(fields);
    const value = fc.record({
      a: fc.boolean(),
      x: fc.integer({ min: -7, max: 5 }),
      b: fc.boolean(),
      y: fc.integer({ min: 0, max: 1000 }),
      c: fc.boolean(),
      z: fc.integer({ min: 3, max: 9 }),
    });
    fc.assert(
      fc.property(value, value, value, (previous, earlier, newest) => {
        const result = merged(definition, [previous, earlier, newest]);
        const keep = (name: 'a' | 'b' | 'c'): boolean =>
          earlier[name] !== previous[name] ? earlier[name] : newest[name];
        expect(result).toEqual({ ...newest, a: keep('a'), b: keep('b'), c: keep('c') });
        expect(definition.isValid(Uint8Array.from(encoded(definition, result)), 0)).toBe(true);
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});
