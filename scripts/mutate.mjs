/**
 * `npm run mutate`: how many small bugs the unit tests notice.
 *
 *     npm run mutate -- sdk/src/wire                        all mutants of a folder or a file
 *     npm run mutate -- sdk/src/session/view-change.ts --sample 200      so many of each file
 *     npm run mutate -- sdk/src/base --tests test/unit/base,test/unit/wire --least 80
 *     npm run mutate -- sdk/src/session/view-change.ts --seconds 300      as many as can be judged in that time
 *     npm run mutate -- sdk/src/session/council.ts --patience 60          more time for each mutant
 *
 * Only the tests that reach a mutant run against it, first those that noticed others beside it, then the quickest. What no test
 * noticed within the patience counts as survived, so the score is never too good. Prints the score and every survivor. Mutants
 * that cannot be told from the source by any input are listed with the reason in mutate-equivalents.json and do not count.
 */
import { fork } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { bundleReplaced, ROOT } from './bundle.mjs';
import { mutateSource } from './mutate-sources.mjs';

/** A mutant that makes a test this many times slower, and this much more, hangs. */
const SLOWER_TIMES = 6;
const SLOWER_MS = 3000;
/** What tests leave in memory: a worker is replaced after so many mutants. */
const MUTANTS_PER_WORKER = 200;
/** So many tests that noticed mutants on the lines beside come first. */
const NEIGHBOURS_MAX = 6;
/** A process that takes this long to load the tests hangs. */
const LOAD_MS = 60_000;
/** No mutant. */
const NONE = -1;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tests: { type: 'string' },
    sample: { type: 'string' },
    least: { type: 'string', default: '0' },
    jobs: { type: 'string', default: '1' },
    seconds: { type: 'string', default: 'Infinity' },
    patience: { type: 'string', default: '20' },
    line: { type: 'string' },
  },
});
if (positionals.length === 0) throw new Error('Name files or folders: npm run mutate -- sdk/src/wire');

const nameOf = (path) => relative(ROOT, path).split(sep).join('/');
function filesIn(path, ending) {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesIn(join(path, name), ending))
    .filter((file) => file.endsWith(ending));
}
const sources = positionals.flatMap((path) => filesIn(join(ROOT, path), '.ts'));
const testFolders = values.tests?.split(',') ?? [
  ...new Set(sources.map((path) => `test/unit/${nameOf(path).split('/')[2]}`)),
];
const tests = testFolders.flatMap((path) => filesIn(join(ROOT, path), '.test.ts'));

const folder = join(ROOT, '.cache/mutate', String(process.pid));
mkdirSync(folder, { recursive: true });
const entry = join(folder, 'entry.ts');
// One after the other, so that the order of the tests is always the same.
writeFileSync(
  entry,
  `globalThis.__testsLoaded = (async () => {\n${tests.map((path) => `  await import(${JSON.stringify(path)});`).join('\n')}\n})();\n`,
);

/** The tests with all mutants of the sources in them. */
async function bundle(mode) {
  const all = [];
  const outfile = join(folder, `${mode}.mjs`);
  // In a fixed order, so that both bundles number alike.
  const texts = new Map();
  for (const path of sources) {
    const { code, mutants } = mutateSource(readFileSync(path, 'utf8'), nameOf(path), {
      first: all.length,
      mode,
    });
    texts.set(path, code);
    all.push(...mutants);
  }
  await bundleReplaced(entry, outfile, {
    sources: { filter: /sdk[\\/]src[\\/].*\.ts$/, read: (path) => texts.get(path) },
    external: ['fast-check'],
    banner:
      'let __mutant = globalThis.__mutant; globalThis.__setMutant = (id) => { __mutant = id; }; const __reach = globalThis.__reach;',
  });
  return { url: pathToFileURL(outfile).href, all };
}

