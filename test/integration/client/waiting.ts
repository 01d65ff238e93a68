/** Waiting for what must come, and for what must fail. */
import type { LobbyEvents, MatchEvents, RoomEvents, SdkError } from 'rollmesh';
import type { EventSource } from '../../../sdk/src/base/emitter.js';

/** The error of a promise that must fail. */
export async function failure(promise: Promise<unknown>): Promise<SdkError> {
  return promise.then(
    () => {
      throw new Error('It succeeded, and should have failed.');
    },
    (error: SdkError) => error,
  );
}

type EventsOf<T> = T extends { readonly session: object }
  ? MatchEvents
  : T extends { readonly code: string }
    ? RoomEvents
    : LobbyEvents;

/** The next event of a type, of a match, a room or a lobby. */
export function next<T extends object, K extends keyof EventsOf<T>>(
  source: T,
  type: K,
): Promise<EventsOf<T>[K]> {
  return new Promise((resolve) => {
    const stop = (source as EventSource<EventsOf<T>>).on(type, (event) => {
      stop();
      resolve(event);
    });
  });
}

/** Returns when `isSo` is true; jest's time limit ends a wait that never does. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(5);
}

/** Lets `ms` milliseconds pass. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
