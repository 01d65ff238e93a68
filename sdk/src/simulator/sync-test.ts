/**
 * `syncTest()`: does a game survive rollback? Two timelines run side by side. The straight one steps every frame once. The
 * speculative one first steps on wrong guesses, then goes back a random distance and steps again with the true inputs,
 * as a session does; after each frame both must hold the same state. A fixed distance and equal inputs, as older sync tests
 * use, miss most of what this finds (docs/testing-your-game.md).
 */
import { requireArgument } from '../base/errors.js';
import type { Random } from '../base/prng.js';
import type { Game, GameOptions } from '../session/game.js';
import type { StateStore } from '../state/definitions.js';
import { drawInputCell, type InputScript, inputRandom, randomInputs } from './random-inputs.js';
import { randomStream } from './random-streams.js';
import { SyncRealm } from './sync-realm.js';

/** Options of {@link syncTest}. */
export interface SyncTestOptions<S, I> {
  /** Frames to test, 1 or more. Default 1000. */
  readonly frames?: number;
  /** Longest rollback, in frames, 1 to 60: at least the prediction window you play with. Default 8. */
  readonly distance?: number;
  /** u32. Default 1. */
  readonly seed?: number;
  /** Slots that play, 1 to `game.playersMax`. Default all. */
  readonly playerCount?: number;
  /** What `setup` and `step` get as options. Default {}. */
  readonly options?: GameOptions;
  /** What the players do. Default: `randomInputs` of the game's own inputs. */
  readonly inputs?: InputScript<I>;
  /**
   * The same game loaded a second time (`await import('./game.js?again')`), for the straight timeline. Only so are values
   * found that the game's module remembers per frame, such as a cache: within one module both timelines share them.
   */
  readonly straightGame?: Game<S, I>;
}

/** What {@link syncTest} found. */
export type SyncTestResult =
  | { readonly ok: true; readonly frames: number }
  | {
      readonly ok: false;
      /** The first frame that did not survive. */
      readonly frame: number;
      /** The fields that differ, such as `players[2].x`; empty if the trouble is not in a field. */
      readonly paths: readonly string[];
      /** What is wrong and what to do, in words. */
      readonly cause: string;
    };

type Failure = Extract<SyncTestResult, { readonly ok: false }>;

/** Every so many frames the state travels as bytes, as to a peer that joins. */
const SERIALIZE_EVERY_FRAMES = 25;
/** Every so many frames the bots are asked. */
const BOTS_EVERY_FRAMES = 10;
/** Share of guesses that are wrong. */
const WRONG_SHARE = 0.6;

/**
 * Runs a game's steps with rollbacks of random length on wrong guesses, and compares with a straight run, frame by frame.
 * Also found: NaN and -0 in the state, calls such as `Math.random`, `Date.now`, `Math.sin` in a step, states that `save`/`load` or
 * `serialize`/`deserialize` do not bring back whole, inputs that a step changes, bots that are not pure.
 * Puts the development traps over the globals (they stay): for tests, not for a page that players use.
 * @throws {SdkError} `invalid-argument` for options out of range.
 */
export function syncTest<S, I>(game: Game<S, I>, options: SyncTestOptions<S, I> = {}): SyncTestResult {
  return new SyncTest(game, options).run();
}

class SyncTest<S, I> {
  readonly #game: Game<S, I>;
  readonly #frames: number;
  readonly #distance: number;
  readonly #seed: number;
  readonly #playerCount: number;
  readonly #inputs: InputScript<I>;
  readonly #random: Random;
  readonly #straight: SyncRealm<S, I>;
  readonly #speculative: SyncRealm<S, I>;
  readonly #scratch: StateStore<S>;
  /** True inputs, frame by frame: one encoded input per slot. */
  readonly #truth: Uint8Array[];
  readonly #guess: Uint8Array;
  /** A state that came as bytes, to be stepped once, as a joiner does. */
  readonly #joiner: SyncRealm<S, I>;
  #joinedFrame = -1;

