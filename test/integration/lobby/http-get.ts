/** HTTP by hand: requests that no well-behaved client would send, byte by byte. */
import { connect, type Socket } from 'node:net';

/** An answer, headers in lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Writes raw bytes to a port and returns all that comes back until the server closes. */
export async function rawExchange(port: number, request: string | Buffer): Promise<Buffer> {
  const socket: Socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.write(request);
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks);
}

/** Reads one HTTP answer; status 0 if there was none. */
export function parseAnswer(bytes: Buffer): Answer {
  const end = bytes.indexOf('\r\n\r\n');
  const [first = '', ...lines] = bytes.subarray(0, Math.max(0, end)).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  return { status: Number(first.split(' ')[1] ?? 0), headers, body: bytes.subarray(end + 4) };
}

/** GET with the path exactly as written, which `fetch` would tidy up. */
export async function get(port: number, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return request(port, { path, headers });
}

/** A request with method, path and headers exactly as written. */
export async function request(
  port: number,
  what: { method?: string; path: string; headers?: Record<string, string> },
): Promise<Answer> {
  const { method = 'GET', path, headers = {} } = what;
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: close',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return parseAnswer(await rawExchange(port, Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')));
}
