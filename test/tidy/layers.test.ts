/** The layers of docs/architecture.md as a table: dependencies point one way, and there are no cycles. */
import { importsOf, listFiles } from './sources.js';

const CORE = ['base', 'wire', 'state', 'session'] as const;

/** What each layer of the sdk may import besides itself. `lobby-protocol` is the pure part of lobby/. */
const SDK_LAYERS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  wire: ['base'],
  state: ['base', 'wire'],
  session: ['base', 'wire', 'state'],
  replay: CORE,
  spectator: CORE,
  simulator: CORE,
  signing: ['base', 'wire', 'session'],
  'lobby-protocol': ['base'],
  lobby: ['base', 'lobby-protocol'],
  transport: ['base'],
  presentation: CORE,
  diagnostics: CORE,
  runtime: [
    ...CORE,
    'signing',
    'replay',
    'spectator',
    'lobby-protocol',
    'lobby',
    'transport',
    'presentation',
    'diagnostics',
  ],
};

/** Packages from the registry, and who may import them. Everyone else has none. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = { transport: ['peerjs'] };

function sdkLayerOf(path: string): string {
  const [, , folder = '', file = ''] = path.split('/');
  if (folder.endsWith('.ts')) return folder;
  return folder === 'lobby' && /^(lobby-)?protocol/.test(file) ? 'lobby-protocol' : folder;
}

const sdkFiles = listFiles(['sdk/src'], ['.ts']);

test('every file of the sdk lies in a layer of the table', () => {
  const strays = sdkFiles.filter(
    (path) => sdkLayerOf(path) !== 'index.ts' && !(sdkLayerOf(path) in SDK_LAYERS),
  );
  expect(strays).toEqual([]);
  expect(sdkFiles.length).toBeGreaterThan(20);
});

test('no layer of the sdk imports a layer above it', () => {
  const upward = sdkFiles.flatMap((path) => {
    const layer = sdkLayerOf(path);
    if (layer === 'index.ts') return [];
    const allowed = new Set([layer, ...(SDK_LAYERS[layer] ?? [])]);
    return importsOf(path).flatMap(({ specifier, file }) => {
      const legal = file === undefined ? PACKAGES[layer]?.includes(specifier) : allowed.has(sdkLayerOf(file));
      return legal ? [] : [`${path} imports ${specifier}`];
    });
  });
  expect(upward).toEqual([]);
});

test('imports inside the sdk are written with the .js ending that browsers need', () => {
  const bare = listFiles(['sdk/src', 'signaling/src', 'demo-game/src'], ['.ts']).flatMap((path) =>
    importsOf(path)
      .filter(({ specifier, file }) => file !== undefined && !specifier.endsWith('.js'))
      .map(({ specifier }) => `${path} imports ${specifier}`),
  );
  expect(bare).toEqual([]);
});

test('the index of the sdk only re-exports', () => {
  const importing = importsOf('sdk/src/index.ts').map(({ file }) => file);
  expect(importing).not.toContain(undefined);
});

test('the lobby server takes from the sdk nothing but the protocol', () => {
  const allowed = /^(?:\.{1,2}\/|node:|rollmesh\/lobby-protocol$|ws$)/;
  const foreign = listFiles(['signaling/src'], ['.ts']).flatMap((path) =>
    importsOf(path)
      .filter(
        ({ specifier, file }) =>
          !allowed.test(specifier) || (file !== undefined && !file.startsWith('signaling/src/')),
      )
      .map(({ specifier }) => `${path} imports ${specifier}`),
  );
  expect(foreign).toEqual([]);
});

test('the simulation of the demo imports neither Phaser nor the network', () => {
  const files = listFiles(['demo-game/src/game'], ['.ts']);
  const allowed = new Set(['rollmesh', 'rollmesh/session', 'rollmesh/state', 'rollmesh/math']);
  const foreign = files.flatMap((path) =>
    importsOf(path)
      .filter(({ specifier, file }) =>
        file === undefined ? !allowed.has(specifier) : !file.startsWith('demo-game/src/game/'),
      )
      .map(({ specifier }) => `${path} imports ${specifier}`),
  );
  expect(foreign).toEqual([]);
  expect(files.length).toBeGreaterThan(0);
});

/** The first cycle reachable in `graph`, as a path, or undefined. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (node: string): string[] | undefined => {
    if (done.has(node)) return undefined;
    const seenAt = trail.indexOf(node);
    if (seenAt >= 0) return [...trail.slice(seenAt), node];
    trail.push(node);
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next);
      if (cycle !== undefined) return cycle;
    }
    trail.pop();
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const cycle = visit(node);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

test('a cycle is found where there is one', () => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', []],
    ['d', ['b']],
  ]);
  expect(findCycle(graph)).toEqual(['b', 'd', 'b']);
});

test.each(['sdk/src', 'signaling/src', 'demo-game/src'])('%s has no import cycles', (folder) => {
  const files = listFiles([folder], ['.ts']);
  const graph = new Map(
    files.map((path) => [path, importsOf(path).flatMap(({ file }) => (file === undefined ? [] : [file]))]),
  );
  expect(findCycle(graph)).toBeUndefined();
});
