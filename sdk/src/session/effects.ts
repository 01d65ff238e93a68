/**
 * Effects: what a step announces for eyes and ears. A frame may be stepped many times; an effect is shown once.
 * Identity is name + key within the prediction window: after a rollback an effect may come some frames earlier or later,
 * even past the frames that are stepped again. Only one that nothing claims within the window is retracted.
 */
import { canonicalJson } from '../base/json.js';
import { EFFECTS_KEPT_MAX } from '../base/limits.js';
import type { EffectData } from './game.js';
import type { EffectEvent } from './session-types.js';

interface Shown {
  readonly name: string;
  readonly key: string;
  /** Frame it was shown with. */
  readonly shownFrame: number;
  /** Frame that announced it last. */
  frame: number;
  /** Pass in which it was last announced. */
  pass: number;
  /** Its frame was stepped again without it: it is retracted unless a frame within the window announces it. */
  missing: boolean;
}

/** A retraction to deliver. */
export interface EffectRetraction {
  readonly name: string;
  readonly key: string;
  readonly frame: number;
}

function hasMissing(list: readonly Shown[]): boolean {
  for (const { missing } of list) if (missing) return true;
  return false;
}

/** Remembers shown effects until no rollback can reach them. */
export class EffectLedger {
  readonly #window: number;
  readonly #shown = new Map<string, Shown[]>();
  readonly #fresh: EffectEvent[] = [];
  readonly #retracted: EffectRetraction[] = [];
  #count = 0;
  /** Counts rollbacks; an effect of a re-stepped range announced only in an older pass is gone. */
  #pass = 0;
  #firstRestepped = 0;
  /** Last frame of a range that is being stepped again, 0 if none. */
  #lastRestepped = 0;
  #prunedTo = 0;
  #missingCount = 0;

  /** @param windowFrames the prediction window. */
  constructor(windowFrames: number) {
    this.#window = windowFrames;
  }

  /** Called by the step of `frame`. */
  announce(frame: number, name: string, data: EffectData, key: string | number | undefined): void {
    const identity = key === undefined ? canonicalJson(data, `data of effect "${name}"`) : String(key);
    const list = this.#shown.get(`${name}\n${identity}`) ?? [];
    const known =
      list.find((shown) => shown.frame === frame) ?? list.find((shown) => this.#mayHaveMoved(shown, frame));
    if (known !== undefined) {
      if (known.missing) this.#missingCount -= 1;
      known.missing = false;
      known.frame = frame;
      known.pass = this.#pass;
      return;
    }
    if (this.#count >= EFFECTS_KEPT_MAX) return;
    list.push({ name, key: identity, shownFrame: frame, frame, pass: this.#pass, missing: false });
    this.#shown.set(`${name}\n${identity}`, list);
    this.#count += 1;
    this.#fresh.push({ type: 'effect', name, key: identity, data, frame });
  }

  /** True if it was announced before a rollback and not yet after: a correction may move an effect by some frames. */
  #mayHaveMoved(shown: Shown, frame: number): boolean {
    const isOpen = shown.missing || (shown.pass !== this.#pass && shown.frame >= this.#firstRestepped);
    return isOpen && Math.abs(shown.frame - frame) <= this.#window;
  }

  /** Frames `firstFrame` to `lastFrame` are about to be stepped again. */
  rollbackTo(firstFrame: number, lastFrame: number): void {
    if (this.#lastRestepped !== 0) this.#settle(firstFrame - 1);
    this.#pass += 1;
    this.#firstRestepped = firstFrame;
    this.#lastRestepped = Math.max(lastFrame, this.#lastRestepped);
  }

  /** `frame` has been stepped. What is missing and cannot come any more is retracted. */
  stepped(frame: number): void {
    if (this.#lastRestepped !== 0 && frame >= this.#lastRestepped) {
      this.#settle(frame);
      this.#lastRestepped = 0;
    }
    if (this.#missingCount > 0) this.#retractBefore(frame - this.#window);
  }

  /** The range up to `frame` was stepped again: what it did not announce again is missing. */
  #settle(frame: number): void {
    if (this.#count === 0) return;
    for (const list of this.#shown.values()) {
      for (const shown of list) {
        if (shown.missing || shown.pass === this.#pass) continue;
        if (shown.frame < this.#firstRestepped || shown.frame > frame) continue;
        shown.missing = true;
        this.#missingCount += 1;
      }
    }
  }

  #retractBefore(frame: number): void {
    for (const [identity, list] of this.#shown) {
      // A list without any is passed over before another is made of it: nearly all are.
      if (!hasMissing(list)) continue;
      const left = list.filter((shown) => !shown.missing || shown.frame > frame);
      if (left.length === list.length) continue;
      for (const { missing, frame: at, name, key, shownFrame } of list) {
        if (missing && at <= frame) this.#retracted.push({ name, key, frame: shownFrame });
      }
      this.#missingCount -= list.length - left.length;
      this.#replace(identity, list, left);
    }
  }

  /** Forgets effects that no rollback can reach: those at or before `frameConfirmed` minus the window. */
  prune(frameConfirmed: number): void {
    const limit = frameConfirmed - this.#window;
    if (this.#count === 0 || limit < this.#prunedTo + this.#window + 1) return;
    this.#prunedTo = limit;
    for (const [identity, list] of this.#shown)
      this.#replace(
        identity,
        list,
        list.filter((shown) => shown.frame > limit),
      );
  }

  #replace(identity: string, before: Shown[], after: Shown[]): void {
    this.#count -= before.length - after.length;
    if (after.length === 0) this.#shown.delete(identity);
    else if (after.length < before.length) this.#shown.set(identity, after);
  }

  /** True if {@link drain} has something to deliver. */
  get hasNews(): boolean {
    return this.#fresh.length > 0 || this.#retracted.length > 0;
  }

  /** Effects to show since the last call. An effect that was announced and retracted in one call is not shown. */
  drain(show: (effect: EffectEvent) => void, retract: (retraction: EffectRetraction) => void): void {
    for (const retraction of this.#retracted) {
      const index = this.#fresh.findIndex(
        (fresh) =>
          fresh.name === retraction.name && fresh.key === retraction.key && fresh.frame === retraction.frame,
      );
      if (index >= 0) this.#fresh.splice(index, 1);
      else retract(retraction);
    }
    for (const effect of this.#fresh) show(effect);
    this.#fresh.length = 0;
    this.#retracted.length = 0;
  }
}
