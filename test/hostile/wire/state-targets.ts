/** Inputs, serialised states and texts as fuzz targets: what a peer may send and a game then lives with. */
import {
  array,
  bool,
  button,
  customState,
  defineInput,
  defineState,
  f64,
  type InputDefinition,
  i32,
  int,
  plainState,
  type StateDefinition,
  type StateStore,
  table,
  u8,
} from 'rollmesh/state';
import { decodeUtf8, encodeUtf8 } from '../../../sdk/src/base/utf8.js';
import type { FuzzTarget } from './fuzzer.js';
import { must, mustEqual } from './wire-targets.js';

/** Any number of fields, to reach each of the places that the packers unroll. */
function fieldsOf(
  count: number,
  of: (index: number) => ReturnType<typeof int> | typeof button,
): InputDefinition<unknown> {
  const fields = Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, of(index)]));
  return defineInput(fields) as InputDefinition<unknown>;
}

const INPUTS: readonly InputDefinition<unknown>[] = [
  ...[1, 3, 8].map((count) => fieldsOf(count, () => button)),
  ...[1, 2, 5, 12, 13, 20].map((count) =>
    fieldsOf(count, (index) => (index % 3 === 2 ? button : int(-index - 1, 5 + index))),
  ),
  fieldsOf(1, () => int(0, 255)),
  fieldsOf(2, () => int(0, 4294967295)),
  fieldsOf(16, () => int(-2147483648, 2147483646)),
];

const INPUT_OFFSET = 3;

