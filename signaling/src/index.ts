/** The lobby server, for embedding in a program of one's own. `rollmesh-lobby` is the same as a command. */
import { type LobbyServerConfig, resolveConfig } from './config.js';
import { type LobbyServer, startServer } from './server.js';

export type { LobbyServerConfig } from './config.js';
export { ConfigError } from './config.js';
export type { Rate, RateClass, ServerLimits } from './limits.js';
export { DEFAULT_LIMITS } from './limits.js';
export type { LobbyServer } from './server.js';

/**
 * Starts a lobby server and resolves once it listens.
 * @throws {ConfigError} for a configuration out of range; else the system's error, e.g. with code `EADDRINUSE`.
 */
export async function startLobbyServer(config: LobbyServerConfig = {}): Promise<LobbyServer> {
  return startServer(resolveConfig(config));
}
