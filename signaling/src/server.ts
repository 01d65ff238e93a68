/** The HTTP side of a lobby server: one port for WebSocket upgrades, the health check and static files. */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { LOBBY_LIMITS, LOBBY_PATH, LOBBY_SUBPROTOCOL } from 'rollmesh/lobby-protocol';
import { type ServerOptions, WebSocketServer } from 'ws';
import { clientAddress } from './addresses.js';
import type { ResolvedConfig } from './config.js';
import { isOriginAllowed } from './origins.js';
import { type Refusal, Sockets } from './sockets.js';
import { readStaticFiles, SECURITY_HEADERS, type StaticFiles, serveStatic } from './static-files.js';

/** A subprotocol of ours, of whatever version: the hello tells an old or new client what is wrong, HTTP could not. */
const ANY_SUBPROTOCOL = /^rollmesh\.\d{1,6}$/;
/** Longest HTTP headers in bytes, and how long an idle connection is kept for another request. */
const HEADER_BYTES_MAX = 16_384;
const KEEP_ALIVE_MS = 5_000;

/** A lobby server that listens. */
export interface LobbyServer {
  /** Where clients on this machine connect: `ws://127.0.0.1:9000/lobby`. */
  readonly url: string;
  /** The port it listens on; of interest when the configuration said 0. */
  readonly port: number;
  /** Stops: closes every socket with 1012, so that clients come back to whoever listens next, and frees the port. */
  close(): Promise<void>;
}

function refuseUpgrade(socket: Duplex, { status, text }: Refusal): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
}

function offeredProtocols(request: IncomingMessage): string[] {
  return String(request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((protocol) => protocol.trim());
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}

/** What is wrong with an upgrade, looking only at the request. */
function judgeUpgrade(request: IncomingMessage, origins: readonly string[]): Refusal | undefined {
  const { headers } = request;
  if (pathOf(request) !== LOBBY_PATH) return { status: 404, text: `The lobby is at ${LOBBY_PATH}.` };
  // ws would take the draft version 8 too, whose origin is in another header.
  if (headers['sec-websocket-version'] !== '13')
    return { status: 400, text: 'The lobby speaks WebSocket version 13.' };
  if (!isOriginAllowed(headers.origin, headers.host, origins))
    return { status: 403, text: 'Pages of this origin may not connect. See --origins.' };
  if (!offeredProtocols(request).some((protocol) => ANY_SUBPROTOCOL.test(protocol)))
    return { status: 400, text: `Offer the subprotocol ${LOBBY_SUBPROTOCOL}.` };
  return undefined;
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

function handleRequest(files: StaticFiles, request: IncomingMessage, response: ServerResponse): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    response.setHeader('Connection', 'close'); // whatever body there is stays unread
    answer(response, 405, 'Only GET and HEAD.');
  } else if (pathOf(request) === '/healthz') answer(response, 200, 'ok');
  else if (pathOf(request) === LOBBY_PATH) {
    response.setHeader('Upgrade', 'websocket');
    answer(response, 426, `Open a WebSocket with the subprotocol ${LOBBY_SUBPROTOCOL}.`);
  } else if (!serveStatic(files, request, response)) answer(response, 404, 'Not found.');
}

function createUpgrader(
  sockets: Sockets,
  config: ResolvedConfig,
): (...args: [IncomingMessage, Duplex, Buffer]) => void {
  // The published types of ws lag behind: they do not know the last two.
  const options: ServerOptions & { closeTimeout: number; maxFragments: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: LOBBY_LIMITS.clientMessageBytesMax,
    handleProtocols: (offered) =>
      offered.has(LOBBY_SUBPROTOCOL)
        ? LOBBY_SUBPROTOCOL
        : ([...offered].find((protocol) => ANY_SUBPROTOCOL.test(protocol)) ?? false),
    closeTimeout: config.limits.stopMs,
    maxFragments: config.limits.fragmentsMax,
  };
  const webSockets = new WebSocketServer(options);
  return (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const forwarded = request.headers['x-forwarded-for'];
    const address = clientAddress(request.socket.remoteAddress, String(forwarded ?? ''), config.proxyHops);
    const refusal = judgeUpgrade(request, config.origins) ?? sockets.admit(address);
    if (refusal !== undefined) {
      refuseUpgrade(socket, refusal);
      return;
    }
    let isTaken = false;
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      isTaken = true;
      sockets.add(webSocket, address);
    });
    if (!isTaken) sockets.release(address); // ws found something wrong and has answered
  };
}

async function listen(server: Server, config: ResolvedConfig): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: config.host, port: config.port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port; // a string only for pipes
}

function hostInUrl(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

/** Starts a server with a complete configuration; see {@link startLobbyServer}. */
export async function startServer(config: ResolvedConfig): Promise<LobbyServer> {
  const files: StaticFiles =
    config.staticDir === undefined ? new Map() : await readStaticFiles(config.staticDir);
  const { headersMs } = config.limits;
  const timing = {
    headersTimeout: headersMs,
    requestTimeout: headersMs * 1.5,
    connectionsCheckingInterval: headersMs / 5,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
  const server = createServer({ ...timing, maxHeaderSize: HEADER_BYTES_MAX }, (request, response) =>
    handleRequest(files, request, response),
  );
  server.maxConnections = config.limits.socketsMax + config.limits.socketsPendingMax;
  const sockets = new Sockets(config.limits, config.log);
  server.on('upgrade', createUpgrader(sockets, config));
  let port: number;
  try {
    port = await listen(server, config);
  } catch (error) {
    await sockets.stop();
    throw error;
  }
  server.on('error', (error) => config.log(`The listening socket failed: ${error.message}`));
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const isFree = new Promise<void>((resolve) => void server.close(() => resolve()));
    await sockets.stop();
    server.closeAllConnections();
    await isFree;
  };
  return {
    url: `ws://${hostInUrl(config.host)}:${port}${LOBBY_PATH}`,
    port,
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}