  constructor(game: Game<S, I>, options: SyncTestOptions<S, I>) {
    const { frames = 1000, distance = 8, seed = 1, playerCount = game.playersMax } = options;
    requireRange('frames', frames, 1, 100_000_000);
    requireRange('distance', distance, 1, 60);
    requireRange('seed', seed, 0, 4_294_967_295);
    requireRange('playerCount', playerCount, 1, game.playersMax);
    this.#game = game;
    this.#frames = frames;
    this.#distance = distance;
    this.#seed = seed;
    this.#playerCount = playerCount;
    this.#inputs = options.inputs ?? randomInputs(game.input, { seed, changeShare: 0.2 });
    this.#random = randomStream(seed, 'sync-test');
    let ringFrames = 16;
    while (ringFrames < 2 * distance + 4) ringFrames *= 2;
    const shared = { seed, playerCount, options: options.options ?? {}, ringFrames };
    this.#straight = new SyncRealm({ ...shared, game: options.straightGame ?? game });
    this.#speculative = new SyncRealm({ ...shared, game });
    this.#joiner = new SyncRealm({ ...shared, game });
    this.#scratch = game.state.createStore(1);
    const cellBytes = game.playersMax * game.input.byteLength;
    this.#truth = Array.from({ length: ringFrames }, () => new Uint8Array(cellBytes));
    this.#guess = new Uint8Array(cellBytes);
  }

  run(): SyncTestResult {
    const problem = this.#problem() ?? this.#differenceAt(0);
    if (problem !== undefined) return problem;
    for (let frame = 1; frame <= this.#frames; frame += 1) {
      const failure = this.#testFrame(frame);
      if (failure !== undefined) return failure;
    }
    return { ok: true, frames: this.#frames };
  }

  #testFrame(frame: number): Failure | undefined {
    this.#drawTruth(frame);
    const isStraightFirst = this.#random.chance(0.5);
    if (isStraightFirst) this.#straight.step(frame, this.#truthOf(frame));
    this.#speculate(frame);
    const backTo = frame - 1 - this.#random.below(Math.min(this.#distance, frame));
    const lost = this.#goBack(backTo);
    if (lost !== undefined) return lost;
    for (let again = backTo + 1; again <= frame; again += 1) {
      this.#speculative.step(again, this.#truthOf(again));
      const failure = again < frame ? (this.#problem() ?? this.#differenceAt(again)) : undefined;
      if (failure !== undefined) return failure;
    }
    if (!isStraightFirst) this.#straight.step(frame, this.#truthOf(frame));
    if (frame % BOTS_EVERY_FRAMES === 0) this.#speculative.checkBots(frame);
    return this.#problem() ?? this.#differenceAt(frame) ?? this.#unsafeNumber(frame) ?? this.#travel(frame);
  }

  /** What the players do in `frame`, encoded. */
  #drawTruth(frame: number): void {
    const { input } = this.#game;
    const cells = this.#truthOf(frame).fill(0);
    for (let slot = 0; slot < this.#playerCount; slot += 1) {
      const value = this.#inputs(slot, frame, inputRandom(this.#seed, slot, frame));
      input.encodeInto(value, cells, slot * input.byteLength);
    }
  }

