/** `simulate()`: what a game developer gets. The checkers have their own test. */
import { defineGame } from 'rollmesh/session';
import {
  describeReport,
  type Fault,
  type NetworkPresetName,
  networkPresets,
  type SimulateOptions,
  type SimulationReport,
  simulate,
} from 'rollmesh/simulator';
import { bufferGame, customGame, plainGame, type TestInput, testInput } from '../support/test-games.js';

const neutral: TestInput = testInput.create();

function play(options: Partial<SimulateOptions<never, TestInput>>): SimulationReport {
  const base = { game: bufferGame, peers: 2, frames: 150, seed: 5 };
  return simulate({ ...base, ...options } as SimulateOptions<unknown, TestInput>);
}

test('the same options give the same report to the last value, another seed another one', () => {
  const faults: Fault[] = [
    { atMs: 1000, kind: 'freeze', peer: 1, forMs: 300 },
    { atMs: 1700, kind: 'loss', loss: 1, forMs: 200 },
  ];
  const options = { peers: 3, network: networkPresets.badWifi, faults, trace: true };
  const first = play(options);
  expect(play(options)).toEqual(first);
  expect(play({ ...options, seed: 6 }).trace.hash).not.toBe(first.trace.hash);
  expect(play({ ...options, trace: false }).trace).toEqual({ hash: first.trace.hash, lines: [] });
});

test.each(Object.keys(networkPresets) as NetworkPresetName[])('a match on %s breaks no promise', (name) => {
  const report = play({ peers: 4, network: networkPresets[name] });
  expect(describeReport(report)).toMatch(/^SIM OK seed=5 peers=4 trace=[0-9a-f]{16} confirmed=\d+/);
  expect(report.ok).toBe(true);
  expect(report.framesConfirmed).toBeGreaterThan(100);
  // Packets can only wait inside a window that is long enough for the path: all presets are within the defaults' reach.
  expect(report.stats.every(({ status, phase }) => status === 'playing' && phase === 'running')).toBe(true);
});

test.each([
  ['plain', plainGame],
  ['custom', customGame],
])('a game on a %s state plays as well', (_name, game) => {
  const report = play({ game: game as never, peers: 3, network: networkPresets.badWifi });
  expect(describeReport(report)).toContain('SIM OK');
  expect(report.rollbacks).toBeGreaterThan(10);
});

test('seconds of virtual time pass as the options say', () => {
  const report = play({ frames: 120, settleMs: 1234 });
  expect(report.durationMs).toBe(2000 + 1234);
});

test('what happened is counted: losses, doubles, reordering, damage, refusals, rollbacks, comparisons', () => {
  const network = {
    ...networkPresets.lossy,
    burst: { everyMs: 500, lengthMs: 100 },
    corrupt: 0.05,
    refuse: 0.02,
  };
  const { coverage, rollbacks, rollbackFramesMax, framesConfirmed } = play({ network });
  for (const count of [
    'sent',
    'delivered',
    'lost',
    'duplicated',
    'reordered',
    'corrupted',
    'refused',
  ] as const)
    expect(coverage.network[count]).toBeGreaterThan(3);
  expect(rollbacks).toBeGreaterThan(10);
  expect(rollbackFramesMax).toBeGreaterThan(1);
  expect(coverage.framesCompared).toBeGreaterThanOrEqual(framesConfirmed);
  expect(coverage.framesReferenced).toBeGreaterThanOrEqual(framesConfirmed);
  expect(coverage.effects).toBeGreaterThan(5);
});

