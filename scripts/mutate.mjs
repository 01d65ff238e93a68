/**
 * `npm run mutate`: how many small bugs the unit tests notice.
 *
 *     npm run mutate -- sdk/src/wire                        all mutants of a folder or a file
 *     npm run mutate -- sdk/src/session/view-change.ts --sample 200
 *     npm run mutate -- sdk/src/base --tests test/unit/base,test/unit/wire --least 80
 *     npm run mutate -- sdk/src/session/view-change.ts --seconds 300      as many as can be judged in that time
 *
 * Only the tests that reach a mutant run against it, the quickest first. Prints the score and every survivor. Mutants that
 * cannot be told from the source by any input are listed with the reason in mutate-equivalents.json and do not count.
 */
import { fork } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { ROOT } from './bundle.mjs';
import { mutateSource } from './mutate-sources.mjs';

/** A mutant that makes its tests this many times slower, and this much more, hangs. */
const SLOWER_TIMES = 6;
const SLOWER_MS = 3000;
/** Modules once loaded stay in memory: a worker is replaced after so many mutants. */
const MUTANTS_PER_WORKER = 120;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tests: { type: 'string' },
    sample: { type: 'string' },
    least: { type: 'string', default: '0' },
    jobs: { type: 'string', default: '1' },
    seconds: { type: 'string', default: 'Infinity' },
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
  const sdk = join(ROOT, 'sdk/src');
  await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['fast-check'],
    logLevel: 'warning',
    tsconfigRaw: '{}',
    alias: {
      'rollmesh/state': `${sdk}/state/index.ts`,
      'rollmesh/session': `${sdk}/session/index.ts`,
      'rollmesh/simulator': `${sdk}/simulator/index.ts`,
      'rollmesh/math': `${sdk}/state/math.ts`,
      rollmesh: `${sdk}/index.ts`,
    },
    banner: { js: 'const __mutant = globalThis.__mutant, __reach = globalThis.__reach;' },
    plugins: [
      {
        name: 'mutate',
        setup(api) {
          api.onLoad({ filter: /sdk[\\/]src[\\/].*\.ts$/ }, ({ path }) =>
            texts.has(path) ? { contents: texts.get(path), loader: 'ts' } : undefined,
          );
        },
      },
    ],
  });
  return { url: pathToFileURL(outfile).href, all };
}

/** One process; `ask` resolves with its answer, or 'timeout' after which it is gone. */
async function startWorker() {
  const child = fork(fileURLToPath(new URL('mutate-worker.mjs', import.meta.url)), {
    cwd: ROOT,
    execArgv: ['--no-warnings'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
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
  await answer(60_000);
  return {
    ask(task, limitMs) {
      child.send(task);
      return answer(limitMs);
    },
    stop: () => child.kill('SIGKILL'),
  };
}

async function surveyTests(url) {
  const worker = await startWorker();
  const answer = await worker.ask({ kind: 'survey', bundle: url }, 600_000);
  worker.stop();
  if (answer.survey === undefined) throw new Error(`The tests cannot be loaded: ${answer.error ?? answer}`);
  for (const { failure } of answer.survey.tests)
    if (failure !== undefined)
      console.log(`left out, since it fails without any mutant: ${failure.split('\n')[0]}`);
  return answer.survey;
}

/** Evenly spread and always the same. */
function sampleOf(mutants) {
  const wanted =
    values.line === undefined ? mutants : mutants.filter(({ line }) => line === Number(values.line));
  const count = Math.min(wanted.length, Number(values.sample ?? wanted.length));
  return Array.from({ length: count }, (_, index) => wanted[Math.floor((index * wanted.length) / count)]);
}

const reach = await bundle('reach');
const survey = await surveyTests(reach.url);
const { url, all } = await bundle('switch');
const atLoad = new Set(survey.atLoad);
const testsOf = new Map();
for (const [index, { reached }] of survey.tests.entries())
  for (const id of reached) testsOf.set(id, [...(testsOf.get(id) ?? []), index]);
const soundTests = [...survey.tests.keys()].filter((index) => survey.tests[index].failure === undefined);
const durationOf = (index) => survey.tests[index].durationMs;

const equivalents = JSON.parse(readFileSync(new URL('mutate-equivalents.json', import.meta.url), 'utf8'));
const isEquivalent = ({ file, what, text }) =>
  equivalents.some((known) => known.file === file && known.text === text && known.what.includes(what));
const sampled = sampleOf(all);
const wanted = sampled.filter((mutant) => !isEquivalent(mutant));
// With little time every tenth first, then those beside them: whenever it ends, the whole file was sampled.
const queue = Array.from({ length: 10 }, (_, part) =>
  wanted.filter((_mutant, index) => index % 10 === part),
).flat();
const verdicts = new Map();

const beganAtMs = performance.now();

async function work() {
  let worker = await startWorker();
  let done = 0;
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    if (performance.now() - beganAtMs > Number(values.seconds) * 1000) break;
    const indexes = atLoad.has(mutant.id) ? soundTests : (testsOf.get(mutant.id) ?? []);
    const order = [...indexes].sort((left, right) => durationOf(left) - durationOf(right));
    if (order.length === 0) {
      verdicts.set(mutant, 'unreached');
      continue;
    }
    const usualMs = order.reduce((sum, index) => sum + durationOf(index), 0);
    const task = { kind: 'judge', bundle: url, mutant: mutant.id, order };
    const answer = await worker.ask(task, usualMs * SLOWER_TIMES + SLOWER_MS);
    verdicts.set(mutant, answer.verdict ?? answer);
    done += 1;
    if (answer.verdict === undefined || done % MUTANTS_PER_WORKER === 0) {
      worker.stop();
      worker = await startWorker();
    }
  }
  worker.stop();
}

await Promise.all(Array.from({ length: Number(values.jobs) }, work));
rmSync(folder, { recursive: true });
const chosen = wanted.filter((mutant) => verdicts.has(mutant));

let isEnough = true;
const files = [...new Set(chosen.map(({ file }) => file))];
const scoreOf = (mutants) => {
  const noticed = mutants.filter((mutant) => !['survived', 'unreached'].includes(verdicts.get(mutant)));
  return { noticed: noticed.length, percent: (100 * noticed.length) / Math.max(1, mutants.length) };
};
for (const file of files) {
  const mutants = chosen.filter((mutant) => mutant.file === file);
  const { noticed, percent } = scoreOf(mutants);
  if (percent < Number(values.least)) isEnough = false;
  console.log(`${file}: ${percent.toFixed(1)} % (${noticed} of ${mutants.length})`);
  for (const mutant of mutants) {
    const verdict = verdicts.get(mutant);
    if (verdict === 'survived' || verdict === 'unreached')
      console.log(
        `  ${mutant.line}: ${mutant.what}${verdict === 'unreached' ? ' (no test reaches it)' : ''}: ${mutant.text}`,
      );
  }
}
const { noticed, percent } = scoreOf(chosen);
const seconds = Math.round((performance.now() - beganAtMs) / 1000);
console.log(
  `${percent.toFixed(1)} % of ${chosen.length} mutants noticed (${noticed}), ${all.length} in all, ${seconds} s`,
);
process.exitCode = isEnough ? 0 : 1;
