/** Canonical JSON: equal values, equal text; what JSON cannot carry is refused with its path. */
import fc from 'fast-check';
import { SdkError } from '../../../sdk/src/base/errors.js';
import { canonicalJson, deepFreeze } from '../../../sdk/src/base/json.js';

/** The same value with the keys of every object in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}

function refusal(value: unknown): SdkError {
  try {
    canonicalJson(value);
  } catch (error) {
    if (error instanceof SdkError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

test('sorts keys at every level', () => {
  expect(canonicalJson({ b: [{ z: 1, a: null }], a: 'x', c: true })).toBe(
    '{"a":"x","b":[{"a":null,"z":1}],"c":true}',
  );
});

test('equal values have equal text, and the text is JSON of the value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(reversed(value))).toBe(text);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 300, seed: 1 },
  );
});

test('different values have different text', () => {
  const texts = [0, 1, '0', null, false, [], {}, [[]], { a: 0 }, { a: 1 }, '', [0]].map((value) =>
    canonicalJson(value),
  );
  expect(new Set(texts).size).toBe(texts.length);
});

test.each([
  ['undefined', { a: { b: undefined } }, 'value.a.b'],
  ['NaN', [0, Number.NaN], 'value[1]'],
  ['Infinity', { speed: Number.POSITIVE_INFINITY }, 'value.speed'],
  ['a function', { f: () => 0 }, 'value.f'],
  ['a symbol', [Symbol('s')], 'value[0]'],
  ['a bigint', { n: 1n }, 'value.n'],
  ['a class instance', { when: new Date(0) }, 'value.when'],
  ['a map', new Map(), 'value'],
  ['a hole in an array', { list: Object.assign([1], { length: 3 }) }, 'value.list[1]'],
])('refuses %s and names the path', (_name, value, path) => {
  const error = refusal(value);
  expect(error.code).toBe('invalid-argument');
  expect(error.message).toContain(`${path} is`);
});

test('refuses a cycle and whatever is nested deeper than 32 levels', () => {
  const cycle: Record<string, unknown> = {};
  cycle['again'] = cycle;
  expect(refusal(cycle).message).toContain('32 levels');
  let deep: unknown = 1;
  for (let level = 0; level < 32; level += 1) deep = [deep];
  expect(canonicalJson(deep)).toContain('[1]');
  expect(refusal([deep]).code).toBe('invalid-argument');
});

test('a null prototype is as plain as Object', () => {
  const bare = Object.assign(Object.create(null) as object, { a: 1 });
  expect(canonicalJson(bare)).toBe('{"a":1}');
});

test('deepFreeze freezes every level and returns the same value', () => {
  const value = { list: [{ a: 1 }], text: 'x' };
  expect(deepFreeze(value)).toBe(value);
  expect([value, value.list, value.list[0]].every((part) => Object.isFrozen(part))).toBe(true);
});

test('objects nest as deep as lists do', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 32; level += 1) deep = { a: deep };
  expect(canonicalJson(deep)).toContain('{"a":1}');
  expect(refusal({ a: deep }).message).toContain('32 levels');
});

test.each([
  [new Date(0), 'class instance'],
  [new Map(), 'class instance'],
  [() => 1, 'function'],
  [undefined, 'undefined'],
  [Symbol('s'), 'symbol'],
  [1n, 'bigint'],
])('what is no JSON is called by its kind', (value, kind) => {
  expect(refusal({ a: value }).message).toContain(`value.a is a ${kind},`);
});

test('deepFreeze leaves what is no object as it is', () => {
  for (const value of [null, 1, 'text', true]) expect(deepFreeze(value)).toBe(value);
});