describe('a fault', () => {
  test('that crashes one of two players leaves the other alone in play', () => {
    const report = play({
      frames: 400,
      faults: [{ atMs: 1500, kind: 'crash', peer: 1 }],
      sessionOptions: { lostAfterMs: 700 },
    });
    expect(describeReport(report)).toContain('SIM OK');
    expect(report.stats.map(({ status }) => status)).toEqual(['playing', 'crashed']);
    expect(report.coverage.departures).toBe(1);
    expect(report.framesConfirmed).toBeGreaterThan(400);
    expect(report.stats[1]?.frameConfirmed).toBeLessThan(100);
  });

  test('that makes one of two players leave is a departure at once', () => {
    const report = play({ frames: 300, faults: [{ atMs: 1500, kind: 'leave', peer: 0 }] });
    expect(describeReport(report)).toContain('SIM OK');
    expect(report.stats.map(({ status }) => status)).toEqual(['left', 'playing']);
    expect(report.framesConfirmed).toBeGreaterThan(400);
  });

  test('that takes a lost player over by a bot plays on as a straight run would', () => {
    const report = play({
      frames: 400,
      faults: [{ atMs: 1500, kind: 'crash', peer: 0 }],
      sessionOptions: { lostAfterMs: 700, onLost: { bot: 'jumpy' } },
    });
    expect(describeReport(report)).toContain('SIM OK');
    expect(report.coverage.framesReferenced).toBeGreaterThan(400);
  });

  test('that crashes two of five players at once leaves the others in play, agreed on the cuts', () => {
    const report = play({
      peers: 5,
      frames: 300,
      network: networkPresets.badWifi,
      faults: [
        { atMs: 1500, kind: 'crash', peer: 0 },
        { atMs: 1540, kind: 'crash', peer: 3 },
      ],
      sessionOptions: { lostAfterMs: 700 },
    });
    expect(describeReport(report)).toContain('SIM OK');
    expect(report.stats.map(({ status }) => status)).toEqual([
      'crashed',
      'playing',
      'playing',
      'crashed',
      'playing',
    ]);
    expect(report.coverage.departures).toBe(6);
    expect(report.framesConfirmed).toBeGreaterThan(250);
  });

  test('that breaks one link of four players for long drops nobody: the others pass the inputs on', () => {
    const report = play({
      peers: 4,
      frames: 400,
      faults: [{ atMs: 1500, kind: 'partition', groups: [[0], [1]], forMs: 5000 }],
      sessionOptions: { lostAfterMs: 700 },
    });
    expect(describeReport(report)).toContain('SIM OK');
    expect(report.coverage.departures).toBe(0);
    expect(report.framesConfirmed).toBeGreaterThan(500);
  });

  test('that cuts one of three players off for long costs that one its slot, and it comes back', () => {
    const report = play({
      peers: 3,
      frames: 400,
      faults: [{ atMs: 1500, kind: 'partition', groups: [[0], [1, 2]], forMs: 3000 }],
      sessionOptions: { lostAfterMs: 700 },
    });
    expect(describeReport(report)).toContain('SIM OK');
    expect(report.stats.map(({ status }) => status)).toEqual(['playing', 'playing', 'playing']);
    expect(report.stats.map(({ phase }) => phase)).toEqual(['running', 'running', 'running']);
    expect(report.coverage.returns).toBeGreaterThan(0);
    expect(report.coverage.forked).toBe(false);
  });

  test('that breaks the connection of two players for long is a declared fork: both play on alone', () => {
    const report = play({
      frames: 400,
      faults: [{ atMs: 1500, kind: 'partition', groups: [[0], [1]], forMs: 3000 }],
      sessionOptions: { lostAfterMs: 700 },
    });
    expect(describeReport(report)).toContain('SIM OK');
    expect(report.coverage).toMatchObject({ departures: 2, forked: true });
    expect(report.framesConfirmed).toBeGreaterThan(400);
  });

  test.each<[string, Fault]>([
    ['freezes a peer', { atMs: 1500, kind: 'freeze', peer: 1, forMs: 800 }],
    ['slows a peer down', { atMs: 1500, kind: 'slow', peer: 1, factor: 12, forMs: 1500 }],
    ['makes a clock run fast', { atMs: 500, kind: 'drift', peer: 1, ppm: 20_000 }],
    ['loses everything for a while', { atMs: 1500, kind: 'loss', loss: 1, forMs: 500 }],
    ['loses what one peer sends', { atMs: 1500, kind: 'loss', loss: 1, forMs: 500, from: 2 }],
    ['loses what one peer should get', { atMs: 1500, kind: 'loss', loss: 1, forMs: 500, to: 2 }],
    ['cuts a peer off', { atMs: 1500, kind: 'partition', groups: [[0], [1, 2]], forMs: 900 }],
    ['breaks one link', { atMs: 1500, kind: 'partition', groups: [[0], [1]], forMs: 900 }],
    ['breaks one direction', { atMs: 1500, kind: 'partition', groups: [[0], [1]], forMs: 900, oneWay: true }],
    ['jams a link', { atMs: 1500, kind: 'partition', groups: [[0], [1]], forMs: 900, form: 'jammed' }],
  ])('that %s is struck, survived and made up for', (_name, fault) => {
    const calm = play({ peers: 3, network: networkPresets.transatlantic });
    const report = play({ peers: 3, network: networkPresets.transatlantic, faults: [fault] });
    expect(describeReport(report)).toContain('SIM OK');
    expect(report.coverage.faults[fault.kind]).toBe(1);
    expect(report.trace.hash).not.toBe(calm.trace.hash);
    if (fault.kind !== 'drift') expect(report.stalls).toBeGreaterThan(calm.stalls);
    else expect(report.framesConfirmed).toBeGreaterThan(calm.framesConfirmed - 10);
  });

  test('after the end of the fault phase, or on a peer that is gone, strikes nobody', () => {
    const faults: Fault[] = [
      { atMs: 1000, kind: 'crash', peer: 1 },
      { atMs: 1500, kind: 'leave', peer: 1 },
      { atMs: 60_000, kind: 'crash', peer: 0 },
    ];
    const { coverage, stats } = play({ faults, sessionOptions: { lostAfterMs: 700 } });
    expect(coverage.faults).toMatchObject({ crash: 1, leave: 0 });
    expect(stats.map(({ status }) => status)).toEqual(['playing', 'crashed']);
  });
});

