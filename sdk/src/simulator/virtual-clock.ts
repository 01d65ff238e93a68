/**
 * Virtual time: whole microseconds that pass only when an event runs. One binary heap ordered by (time, sequence),
 * so two events of the same microsecond run in the order in which they were scheduled, on every machine.
 * The heap lies in parallel arrays: a run schedules millions of events, and none of them allocates.
 */
import { requireArgument } from '../base/errors.js';

/** Microseconds in a millisecond. */
export const US_PER_MS = 1000;

/** Whole microseconds nearest to `ms`. */
export function usOf(ms: number): number {
  return Math.round(ms * US_PER_MS);
}

/** Something that happens later. */
export interface Task {
  run(): void;
}

/** A clock and its queue of events. */
export class VirtualClock {
  #nowUs = 0;
  #sequence = 0;
  readonly #times: number[] = [];
  readonly #sequences: number[] = [];
  readonly #tasks: Task[] = [];

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
    return this.#tasks.length;
  }

  /**
   * Runs `run` at `timeUs`; a time that has passed means now, after the events already due.
   * @throws {SdkError} `invalid-argument` unless `timeUs` is a whole number that doubles hold exactly.
   */
  schedule(timeUs: number, run: () => void): void {
    this.scheduleTask(timeUs, { run });
  }

  /** Runs `run` after `delayUs` whole microseconds. */
  scheduleIn(delayUs: number, run: () => void): void {
    this.scheduleTask(this.#nowUs + delayUs, { run });
  }

  /**
   * {@link schedule} for an object that is used again and again.
   * @throws {SdkError} `invalid-argument` unless `timeUs` is a whole number that doubles hold exactly.
   */
  scheduleTask(timeUs: number, task: Task): void {
    if (!Number.isSafeInteger(timeUs)) refuse(timeUs);
    const times = this.#times;
    const dueUs = timeUs > this.#nowUs ? timeUs : this.#nowUs;
    let index = times.length;
    times.push(dueUs);
    this.#sequences.push(0);
    this.#tasks.push(task);
    // The newest sequence: it goes before nothing of its own time.
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if ((times[parent] as number) <= dueUs) break;
      this.#move(parent, index);
      index = parent;
    }
    this.#put(index, dueUs, this.#sequence, task);
    this.#sequence += 1;
  }

  /** Runs the next event and moves the time to it; false if none is waiting. */
  runNext(): boolean {
    const task = this.#tasks[0];
    if (task === undefined) return false;
    this.#nowUs = this.#times[0] as number;
    this.#removeFirst();
    task.run();
    return true;
  }

  /** Runs every event up to and including `timeUs`, also those that these schedule; then it is `timeUs`. */
  runUntil(timeUs: number): void {
    const times = this.#times;
    while (times.length > 0 && (times[0] as number) <= timeUs) this.runNext();
    this.#nowUs = Math.max(this.#nowUs, timeUs);
  }

  #removeFirst(): void {
    const times = this.#times;
    const sequences = this.#sequences;
    const dueUs = times.pop() as number;
    const sequence = sequences.pop() as number;
    const task = this.#tasks.pop() as Task;
    const length = times.length;
    if (length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && this.#isBefore(child + 1, times[child] as number, sequences[child] as number))
        child += 1;
      if (!this.#isBefore(child, dueUs, sequence)) break;
      this.#move(child, index);
      index = child;
    }
    this.#put(index, dueUs, sequence, task);
  }

  #isBefore(index: number, timeUs: number, sequence: number): boolean {
    const ownUs = this.#times[index] as number;
    return ownUs < timeUs || (ownUs === timeUs && (this.#sequences[index] as number) < sequence);
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from] as number;
    this.#sequences[to] = this.#sequences[from] as number;
    this.#tasks[to] = this.#tasks[from] as Task;
  }

  #put(index: number, timeUs: number, sequence: number, task: Task): void {
    this.#times[index] = timeUs;
    this.#sequences[index] = sequence;
    this.#tasks[index] = task;
  }
}

function refuse(timeUs: number): void {
  requireArgument(
    false,
    `VirtualClock.schedule: timeUs is ${timeUs}. Pass whole microseconds, for example usOf(milliseconds).`,
  );
}
