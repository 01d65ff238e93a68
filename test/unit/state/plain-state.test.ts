import fc from 'fast-check';
import { customState, plainState } from 'rollmesh/state';

interface World {
  round: number;
  players: { name: string; x: number; tags?: string[] }[];
  byId: Record<string, number>;
  winner: string | null;
  open: boolean;
}

const create = (): World => ({
  round: 0,
  players: [
    { name: 'Ada', x: 1 },
    { name: 'Ben', x: 2 },
  ],
  byId: { b: 1, a: 2 },
  winner: null,
  open: true,
});

const playerOf = (world: World, index: number): World['players'][number] =>
  world.players[index] as World['players'][number];

/** The state a broken game would make: `change` applied to a fresh world. */
function messageOfSave(change: (world: World) => void): string {
  const store = plainState(create).createStore(1);
  change(store.state);
  const hashMessage = messageOf(() => store.hash());
  const saveMessage = messageOf(() => store.save(0));
  // The hash does not look for one object in two places; saving does.
  if (hashMessage !== '') expect(hashMessage).toBe(saveMessage);
  return saveMessage;
}

function messageOf(call: () => void): string {
  try {
    call();
    return '';
  } catch (error) {
    expect(error).toMatchObject({ name: 'SdkError', code: 'invalid-state' });
    return (error as Error).message;
  }
}

test('a saved slot does not change with the live state, and can be loaded again and again', () => {
  const store = plainState(create).createStore(2);
  store.randomWords[store.randomIndex] = 7;
  store.save(0);
  const hash = store.hash();
  for (let repeat = 0; repeat < 2; repeat += 1) {
    playerOf(store.state, 0).x = 99;
    store.state.players.push({ name: 'Cy', x: 3, tags: ['new'] });
    store.randomWords[store.randomIndex] = 8;
    expect(store.hash()).not.toBe(hash);
    store.load(0);
    expect(store.state).toEqual(create());
    expect(store.randomWords[store.randomIndex]).toBe(7);
    expect([store.hash(), store.hashSlot(0)]).toEqual([hash, hash]);
  }
});

test('after a load the live state is a new object', () => {
  const store = plainState(create).createStore(1);
  const before = store.state;
  store.save(0);
  expect(store.state).toBe(before);
  store.load(0);
  expect(store.state).not.toBe(before);
});

test.each<[string, (world: World) => void]>([
  ['state.players[1].x is NaN', (world) => (playerOf(world, 1).x = Number.NaN)],
  ['state.byId.c is undefined', (world) => (world.byId['c'] = undefined as never)],
  ['state.players[0].tags is a function', (world) => (playerOf(world, 0).tags = (() => {}) as never)],
  ['state.round is a bigint', (world) => (world.round = 1n as never)],
  ['state.byId is an instance of Map', (world) => (world.byId = new Map() as never)],
  ['state.players is an instance of Float64Array', (world) => (world.players = new Float64Array(2) as never)],
  ['state.byId is an instance of a class without a name', (world) => (world.byId = Object.create(null))],
  ['state.players[2] is undefined', (world) => (world.players[3] = { name: 'Di', x: 0 })],
  ['state.byId.self refers back to state (a cycle)', (world) => (world.byId['self'] = world as never)],
  [
    'state.byId.loop refers back to state.byId (a cycle)',
    (world) => (world.byId['loop'] = world.byId as never),
  ],
  [
    'state.winner is the same object as state.players[0], and a rollback would make two of it',
    (world) => (world.winner = world.players[0] as never),
  ],
  [
    'state.byId.__proto__ is a property name that objects reserve',
    (world) => (world.byId = JSON.parse('{"__proto__":{"x":1}}')),
  ],
])('a state that cannot be rolled back is refused: %s', (message, change) => {
  expect(messageOfSave(change)).toContain(message);
});

test.each([
  [1, 2],
  [1, 31],
  [30, 90],
  [31, 32],
  [40, 41],
  [50, 90],
])('one object in two of a hundred places is refused: %i and %i', (first, second) => {
  expect(
    messageOfSave((world) => {
      world.players = Array.from({ length: 100 }, (_, x) => ({ name: 'Cy', x }));
      world.players[second] = playerOf(world, first);
    }),
  ).toContain(`state.players[${second}] is the same object as state.players[${first}]`);
});

test('nesting without end is refused before it exhausts the stack', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  expect(messageOfSave((world) => (world.byId = nested(1000) as never))).toContain(
    'more than 256 levels deep',
  );
  expect(messageOfSave((world) => (world.byId = nested(200) as never))).toBe('');
});

test('a first state that is not plain is refused when the store is made', () => {
  expect(() => plainState(() => ({ x: Number.NaN })).createStore(0)).toThrow('state.x is NaN');
  expect(() => plainState({} as never)).toThrow('needs a function');
  expect(() => plainState(create).createStore(1).load(0)).toThrow('never saved');
  expect(() => plainState(create).createStore(1).save(1)).toThrow('this store has 1 slots');
});

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.double({ noNaN: true }),
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.string({ maxLength: 3 }).filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).value;