describe('players', () => {
  test('may share a peer or only watch', () => {
    const report = play({ peers: 4, localPlayers: [2, 0, 1, 3], network: networkPresets.badWifi });
    expect(describeReport(report)).toContain('SIM OK');
    expect(report.framesConfirmed).toBeGreaterThan(200);
  });

  test('do what the script says, each on their own frame', () => {
    const seen: string[] = [];
    const game = defineGame({
      ...bufferGame,
      step: (state, inputs, context) => {
        if (context.frame === 50) seen.push(inputs.map(({ aim }) => aim).join());
        bufferGame.step(state, inputs, context);
      },
    });
    const inputs = (slot: number, frame: number): TestInput => ({
      ...neutral,
      aim: slot * 10 + (frame % 10),
    });
    const report = play({ game: game as never, inputs, frames: 100 });
    expect(report.ok).toBe(true);
    // Each peer simulated frame 50 at least once with everybody's true inputs, and the straight run did so, too.
    expect(seen.filter((aims) => aims.startsWith('0,10,')).length).toBeGreaterThanOrEqual(3);
  });

  test('press every button and move every axis when nothing is scripted', () => {
    const aims = new Set<number>();
    const items = new Set<number>();
    const buttons = { left: 0, right: 0, fire: 0 };
    const game = defineGame({
      ...bufferGame,
      step: (state, inputs, context) => {
        for (const input of inputs) {
          aims.add(input.aim);
          items.add(input.item);
          for (const name of ['left', 'right', 'fire'] as const) if (input[name]) buttons[name] += 1;
        }
        bufferGame.step(state, inputs, context);
      },
    });
    play({ game: game as never, peers: 4, frames: 600, settleMs: 0 });
    expect([...items].sort()).toEqual([0, 1, 2]);
    expect(Math.min(...aims)).toBeLessThan(-90);
    expect(Math.max(...aims)).toBeGreaterThan(90);
    expect(Object.values(buttons).every((count) => count > 100)).toBe(true);
  });

  test('may differ in delay and window, down to lockstep', () => {
    const report = play({
      peers: 3,
      inputDelayFrames: [0, 3, 6],
      predictionFramesMax: [4, 0, 10],
      network: networkPresets.transatlantic,
    });
    expect(describeReport(report)).toContain('SIM OK');
    expect(report.stats[1]?.rollbacks).toBe(0);
    expect(report.stats[0]?.rollbackFramesMax).toBeLessThanOrEqual(4);
  });
});

test('the trace tells who sent, got, read and reached what, and when', () => {
  const { trace } = play({ frames: 60, settleMs: 0, trace: true });
  for (const kind of ['send', 'arrive', 'advance', 'input', 'event', 'heal'])
    expect(trace.lines.filter((line) => line.split(' ')[1] === kind).length).toBeGreaterThan(0);
  const times = trace.lines.map((line) => Number.parseFloat(line));
  expect([...times].sort((left, right) => left - right)).toEqual(times);
});

test.each<[string, Partial<SimulateOptions<never, TestInput>>]>([
  ['peers is 0', { peers: 0 }],
  ['peers is 33', { peers: 33 }],
  ['frames is 0', { frames: 0 }],
  ['seed is -1', { seed: -1 }],
  ['settleMs is -1', { settleMs: -1 }],
  ['9 players', { peers: 3, localPlayers: 3 }],
  ['0 players', { peers: 3, localPlayers: 0 }],
  ['localPlayers has 1 entries', { localPlayers: [1] }],
  ['inputDelayFrames is -1', { inputDelayFrames: -1 }],
  ['predictionFramesMax is 61', { predictionFramesMax: 61 }],
  ['faults\\[0\\] \\(crash\\): there is no peer 2', { faults: [{ atMs: 0, kind: 'crash', peer: 2 }] }],
  ['atMs is -1', { faults: [{ atMs: -1, kind: 'leave', peer: 0 }] }],
  ['forMs is 0', { faults: [{ atMs: 0, kind: 'freeze', peer: 0, forMs: 0 }] }],
  ['factor is 0', { faults: [{ atMs: 0, kind: 'slow', peer: 0, factor: 0, forMs: 1 }] }],
  ['loss is 2', { faults: [{ atMs: 0, kind: 'loss', loss: 2, forMs: 1 }] }],
  ['ppm is', { faults: [{ atMs: 0, kind: 'drift', peer: 0, ppm: 1e9 }] }],
  ['at least two groups', { faults: [{ atMs: 0, kind: 'partition', groups: [[0]], forMs: 1 }] }],
  ['in two groups', { faults: [{ atMs: 0, kind: 'partition', groups: [[0], [0, 1]], forMs: 1 }] }],
])('options out of range are refused by name: %s', (message, options) => {
  expect(() => play(options)).toThrow(new RegExp(message));
  expect(() => play(options)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
});