/** One process; `ask` resolves with its answer, or 'timeout' after which it is gone. */
async function startWorker() {
  const child = fork(fileURLToPath(new URL('mutate-worker.mjs', import.meta.url)), {
    cwd: ROOT,
    execArgv: ['--no-warnings'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const answer = (limitMs) =>
    new Promise((resolve) => {
      const timer = setTimeout(() => finish('timeout'), limitMs);
      const finish = (result) => {
        clearTimeout(timer);
        child.off('message', finish);
        child.off('exit', died);
        resolve(result);
      };
      // Out of memory, for example.
      const died = () => finish('died');
      child.once('message', finish);
      child.once('exit', died);
    });
  await answer(LOAD_MS);
  const ask = (task, limitMs) => {
    if (!child.connected) return 'died';
    child.send(task);
    return answer(limitMs);
  };
  return {
    ask,
    /** passed, failed, timeout or died */
    load: async (bundle, mutant) => {
      const result = await ask({ kind: 'load', bundle, mutant }, LOAD_MS);
      return result.verdict ?? result;
    },
    run: async (mutant, test, limitMs) => {
      const result = await ask({ kind: 'try', mutant, test }, limitMs);
      return result.verdict ?? result;
    },
    stop: () => child.kill('SIGKILL'),
  };
}

async function surveyTests({ url, all }) {
  const worker = await startWorker();
  const answer = await worker.ask({ kind: 'survey', bundle: url, count: all.length }, 900_000);
  worker.stop();
  if (answer.survey === undefined) throw new Error(`The tests cannot be loaded: ${answer.error ?? answer}`);
  for (const { failure } of answer.survey.tests)
    if (failure !== undefined)
      console.log(`left out, since it fails without any mutant: ${failure.split('\n')[0]}`);
  return answer.survey;
}

/** So many of each file, evenly spread and always the same. */
function sampleOf(mutants) {
  const count = Math.min(mutants.length, Number(values.sample ?? mutants.length));
  return Array.from({ length: count }, (_, index) => mutants[Math.floor((index * mutants.length) / count)]);
}

const beganAtMs = performance.now();
const secondsSince = (fromMs) => (performance.now() - fromMs) / 1000;
// Both before anything runs: sources that are edited meanwhile do not matter.
const reach = await bundle('reach');
const { url, all } = await bundle('switch');
const survey = await surveyTests(reach);
console.log(
  `${survey.tests.length} tests, ${all.length} mutants, ${Math.round(secondsSince(beganAtMs))} s to survey them`,
);
const atLoad = new Set(survey.atLoad);
const testsOf = new Map();
for (const [index, { reached }] of survey.tests.entries())
  for (const id of reached) testsOf.set(id, [...(testsOf.get(id) ?? []), index]);
const soundTests = [...survey.tests.keys()].filter((index) => survey.tests[index].failure === undefined);
const durationOf = (index) => survey.tests[index].durationMs;

const equivalents = JSON.parse(readFileSync(new URL('mutate-equivalents.json', import.meta.url), 'utf8'));
const isEquivalent = ({ file, what, text }) =>
  equivalents.some((known) => known.file === file && known.text === text && known.what.includes(what));
const isWanted = (mutant) =>
  !isEquivalent(mutant) && (values.line === undefined || mutant.line === Number(values.line));
const wanted = sources.flatMap((path) =>
  sampleOf(all.filter((mutant) => mutant.file === nameOf(path) && isWanted(mutant))),
);
// With little time every tenth first, then those beside them: whenever it ends, all files were sampled evenly.
const queue = Array.from({ length: 10 }, (_, part) =>
  wanted.filter((_mutant, index) => index % 10 === part),
).flat();
const verdicts = new Map();
/** Which test noticed which mutant. */
const kills = [];

/** The tests that reach a mutant, the likeliest to notice it first. */
function orderFor(mutant) {
  const indexes = atLoad.has(mutant.id) ? soundTests : (testsOf.get(mutant.id) ?? []);
  const reaching = new Set(indexes);
  const beside = kills
    .filter(({ file, test }) => file === mutant.file && reaching.has(test))
    .sort((left, right) => Math.abs(left.line - mutant.line) - Math.abs(right.line - mutant.line));
  const neighbours = [...new Set(beside.map(({ test }) => test))].slice(0, NEIGHBOURS_MAX);
  const others = indexes.filter((index) => !neighbours.includes(index));
  return [...neighbours, ...others.sort((left, right) => durationOf(left) - durationOf(right))];
}

/** A process with the tests loaded, and with which mutant they were. */
async function loadedWorker(mutantId) {
  const worker = await startWorker();
  return { ...worker, isLoaded: (await worker.load(url, mutantId)) === 'passed', loadedWith: mutantId };
}

/** Judges one mutant after the other, in a process that is replaced whenever a mutant may have spoilt it. */
class Judge {
  #worker;
  #judged = 0;

  async judge(mutant) {
    const order = orderFor(mutant);
    if (order.length === 0) return { verdict: 'unreached' };
    const loadWith = atLoad.has(mutant.id) ? mutant.id : NONE;
    this.#judged += 1;
    if (this.#worker?.loadedWith !== loadWith || this.#judged % MUTANTS_PER_WORKER === 0)
      await this.#replace(loadWith);
    if (!this.#worker.isLoaded) return { verdict: 'killed' };
    const fromMs = performance.now();
    for (const [tried, test] of order.entries()) {
      if (secondsSince(fromMs) > Number(values.patience))
        return { verdict: 'survived', tried, of: order.length };
      const verdict = await this.#tryTest(mutant, test, loadWith);
      if (verdict === 'passed') continue;
      kills.push({ file: mutant.file, line: mutant.line, test });
      return { verdict };
    }
    return { verdict: 'survived', tried: order.length, of: order.length };
  }

  /** @returns passed, killed or hung */
  async #tryTest(mutant, test, loadWith) {
    const limitMs = durationOf(test) * SLOWER_TIMES + SLOWER_MS;
    const first = await this.#worker.run(mutant.id, test, limitMs);
    if (first === 'passed') return first;
    // Nothing but this mutant has run since the tests were loaded.
    if (first === 'failed' && loadWith !== NONE) return 'killed';
    if (first === 'failed' && (await this.#worker.run(NONE, test, limitMs)) === 'passed') return 'killed';
    // It hangs, has brought the process down, or an earlier mutant left something behind: once more from the beginning.
    await this.#replace(loadWith);
    if (first === 'timeout') return 'hung';
    const second = await this.#worker.run(mutant.id, test, limitMs);
    if (second === 'passed') return 'passed';
    await this.#replace(loadWith);
    return second === 'timeout' ? 'hung' : 'killed';
  }

  async #replace(loadWith) {
    this.stop();
    this.#worker = await loadedWorker(loadWith);
  }

  stop() {
    this.#worker?.stop();
  }
}

async function work() {
  const judge = new Judge();
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    if (secondsSince(beganAtMs) > Number(values.seconds)) break;
    verdicts.set(mutant, await judge.judge(mutant));
  }
  judge.stop();
}

await Promise.all(Array.from({ length: Number(values.jobs) }, work));
rmSync(folder, { recursive: true });
const chosen = wanted.filter((mutant) => verdicts.has(mutant));

let isEnough = true;
const files = [...new Set(chosen.map(({ file }) => file))];
const isNoticed = (mutant) => ['killed', 'hung'].includes(verdicts.get(mutant).verdict);
const hung = chosen.filter((mutant) => verdicts.get(mutant).verdict === 'hung').length;
const scoreOf = (mutants) => {
  const noticed = mutants.filter(isNoticed).length;
  return { noticed, percent: (100 * noticed) / Math.max(1, mutants.length) };
};
function describeSurvivor({ line, what, text }, { verdict, tried, of }) {
  if (verdict === 'unreached') return `  ${line}: ${what} (no test reaches it): ${text}`;
  const some = tried < of ? ` (${tried} of the ${of} tests that reach it)` : '';
  return `  ${line}: ${what}${some}: ${text}`;
}
for (const file of files) {
  const mutants = chosen.filter((mutant) => mutant.file === file);
  const { noticed, percent } = scoreOf(mutants);
  if (percent < Number(values.least)) isEnough = false;
  console.log(`${file}: ${percent.toFixed(1)} % (${noticed} of ${mutants.length})`);
  for (const mutant of mutants)
    if (!isNoticed(mutant)) console.log(describeSurvivor(mutant, verdicts.get(mutant)));
}
const { noticed, percent } = scoreOf(chosen);
console.log(
  `${percent.toFixed(1)} % of ${chosen.length} mutants noticed (${noticed}, of which ${hung} hung), ` +
    `${all.length} in all, ${Math.round(secondsSince(beganAtMs))} s`,
);
process.exitCode = isEnough ? 0 : 1;
