/** The configuration of a lobby server: as an object for those who embed it, as flags and variables for the command line. */
import { parseArgs } from 'node:util';
import { LOBBY_LIMITS } from 'rollmesh/lobby-protocol';
import { DEFAULT_LIMITS, type ServerLimits } from './limits.js';
import { isOriginRule } from './origins.js';

/** What {@link startLobbyServer} takes. Everything has a default. */
export interface LobbyServerConfig {
  /** Address to listen on. Default `127.0.0.1`: only this machine. `0.0.0.0` or `::` for everybody. */
  readonly host?: string;
  /** Port, 0 to 65535; 0 takes a free one. Default 9000. */
  readonly port?: number;
  /**
   * Origins (`https://game.example`) of pages that may connect, besides the server's own. `null` for files and
   * sandboxed frames, `*` for everybody. Default: none listed, which allows the server's own host on any port and loopback.
   */
  readonly origins?: readonly string[];
  /** Folder whose files are served beside the lobby. Read at the start. Default: none. */
  readonly staticDir?: string;
  /** Trusted reverse proxies in front of the server, 0 to 8: how far from the right in `X-Forwarded-For` the client stands. Default 0. */
  readonly proxyHops?: number;
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<ServerLimits>;
  /** Gets a line of text for what an operator should know. Default: nothing is logged. Never holds secrets or addresses. */
  readonly log?: (line: string) => void;
}

/** A configuration with every default filled in. */
export interface ResolvedConfig {
  readonly host: string;
  readonly port: number;
  readonly origins: readonly string[];
  readonly staticDir: string | undefined;
  readonly proxyHops: number;
  readonly limits: ServerLimits;
  readonly log: (line: string) => void;
}

/** The configuration cannot be used; the message says which part and what it should be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const DEFAULT_PORT = 9000;
const PROXY_HOPS_MAX = 8;

function requireConfig(condition: boolean, message: string): void {
  if (!condition) throw new ConfigError(message);
}

function isInteger(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}

/** All limits are numbers, some of them in groups; only a refill of 0 makes no sense, since nobody could say how long to wait. */
function checkLimits(limits: object, path = 'limits'): void {
  for (const [key, value] of Object.entries<unknown>({ ...limits })) {
    const name = `${path}.${key}`;
    if (typeof value === 'object' && value !== null) {
      checkLimits(value, name);
      continue;
    }
    const isUsable = typeof value === 'number' && value >= 0 && !(value === 0 && key === 'perSecond');
    requireConfig(isUsable, `${name} is ${String(value)}; it must be a positive number.`);
  }
}

/**
 * Fills in the defaults.
 * @throws {ConfigError} for a value out of range.
 */
export function resolveConfig(config: LobbyServerConfig): ResolvedConfig {
  const { host = '127.0.0.1', port = DEFAULT_PORT, origins = [], staticDir, proxyHops = 0 } = config;
  requireConfig(host !== '', 'host is empty; give an address such as 127.0.0.1 or 0.0.0.0.');
  requireConfig(isInteger(port, 65_535), `port is ${port}; it must be an integer from 0 to 65535.`);
  requireConfig(
    isInteger(proxyHops, PROXY_HOPS_MAX),
    `proxyHops is ${proxyHops}; it must be an integer from 0 to ${PROXY_HOPS_MAX}.`,
  );
  for (const origin of origins)
    requireConfig(
      isOriginRule(origin),
      `origins has ${JSON.stringify(origin)}; write scheme://host or scheme://host:port without a path, null, or *.`,
    );
  const limits = { ...DEFAULT_LIMITS, ...config.limits };
  checkLimits(limits);
  requireConfig(
    limits.byteRate.burst >= LOBBY_LIMITS.clientMessageBytesMax,
    `limits.byteRate.burst is ${limits.byteRate.burst}; one message may have ${LOBBY_LIMITS.clientMessageBytesMax} bytes.`,
  );
  return { host, port, origins, staticDir, proxyHops, limits, log: config.log ?? (() => {}) };
}

/** What a command line asks for. */
export type CommandLine =
  | { readonly kind: 'run'; readonly config: LobbyServerConfig }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'mistake'; readonly message: string };

/** The text of `--help`. */
export const HELP = `rollmesh-lobby: introduces the players of a game to each other, and serves the game's files

Usage: rollmesh-lobby [options]

  --host ADDRESS     address to listen on (default 127.0.0.1: this machine only; 0.0.0.0: everybody)
  --port PORT        port to listen on, 0 for any free one (default ${DEFAULT_PORT})
  --origins A,B      origins of pages that may connect besides the server's own, e.g. https://game.example;
                     null for files, * for everybody (default: this host and loopback)
  --static FOLDER    serve the files of this folder too
  --proxy-hops N     trusted reverse proxies in front, which set X-Forwarded-For (default 0)
  --help             show this text
  --version          show the version

Each option may also be set in the environment: ROLLMESH_HOST, ROLLMESH_PORT, ROLLMESH_ORIGINS, ROLLMESH_STATIC,
ROLLMESH_PROXY_HOPS. A flag goes before its variable.
`;

const OPTIONS = {
  host: { type: 'string' },
  port: { type: 'string' },
  origins: { type: 'string' },
  static: { type: 'string' },
  'proxy-hops': { type: 'string' },
  help: { type: 'boolean' },
  version: { type: 'boolean' },
} as const;

function readNumber(name: string, text: string): number {
  requireConfig(/^\d{1,6}$/.test(text), `${name} is "${text}"; it must be a whole number.`);
  return Number(text);
}

function readConfig(
  values: Readonly<Record<string, string | boolean | undefined>>,
  env: NodeJS.ProcessEnv,
): LobbyServerConfig {
  const read = (flag: string): { readonly name: string; readonly text: string } | undefined => {
    const variable = `ROLLMESH_${flag.toUpperCase().replace('-', '_')}`;
    const given = values[flag];
    if (typeof given === 'string') return { name: `--${flag}`, text: given };
    const text = env[variable];
    return text === undefined || text === '' ? undefined : { name: variable, text };
  };
  const host = read('host');
  const port = read('port');
  const origins = read('origins');
  const staticDir = read('static');
  const hops = read('proxy-hops');
  const config: LobbyServerConfig = {
    ...(host && { host: host.text }),
    ...(port && { port: readNumber(port.name, port.text) }),
    ...(origins && {
      origins: origins.text
        .split(',')
        .map((origin) => origin.trim())
        .filter(Boolean),
    }),
    ...(staticDir && { staticDir: staticDir.text }),
    ...(hops && { proxyHops: readNumber(hops.name, hops.text) }),
  };
  resolveConfig(config);
  return config;
}

/** Reads flags and variables. Never throws: a mistake comes back as a message. */
export function parseCommandLine(args: readonly string[], env: NodeJS.ProcessEnv): CommandLine {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: OPTIONS,
      strict: true,
      allowPositionals: false,
    });
    if (values.help === true) return { kind: 'help' };
    if (values.version === true) return { kind: 'version' };
    return { kind: 'run', config: readConfig(values, env) };
  } catch (error) {
    return { kind: 'mistake', message: error instanceof Error ? error.message : String(error) };
  }
}
