/** A process that runs tests against one mutant after the other: an endless loop can only be ended from outside. */
import fc from 'fast-check';
import { installGlobals, runTest } from './mutate-harness.mjs';

// Only whether a property fails counts here, not which input shows it best.
fc.configureGlobal({ endOnFailure: true, verbose: 0 });

/** Imports the tests anew: a mutant may lie in what a module does when it is loaded. */
async function load(bundle, mutant) {
  globalThis.__mutant = mutant;
  const tests = installGlobals();
  await import(`${bundle}?${mutant}`);
  await globalThis.__testsLoaded;
  return tests;
}

/** Runs every test once and notes which mutants each reaches, and how long it takes. */
async function survey(bundle) {
  let reached = new Set();
  globalThis.__reach = (id) => reached.add(id);
  const tests = await load(bundle, -1);
  const atLoad = [...reached];
  const found = [];
  for (const test of tests) {
    reached = new Set();
    const beganAtMs = performance.now();
    let failure;
    try {
      await runTest(test);
    } catch (error) {
      failure = `${test.name}: ${error?.message ?? error}`;
    }
    const durationMs = performance.now() - beganAtMs;
    found.push({ reached: failure === undefined ? [...reached] : [], durationMs, failure });
  }
  return { atLoad, tests: found };
}

async function judge(bundle, { mutant, order }) {
  let tests;
  try {
    tests = await load(bundle, mutant);
  } catch {
    return 'killed';
  }
  for (const index of order) {
    try {
      await runTest(tests[index]);
    } catch {
      return 'killed';
    }
  }
  return 'survived';
}

process.on('message', async ({ kind, bundle, ...task }) => {
  if (kind === 'survey') {
    try {
      process.send({ survey: await survey(bundle) });
    } catch (error) {
      process.send({ error: String(error?.stack ?? error) });
    }
  } else process.send({ verdict: await judge(bundle, task) });
});
process.send({ ready: true });
