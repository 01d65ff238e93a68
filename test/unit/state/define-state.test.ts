import fc from 'fast-check';
import {
  array,
  bool,
  defineState,
  f32,
  f64,
  i8,
  i16,
  i32,
  type StateOf,
  table,
  u8,
  u16,
  u32,
} from 'rollmesh/state';
import { hashWords } from '../../../sdk/src/base/state-hash.js';

const definition = defineState({
  flag: bool,
  ballX: f64,
  round: i32,
  players: table(8, { score: u8, x: f64, alive: bool }),
  scores: array(i16, 3),
  open: array(bool, 2),
});
type State = StateOf<typeof definition>;

const everyType = defineState({ a: f64, b: f32, c: i32, d: u32, e: i16, f: u16, g: i8, h: u8, i: bool });

test('a new state is all zero', () => {
  const { state } = definition.createStore(0);
  expect(state.ballX).toBe(0);
  expect(state.flag).toBe(false);
  expect([...state.players.x]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
});

test('scalars keep what their type can hold', () => {
  const { state } = everyType.createStore(0);
  Object.assign(state, {
    a: 0.1,
    b: 0.1,
    c: 2147483648,
    d: -1,
    e: 32768,
    f: 65537,
    g: 128,
    h: -1.9,
    i: true,
  });
  expect(JSON.parse(JSON.stringify(state))).toEqual({
    a: 0.1,
    b: Math.fround(0.1),
    c: -2147483648,
    d: 4294967295,
    e: -32768,
    f: 1,
    g: -128,
    h: 255,
    i: true,
  });
});

test('every scalar reads back by its name', () => {
  const { state } = everyType.createStore(0);
  Object.assign(state, { a: 0.5, b: 0.25, c: -3, d: 4e9, e: -5, f: 60_000, g: -7, h: 200, i: true });
  const { a, b, c, d, e, f, g, h, i } = state;
  expect([a, b, c, d, e, f, g, h, i]).toEqual([0.5, 0.25, -3, 4e9, -5, 60_000, -7, 200, true]);
  state.i = false;
  expect(state.i).toBe(false);
});

test('fields do not overlap', () => {
  const { state } = definition.createStore(0);
  const expected: Record<string, unknown> = JSON.parse(JSON.stringify(state));
  const players = expected['players'] as { score: number; x: number; alive: boolean }[];
  state.flag = true;
  state.ballX = -1.5;
  state.round = -7;
  Object.assign(expected, { flag: true, ballX: -1.5, round: -7, scores: [1, 2, -3], open: [false, true] });
  state.scores.set([1, 2, -3]);
  state.open[1] = 1;
  for (const [index, player] of players.entries()) {
    Object.assign(player, { score: 200 + index, x: index / 3, alive: index % 2 === 0 });
    state.players.score[index] = 200 + index;
    state.players.x[index] = index / 3;
    state.players.alive[index] = index % 2 === 0 ? 1 : 0;
  }
  expect(JSON.parse(JSON.stringify(state))).toEqual(expected);
});

test('columns are placed by size: only the end is padded, to 16 bytes', () => {
  const sizeOf = (fields: Parameters<typeof defineState>[0]): number =>
    defineState(fields).createStore(0).serialize().length - 4;
  expect(sizeOf({ a: u8 })).toBe(16);
  expect(sizeOf({ a: u8, b: f64, c: u16, d: i32 })).toBe(32);
  expect(sizeOf({ a: array(u8, 8) })).toBe(16);
  expect(sizeOf({ a: array(u8, 9) })).toBe(32);
  expect(sizeOf({ rows: table(100, { a: u8, b: f64, c: u16, d: f32 }) })).toBe(1520);
});

test('a saved slot brings back the state and the random word', () => {
  const store = definition.createStore(2);
  const { state } = store;
  state.ballX = 3;
  state.players.x[7] = 9;
  store.randomWords[store.randomIndex] = -5;
  store.save(1);
  state.ballX = 4;
  state.players.x[7] = 8;
  store.randomWords[store.randomIndex] = 6;
  store.save(0);
  store.load(1);
  expect([state.ballX, state.players.x[7], store.randomWords[store.randomIndex]]).toEqual([3, 9, -5]);
  expect(store.state).toBe(state);
});

test('the hash covers every byte of the state and the random word', () => {
  const store = definition.createStore(0);
  const bytes = store.serialize();
  const hashes = new Set([store.hash()]);
  store.randomWords[store.randomIndex] = 1;
  hashes.add(store.hash());
  const changes: ((state: State) => void)[] = [
    (state) => (state.flag = true),
    (state) => (state.ballX = 1),
    (state) => (state.ballX = -0),
    (state) => (state.round = 1),
    (state) => (state.players.score[7] = 1),
    (state) => (state.players.alive[7] = 1),
    (state) => (state.scores[2] = 1),
    (state) => (state.open[0] = 1),
  ];
  for (const change of changes) {
    expect(store.deserialize(bytes)).toBe(true);
    change(store.state);
    hashes.add(store.hash());
  }
  expect(hashes.size).toBe(changes.length + 2);
});

test('hashes are the same on every machine', () => {
  const store = definition.createStore(1);
  Object.assign(store.state, { ballX: 0.1, round: 3, flag: true });
  store.state.players.x.set([1, 2, 3]);
  store.randomWords[store.randomIndex] = 42;
  store.save(0);
  const bytes = new DataView(new ArrayBuffer(112));
  bytes.setInt32(0, 42, true);
  for (const [index, value] of [0.1, 1, 2, 3].entries()) bytes.setFloat64(8 + index * 8, value, true);
  bytes.setInt32(80, 3, true);
  bytes.setUint8(90, 1);
  expect(store.hash()).toBe(hashWords(new Int32Array(bytes.buffer)));
  expect(store.hash()).toBe(905563008);
  expect(store.hashSlot(0)).toBe(905563008);
  expect([definition.schemaHash, everyType.schemaHash]).toEqual([881381335, 1730188195]);
});

const anyNumber = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(Number.NaN, -0, Infinity));
const anyState = fc.record({
  ballX: anyNumber,
  round: anyNumber,
  flag: fc.boolean(),
  x: fc.array(fc.double({ noNaN: true }), { minLength: 8, maxLength: 8 }),
  random: fc.integer(),
});

