/** Edges of inputs and states that only a changed line would show. */
import { button, customState, defineInput, type InputDefinition, int, plainState } from 'rollmesh/state';
import { joinRandomWord, splitRandomWord } from '../../../sdk/src/state/random-word.js';

function bytesOf<I>(definition: InputDefinition<I>, value: I): Uint8Array {
  const bytes = new Uint8Array(definition.byteLength);
  expect(definition.encodeInto(value, bytes, 0)).toBeUndefined();
  return bytes;
}

/** What becomes of two readings that fall on one frame, after a frame with `previous`. */
function merged<I>(
  definition: InputDefinition<I>,
  readings: readonly [previous: I, earlier: I, newest: I],
): I {
  const [previous, earlier, newest] = readings.map((value) => bytesOf(definition, value));
  definition.mergeInto?.(previous as Uint8Array, earlier as Uint8Array, newest as Uint8Array);
  const value = definition.create();
  expect(definition.isValid(earlier as Uint8Array, 0)).toBe(true);
  definition.decodeInto(earlier as Uint8Array, 0, value);
  return value;
}

describe('two readings for one frame', () => {
  const one = defineInput({ fire: button, jump: button, left: button });
  const mixed = defineInput({
    fire: button,
    aim: int(-100, 100),
    jump: button,
    steps: int(0, 1000),
    last: button,
  });

  test('keep every press and release of a button in one byte', () => {
    for (let bits = 0; bits < 512; bits += 1) {
      const at = (shift: number): { fire: boolean; jump: boolean; left: boolean } => ({
        fire: ((bits >> shift) & 1) === 1,
        jump: ((bits >> (shift + 1)) & 1) === 1,
        left: ((bits >> (shift + 2)) & 1) === 1,
      });
      const [previous, earlier, newest] = [at(0), at(3), at(6)];
      const value = merged(one, [previous, earlier, newest]);
      for (const name of ['fire', 'jump', 'left'] as const)
        expect(value[name]).toBe(earlier[name] === previous[name] ? newest[name] : earlier[name]);
    }
  });

  test('keep presses between numbers, and the newest numbers', () => {
    const nothing = { fire: false, aim: 0, jump: false, steps: 0, last: false };
    const press = { fire: true, aim: -77, jump: false, steps: 901, last: true };
    const move = { fire: false, aim: 33, jump: true, steps: 4, last: false };
    expect(merged(mixed, [nothing, press, move])).toEqual({
      fire: true,
      aim: 33,
      jump: true,
      steps: 4,
      last: true,
    });
    expect(merged(mixed, [press, nothing, press])).toEqual({ ...press, fire: false, last: false });
    expect(merged(mixed, [press, press, move])).toEqual(move);
    expect(merged(mixed, [nothing, nothing, press])).toEqual(press);
  });
});

test.each([1, 2, 7, 8, 9, 12])('of %i fields each has its own bits and its own name', (count) => {
  const fields = Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, button]));
  const definition = defineInput(fields) as InputDefinition<Record<string, unknown>>;
  expect(definition.byteLength).toBe((count + 7) >> 3);
  for (let index = 0; index < count; index += 1) {
    const value = definition.create();
    value[`f${index}`] = true;
    const bytes = bytesOf(definition, value);
    expect(bytes[index >> 3]).toBe(1 << (index & 7));
    value[`f${index}`] = 'yes';
    expect(definition.encodeInto(value, bytes, 0)).toBe(`f${index}`);
    expect([...bytes].every((byte) => byte === 0)).toBe(true);
  }
  // A field that nobody declared is not looked at.
  expect(bytesOf(definition, { ...definition.create(), [`f${count}`]: true })).toEqual(
    new Uint8Array(definition.byteLength),
  );
});

test('an input is read only where all of it is', () => {
  for (const definition of [defineInput({ a: button }), defineInput({ a: int(0, 300) })]) {
    const { byteLength } = definition;
    const bytes = new Uint8Array(byteLength + 2);
    const places = [-2, -1, 0, 1, 2, 3, 9].filter((offset) => definition.isValid(bytes, offset));
    expect(places).toEqual([0, 1, 2]);
    expect(definition.isValid(new Uint8Array(0), 0)).toBe(false);
  }
});

interface Counter {
  count: number;
}

const counters = customState<Counter, number>({
  create: () => ({ count: 0 }),
  save: ({ count }) => count,
  load(state, saved) {
    state.count = saved;
  },
  hash: ({ count }) => count,
  serialize: ({ count }) => Uint8Array.of(count),
  deserialize: ([count = 0]) => ({ count }),
  differences: (left, right) =>
    Array.from({ length: 70 }, (_, index) => ({ path: `p${index}`, left: left.count, right: right.count })),
});

test('the hash of a custom state is made of its hash and of its random word', () => {
  const store = counters.createStore(1);
  expect([store.randomWords.length, store.randomIndex]).toEqual([1, 0]);
  const hashes = new Set<number>();
  for (const count of [0, 1, 2])
    for (const word of [0, 1, 2]) {
      store.state.count = count;
      store.randomWords[0] = word;
      hashes.add(store.hash());
      store.save(0);
      expect(store.hashSlot(0)).toBe(store.hash());
    }
  expect(hashes.size).toBe(9);
});

test('64 differences are told unless more are asked for', () => {
  const [left, right] = [counters.createStore(0), counters.createStore(0)];
  expect(left.differences(right)).toHaveLength(64);
  expect(left.differences(right, 65)).toHaveLength(65);
  const plain = plainState(() => ({ list: Array.from({ length: 70 }, () => 0) }));
  const [first, second] = [plain.createStore(0), plain.createStore(0)];
  second.state.list.fill(1);
  expect(first.differences(second)).toHaveLength(64);
  expect(first.differences(second, 70)).toHaveLength(70);
});

test('bytes without a whole random word are no state', () => {
  for (let length = 0; length < 4; length += 1) {
    const bytes = new Uint8Array(length);
    expect(splitRandomWord(bytes)).toBeUndefined();
    expect(counters.createStore(0).deserialize(bytes)).toBe(false);
    expect(
      plainState(() => ({}))
        .createStore(0)
        .deserialize(bytes),
    ).toBe(false);
  }
  for (const word of [0, 1, -1, 0x01020304, -0x7fffffff]) {
    const joined = joinRandomWord(word, Uint8Array.of(9));
    expect(splitRandomWord(joined)).toEqual({ randomWord: word, rest: Uint8Array.of(9) });
  }
  expect([...joinRandomWord(0x01020304, new Uint8Array(0))]).toEqual([4, 3, 2, 1]);
});
