/**
 * Who watches the watchers: every checker is shown a planted fault and must name it, and must stay silent without one.
 * The faults are planted in the model session, in the real one through its options, and in games.
 */
import { createSession, defineGame, type Session, type SessionOptions } from 'rollmesh/session';
import {
  type CheckName,
  describeReport,
  networkPresets,
  type SimulateOptions,
  type SimulationReport,
} from 'rollmesh/simulator';
import { simulateWith } from '../../sdk/src/simulator/simulate.js';
import type { SessionFactory } from '../../sdk/src/simulator/simulated-node.js';
import { type ModelBug, modelSessions } from '../support/model-session.js';
import { bufferGame, customGame, plainGame } from '../support/test-games.js';

const trouble: SimulateOptions<unknown, unknown> = {
  game: bufferGame as SimulateOptions<unknown, unknown>['game'],
  peers: 3,
  frames: 260,
  settleMs: 0,
  seed: 7,
  network: { ...networkPresets.badWifi, corrupt: 0.05 },
  faults: [{ atMs: 3000, kind: 'freeze', peer: 1, forMs: 600 }],
};

const checksOf = (report: SimulationReport): CheckName[] => [
  ...new Set(report.violations.map(({ check }) => check)),
];

describe('a correct session of another make', () => {
  test.each([
    ['buffer', bufferGame],
    ['plain', plainGame],
    ['custom', customGame],
  ])('breaks no promise with the %s game', (_name, game) => {
    const options = { ...trouble, game: game as SimulateOptions<unknown, unknown>['game'] };
    const report = simulateWith(options, modelSessions());
    expect(describeReport(report)).toContain('SIM OK');
    expect(report.rollbacks).toBeGreaterThan(20);
    expect(report.coverage.network.corrupted).toBeGreaterThan(20);
    expect(report.coverage.framesReferenced).toBeGreaterThan(200);
  });
});

describe('a fault planted in the model session', () => {
  test.each<[ModelBug, readonly CheckName[]]>([
    ['confirms-guesses', ['agreement', 'inputs', 'finality']],
    ['keeps-guesses', ['agreement', 'inputs']],
    ['hash-of-guess', ['agreement', 'reference']],
    ['changes-confirmed-input', ['agreement', 'inputs']],
    ['takes-damaged-packets', ['exception']],
    ['lowers-confirmed', ['finality']],
    ['steps-confirmed-again', ['finality']],
    ['ignores-window', ['bounds']],
    ['steps-too-much', ['bounds']],
    ['miscounts-steps', ['bounds']],
    ['sends-giants', ['bounds']],
    ['sends-from-receive', ['bounds']],
    ['reads-twice', ['inputs']],
    ['reads-other-slots', ['inputs']],
    ['alters-own-input', ['inputs']],
    ['stops', ['progress']],
    ['throws', ['exception']],
    ['forgets-hashes', ['agreement']],
    ['cries-desync', ['honesty']],
  ])('%s is found by the checks of %p', (bug, checks) => {
    const settleMs = checks.includes('progress') ? 2600 : 0;
    const report = simulateWith({ ...trouble, settleMs }, modelSessions(bug, 'p1'));
    expect(report.ok).toBe(false);
    expect(checksOf(report)).toEqual(expect.arrayContaining([...checks]));
    expect(describeReport(report)).toMatch(/^SIM FAIL seed=7 peers=3 .* check=/);
  });

  test.each<[ModelBug, CheckName]>([
    ['alters-own-input', 'inputs'],
    ['hash-of-guess', 'reference'],
  ])('%s on every peer alike, which agree on it, is found by the check of %s', (bug, check) => {
    expect(checksOf(simulateWith(trouble, modelSessions(bug)))).toContain(check);
  });
});

/** The real session, but the options of `culprit` are tampered with. */
function tampered(
  culprit: string,
  tamper: <S, I>(options: SessionOptions<S, I>) => Partial<SessionOptions<S, I>>,
): SessionFactory {
  return (options) => createSession(options.self === culprit ? { ...options, ...tamper(options) } : options);
}

