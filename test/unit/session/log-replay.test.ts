/** Stepping again what the members stepped: the same states come of it, and a log that does not fit is refused. */
import { LOG_FRAMES, LOG_FRAMES_KEPT } from '../../../sdk/src/base/limits.js';
import type { HeldState } from '../../../sdk/src/session/held-states.js';
import { collectStepLog, LogReplay } from '../../../sdk/src/session/log-replay.js';
import { Simulation } from '../../../sdk/src/session/simulation.js';
import { SlotLog } from '../../../sdk/src/session/slot-log.js';
import { encodeStepLog, type StepLog } from '../../../sdk/src/wire/step-log.js';
import { type ChainInput, type ChainOptions, type ChainState, chainGame } from './chain-game.js';

const SLOTS = 2;

function createSimulation(after?: ChainOptions['after']) {
  const game = chainGame({ playersMax: SLOTS, ...(after === undefined ? {} : { after }) });
  const logs = Array.from({ length: SLOTS }, (_, slot) => new SlotLog(slot, slot, game.input.byteLength));
  const simulation = new Simulation<ChainState, ChainInput>({
    ...{ game, logs, seed: 3, options: {}, playerCount: SLOTS, isBlank: false },
    ...{
      predictionFramesMax: 8,
      statesKept: 100,
      lostBot: undefined,
      lateInput: 'neutral',
      onWarning: undefined,
    },
  });
  return { game, logs, simulation };
}

/** A match of two slots that has played `frames`, the second of them substituted from frame 30 on. */
function played(frames: number) {
  const match = createSimulation();
  const [first, second] = match.logs as [SlotLog, SlotLog];
  for (let frame = 1; frame <= frames; frame += 1) {
    first.append(Uint8Array.of((frame * 7) & 0xff), 0);
    if (frame === 30) second.change(30, 'substitute');
    if (frame < 30) second.append(Uint8Array.of(frame), 0);
    match.simulation.step();
    match.simulation.confirm(frame);
  }
  return match;
}

/** A replay from the state after frame `from`, of whatever log. */
function replayOf(match: ReturnType<typeof played>, from: number, about: { to: number; bytes: Uint8Array }) {
  const { game, simulation } = createSimulation();
  const held = {
    frame: from,
    stateHash: match.simulation.hashOf(from),
    copyTo: (store: Parameters<typeof match.simulation.copyTo>[1]) => match.simulation.copyTo(from, store),
  };
  const options = { simulation, input: game.input, slotCount: SLOTS, held, frame: about.to };
  return { simulation, replay: new LogReplay<ChainState, ChainInput>(options, about.bytes) };
}

function collected(match: ReturnType<typeof played>, from: number, to: number): StepLog {
  const log = collectStepLog(match.logs, { from, to, simulated: match.simulation.frame });
  if (log === undefined) throw new Error('the log is no longer known');
  return log;
}

test('what is collected is what each frame was stepped with, and by whom', () => {
  const log = collected(played(60), 27, 32);
  expect(log).toEqual({
    ...{ from: 27, count: 5, inputBytes: 1 },
    slots: [
      { states: new Uint8Array(5), cells: Uint8Array.of(196, 203, 210, 217, 224) },
      { states: Uint8Array.of(0, 0, 2, 2, 2), cells: Uint8Array.of(28, 29, 0, 0, 0) },
    ],
  });
});

test('a replay leads to the state of the members, so many frames a call', () => {
  const match = played(60);
  const { simulation, replay } = replayOf(match, 20, {
    to: 55,
    bytes: encodeStepLog(collected(match, 20, 55)),
  });
  const progress = [10, 10, 10, 10].map((steps) => [replay.run(steps), simulation.frame]);
  expect(progress).toEqual([
    ['going', 30],
    ['going', 40],
    ['going', 50],
    ['done', 55],
  ]);
  expect(simulation.hashOf(55)).toBe(match.simulation.hashOf(55));
  expect([simulation.keeps(55), simulation.keeps(54)]).toEqual([true, false]);
  expect(simulation.slots).toEqual(['active', 'substituted']);
});

