/** States as bytes for a newcomer: equal states give equal bytes, and whatever arrives is read whole or refused. */
import fc from 'fast-check';
import {
  customState,
  defineState,
  f64,
  i32,
  plainState,
  type StateDefinition,
  table,
  u8,
} from 'rollmesh/state';
import { createRandom } from '../../../sdk/src/base/prng.js';
import type { StateStore } from '../../../sdk/src/state/definitions.js';

interface Units {
  round: number;
  byName: Record<string, { x: number; tags: string[] }>;
}

interface Engine {
  cells: Float64Array;
}

/** A definition of each kind, and a step that changes everything in it. */
interface Kind {
  readonly definition: StateDefinition<never>;
  readonly step: (store: StateStore<never>, input: number) => void;
}

function kindOf<S>(definition: StateDefinition<S>, step: (state: S, input: number) => void): Kind {
  return {
    definition: definition as unknown as StateDefinition<never>,
    step: (store, input) => {
      const words = store.randomWords;
      words[store.randomIndex] = ((words[store.randomIndex] as number) + input * 7 + 1) | 0;
      step(store.state as unknown as S, input);
    },
  };
}

const kinds: { readonly [name: string]: Kind } = {
  defineState: kindOf(defineState({ round: i32, score: u8, rows: table(5, { x: f64 }) }), (state, input) => {
    state.round += 1;
    state.score += input;
    state.rows.x[input % 5] = (state.rows.x[input % 5] as number) / 3 + input;
  }),
  plainState: kindOf(
    plainState((): Units => ({ round: 0, byName: {} })),
    (state, input) => {
      state.round += 0.1;
      const name = `${input % 7}${input % 3 === 0 ? 'é' : ''}`;
      if (input % 4 === 0) delete state.byName[name];
      else
        state.byName[name] = {
          x: -input / 7,
          tags: [...(state.byName[name]?.tags ?? []), 'a"\\\u0000\ud800'].slice(-2),
        };
    },
  ),
  customState: kindOf(
    customState<Engine, Float64Array>({
      create: () => ({ cells: new Float64Array(4) }),
      save: (engine) => engine.cells.slice(),
      load: (engine, saved) => engine.cells.set(saved),
      hash: (engine) => engine.cells.reduce((sum, cell) => (Math.imul(sum, 31) + cell * 8) | 0, 7),
      serialize: (engine) => new Uint8Array(engine.cells.buffer),
      deserialize: (bytes) => {
        if (bytes.length !== 32) throw new Error('wrong length');
        return { cells: new Float64Array(bytes.buffer) };
      },
    }),
    (engine, input) => {
      engine.cells[input % 4] = (engine.cells[input % 4] as number) + input;
    },
  ),
};
const names = Object.keys(kinds);
const kind = (name: string): Kind => kinds[name] as Kind;

/** Plays inputs with `wrong` guesses in between that are rolled back. */
function play(name: string, store: StateStore<never>, inputs: readonly number[], wrong: number): void {
  const { step } = kind(name);
  const guess = createRandom(wrong);
  for (const input of inputs) {
    if (wrong > 0 && guess.chance(0.5)) {
      store.save(0);
      for (let count = guess.below(4); count >= 0; count -= 1) step(store, guess.below(50));
      store.load(0);
    }
    step(store, input);
  }
}

test.each(names)(
  '%s: equal states give equal bytes, whatever was guessed and rolled back on the way',
  (name) => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 30 }), fc.integer({ min: 1 }), (inputs, wrong) => {
        const [left, right] = [kind(name).definition.createStore(1), kind(name).definition.createStore(1)];
        play(name, left, inputs, 0);
        play(name, right, inputs, wrong);
        expect(right.hash()).toBe(left.hash());
        expect(right.serialize()).toEqual(left.serialize());
      }),
      { numRuns: 60, seed: 1 },
    );
  },
);

test.each(names)(
  '%s: a newcomer goes on from the bytes exactly like the others, random word included',
  (name) => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(40), { maxLength: 30 }),
        fc.array(fc.nat(40), { maxLength: 30 }),
        (before, after) => {
          const [member, newcomer] = [
            kind(name).definition.createStore(1),
            kind(name).definition.createStore(1),
          ];
          play(name, member, before, 0);
          play(name, newcomer, [1, 2, 3], 0);
          expect(newcomer.deserialize(member.serialize())).toBe(true);
          expect(newcomer.randomWords[newcomer.randomIndex]).toBe(member.randomWords[member.randomIndex]);
          expect(newcomer.hash()).toBe(member.hash());
          play(name, member, after, 0);
          play(name, newcomer, after, 9);
          expect(newcomer.serialize()).toEqual(member.serialize());
        },
      ),
      { numRuns: 60, seed: 1 },
    );
  },
);

test.each(names)('%s: the bytes do not change with the state, nor the state with the bytes', (name) => {
  const [store, other] = [kind(name).definition.createStore(1), kind(name).definition.createStore(1)];
  play(name, store, [5, 6, 7], 0);
  const bytes = store.serialize();
  const copy = bytes.slice();
  expect(other.deserialize(bytes)).toBe(true);
  play(name, store, [8, 9], 0);
  expect(bytes).toEqual(copy);
  bytes.fill(0xff);
  expect(other.serialize()).toEqual(copy);
});

