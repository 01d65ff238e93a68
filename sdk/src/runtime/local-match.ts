/** The same game on one page, without a network: practice, couch play, tests of a game's feel. */
import type { Game } from '../session/game.js';
import type { SessionOptions } from '../session/session-types.js';
import { type Match, RunningMatch } from './match.js';
import { PageClock } from './page-clock.js';

/** Options of {@link startLocalMatch}. */
export interface LocalMatchOptions<I>
  extends Pick<SessionOptions<unknown, I>, 'options' | 'development' | 'readInput'> {
  /** Player slots, 1 to the game's playersMax. Default 1. `readInput` is called for each. */
  readonly playerCount?: number;
  /** u32. Default: drawn at random. */
  readonly seed?: number;
  /** Frames between reading an input and its effect, 0 to 15. Default 0: nobody has to be waited for. */
  readonly inputDelayFrames?: number;
}

/**
 * Starts a match in which this page plays all slots.
 * @throws {SdkError} `invalid-argument` for options that the session refuses.
 */
export function startLocalMatch<S, I>(game: Game<S, I>, options: LocalMatchOptions<I>): Match<S, I> {
  const {
    playerCount = 1,
    seed = randomSeed(),
    inputDelayFrames = 0,
    options: gameOptions,
    development,
  } = options;
  const now = (): number => performance.now();
  return new RunningMatch<S, I>({
    clock: new PageClock(now),
    now,
    session: {
      game,
      matchId: 'local',
      seed,
      self: 'local',
      peers: ['local'],
      players: Array.from({ length: playerCount }, () => ({ peer: 'local' })),
      inputDelayFrames,
      ...(gameOptions === undefined ? {} : { options: gameOptions }),
      ...(development === undefined ? {} : { development }),
      readInput: (slot, frame) => options.readInput(slot, frame),
    },
  });
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
