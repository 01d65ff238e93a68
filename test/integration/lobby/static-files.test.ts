/** The files that the lobby server serves beside the lobby, and the headers they come with. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type LobbyServer, startLobbyServer } from 'rollmesh-lobby';
import { get, request } from './http-get.js';

const folder = mkdtempSync(join(tmpdir(), 'rollmesh-static-'));
const inline = "\nconsole.log('inline');\n";
const page = `<!doctype html><script src="app.js"></script><script type="module">${inline}</script>`;
const script = `export const text = '${'x'.repeat(3_000)}';\n`;
let server: LobbyServer;

beforeAll(async () => {
  const site = join(folder, 'site');
  mkdirSync(join(site, 'examples'), { recursive: true });
  mkdirSync(join(site, '.git'));
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  writeFileSync(join(site, '.env'), 'secret');
  writeFileSync(join(site, '.git/config'), 'secret');
  writeFileSync(join(site, 'index.html'), page);
  writeFileSync(join(site, 'app.js'), script);
  writeFileSync(join(site, 'examples/index.html'), '<p>examples</p>');
  writeFileSync(join(site, 'examples/größe 1.txt'), 'umlaut');
  writeFileSync(join(site, 'blob.bin'), Buffer.from([0, 1, 2]));
  symlinkSync(join(folder, 'secret.txt'), join(site, 'link.txt'));
  server = await startLobbyServer({ port: 0, staticDir: site });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

test.each([
  ['/', 200, 'text/html; charset=utf-8'],
  ['/index.html', 200, 'text/html; charset=utf-8'],
  ['/?room=ABCD-EFGH&name=x', 200, 'text/html; charset=utf-8'],
  ['/app.js', 200, 'text/javascript; charset=utf-8'],
  ['/examples/', 200, 'text/html; charset=utf-8'],
  ['/examples/gr%C3%B6%C3%9Fe%201.txt', 200, 'text/plain; charset=utf-8'],
  ['/blob.bin', 200, 'application/octet-stream'],
  ['/none.js', 404, 'text/plain; charset=utf-8'],
  ['/examples', 404, 'text/plain; charset=utf-8'],
  ['/healthz', 200, 'text/plain; charset=utf-8'],
  ['/lobby', 426, 'text/plain; charset=utf-8'],
])('GET %s is %d %s, with the security headers', async (path, status, type) => {
  const answer = await get(server.port, path);
  expect(answer.status).toBe(status);
  expect(answer.headers).toMatchObject({
    'content-type': type,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
  const policy = answer.headers['content-security-policy'] ?? '';
  for (const part of [
    "default-src 'self'",
    "worker-src 'self' blob:",
    "connect-src 'self' ws: wss:",
    "img-src 'self' data: blob:",
    "media-src 'self' data: blob:",
    "style-src 'self' 'unsafe-inline'",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
  ])
    expect(policy.split('; ')).toContain(part);
  expect(policy).not.toMatch(/script-src[^;]*unsafe/);
});

test('a page may run the inline scripts it was written with, and no others', async () => {
  const hash = createHash('sha256').update(inline).digest('base64');
  const { headers } = await get(server.port, '/');
  expect(headers['content-security-policy']).toContain(`script-src 'self' 'sha256-${hash}'; `);
  const other = await get(server.port, '/examples/');
  expect(other.headers['content-security-policy']).toContain("script-src 'self'; ");
});

test('a file comes compressed to those who take it, and not at all to those who have it', async () => {
  const plain = await get(server.port, '/app.js');
  expect(plain.body.toString()).toBe(script);
  expect(plain.headers['vary']).toBe('Accept-Encoding');
  const zipped = await get(server.port, '/app.js', { 'Accept-Encoding': 'br, gzip' });
  expect(zipped.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(zipped.body).toString()).toBe(script);
  const refused = await get(server.port, '/app.js', { 'Accept-Encoding': 'gzip;q=0' });
  expect(refused.headers['content-encoding']).toBeUndefined();
  const again = await get(server.port, '/app.js', { 'If-None-Match': plain.headers['etag'] ?? '' });
  expect([again.status, again.body.length]).toEqual([304, 0]);
  expect(zipped.headers['etag']).not.toBe(plain.headers['etag']);
});

test('HEAD has the headers of GET and no body; other methods are refused', async () => {
  const head = await request(server.port, { method: 'HEAD', path: '/app.js' });
  expect([head.status, head.headers['content-length'], head.body.length]).toEqual([
    200,
    `${script.length}`,
    0,
  ]);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const answer = await request(server.port, { method, path: '/app.js' });
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD']);
  }
});

const STRANGE_PATHS = [
  '/../secret.txt',
  '/..%2fsecret.txt',
  '/..%2f..%2f..%2f..%2f..%2fetc/passwd',
  '/%2e%2e/secret.txt',
  '/%2e%2e%2fsecret.txt',
  '/..%5csecret.txt',
  '/examples/../../secret.txt',
  '/examples/..%00/../secret.txt',
  '/app.js%00',
  '/app.js%00.html',
  '//secret.txt',
  '//app.js',
  '/./app.js',
  '/.env',
  '/%2eenv',
  '/.git/config',
  '/link.txt',
  '/%',
  '/%ff%fe',
  '/%c0%ae%c0%ae/secret.txt',
  '/__proto__',
  '/constructor',
  '/app.js/',
  '//evil.example/%2f..',
  `/${'a'.repeat(10_000)}`,
];

test.each(STRANGE_PATHS.map((path) => [path.slice(0, 40), path]))(
  'GET %s finds nothing',
  async (_name, path) => {
    const answer = await get(server.port, path);
    expect(answer.status).toBe(404);
    expect(answer.headers['location']).toBeUndefined();
    expect(answer.body.toString()).toBe('Not found.');
  },
);

test.each(['bytes=2-1', 'bytes=0-0', 'bytes=-5', 'bytes=99999999999-', 'bytes=a-b', 'x'])(
  'Range: %s is ignored, and the server lives',
  async (range) => {
    const answer = await get(server.port, '/app.js', { Range: range });
    expect([answer.status, answer.body.length]).toEqual([200, script.length]);
  },
);

test('a file that vanished after the start is still served', async () => {
  rmSync(join(folder, 'site/blob.bin'));
  expect((await get(server.port, '/blob.bin')).body).toEqual(Buffer.from([0, 1, 2]));
});

test('a folder that does not exist is an error at the start', async () => {
  await expect(startLobbyServer({ port: 0, staticDir: join(folder, 'none') })).rejects.toThrow('ENOENT');
});