test.each(names)(
  '%s: bytes cut off, or changed in any bit, are refused without a trace or are another state',
  (name) => {
    const store = kind(name).definition.createStore(1);
    play(name, store, [5, 6, 7, 9], 0);
    const bytes = store.serialize();
    const hash = store.hash();
    const target = kind(name).definition.createStore(1);
    const damaged = Array.from({ length: bytes.length }, (_, length) => bytes.slice(0, length));
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      damaged.push(flipped);
    }
    damaged.push(Uint8Array.from([...bytes, 0]));
    let refused = 0;
    for (const copy of damaged) {
      expect(target.deserialize(bytes)).toBe(true);
      if (!target.deserialize(copy)) {
        refused += 1;
        expect(target.hash()).toBe(hash);
        expect(target.serialize()).toEqual(bytes);
        continue;
      }
      // Accepted: then it can be saved, hashed and written like any other.
      target.save(0);
      target.load(0);
      expect(target.hashSlot(0)).toBe(target.hash());
      expect(target.serialize()).toHaveLength(target.serialize().length);
    }
    expect(refused).toBeGreaterThanOrEqual(bytes.length);
  },
);

test('defineState: every state that is accepted is written back byte for byte', () => {
  const store = kind('defineState').definition.createStore(0);
  const bytes = store.serialize();
  let accepted = 0;
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (index, value) => {
      const changed = bytes.map((byte, at) => (at === index ? value : byte));
      if (!store.deserialize(changed)) return;
      accepted += 1;
      expect(store.serialize()).toEqual(changed);
    }),
    { numRuns: 500, seed: 1 },
  );
  expect(accepted).toBeGreaterThan(100);
});

test('plainState: text and names with lone surrogates, quotes and control characters survive', () => {
  const value = { '\ud800"\\': '\udfff\u0000\n', 'é🙂': ['\u2028', '"\\\\"', '[[[{{{'] };
  const store = plainState(() => value).createStore(0);
  const other = plainState<object>(() => ({})).createStore(0);
  expect(other.deserialize(store.serialize())).toBe(true);
  expect(other.state).toStrictEqual(value);
});

test('plainState: a -0 or an Infinity somewhere changes nothing else in the bytes', () => {
  const textOf = (value: unknown): string => {
    const store = plainState(() => ({ a: [1.5, 'x', { b: 1e21, c: [true, null] }], value })).createStore(0);
    return new TextDecoder().decode(store.serialize().slice(4));
  };
  const usual = '{"a":[1.5,"x",{"b":1e+21,"c":[true,null]}],"value":';
  expect([0, -0, Infinity, -Infinity, [-0], 5e-324].map(textOf)).toEqual(
    ['0', '-0', '1e999', '-1e999', '[-0]', '5e-324'].map((text) => `${usual}${text}}`),
  );
});

test('plainState: the order of properties is part of the bytes, since loops over an object follow it', () => {
  const bytesOf = (value: object): Uint8Array =>
    plainState(() => value)
      .createStore(0)
      .serialize();
  expect(bytesOf({ a: 1, b: 2 })).not.toEqual(bytesOf({ b: 2, a: 1 }));
  expect(bytesOf({ 2: 1, 1: 2 })).toEqual(bytesOf({ 1: 2, 2: 1 }));
});

test('plainState: nesting is taken to the depth that a state may have, not deeper', () => {
  const nested = (depth: number): object => {
    let value: unknown = 1;
    for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
    return { value };
  };
  const target = plainState<object>(() => ({})).createStore(0);
  const deepest = plainState(() => nested(255)).createStore(0);
  expect(target.deserialize(deepest.serialize())).toBe(true);
  expect(target.hash()).toBe(deepest.hash());
  const text = (depth: number): Uint8Array =>
    Uint8Array.from([
      0,
      0,
      0,
      0,
      ...new TextEncoder().encode(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`),
    ]);
  expect([255, 256, 257, 258, 5_000_000].map((depth) => target.deserialize(text(depth)))).toEqual([
    ...[true, true, false, false, false],
  ]);
  // Brackets in a text, and beside one another, are no nesting.
  const wide = `{"a":"${'['.repeat(1000)}\\"${'{'.repeat(1000)}","b":[${'[],{},'.repeat(1000)}0]}`;
  expect(target.deserialize(Uint8Array.from([0, 0, 0, 0, ...new TextEncoder().encode(wide)]))).toBe(true);
});

test('customState: the bytes that a game gets are its own, from the first byte of their buffer', () => {
  const seen: Uint8Array[] = [];
  const store = customState<{ n: number }, number>({
    ...{ create: () => ({ n: 1 }), save: ({ n }) => n, hash: ({ n }) => n },
    load: (state, saved) => {
      state.n = saved;
    },
    serialize: ({ n }) => Uint8Array.of(n, 2, 3),
    deserialize: (bytes) => {
      seen.push(bytes);
      return { n: bytes[0] as number };
    },
  }).createStore(0);
  expect(store.deserialize(store.serialize())).toBe(true);
  expect([seen[0]?.byteOffset, seen[0]?.buffer.byteLength]).toEqual([0, 3]);
});

test.each([
  ['undefined', undefined],
  ['null', null],
  ['string', 'text'],
  ['object', [1, 2]],
])('customState: a serialize that returns %s is named', (name, value) => {
  const store = customState<object, object>({
    ...{ create: () => ({}), save: (state) => state, load: () => {}, hash: () => 0, deserialize: () => ({}) },
    serialize: () => value as unknown as Uint8Array,
  }).createStore(0);
  expect(() => store.serialize()).toThrow(`serialize returned ${name}`);
});
