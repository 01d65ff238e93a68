/** Where sockets come from: the address that limits are counted by, and the count of open sockets of each. */
import { isIP } from 'node:net';
import type { ServerLimits } from './limits.js';
import { TokenBucket } from './token-bucket.js';

/** The first four groups of an IPv6 address: one customer's network. */
function ipv6Prefix(address: string): string {
  const [head = '', tail = ''] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::') ? Math.max(0, 8 - front.length - back.length) : 0;
  const groups = [...front, ...Array.from({ length: zeros }, () => '0'), ...back];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** What limits are counted by: an IPv4 address as it is, an IPv6 address by its /64, anything else as `unknown`. */
export function addressKey(address: string | undefined): string {
  const plain = (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  const version = isIP(plain);
  if (version === 4) return plain;
  return version === 6 ? ipv6Prefix(plain) : 'unknown';
}

/**
 * The client's address as `proxyHops` trusted proxies report it: each appends the address it saw to `X-Forwarded-For`,
 * so the client is that many entries from the right; what stands further left may be invented.
 */
export function clientAddress(
  remote: string | undefined,
  forwarded: string | undefined,
  proxyHops: number,
): string {
  if (proxyHops === 0) return addressKey(remote);
  const chain = (forwarded ?? '').split(',').map((entry) => entry.trim());
  return addressKey(chain[chain.length - proxyHops] ?? remote);
}

interface AddressRecord {
  open: number;
  readonly connects: TokenBucket;
}

/** Open sockets and the rate of new ones, by address. */
export class AddressBook {
  readonly #limits: ServerLimits;
  readonly #records = new Map<string, AddressRecord>();

  constructor(limits: ServerLimits) {
    this.#limits = limits;
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#records.size;
  }

  /** Admits one more socket from this address, or refuses. Each admission needs a {@link release}. */
  admit(address: string, nowMs: number): boolean {
    const record = this.#records.get(address) ?? {
      open: 0,
      connects: new TokenBucket(this.#limits.connectRate, nowMs),
    };
    this.#records.set(address, record);
    if (record.open >= this.#limits.socketsPerAddressMax || !record.connects.take(nowMs)) return false;
    record.open += 1;
    return true;
  }

  /** A socket of this address is gone. */
  release(address: string): void {
    const record = this.#records.get(address);
    if (record !== undefined) record.open -= 1;
  }

  /** Forgets addresses of which nothing is open and nothing is owed. */
  expire(nowMs: number): void {
    for (const [address, record] of this.#records) {
      if (record.open <= 0 && record.connects.isFull(nowMs)) this.#records.delete(address);
    }
  }
}
