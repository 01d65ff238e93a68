/** Events wait here until the end of a call: a listener never sees a session in the middle of a rollback. */
import { Emitter } from '../base/emitter.js';
import { EVENTS_QUEUED_MAX } from '../base/limits.js';
import type { SessionEvents } from './session-types.js';

/** Any event of a session. */
export type SessionEvent = SessionEvents[keyof SessionEvents];

/** A bounded queue in front of an emitter. */
export class EventQueue {
  readonly emitter: Emitter<SessionEvents> = new Emitter();
  readonly #events: SessionEvent[] = [];

  push(event: SessionEvent): void {
    if (this.#events.length < EVENTS_QUEUED_MAX) this.#events.push(event);
  }

  /** Delivers all of them, even if a listener throws; its error is thrown at the end. */
  deliver(): void {
    if (this.#events.length === 0) return;
    let failed = false;
    let failure: unknown;
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
      try {
        this.emitter.emit(event.type, event as never);
      } catch (error) {
        if (!failed) failure = error;
        failed = true;
      }
    }
    if (failed) throw failure;
  }
}
