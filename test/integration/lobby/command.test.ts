/** The command `rollmesh-lobby`, as a process of its own, from the bundle that is shipped. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { get } from './http-get.js';
import { RawClient } from './raw-client.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const build = `${root}.cache/test-lobby-command`;
const command = `${build}/dist/main.js`;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  const { bundleLobbyServer } = (await import(`${root}scripts/bundle.mjs`)) as {
    bundleLobbyServer(folder: string): Promise<unknown>;
  };
  await bundleLobbyServer(`${build}/dist`);
  cpSync(`${root}signaling/package.json`, `${build}/package.json`);
});

afterAll(async () => {
  for (const child of running) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(build, { recursive: true });
});

/** Starts the command; its first line of output. */
async function run(args: readonly string[]): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const [chunk] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return { child, line: String(chunk) };
}

function runOnce(args: readonly string[], env: NodeJS.ProcessEnv = {}): ReturnType<typeof spawnSync> {
  return spawnSync(process.execPath, [command, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
}

test('--help names every flag and --version the version', () => {
  const help = runOnce(['--help']);
  expect(help.status).toBe(0);
  for (const flag of ['--host', '--port', '--origins', '--static', '--proxy-hops', '--help', '--version'])
    expect(help.stdout).toContain(flag);
  const { version } = JSON.parse(readFileSync(`${root}signaling/package.json`, 'utf8')) as {
    version: string;
  };
  expect(runOnce(['--version'])).toMatchObject({ status: 0, stdout: `${version}\n` });
});

test('a mistake in the flags or variables is named, with exit code 2', () => {
  for (const [args, env, message] of [
    [['--colour'], {}, '--colour'],
    [['--port', '99999'], {}, 'port is 99999'],
    [['lobby'], {}, 'lobby'],
    [[], { ROLLMESH_PORT: 'x' }, 'ROLLMESH_PORT is "x"'],
  ] as const) {
    const result = runOnce(args, env);
    expect(result).toMatchObject({ status: 2, stdout: '' });
    expect(result.stderr).toContain(message);
  }
});

test('it serves lobby and files on one port, and SIGTERM ends it with 1012 and exit code 0', async () => {
  const { child, line } = await run(['--port', '0', '--static', `${root}examples`]);
  const url = /ws:\/\/127\.0\.0\.1:(\d+)\/lobby/.exec(line);
  const client = await RawClient.enter(url?.[0] ?? '');
  await client.createRoom();
  expect((await get(Number(url?.[1]), '/first-game.html')).status).toBe(200);
  const taken = runOnce(['--port', url?.[1] ?? '']);
  expect(taken.status).toBe(1);
  expect(taken.stderr).toContain('Choose another port');
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await client.closed).toMatchObject({ code: 1012 });
  expect(await exit).toEqual([0, null]);
});
