/** A typed event emitter whose `on` returns the function that unsubscribes. */

/** Maps an event's type to its payload. */
export type EventMap = object;

/** What a public object with events offers. */
export interface EventSource<M extends EventMap> {
  /** Calls `listener` for each later event of this type; returns the function that stops it. */
  on<K extends keyof M>(type: K, listener: (event: M[K]) => void): () => void;
}

/**
 * Listeners run in the order they subscribed. A listener that throws does not stop the others:
 * its error is rethrown after all of them ran, so that a bug in a game's handler stays visible.
 */
export class Emitter<M extends EventMap> implements EventSource<M> {
  readonly #listeners = new Map<keyof M, ((event: never) => void)[]>();

  on<K extends keyof M>(type: K, listener: (event: M[K]) => void): () => void {
    // A function of its own for each subscription: one listener may subscribe twice and end only one of them.
    const entry = (event: never): void => listener(event);
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), entry]);
    return () => {
      const left = (this.#listeners.get(type) ?? []).filter((other) => other !== entry);
      if (left.length > 0) this.#listeners.set(type, left);
      else this.#listeners.delete(type);
    };
  }

  /** True if somebody listens to this type: lets hot paths skip building a payload. */
  has(type: keyof M): boolean {
    return this.#listeners.has(type);
  }

  emit<K extends keyof M>(type: K, event: M[K]): void {
    const listeners = this.#listeners.get(type);
    if (listeners === undefined) return;
    let failed = false;
    let failure: unknown;
    for (const listener of listeners) {
      try {
        (listener as (event: M[K]) => void)(event);
      } catch (error) {
        if (!failed) failure = error;
        failed = true;
      }
    }
    if (failed) throw failure;
  }

  clear(): void {
    this.#listeners.clear();
  }
}
