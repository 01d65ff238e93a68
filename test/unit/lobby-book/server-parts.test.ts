/** The small parts of the lobby server: buckets, addresses, origins, configuration; and that the book is pure. */
import { readdirSync, readFileSync } from 'node:fs';
import { AddressBook, addressKey, clientAddress } from '../../../signaling/src/addresses.js';
import { ConfigError, parseCommandLine, resolveConfig } from '../../../signaling/src/config.js';
import { DEFAULT_LIMITS } from '../../../signaling/src/limits.js';
import { isOriginAllowed } from '../../../signaling/src/origins.js';
import { TokenBucket } from '../../../signaling/src/token-bucket.js';

describe('a token bucket', () => {
  test('lets the burst through, then the rate, and says how long to wait', () => {
    const bucket = new TokenBucket({ perSecond: 2, burst: 3 }, 0);
    expect([0, 0, 0, 0].map((now) => bucket.take(now))).toEqual([true, true, true, false]);
    expect(bucket.waitMs(0)).toBe(500);
    expect(bucket.take(499)).toBe(false);
    expect(bucket.take(500)).toBe(true);
    expect(bucket.isFull(1_999)).toBe(false);
    expect(bucket.isFull(2_000)).toBe(true);
    expect(bucket.take(2_000, 4)).toBe(false);
    expect(bucket.take(2_000, 3)).toBe(true);
  });

  test('a clock that goes back takes nothing away', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 1_000);
    bucket.take(1_000);
    expect(bucket.take(0)).toBe(false);
    expect(bucket.take(1_000)).toBe(true);
  });
});

describe('addresses', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['evil', 'unknown'],
    [undefined, 'unknown'],
  ])('%s counts as %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  test('a forwarded address counts only as far as proxies are trusted', () => {
    const remote = '10.0.0.1';
    expect(clientAddress(remote, '203.0.113.5', 0)).toBe('10.0.0.1');
    expect(clientAddress(remote, '1.1.1.1, 203.0.113.5', 1)).toBe('203.0.113.5');
    expect(clientAddress(remote, '1.1.1.1, 203.0.113.5, 10.0.0.2', 2)).toBe('203.0.113.5');
    expect(clientAddress(remote, 'nonsense', 1)).toBe('unknown');
    expect(clientAddress(remote, '203.0.113.5', 3)).toBe('10.0.0.1');
  });

  test('an address has so many sockets and so many new ones, and is forgotten when it has none', () => {
    const book = new AddressBook({
      ...DEFAULT_LIMITS,
      socketsPerAddressMax: 2,
      connectRate: { perSecond: 1, burst: 3 },
    });
    expect([1, 2, 3].map(() => book.admit('a', 0))).toEqual([true, true, false]);
    expect(book.admit('b', 0)).toBe(true);
    book.release('a');
    expect(book.admit('a', 0)).toBe(true);
    book.release('a');
    expect(book.admit('a', 0)).toBe(false); // a place is free, but three sockets came within the second
    expect(book.admit('a', 1_000)).toBe(true);
    for (const address of ['a', 'a', 'b']) book.release(address);
    book.expire(60_000);
    expect(book.size).toBe(0);
  });
});

describe('origins', () => {
  const listed = ['https://good.example', 'http://dev.example:8080'];
  test.each([
    [undefined, true],
    ['https://good.example', true],
    ['HTTPS://GOOD.EXAMPLE', true],
    ['https://good.example:443', true],
    ['http://dev.example:8080', true],
    ['https://lobby.example', true], // the server's own
    ['http://good.example', false],
    ['https://good.example:444', false],
    ['https://good.example.evil.com', false],
    ['https://goodXexample', false],
    ['https://evil.com/https://good.example', false],
    ['https://user@good.example', false],
    ['https://good.example, https://evil.com', false],
    ['http://dev.example', false],
    ['http://localhost:3000', false],
    ['null', false],
    ['', false],
    ['file://', false],
    ['chrome-extension://abc', false],
  ])('with a list, %s: %s', (origin, isAllowed) => {
    expect(isOriginAllowed(origin, 'lobby.example', listed)).toBe(isAllowed);
  });

  test.each([
    ['http://localhost:5173', true],
    ['http://127.0.0.1:5173', true],
    ['http://[::1]:5173', true],
    ['http://192.168.1.5:9000', true],
    ['http://192.168.1.5:5173', true],
    ['http://192.168.1.6:9000', false],
    ['http://localhost.evil.com', false],
    ['http://127.0.0.1.evil.com', false],
    ['null', false],
  ])('without a list, on 192.168.1.5:9000, %s: %s', (origin, isAllowed) => {
    expect(isOriginAllowed(origin, '192.168.1.5:9000', [])).toBe(isAllowed);
  });

  test('null and the star must be listed', () => {
    expect(isOriginAllowed('null', 'x', ['null'])).toBe(true);
    expect(isOriginAllowed('https://evil.com', 'x', ['null'])).toBe(false);
    expect(isOriginAllowed('https://evil.com', 'x', ['*'])).toBe(true);
  });

  test('a Host header that is none allows nothing', () => {
    expect(isOriginAllowed('http://a.example', undefined, [])).toBe(false);
    expect(isOriginAllowed('http://a.example', 'a.example/@evil', [])).toBe(false);
  });
});

