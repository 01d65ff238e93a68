/** AbortSignals, the same way everywhere. */
import { SdkError } from '../base/errors.js';

function abortedError(signal: AbortSignal, what: string): SdkError {
  return new SdkError('aborted', `${what} was aborted by the AbortSignal it was given.`, {
    cause: signal.reason,
  });
}

/**
 * `promise`, or a rejection as soon as the signal fires; the work behind the promise goes on.
 * @param what names the call in the error's message.
 * @throws {SdkError} `aborted`
 */
export async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  what: string,
): Promise<T> {
  if (signal === undefined) return promise;
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(abortedError(signal, what));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
    stop = () => signal.removeEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    stop();
  }
}

/** The same promise, whose rejection counts as handled: for calls whose result many callers ignore. */
export function ignorable<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
