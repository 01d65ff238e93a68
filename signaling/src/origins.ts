/**
 * Which pages may open a lobby socket. Browsers send the page's origin with every WebSocket upgrade and no page can
 * change it, so a strange site cannot use its visitors to talk to a lobby server.
 */

/** Scheme and host of a web origin, lower case, without the scheme's own port; `undefined` if it is not one. */
function parseOrigin(
  text: string,
): { readonly scheme: string; readonly host: string; readonly hostname: string } | undefined {
  const match = /^(https?):\/\/([^/?#@\s]+)$/i.exec(text);
  if (match === null || !URL.canParse(text)) return undefined;
  const { protocol, host, hostname } = new URL(text);
  return { scheme: protocol.slice(0, -1), host, hostname };
}

/** True for `*`, `null` and `scheme://host[:port]`: what the configuration may list. */
export function isOriginRule(text: string): boolean {
  return text === '*' || text === 'null' || parseOrigin(text) !== undefined;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * True if a page of `origin` may connect to us under the name `host` (the Host header).
 *
 * - No Origin header: not a browser; allowed, since a program could send any origin.
 * - The page came from this host and port: always allowed.
 * - `allowed` is empty: also other ports of this host, and loopback. For development and for a lone server.
 * - Otherwise exactly the listed origins. `null` (a file, a sandboxed frame) only if it is listed; `*` allows all.
 */
export function isOriginAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined || allowed.includes('*')) return true;
  if (origin === 'null') return allowed.includes('null');
  const page = parseOrigin(origin);
  if (page === undefined) return false;
  const own = parseOrigin(`${page.scheme}://${host ?? ''}`);
  if (own?.host === page.host) return true;
  if (allowed.length === 0) return isLoopback(page.hostname) || own?.hostname === page.hostname;
  return allowed.some((rule) => {
    const listed = parseOrigin(rule);
    return listed?.scheme === page.scheme && listed.host === page.host;
  });
}