test('a log of no frames gives the state itself', () => {
  const match = played(60);
  const { simulation, replay } = replayOf(match, 40, {
    to: 40,
    bytes: encodeStepLog(collected(match, 40, 40)),
  });
  expect([replay.run(1), simulation.frame]).toEqual(['done', 40]);
  expect([simulation.keeps(40), simulation.keeps(39)]).toEqual([true, false]);
  expect(simulation.hashOf(40)).toBe(match.simulation.hashOf(40));
});

test.each<[string, (log: StepLog) => StepLog]>([
  ['of another start', (log) => ({ ...log, from: log.from - 1 })],
  [
    'that ends too early',
    (log) => ({
      ...log,
      count: log.count - 1,
      slots: log.slots.map(({ states, cells }) => ({ states: states.slice(1), cells: cells.slice(1) })),
    }),
  ],
  [
    'with wider inputs',
    (log) => ({
      ...log,
      inputBytes: 2,
      slots: log.slots.map(({ states }) => ({ states, cells: new Uint8Array(2 * log.count) })),
    }),
  ],
  ['of more slots', (log) => ({ ...log, slots: [...log.slots, ...log.slots] })],
  ['of fewer slots', (log) => ({ ...log, slots: log.slots.slice(1) })],
])('a log %s fails', (_what, change) => {
  const match = played(60);
  const log = collected(match, 20, 55);
  expect(replayOf(match, 20, { to: 55, bytes: encodeStepLog(log) }).replay.run(99)).toBe('done');
  expect(replayOf(match, 20, { to: 55, bytes: encodeStepLog(change(log)) }).replay.run(99)).toBe('failed');
});

test('bytes that are no log fail', () => {
  const match = played(60);
  const bytes = encodeStepLog(collected(match, 20, 55));
  expect(replayOf(match, 20, { to: 55, bytes: bytes.subarray(1) }).replay.run(99)).toBe('failed');
});

test('inputs that are none of the game fail, in whichever slot and frame', () => {
  const game = { ...chainGame({ playersMax: SLOTS }) };
  const match = played(60);
  for (const slot of [0, 1])
    for (const at of [0, 17, 34]) {
      const log = collected(match, 20, 55);
      (log.slots[slot] as StepLog['slots'][0]).cells[at] = 250;
      const { simulation } = createSimulation();
      const held = { frame: 20, stateHash: 0, copyTo: () => {} };
      const input = { ...game.input, isValid: (bytes: Uint8Array, offset: number) => bytes[offset] !== 250 };
      const options = { simulation, input, slotCount: SLOTS, held, frame: 55 };
      const replay = new LogReplay<ChainState, ChainInput>(options, encodeStepLog(log));
      expect([slot, at, replay.run(99)]).toEqual([slot, at, 'failed']);
    }
});

test('a log is given for as long as no frame of it is overwritten', () => {
  const logs = [new SlotLog(0, 0, 1)];
  const give = (from: number, to: number, simulated: number): number | undefined =>
    collectStepLog(logs, { from, to, simulated })?.count;
  expect(give(100, 100, 100)).toBe(0);
  expect(give(100, 99, 100)).toBeUndefined();
  expect(give(100, 100 + LOG_FRAMES_KEPT, 100 + LOG_FRAMES_KEPT)).toBe(LOG_FRAMES_KEPT);
  expect(give(100, 101 + LOG_FRAMES_KEPT, 101 + LOG_FRAMES_KEPT)).toBeUndefined();
  // A rollback steps frames anew whose places the newest ones have taken.
  expect(give(100, 110, 100 + LOG_FRAMES - 1 - 128)).toBe(10);
  expect(give(100, 110, 100 + LOG_FRAMES - 128)).toBeUndefined();
});

test('a step that throws fails: the members have been through it, so the state was another one', () => {
  const match = played(60);
  const { game, simulation } = createSimulation((_state, frame) => {
    if (frame === 40) throw new Error('no such sprite');
  });
  const copyTo: HeldState<ChainState>['copyTo'] = (store) => match.simulation.copyTo(20, store);
  const held = { frame: 20, stateHash: match.simulation.hashOf(20), copyTo };
  const options = { simulation, input: game.input, slotCount: SLOTS, held, frame: 55 };
  const replay = new LogReplay<ChainState, ChainInput>(options, encodeStepLog(collected(match, 20, 55)));
  expect([replay.run(10), replay.run(99)]).toEqual(['going', 'failed']);
});
