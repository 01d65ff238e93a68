/** What the session owes to the code around it: events at the end, errors that leave a whole session, no re-entry. */
import type { Session } from 'rollmesh/session';
import { type ChainInput, type ChainState, chainGame } from './chain-game.js';
import { chainMesh, soloSession } from './chain-mesh.js';

describe('events', () => {
  test('are delivered when the call has done its work, never in the middle of it', () => {
    const mesh = chainMesh({ conditions: { oneWayMs: 50 } });
    mesh.run(20);
    const states: string[] = [];
    const check = (session: Session<ChainState, ChainInput>): void => {
      const { state, frameCurrent } = session;
      if (state.frame !== frameCurrent) states.push(`state of ${state.frame} at frame ${frameCurrent}`);
    };
    for (const { session } of mesh.peers)
      for (const type of ['started', 'stalled', 'resumed', 'peer-late', 'peer-back', 'peer-left'] as const)
        session.on(type, () => check(session));
    mesh.start();
    mesh.run(1000);
    mesh.sleep(1, 1500);
    mesh.run(3000);
    mesh.sleep(1, 10_000);
    mesh.run(4000);
    expect(states).toEqual([]);
    expect(mesh.peers[0]?.events.map(({ event }) => event.type)).toEqual([
      'started',
      'stalled',
      'peer-late',
      'peer-back',
      'resumed',
      'stalled',
      'peer-late',
      'peer-left',
      'resumed',
    ]);
  });

  test('all come even when a listener throws, whose error comes out of the call', () => {
    const session = soloSession({
      game: chainGame({
        after: (_state, frame, emit) => {
          if (frame === 3) {
            emit('one');
            emit('two');
          }
        },
      }),
    });
    const heard: string[] = [];
    session.on('effect', ({ name }) => {
      heard.push(name);
      throw new Error(`listener of ${name}`);
    });
    session.on('effect', ({ name }) => heard.push(`${name} again`));
    session.advance(0);
    expect(() => session.advance(100)).toThrow('listener of one');
    expect(heard).toEqual(['one', 'one again', 'two', 'two again']);
    expect(session.frameCurrent).toBe(6);
    expect(session.advance(200).framesStepped).toBe(6);
  });

  test('a listener may call the session', () => {
    const session = soloSession();
    const seen: unknown[] = [];
    session.on('started', () => {
      session.advance(50);
      session.receive('a', 'unreliable', new Uint8Array(3), 60);
      seen.push(session.frameCurrent, session.stateHash(1) !== undefined);
      session.leave(70);
      seen.push(session.phase);
    });
    session.on('ended', ({ reason }) => seen.push(reason));
    session.advance(20);
    expect(seen).toEqual([1, true, 'left', 'ended']);
    expect(session.advance(1000).framesStepped).toBe(0);
  });

  test('wait for the end of a call that throws and come with the next one', () => {
    let broken = true;
    const session = soloSession({
      game: chainGame({
        after: (_state, frame, emit) => {
          if (frame === 2) emit('two');
          if (frame === 3 && broken) throw new Error('step');
        },
      }),
    });
    const heard: string[] = [];
    for (const type of ['started', 'effect'] as const) session.on(type, (event) => heard.push(event.type));
    session.advance(0);
    expect(() => session.advance(100)).toThrow('step');
    broken = false;
    session.advance(120);
    expect(heard).toEqual(['started', 'effect']);
  });
});

describe('a step that throws', () => {
  test('leaves the state of the last whole frame, and the frame is tried again', () => {
    let failures = 3;
    const session = soloSession({
      game: chainGame({
        after: (state, frame) => {
          if (frame !== 5 || failures === 0) return;
          failures -= 1;
          state.digest = 999;
          throw new Error('no such sprite');
        },
      }),
    });
    session.advance(0);
    for (let nowMs = 100; nowMs < 400; nowMs += 100) {
      expect(() => session.advance(nowMs)).toThrow('no such sprite');
      expect([session.frameCurrent, session.state.frame, session.frameConfirmed]).toEqual([4, 4, 4]);
      expect(session.state.digest).not.toBe(999);
    }
    session.advance(400);
    const sane = soloSession();
    for (let nowMs = 0; nowMs <= 400; nowMs += 100) sane.advance(nowMs);
    expect(session.frameCurrent).toBeGreaterThan(10);
    for (let frame = 1; frame <= 10; frame += 1) expect(session.stateHash(frame)).toBe(sane.stateHash(frame));
  });

  test('on one peer, now and then, even while it rolls back, leads to no desync', () => {
    let throws = 0;
    let calls = 0;
    const unreliableGame = chainGame({
      after: () => {
        calls += 1;
        if (calls % 37 !== 0) return;
        throws += 1;
        throw new Error('now and then');
      },
    });
    const mesh = chainMesh({ game: (peer) => (peer === 1 ? unreliableGame : chainGame()) });
    const advance = mesh.advance.bind(mesh);
    mesh.advance = (peer) => {
      try {
        advance(peer);
      } catch (error) {
        if ((error as Error).message !== 'now and then') throw error;
      }
    };
    mesh.start();
    mesh.run(6000);
    expect(throws).toBeGreaterThan(10);
    expect(mesh.peers[1]?.framesResimulated).toBeGreaterThan(100);
    expect(mesh.compareHashes().different).toEqual([]);
    expect(mesh.compareHashes().compared).toBeGreaterThan(250);
    expect(mesh.violations).toEqual([]);
  });

  test('in setup comes out of createSession', () => {
    const game = {
      ...chainGame(),
      setup: () => {
        throw new Error('no level');
      },
    };
    expect(() => soloSession({ game })).toThrow('no level');
  });
});

