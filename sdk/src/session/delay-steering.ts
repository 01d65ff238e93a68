/**
 * Joins what is known of the paths to the delay of own inputs, and with `fairDelay` to what the others announce: then everybody
 * uses the longest delay that anybody wants.
 */
import { PEERS_MAX } from '../base/limits.js';
import { DelayController, delayRuleOf, slowPath } from './input-delay.js';
import type { MatchClock } from './match-clock.js';
import type { OwnInputs } from './own-inputs.js';
import type { RemotePeer } from './remote-peer.js';
import type { SessionSetup } from './session-setup.js';
import type { InputDelay } from './session-types.js';

/** What the delay of a session depends on. */
export interface DelaySteeringOptions<S, I> {
  readonly setup: SessionSetup<S, I>;
  readonly remotes: readonly RemotePeer[];
  readonly clock: MatchClock;
  readonly ownInputs: OwnInputs<I>;
}

/** The input delay of one session. */
export class DelaySteering<S, I> {
  readonly #options: DelaySteeringOptions<S, I>;
  readonly #controller: DelayController;
  readonly #paths: Float64Array;
  #setting: InputDelay;

  constructor(options: DelaySteeringOptions<S, I>) {
    const { setup } = options;
    this.#options = options;
    this.#setting = setup.inputDelay;
    this.#controller = new DelayController(setup.delayRule, setup.inputDelayFrames);
    this.#paths = new Float64Array(PEERS_MAX);
  }

  /** What was asked for, by the option or since. */
  get setting(): InputDelay {
    return this.#setting;
  }

  /** @throws {SdkError} `invalid-argument` */
  set setting(setting: InputDelay) {
    this.#controller.rule = delayRuleOf(setting, this.#options.setup.predictionFramesMax);
    this.#setting = setting;
    this.#apply();
  }

  /** Delay that this peer wants for itself, in frames; 0 if it owns no slot. */
  get wantedFrames(): number {
    return this.#options.setup.ownLogs.length === 0 ? 0 : this.#controller.wantedFrames;
  }

  /** Looks at what the others reported; to be called in each advance. */
  follow(): void {
    const { remotes, clock } = this.#options;
    // The time is asked for only if it matters: as a number that is passed on it may cost memory.
    if (this.#controller.isAutomatic && this.#controller.isDue(clock.nowMs)) {
      const paths = this.#paths;
      let count = 0;
      for (const { member, late, clock: sync } of remotes)
        if (member && !late && sync.known) paths[count++] = sync.roundTrip / 2 + sync.lateness;
      this.#controller.observe(slowPath(paths, count), clock.nowMs);
    }
    this.#apply();
  }

  #apply(): void {
    const { setup, remotes, ownInputs } = this.#options;
    let wanted = this.#controller.wantedFrames;
    if (setup.fairDelay)
      for (const remote of remotes)
        if (remote.member && remote.delayFrames > wanted) wanted = remote.delayFrames;
    ownInputs.wantedFrames = wanted;
  }
}
