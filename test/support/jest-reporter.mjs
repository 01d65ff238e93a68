/**
 * Prints the tally as the last line of a run, alone on its line: `12 passed, 0 failed` (and `, 1 skipped` if any).
 * Under scripts/test.mjs, which makes several runs, it notes its counts in the file that TEST_TALLY_FILE names.
 */
import { appendFileSync } from 'node:fs';

/** The tally line. A file that cannot even be loaded counts as one failure. */
export function tallyLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

// Jest asks for a default export here.
export default class TallyReporter {
  onRunComplete(_contexts, results) {
    const tally = {
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
    };
    const file = process.env.TEST_TALLY_FILE;
    if (file) appendFileSync(file, `${JSON.stringify(tally)}\n`);
    // Jest's own summary comes after this method, on the other stream: the last line has to wait for the exit.
    else process.once('exit', () => process.stdout.write(`${tallyLine(tally)}\n`));
  }
}
