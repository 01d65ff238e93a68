/** Players that join late, come back, pause and choose delays: what the simulator lets them do, and what is checked of it. */
import { createSession, type Session } from 'rollmesh/session';
import {
  type CheckName,
  describeReport,
  networkPresets,
  type SimulateOptions,
  type SimulationReport,
  simulate,
} from 'rollmesh/simulator';
import { simulateWith } from '../../sdk/src/simulator/simulate.js';
import type { SessionFactory } from '../../sdk/src/simulator/simulated-node.js';
import { bufferGame } from '../support/test-games.js';

type Options = SimulateOptions<unknown, unknown>;

const game = bufferGame as unknown as Options['game'];
const BASE: Options = { game, peers: 3, frames: 480, seed: 5, network: networkPresets.goodWifi };

function play(options: Partial<Options>): SimulationReport {
  const report = simulate({ ...BASE, ...options });
  expect(describeReport(report)).toContain('SIM OK');
  return report;
}

const statusesOf = (report: SimulationReport): string[] => report.stats.map(({ status }) => status);

describe('a newcomer', () => {
  test('comes into the running match, plays a slot, and all confirm the same', () => {
    const report = play({ newcomers: 1, faults: [{ kind: 'join', atMs: 3000, peer: 3 }] });
    expect(report.coverage).toMatchObject({ joined: 1, seated: 1 });
    expect(report.coverage.faults.join).toBe(1);
    expect(report.stats[3]?.frameConfirmed).toBeGreaterThan(500);
    expect(report.coverage.messages).toMatchObject({ chunk: { sent: 1 } });
  });

  test('that only watches, or for whom no slot is free, comes in without one', () => {
    const watching = play({ newcomers: 1, faults: [{ kind: 'join', atMs: 3000, peer: 3, slots: 0 }] });
    expect(watching.coverage).toMatchObject({ joined: 1, seated: 0 });
    const full = play({
      newcomers: 1,
      localPlayers: [3, 3, 2],
      faults: [{ kind: 'join', atMs: 3000, peer: 3 }],
    });
    expect(full.coverage).toMatchObject({ joined: 1, seated: 0 });
  });

  test('that waits long for a slot gets it when one is free', () => {
    const report = play({
      newcomers: 1,
      localPlayers: [3, 3, 2],
      frames: 1200,
      faults: [
        { kind: 'join', atMs: 3000, peer: 3 },
        { kind: 'leave', atMs: 17_000, peer: 1 },
      ],
    });
    expect(report.coverage).toMatchObject({ joined: 1, seated: 1 });
  });

  test('that the members refuse ends, and one that never comes is absent', () => {
    const report = play({
      newcomers: 2,
      faults: [{ kind: 'join', atMs: 3000, peer: 3, isRefused: true }],
    });
    expect(statusesOf(report)).toEqual(['playing', 'playing', 'playing', 'ended', 'absent']);
    expect(report.coverage).toMatchObject({ joined: 0, seated: 0 });
  });
});

describe('a page that is loaded again', () => {
  test.each(['crash', 'leave'] as const)('after a %s is let in and gets its own slot back', (kind) => {
    const report = play({
      faults: [
        { kind, atMs: 2500, peer: 1 },
        { kind: 'rejoin', atMs: 5000, peer: 1 },
      ],
      sessionOptions: { lostAfterMs: 700 },
    });
    expect(report.coverage).toMatchObject({ joined: 1, seated: 1 });
    expect(statusesOf(report)).toEqual(['playing', 'playing', 'playing']);
  });

  test('while the others still count it in is lost, and comes back', () => {
    const report = play({ faults: [{ kind: 'rejoin', atMs: 3000, peer: 2 }] });
    expect(report.coverage).toMatchObject({ joined: 1, seated: 1, departures: 2 });
  });

  test('is the second one of a match of two', () => {
    const report = play({ peers: 2, faults: [{ kind: 'rejoin', atMs: 3000, peer: 0 }] });
    expect(report.coverage).toMatchObject({ joined: 1, seated: 1, forked: false });
  });

  test('and becomes the coordinator gives slots to those who came in before it', () => {
    const report = play({
      peers: 5,
      frames: 900,
      faults: [
        { kind: 'leave', atMs: 3000, peer: 4 },
        { kind: 'crash', atMs: 3200, peer: 0 },
        { kind: 'rejoin', atMs: 5200, peer: 0 },
        { kind: 'rejoin', atMs: 5250, peer: 4 },
      ],
      sessionOptions: { lostAfterMs: 700 },
    });
    expect(report.coverage).toMatchObject({ joined: 2, seated: 2 });
  });
});