test('saving, loading and sending a state keep its hash and its values', () => {
  const store = definition.createStore(2);
  const other = definition.createStore(0);
  fc.assert(
    fc.property(anyState, anyState, (first, second) => {
      const fill = ({ ballX, round, flag, x, random }: typeof first): number => {
        Object.assign(store.state, { ballX, round, flag });
        store.state.players.x.set(x);
        store.randomWords[store.randomIndex] = random;
        return store.hash();
      };
      const firstHash = fill(first);
      store.save(0);
      const secondHash = fill(second);
      store.save(1);
      expect([store.hashSlot(0), store.hashSlot(1)]).toEqual([firstHash, secondHash]);
      store.load(0);
      expect(store.hash()).toBe(firstHash);
      expect(store.state.ballX).toBe(first.ballX);
      expect(other.deserialize(store.serialize())).toBe(true);
      expect([other.hash(), store.differences(other)]).toEqual([firstHash, []]);
      store.copySlotTo(1, other);
      expect(other.hash()).toBe(secondHash);
      expect(store.differences(other).length > 0).toBe(firstHash !== secondHash);
    }),
  );
});

test('differences name the path and both values, up to a limit', () => {
  const left = definition.createStore(0);
  const right = definition.createStore(0);
  expect(left.differences(right)).toEqual([]);
  left.state.round = 4;
  left.state.players.x[2] = 1.5;
  right.state.players.alive[7] = 1;
  right.state.scores[1] = -1;
  left.state.flag = true;
  right.randomWords[right.randomIndex] = -1;
  const differences = left.differences(right);
  expect(differences).toEqual([
    { path: '(random)', left: 0, right: 4294967295 },
    { path: 'flag', left: true, right: false },
    { path: 'round', left: 4, right: 0 },
    { path: 'players[2].x', left: 1.5, right: 0 },
    { path: 'players[7].alive', left: false, right: true },
    { path: 'scores[1]', left: 0, right: -1 },
  ]);
  expect(left.differences(right, 3)).toEqual(differences.slice(0, 3));
  expect(left.differences(right, 0)).toEqual([]);
});

test('0 and -0, and NaNs of different bits, are differences', () => {
  const left = definition.createStore(0);
  const right = definition.createStore(0);
  left.state.players.x[0] = -0;
  left.state.players.x[1] = Number.NaN;
  new Uint32Array(right.state.players.x.buffer, right.state.players.x.byteOffset + 8, 2).set([
    0x0badf00d, 0xfff80000,
  ]);
  expect(left.differences(right)).toEqual([
    { path: 'players[0].x', left: -0, right: 0 },
    { path: 'players[1].x', left: 'NaN 0x7ff8000000000000', right: 'NaN 0xfff800000badf00d' },
  ]);
});

test('scalar setters store one canonical NaN, whatever its bits were', () => {
  const odd = new Float64Array(1);
  new Uint32Array(odd.buffer).set([0x0badf00d, 0xfff40000]);
  const [a, b] = [everyType.createStore(0), everyType.createStore(0)];
  a.state.a = odd[0] as number;
  a.state.b = odd[0] as number;
  b.state.a = Number.NaN;
  b.state.b = undefined as unknown as number;
  expect(a.hash()).toBe(b.hash());
  expect(Number.isNaN(a.state.a) && Number.isNaN(a.state.b)).toBe(true);
  const words = new Uint32Array(a.serialize().slice(4).buffer);
  expect([words[2], words[3], words[4]]).toEqual([0, 0x7ff80000, 0x7fc00000]);
});