const inputTarget: FuzzTarget = {
  name: 'input',
  reachesAll: true,
  bytesMax: 70,
  decoder:
    /^sdk\/src\/state\/(?:input\.ts:(?:decodeFields$|packedInput\.(?:decodeInto|isValid)|buttonByteInput\.(?:decodeInto|isValid))|packed-field\.ts:PackedField\.(?:read|isLegal|#readCode)$)/,
  seeds: INPUTS.flatMap((definition, index) => [
    Uint8Array.from([index, ...new Uint8Array(definition.byteLength)]),
    Uint8Array.from([index, ...new Uint8Array(definition.byteLength).fill(0xff)]),
  ]),
  run(input) {
    const definition = INPUTS[(input[0] ?? 0) % INPUTS.length] as InputDefinition<unknown>;
    const bytes = new Uint8Array(INPUT_OFFSET + input.length - 1);
    bytes.set(input.subarray(1), INPUT_OFFSET);
    must(!definition.isValid(bytes, -1), 'an input before the first byte');
    must(!definition.isValid(bytes, bytes.length - definition.byteLength + 1), 'an input past the last byte');
    const isValid = definition.isValid(bytes, INPUT_OFFSET);
    const value = definition.create();
    definition.decodeInto(bytes, INPUT_OFFSET, value);
    const again = new Uint8Array(definition.byteLength);
    const clamped = definition.encodeInto(value, again, 0);
    if (!isValid) return;
    must(clamped === undefined, `the valid input has a value that is clamped: ${clamped}`);
    mustEqual(
      again,
      bytes.subarray(INPUT_OFFSET, INPUT_OFFSET + definition.byteLength),
      'the input has a second encoding',
    );
  },
};

/** Deserialises into a store with another state: a refused one changes nothing, an accepted one comes back. */
function runState<S>(definition: StateDefinition<S>, bytes: Uint8Array): StateStore<S> | undefined {
  const store = definition.createStore(1);
  store.randomWords[store.randomIndex] = 77;
  const before = store.hash();
  const given = bytes.slice();
  const taken = store.deserialize(bytes);
  mustEqual(bytes, given, 'deserialize wrote into its bytes');
  if (!taken) {
    must(store.hash() === before, 'a refused state changed something');
    return undefined;
  }
  const copy = definition.createStore(1);
  must(copy.deserialize(store.serialize()), 'what was accepted is refused after serialising');
  must(copy.hash() === store.hash(), 'what was accepted is another state after serialising');
  return store;
}

const BUFFER = defineState({
  score: f64,
  alive: bool,
  players: table(2, { x: f64, hp: u8, here: bool }),
  tiles: array(i32, 3),
  last: u8,
});

function filledBuffer(): Uint8Array {
  const store = BUFFER.createStore(1);
  store.state.alive = true;
  store.state.score = Number.NaN;
  store.state.players.x[1] = -0;
  return store.serialize();
}

const bufferTarget: FuzzTarget = {
  name: 'buffer-state',
  reachesAll: true,
  bytesMax: 256,
  decoder: /^sdk\/src\/state\/define-state\.ts:(?:isSerialized|BufferStore\.deserialize)$/,
  seeds: [filledBuffer(), BUFFER.createStore(1).serialize()],
  run(bytes) {
    const store = runState(BUFFER, bytes);
    if (store === undefined) return;
    mustEqual(store.serialize(), bytes, 'the state has a second encoding');
    must(typeof JSON.stringify(store.state) === 'string', 'the state has no text');
    store.findUnsafeNumber();
    must(store.randomWords[1] === 0, 'the reserved word is not zero');
    const hash = store.hash();
    const { state } = store;
    state.alive = !state.alive;
    state.alive = !state.alive;
    must(store.hash() === hash, 'a bool was neither 0 nor 1');
  },
};

const PLAIN = plainState(() => ({ round: 0, players: [{ x: 1.5, name: 'a' }], over: false, winner: null }));

const text = (value: string): Uint8Array => encodeUtf8(value);
const withWord = (value: string): Uint8Array => Uint8Array.from([1, 2, 3, 4, ...text(value)]);

const plainTarget: FuzzTarget = {
  name: 'plain-state',
  reachesAll: true,
  bytesMax: 700,
  decoder:
    /^sdk\/src\/state\/(?:plain-state\.ts:PlainStore\.deserialize|plain-values\.ts:readPlain|random-word\.ts:splitRandomWord)$/,
  seeds: [
    PLAIN.createStore(1).serialize(),
    withWord('{}'),
    withWord('[]'),
    withWord('null'),
    withWord('{"a":{"__proto__":1},"b":[-0,1e999,"\\ud800"]}'),
    withWord(`{"deep":${'['.repeat(300)}${']'.repeat(300)}}`),
    Uint8Array.of(1, 2, 3),
  ],
  dictionary: [
    '{"',
    '":',
    '[',
    ']',
    '}',
    ',',
    'null',
    'true',
    '-0',
    '1e400',
    '"__proto__":',
    '"\\u0000"',
    '\ud83d\ude00',
    '['.repeat(200),
  ].map(text),
  run(bytes) {
    const store = runState(PLAIN, bytes);
    if (store === undefined) return;
    store.save(0);
    must(store.hashSlot(0) === store.hash(), 'an accepted state is another one when saved');
    store.load(0);
    store.findUnsafeNumber();
  },
};

const CUSTOM = customState<{ bytes: Uint8Array }, Uint8Array>({
  create: () => ({ bytes: new Uint8Array(2) }),
  save: ({ bytes }) => bytes.slice(),
  load(state, saved) {
    state.bytes = saved.slice();
  },
  hash: ({ bytes }) => bytes.reduce((sum, byte) => sum * 31 + byte, bytes.length) | 0,
  serialize: ({ bytes }) => bytes,
  deserialize(bytes) {
    if (bytes.length !== 2 || bytes[0] === 13) throw new Error('not a state of this game');
    return { bytes: bytes.slice() };
  },
});

const customTarget: FuzzTarget = {
  name: 'custom-state',
  reachesAll: true,
  bytesMax: 16,
  decoder: /^sdk\/src\/state\/(?:custom-state\.ts:CustomStore\.deserialize|random-word\.ts:splitRandomWord)$/,
  seeds: [CUSTOM.createStore(1).serialize(), Uint8Array.of(1), Uint8Array.of(0, 0, 0, 0, 13, 1)],
  run(bytes) {
    const store = runState(CUSTOM, bytes);
    if (store !== undefined) mustEqual(store.serialize(), bytes, 'the state has a second encoding');
  },
};

declare class TextDecoder {
  constructor(label: string, options: { fatal: boolean; ignoreBOM: boolean });
  decode(bytes: Uint8Array): string;
}
const reference = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function referenceText(bytes: Uint8Array): string | undefined {
  try {
    return reference.decode(bytes);
  } catch {
    return undefined;
  }
}

const utf8Target: FuzzTarget = {
  name: 'utf8',
  reachesAll: true,
  bytesMax: 5100,
  decoder: /^sdk\/src\/base\/utf8\.ts:(?:decodeUtf8|codeAt)$/,
  seeds: ['a', '\u00e9', '\u20ac', '\ud83d\ude00', '\ufeffb', 'z'.repeat(5000)].map(text),
  run(bytes) {
    const decoded = decodeUtf8(bytes);
    must(decoded === referenceText(bytes), 'the platform reads another text');
    if (decoded !== undefined) mustEqual(encodeUtf8(decoded), bytes, 'the text has a second encoding');
  },
};

/** All that state/ and base/ take from a peer. */
export const STATE_TARGETS: readonly FuzzTarget[] = [
  inputTarget,
  bufferTarget,
  plainTarget,
  customTarget,
  utf8Target,
];
