/**
 * Virtual time: whole microseconds that pass only when an event runs. One binary heap ordered by (time, sequence),
 * so two events of the same microsecond run in the order in which they were scheduled, on every machine.
 */
import { requireArgument } from '../base/errors.js';

/** Microseconds in a millisecond. */
export const US_PER_MS = 1000;

/** Whole microseconds nearest to `ms`. */
export function usOf(ms: number): number {
  return Math.round(ms * US_PER_MS);
}

interface ClockEvent {
  readonly timeUs: number;
  readonly sequence: number;
  readonly run: () => void;
}

/** A clock and its queue of events. */
export class VirtualClock {
  #nowUs = 0;
  #sequence = 0;
  readonly #heap: ClockEvent[] = [];

  /** Microseconds since the start, a whole number. */
  get nowUs(): number {
    return this.#nowUs;
  }

  /** The same in milliseconds. */
  get nowMs(): number {
    return this.#nowUs / US_PER_MS;
  }

  /** Events waiting. */
  get pendingCount(): number {
    return this.#heap.length;
  }

  /**
   * Runs `run` at `timeUs`; a time that has passed means now, after the events already due.
   * @throws {SdkError} `invalid-argument` unless `timeUs` is a whole number that doubles hold exactly.
   */
  schedule(timeUs: number, run: () => void): void {
    requireArgument(
      Number.isSafeInteger(timeUs),
      `VirtualClock.schedule: timeUs is ${timeUs}. Pass whole microseconds, for example usOf(milliseconds).`,
    );
    const heap = this.#heap;
    const event = { timeUs: Math.max(timeUs, this.#nowUs), sequence: this.#sequence, run };
    this.#sequence += 1;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as ClockEvent;
      if (!isBefore(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  /** Runs `run` after `delayUs` whole microseconds. */
  scheduleIn(delayUs: number, run: () => void): void {
    this.schedule(this.#nowUs + delayUs, run);
  }

  /** Runs the next event and moves the time to it; false if none is waiting. */
  runNext(): boolean {
    const event = this.#take();
    if (event === undefined) return false;
    this.#nowUs = event.timeUs;
    event.run();
    return true;
  }

  /** Runs every event up to and including `timeUs`, also those that these schedule; then it is `timeUs`. */
  runUntil(timeUs: number): void {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.timeUs > timeUs) break;
      this.runNext();
    }
    this.#nowUs = Math.max(this.#nowUs, timeUs);
  }

  #take(): ClockEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as ClockEvent)) child += 1;
      const below = heap[child] as ClockEvent;
      if (!isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(left: ClockEvent, right: ClockEvent): boolean {
  return left.timeUs < right.timeUs || (left.timeUs === right.timeUs && left.sequence < right.sequence);
}
