/**
 * A clock that keeps its pace in a hidden tab.
 *
 * Browsers throttle timers of a hidden page to one a second and stop requestAnimationFrame altogether, but
 * neither the timers of a dedicated worker nor the messages it posts (measured: 60 a second after seven minutes
 * in Chromium and Firefox). So the ticks come from a worker of a few lines, made from a Blob URL.
 */

/** Where ticks come from. 'timer' means that a hidden tab will be slow; 'stopped' that nobody listens. */
export type TickSource = 'worker' | 'timer' | 'stopped';

interface Subscriber {
  readonly intervalMs: number;
  readonly listener: () => void;
  dueAtMs: number;
}

const workerSource = `let timer;
onmessage = ({ data }) => {
  clearInterval(timer);
  timer = setInterval(() => postMessage(0), data);
};`;

/** Calls each subscriber at its own interval; one worker serves them all and ends when the last one leaves. */
export class PageClock {
  readonly #now: () => number;
  readonly #subscribers = new Set<Subscriber>();
  #intervalMs = 0;
  #worker: Worker | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #workersFail = false;

  /** @param now the clock, in milliseconds, monotonic. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get source(): TickSource {
    if (this.#worker !== undefined) return 'worker';
    return this.#timer === undefined ? 'stopped' : 'timer';
  }

  /**
   * Calls `listener` about every `intervalMs` milliseconds (at least 1) until the returned function is called.
   * Ticks that queued up behind a busy main thread are merged into one.
   */
  every(intervalMs: number, listener: () => void): () => void {
    const subscriber: Subscriber = { intervalMs, listener, dueAtMs: this.#now() + intervalMs };
    this.#subscribers.add(subscriber);
    this.#adjust();
    return () => {
      this.#subscribers.delete(subscriber);
      this.#adjust();
    };
  }

  readonly #tick = (): void => {
    const nowMs = this.#now();
    const errors: unknown[] = [];
    for (const subscriber of this.#subscribers) {
      // Half a tick early is closer than half a tick late.
      if (nowMs < subscriber.dueAtMs - this.#intervalMs / 2) continue;
      const nextMs = subscriber.dueAtMs + subscriber.intervalMs;
      subscriber.dueAtMs = nextMs > nowMs ? nextMs : nowMs + subscriber.intervalMs;
      try {
        subscriber.listener();
      } catch (error) {
        errors.push(error);
      }
    }
    // A game that throws in its step must not cost the room its heartbeats; but it must be seen.
    if (errors.length > 0) throw errors[0];
  };

  #adjust(): void {
    let intervalMs = Number.POSITIVE_INFINITY;
    for (const subscriber of this.#subscribers) intervalMs = Math.min(intervalMs, subscriber.intervalMs);
    if (intervalMs === this.#intervalMs) return;
    this.#intervalMs = intervalMs;
    if (intervalMs === Number.POSITIVE_INFINITY) this.#stop();
    else this.#start();
  }

  #start(): void {
    if (!this.#workersFail) this.#worker ??= this.#startWorker();
    if (this.#worker !== undefined) {
      this.#worker.postMessage(this.#intervalMs);
      return;
    }
    clearInterval(this.#timer);
    this.#timer = setInterval(this.#tick, this.#intervalMs);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #startWorker(): Worker | undefined {
    if (typeof Worker === 'undefined') return undefined;
    try {
      const url = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }));
      const worker = new Worker(url, { name: 'rollmesh-clock' });
      worker.onmessage = this.#tick;
      // A content security policy without `worker-src blob:` shows itself only here, later.
      worker.onerror = () => this.#giveUpWorkers();
      return worker;
    } catch {
      this.#workersFail = true;
      return undefined;
    }
  }

  #giveUpWorkers(): void {
    this.#workersFail = true;
    if (this.#worker === undefined) return;
    this.#stop();
    this.#start();
  }
}
