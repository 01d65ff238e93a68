/** Which state of its own a peer could come back with: a copy is made before the last final one is overwritten. */
import { HeldStates } from '../../../sdk/src/session/held-states.js';
import type { StateStore } from '../../../sdk/src/state/definitions.js';

/** States that the simulation of these tests keeps. */
const KEPT = 64;

/** A simulation whose states are their frame numbers; `kept` is what the peer could come back with, by its frame. */
function sceneOf() {
  let stepped = 0;
  const now = { frame: 0, final: 0 };
  const storeOf = (frame: number) => {
    let saved = -1;
    return {
      save: () => {
        saved = frame;
      },
      copySlotTo: (_slot: number, other: { value: number }) => {
        other.value = saved;
      },
    };
  };
  const copied: number[] = [];
  const states = new HeldStates<number>({
    frameFinal: () => now.final,
    simulation: {
      get frame() {
        return now.frame;
      },
      framesKept: KEPT,
      keeps: (frame) => frame > now.frame - KEPT,
      hashOf: (frame) => frame * 31,
      copyOf: (frame) => {
        copied.push(frame);
        return storeOf(frame) as unknown as StateStore<number>;
      },
      copyTo: (frame, store) => {
        (store as unknown as { value: number }).value = frame;
      },
    },
  });
  return {
    copied,
    states,
    /** The match goes on to `frame`, where `final` is the newest final one; looked at after every step. */
    playTo(frame: number, final: (frame: number) => number): void {
      for (; stepped < frame; stepped += 1) {
        now.frame = stepped + 1;
        now.final = final(now.frame);
        states.look();
      }
    },
    /** The frame that it could come back with, as its hash and its state say. */
    newest(): number | undefined {
      const held = states.newest();
      if (held === undefined) return undefined;
      const store = { value: -1 };
      held.copyTo(store as unknown as StateStore<number>);
      expect([held.stateHash, store.value]).toEqual([held.frame * 31, held.frame]);
      return held.frame;
    },
  };
}

test('while frames become final nothing is copied: the newest final state is at hand', () => {
  const scene = sceneOf();
  scene.playTo(1000, (frame) => frame - 10);
  expect([scene.copied, scene.newest()]).toEqual([[], 990]);
});

test('a state that stays the newest final one is copied before it is overwritten', () => {
  const scene = sceneOf();
  scene.playTo(100, (frame) => frame - 10);
  scene.playTo(90 + KEPT - 17, () => 90);
  expect(scene.copied).toEqual([]);
  scene.playTo(90 + KEPT - 16, () => 90);
  expect([scene.copied, scene.newest()]).toEqual([[90], 90]);
  scene.playTo(1000, () => 90);
  expect([scene.copied, scene.newest()]).toEqual([[90], 90]);
});

test('a match that falls behind for long is copied once a second, and the newest final state counts', () => {
  const scene = sceneOf();
  // So far behind all the time that every look could copy.
  scene.playTo(500, (frame) => Math.max(0, frame - 50));
  expect(scene.copied.length).toBeGreaterThan(5);
  for (const [index, frame] of scene.copied.entries())
    if (index > 0) expect(frame - (scene.copied[index - 1] as number)).toBe(60);
  expect(scene.newest()).toBe(450);
});

test('a final state that is gone already is not copied', () => {
  const scene = sceneOf();
  scene.playTo(1, () => -200);
  scene.playTo(70, () => -200);
  expect([scene.copied, scene.newest()]).toEqual([[], undefined]);
});

test('who goes on alone keeps what was final before, whatever becomes final after', () => {
  const scene = sceneOf();
  scene.playTo(200, (frame) => frame - 10);
  scene.states.forks();
  expect([scene.copied, scene.newest()]).toEqual([[190], 190]);
  scene.playTo(400, (frame) => frame - 60);
  expect([scene.copied, scene.newest()]).toEqual([[190], 190]);
});
