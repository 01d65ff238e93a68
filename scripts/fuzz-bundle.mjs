/**
 * Sources with a counter at every branch and function, bundled for the fuzzer. istanbul-lib-instrument finds the branches;
 * its counters are rewritten into one flat array, which can be compared and cleared after every execution.
 */
import { readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { createInstrumenter } from 'istanbul-lib-instrument';
import { bundleReplaced, ROOT } from './bundle.mjs';

/** Most counters of one bundle. */
export const COUNTERS_MAX = 32_768;

const COUNTED =
  /sdk[\\/]src[\\/](?:base|wire|state|session)[\\/][\w-]+\.ts$|(?:mesh-messages|equivocation)\.ts$/;
const DECLARATION = /^(?:export )?(?:async )?(?:function\*?|class|const|let) (\w+)/;
const MEMBER = /^ {2}(?:static |async |get |set )*(#?\w+)(?:<[^>]*>)?\(.*$/;
/** A method of an object that a function returns. */
const INNER = /^ {4}(?!if |for |while |switch )(\w+)(?:\([\w, ]*\) \{$|: \([\w, ]*\) =>)/;

/** For each line of a source: the declaration and the member that it lies in, such as `ByteReader.take`. */
function scopesOf(source) {
  let outer = '';
  let member = '';
  return source.split('\n').map((line) => {
    const declared = DECLARATION.exec(line);
    if (declared !== null) {
      outer = declared[1];
      member = '';
    } else {
      const found = MEMBER.exec(line) ?? INNER.exec(line);
      if (found !== null) member = `.${found[1]}`;
    }
    return `${outer}${member}`;
  });
}

/** Replaces istanbul's counters by `__hits[n]` and appends a description of each to `points`. */
function countSource(source, file, points) {
  const instrumenter = createInstrumenter({
    esModules: true,
    compact: false,
    parserPlugins: ['typescript', 'classProperties', 'classPrivateProperties', 'classPrivateMethods'],
    coverageVariable: '__unused__',
  });
  const counted = instrumenter.instrumentSync(source, file);
  const { branchMap, fnMap } = instrumenter.lastFileCoverage();
  const lines = source.split('\n');
  const scopes = scopesOf(source);
  const numbers = new Map();
  const add = (key, kind, line, place) => {
    numbers.set(key, points.length);
    const text = lines[line - 1]?.trim() ?? '';
    points.push({ file, kind, line, place, scope: scopes[line - 1] ?? '', text });
  };
  for (const [id, { loc, decl }] of Object.entries(fnMap))
    add(`f${id}`, 'function', (decl ?? loc).start.line, 0);
  for (const [id, { type, loc, locations }] of Object.entries(branchMap)) {
    for (const [place, location] of locations.entries())
      add(`b${id}.${place}`, type, location.start?.line ?? loc.start.line, place);
  }
  return counted
    .replace(/cov_\w+\(\)\.s\[\d+\]\+\+/g, '0')
    .replace(/cov_\w+\(\)\.f\[(\d+)\]\+\+/g, (_, id) => `__hits[${numbers.get(`f${id}`)}]++`)
    .replace(
      /cov_\w+\(\)\.b\[(\d+)\]\[(\d+)\]\+\+/g,
      (_, id, place) => `__hits[${numbers.get(`b${id}.${place}`)}]++`,
    );
}

/**
 * Bundles `entry` with counters.
 * @param plants bugs to plant: lists of { file, from, to } that replace text of a source; each must be found once
 * @returns the module's text, and what each counter stands for
 */
export async function bundleCounted(entry, outfile, plants = []) {
  const points = [];
  const planted = new Set();
  const read = (path) => {
    const file = relative(ROOT, path).split(sep).join('/');
    let source = readFileSync(path, 'utf8');
    for (const plant of plants) {
      if (plant.file !== file) continue;
      const parts = source.split(plant.from);
      if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} of: ${plant.from}`);
      source = parts.join(plant.to);
      planted.add(plant);
    }
    return countSource(source, file, points);
  };
  await bundleReplaced(entry, outfile, {
    sources: { filter: COUNTED, read },
    banner: 'const __hits = globalThis.__fuzzHits;',
  });
  for (const plant of plants)
    if (!planted.has(plant)) throw new Error(`nothing was planted in ${plant.file}`);
  if (points.length > COUNTERS_MAX) throw new Error(`${points.length} counters, at most ${COUNTERS_MAX}`);
  return points;
}
