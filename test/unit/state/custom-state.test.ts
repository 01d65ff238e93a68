import { type CustomStateOptions, customState } from 'rollmesh/state';

/** A world that keeps its cells in memory of its own, as an engine would. */
class Engine {
  cells = new Uint8Array(4);
}

let hashCalls = 0;
const options: CustomStateOptions<Engine, Uint8Array> = {
  create: () => new Engine(),
  save: (engine) => engine.cells.slice(),
  load: (engine, saved) => engine.cells.set(saved),
  hash: (engine) => {
    hashCalls += 1;
    return engine.cells.reduce((sum, cell) => sum * 31 + cell, 7);
  },
  serialize: (engine) => engine.cells.slice(),
  deserialize: (bytes) => {
    if (bytes.length !== 4) throw new Error('wrong length');
    const engine = new Engine();
    engine.cells.set(bytes);
    return engine;
  },
};

test('a saved slot brings back the state and the random word, in the same object', () => {
  const store = customState(options).createStore(2);
  const engine = store.state;
  engine.cells[1] = 5;
  store.randomWords[store.randomIndex] = 3;
  store.save(1);
  const hash = store.hash();
  engine.cells[1] = 6;
  store.randomWords[store.randomIndex] = 4;
  expect(store.hash()).not.toBe(hash);
  store.load(1);
  expect([...store.state.cells, store.randomWords[store.randomIndex]]).toEqual([0, 5, 0, 0, 3]);
  expect(store.state).toBe(engine);
  expect(store.hash()).toBe(hash);
});

test('the hash of a slot is the one taken when it was saved', () => {
  const store = customState(options).createStore(2);
  store.state.cells[0] = 1;
  store.save(0);
  const hash = store.hash();
  store.state.cells[0] = 2;
  store.save(1);
  hashCalls = 0;
  expect(store.hashSlot(0)).toBe(hash);
  expect(store.hashSlot(1)).toBe(store.hash());
  expect(hashCalls).toBe(1);
});

test('the random word counts for the hash', () => {
  const store = customState(options).createStore(0);
  const hash = store.hash();
  store.randomWords[store.randomIndex] = 1;
  expect(store.hash()).not.toBe(hash);
});

test('a state survives sending; bytes that the game refuses change nothing', () => {
  const definition = customState(options);
  const [left, right] = [definition.createStore(0), definition.createStore(0)];
  left.state.cells.set([1, 2, 3, 4]);
  left.randomWords[0] = -2;
  expect(right.deserialize(left.serialize())).toBe(true);
  expect(right.hash()).toBe(left.hash());
  expect(left.differences(right)).toEqual([]);
  for (const bytes of [new Uint8Array(0), new Uint8Array(7), new Uint8Array(9)])
    expect(right.deserialize(bytes)).toBe(false);
  expect(right.hash()).toBe(left.hash());
});

test('differences are the hashes, or what the game names', () => {
  const [left, right] = [customState(options).createStore(0), customState(options).createStore(0)];
  right.state.cells[3] = 1;
  right.randomWords[0] = 1;
  const random = { path: '(random)', left: 0, right: 1 };
  expect(left.differences(right)).toEqual([
    random,
    { path: '(hash)', left: options.hash(left.state) >>> 0, right: options.hash(right.state) >>> 0 },
  ]);
  const named = customState({
    ...options,
    differences: (a, b) => [{ path: 'cells[3]', left: a.cells[3], right: b.cells[3] }],
  }).createStore(0);
  expect(named.differences(right)).toEqual([random, { path: 'cells[3]', left: 0, right: 1 }]);
  expect(named.differences(right, 1)).toEqual([random]);
});

test('a slot is copied into the state of another store', () => {
  const definition = customState(options);
  const [store, other] = [definition.createStore(1), definition.createStore(0)];
  store.state.cells[2] = 8;
  store.randomWords[0] = 5;
  store.save(0);
  store.copySlotTo(0, other);
  expect(other.hash()).toBe(store.hash());
});

test('a schema text is compared in the handshake', () => {
  expect(customState(options).schemaHash).toBe(0);
  const hash = customState({ ...options, schema: 'v1' }).schemaHash;
  expect(hash).toBeGreaterThan(0);
  expect(customState({ ...options, schema: 'v2' }).schemaHash).not.toBe(hash);
});

test('missing functions and slots that were never saved are named', () => {
  const { hash: _, ...incomplete } = options;
  expect(() => customState(incomplete as never)).toThrow('customState: hash is missing');
  expect(() => customState(undefined as never)).toThrow('create is missing');
  const store = customState(options).createStore(1);
  expect(() => store.load(0)).toThrow('never saved');
  expect(() => store.hashSlot(1)).toThrow('this store has 1 slots');
  expect(() => store.save(1)).toThrow('Slot 1');
  expect(store.findUnsafeNumber()).toBeUndefined();
});
