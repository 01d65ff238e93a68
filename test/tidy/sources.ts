/**
 * Reads the repository for the tidy tests: which files there are, what they import, and their text without
 * comments and strings. A scanner of sixty lines instead of a parser: the compiler and Biome know the syntax,
 * these tests only look for words.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url));

const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', '.git', '.cache', 'coverage', 'results']);

/** Every file under `folders` whose name ends in one of `endings`, as paths from the root with forward slashes. */
export function listFiles(folders: readonly string[], endings: readonly string[]): string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) if (!SKIPPED_FOLDERS.has(name)) visit(join(path, name));
    } else if (endings.some((ending) => path.endsWith(ending))) {
      found.push(relative(ROOT, path).split(sep).join('/'));
    }
  };
  for (const folder of folders) if (existsSync(join(ROOT, folder))) visit(join(ROOT, folder));
  return found;
}

/** The text of a file, by its path from the root. */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** A slash begins a regular expression after an operator, an opening bracket or one of a few words. */
function beginsRegex(before: string): boolean {
  return /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|of|in))\s*$/.test(before);
}

/** Where the literal or comment that begins at `start` ends (exclusive), or `start` if none begins there. */
function endOfMasked(source: string, start: number): number {
  const two = source.slice(start, start + 2);
  if (two === '//')
    return (source.indexOf('\n', start) + source.length + 1) % (source.length + 1) || source.length;
  if (two === '/*') return source.indexOf('*/', start + 2) + 2;
  const quote = source.charAt(start);
  const isRegex = quote === '/' && beginsRegex(source.slice(Math.max(0, start - 40), start));
  if (!isRegex && quote !== "'" && quote !== '"') return start;
  let inClass = false;
  for (let i = start + 1; i < source.length; i++) {
    const character = source.charAt(i);
    if (character === '\\') i++;
    else if (character === '\n') return start;
    else if (isRegex && character === '[') inClass = true;
    else if (isRegex && character === ']') inClass = false;
    else if (character === quote && !inClass) return i + 1;
  }
  return start;
}

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

/**
 * The source with comments, strings and regular expressions blanked out; lines and columns stay where they were.
 * The code inside `${}` of a template stays, its text goes.
 */
export function maskTextAndComments(source: string): string {
  let masked = '';
  /** Open braces in each template expression we are inside of. */
  const templates: number[] = [];
  let inTemplateText = false;
  for (let i = 0; i < source.length; ) {
    const character = source.charAt(i);
    if (inTemplateText) {
      const opens = source.startsWith('${', i);
      if (opens) templates.push(0);
      if (opens || character === '`') inTemplateText = false;
      const length = opens || character === '\\' ? 2 : 1;
      masked += blank(source.slice(i, i + length));
      i += length;
      continue;
    }
    const end = endOfMasked(source, i);
    if (end > i) {
      masked += blank(source.slice(i, end));
      i = end;
      continue;
    }
    const depth = templates.at(-1);
    const closesExpression = depth === 0 && character === '}';
    if (character === '`' || closesExpression) inTemplateText = true;
    if (closesExpression) templates.pop();
    else if (depth !== undefined && character === '{') templates[templates.length - 1] = depth + 1;
    else if (depth !== undefined && character === '}') templates[templates.length - 1] = depth - 1;
    masked += closesExpression ? ' ' : character;
    i++;
  }
  return masked;
}

/** One `import` or `export ... from`, static or dynamic. */
export interface Import {
  readonly specifier: string;
  /** The file it means, as a path from the root; undefined for a package. */
  readonly file: string | undefined;
}

const IMPORT_FORMS =
  /^(?:import|export)\b[^;'"()]*?\bfrom\s*'([\w@.:/-]+)'|^import\s*'([\w@.:/-]+)'|\bimport\(\s*'([\w@.:/-]+)'/gm;

/** What a TypeScript file imports. A path that leads nowhere keeps its file name, so that a test can name it. */
export function importsOf(path: string): Import[] {
  // Comments may hold code; strings must stay, they are what we look for.
  const source = readText(path)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');
  return [...source.matchAll(IMPORT_FORMS)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    if (!specifier.startsWith('.')) return { specifier, file: undefined };
    const target = relative(ROOT, resolve(ROOT, dirname(path), specifier))
      .split(sep)
      .join('/');
    return { specifier, file: target.replace(/\.js$/, '.ts') };
  });
}

/** `file:line: text` for each line of `masked` that `pattern` (without the g flag) finds something in. */
export function findLines(path: string, masked: string, pattern: RegExp): string[] {
  return masked
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
}
