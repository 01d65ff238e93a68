/** What a virtual world will do next. */

/** Something planned. */
export interface Timed {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A binary heap ordered by time, then by when it was planned. */
export class Agenda {
  readonly #heap: Timed[] = [];
  #count = 0;

  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  add(atMs: number, run: () => void): void {
    const heap = this.#heap;
    heap.push({ atMs, order: this.#count++, run });
    for (let at = heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfLater(parent, at)) return;
      at = parent;
    }
  }

  take(): Timed {
    const heap = this.#heap;
    const first = heap[0] as Timed;
    const last = heap.pop() as Timed;
    if (heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      if (left >= heap.length) return first;
      const right = left + 1;
      const child = right < heap.length && this.#isLater(left, right) ? right : left;
      if (!this.#swapIfLater(at, child)) return first;
      at = child;
    }
  }

  #isLater(left: number, right: number): boolean {
    const [a, b] = [this.#heap[left] as Timed, this.#heap[right] as Timed];
    return a.atMs !== b.atMs ? a.atMs > b.atMs : a.order > b.order;
  }

  #swapIfLater(upper: number, lower: number): boolean {
    if (!this.#isLater(upper, lower)) return false;
    const heap = this.#heap;
    [heap[upper], heap[lower]] = [heap[lower] as Timed, heap[upper] as Timed];
    return true;
  }
}
