/** A process that runs tests against one mutant after the other: an endless loop can only be ended from outside. */
import fc from 'fast-check';
import { forgetSetUps, installGlobals, runTest } from './mutate-harness.mjs';

// Only whether a property fails counts here, not which input shows it best.
fc.configureGlobal({ endOnFailure: true, verbose: 0 });

/** The tests, once `load` has imported them. */
let tests = [];

/** A mutant may lie in what a module does when it is loaded: for those the tests are imported with it. */
async function load(bundle, mutant) {
  globalThis.__mutant = mutant;
  tests = installGlobals();
  await import(bundle);
  await globalThis.__testsLoaded;
}

const ran = async (work) => {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error ?? new Error('nothing');
  }
};
const verdictOf = (error) => ({ verdict: error === undefined ? 'passed' : 'failed' });

/** Runs every test once and notes which mutants each reaches, and how long it takes. */
async function survey(bundle, count) {
  const flags = new Uint8Array(count);
  globalThis.__reach = flags;
  const take = () => {
    const found = [];
    for (let id = 0; id < count; id += 1) if (flags[id] !== 0) found.push(id);
    flags.fill(0);
    return found;
  };
  await load(bundle, -1);
  const atLoad = take();
  const found = [];
  for (const test of tests) {
    const beganAtMs = performance.now();
    const error = await ran(() => runTest(test));
    const durationMs = performance.now() - beganAtMs;
    const reached = take();
    if (error === undefined) found.push({ reached, durationMs });
    else found.push({ reached: [], durationMs, failure: `${test.name}: ${error.message}` });
  }
  return { atLoad, tests: found };
}

/** Modules stay loaded from mutant to mutant; what a test file prepares once does not. */
async function tryTest(mutant, index) {
  globalThis.__setMutant(mutant);
  forgetSetUps();
  return verdictOf(await ran(() => runTest(tests[index])));
}

process.on('message', async ({ kind, bundle, mutant, test, count }) => {
  if (kind === 'load') process.send(verdictOf(await ran(() => load(bundle, mutant))));
  else if (kind === 'try') process.send(await tryTest(mutant, test));
  else {
    try {
      process.send({ survey: await survey(bundle, count) });
    } catch (error) {
      process.send({ error: String(error?.stack ?? error) });
    }
  }
});
process.send({ ready: true });
