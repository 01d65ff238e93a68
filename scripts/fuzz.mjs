/**
 * `npm run fuzz`: coverage-guided fuzzing of every decoder and of the whole session's `receive`.
 *
 *     npm run fuzz -- --minutes 10                 all targets, the time shared out among them
 *     npm run fuzz -- --executions 20000 --seed 7  so many executions per target, repeatable
 *     npm run fuzz -- --target frame-packet,session --json
 *
 * Ends with status 1 if anything threw, or a branch of a decoder was never reached.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ROOT } from './bundle.mjs';
import { bundleCounted, COUNTERS_MAX } from './fuzz-bundle.mjs';

/** The part of the time that the session gets: one of its executions is a hundred times longer. */
const SESSION_SHARE = 0.4;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    executions: { type: 'string' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string', default: '' },
    plants: { type: 'string', default: '[]' },
    json: { type: 'boolean', default: false },
  },
});
const names = values.target.split(',').filter(Boolean);
const plants = JSON.parse(values.plants);
const executions = Number(values.executions ?? (values.minutes === undefined ? 20_000 : Infinity));
const minutes = Number(values.minutes ?? Infinity);

const folder = join(ROOT, '.cache', `fuzz-${process.pid}`);
mkdirSync(folder, { recursive: true });
globalThis.__fuzzHits = new Uint16Array(COUNTERS_MAX);
const outfile = join(folder, 'fuzz.mjs');
const points = await bundleCounted(join(ROOT, 'test/hostile/wire/fuzz-main.ts'), outfile, plants);
const { fuzz, targets, DECODERS } = await import(pathToFileURL(outfile).href);
rmSync(folder, { recursive: true });
const hits = globalThis.__fuzzHits.subarray(0, (points.length + 1) & ~1);
/** What ran while modules and targets were made, such as the tables of an input definition: it counts as reached. */
const made = hits.slice();

const wanted = targets(names);
for (const [index, count] of hits.entries()) made[index] |= count;
const hasSession = wanted.some(({ name }) => name === 'session');
const minutesOf = ({ name }) => {
  if (name === 'session') return wanted.length === 1 ? minutes : minutes * SESSION_SHARE;
  return hasSession ? (minutes * (1 - SESSION_SHARE)) / (wanted.length - 1) : minutes / wanted.length;
};

const scopeOf = ({ file, scope }) => `${file}:${scope}`;
const describe = ({ file, line, kind, place, text }) => `${file}:${line} ${kind} ${place}: ${text}`;

/** Default values of parameters are the caller's choice, not the bytes'. */
const isBranchOf = ({ decoder }, point) => point.kind !== 'default-arg' && decoder.test(scopeOf(point));
const isReached = ({ reached }, index) => reached[index] !== 0 || made[index] !== 0;

/** The counters of the files that hold a target's decoder: few, since they are compared after every execution. */
function guidesOf(target) {
  const files = new Set(points.filter((point) => isBranchOf(target, point)).map(({ file }) => file));
  const guides = [];
  for (const [index, { file }] of points.entries()) {
    if (!files.has(file)) continue;
    if (guides.at(-1)?.[1] === index) guides.at(-1)[1] = index + 1;
    else guides.push([index, index + 1]);
  }
  return guides;
}

const report = wanted.map((target) => {
  const beganAtMs = performance.now();
  const untilMs = beganAtMs + minutesOf(target) * 60_000;
  const result = fuzz(target, hits, {
    seed: Number(values.seed),
    guides: guidesOf(target),
    executions: Number.isFinite(executions) ? executions : Number.MAX_SAFE_INTEGER,
    isOver: () => performance.now() >= untilMs,
    stopAtFirst: plants.length > 0,
  });
  const seconds = (performance.now() - beganAtMs) / 1000;
  const own = points.flatMap((point, index) => (isBranchOf(target, point) ? [index] : []));
  return {
    target: target.name,
    executions: result.executions,
    executionsPerSecond: Math.round(result.executions / seconds),
    corpus: result.corpus,
    reachesAll: target.reachesAll,
    branches: own.length,
    reached: own.filter((index) => isReached(result, index)).length,
    missed: own.filter((index) => !isReached(result, index)).map((index) => describe(points[index])),
    findings: result.findings.map(({ message, execution, input }) => ({
      message,
      execution,
      hex: Buffer.from(input).toString('hex'),
    })),
  };
});
const orphans = points.filter(
  (point) => DECODERS.test(scopeOf(point)) && !wanted.some(({ decoder }) => decoder.test(scopeOf(point))),
);
const unowned = names.length > 0 ? [] : [...new Set(orphans.map(scopeOf))];
const failed =
  unowned.length > 0 ||
  report.some(({ findings, missed, reachesAll }) => findings.length > 0 || (reachesAll && missed.length > 0));

if (values.json) console.log(JSON.stringify({ targets: report, unowned }));
else {
  for (const line of report) {
    const { target, reached, branches, corpus, executionsPerSecond: rate } = line;
    console.log(
      `${target}: ${line.executions} executions (${rate}/s), corpus ${corpus}, ` +
        `branches ${reached} of ${branches}, findings ${line.findings.length}`,
    );
    for (const missed of line.missed) console.log(`  never reached: ${missed}`);
    for (const { message, execution, hex } of line.findings)
      console.log(`  FOUND at execution ${execution} of seed ${values.seed}: ${message}\n    ${hex}`);
  }
  for (const scope of unowned) console.log(`no target fuzzes ${scope}`);
}
process.exitCode = failed ? 1 : 0;