  #truthOf(frame: number): Uint8Array {
    return this.#truth[frame & (this.#truth.length - 1)] as Uint8Array;
  }

  /** Steps ahead on guesses, most of them wrong. */
  #speculate(frame: number): void {
    const { input } = this.#game;
    const ahead = 1 + this.#random.below(this.#distance);
    for (let guessed = frame; guessed < frame + ahead; guessed += 1) {
      this.#guess.set(this.#truthOf(frame));
      for (let slot = 0; slot < this.#playerCount; slot += 1) {
        const at = slot * input.byteLength;
        const cell = this.#guess.subarray(at, at + input.byteLength);
        if (this.#random.chance(WRONG_SHARE)) drawInputCell(input, this.#random, cell);
      }
      this.#speculative.step(guessed, this.#guess);
    }
  }

  #goBack(frame: number): Failure | undefined {
    const { store } = this.#speculative;
    this.#speculative.load(frame);
    if (store.hash() === this.#straight.hashOf(frame)) return undefined;
    this.#straight.store.copySlotTo(this.#straight.slotOf(frame), this.#scratch);
    return {
      ok: false,
      frame,
      paths: pathsOf(store, this.#scratch),
      cause:
        'loading a saved frame does not bring back the state that was saved. A later step changed the saved copy, or save and load leave something out.',
    };
  }

  #differenceAt(frame: number): Failure | undefined {
    const { store } = this.#speculative;
    if (store.hash() === this.#straight.hashOf(frame)) return undefined;
    this.#straight.store.copySlotTo(this.#straight.slotOf(frame), this.#scratch);
    const paths = pathsOf(store, this.#scratch);
    return { ok: false, frame, paths, cause: this.#causeOfDifference(frame) };
  }

  /** The same frame from the same state twice: does it at least repeat itself? */
  #causeOfDifference(frame: number): string {
    if (frame === 0)
      return 'setup gives different states with the same seed and options. It may use only its arguments.';
    const hashes = [0, 1].map(() => {
      this.#speculative.load(frame - 1);
      this.#speculative.step(frame, this.#truthOf(frame));
      return this.#speculative.store.hash();
    });
    return hashes[0] === hashes[1]
      ? 'the state depends on frames that were rolled back: the game remembers something outside the state (a module variable, a closure, a cache). Move it into the state.'
      : 'step gives different results for the same state and inputs: it depends on something outside the state (a counter, an iteration order, a clock). Move it into the state or derive it from frame and random.';
  }

  #unsafeNumber(frame: number): Failure | undefined {
    const path = this.#speculative.store.findUnsafeNumber();
    if (path === undefined) return undefined;
    const cause = `${path} is NaN or -0. The bits of NaN differ between engines, and -0 is another state than 0: keep both out of the state (x + 0 turns -0 into 0).`;
    return { ok: false, frame, paths: [path], cause };
  }

  /** Sends the state as bytes to a joiner every so often, and lets the joiner step the frame after. */
  #travel(frame: number): Failure | undefined {
    const joiner = this.#joiner;
    const { store } = this.#speculative;
    if (this.#joinedFrame === frame - 1) {
      joiner.step(frame, this.#truthOf(frame));
      if (joiner.store.hash() !== store.hash())
        return this.#travelFailure(
          frame,
          'a state that travelled as bytes goes on differently: serialize leaves something out.',
        );
    }
    if (frame % SERIALIZE_EVERY_FRAMES !== 0) return undefined;
    if (!joiner.store.deserialize(store.serialize()))
      return this.#travelFailure(frame, 'deserialize refuses the bytes that serialize made.');
    if (joiner.store.hash() !== store.hash())
      return this.#travelFailure(
        frame,
        'deserialize does not bring back the state that serialize was given.',
      );
    this.#joinedFrame = frame;
    return undefined;
  }

  #travelFailure(frame: number, cause: string): Failure {
    return { ok: false, frame, paths: pathsOf(this.#joiner.store, this.#speculative.store), cause };
  }

  #problem(): Failure | undefined {
    const problem = this.#straight.problem ?? this.#speculative.problem ?? this.#joiner.problem;
    return problem === undefined ? undefined : { ok: false, paths: [], ...problem };
  }
}

function pathsOf<S>(left: StateStore<S>, right: StateStore<S>): readonly string[] {
  return left.differences(right).map((difference) => difference.path);
}

function requireRange(name: string, value: number, least: number, most: number): void {
  requireArgument(
    Number.isInteger(value) && value >= least && value <= most,
    `syncTest: ${name} is ${value}. Pass a whole number from ${least} to ${most}.`,
  );
}
