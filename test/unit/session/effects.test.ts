/** What a step emits reaches the screen once, however often the frame is stepped again. */
import type { EffectEvent } from 'rollmesh/session';
import { EffectLedger } from '../../../sdk/src/session/effects.js';
import type { MeshPeer } from '../../support/mesh-peer.js';
import { VirtualMesh } from '../../support/virtual-mesh.js';
import { type ChainInput, type ChainOptions, type ChainState, chainGame, changing } from './chain-game.js';

type Emission = readonly [name: string, key: string];

/** A ledger whose frames are stepped by hand. */
class LedgerBench {
  readonly ledger: EffectLedger;
  /** '+name key' and '-name key', in the order they reached the screen. */
  readonly seen: string[] = [];
  readonly frames: number[] = [];
  #frame = 0;

  constructor(windowFrames = 8) {
    this.ledger = new EffectLedger(windowFrames);
  }

  /** Steps on to `frame`; `emissions` says what each frame announces. */
  stepTo(frame: number, emissions: { readonly [frame: number]: readonly Emission[] } = {}): void {
    while (this.#frame < frame) {
      this.#frame += 1;
      for (const [name, key] of emissions[this.#frame] ?? [])
        this.ledger.announce(this.#frame, name, null, key);
      this.ledger.stepped(this.#frame);
    }
    this.#drain();
  }

  /** The frames after `frame` will be stepped again. */
  rollBackTo(frame: number): void {
    this.ledger.rollbackTo(frame + 1, this.#frame);
    this.#frame = frame;
  }

  #drain(): void {
    this.ledger.drain(
      (effect) => {
        this.seen.push(`+${effect.name} ${effect.key}`);
        this.frames.push(effect.frame);
      },
      (retraction) => this.seen.push(`-${retraction.name} ${retraction.key}`),
    );
  }
}

const shot: Emission = ['shot', '1'];

describe('the ledger', () => {
  test('shows an effect once though its frame is stepped three times', () => {
    const bench = new LedgerBench();
    bench.stepTo(10, { 10: [shot] });
    bench.rollBackTo(7);
    bench.stepTo(10, { 10: [shot] });
    bench.rollBackTo(9);
    bench.stepTo(20, { 10: [shot] });
    expect(bench.seen).toEqual(['+shot 1']);
    expect(bench.frames).toEqual([10]);
  });

  test.each([8, 9, 11, 12])('shows an effect once that moves from frame 10 to %i', (frame) => {
    const bench = new LedgerBench();
    bench.stepTo(12, { 10: [shot] });
    bench.rollBackTo(7);
    bench.stepTo(30, { [frame]: [shot] });
    expect(bench.seen).toEqual(['+shot 1']);
  });

  test.each([11, 13, 18])(
    'shows an effect once that moves past the last frame stepped again, to %i',
    (frame) => {
      const bench = new LedgerBench();
      bench.stepTo(10, { 10: [shot] });
      bench.rollBackTo(7);
      bench.stepTo(10);
      bench.stepTo(40, { [frame]: [shot] });
      expect(bench.seen).toEqual(['+shot 1']);
    },
  );

  test('takes an effect back that does not happen within the window, and shows it anew after that', () => {
    const bench = new LedgerBench(8);
    bench.stepTo(10, { 10: [shot] });
    bench.rollBackTo(7);
    bench.stepTo(40, { 19: [shot] });
    expect(bench.seen).toEqual(['+shot 1', '-shot 1', '+shot 1']);
  });

  test('takes an effect back no later than a window after its frame', () => {
    const bench = new LedgerBench(8);
    bench.stepTo(10, { 10: [shot] });
    bench.rollBackTo(7);
    bench.stepTo(19);
    expect(bench.seen).toEqual(['+shot 1', '-shot 1']);
  });

  test('names a retraction by the frame that the effect was shown with', () => {
    const ledger = new EffectLedger(8);
    const told: [string, number][] = [];
    const drain = (): void =>
      ledger.drain(
        ({ frame }) => told.push(['+', frame]),
        ({ frame }) => told.push(['-', frame]),
      );
    ledger.announce(10, 'shot', null, 1);
    ledger.stepped(10);
    drain();
    ledger.rollbackTo(9, 10);
    ledger.announce(9, 'shot', null, 1);
    ledger.stepped(9);
    ledger.stepped(10);
    drain();
    ledger.rollbackTo(8, 10);
    for (let frame = 8; frame < 30; frame += 1) ledger.stepped(frame);
    drain();
    expect(told).toEqual([
      ['+', 10],
      ['-', 10],
    ]);
  });

  test('tells effects of one name and other keys apart', () => {
    const bench = new LedgerBench();
    bench.stepTo(10, { 9: [['shot', '1']], 10: [['shot', '2']] });
    bench.rollBackTo(8);
    bench.stepTo(30, { 9: [['shot', '2']] });
    expect(bench.seen).toEqual(['+shot 1', '+shot 2', '-shot 1']);
  });

  test('shows what is announced twice in one frame once, in different frames twice', () => {
    const bench = new LedgerBench();
    bench.stepTo(20, { 5: [shot, shot], 15: [shot] });
    expect(bench.seen).toEqual(['+shot 1', '+shot 1']);
    expect(bench.frames).toEqual([5, 15]);
  });

  test('two emissions close to each other are two effects', () => {
    const bench = new LedgerBench();
    bench.stepTo(20, { 5: [shot], 8: [shot] });
    expect(bench.frames).toEqual([5, 8]);
  });

  test('a repeated effect keeps its number when the frames of a row are stepped again', () => {
    const row = { 10: [shot], 12: [shot], 14: [shot] };
    const bench = new LedgerBench();
    bench.stepTo(15, row);
    bench.rollBackTo(9);
    bench.stepTo(15, row);
    bench.rollBackTo(11);
    bench.stepTo(40, row);
    expect(bench.seen).toEqual(['+shot 1', '+shot 1', '+shot 1']);
  });

  test('a rollback that is interrupted by a deeper or a nearer one loses and doubles nothing', () => {
    for (const second of [5, 8, 10]) {
      const bench = new LedgerBench();
      bench.stepTo(14, { 7: [['a', '1']], 11: [['b', '1']], 14: [['c', '1']] });
      bench.rollBackTo(6);
      bench.stepTo(11, { 7: [['a', '1']], 11: [['b', '1']] });
      bench.rollBackTo(second);
      bench.stepTo(40, { 7: [['a', '1']], 11: [['b', '1']], 14: [['c', '1']] });
      expect(bench.seen).toEqual(['+a 1', '+b 1', '+c 1']);
    }
  });

  test('canonical data is the default key', () => {
    const ledger = new EffectLedger(8);
    const shown: EffectEvent[] = [];
    ledger.announce(1, 'hit', { b: 1, a: [2] }, undefined);
    ledger.announce(1, 'hit', { a: [2], b: 1 }, undefined);
    ledger.announce(1, 'hit', { a: [3], b: 1 }, undefined);
    ledger.stepped(1);
    ledger.drain(
      (effect) => shown.push(effect),
      () => {},
    );
    expect(shown.map(({ key }) => key)).toEqual(['{"a":[2],"b":1}', '{"a":[3],"b":1}']);
    expect(shown[0]).toMatchObject({ type: 'effect', name: 'hit', data: { b: 1, a: [2] }, frame: 1 });
  });

  test('forgets what no rollback can reach, and never holds more than its bound', () => {
    const ledger = new EffectLedger(8);
    let shown = 0;
    const drain = (): void =>
      ledger.drain(
        () => {
          shown += 1;
        },
        () => {},
      );
    for (let frame = 1; frame <= 1000; frame += 1) {
      for (let index = 0; index < 20; index += 1) ledger.announce(frame, 'spark', null, `${frame}.${index}`);
      ledger.stepped(frame);
      drain();
      ledger.prune(frame);
    }
    expect(shown).toBe(20_000);
    for (let index = 0; index < 10_000; index += 1) ledger.announce(1001, 'flood', null, index);
    drain();
    expect(shown - 20_000).toBeLessThanOrEqual(4096);
  });
});

/** What a peer's screen shows of each effect: how often it was shown less how often it was taken back. */
function shownNow({ events }: MeshPeer<ChainState, ChainInput>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { event } of events) {
    const change = event.type === 'effect' ? 1 : event.type === 'effect-retracted' ? -1 : 0;
    if (change === 0) continue;
    const { name, key } = event as { name: string; key: string };
    const count = (counts.get(`${name} ${key}`) ?? 0) + change;
    if (count < 0 || count > 1) throw new Error(`effect ${name} ${key} is on the screen ${count} times`);
    counts.set(`${name} ${key}`, count);
  }
  return counts;
}

function meshOf(game: ChainOptions, change: number): VirtualMesh<ChainState, ChainInput> {
  const mesh = new VirtualMesh<ChainState, ChainInput>({
    seed: 3,
    peerCount: 3,
    game: chainGame(game),
    conditions: { oneWayMs: 60, jitterMs: 20, loss: 0.05 },
    readInput: changing(change),
  });
  mesh.start();
  mesh.run(10_000);
  return mesh;
}

test('over rollbacks each true effect is on the screen once, and each false one is taken back', () => {
  const mesh = meshOf(
    {
      after: (state, frame, emit) => {
        for (let slot = 0; slot < 3; slot += 1)
          if (((state.last[slot] as number) + frame) % 16 === 0) emit('spark', slot * 100_000 + frame);
      },
    },
    0.3,
  );
  let retracted = 0;
  for (const peer of mesh.peers) {
    retracted += peer.heard('effect-retracted').length;
    const shown = shownNow(peer);
    let expected = 0;
    for (let frame = 1; frame <= peer.session.frameConfirmed - 20; frame += 1) {
      for (const [slot, input] of (peer.session.inputsAt(frame) ?? []).slice(0, 3).entries()) {
        const isTrue = (input.v + frame) % 16 === 0;
        if (isTrue) expected += 1;
        if ((shown.get(`spark ${slot * 100_000 + frame}`) ?? 0) !== (isTrue ? 1 : 0))
          throw new Error(`slot ${slot} frame ${frame} on ${peer.id}`);
      }
    }
    expect(expected).toBeGreaterThan(50);
  }
  // Predictions were wrong and seen to be wrong.
  expect(retracted).toBeGreaterThan(10);
});

test('an effect that a correction moves by some frames is neither doubled nor taken back', () => {
  const mesh = meshOf(
    {
      after: (state, _frame, emit) => {
        // A goal for each 20,000 points that the inputs add up to: when it falls depends on every input so far.
        const goals = Math.floor(state.points / 20_000);
        for (let slot = 0; slot < 3; slot += 1) state.points += state.last[slot] as number;
        if (Math.floor(state.points / 20_000) > goals) emit('goal', goals + 1);
      },
    },
    0.3,
  );
  for (const peer of mesh.peers) {
    const goals = peer.heard('effect').map(({ key }) => Number(key));
    expect(goals.length).toBeGreaterThan(10);
    expect(goals).toEqual(goals.map((_, index) => index + 1));
    expect(peer.heard('effect-retracted')).toEqual([]);
    expect(peer.framesResimulated).toBeGreaterThan(300);
  }
});
