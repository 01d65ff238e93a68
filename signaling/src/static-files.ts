/**
 * Serves the files of one folder, read into memory at the start. A request is a look-up in a table of what was there:
 * no path of a request ever reaches the file system, so there is nothing to traverse, no file to vanish half-way, and
 * no error to crash on. Restart the server after the files change.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.mjs', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.json', 'application/json; charset=utf-8'],
  ['.map', 'application/json; charset=utf-8'],
  ['.txt', 'text/plain; charset=utf-8'],
  ['.md', 'text/plain; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.wasm', 'application/wasm'],
  ['.webmanifest', 'application/manifest+json'],
  ['.png', 'image/png'],
  ['.jpg', 'image/jpeg'],
  ['.webp', 'image/webp'],
  ['.ico', 'image/x-icon'],
  ['.woff2', 'font/woff2'],
  ['.mp3', 'audio/mpeg'],
  ['.ogg', 'audio/ogg'],
  ['.wav', 'audio/wav'],
  ['.mp4', 'video/mp4'],
]);
const COMPRESSIBLE = /^text\/|json|svg|wasm|manifest/;
/** Smaller files gain nothing from gzip. */
const GZIP_BYTES_MIN = 1_024;
/** All files of the folder together; more belongs on a web server of its own. */
const FOLDER_BYTES_MAX = 256 * 1_048_576;

interface StaticFile {
  readonly type: string;
  readonly body: Buffer;
  readonly gzipped: Buffer | undefined;
  readonly etag: string;
  readonly policy: string;
}

/** Files by their path, which begins with a slash. */
export type StaticFiles = ReadonlyMap<string, StaticFile>;

/** Headers of every answer, pages and errors alike. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': contentSecurityPolicy([]),
};

/** Scripts of our own origin, and inline scripts only by their hash: what was in the file at the start may run, what was injected may not. */
function contentSecurityPolicy(scriptHashes: readonly string[]): string {
  return [
    "default-src 'self'",
    ["script-src 'self'", ...scriptHashes.map((hash) => `'sha256-${hash}'`)].join(' '),
    "worker-src 'self' blob:",
    "connect-src 'self' ws: wss:",
    "img-src 'self' data: blob:",
    "media-src 'self' data: blob:",
    "style-src 'self' 'unsafe-inline'",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
  ].join('; ');
}

/** Hashes of a page's inline scripts, of the text as the browser's parser sees it. */
function inlineScriptHashes(html: string): string[] {
  const scripts = html.replace(/\r\n?/g, '\n').matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script\s*>/gi);
  return [...scripts].flatMap(([, attributes = '', source = '']) =>
    /\bsrc\s*=/i.test(attributes) ? [] : [createHash('sha256').update(source).digest('base64')],
  );
}

async function toStaticFile(path: string): Promise<StaticFile> {
  const body = await readFile(path);
  const type = TYPES.get(extname(path).toLowerCase()) ?? 'application/octet-stream';
  const isWorthIt = body.length >= GZIP_BYTES_MIN && COMPRESSIBLE.test(type);
  return {
    type,
    body,
    gzipped: isWorthIt ? await promisify(gzip)(body) : undefined,
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`,
    policy: contentSecurityPolicy(type.startsWith('text/html') ? inlineScriptHashes(body.toString()) : []),
  };
}

/**
 * Reads a folder with all that is in it, but for dotfiles and symbolic links.
 * @throws {Error} if the folder cannot be read or is larger than 256 MiB.
 */
export async function readStaticFiles(folder: string): Promise<StaticFiles> {
  const files = new Map<string, StaticFile>();
  let bytes = 0;
  const visit = async (directory: string, prefix: string): Promise<void> => {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const path = join(directory, entry.name);
      if (entry.isDirectory()) await visit(path, `${prefix}${entry.name}/`);
      if (!entry.isFile()) continue;
      const file = await toStaticFile(path);
      bytes += file.body.length;
      if (bytes > FOLDER_BYTES_MAX)
        throw new Error(
          `The files in ${folder} have more than ${FOLDER_BYTES_MAX / 1_048_576} MiB. Serve them with a web server.`,
        );
      files.set(`${prefix}${entry.name}`, file);
    }
  };
  await visit(folder, '/');
  return files;
}

function acceptsGzip(request: IncomingMessage): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(String(request.headers['accept-encoding'] ?? ''));
}

/** The path a URL asks for, decoded; `undefined` if it cannot be one. */
function decodePath(url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.split(/[?#]/, 1)[0] ?? '');
    return path.endsWith('/') ? `${path}index.html` : path;
  } catch {
    return undefined;
  }
}

/** Answers a GET or HEAD from the table; false if it is not in it. */
export function serveStatic(files: StaticFiles, request: IncomingMessage, response: ServerResponse): boolean {
  const path = decodePath(request.url ?? '');
  const file = path === undefined ? undefined : files.get(path);
  if (file === undefined) return false;
  const isZipped = file.gzipped !== undefined && acceptsGzip(request);
  const etag = isZipped ? file.etag.replace(/"$/, '-gz"') : file.etag;
  response.setHeader('Content-Security-Policy', file.policy);
  response.setHeader('ETag', etag);
  response.setHeader('Cache-Control', 'no-cache');
  if (file.gzipped !== undefined) response.setHeader('Vary', 'Accept-Encoding');
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return true;
  }
  const body = isZipped && file.gzipped !== undefined ? file.gzipped : file.body;
  response.writeHead(200, {
    'Content-Type': file.type,
    'Content-Length': body.length,
    ...(isZipped ? { 'Content-Encoding': 'gzip' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  return true;
}