test('NaN and -0 are found with their path', () => {
  const store = definition.createStore(0);
  expect(store.findUnsafeNumber()).toBeUndefined();
  store.state.players.x[5] = Number.NaN;
  expect(store.findUnsafeNumber()).toBe('players[5].x');
  store.state.ballX = -0;
  expect(store.findUnsafeNumber()).toBe('ballX');
  store.state.ballX = Infinity;
  store.state.players.x[5] = 1;
  expect(store.findUnsafeNumber()).toBeUndefined();
});

test('bytes that are not a state of this definition change nothing', () => {
  const store = definition.createStore(0);
  store.state.ballX = 5;
  const bytes = store.serialize();
  const hash = store.hash();
  const flipped = (index: number): Uint8Array => bytes.map((byte, at) => (at === index ? byte ^ 0x80 : byte));
  // 4 schema, 8 header, 9 doubles, 1 i32, 3 i16, then the bool `flag`; the last 3 bytes are padding.
  expect(bytes.length).toBe(4 + 112);
  for (const wrong of [
    new Uint8Array(0),
    bytes.subarray(1),
    Uint8Array.from([...bytes, 0]),
    everyType.createStore(0).serialize(),
    flipped(0),
    flipped(3),
    flipped(4 + 4),
    flipped(4 + 90),
    flipped(4 + 109),
    flipped(4 + 111),
  ]) {
    expect(store.deserialize(wrong)).toBe(false);
    expect(store.hash()).toBe(hash);
  }
});

test('a misspelt field, a replaced table and a foreign store are refused', () => {
  const store = definition.createStore(1);
  const loose = store.state as unknown as Record<string, unknown>;
  expect(() => {
    loose['balX'] = 1;
  }).toThrow(TypeError);
  expect(() => {
    loose['players'] = {};
  }).toThrow(TypeError);
  expect(() => {
    (loose['players'] as Record<string, unknown>)['y'] = 1;
  }).toThrow(TypeError);
  expect(() => store.save(1)).toThrow('this store has 1 slots');
  expect(() => store.hashSlot(-1)).toThrow('Slot -1');
  expect(() => store.differences(everyType.createStore(0) as never)).toThrow('different definitions');
  expect(() => definition.createStore(1.5)).toThrow('slotCount is 1.5');
});

test('the schema hash changes with names, types, counts and order', () => {
  const hashes = [
    defineState({ a: f64, b: i32 }),
    defineState({ b: i32, a: f64 }),
    defineState({ a: f64, c: i32 }),
    defineState({ a: f64, b: u32 }),
    defineState({ a: f64, b: array(i32, 1) }),
    defineState({ a: f64, b: array(i32, 2) }),
    defineState({ a: f64, b: table(2, { b: i32 }) }),
    defineState({ a: f64, b: bool }),
    defineState({ a: f64, b: u8 }),
  ].map(({ schemaHash }) => schemaHash);
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(defineState({ a: f64, b: i32 }).schemaHash).toBe(hashes[0]);
});

test('fields without a usable type, name or count are refused by name', () => {
  expect(() => defineState({})).toThrow('at least one field');
  expect(() => defineState({ x: 0 } as never)).toThrow('"x"');
  expect(() => defineState({ t: table(2, {}) })).toThrow('table "t" has no columns');
  expect(() => defineState({ t: table(2, { x: table(2, { y: f64 }) } as never) })).toThrow('"t.x"');
  expect(() => defineState({ a: array(undefined as never, 2) })).toThrow('"a"');
  for (const name of ['toString', 'constructor', 'toJSON', 'a-b', '0'])
    expect(() => defineState({ [name]: f64 })).toThrow(`"${name}"`);
  expect(() => defineState({ t: table(2, { 'x.y': f64 }) })).toThrow('"t.x.y"');
  for (const count of [0, -1, 1.5, 1048577, Number.NaN]) {
    expect(() => table(count, { x: f64 })).toThrow(`the count is ${count}`);
    expect(() => array(f64, count)).toThrow(`the count is ${count}`);
  }
  const huge = Object.fromEntries(
    Array.from({ length: 9 }, (_, index) => [`a${index}`, array(f64, 1048576)]),
  );
  expect(() => defineState(huge)).toThrow('at most 67108864');
});

test('states are typed by their fields', () => {
  const { state }: { readonly state: State } = definition.createStore(0);
  const flag: boolean = state.flag;
  const x: Float64Array = state.players.x;
  const open: Uint8Array = state.open;
  // @ts-expect-error there is no such field
  expect(state.balX).toBeUndefined();
  // @ts-expect-error a scalar bool is no number
  state.flag = 1;
  expect([flag, x.length, open.length, state.flag]).toEqual([false, 8, 2, true]);
});
