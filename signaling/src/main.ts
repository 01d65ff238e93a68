#!/usr/bin/env node
/** The command `rollmesh-lobby`. */
import { readFileSync } from 'node:fs';
import { HELP, parseCommandLine } from './config.js';
import { type LobbyServerConfig, startLobbyServer } from './index.js';

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

function fail(message: string, exitCode: number): void {
  process.stderr.write(`rollmesh-lobby: ${message}\n`);
  process.exitCode = exitCode;
}

async function run(config: LobbyServerConfig): Promise<void> {
  try {
    const server = await startLobbyServer({ ...config, log: (line) => process.stderr.write(`${line}\n`) });
    process.stdout.write(`Lobby server on ${server.url}\n`);
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => {
        void server.close().then(() => process.exit(0));
      });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    fail(isTaken ? `${reason}. Choose another port with --port.` : reason, 1);
  }
}

const commandLine = parseCommandLine(process.argv.slice(2), process.env);
if (commandLine.kind === 'help') process.stdout.write(HELP);
else if (commandLine.kind === 'version') process.stdout.write(`${readVersion()}\n`);
else if (commandLine.kind === 'mistake') fail(`${commandLine.message}\nTry --help.`, 2);
else await run(commandLine.config);