describe('configuration', () => {
  test('the default listens on this machine only', () => {
    expect(resolveConfig({})).toMatchObject({ host: '127.0.0.1', port: 9000, origins: [], proxyHops: 0 });
  });

  test.each([
    [{ port: -1 }, /port is -1/],
    [{ port: 1.5 }, /port is 1.5/],
    [{ port: 65_536 }, /port is 65536/],
    [{ host: '' }, /host is empty/],
    [{ proxyHops: 9 }, /proxyHops is 9/],
    [{ origins: ['good.example'] }, /origins has "good.example"/],
    [{ origins: ['https://good.example/path'] }, /without a path/],
    [{ limits: { graceMs: -5 } }, /limits.graceMs is -5/],
    [{ limits: { graceMs: Number.NaN } }, /limits.graceMs is NaN/],
    [{ limits: { connectRate: { perSecond: 0, burst: 1 } } }, /limits.connectRate.perSecond is 0/],
    [{ limits: { byteRate: { perSecond: 1, burst: 100 } } }, /one message may have 16384 bytes/],
  ])('%j is refused', (config, message) => {
    expect(() => resolveConfig(config)).toThrow(ConfigError);
    expect(() => resolveConfig(config)).toThrow(message);
  });

  test('flags and variables mean the same, and flags go first', () => {
    expect(
      parseCommandLine(['--host', '0.0.0.0', '--port=0', '--origins', 'https://a.example, null'], {
        ROLLMESH_PORT: '1',
        ROLLMESH_STATIC: 'site',
        ROLLMESH_PROXY_HOPS: '1',
      }),
    ).toEqual({
      kind: 'run',
      config: {
        host: '0.0.0.0',
        port: 0,
        origins: ['https://a.example', 'null'],
        staticDir: 'site',
        proxyHops: 1,
      },
    });
    expect(parseCommandLine(['--help'], {})).toEqual({ kind: 'help' });
    expect(parseCommandLine(['--version'], {})).toEqual({ kind: 'version' });
  });

  test.each([
    [['--prot', '1'], {}, /--prot/],
    [['--port'], {}, /--port/],
    [['--port', 'ten'], {}, /--port is "ten"/],
    [['--port', '70000'], {}, /port is 70000/],
    [['extra'], {}, /extra/],
    [[], { ROLLMESH_PORT: '1e3' }, /ROLLMESH_PORT is "1e3"/],
    [[], { ROLLMESH_ORIGINS: 'evil' }, /"evil"/],
    [['--proxy-hops', '-1'], {}, /proxy-hops/],
  ])('the command line %j %j is a mistake with a message', (args, env, message) => {
    expect(parseCommandLine(args, env)).toEqual({ kind: 'mistake', message: expect.stringMatching(message) });
  });
});

test('the book reads no clock, no chance and no sockets', () => {
  const folder = new URL('../../../signaling/src/', import.meta.url);
  const files = readdirSync(folder).filter((name) => /^(book-|lobby-book)/.test(name));
  expect(files.length).toBeGreaterThan(6);
  const impure =
    /\bDate\b|\bperformance\b|Math\.random|setTimeout|setInterval|\bBuffer\b|\bprocess\b|from '(?:node:|ws)/;
  for (const name of files) expect(readFileSync(new URL(name, folder), 'utf8')).not.toMatch(impure);
});
