/** The bundles of Rollmesh, shared by `npm run build`, `npm start` and the tests that load built files. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The repository. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const common = {
  absWorkingDir: ROOT,
  bundle: true,
  format: 'esm',
  logLevel: 'warning',
  // The sources, not what an earlier build left in dist/.
  alias: {
    'rollmesh/lobby-protocol': `${ROOT}sdk/src/lobby/lobby-protocol.ts`,
    'rollmesh/session': `${ROOT}sdk/src/session/index.ts`,
    'rollmesh/state': `${ROOT}sdk/src/state/index.ts`,
    'rollmesh/math': `${ROOT}sdk/src/state/math.ts`,
    'rollmesh/simulator': `${ROOT}sdk/src/simulator/index.ts`,
    'rollmesh/signing': `${ROOT}sdk/src/signing/index.ts`,
    rollmesh: `${ROOT}sdk/src/index.ts`,
  },
  tsconfigRaw: '{}',
};

/**
 * One entry and all it imports as one module for Node, with the text of some sources replaced on the way.
 * @param sources { filter, read } : `read(path)` gives the text of a file whose path matches, or undefined for what it is
 * @param banner a line before everything
 */
export function bundleReplaced(entry, outfile, { sources, banner, external = [] }) {
  const replace = {
    name: 'replace',
    setup(api) {
      api.onLoad({ filter: sources.filter }, ({ path }) => {
        const contents = sources.read(path);
        return contents === undefined ? undefined : { contents, loader: 'ts' };
      });
    },
  };
  return build({
    ...common,
    entryPoints: [entry],
    outfile,
    platform: 'node',
    external,
    banner: { js: banner },
    plugins: [replace],
  });
}

/** The entry points of `rollmesh` as package.json exports them. Shared code lands in chunks/, so nothing is loaded twice. */
export const SDK_ENTRIES = {
  index: 'sdk/src/index.ts',
  'session/index': 'sdk/src/session/index.ts',
  'state/index': 'sdk/src/state/index.ts',
  'state/math': 'sdk/src/state/math.ts',
  'simulator/index': 'sdk/src/simulator/index.ts',
  'signing/index': 'sdk/src/signing/index.ts',
  'lobby/lobby-protocol': 'sdk/src/lobby/lobby-protocol.ts',
};

/** `rollmesh` as ES modules. PeerJS stays an import: the user's bundler may share it. */
export function bundleSdk(outdir) {
  return build({
    ...common,
    entryPoints: SDK_ENTRIES,
    outdir,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    platform: 'browser',
    target: 'es2022',
    external: ['peerjs'],
    sourcemap: true,
  });
}

/** Everything in one file for a script tag: the global `Rollmesh`. */
export function bundleGlobal(outfile) {
  return build({
    ...common,
    entryPoints: [SDK_ENTRIES.index],
    outfile,
    format: 'iife',
    globalName: 'Rollmesh',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
  });
}

/** The lobby server, for embedding (index.js) and for the command line (main.js, with the #! line of its source). */
export function bundleLobbyServer(outdir) {
  return build({
    ...common,
    entryPoints: { index: 'signaling/src/index.ts', main: 'signaling/src/main.ts' },
    outdir,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    platform: 'node',
    target: 'node20',
    external: ['ws'],
    sourcemap: true,
  });
}

/**
 * A module given as source, minified in memory: for measuring what a player downloads.
 * @returns its bytes, and how many of them each source file brings, the largest first
 */
export async function bundleMinified(source, external = []) {
  const { outputFiles, metafile } = await build({
    ...common,
    stdin: { contents: source, resolveDir: ROOT, loader: 'ts' },
    platform: 'browser',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    external,
    metafile: true,
    write: false,
  });
  const [output] = Object.values(metafile.outputs);
  const parts = Object.entries(output.inputs).map(([path, { bytesInOutput }]) => ({
    path,
    bytes: bytesInOutput,
  }));
  return { text: outputFiles[0].contents, parts: parts.sort((a, b) => b.bytes - a.bytes) };
}
