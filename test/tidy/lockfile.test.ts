/**
 * Guards the lockfile. npm silently drops optional packages it cannot see (a binary for another system) and then
 * `npm ci` fails on every fresh clone; and a registry's address in the lockfile ties everybody to that registry.
 */
import { readText } from './sources.js';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const locked = Object.entries(
  (JSON.parse(readText('package-lock.json')) as { packages: Record<string, LockedPackage> }).packages,
);
const paths = new Set(locked.map(([path]) => path));

/** Whether `name`, wanted by the package at `from`, is in the lock: beside it or in any folder above. */
function isLocked(from: string, name: string): boolean {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    if (paths.has(`${folder === '' ? '' : `${folder}/`}node_modules/${name}`)) return true;
    if (folder === '') return false;
    if (!folder.includes('node_modules/')) return paths.has(`node_modules/${name}`);
  }
}

test('every optional dependency is in the lockfile, whatever system wrote it', () => {
  const missing = locked.flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !isLocked(path, name))
      .map((name) => `${path} wants ${name}`),
  );
  expect(missing).toEqual([]);
  expect(locked.some(([path]) => path.startsWith('node_modules/@esbuild/win32'))).toBe(true);
});

test('the lockfile names no registry', () => {
  expect(
    locked
      .filter(([, { resolved }]) => resolved !== undefined && /^\w+:/.test(resolved))
      .map(([path]) => path),
  ).toEqual([]);
});

test('every package from the registry has a digest', () => {
  const bare = locked.filter(
    ([path, { integrity, link }]) => path.includes('node_modules/') && !link && integrity === undefined,
  );
  expect(bare.map(([path]) => path)).toEqual([]);
});

test.each(['package.json', 'sdk/package.json', 'signaling/package.json', 'demo-game/package.json'])(
  '%s pins every dependency to one version and agrees with the lockfile',
  (file) => {
    const manifest = JSON.parse(readText(file)) as LockedPackage;
    const wanted = {
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
    };
    expect(
      Object.entries(wanted).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)),
    ).toEqual([]);
    const folder = file.replace(/\/?package\.json$/, '');
    const entry = locked.find(([path]) => path === folder)?.[1];
    expect({ ...entry?.dependencies, ...entry?.devDependencies, ...entry?.optionalDependencies }).toEqual(
      wanted,
    );
  },
);