describe('a pause', () => {
  test('stops all at one frame, and no frame is confirmed until it is over', () => {
    const running = play({});
    const report = play({ faults: [{ kind: 'pause', atMs: 3000, peer: 1, forMs: 2000 }] });
    expect(report.coverage.pauses).toBe(3);
    const lost = running.framesConfirmed - report.framesConfirmed;
    expect(lost).toBeGreaterThan(100);
    expect(lost).toBeLessThan(140);
  });

  test('by one that is gone since is ended by another', () => {
    const report = play({
      faults: [
        { kind: 'pause', atMs: 3000, peer: 1, forMs: 1500 },
        { kind: 'crash', atMs: 4000, peer: 1 },
      ],
      sessionOptions: { lostAfterMs: 700 },
    });
    expect(report.coverage.pauses).toBeGreaterThan(1);
  });

  test('that lasts beyond the heal is over by then', () => {
    play({ faults: [{ kind: 'pause', atMs: 7500, peer: 1, forMs: 60_000 }] });
  });
});

describe('a delay', () => {
  test('that changes again and again loses no input and makes up none', () => {
    const delays = [7, 0, 3, 1, 8, 0, 5, 2];
    const report = play({
      inputChangeShare: 1,
      faults: delays.map((inputDelayFrames, index) => ({
        kind: 'delay',
        atMs: 1500 + index * 700,
        peer: index % 3,
        inputDelayFrames,
      })),
    });
    expect(report.coverage.faults.delay).toBe(delays.length);
  });

  test('may follow the paths, on some peers or on all alike', () => {
    play({ inputDelayFrames: 'auto', network: networkPresets.badWifi });
    play({
      inputDelayFrames: ['auto', 2, { min: 0, max: 6 }],
      network: networkPresets.badWifi,
      sessionOptions: { fairDelay: true },
    });
  });
});

test.each([2000, 2700, 3198])(
  'a match that is to end with whoever leaves (at %i ms) ends on all, also while they wait for each other',
  (atMs) => {
    const report = play({
      network: { delayMs: 150 },
      faults: [{ kind: 'leave', atMs, peer: 1 }],
      sessionOptions: { onLost: 'end' },
    });
    expect(statusesOf(report)).toEqual(['ended', 'left', 'ended']);
  },
);

test('what makes no sense of a newcomer or a delay is refused with words', () => {
  const refused = (options: Partial<Options>): unknown => {
    try {
      simulate({ ...BASE, ...options });
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };
  expect(refused({ faults: [{ kind: 'join', atMs: 1, peer: 3 }] })).toContain('there is no peer 3');
  expect(refused({ newcomers: 1, faults: [{ kind: 'join', atMs: 1, peer: 2 }] })).toContain(
    'peer 2 is there from the start',
  );
  expect(refused({ newcomers: 1, faults: [{ kind: 'join', atMs: 1, peer: 3, slots: 99 }] })).toContain(
    'slots',
  );
  expect(refused({ newcomers: 99 })).toContain('newcomers');
  expect(refused({ inputDelayFrames: [1, 2] })).toContain('inputDelayFrames');
  expect(refused({ faults: [{ kind: 'delay', atMs: 1, peer: 0, inputDelayFrames: 77 }] })).toContain('77');
});

/** The real session, but some properties of one peer's lie. */
function lying(culprit: string, lies: (session: Session) => Partial<Session>): SessionFactory {
  return (options) => {
    const session = createSession(options);
    if (culprit !== options.self) return session;
    const lie = lies(session as Session);
    return new Proxy(session, {
      get(target, name) {
        const source = name in lie ? lie : target;
        const value: unknown = Reflect.get(source, name, source);
        return typeof value === 'function' ? value.bind(source) : value;
      },
    });
  };
}

const checksOf = (report: SimulationReport): CheckName[] => [
  ...new Set(report.violations.map(({ check }) => check)),
];

test('a newcomer that has another state than the members is found', () => {
  const wrongHash = lying('p3', (session) => ({
    stateHash: (frame) => {
      const hash = session.stateHash(frame);
      return hash === undefined ? undefined : (hash ^ 1) >>> 0;
    },
  }));
  const options: Options = { ...BASE, newcomers: 1, faults: [{ kind: 'join', atMs: 3000, peer: 3 }] };
  const report = simulateWith(options, wrongHash);
  expect(checksOf(report)).toContain('join');
  expect(describeReport(report)).toContain('came in with the state');
});

test('one that pauses after another frame than the others is found', () => {
  const early = lying('p2', (session) => ({
    on: (type, listener) =>
      session.on(type, (event) =>
        listener(event.type === 'match-paused' ? { ...event, frame: event.frame - 1 } : event),
      ),
  }));
  const options: Options = { ...BASE, faults: [{ kind: 'pause', atMs: 3000, peer: 1, forMs: 900 }] };
  const report = simulateWith(options, early);
  expect(checksOf(report)).toEqual(expect.arrayContaining(['membership', 'bounds']));
  expect(describeReport(report)).toContain('pause');
});
