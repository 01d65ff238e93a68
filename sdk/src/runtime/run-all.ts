/** Calling what others gave us: one of them failing must not cost the rest their turn. */

/**
 * Calls every task, in order, also after one has thrown.
 * @throws what the first failing task threw, after all of them ran: a bug in a listener stays visible
 */
export function runAll(tasks: Iterable<() => void>): void {
  let failed = false;
  let failure: unknown;
  for (const task of tasks) {
    try {
      task();
    } catch (error) {
      if (!failed) failure = error;
      failed = true;
    }
  }
  if (failed) throw failure;
}