/** The real session, but some of its properties lie, on all peers or on one. */
function lying(lies: (session: Session) => Partial<Session>, culprit?: string): SessionFactory {
  return (options) => {
    const session = createSession(options);
    if (culprit !== undefined && culprit !== options.self) return session;
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

describe('a fault planted around the real session', () => {
  const good: SimulateOptions<unknown, unknown> = {
    ...trouble,
    frames: 420,
    network: networkPresets.goodWifi,
    faults: [],
  };

  test('nothing tampered with, nothing found', () => {
    const report = simulateWith(
      good,
      tampered('p1', () => ({})),
    );
    expect(describeReport(report)).toContain('SIM OK');
  });

  test('a step that differs on one peer at frame 300 is a desync, and from that frame on a disagreement', () => {
    const report = simulateWith(
      good,
      tampered('p1', ({ game }) => ({
        game: {
          ...game,
          step: (state, inputs, context) => {
            game.step(state, inputs, context);
            if (context.frame === 300) (state as { counter: number }).counter += 1;
          },
        },
      })),
    );
    const first = report.violations.find(({ check }) => check === 'agreement');
    expect(first).toMatchObject({ frame: 300 });
    expect(report.violations.every(({ frame }) => frame >= 300)).toBe(true);
    expect(checksOf(report)).toEqual(expect.arrayContaining(['agreement', 'honesty', 'reference']));
    expect(report.desyncs[0]?.frame).toBeGreaterThanOrEqual(300);
    expect(report.desyncs[0]?.frame).toBeLessThan(360);
    expect([report.desyncs[0]?.peer, report.desyncs[0]?.otherPeer]).toContain(1);
  });

  test('a session that plays another input than the one that was read is found', () => {
    const report = simulateWith(
      good,
      tampered('p1', ({ game, readInput }) => ({
        readInput: (slot, frame) => {
          const value = readInput(slot, frame);
          return frame % 100 === 50 ? game.input.create() : value;
        },
      })),
    );
    expect(checksOf(report)).toEqual(['inputs']);
    expect(report.violations.every(({ frame }) => frame % 100 === 50)).toBe(true);
  });

  test('a session that is never heard stops the match, which is found', () => {
    const report = simulateWith(
      { ...good, settleMs: 2600 },
      tampered('p1', () => ({ send: () => false })),
    );
    expect(checksOf(report)).toEqual(['progress']);
  });

  test('a confirmed frame that is not really confirmed is found', () => {
    const report = simulateWith(
      { ...good, network: networkPresets.transatlantic },
      lying((session) => ({
        get frameConfirmed() {
          return Math.min(session.frameConfirmed + 1, session.frameCurrent);
        },
      })),
    );
    expect(checksOf(report)).toContain('agreement');
  });

  test('a final frame above the confirmed one is found', () => {
    const report = simulateWith(
      good,
      lying((session) => ({
        get frameFinal() {
          return session.frameConfirmed + (session.frameCurrent > 200 ? 1 : 0);
        },
      })),
    );
    expect(checksOf(report)).toEqual(['finality']);
  });

  test('a peer that does not tell of a loss is found by the members it ends with', () => {
    const losing: SimulateOptions<unknown, unknown> = {
      ...good,
      settleMs: 2600,
      faults: [{ atMs: 2000, kind: 'crash', peer: 2 }],
      sessionOptions: { lostAfterMs: 700 },
    };
    expect(describeReport(simulateWith(losing, createSession))).toContain('SIM OK');
    const silent = lying(
      (session) => ({
        on: (type, listener) =>
          session.on(type, (event) => {
            if (type !== 'peer-left') listener(event);
          }),
      }),
      'p1',
    );
    const report = simulateWith(losing, silent);
    expect(checksOf(report)).toContain('membership');
    expect(report.violations.some(({ detail }) => /^at the end it knows \[2 late@\d+\], /.test(detail))).toBe(
      true,
    );
  });

  test('a peer that is deaf to another, which lives, and so loses it is found', () => {
    const deaf = lying(
      (session) => ({
        receive: (peer, channel, bytes, nowMs) => {
          if (session.frameCurrent < 100) session.receive(peer, channel, bytes, nowMs);
        },
      }),
      'p1',
    );
    const report = simulateWith({ ...good, peers: 2, sessionOptions: { lostAfterMs: 700 } }, deaf);
    expect(report.violations[0]).toMatchObject({ check: 'membership', peer: 1 });
    expect(report.violations[0]?.detail).toContain('lost peer 0, which lives');
  });

  test('hashes that change afterwards are found', () => {
    const report = simulateWith(
      good,
      lying((session) => ({
        stateHash: (frame: number) => {
          const hash = session.stateHash(frame);
          return hash !== undefined && frame < session.frameConfirmed - 300 ? hash ^ 1 : hash;
        },
      })),
    );
    expect(checksOf(report)).toEqual(['finality']);
  });
});

describe('a fault planted in a game', () => {
  test('a step that throws is reported with its peer, and the run goes on', () => {
    const game = defineGame({
      ...bufferGame,
      step: (state, inputs, context) => {
        bufferGame.step(state, inputs, context);
        if (context.frame === 200) throw new Error('planted in step');
      },
    });
    const report = simulateWith({ game, peers: 2, frames: 300, seed: 1 }, createSession);
    expect(report.violations.filter(({ check }) => check === 'exception').length).toBeGreaterThanOrEqual(1);
    expect(report.violations[0]?.detail).toContain('planted in step');
  });

  test('a step that counts outside of the state makes the peers disagree', () => {
    let calls = 0;
    const game = defineGame({
      ...bufferGame,
      step: (state, inputs, context) => {
        bufferGame.step(state, inputs, context);
        calls += 1;
        if (calls % 100 === 0) state.counter += 1;
      },
    });
    const report = simulateWith({ game, peers: 2, frames: 300, seed: 1 }, createSession);
    expect(report.ok).toBe(false);
    expect(checksOf(report)).toContain('agreement');
    expect(report.desyncs.length).toBeGreaterThan(0);
  });

  test('in development mode an engine-dependent call is named', () => {
    const game = defineGame({
      ...bufferGame,
      step: (state, inputs, context) => {
        bufferGame.step(state, inputs, context);
        state.ball += Math.sin(context.frame);
      },
    });
    const report = simulateWith(
      { game, peers: 2, frames: 60, seed: 1, sessionOptions: { development: true } },
      createSession,
    );
    expect(report.determinismWarnings.join()).toContain('Math.sin');
  });
});
