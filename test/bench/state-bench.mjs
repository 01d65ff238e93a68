/**
 * What do inputs, states and maths cost, in nanoseconds per call (states: microseconds)?
 *
 * Every row runs in a process of its own: engines specialise code for the objects it meets, and a game has one input
 * and one state definition. Median and 95th percentile of 201 short batches.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bundleSdk } from './lib/bundle-sdk.mjs';

const BATCHES = 201;

/** Runs `call` in batches of about half a millisecond, short enough to fall between the turns of other processes. Returns nanoseconds per call. */
function measure(call) {
  let count = 1;
  const batch = () => {
    const started = performance.now();
    for (let index = 0; index < count; index += 1) call(index);
    return performance.now() - started;
  };
  while (batch() < 0.5) count *= 2;
  for (let warm = 0; warm < BATCHES; warm += 1) batch();
  // The first calls are slow: only now is it known how many make half a millisecond.
  while (batch() < 0.5) count *= 2;
  const times = Array.from({ length: BATCHES }, () => (batch() / count) * 1e6).sort((a, b) => a - b);
  return { median: times[BATCHES >> 1], p95: times[Math.ceil(BATCHES * 0.95) - 1] };
}

const state = await bundleSdk('state/index.ts');
const math = await bundleSdk('state/math.ts');
const { button, defineInput, int } = state;

function buttons(count) {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`button${index}`, button]));
}

const stick = int(-16, 15);
const inputs = {
  '8 buttons, 1 B': () => defineInput(buttons(8)),
  '3 buttons and an 8-bit aim, 2 B': () => defineInput({ ...buttons(3), aim: int(-128, 127) }),
  '8 buttons and two 5-bit sticks, 4 B': () =>
    defineInput({ leftX: stick, leftY: stick, rightX: stick, rightY: stick, ...buttons(8) }),
};

/** 48 B per entity, as a game would have it. */
function bufferStore(entities) {
  const { f64, i32, table, u16, u8 } = state;
  const columns = {
    x: f64,
    y: f64,
    vx: f64,
    vy: f64,
    hp: i32,
    kind: i32,
    age: i32,
    buttons: u16,
    team: u8,
    on: u8,
  };
  const store = state
    .defineState({ frames: i32, gravity: f64, entities: table(entities, columns) })
    .createStore(16);
  for (let index = 0; index < entities; index += 1) store.state.entities.x[index] = index / 3;
  return store;
}

function plainStore(entities) {
  const entity = (index) => ({
    x: index / 3,
    y: 1,
    vx: 2,
    vy: 3,
    hp: 4,
    kind: 5,
    age: 6,
    buttons: 7,
    team: 8,
    on: 9,
  });
  return state
    .plainState(() => ({ entities: Array.from({ length: entities }, (_, index) => entity(index)) }))
    .createStore(16);
}

const rows = {};
for (const [name, define] of Object.entries(inputs)) {
  rows[`encode ${name}`] = () => {
    const input = define();
    const values = [input.create(), input.create()];
    for (const key of Object.keys(values[1])) values[1][key] = values[1][key] === false ? true : 7;
    const bytes = new Uint8Array(64);
    return (index) => input.encodeInto(values[index & 1], bytes, 0);
  };
  rows[`decode ${name}`] = () => {
    const input = define();
    const target = input.create();
    const bytes = new Uint8Array(64);
    return (index) => {
      bytes[0] = index;
      input.decodeInto(bytes, 0, target);
    };
  };
}
for (const [kind, make] of Object.entries({ defineState: bufferStore, plainState: plainStore })) {
  for (const [size, entities] of [
    ['2 kB', 42],
    ['20 kB', 420],
  ]) {
    const prepared = () => {
      const store = make(entities);
      for (let slot = 0; slot < 16; slot += 1) store.save(slot);
      return store;
    };
    rows[`save ${kind} ${size}`] = () => {
      const store = prepared();
      return (index) => store.save(index & 15);
    };
    rows[`load ${kind} ${size}`] = () => {
      const store = prepared();
      return (index) => store.load(index & 15);
    };
    rows[`hash ${kind} ${size}`] = () => {
      const store = prepared();
      return () => store.hash();
    };
  }
}
// As a newcomer gets it: about a megabyte in both forms.
for (const [kind, store] of Object.entries({
  defineState: () => bufferStore(21_000),
  plainState: () => plainStore(11_000),
})) {
  rows[`serialize ${kind} 1 MB`] = () => {
    const made = store();
    return () => made.serialize();
  };
  rows[`deserialize ${kind} 1 MB`] = () => {
    const made = store();
    const bytes = made.serialize();
    return () => made.deserialize(bytes);
  };
}
rows['read and write a scalar'] = () => {
  const { state: live } = bufferStore(1);
  return () => {
    live.frames += 1;
    live.gravity += 0.25;
  };
};
const angles = Float64Array.from({ length: 1024 }, (_, index) => (index - 512) / 40);
const out = new Float64Array(2);
rows['Math.sin + Math.cos'] = () => (index) => {
  const angle = angles[index & 1023];
  out[0] = Math.sin(angle);
  out[1] = Math.cos(angle);
};
rows['sincosAt'] = () => (index) => math.sincosAt(angles, index & 1023, out, 0);
rows['sincosTurn'] = () => (index) => math.sincosTurn(index * 7919, out, 0);
for (const name of ['sin', 'cos', 'tan', 'atan2', 'exp', 'log', 'pow', 'hypot', 'cbrt']) {
  for (const [owner, functions] of [
    ['Math', Math],
    ['rollmesh/math', math],
  ]) {
    const compute = functions[name];
    rows[`${owner} ${name}`] = () => (index) => {
      out[0] = compute(Math.abs(angles[index & 1023]), angles[(index * 7) & 1023]);
    };
  }
}

const only = process.argv[2];
if (only !== undefined && only in rows) {
  console.log(JSON.stringify(measure(rows[only]())));
} else {
  console.log(`| ${'what'.padEnd(50)} | median ns | p95 ns |`);
  console.log(`|${'-'.repeat(52)}|----------:|-------:|`);
  for (const name of Object.keys(rows)) {
    if (only !== undefined && !name.includes(only)) continue;
    const { stdout } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), name], {
      encoding: 'utf8',
    });
    const { median, p95 } = JSON.parse(stdout);
    console.log(`| ${name.padEnd(50)} | ${median.toFixed(1).padStart(9)} | ${p95.toFixed(1).padStart(6)} |`);
  }
}
