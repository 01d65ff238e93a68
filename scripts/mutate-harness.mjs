/** The part of Jest that the unit tests use, small enough to run a test thousands of times a second. */
import { expect } from 'expect';

/** Counts up when everything is to be set up anew. */
let setUps = 0;

/** What `beforeAll` has done, it does again before the next test. */
export function forgetSetUps() {
  setUps += 1;
}

/** Puts `test`, `describe`, `expect` and the hooks where tests expect them; returns the list that fills up. */
export function installGlobals() {
  const tests = [];
  const scopes = [{ before: [], after: [] }];
  const test = (name, run) => {
    const before = scopes.flatMap((scope) => scope.before);
    const after = scopes.flatMap((scope) => scope.after);
    tests.push({ name, run, before, after });
  };
  const describe = (_name, body) => {
    scopes.push({ before: [], after: [] });
    body();
    scopes.pop();
  };
  const each = (define) => (rows) => (name, body) => {
    for (const row of rows) define(name, () => body(...(Array.isArray(row) ? row : [row])));
  };
  test.each = each(test);
  describe.each = each(describe);
  const once = (run) => {
    let done;
    let doneAt = -1;
    return () => {
      if (doneAt !== setUps) done = Promise.resolve(run());
      doneAt = setUps;
      return done;
    };
  };
  Object.assign(globalThis, {
    test,
    it: test,
    describe,
    expect,
    beforeEach: (run) => scopes.at(-1).before.push(run),
    afterEach: (run) => scopes.at(-1).after.push(run),
    beforeAll: (run) => scopes.at(-1).before.push(once(run)),
    afterAll: () => undefined,
  });
  return tests;
}

/** Runs one test. Throws what it throws. */
export async function runTest({ run, before, after }) {
  for (const hook of before) await hook();
  try {
    await run();
  } finally {
    for (const hook of after) await hook();
  }
}