test('any plain value survives saving and sending, order of properties, -0 and Infinity included', () => {
  fc.assert(
    fc.property(plain, fc.integer(), (value, random) => {
      const definition = plainState(() => ({ value }));
      const store = definition.createStore(1);
      store.randomWords[store.randomIndex] = random;
      store.save(0);
      store.load(0);
      const other = plainState<{ value: unknown }>(() => ({ value: 'other' })).createStore(0);
      expect(other.deserialize(store.serialize())).toBe(true);
      for (const copy of [store, other]) {
        expect(copy.state.value).toStrictEqual(value);
        expect(JSON.stringify(copy.state.value)).toBe(JSON.stringify(value));
        expect(copy.hash()).toBe(store.hashSlot(0));
      }
      expect(store.differences(other as never)).toEqual([]);
    }),
  );
});

test('different values have different hashes', () => {
  const hashOf = (value: unknown): number =>
    plainState(() => ({ value }))
      .createStore(0)
      .hash();
  const values = [
    0,
    -0,
    1,
    '',
    '0',
    '1',
    false,
    true,
    null,
    [],
    [0],
    [[]],
    [0, 0],
    {},
    { a: 0 },
    { a: 1 },
    { b: 0 },
    'a',
    'a\0',
    ['a', 'b'],
    ['ab'],
    Infinity,
  ];
  expect(new Set(values.map(hashOf)).size).toBe(values.length);
});

test('the order of properties does not count for the hash', () => {
  const left = plainState(() => ({ a: 1, b: { c: 2, d: 3 } })).createStore(0);
  const right = plainState(() => ({ b: { d: 3, c: 2 }, a: 1 })).createStore(0);
  expect(left.hash()).toBe(right.hash());
  expect(left.differences(right)).toEqual([]);
});

test('the order of properties does not count either among objects of many shapes', () => {
  const shape = (index: number, isTurned: boolean): [string, number][] => {
    const entries: [string, number][] = Array.from({ length: 1 + (index % 4) }, (_, key) => [
      `k${index}-${key}`,
      key,
    ]);
    return isTurned ? entries.reverse() : entries;
  };
  const stateOf = (isTurned: boolean): object => ({
    list: Array.from({ length: 60 }, (_, index) => Object.fromEntries(shape(index % 20, isTurned))),
  });
  const left = plainState(() => stateOf(false)).createStore(0);
  const right = plainState(() => stateOf(true)).createStore(0);
  expect(left.hash()).toBe(right.hash());
});

test('hashes are the same on every machine', () => {
  expect(plainState(create).createStore(0).hash()).toBe(1971318486);
});

test('differences name the path and both values, up to a limit', () => {
  const definition = plainState(create);
  const left = definition.createStore(0);
  const right = definition.createStore(0);
  playerOf(left.state, 1).x = -0;
  playerOf(right.state, 1).x = 0;
  right.state.players.push({ name: 'Cy', x: 3 });
  left.state.byId['c'] = 4;
  right.state.winner = 'Ada';
  right.randomWords[0] = 5;
  const differences = left.differences(right);
  expect(differences).toEqual([
    { path: '(random)', left: 0, right: 5 },
    { path: 'players[1].x', left: -0, right: 0 },
    { path: 'players[2]', left: undefined, right: { name: 'Cy', x: 3 } },
    { path: 'byId.c', left: 4, right: undefined },
    { path: 'winner', left: null, right: 'Ada' },
  ]);
  expect(left.differences(right, 2)).toEqual(differences.slice(0, 2));
});

test('a slot copied to another store is independent of it', () => {
  const definition = plainState(create);
  const store = definition.createStore(1);
  const other = definition.createStore(0);
  store.state.round = 3;
  store.randomWords[0] = 9;
  store.save(0);
  store.copySlotTo(0, other);
  expect([other.state.round, other.hash()]).toEqual([3, store.hash()]);
  playerOf(other.state, 0).x = 50;
  store.load(0);
  expect(playerOf(store.state, 0).x).toBe(1);
});

test('a slot is not copied into the store of another kind of state', () => {
  const store = plainState(() => ({ round: 1 })).createStore(1);
  store.save(0);
  const other = customState({
    create: () => ({ round: 1 }),
    save: (state) => ({ ...state }),
    load: (state, saved) => Object.assign(state, saved),
    hash: ({ round }) => round,
    serialize: ({ round }) => Uint8Array.of(round),
    deserialize: ([round = 0]) => ({ round }),
  }).createStore(1);
  expect(() => store.copySlotTo(0, other)).toThrow(
    expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('plainState') }),
  );
});

test('NaN and -0 are found with their path', () => {
  const store = plainState(create).createStore(0);
  expect(store.findUnsafeNumber()).toBeUndefined();
  store.state.byId['b'] = -0;
  expect(store.findUnsafeNumber()).toBe('byId.b');
  playerOf(store.state, 1).x = Number.NaN;
  expect(store.findUnsafeNumber()).toBe('players[1].x');
});

test('bytes that are not a plain state change nothing', () => {
  const store = plainState(create).createStore(0);
  const hash = store.hash();
  const written = (text: string): Uint8Array =>
    Uint8Array.from([0, 0, 0, 0, ...new TextEncoder().encode(text)]);
  for (const bytes of [
    new Uint8Array(0),
    new Uint8Array(3),
    written(''),
    written('{'),
    written('5'),
    written('null'),
    written('[]'),
    written('{"__proto__":{"x":1}}'),
    written(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
    Uint8Array.of(0, 0, 0, 0, 0x7b, 0xff, 0x7d),
  ]) {
    expect(store.deserialize(bytes)).toBe(false);
    expect(store.hash()).toBe(hash);
  }
  expect(store.deserialize(written('{"round":1e999}'))).toBe(true);
  expect(store.state).toEqual({ round: Infinity });
});
