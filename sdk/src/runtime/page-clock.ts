/**
 * Alarms that also ring on time in a hidden tab.
 *
 * Browsers throttle timers of a hidden page to one a second and stop requestAnimationFrame altogether, but
 * neither the timers of a dedicated worker nor the messages it posts (measured: 60 a second after seven minutes
 * in Chromium and Firefox). So the ringing comes from a worker of three lines, made from a Blob URL. It holds one
 * timer, for the earliest alarm: a page that is busy finds one message waiting, not a hundred.
 */

import { runAll } from './run-all.js';

/** Where the ringing comes from. 'timer' means that a hidden tab will be slow; 'stopped' that no alarm exists. */
export type TickSource = 'worker' | 'timer' | 'stopped';

/** Rings once at the time it was set to, then waits to be set again. */
export interface Alarm {
  /** Sets or moves it, in milliseconds of the page clock. A time that has passed rings as soon as possible. */
  at(timeMs: number): void;
  /** Ends it for good. */
  stop(): void;
}

const workerSource = `let timer;
onmessage = ({ data }) => {
  clearTimeout(timer);
  timer = setTimeout(postMessage, data, 0);
};`;

/** An alarm this much too early counts as on time: timers know whole milliseconds only. In milliseconds. */
const toleranceMs = 0.25;

/** When a worker's source has surely been read, in milliseconds. */
const revokeAfterMs = 10_000;

interface Entry {
  readonly listener: () => void;
  dueAtMs: number;
}

const never = Number.POSITIVE_INFINITY;

/** One clock serves all alarms of a page's lobby; its worker ends with the last of them. */
export class PageClock {
  readonly #now: () => number;
  readonly #entries = new Set<Entry>();
  /** What the timer was set for. */
  #armedForMs = never;
  #ringing = false;
  #worker: Worker | undefined;
  #workersFail = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param now the clock, in milliseconds, monotonic. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get source(): TickSource {
    if (this.#entries.size === 0) return 'stopped';
    return this.#worker === undefined ? 'timer' : 'worker';
  }

  /** Makes an alarm that is not set yet. */
  alarm(listener: () => void): Alarm {
    const entry: Entry = { listener, dueAtMs: never };
    this.#entries.add(entry);
    if (!this.#workersFail) this.#worker ??= this.#startWorker();
    return {
      at: (timeMs) => {
        if (!this.#entries.has(entry)) return;
        entry.dueAtMs = timeMs;
        this.#arm();
      },
      stop: () => {
        this.#entries.delete(entry);
        if (this.#entries.size === 0) this.#end();
      },
    };
  }

  readonly #ring = (): void => {
    const nowMs = this.#now() + toleranceMs;
    const due = [...this.#entries].filter(({ dueAtMs }) => dueAtMs <= nowMs);
    for (const entry of due) entry.dueAtMs = never;
    this.#armedForMs = never;
    this.#ringing = true;
    try {
      // A game that throws in its step must not cost the room its heartbeats.
      runAll(due.map(({ listener }) => listener));
    } finally {
      this.#ringing = false;
      this.#arm();
    }
  };

  /** Sets the one timer for the earliest alarm, unless it is set for it already. */
  #arm(): void {
    if (this.#ringing) return;
    let earliestMs = never;
    for (const { dueAtMs } of this.#entries) if (dueAtMs < earliestMs) earliestMs = dueAtMs;
    if (earliestMs === this.#armedForMs || earliestMs === never) return;
    this.#armedForMs = earliestMs;
    const delayMs = Math.max(0, Math.ceil(earliestMs - this.#now() - toleranceMs));
    if (this.#worker !== undefined) {
      this.#worker.postMessage(delayMs);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#ring, delayMs);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#armedForMs = never;
  }

  #startWorker(): Worker | undefined {
    if (typeof Worker === 'undefined') return undefined;
    try {
      const url = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }));
      const worker = new Worker(url, { name: 'rollmesh-clock' });
      worker.onmessage = this.#ring;
      // A content security policy without `worker-src blob:` shows itself only here, later.
      worker.onerror = () => this.#giveUpWorkers();
      // Later, for not every browser reads the blob before the constructor returns.
      setTimeout(() => URL.revokeObjectURL(url), revokeAfterMs);
      return worker;
    } catch {
      this.#workersFail = true;
      return undefined;
    }
  }

  #giveUpWorkers(): void {
    this.#workersFail = true;
    if (this.#worker === undefined) return;
    this.#end();
    this.#arm();
  }
}