describe('readInput that throws', () => {
  test('comes out of advance, and the frame is asked for again', () => {
    const asked: number[] = [];
    const session = soloSession({
      readInput: (_slot, frame) => {
        asked.push(frame);
        if (asked.length === 2) throw new Error('gamepad gone');
        return { v: 5 };
      },
    });
    session.advance(0);
    expect(() => session.advance(100)).toThrow('gamepad gone');
    session.advance(110);
    expect(asked).toEqual([3, 4, 4, 5, 6, 7, 8]);
    expect(session.inputsAt(4)?.[0]).toEqual({ v: 5 });
  });

  test('for the second of two slots sends nothing that was not read', () => {
    let fails = false;
    const mesh = chainMesh({
      owners: [0, 0, 1],
      conditions: { oneWayMs: 20 },
      readInput: (slot, frame) => {
        if (slot === 1 && fails) throw new Error('second pad gone');
        return { v: (frame * 3 + slot) % 256 };
      },
    });
    mesh.start();
    mesh.run(40_000);
    const [owner, other] = mesh.peers;
    if (owner === undefined || other === undefined) throw new Error('two peers expected');
    fails = true;
    // The next frame's first slot is read, the second is not; the session leaves in this state.
    let thrown = 0;
    for (let tries = 0; tries < 3; tries += 1) {
      mesh.nowMs += 17;
      try {
        owner.session.advance(mesh.clockOf(owner));
      } catch {
        thrown += 1;
      }
    }
    expect(thrown).toBe(3);
    owner.session.leave(mesh.clockOf(owner));
    mesh.run(1000);
    const last = (owner.reads.get(1)?.length ?? 0) - 1;
    expect(owner.reads.get(0)).toHaveLength(last + 2);
    expect(other.heard('peer-left')[0]).toMatchObject({ cutFrame: last, reason: 'left' });
    expect(other.heard('equivocation')).toEqual([]);
  });
});

describe('calls from inside', () => {
  test.each(['advance', 'leave'] as const)(
    '%s from readInput, send and step is refused and changes nothing',
    (call) => {
      const refusals: string[] = [];
      const attempt = (session: Session<ChainState, ChainInput>, where: string): void => {
        try {
          session[call](50);
        } catch (error) {
          refusals.push(`${where}: ${(error as { code?: string }).code}`);
        }
      };
      const peers = ['a', 'b'];
      const session: Session<ChainState, ChainInput> = soloSession({
        peers,
        players: [{ peer: 'a' }],
        game: chainGame({ after: () => attempt(session, 'step') }),
        readInput: () => {
          attempt(session, 'readInput');
          return { v: 1 };
        },
        send: (_to, channel, bytes) => {
          attempt(session, 'send');
          other.receive('a', channel, bytes, nowMs);
        },
      });
      const other = soloSession({
        self: 'b',
        peers,
        players: [{ peer: 'a' }],
        send: (_to, channel, bytes) => session.receive('b', channel, bytes, nowMs),
      });
      let nowMs = 0;
      for (; nowMs < 1000; nowMs += 16) for (const one of [session, other]) one.advance(nowMs);
      expect(new Set(refusals)).toEqual(
        new Set(['step: wrong-phase', 'readInput: wrong-phase', 'send: wrong-phase']),
      );
      expect(session.phase).toBe('running');
      expect(session.frameCurrent).toBeGreaterThan(40);
    },
  );

  test('a getter may be read from anywhere', () => {
    const seen: number[] = [];
    const session: Session<ChainState, ChainInput> = soloSession({
      readInput: () => {
        seen.push(
          session.frameCurrent + session.frameConfirmed + session.frameFinal + session.stats().rollbacks,
        );
        return { v: 0 };
      },
    });
    session.advance(0);
    session.advance(100);
    expect(seen).toHaveLength(6);
  });
});

test('what advance returns tells what it did, in an object that is used again', () => {
  const mesh = chainMesh({ conditions: { oneWayMs: 100 } });
  mesh.start();
  const [peer] = mesh.peers;
  if (peer === undefined) throw new Error('a peer expected');
  const first = peer.session.advance(mesh.clockOf(peer));
  expect(peer.session.advance(mesh.clockOf(peer))).toBe(first);
  expect(first).toEqual({ framesStepped: 0, framesResimulated: 0, stalled: false });
  mesh.run(3000);
  expect(peer.framesStepped).toBe(peer.session.frameCurrent);
  expect(peer.framesResimulated).toBe(peer.session.stats().rollbackFrames);
});
