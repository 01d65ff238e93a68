/**
 * Finds a Chromium for the browser tests. Uses only Node's own modules, so that it also runs before `npm ci`.
 *
 * Order: BROWSER_PATH, an installed Chrome, Chromium or Edge, Playwright's cache, the browser inside the npm
 * package `@sparticuz/chromium` (Linux x64). What the user installed goes first: it is the browser players have.
 */
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Shown when nothing was found. */
export const NO_BROWSER_MESSAGE = `No Chromium was found for the browser tests. Any one of these is enough:
  - install Chrome, Chromium or Edge (Debian, Ubuntu: apt install chromium)
  - npx playwright-core install --only-shell chromium
  - BROWSER_PATH=/path/to/chrome npm test
Without a browser: npm run test:unit`;

/** Flags every launch needs: root and the npm build have no sandbox; the rest keeps the browser off the network. */
export const BROWSER_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Local candidates as plain addresses: a machine without multicast DNS cannot resolve the hidden ones.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function fromEnvironment() {
  const path = process.env.BROWSER_PATH;
  if (!path) return undefined;
  if (!isExecutable(path))
    throw new Error(`BROWSER_PATH is ${path}, but there is no program there. Unset or correct it.`);
  return path;
}

function installedCandidates() {
  if (process.platform === 'darwin') {
    const bundles = [
      'Google Chrome.app/Contents/MacOS/Google Chrome',
      'Chromium.app/Contents/MacOS/Chromium',
      'Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
    ];
    return ['/Applications', join(homedir(), 'Applications')].flatMap((folder) =>
      bundles.map((name) => join(folder, name)),
    );
  }
  if (process.platform === 'win32') {
    const folders = [
      process.env.PROGRAMFILES,
      process.env['PROGRAMFILES(X86)'],
      process.env.LOCALAPPDATA,
    ].filter(Boolean);
    const programs = [
      'Google\\Chrome\\Application\\chrome.exe',
      'Chromium\\Application\\chrome.exe',
      'Microsoft\\Edge\\Application\\msedge.exe',
    ];
    return folders.flatMap((folder) => programs.map((name) => join(folder, name)));
  }
  const names = [
    'google-chrome-stable',
    'google-chrome',
    'chromium',
    'chromium-browser',
    'microsoft-edge-stable',
    'microsoft-edge',
  ];
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter).filter(Boolean),
    '/usr/bin',
    '/usr/local/bin',
    '/snap/bin',
    '/opt/google/chrome',
  ];
  return names.flatMap((name) => folders.map((folder) => join(folder, name)));
}

function playwrightCacheFolder() {
  const custom = process.env.PLAYWRIGHT_BROWSERS_PATH;
  if (custom && custom !== '0') return custom;
  if (process.platform === 'darwin') return join(homedir(), 'Library/Caches/ms-playwright');
  if (process.platform === 'win32') return join(process.env.LOCALAPPDATA ?? homedir(), 'ms-playwright');
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ms-playwright');
}

/** The newest Chromium in Playwright's cache, whatever the folder of its platform is called. */
function fromPlaywrightCache() {
  const cache = playwrightCacheFolder();
  if (!existsSync(cache)) return undefined;
  const revision = (name) => Number(/-(\d+)$/.exec(name)?.[1]);
  const builds = readdirSync(cache).filter((name) => /^chromium(_headless_shell)?-\d+$/.test(name));
  const programs = [
    'chrome-headless-shell',
    'headless_shell',
    'chrome',
    'chrome-headless-shell.exe',
    'headless_shell.exe',
    'chrome.exe',
    'Chromium.app/Contents/MacOS/Chromium',
    'Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
  ];
  for (const build of builds.sort((a, b) => revision(b) - revision(a)))
    for (const platform of readdirSync(join(cache, build)))
      for (const program of programs) {
        const path = join(cache, build, platform, program);
        if (isExecutable(path)) return path;
      }
  return undefined;
}

/**
 * Unpacks the npm browser once. The package loads its bundled NSS libraries only if it believes it is on AWS, and
 * it unpacks into the temporary folder: both are set for a child process only, so nothing leaks into ours.
 */
function fromNpm() {
  const manifest = join(root, 'node_modules/@sparticuz/chromium/package.json');
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync(manifest)) return undefined;
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  const folder = join(root, 'node_modules/.cache', `test-chromium-${version}`);
  if (!existsSync(folder)) {
    // Unpacked beside and renamed: an interrupted or a second, simultaneous run never leaves half a browser.
    const staging = `${folder}.${process.pid}`;
    mkdirSync(staging, { recursive: true });
    const code =
      "const { default: chromium } = await import('@sparticuz/chromium'); await chromium.executablePath();";
    const { status } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
      cwd: root,
      env: { ...process.env, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x', TMPDIR: staging },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (status === 0 && !existsSync(folder)) {
      // Its font settings name /tmp/fonts: without this, a machine without fonts of its own draws no text.
      const fontSettings = join(staging, 'fonts/fonts.conf');
      const settings = readFileSync(fontSettings, 'utf8');
      writeFileSync(fontSettings, settings.replaceAll('/tmp/fonts', join(folder, 'fonts')));
      renameSync(staging, folder);
    } else rmSync(staging, { recursive: true, force: true });
  }
  const executablePath = join(folder, 'chromium');
  if (!isExecutable(executablePath)) return undefined;
  const libraries = [join(folder, 'al2023/lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { executablePath, env: { LD_LIBRARY_PATH: libraries, FONTCONFIG_PATH: join(folder, 'fonts') } };
}

/**
 * The browser to test with. Launch it with `env` added to the environment and {@link BROWSER_ARGS}:
 * `chromium.launch({ executablePath, args: BROWSER_ARGS, env: { ...process.env, ...env } })`.
 * @returns undefined if there is none
 * @throws {Error} if BROWSER_PATH names nothing that can be run
 */
export function findBrowser() {
  const named = fromEnvironment();
  if (named) return { executablePath: named, env: {}, source: 'BROWSER_PATH' };
  const installed = installedCandidates().find(isExecutable);
  if (installed) return { executablePath: installed, env: {}, source: 'installed' };
  const cached = fromPlaywrightCache();
  if (cached) return { executablePath: cached, env: {}, source: 'playwright-cache' };
  const packaged = fromNpm();
  return packaged && { ...packaged, source: 'npm' };
}

/**
 * As {@link findBrowser}, for callers that cannot go on without one.
 * @throws {Error} with {@link NO_BROWSER_MESSAGE}
 */
export function requireBrowser() {
  const browser = findBrowser();
  if (!browser) throw new Error(NO_BROWSER_MESSAGE);
  return browser;
}
